//! Orders that were undone on their business date (整单作废).
//!
//! **Invariant:** inserts and reads only; an order is undone once, and stays as it was told.

use domain::{
    id::OrderId,
    money::Money,
    time::{BusinessDate, Timestamp},
};
use sqlx::{Row as _, any::AnyRow};
use sync::{replica::StoreId, wire::PostVoidV1};
use uuid::Uuid;

use super::{Conn, DbError, inbox::Sender, sql};

/// That a row of `orders` was not undone: what sums of a day ask.
macro_rules! standing {
    () => {
        "not exists (select 1 from post_void
                     where post_void.store_id = orders.store_id
                       and post_void.order_id = orders.id)"
    };
}
pub(super) use standing;

/// How an order was undone, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostVoidRow {
    /// When.
    pub(crate) at: Timestamp,
    /// By whom.
    pub(crate) operator: String,
    /// At which workstation.
    pub(crate) workstation: u16,
    /// Why.
    pub(crate) reason: String,
}

/// Writes down that an order was undone; `false` when one is held of it already.
pub(crate) async fn insert(
    tx: &mut Conn,
    sender: &Sender,
    told: &PostVoidV1,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into post_void (store_id, order_id, id, workstation, operator, undone_at, reason,
                                received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(told.order.to_string())
    .bind(told.id.to_string())
    .bind(i64::from(told.workstation))
    .bind(told.operator.as_str())
    .bind(told.at.micros())
    .bind(told.reason.as_str())
    .bind(sender.at.micros())
    .execute(tx)
    .await
    .map_err(sql("write down that an order was undone"))?;
    Ok(done.rows_affected() > 0)
}

/// The id of the fact by which an order was undone.
pub(crate) async fn of_order(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Option<Uuid>, DbError> {
    let doing = "read whether an order was undone";
    let found: Option<(String,)> =
        sqlx::query_as("select id from post_void where store_id = $1 and order_id = $2")
            .bind(store.0)
            .bind(order.to_string())
            .fetch_optional(tx)
            .await
            .map_err(sql(doing))?;
    found.map(|(id,)| id.parse().map_err(|_| super::damaged(doing))).transpose()
}

/// What is read of a post-void beside its order, from five columns at a place: its time, which is
/// 0 where the order stands, operator, workstation and reason.
pub(super) fn beside(row: &AnyRow, place: usize) -> Result<Option<PostVoidRow>, DbError> {
    let doing = "read whether an order was undone";
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let Some(at) = super::moment::of(number(place)?) else {
        return Ok(None);
    };
    Ok(Some(PostVoidRow {
        at,
        operator: text(place + 1)?,
        workstation: u16::try_from(number(place + 2)?).map_err(|_| super::damaged(doing))?,
        reason: text(place + 3)?,
    }))
}

/// What was undone on a store's business date: how many orders, and what they came to.
pub(crate) async fn day(
    tx: &mut Conn,
    store: StoreId,
    date: BusinessDate,
) -> Result<(i64, Money), DbError> {
    let (n_orders, total): (i64, i64) = sqlx::query_as(
        "select count(*), cast(coalesce(sum(orders.total_minor), 0) as bigint)
         from orders
         join post_void on post_void.store_id = orders.store_id
                       and post_void.order_id = orders.id
         where orders.store_id = $1 and orders.business_date = $2",
    )
    .bind(store.0)
    .bind(date.to_string())
    .fetch_one(tx)
    .await
    .map_err(sql("add up what was undone on a business date"))?;
    Ok((n_orders, Money::from_minor(total)))
}
