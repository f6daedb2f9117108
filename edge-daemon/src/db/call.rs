//! The numbers by which shoppers of kiosks are called: inserted with the order, read, never changed.

use domain::{id::OrderId, time::BusinessDate};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::DbError;

/// Gives an order the next number of its business date, over all kiosks of the store; in the order's
/// own transaction, so that none is skipped and none comes twice.
pub(crate) fn give(
    connection: &Connection,
    order: OrderId,
    date: BusinessDate,
) -> Result<u32, DbError> {
    connection
        .prepare_cached(
            "insert into call_number (order_id, business_date, number)
             select ?1, ?2, coalesce(max(number), 0) + 1 from call_number where business_date = ?2
             returning number",
        )
        .and_then(|mut s| s.query_row(params![order.bytes(), date.to_string()], |row| row.get(0)))
        .map_err(DbError::sqlite("give a shopper a number"))
}

/// The number of an order, if it has one.
pub(crate) fn of_order(connection: &Connection, order: OrderId) -> Result<Option<u32>, DbError> {
    connection
        .prepare_cached("select number from call_number where order_id = ?1")
        .and_then(|mut s| s.query_row([order.bytes()], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read a shopper's number"))
}

/// As it is shown and called: `K012`.
pub(crate) fn shown(number: u32) -> String {
    format!("K{number:03}")
}
