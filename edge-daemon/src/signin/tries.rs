//! Who tried what how often: wrong PINs and guessed codes bring a pause, to whoever tries.
//!
//! Numbers of operators are no secret, so a stranger on the LAN may try them. At a screen of this box
//! nobody is held out by that: it has tries of its own. From elsewhere an address has its tries of
//! each number, and all unknown addresses together have theirs, which hold nobody out who signed in
//! from where they are.
//!
//! **Invariant:** memory is bounded, and whoever fills it holds nobody else out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use domain::{receipt_number::WorkstationNumber, time::Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Wrong PINs of one operator before the first pause.
pub(super) const TRIES_MAX: u32 = 5;
/// Tries from one address before the first pause: several managers behind one, and their slips.
const TRIES_OF_ADDRESS_MAX: u32 = 20;
/// Tries of one operator from all unknown addresses before the first pause: a dozen of them with
/// `TRIES_MAX` each.
const TRIES_FROM_AFAR_MAX: u32 = 60;
/// Whose tries are counted at once; beyond that the stranger whose pause ends first is forgotten.
const TRIED_MAX: usize = 4_096;
/// The first pause; it doubles with each further wrong PIN.
pub(super) const PAUSE_MS_MIN: i64 = 30_000;
/// No pause is longer, so that nobody is locked out of a day's work.
const PAUSE_MS_MAX: i64 = 3_600_000;
/// PINs that are hashed at once: each takes 19 MiB and a core.
const HASHING_MAX: usize = 2;
/// Of strangers: a screen of this box waits for one of them at most.
const HASHING_OF_STRANGERS_MAX: usize = 1;

/// Whose tries are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tried {
    /// An operator at a workstation's screen on this box.
    Till(WorkstationNumber, String),
    /// An operator at the console on this box.
    Console(String),
    /// Codes of phones that are typed at a workstation.
    PhoneCode(WorkstationNumber),
    /// Codes of online orders that are typed at a workstation.
    PickupCode(WorkstationNumber),
    /// An address that is not this box, whoever it says it is.
    Address(IpAddr),
    /// An operator from an address that is not this box, at whatever screen.
    From(IpAddr, String),
    /// An operator from all addresses together from which they never signed in.
    Afar(String),
}

impl Tried {
    /// What a try of a PIN counts as: at a workstation or, without one, at the console; by the number
    /// of an operator, if there is one of it.
    pub(crate) fn pin(
        at: Option<WorkstationNumber>,
        from: IpAddr,
        operator: Option<&str>,
    ) -> Vec<Self> {
        let number = operator.map(str::to_owned);
        if !from.is_loopback() {
            let keys = number.map(|number| [Self::From(from, number.clone()), Self::Afar(number)]);
            return std::iter::once(Self::Address(from))
                .chain(keys.into_iter().flatten())
                .collect();
        }
        match at {
            Some(at) => number.map(|number| Self::Till(at, number)).into_iter().collect(),
            None => std::iter::once(Self::Address(from)).chain(number.map(Self::Console)).collect(),
        }
    }

    /// Tries before the first pause.
    const fn most(&self) -> u32 {
        match self {
            Self::Till(..)
            | Self::Console(_)
            | Self::PhoneCode(_)
            | Self::PickupCode(_)
            | Self::From(..) => TRIES_MAX,
            Self::Address(_) => TRIES_OF_ADDRESS_MAX,
            Self::Afar(_) => TRIES_FROM_AFAR_MAX,
        }
    }

    /// How soon it is forgotten when there is no room, the lowest first: of those whom strangers can
    /// be as many as they like.
    const fn rank(&self) -> u8 {
        match self {
            Self::Address(_) | Self::From(..) => 0,
            Self::Afar(_) => 1,
            Self::Till(..) | Self::Console(_) | Self::PhoneCode(_) | Self::PickupCode(_) => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Tries {
    /// Somebody signed in from there: that is no unknown address.
    is_known: bool,
    until: i64,
    wrong: u32,
}

/// Tries that were wrong, or are not known to be right. They are forgotten at a restart, which takes a
/// person at the box.
#[derive(Debug)]
pub(crate) struct Attempts {
    tries: Mutex<HashMap<Tried, Tries>>,
    hashing: Semaphore,
    strangers: Semaphore,
    /// How often a PIN was hashed.
    hashed: AtomicU32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            tries: Mutex::default(),
            hashing: Semaphore::new(HASHING_MAX),
            strangers: Semaphore::new(HASHING_OF_STRANGERS_MAX),
            hashed: AtomicU32::new(0),
        }
    }
}

impl Attempts {
    /// Counts a try before it is looked at, so that many at once are not one; `right` takes it
    /// back. The error is how long to wait.
    pub(crate) fn begin(&self, key: &Tried, now: Timestamp) -> Result<(), i64> {
        self.begin_all(std::slice::from_ref(key), now)
    }

    /// The same for a try that counts in several ways: it is counted in all of them or, where one has
    /// to wait, in none.
    pub(crate) fn begin_all(&self, keys: &[Tried], now: Timestamp) -> Result<(), i64> {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |key: &Tried| all.get(key).is_some_and(|tries| tries.is_known);
        let is_nobody = !keys.iter().any(is_known);
        let counted = keys.iter().filter(|key| is_nobody || !matches!(key, Tried::Afar(_)));
        let counted: Vec<&Tried> = counted.collect();
        let wait = |key: &&Tried| all.get(*key).map(|tries| (tries.until - now.micros()) / 1_000);
        let longest = counted.iter().filter_map(wait).max().unwrap_or(0);
        if longest > 0 {
            return Err(longest);
        }
        for key in counted {
            make_room(&mut all, key);
            let tries = all.entry(key.clone()).or_default();
            tries.wrong = tries.wrong.saturating_add(1);
            if let Some(over) = tries.wrong.checked_sub(key.most()) {
                let pause = PAUSE_MS_MIN.saturating_mul(1 << over.min(10)).min(PAUSE_MS_MAX);
                tries.until = now.plus_ms(pause).micros();
            }
        }
        Ok(())
    }

    /// The tries were those of somebody who knows the code.
    pub(crate) fn right(&self, key: &Tried) {
        self.right_all(std::slice::from_ref(key));
    }

    /// The same for a try that counted in several ways; from where it came is known from now on.
    pub(crate) fn right_all(&self, keys: &[Tried]) {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |key: &Tried| all.get(key).is_some_and(|tries| tries.is_known);
        // Where it was known before, what strangers tried was not counted with it, and stays.
        let was_known = keys.iter().any(is_known);
        for key in keys {
            match key {
                Tried::From(..) => {
                    make_room(&mut all, key);
                    all.insert(key.clone(), Tries { is_known: true, ..Tries::default() });
                }
                Tried::Afar(_) if was_known => {}
                Tried::Afar(_)
                | Tried::Till(..)
                | Tried::Console(_)
                | Tried::PhoneCode(_)
                | Tried::PickupCode(_)
                | Tried::Address(_) => {
                    all.remove(key);
                }
            }
        }
    }

    /// What was tried was not looked at, so it was no guess: it is taken back, and those before stay.
    pub(crate) fn no_guess(&self, key: &Tried) {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tries) = all.get_mut(key) else { return };
        tries.wrong = tries.wrong.saturating_sub(1);
        if tries.wrong < key.most() {
            tries.until = 0;
        }
    }

    /// Waits until a PIN may be hashed.
    pub(crate) async fn hashing(&self) -> Option<SemaphorePermit<'_>> {
        self.hashing.acquire().await.ok()
    }

    /// Notes that a PIN was hashed.
    pub(super) fn has_hashed(&self) {
        self.hashed.fetch_add(1, Ordering::Relaxed);
    }

    /// How often a PIN was hashed.
    #[cfg(test)]
    pub(crate) fn hashed(&self) -> u32 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// Lets callers from elsewhere wait for each other, before they wait with this box's screens; these
    /// do not.
    pub(crate) async fn in_turn(&self, from: IpAddr) -> Option<SemaphorePermit<'_>> {
        if from.is_loopback() { None } else { self.strangers.acquire().await.ok() }
    }
}

/// Forgets somebody if there is no room for this one: an unknown stranger whose pause ends first.
fn make_room(all: &mut HashMap<Tried, Tries>, key: &Tried) {
    if all.len() < TRIED_MAX || all.contains_key(key) {
        return;
    }
    let first = all.iter().min_by_key(|(key, tries)| (key.rank(), **tries));
    let first = first.map(|(key, _)| key.clone());
    if let Some(first) = first {
        all.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: [u8; 4] = [10, 0, 0, 66];
    const OFFICE: [u8; 4] = [10, 0, 0, 20];
    const HERE: [u8; 4] = [127, 0, 0, 1];
    const TILL: Option<WorkstationNumber> = Some(1);
    const CONSOLE: Option<WorkstationNumber> = None;

    /// Tries with a clock that is turned by hand.
    #[derive(Default)]
    struct Door {
        attempts: Attempts,
        ms: i64,
    }

    impl Door {
        fn tries(&self, at: Option<WorkstationNumber>, from: impl Into<IpAddr>) -> Result<(), i64> {
            let keys = Tried::pin(at, from.into(), Some("9001"));
            self.attempts.begin_all(&keys, Timestamp::from_micros(0).plus_ms(self.ms))
        }

        /// Tries with the right PIN.
        fn enters(&self, at: Option<WorkstationNumber>, from: [u8; 4]) -> Result<(), i64> {
            self.tries(at, from)?;
            self.attempts.right_all(&Tried::pin(at, from.into(), Some("9001")));
            Ok(())
        }

        /// Tries until there is a pause: how often, and how long it is.
        fn is_paused_after(&self, at: Option<WorkstationNumber>, from: [u8; 4]) -> (u32, i64) {
            let mut n = 0;
            loop {
                match self.tries(at, from) {
                    Ok(()) => n += 1,
                    Err(wait_ms) => return (n, wait_ms),
                }
            }
        }
    }

    #[test]
    fn an_address_has_five_tries_of_a_number_and_then_a_pause_that_doubles_up_to_an_hour() {
        for (at, from) in [(TILL, STRANGER), (CONSOLE, STRANGER), (TILL, HERE), (CONSOLE, HERE)] {
            let mut door = Door::default();
            assert_eq!(door.is_paused_after(at, from), (5, 30_000));
            for (passed_ms, expected) in [
                (29_999, (0, 1)),
                (1, (1, 60_000)),
                (60_000, (1, 120_000)),
                (120_000, (1, 240_000)),
                (240_000, (1, 480_000)),
                (480_000, (1, 960_000)),
                (960_000, (1, 1_920_000)),
                (1_920_000, (1, 3_600_000)),
                (3_600_000, (1, 3_600_000)),
            ] {
                door.ms += passed_ms;
                assert_eq!(door.is_paused_after(at, from), expected, "{at:?} {from:?} {}", door.ms);
            }
        }
    }

    #[test]
    fn a_stranger_who_guesses_holds_nobody_out_but_themselves() {
        for guessed_at in [TILL, CONSOLE] {
            let door = Door::default();
            assert_eq!(door.is_paused_after(guessed_at, STRANGER).0, 5);
            for at in [TILL, CONSOLE] {
                assert!(door.tries(at, STRANGER).is_err(), "one number, whatever the screen");
                assert_eq!(door.enters(at, HERE), Ok(()));
                assert_eq!(door.enters(at, OFFICE), Ok(()));
            }
        }
    }

    #[test]
    fn many_strangers_are_paused_together_and_hold_out_neither_this_box_nor_known_addresses() {
        let mut door = Door::default();
        door.enters(CONSOLE, OFFICE).unwrap();
        let guesses: u32 = (0..200).map(|n| door.is_paused_after(TILL, [10, 0, 1, n]).0).sum();
        assert_eq!(guesses, TRIES_FROM_AFAR_MAX);
        assert_eq!(door.tries(TILL, [10, 0, 2, 1]), Err(30_000), "an address that nobody knows");
        for at in [TILL, CONSOLE] {
            assert_eq!(door.enters(at, OFFICE), Ok(()));
            assert_eq!(door.enters(at, HERE), Ok(()));
        }
        assert_eq!(door.is_paused_after(CONSOLE, OFFICE).0, 5, "a known address may guess no more");
        assert!(door.tries(TILL, [10, 0, 2, 1]).is_err(), "who is known took nothing back");
        // After the pause one of all of them may try, and the next pause is longer.
        door.ms += 30_000;
        let guesses: Vec<u32> =
            (0..3).map(|n| door.is_paused_after(TILL, [10, 0, 3, n]).0).collect();
        assert_eq!(guesses, [1, 0, 0]);
        assert_eq!(door.tries(TILL, [10, 0, 3, 9]), Err(60_000));
    }

    #[test]
    fn one_address_that_tries_every_number_is_paused_whether_there_is_an_operator_or_not() {
        for operator in [None, Some(())] {
            let door = Door::default();
            let is_taken = |n: &u32| {
                let number = operator.map(|()| n.to_string());
                let keys = Tried::pin(TILL, STRANGER.into(), number.as_deref());
                door.attempts.begin_all(&keys, Timestamp::from_micros(0)).is_ok()
            };
            assert_eq!((0..99).filter(is_taken).count(), 20);
        }
    }

    #[test]
    fn a_try_that_has_to_wait_is_counted_nowhere() {
        let mut door = Door::default();
        for n in 0..12 {
            assert_eq!(door.is_paused_after(TILL, [10, 0, 1, n]).0, 5);
        }
        for _ in 0..99 {
            assert_eq!(door.tries(TILL, OFFICE), Err(30_000));
        }
        door.ms += 30_000;
        assert_eq!(door.enters(TILL, OFFICE), Ok(()), "somebody was held out for having waited");
    }

    #[test]
    fn whoever_fills_the_table_holds_nobody_out_and_is_still_paused() {
        let door = Door::default();
        door.enters(CONSOLE, OFFICE).unwrap();
        assert_eq!(door.is_paused_after(TILL, STRANGER).0, 5);
        assert_eq!(door.is_paused_after(TILL, HERE).0, 5);
        for n in 0..6_000_u32 {
            let from = std::net::Ipv6Addr::from((0xFD00_u128 << 112) | u128::from(n)).into();
            let number = n.to_string();
            let number = n.is_multiple_of(2).then_some(number.as_str());
            let keys = Tried::pin(TILL, from, number);
            assert_eq!(door.attempts.begin_all(&keys, Timestamp::from_micros(0)), Ok(()));
        }
        assert!(door.attempts.tries.lock().unwrap().len() <= TRIED_MAX);
        assert!(door.tries(TILL, STRANGER).is_err() && door.tries(TILL, HERE).is_err());
        assert_eq!(door.enters(CONSOLE, OFFICE), Ok(()));
        assert_eq!(door.enters(Some(2), HERE), Ok(()));
    }

    #[test]
    fn what_was_no_guess_is_taken_back_alone() {
        let attempts = Attempts::default();
        let (key, now) = (Tried::PhoneCode(1), Timestamp::from_micros(0));
        for _ in 0..4 {
            attempts.begin(&key, now).unwrap();
        }
        for _ in 0..20 {
            attempts.begin(&key, now).unwrap();
            attempts.no_guess(&key);
        }
        attempts.begin(&key, now).unwrap();
        assert_eq!(attempts.begin(&key, now), Err(30_000));
        attempts.right(&key);
        assert_eq!(attempts.begin(&key, now), Ok(()));
    }
}
