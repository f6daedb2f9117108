//! What lines, units and delivery carry, and how an order was priced, as they travel.

use domain::{
    money::Money,
    order::{
        Adjustment, Condition, Delivery, OrderGrant, Pricing, Source, UnitRun, condition::Counted,
    },
    pricing::{Lane, Occasion, rule::Grant},
};
use serde::{Deserialize, Serialize};

/// What a reduction took from a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentV1 {
    /// Who took it; also the fields that say which.
    #[serde(flatten)]
    pub source: SourceV1,
    /// What people read.
    pub name: String,
    /// In which lane.
    pub lane: Lane,
    /// How much, in fen.
    pub amount_minor: Money,
    /// For units that were given for others: what must stay bought for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// For a gift of a store that did not write conditions down: the numbers of the lines that
    /// earned it. Read, and written no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_for: Option<Vec<u16>>,
}

/// Something an order brings beside its goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantV1 {
    /// Who brought it; also the fields that say which.
    #[serde(flatten)]
    pub source: SourceV1,
    /// What people read of that.
    pub name: String,
    /// What it is.
    pub grant: Grant,
    /// Of a coupon for next time, what people read of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub coupon: String,
    /// How many times.
    pub times: u32,
    /// The amount in all, in fen, where it is money.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub amount_minor: Money,
    /// What earned it.
    pub condition: Condition,
    /// Of a cashback at a rate, the goods it is a rate of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Counted>,
}

/// Where a reduction comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SourceV1 {
    /// A promotion.
    Rule {
        /// Its id.
        rule: String,
    },
    /// A coupon.
    Coupon {
        /// Its rule's id.
        rule: String,
        /// Its own number.
        code: String,
    },
    /// Somebody's hand.
    Manual {
        /// The operator.
        operator: String,
        /// Why.
        reason: String,
    },
}

/// Units of one line that carry the same; all amounts are those of each unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRunV1 {
    /// How many.
    pub units: u32,
    /// Before reductions.
    pub list_minor: Money,
    /// Part of each of the line's adjustments, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments_minor: Vec<Money>,
    /// After reductions.
    pub amount_minor: Money,
    /// Part of the cash rounding.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub rounding_minor: Money,
    /// Part of each tender, change taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders_minor: Vec<Money>,
    /// Points that paid for it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_spent: i64,
    /// Points it earned.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_earned: i64,
}

/// What delivery cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryV1 {
    /// Before reductions.
    pub fee_minor: Money,
    /// Who waived how much of it; none from stores that did not write it down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<AdjustmentV1>,
    /// What was paid for it.
    pub amount_minor: Money,
    /// Part of the cash rounding.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub rounding_minor: Money,
    /// Part of each tender, change taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders_minor: Vec<Money>,
}

/// How an order was priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricingV1 {
    /// The revision of the rule set; 0 for none.
    pub revision: i64,
    /// The circumstances, from which anybody finds the same amounts again.
    pub occasion: Occasion,
    /// Points that paid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_spent: i64,
    /// Points it earned.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_earned: i64,
}

impl AdjustmentV1 {
    pub(super) fn of(adjustment: &Adjustment) -> Self {
        Self {
            source: SourceV1::of(&adjustment.source),
            name: adjustment.name.clone(),
            lane: adjustment.lane,
            amount_minor: adjustment.amount,
            condition: adjustment.condition.clone(),
            gift_for: None,
        }
    }

    pub(super) fn into_adjustment(self) -> Adjustment {
        let Self { source, name, lane, amount_minor: amount, condition, gift_for } = self;
        let condition = condition.or_else(|| gift_for.map(|_| Condition::UNTOLD));
        Adjustment { source: source.into_source(), name, lane, amount, condition }
    }
}

impl SourceV1 {
    fn of(source: &Source) -> Self {
        match source.clone() {
            Source::Rule(rule) => Self::Rule { rule },
            Source::Coupon { rule, code } => Self::Coupon { rule, code },
            Source::Manual { operator, reason } => Self::Manual { operator, reason },
        }
    }

    fn into_source(self) -> Source {
        match self {
            Self::Rule { rule } => Source::Rule(rule),
            Self::Coupon { rule, code } => Source::Coupon { rule, code },
            Self::Manual { operator, reason } => Source::Manual { operator, reason },
        }
    }
}

impl GrantV1 {
    pub(super) fn of(grant: &OrderGrant) -> Self {
        Self {
            source: SourceV1::of(&grant.source),
            name: grant.name.clone(),
            grant: grant.what.clone(),
            coupon: grant.coupon.clone(),
            times: grant.times,
            amount_minor: grant.amount,
            condition: grant.condition.clone(),
            of: grant.of.clone(),
        }
    }

    pub(super) fn into_grant(self) -> OrderGrant {
        OrderGrant {
            source: self.source.into_source(),
            name: self.name,
            what: self.grant,
            coupon: self.coupon,
            times: self.times,
            amount: self.amount_minor,
            condition: self.condition,
            of: self.of,
        }
    }
}

impl UnitRunV1 {
    pub(super) fn of(run: &UnitRun) -> Self {
        Self {
            units: run.units,
            list_minor: run.list,
            adjustments_minor: run.adjustments.clone(),
            amount_minor: run.amount,
            rounding_minor: run.rounding,
            tenders_minor: run.tenders.clone(),
            points_spent: run.points_spent,
            points_earned: run.points_earned,
        }
    }

    pub(super) fn into_run(self) -> UnitRun {
        UnitRun {
            units: self.units,
            list: self.list_minor,
            adjustments: self.adjustments_minor,
            amount: self.amount_minor,
            rounding: self.rounding_minor,
            tenders: self.tenders_minor,
            points_spent: self.points_spent,
            points_earned: self.points_earned,
        }
    }
}

impl DeliveryV1 {
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self {
            fee_minor: delivery.fee,
            adjustments: delivery.adjustments.iter().map(AdjustmentV1::of).collect(),
            amount_minor: delivery.amount,
            rounding_minor: delivery.rounding,
            tenders_minor: delivery.tenders.clone(),
        }
    }

    pub(super) fn into_delivery(self) -> Delivery {
        Delivery {
            fee: self.fee_minor,
            adjustments: self.adjustments.into_iter().map(AdjustmentV1::into_adjustment).collect(),
            amount: self.amount_minor,
            rounding: self.rounding_minor,
            tenders: self.tenders_minor,
        }
    }
}

impl PricingV1 {
    pub(super) fn of(pricing: &Pricing) -> Self {
        Self {
            revision: pricing.revision,
            occasion: pricing.occasion.clone(),
            points_spent: pricing.points_spent,
            points_earned: pricing.points_earned,
        }
    }

    pub(super) fn into_pricing(self) -> Pricing {
        Pricing {
            revision: self.revision,
            occasion: self.occasion,
            points_spent: self.points_spent,
            points_earned: self.points_earned,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_nothing(amount: &Money) -> bool {
    *amount == Money::ZERO
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(points: &i64) -> bool {
    *points == 0
}
