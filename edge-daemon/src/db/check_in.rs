//! Guests of the Wi-Fi who checked in, and the coupons that came of it.
//!
//! **Invariant:** of a guest there is a blind index, of a coupon's token a sealed cell.

use domain::{id::CouponId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::DbError;

/// A check-in as it was written with its pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckInRow {
    /// The pass's id.
    pub(crate) id: Uuid,
    /// The phone number, blind.
    pub(crate) guest: [u8; 16],
    /// When.
    pub(crate) at: Timestamp,
}

/// A coupon that was given for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenRow {
    /// The check-in.
    pub(crate) check_in: Uuid,
    /// The coupon.
    pub(crate) coupon: CouponId,
    /// The rule that it switches on.
    pub(crate) rule: String,
    /// Until when it is good.
    pub(crate) until: Timestamp,
    /// Its token, sealed.
    pub(crate) token_cell: Vec<u8>,
}

/// Writes a check-in down.
pub(crate) fn insert(connection: &Connection, row: &CheckInRow) -> Result<(), DbError> {
    connection
        .prepare_cached("insert into check_in (id, guest, at) values (?1, ?2, ?3)")
        .and_then(|mut statement| {
            statement.execute(params![row.id.as_bytes(), row.guest, row.at.micros()])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write a check-in down"))
}

/// Check-ins since a moment that the mall has not answered, the oldest first.
pub(crate) fn unanswered(
    connection: &Connection,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<CheckInRow>, DbError> {
    let read = |row: &Row<'_>| {
        Ok(CheckInRow {
            id: Uuid::from_bytes(row.get(0)?),
            guest: row.get(1)?,
            at: Timestamp::from_micros(row.get(2)?),
        })
    };
    connection
        .prepare_cached(
            "select id, guest, at from check_in where answered_at is null and at >= ?1
             order by at limit ?2",
        )
        .and_then(|mut statement| {
            statement.query_map(params![since.micros(), limit], read)?.collect()
        })
        .map_err(DbError::sqlite("read the check-ins that wait"))
}

/// Notes that none was given.
pub(crate) fn answer_none(
    connection: &Connection,
    id: Uuid,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached("update check_in set answered_at = ?2 where id = ?1")
        .and_then(|mut statement| statement.execute(params![id.as_bytes(), now.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("note the answer to a check-in"))
}

/// Notes the coupon that was given.
pub(crate) fn answer(
    connection: &Connection,
    given: &GivenRow,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "update check_in set answered_at = ?2, coupon_id = ?3, rule = ?4, until = ?5,
                                 token_cell = ?6
             where id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                given.check_in.as_bytes(),
                now.micros(),
                given.coupon.bytes(),
                given.rule,
                given.until.micros(),
                given.token_cell,
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("keep a guest's coupon"))
}

/// The coupon of a guest that is good now; of several the last that came.
pub(crate) fn given_to(
    connection: &Connection,
    guest: [u8; 16],
    now: Timestamp,
) -> Result<Option<GivenRow>, DbError> {
    let read = |row: &Row<'_>| {
        Ok(GivenRow {
            check_in: Uuid::from_bytes(row.get(0)?),
            coupon: CouponId::from_uuid(Uuid::from_bytes(row.get(1)?)),
            rule: row.get(2)?,
            until: Timestamp::from_micros(row.get(3)?),
            token_cell: row.get(4)?,
        })
    };
    connection
        .prepare_cached(
            "select id, coupon_id, rule, until, token_cell from check_in
             where guest = ?1 and coupon_id is not null and until > ?2 order by at desc limit 1",
        )
        .and_then(|mut statement| {
            statement.query_row(params![guest, now.micros()], read).optional()
        })
        .map_err(DbError::sqlite("read a guest's coupon"))
}

/// Whether the mall still has to say what a guest gets.
pub(crate) fn waits(
    connection: &Connection,
    guest: [u8; 16],
    since: Timestamp,
) -> Result<bool, DbError> {
    connection
        .prepare_cached(
            "select exists (select 1 from check_in
                            where guest = ?1 and at >= ?2 and answered_at is null)",
        )
        .and_then(|mut statement| {
            statement.query_row(params![guest, since.micros()], |row| row.get(0))
        })
        .map_err(DbError::sqlite("read whether a coupon is on its way"))
}

/// Deletes those whose coupon is over and whose day has passed.
pub(crate) fn delete_before(
    connection: &Connection,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from check_in where at < ?1 and until < ?2")
        .and_then(|mut statement| statement.execute([before.micros(), now.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("delete check-ins that are over"))
}
