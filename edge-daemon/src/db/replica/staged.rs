//! Pages of a version that is not whole yet, in a table of the replica's own file.
//!
//! The mall writes no such table: it is made by the store that needs it, and what lies in it goes
//! away in the transaction that applies it, or with the file.
//!
//! **Invariant:** no reader of the replica looks here.

use rusqlite::{Connection, OptionalExtension as _, params};
use sync::wire::{ChangeV1, FeedCursorV1, FeedPageV1};

use super::DbError;

const TABLE: &str = "create table if not exists staged_page (
      n           integer primary key,
      incarnation text not null,
      version     integer not null,
      after_key   text not null,
      body        text not null -- its changes, `[ChangeV1]`
    ) strict";

/// How many pages lie aside, and where the last one ends.
pub(super) fn end(connection: &Connection) -> Result<Option<(usize, FeedCursorV1)>, DbError> {
    let doing = "read how far the staged pages go";
    if !is_there(connection)? {
        return Ok(None);
    }
    let row: Option<(i64, String, i64, String)> = connection
        .query_row(
            "select n, incarnation, version, after_key from staged_page order by n desc limit 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()
        .map_err(DbError::sqlite(doing))?;
    row.map(|(n, incarnation, version, after)| {
        let incarnation = incarnation.parse().map_err(|_| DbError::Damaged { doing })?;
        let n = usize::try_from(n).map_err(|_| DbError::Damaged { doing })?;
        Ok((n, FeedCursorV1 { incarnation, version, after }))
    })
    .transpose()
}

/// Lays a page aside, after those that lie there.
pub(super) fn add(connection: &Connection, page: &FeedPageV1) -> Result<(), DbError> {
    let doing = "stage a page of changes";
    let body = serde_json::to_string(&page.changes).map_err(|_| DbError::Damaged { doing })?;
    let FeedCursorV1 { incarnation, version, after } = &page.next;
    connection
        .execute_batch(TABLE)
        .and_then(|()| {
            connection.execute(
                "insert into staged_page (n, incarnation, version, after_key, body)
                 values (coalesce((select max(n) from staged_page), 0) + 1, ?1, ?2, ?3, ?4)",
                params![incarnation.to_string(), version, after, body],
            )
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Gives the changes of each page, one page after the other.
pub(super) fn each(
    connection: &Connection,
    mut apply: impl FnMut(&[ChangeV1]) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let doing = "read the staged pages";
    if !is_there(connection)? {
        return Ok(());
    }
    let mut statement = connection
        .prepare("select body from staged_page order by n")
        .map_err(DbError::sqlite(doing))?;
    let mut bodies = statement.query([]).map_err(DbError::sqlite(doing))?;
    while let Some(row) = bodies.next().map_err(DbError::sqlite(doing))? {
        let body: String = row.get(0).map_err(DbError::sqlite(doing))?;
        let changes: Vec<ChangeV1> =
            serde_json::from_str(&body).map_err(|_| DbError::Damaged { doing })?;
        apply(&changes)?;
    }
    Ok(())
}

/// Throws all of it away.
pub(super) fn clear(connection: &Connection) -> Result<(), DbError> {
    if is_there(connection)? {
        let cleared = connection.execute("delete from staged_page", []);
        cleared.map_err(DbError::sqlite("clear the staged pages"))?;
    }
    Ok(())
}

fn is_there(connection: &Connection) -> Result<bool, DbError> {
    connection
        .query_row(
            "select exists (select 1 from sqlite_schema where name = 'staged_page')",
            [],
            |row| row.get(0),
        )
        .map_err(DbError::sqlite("look for staged pages"))
}
