//! What a store did with an online order, as its facts tell.
//!
//! | a hand-over of an order that | is |
//! | --- | --- |
//! | waits | taken: the goods have left |
//! | was handed over by another fact | a case: they left twice |
//! | was cancelled or has expired | a case: goods and money are both away |
//! | is not this store's, or is not known | a case |
//!
//! **Invariant:** a fact is taken once, and nothing that a store did is undone.

use domain::{
    id::PickupId,
    money::Money,
    pickup::{HandedOver, PickupMove, PickupState},
    quantity::Quantity,
    time::Timestamp,
};
use sync::{
    replica::Scope,
    wire::{PickupHandedOverV1, PickupReadyV1},
};

use super::{PickupError, move_on};
use crate::db::{
    Conn, DbError,
    inbox::Sender,
    online_orders::{self, Moved, OnlineRow},
    pickup_cases::{self, Case},
    scope,
    stock::{self, Movement},
};

/// What a fact tells of an online order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tale {
    /// It lies ready.
    Ready(PickupReadyV1),
    /// It was handed over.
    HandedOver(PickupHandedOverV1),
}

/// Takes in what a store did; the answer is the case that came of it, if one did.
pub(crate) async fn told(
    tx: &mut Conn,
    sender: &Sender,
    tale: &Tale,
    now: Timestamp,
) -> Result<Option<Case>, DbError> {
    let told = match tale {
        Tale::HandedOver(told) => return handed_over(tx, sender, told, now).await,
        Tale::Ready(told) => told,
    };
    if let Some(order) = here(tx, sender, told.pickup).await?
        && matches!(order.state, PickupState::Placed | PickupState::Picking)
    {
        let version = scope::raise(tx, Scope::Store(order.store), now).await?;
        let moved = Moved { state: PickupState::Ready, at: told.at, by: None, version };
        online_orders::set(tx, &order, moved).await?;
    }
    Ok(None)
}

/// An order that waits in the store that tells of it.
async fn here(tx: &mut Conn, sender: &Sender, id: PickupId) -> Result<Option<OnlineRow>, DbError> {
    let found = online_orders::by_id(tx, id).await?;
    Ok(found.filter(|order| order.store == sender.store))
}

async fn handed_over(
    tx: &mut Conn,
    sender: &Sender,
    told: &PickupHandedOverV1,
    now: Timestamp,
) -> Result<Option<Case>, DbError> {
    let case = |what, cost| Case { fact: told.id, order: told.pickup, what, cost, at: told.at };
    let Some(order) = here(tx, sender, told.pickup).await? else {
        return write(tx, sender, case("unknown", Money::ZERO)).await;
    };
    let what = match order.state.told_handed_over() {
        HandedOver::First => {
            // Whether the store said before that it lay ready does not matter any more.
            let ready = OnlineRow { state: PickupState::Ready, ..order };
            let at = (told.at, now);
            return match move_on(tx, &ready, PickupMove::HandOver, at, Some(&told.id)).await {
                Ok(_) => Ok(None),
                Err(PickupError::Db(error)) => Err(error),
                Err(_) => write(tx, sender, case("unknown", ready.total)).await,
            };
        }
        HandedOver::Second => {
            let first = online_orders::handed_by(tx, order.store, order.id).await?;
            if first == told.id.to_string() {
                // The same fact again, after a crash.
                return Ok(None);
            }
            "second"
        }
        HandedOver::AfterEnd => "after_end",
    };
    // Its goods were sold at the counter, whatever had become of the promise.
    if order.is_unpaid() {
        return Ok(None);
    }
    let case = write(tx, sender, case(what, order.total)).await?;
    if case.is_some() {
        away(tx, &order, told.at, now).await?;
    }
    Ok(case)
}

/// Goods have left for which nothing is promised any more.
async fn away(
    tx: &mut Conn,
    order: &OnlineRow,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let version = scope::raise(tx, Scope::Store(order.store), now).await?;
    for promise in online_orders::promises(tx, order.store, order.id).await? {
        let on_hand = Quantity::from_milli(-promise.quantity.milli());
        let movement = Movement { on_hand, ..Movement::default() };
        stock::shift(tx, (order.store, &promise.sku), movement, (at, version)).await?;
    }
    Ok(())
}

async fn write(tx: &mut Conn, sender: &Sender, case: Case) -> Result<Option<Case>, DbError> {
    let is_new = pickup_cases::insert(tx, sender, &case).await?;
    Ok(is_new.then_some(case))
}
