//! Points and prepaid balance that a member wants to pay with.
//!
//! **Invariant:** a wish is no payment: what it takes is decided with the order, in its
//! transaction, from what is left then.

use std::sync::Arc;

use domain::{money::Money, time::Timestamp};
use rusqlite::Connection;

use super::{Identified, identify::changed};
use crate::{
    checkout::{CheckoutError, Command, change, may_change, to_the_end},
    context::Context,
    db,
    refusal::Refusal,
    rights::Hold,
    settings::{self, Offline},
    station::Station,
};

/// Sets with how many points the member wants to pay; more than may be is as many as may.
pub(crate) async fn set_points(
    context: &Arc<Context>,
    command: Command,
    points: i64,
) -> Result<(), CheckoutError> {
    set(context, command, move |counter, member, _| {
        may_change(counter)?;
        Ok(Identified { points_to_pay: points.max(0), ..member })
    })
    .await
}

/// Sets with how much of their balance the member wants to pay.
pub(crate) async fn set_balance(
    context: &Arc<Context>,
    command: Command,
    amount: Money,
) -> Result<(), CheckoutError> {
    set(context, command, move |counter, member, now| {
        // A charge under way was made for what the balance leaves.
        if counter.rights.hold() == Hold::Undecided {
            return Err(Refusal::Undecided);
        }
        let here = member.member(now).balance_here;
        if amount > here {
            return Err(Refusal::BalanceNotHere { here });
        }
        Ok(Identified { balance_to_pay: amount.max(Money::ZERO), ..member })
    })
    .await
}

async fn set(
    context: &Arc<Context>,
    command: Command,
    wish: impl FnOnce(&Station, Identified, Timestamp) -> Result<Identified, Refusal> + Send + 'static,
) -> Result<(), CheckoutError> {
    let (context, now) = (Arc::clone(context), context.clock.now());
    let allowed = settings::may(&context, Offline::Savings);
    to_the_end(async move {
        let done = change(&context, command, move |tx: &Connection, counter| {
            if counter.seller().is_none() {
                return Err(Refusal::NotSignedIn.into());
            }
            let member = counter.member.clone().ok_or(Refusal::NoMember)?;
            let is_proven = member.is_proven;
            let before = (member.points_to_pay, member.balance_to_pay);
            let after = wish(counter, member, now)?;
            let is_nothing = after.points_to_pay == 0 && after.balance_to_pay == Money::ZERO;
            if !is_proven && !is_nothing {
                return Err(Refusal::MemberUnproven.into());
            }
            // Less than before may always be wished.
            let is_more = after.points_to_pay > before.0 || after.balance_to_pay > before.1;
            if is_more {
                allowed?;
            }
            db::member::put(tx, counter.cart.order, &after)?;
            changed(tx, counter)
        });
        done.await.map(|_| ())
    })
    .await
}
