//! The counter of each feed.
//!
//! A change raises its scope's counter once, as the first statement that writes, and gives the new
//! version to every row it touches. The `update` holds the counter's row until the commit, so the
//! next change of that scope gets its number only when this one can be seen: versions become
//! visible in the order of their numbers. That is what a poller needs. With numbers from a
//! sequence, change 8 could commit before change 7; a poller that has read 8 asks for what comes
//! after 8 and never sees 7. Raised first or last makes no difference to that, only to how long
//! writers of one scope wait for each other; first, because the rows carry the number.
//!
//! **Invariant:** nobody else writes a version.

use domain::{id::IncarnationId, time::Timestamp};
use sync::replica::Scope;

use super::{Conn, DbError, damaged, sql};

/// Where a feed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The feed's life.
    pub(crate) incarnation: IncarnationId,
    /// Its newest version.
    pub(crate) version: i64,
    /// Tombstones up to this version are gone.
    pub(crate) kept_since: i64,
    /// When the newest version was made.
    pub(crate) changed_at: Timestamp,
}

/// Begins a scope's feed unless it has one.
pub(crate) async fn create(
    tx: &mut Conn,
    scope: Scope,
    incarnation: IncarnationId,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into scope (scope, incarnation, version, kept_since, changed_at)
         values ($1, $2, 0, 0, $3) on conflict do nothing",
    )
    .bind(scope.to_string())
    .bind(incarnation.to_string())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("begin a feed"))?;
    Ok(())
}

/// Where a scope's feed stands; `None` for a scope that is not.
pub(crate) async fn head(tx: &mut Conn, scope: Scope) -> Result<Option<Head>, DbError> {
    let doing = "read the head of a feed";
    let row: Option<(String, i64, i64, i64)> = sqlx::query_as(
        "select incarnation, version, kept_since, changed_at from scope where scope = $1",
    )
    .bind(scope.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql(doing))?;
    row.map(|(incarnation, version, kept_since, changed_at)| {
        Ok(Head {
            incarnation: incarnation.parse().map_err(|_| damaged(doing))?,
            version,
            kept_since,
            changed_at: Timestamp::from_micros(changed_at),
        })
    })
    .transpose()
}

/// Raises a scope's counter and holds it until the commit; the answer is the new version.
pub(crate) async fn raise(tx: &mut Conn, scope: Scope, now: Timestamp) -> Result<i64, DbError> {
    let (version,): (i64,) = sqlx::query_as(
        "update scope set version = version + 1, changed_at = $2 where scope = $1
         returning version",
    )
    .bind(scope.to_string())
    .bind(now.micros())
    .fetch_one(tx)
    .await
    .map_err(sql("raise the version of a feed"))?;
    Ok(version)
}

/// Says that tombstones up to a version are gone.
pub(crate) async fn keep_since(tx: &mut Conn, scope: Scope, version: i64) -> Result<(), DbError> {
    sqlx::query("update scope set kept_since = $2 where scope = $1 and kept_since < $2")
        .bind(scope.to_string())
        .bind(version)
        .execute(tx)
        .await
        .map_err(sql("forget tombstones"))?;
    Ok(())
}
