//! How much of a rule there is, how it lives with others, and who pays for it.
//!
//! **Invariant:** values only.

use serde::{Deserialize, Serialize};

use super::{is_default, is_false};
use crate::money::{BasisPoints, Money};

/// How much of a rule there is.
///
/// A **use** is one unit for `Units`, `PriceList` and `PointsPrice`, one group for the group
/// rewards, and one time the needs are met for all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Uses in one order; with a coupon, uses of each coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_order: Option<u32>,
    /// Uses by one member, ever. Without a member the rule does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_member: Option<u32>,
    /// Uses by one member on one business date. Without a member the rule does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_member_day: Option<u32>,
    /// Uses by everybody, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// Coupons of this rule in one order; by itself 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupons: Option<u32>,
    /// The most it takes off one order (封顶).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_max: Option<Money>,
    /// It takes no unit below this price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_price: Option<Money>,
    /// It takes no unit below this rate of its list price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_rate: Option<BasisPoints>,
}

/// How a rule lives with others of its lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stacking {
    /// Whether it shares.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: StackingMode,
    /// Smaller goes first; rules of one priority go by id.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: i32,
    /// It leaves goods alone that an earlier lane has reduced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refuses_reduced: bool,
    /// What its rates and its money thresholds count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub base: Base,
}

/// Whether a rule shares goods with others of its lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackingMode {
    /// 叠加: joins every other stacking rule on the same goods.
    #[default]
    Stack,
    /// 取优: shares no goods; who has them is what saves the shopper most.
    Best,
    /// 优先级: shares no goods; the smaller priority has them.
    Priority,
    /// 互斥: alone in its lane, if that saves the shopper more than all others together.
    Exclusive,
}

/// What a rate or a threshold counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// What earlier lanes and rules have left.
    #[default]
    Running,
    /// The list price. What is taken still comes off what is left, never below zero.
    List,
}

/// Who pays for a reduction, in basis points that sum to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funding {
    /// The brand or HQ.
    #[serde(default)]
    pub brand: BasisPoints,
    /// The store.
    #[serde(default)]
    pub store: BasisPoints,
    /// A platform.
    #[serde(default)]
    pub platform: BasisPoints,
}

impl Default for Funding {
    fn default() -> Self {
        Self { brand: BasisPoints(10_000), store: BasisPoints(0), platform: BasisPoints(0) }
    }
}
