//! What the store has of an item: the mall's row, and what was sold here since.

use domain::{quantity::Quantity, stock::Stock, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::DbError;

/// What a store replica says of an item, and when it was counted; `None` where nobody ever did.
pub(crate) fn counted(
    replica: &Connection,
    sku: &str,
) -> Result<Option<(Stock, Timestamp)>, DbError> {
    replica
        .prepare_cached(
            "select on_hand_milli, reserved_milli, counted_at from stock where sku_key = ?1",
        )
        .and_then(|mut statement| {
            let stock = |row: &rusqlite::Row<'_>| {
                let quantity = |place| row.get(place).map(Quantity::from_milli);
                let sold = Quantity::default();
                let stock = Stock { on_hand: quantity(0)?, reserved: quantity(1)?, sold };
                Ok((stock, Timestamp::from_micros(row.get(2)?)))
            };
            statement.query_row([sku.to_ascii_lowercase()], stock).optional()
        })
        .map_err(DbError::sqlite("read what the store has"))
}

/// What orders that stand sold of an item after a moment.
pub(crate) fn sold_since(
    ledger: &Connection,
    sku: &str,
    since: Timestamp,
) -> Result<Quantity, DbError> {
    ledger
        .prepare_cached(
            "select coalesce(sum(order_line.quantity_milli), 0)
             from order_line join orders on orders.id = order_line.order_id
             where order_line.sku = ?1 collate nocase and orders.completed_at > ?2
               and not exists (select 1 from post_void where post_void.order_id = orders.id)",
        )
        .and_then(|mut statement| {
            statement.query_row(params![sku, since.micros()], |row| row.get(0))
        })
        .map(Quantity::from_milli)
        .map_err(DbError::sqlite("add up what was sold of an item"))
}
