//! What differs from engine to engine: SQLite for one mall in a file, PostgreSQL for several malls
//! over one database.
//!
//! | | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | who writes | one at a time: `begin immediate` | one at a time: whoever holds the row `write` of `turn` |
//! | beside them | nobody | what one store sends: a batch locks its edge node's cursor first |
//! | a reader sees | one state: the write-ahead log | one state: `repeatable read` |
//! | a text sorts by | its bytes | its bytes: `collate "C"` |
//!
//! **Invariant:** pragmas, transaction modes, locks of the whole database and error codes stand only
//! here. Every statement elsewhere means the same on every engine.

mod postgres;
mod sqlite;

use std::borrow::Cow;

use sqlx::{AnyConnection, AssertSqlSafe, Executor, any::install_drivers};

use super::{DbError, sql};

pub(super) use postgres::make_part;
pub(crate) use sqlite::{file_in, url_of};

/// What speaks behind the database's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// A file of this machine.
    Sqlite,
    /// A server that several malls may share.
    Postgres,
}

/// What only one mall over a database does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To write; everything that one transaction decides by and another may change.
    Write,
    /// To make orders of what the stores sent: two would price the same facts.
    Process,
}

impl Engine {
    /// The engine of an address; makes the drivers known. An address of another one is refused, and
    /// nothing of it is told but what stands before the colon.
    pub(super) fn of(url: &str) -> Result<Self, DbError> {
        let scheme = url.split(':').next().unwrap_or_default();
        let engine = match scheme {
            "sqlite" => Self::Sqlite,
            "postgres" | "postgresql" => Self::Postgres,
            _ => return Err(DbError::Engine { scheme: scheme.to_owned() }),
        };
        // A second call is refused and changes nothing, so its answer tells nothing.
        let _ = install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]);
        Ok(engine)
    }

    /// Sets a new connection up.
    pub(super) async fn set_up(self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let settings = match self {
            Self::Sqlite => sqlite::PRAGMAS,
            Self::Postgres => postgres::SETTINGS,
        };
        connection.execute(sqlx::raw_sql(settings)).await.map(|_| ())
    }

    /// How a transaction that may write begins.
    pub(super) const fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::BEGIN_WRITE,
            Self::Postgres => postgres::BEGIN_WRITE,
        }
    }

    /// How one that sees one state throughout begins.
    pub(super) const fn begin_read(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::BEGIN_READ,
            Self::Postgres => postgres::BEGIN_READ,
        }
    }

    /// Connections that may write.
    pub(super) const fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => postgres::WRITERS_MAX,
        }
    }

    /// What a transaction says to take a turn; where beginning to write is the turn, nothing.
    pub(super) const fn take(self, turn: Turn) -> Option<&'static str> {
        match (self, turn) {
            (Self::Sqlite, _) => None,
            (Self::Postgres, Turn::Write) => Some(postgres::TAKE_WRITE),
            (Self::Postgres, Turn::Process) => Some(postgres::TAKE_PROCESS),
        }
    }

    /// What a transaction says before it steps the schema, where no turn can be taken yet.
    pub(super) const fn lock_schema(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(postgres::LOCK_SCHEMA),
        }
    }

    /// A step of the schema as this engine wants it.
    pub(super) fn step(self, text: &'static str) -> AssertSqlSafe<Cow<'static, str>> {
        AssertSqlSafe(match self {
            Self::Sqlite => Cow::Borrowed(text),
            Self::Postgres => Cow::Owned(postgres::step(text)),
        })
    }

    /// What tells whether a day of the inbox has a part of its own (its table's name is the only
    /// parameter), where there are such parts.
    pub(super) const fn has_part(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(postgres::HAS_PART),
        }
    }

    /// Whether another mall that made the schema at the same moment may be why it could not be made.
    pub(super) fn is_first_start_race(self, error: &DbError) -> bool {
        let DbError::Sql { source: sqlx::Error::Database(refusal), .. } = error else {
            return false;
        };
        self == Self::Postgres && refusal.code().is_some_and(|code| postgres::is_race(&code))
    }
}

/// Whether the same may work a moment later: a lock was held, every connection was at work, or the
/// database went away.
pub(super) fn is_transient(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        // The codes of the one are numbers up to four digits, those of the other have five signs.
        return refusal
            .code()
            .is_some_and(|code| sqlite::is_transient(&code) || postgres::is_transient(&code));
    }
    matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_))
}

/// Whether a connection's engine walks over all numbered parameters of a statement to find one (SQLite;
/// see `bulk`); those without a number it just counts.
pub(super) fn finds_numbers_slowly(connection: &AnyConnection) -> bool {
    connection.backend_name() == sqlite::NAME
}

/// Whether a text holds what the engine does not keep: the sign NUL.
pub(super) fn is_unkeepable(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(refusal) = error else {
        return false;
    };
    refusal.code().is_some_and(|code| code == postgres::CHARACTER_NOT_IN_REPERTOIRE)
}

/// Takes a turn in a transaction, which keeps it to its end.
pub(super) async fn take_turn(
    engine: Engine,
    turn: Turn,
    tx: &mut AnyConnection,
    doing: &'static str,
) -> Result<(), DbError> {
    if let Some(statement) = engine.take(turn) {
        sqlx::raw_sql(statement).execute(tx).await.map_err(sql(doing))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_engine() {
        let engine = |url| Engine::of(url).unwrap();
        assert_eq!(engine("sqlite::memory:"), Engine::Sqlite);
        assert_eq!(engine("postgres://mall:secret@db/mall"), Engine::Postgres);
        assert_eq!(engine("postgresql://db/mall"), Engine::Postgres);
    }

    #[test]
    fn another_engine_is_refused_without_telling_its_password() {
        let error = Engine::of("mysql://mall:secret@db/mall").unwrap_err();
        assert_eq!(error.to_string(), "`mysql` is no database this program speaks");
    }

    #[test]
    fn a_database_that_went_away_is_worth_another_try() {
        let gone = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert!(is_transient(&sqlx::Error::Io(gone)) && is_transient(&sqlx::Error::PoolTimedOut));
        assert!(!is_transient(&sqlx::Error::RowNotFound));
    }
}
