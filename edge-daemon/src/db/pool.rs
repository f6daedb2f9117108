//! A few reading connections to one file, handed out one caller at a time.
//!
//! **Invariant:** a reader can change nothing (`query_only`), and holds no transaction open.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{Connection, OpenFlags};

use super::{DbError, is_misread};

/// Idle connections kept per file; more callers than this open one of their own for a moment.
const READERS_IDLE_MAX: usize = 4;

/// Readers of one file.
#[derive(Debug)]
pub(crate) struct Pool {
    path: std::path::PathBuf,
    idle: Mutex<Vec<Connection>>,
    was_misread: Arc<AtomicBool>,
}

impl Pool {
    /// Opens the file with one reader, so that a missing or foreign file is noticed now.
    pub(crate) fn open(path: &Path) -> Result<Self, DbError> {
        let (idle, was_misread) = (Mutex::default(), Arc::default());
        let pool = Self { path: path.to_owned(), idle, was_misread };
        let first = pool.connect()?;
        pool.give_back(first);
        Ok(pool)
    }

    fn connect(&self) -> Result<Connection, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(DbError::sqlite("open a reader"))?;
        connection.set_prepared_statement_cache_capacity(64);
        connection
            .execute_batch(
                "pragma query_only = on; pragma busy_timeout = 5000; pragma cache_size = -16384;
                 pragma trusted_schema = off; pragma temp_store = memory;",
            )
            .map_err(DbError::sqlite("set up a reader"))?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        // A poisoned lock means that a reader panicked; its connection is simply not reused.
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < READERS_IDLE_MAX
        {
            idle.push(connection);
        }
    }

    /// Reads on this thread.
    ///
    /// A connection that misread the file is not used again: it remembers what it read.
    pub(crate) fn read<T, E: From<DbError> + std::error::Error + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let answer = read(&connection);
        if answer.as_ref().is_err_and(|error| is_misread(error)) {
            self.was_misread.store(true, Ordering::Relaxed);
        } else {
            self.give_back(connection);
        }
        answer
    }

    /// Where it is noted that the file could not be read as it was written, for whoever else reads it.
    pub(crate) fn misread_mark(&self) -> &Arc<AtomicBool> {
        &self.was_misread
    }
}
