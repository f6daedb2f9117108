//! The log of the Wi-Fi portal: inserted once, deleted when its time is over, never changed.

use domain::time::Timestamp;
use gate::mac::Mac;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::DbError;

/// One sign-in, or one lengthening of it.
#[derive(Clone, Debug)]
pub(crate) struct PassRow {
    pub(crate) id: Uuid,
    pub(crate) device: Mac,
    /// The address that it had.
    pub(crate) address: String,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) phone_index: [u8; 16],
    pub(crate) phone_cell: Vec<u8>,
    /// The version of the terms.
    pub(crate) terms: u32,
    pub(crate) is_marketing: bool,
    /// How often it was lengthened so far.
    pub(crate) lengthenings: u32,
}

const COLUMNS: &str =
    "id, device, address, at, until, phone_index, phone_cell, terms, is_marketing, lengthenings";

/// Writes a pass down.
pub(crate) fn insert(connection: &Connection, pass: &PassRow) -> Result<(), DbError> {
    connection
        .prepare_cached(&format!(
            "insert into portal_pass ({COLUMNS}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                pass.id.as_bytes(),
                pass.device.to_string(),
                pass.address,
                pass.at.micros(),
                pass.until.micros(),
                pass.phone_index,
                pass.phone_cell,
                pass.terms,
                pass.is_marketing,
                pass.lengthenings,
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write down who was let through to the internet"))
}

/// The passes that are not over yet, the latest of a device last.
pub(crate) fn open(connection: &Connection, now: Timestamp) -> Result<Vec<PassRow>, DbError> {
    let clause = "until > ?1 order by until";
    select(connection, clause, [now.micros()], "read who is let through to the internet")
}

/// The log from a moment to another.
pub(crate) fn between(
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<PassRow>, DbError> {
    let clause = "at >= ?1 and at < ?2 order by at";
    select(connection, clause, [from.micros(), to.micros()], "read the portal's log")
}

fn select<P: rusqlite::Params>(
    connection: &Connection,
    clause: &str,
    params: P,
    doing: &'static str,
) -> Result<Vec<PassRow>, DbError> {
    connection
        .prepare_cached(&format!("select {COLUMNS} from portal_pass where {clause}"))
        .and_then(|mut statement| statement.query_map(params, read)?.collect())
        .map_err(DbError::sqlite(doing))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<PassRow> {
    let device: String = row.get("device")?;
    let broken =
        |error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error);
    Ok(PassRow {
        id: Uuid::from_bytes(row.get("id")?),
        device: device.parse().map_err(|error| broken(Box::new(error)))?,
        address: row.get("address")?,
        at: Timestamp::from_micros(row.get("at")?),
        until: Timestamp::from_micros(row.get("until")?),
        phone_index: row.get("phone_index")?,
        phone_cell: row.get("phone_cell")?,
        terms: row.get("terms")?,
        is_marketing: row.get("is_marketing")?,
        lengthenings: row.get("lengthenings")?,
    })
}

/// Deletes what is older than it must be kept; returns how many lines.
pub(crate) fn delete_before(connection: &Connection, before: Timestamp) -> Result<usize, DbError> {
    connection
        .prepare_cached("delete from portal_pass where until < ?1")
        .and_then(|mut statement| statement.execute([before.micros()]))
        .map_err(DbError::sqlite("delete what is too old of the portal's log"))
}
