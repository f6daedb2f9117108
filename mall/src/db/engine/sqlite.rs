//! SQLite: one file, one writer.
//!
//! **Invariant:** words only; nothing is opened here.

use std::path::Path;

/// What a connection to a file says it is one to (`sqlx::sqlite::Sqlite`).
pub(super) const NAME: &str = "SQLite";
/// Takes the write lock at once: a transaction that began as a reader and writes later could not
/// wait for its turn.
pub(super) const BEGIN_WRITE: &str = "begin immediate";
/// The first read fixes what is seen (write-ahead log).
pub(super) const BEGIN_READ: &str = "begin";

/// `full`: a commit is on the disk before anyone hears of it. Five megabytes of page cache would
/// be slow for a catalog of a million rows.
pub(super) const PRAGMAS: &str = "
    pragma busy_timeout = 10000;
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma cache_size = -65536;
    pragma temp_store = memory;
";

/// The file that a data folder holds by default.
#[must_use]
pub(crate) fn file_in(data: &Path) -> std::path::PathBuf {
    data.join("mall.db")
}

/// The address of the file that a data folder holds by default; made when it is not there.
#[must_use]
pub(crate) fn url_of(data: &Path) -> String {
    let file = file_in(data);
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

/// `SQLITE_BUSY`, `SQLITE_LOCKED` and the extended codes of the first (<https://sqlite.org/rescode.html>).
pub(super) fn is_transient(code: &str) -> bool {
    matches!(code, "5" | "6" | "261" | "517" | "773")
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
}
