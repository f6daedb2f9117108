//! Coupons as they were issued, and the orders that used them.
//!
//! **Invariant:** a use is inserted once; only whether its order was undone changes.

use domain::{
    id::{CouponId, MemberId, OrderId},
    money::Money,
    time::Timestamp,
};
use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, bulk, damaged, sql};

/// A coupon as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CouponRow {
    /// The coupon.
    pub(crate) id: CouponId,
    /// Those that were issued together.
    pub(crate) batch: Uuid,
    /// Its place among them, from 1.
    pub(crate) number: i64,
    /// The rule that it switches on.
    pub(crate) rule: String,
    /// Whose it is; nobody's where anyone may use it.
    pub(crate) member: Option<MemberId>,
    /// Where it is good; everywhere where none is named.
    pub(crate) store: Option<StoreId>,
    /// Not before, in seconds since 1970.
    pub(crate) from_s: u32,
    /// Not after, in seconds since 1970.
    pub(crate) until_s: u32,
    /// By whom.
    pub(crate) issued_by: String,
    /// When.
    pub(crate) issued_at: Timestamp,
}

const COLUMNS: usize = 10;
const ROWS_MAX: usize = bulk::rows_max(COLUMNS);

/// Keeps coupons.
pub(crate) async fn insert(tx: &mut Conn, coupons: &[CouponRow]) -> Result<(), DbError> {
    for some in coupons.chunks(ROWS_MAX) {
        let statement = format!(
            "insert into coupon (coupon_id, batch_id, number, rule, member_id, store_id, from_s,
                                 until_s, issued_by, issued_at) values {}",
            bulk::rows(some.len(), COLUMNS)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement)).persistent(false);
        for coupon in some {
            query = query
                .bind(coupon.id.to_string())
                .bind(coupon.batch.to_string())
                .bind(coupon.number)
                .bind(coupon.rule.as_str())
                .bind(coupon.member.map(|member| member.to_string()).unwrap_or_default())
                .bind(coupon.store.map_or(0, |store| store.0))
                .bind(i64::from(coupon.from_s))
                .bind(i64::from(coupon.until_s))
                .bind(coupon.issued_by.as_str())
                .bind(coupon.issued_at.micros());
        }
        query.execute(&mut *tx).await.map_err(sql("keep coupons"))?;
    }
    Ok(())
}

/// The coupons of a batch, in their order.
pub(crate) async fn of_batch(tx: &mut Conn, batch: Uuid) -> Result<Vec<CouponRow>, DbError> {
    type Columns = (String, String, i64, String, String, i64, i64, i64, String, i64);
    let doing = "read coupons";
    let found: Vec<Columns> = sqlx::query_as(
        "select coupon_id, batch_id, number, rule, member_id, store_id, from_s, until_s, issued_by,
                issued_at
         from coupon where batch_id = $1 order by number",
    )
    .bind(batch.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |columns: Columns| {
        let (id, batch, number, rule, member, store, from_s, until_s, issued_by, at) = columns;
        Some(CouponRow {
            id: id.parse().ok()?,
            batch: batch.parse().ok()?,
            number,
            rule,
            member: match member.as_str() {
                "" => None,
                id => Some(id.parse().ok()?),
            },
            store: (store != 0).then_some(StoreId(store)),
            from_s: u32::try_from(from_s).ok()?,
            until_s: u32::try_from(until_s).ok()?,
            issued_by,
            issued_at: Timestamp::from_micros(at),
        })
    };
    found.into_iter().map(|columns| row(columns).ok_or_else(|| damaged(doing))).collect()
}

/// Whether a coupon was issued here.
pub(crate) async fn is_issued(tx: &mut Conn, id: CouponId) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as("select number from coupon where coupon_id = $1")
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .map_err(sql("read a coupon"))?;
    Ok(found.is_some())
}

/// Which order used a coupon, and for how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// Where.
    pub(crate) store: StoreId,
    /// By which order.
    pub(crate) order: OrderId,
    /// What it took off.
    pub(crate) saved: Money,
}

/// Writes a use behind those that came before it; `false` when it is there already.
pub(crate) async fn put_use(tx: &mut Conn, coupon: CouponId, used: Use) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into coupon_use (store_id, coupon_id, order_id, saved_minor, place, undone)
         values ($1, $2, $3, $4,
                 (select coalesce(max(place), 0) + 1 from coupon_use where coupon_id = $2), 0)
         on conflict do nothing",
    )
    .bind(used.store.0)
    .bind(coupon.to_string())
    .bind(used.order.to_string())
    .bind(used.saved.minor())
    .execute(tx)
    .await
    .map_err(sql("write the use of a coupon"))?;
    Ok(done.rows_affected() > 0)
}

/// The uses of a coupon that stand, in the order in which they came.
pub(crate) async fn uses(tx: &mut Conn, coupon: CouponId) -> Result<Vec<Use>, DbError> {
    let doing = "read the uses of a coupon";
    let found: Vec<(i64, String, i64)> = sqlx::query_as(
        "select store_id, order_id, saved_minor from coupon_use
         where coupon_id = $1 and undone = 0 order by place, store_id",
    )
    .bind(coupon.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let one = |(store, order, saved): (i64, String, i64)| {
        let order = order.parse().map_err(|_| damaged(doing))?;
        Ok(Use { store: StoreId(store), order, saved: Money::from_minor(saved) })
    };
    found.into_iter().map(one).collect()
}

/// Says that an order was undone; the answer is which coupons it had used.
pub(crate) async fn undo(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Vec<CouponId>, DbError> {
    let doing = "give the coupons of an order back";
    let found: Vec<(String,)> = sqlx::query_as(
        "update coupon_use set undone = 1 where store_id = $1 and order_id = $2
         returning coupon_id",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    found.into_iter().map(|(id,)| id.parse().map_err(|_| damaged(doing))).collect()
}
