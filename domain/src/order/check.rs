//! Every sum of an order.
//!
//! **Invariant:** looks and never mends. Sums are made wider than `i64`, so that no number a
//! stranger wrote can make one wrap; and any part of what units carry sums up within `i64`, so that
//! returns need not look again.

use super::{Order, OrderLine};
use crate::{
    money::{Money, MoneyOverflow},
    tender::TenderKind,
};

/// A sum that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// No lines.
    #[error("the order has no lines")]
    NoLines,
    /// The lines do not add up to the order's list or total, or one is below zero.
    #[error("the lines do not add up to the total")]
    Lines,
    /// Line numbers are not 1, 2, 3 …
    #[error("the lines are not numbered in order")]
    Numbers,
    /// A line's reductions are not what lies between its list and its amount.
    #[error("the adjustments of a line do not add up")]
    Adjustments,
    /// The units of a line do not add up to the line.
    #[error("the units of a line do not add up to it")]
    Units,
    /// More tax than amount, or less than nothing.
    #[error("the tax of a line is out of range")]
    Tax,
    /// The units' points do not add up to the order's.
    #[error("the points of the units do not add up")]
    Points,
    /// What it brings beside its goods, or a condition, speaks of what is not there.
    #[error("a grant or a condition does not fit the order")]
    Grants,
    /// Tenders − change ≠ total + rounding, or the units' parts of them do not add up.
    #[error("the tenders do not cover the total")]
    Tenders,
    /// Change without as much cash, or less than nothing.
    #[error("the change does not come from cash")]
    Change,
    /// A sum beyond counting.
    #[error("an amount is out of range")]
    Overflow,
}

impl From<MoneyOverflow> for OrderFault {
    fn from(_: MoneyOverflow) -> Self {
        Self::Overflow
    }
}

/// Refuses unless it holds.
const fn hold(holds: bool, fault: OrderFault) -> Result<(), OrderFault> {
    if holds { Ok(()) } else { Err(fault) }
}

impl Order {
    /// Checks that every sum holds to the fen.
    ///
    /// An order from before reductions has no units written down; it then must have none that
    /// would have needed them.
    pub fn check(&self) -> Result<(), OrderFault> {
        hold(!self.lines.is_empty(), OrderFault::NoLines)?;
        let numbers = self.lines.iter().map(|line| line.number);
        hold(numbers.eq((1..).take(self.lines.len())), OrderFault::Numbers)?;
        self.check_totals()?;
        self.check_tenders()?;
        self.lines.iter().try_for_each(check_line)?;
        self.check_delivery()?;
        self.check_grants()?;
        if self.lines.iter().all(|line| line.units.is_empty()) {
            return self.check_plain();
        }
        self.lines.iter().try_for_each(|line| check_units(line, self.tenders.len()))?;
        self.check_shares()
    }

    fn check_totals(&self) -> Result<(), OrderFault> {
        let list = Money::sum(self.lines.iter().map(|line| line.list))?;
        let delivered = self.delivery.as_ref().map_or(Money::ZERO, |delivery| delivery.amount);
        let total = Money::sum(self.lines.iter().map(|line| line.amount))?.plus(delivered)?;
        let is_positive = |line: &OrderLine| line.list >= Money::ZERO && line.amount >= Money::ZERO;
        let holds = list == self.list
            && total == self.total
            && delivered >= Money::ZERO
            && self.lines.iter().all(is_positive);
        hold(holds, OrderFault::Lines)
    }

    fn check_tenders(&self) -> Result<(), OrderFault> {
        let given = Money::sum(self.tenders.iter().map(|t| t.amount))?;
        let is_given = self.tenders.iter().all(|t| t.amount > Money::ZERO);
        hold(is_given && given.minus(self.change)? == self.due()?, OrderFault::Tenders)?;
        let cash = self.tenders.iter().filter(|t| t.kind == TenderKind::Cash);
        let cash = Money::sum(cash.map(|t| t.amount))?;
        hold((Money::ZERO..=cash).contains(&self.change), OrderFault::Change)
    }

    /// Who waived the fee; nobody, where an older program did not write it down.
    fn check_delivery(&self) -> Result<(), OrderFault> {
        let Some(delivery) = self.delivery.as_ref().filter(|d| !d.adjustments.is_empty()) else {
            return Ok(());
        };
        let waived = Money::sum(delivery.adjustments.iter().map(|one| one.amount))?;
        hold(delivery.fee.minus(waived)? == delivery.amount, OrderFault::Adjustments)
    }

    /// Grants and conditions speak of lines that are there.
    fn check_grants(&self) -> Result<(), OrderFault> {
        let adjustments = self.lines.iter().flat_map(|line| &line.adjustments);
        let mut conditions = adjustments.filter_map(|adjustment| adjustment.condition.as_ref());
        let holds = conditions.all(|condition| condition.holds(&self.lines))
            && self.grants.iter().all(|grant| grant.holds(&self.lines));
        hold(holds, OrderFault::Grants)
    }

    /// No units: nothing was reduced, and no points moved.
    fn check_plain(&self) -> Result<(), OrderFault> {
        let is_plain = |line: &OrderLine| line.adjustments.is_empty();
        hold(self.lines.iter().all(is_plain), OrderFault::Adjustments)?;
        hold(self.delivery.is_none(), OrderFault::Units)?;
        let (spent, earned) = (self.pricing.points_spent, self.pricing.points_earned);
        hold(spent == 0 && earned == 0, OrderFault::Points)
    }

    /// What the units carry of rounding, tenders and points adds up to the order's.
    fn check_shares(&self) -> Result<(), OrderFault> {
        let runs = || self.lines.iter().flat_map(|line| &line.units);
        let over = |part: &dyn Fn(&super::UnitRun) -> i64| -> i128 {
            runs().map(|run| i128::from(run.units) * i128::from(part(run))).sum()
        };
        let delivery = self.delivery.as_ref();
        let rounded = delivery.map_or(0, |delivery| delivery.rounding.minor());
        let rounding = over(&|run| run.rounding.minor()) + i128::from(rounded);
        hold(rounding == i128::from(self.rounding.minor()), OrderFault::Tenders)?;
        if let Some(delivery) = delivery {
            let share = Money::sum(delivery.tenders.iter().copied())?;
            let holds = delivery.tenders.len() == self.tenders.len()
                && delivery.tenders.iter().all(|share| *share >= Money::ZERO)
                && share == delivery.amount.plus(delivery.rounding)?;
            hold(holds, OrderFault::Tenders)?;
        }
        for (place, net) in self.nets().into_iter().enumerate() {
            let minor = |tenders: &[Money]| tenders.get(place).map_or(0, |share| share.minor());
            let delivered = delivery.map_or(0, |delivery| minor(&delivery.tenders));
            let shares = over(&|run| minor(&run.tenders)) + i128::from(delivered);
            hold(shares == i128::from(net.minor()), OrderFault::Tenders)?;
        }
        let spent = over(&|run| run.points_spent) == i128::from(self.pricing.points_spent);
        let earned = over(&|run| run.points_earned) == i128::from(self.pricing.points_earned);
        hold(spent && earned, OrderFault::Points)
    }
}

/// Whether a sum can be counted.
fn fits(sum: i128) -> bool {
    i64::try_from(sum).is_ok()
}

/// Tax and reductions of a line.
fn check_line(line: &OrderLine) -> Result<(), OrderFault> {
    hold((Money::ZERO..=line.amount).contains(&line.tax), OrderFault::Tax)?;
    let taken = Money::sum(line.adjustments.iter().map(|adjustment| adjustment.amount))?;
    hold(line.list.minus(taken)? == line.amount, OrderFault::Adjustments)
}

/// Every run of a line in itself, and all of them together.
fn check_units(line: &OrderLine, n_tenders: usize) -> Result<(), OrderFault> {
    let units: u64 = line.units.iter().map(|run| u64::from(run.units)).sum();
    hold(units == u64::from(line.n_units()), OrderFault::Units)?;
    let (mut list, mut amount, mut moved) = (0_i128, 0_i128, 0_i128);
    let mut taken = vec![0_i128; line.adjustments.len()];
    for run in &line.units {
        let all = |each: Money| i128::from(run.units) * i128::from(each.minor());
        let of_unit = Money::sum(run.adjustments.iter().copied())?;
        let paid = Money::sum(run.tenders.iter().copied())?;
        let holds = run.units > 0
            && run.list >= Money::ZERO
            && run.amount >= Money::ZERO
            && run.adjustments.len() == taken.len()
            && run.list.minus(of_unit)? == run.amount;
        hold(holds, OrderFault::Units)?;
        let is_covered = run.tenders.len() == n_tenders
            && run.tenders.iter().all(|share| *share >= Money::ZERO)
            && paid == run.amount.plus(run.rounding)?;
        hold(is_covered, OrderFault::Tenders)?;
        list += all(run.list);
        amount += all(run.amount);
        for (sum, part) in taken.iter_mut().zip(&run.adjustments) {
            *sum += all(*part);
            moved += all(*part).abs();
        }
        hold(run.points_spent >= 0 && run.points_earned >= 0, OrderFault::Points)?;
    }
    let adjusted = line.adjustments.iter().map(|adjustment| i128::from(adjustment.amount.minor()));
    hold(adjusted.eq(taken), OrderFault::Adjustments)?;
    hold(fits(moved), OrderFault::Overflow)?;
    let is_whole =
        list == i128::from(line.list.minor()) && amount == i128::from(line.amount.minor());
    hold(is_whole, OrderFault::Units)
}
