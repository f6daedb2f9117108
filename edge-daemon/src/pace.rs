//! Pace: how fast callers that nobody knows may ask, per address.
//!
//! A bucket of tokens for each address: it holds a burst, and fills again with time. Whoever asks
//! too fast is told when to come back; nothing else of theirs is refused.
//!
//! **Invariant:** memory is bounded, also while many addresses call at once.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use domain::time::Timestamp;

/// Questions at once: a page of a shelf with its pictures, and a shopper who types fast.
const BURST: i64 = 60;
/// A further question may come after so long: ten a second, more than fingers do.
const REFILL_MS: i64 = 100;
/// Addresses that are remembered: more than phones fit into a store.
const ADDRESSES_MAX: usize = 4_096;

/// What an address has left.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: i64,
    /// Up to when it was filled, in milliseconds since 1970.
    filled_ms: i64,
}

/// How fast callers may ask.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Pace {
    /// Takes a token of an address; else says after how many milliseconds one is there.
    pub(crate) fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let now_ms = now.micros() / 1_000;
        let Ok(mut buckets) = self.buckets.lock() else { return Ok(()) };
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&address) {
            // Full buckets tell nothing that a new one would not.
            buckets.retain(|_, bucket| bucket.filled(now_ms).tokens < BURST);
            if buckets.len() >= ADDRESSES_MAX {
                return Err(u64::try_from(REFILL_MS).unwrap_or_default());
            }
        }
        let new = Bucket { tokens: BURST, filled_ms: now_ms };
        let bucket = buckets.entry(address).or_insert(new);
        *bucket = bucket.filled(now_ms);
        if bucket.tokens > 0 {
            bucket.tokens -= 1;
            return Ok(());
        }
        let wait = REFILL_MS - (now_ms - bucket.filled_ms);
        Err(u64::try_from(wait.max(1)).unwrap_or_default())
    }
}

impl Bucket {
    /// The bucket as time has filled it. A clock that went back fills nothing and takes nothing.
    fn filled(self, now_ms: i64) -> Self {
        let passed = now_ms - self.filled_ms;
        if passed < 0 {
            return Self { filled_ms: now_ms, ..self };
        }
        let more = passed / REFILL_MS;
        let tokens = self.tokens.saturating_add(more).min(BURST);
        Self { tokens, filled_ms: self.filled_ms + more * REFILL_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(ms * 1_000)
    }

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn a_burst_is_allowed_then_so_many_a_second_and_another_address_is_untouched() {
        let pace = Pace::default();
        for _ in 0..BURST {
            pace.take(address(1), at(0)).unwrap();
        }
        assert_eq!(pace.take(address(1), at(0)), Err(100));
        assert_eq!(pace.take(address(1), at(60)), Err(40));
        assert_eq!(pace.take(address(2), at(60)), Ok(()));
        assert_eq!(pace.take(address(1), at(100)), Ok(()));
        assert_eq!(pace.take(address(1), at(100)), Err(100));
        let second = (0..100).filter(|_| pace.take(address(1), at(1_100)).is_ok()).count();
        assert_eq!(second, 10);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let pace = Pace::default();
        pace.take(address(1), at(3_600_000)).unwrap();
        assert_eq!(pace.take(address(1), at(0)), Ok(()));
        assert_eq!(pace.take(address(1), at(100)), Ok(()));
    }

    #[test]
    fn more_addresses_than_are_remembered_wait_until_others_are_forgotten() {
        let pace = Pace::default();
        let all = u32::try_from(ADDRESSES_MAX).unwrap();
        for n in 0..all {
            pace.take(address(n), at(0)).unwrap();
        }
        assert_eq!(pace.take(address(all), at(0)), Err(100));
        assert_eq!(pace.take(address(3), at(0)), Ok(()), "who is known is served");
        assert_eq!(pace.take(address(all), at(200)), Ok(()));
        assert!(pace.buckets.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
