//! What stores may let a member spend without asking: lent by the mall, counted by the store.
//!
//! A member's points, and their prepaid balance, are each one purse. The mall lends a part of it to
//! each store that knows them; the store subtracts what it spent since the mall counted last
//! (`member::Allowance`). Both sides count what a store **ever** spent, `spent`, and the mall
//! promises up to `cap` of that:
//!
//! ```text
//!      told to the mall            not told yet
//! ├───────── spent ─────────┼─────────────┼──── left ────┤
//! 0                   spent_through                      cap
//!                           └───── amount of the row ────┘
//! ```
//!
//! | step | what it has | what is open |
//! | --- | --- | --- |
//! | a store tells of `x` that it spent | `− x` | `− x` |
//! | a store tells that `x` was undone | `+ x` | `+ x` |
//! | the mall lends `y` more | | `+ y`, of what is free |
//! | a store tells of a moment after an allowance's end | | nothing of it is open |
//!
//! **Invariant:** the sum of what is open, over all stores, is never more than what the purse has.
//! What is open is lent until its store tells of a moment after `expires_at`, by the clock that it
//! also ends it by: what it spent before, and could not tell for a week, still had its cover.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How long a store may spend an allowance without hearing from the mall: a long weekend with the
/// cable cut.
pub const LENT_MS: i64 = 4 * 86_400_000;
/// When less than this is left of it, it is lent on.
pub const LEND_ON_MS: i64 = 2 * 86_400_000;
/// Of a hundred, what the store that a member calls theirs is lent.
pub const HOME_PERCENT: i64 = 60;
/// Of a hundred, what each other store that knows them is lent, as far as it goes.
pub const OTHER_PERCENT: i64 = 30;

/// What a member has of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purse {
    /// Points.
    Points,
    /// Prepaid balance, in fen.
    Balance,
}

impl Purse {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Points, Self::Balance];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Balance => "balance",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purse| purse.word() == word)
    }
}

/// What one store is lent of one purse, as the mall holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lent {
    /// What the store ever spent of it, less what it undid, as far as it told.
    pub spent: i64,
    /// Up to where it may.
    pub cap: i64,
    /// Until when, by the store's clock.
    pub expires_at: Timestamp,
}

impl Lent {
    /// Nothing yet.
    pub const NONE: Self = Self { spent: 0, cap: 0, expires_at: Timestamp::from_micros(0) };

    /// What the store may still have spent or spend; `told_at` is the newest moment it told of.
    #[must_use]
    pub fn open(&self, told_at: Timestamp) -> i64 {
        if told_at >= self.expires_at { 0 } else { self.cap.saturating_sub(self.spent).max(0) }
    }

    /// How much more than it might the store has spent.
    #[must_use]
    pub fn beyond(&self) -> i64 {
        self.spent.saturating_sub(self.cap).max(0)
    }

    /// Whether it should be lent on now, so that its store does not run dry with its cable cut.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.plus_ms(LEND_ON_MS) >= self.expires_at
    }
}

/// A purse and one store, when it is decided what that store is lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lending {
    /// What the purse has, after all that was told.
    pub has: i64,
    /// What is open at all other stores together.
    pub open_elsewhere: i64,
    /// The newest moment that this store told of.
    pub told_at: Timestamp,
    /// Of a hundred, what this store is to be lent.
    pub percent: i64,
}

impl Lending {
    /// What the store is lent from now on: never less than is open, so that a store that has not
    /// heard of it yet is covered too, and more only of what is free.
    #[must_use]
    pub fn lend(&self, held: &Lent, now: Timestamp) -> Lent {
        let open = held.open(self.told_at);
        let free = self.has.saturating_sub(self.open_elsewhere).saturating_sub(open).max(0);
        let percent = self.percent.clamp(0, 100);
        let wanted = self.has.max(0) / 100 * percent + self.has.max(0) % 100 * percent / 100;
        let more = wanted.saturating_sub(open).clamp(0, free);
        let until = now.plus_ms(LENT_MS);
        Lent {
            spent: held.spent,
            cap: held.spent.saturating_add(open).saturating_add(more),
            expires_at: if held.expires_at > until { held.expires_at } else { until },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(ms * 1_000)
    }

    #[test]
    fn a_store_is_lent_its_share_of_what_is_free_and_never_less_than_is_open() {
        // Has, open elsewhere, percent, spent, cap; cap afterwards.
        let table = [
            (1_000, 0, 60, 0, 0, 600),
            (1_000, 0, 60, 70, 70, 670),
            (999, 0, 60, 0, 0, 599),
            (1_000, 700, 60, 0, 0, 300),
            (1_000, 1_000, 60, 0, 0, 0),
            // It has more in hand than its share by now: that stays.
            (100, 0, 30, 0, 600, 600),
            // It spent beyond its cap: it begins anew where it stands.
            (1_000, 0, 30, 500, 200, 800),
            (-50, 0, 60, 10, 10, 10),
            (i64::MAX, 0, 60, 0, 0, i64::MAX / 100 * 60 + i64::MAX % 100 * 60 / 100),
        ];
        for (has, open_elsewhere, percent, spent, cap, expected) in table {
            let lending = Lending { has, open_elsewhere, told_at: at(5), percent };
            let held = Lent { spent, cap, expires_at: at(10) };
            let lent = lending.lend(&held, at(1));
            assert_eq!((lent.spent, lent.cap), (spent, expected), "{lending:?} {held:?}");
            assert_eq!(lent.expires_at, at(1 + LENT_MS));
        }
    }

    #[test]
    fn an_allowance_is_open_until_its_store_tells_of_a_moment_after_it() {
        let lent = Lent { spent: 40, cap: 100, expires_at: at(10) };
        assert_eq!([at(0), at(9), at(10), at(11)].map(|told| lent.open(told)), [60, 60, 0, 0]);
        assert_eq!((lent.beyond(), Lent { spent: 130, ..lent }.beyond()), (0, 30));
        // Lent on while it is open it ends no sooner; after its end nothing of it is carried over.
        let lending = Lending { has: 10, open_elsewhere: 0, told_at: at(11), percent: 50 };
        assert_eq!(lending.lend(&lent, at(12)).cap, 45);
        let late = Lent { expires_at: at(99 * LENT_MS), ..lent };
        assert_eq!(lending.lend(&late, at(12)).expires_at, late.expires_at);
    }

    #[test]
    fn an_allowance_is_lent_on_before_it_ends() {
        let lent = Lent { expires_at: at(LENT_MS), ..Lent::NONE };
        assert!(!lent.is_due(at(LENT_MS - LEND_ON_MS - 1)) && lent.is_due(at(LEND_ON_MS)));
        for purse in Purse::ALL {
            assert_eq!(Purse::from_word(purse.word()), Some(purse));
        }
    }
}
