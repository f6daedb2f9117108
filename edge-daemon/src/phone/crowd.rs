//! How often somebody may call: a bucket each that fills up again by itself.
//!
//! **Invariant:** in memory and bounded; a crowd of made-up callers costs a table of fixed size.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use domain::time::Timestamp;

/// How often is still polite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Calls a second, for ever.
    pub(crate) per_second: i64,
    /// Calls at once, after a while of silence.
    pub(crate) burst: i64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a call.
    left: i64,
    at: Timestamp,
}

/// The buckets of all callers of one kind.
#[derive(Debug)]
pub(crate) struct Crowd<K> {
    rate: Rate,
    most: usize,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Copy + Eq + Hash> Crowd<K> {
    /// Remembers at most so many callers; beyond that, whoever was silent longest is forgotten.
    pub(crate) fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, buckets: Mutex::default() }
    }

    /// Takes one call; the error is how many milliseconds to wait.
    pub(crate) fn take(&self, who: K, now: Timestamp) -> Result<(), u64> {
        let full = self.rate.burst * 1_000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(&who) {
            let silent = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(key, _)| *key);
            silent.map(|key| buckets.remove(&key));
        }
        let bucket = buckets.entry(who).or_insert(Bucket { left: full, at: now });
        // A clock that went back fills nothing.
        let passed_ms = now.ms_since(bucket.at).max(0);
        let filled = passed_ms.saturating_mul(self.rate.per_second);
        bucket.left = bucket.left.saturating_add(filled).min(full);
        bucket.at = now;
        if bucket.left < 1_000 {
            let missing = 1_000 - bucket.left;
            return Err((missing / self.rate.per_second.max(1) + 1).unsigned_abs());
        }
        bucket.left -= 1_000;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_ms(ms)
    }

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let crowd = Crowd::new(Rate { per_second: 4, burst: 3 }, 8);
        let calls = [(0, true), (0, true), (0, true), (0, false), (249, false), (250, true)];
        for (ms, is_taken) in calls {
            assert_eq!(crowd.take(1, at(ms)).is_ok(), is_taken, "at {ms}");
        }
        assert_eq!(crowd.take(1, at(250)), Err(251));
        assert_eq!(crowd.take(2, at(250)), Ok(()), "another caller has a bucket of its own");
        // However long the silence, no more than a burst.
        let taken = (0..9).filter(|_| crowd.take(1, at(3_600_000)).is_ok()).count();
        assert_eq!(taken, 3);
        assert!(crowd.take(1, at(0)).is_err(), "the clock went back");
    }

    #[test]
    fn a_crowd_of_strangers_takes_no_more_room_than_agreed() {
        let crowd = Crowd::new(Rate { per_second: 1, burst: 1 }, 16);
        for who in 0..10_000 {
            assert_eq!(crowd.take(who, at(who)), Ok(()));
        }
        assert_eq!(crowd.buckets.lock().unwrap().len(), 16);
    }
}
