//! Group lane: every way to give units to rules that share none; what is left over is for those
//! that stack, one after the other.

use domain::{
    money::Money,
    pricing::{
        Rule,
        goods::{Goods, Select},
        rule::{Cut, Limits, Repeat, Reward, Slot, StackingMode, Step},
    },
};

use super::{Thing, counts, in_order, small_stacking, taken, things};
use crate::{
    dice::Dice,
    rules::{Kind, cut, rule as any_rule},
    world::{Case, SHELF},
};

/// A rule that groups units, of which each group is beyond dispute.
pub(super) fn rule(dice: &mut Dice<'_>, at: u64) -> Rule {
    let kinds = [Kind::Nth, Kind::Nth, Kind::Cheapest, Kind::BuyGet, Kind::Pick, Kind::Bundle];
    let kind = *dice.pick(&kinds);
    let mut rule = any_rule(dice, at, kind, false);
    rule.who = Default::default();
    rule.when = Default::default();
    rule.place = Default::default();
    rule.join = Default::default();
    // Wide, so that rules want the same units.
    rule.goods = Goods::default();
    if dice.chance(60) {
        let word = *dice.pick(&["food", "wear", "home"]);
        rule.goods.any = vec![Select::Category(word.to_owned())];
    }
    rule.stacking = small_stacking(dice);
    rule.limits = Limits::default();
    if dice.chance(25) {
        rule.limits.per_order = Some(dice.count(1, 2));
    }
    match &mut rule.steps[0].reward {
        // Its pool is everything, which only a repeated group makes a group among others.
        Reward::Cheapest { .. } => rule.repeat = Repeat::Each,
        Reward::BuyGet { goods, .. } => *goods = None,
        Reward::Bundle { slots, .. } => {
            // Slots of goods that no other slot takes.
            let from = dice.below(6) as usize;
            *slots = (0..2)
                .map(|n| {
                    let any = [n, n + 4].map(|n| SHELF[(from + n) % SHELF.len()].0.to_owned());
                    let any = any.into_iter().map(Select::Sku).collect();
                    let goods = Goods { any, ..Default::default() };
                    Slot { goods, count: dice.count(1, 2) }
                })
                .collect();
            rule.goods = Default::default();
        }
        _ => {}
    }
    rule.steps = vec![Step { needs: Vec::new(), reward: rule.steps[0].reward.clone() }];
    if dice.chance(20) {
        rule.steps[0].reward = Reward::Nth { n: 2, cut: cut(dice) };
    }
    rule
}

/// Pieces only: of what is weighed the dearest unit is not always the one that is cut most.
pub(super) fn pieces(mut case: Case) -> Case {
    case.lines.retain(|line| line.item.unit == domain::catalog::Unit::Piece);
    case
}

/// The most that the lane can take.
pub(super) fn best(case: &Case) -> i64 {
    let mut things = things(case);
    let rules = in_order(case);
    let of = |mode| rules.iter().copied().filter(move |rule| rule.stacking.mode == mode);
    let alone = of(StackingMode::Exclusive)
        .map(|rule| grouped(case, rule, &mut things.clone(), false).0)
        .max()
        .unwrap_or(0);
    let mut first = 0;
    for rule in of(StackingMode::Priority) {
        let (took, used) = grouped(case, rule, &mut things, true);
        first += took;
        things = (0..things.len()).filter(|at| !used.contains(at)).map(|at| things[at]).collect();
    }
    let shy: Vec<&Rule> = of(StackingMode::Best).collect();
    let stacking: Vec<&Rule> = of(StackingMode::Stack).collect();
    alone.max(first + given(case, &shy, &stacking, &things))
}

/// Every way to give each unit to one of the rules that share none, or to all the others.
fn given(case: &Case, shy: &[&Rule], stacking: &[&Rule], things: &[Thing]) -> i64 {
    let owners = shy.len() + 1;
    let ways = owners.pow(things.len() as u32);
    let mut most = 0;
    'ways: for mut way in 0..ways {
        let mut owned: Vec<Vec<Thing>> = vec![Vec::new(); owners];
        for thing in things {
            owned[way % owners].push(*thing);
            way /= owners;
        }
        let mut took = 0;
        for (rule, mine) in shy.iter().zip(owned.iter_mut().skip(1)) {
            let (mine_took, used) = grouped(case, rule, mine, true);
            // Who has a unit uses it; giving it to nobody is another way.
            if used.len() < mine.len() {
                continue 'ways;
            }
            took += mine_took;
        }
        for rule in stacking {
            took += grouped(case, rule, &mut owned[0], false).0;
        }
        most = most.max(took);
    }
    most
}

/// Makes the groups of a rule out of these units, from the dearest downwards: what they take, and
/// which units stand in them. A group that takes nothing is not made where units are scarce.
fn grouped(case: &Case, rule: &Rule, things: &mut [Thing], is_scarce: bool) -> (i64, Vec<usize>) {
    let (mut took, mut used, mut times) = (0, Vec::new(), 0);
    let most = match rule.repeat {
        Repeat::Once => 1,
        Repeat::Each => u32::MAX,
    };
    let most = most.min(rule.limits.per_order.unwrap_or(u32::MAX));
    while times < most {
        let Some(group) = next_group(case, rule, things, &used) else { break };
        let off = reduction(rule, &group, things);
        if off == 0 && (is_scarce || matches!(rule.steps[0].reward, Reward::Pick { .. })) {
            break;
        }
        let weights: Vec<i64> = group.iter().map(|at| things[*at].running).collect();
        for (at, part) in group.iter().zip(Money::from_minor(off).allocate(&weights)) {
            things[*at].running -= part.minor();
        }
        used.extend(group);
        took += off;
        times += 1;
    }
    (took, used)
}

/// The dearest units that are not used yet and that these goods hold.
fn dearest(
    case: &Case,
    goods: &Goods,
    things: &[Thing],
    used: &[usize],
    n: usize,
) -> Option<Vec<usize>> {
    let mut mine: Vec<usize> = (0..things.len())
        .filter(|at| !used.contains(at) && counts(case, goods, &things[*at]))
        .collect();
    mine.sort_by_key(|at| std::cmp::Reverse(things[*at].running));
    (mine.len() >= n).then(|| mine[..n].to_vec())
}

fn next_group(case: &Case, rule: &Rule, things: &[Thing], used: &[usize]) -> Option<Vec<usize>> {
    let n = match &rule.steps[0].reward {
        Reward::Nth { n, .. } | Reward::Pick { n, .. } => *n,
        Reward::Cheapest { of, .. } => *of,
        Reward::BuyGet { buy, get, .. } => buy + get,
        Reward::Bundle { slots, .. } => {
            let mut group = Vec::new();
            for slot in slots {
                let taken: Vec<usize> = used.iter().chain(&group).copied().collect();
                group.extend(dearest(case, &slot.goods, things, &taken, slot.count as usize)?);
            }
            return Some(group);
        }
        other => panic!("{other:?} makes no groups"),
    };
    dearest(case, &rule.goods, things, used, n as usize)
}

/// What a group takes in all; its units stand from the dearest downwards.
fn reduction(rule: &Rule, group: &[usize], things: &[Thing]) -> i64 {
    let cheapest = |n: u32, cut: Cut| -> i64 {
        group.iter().rev().take(n as usize).map(|at| taken(rule, cut, &things[*at])).sum()
    };
    let sum: i64 = group.iter().map(|at| things[*at].running).sum();
    match &rule.steps[0].reward {
        Reward::Nth { cut, .. } => cheapest(1, *cut),
        Reward::Cheapest { count, cut, .. } => cheapest(*count, *cut),
        Reward::BuyGet { get, cut, .. } => cheapest(*get, *cut),
        Reward::Pick { price, .. } => (sum - price.minor()).max(0),
        Reward::Bundle { cut: Cut::Rate(rate), .. } => {
            group.iter().map(|at| taken(rule, Cut::Rate(*rate), &things[*at])).sum()
        }
        Reward::Bundle { cut: Cut::Off(off), .. } => off.minor().min(sum),
        Reward::Bundle { cut: Cut::Price(price), .. } => (sum - price.minor()).max(0),
        other => panic!("{other:?} makes no groups"),
    }
}
