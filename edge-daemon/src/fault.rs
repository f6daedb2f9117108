//! Named points at which a test may kill this process (`GUITAI_KILL_AT=point:n`), or at which it says while
//! the process runs what shall happen the next time (`GUITAI_FAULTS=file`), the hand by which it turns this
//! process's clock (`GUITAI_AHEAD=file`), and the schema that it reads in place of this program's
//! (`GUITAI_SCHEMA=number`).
//!
//! The file of faults has one line, `point action`; the action is `crash`, `error`, or `sleep`. It is removed
//! by whoever does it, so a test sees that it was done.
//!
//! **Invariant:** compiled to nothing without the feature `fault-points`, which no release has.

#[cfg(feature = "fault-points")]
use self::armed::{Action, action, crash, wished_death};
use crate::db::DbError;

/// Dies or dawdles here if the test said so; an error cannot be here, and is passed over.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn point(_name: &'static str) {}

/// Dies or dawdles here if the test said so; an error cannot be here, and is passed over.
#[cfg(feature = "fault-points")]
pub(crate) fn point(name: &'static str) {
    let _passed_over = db(name);
}

/// Dies, dawdles, or fails here as the ledger might, if the test said so.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn db(_name: &'static str) -> Result<(), DbError> {
    Ok(())
}

/// Dies, dawdles, or fails here as the ledger might, if the test said so.
#[cfg(feature = "fault-points")]
pub(crate) fn db(name: &'static str) -> Result<(), DbError> {
    if wished_death(name) {
        crash();
    }
    match action(name) {
        None => Ok(()),
        Some(Action::Crash) => crash(),
        Some(Action::Sleep) => {
            std::thread::sleep(armed::DAWDLING);
            Ok(())
        }
        Some(Action::Error) => {
            let doing = "do what a test forbids";
            Err(DbError::sqlite(doing)(rusqlite::Error::InvalidQuery))
        }
    }
}

#[cfg(feature = "fault-points")]
mod armed {
    use std::{
        path::PathBuf,
        sync::{
            LazyLock,
            atomic::{AtomicI64, Ordering},
        },
        time::Duration,
    };

    /// Longer than what usually lies between two points.
    pub(super) const DAWDLING: Duration = Duration::from_millis(60);

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Action {
        Crash,
        Error,
        Sleep,
    }

    /// What shall happen at this point now; whoever is told so does it.
    pub(super) fn action(name: &str) -> Option<Action> {
        static FILE: LazyLock<Option<PathBuf>> =
            LazyLock::new(|| std::env::var_os("GUITAI_FAULTS").map(PathBuf::from));
        let file = FILE.as_ref()?;
        let said = std::fs::read_to_string(file).ok()?;
        let (point, action) = said.trim().split_once(' ')?;
        let action = match action {
            "crash" => Action::Crash,
            "error" => Action::Error,
            "sleep" => Action::Sleep,
            _ => return None,
        };
        // Of two who pass at once the one who removes the file does it.
        (point == name && std::fs::remove_file(file).is_ok()).then_some(action)
    }

    /// Whether this is the n-th passing that the test wishes to be the last.
    pub(super) fn wished_death(name: &str) -> bool {
        static WISH: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
            let wish = std::env::var("GUITAI_KILL_AT").ok()?;
            let (name, nth) = wish.rsplit_once(':')?;
            Some((name.to_owned(), AtomicI64::new(nth.parse().ok()?)))
        });
        let Some((wished, left)) = WISH.as_ref() else { return false };
        wished == name && left.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// SIGKILL, as a power cut would: a child that sends it to its parent cannot clean anything up.
    pub(super) fn crash() -> ! {
        let own = std::process::id().to_string();
        let _ = std::process::Command::new("kill").args(["-9", &own]).status();
        loop {
            std::thread::park();
        }
    }
}

/// How far a test has put this process's clock ahead, in microseconds.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn ahead_micros() -> i64 {
    0
}

/// How far a test has put this process's clock ahead, in microseconds: the file that
/// `GUITAI_AHEAD` names has the seconds, and is read anew each time.
#[cfg(feature = "fault-points")]
pub(crate) fn ahead_micros() -> i64 {
    use std::{path::PathBuf, sync::LazyLock};
    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("GUITAI_AHEAD").map(PathBuf::from));
    let said = FILE.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let seconds = said.and_then(|said| said.trim().parse::<i64>().ok()).unwrap_or(0);
    seconds.saturating_mul(1_000_000)
}

/// The newest schema of what the mall owns that this program reads.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn schema() -> i64 {
    sync::replica::REPLICA_SCHEMA
}

/// The newest schema of what the mall owns that this program reads; of the box of the version before
/// where a test says so.
#[cfg(feature = "fault-points")]
pub(crate) fn schema() -> i64 {
    use std::sync::LazyLock;
    static SCHEMA: LazyLock<Option<i64>> =
        LazyLock::new(|| std::env::var("GUITAI_SCHEMA").ok()?.parse().ok());
    SCHEMA.unwrap_or(sync::replica::REPLICA_SCHEMA)
}

/// Whether a test has said that a receipt with this line cannot be drawn.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn is_sick(_line: &str) -> bool {
    false
}

/// Whether a test has said that a receipt with this line cannot be drawn: `GUITAI_SICK_LINE` is what
/// it says.
#[cfg(feature = "fault-points")]
pub(crate) fn is_sick(line: &str) -> bool {
    use std::sync::LazyLock;
    static LINE: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("GUITAI_SICK_LINE").ok());
    LINE.as_deref() == Some(line)
}
