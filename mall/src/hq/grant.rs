//! What an order brings beside its goods, as HQ reads it.
//!
//! **Invariant:** one of its kinds is said, and what belongs to the others is not.

use domain::pricing::rule::Grant;
use serde::Serialize;
use sync::wire::{GrantV1, SourceV1};
use utoipa::ToSchema;

use super::shapes::MoneyShape;

/// Something an order brings beside its goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantShape {
    /// The promotion's or coupon's rule that brought it.
    pub(crate) rule: String,
    /// What people read of that.
    pub(crate) name: String,
    /// `coupon` (下单返券), `cashback` (提货返现) or `parking` (停车券).
    pub(crate) kind: &'static str,
    /// Of a coupon, the rule that says what it does.
    pub(crate) coupon_rule: Option<String>,
    /// Of parking, the minutes of each time.
    pub(crate) minutes: Option<u32>,
    /// How many times.
    pub(crate) times: u32,
    /// Of a cashback, how much in all.
    pub(crate) amount: Option<MoneyShape>,
}

impl GrantShape {
    pub(super) fn of(grant: &GrantV1) -> Self {
        let rule = match &grant.source {
            SourceV1::Rule { rule } | SourceV1::Coupon { rule, .. } => rule.clone(),
            SourceV1::Manual { .. } => String::new(),
        };
        let (kind, coupon_rule, minutes, amount) = match &grant.grant {
            Grant::NextCoupon(coupon) => ("coupon", Some(coupon.clone()), None, None),
            Grant::ParkingMinutes(minutes) => ("parking", None, Some(*minutes), None),
            Grant::CashbackRate(_) | Grant::CashbackAmount(_) => {
                ("cashback", None, None, Some(MoneyShape::of(grant.amount_minor)))
            }
        };
        let (name, times) = (grant.name.clone(), grant.times);
        Self { rule, name, kind, coupon_rule, minutes, times, amount }
    }

    /// In a few words, for a terminal: `coupon next10 x2`, `cashback 3.00`.
    pub(crate) fn words(&self) -> String {
        let what = self.coupon_rule.clone().or_else(|| {
            let minutes = self.minutes.map(|minutes| format!("{minutes} minutes"));
            minutes.or_else(|| self.amount.as_ref().map(MoneyShape::yuan))
        });
        let times = if self.amount.is_some() { String::new() } else { format!(" x{}", self.times) };
        format!("{} {}{times}", self.kind, what.unwrap_or_default())
    }
}
