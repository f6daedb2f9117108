//! How often somebody may guess a code.
//!
//! **Invariant:** bounded memory, whoever knocks; a right answer gives its try back.

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

/// A try that has been counted.
#[derive(Debug)]
pub(crate) struct Counted {
    from: IpAddr,
    since: Timestamp,
}

impl Limiter {
    /// Counts a try before its answer is known, so that many at once cannot all slip through.
    ///
    /// # Errors
    ///
    /// Milliseconds to wait before the next try from there.
    pub(crate) fn count(&self, from: IpAddr, now: Timestamp) -> Result<Counted, i64> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = tries.since.filter(|since| (0..WINDOW_MS).contains(&now.ms_since(*since)));
        let since = running.unwrap_or(now);
        if running.is_none() {
            *tries = Tries { since: Some(now), ..Tries::default() };
        }
        let mine = tries.by_address.get(&from).copied().unwrap_or(0);
        if mine >= TRIES_MAX || tries.all >= TRIES_ALL_MAX {
            return Err(WINDOW_MS - now.ms_since(since));
        }
        tries.all = tries.all.saturating_add(1);
        if tries.by_address.len() < ADDRESSES_MAX || mine > 0 {
            tries.by_address.insert(from, mine.saturating_add(1));
        }
        Ok(Counted { from, since })
    }

    /// Takes back a try that was not wrong.
    pub(crate) fn give_back(&self, counted: &Counted) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It was counted in a minute that has passed.
        if tries.since != Some(counted.since) {
            return;
        }
        tries.all = tries.all.saturating_sub(1);
        match tries.by_address.get(&counted.from).copied() {
            Some(mine) if mine > 1 => drop(tries.by_address.insert(counted.from, mine - 1)),
            Some(_) | None => drop(tries.by_address.remove(&counted.from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000).plus_ms(ms)
    }

    #[test]
    fn five_wrong_tries_lock_an_address_for_the_rest_of_the_minute() {
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for (from, ms, expected) in
            [(a, 20_000, Some(40_000)), (b, 20_000, None), (a, 60_000, None), (a, -1, None)]
        {
            let limiter = Limiter::default();
            for _ in 0..TRIES_MAX {
                limiter.count(a, at(0)).unwrap();
            }
            // A clock that was set back does not lock for ever.
            assert_eq!(limiter.count(from, at(ms)).err(), expected, "{from} {ms}");
        }
    }

    #[test]
    fn many_addresses_together_lock_everyone() {
        let limiter = Limiter::default();
        for i in 0..TRIES_ALL_MAX {
            limiter.count(IpAddr::V4(i.into()), at(0)).unwrap();
        }
        assert_eq!(limiter.count([9, 9, 9, 9].into(), at(0)).err(), Some(WINDOW_MS));
    }

    #[test]
    fn a_try_counts_until_it_is_given_back_and_only_in_its_own_minute() {
        let limiter = Limiter::default();
        let a: IpAddr = [10, 0, 0, 1].into();
        for _ in 0..100 {
            let counted = limiter.count(a, at(0)).unwrap();
            limiter.give_back(&counted);
        }
        let first: Vec<Counted> =
            (0..TRIES_MAX).map(|_| limiter.count(a, at(0)).unwrap()).collect();
        assert!(limiter.count(a, at(0)).is_err());
        limiter.give_back(&first[0]);
        limiter.count(a, at(0)).unwrap();
        for _ in 0..TRIES_MAX {
            limiter.count(a, at(70_000)).unwrap();
        }
        first.iter().for_each(|old| limiter.give_back(old));
        assert!(limiter.count(a, at(70_000)).is_err());
    }
}
