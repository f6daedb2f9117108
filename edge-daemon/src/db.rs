//! The only room that says SQL.
//!
//! | file | what |
//! | --- | --- |
//! | `ledger` | the ledger's one writer and few readers |
//! | `ballast` | room on the disk that is kept for sales which have begun |
//! | `migrate` | steps the ledger forward, refuses a newer one |
//! | `station`, `orders`, `outbox`, `spool`, `node` | the ledger's tables |
//! | `history`, `mark` | which life the ledger is in, and the words beside it by which a copy is known |
//! | `day` | what the ledger holds of a day, and what was found of it |
//! | `audit`, `approval`, `console` | who did what, what a manager is asked for, what the console reads |
//! | `payment`, `redemption`, `post_void` | what other houses have a say in, and orders undone |
//! | `phone` | carts on shoppers' phones |
//! | `rules` | the rules: HQ's newest, and the last that could be used |
//! | `settings` | what HQ set, what was refused, the keys to believe it by |
//! | `replica` | a replica file: reading it, changing it |
//! | `pickup`, `online_return` | online orders that wait here, and goods of such that came back |
//! | `stock` | what the store has of an item |
//! | `pairing`, `call` | kiosks: whose screen it is, and the numbers by which shoppers are called |
//! | `trouble` | what a person should look at, counted |
//! | `verify` | looks whether a ledger is what it says |
//! | `catalog`, `find`, `shelf`, `staff` | what a replica answers |
//!
//! **Invariant:** functions take a connection and say what they do; nothing here decides. No
//! statement changes `orders`, `order_line`, `order_body`, `tender`, `post_void`, `call_number` or
//! `audit` after they were inserted.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod ballast;
pub(crate) mod call;
pub(crate) mod catalog;
pub(crate) mod check_in;
pub(crate) mod commands;
pub(crate) mod console;
pub(crate) mod coupon;
pub(crate) mod day;
pub(crate) mod find;
pub(crate) mod history;
pub(crate) mod ledger;
pub(crate) mod mark;
pub(crate) mod member;
pub(crate) mod migrate;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod node;
pub(crate) mod online_return;
pub(crate) mod orders;
pub(crate) mod outbox;
pub(crate) mod pairing;
pub(crate) mod payment;
pub(crate) mod phone;
pub(crate) mod pickup;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod portal;
pub(crate) mod post_void;
pub(crate) mod redemption;
pub(crate) mod replica;
pub(crate) mod rules;
pub(crate) mod settings;
pub(crate) mod shelf;
pub(crate) mod spool;
pub(crate) mod staff;
pub(crate) mod station;
#[allow(dead_code, reason = "shelves of kiosk and phone read it")]
pub(crate) mod stock;
#[cfg(test)]
mod threads;
pub(crate) mod trouble;
pub(crate) mod verify;

pub(crate) use ledger::Ledger;

use std::path::PathBuf;

/// Why a database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A statement or commit failed.
    #[error("could not {doing}")]
    Sqlite {
        /// What we were doing.
        doing: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A stored value is not what this program writes.
    #[error("could not {doing}: a stored value is damaged")]
    Damaged {
        /// What we were doing.
        doing: &'static str,
    },
    /// `WRITES_WAITING_MAX` jobs are waiting already.
    #[error("too many writes are waiting")]
    Busy,
    /// No room on the disk; nothing was written, what was acknowledged is safe.
    #[error("the disk is full")]
    DiskFull,
    /// SQLite undid the transaction by itself under one of its statements.
    #[error("the transaction was undone")]
    Undone,
    /// The file could not be read as it was written; nothing was changed.
    #[error("the file could not be read as it was written")]
    Misread,
    /// The writer has stopped.
    #[error("the database is closed")]
    Closed,
    /// The file was written by a newer program.
    #[error("{} is of schema {found}, this program knows {known}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another program works on the same data folder.
    #[error("another edge-daemon works in {}", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be made, moved or synced.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What we were doing.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl DbError {
    /// Names what we were doing when SQLite refused.
    pub(crate) fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Sqlite { doing, source },
        }
    }

    /// Names what we were doing with a file.
    pub(crate) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}

/// Whether SQLite could not read what it had written, or the disk did not give it. What the connection
/// remembers of the file may be wrong from then on.
pub(crate) fn is_misread(error: &(dyn std::error::Error + 'static)) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SystemIoFailure};
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rusqlite::Error>() {
            let code = error.sqlite_error_code();
            return matches!(code, Some(DatabaseCorrupt | NotADatabase | SystemIoFailure));
        }
        next = error.source();
    }
    false
}

/// Flushes a folder's entries, so that a file made or renamed in it is there after a power cut.
pub(crate) fn sync_folder(folder: &std::path::Path) -> Result<(), DbError> {
    std::fs::File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(DbError::file("flush", folder))
}

/// Room for this program on the disk of a folder, in bytes.
pub(crate) fn free_bytes(folder: &std::path::Path) -> Result<u64, DbError> {
    let disk = rustix::fs::statvfs(folder)
        .map_err(|errno| DbError::file("look for room in", folder)(errno.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Writes a file that nobody else reads aside, flushes it, and gives it its name; the folder is not
/// flushed.
pub(crate) fn lay(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let aside = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&aside, path)
}

/// Takes a data folder for this process alone, until the file is dropped or the process ends.
pub(crate) fn only_here(data: &std::path::Path) -> Result<std::fs::File, DbError> {
    let path = data.join("in-use");
    let file = std::fs::File::create(&path).map_err(DbError::file("make", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DbError::Taken { path: data.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(DbError::file("lock", path)(error)),
    }
}
