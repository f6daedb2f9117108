//! Hand-overs that should not have been, and money that has to go back.
//!
//! **Invariant:** a case is inserted once, by its fact; a refund that is due is made once, by its
//! id, and done once.

use domain::{id::PickupId, money::Money, time::Timestamp};
use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, inbox::Sender, moment, sql};

/// A hand-over that should not have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// The fact that told of it.
    pub(crate) fact: Uuid,
    /// Of which order.
    pub(crate) order: PickupId,
    /// `second`, `after_end` or `unknown`.
    pub(crate) what: &'static str,
    /// What it cost.
    pub(crate) cost: Money,
    /// When, by the store's clock.
    pub(crate) at: Timestamp,
}

/// Writes a case down; `false` when it is known.
pub(crate) async fn insert(tx: &mut Conn, sender: &Sender, case: &Case) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into pickup_case (store_id, id, order_id, what, cost_minor, edge_id, told_at,
                                  received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(case.fact.to_string())
    .bind(case.order.to_string())
    .bind(case.what)
    .bind(case.cost.minor())
    .bind(sender.edge.to_string())
    .bind(case.at.micros())
    .bind(sender.at.micros())
    .execute(tx)
    .await
    .map_err(sql("write a hand-over down that should not have been"))?;
    Ok(done.rows_affected() > 0)
}

/// A case as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseRow {
    /// The store's code.
    pub(crate) store: String,
    /// Its fact.
    pub(crate) id: String,
    /// The order's id.
    pub(crate) order: String,
    /// What people call the order; '' for one that is not known.
    pub(crate) number: String,
    /// What was wrong.
    pub(crate) what: String,
    /// What it cost.
    pub(crate) cost: Money,
    /// When it was handed over, by the store's clock.
    pub(crate) at: Timestamp,
}

/// Cases, newest first.
pub(crate) async fn list(tx: &mut Conn, limit: i64) -> Result<Vec<CaseRow>, DbError> {
    let found: Vec<(String, String, String, String, String, i64, i64)> = sqlx::query_as(
        "select store.code, pickup_case.id, pickup_case.order_id,
                coalesce((select min(number) from online_order
                          where online_order.id = pickup_case.order_id), ''),
                pickup_case.what, pickup_case.cost_minor, pickup_case.told_at
         from pickup_case join store on store.store_id = pickup_case.store_id
         order by pickup_case.received_at desc, pickup_case.id limit $1",
    )
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the hand-overs that should not have been"))?;
    let row = |(store, id, order, number, what, cost, at)| CaseRow {
        store,
        id,
        order,
        number,
        what,
        cost: Money::from_minor(cost),
        at: Timestamp::from_micros(at),
    };
    Ok(found.into_iter().map(row).collect())
}

/// Money that whoever took it has to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefundDue {
    /// Its id.
    pub(crate) id: Uuid,
    /// Why: `cancelled`, `expired` or `returned`.
    pub(crate) why: &'static str,
    /// How much.
    pub(crate) amount: Money,
}

/// Writes down that money has to go back.
pub(crate) async fn owe(
    tx: &mut Conn,
    (store, order): (StoreId, PickupId),
    due: &RefundDue,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into pickup_refund (store_id, id, order_id, why, amount_minor, made_at, done_at,
                                 reference)
         values ($1, $2, $3, $4, $5, $6, 0, '') on conflict do nothing",
    )
    .bind(store.0)
    .bind(due.id.to_string())
    .bind(order.to_string())
    .bind(due.why)
    .bind(due.amount.minor())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("write down that money has to go back"))?;
    Ok(())
}

/// A refund as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefundRow {
    /// Its id.
    pub(crate) id: String,
    /// Why.
    pub(crate) why: String,
    /// How much.
    pub(crate) amount: Money,
    /// When it was owed.
    pub(crate) made_at: Timestamp,
    /// When the shop said that it gave it back.
    pub(crate) done_at: Option<Timestamp>,
    /// By which number of the shop's.
    pub(crate) reference: String,
}

/// What has to go back of an order.
pub(crate) async fn refunds(
    tx: &mut Conn,
    store: StoreId,
    order: PickupId,
) -> Result<Vec<RefundRow>, DbError> {
    let found: Vec<(String, String, i64, i64, i64, String)> = sqlx::query_as(
        "select id, why, amount_minor, made_at, done_at, reference from pickup_refund
         where store_id = $1 and order_id = $2 order by made_at, id",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read what has to go back of an order"))?;
    let row = |(id, why, amount, made, done, reference)| RefundRow {
        id,
        why,
        amount: Money::from_minor(amount),
        made_at: Timestamp::from_micros(made),
        done_at: moment::of(done),
        reference,
    };
    Ok(found.into_iter().map(row).collect())
}

/// Money that is due, for a person who sees to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueRow {
    /// Its id.
    pub(crate) id: String,
    /// The code of the order's store.
    pub(crate) store: String,
    /// The order's id.
    pub(crate) order: String,
    /// What people call the order.
    pub(crate) number: String,
    /// The shop that took the money.
    pub(crate) shop: String,
    /// How it was paid.
    pub(crate) method: String,
    /// By which number of the shop's.
    pub(crate) reference: String,
    /// Why.
    pub(crate) why: String,
    /// How much.
    pub(crate) amount: Money,
    /// Since when.
    pub(crate) made_at: Timestamp,
}

type DueColumns = (String, String, String, String, String, String, String, String, i64, i64);

/// Money that is due, the longest waiting first.
pub(crate) async fn due(tx: &mut Conn, limit: i64) -> Result<Vec<DueRow>, DbError> {
    let found: Vec<DueColumns> = sqlx::query_as(
        "select pickup_refund.id, store.code, online_order.id, online_order.number,
                online_order.shop, online_order.method, online_order.reference,
                pickup_refund.why, pickup_refund.amount_minor, pickup_refund.made_at
         from pickup_refund
         join store on store.store_id = pickup_refund.store_id
         join online_order on online_order.store_id = pickup_refund.store_id
                          and online_order.id = pickup_refund.order_id
         where pickup_refund.done_at = 0
         order by pickup_refund.made_at, pickup_refund.id limit $1",
    )
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read what has to go back"))?;
    let row = |(id, store, order, number, shop, method, reference, why, amount, made)| DueRow {
        id,
        store,
        order,
        number,
        shop,
        method,
        reference,
        why,
        amount: Money::from_minor(amount),
        made_at: Timestamp::from_micros(made),
    };
    Ok(found.into_iter().map(row).collect())
}

/// Writes down that a shop gave money back; `false` where no such refund is open.
pub(crate) async fn done(
    tx: &mut Conn,
    (store, order): (StoreId, PickupId),
    (id, reference): (Uuid, &str),
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update pickup_refund set done_at = $4, reference = $5
         where store_id = $1 and order_id = $2 and id = $3 and done_at = 0",
    )
    .bind(store.0)
    .bind(order.to_string())
    .bind(id.to_string())
    .bind(now.micros())
    .bind(reference)
    .execute(tx)
    .await
    .map_err(sql("write down that money went back"))?;
    Ok(done.rows_affected() > 0)
}
