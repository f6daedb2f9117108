//! What cost the chain more than it gave: a coupon used twice, a purse spent beyond what was lent.
//!
//! **Invariant:** a case names its order and touches nothing of it; it goes when the order is undone.

use domain::{id::OrderId, time::Timestamp};
use sync::replica::StoreId;

use super::{Conn, DbError, damaged, sql};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseKind {
    /// Another order had used it first.
    CouponUsedTwice,
    /// It was not issued here.
    CouponUnknown,
    /// More points than the store was lent.
    PointsBeyond,
    /// More balance than the store was lent.
    BalanceBeyond,
}

impl CaseKind {
    const ALL: [Self; 4] =
        [Self::CouponUsedTwice, Self::CouponUnknown, Self::PointsBeyond, Self::BalanceBeyond];

    /// The word in tables and answers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::CouponUsedTwice => "coupon_used_twice",
            Self::CouponUnknown => "coupon_unknown",
            Self::PointsBeyond => "points_beyond",
            Self::BalanceBeyond => "balance_beyond",
        }
    }
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Where.
    pub(crate) store: StoreId,
    /// By which order.
    pub(crate) order: OrderId,
    /// What is wrong.
    pub(crate) kind: CaseKind,
    /// The coupon or the member, by their id.
    pub(crate) subject: String,
    /// Fen; of points, points.
    pub(crate) cost: i64,
    /// What a person reads.
    pub(crate) reason: String,
    /// The place of the order's fact in the sender's outbox.
    pub(crate) seq: i64,
    /// When it came.
    pub(crate) received_at: Timestamp,
}

/// Writes a case; `false` when it is there already.
pub(crate) async fn put(tx: &mut Conn, case: &Case) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into member_case (store_id, order_id, what, subject, cost, reason, seq,
                                  received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(case.store.0)
    .bind(case.order.to_string())
    .bind(case.kind.word())
    .bind(case.subject.as_str())
    .bind(case.cost)
    .bind(case.reason.as_str())
    .bind(case.seq)
    .bind(case.received_at.micros())
    .execute(tx)
    .await
    .map_err(sql("write a case down"))?;
    Ok(done.rows_affected() > 0)
}

/// Takes the cases of an order away.
pub(crate) async fn remove(tx: &mut Conn, store: StoreId, order: OrderId) -> Result<(), DbError> {
    sqlx::query("delete from member_case where store_id = $1 and order_id = $2")
        .bind(store.0)
        .bind(order.to_string())
        .execute(tx)
        .await
        .map_err(sql("take the cases of an order away"))?;
    Ok(())
}

/// Takes one kind of case of an order away.
pub(crate) async fn remove_one(
    tx: &mut Conn,
    (store, order): (StoreId, OrderId),
    kind: CaseKind,
    subject: &str,
) -> Result<(), DbError> {
    sqlx::query(
        "delete from member_case
         where store_id = $1 and order_id = $2 and what = $3 and subject = $4",
    )
    .bind(store.0)
    .bind(order.to_string())
    .bind(kind.word())
    .bind(subject)
    .execute(tx)
    .await
    .map_err(sql("take a case away"))?;
    Ok(())
}

/// A store's cases, newest first.
pub(crate) async fn list(tx: &mut Conn, store: StoreId, limit: i64) -> Result<Vec<Case>, DbError> {
    let doing = "read the cases of a store";
    let found: Vec<(String, String, String, i64, String, i64, i64)> = sqlx::query_as(
        "select order_id, what, subject, cost, reason, seq, received_at from member_case
         where store_id = $1 order by received_at desc, order_id, what, subject limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let case = |(order, what, subject, cost, reason, seq, at): (
        String,
        String,
        String,
        i64,
        String,
        i64,
        i64,
    )| {
        Ok(Case {
            store,
            order: order.parse().map_err(|_| damaged(doing))?,
            kind: CaseKind::ALL
                .into_iter()
                .find(|kind| kind.word() == what)
                .ok_or_else(|| damaged(doing))?,
            subject,
            cost,
            reason,
            seq,
            received_at: Timestamp::from_micros(at),
        })
    };
    found.into_iter().map(case).collect()
}
