//! Changes of a cart that are no scan: quantity, void, undo, to Tender and back.

use std::sync::Arc;

use domain::{
    cart::Change,
    id::{LineId, OrderId},
    quantity::Quantity,
    time::Timestamp,
};
use rusqlite::Connection;

use super::{CheckoutError, Command, change, may_change, to_the_end};
use crate::{
    context::{Context, mint},
    db::{self, station},
    fault, payment, redemption,
    refusal::Refusal,
    rights::Hold,
    station::Station,
};

/// What an operator does to the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Sets how many there are of a line.
    Count(LineId, Quantity),
    /// Takes a line off.
    VoidLine(LineId),
    /// Takes everything off, as one step.
    VoidCart,
    /// Takes the last change back.
    Undo,
    /// Goes on to Tender.
    ToTender,
    /// Goes back to Sell.
    ToSell,
    /// Leaves the Done screen.
    LeaveDone,
    /// Leaves nothing of whoever was here (kiosk): the cart, its way back, and the Done screen go.
    Reset,
}

/// Carries an edit out and shows it.
pub(crate) async fn edit(
    context: &Arc<Context>,
    command: Command,
    edit: Edit,
) -> Result<(), CheckoutError> {
    let (workstation, context) = (command.workstation, Arc::clone(context));
    to_the_end(async move {
        let (now, fresh) = (context.clock.now(), mint());
        let done = change(&context, command, move |tx, counter| {
            carry_out(tx, counter, edit, now, fresh)?;
            fault::db("edit.written")?;
            Ok(())
        });
        done.await?;
        if matches!(edit, Edit::VoidCart | Edit::Reset) {
            context.nudges.rights.give();
        }
        if edit == Edit::Reset {
            context.screens.forget_scan(workstation);
        }
        Ok(())
    })
    .await
}

fn carry_out(
    tx: &Connection,
    counter: &mut Station,
    edit: Edit,
    now: Timestamp,
    fresh: OrderId,
) -> Result<(), CheckoutError> {
    match edit {
        Edit::Count(..) | Edit::VoidLine(_) | Edit::Undo => may_change(counter)?,
        // What was paid and used goes back with the cart.
        Edit::VoidCart | Edit::ToSell | Edit::Reset if counter.rights.hold() == Hold::Undecided => {
            return Err(Refusal::Undecided.into());
        }
        Edit::VoidCart | Edit::ToTender | Edit::ToSell | Edit::LeaveDone | Edit::Reset => {}
    }
    match edit {
        Edit::Count(line, quantity) => {
            let change = counter.cart.set_quantity(line, quantity)?;
            keep(tx, counter, &change)
        }
        Edit::VoidLine(line) => {
            let change = counter.cart.void_line(line)?;
            keep(tx, counter, &change)
        }
        Edit::VoidCart => void_cart(tx, counter, now, fresh),
        Edit::Reset => {
            void_cart(tx, counter, now, fresh)?;
            // Nobody brings a stranger's cart back.
            Ok(station::clear_lines(tx, counter.workstation)?)
        }
        Edit::Undo => undo(tx, counter),
        Edit::ToTender if counter.cart.is_empty() => Err(Refusal::CartEmpty.into()),
        Edit::ToTender => turn(tx, counter, |counter| &mut counter.is_tendering, true),
        Edit::ToSell => turn(tx, counter, |counter| &mut counter.is_tendering, false),
        Edit::LeaveDone => turn(tx, counter, |counter| &mut counter.is_done, false),
    }
}

fn void_cart(
    tx: &Connection,
    counter: &mut Station,
    now: Timestamp,
    fresh: OrderId,
) -> Result<(), CheckoutError> {
    tracing::info!(
        workstation.id = counter.workstation, lines = counter.cart.lines.len(),
        order.id = %counter.cart.order, "A cart was voided",
    );
    payment::reverse_all(tx, counter.cart.order, now)?;
    redemption::reverse_all(tx, counter.cart.order, now)?;
    db::approval::lapse(tx, counter.cart.order, now)?;
    // Whoever comes next inherits neither a charge that is being undone nor the answer to a
    // look-up that is under way; undo brings the lines back and nothing else.
    db::member::take_off(tx, counter.cart.order)?;
    db::coupon::clear(tx, counter.cart.order)?;
    counter.forget_buyer();
    counter.cart.order = fresh;
    let change = counter.cart.void_all();
    keep(tx, counter, &change)
}

/// Goes to another screen; the cart stays. Going where one is changes nothing, so that a repeat
/// does not make the amount on a screen stale.
fn turn(
    tx: &Connection,
    counter: &mut Station,
    flag: impl FnOnce(&mut Station) -> &mut bool,
    wanted: bool,
) -> Result<(), CheckoutError> {
    if std::mem::replace(flag(counter), wanted) == wanted {
        return Ok(());
    }
    counter.cart.revision += 1;
    Ok(station::save_head(tx, counter)?)
}

/// Writes a change and its way back.
fn keep(tx: &Connection, counter: &mut Station, change: &Change) -> Result<(), CheckoutError> {
    counter.touched();
    Ok(station::save_change(tx, counter, change)?)
}

fn undo(tx: &Connection, counter: &mut Station) -> Result<(), CheckoutError> {
    let Some(step) = station::pop_step(tx, counter.workstation)? else {
        return Ok(());
    };
    let position = |line| counter.cart.line(line).map(|line| line.position);
    let touched: Vec<_> = step.touched.iter().map(|t| (t.line, position(t.line))).collect();
    counter.cart.undo(step);
    counter.touched();
    station::save_lines(tx, counter, touched)?;
    Ok(station::save_head(tx, counter)?)
}
