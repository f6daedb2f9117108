//! What shall happen to a process the next time that it comes by a named point; only programs built with
//! the feature `fault-points` look.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// SIGKILL.
    Crash,
    /// What is done there fails.
    Error,
    /// It takes a while.
    Sleep,
}

impl Action {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Crash, Self::Error, Self::Sleep];
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::Error => "error",
            Self::Sleep => "sleep",
        })
    }
}

/// A file that a program reads at each named point, and removes when it has done what stands there.
#[derive(Clone, Debug)]
pub struct Trap(PathBuf);

impl Trap {
    /// A trap by its file.
    #[must_use]
    pub const fn at(file: PathBuf) -> Self {
        Self(file)
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.0
    }

    /// Says what shall happen at a point, once.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn set(&self, point: &str, action: Action) -> Result<()> {
        // The program finds all of it or nothing.
        let next = self.0.with_extension("next");
        std::fs::write(&next, format!("{point} {action}")).context("could not set a trap")?;
        std::fs::rename(next, &self.0).context("could not set a trap")
    }

    /// Whether nobody has come by yet.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.exists()
    }
}
