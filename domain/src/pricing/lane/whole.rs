//! Lanes in which a rule or coupon has lines or leaves them: order, coupon, points.

use super::{
    KNOT_RULES_MAX, Places, Ran, conflict, knots, of_mode, say_idle, take_turns, try_turns,
};
use crate::pricing::{apply::apply, reach::Case, rule::StackingMode, units::Counter};

/// Sets that a bounded search compares: more would be felt at the till.
const GREEDY_SETS_MAX: usize = 3;

pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], ran: &mut Ran) {
    let mut first = Places::new();
    for place in of_mode(cases, places, StackingMode::Priority) {
        if is_free(cases, place, &first)
            && let (Some(case), Some(done)) = (cases.get(place), ran.dones.get_mut(place))
        {
            *done = apply(counter, case);
            if done.uses > 0 {
                first.push(place);
            }
        }
    }
    let is_left = |place: &&usize| {
        let mode = cases.get(**place).map(|case| case.rule.stacking.mode);
        mode != Some(StackingMode::Priority) && is_free(cases, **place, &first)
    };
    let others: Places = places.iter().filter(is_left).copied().collect();
    let mut chosen = Places::new();
    for knot in knots(cases, &others, &mut ran.is_bounded) {
        chosen.extend(best_of(counter, cases, &knot, &mut ran.is_bounded));
    }
    chosen.sort_unstable();
    let losers: Places =
        places.iter().filter(|p| !chosen.contains(p) && !first.contains(p)).copied().collect();
    say_idle(counter, cases, &losers, &mut ran.dones);
    take_turns(counter, cases, &chosen, &mut ran.dones);
}

fn is_free(cases: &[Case<'_>], place: usize, first: &[usize]) -> bool {
    let Some(case) = cases.get(place) else {
        return false;
    };
    !first.iter().filter_map(|place| cases.get(*place)).any(|other| conflict(case, other))
}

/// The set of a knot that saves the shopper most.
fn best_of(
    counter: &mut Counter,
    cases: &[Case<'_>],
    knot: &[usize],
    is_bounded: &mut bool,
) -> Places {
    if knot.len() == 1 {
        return Places::from_slice(knot);
    }
    let (alone, stacked): (Places, Places) = knot.iter().copied().partition(|place| {
        let mode = cases.get(*place).map(|case| case.rule.stacking.mode);
        mode != Some(StackingMode::Stack)
    });
    if alone.is_empty() {
        return stacked;
    }
    let mut sets = Vec::new();
    if alone.len() <= KNOT_RULES_MAX {
        sets = maximal_sets(cases, &alone, &stacked);
    }
    if sets.is_empty() {
        *is_bounded = true;
        sets = greedy_sets(counter, cases, knot);
    }
    let mut best: (i64, Places) = (-1, Places::new());
    for set in sets {
        let saved = try_turns(counter, cases, &set);
        if saved > best.0 {
            best = (saved, set);
        }
    }
    best.1
}

/// All sets without conflict to which nothing more could be added: some of those that share nothing,
/// with all that stack beside them.
fn maximal_sets(cases: &[Case<'_>], alone: &[usize], stacked: &[usize]) -> Vec<Places> {
    let mut sets: Vec<Places> = Vec::new();
    for bits in 0_u32..1 << alone.len() {
        let is_in = |at: usize| bits & 1 << at != 0;
        let chosen: Places =
            (0..).zip(alone).filter(|(at, _)| is_in(*at)).map(|(_, place)| *place).collect();
        let agree = |(at, place): (usize, &usize)| {
            is_free(cases, *place, chosen.get(..at).unwrap_or_default())
        };
        if !chosen.iter().enumerate().all(agree) {
            continue;
        }
        let beside = stacked.iter().copied().filter(|place| is_free(cases, *place, &chosen));
        let mut set: Places = chosen.iter().copied().chain(beside).collect();
        set.sort_unstable();
        let may_join = |place: &&usize| !set.contains(place) && is_free(cases, **place, &set);
        if alone.iter().find(may_join).is_none() {
            sets.push(set);
        }
    }
    sets.sort();
    sets
}

/// Sets that begin with one of those that save most alone, and take in that order whoever still
/// fits.
fn greedy_sets(counter: &mut Counter, cases: &[Case<'_>], knot: &[usize]) -> Vec<Places> {
    let grown = |order: &mut dyn Iterator<Item = usize>| {
        let mut set = Places::new();
        for place in order {
            if !set.contains(&place) && is_free(cases, place, &set) {
                set.push(place);
            }
        }
        set.sort_unstable();
        set
    };
    let mut by_saving: Vec<(i64, usize)> =
        knot.iter().map(|place| (-try_turns(counter, cases, &[*place]), *place)).collect();
    by_saving.sort_unstable();
    let order: Vec<usize> = by_saving.into_iter().map(|(_, place)| place).collect();
    let mut sets: Vec<Places> = order
        .iter()
        .take(GREEDY_SETS_MAX)
        .map(|first| grown(&mut std::iter::once(*first).chain(order.iter().copied())))
        .collect();
    sets.sort();
    sets.dedup();
    sets
}
