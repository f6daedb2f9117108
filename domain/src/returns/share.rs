//! What the first so many units of a line carried.
//!
//! **Invariant:** sums over runs; nothing at 0 units, the whole line at all of them. Tax alone is
//! not carried by units: it follows the amount, rounded once for all units so far.

use crate::{
    money::Money,
    order::{Order, OrderLine, UnitRun},
};

/// A part of a line. Amounts have the sign of the sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) units: u32,
    pub(super) list: Money,
    pub(super) adjustments: Vec<Money>,
    pub(super) amount: Money,
    pub(super) tax: Money,
    pub(super) rounding: Money,
    pub(super) tenders: Vec<Money>,
    pub(super) points_spent: i64,
    pub(super) points_earned: i64,
}

/// The runs of a line in the order in which they come back: what was given for other goods last.
pub(super) fn sequence(line: &OrderLine) -> impl Iterator<Item = &UnitRun> {
    let is_given = |run: &&UnitRun| {
        let parts = line.adjustments.iter().zip(&run.adjustments);
        parts.into_iter().any(|(a, part)| a.condition.is_some() && *part != Money::ZERO)
    };
    let paid = line.units.iter().filter(move |run| !is_given(run));
    paid.chain(line.units.iter().filter(is_given))
}

/// What of each line is kept when so many of its units are back.
pub(super) fn kept<'a>(
    order: &'a Order,
    back: &[u32],
) -> Vec<(&'a OrderLine, Vec<(u32, &'a UnitRun)>)> {
    let kept = |(line, back): (&'a OrderLine, &u32)| {
        let mut gone = *back;
        let runs = sequence(line).map(|run| {
            let n = run.units.min(gone);
            gone -= n;
            (run.units - n, run)
        });
        (line, runs.filter(|(n, _)| *n > 0).collect())
    };
    order.lines.iter().zip(back).map(kept).collect()
}

impl Share {
    /// What the first units of a line carried.
    pub(super) fn of(line: &OrderLine, n_tenders: usize, units: u32) -> Self {
        let mut share = Self {
            units,
            list: Money::ZERO,
            adjustments: vec![Money::ZERO; line.adjustments.len()],
            amount: Money::ZERO,
            tax: Money::ZERO,
            rounding: Money::ZERO,
            tenders: vec![Money::ZERO; n_tenders],
            points_spent: 0,
            points_earned: 0,
        };
        let mut left = units;
        for run in sequence(line) {
            let n = run.units.min(left);
            left -= n;
            share.add(run, i64::from(n));
        }
        share.tax = tax_of(line, share.amount);
        share
    }

    // Sums of a checked order: parts of what fits.
    fn add(&mut self, run: &UnitRun, n: i64) {
        let add = |sum: &mut Money, each: Money| {
            *sum = Money::from_minor(sum.minor() + each.minor() * n);
        };
        add(&mut self.list, run.list);
        add(&mut self.amount, run.amount);
        add(&mut self.rounding, run.rounding);
        self.adjustments.iter_mut().zip(&run.adjustments).for_each(|(sum, each)| add(sum, *each));
        self.tenders.iter_mut().zip(&run.tenders).for_each(|(sum, each)| add(sum, *each));
        self.points_spent += run.points_spent * n;
        self.points_earned += run.points_earned * n;
    }

    /// What lies between a smaller share of the same line and this one.
    pub(super) fn less(mut self, smaller: &Self) -> Self {
        let less = |sum: &mut Money, part: Money| {
            *sum = Money::from_minor(sum.minor() - part.minor());
        };
        self.units -= smaller.units;
        less(&mut self.list, smaller.list);
        less(&mut self.amount, smaller.amount);
        less(&mut self.tax, smaller.tax);
        less(&mut self.rounding, smaller.rounding);
        self.adjustments.iter_mut().zip(&smaller.adjustments).for_each(|(a, b)| less(a, *b));
        self.tenders.iter_mut().zip(&smaller.tenders).for_each(|(a, b)| less(a, *b));
        self.points_spent -= smaller.points_spent;
        self.points_earned -= smaller.points_earned;
        self
    }
}

/// The line's tax as far as its amount is covered; a half fen goes up.
fn tax_of(line: &OrderLine, amount: Money) -> Money {
    let whole = i128::from(line.amount.minor());
    if whole == 0 {
        return Money::ZERO;
    }
    let product = i128::from(line.tax.minor()) * i128::from(amount.minor());
    // At most the line's tax, which fits.
    Money::from_minor(i64::try_from((product * 2 + whole) / (whole * 2)).unwrap_or(0))
}
