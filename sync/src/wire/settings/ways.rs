//! Ways to pay as a cashier's screen offers them, one beside the other.
//!
//! **Invariant:** an order of them is complete: what HQ leaves out comes last, as the program has it.

use serde::{Deserialize, Serialize};

/// A way to pay that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WayV1 {
    /// Notes and coins.
    Cash,
    /// The payment code of a shopper's phone.
    Code,
    /// Coupons and vouchers.
    Voucher,
    /// Points and prepaid balance of a member.
    Member,
}

impl WayV1 {
    /// All of them, as they are offered where HQ says nothing.
    pub const ALL: [Self; 4] = [Self::Cash, Self::Code, Self::Voucher, Self::Member];

    /// The word in documents and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Code => "code",
            Self::Voucher => "voucher",
            Self::Member => "member",
        }
    }

    /// Reads a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }

    /// All of them in the order that HQ wishes; those it does not name come after, as they always do.
    #[must_use]
    pub fn ordered(wished: &[Self]) -> Vec<Self> {
        let rest = Self::ALL.into_iter().filter(|way| !wished.contains(way));
        wished.iter().copied().chain(rest).collect()
    }
}
