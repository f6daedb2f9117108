//! The sums of a store's business date.
//!
//! **Invariant:** only adds up what the database summed from stored fen.

use domain::{money::Money, tender::TenderKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::{post_void::UndoneSumShape, savings::SavingsShape, shapes::MoneyShape};
use crate::db::sums::DaySums;

/// The sums of a store's business date, without the orders that were undone on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Day)]
pub(crate) struct DayShape {
    /// The store's code.
    pub(crate) store: String,
    /// The trading day.
    pub(crate) business_date: String,
    /// Orders.
    pub(crate) n_orders: i64,
    /// After reductions.
    pub(crate) total: MoneyShape,
    /// What cash rounding did.
    pub(crate) rounding: MoneyShape,
    /// What went back in cash.
    pub(crate) change: MoneyShape,
    /// What stayed in the drawers: cash given less change.
    pub(crate) cash: MoneyShape,
    /// What was given, by way of paying.
    pub(crate) tenders: Vec<TenderSumShape>,
    /// What shoppers saved, and who pays for it.
    pub(crate) savings: SavingsShape,
    /// What was undone, and is in none of the other sums.
    pub(crate) undone: UndoneSumShape,
}

/// What was given in one way on a business date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TenderSum)]
pub(crate) struct TenderSumShape {
    /// Which way.
    pub(crate) kind: &'static str,
    /// How often.
    pub(crate) n_tenders: i64,
    /// How much.
    pub(crate) amount: MoneyShape,
}

impl DayShape {
    pub(super) fn of(
        store: String,
        business_date: String,
        sums: &DaySums,
        savings: SavingsShape,
    ) -> Self {
        let given = sums.tenders.iter();
        let cash = given.filter(|(kind, ..)| *kind == TenderKind::Cash);
        let cash: i64 = cash.map(|(_, _, amount)| amount.minor()).sum();
        let tender = |(kind, n, amount): &(TenderKind, i64, Money)| TenderSumShape {
            kind: kind.word(),
            n_tenders: *n,
            amount: MoneyShape::of(*amount),
        };
        Self {
            store,
            business_date,
            n_orders: sums.n_orders,
            total: MoneyShape::of(sums.total),
            rounding: MoneyShape::of(sums.rounding),
            change: MoneyShape::of(sums.change),
            cash: MoneyShape::of(Money::from_minor(cash.saturating_sub(sums.change.minor()))),
            tenders: sums.tenders.iter().map(tender).collect(),
            savings,
            undone: UndoneSumShape::of(sums.undone),
        }
    }
}
