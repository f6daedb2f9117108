//! How often somebody may guess a code.
//!
//! **Invariant:** bounded memory, whoever knocks; right answers are never counted.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use domain::time::Timestamp;

/// Wrong tries from one address in a minute.
pub(crate) const TRIES_MAX: u32 = 5;
/// Wrong tries from everywhere in a minute: a code of 40 bits that lives ten minutes is then
/// guessed with a chance below one in a billion.
const TRIES_ALL_MAX: u32 = 60;
const WINDOW_MS: i64 = 60_000;
/// Addresses that are remembered; more than `TRIES_ALL_MAX` never come up in a window.
const ADDRESSES_MAX: usize = 1_024;

/// Counts wrong tries by address and altogether.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Tries>);

#[derive(Debug, Default)]
struct Tries {
    since: Option<Timestamp>,
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Limiter {
    /// Milliseconds to wait before the next try from there; `None` for none.
    pub(crate) fn wait_ms(&self, from: IpAddr, now: Timestamp) -> Option<i64> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = tries.since?;
        let left = WINDOW_MS - now.ms_since(since);
        let is_over = left <= 0 || left > WINDOW_MS;
        let mine = tries.by_address.get(&from).copied().unwrap_or(0);
        let is_locked = mine >= TRIES_MAX || tries.all >= TRIES_ALL_MAX;
        (is_locked && !is_over).then_some(left)
    }

    /// Counts a wrong try.
    pub(crate) fn count(&self, from: IpAddr, now: Timestamp) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over =
            tries.since.is_none_or(|since| !(0..WINDOW_MS).contains(&now.ms_since(since)));
        if is_over {
            *tries = Tries { since: Some(now), ..Tries::default() };
        }
        tries.all = tries.all.saturating_add(1);
        if tries.by_address.len() < ADDRESSES_MAX || tries.by_address.contains_key(&from) {
            let mine = tries.by_address.entry(from).or_default();
            *mine = mine.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_tries_lock_an_address_for_the_rest_of_the_minute() {
        let limiter = Limiter::default();
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let at = |ms: i64| Timestamp::from_micros(1_000_000).plus_ms(ms);
        for _ in 0..TRIES_MAX {
            assert_eq!(limiter.wait_ms(a, at(0)), None);
            limiter.count(a, at(0));
        }
        assert_eq!(limiter.wait_ms(a, at(20_000)), Some(40_000));
        assert_eq!(limiter.wait_ms(b, at(20_000)), None);
        assert_eq!(limiter.wait_ms(a, at(60_000)), None);
        assert_eq!(limiter.wait_ms(a, at(-1)), None, "a clock set back does not lock for ever");
    }

    #[test]
    fn many_addresses_together_lock_everyone() {
        let limiter = Limiter::default();
        let now = Timestamp::from_micros(0);
        for i in 0..TRIES_ALL_MAX {
            limiter.count(IpAddr::V4(i.into()), now);
        }
        assert!(limiter.wait_ms([9, 9, 9, 9].into(), now).is_some());
    }
}
