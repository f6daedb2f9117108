//! Settings in force, the ones before, what was refused, and the keys to believe them by.
//!
//! **Invariant:** a document moves to `previous` in the transaction that puts the next in its place.

use domain::time::Timestamp;
use rusqlite::{Connection, params};
use sync::{
    settings::SettingsKeyV1,
    wire::{CameByV1, RefusedV1},
};

use super::DbError;

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// All stores'.
    All,
    /// This store's.
    Own,
}

impl Whose {
    const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Own => "own",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::All, Self::Own].into_iter().find(|whose| whose.word() == word)
    }
}

/// A document in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its revision.
    pub(crate) revision: i64,
    /// As it was signed.
    pub(crate) body: String,
    /// How it came.
    pub(crate) came_by: CameByV1,
}

/// A refusal and since when.
pub(crate) type Refused = (RefusedV1, Timestamp);

/// The documents in force.
pub(crate) fn current(connection: &Connection) -> Result<Vec<(Whose, Document)>, DbError> {
    let doing = "read the settings in force";
    let mut statement = connection
        .prepare_cached(
            "select target, revision, body, came_by from settings where place = 'current'",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
        })
        .map_err(DbError::sqlite(doing))?;
    rows.map(|row| {
        let (whose, revision, body, came_by) = row.map_err(DbError::sqlite(doing))?;
        let whose = Whose::from_word(&whose).ok_or(DbError::Damaged { doing })?;
        let came_by = [CameByV1::Mqtt, CameByV1::Poll].into_iter().find(|by| by.word() == came_by);
        let came_by = came_by.ok_or(DbError::Damaged { doing })?;
        Ok((whose, Document { revision, body, came_by }))
    })
    .collect()
}

/// Puts a document in force; the one before is kept beside it, what was refused is forgotten.
pub(crate) fn apply(
    connection: &Connection,
    whose: Whose,
    document: &Document,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "put settings in force";
    let run = |sql: &str| {
        let done = connection.execute(sql, [whose.word()]);
        done.map_err(DbError::sqlite(doing))
    };
    run("delete from settings where target = ?1 and place = 'previous'")?;
    run("update settings set place = 'previous' where target = ?1 and place = 'current'")?;
    run("delete from settings_refused where target = ?1")?;
    connection
        .execute(
            "insert into settings (target, place, revision, body, came_by, applied_at)
             values (?1, 'current', ?2, ?3, ?4, ?5)",
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

/// What was refused since.
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
    whose: Whose,
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
