//! What of the ledger a person should look at, counted.

use rusqlite::Connection;
use sync::uplink::DAMAGED;

use super::{DbError, is_misread};

/// So many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Facts of which the mall holds other bytes.
    pub(crate) conflicts: u32,
    /// Facts that the mall holds in quarantine.
    pub(crate) quarantined: u32,
    /// Facts at a place that the mall was told is a hole: nobody on the way takes them.
    pub(crate) held_back: u32,
    /// Facts at such a place that are not what was written.
    pub(crate) damaged: u32,
    /// Days of which the mall holds something else.
    pub(crate) days_that_differ: u32,
}

/// Counts them.
pub(crate) fn count(connection: &Connection) -> Result<Counted, DbError> {
    connection
        .prepare_cached(
            // The list of states is that of the index, word by word.
            "select coalesce(sum(state = 'conflict'), 0), coalesce(sum(state = 'quarantined'), 0),
                    coalesce(sum(state = 'hole' and reason is not ?1), 0),
                    coalesce(sum(state = 'hole' and reason is ?1), 0),
                    (select count(*) from told_day
                     where sealed_at is null and told_at is not null and agrees = 0)
             from outbox where state in ('quarantined', 'conflict', 'hole')",
        )
        .and_then(|mut statement| {
            statement.query_row([DAMAGED], |row| {
                Ok(Counted {
                    conflicts: row.get(0)?,
                    quarantined: row.get(1)?,
                    held_back: row.get(2)?,
                    damaged: row.get(3)?,
                    days_that_differ: row.get(4)?,
                })
            })
        })
        .map_err(DbError::sqlite("count what a person should look at"))
}

/// Lets SQLite look through the whole file: whether it finds it damaged. It reads all of it, once.
pub(crate) fn is_damaged(connection: &Connection) -> Result<bool, DbError> {
    let verdict = connection
        .query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(DbError::sqlite("look through the ledger"));
    match verdict {
        Ok(verdict) => Ok(verdict != "ok"),
        Err(error) if is_misread(&error) => Ok(true),
        Err(error) => Err(error),
    }
}
