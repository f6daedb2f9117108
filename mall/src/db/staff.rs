//! HQ's tokens.
//!
//! **Invariant:** no token is kept, only its hash.

use domain::time::Timestamp;
use sync::chain::Hash;

use super::{Conn, DbError, sql};

/// What a token may do besides reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Put rules in force.
    pub(crate) may_save_rules: bool,
    /// Set things in stores.
    pub(crate) may_save_settings: bool,
    /// Add members, change what they have, issue coupons.
    pub(crate) may_manage_members: bool,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Put rules in force.
    SaveRules,
    /// Set things in stores.
    SaveSettings,
    /// Add members, change what they have, issue coupons.
    ManageMembers,
}

impl Rights {
    /// Whether a right is among them.
    pub(crate) const fn has(self, right: Right) -> bool {
        match right {
            Right::SaveRules => self.may_save_rules,
            Right::SaveSettings => self.may_save_settings,
            Right::ManageMembers => self.may_manage_members,
        }
    }
}

/// A holder of a token.
#[derive(Clone, Debug)]
pub(crate) struct StaffRow {
    /// Who.
    pub(crate) name: String,
    /// Since when.
    pub(crate) created_at: Timestamp,
    /// Whether the token is good no more.
    pub(crate) is_revoked: bool,
    /// What they may do besides reading.
    pub(crate) rights: Rights,
}

type Columns = (String, i64, i64, i64, i64, i64);

fn row((name, created_at, revoked_at, rules, settings, members): Columns) -> StaffRow {
    let created_at = Timestamp::from_micros(created_at);
    let rights = Rights {
        may_save_rules: rules != 0,
        may_save_settings: settings != 0,
        may_manage_members: members != 0,
    };
    StaffRow { name, created_at, is_revoked: revoked_at != 0, rights }
}

/// Keeps a new holder, by the token's hash; `false` when the name is taken.
pub(crate) async fn insert(
    tx: &mut Conn,
    token: Hash,
    name: &str,
    rights: Rights,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into staff (token_hash, name, created_at, revoked_at, may_save_rules,
                            may_save_settings, may_manage_members)
         values ($1, $2, $3, 0, $4, $5, $6)
         on conflict do nothing",
    )
    .bind(token.to_string())
    .bind(name)
    .bind(now.micros())
    .bind(i64::from(rights.may_save_rules))
    .bind(i64::from(rights.may_save_settings))
    .bind(i64::from(rights.may_manage_members))
    .execute(tx)
    .await
    .map_err(sql("keep a token"))?;
    Ok(done.rows_affected() > 0)
}

/// Who holds a token, by its hash.
pub(crate) async fn by_token(tx: &mut Conn, token: Hash) -> Result<Option<StaffRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select name, created_at, revoked_at, may_save_rules, may_save_settings, may_manage_members
         from staff where token_hash = $1",
    )
    .bind(token.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a token"))?;
    Ok(found.map(row))
}

/// Every holder, by name.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<StaffRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select name, created_at, revoked_at, may_save_rules, may_save_settings, may_manage_members
         from staff order by name",
    )
    .fetch_all(tx)
    .await
    .map_err(sql("read the tokens"))?;
    Ok(found.into_iter().map(row).collect())
}

/// Ends a token; `false` when there is none to end.
pub(crate) async fn revoke(tx: &mut Conn, name: &str, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("update staff set revoked_at = $2 where name = $1 and revoked_at = 0")
        .bind(name)
        .bind(now.micros())
        .execute(tx)
        .await
        .map_err(sql("revoke a token"))?;
    Ok(done.rows_affected() > 0)
}
