//! Small carts, priced by trying everything; the engine must find what is found here.
//!
//! | file | what is tried |
//! | --- | --- |
//! | `by_unit` | price and line lanes: each choice of each unit, every way to spend limited uses |
//! | `groups` | group lane: each way to give units to rules that share none |
//! | `orders` | order and coupon lanes: each set of rules that nothing can be added to |
//! | `money` | price lane with thresholds of money: each deal, the thresholds looked at again |
//! | `parted` | group lane where the best group is not the dearest: each way to part units |
//! | `points` | points that pay within limits |
//! | `known` | combinations that a search once missed, by pencil |
//! | `benefits` | one rule alone: gifts, add-ons, points, delivery, and what is missing to a step |
//!
//! At most six units and four rules, one lane at a time: small enough that the engine must say that
//! it found the best, and not only the best within a bound.
//!
//! **Invariant:** slow and plain; no cleverness that could share a mistake with the engine.

mod benefits;
mod by_unit;
mod groups;
mod known;
mod money;
mod orders;
mod parted;
mod points;

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{
    catalog::Unit,
    money::{BasisPoints, Money},
    pricing::{
        PriceBook, Rule,
        goods::Goods,
        quote,
        rule::{Base, Cut, Need, NeedAmount, Stacking, StackingMode},
    },
    quantity::Quantity,
};

use super::{
    audit::{audit, demand},
    crowd::holds,
    dice::Dice,
    rules::goods,
    world::{Case, SHELF, has, line},
};

/// Cases per lane.
const CASES: u64 = 8_000;
/// Units of a cart that is tried out.
const UNITS_MAX: i64 = 6;
/// Rules that are tried against each other.
const RULES_MAX: u64 = 4;

fn minor(minor: i64) -> Money {
    Money::from_minor(minor)
}

/// A thing on the counter.
#[derive(Clone, Copy, Debug)]
struct Thing {
    line: usize,
    list: i64,
    running: i64,
    /// The weight of what is sold by weight.
    milli: Option<i64>,
}

/// The units of a cart.
fn things(case: &Case) -> Vec<Thing> {
    let mut things = Vec::new();
    for (at, line) in case.lines.iter().enumerate() {
        let price = line.item.list_price;
        match line.item.unit {
            Unit::Piece => {
                for _ in 0..line.quantity.milli() / 1_000 {
                    let (list, running) = (price.minor(), price.minor());
                    things.push(Thing { line: at, list, running, milli: None });
                }
            }
            Unit::Kg => {
                let list = price.times(line.quantity).unwrap().minor();
                let milli = Some(line.quantity.milli());
                things.push(Thing { line: at, list, running: list, milli });
            }
        }
    }
    things
}

/// What a cut takes from a unit.
fn taken(rule: &Rule, cut: Cut, thing: &Thing) -> i64 {
    let of = |price: Money| match thing.milli {
        Some(milli) => price.times(Quantity::from_milli(milli)).unwrap().minor(),
        None => price.minor(),
    };
    let left = |whole: i64, rate: BasisPoints| {
        whole - Money::from_minor(whole).portion(rate).unwrap().minor()
    };
    let off = match (cut, rule.stacking.base) {
        (Cut::Rate(rate), Base::Running) => left(thing.running, rate),
        (Cut::Rate(rate), Base::List) => left(thing.list, rate),
        (Cut::Off(off), _) => of(off),
        (Cut::Price(price), _) => thing.running - of(price),
    };
    off.clamp(0, thing.running)
}

/// Whether a unit is of these goods.
fn counts(case: &Case, goods: &Goods, thing: &Thing) -> bool {
    has(&case.set, goods, &case.lines[thing.line].item)
}

/// How often a need is met.
fn times(case: &Case, rule: &Rule, need: &Need, things: &[Thing]) -> i64 {
    let goods = need.goods.as_ref().unwrap_or(&rule.goods);
    let mine = || things.iter().filter(|thing| counts(case, goods, thing));
    match need.amount {
        NeedAmount::Pieces(pieces) => mine().count() as i64 / i64::from(pieces),
        NeedAmount::Minor(minor) => {
            let have: i64 = match rule.stacking.base {
                Base::Running => mine().map(|thing| thing.running).sum(),
                Base::List => mine().map(|thing| thing.list).sum(),
            };
            have / minor.minor()
        }
        NeedAmount::Milli(weight) => {
            mine().filter_map(|thing| thing.milli).sum::<i64>() / weight.milli()
        }
    }
}

/// Six units at most, of different prices, so that "the dearest" is never a question.
fn small_cart(dice: &mut Dice<'_>) -> Vec<domain::cart::CartLine> {
    let mut lines = Vec::new();
    let mut left = UNITS_MAX;
    let mut price = dice.between(1, 90);
    for n in 0..2 + dice.below(3) {
        let shelf = dice.pick(&SHELF);
        let pieces = dice.between(1, 3).min(left);
        if pieces == 0 {
            break;
        }
        price += dice.between(1, 700);
        left -= if shelf.7 == Unit::Kg { 1 } else { pieces };
        let milli = match shelf.7 {
            Unit::Piece => pieces * 1_000,
            Unit::Kg => dice.between(200, 2_000),
        };
        lines.push(line(n, shelf, price, milli));
    }
    dice.shuffled(lines)
}

/// How a rule of a tried set may live with the others.
fn small_stacking(dice: &mut Dice<'_>) -> Stacking {
    let modes = [
        StackingMode::Stack,
        StackingMode::Stack,
        StackingMode::Best,
        StackingMode::Best,
        StackingMode::Priority,
        StackingMode::Exclusive,
    ];
    Stacking {
        mode: *dice.pick(&modes),
        priority: dice.between(0, 2) as i32,
        refuses_reduced: false,
        base: if dice.chance(20) { Base::List } else { Base::Running },
    }
}

/// Goods that few rules share, and some do.
fn small_goods(dice: &mut Dice<'_>) -> Goods {
    goods(dice, false)
}

/// Makes the n-th rule of a lane's case.
type Maker = fn(&mut Dice<'_>, u64) -> Rule;
/// Finds the most that a lane can take.
type Best = fn(&Case) -> i64;

/// A case of one lane; its rules are all for everyone, always and everywhere.
fn small_case(seed: u64, rule: Maker) -> Case {
    let mut dice = Dice::seeded(seed);
    let mut set = domain::pricing::RuleSet::default();
    for at in 0..2 + dice.below(RULES_MAX - 1) {
        set.rules.push(rule(&mut dice, at));
    }
    let lines = small_cart(&mut dice);
    let mut occasion = domain::pricing::Occasion::at_till(
        "SH001".to_owned(),
        domain::time::StoreClock::default(),
        domain::time::Timestamp::from_micros(super::world::SATURDAY_EVENING),
    );
    for rule in set.rules.iter().filter(|rule| rule.coupon) {
        let coupon = domain::pricing::occasion::Coupon {
            code: format!("no {}", rule.id),
            rule: rule.id.clone(),
        };
        occasion.coupons.push(coupon);
    }
    Case { set, lines, occasion }
}

/// The rules in the order in which a lane takes them; those on coupons need their coupon.
fn in_order(case: &Case) -> Vec<&Rule> {
    let is_shown = |rule: &&Rule| case.occasion.coupons.iter().any(|coupon| coupon.rule == rule.id);
    let mut rules: Vec<&Rule> =
        case.set.rules.iter().filter(|rule| !rule.coupon || is_shown(rule)).collect();
    rules.sort_by_key(|rule| (rule.stacking.priority, rule.id.clone()));
    rules
}

/// Holds the engine against the best that was found by trying; it may not have searched within a
/// bound.
fn agrees(case: &Case, best: Best) -> Result<(), String> {
    let is_proven = is_best(case, best)?;
    demand!(is_proven, "bounded of so small a cart");
    Ok(())
}

/// Holds the engine against the best that was found by trying. Where it says that it searched within
/// a bound it may have found less; answers whether it did not.
fn is_best(case: &Case, best: Best) -> Result<bool, String> {
    let book = PriceBook::compile(1, case.set.clone()).map_err(|f| format!("check: {f:?}"))?;
    let quoted = quote(&book, &case.lines, &case.occasion).map_err(|r| format!("refused: {r}"))?;
    audit(case, &book, &quoted)?;
    let (engine, tried) = (quoted.saved.minor(), best(case));
    let told = || format!("engine {engine}, by trying {tried}: {:#?}", quoted.takings);
    let is_proven = quoted.bounded.is_empty();
    demand!(engine >= tried || !is_proven, "less: {}", told());
    demand!(engine <= tried, "more: {}", told());
    Ok(is_proven)
}

/// The same for many cases, most of which the engine must have proven.
fn is_best_mostly(name: &str, case: impl Fn(u64) -> Case + Sync, best: Best) {
    let (asked, proven) = (AtomicU64::new(0), AtomicU64::new(0));
    holds(name, CASES, case, |case| {
        if case.lines.is_empty() {
            return Ok(());
        }
        asked.fetch_add(1, Ordering::Relaxed);
        proven.fetch_add(u64::from(is_best(case, best)?), Ordering::Relaxed);
        Ok(())
    });
    let (asked, proven) = (asked.into_inner(), proven.into_inner());
    assert!(asked > CASES / 2 && proven * 2 > asked, "{name}: {proven} of {asked} proven");
}

#[test]
fn each_unit_gets_the_best_of_its_choices() {
    holds(
        "price lane",
        CASES,
        |seed| small_case(seed, by_unit::rule),
        |case| agrees(case, by_unit::best),
    );
}

#[test]
fn units_are_grouped_in_the_best_way() {
    let make = |seed: u64| groups::pieces(small_case(seed << 8 | 1, groups::rule));
    holds("group lane", CASES, make, |case| agrees(case, groups::best));
}

#[test]
fn an_order_gets_the_best_set_of_rules() {
    holds(
        "order lane",
        CASES,
        |seed| small_case(seed << 8 | 2, orders::rule),
        |case| agrees(case, orders::best),
    );
}

#[test]
fn coupons_are_spent_in_the_best_way() {
    holds(
        "coupon lane",
        CASES,
        |seed| small_case(seed << 8 | 3, orders::coupon),
        |case| agrees(case, orders::best),
    );
}

#[test]
fn thresholds_of_money_are_kept_or_missed_for_the_best() {
    is_best_mostly("money", |seed| small_case(seed << 8 | 4, money::rule), money::best);
}

#[test]
fn half_of_a_list_price_is_taken_from_the_best_of_units_that_are_cut_already() {
    let make = |seed: u64| parted::on_list(seed << 8 | 5);
    is_best_mostly("list base", make, parted::best);
}

#[test]
fn who_buys_one_thing_gets_the_best_of_others() {
    is_best_mostly("other goods", |seed| parted::other_goods(seed << 8 | 6), parted::best);
}

#[test]
fn slots_that_want_the_same_goods_are_filled_in_the_best_way() {
    is_best_mostly("slots", |seed| parted::slots(seed << 8 | 7), parted::best);
}

#[test]
fn weighed_packs_are_grouped_in_the_best_way() {
    let make = |seed: u64| parted::weighed(seed << 8 | 8);
    is_best_mostly("weighed", make, parted::best);
}

#[test]
fn the_small_cases_are_worth_trying() {
    let lanes: [(Maker, Best); 4] = [
        (by_unit::rule, by_unit::best),
        (groups::rule, groups::best),
        (orders::rule, orders::best),
        (orders::coupon, orders::best),
    ];
    for (n, (rule, best)) in lanes.into_iter().enumerate() {
        let cases = (0..400).map(|seed| small_case(seed, rule));
        // More is taken together than by the best rule alone: there was something to combine.
        let combined = cases.filter(|case| {
            let alone = (0..case.set.rules.len()).map(|at| {
                let mut one = case.clone();
                one.set.rules = vec![case.set.rules[at].clone()];
                best(&one)
            });
            alone.max().unwrap_or(0) < best(case)
        });
        let combined = combined.count();
        assert!(combined >= 30, "lane {n}: {combined} of 400 combine rules");
    }
}
