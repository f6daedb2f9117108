//! One rule alone: what a pencil says that it gives, and that what it says is missing is missing.

use domain::{
    money::BasisPoints,
    pricing::{
        Lane, Next, PriceBook, Quote, Rule,
        goods::{Goods, Select},
        occasion::{Choice, Shopper},
        quote,
        rule::{Need, NeedAmount, Repeat, Reward, Step},
        trace,
    },
};

use super::{Thing, counts, in_order, minor, small_cart, taken, things, times};
use crate::{
    audit::{audit, demand},
    crowd::holds,
    dice::Dice,
    rules::{Kind, cut, rule as any_rule},
    world::{Case, SHELF, has, line},
};

/// Cases of each question.
const CASES: u64 = 4_000;

/// Goods that no gift of the shelf is among.
fn no_gifts(dice: &mut Dice<'_>) -> Goods {
    let select = match dice.below(3) {
        0 => Select::Brand("plain".to_owned()),
        1 => Select::Category("food/dairy".to_owned()),
        _ => Select::Attribute("unit=kg".to_owned()),
    };
    Goods { any: vec![select], ..Goods::default() }
}

/// A rule for everyone with a reward, and a shopper with points.
pub(super) fn alone(seed: u64, reward: fn(&mut Dice<'_>) -> Reward) -> Case {
    let mut dice = Dice::seeded(seed);
    let mut rule: Rule = any_rule(&mut dice, 0, Kind::EarnPoints, false);
    rule.who = Default::default();
    rule.when = Default::default();
    rule.place = Default::default();
    rule.goods = if dice.chance(60) { no_gifts(&mut dice) } else { Goods::default() };
    rule.steps = vec![Step { needs: Vec::new(), reward: reward(&mut dice) }];
    let mut occasion = domain::pricing::Occasion::at_till(
        "SH001".to_owned(),
        domain::time::StoreClock::default(),
        domain::time::Timestamp::from_micros(crate::world::SATURDAY_EVENING),
    );
    occasion.shopper = Some(Shopper { points: dice.between(0, 900), ..Shopper::default() });
    occasion.points_to_pay = dice.between(0, 1_200);
    occasion.delivery_fee = minor(dice.between(0, 900));
    let lines = small_cart(&mut dice);
    let set = domain::pricing::RuleSet { rules: vec![rule], ..Default::default() };
    Case { set, lines, occasion }
}

pub(super) fn priced(case: &Case) -> Result<(PriceBook, Quote), String> {
    let book = PriceBook::compile(1, case.set.clone()).map_err(|f| format!("check: {f:?}"))?;
    let quoted = quote(&book, &case.lines, &case.occasion).map_err(|r| format!("refused: {r}"))?;
    audit(case, &book, &quoted)?;
    Ok((book, quoted))
}

/// The rule, and the units that it counts, the dearest first.
fn mine<'a>(case: &'a Case, goods: &Goods) -> (&'a Rule, Vec<Thing>) {
    let mut mine = things(case);
    mine.retain(|thing| counts(case, goods, thing));
    mine.sort_by_key(|thing| -thing.running);
    (in_order(case)[0], mine)
}

#[test]
fn points_pay_in_whole_multiples_up_to_their_share() {
    let reward = |dice: &mut Dice<'_>| Reward::PointsPay {
        points: dice.between(1, 120),
        worth: minor(dice.between(1, 300)),
        rate_max: BasisPoints(dice.rate(500, 10_000)),
    };
    holds(
        "points pay",
        CASES,
        |seed| alone(seed << 4 | 1, reward),
        |case| {
            let (rule, mine) = mine(case, &case.set.rules[0].goods);
            let Reward::PointsPay { points, worth, rate_max } = rule.steps[0].reward else {
                return Ok(());
            };
            let sum: i64 = mine.iter().map(|thing| thing.running).sum();
            let most = minor(sum).portion(rate_max).unwrap().minor();
            let have = case.occasion.shopper.as_ref().map_or(0, |shopper| shopper.points);
            let times = (have.min(case.occasion.points_to_pay) / points).min(most / worth.minor());
            let (_, quoted) = priced(case)?;
            let (spent, saved) = (quoted.points_spent, quoted.saved.minor());
            demand!(spent == times * points, "points: {spent} spent, {} by hand", times * points);
            demand!(saved == times * worth.minor(), "points: saved {saved} in {times} times");
            Ok(())
        },
    );
}

#[test]
fn points_are_earned_for_what_is_paid() {
    let reward = |dice: &mut Dice<'_>| Reward::EarnPoints {
        per: minor(dice.between(1, 900)),
        points: dice.between(1, 9),
    };
    holds(
        "points earned",
        CASES,
        |seed| alone(seed << 4 | 2, reward),
        |case| {
            let (rule, mine) = mine(case, &case.set.rules[0].goods);
            let Reward::EarnPoints { per, points } = rule.steps[0].reward else { return Ok(()) };
            let paid: i64 = mine.iter().map(|thing| thing.running).sum();
            let by_hand = paid / per.minor() * points;
            let earned = priced(case)?.1.points_earned;
            demand!(earned == by_hand, "points: {earned} earned, {by_hand} by hand for {paid}");
            Ok(())
        },
    );
}

#[test]
fn delivery_is_waived_up_to_its_fee() {
    let reward = |dice: &mut Dice<'_>| Reward::FreeDelivery {
        fee_max: dice.chance(60).then(|| minor(dice.clone().between(1, 900))),
    };
    holds(
        "delivery",
        CASES,
        |seed| alone(seed << 4 | 3, reward),
        |case| {
            let (rule, mine) = mine(case, &case.set.rules[0].goods);
            let Reward::FreeDelivery { fee_max } = rule.steps[0].reward else { return Ok(()) };
            let fee = case.occasion.delivery_fee.minor();
            let by_hand = match mine.is_empty() {
                true => 0,
                false => fee_max.map_or(fee, |most| fee.min(most.minor())),
            };
            let waived = priced(case)?.1.delivery_saved.minor();
            demand!(waived == by_hand, "delivery: {waived} waived, {by_hand} by hand");
            Ok(())
        },
    );
}

#[test]
fn goods_for_points_cost_points() {
    let reward = |dice: &mut Dice<'_>| Reward::PointsPrice {
        points: dice.between(1, 300),
        price: minor(dice.between(0, 300)),
    };
    let make = |seed: u64| {
        let mut case = alone(seed << 4 | 4, reward);
        case.occasion.points_to_pay = 0;
        let uses = 1 + (seed % 4) as u32;
        case.occasion.choices = vec![Choice { rule: "r0".to_owned(), uses }];
        case.lines.retain(|line| line.item.unit == domain::catalog::Unit::Piece);
        case
    };
    holds("points and price", CASES, make, |case| {
        let (rule, mine) = mine(case, &case.set.rules[0].goods);
        let Reward::PointsPrice { points, price } = rule.steps[0].reward else { return Ok(()) };
        let have = case.occasion.shopper.as_ref().map_or(0, |shopper| shopper.points);
        let chosen = i64::from(case.occasion.choices[0].uses).min(have / points);
        let offs = mine.iter().map(|thing| thing.running - price.minor()).filter(|off| *off > 0);
        let offs: Vec<i64> = offs.take(chosen as usize).collect();
        let (_, quoted) = priced(case)?;
        let (saved, spent) = (quoted.saved.minor(), quoted.points_spent);
        demand!(saved == offs.iter().sum::<i64>(), "points: saved {saved}, by hand {offs:?}");
        demand!(spent == points * offs.len() as i64, "points: {spent} spent for {offs:?}");
        Ok(())
    });
}

/// A gift or an add-on at a threshold that its own goods do not count for.
fn offer(seed: u64) -> Case {
    let mut case = alone(seed << 4 | 5, |dice| {
        let goods = Goods { any: vec![Select::Tag("gift".to_owned())], ..Goods::default() };
        let count = dice.count(1, 2);
        match dice.below(2) {
            0 => Reward::Gift { goods, count },
            _ => Reward::AddOn { goods, count, cut: cut(dice) },
        }
    });
    let mut dice = Dice::seeded(seed);
    let rule = &mut case.set.rules[0];
    rule.goods = no_gifts(&mut dice);
    let amount = match dice.below(2) {
        0 => NeedAmount::Pieces(dice.count(1, 2)),
        _ => NeedAmount::Minor(minor(dice.between(1, 900))),
    };
    rule.steps[0].needs = vec![Need { amount, goods: None }];
    rule.repeat = *dice.pick(&[Repeat::Once, Repeat::Each]);
    case
}

#[test]
fn gifts_and_add_ons_are_the_dearest_that_were_chosen() {
    holds("gifts", CASES, offer, |case| {
        let (rule, _) = mine(case, &Goods::default());
        let (goods, count, cut) = match &rule.steps[0].reward {
            Reward::Gift { goods, count } => {
                (goods, *count, domain::pricing::rule::Cut::Rate(BasisPoints(0)))
            }
            Reward::AddOn { goods, count, cut } => (goods, *count, *cut),
            other => return Err(format!("gifts: {other:?}")),
        };
        let reached = times(case, rule, &rule.steps[0].needs[0], &things(case));
        let reached = if rule.repeat == Repeat::Once { reached.min(1) } else { reached };
        let (_, chosen) = mine(case, goods);
        let offs = chosen.iter().map(|thing| taken(rule, cut, thing));
        let by_hand: i64 = offs.take((i64::from(count) * reached) as usize).sum();
        let saved = priced(case)?.1.saved.minor();
        demand!(saved == by_hand, "gifts: saved {saved}, by hand {by_hand}, reached {reached}");
        Ok(())
    });
}

/// Some stairs of amounts off, and milk among what counts.
fn stairs(seed: u64) -> Case {
    let mut case = alone(seed << 4 | 6, |_| Reward::AmountOff(minor(1)));
    let mut dice = Dice::seeded(seed);
    let rule = &mut case.set.rules[0];
    if dice.chance(60) {
        rule.goods = Goods { any: vec![Select::Category("food".to_owned())], ..Goods::default() };
    }
    // Stairs are climbed once; a single step as often as it is reached.
    let steps = 1 + dice.between(0, 2);
    rule.repeat = if steps == 1 { Repeat::Each } else { Repeat::Once };
    let by_pieces = dice.chance(40);
    rule.steps = (1..=steps)
        .map(|step| {
            let amount = match by_pieces {
                true => NeedAmount::Pieces(dice.count(step as u32 * 2 - 1, step as u32 * 2)),
                false => NeedAmount::Minor(minor(dice.between(step * 900 - 400, step * 900))),
            };
            let needs = vec![Need { amount, goods: None }];
            Step { needs, reward: Reward::AmountOff(minor(step * 10)) }
        })
        .collect();
    case
}

/// What the only rule of a case says is missing, and how much it takes.
fn told(case: &Case) -> Result<(Option<Next>, i64), String> {
    let (book, quoted) = priced(case)?;
    let notes = trace(&book, &quoted, &case.occasion);
    demand!(notes.len() == 1, "missing: {notes:?}");
    let took = quoted.takings.iter().filter(|taking| taking.lane == Lane::Order);
    Ok((notes[0].next, took.map(|t| t.each.minor() * i64::from(t.units)).sum()))
}

/// The case with so much more milk.
fn with_more(case: &Case, amount: NeedAmount) -> Option<Case> {
    let mut case = case.clone();
    let (price, milli) = match amount {
        NeedAmount::Pieces(0) => return None,
        NeedAmount::Pieces(pieces) => (7_777, i64::from(pieces) * 1_000),
        NeedAmount::Minor(missing) if missing.minor() > 0 => (missing.minor(), 1_000),
        NeedAmount::Minor(_) | NeedAmount::Milli(_) => return None,
    };
    case.lines.push(line(77, &SHELF[0], price, milli));
    Some(case)
}

#[test]
fn what_is_missing_is_enough_and_less_is_not() {
    holds("missing", CASES, stairs, |case| {
        let rule = case.set.rules[0].clone();
        if !has(&case.set, &rule.goods, &line(0, &SHELF[0], 1, 1_000).item) {
            return Ok(());
        }
        let (Some(next), before) = told(case)? else { return Ok(()) };
        let Reward::AmountOff(off) = rule.steps[usize::from(next.step)].reward else {
            return Ok(());
        };
        let full = off.minor() * i64::from(next.times);
        demand!(full >= before, "missing: {next:?} brings {full}, now {before}");
        let Some(more) = with_more(case, next.missing) else {
            return Err(format!("missing: nothing, {next:?}"));
        };
        let (_, after) = told(&more)?;
        demand!(after >= full, "missing: with it {after}, promised {full} by {next:?}");
        let less = match next.missing {
            NeedAmount::Pieces(pieces) => NeedAmount::Pieces(pieces - 1),
            NeedAmount::Minor(missing) => NeedAmount::Minor(minor(missing.minor() - 1)),
            NeedAmount::Milli(_) => return Ok(()),
        };
        if let Some(short) = with_more(case, less) {
            let (still, took) = told(&short)?;
            demand!(
                took == before,
                "missing: {took} with less than what is missing, {before} without"
            );
            let same = still.is_some_and(|s| (s.step, s.times) == (next.step, next.times));
            demand!(same, "missing: {next:?} became {still:?}");
        }
        Ok(())
    });
}
