//! Stores.
//!
//! **Invariant:** a store's number and code never change.

use domain::time::Timestamp;
use sync::{replica::StoreId, wire::StoreV1};

use super::{Conn, DbError, damaged, sql};

/// A store as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct StoreRow {
    /// Its number.
    pub(crate) id: StoreId,
    /// What it is, as the feed carries it.
    pub(crate) store: StoreV1,
    /// The version that made it so.
    pub(crate) version: i64,
}

type Columns = (i64, String, i64);

fn row((id, body, version): Columns) -> Result<StoreRow, DbError> {
    let store = serde_json::from_str(&body).map_err(|_| damaged("read a store"))?;
    Ok(StoreRow { id: StoreId(id), store, version })
}

/// The number for a new store; taken inside the transaction that inserts it.
pub(crate) async fn next_id(tx: &mut Conn) -> Result<StoreId, DbError> {
    let (id,): (i64,) = sqlx::query_as("select coalesce(max(store_id), 0) + 1 from store")
        .fetch_one(tx)
        .await
        .map_err(sql("number a store"))?;
    Ok(StoreId(id))
}

/// A store by its code.
pub(crate) async fn by_code(tx: &mut Conn, code: &str) -> Result<Option<StoreRow>, DbError> {
    let found: Option<Columns> =
        sqlx::query_as("select store_id, body, version from store where code = $1")
            .bind(code)
            .fetch_optional(tx)
            .await
            .map_err(sql("read a store"))?;
    found.map(row).transpose()
}

/// A store by its number.
pub(crate) async fn by_id(tx: &mut Conn, id: StoreId) -> Result<Option<StoreRow>, DbError> {
    let found: Option<Columns> =
        sqlx::query_as("select store_id, body, version from store where store_id = $1")
            .bind(id.0)
            .fetch_optional(tx)
            .await
            .map_err(sql("read a store"))?;
    found.map(row).transpose()
}

/// A store's code.
pub(crate) async fn code(tx: &mut Conn, id: StoreId) -> Result<String, DbError> {
    let (code,): (String,) = sqlx::query_as("select code from store where store_id = $1")
        .bind(id.0)
        .fetch_one(tx)
        .await
        .map_err(sql("read the code of a store"))?;
    Ok(code)
}

/// Every store, by code.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<StoreRow>, DbError> {
    let found: Vec<Columns> =
        sqlx::query_as("select store_id, body, version from store order by code")
            .fetch_all(tx)
            .await
            .map_err(sql("read the stores"))?;
    found.into_iter().map(row).collect()
}

/// Writes a store as it now is.
pub(crate) async fn upsert(
    tx: &mut Conn,
    id: StoreId,
    store: &StoreV1,
    version: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let body = serde_json::to_string(store).map_err(|_| damaged("write a store"))?;
    sqlx::query(
        "insert into store (store_id, code, body, version, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (store_id) do update set body = excluded.body, version = excluded.version",
    )
    .bind(id.0)
    .bind(store.code.as_str())
    .bind(body)
    .bind(version)
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("write a store"))?;
    Ok(())
}
