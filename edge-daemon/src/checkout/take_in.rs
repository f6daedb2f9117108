//! A shopper's phone cart comes to the counter: all of its lines or none, once.
//!
//! **Invariant:** the lines, the phone's cart that is closed, and the command's id are one
//! transaction, so that a power cut finds both or neither.

use std::sync::Arc;

use domain::{cart::LineSource, id::LineId};
use rusqlite::Connection;

use super::{CheckoutError, Command, change, may_change, to_the_end};
use crate::{
    context::Context,
    db::{self, station},
    fault,
    phone::{
        PhoneCart, Taken,
        refusal::PhoneRefusal,
        token::{self, Keys, Presented},
    },
    refusal::Refusal,
    signin::Tried,
    station::{ScanFate, Station},
};

/// Takes in the cart whose four digits were typed, and shows what became of it.
pub(crate) async fn take_in(
    context: &Arc<Context>,
    command: Command,
    code: &str,
) -> Result<(), CheckoutError> {
    let workstation = command.workstation;
    let presented = token::code_in(code).ok_or(Refusal::Phone(PhoneRefusal::Unknown))?;
    let context = Arc::clone(context);
    to_the_end(async move {
        let (key, now) = (Tried::PhoneCode(workstation), context.clock.now());
        let begun = context.phones.wrong_codes.begin(&key, now);
        begun.map_err(|wait_ms| {
            Refusal::Phone(PhoneRefusal::Paused { wait_ms: wait_ms.unsigned_abs() })
        })?;
        let fate = carry(&context, command, presented).await?;
        context.phones.wrong_codes.right(&key);
        if let Some(fate) = fate {
            context.scanned(workstation, fate);
        }
        Ok(())
    })
    .await
}

/// The same for a QR that a scanner read, which comes as every scan does.
pub(super) async fn carry(
    context: &Arc<Context>,
    command: Command,
    presented: Presented,
) -> Result<Option<ScanFate>, CheckoutError> {
    let (workstation, now) = (command.workstation, context.clock.now());
    let of = Arc::clone(context);
    let taken = change(context, command, move |tx, counter| {
        if counter.seller().is_none() {
            return Err(Refusal::NotSignedIn.into());
        }
        may_change(counter)?;
        let found = choose(&of.phones.keys, db::phone::with_codes(tx, now)?, &presented);
        let mut cart = found.ok_or(Refusal::Phone(PhoneRefusal::Unknown))?;
        if let Some(Taken { by, .. }) = cart.taken {
            return Err(Refusal::Phone(PhoneRefusal::Taken { by }).into());
        }
        if cart.shows(now).is_none() {
            return Err(Refusal::Phone(PhoneRefusal::Unknown).into());
        }
        let newest = put(tx, counter, &cart)?;
        cart.taken = Some(Taken { by: workstation, at: now });
        cart.updated_at = now;
        db::phone::save(tx, &cart)?;
        fault::point("phone.taken");
        Ok((newest, cart.lines.len()))
    })
    .await?;
    fault::point("phone.committed");
    Ok(taken.map(|(newest, lines)| {
        tracing::info!(workstation.id = workstation, lines, "A phone's cart was taken in");
        ScanFate::Added(newest)
    }))
}

/// Puts the lines on the counter as one step.
fn put(tx: &Connection, counter: &mut Station, cart: &PhoneCart) -> Result<LineId, CheckoutError> {
    let change = counter.cart.take_in(LineSource::Phone, cart.lines.clone())?;
    counter.touched();
    station::save_change(tx, counter, &change)?;
    let newest = counter.cart.newest;
    newest.ok_or_else(|| Refusal::Phone(PhoneRefusal::Empty).into())
}

/// The cart that is meant. Every cart is looked at to its end, so that the time it takes tells
/// nothing; an open one goes before one that was taken in.
fn choose(keys: &Keys, carts: Vec<PhoneCart>, presented: &Presented) -> Option<PhoneCart> {
    let mut found: Option<PhoneCart> = None;
    for cart in carts {
        let code = cart.shown.as_ref().map(|shown| shown.code.clone()).unwrap_or_default();
        let is_meant = match presented {
            Presented::Code(text) => token::is_same(code.as_bytes(), text.as_bytes()),
            Presented::Ticket(text) => {
                token::is_same(keys.ticket(cart.id, &code).as_bytes(), text.as_bytes())
            }
        };
        if is_meant && found.as_ref().is_none_or(|found| found.taken.is_some()) {
            found = Some(cart);
        }
    }
    found
}
