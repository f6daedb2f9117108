//! What the record of an order may carry: a full cart under more rules than any chain has.

use domain::{
    money::BasisPoints,
    pricing::{
        PriceBook, Why,
        explain::{Language, sentence},
        quote,
        rule::{Cut, Lane, Reward, StackingMode},
    },
};

use super::{
    audit::audit,
    doors::till,
    refuse::{minor, rule, set},
    world::{Case, SHELF, line},
};

/// Rules in one lane, all of which mean every line and stack.
const RULES: u64 = 120;

/// Two hundred lines of many pieces at odd prices.
fn full_cart(reward: impl Fn(u64) -> Reward, lane: Option<Lane>) -> Case {
    let lines = (0..200)
        .map(|n| {
            let shelf = &SHELF[n as usize % 2];
            line(n, shelf, 100_003 + n as i64 * 37, (9_999 - n as i64) * 1_000)
        })
        .collect();
    let rules = (0..RULES).map(|n| {
        let mut one = rule(&format!("full{n:03}"), reward(n));
        one.lane = lane;
        one
    });
    Case { set: set(rules.collect()), lines, occasion: till() }
}

/// How many rules took something, and how many said that no more is carried.
fn taken_and_full(case: &Case) -> (usize, usize) {
    let book = PriceBook::compile(1, case.set.clone()).unwrap();
    let priced = quote(&book, &case.lines, &case.occasion).unwrap();
    assert_eq!(audit(case, &book, &priced), Ok(()));
    let full: Vec<_> = priced.notes.iter().filter(|note| note.why == Why::Full).collect();
    for note in &full {
        assert!(sentence(&book, note, Language::En).contains("smaller sales"), "{note:?}");
        assert!(sentence(&book, note, Language::Zh).contains("分成两单"), "{note:?}");
    }
    (priced.applied.len(), full.len())
}

#[test]
fn rules_that_an_order_cannot_carry_take_nothing_and_say_so() {
    let cases = [
        ("amounts", full_cart(|n| Reward::AmountOff(minor(300_000_007 + n as i64)), None)),
        ("rates", full_cart(|_| Reward::AmountRate(BasisPoints(9_973)), None)),
        ("units", full_cart(|_| Reward::Units(Cut::Off(minor(3))), None)),
        ("line", full_cart(|_| Reward::Units(Cut::Rate(BasisPoints(9_991))), Some(Lane::Line))),
        ("nth", full_cart(|n| Reward::Nth { n: 2 + n as u32 % 7, cut: Cut::Off(minor(5)) }, None)),
    ];
    for (name, case) in cases {
        let (taken, full) = taken_and_full(&case);
        assert!(name == "nth" || full > 60, "{name}: {taken} took, {full} are full");
        assert!(taken >= 10, "{name}: {taken} took, {full} are full");
    }
}

#[test]
fn a_rule_that_shares_nothing_is_held_to_the_same_bound() {
    let mut case = full_cart(|_| Reward::Units(Cut::Off(minor(3))), None);
    let mut last = rule("zz-last", Reward::Units(Cut::Off(minor(5_000))));
    last.lane = Some(Lane::Line);
    last.stacking.mode = StackingMode::Best;
    case.set.rules.push(last);
    let book = PriceBook::compile(1, case.set.clone()).unwrap();
    let priced = quote(&book, &case.lines, &case.occasion).unwrap();
    let last = priced.notes.last().unwrap();
    assert_eq!((book.rule(last.rule).unwrap().id.as_str(), last.why), ("zz-last", Why::Full));
}

#[test]
fn a_usual_cart_is_far_from_the_bound() {
    // 200 lines under six rules that mean everything, with names of 20 signs.
    let mut case = full_cart(|n| Reward::AmountOff(minor(300_000_007 + n as i64)), None);
    case.set.rules.truncate(6);
    for rule in &mut case.set.rules {
        rule.name = "满减".repeat(10);
    }
    assert_eq!(taken_and_full(&case), (6, 0));
}
