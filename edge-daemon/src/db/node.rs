//! Who this node is at the mall.

use domain::{id::EdgeId, receipt_number::StoreCode, time::Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sync::{replica::StoreId, wire::EnrolledV1};

use super::DbError;

/// The place that the mall gave this node. Which life its ledger is in changes while it runs:
/// `history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its id at the mall.
    pub(crate) edge: EdgeId,
    /// The store's number there.
    pub(crate) store: StoreId,
    /// The store's code, in receipt numbers.
    pub(crate) store_code: StoreCode,
}

/// Reads it; `None` before enrolment.
pub(crate) fn load(connection: &Connection) -> Result<Option<Node>, DbError> {
    let doing = "read who this node is";
    let row: Option<([u8; 16], i64, String)> = connection
        .query_row("select edge_id, store_id, store_code from node", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(DbError::sqlite(doing))?;
    row.map(|(edge, store, code)| {
        Ok(Node {
            edge: EdgeId::from_uuid(uuid::Uuid::from_bytes(edge)),
            store: StoreId(store),
            store_code: code.parse().map_err(|_| DbError::Damaged { doing })?,
        })
    })
    .transpose()
}

/// Writes down the place that was got. A node enrols once; a second place is refused by the key.
pub(crate) fn insert(
    connection: &Connection,
    enrolled: &EnrolledV1,
    at: Timestamp,
) -> Result<(), DbError> {
    connection
        .execute(
            "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
             values (1, ?1, ?2, ?3, ?4, ?5)",
            params![
                enrolled.edge.bytes(),
                enrolled.store,
                enrolled.store_code,
                enrolled.epoch,
                at.micros()
            ],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("write down who this node is"))
}
