//! The rules: the newest that HQ gave out, in the catalog's replica, and the last that this program
//! could use, beside the ledger.

use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::DbError;

/// A rule set as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The revision that the mall gave it.
    pub(crate) revision: i64,
    /// The set (`domain::pricing::RuleSet` as JSON).
    pub(crate) body: String,
}

/// The newest set of a catalog replica; `None` when HQ has none.
pub(crate) fn newest(connection: &Connection) -> Result<Option<Rules>, DbError> {
    one(connection, "select revision, body from rule_set")
}

/// The last set that was in force here, if there was one.
pub(crate) fn kept(connection: &Connection) -> Result<Option<Rules>, DbError> {
    one(connection, "select revision, body from price_book")
}

fn one(connection: &Connection, sql: &str) -> Result<Option<Rules>, DbError> {
    connection
        .query_row(sql, [], |row| Ok(Rules { revision: row.get(0)?, body: row.get(1)? }))
        .optional()
        .map_err(DbError::sqlite("read the rules"))
}

/// Keeps a set that was put in force; the same again writes nothing.
pub(crate) fn keep(connection: &Connection, rules: &Rules, at: Timestamp) -> Result<(), DbError> {
    connection
        .execute(
            "insert into price_book (one, revision, body, in_force_at) values (1, ?1, ?2, ?3)
             on conflict (one) do update set revision = excluded.revision, body = excluded.body,
               in_force_at = excluded.in_force_at
             where revision <> excluded.revision or body <> excluded.body",
            params![rules.revision, rules.body, at.micros()],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("keep the rules in force"))
}
