//! Payment codes of the last minute, so that a scanner that beeps twice charges once.
//!
//! **Invariant:** in memory only, and never the code: a keyed hash whose key dies with the program.

use std::{
    collections::VecDeque,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use domain::time::Timestamp;

/// Houses give out another code after a minute; the same one before is the same showing.
const SHOWN_MS: i64 = 60_000;
/// More than all tills of a store can scan in a minute; the oldest are forgotten beyond.
const MARKS_MAX: usize = 512;

/// What stands for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeMark(u64);

/// The codes of the last minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShownCodes {
    key: RandomState,
    marks: Arc<Mutex<VecDeque<(CodeMark, Timestamp)>>>,
}

impl ShownCodes {
    /// What stands for a code.
    pub(crate) fn mark(&self, code: &str) -> CodeMark {
        CodeMark(self.key.hash_one(code))
    }

    /// Whether a code was not charged in the last minute; from now on it was.
    pub(crate) fn is_fresh(&self, mark: CodeMark, now: Timestamp) -> bool {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        // After the clock went back nothing is known to be a minute old; it is forgotten.
        marks.retain(|(_, at)| (0..SHOWN_MS).contains(&now.ms_since(*at)));
        if marks.iter().any(|(known, _)| *known == mark) {
            return false;
        }
        if marks.len() >= MARKS_MAX {
            marks.pop_front();
        }
        marks.push_back((mark, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_is_charged_once_in_a_minute() {
        let codes = ShownCodes::default();
        let (one, other) = (codes.mark("134567890123456789"), codes.mark("134567890123456780"));
        let at = |ms| Timestamp::from_micros(0).plus_ms(ms);
        for (mark, ms, is_fresh) in [
            (one, 0, true),
            (one, 1_000, false),
            (other, 1_000, true),
            (one, 59_999, false),
            (one, 60_000, true),
            (one, 30_000, true),
        ] {
            assert_eq!(codes.is_fresh(mark, at(ms)), is_fresh, "{mark:?} at {ms} ms");
        }
    }
}
