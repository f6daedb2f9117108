//! Commands of HQ: begun, over, told.
//!
//! **Invariant:** a command is written down before it is begun, and its id stays at least until it
//! could not be run any more.

use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use sync::command::{OutcomeV1, SignedCommandV1};

use super::DbError;

/// Writes a command down as begun; `false` when it was written down before.
pub(crate) fn begin(
    connection: &Connection,
    command: &SignedCommandV1,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = connection
        .execute(
            "insert into hq_command (id, word, not_after, state, outcome, detail, begun_at)
             values (?1, ?2, ?3, 'begun', '', '', ?4) on conflict do nothing",
            params![command.id.to_string(), command.word, command.not_after, now.micros()],
        )
        .map_err(DbError::sqlite("write a command down"))?;
    Ok(done > 0)
}

/// Writes down what came of a command.
pub(crate) fn end(connection: &Connection, outcome: &OutcomeV1) -> Result<(), DbError> {
    connection
        .execute(
            "update hq_command set state = 'over', outcome = ?2, detail = ?3
             where id = ?1 and state = 'begun'",
            params![outcome.id.to_string(), outcome.outcome, outcome.detail],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("write down what came of a command"))
}

/// What was begun and is not over when the program starts: a restart has happened; whether another
/// command was carried out nobody knows, and it is not begun again.
pub(crate) fn close_begun(connection: &Connection, restart: &str) -> Result<(), DbError> {
    connection
        .execute(
            "update hq_command set state = 'over',
               outcome = case word when ?1 then 'done' else 'interrupted' end
             where state = 'begun'",
            [restart],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("close the commands that were begun"))
}

/// Whether a command was written down.
pub(crate) fn is_known(connection: &Connection, id: &str) -> Result<bool, DbError> {
    connection
        .query_row("select 1 from hq_command where id = ?1", [id], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
        .map_err(DbError::sqlite("look for a command"))
}

/// What HQ is to be told, at most so much.
pub(crate) fn untold(connection: &Connection, limit: usize) -> Result<Vec<OutcomeV1>, DbError> {
    let doing = "read what came of commands";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached(
            "select id, outcome, detail from hq_command where state = 'over' order by begun_at, id
             limit ?1",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([limit], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| {
        let (id, outcome, detail) = row.map_err(DbError::sqlite(doing))?;
        let id = id.parse().map_err(|_| DbError::Damaged { doing })?;
        Ok(OutcomeV1 { id, outcome, detail })
    })
    .collect()
}

/// HQ was told; what could not be run any more is forgotten.
pub(crate) fn told(
    connection: &Connection,
    outcomes: &[OutcomeV1],
    now: Timestamp,
) -> Result<(), DbError> {
    let doing = "note that HQ was told of commands";
    for outcome in outcomes {
        connection
            .execute("update hq_command set state = 'told' where id = ?1", [outcome.id.to_string()])
            .map_err(DbError::sqlite(doing))?;
    }
    connection
        .execute("delete from hq_command where state = 'told' and not_after < ?1", [now.micros()])
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}
