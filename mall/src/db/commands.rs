//! Commands to stores.
//!
//! **Invariant:** what came of a command is written once and never changed.

use domain::time::Timestamp;
use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, damaged, settings::Changed, sql};

/// A command as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandRow {
    /// 1, 2, 3 … for each store.
    pub(crate) number: i64,
    /// Its id.
    pub(crate) id: Uuid,
    /// What to do.
    pub(crate) word: String,
    /// Who gave it.
    pub(crate) given_by: String,
    /// When.
    pub(crate) given_at: Timestamp,
    /// When it is not to be begun any more.
    pub(crate) not_after: Timestamp,
    /// What came of it; empty while nothing is known.
    pub(crate) outcome: String,
    /// What the store said.
    pub(crate) detail: String,
    /// When; 1970 while nothing is known.
    pub(crate) told_at: Timestamp,
}

type Columns = (i64, String, String, String, i64, i64, String, String, i64);

fn row(found: Columns) -> Result<CommandRow, DbError> {
    let (number, id, word, given_by, given_at, not_after, outcome, detail, told_at) = found;
    Ok(CommandRow {
        number,
        id: id.parse().map_err(|_| damaged("read a command"))?,
        word,
        given_by,
        given_at: Timestamp::from_micros(given_at),
        not_after: Timestamp::from_micros(not_after),
        outcome,
        detail,
        told_at: Timestamp::from_micros(told_at),
    })
}

/// The number for a store's next command; taken inside the transaction that inserts it.
pub(crate) async fn next_number(tx: &mut Conn, store: StoreId) -> Result<i64, DbError> {
    let (number,): (i64,) =
        sqlx::query_as("select coalesce(max(number), 0) + 1 from command where store_id = $1")
            .bind(store.0)
            .fetch_one(tx)
            .await
            .map_err(sql("number a command"))?;
    Ok(number)
}

/// Keeps a command.
pub(crate) async fn insert(
    tx: &mut Conn,
    store: StoreId,
    command: &CommandRow,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into command (store_id, number, id, word, given_by, given_at, not_after, outcome,
           detail, told_at)
         values ($1, $2, $3, $4, $5, $6, $7, '', '', 0)",
    )
    .bind(store.0)
    .bind(command.number)
    .bind(command.id.to_string())
    .bind(command.word.as_str())
    .bind(command.given_by.as_str())
    .bind(command.given_at.micros())
    .bind(command.not_after.micros())
    .execute(tx)
    .await
    .map_err(sql("keep a command"))?;
    Ok(())
}

/// A store's commands, the newest first.
pub(crate) async fn of_store(
    tx: &mut Conn,
    store: StoreId,
    limit: i64,
) -> Result<Vec<CommandRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select number, id, word, given_by, given_at, not_after, outcome, detail, told_at
         from command where store_id = $1 order by number desc limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the commands of a store"))?;
    found.into_iter().map(row).collect()
}

/// A store's commands of which nothing is known and whose time is not over, the oldest first.
pub(crate) async fn open(
    tx: &mut Conn,
    store: StoreId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<CommandRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select number, id, word, given_by, given_at, not_after, outcome, detail, told_at
         from command where store_id = $1 and outcome = '' and not_after >= $2
         order by number limit $3",
    )
    .bind(store.0)
    .bind(now.micros())
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the open commands of a store"))?;
    found.into_iter().map(row).collect()
}

/// Keeps what came of a command, unless that is known.
pub(crate) async fn tell(
    tx: &mut Conn,
    store: StoreId,
    id: Uuid,
    (outcome, detail): (&str, &str),
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update command set outcome = $3, detail = $4, told_at = $5
         where store_id = $1 and id = $2 and outcome = ''",
    )
    .bind(store.0)
    .bind(id.to_string())
    .bind(outcome)
    .bind(detail)
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("keep what came of a command"))?;
    Ok(())
}

/// The newest commands that were given since, by store.
pub(crate) async fn given_since(
    tx: &mut Conn,
    since: Timestamp,
) -> Result<Vec<Changed<i64>>, DbError> {
    let found: Vec<(i64, i64, String)> = sqlx::query_as(
        "select max(command.number), max(command.given_at), store.code
         from command join store on store.store_id = command.store_id
         where command.given_at >= $1 group by store.code order by store.code",
    )
    .bind(since.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read which commands were given"))?;
    let changed =
        |(number, at, code)| Changed { code, what: number, at: Timestamp::from_micros(at) };
    Ok(found.into_iter().map(changed).collect())
}
