//! Orders that came out otherwise when the mall priced them again.
//!
//! **Invariant:** inserts only; the order itself is never touched.

use domain::{id::OrderId, time::Timestamp};
use sqlx::AssertSqlSafe;
use sync::replica::StoreId;

use super::{Conn, DbError, inbox::Sender, sql};

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    /// What is wrong, as a word.
    pub(crate) what: &'static str,
    /// The revision that the order names.
    pub(crate) revision: i64,
    /// What the mall finds.
    pub(crate) expected: String,
    /// What the order says.
    pub(crate) came: String,
}

/// Writes a drift down; the same order again changes nothing.
pub(crate) async fn insert(
    tx: &mut Conn,
    sender: &Sender,
    order: OrderId,
    seq: i64,
    drift: &Drift,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into price_drift (store_id, order_id, seq, what, revision, expected, came,
                                  received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(order.to_string())
    .bind(seq)
    .bind(drift.what)
    .bind(drift.revision)
    .bind(drift.expected.as_str())
    .bind(drift.came.as_str())
    .bind(sender.at.micros())
    .execute(tx)
    .await
    .map_err(sql("write a price drift down"))?;
    Ok(())
}

/// A drift as it is read.
#[derive(Clone, Debug)]
pub(crate) struct DriftRow {
    /// The store's code.
    pub(crate) store: String,
    /// The order.
    pub(crate) order: String,
    /// What is on its paper.
    pub(crate) receipt_number: String,
    /// The place of its fact in the sender's outbox.
    pub(crate) seq: i64,
    /// What is wrong.
    pub(crate) what: String,
    /// The revision that the order names.
    pub(crate) revision: i64,
    /// What the mall finds.
    pub(crate) expected: String,
    /// What the order says.
    pub(crate) came: String,
    /// When it came.
    pub(crate) received_at: Timestamp,
}

/// Drifts of a store or of all, newest first; after a moment and an order, towards older ones.
pub(crate) async fn list(
    tx: &mut Conn,
    store: Option<StoreId>,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<DriftRow>, DbError> {
    type Columns = (String, String, String, i64, String, i64, String, String, i64);
    let (before, order) = after.unwrap_or((i64::MAX, String::new()));
    let of_store = if store.is_some() { "and d.store_id = $4" } else { "" };
    let statement = format!(
        "select store.code, d.order_id, coalesce(o.receipt_number, ''), d.seq, d.what,
                d.revision, d.expected, d.came, d.received_at
         from price_drift d
         join store on store.store_id = d.store_id
         left join orders o on o.store_id = d.store_id and o.id = d.order_id
         where (d.received_at, d.order_id) < ($1, $2) {of_store}
         order by d.received_at desc, d.order_id desc
         limit $3"
    );
    let mut query = sqlx::query_as(AssertSqlSafe(statement)).bind(before).bind(order).bind(limit);
    if let Some(store) = store {
        query = query.bind(store.0);
    }
    let found: Vec<Columns> = query.fetch_all(tx).await.map_err(sql("read the price drifts"))?;
    let row = |(store, order, receipt_number, seq, what, revision, expected, came, at): Columns| {
        let received_at = Timestamp::from_micros(at);
        DriftRow { store, order, receipt_number, seq, what, revision, expected, came, received_at }
    };
    Ok(found.into_iter().map(row).collect())
}
