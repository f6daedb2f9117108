//! Named points at which a test says, while this process runs, what shall happen the next time it comes by
//! (`GUITAI_FAULTS=file`), and the schema that it gives in place of this program's (`GUITAI_SCHEMA=number`).
//!
//! The file has one line, `point action`; the action is `crash`, `error`, or `sleep`. It is removed by
//! whoever does it, so a test sees that it was done.
//!
//! **Invariant:** compiled to nothing without the feature `fault-points`, which no release has.

use crate::db::DbError;

/// Dies, dawdles, or fails here as the database might, if the test said so.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) async fn db(_name: &'static str) -> Result<(), DbError> {
    Ok(())
}

/// Dies, dawdles, or fails here as the database might, if the test said so.
#[cfg(feature = "fault-points")]
pub(crate) async fn db(name: &'static str) -> Result<(), DbError> {
    use self::armed::{Action, DAWDLING, action, crash};
    match action(name) {
        None => Ok(()),
        Some(Action::Crash) => crash(),
        Some(Action::Sleep) => {
            tokio::time::sleep(DAWDLING).await;
            Ok(())
        }
        Some(Action::Error) => {
            let (doing, source) = ("do what a test forbids", sqlx::Error::PoolTimedOut);
            Err(DbError::Sql { doing, source })
        }
    }
}

/// The newest schema of what the mall owns that this program gives.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn schema() -> i64 {
    sync::replica::REPLICA_SCHEMA
}

/// The newest schema of what the mall owns that this program gives; of the mall of the version before
/// where a test says so.
#[cfg(feature = "fault-points")]
pub(crate) fn schema() -> i64 {
    use std::sync::LazyLock;
    static SCHEMA: LazyLock<Option<i64>> =
        LazyLock::new(|| std::env::var("GUITAI_SCHEMA").ok()?.parse().ok());
    SCHEMA.unwrap_or(sync::replica::REPLICA_SCHEMA)
}

#[cfg(feature = "fault-points")]
mod armed {
    use std::{path::PathBuf, sync::LazyLock, time::Duration};

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

    /// SIGKILL, as a power cut would: a child that sends it to its parent cannot clean anything up.
    pub(super) fn crash() -> ! {
        let own = std::process::id().to_string();
        let _ = std::process::Command::new("kill").args(["-9", &own]).status();
        loop {
            std::thread::park();
        }
    }
}
