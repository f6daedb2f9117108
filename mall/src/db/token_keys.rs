//! Public halves of the keys that sign tokens, and the text that knows the seal again.
//!
//! **Invariant:** no private key is in a table.

use domain::time::Timestamp;
use sync::replica::StoreId;

use super::{Conn, DbError, damaged, moment, sql};

/// A key by its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRow {
    /// 1, 2, 3 …
    pub(crate) version: u8,
    /// Ed25519, 64 hexadecimal digits.
    pub(crate) public_key: String,
    /// When it was made and told to the stores.
    pub(crate) created_at: Timestamp,
    /// Since when it is believed no more.
    pub(crate) retired_at: Option<Timestamp>,
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

/// Every key that there ever was, newest first.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<KeyRow>, DbError> {
    let doing = "read the keys of tokens";
    let found: Vec<(i64, String, i64, i64)> = sqlx::query_as(
        "select version, public_key, created_at, retired_at from token_key order by version desc",
    )
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |(version, public_key, at, retired): (i64, String, i64, i64)| {
        let version = u8::try_from(version).map_err(|_| damaged(doing))?;
        let (created_at, retired_at) = (Timestamp::from_micros(at), moment::of(retired));
        Ok(KeyRow { version, public_key, created_at, retired_at })
    };
    found.into_iter().map(row).collect()
}

/// The keys that are believed, newest first.
pub(crate) async fn believed(tx: &mut Conn) -> Result<Vec<KeyRow>, DbError> {
    let mut keys = all(tx).await?;
    keys.retain(|key| key.retired_at.is_none());
    Ok(keys)
}

/// Whether something may still be used that was signed before a moment: a coupon, or an online order
/// that waits. Members' codes are in no table.
pub(crate) async fn is_any_good(
    tx: &mut Conn,
    signed_before: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select until_s from coupon where issued_at < $1 and until_s >= $2
         union all
         select until_at from online_order
         where state in ('placed', 'picking', 'ready') and placed_at < $1
         limit 1",
    )
    .bind(signed_before.micros())
    .bind(now.micros().div_euclid(1_000_000))
    .fetch_optional(tx)
    .await
    .map_err(sql("read what is still good of what was signed"))?;
    Ok(found.is_some())
}

/// Says that a key is believed no more.
pub(crate) async fn retire(tx: &mut Conn, version: u8, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("update token_key set retired_at = $2 where version = $1 and retired_at = 0")
        .bind(i64::from(version))
        .bind(now.micros())
        .execute(tx)
        .await
        .map_err(sql("retire a key of tokens"))?;
    Ok(())
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
