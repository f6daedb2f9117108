//! What differs from engine to engine. SQLite is the one that this build speaks.
//!
//! **Invariant:** pragmas, transaction modes and error codes stand only here.

use std::path::Path;

use sqlx::{AnyConnection, Executor, any::install_drivers};

use super::DbError;

/// Takes the write lock at once: a transaction that began as a reader and writes later could not
/// wait for its turn.
pub(super) const BEGIN_WRITE: &str = "begin immediate";
/// The first read fixes what is seen (write-ahead log).
pub(super) const BEGIN_READ: &str = "begin";

/// `full`: a commit is on the disk before anyone hears of it. Five megabytes of page cache would
/// be slow for a catalog of a million rows.
const PRAGMAS: &str = "
    pragma busy_timeout = 10000;
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma cache_size = -65536;
    pragma temp_store = memory;
";

/// Makes the driver known and refuses an address of another engine.
pub(super) fn install(url: &str) -> Result<(), DbError> {
    let scheme = url.split(':').next().unwrap_or_default();
    if scheme != "sqlite" {
        return Err(DbError::Engine { scheme: scheme.to_owned() });
    }
    // A second call is refused and changes nothing, so its answer tells nothing.
    let _ = install_drivers(&[sqlx::sqlite::any::DRIVER]);
    Ok(())
}

/// Sets a new connection up.
pub(super) async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(PRAGMAS)).await.map(|_| ())
}

/// The address of the file that a data folder holds by default; made when it is not there.
#[must_use]
pub(crate) fn url_of(data: &Path) -> String {
    let file = data.join("mall.db");
    let mut url = String::from("sqlite://");
    for byte in file.to_string_lossy().bytes() {
        match byte {
            b'%' | b'?' | b'#' | b' ' | b'"' | b'<' | b'>' | 0..=0x1f | 0x7f.. => {
                url.push_str(&format!("%{byte:02X}"));
            }
            _ => url.push(char::from(byte)),
        }
    }
    url.push_str("?mode=rwc");
    url
}

/// Whether the same may work a moment later: the lock was held, or every connection was at work.
pub(super) fn is_transient(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        // SQLITE_BUSY, SQLITE_LOCKED and BUSY's extended codes (https://sqlite.org/rescode.html).
        return refusal
            .code()
            .is_some_and(|code| matches!(code.as_ref(), "5" | "6" | "261" | "517" | "773"));
    }
    matches!(error, sqlx::Error::PoolTimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_any_name_becomes_an_address() {
        let table = [
            ("/var/lib/mall", "sqlite:///var/lib/mall/mall.db?mode=rwc"),
            ("/tmp/a b?c#d%", "sqlite:///tmp/a%20b%3Fc%23d%25/mall.db?mode=rwc"),
        ];
        for (folder, url) in table {
            assert_eq!(url_of(Path::new(folder)), url);
        }
    }

    #[test]
    fn another_engine_is_refused_without_telling_its_password() {
        let error = install("postgres://mall:secret@db/mall").unwrap_err();
        assert_eq!(error.to_string(), "`postgres` is no database this program speaks");
    }
}
