//! Sums of orders and of what was given for them.
//!
//! **Invariant:** reads only; sums are made by the database from stored fen.

use domain::{id::OrderId, money::Money, tender::TenderKind, time::BusinessDate};
use sync::replica::StoreId;

use super::{
    Conn, DbError, damaged,
    post_voids::{self, standing},
    sql,
};

/// The sums of a store's business date. Orders that were undone are in none but `undone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DaySums {
    /// Orders.
    pub(crate) n_orders: i64,
    /// After reductions.
    pub(crate) total: Money,
    /// What cash rounding did.
    pub(crate) rounding: Money,
    /// What went back in cash.
    pub(crate) change: Money,
    /// What was given, by way of paying: kind, how often, how much.
    pub(crate) tenders: Vec<(TenderKind, i64, Money)>,
    /// How many orders were undone, and what they came to.
    pub(crate) undone: (i64, Money),
}

/// Adds a store's business date up.
pub(crate) async fn day(
    tx: &mut Conn,
    store: StoreId,
    date: BusinessDate,
) -> Result<DaySums, DbError> {
    let doing = "add a business date up";
    // The casts keep the engines' sums of whole numbers whole numbers.
    let (n_orders, total, rounding, change): (i64, i64, i64, i64) = sqlx::query_as(concat!(
        "select count(*), cast(coalesce(sum(total_minor), 0) as bigint),
                cast(coalesce(sum(rounding_minor), 0) as bigint),
                cast(coalesce(sum(change_minor), 0) as bigint)
         from orders where store_id = $1 and business_date = $2 and ",
        standing!()
    ))
    .bind(store.0)
    .bind(date.to_string())
    .fetch_one(&mut *tx)
    .await
    .map_err(sql(doing))?;
    // A cross join keeps its order: the other way round every tender of the store would be read.
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(concat!(
        "select tender.kind, count(*), cast(sum(tender.amount_minor) as bigint)
         from orders
         cross join tender
         where orders.store_id = $1 and orders.business_date = $2
           and tender.store_id = orders.store_id and tender.order_id = orders.id and ",
        standing!(),
        " group by tender.kind order by tender.kind"
    ))
    .bind(store.0)
    .bind(date.to_string())
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(doing))?;
    let tenders = rows.into_iter().map(by_kind).collect::<Result<_, DbError>>()?;
    let (total, rounding) = (Money::from_minor(total), Money::from_minor(rounding));
    let undone = post_voids::day(tx, store, date).await?;
    Ok(DaySums { n_orders, total, rounding, change: Money::from_minor(change), tenders, undone })
}

/// What was given for an order, by way of paying: kind, how often, how much.
pub(crate) async fn tendered(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Vec<(TenderKind, i64, Money)>, DbError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select kind, count(*), cast(sum(amount_minor) as bigint) from tender
         where store_id = $1 and order_id = $2 group by kind order by kind",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("add the tenders of an order up"))?;
    rows.into_iter().map(by_kind).collect()
}

/// What was given in one way, as it was summed.
fn by_kind((kind, n, amount): (String, i64, i64)) -> Result<(TenderKind, i64, Money), DbError> {
    let kind = TenderKind::from_word(&kind).ok_or_else(|| damaged("add tenders up"))?;
    Ok((kind, n, Money::from_minor(amount)))
}
