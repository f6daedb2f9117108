//! Named points at which a test may kill this process (`GUITAI_KILL_AT=point:n`), and the hand by
//! which it turns this process's clock (`GUITAI_AHEAD=file`) and makes a document of settings break a
//! receipt (`GUITAI_SICK_LINE`).
//!
//! **Invariant:** compiled to nothing without the feature `fault-points`, which no release has.

/// Dies here if the test said so: SIGKILL on the n-th passing, as a power cut would.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn point(_name: &'static str) {}

/// Dies here if the test said so: SIGKILL on the n-th passing, as a power cut would.
#[cfg(feature = "fault-points")]
pub(crate) fn point(name: &'static str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    };
    static WISH: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
        let wish = std::env::var("GUITAI_KILL_AT").ok()?;
        let (name, nth) = wish.rsplit_once(':')?;
        Some((name.to_owned(), AtomicI64::new(nth.parse().ok()?)))
    });
    let Some((wished, left)) = WISH.as_ref() else {
        return;
    };
    if wished == name && left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // A child that sends itself SIGKILL cannot clean anything up.
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
