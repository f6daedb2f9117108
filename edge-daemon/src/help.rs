//! Kiosks whose shoppers have called for somebody of the store.
//!
//! **Invariant:** memory only: whoever called before a restart calls again.

use std::{collections::BTreeMap, sync::Mutex};

use domain::{receipt_number::WorkstationNumber, time::Timestamp};

/// A call is told for so long; by then somebody came, or the shopper left.
const TOLD_MS: i64 = 300_000;

/// Who has called, and when.
#[derive(Debug, Default)]
pub(crate) struct HelpWanted {
    calls: Mutex<BTreeMap<WorkstationNumber, Timestamp>>,
}

impl HelpWanted {
    /// A shopper calls.
    pub(crate) fn call(&self, workstation: WorkstationNumber, now: Timestamp) {
        if let Ok(mut calls) = self.calls.lock() {
            calls.insert(workstation, now);
        }
    }

    /// Nobody waits there any more; `true` if somebody did.
    pub(crate) fn end(&self, workstation: WorkstationNumber) -> bool {
        self.calls.lock().is_ok_and(|mut calls| calls.remove(&workstation).is_some())
    }

    /// Who waits, and since when.
    pub(crate) fn waiting(&self, now: Timestamp) -> Vec<(WorkstationNumber, Timestamp)> {
        let Ok(mut calls) = self.calls.lock() else { return Vec::new() };
        calls.retain(|_, at| (0..TOLD_MS).contains(&now.ms_since(*at)));
        calls.iter().map(|(workstation, at)| (*workstation, *at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_until_somebody_ended_it_or_five_minutes_are_over() {
        let (help, at) = (HelpWanted::default(), |ms: i64| Timestamp::from_micros(ms * 1_000));
        help.call(3, at(0));
        help.call(4, at(1));
        assert_eq!(help.waiting(at(2)), [(3, at(0)), (4, at(1))]);
        assert!(help.end(3) && !help.end(3));
        assert_eq!(help.waiting(at(TOLD_MS)), [(4, at(1))]);
        assert_eq!(help.waiting(at(TOLD_MS + 1)), []);
    }
}
