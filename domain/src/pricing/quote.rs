//! What pricing answers: amounts, where each fen went, and why each rule did what it did.
//!
//! **Invariant:** `takings` is the truth. Every other amount here is a sum over it, and a unit's
//! price after the quote is its list price less what the takings name it for.

use serde::{Deserialize, Serialize};

use super::rule::{Lane, NeedAmount};
use crate::{
    cart::CART_LINES_MAX,
    id::LineId,
    money::{Money, MoneyOverflow},
};

/// A rule by its place in the price book that made the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleIx(pub u32);

/// A cart, priced (试算).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The revision of the rule set it was made with; 0 for none.
    pub revision: i64,
    /// Its lines in the cart's order.
    pub lines: Vec<QuotedLine>,
    /// What was taken from which units, in the order it was taken.
    pub takings: Vec<Taking>,
    /// What each reduction did in all, in the order of application.
    pub applied: Vec<Applied>,
    /// Why each rule that looked at this cart did what it did, in the order of the book.
    pub notes: Vec<Note>,
    /// Sum of the lists.
    pub list: Money,
    /// What reductions took: `list + delivery_fee − total`.
    pub saved: Money,
    /// What is to be paid, delivery included, before any cash rounding.
    pub total: Money,
    /// Tax inside the lines' amounts.
    pub tax: Money,
    /// Pieces on the counter; a weighed line counts as one.
    pub pieces: u32,
    /// What delivery costs before reductions.
    pub delivery_fee: Money,
    /// What rules took off it.
    pub delivery_saved: Money,
    /// Points that pay.
    pub points_spent: i64,
    /// Points that the order earns.
    pub points_earned: i64,
    /// What earned them: `points_earned` in all.
    pub earned: Vec<Earned>,
    /// What comes beside the goods.
    pub grants: Vec<Granted>,
    /// Lanes whose best combination was looked for within a bound and not proven.
    pub bounded: Vec<Lane>,
}

/// A line with its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// Which line of the cart.
    pub line: LineId,
    /// List price × quantity, or what the label says.
    pub list: Money,
    /// What the shopper pays for it.
    pub amount: Money,
    /// The tax inside `amount`, at the item's rate.
    pub tax: Money,
    /// Units that a gift rule made free (赠品).
    pub gift_units: u32,
}

/// Who took something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// A rule.
    Rule(RuleIx),
    /// A coupon of the occasion, by its place there; its rule stands beside it.
    Coupon(RuleIx, u16),
    /// A reduction by hand, by its place in the occasion.
    Manual(u16),
}

/// Money taken from units of one line that stand side by side. Units of a line are numbered from 0;
/// a line that was weighed or labelled is one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking {
    /// The line's place in the cart.
    pub line: u16,
    /// The first unit.
    pub first: u32,
    /// How many.
    pub units: u32,
    /// Who took it.
    pub by: By,
    /// In which lane.
    pub lane: Lane,
    /// From each unit. Below zero only where an authorised person raised a price.
    pub each: Money,
}

/// What one reduction did in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub by: By,
    /// In which lane.
    pub lane: Lane,
    /// The step that applied; 0 for manual ones.
    pub step: u8,
    /// How many takings there were when its turn began: what it counted is what they had left.
    pub after: u32,
    /// How many uses (`rule::Limits`); 1 for manual ones.
    pub uses: u32,
    /// Its part of `saved`.
    pub saved: Money,
    /// Points that each unit cost that was bought for points; 0 otherwise.
    pub points_each: i64,
}

/// Points that one rule gave for what was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earned {
    /// The rule.
    pub rule: RuleIx,
    /// How many points.
    pub points: i64,
    /// The units that earned them.
    pub earning: Vec<Earning>,
}

/// Units of a line, side by side, that earned points: each by what was paid for it, times a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earning {
    /// The line's place in the cart.
    pub line: u16,
    /// The first unit.
    pub first: u32,
    /// How many.
    pub units: u32,
    /// How often what was paid counts; 10,000 is once.
    pub rate: u32,
}

/// What a rule did with this cart, and what it would need to do more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The rule.
    pub rule: RuleIx,
    /// What it did, or why it did nothing.
    pub why: Why,
    /// What the next step or repetition needs (凑单).
    pub next: Option<Next>,
}

/// What is missing to something better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// So much more of the goods that count.
    pub missing: NeedAmount,
    /// Then this step of the rule applies, counted from 0.
    pub step: u8,
    /// It would then have been reached so many times in all.
    pub times: u32,
}

/// Why a rule did what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It applied.
    Applied,
    /// It applied as far as its limit of uses, cap or floor allowed.
    AppliedInPart,
    /// Not for this shopper.
    Who,
    /// Not now.
    When,
    /// Not here, or not this way of selling.
    Where,
    /// Nothing here counts for it.
    NoGoods,
    /// Something is missing; `Note::next` says what.
    Short,
    /// Another rule had the goods and saves the shopper at least as much.
    Beaten(RuleIx),
    /// Its goods are reduced already, and it refuses such.
    Reduced,
    /// Its limit of uses is reached.
    UsedUp,
    /// It would take nothing: prices are as low already, or at its floor.
    NoBetter,
    /// It needs a coupon that nobody presented.
    NeedsCoupon,
    /// The shopper did not choose it, or has too few points.
    NeedsChoice,
    /// Reached; the shopper may choose so many more units of its gift or add-on goods.
    Choose(u32),
    /// The record of the order would become longer than may be (`CARRIED_BYTES_MAX`).
    Full,
}

/// Something an order brings beside its goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// By which rule; its reward says what.
    pub rule: RuleIx,
    /// Who brought it: that rule, or a coupon of it.
    pub by: By,
    /// The step that was reached.
    pub step: u8,
    /// How many times.
    pub times: u32,
    /// The amount in all, where it is money.
    pub amount: Money,
}

impl Why {
    /// The code on wire and in traces.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AppliedInPart => "applied-in-part",
            Self::Who => "who",
            Self::When => "when",
            Self::Where => "where",
            Self::NoGoods => "no-goods",
            Self::Short => "short",
            Self::Beaten(_) => "beaten",
            Self::Reduced => "reduced",
            Self::UsedUp => "used-up",
            Self::NoBetter => "no-better",
            Self::NeedsCoupon => "needs-coupon",
            Self::NeedsChoice => "needs-choice",
            Self::Choose(_) => "choose",
            Self::Full => "full",
        }
    }
}

/// Why goods have no quote. None of it can come from a cart of `cart`: it is for files and callers
/// from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefusal {
    /// More than `CART_LINES_MAX` lines.
    #[error("{0} lines are more than {CART_LINES_MAX}")]
    TooManyLines(usize),
    /// A quantity that `cart` would refuse.
    #[error("the quantity of line {0} is out of range")]
    Quantity(u16),
    /// A list price or label amount below zero or beyond `UNIT_PRICE_MINOR_MAX`.
    #[error("the price of line {0} is out of range")]
    Price(u16),
    /// Two lines of one id.
    #[error("line {0} is there twice")]
    Twice(LineId),
    /// More coupons than `COUPONS_MAX`, or one code twice.
    #[error("too many coupons, or one of them twice")]
    Coupons,
    /// A manual reduction beyond its authority, or of a line that is not there.
    #[error("manual reduction {0} is beyond its authority or its line is not there")]
    Manual(u16),
    /// A fee, points or uses below zero or beyond counting.
    #[error("the occasion is out of range")]
    Occasion,
    /// A sum left the range that can be counted.
    #[error("a sum is out of range")]
    Overflow,
}

impl From<MoneyOverflow> for QuoteRefusal {
    fn from(_: MoneyOverflow) -> Self {
        Self::Overflow
    }
}
