//! Public halves of the keys that sign tokens, and the text that knows the seal again.
//!
//! **Invariant:** no private key is in a table.

use domain::time::Timestamp;
use sync::{replica::StoreId, token::KEYS_MAX};

use super::{Conn, DbError, damaged, sql};

/// A key by its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRow {
    /// 1, 2, 3 …
    pub(crate) version: u8,
    /// Ed25519, 64 hexadecimal digits.
    pub(crate) public_key: String,
    /// When it was made and told to the stores.
    pub(crate) created_at: Timestamp,
}

/// The sealed text, if one was kept.
pub(crate) async fn known(tx: &mut Conn) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> = sqlx::query_as("select cell from vault_check where one = 1")
        .fetch_optional(tx)
        .await
        .map_err(sql("read how the database is sealed"))?;
    Ok(found.map(|(cell,)| cell))
}

/// Keeps the sealed text; one that is there stays.
pub(crate) async fn put_known(tx: &mut Conn, cell: &str) -> Result<(), DbError> {
    sqlx::query("insert into vault_check (one, cell) values (1, $1) on conflict do nothing")
        .bind(cell)
        .execute(tx)
        .await
        .map_err(sql("keep how the database is sealed"))?;
    Ok(())
}

/// The newest keys, newest first: as many as are believed at once.
pub(crate) async fn newest(tx: &mut Conn) -> Result<Vec<KeyRow>, DbError> {
    let doing = "read the keys of tokens";
    let found: Vec<(i64, String, i64)> = sqlx::query_as(
        "select version, public_key, created_at from token_key order by version desc limit $1",
    )
    .bind(i64::try_from(KEYS_MAX).unwrap_or(2))
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |(version, public_key, at): (i64, String, i64)| {
        let version = u8::try_from(version).map_err(|_| damaged(doing))?;
        Ok(KeyRow { version, public_key, created_at: Timestamp::from_micros(at) })
    };
    found.into_iter().map(row).collect()
}

/// Keeps a key; one of the same version that is there stays.
pub(crate) async fn insert(tx: &mut Conn, row: &KeyRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into token_key (version, public_key, created_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(i64::from(row.version))
    .bind(row.public_key.as_str())
    .bind(row.created_at.micros())
    .execute(tx)
    .await
    .map_err(sql("keep a key of tokens"))?;
    Ok(())
}

/// Which version of a store's feed last brought other keys.
pub(crate) async fn told(tx: &mut Conn, store: StoreId) -> Result<i64, DbError> {
    let (version,): (i64,) = sqlx::query_as("select keys_version from store where store_id = $1")
        .bind(store.0)
        .fetch_one(tx)
        .await
        .map_err(sql("read when a store was told of keys"))?;
    Ok(version)
}

/// Says that a version of a store's feed brings other keys.
pub(crate) async fn tell(tx: &mut Conn, store: StoreId, version: i64) -> Result<(), DbError> {
    sqlx::query("update store set keys_version = $2 where store_id = $1")
        .bind(store.0)
        .bind(version)
        .execute(tx)
        .await
        .map_err(sql("tell a store of keys"))?;
    Ok(())
}
