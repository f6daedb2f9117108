//! The only room that calls the mall.
//!
//! | file | what |
//! | --- | --- |
//! | `mall` | signed requests, time limits, what an answer means |
//! | `enrol` | takes this box's place with a one-time code |
//! | `certificate` | this box's certificate, asked for before the one before ends |
//! | `pin` | which mall is believed under TLS |
//! | `session` | where the ledger stands, before its facts are sent; what it has lost |
//! | `upload` | reconciler: the outbox, until it is empty |
//! | `day` | reconciler: days compared with the mall until both hold the same |
//! | `mqtt` | the line to the broker: settings and bells in, reports and presence out |
//! | `check_in` | guests of the Wi-Fi who came, and their coupons |
//! | `rights` | what a shopper waits for: payments by code, coupons, vouchers, online returns |
//!
//! **Invariant:** nothing that sells waits for this room.

pub(crate) mod certificate;
pub(crate) mod check_in;
pub(crate) mod day;
pub(crate) mod elsewhere;
pub(crate) mod enrol;
pub(crate) mod mall;
pub(crate) mod mqtt;
mod pin;
pub(crate) mod rights;
pub(crate) mod seal;
pub(crate) mod session;
pub(crate) mod upload;

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use domain::time::Timestamp;

use crate::db::{history::Standing, outbox::Backlog};

/// Whether the mall answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody has answered since start.
    #[default]
    Never,
    /// It answered last time.
    Up,
    /// It did not answer last time.
    Down,
}

/// The line to the mall, as screens tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkState {
    /// Whether the mall answers.
    pub(crate) reach: Reach,
    /// Since when.
    pub(crate) since: Option<Timestamp>,
    /// What waits to be told.
    pub(crate) backlog: Backlog,
    /// Which life the ledger is in, where that is in doubt.
    pub(crate) history: Standing,
    /// By how much the mall's clock is ahead of this box's, in milliseconds, once that matters.
    pub(crate) ahead_ms: i64,
    /// When the mall last acknowledged facts, in this run.
    pub(crate) told_at: Option<Timestamp>,
    /// Whether somebody on the way refuses every fact, however it is told.
    pub(crate) is_shut: bool,
}

/// The line to the mall.
#[derive(Debug, Default)]
pub(crate) struct Link(Mutex<LinkState>, AtomicU64);

impl Link {
    /// As it stands.
    pub(crate) fn state(&self) -> LinkState {
        self.0.lock().map(|state| *state).unwrap_or_default()
    }

    /// Notes that the mall answered or not; `true` when that is new.
    pub(crate) fn reached(&self, is_up: bool, now: Timestamp) -> bool {
        let reach = if is_up { Reach::Up } else { Reach::Down };
        let Ok(mut state) = self.0.lock() else {
            return false;
        };
        let is_new = state.reach != reach;
        if is_new {
            if let (Reach::Down, Some(since)) = (state.reach, state.since) {
                let silence = u64::try_from(now.ms_since(since)).unwrap_or(0);
                self.1.store(silence, Ordering::Relaxed);
            }
            (state.reach, state.since) = (reach, Some(now));
        }
        is_new
    }

    /// How long the mall was silent before it was heard again, in milliseconds; 0 when that was asked
    /// before, or it has not been silent.
    pub(crate) fn take_silence(&self) -> u64 {
        self.1.swap(0, Ordering::Relaxed)
    }

    /// Notes that the mall acknowledged facts.
    pub(crate) fn told(&self, now: Timestamp) {
        if let Ok(mut state) = self.0.lock() {
            state.told_at = Some(now);
        }
    }

    /// Notes whether every fact is refused; `true` when that is new.
    pub(crate) fn is_shut(&self, is_shut: bool) -> bool {
        self.0
            .lock()
            .is_ok_and(|mut state| std::mem::replace(&mut state.is_shut, is_shut) != is_shut)
    }

    /// Notes how the clocks stand; `true` when that is new.
    pub(crate) fn clocks(&self, ahead_ms: i64) -> bool {
        let Ok(mut state) = self.0.lock() else {
            return false;
        };
        let is_new = state.ahead_ms != ahead_ms;
        state.ahead_ms = ahead_ms;
        is_new
    }

    /// Notes what waits and how the ledger stands; `true` when that is new.
    pub(crate) fn stands(&self, backlog: Backlog, history: Standing) -> bool {
        let Ok(mut state) = self.0.lock() else {
            return false;
        };
        let is_new = (state.backlog, state.history) != (backlog, history);
        (state.backlog, state.history) = (backlog, history);
        is_new
    }
}
