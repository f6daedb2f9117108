//! The use of a coupon or voucher of another house: asked once, known or not known yet.
//!
//! A **coupon** reduces, in its lane of the quote; a **voucher** pays, as a tender.
//!
//! **Invariant:** only what is pending is settled, and silence settles nothing.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Vouchers and coupons of one cart: what a person can explain at a counter.
pub const REDEMPTIONS_MAX: usize = 10;

/// A house whose coupons and vouchers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerName {
    /// Douyin life services (抖音生活服务).
    Douyin,
    /// WeChat Pay's merchant coupons (商家券).
    Wechat,
}

impl IssuerName {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Douyin => "douyin",
            Self::Wechat => "wechat",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Douyin, Self::Wechat].into_iter().find(|issuer| issuer.word() == word)
    }
}

/// Where the use of a coupon or voucher stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedemptionState {
    /// Looked up and shown; nothing was used.
    LookedUp,
    /// Written down and asked for; whether it was heard is not known.
    Pending,
    /// Used, for this order.
    Redeemed,
    /// Its house says no; nothing was used.
    Refused,
    /// It shall be given back; whether it is, is not known.
    Reversing,
    /// Given back, or never used.
    Reversed,
    /// Its house no longer takes it back: it stays used, and a person must look.
    Kept,
}

/// What its house answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It was done.
    Yes,
    /// It was not done and will not be.
    No,
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

impl RedemptionState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LookedUp,
        Self::Pending,
        Self::Redeemed,
        Self::Refused,
        Self::Reversing,
        Self::Reversed,
        Self::Kept,
    ];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LookedUp => "looked_up",
            Self::Pending => "pending",
            Self::Redeemed => "redeemed",
            Self::Refused => "refused",
            Self::Reversing => "reversing",
            Self::Reversed => "reversed",
            Self::Kept => "kept",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether its house must still be asked.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Pending | Self::Reversing)
    }

    /// Settles what was asked: to use it when pending, to give it back when reversing.
    #[must_use]
    pub const fn after(self, answer: Answer) -> Self {
        match (self, answer) {
            (Self::Pending, Answer::Yes) => Self::Redeemed,
            (Self::Pending, Answer::No) => Self::Refused,
            (Self::Reversing, Answer::Yes) => Self::Reversed,
            (Self::Reversing, Answer::No) => Self::Kept,
            (Self::Pending | Self::Reversing, Answer::Silence)
            | (Self::LookedUp | Self::Redeemed | Self::Refused | Self::Reversed | Self::Kept, _) => {
                self
            }
        }
    }

    /// Asks for its use: only what was looked up can be asked for.
    #[must_use]
    pub const fn pending(self) -> Option<Self> {
        match self {
            Self::LookedUp | Self::Pending => Some(Self::Pending),
            Self::Redeemed | Self::Refused | Self::Reversing | Self::Reversed | Self::Kept => None,
        }
    }

    /// Asks to give it back: what was never asked for is given back at once.
    #[must_use]
    pub const fn reversing(self) -> Self {
        match self {
            Self::LookedUp => Self::Reversed,
            Self::Pending | Self::Redeemed | Self::Reversing => Self::Reversing,
            Self::Refused | Self::Reversed | Self::Kept => self,
        }
    }
}

/// What a voucher covers of what is left: all of its worth, or all that is left. The rest is lost,
/// for a voucher gives no change.
#[must_use]
pub fn covers(worth: Money, left: Money) -> Money {
    worth.min(left).max(Money::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: [Answer; 3] = [Answer::Yes, Answer::No, Answer::Silence];

    #[test]
    fn only_what_was_asked_is_settled() {
        // What it was; then after yes, no, silence.
        let table = "
            looked_up  looked_up  looked_up  looked_up
            pending    redeemed   refused    pending
            redeemed   redeemed   redeemed   redeemed
            refused    refused    refused    refused
            reversing  reversed   kept       reversing
            reversed   reversed   reversed   reversed
            kept       kept       kept       kept";
        let mut seen = 0;
        for row in table.lines().filter(|row| !row.trim().is_empty()) {
            let states: Vec<RedemptionState> = row
                .split_whitespace()
                .map(|word| RedemptionState::from_word(word).unwrap())
                .collect();
            let (was, expected) = states.split_first().unwrap();
            let got: Vec<RedemptionState> = ANSWERS.iter().map(|a| was.after(*a)).collect();
            assert_eq!(got, expected, "{was:?}");
            seen += 1;
        }
        assert_eq!(seen, RedemptionState::ALL.len());
    }

    #[test]
    fn what_shall_be_given_back_is_never_used_again() {
        for state in RedemptionState::ALL {
            for answer in ANSWERS {
                assert_ne!(state.reversing().after(answer), RedemptionState::Redeemed);
                let again = state.reversing().pending();
                assert!(again.is_none(), "{state:?} {answer:?}");
            }
        }
    }

    #[test]
    fn a_voucher_covers_no_more_than_is_left_and_no_less_than_nothing() {
        let fen = Money::from_minor;
        for (worth, left, expected) in [(100, 80, 80), (80, 100, 80), (80, 0, 0), (80, -5, 0)] {
            assert_eq!(covers(fen(worth), fen(left)), fen(expected));
        }
    }
}
