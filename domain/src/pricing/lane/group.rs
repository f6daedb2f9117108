//! The lane of groups: rules that share nothing compete for units.
//!
//! **Exactly**, for few units: every way to part them into groups is gone through (`search`).
//! **Bounded**, for many: the competing rules take their turns in different orders, and the best
//! order wins.

mod maker;
mod search;

use super::{Places, Ran, knots, of_mode, say_idle, take_turns, try_turns};
use crate::pricing::{
    apply::Grouping,
    reach::Case,
    rule::{Base, Reward, StackingMode, Step},
    units::Counter,
};

/// Orders of turns that a bounded search tries: more would be felt at the till.
const ORDERS_MAX: usize = 4;

pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], ran: &mut Ran) {
    let first = of_mode(cases, places, StackingMode::Priority);
    take_turns(counter, cases, &first, &mut ran.dones);
    let others: Places = places.iter().filter(|place| !first.contains(place)).copied().collect();
    for knot in knots(cases, &others, &mut ran.is_bounded) {
        let alone = of_mode(cases, &knot, StackingMode::Best);
        let tied = of_mode(cases, &knot, StackingMode::Stack);
        if alone.is_empty() {
            continue;
        }
        if knot.len() == 1 && is_best_alone(counter, cases, &alone) {
            take_turns(counter, cases, &alone, &mut ran.dones);
        } else if let Some(best) = search::parted(counter, cases, &alone, &tied) {
            best.carry_out(counter, &mut ran.dones);
            say_idle(counter, cases, &best.idle(), &mut ran.dones);
        } else {
            ran.is_bounded = true;
            let order = best_order(counter, cases, &alone, &tied);
            take_turns(counter, cases, &order, &mut ran.dones);
            let idle: Places =
                alone.iter().filter(|place| !order.contains(place)).copied().collect();
            say_idle(counter, cases, &idle, &mut ran.dones);
        }
    }
    // Those that stack go on in their own order, whatever was searched before.
    let stacked = of_mode(cases, &others, StackingMode::Stack);
    take_turns(counter, cases, &stacked, &mut ran.dones);
}

/// A rule whose own turn is the best there is when nobody competes: one pool, no floor and no price
/// per kilogram that could make a cheaper unit the better one.
fn is_best_alone(counter: &Counter, cases: &[Case<'_>], places: &[usize]) -> bool {
    places.iter().filter_map(|place| cases.get(*place)).all(|case| {
        let limits = case.rule.limits;
        // A floor, or a reduction of the list price, may make a cheaper unit the better one.
        let has_floor = limits.floor_price.is_some()
            || limits.floor_rate.is_some()
            || case.rule.stacking.base == Base::List;
        let groupings =
            || (0..).zip(&case.rule.steps).map(|(at, step)| (Grouping::of(case, at), step));
        let is_simple = |(grouping, step): (Option<Grouping>, &Step)| {
            grouping.is_some_and(|grouping| grouping.seats.len() == 1)
                || matches!(step.reward, Reward::Units(_) | Reward::PriceList(_))
                || are_slots_apart(case)
        };
        let mut runs = case.hits.iter().flat_map(|hit| counter.runs_of(hit.line()));
        let is_weighed = runs.any(|(_, run)| run.milli > 0);
        // Who takes whatever is there has nothing to choose.
        groupings().all(|(grouping, _)| grouping.is_some_and(|grouping| grouping.is_of_all()))
            || !has_floor && !is_weighed && groupings().all(is_simple)
    })
}

/// No line stands in two parts of the rule, so that nothing is taken from one for the other.
fn are_slots_apart(case: &Case<'_>) -> bool {
    let parts: Vec<u8> = case.ready.steps.iter().flat_map(|step| step.rewarded.clone()).collect();
    let is_buy_get = case.rule.steps.iter().any(|s| matches!(s.reward, Reward::BuyGet { .. }));
    let pools = || parts.iter().copied().chain(is_buy_get.then_some(0));
    case.hits.iter().all(|hit| pools().filter(|part| case.has(*part, hit.line())).count() <= 1)
}

/// Orders of turns for rules that compete: each first once, and all of them for few.
fn orders(alone: &[usize]) -> Vec<Vec<usize>> {
    if let [a, b, c] = *alone {
        return vec![
            vec![a, b, c],
            vec![a, c, b],
            vec![b, a, c],
            vec![b, c, a],
            vec![c, a, b],
            vec![c, b, a],
        ];
    }
    let first = |first: &usize| {
        let rest = alone.iter().copied().filter(|place| place != first);
        std::iter::once(*first).chain(rest).collect()
    };
    alone.iter().take(ORDERS_MAX).map(first).collect()
}

fn best_order(
    counter: &mut Counter,
    cases: &[Case<'_>],
    alone: &[usize],
    stacked: &[usize],
) -> Vec<usize> {
    let mut orders = orders(alone);
    if !stacked.is_empty() {
        orders.push(Vec::new());
    }
    let mut best: (i64, Vec<usize>) = (-1, Vec::new());
    for order in orders {
        let turns: Vec<usize> = order.iter().chain(stacked).copied().collect();
        let saved = try_turns(counter, cases, &turns);
        if saved > best.0 {
            best = (saved, order);
        }
    }
    best.1
}
