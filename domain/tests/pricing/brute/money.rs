//! Price lane with thresholds of money: what one rule takes another may miss.
//!
//! A rule that goes first, or shares nothing, is reached by what is there before its kind takes; one
//! that stacks by what all before it have left.

use domain::pricing::{
    Rule,
    rule::{Need, NeedAmount, StackingMode},
};

use super::{Thing, by_unit, counts, in_order, minor, times};
use crate::{dice::Dice, world::Case};

/// A rule that cuts units, mostly from a sum on.
pub(super) fn rule(dice: &mut Dice<'_>, at: u64) -> Rule {
    let mut rule = by_unit::rule(dice, at);
    if dice.chance(60) {
        let amount = NeedAmount::Minor(minor(dice.between(100, 4_000)));
        rule.steps[0].needs = vec![Need { amount, goods: None }];
    }
    rule
}

/// A unit, and whether somebody has it who shares nothing.
type Owned = (Thing, bool);

/// The most that the lane can take.
pub(super) fn best(case: &Case) -> i64 {
    let rules = in_order(case);
    let of = |mode| rules.iter().copied().filter(move |rule| rule.stacking.mode == mode);
    let fresh: Vec<Owned> = super::things(case).into_iter().map(|thing| (thing, false)).collect();
    let one = |rule| turn(case, rule, &mut fresh.clone());
    let alone = of(StackingMode::Exclusive).map(one).max().unwrap_or(0);
    let (mut things, mut first) = (fresh.clone(), 0);
    for rule in of(StackingMode::Priority).filter(|rule| rule.limits.per_order.is_none()) {
        first += own(case, rule, &mut things);
    }
    let shy: Vec<&Rule> =
        of(StackingMode::Best).filter(|rule| is_met(case, rule, &things)).collect();
    let stacking: Vec<&Rule> = of(StackingMode::Stack).collect();
    let mut spent = vec![0; shy.len()];
    alone.max(first + dealt(case, (&shy, &stacking), &mut things, 0, &mut spent))
}

fn is_met(case: &Case, rule: &Rule, things: &[Owned]) -> bool {
    let all: Vec<Thing> = things.iter().map(|(thing, _)| *thing).collect();
    rule.steps[0].needs.iter().all(|need| times(case, rule, need, &all) > 0)
}

/// A rule that goes first has every unit from which it takes something.
fn own(case: &Case, rule: &Rule, things: &mut [Owned]) -> i64 {
    if !is_met(case, rule, things) {
        return 0;
    }
    let mut took = 0;
    for (thing, is_owned) in things.iter_mut().filter(|(thing, is_owned)| {
        !is_owned && counts(case, &rule.goods, thing) && by_unit::takes(rule, thing) > 0
    }) {
        let off = by_unit::takes(rule, thing);
        (thing.running, *is_owned) = (thing.running - off, true);
        took += off;
    }
    took
}

/// Every way to give each unit to one of the rules that share none, or to all that stack.
fn dealt(
    case: &Case,
    rules: (&[&Rule], &[&Rule]),
    things: &mut Vec<Owned>,
    at: usize,
    spent: &mut [u32],
) -> i64 {
    let (shy, stacking) = rules;
    let Some((thing, is_owned)) = things.get(at).copied() else {
        let mut left = things.clone();
        return stacking.iter().map(|rule| turn(case, rule, &mut left)).sum();
    };
    let mut most = dealt(case, rules, things, at + 1, spent);
    for (place, rule) in shy.iter().enumerate().filter(|_| !is_owned) {
        let off = by_unit::takes(rule, &thing);
        let is_left = spent[place] < rule.limits.per_order.unwrap_or(u32::MAX);
        if is_left && off > 0 && counts(case, &rule.goods, &thing) {
            spent[place] += 1;
            things[at] = (Thing { running: thing.running - off, ..thing }, true);
            most = most.max(off + dealt(case, rules, things, at + 1, spent));
            things[at] = (thing, false);
            spent[place] -= 1;
        }
    }
    most
}

/// A rule's turn with all units that nobody owns; limited uses go where they take the most, and of
/// those to the dearest.
fn turn(case: &Case, rule: &Rule, things: &mut [Owned]) -> i64 {
    if !is_met(case, rule, things) {
        return 0;
    }
    let mut offs: Vec<(i64, i64, usize)> = (0..things.len())
        .filter(|at| !things[*at].1 && counts(case, &rule.goods, &things[*at].0))
        .map(|at| (-by_unit::takes(rule, &things[at].0), -things[at].0.running, at))
        .collect();
    offs.sort_unstable();
    offs.truncate(rule.limits.per_order.unwrap_or(u32::MAX) as usize);
    for (off, _, at) in &offs {
        things[*at].0.running += off;
    }
    -offs.iter().map(|(off, ..)| off).sum::<i64>()
}
