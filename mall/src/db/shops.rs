//! Online shops' tokens.
//!
//! **Invariant:** no token is kept, only its hash.

use domain::time::Timestamp;
use sync::chain::Hash;

use super::{Conn, DbError, sql};

/// Keeps a new shop, by its token's hash; `false` when the name is taken.
pub(crate) async fn insert(
    tx: &mut Conn,
    token: Hash,
    name: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into shop (token_hash, name, created_at, revoked_at) values ($1, $2, $3, 0)
         on conflict do nothing",
    )
    .bind(token.to_string())
    .bind(name)
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("keep a shop's token"))?;
    Ok(done.rows_affected() > 0)
}

/// The name of the shop whose token this is, unless it was ended.
pub(crate) async fn by_token(tx: &mut Conn, token: Hash) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> =
        sqlx::query_as("select name from shop where token_hash = $1 and revoked_at = 0")
            .bind(token.to_string())
            .fetch_optional(tx)
            .await
            .map_err(sql("read a shop's token"))?;
    Ok(found.map(|(name,)| name))
}

/// Ends a shop's token; `false` when there is none to end.
pub(crate) async fn revoke(tx: &mut Conn, name: &str, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("update shop set revoked_at = $2 where name = $1 and revoked_at = 0")
        .bind(name)
        .bind(now.micros())
        .execute(tx)
        .await
        .map_err(sql("revoke a shop's token"))?;
    Ok(done.rows_affected() > 0)
}

/// A shop with its token's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShopRow {
    /// Which.
    pub(crate) name: String,
    /// Since when.
    pub(crate) created_at: Timestamp,
    /// Whether its token is good no more.
    pub(crate) is_revoked: bool,
}

/// Every shop, by name.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<ShopRow>, DbError> {
    let found: Vec<(String, i64, i64)> =
        sqlx::query_as("select name, created_at, revoked_at from shop order by name")
            .fetch_all(tx)
            .await
            .map_err(sql("read the shops"))?;
    let row = |(name, at, revoked)| ShopRow {
        name,
        created_at: Timestamp::from_micros(at),
        is_revoked: revoked != 0,
    };
    Ok(found.into_iter().map(row).collect())
}
