//! Group lane where the best group is not the dearest: every way to part units into groups of rules
//! that share nothing.
//!
//! | case | what the dearest would miss |
//! | --- | --- |
//! | list base | an earlier lane has cut units; the reduction looks at the list price |
//! | other goods | who buys one thing gets another; the two overlap |
//! | slots | a unit may stand in more than one slot of a bundle |
//! | weighed | a price by the kilogram takes more from a lighter pack |

use domain::{
    catalog::Unit,
    pricing::{
        Rule,
        goods::{Goods, Select},
        rule::{Base, Cut, Repeat, Reward, Slot, StackingMode},
    },
};

use super::{Thing, by_unit, counts, groups, in_order, small_case, taken, things};
use crate::{
    dice::Dice,
    world::{Case, SHELF},
};

/// A rule that groups units and shares none.
fn alone(dice: &mut Dice<'_>, at: u64) -> Rule {
    let mut rule = groups::rule(dice, at);
    rule.stacking.mode = StackingMode::Best;
    rule
}

fn from_shelf(dice: &mut Dice<'_>, n: usize) -> Goods {
    let any = (0..n).map(|_| Select::Sku(dice.pick(&SHELF).0.to_owned())).collect();
    Goods { any, ..Goods::default() }
}

/// Reductions of the list price, behind a rule of the price lane that cuts some units.
pub(super) fn on_list(seed: u64) -> Case {
    let mut case = groups::pieces(small_case(seed, |dice, at| {
        let mut rule = alone(dice, at);
        rule.stacking.base = Base::List;
        rule
    }));
    let mut dice = Dice::seeded(seed ^ 0x5eed);
    let mut first = by_unit::rule(&mut dice, 90);
    first.stacking = Default::default();
    first.limits = Default::default();
    first.steps[0].needs.clear();
    first.goods = from_shelf(&mut dice, 4);
    case.set.rules.push(first);
    case
}

/// Who buys one thing gets another.
pub(super) fn other_goods(seed: u64) -> Case {
    groups::pieces(small_case(seed, |dice, at| {
        let mut rule = alone(dice, at);
        if dice.chance(70) {
            let (buy, get) = (dice.count(1, 2), dice.count(1, 2));
            let cut = crate::rules::cut(dice);
            // Mostly goods that are bought, too.
            let goods = Some(if dice.chance(50) {
                Goods { any: vec![Select::Category("food".to_owned())], ..Goods::default() }
            } else {
                from_shelf(dice, 4)
            });
            rule.steps[0].reward = Reward::BuyGet { buy, get, cut, goods };
        }
        rule
    }))
}

/// Bundles whose slots want the same goods.
pub(super) fn slots(seed: u64) -> Case {
    groups::pieces(small_case(seed, |dice, at| {
        let mut rule = alone(dice, at);
        if dice.chance(70) {
            let slots = (0..2)
                .map(|_| Slot { goods: from_shelf(dice, 5), count: dice.count(1, 2) })
                .collect();
            rule.goods = Goods::default();
            rule.steps[0].reward = Reward::Bundle { slots, cut: crate::rules::cut(dice) };
        }
        rule
    }))
}

/// Packs of any weight among the pieces.
pub(super) fn weighed(seed: u64) -> Case {
    let mut case = small_case(seed, alone);
    if !case.lines.iter().any(|line| line.item.unit == Unit::Kg) {
        case.lines.clear();
    }
    case
}

/// The units as the price lane leaves them, and what it took.
fn cut_first(case: &Case) -> (Vec<Thing>, i64) {
    let (mut units, mut took) = (things(case), 0);
    for rule in in_order(case).into_iter().filter(|rule| is_first(rule)) {
        for thing in units.iter_mut().filter(|thing| counts(case, &rule.goods, thing)) {
            let off = by_unit::takes(rule, thing);
            thing.running -= off;
            took += off;
        }
    }
    (units, took)
}

/// Whether a rule belongs to the price lane.
fn is_first(rule: &Rule) -> bool {
    matches!(rule.steps[0].reward, Reward::Units(_))
}

/// The most that the lanes can take.
pub(super) fn best(case: &Case) -> i64 {
    let (mut units, took) = cut_first(case);
    let shy = in_order(case).into_iter().filter(|rule| !is_first(rule)).collect();
    units.sort_by_key(|thing| std::cmp::Reverse(thing.running));
    let free = vec![true; units.len()];
    took + parted(&Table { case, shy, units }, 0, free, &mut [0; 8])
}

struct Table<'a> {
    case: &'a Case,
    shy: Vec<&'a Rule>,
    /// The dearest first.
    units: Vec<Thing>,
}

/// The dearest unit that is free stands in no group, or in one of some rule with others.
fn parted(table: &Table<'_>, at: usize, free: Vec<bool>, made: &mut [u32; 8]) -> i64 {
    let Some(at) = (at..free.len()).find(|at| free[*at]) else { return 0 };
    let mut most = parted(table, at + 1, free.clone(), made);
    for (place, rule) in table.shy.iter().enumerate() {
        let groups_max = match rule.repeat {
            Repeat::Once => 1,
            Repeat::Each => u32::MAX,
        };
        if made[place] >= groups_max.min(rule.limits.per_order.unwrap_or(u32::MAX)) {
            continue;
        }
        let others: Vec<usize> = (at + 1..free.len()).filter(|other| free[*other]).collect();
        for set in 0..1_u32 << others.len() {
            let chosen = (0..others.len()).filter(|n| set >> n & 1 == 1).map(|n| others[n]);
            let group: Vec<usize> = std::iter::once(at).chain(chosen).collect();
            let Some(off) = reduction(table, rule, &group).filter(|off| *off > 0) else { continue };
            let mut left = free.clone();
            group.iter().for_each(|unit| left[*unit] = false);
            made[place] += 1;
            most = most.max(off + parted(table, at, left, made));
            made[place] -= 1;
        }
    }
    most
}

/// What a rule takes from exactly these units, the dearest first; none if they make no group.
fn reduction(table: &Table<'_>, rule: &Rule, group: &[usize]) -> Option<i64> {
    let Table { case, units, .. } = table;
    let is_of = |goods: &Goods, at: usize| counts(case, goods, &units[at]);
    let cut_each =
        |cut: Cut, of: &[usize]| -> i64 { of.iter().map(|at| taken(rule, cut, &units[*at])).sum() };
    let sum: i64 = group.iter().map(|at| units[*at].running).sum();
    let cheapest = |n: u32, count: u32, cut: Cut| {
        let is_group = group.len() == n as usize && group.iter().all(|at| is_of(&rule.goods, *at));
        // Of units that cost the same the shopper may call any the cheapest.
        let mut group = group.to_vec();
        group.sort_by_key(|at| {
            (std::cmp::Reverse(units[*at].running), taken(rule, cut, &units[*at]))
        });
        is_group.then(|| cut_each(cut, &group[group.len() - count as usize..]))
    };
    match &rule.steps[0].reward {
        Reward::Nth { n, cut } => cheapest(*n, 1, *cut),
        Reward::Cheapest { of, count, cut } => cheapest(*of, *count, *cut),
        Reward::BuyGet { buy, get, cut, goods: None } => cheapest(buy + get, *get, *cut),
        Reward::Pick { n, price } => {
            cheapest(*n, 0, Cut::Off(*price)).map(|_| (sum - price.minor()).max(0))
        }
        Reward::BuyGet { buy, get, cut, goods: Some(other) } => {
            let (buy, get) = (*buy as usize, *get as usize);
            if group.len() != buy + get {
                return None;
            }
            let sides = (0..1_u32 << group.len()).filter(|set| set.count_ones() as usize == get);
            let offs = sides.filter_map(|set| {
                let side = |is_got: bool| -> Vec<usize> {
                    (0..group.len())
                        .filter(|n| (set >> n & 1 == 1) == is_got)
                        .map(|n| group[n])
                        .collect()
                };
                let (bought, got) = (side(false), side(true));
                let fits = bought.iter().all(|at| is_of(&rule.goods, *at))
                    && got.iter().all(|at| is_of(other, *at));
                fits.then(|| cut_each(*cut, &got))
            });
            offs.max()
        }
        Reward::Bundle { slots, cut } => {
            let places: Vec<&Goods> = slots
                .iter()
                .flat_map(|slot| std::iter::repeat_n(&slot.goods, slot.count as usize))
                .collect();
            if places.len() != group.len() || !can_stand(&is_of, &places, group) {
                return None;
            }
            Some(match cut {
                Cut::Rate(_) => cut_each(*cut, group),
                Cut::Off(off) => off.minor().min(sum),
                Cut::Price(price) => (sum - price.minor()).max(0),
            })
        }
        other => panic!("{other:?} makes no groups"),
    }
}

/// Whether each unit finds a place of its own.
fn can_stand(is_of: &dyn Fn(&Goods, usize) -> bool, places: &[&Goods], group: &[usize]) -> bool {
    let Some((unit, others)) = group.split_first() else { return true };
    (0..places.len()).filter(|at| is_of(places[*at], *unit)).any(|at| {
        let mut left = places.to_vec();
        left.remove(at);
        can_stand(is_of, &left, others)
    })
}
