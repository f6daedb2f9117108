//! Lanes in which a rule or coupon has lines or leaves them: order, coupon, points.

use super::{KNOT_RULES_MAX, Ran, conflict, knots, of_mode, take_turns, try_turns};
use crate::pricing::{apply::apply, reach::Case, rule::StackingMode, units::Counter};

/// Sets that a bounded search compares: more would be felt at the till.
const GREEDY_SETS_MAX: usize = 3;

pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], ran: &mut Ran) {
    let mut first: Vec<usize> = Vec::new();
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
    let others: Vec<usize> = places.iter().filter(is_left).copied().collect();
    let mut chosen = Vec::with_capacity(others.len());
    for knot in knots(cases, &others) {
        chosen.extend(best_of(counter, cases, &knot, &mut ran.is_bounded));
    }
    chosen.sort_unstable();
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
) -> Vec<usize> {
    if knot.len() == 1 {
        return knot.to_vec();
    }
    let mut sets = Vec::new();
    if knot.len() <= KNOT_RULES_MAX {
        maximal_sets(cases, knot, &mut sets);
    }
    if sets.is_empty() {
        *is_bounded = true;
        sets = greedy_sets(counter, cases, knot);
    }
    let mut best: (i64, Vec<usize>) = (-1, Vec::new());
    for set in sets {
        let saved = try_turns(counter, cases, &set);
        if saved > best.0 {
            best = (saved, set);
        }
    }
    best.1
}

/// All sets without conflict to which nothing more could be added, the earlier rules first.
fn maximal_sets(cases: &[Case<'_>], knot: &[usize], sets: &mut Vec<Vec<usize>>) {
    let n = knot.len();
    let agree = |a: usize, b: usize| {
        let pair =
            knot.get(a).and_then(|a| cases.get(*a)).zip(knot.get(b).and_then(|b| cases.get(*b)));
        pair.is_some_and(|(a, b)| !conflict(a, b))
    };
    // One bit per member: who agrees with whom.
    let friends: Vec<u32> = (0..n)
        .map(|a| (0..n).filter(|b| *b != a && agree(a, *b)).fold(0, |bits, b| bits | 1 << b))
        .collect();
    let mut stack = vec![(0_u32, (1_u32 << n) - 1, 0_u32)];
    while let Some((set, mut may, mut not)) = stack.pop() {
        if may == 0 && not == 0 {
            let members = (0..n).filter(|i| set & 1 << i != 0);
            sets.push(members.filter_map(|i| knot.get(i).copied()).collect());
        }
        while may != 0 {
            let bit = may & may.wrapping_neg();
            let at = usize::try_from(bit.trailing_zeros()).unwrap_or(0);
            let friends = friends.get(at).copied().unwrap_or(0);
            stack.push((set | bit, may & friends, not & friends));
            may &= !bit;
            not |= bit;
        }
    }
    sets.sort();
}

/// Sets that begin with one of those that save most alone, and take in that order whoever still
/// fits.
fn greedy_sets(counter: &mut Counter, cases: &[Case<'_>], knot: &[usize]) -> Vec<Vec<usize>> {
    let grown = |order: &mut dyn Iterator<Item = usize>| {
        let mut set: Vec<usize> = Vec::new();
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
    let mut sets: Vec<Vec<usize>> = order
        .iter()
        .take(GREEDY_SETS_MAX)
        .map(|first| grown(&mut std::iter::once(*first).chain(order.iter().copied())))
        .collect();
    sets.sort();
    sets.dedup();
    sets
}
