//! The ledger file: one writer thread, a few readers.
//!
//! Jobs that wait together share one transaction, each in a savepoint of its own, and are answered
//! after its commit: that is what makes an acknowledged order survive a power cut
//! (`synchronous = full`) and keeps four tills quick on a slow disk.
//!
//! **Invariant:** nobody else writes this file, and nothing is answered before its commit returned.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rustix::fs::{FlockOperation, fcntl_lock};
use tokio::sync::{mpsc, oneshot};

use super::{DbError, ballast::Ballast, is_misread, migrate, pool::Pool, sync_folder};
use crate::fault;

/// Back-pressure reaches the browser as 503, not as memory.
pub(crate) const WRITES_WAITING_MAX: usize = 64;

/// A handle to the ledger; clones share the writer.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: Arc<Pool>,
    ballast: Arc<Ballast>,
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
        if !is_new && renews_log(path) {
            renew_log(path)?;
        }
        let mut connection = connect(path)?;
        migrate::forward(&mut connection, path)?;
        if is_new {
            connection = settle_new_file(connection, path)?;
        }
        let readers = Arc::new(Pool::open(path)?);
        let ballast = Arc::new(Ballast::beside(path));
        let (of_writer, misread) = (Arc::clone(&ballast), Arc::clone(readers.misread_mark()));
        let (jobs, waiting) = mpsc::channel(WRITES_WAITING_MAX);
        let thread = thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || write_until_closed(connection, waiting, &of_writer, &misread))
            .map_err(DbError::file("start the writer of", path))?;
        Ok((Self { jobs, readers, ballast }, Writer(thread)))
    }

    /// Room that is kept for sales which have begun.
    pub(crate) fn ballast(&self) -> &Arc<Ballast> {
        &self.ballast
    }

    /// Whether the file could not be read as it was written since this was asked last.
    pub(crate) fn was_misread(&self) -> bool {
        self.readers.misread_mark().swap(false, Ordering::Relaxed)
    }

    /// Whether something may begin that has to be finished: not while the disk is full.
    pub(crate) fn may_begin(&self) -> Result<(), DbError> {
        if self.ballast.is_short() { Err(DbError::DiskFull) } else { Ok(()) }
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
        E: From<DbError> + std::error::Error + Send + 'static,
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
        E: From<DbError> + std::error::Error + Send + 'static,
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

/// The log of the process before is written anew at each start.
#[cfg(not(test))]
const fn renews_log(_ledger: &Path) -> bool {
    true
}

/// A file beside a ledger of a test that shall lose what is committed behind a flush that failed.
#[cfg(test)]
pub(crate) const LOG_KEPT: &str = "log-kept";

/// The log of the process before is written anew, but for a test that must be seen to lose.
#[cfg(test)]
fn renews_log(ledger: &Path) -> bool {
    !ledger.with_file_name(LOG_KEPT).exists()
}

/// Writes the log of the process before into another file, flushes that, and gives it the log's name.
///
/// That process may have ended because a flush failed. What it had written then lies in the log, and
/// whoever reads it sees it; but the kernel calls it clean and never writes it again, so it may not be
/// on the disk. What is committed behind it would be lost with it at a power cut, and a checkpoint that
/// is cut short would leave pages of two states. No other daemon has the ledger open (`only_here`).
fn renew_log(ledger: &Path) -> Result<(), DbError> {
    let beside = |ending: &str| {
        let mut name = ledger.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let (log, aside) = (beside("-wal"), beside("-wal-new"));
    match std::fs::metadata(&log) {
        Ok(found) if found.len() > 0 => {}
        Ok(_) | Err(_) => return Ok(()),
    }
    // Whoever has a ledger open holds a lock on what they share; a person with a tool, for instance.
    let shared = std::fs::OpenOptions::new().read(true).write(true).open(beside("-shm")).ok();
    let alone = FlockOperation::NonBlockingLockExclusive;
    if shared.as_ref().is_some_and(|shared| fcntl_lock(shared, alone).is_err()) {
        tracing::warn!("Somebody else has the ledger open; its log stays as it is");
        return Ok(());
    }
    match write_again(&log, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            // What has begun can be finished all the same: the log has room for that.
            tracing::warn!("The disk is full; the ledger's log stays as it is");
            let _ = std::fs::remove_file(&aside);
            return Ok(());
        }
        Err(error) => return Err(DbError::file("write anew", log)(error)),
    }
    std::fs::rename(&aside, &log).map_err(DbError::file("rename", &aside))?;
    sync_folder(ledger.parent().unwrap_or(Path::new(".")))
}

/// Through this process's memory: a copy inside the kernel might only point at the same blocks.
fn write_again(from: &Path, to: &Path) -> std::io::Result<()> {
    let (mut from, mut to) = (std::fs::File::open(from)?, std::fs::File::create(to)?);
    let mut buffer = vec![0_u8; 1_024 * 1_024];
    loop {
        let n = from.read(&mut buffer)?;
        let piece = buffer.get(..n).unwrap_or_default();
        if piece.is_empty() {
            return to.sync_all();
        }
        to.write_all(piece)?;
    }
}

/// What became of a write before its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    /// It is done.
    Done,
    /// It refused and must be undone.
    Refused,
    /// It could not read the ledger.
    Misread,
}

/// A write that waits for its turn.
trait Job: Send {
    /// Does it.
    fn run(&mut self, connection: &Connection) -> Ran;
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
    E: From<DbError> + std::error::Error + Send + 'static,
{
    fn run(&mut self, connection: &Connection) -> Ran {
        self.result = self.job.take().map(|job| job(connection));
        match &self.result {
            Some(Ok(_)) => Ran::Done,
            Some(Err(error)) if is_misread(error) => Ran::Misread,
            Some(Err(_)) | None => Ran::Refused,
        }
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

fn write_until_closed(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    ballast: &Ballast,
    misread: &AtomicBool,
) {
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
            drop(jobs);
            start_anew();
            return;
        }
        if matches!(committed, Err(DbError::Misread)) {
            misread.store(true, Ordering::Relaxed);
            // What this connection remembers of the file may be wrong; another one reads it anew.
            tracing::error!("The ledger could not be read as it was written; reading it anew");
            match connection.path().map(|path| connect(Path::new(path))) {
                Some(Ok(anew)) => connection = anew,
                Some(Err(_)) | None => {
                    drop(jobs);
                    start_anew();
                    return;
                }
            }
        }
        fault::point("ledger.committed");
        let mut is_full = matches!(committed, Err(DbError::DiskFull));
        if is_full && ballast.give_up() {
            tracing::error!("The disk is full: what has begun can be finished, nothing new begins");
        }
        let failed = committed.err();
        for job in jobs {
            let outcome = match &failed {
                None => Ok(()),
                Some(_) if is_full => Err(DbError::DiskFull),
                Some(DbError::Misread) => Err(DbError::Misread),
                Some(_) => Err(DbError::Closed),
            };
            job.answer(outcome);
        }
        if let Some(error) = failed.filter(|_| !std::mem::take(&mut is_full)) {
            tracing::error!(error = %crate::Chain(&error), "The ledger refused a commit");
        }
    }
}

/// Ends the process, and nobody is answered.
#[cfg(not(test))]
fn start_anew() {
    std::process::abort();
}

/// In a test the writer's end is the process's: everybody who asks it is told that it is closed.
#[cfg(test)]
const fn start_anew() {}

fn commit_together(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(DbError::sqlite("begin"))?;
    for job in jobs {
        let savepoint = transaction.savepoint().map_err(DbError::sqlite("set a savepoint"))?;
        match job.run(&savepoint) {
            Ran::Done => savepoint.commit().map_err(DbError::sqlite("keep a savepoint"))?,
            Ran::Refused => drop(savepoint),
            Ran::Misread => return Err(DbError::Misread),
        }
        // A full or failing disk may undo the whole transaction under a statement; what follows would
        // be committed by itself.
        if transaction.is_autocommit() {
            return Err(DbError::Undone);
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
