//! Rules that leave each other nothing: two of one name, two that exclude each other, one that
//! another always beats.
//!
//! **Invariant:** every rule is looked up among the others by what it is about; no pair is ever
//! compared that is not about the same.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::{
    fault::Fault,
    sense::{need, weight},
};
use crate::pricing::{
    benefit::is_benefit,
    goods::{Goods, Select},
    rule::{Base, Cut, Lane, Limits, Repeat, Reward, Rule, StackingMode},
};

type Map<K, V> = HashMap<K, V, FxBuildHasher>;
/// Goods as they are written.
type Key<'a> = (&'a [Select], &'a [Select], &'a [Select]);

fn key(goods: &Goods) -> Key<'_> {
    (&goods.any, &goods.all, &goods.except)
}

/// Rules that others make pointless or hard to tell apart, of rules without errors.
pub(super) fn warnings<'a>(rules: &[&'a Rule]) -> Vec<(&'a str, Fault)> {
    let mut found = Vec::new();
    same_names(rules, &mut found);
    exclusive_twins(rules, &mut found);
    always_reduced(rules, &mut found);
    shadowed(rules, &mut found);
    found
}

/// Every rule whose key another rule has too.
fn twins<'a, K: std::hash::Hash + Eq>(
    rules: &[&'a Rule],
    key: impl Fn(&'a Rule) -> Option<K>,
) -> impl Iterator<Item = &'a Rule> {
    let mut by_key: Map<K, Vec<&Rule>> = Map::default();
    for rule in rules {
        if let Some(key) = key(rule) {
            by_key.entry(key).or_default().push(rule);
        }
    }
    by_key.into_values().filter(|rules| rules.len() > 1).flatten()
}

fn same_names<'a>(rules: &[&'a Rule], found: &mut Vec<(&'a str, Fault)>) {
    let twins = twins(rules, |rule| Some(rule.name.as_str()));
    found.extend(twins.map(|rule| (rule.id.as_str(), Fault::NameTwice)));
}

/// Two rules that both want to be alone, over the same goods and as eagerly.
fn exclusive_twins<'a>(rules: &[&'a Rule], found: &mut Vec<(&'a str, Fault)>) {
    let key = |rule: &'a Rule| {
        let is_exclusive = rule.stacking.mode == StackingMode::Exclusive && !rule.coupon;
        is_exclusive.then(|| (rule.lane(), rule.stacking.priority, key(&rule.goods)))
    };
    found.extend(twins(rules, key).map(|rule| (rule.id.as_str(), Fault::ExclusiveTwins)));
}

/// For everyone, always and everywhere, as often as one likes.
fn is_for_all(rule: &Rule) -> bool {
    !rule.coupon
        && rule.who.is_anyone()
        && rule.when.is_always()
        && rule.place.is_everywhere()
        && rule.limits == Limits::default()
}

/// Whether a rule takes something from each unit of its goods, whoever buys them.
fn always_reduces(rule: &Rule) -> bool {
    let takes = |reward: &Reward| match reward {
        Reward::Units(cut) => match cut {
            Cut::Rate(rate) => rate.0 < 10_000,
            Cut::Off(_) => true,
            Cut::Price(_) => false,
        },
        Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. }
        | Reward::AmountOff(_)
        | Reward::AmountRate(_)
        | Reward::Gift { .. }
        | Reward::AddOn { .. }
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::PointsPay { .. }
        | Reward::Grant(_) => false,
    };
    is_for_all(rule)
        && !rule.stacking.refuses_reduced
        && rule.steps.iter().any(|step| step.needs.is_empty())
        && rule.steps.iter().all(|step| takes(&step.reward))
}

/// A rule that refuses reduced goods, behind one that leaves it no others.
fn always_reduced<'a>(rules: &[&'a Rule], found: &mut Vec<(&'a str, Fault)>) {
    let mut lanes: Map<Key<'a>, Lane> = Map::default();
    for rule in rules.iter().copied().filter(|rule| always_reduces(rule)) {
        let lane = lanes.entry(key(&rule.goods)).or_insert(Lane::Points);
        *lane = rule.lane().min(*lane);
    }
    let everything = Goods::everything();
    for rule in rules.iter().copied().filter(|rule| rule.stacking.refuses_reduced) {
        let reduced = [lanes.get(&key(&rule.goods)), lanes.get(&key(&everything))];
        if reduced.into_iter().flatten().any(|lane| *lane < rule.lane()) {
            found.push((&rule.id, Fault::AlwaysReduced));
        }
    }
}

/// What two rules must have in common before what they bring can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Contest<'a> {
    lane: Lane,
    goods: Key<'a>,
    base: Base,
    refuses_reduced: bool,
    /// The kind of its only reward.
    kind: u8,
    /// Of what its only step asks for, the measure and how much.
    need: (u8, i64),
    is_each: bool,
}

/// What a rule brings, the more the larger, if that can be said in one number.
fn contest(rule: &Rule) -> Option<(Contest<'_>, i64)> {
    let [step] = rule.steps.as_slice() else { return None };
    let ((kind, brings), need) = (weight(&step.reward)?, need(step)?);
    let (base, refuses_reduced) = (rule.stacking.base, rule.stacking.refuses_reduced);
    let (lane, goods, is_each) = (rule.lane(), key(&rule.goods), rule.repeat == Repeat::Each);
    Some((Contest { lane, goods, base, refuses_reduced, kind, need, is_each }, brings))
}

/// A rule that shares nothing beside one that brings as much or more to everybody. One that wants
/// to be alone is beaten by either kind; one that only wants its goods by its own kind.
fn shadowed<'a>(rules: &[&'a Rule], found: &mut Vec<(&'a str, Fault)>) {
    let is_alone = |rule: &Rule| rule.stacking.mode == StackingMode::Exclusive;
    let rivals = rules.iter().copied().filter(|rule| {
        let shares_none =
            matches!(rule.stacking.mode, StackingMode::Best | StackingMode::Exclusive);
        shares_none && !rule.coupon && rule.steps.iter().all(|step| !is_benefit(&step.reward))
    });
    let mut contests: Map<Contest<'a>, Vec<(i64, &Rule)>> = Map::default();
    for rule in rivals {
        if let Some((contest, brings)) = contest(rule) {
            contests.entry(contest).or_default().push((-brings, rule));
        }
    }
    for rivals in contests.into_values() {
        let order = |rule: &Rule| (rule.stacking.priority, rule.id.clone());
        let best = |may_be_alone: bool| {
            let open = rivals.iter().filter(|(_, rule)| is_for_all(rule));
            let open = open.filter(|(_, rule)| may_be_alone || !is_alone(rule));
            open.min_by_key(|(cost, rule)| (*cost, order(rule)))
        };
        let (plain, any) = (best(false), best(true));
        for (cost, rule) in &rivals {
            let winner = if is_alone(rule) { any } else { plain };
            let loses = winner.is_some_and(|(least, winner)| {
                winner.id != rule.id && (least, order(winner)) <= (cost, order(rule))
            });
            if loses {
                found.push((&rule.id, Fault::Shadowed));
            }
        }
    }
}
