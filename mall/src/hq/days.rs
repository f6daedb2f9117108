//! The calendar of a store's business dates: what is held of each, and which are sealed.
//!
//! **Invariant:** the sums of a day are those that were compared with the store, so that a day that is
//! called sealed shows what was sealed.

use std::collections::BTreeMap;

use domain::money::Money;
use serde::Serialize;
use sync::day::UNDONE;
use utoipa::ToSchema;

use super::{
    read::{HqError, known},
    shapes::MoneyShape,
};
use crate::{
    context::Context,
    db::day_seals::{self, Month, SealRow},
};

/// A business date of a store, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CalendarDay)]
pub(crate) struct CalendarDayShape {
    /// The business date.
    #[schema(example = "2026-11-21")]
    pub(crate) day: String,
    /// `sealed`: over, and the same on both sides; `open`: the same so far; `differs`: one side holds
    /// what the other does not; `never`: not compared yet.
    pub(crate) state: &'static str,
    /// Facts that are held here.
    pub(crate) facts: i64,
    /// What was taken, as it was compared last, without what was given back.
    pub(crate) taken: MoneyShape,
    /// What undone orders gave back.
    pub(crate) given_back: MoneyShape,
    /// Facts that both sides leave out: told holes, and other bytes under one id.
    pub(crate) left_out: i64,
    /// Since when all of it is sealed; empty while it is not.
    pub(crate) sealed_at: String,
    /// When it was compared last; empty for never.
    pub(crate) told_at: String,
    /// How often a seal of it was broken.
    pub(crate) openings: i64,
}

/// A day as it adds up over the store's ledgers.
#[derive(Default)]
struct Adding {
    facts: i64,
    seals: Vec<SealRow>,
    openings: i64,
}

impl Adding {
    fn shape(self, day: String) -> CalendarDayShape {
        let Self { facts, seals, openings } = self;
        let state = match seals.as_slice() {
            [] => "never",
            all if all.iter().any(|seal| !seal.agrees) => "differs",
            all if all.iter().all(|seal| seal.sealed_at.is_some()) => "sealed",
            _ => "open",
        };
        let amounts = || seals.iter().flat_map(|seal| &seal.sum.amounts);
        let sum = |is_undone: bool| -> i64 {
            amounts().filter(|(word, _)| (*word == UNDONE) == is_undone).map(|(_, fen)| fen).sum()
        };
        let sealed_at = seals.iter().filter_map(|seal| seal.sealed_at).max();
        let told_at = seals.iter().map(|seal| seal.told_at).max();
        let money = |fen| MoneyShape::of(Money::from_minor(fen));
        let given_back = sum(true).saturating_abs();
        CalendarDayShape {
            day,
            state,
            facts,
            taken: money(sum(false).saturating_sub(given_back)),
            given_back: money(given_back),
            left_out: seals.iter().map(|seal| i64::from(seal.left_out)).sum(),
            sealed_at: sealed_at
                .filter(|_| state == "sealed")
                .map(|at| at.to_string())
                .unwrap_or_default(),
            told_at: told_at.map(|at| at.to_string()).unwrap_or_default(),
            openings,
        }
    }
}

/// The days of a month of which anything is held or was told, oldest first.
pub(crate) async fn days(
    context: &Context,
    store: &str,
    month: &Month,
) -> Result<Vec<CalendarDayShape>, HqError> {
    let mut tx = context.db().read("read the days of a store").await?;
    let row = known(&mut tx, store).await?;
    let mut days: BTreeMap<String, Adding> = BTreeMap::new();
    for (day, facts) in day_seals::facts_of_month(&mut tx, row.id, month).await? {
        days.entry(day).or_default().facts = facts;
    }
    for (day, seal) in day_seals::of_month(&mut tx, row.id, month).await? {
        days.entry(day).or_default().seals.push(seal);
    }
    for (day, openings) in day_seals::openings_of_month(&mut tx, row.id, month).await? {
        days.entry(day).or_default().openings = openings;
    }
    Ok(days.into_iter().map(|(day, adding)| adding.shape(day)).collect())
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use sync::{day::Sum, wire::DaySumV1};

    use super::*;

    fn seal(agrees: bool, sealed_at: Option<i64>, amounts: &[(&str, i64)]) -> SealRow {
        let amounts = amounts.iter().map(|(word, fen)| ((*word).to_owned(), *fen)).collect();
        SealRow {
            edge: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            epoch: 1,
            sum: DaySumV1 { facts: 2, digest: Sum::default(), amounts },
            left_out: 1,
            agrees,
            told_at: Timestamp::from_micros(5),
            sealed_at: sealed_at.map(Timestamp::from_micros),
        }
    }

    #[test]
    fn a_day_is_sealed_only_where_every_ledger_of_the_store_is() {
        let sealed = || seal(true, Some(7), &[]);
        for (seals, expected) in [
            (vec![], "never"),
            (vec![sealed()], "sealed"),
            (vec![sealed(), seal(true, None, &[])], "open"),
            (vec![sealed(), seal(false, None, &[])], "differs"),
        ] {
            let day = Adding { facts: 1, seals, openings: 0 }.shape("2026-11-21".to_owned());
            assert_eq!(day.state, expected);
            assert_eq!(day.sealed_at.is_empty(), expected != "sealed");
        }
    }

    #[test]
    fn what_undone_orders_gave_back_is_not_counted_as_taken() {
        let amounts = [("cash", 1_000), ("wechat", 500), (UNDONE, 300)];
        let seals = vec![seal(true, None, &amounts), seal(true, None, &[("cash", 1)])];
        let day = Adding { facts: 3, seals, openings: 2 }.shape("2026-11-21".to_owned());
        assert_eq!((day.taken.amount, day.given_back.amount), (1_201, 300));
        assert_eq!((day.left_out, day.openings), (2, 2));
    }
}
