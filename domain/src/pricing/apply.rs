//! One rule's turn: what it takes from the units that are open to it.
//!
//! Taken alone, each turn is the best for the shopper that its rule allows; `lane` decides whose
//! turn it is.
//!
//! **Invariant:** a turn looks only at its own lines, and never takes more than its limits.

mod amount;
mod choice;
mod group;
mod unit;

use super::{
    By, Why,
    quote::Next,
    reach::{Case, Done, reach},
    rule::{Lane, Repeat, Reward},
    units::{Counter, Turn},
};
use group::first_units;
pub(super) use group::{Grouping, Members, take_together};
pub(super) use unit::{affordable, points_of};

/// Runs that a turn outside the lane of groups may split.
const SPLITS: u64 = 3;

/// What the cap on a rule's amount leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purse(i64);

impl Purse {
    pub(super) fn of(case: &Case<'_>) -> Self {
        Self(case.rule.limits.amount_max.map_or(i64::MAX, |max| max.minor()))
    }

    /// The units of a run that a cut can be paid for, and what is left for one more.
    pub(super) fn pay(&mut self, n: u32, each: i64) -> (u32, i64) {
        if each <= 0 {
            return (n, 0);
        }
        let whole = u32::try_from(self.0 / each).unwrap_or(u32::MAX).min(n);
        self.0 -= each * i64::from(whole);
        let rest = if whole < n { std::mem::take(&mut self.0) } else { 0 };
        (whole, rest)
    }
}

/// Carries out a rule's turn.
pub(super) fn apply(counter: &mut Counter, case: &Case<'_>) -> Done {
    let shares_uses = matches!(case.by, By::Coupon(..));
    let case = if shares_uses { &case.after_others(counter) } else { case };
    if case.uses_max == 0 && case.uses_shared < u32::MAX {
        return Done::nothing(Why::UsedUp, None);
    }
    // At most two runs for a limit or cap and one for a split; groups may cut anywhere.
    let splits = if case.ready.lane == Lane::Group { counter.n_units() } else { SPLITS };
    let turn = |counter: &mut Counter| take_turn(counter, case);
    let done = counter.within(case.said, splits, turn);
    let done = done.unwrap_or(Done::nothing(Why::Full, None));
    counter.note_uses(case.by, done.uses);
    done
}

fn take_turn(counter: &mut Counter, case: &Case<'_>) -> Done {
    let turn = case.turn(counter);
    let reached = reach(counter, &turn, case, &[]);
    let Some((step, times)) = reached.met else {
        return not_reached(counter, &turn, case, reached.next);
    };
    let Some(reward) = case.rule.steps.get(usize::from(step)).map(|step| &step.reward) else {
        return Done::nothing(Why::NoGoods, None);
    };
    let turn = turn.at(step);
    let times = match case.rule.repeat {
        Repeat::Once => 1,
        Repeat::Each => times,
    };
    let mut done = match reward {
        Reward::Units(_) | Reward::PriceList(_) | Reward::PointsPrice { .. } => {
            unit::apply(counter, &turn, case, reward)
        }
        Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. } => group::apply(counter, &turn, case, step, times),
        Reward::AmountOff(_) | Reward::AmountRate(_) | Reward::PointsPay { .. } => {
            amount::apply(counter, &turn, case, reward, times)
        }
        Reward::Gift { .. } | Reward::AddOn { .. } => choice::apply(counter, &turn, case),
        Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::Grant(_) => Done::nothing(Why::Applied, None),
    };
    done.next = done.next.or(reached.next);
    done
}

/// Nothing is reached: because too little is there, or because all of it is reduced already?
fn not_reached(counter: &Counter, turn: &Turn, case: &Case<'_>, next: Option<Next>) -> Done {
    let mut runs = case.hits.iter().flat_map(|hit| counter.runs_of(hit.line()));
    if runs.any(|(_, run)| counter.counts(turn, run)) {
        Done::nothing(Why::Short, next)
    } else {
        Done::nothing(Why::Reduced, None)
    }
}

/// Why a turn that could take nothing took nothing.
fn idle(counter: &Counter, turn: &Turn, case: &Case<'_>, part: u8) -> Why {
    let mut any = false;
    for line in case.lines(part) {
        for (_, run) in counter.runs_of(line) {
            any = true;
            if counter.is_open(turn, run) {
                return Why::NoBetter;
            }
        }
    }
    let counts = || {
        let mut runs = case.lines(part).flat_map(|line| counter.runs_of(line));
        runs.any(|(_, run)| counter.counts(turn, run))
    };
    match (any, any && counts()) {
        (false, _) => Why::NoGoods,
        (true, false) => Why::Reduced,
        // Somebody holds them; `lane` knows who.
        (true, true) => Why::NoBetter,
    }
}
