//! What a business date saved for shoppers, and who pays for it (承担方).
//!
//! **Invariant:** brand, store, platform and unknown sum to what was saved, to the fen.

use domain::money::Money;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::MoneyShape;
use crate::db::savings::{Funded, RuleSum, Saver};

/// Rules of a business date that are told one by one; the sums are of all of them.
pub(crate) const RULES_SHOWN_MAX: i64 = 1_000;

/// What was saved, and who pays for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Funding)]
pub(crate) struct FundingShape {
    /// In all, off goods and delivery.
    pub(crate) saved: MoneyShape,
    /// Paid by the brand or HQ.
    pub(crate) brand: MoneyShape,
    /// Paid by the store; reductions by hand are.
    pub(crate) store: MoneyShape,
    /// Paid by a platform.
    pub(crate) platform: MoneyShape,
    /// By rules that this mall never had, or that nobody wrote down: nobody is known to pay.
    pub(crate) unknown: MoneyShape,
}

/// Who saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Saver)]
pub(crate) enum SaverShape {
    /// A rule, by itself or by coupons.
    Rule,
    /// Somebody's hand.
    Manual,
    /// A delivery fee that an older program waived without writing down by which rule.
    Untold,
}

/// What one rule saved, or what hands did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RuleSaving)]
pub(crate) struct RuleSavingShape {
    /// Who saved it.
    pub(crate) source: SaverShape,
    /// The rule's id; empty where it was none, or none is told.
    pub(crate) rule: String,
    /// What people read; one of its names if it had several.
    pub(crate) name: String,
    /// In how many orders.
    pub(crate) n_orders: i64,
    /// How much, and who pays for it.
    #[serde(flatten)]
    pub(crate) funding: FundingShape,
}

/// What a business date saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Savings)]
pub(crate) struct SavingsShape {
    /// In all.
    #[serde(flatten)]
    pub(crate) funding: FundingShape,
    /// By rule, those that saved most first, at most 1,000.
    pub(crate) by_rule: Vec<RuleSavingShape>,
}

impl FundingShape {
    fn of(Funded { saved, brand, store, platform }: Funded) -> Self {
        let known = [brand, store, platform].into_iter().map(Money::minor);
        let unknown = known.fold(saved.minor(), i64::saturating_sub);
        Self {
            saved: MoneyShape::of(saved),
            brand: MoneyShape::of(brand),
            store: MoneyShape::of(store),
            platform: MoneyShape::of(platform),
            unknown: MoneyShape::of(Money::from_minor(unknown)),
        }
    }
}

impl SavingsShape {
    pub(super) fn of(all: Funded, by_rule: Vec<RuleSum>) -> Self {
        let rule = |RuleSum { saver, name, n_orders, funded }: RuleSum| {
            let (source, rule, name) = match saver {
                Saver::Rule(rule) => (SaverShape::Rule, rule, name),
                Saver::Hand => (SaverShape::Manual, String::new(), "手工优惠".to_owned()),
                Saver::Untold => (SaverShape::Untold, String::new(), "未注明来源".to_owned()),
            };
            RuleSavingShape { source, rule, name, n_orders, funding: FundingShape::of(funded) }
        };
        let by_rule = by_rule.into_iter().map(rule).collect();
        Self { funding: FundingShape::of(all), by_rule }
    }
}
