//! What a quote depends on besides goods and rules: the moment, the place, the shopper, and what
//! was presented, chosen or granted at the counter.
//!
//! An occasion is a document like a rule: it travels with the order, so that the mall can price the
//! same goods again and find the same amounts.
//!
//! **Invariant:** facts only; whoever fills them in has looked them up.

use serde::{Deserialize, Serialize};

use super::rule::{Channel, Cut};
use crate::{
    id::LineId,
    money::{BasisPoints, Money},
    time::{BusinessDate, StoreClock, Timestamp},
};

/// What a person can explain at a counter.
pub const COUPONS_MAX: usize = 10;
/// Manual reductions of one cart: one per line and one for the order.
pub const MANUALS_MAX: usize = 201;

/// The circumstances of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// The moment.
    pub at: Timestamp,
    /// The clock on the store's wall.
    pub clock: StoreClock,
    /// The store's code.
    pub store: String,
    /// The way of selling.
    #[serde(default)]
    pub channel: Channel,
    /// Who is buying, if they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shopper: Option<Shopper>,
    /// Coupons that were presented and are good, in the order of presenting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<Coupon>,
    /// Offers that the shopper accepted because they cost something else (积分换购).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Reductions by hand, in the order they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manuals: Vec<Manual>,
    /// Points the shopper wants to pay with; 0 for none, more than they have for as many as may.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_to_pay: i64,
    /// What delivery costs before any reduction; nothing at a till.
    #[serde(default)]
    pub delivery_fee: Money,
    /// What was used of rules with limits before this order. A rule not named here was not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// Who is buying, as far as rules ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shopper {
    /// The tier; empty for none.
    #[serde(default)]
    pub tier: String,
    /// When they became a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_on: Option<BusinessDate>,
    /// Their birthday: month and day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<(u8, u8)>,
    /// Works for the chain.
    #[serde(default)]
    pub is_staff: bool,
    /// Tags of the crowd they belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowds: Vec<String>,
    /// Points they may spend.
    #[serde(default)]
    pub points: i64,
}

/// A coupon on the counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its number.
    pub code: String,
    /// The rule that says what it does.
    pub rule: String,
}

/// An accepted offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The rule.
    pub rule: String,
    /// How many units or times.
    pub uses: u32,
}

/// A reduction by hand, with the authority that allows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manual {
    /// The line, or the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineId>,
    /// What is given. For the order, `Price` is what it costs afterwards.
    pub cut: Cut,
    /// Why, as a code of HQ's list.
    pub reason: String,
    /// The operator whose authority it is.
    pub operator: String,
    /// The most that this operator may take off what is there, e.g. 2,000 for a fifth.
    pub off_max: BasisPoints,
    /// May also set a line's price above the list price.
    #[serde(default)]
    pub may_raise: bool,
}

/// Uses of a rule before this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The rule.
    pub rule: String,
    /// By this member, ever.
    #[serde(default)]
    pub by_member: u32,
    /// By this member on this business date.
    #[serde(default)]
    pub by_member_today: u32,
    /// By everybody.
    #[serde(default)]
    pub by_all: u32,
}

impl Occasion {
    /// A till of a store at a moment, nobody known, nothing presented.
    #[must_use]
    pub const fn at_till(store: String, clock: StoreClock, at: Timestamp) -> Self {
        Self {
            at,
            clock,
            store,
            channel: Channel::Till,
            shopper: None,
            coupons: Vec::new(),
            choices: Vec::new(),
            manuals: Vec::new(),
            points_to_pay: 0,
            delivery_fee: Money::ZERO,
            used: Vec::new(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(value: &i64) -> bool {
    *value == 0
}
