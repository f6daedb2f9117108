//! What cannot be tested on this machine, said where everybody hears it.
//!
//! `packaging/tally` reads these lines: it names them beside the last line of `make test`, and where
//! `CI=true` it takes what packages would have made possible for a failure.
//!
//! **Invariant:** nobody says it of something that failed.

use std::{fmt, io::Write as _};

/// Why something cannot be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Debian packages are missing.
    Packages(&'static [&'static str]),
    /// The machine's kernel, or whoever runs it, does not allow it; in their words.
    Refused(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packages(names) => write!(f, "install {}", names.join(" ")),
            Self::Refused(why) => {
                write!(f, "this machine refuses: {}", why.lines().next().unwrap_or_default())
            }
        }
    }
}

/// The line that says what is not tested, and why.
#[must_use]
pub fn line(what: &str, lack: &Lack) -> String {
    format!("NOT TESTED: {what}; {lack}")
}

/// Says it to whoever runs the tests: what a test prints is not shown while it passes, what it writes
/// is.
pub fn say(what: &str, lack: &Lack) {
    // Nobody listening is no reason to stop.
    let _ = std::io::stderr().write_all(format!("{}\n", line(what, lack)).as_bytes());
}
