//! An order that ends without being handed over: its shop takes it back, or nobody came.
//!
//! **Invariant:** what was promised is free again and the money is owed in one transaction; whoever
//! took the money gives it back and says so.

use std::time::Duration;

use domain::{
    pickup::{PickupMove, PickupState},
    time::Timestamp,
};
use sync::replica::Scope;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use uuid::Uuid;

use super::{
    PickupError, move_on,
    place::{own, shape},
    wish::{OnlineShape, RefundAsk, text},
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        online_orders::{self, OnlineRow},
        pickup_cases::{self, RefundDue},
        scope,
    },
    error_chain::Chain,
};

/// Nobody waits for an order to expire.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Orders in one look.
const ENDED_MAX: i64 = 100;
/// A store forgets an order that has been over for a month; the mall keeps it.
const KEPT_IN_STORES_MS: i64 = 30 * 86_400_000;

/// Takes an order back. Once more changes nothing.
pub(crate) async fn cancel(
    context: &Context,
    shop: &str,
    id: Uuid,
) -> Result<OnlineShape, PickupError> {
    let doing = "cancel an online order";
    let mut tx = context.db().write(doing).await?;
    let held = own(&mut tx, shop, id).await?;
    if held.state == PickupState::Cancelled {
        return shape(context, &mut tx, &held).await;
    }
    end(&mut tx, &held, PickupMove::Cancel, context.now()).await?;
    let held = own(&mut tx, shop, id).await?;
    let shape = shape(context, &mut tx, &held).await?;
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    info!(store.id = %held.store, pickup.id = %held.id, "An online order was cancelled");
    Ok(shape)
}

async fn end(
    tx: &mut Conn,
    order: &OnlineRow,
    made: PickupMove,
    now: Timestamp,
) -> Result<(), PickupError> {
    move_on(tx, order, made, (now, now), None).await?;
    let why = if made == PickupMove::Expire { "expired" } else { "cancelled" };
    if order.total.minor() > 0 && !order.is_unpaid() {
        // It ends once, so its own id is that of what is owed.
        let due = RefundDue { id: order.id.uuid(), why, amount: order.total };
        pickup_cases::owe(tx, (order.store, order.id), &due, now).await?;
    }
    Ok(())
}

/// A shop says that it gave money back. Once more changes nothing.
pub(crate) async fn refunded(
    context: &Context,
    shop: &str,
    (id, refund): (Uuid, Uuid),
    ask: &RefundAsk,
) -> Result<OnlineShape, PickupError> {
    let doing = "write down that money went back";
    let reference = text(&ask.reference)?;
    let mut tx = context.db().write(doing).await?;
    let held = own(&mut tx, shop, id).await?;
    let of = (held.store, held.id);
    pickup_cases::done(&mut tx, of, (refund, &reference), context.now()).await?;
    let known = pickup_cases::refunds(&mut tx, held.store, held.id).await?;
    if !known.iter().any(|due| due.id == refund.to_string()) {
        return Err(PickupError::Unknown);
    }
    let shape = shape(context, &mut tx, &held).await?;
    db::commit(tx, doing).await?;
    Ok(shape)
}

/// Ends orders that nobody came for, and lets stores forget old ones, until told to stop.
pub(crate) async fn keep_tidy(context: Context, stop: CancellationToken) {
    loop {
        if let Err(error) = tidy(&context).await {
            error!(error = %Chain(&error), "Could not end online orders; they stay as they are");
        }
        if stop.run_until_cancelled(time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn tidy(context: &Context) -> Result<(), DbError> {
    let (doing, now) = ("end online orders", context.now());
    let mut tx = context.db().read(doing).await?;
    let overdue = online_orders::overdue(&mut tx, now, ENDED_MAX).await?;
    let before = now.plus_ms(-KEPT_IN_STORES_MS);
    let old = online_orders::long_over(&mut tx, before, ENDED_MAX).await?;
    drop(tx);
    if overdue.is_empty() && old.is_empty() {
        return Ok(());
    }
    let mut tx = context.db().write(doing).await?;
    for id in overdue {
        let Some(order) = online_orders::by_id(&mut tx, id).await? else { continue };
        let store = order.store;
        match end(&mut tx, &order, PickupMove::Expire, now).await {
            Ok(()) => info!(store.id = %store, pickup.id = %id, "Nobody came for an online order"),
            Err(PickupError::Db(error)) => return Err(error),
            // Somebody moved it meanwhile.
            Err(_) => {}
        }
    }
    for id in old {
        let Some(order) = online_orders::by_id(&mut tx, id).await? else { continue };
        let version = scope::raise(&mut tx, Scope::Store(order.store), now).await?;
        online_orders::forget(&mut tx, &order, version).await?;
    }
    db::commit(tx, doing).await
}
