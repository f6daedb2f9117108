//! The ledger file: one writer thread, a few readers.
//!
//! Jobs that wait together share one transaction, each in a savepoint of its own, and are answered
//! after its commit: that is what makes an acknowledged order survive a power cut
//! (`synchronous = full`) and keeps four tills quick on a slow disk.
//!
//! **Invariant:** nobody else writes this file, and nothing is answered before its commit returned.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{DbError, migrate, pool::Pool, sync_folder};
use crate::fault;

/// Back-pressure reaches the browser as 503, not as memory.
pub(crate) const WRITES_WAITING_MAX: usize = 64;

/// A handle to the ledger; clones share the writer.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: Arc<Pool>,
}

/// The ledger's writer thread; joined at shutdown so that the last answer is on disk.
#[derive(Debug)]
pub(crate) struct Writer(thread::JoinHandle<()>);

impl Writer {
    /// Waits until every handle is gone and the file is closed.
    pub(crate) fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("The ledger's writer ended in a panic");
        }
    }
}

impl Ledger {
    /// Opens or makes the ledger and starts its writer.
    pub(crate) fn open(path: &Path) -> Result<(Self, Writer), DbError> {
        let is_new = !path.exists();
        let mut connection = connect(path)?;
        migrate::forward(&mut connection, path)?;
        if is_new {
            connection = settle_new_file(connection, path)?;
        }
        let readers = Arc::new(Pool::open(path)?);
        let (jobs, waiting) = mpsc::channel(WRITES_WAITING_MAX);
        let thread = thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || write_until_closed(connection, waiting))
            .map_err(DbError::file("start the writer of", path))?;
        Ok((Self { jobs, readers }, Writer(thread)))
    }

    /// Runs a job in the writer and answers after its commit.
    ///
    /// An error of the job undoes what it did and nothing else.
    pub(crate) async fn write<T, E>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = TypedJob { job: Some(job), result: None, reply };
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(DbError::Closed.into())),
            Err(mpsc::error::TrySendError::Full(_)) => Err(DbError::Busy.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(DbError::Closed.into()),
        }
    }

    /// Reads on a thread that may block.
    pub(crate) async fn read<T, E>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.read(read))
            .await
            .unwrap_or_else(|_| Err(DbError::Closed.into()))
    }
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(DbError::sqlite("open the ledger"))?;
    connection.set_prepared_statement_cache_capacity(128);
    let synchronous = synchronous(path);
    connection
        .execute_batch(&format!(
            // The automatic checkpoint stays in this thread: a side thread never catches a busy
            // writer at the moment when the log can restart.
            "pragma journal_mode = wal; pragma synchronous = {synchronous};
             pragma wal_autocheckpoint = 1000;
             pragma journal_size_limit = 67108864; pragma busy_timeout = 5000;
             pragma foreign_keys = on; pragma cell_size_check = on; pragma trusted_schema = off;
             pragma temp_store = memory; pragma cache_size = -16384; pragma mmap_size = 0;"
        ))
        .map_err(DbError::sqlite("set up the ledger"))?;
    Ok(connection)
}

/// A commit waits for the disk.
#[cfg(not(test))]
const fn synchronous(_ledger: &Path) -> &'static str {
    "full"
}

/// A file beside a ledger of a test that shall lose what it was told at a power cut.
#[cfg(test)]
pub(crate) const UNFLUSHED: &str = "unflushed";

/// A commit waits for the disk, but for a test that must be seen to lose.
#[cfg(test)]
fn synchronous(ledger: &Path) -> &'static str {
    if ledger.with_file_name(UNFLUSHED).exists() { "normal" } else { "full" }
}

/// After the switch to WAL a power cut could bring the deleted rollback journal back and empty the
/// file; so a new one is closed, flushed with its folder, and opened again. Once, and cheap.
fn settle_new_file(connection: Connection, path: &Path) -> Result<Connection, DbError> {
    connection
        .execute_batch("pragma wal_checkpoint(truncate);")
        .map_err(DbError::sqlite("settle the new ledger"))?;
    drop(connection);
    let file = std::fs::File::open(path).map_err(DbError::file("open", path))?;
    file.sync_all().map_err(DbError::file("flush", path))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    connect(path)
}

/// A write that waits for its turn.
trait Job: Send {
    /// Does it; `false` when it refused and must be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller, once it is committed or not.
    fn answer(self: Box<Self>, committed: Result<(), DbError>);
}

struct TypedJob<F, T, E> {
    job: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for TypedJob<F, T, E>
where
    F: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.job.take().map(|job| job(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), DbError>) {
        let result = match (self.result, committed) {
            // What was refused is refused whether or not its neighbours were committed.
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Err(error)) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(DbError::Closed.into()),
        };
        // A caller that has gone away finds its answer by asking again with the same id.
        let _ = self.reply.send(result);
    }
}

/// Ends the process when the writer panics: without it every till would stand still, and a fresh
/// start finds the ledger whole.
struct OnPanic;

impl Drop for OnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}

fn write_until_closed(mut connection: Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let _ends_the_process = OnPanic;
    while let Some(first) = waiting.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < WRITES_WAITING_MAX
            && let Ok(next) = waiting.try_recv()
        {
            jobs.push(next);
        }
        let committed = commit_together(&mut connection, &mut jobs);
        if let Err(DbError::Sqlite { source, .. }) = &committed
            && is_io_error(source)
        {
            // After a failed flush the kernel may call dirty pages clean; only a fresh start reads
            // what is truly on the disk.
            tracing::error!(error = %source, "The disk failed under the ledger; starting anew");
            std::process::abort();
        }
        fault::point("ledger.committed");
        let mut is_full = matches!(committed, Err(DbError::DiskFull));
        let failed = committed.err();
        for job in jobs {
            let outcome = match &failed {
                None => Ok(()),
                Some(_) if is_full => Err(DbError::DiskFull),
                Some(_) => Err(DbError::Closed),
            };
            job.answer(outcome);
        }
        if let Some(error) = failed.filter(|_| !std::mem::take(&mut is_full)) {
            tracing::error!(error = %crate::Chain(&error), "The ledger refused a commit");
        }
    }
}

fn commit_together(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(DbError::sqlite("begin"))?;
    for job in jobs {
        let savepoint = transaction.savepoint().map_err(DbError::sqlite("set a savepoint"))?;
        if job.run(&savepoint) {
            savepoint.commit().map_err(DbError::sqlite("keep a savepoint"))?;
        } else {
            drop(savepoint);
        }
    }
    fault::db("ledger.before_commit")?;
    transaction.commit().map_err(DbError::sqlite("commit"))
}

fn is_io_error(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure)
}

/// Where the ledger of a data folder lies.
#[must_use]
pub(crate) fn path_in(data: &Path) -> PathBuf {
    data.join("ledger.db")
}
