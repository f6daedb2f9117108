//! Points that pay within limits: a cap, a floor, other goods, and two rules for the same points.

use domain::{
    money::{BasisPoints, Money},
    pricing::{
        Rule,
        rule::{Limits, Reward, Stacking, StackingMode},
    },
    quantity::Quantity,
};

use super::{
    Thing,
    benefits::{alone, priced},
    counts, in_order, minor, things,
};
use crate::{audit::demand, crowd::holds, dice::Dice, world::Case};

/// Cases of each question.
const CASES: u64 = 4_000;

fn pay(dice: &mut Dice<'_>) -> Reward {
    Reward::PointsPay {
        points: dice.between(1, 120),
        worth: minor(dice.between(1, 300)),
        rate_max: BasisPoints(dice.rate(500, 10_000)),
    }
}

fn limits(dice: &mut Dice<'_>) -> Limits {
    let mut limits = Limits::default();
    if dice.chance(50) {
        limits.amount_max = Some(minor(dice.between(1, 900)));
    }
    match dice.below(4) {
        0 => limits.floor_price = Some(minor(dice.between(1, 500))),
        1 => limits.floor_rate = Some(BasisPoints(dice.rate(500, 9_500))),
        _ => {}
    }
    limits
}

/// One or two rules for points, mostly limited.
fn limited(seed: u64) -> Case {
    let mut case = alone(seed << 4 | 7, pay);
    let mut dice = Dice::seeded(seed ^ 0x70);
    case.set.rules[0].limits = limits(&mut dice);
    if dice.chance(60) {
        let mut second: Rule = case.set.rules[0].clone();
        second.id = "r1".to_owned();
        second.steps[0].reward = pay(&mut dice);
        second.limits = limits(&mut dice);
        second.goods = crate::rules::goods(&mut dice, false);
        let mode = *dice.pick(&[StackingMode::Stack, StackingMode::Best]);
        second.stacking = Stacking { mode, ..Stacking::default() };
        case.set.rules.push(second);
    }
    case
}

/// What is left of points and wish.
#[derive(Clone, Copy)]
struct Purse {
    have: i64,
    wish: i64,
}

/// What a rule pays in its turn: whole multiples within its share, its cap and its floors.
fn paid(case: &Case, rule: &Rule, things: &mut [Thing], purse: &mut Purse) -> (i64, i64) {
    let Reward::PointsPay { points, worth, rate_max } = rule.steps[0].reward else {
        return (0, 0);
    };
    let mine: Vec<usize> =
        (0..things.len()).filter(|at| counts(case, &rule.goods, &things[*at])).collect();
    // By the kilogram for what is weighed.
    let floor = |thing: &Thing| {
        let price = rule.limits.floor_price.unwrap_or(Money::ZERO);
        let price = price.times(Quantity::from_milli(thing.milli.unwrap_or(1_000))).unwrap();
        let rate = rule.limits.floor_rate.unwrap_or(BasisPoints(0));
        price.max(minor(thing.list).portion(rate).unwrap()).minor()
    };
    let sum: i64 = mine.iter().map(|at| things[*at].running).sum();
    let room: i64 = mine.iter().map(|at| (things[*at].running - floor(&things[*at])).max(0)).sum();
    let cap = rule.limits.amount_max.map_or(i64::MAX, Money::minor);
    let most = minor(sum).portion(rate_max).unwrap().minor().min(room).min(cap);
    let n = (purse.have.min(purse.wish) / points).min(most / worth.minor());
    let (spent, off) = (n * points, n * worth.minor());
    purse.have -= spent;
    purse.wish -= spent;
    let weights: Vec<i64> = mine.iter().map(|at| things[*at].running).collect();
    for (at, part) in mine.iter().zip(minor(off).allocate(&weights)) {
        things[*at].running -= part.minor();
    }
    (off, spent)
}

/// Two rules are asked about only where no floor decides which units pay, and where both go in turn.
fn is_plain(case: &Case) -> bool {
    let rules = in_order(case);
    let has_floor =
        |rule: &&Rule| rule.limits.floor_price.is_some() || rule.limits.floor_rate.is_some();
    rules.len() == 1 || !rules.iter().any(has_floor)
}

#[test]
fn points_pay_within_caps_and_floors_and_are_spent_once() {
    holds("limited points pay", CASES, limited, |case| {
        if !is_plain(case) {
            return Ok(());
        }
        let rules = in_order(case);
        let have = case.occasion.shopper.as_ref().map_or(0, |shopper| shopper.points);
        let purse = Purse { have, wish: case.occasion.points_to_pay };
        let in_turn = |rules: &[&Rule]| {
            let (mut units, mut purse) = (things(case), purse);
            rules.iter().fold((0, 0), |(off, spent), rule| {
                let (more, points) = paid(case, rule, &mut units, &mut purse);
                (off + more, spent + points)
            })
        };
        let lines_of = |rule: &Rule| -> Vec<usize> {
            things(case).iter().filter(|t| counts(case, &rule.goods, t)).map(|t| t.line).collect()
        };
        let conflicts = rules.len() == 2
            && rules.iter().any(|rule| rule.stacking.mode != StackingMode::Stack)
            && lines_of(rules[0]).iter().any(|line| lines_of(rules[1]).contains(line));
        let ways: Vec<(i64, i64)> = if conflicts {
            rules.iter().map(|rule| in_turn(&[*rule])).collect()
        } else {
            vec![in_turn(&rules)]
        };
        let (_, quoted) = priced(case)?;
        demand!(quoted.bounded.is_empty(), "bounded: {:?}", quoted.bounded);
        let saved = quoted.saved.minor();
        let most = ways.iter().map(|(off, _)| *off).max().unwrap_or(0);
        demand!(saved == most, "points: saved {saved}, by hand {most} of {ways:?}");
        let is_known = ways.contains(&(saved, quoted.points_spent));
        demand!(is_known, "points: {} spent for {saved}: {ways:?}", quoted.points_spent);
        Ok(())
    });
}
