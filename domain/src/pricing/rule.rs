//! Rules as HQ writes them: who × when × where × what counts × threshold × reward × limits ×
//! stacking × funding.
//!
//! A rule is a document: its JSON is what the mall stores, what travels, and what a store keeps.
//!
//! **Invariant:** values only. `check` refuses what makes no sense, `book` makes a set fast.

mod bounds;

use std::collections::BTreeMap;

pub use bounds::{Base, Funding, Limits, Stacking, StackingMode};
use serde::{Deserialize, Serialize};

use super::goods::Goods;
use crate::{
    money::{BasisPoints, Money},
    quantity::Quantity,
};

/// Rules in a set; beyond this a chain is running campaigns that nobody can oversee.
pub const RULES_MAX: usize = 50_000;
/// Signs in a rule's id.
pub const RULE_ID_CHARS_MAX: usize = 64;
/// Signs in a rule's name: one row of a receipt.
pub const RULE_NAME_CHARS_MAX: usize = 60;
/// Steps of one rule (阶梯).
pub const STEPS_MAX: usize = 10;
/// Needs of one step.
pub const NEEDS_MAX: usize = 5;
/// Slots of a bundle.
pub const SLOTS_MAX: usize = 8;
/// Pieces that one group of a rule may take (第N件, 任选N件, a bundle).
pub const GROUP_PIECES_MAX: u32 = 100;
/// Prices in one price list.
pub const PRICE_LIST_MAX: usize = 5_000;
/// Named goods in a set, and how deep they may nest.
pub const SETS_MAX: usize = 1_000;

/// All rules in force together, and the goods they name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Goods by name, for `Select::Set`; they may use each other, never in a circle.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, Goods>,
    /// The rules. Their order means nothing; `Stacking::priority` and then the id decide.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One rule: a promotion that applies by itself, or what a coupon does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// HQ's key, unique in the set.
    pub id: String,
    /// What shopper and cashier read (`第二件半价`).
    pub name: String,
    /// The stage it belongs to; by itself that of its reward (`Reward::lane`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// It needs a coupon of its own id, and belongs to the coupon lane.
    #[serde(default, skip_serializing_if = "is_false")]
    pub coupon: bool,
    /// For whom.
    #[serde(default, skip_serializing_if = "Who::is_anyone")]
    pub who: Who,
    /// When.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// Where.
    #[serde(default, rename = "where", skip_serializing_if = "Place::is_everywhere")]
    pub place: Place,
    /// What counts, and what is reduced unless the reward says otherwise.
    #[serde(default, skip_serializing_if = "Goods::is_everything")]
    pub goods: Goods,
    /// What must be reached for what; the last step whose needs are met applies. Without needs a
    /// step is always met.
    pub steps: Vec<Step>,
    /// A step's needs: all of them, or any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: Join,
    /// Once, or for each time the needs are met (每满).
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeat: Repeat,
    /// How much of it there is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// How it lives with others of its lane.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stacking: Stacking,
    /// Who pays for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub funding: Funding,
}

/// The ordered stages of a quote (优惠层级). What one leaves is what the next begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The price of a unit: member price, flash sale, price cut.
    Price,
    /// A further reduction of units: time of day, member day, manual line discounts.
    Line,
    /// Units together: second at half price, any three for 99, bundles.
    Group,
    /// The order: amount off at a threshold, gifts, add-ons, manual order discounts.
    Order,
    /// What coupons take.
    Coupon,
    /// What points pay.
    Points,
}

impl Lane {
    /// All lanes in order. Rounding (抹零) follows them, in `tender`.
    pub const ALL: [Self; 6] =
        [Self::Price, Self::Line, Self::Group, Self::Order, Self::Coupon, Self::Points];

    /// The word on wire, in tables and in golden carts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Line => "line",
            Self::Group => "group",
            Self::Order => "order",
            Self::Coupon => "coupon",
            Self::Points => "points",
        }
    }
}

/// For whom a rule is. All that is given must hold; nothing given is anyone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// Any member.
    #[serde(default, skip_serializing_if = "is_false")]
    pub member: bool,
    /// A member of one of these tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// A member since at most so many days (新会员).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_days_max: Option<u16>,
    /// A member whose birthday is today or this month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Birthday>,
    /// Staff buying for themselves (内购).
    #[serde(default, skip_serializing_if = "is_false")]
    pub staff: bool,
    /// A member with one of these tags (定向人群).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowds: Vec<String>,
}

/// How near a birthday must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Birthday {
    /// On this day of the store's clock. Somebody born on 29 February has it on the 28th in other years.
    Day,
    /// In this month of the store's clock.
    Month,
}

/// When a rule is in force, on the store's clock. All that is given must hold.
///
/// Weekdays and days of the month name the day on which hours begin: Friday, 22:00–02:00 is open at
/// one o'clock on Saturday and not at one o'clock on Friday. `from` and `until` hold for the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// From this local moment on: `2026-11-01` or `2026-11-01T20:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until before this local moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// ISO weekdays, 1 is Monday; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// Days of the month (会员日), 1 to 31; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub month_days: Vec<u8>,
    /// Hours of the day; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
}

/// Part of a day: from a minute on, until before another; past midnight when `until` is smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Minutes after local midnight, 0 to 1,439.
    pub from_minute: u16,
    /// Minutes after local midnight, 1 to 1,440.
    pub until_minute: u16,
}

/// Where a rule is in force. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Store codes; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<String>,
    /// Ways of selling; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
}

/// A way of selling; at the edge the kind of the workstation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A cashier's till.
    #[default]
    Till,
    /// A touch kiosk.
    Kiosk,
    /// A shopper's own phone in the store.
    Phone,
    /// Online.
    Mall,
}

/// What must be there for a reward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What must be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What it brings.
    pub reward: Reward,
}

/// Something to be reached, counted over the rule's goods or over goods of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// How much.
    pub amount: NeedAmount,
    /// Of these goods; by itself the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods: Option<Goods>,
}

/// How much must be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedAmount {
    /// So many pieces; a weighed pack is one.
    Pieces(u32),
    /// So much money, counted as `Stacking::base` says.
    Minor(Money),
    /// So much weight of weighed goods.
    Milli(Quantity),
}

/// Whether all needs of a step must be met, or any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All.
    #[default]
    All,
    /// Any; with `Repeat::Each` the need that is met most often counts.
    Any,
}

/// How often a step brings its reward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Once.
    #[default]
    Once,
    /// Each time the needs are met (每满, 上不封顶 unless `Limits::per_order` says otherwise).
    Each,
}

/// A reduction of a unit's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// To this rate of the price: 8,800 is 88 折, 0 is free.
    Rate(BasisPoints),
    /// Off by so much, never below zero.
    Off(Money),
    /// To this price, never up.
    Price(Money),
}

/// What a rule brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reward {
    /// Each unit is cut (直降, 折扣, 一口价, 会员价, 秒杀, N件X折, 兑换券).
    Units(Cut),
    /// Each SKU to its own price; SKUs that are not listed stay.
    PriceList(BTreeMap<String, Money>),
    /// A unit for points and a price, when the shopper chose so (积分+现金换购).
    PointsPrice {
        /// Points per unit.
        points: i64,
        /// And so much money.
        price: Money,
    },
    /// In each group of `n` units the cheapest is cut (第N件X折, 第N件减). Groups are made from the
    /// dearest unit downwards.
    Nth {
        /// Units of a group, at least 2.
        n: u32,
        /// What the cheapest of them gets.
        cut: Cut,
    },
    /// Of all units, when there are at least `of`, the `count` cheapest are cut (最低价一件免).
    Cheapest {
        /// At least so many units.
        of: u32,
        /// So many are cut, fewer than `of`.
        count: u32,
        /// What they get.
        cut: Cut,
    },
    /// Who buys `buy` units gets `get` more cut (买N送M); the cheapest of the group, or units of
    /// other goods.
    BuyGet {
        /// Units at their price.
        buy: u32,
        /// Units that are cut.
        get: u32,
        /// What they get; `rate 0` is free.
        cut: Cut,
        /// Which goods are cut; by itself the rule's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        goods: Option<Goods>,
    },
    /// Any `n` units for one price (任选N件X元).
    Pick {
        /// Units of a group.
        n: u32,
        /// What the group costs, never more than its units.
        price: Money,
    },
    /// One of each slot together (套装价, 礼包).
    Bundle {
        /// What belongs to it; a slot with several goods leaves a choice.
        slots: Vec<Slot>,
        /// `Price` and `Off` are for the whole, `Rate` for each part.
        cut: Cut,
    },
    /// So much off the goods together (满减, 现金券).
    AmountOff(Money),
    /// The goods together to this rate (满折, 整单折扣).
    AmountRate(BasisPoints),
    /// So many units of these goods are free (满赠): the shopper chooses, the cashier scans them.
    Gift {
        /// What may be chosen.
        goods: Goods,
        /// Units per time the needs are met.
        count: u32,
    },
    /// So many units of these goods are cut (加价换购).
    AddOn {
        /// What may be chosen.
        goods: Goods,
        /// Units per time the needs are met.
        count: u32,
        /// What they get.
        cut: Cut,
    },
    /// Delivery costs nothing, up to a fee (满额包邮, 包邮券).
    FreeDelivery {
        /// The highest fee that is waived; none for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee_max: Option<Money>,
    },
    /// Points for what is paid: so many for each `per`.
    EarnPoints {
        /// For each so much paid.
        per: Money,
        /// So many points.
        points: i64,
    },
    /// Points earned for these goods, times this rate (积分加倍: 20,000 is twice).
    PointsTimes(PointsRate),
    /// Points pay (积分抵现).
    PointsPay {
        /// So many points …
        points: i64,
        /// … pay so much.
        worth: Money,
        /// At most this rate of what is left of the goods.
        rate_max: BasisPoints,
    },
    /// Something for later or for elsewhere.
    Grant(Grant),
}

/// A rate in hundredths of a percent that may be above one: 20,000 is twice, 15,000 one and a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PointsRate(pub u32);

/// Something that an order brings beside its goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// A coupon for a later order (下单返券): the id of a coupon rule.
    NextCoupon(String),
    /// So much of what was paid for the goods, given back after the pickup (提货返现).
    CashbackRate(BasisPoints),
    /// So much money given back after the pickup.
    CashbackAmount(Money),
    /// Minutes of parking (停车券).
    ParkingMinutes(u32),
}

/// One place in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What may stand there.
    pub goods: Goods,
    /// So many units.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
}

impl Who {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_anyone(&self) -> bool {
        *self == Self::default()
    }
}

impl When {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

impl Place {
    /// Whether nothing is asked.
    #[must_use]
    pub const fn is_everywhere(&self) -> bool {
        self.stores.is_empty() && self.channels.is_empty()
    }
}

impl Rule {
    /// The lane it runs in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        if self.coupon {
            return Lane::Coupon;
        }
        let by_reward = self.steps.first().map_or(Lane::Order, |step| step.reward.lane());
        self.lane.unwrap_or(by_reward)
    }
}

impl Reward {
    /// The lane a rule with this reward runs in unless it says otherwise.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Units(_) | Self::PriceList(_) | Self::PointsPrice { .. } => Lane::Price,
            Self::Nth { .. }
            | Self::Cheapest { .. }
            | Self::BuyGet { .. }
            | Self::Pick { .. }
            | Self::Bundle { .. } => Lane::Group,
            Self::AmountOff(_)
            | Self::AmountRate(_)
            | Self::Gift { .. }
            | Self::AddOn { .. }
            | Self::FreeDelivery { .. }
            | Self::Grant(_) => Lane::Order,
            Self::EarnPoints { .. } | Self::PointsTimes(_) | Self::PointsPay { .. } => Lane::Points,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_one(value: &u32) -> bool {
    *value == 1
}
