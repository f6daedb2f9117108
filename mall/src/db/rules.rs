//! Sets of rules: each is kept for ever, the newest is in force.
//!
//! **Invariant:** inserts only; a body is written once and its bytes are never made again.

use domain::time::Timestamp;
use sync::chain::Hash;

use super::{Conn, DbError, damaged, sql};

/// What is known of a set beside its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSetHead {
    /// 1, 2, 3 …
    pub(crate) revision: i64,
    /// Digest of its body.
    pub(crate) sha256: Hash,
    /// How many rules it has.
    pub(crate) n_rules: i64,
    /// Why it was saved.
    pub(crate) note: String,
    /// By whom.
    pub(crate) saved_by: String,
    /// When.
    pub(crate) saved_at: Timestamp,
    /// The version of the catalog's feed that brought it to the stores.
    pub(crate) version: i64,
}

type Columns = (i64, String, i64, String, String, i64, i64);

fn head(
    (revision, sha256, n_rules, note, saved_by, at, version): Columns,
) -> Result<RuleSetHead, DbError> {
    let sha256 = Hash::from_hex(&sha256).ok_or_else(|| damaged("read a rule set"))?;
    let saved_at = Timestamp::from_micros(at);
    Ok(RuleSetHead { revision, sha256, n_rules, note, saved_by, saved_at, version })
}

/// The set in force; `None` before the first was saved.
pub(crate) async fn current(tx: &mut Conn) -> Result<Option<RuleSetHead>, DbError> {
    Ok(heads(tx, i64::MAX, 1).await?.into_iter().next())
}

/// Sets before a revision, newest first.
pub(crate) async fn heads(
    tx: &mut Conn,
    before: i64,
    limit: i64,
) -> Result<Vec<RuleSetHead>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select revision, sha256, n_rules, note, saved_by, saved_at, version from rule_set
         where revision < $1 order by revision desc limit $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the rule sets"))?;
    found.into_iter().map(head).collect()
}

/// A set by its revision.
pub(crate) async fn by_revision(
    tx: &mut Conn,
    revision: i64,
) -> Result<Option<RuleSetHead>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select revision, sha256, n_rules, note, saved_by, saved_at, version from rule_set
         where revision = $1",
    )
    .bind(revision)
    .fetch_optional(tx)
    .await
    .map_err(sql("read a rule set"))?;
    found.map(head).transpose()
}

/// The bytes of a set.
pub(crate) async fn body(tx: &mut Conn, revision: i64) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> = sqlx::query_as("select body from rule_set where revision = $1")
        .bind(revision)
        .fetch_optional(tx)
        .await
        .map_err(sql("read a rule set"))?;
    Ok(found.map(|(body,)| body))
}

/// Keeps a new set.
pub(crate) async fn insert(tx: &mut Conn, head: &RuleSetHead, body: &str) -> Result<(), DbError> {
    sqlx::query(
        "insert into rule_set (revision, body, sha256, n_rules, note, saved_by, saved_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(head.revision)
    .bind(body)
    .bind(head.sha256.to_string())
    .bind(head.n_rules)
    .bind(head.note.as_str())
    .bind(head.saved_by.as_str())
    .bind(head.saved_at.micros())
    .bind(head.version)
    .execute(tx)
    .await
    .map_err(sql("keep a rule set"))?;
    Ok(())
}
