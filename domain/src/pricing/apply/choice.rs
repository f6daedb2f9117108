//! Goods that a shopper may choose once something is reached: gifts and add-ons. They stand in the
//! cart like all others; the cashier has scanned what the shopper chose.

use super::{Members, Purse, first_units, not_reached};
use crate::{
    money::BasisPoints,
    pricing::{
        Why,
        book::ReadyStep,
        reach::{Case, Done, reach, times_met},
        rule::{Cut, Reward},
        units::{Counter, Turn},
    },
};

/// A step that is met although the chosen units do not count for it.
struct Chosen {
    step: u8,
    cut: Cut,
    is_gift: bool,
    /// Units per time.
    count: u32,
    /// Units that may be chosen.
    may: u32,
    /// Those that are there, dearest first.
    units: Members,
}

/// Cuts the units that were chosen, or tells how many more may be.
pub(super) fn apply(counter: &mut Counter, turn: &Turn, case: &Case<'_>) -> Done {
    let steps = case.ready.steps.iter().enumerate().rev();
    let Some(chosen) = steps.filter_map(|(at, step)| met(counter, turn, case, step, at)).next()
    else {
        let next = reach(counter, turn, case, &[]).next;
        return not_reached(counter, turn, case, next);
    };
    let turn = &turn.at(chosen.step);
    let (mut purse, mut cut_units) = (Purse::of(case), 0);
    for (ix, n) in &chosen.units {
        let each = counter.run(*ix).map_or(0, |run| Counter::cut(turn, run, chosen.cut));
        let (whole, rest) = purse.pay(*n, each);
        let taken = counter.take(turn, *ix, whole, each);
        // What a floor leaves a price on is reduced, not given away.
        if chosen.is_gift && counter.run(taken).is_some_and(|run| run.now == 0) {
            counter.give(taken);
        }
        if rest > 0 {
            counter.take(turn, *ix, 1, rest);
        }
        cut_units += whole + u32::from(rest > 0);
    }
    let rest = chosen.may.saturating_sub(cut_units);
    let why = if rest > 0 { Why::Choose(rest) } else { Why::Applied };
    let next = reach(counter, turn, case, &[]).next;
    Done { uses: cut_units.div_ceil(chosen.count), why, next }
}

/// The most units that may be chosen at a step, when those units do not count for it.
///
/// More chosen units leave fewer that count, so the largest number that holds is found by halving.
fn met(
    counter: &Counter,
    turn: &Turn,
    case: &Case<'_>,
    ready: &ReadyStep,
    at: usize,
) -> Option<Chosen> {
    let reward = &case.rule.steps.get(at)?.reward;
    let (count, cut, is_gift) = if let Reward::AddOn { count, cut, .. } = reward {
        (*count, *cut, false)
    } else if let Reward::Gift { count, .. } = reward {
        (*count, Cut::Rate(BasisPoints(0)), true)
    } else {
        return None;
    };
    let pool = pool(counter, turn, case, ready.rewarded.first().copied()?);
    let n_there: u32 = pool.iter().map(|(_, n)| *n).sum();
    let met_with = |units: u32| {
        let given = first_units(&pool, units);
        times_met(counter, turn, case, ready, &given).min(case.uses_max)
    };
    let holds = |times: u32| met_with(count.saturating_mul(times)) >= times;
    if !holds(1) {
        return None;
    }
    // Beyond the units that are there, another time chooses nothing more.
    let enough = n_there.div_ceil(count).max(1);
    let (mut low, mut high) = (1, met_with(0).min(enough));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    let times = if low == enough { met_with(n_there).max(low) } else { low };
    let units = first_units(&pool, count.saturating_mul(low));
    let step = u8::try_from(at).ok()?;
    Some(Chosen { step, cut, is_gift, count, may: count.saturating_mul(times), units })
}

/// Units that may be chosen, dearest first.
fn pool(counter: &Counter, turn: &Turn, case: &Case<'_>, part: u8) -> Vec<(usize, u32)> {
    let mut pool: Vec<_> = case
        .lines(part)
        .flat_map(|line| counter.runs_of(line))
        .filter(|(_, run)| counter.is_open(turn, run) && run.now > 0)
        .map(|(ix, run)| (std::cmp::Reverse(run.now), run.line, run.first, ix, run.n))
        .collect();
    pool.sort_unstable();
    pool.into_iter().map(|(.., ix, n)| (ix, n)).collect()
}
