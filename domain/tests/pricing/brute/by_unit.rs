//! Price and line lanes: each unit goes to one rule that shares nothing, or to all that stack.

use domain::pricing::{
    Rule,
    rule::{Limits, Reward, StackingMode, Step},
};

use super::{Thing, counts, in_order, small_goods, small_stacking, taken, things, times};
use crate::{
    dice::Dice,
    rules::{Kind, cut, rule as any_rule},
    world::Case,
};

/// A rule that cuts units.
pub(super) fn rule(dice: &mut Dice<'_>, at: u64) -> Rule {
    let mut rule = any_rule(dice, at, Kind::AmountOff, false);
    rule.coupon = false;
    rule.lane = None;
    rule.who = Default::default();
    rule.when = Default::default();
    rule.place = Default::default();
    rule.join = Default::default();
    rule.repeat = Default::default();
    rule.goods = small_goods(dice);
    rule.stacking = small_stacking(dice);
    rule.limits = Limits::default();
    // Thresholds of money are in `money`.
    let needs = if dice.chance(25) {
        let pieces = dice.count(1, 4);
        let amount = domain::pricing::rule::NeedAmount::Pieces(pieces);
        vec![domain::pricing::rule::Need { amount, goods: None }]
    } else {
        Vec::new()
    };
    rule.steps = vec![Step { needs, reward: Reward::Units(cut(dice)) }];
    // Which units a limited rule with precedence takes is a question of tables too.
    if rule.stacking.mode != StackingMode::Priority && dice.chance(30) {
        rule.limits.per_order = Some(dice.count(1, 3));
    }
    if dice.chance(15) {
        rule.limits.floor_rate = Some(domain::money::BasisPoints(dice.rate(2_000, 9_000)));
    }
    rule
}

/// What this rule takes from this unit, its floor kept.
pub(super) fn takes(rule: &Rule, thing: &Thing) -> i64 {
    let Reward::Units(cut) = rule.steps[0].reward else { return 0 };
    let floor = rule.limits.floor_rate.map_or(0, |rate| {
        domain::money::Money::from_minor(thing.list).portion(rate).unwrap().minor()
    });
    taken(rule, cut, thing).min((thing.running - floor).max(0))
}

/// The most that the lane can take.
pub(super) fn best(case: &Case) -> i64 {
    let things = things(case);
    let is_met =
        |rule: &&Rule| rule.steps[0].needs.iter().all(|need| times(case, rule, need, &things) > 0);
    let rules: Vec<&Rule> = in_order(case).into_iter().filter(is_met).collect();
    let of = |mode| rules.iter().copied().filter(move |rule| rule.stacking.mode == mode);
    let alone = of(StackingMode::Exclusive).map(|rule| joined(case, &[rule], things.clone())).max();
    // Precedence: the first of those that would take something has the unit.
    let (mut first, mut rest) = (0, Vec::new());
    for thing in things {
        let took = of(StackingMode::Priority)
            .filter(|rule| counts(case, &rule.goods, &thing))
            .map(|rule| takes(rule, &thing))
            .find(|took| *took > 0);
        match took {
            Some(took) => first += took,
            None => rest.push(thing),
        }
    }
    let shy: Vec<&Rule> = of(StackingMode::Best).collect();
    let stacking: Vec<&Rule> = of(StackingMode::Stack).collect();
    let together =
        first + given(case, (&shy, &stacking), &rest, &mut vec![0; shy.len()], Vec::new());
    alone.unwrap_or(0).max(together)
}

/// Every way to give each unit to one of the rules that share none, or to all that stack.
fn given(
    case: &Case,
    (shy, stacking): (&[&Rule], &[&Rule]),
    things: &[Thing],
    spent: &mut [u32],
    mut pool: Vec<Thing>,
) -> i64 {
    let Some((thing, rest)) = things.split_first() else {
        return joined(case, stacking, pool);
    };
    let mut most = 0;
    for (at, rule) in shy.iter().enumerate() {
        let is_left = spent[at] < rule.limits.per_order.unwrap_or(u32::MAX);
        if is_left && counts(case, &rule.goods, thing) {
            spent[at] += 1;
            let others = given(case, (shy, stacking), rest, spent, pool.clone());
            most = most.max(takes(rule, thing) + others);
            spent[at] -= 1;
        }
    }
    pool.push(*thing);
    most.max(given(case, (shy, stacking), rest, spent, pool))
}

/// One rule after the other; limited uses go where they take the most, and
/// of those to the dearest.
fn joined(case: &Case, rules: &[&Rule], mut pool: Vec<Thing>) -> i64 {
    let mut all = 0;
    for rule in rules {
        let mut offs: Vec<(i64, usize)> = (0..pool.len())
            .filter(|at| counts(case, &rule.goods, &pool[*at]))
            .map(|at| (takes(rule, &pool[at]), at))
            .collect();
        offs.sort_by_key(|(off, at)| (-off, -pool[*at].running, *at));
        offs.truncate(rule.limits.per_order.unwrap_or(u32::MAX) as usize);
        for (off, at) in offs {
            pool[at].running -= off;
            all += off;
        }
    }
    all
}
