//! The sums of a store's business date.
//!
//! **Invariant:** only adds up what the database summed from stored fen.

use domain::{money::Money, tender::TenderKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::{post_void::UndoneSumShape, savings::SavingsShape, shapes::MoneyShape};
use crate::db::{
    day_seals::{OpeningRow, SealRow},
    sums::DaySums,
};

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
    /// What the store's ledgers hold of it, beside what is held here, one for each life.
    pub(crate) seals: Vec<SealShape>,
    /// Seals of it that were broken, oldest first.
    pub(crate) openings: Vec<OpeningShape>,
}

/// What a life of a store's ledger told of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DaySeal)]
pub(crate) struct SealShape {
    /// The edge node.
    pub(crate) edge: String,
    /// The life.
    pub(crate) epoch: u32,
    /// Whether the store held the same as is held here.
    pub(crate) agrees: bool,
    /// Since when the day is sealed: over, and the same on both sides; null while it is open.
    pub(crate) sealed_at: Option<String>,
    /// When the store last told of it.
    pub(crate) told_at: String,
    /// Facts that are held here.
    pub(crate) facts: u32,
    /// Facts that both sides leave out: told holes, and other bytes under one id.
    pub(crate) left_out: u32,
    /// Fen by tender, change taken off; `undone` is what undone orders gave back.
    pub(crate) amounts: std::collections::BTreeMap<String, i64>,
}

/// A seal that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DayOpening)]
pub(crate) struct OpeningShape {
    /// The life that had sealed the day.
    pub(crate) epoch: u32,
    /// Since when it had been sealed.
    pub(crate) sealed_at: String,
    /// When it was opened.
    pub(crate) opened_at: String,
    /// `late`: a fact of it came later. `differs`: one side had lost something.
    pub(crate) why: String,
    /// The late fact; empty where the sums differed.
    pub(crate) fact: String,
}

impl SealShape {
    fn of(row: SealRow) -> Self {
        Self {
            edge: row.edge.to_string(),
            epoch: row.epoch,
            agrees: row.agrees,
            sealed_at: row.sealed_at.map(|at| at.to_string()),
            told_at: row.told_at.to_string(),
            facts: row.sum.facts,
            left_out: row.left_out,
            amounts: row.sum.amounts,
        }
    }
}

impl OpeningShape {
    fn of(row: OpeningRow) -> Self {
        Self {
            epoch: row.epoch,
            sealed_at: row.sealed_at.to_string(),
            opened_at: row.opened_at.to_string(),
            why: row.why,
            fact: row.fact,
        }
    }
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
            seals: Vec::new(),
            openings: Vec::new(),
        }
    }

    /// The same with what was compared.
    pub(super) fn with(self, seals: Vec<SealRow>, openings: Vec<OpeningRow>) -> Self {
        Self {
            seals: seals.into_iter().map(SealShape::of).collect(),
            openings: openings.into_iter().map(OpeningShape::of).collect(),
            ..self
        }
    }
}
