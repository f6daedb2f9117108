//! Settings in force, on trial, the ones before, what was refused or taken back, and the keys to
//! believe them by.
//!
//! **Invariant:** a document that was good stays in the file until another one has proven itself;
//! one that was taken back is remembered.

use domain::time::Timestamp;
use rusqlite::{Connection, params};
use sync::{
    settings::{GroupKey, SettingsKeyV1, Target},
    wire::{CameByV1, RefusedV1},
};

use super::DbError;

/// Whose document it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// All stores'.
    All,
    /// This store's.
    Own,
    /// What tells this store its groups.
    Groups,
    /// A group's.
    Group(GroupKey),
}

/// Before a group's key.
const GROUP: &str = "group/";

impl Whose {
    /// Whose document a target's is; another store's is for the caller to refuse.
    pub(crate) fn of(target: &Target) -> Self {
        match target {
            Target::All => Self::All,
            Target::Store(_) => Self::Own,
            Target::Groups(_) => Self::Groups,
            Target::Group(key) => Self::Group(key.clone()),
        }
    }

    /// The word in the file and for people.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Own => "own".to_owned(),
            Self::Groups => "groups".to_owned(),
            Self::Group(key) => format!("{GROUP}{key}"),
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "all" => Some(Self::All),
            "own" => Some(Self::Own),
            "groups" => Some(Self::Groups),
            _ => word.strip_prefix(GROUP)?.parse().ok().map(Self::Group),
        }
    }
}

/// A document as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its revision.
    pub(crate) revision: i64,
    /// As it was signed.
    pub(crate) body: String,
    /// How it came.
    pub(crate) came_by: CameByV1,
}

/// A document on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnTrial {
    /// Rises with every document that begins: of several the newest is blamed.
    pub(crate) joined: i64,
    /// The program ended in order since it began, and not by a blow.
    pub(crate) is_stopped: bool,
}

/// A document in force; whether it is on trial.
pub(crate) type InForce = (Whose, Document, Option<OnTrial>);

/// A document that was taken back: its revision and body.
pub(crate) type RolledBack = (Whose, (i64, String));

/// A refusal and since when.
pub(crate) type Refused = (RefusedV1, Timestamp);

type Row = (String, i64, String, String, i64, bool, bool);

/// The documents in force: on trial, else the last good ones.
pub(crate) fn in_force(connection: &Connection) -> Result<Vec<InForce>, DbError> {
    let doing = "read the settings in force";
    let mut statement = connection
        .prepare_cached(
            "select target, revision, body, came_by, joined, is_stopped, place = 'trial'
             from settings as held
             where place = 'trial' or (place = 'current' and not exists
               (select 1 from settings where target = held.target and place = 'trial'))
             order by target",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| -> rusqlite::Result<Row> {
            let (target, revision, body) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (came_by, joined) = (row.get(3)?, row.get(4)?);
            Ok((target, revision, body, came_by, joined, row.get(5)?, row.get(6)?))
        })
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| {
        let row = row.map_err(DbError::sqlite(doing))?;
        let (whose, revision, body, came_by, joined, is_stopped, is_on_trial) = row;
        let whose = Whose::from_word(&whose).ok_or(DbError::Damaged { doing })?;
        let came_by = [CameByV1::Mqtt, CameByV1::Poll].into_iter().find(|by| by.word() == came_by);
        let came_by = came_by.ok_or(DbError::Damaged { doing })?;
        let on_trial = is_on_trial.then_some(OnTrial { joined, is_stopped });
        Ok((whose, Document { revision, body, came_by }, on_trial))
    })
    .collect()
}

/// Puts a document in force, on trial; the last good one stays beside it, what was refused is
/// forgotten.
pub(crate) fn begin_trial(
    connection: &Connection,
    whose: &Whose,
    document: &Document,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "put settings on trial";
    connection
        .execute("delete from settings_refused where target = ?1", [whose.word()])
        .map_err(DbError::sqlite(doing))?;
    connection
        .execute(
            "insert or replace into settings
               (target, place, revision, body, came_by, applied_at, joined, is_stopped)
             values (?1, 'trial', ?2, ?3, ?4, ?5,
                     (select coalesce(max(joined), 0) + 1 from settings), 0)",
            params![
                whose.word(),
                document.revision,
                document.body,
                document.came_by.word(),
                at.micros()
            ],
        )
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Everything on trial has proven itself: it is the last good one now, and the one before stays
/// beside it.
pub(crate) fn pass_trial(connection: &Connection) -> Result<(), DbError> {
    let doing = "keep settings that have proven themselves";
    let run = |sql: &str| connection.execute(sql, []).map_err(DbError::sqlite(doing));
    let on_trial = "(select target from settings where place = 'trial')";
    run(&format!("delete from settings where place = 'previous' and target in {on_trial}"))?;
    run(&format!(
        "update settings set place = 'previous' where place = 'current' and target in {on_trial}"
    ))?;
    run("update settings set place = 'current', is_stopped = 0 where place = 'trial'")?;
    Ok(())
}

/// Takes a document on trial back: the last good one is in force again, and this one never will be.
pub(crate) fn roll_back(
    connection: &Connection,
    whose: &Whose,
    refused: &RefusedV1,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "take settings back";
    connection
        .execute(
            "insert or replace into settings_rolled_back (target, revision, body, rolled_back_at)
             select target, revision, body, ?2 from settings
             where target = ?1 and place = 'trial'",
            params![whose.word(), at.micros()],
        )
        .map_err(DbError::sqlite(doing))?;
    connection
        .execute("delete from settings where target = ?1 and place = 'trial'", [whose.word()])
        .map_err(DbError::sqlite(doing))?;
    refuse(connection, whose, refused, at)
}

/// Notes that the program ends in order, so that its next start blames no document for it.
pub(crate) fn note_stop(connection: &Connection) -> Result<(), DbError> {
    connection
        .execute("update settings set is_stopped = 1 where place = 'trial'", [])
        .map(|_| ())
        .map_err(DbError::sqlite("note that the program ends in order"))
}

/// Notes that the program runs: whatever ends it now without a word is a blow.
pub(crate) fn note_start(connection: &Connection) -> Result<(), DbError> {
    connection
        .execute("update settings set is_stopped = 0 where place = 'trial'", [])
        .map(|_| ())
        .map_err(DbError::sqlite("note that the program has started"))
}

/// The newest documents that were taken back, by revision and body.
pub(crate) fn rolled_back(connection: &Connection) -> Result<Vec<RolledBack>, DbError> {
    let doing = "read which settings were taken back";
    let mut statement = connection
        .prepare_cached("select target, revision, body from settings_rolled_back")
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?))))
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| {
        let (whose, document) = row.map_err(DbError::sqlite(doing))?;
        Ok((Whose::from_word(&whose).ok_or(DbError::Damaged { doing })?, document))
    })
    .collect()
}

/// What was refused or taken back since.
pub(crate) fn refused(connection: &Connection) -> Result<Vec<(Whose, Refused)>, DbError> {
    let doing = "read which settings were refused";
    let mut statement = connection
        .prepare_cached("select target, revision, reason, detail, refused_at from settings_refused")
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| {
            let (revision, reason, detail) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let refused = RefusedV1 { revision, reason, detail };
            Ok((row.get::<_, String>(0)?, (refused, Timestamp::from_micros(row.get(4)?))))
        })
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| {
        let (whose, refused) = row.map_err(DbError::sqlite(doing))?;
        Ok((Whose::from_word(&whose).ok_or(DbError::Damaged { doing })?, refused))
    })
    .collect()
}

/// Keeps what was refused last.
pub(crate) fn refuse(
    connection: &Connection,
    whose: &Whose,
    refused: &RefusedV1,
    at: Timestamp,
) -> Result<(), DbError> {
    connection
        .execute(
            "insert into settings_refused (target, revision, reason, detail, refused_at)
             values (?1, ?2, ?3, ?4, ?5)
             on conflict (target) do update set revision = excluded.revision,
               reason = excluded.reason, detail = excluded.detail, refused_at = excluded.refused_at",
            params![whose.word(), refused.revision, refused.reason, refused.detail, at.micros()],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("keep which settings were refused"))
}

/// The keys, the newest last.
pub(crate) fn keys(connection: &Connection) -> Result<Vec<SettingsKeyV1>, DbError> {
    let doing = "read the keys of settings";
    let mut statement = connection
        .prepare_cached("select version, public_key from settings_key order by version")
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| Ok(SettingsKeyV1 { version: row.get(0)?, public_key: row.get(1)? }))
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| row.map_err(DbError::sqlite(doing))).collect()
}

/// Believes these keys from now on, and no others.
pub(crate) fn keep_keys(connection: &Connection, keys: &[SettingsKeyV1]) -> Result<(), DbError> {
    let doing = "keep the keys of settings";
    connection.execute("delete from settings_key", []).map_err(DbError::sqlite(doing))?;
    for SettingsKeyV1 { version, public_key } in keys {
        connection
            .execute(
                "insert into settings_key (version, public_key) values (?1, ?2)",
                params![version, public_key],
            )
            .map_err(DbError::sqlite(doing))?;
    }
    Ok(())
}
