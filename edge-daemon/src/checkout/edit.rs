//! Changes of a cart that are no scan: quantity, void, undo, to Tender and back.

use std::sync::Arc;

use domain::{cart::Cart, cart::Change, id::LineId, quantity::Quantity};
use rusqlite::Connection;

use super::{CheckoutError, Command, Refusal, change};
use crate::{
    context::{Context, mint},
    db::station,
    fault,
    station::Station,
};

/// What an operator does to the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Sets how many there are of a line.
    Count(LineId, Quantity),
    /// Takes a line off.
    VoidLine(LineId),
    /// Takes everything off; a new cart begins.
    VoidCart,
    /// Takes the last change back.
    Undo,
    /// Goes on to Tender.
    ToTender,
    /// Goes back to Sell.
    ToSell,
    /// Leaves the Done screen.
    LeaveDone,
}

/// Carries an edit out and shows it.
pub(crate) async fn edit(
    context: &Arc<Context>,
    command: Command,
    edit: Edit,
) -> Result<(), CheckoutError> {
    let fresh = mint();
    change(context, command, move |tx, counter| {
        match edit {
            Edit::Count(line, quantity) => {
                let change = counter.cart.set_quantity(line, quantity)?;
                keep(tx, counter, &change)?;
            }
            Edit::VoidLine(line) => {
                let change = counter.cart.void_line(line)?;
                keep(tx, counter, &change)?;
            }
            Edit::VoidCart => {
                tracing::info!(
                    workstation.id = counter.workstation, lines = counter.cart.lines.len(),
                    order.id = %counter.cart.order, "A cart was voided",
                );
                station::clear_lines(tx, counter.workstation)?;
                counter.cart = Cart::open(fresh, counter.cart.revision + 1);
                counter.touched();
            }
            Edit::Undo => undo(tx, counter)?,
            Edit::ToTender if counter.cart.is_empty() => return Err(Refusal::CartEmpty.into()),
            Edit::ToTender => counter.is_tendering = true,
            Edit::ToSell => counter.is_tendering = false,
            Edit::LeaveDone => counter.is_done = false,
        }
        if matches!(edit, Edit::ToTender | Edit::ToSell | Edit::LeaveDone) {
            counter.cart.revision += 1;
        }
        station::save_head(tx, counter)?;
        fault::point("edit.written");
        Ok(())
    })
    .await
    .map(|_| ())
}

/// Writes the touched line and its way back.
fn keep(tx: &Connection, counter: &mut Station, change: &Change) -> Result<(), CheckoutError> {
    counter.touched();
    let position = change.step.before.as_ref().map(|line| line.position);
    station::save_line(tx, counter, change.line, position)?;
    station::push_step(tx, counter.workstation, counter.cart.revision, &change.step)?;
    Ok(())
}

fn undo(tx: &Connection, counter: &mut Station) -> Result<(), CheckoutError> {
    let Some(step) = station::pop_step(tx, counter.workstation)? else {
        return Ok(());
    };
    let line = step.line;
    let position = counter.cart.line(line).map(|line| line.position);
    counter.cart.undo(step);
    counter.touched();
    station::save_line(tx, counter, line, position)?;
    Ok(())
}
