//! Commands to stores.
//!
//! **Invariant:** what came of a command is written once and never changed.

use domain::time::Timestamp;
use sqlx::AssertSqlSafe;
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
    /// When the store fetched it; 1970 while it did not.
    pub(crate) taken_at: Timestamp,
    /// The group that it was given to; empty where it was given to the store alone.
    pub(crate) given_to: String,
}

type Columns = (i64, String, String, String, i64, i64, String, String, i64, i64, String);

fn row(found: Columns) -> Result<CommandRow, DbError> {
    let (number, id, word, given_by, given_at, not_after, outcome, detail, told_at, taken_at, to) =
        found;
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
        taken_at: Timestamp::from_micros(taken_at),
        given_to: to,
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
           detail, told_at, taken_at, given_to)
         values ($1, $2, $3, $4, $5, $6, $7, '', '', 0, 0, $8)",
    )
    .bind(store.0)
    .bind(command.number)
    .bind(command.id.to_string())
    .bind(command.word.as_str())
    .bind(command.given_by.as_str())
    .bind(command.given_at.micros())
    .bind(command.not_after.micros())
    .bind(command.given_to.as_str())
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
        "select number, id, word, given_by, given_at, not_after, outcome, detail, told_at, taken_at,
                given_to
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
        "select number, id, word, given_by, given_at, not_after, outcome, detail, told_at, taken_at,
                given_to
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

/// Notes that a store has fetched its open commands.
pub(crate) async fn take(tx: &mut Conn, store: StoreId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "update command set taken_at = $2
         where store_id = $1 and outcome = '' and taken_at = 0 and not_after >= $2",
    )
    .bind(store.0)
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("note that commands were fetched"))?;
    Ok(())
}

/// Of which store a command is, by its code.
pub(crate) type OfStore = (String, CommandRow);

/// A place in the list of all stores' commands: given at, store, number.
pub(crate) type Place = (Timestamp, StoreId, i64);

/// The commands of all stores, or of one, the newest first; only those after a place.
pub(crate) async fn all(
    tx: &mut Conn,
    store: Option<StoreId>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(StoreId, OfStore)>, DbError> {
    type Row =
        (i64, String, i64, String, String, String, i64, i64, String, String, i64, i64, String);
    const READ: &str = "select command.store_id, store.code, number, id, word, given_by, given_at,
           not_after, outcome, detail, told_at, taken_at, given_to
         from command join store on store.store_id = command.store_id
         where (given_at < $1 or (given_at = $1 and (command.store_id > $2
                or (command.store_id = $2 and number < $3))))";
    const ORDER: &str = "order by given_at desc, command.store_id, number desc limit $4";
    let end = (Timestamp::from_micros(i64::MAX), StoreId(0), i64::MAX);
    let (at, of, number) = after.unwrap_or(end);
    let statement = match store {
        Some(_) => format!("{READ} and command.store_id = $5 {ORDER}"),
        None => format!("{READ} {ORDER}"),
    };
    let mut query = sqlx::query_as(AssertSqlSafe(statement))
        .bind(at.micros())
        .bind(of.0)
        .bind(number)
        .bind(limit);
    if let Some(store) = store {
        query = query.bind(store.0);
    }
    let found: Vec<Row> = query.fetch_all(tx).await.map_err(sql("read the commands"))?;
    found
        .into_iter()
        .map(
            |(
                store,
                code,
                number,
                id,
                word,
                by,
                at,
                not_after,
                outcome,
                detail,
                told,
                taken,
                to,
            )| {
                let columns =
                    (number, id, word, by, at, not_after, outcome, detail, told, taken, to);
                Ok((StoreId(store), (code, row(columns)?)))
            },
        )
        .collect()
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
