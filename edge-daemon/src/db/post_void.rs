//! Orders that were undone: inserted once, never changed.

use domain::id::OrderId;
use rusqlite::{Connection, OptionalExtension, params};
use sync::wire::PostVoidV1;
use uuid::Uuid;

use super::DbError;

/// Writes down that an order was undone.
pub(crate) fn insert(connection: &Connection, told: &PostVoidV1) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into post_void (order_id, id, business_date, workstation, operator, at, reason,
                                    total_minor)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                told.order.bytes(),
                told.id.as_bytes(),
                told.business_date.to_string(),
                told.workstation,
                told.operator,
                told.at.micros(),
                told.reason,
                told.total_minor.minor(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write down that an order was undone"))
}

/// By what an order was undone, if it was.
pub(crate) fn of_order(connection: &Connection, order: OrderId) -> Result<Option<Uuid>, DbError> {
    connection
        .prepare_cached("select id from post_void where order_id = ?1")
        .and_then(|mut statement| {
            let id = |row: &rusqlite::Row<'_>| row.get(0).map(Uuid::from_bytes);
            statement.query_row([order.bytes()], id).optional()
        })
        .map_err(DbError::sqlite("look whether an order was undone"))
}

/// Whether an order, whichever, was undone by this id.
pub(crate) fn has(connection: &Connection, id: Uuid) -> Result<bool, DbError> {
    connection
        .prepare_cached("select exists (select 1 from post_void where id = ?1)")
        .and_then(|mut statement| statement.query_row([id.as_bytes()], |row| row.get(0)))
        .map_err(DbError::sqlite("look whether an id has undone an order"))
}
