//! Order and coupon lanes: every set of rules without conflict that nothing can be added to.
//!
//! Two rules conflict when they share a line and one of them does not stack.

use domain::{
    money::Money,
    pricing::{
        Rule,
        rule::{Base, Limits, Repeat, Reward, StackingMode},
    },
};

use super::{Thing, counts, in_order, small_goods, small_stacking, things, times};
use crate::{
    dice::Dice,
    rules::{Kind, rule as any_rule},
    world::Case,
};

/// A rule that takes an amount or a rate off.
pub(super) fn rule(dice: &mut Dice<'_>, at: u64) -> Rule {
    let kind = *dice.pick(&[Kind::AmountOff, Kind::AmountOff, Kind::AmountRate]);
    let mut rule = any_rule(dice, at, kind, false);
    rule.coupon = false;
    rule.who = Default::default();
    rule.when = Default::default();
    rule.place = Default::default();
    rule.goods = small_goods(dice);
    rule.stacking = small_stacking(dice);
    rule.limits = Limits::default();
    // Whether goods that are only counted are shared is for tables.
    rule.steps.iter_mut().for_each(|step| step.needs.retain(|need| need.goods.is_none()));
    if dice.chance(20) {
        rule.limits.per_order = Some(dice.count(1, 2));
    }
    if dice.chance(20) {
        rule.limits.amount_max = Some(Money::from_minor(dice.between(1, 900)));
    }
    rule
}

/// The same, on a coupon.
pub(super) fn coupon(dice: &mut Dice<'_>, at: u64) -> Rule {
    let mut rule = rule(dice, at);
    rule.coupon = true;
    rule
}

/// The most that the lane can take.
pub(super) fn best(case: &Case) -> i64 {
    let things = things(case);
    let rules = in_order(case);
    let of = |mode| rules.iter().copied().filter(move |rule| rule.stacking.mode == mode);
    let one = |rule: &Rule| in_turn(case, &[rule], &things);
    let alone = of(StackingMode::Exclusive).map(one).max().unwrap_or(0);
    // Precedence: a rule that takes something has its lines, if nobody has one of them.
    let (mut first, mut gone) = (0, Vec::new());
    for rule in of(StackingMode::Priority) {
        let mine = lines_of(case, rule, &things);
        let took = one(rule);
        if took > 0 && !mine.iter().any(|line| gone.contains(line)) {
            first += took;
            gone.extend(mine);
        }
    }
    let is_free = |rule: &&Rule| {
        let mine = lines_of(case, rule, &things);
        !mine.is_empty() && !mine.iter().any(|line| gone.contains(line))
    };
    let rest: Vec<&Rule> = rules
        .iter()
        .copied()
        .filter(|rule| matches!(rule.stacking.mode, StackingMode::Stack | StackingMode::Best))
        .filter(is_free)
        .collect();
    alone.max(first + best_set(case, &rest, &things))
}

fn lines_of(case: &Case, rule: &Rule, things: &[Thing]) -> Vec<usize> {
    things.iter().filter(|thing| counts(case, &rule.goods, thing)).map(|thing| thing.line).collect()
}

fn best_set(case: &Case, rules: &[&Rule], things: &[Thing]) -> i64 {
    let conflict = |a: &Rule, b: &Rule| {
        let stack = |rule: &Rule| rule.stacking.mode == StackingMode::Stack;
        let (mine, theirs) = (lines_of(case, a, things), lines_of(case, b, things));
        !(stack(a) && stack(b)) && mine.iter().any(|line| theirs.contains(line))
    };
    let sets: Vec<u32> = (0..1_u32 << rules.len())
        .filter(|set| {
            let has = |at: usize| set >> at & 1 == 1;
            let n = rules.len();
            (0..n).all(|a| (0..a).all(|b| !has(a) || !has(b) || !conflict(rules[a], rules[b])))
        })
        .collect();
    let is_maximal = |set: u32| !sets.iter().any(|other| *other != set && other & set == set);
    let value = |set: u32| {
        let chosen: Vec<&Rule> =
            (0..rules.len()).filter(|at| set >> at & 1 == 1).map(|at| rules[at]).collect();
        in_turn(case, &chosen, things)
    };
    sets.iter().copied().filter(|set| is_maximal(*set)).map(value).max().unwrap_or(0)
}

/// What these rules take one after the other.
fn in_turn(case: &Case, rules: &[&Rule], things: &[Thing]) -> i64 {
    let mut things = things.to_vec();
    let mut took = 0;
    for rule in rules {
        let mine: Vec<usize> =
            (0..things.len()).filter(|at| counts(case, &rule.goods, &things[*at])).collect();
        let off = amount(case, rule, &things, &mine);
        let weights: Vec<i64> = mine.iter().map(|at| things[*at].running).collect();
        for (at, part) in mine.iter().zip(Money::from_minor(off).allocate(&weights)) {
            things[*at].running -= part.minor();
        }
        took += off;
    }
    took
}

/// What a rule takes of what is left, all of its steps looked at.
fn amount(case: &Case, rule: &Rule, things: &[Thing], mine: &[usize]) -> i64 {
    let reached = rule.steps.iter().rev().find_map(|step| {
        let met = step.needs.iter().map(|need| times(case, rule, need, things));
        let times = match rule.join {
            _ if step.needs.is_empty() => 1,
            domain::pricing::rule::Join::All => met.min().unwrap_or(1),
            domain::pricing::rule::Join::Any => met.max().unwrap_or(1),
        };
        (times > 0).then_some((&step.reward, times))
    });
    let Some((reward, times)) = reached else { return 0 };
    let times = match rule.repeat {
        Repeat::Once => 1,
        Repeat::Each => times.min(i64::from(rule.limits.per_order.unwrap_or(u32::MAX))),
    };
    let running: i64 = mine.iter().map(|at| things[*at].running).sum();
    let list: i64 = mine.iter().map(|at| things[*at].list).sum();
    let rated = |sum: i64, rate| sum - Money::from_minor(sum).portion(rate).unwrap().minor();
    let off = match (reward, rule.stacking.base) {
        (Reward::AmountOff(off), _) => off.minor() * times,
        (Reward::AmountRate(rate), Base::Running) => rated(running, *rate),
        (Reward::AmountRate(rate), Base::List) => rated(list, *rate),
        (other, _) => panic!("{other:?} takes no amount"),
    };
    off.min(running).min(rule.limits.amount_max.map_or(i64::MAX, Money::minor))
}
