//! Coupons of the brand's own: those beside a cart, and which order used each.
//!
//! **Invariant:** no token comes here; a use is inserted in the transaction of its order.

use domain::{
    id::{CouponId, MemberId, OrderId},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::DbError;
use crate::coupon::OwnCoupon;

/// The coupons beside a cart, in the order in which they came.
pub(crate) fn at(connection: &Connection, order: OrderId) -> Result<Vec<OwnCoupon>, DbError> {
    let doing = "read the coupons of a cart";
    let mut statement = connection
        .prepare_cached(
            "select coupon_id, member_id, rule, until from cart_coupon
             where order_id = ?1 order by place",
        )
        .map_err(DbError::sqlite(doing))?;
    statement
        .query_map([order.bytes()], read)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(DbError::sqlite(doing))
}

fn read(row: &Row<'_>) -> rusqlite::Result<OwnCoupon> {
    let member: Option<[u8; 16]> = row.get(1)?;
    Ok(OwnCoupon {
        id: CouponId::from_uuid(Uuid::from_bytes(row.get(0)?)),
        member: member.map(|bytes| MemberId::from_uuid(Uuid::from_bytes(bytes))),
        rule: row.get(2)?,
        until: Timestamp::from_micros(row.get(3)?),
    })
}

/// Puts a coupon beside a cart, behind the others.
pub(crate) fn put(
    connection: &Connection,
    order: OrderId,
    coupon: &OwnCoupon,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into cart_coupon (order_id, place, coupon_id, member_id, rule, until)
             select ?1, coalesce(max(place), 0) + 1, ?2, ?3, ?4, ?5
             from cart_coupon where order_id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                order.bytes(),
                coupon.id.bytes(),
                coupon.member.map(|member| member.bytes()),
                coupon.rule,
                coupon.until.micros(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("put a coupon beside a cart"))
}

/// Takes a coupon off a cart.
pub(crate) fn take_off(
    connection: &Connection,
    order: OrderId,
    coupon: CouponId,
) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from cart_coupon where order_id = ?1 and coupon_id = ?2")
        .and_then(|mut statement| statement.execute(params![order.bytes(), coupon.bytes()]))
        .map(|_| ())
        .map_err(DbError::sqlite("take a coupon off a cart"))
}

/// Takes those off a cart that are somebody else's than this member's.
pub(crate) fn keep_those_of(
    connection: &Connection,
    order: OrderId,
    member: Option<MemberId>,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "delete from cart_coupon
             where order_id = ?1 and member_id is not null and member_id is not ?2",
        )
        .and_then(|mut statement| {
            statement.execute(params![order.bytes(), member.map(|member| member.bytes())])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("take a member's coupons off a cart"))
}

/// Takes all of them off a cart.
pub(crate) fn clear(connection: &Connection, order: OrderId) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from cart_coupon where order_id = ?1")
        .and_then(|mut statement| statement.execute([order.bytes()]))
        .map(|_| ())
        .map_err(DbError::sqlite("take the coupons off a cart"))
}

/// Whether an order of this store that was not undone has used a coupon.
pub(crate) fn is_used(connection: &Connection, coupon: CouponId) -> Result<bool, DbError> {
    connection
        .prepare_cached(
            "select exists (select 1 from coupon_use
               left join post_void on post_void.order_id = coupon_use.order_id
               where coupon_id = ?1 and post_void.order_id is null)",
        )
        .and_then(|mut statement| statement.query_row([coupon.bytes()], |row| row.get(0)))
        .map_err(DbError::sqlite("look whether a coupon was used"))
}

/// Writes down that an order used a coupon.
pub(crate) fn insert_use(
    connection: &Connection,
    coupon: CouponId,
    order: OrderId,
) -> Result<(), DbError> {
    connection
        .prepare_cached("insert into coupon_use (coupon_id, order_id) values (?1, ?2)")
        .and_then(|mut statement| statement.execute(params![coupon.bytes(), order.bytes()]))
        .map(|_| ())
        .map_err(DbError::sqlite("write down that a coupon was used"))
}
