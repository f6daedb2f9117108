//! What the crowd counts while it goes on.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::bench::figure::Watch;

/// Counted by all stores together.
#[derive(Debug)]
pub struct Tally {
    watch: Watch,
    counted: Mutex<Counted>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Sessions that the mall opened.
    pub n_sessions: u32,
    /// Stores that had a first session, and when the last of them had it.
    pub n_begun: u32,
    /// When the last store had its first session, since the beginning.
    pub all_begun: Duration,
    /// Batches that were answered.
    pub n_batches: u32,
    /// Answers that told a store to come later: 429 and 503, and what a session or a batch asked for.
    pub n_later: u32,
    /// Other refusals, each by its problem.
    pub refusals: Vec<String>,
    /// Calls that nobody answered, or not as was agreed.
    pub n_silent: u32,
    /// Stores that have told everything.
    pub n_told: u32,
    /// Stores whose line to the broker came up, each time.
    pub n_lines: u32,
    /// When each store believed the settings that are waited for.
    pub believed: Vec<Duration>,
    /// When each store heard the bell that is waited for.
    pub rung: Vec<Duration>,
    /// Envelopes that were not believed.
    pub n_disbelieved: u32,
}

impl Default for Tally {
    fn default() -> Self {
        Self { watch: Watch::start(), counted: Mutex::default() }
    }
}

impl Tally {
    /// Since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Counts.
    pub fn count(&self, what: impl FnOnce(&mut Counted)) {
        what(&mut self.held());
    }

    /// What was counted until now.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
