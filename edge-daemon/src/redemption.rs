//! Coupons and vouchers of other houses: look up, choose, use, give back.
//!
//! A look-up spends nothing, and nobody waits for it: what its house says comes to the screens when
//! it comes. Their use is asked for when the cart is to become an order: the rows are `pending`
//! before the mall is asked, and what it answered is written with the order, in one transaction.
//!
//! **Invariant:** a code is sent once and written nowhere; only a yes covers a fen, and what is used
//! for a cart that is given up is given back.

mod answer;
mod handle;
mod look_up;
mod redeem;

pub(crate) use answer::{Answered, apply};
pub(crate) use handle::{Handling, handle};
pub(crate) use look_up::{LookUp, issuer_of, look_up};
pub(crate) use redeem::{Used, use_all};

use std::sync::Arc;

use domain::{id::OrderId, redemption::RedemptionState, time::Timestamp};
use rusqlite::Connection;
use sync::wire::{RedemptionV1, UseV1};

use crate::{
    checkout::{CheckoutError, retell},
    context::{Context, mint},
    db::{self, DbError, station},
    fault,
    in_flight::About,
    prices,
    rights::{Choice, Redemption},
    uplink::rights::{self, Told},
};

/// Writes answers down without an order, and shows them.
pub(crate) async fn note(
    context: &Arc<Context>,
    answers: Vec<Answered>,
) -> Result<(), CheckoutError> {
    let (now, fresh, of) = (context.clock.now(), mint(), Arc::clone(context));
    let shown = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let moved = apply(tx, &answers, now)?;
            let mut shown = Vec::new();
            for redemption in &moved {
                let counter = station::load(tx, redemption.workstation, fresh)?;
                if counter.cart.order == redemption.order {
                    shown.push(retell(tx, counter, &of.terms(redemption.workstation))?);
                }
            }
            for one in &moved {
                tracing::info!(
                    redemption.id = %one.id, order.id = %one.order, state = one.state.word(),
                    issuer.name = one.issuer.word(), "A redemption stands anew",
                );
            }
            Ok(shown)
        })
        .await?;
    fault::point("redemption.noted");
    for priced in shown {
        prices::show(context, priced);
    }
    Ok(())
}

/// Asks about a redemption what its state wants to know.
pub(crate) async fn pursue(
    context: &Arc<Context>,
    redemption: &Redemption,
) -> Result<(), CheckoutError> {
    let id = redemption.id;
    let about = match redemption.state {
        RedemptionState::Pending => About::Doing,
        RedemptionState::Reversing => About::Undoing,
        RedemptionState::LookedUp
        | RedemptionState::Redeemed
        | RedemptionState::Refused
        | RedemptionState::Reversed
        | RedemptionState::Kept => return Ok(()),
    };
    // Its answer is on the way already.
    let Some(_asking) = context.in_flight.enter(id.uuid(), about) else { return Ok(()) };
    let told = match redemption.state {
        RedemptionState::Pending => ask_to_use(context, redemption).await,
        RedemptionState::Reversing => rights::give_back(context, id).await,
        RedemptionState::LookedUp
        | RedemptionState::Redeemed
        | RedemptionState::Refused
        | RedemptionState::Reversed
        | RedemptionState::Kept => return Ok(()),
    };
    fault::point("redemption.pursued");
    note(context, vec![Answered { id, is_first: false, told }]).await
}

/// Everything of an order that was looked up or used is given back; `true` if there was anything.
pub(crate) fn reverse_all(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, DbError> {
    reverse_these(tx, order, now, |_| true)
}

/// What was looked up for an order and not used for it is off the counter with it.
pub(crate) fn drop_unused(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, DbError> {
    reverse_these(tx, order, now, |state| state == RedemptionState::LookedUp)
}

fn reverse_these(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
    these: impl Fn(RedemptionState) -> bool,
) -> Result<bool, DbError> {
    let mut any = false;
    for mut redemption in db::redemption::of_order(tx, order)? {
        let state = redemption.state.reversing();
        if these(redemption.state) && state != redemption.state {
            redemption.state = state;
            db::redemption::set(tx, &redemption, now)?;
            any = true;
        }
    }
    Ok(any)
}

async fn ask_to_use(context: &Context, redemption: &Redemption) -> Told<RedemptionV1> {
    let Some(Choice { offer, count }) = redemption.choice else { return Told::Silence };
    rights::redeem(context, redemption.id, &UseV1 { offer, count }).await
}
