//! Documents of settings: each is kept for ever, the newest of a target is desired. What became of
//! them, and whether stores are there.
//!
//! They are kept under a number: a store's, `ALL`, or below 0 a group's (`GroupRow::owner`).
//!
//! **Invariant:** a document is inserted and never changed; a report or a will that is older than
//! what is known changes nothing.

use domain::{id::EdgeId, time::Timestamp};
use sync::{
    replica::StoreId,
    settings::Target,
    wire::{CameByV1, PresenceV1, RefusedV1, StandingV1},
};

use super::{Conn, DbError, damaged, sql};

/// The number under which documents for all stores are kept.
pub(crate) const ALL: StoreId = StoreId(0);

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingsRow {
    /// Whose: a store's, `ALL`, or a group's.
    pub(crate) store: StoreId,
    /// 1, 2, 3 … for each.
    pub(crate) revision: i64,
    /// `SettingsV1` as JSON.
    pub(crate) body: String,
    /// Why it was saved.
    pub(crate) note: String,
    /// By whom.
    pub(crate) saved_by: String,
    /// When.
    pub(crate) saved_at: Timestamp,
}

type Columns = (i64, i64, String, String, String, i64);

fn row((store, revision, body, note, saved_by, saved_at): Columns) -> SettingsRow {
    let (store, saved_at) = (StoreId(store), Timestamp::from_micros(saved_at));
    SettingsRow { store, revision, body, note, saved_by, saved_at }
}

/// The document that is desired; `None` before the first.
pub(crate) async fn current(tx: &mut Conn, store: StoreId) -> Result<Option<SettingsRow>, DbError> {
    Ok(before(tx, store, i64::MAX, 1).await?.into_iter().next())
}

/// The documents that are desired, of every target.
pub(crate) async fn all_desired(tx: &mut Conn) -> Result<Vec<String>, DbError> {
    let found: Vec<(String,)> = sqlx::query_as(
        "select body from settings join
           (select store_id, max(revision) as newest from settings group by store_id) as desired
           on desired.store_id = settings.store_id and desired.newest = settings.revision",
    )
    .fetch_all(tx)
    .await
    .map_err(sql("read the settings"))?;
    Ok(found.into_iter().map(|(body,)| body).collect())
}

/// Documents before a revision, newest first.
pub(crate) async fn before(
    tx: &mut Conn,
    store: StoreId,
    revision: i64,
    limit: i64,
) -> Result<Vec<SettingsRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select store_id, revision, body, note, saved_by, saved_at from settings
         where store_id = $1 and revision < $2 order by revision desc limit $3",
    )
    .bind(store.0)
    .bind(revision)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the settings"))?;
    Ok(found.into_iter().map(row).collect())
}

/// Keeps a document; `false` when its revision is taken.
pub(crate) async fn insert(tx: &mut Conn, row: &SettingsRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into settings (store_id, revision, body, note, saved_by, saved_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(row.store.0)
    .bind(row.revision)
    .bind(row.body.as_str())
    .bind(row.note.as_str())
    .bind(row.saved_by.as_str())
    .bind(row.saved_at.micros())
    .execute(tx)
    .await
    .map_err(sql("keep settings"))?;
    Ok(done.rows_affected() > 0)
}

/// Something that changed: a document of a store, or a feed's version; with the store's code, empty
/// for what is all stores'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed<T> {
    /// The store's code.
    pub(crate) code: String,
    /// What.
    pub(crate) what: T,
    /// When.
    pub(crate) at: Timestamp,
}

/// The newest revisions of documents that were saved since.
pub(crate) async fn saved_since(
    tx: &mut Conn,
    since: Timestamp,
) -> Result<Vec<Changed<(StoreId, i64)>>, DbError> {
    let found: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select settings.store_id, max(settings.revision), max(settings.saved_at),
                coalesce(max(store.code), '')
         from settings left join store on store.store_id = settings.store_id
         where settings.saved_at >= $1 group by settings.store_id order by settings.store_id",
    )
    .bind(since.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read which settings changed"))?;
    let changed = |(store, revision, at, code)| Changed {
        code,
        what: (StoreId(store), revision),
        at: Timestamp::from_micros(at),
    };
    Ok(found.into_iter().map(changed).collect())
}

/// The versions of feeds that changed since, by scope.
pub(crate) async fn scopes_since(
    tx: &mut Conn,
    since: Timestamp,
) -> Result<Vec<Changed<(String, i64)>>, DbError> {
    let found: Vec<(String, i64, i64, String)> = sqlx::query_as(
        "select scope.scope, scope.version, scope.changed_at, coalesce(store.code, '')
         from scope left join store on scope.scope = 'store-' || cast(store.store_id as text)
         where scope.changed_at >= $1 order by scope.scope",
    )
    .bind(since.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read which feeds changed"))?;
    let changed = |(scope, version, at, code)| Changed {
        code,
        what: (scope, version),
        at: Timestamp::from_micros(at),
    };
    Ok(found.into_iter().map(changed).collect())
}

/// A target as a store's standings name it.
pub(crate) fn target_word(target: &Target) -> String {
    match target {
        Target::All => "all".to_owned(),
        Target::Store(_) => "own".to_owned(),
        Target::Groups(_) => "groups".to_owned(),
        Target::Group(group) => format!("group/{group}"),
    }
}

/// Forgets what a node said of targets that its newest report does not name.
pub(crate) async fn forget_older(
    tx: &mut Conn,
    store: StoreId,
    edge: EdgeId,
    at_micros: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "delete from settings_standing where store_id = $1 and edge_id = $2 and reported_at < $3",
    )
    .bind(store.0)
    .bind(edge.to_string())
    .bind(at_micros)
    .execute(tx)
    .await
    .map_err(sql("forget what became of older settings"))?;
    Ok(())
}

/// Keeps what a node says became of a target's settings, unless something newer is known.
pub(crate) async fn report(
    tx: &mut Conn,
    store: StoreId,
    edge: EdgeId,
    standing: &StandingV1,
    at_micros: i64,
) -> Result<(), DbError> {
    let refused = standing.refused.clone().unwrap_or(RefusedV1 {
        revision: 0,
        reason: String::new(),
        detail: String::new(),
    });
    sqlx::query(
        "insert into settings_standing (store_id, edge_id, target, applied, is_on_trial, came_by,
           refused_revision, refused_reason, refused_detail, unknown, reported_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (store_id, edge_id, target) do update set
           applied = excluded.applied, is_on_trial = excluded.is_on_trial,
           came_by = excluded.came_by, refused_revision = excluded.refused_revision,
           refused_reason = excluded.refused_reason, refused_detail = excluded.refused_detail,
           unknown = excluded.unknown, reported_at = excluded.reported_at
         where settings_standing.reported_at <= excluded.reported_at",
    )
    .bind(store.0)
    .bind(edge.to_string())
    .bind(target_word(&standing.target))
    .bind(standing.applied)
    .bind(i64::from(standing.is_on_trial))
    .bind(standing.came_by.map_or("", CameByV1::word))
    .bind(refused.revision)
    .bind(refused.reason)
    .bind(refused.detail)
    .bind(standing.unknown.join(", "))
    .bind(at_micros)
    .execute(tx)
    .await
    .map_err(sql("keep what became of settings"))?;
    Ok(())
}

/// What a node said of a target's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportRow {
    /// The store.
    pub(crate) store: StoreId,
    /// The node.
    pub(crate) edge: EdgeId,
    /// What it is about: `all`, `own`, `groups`, `group/<key>`.
    pub(crate) target: String,
    /// The revision in force.
    pub(crate) applied: i64,
    /// Whether it is on trial still.
    pub(crate) is_on_trial: bool,
    /// How it came, in one word.
    pub(crate) came_by: String,
    /// What was refused since.
    pub(crate) refused: Option<RefusedV1>,
    /// Keys that its program has no word for.
    pub(crate) unknown: String,
}

type ReportColumns = (i64, String, String, i64, i64, String, i64, String, String, String);

/// What nodes said of their settings; of one store, or of all.
pub(crate) async fn reports(
    tx: &mut Conn,
    store: Option<StoreId>,
) -> Result<Vec<ReportRow>, DbError> {
    let doing = "read what became of settings";
    let query = match store {
        Some(store) => sqlx::query_as(
            "select store_id, edge_id, target, applied, is_on_trial, came_by, refused_revision,
                    refused_reason, refused_detail, unknown
             from settings_standing where store_id = $1 order by edge_id, target",
        )
        .bind(store.0),
        None => sqlx::query_as(
            "select store_id, edge_id, target, applied, is_on_trial, came_by, refused_revision,
                    refused_reason, refused_detail, unknown
             from settings_standing order by store_id, edge_id, target",
        ),
    };
    let found: Vec<ReportColumns> = query.fetch_all(tx).await.map_err(sql(doing))?;
    found
        .into_iter()
        .map(|(store, edge, target, applied, trial, came_by, revision, reason, detail, unknown)| {
            let refused = (!reason.is_empty()).then_some(RefusedV1 { revision, reason, detail });
            Ok(ReportRow {
                store: StoreId(store),
                edge: edge.parse().map_err(|_| damaged(doing))?,
                target,
                applied,
                is_on_trial: trial != 0,
                came_by,
                refused,
                unknown,
            })
        })
        .collect()
}

/// Notes that a node said something itself just now.
pub(crate) async fn heard(
    tx: &mut Conn,
    store: StoreId,
    edge: EdgeId,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into edge_presence (store_id, edge_id, boot, program, line_up, heard_at, gone_at)
         values ($1, $2, '', '', 0, $3, 0)
         on conflict (store_id, edge_id) do update set heard_at = excluded.heard_at
         where edge_presence.heard_at < excluded.heard_at",
    )
    .bind(store.0)
    .bind(edge.to_string())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("note that a store was heard"))?;
    Ok(())
}

/// Notes that the broker has a node's line, by its own word; `is_live` when it said so just now.
pub(crate) async fn came(
    tx: &mut Conn,
    store: StoreId,
    presence: &PresenceV1,
    is_live: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into edge_presence (store_id, edge_id, boot, program, line_up, heard_at, gone_at)
         values ($1, $2, $3, $4, 1, $5, 0)
         on conflict (store_id, edge_id) do update set boot = excluded.boot,
           program = excluded.program, line_up = 1,
           heard_at = case when edge_presence.heard_at < excluded.heard_at
                           then excluded.heard_at else edge_presence.heard_at end",
    )
    .bind(store.0)
    .bind(presence.edge.to_string())
    .bind(presence.boot.as_str())
    .bind(presence.program.as_str())
    .bind(if is_live { now.micros() } else { 0 })
    .execute(tx)
    .await
    .map_err(sql("note that a store is there"))?;
    Ok(())
}

/// Notes that a node's line is gone; the will of another start than the one that is known says
/// nothing. `false` when it was ignored.
pub(crate) async fn went(
    tx: &mut Conn,
    store: StoreId,
    presence: &PresenceV1,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update edge_presence set line_up = 0, gone_at = $4
         where store_id = $1 and edge_id = $2 and boot = $3 and line_up = 1",
    )
    .bind(store.0)
    .bind(presence.edge.to_string())
    .bind(presence.boot.as_str())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("note that a store is gone"))?;
    Ok(done.rows_affected() > 0)
}

/// Forgets whose lines the broker has.
pub(crate) async fn forget_lines(tx: &mut Conn) -> Result<(), DbError> {
    let done =
        sqlx::query("update edge_presence set line_up = 0 where line_up = 1").execute(tx).await;
    done.map(|_| ()).map_err(sql("forget whose lines are up"))
}

/// Whether a node is there, as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PresenceRow {
    /// The store.
    pub(crate) store: StoreId,
    /// The node.
    pub(crate) edge: EdgeId,
    /// Its program's version.
    pub(crate) program: String,
    /// Whether the broker has its line.
    pub(crate) is_line_up: bool,
    /// When it said something itself; 1970 for never.
    pub(crate) heard_at: Timestamp,
    /// When the broker lost it.
    pub(crate) gone_at: Timestamp,
}

type PresenceColumns = (i64, String, String, i64, i64, i64);

/// Whether nodes are there; of one store, or of all.
pub(crate) async fn presences(
    tx: &mut Conn,
    store: Option<StoreId>,
) -> Result<Vec<PresenceRow>, DbError> {
    let doing = "read which stores are there";
    let query = match store {
        Some(store) => sqlx::query_as(
            "select store_id, edge_id, program, line_up, heard_at, gone_at
             from edge_presence where store_id = $1 order by edge_id",
        )
        .bind(store.0),
        None => sqlx::query_as(
            "select store_id, edge_id, program, line_up, heard_at, gone_at
             from edge_presence order by store_id, edge_id",
        ),
    };
    let found: Vec<PresenceColumns> = query.fetch_all(tx).await.map_err(sql(doing))?;
    found
        .into_iter()
        .map(|(store, edge, program, line_up, heard_at, gone_at)| {
            Ok(PresenceRow {
                store: StoreId(store),
                edge: edge.parse().map_err(|_| damaged(doing))?,
                program,
                is_line_up: line_up != 0,
                heard_at: Timestamp::from_micros(heard_at),
                gone_at: Timestamp::from_micros(gone_at),
            })
        })
        .collect()
}
