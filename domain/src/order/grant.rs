//! What an order brings beside its goods (权益): a coupon for next time, cashback, parking.
//!
//! **Invariant:** a grant is a right and no money of this order: no sum of the order knows it.

use super::{
    OrderLine, Source,
    condition::{Condition, Counted, Kept},
};
use crate::{money::Money, pricing::rule::Grant};

/// Something an order brings beside its goods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderGrant {
    /// Who brought it: a promotion or a coupon.
    pub source: Source,
    /// What people read of that.
    pub name: String,
    /// What it is; a coupon for next time by the id of its rule.
    pub what: Grant,
    /// Of a coupon for next time, what people read of it.
    pub coupon: String,
    /// How many times.
    pub times: u32,
    /// The amount in all, where it is money.
    pub amount: Money,
    /// What earned it.
    pub condition: Condition,
    /// Of a cashback at a rate, the goods it is a rate of.
    pub of: Option<Counted>,
}

impl OrderGrant {
    /// How much was granted, in the measure in which it is used, voided and kept: coupons, times of
    /// parking, or fen of a cashback.
    #[must_use]
    pub fn granted(&self) -> i64 {
        if self.is_money() { self.amount.minor() } else { i64::from(self.times) }
    }

    /// Whether that measure is money.
    #[must_use]
    pub const fn is_money(&self) -> bool {
        match self.what {
            Grant::NextCoupon(_) | Grant::ParkingMinutes(_) => false,
            Grant::CashbackRate(_) | Grant::CashbackAmount(_) => true,
        }
    }

    /// How much of it these units still earn.
    #[must_use]
    pub fn earned_by(&self, kept: &Kept<'_>) -> i64 {
        let by_condition = self.condition.keeps(kept, &self.source, self.granted());
        let (Grant::CashbackRate(rate), Some(of)) = (&self.what, &self.of) else {
            return by_condition;
        };
        let paid = of.measure(kept, &self.source).minor.max(0);
        let paid = Money::from_minor(i64::try_from(paid).unwrap_or(i64::MAX));
        let back = paid.portion(*rate).map_or(i64::MAX, Money::minor);
        by_condition.min(back)
    }

    /// Whether its own numbers hold in an order of these lines.
    pub(super) fn holds(&self, lines: &[OrderLine]) -> bool {
        let is_whole = self.times > 0 && self.amount >= Money::ZERO;
        let is_known = match self.source {
            Source::Rule(_) | Source::Coupon { .. } => true,
            Source::Manual { .. } => false,
        };
        let is_of = self.of.as_ref().is_none_or(|of| of.holds(lines));
        is_whole && is_known && is_of && self.condition.holds(lines)
    }
}
