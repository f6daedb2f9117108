//! Rules that sell below cost, alone and together, and rules over goods that no catalog has.

use std::collections::BTreeMap;

use domain::{
    cart::LineItem,
    money::{BasisPoints, Money},
    pricing::{
        Lane, PriceBook, Rule, RuleSet,
        check::{Fault, Loss, Losses, Worst},
        goods::{Goods, Select},
        rule::{
            Birthday, Channel, Cut, Grant, Hours, Need, NeedAmount, Reward, Slot, StackingMode,
            Step,
        },
    },
    quantity::Quantity,
};

use super::{
    refuse::{half, minor, rule, set},
    warn::{at, bent, between, now, off, rate},
    world::{SHELF, line},
};

/// Milk at 10.00 that cost 8.00, bread at 20.00 that cost 19.00, cheese at 50.00 a kilogram that
/// cost 30.00, and cups at 6.00 of which nobody knows what they cost.
fn catalog() -> Vec<(LineItem, Option<Money>)> {
    let item = |shelf: usize, price: i64, cost: Option<i64>| {
        (line(0, &SHELF[shelf], price, 1_000).item, cost.map(minor))
    };
    vec![
        item(0, 1_000, Some(800)),
        item(2, 2_000, Some(1_900)),
        item(11, 5_000, Some(3_000)),
        item(7, 600, None),
    ]
}

fn picked(set: &RuleSet) -> (PriceBook, Worst) {
    let book = PriceBook::compile(1, set.clone()).unwrap();
    let mut worst = Worst::of(&book);
    for (item, cost) in catalog() {
        worst.look(&book, &item, cost);
    }
    (book, worst)
}

/// Each loss as its rules, its goods, what is paid and what they cost.
fn losses(rules: Vec<Rule>) -> Vec<(String, String, i64, i64)> {
    let set = set(rules);
    let (book, worst) = picked(&set);
    let Losses { found, cut_at, together_cut_at } = worst.losses(&book, &set.sets, now());
    assert_eq!((cut_at, together_cut_at), (None, None));
    let told = |loss: Loss| {
        let ids = loss.rules.iter().map(|ix| book.rule(*ix).unwrap().id.clone());
        (ids.collect::<Vec<_>>().join("+"), loss.sku, loss.paid.minor(), loss.cost.minor())
    };
    found.into_iter().map(told).collect()
}

fn of(word: &str, mut rule: Rule) -> Rule {
    rule.goods.any = vec![Select::Sku(word.to_owned())];
    rule
}

fn sku(word: &str) -> Goods {
    Goods { any: vec![Select::Sku(word.to_owned())], ..Goods::default() }
}

#[test]
fn every_reward_that_sells_below_cost_is_told_with_its_worst_cart() {
    let free = Cut::Rate(BasisPoints(0));
    let reward = |word: &str, reward: Reward| of(word, rule("a", reward));
    let steps = |word: &str, steps: Vec<Step>| {
        let mut rule = reward(word, off(1));
        rule.steps = steps;
        rule
    };
    let coupon = |mut rule: Rule| {
        rule.coupon = true;
        rule
    };
    let nth = |cut| Reward::Nth { n: 2, cut };
    let pieces = |n: u32, reward: Reward| {
        let needs = vec![Need { amount: NeedAmount::Pieces(n), goods: None }];
        Step { needs, reward }
    };
    let slot = |word: &str| Slot { goods: sku(word), count: 1 };
    let bundle = |cut| Reward::Bundle { slots: vec![slot("milk"), slot("bread")], cut };
    let cheese = |cost: i64| ("cheese".to_owned(), minor(cost));
    // Rule, and what its worst cart brings and costs; none if it does not lose.
    type Row<'a> = (&'a str, Rule, Option<(&'a str, i64, i64)>);
    let table: Vec<Row<'_>> = vec![
        ("a fifth off milk", reward("milk", rate(8_000)), None),
        ("a fen more", reward("milk", rate(7_990)), Some(("milk", 799, 800))),
        (
            "an amount off",
            reward("milk", Reward::Units(Cut::Off(minor(201)))),
            Some(("milk", 799, 800)),
        ),
        (
            "a price",
            reward("milk", Reward::Units(Cut::Price(minor(700)))),
            Some(("milk", 700, 800)),
        ),
        ("the worst of all goods", rule("a", rate(9_000)), Some(("bread", 1_800, 1_900))),
        (
            "a floor that helps",
            bent(rate(5_000), |rule| rule.limits.floor_rate = Some(BasisPoints(9_500))),
            None,
        ),
        (
            "a floor that does not",
            bent(rate(5_000), |rule| rule.limits.floor_rate = Some(BasisPoints(9_400))),
            Some(("bread", 1_880, 1_900)),
        ),
        (
            "a price list",
            rule("a", Reward::PriceList(BTreeMap::from([cheese(2_999)]))),
            Some(("cheese", 2_999, 3_000)),
        ),
        (
            "a price list above cost",
            rule("a", Reward::PriceList(BTreeMap::from([cheese(3_000)]))),
            None,
        ),
        (
            "goods for points",
            reward("milk", Reward::PointsPrice { points: 100, price: minor(1) }),
            Some(("milk", 1, 800)),
        ),
        (
            "the second at half price",
            reward("milk", nth(Cut::Rate(BasisPoints(5_000)))),
            Some(("milk", 1_500, 1_600)),
        ),
        ("the second at three fifths", reward("milk", nth(Cut::Rate(BasisPoints(6_000)))), None),
        (
            "the cheapest of five free",
            reward("milk", Reward::Cheapest { of: 5, count: 1, cut: free }),
            None,
        ),
        (
            "the cheapest of four free",
            reward("milk", Reward::Cheapest { of: 4, count: 1, cut: free }),
            Some(("milk", 3_000, 3_200)),
        ),
        (
            "three for two",
            reward("milk", Reward::BuyGet { buy: 2, get: 1, cut: free, goods: None }),
            Some(("milk", 2_000, 2_400)),
        ),
        (
            "bread to cheese",
            reward(
                "cheese",
                Reward::BuyGet { buy: 1, get: 1, cut: free, goods: Some(sku("bread")) },
            ),
            None,
        ),
        (
            "bread to milk",
            reward("milk", Reward::BuyGet { buy: 1, get: 1, cut: free, goods: Some(sku("bread")) }),
            Some(("bread", 1_000, 2_700)),
        ),
        (
            "any three",
            reward("milk", Reward::Pick { n: 3, price: minor(2_399) }),
            Some(("milk", 2_399, 2_400)),
        ),
        ("a bundle", rule("a", bundle(Cut::Price(minor(2_699)))), Some(("milk", 2_699, 2_700))),
        ("a bundle at cost", rule("a", bundle(Cut::Price(minor(2_700)))), None),
        (
            "a fifth at the threshold",
            steps("milk", vec![at(2_500, off(501))]),
            Some(("milk", 1_999, 2_000)),
        ),
        ("less than a fifth", steps("milk", vec![at(2_500, off(500))]), None),
        (
            "a higher step that loses",
            steps("milk", vec![at(1_000, off(100)), at(2_000, off(500))]),
            Some(("milk", 1_500, 1_600)),
        ),
        (
            "a rate of the order",
            steps("milk", vec![at(1_000, Reward::AmountRate(BasisPoints(7_000)))]),
            Some(("milk", 700, 800)),
        ),
        ("a coupon", coupon(steps("milk", vec![at(1_000, off(201))])), Some(("milk", 799, 800))),
        (
            "a gift at a low threshold",
            steps("milk", vec![at(1_000, Reward::Gift { goods: sku("bread"), count: 1 })]),
            Some(("bread", 1_000, 2_700)),
        ),
        (
            "a gift that the threshold earns",
            steps("milk", vec![at(10_000, Reward::Gift { goods: sku("bread"), count: 1 })]),
            None,
        ),
        (
            "a third of the same for two",
            steps("milk", vec![pieces(2, Reward::Gift { goods: sku("milk"), count: 1 })]),
            Some(("milk", 2_000, 2_400)),
        ),
        (
            "a fifth of the same for four",
            steps("milk", vec![pieces(4, Reward::Gift { goods: sku("milk"), count: 1 })]),
            None,
        ),
        (
            "an add-on of the same",
            steps(
                "milk",
                vec![at(2_000, Reward::AddOn { goods: sku("milk"), count: 1, cut: free })],
            ),
            Some(("milk", 2_000, 2_400)),
        ),
        (
            "an add-on",
            steps(
                "milk",
                vec![at(
                    1_000,
                    Reward::AddOn { goods: sku("bread"), count: 1, cut: Cut::Price(minor(1_000)) },
                )],
            ),
            Some(("bread", 2_000, 2_700)),
        ),
        (
            "by weight",
            of("cheese", {
                let amount = NeedAmount::Milli(Quantity::from_milli(2_000));
                let needs = vec![Need { amount, goods: None }];
                let mut rule = rule("a", off(1));
                rule.steps = vec![Step { needs, reward: off(4_100) }];
                rule
            }),
            Some(("cheese", 5_900, 6_000)),
        ),
        ("parking", rule("a", Reward::Grant(Grant::ParkingMinutes(60))), None),
        ("of unknown cost", reward("cup", rate(100)), None),
        (
            "never open",
            between("2027-02-01", "2027-03-01", |rule| rule.when.month_days = vec![31]),
            None,
        ),
        (
            "for gold on a birthday in one store by phone",
            of(
                "milk",
                bent(rate(5_000), |rule| {
                    rule.who.tiers = vec!["gold".to_owned()];
                    rule.who.birthday = Some(Birthday::Day);
                    rule.who.joined_days_max = Some(0);
                    rule.place.stores = vec!["SH001".to_owned()];
                    rule.place.channels = vec![Channel::Phone];
                    rule.when.hours = vec![Hours { from_minute: 1_320, until_minute: 120 }];
                }),
            ),
            Some(("milk", 500, 800)),
        ),
    ];
    for (what, rule, expected) in table {
        let expected: Vec<_> = expected
            .map(|(sku, paid, cost)| (rule.id.clone(), sku.to_owned(), paid, cost))
            .into_iter()
            .collect();
        assert_eq!(losses(vec![rule]), expected, "{what}");
    }
}

#[test]
fn a_look_at_an_item_answers_how_many_parts_of_rules_mean_it() {
    let gift = Reward::Gift { goods: sku("bread"), count: 1 };
    let book = PriceBook::compile(1, set(vec![half(), of("milk", rule("b", gift))])).unwrap();
    let mut worst = Worst::of(&book);
    let looks: Vec<usize> =
        catalog().iter().map(|(item, cost)| worst.look(&book, item, *cost)).collect();
    assert_eq!(looks, [2, 2, 1, 1]);
}

#[test]
fn rules_that_lose_only_together_are_told_together() {
    let tenth = |id: &str| of("milk", rule(id, rate(9_000)));
    let line = |mut rule: Rule| {
        rule.lane = Some(Lane::Line);
        rule
    };
    let coupon = |id: &str| Rule { coupon: true, ..of("milk", rule(id, off(100))) };
    let milk = |rules: &str, paid: i64| (rules.to_owned(), "milk".to_owned(), paid, 800);
    assert_eq!(losses(vec![tenth("a")]), []);
    assert_eq!(losses(vec![tenth("a"), line(tenth("b"))]), []);
    let three = vec![tenth("a"), line(tenth("b")), coupon("c")];
    assert_eq!(losses(three.clone()), [milk("a+b+c", 710)]);
    // Who shares nothing is not added up.
    let best = |mut rule: Rule| {
        rule.stacking.mode = StackingMode::Best;
        rule
    };
    assert_eq!(losses(vec![best(tenth("a")), best(tenth("b")), coupon("c")]), []);
    // Where one loses by itself, that is what is told.
    let mut four = three;
    four.push(of("milk", rule("d", rate(7_000))));
    assert_eq!(losses(four), [milk("d", 700)]);
}

#[test]
fn goods_that_the_catalog_does_not_have_are_told() {
    use Fault as F;
    let slots = |words: [&str; 2]| {
        let slots = words.map(|word| Slot { goods: sku(word), count: 1 }).to_vec();
        rule("a", Reward::Bundle { slots, cut: Cut::Off(minor(1)) })
    };
    let floored = |word: &str, floor: i64| {
        of(word, bent(rate(9_000), |rule| rule.limits.floor_price = Some(minor(floor))))
    };
    let gift = |word: &str| rule("a", Reward::Gift { goods: sku(word), count: 1 });
    let table: Vec<(&str, Rule, Vec<Fault>)> = vec![
        ("milk", of("milk", half()), vec![]),
        ("no such goods", of("caviar", half()), vec![F::NoItems]),
        ("a full bundle", slots(["milk", "bread"]), vec![]),
        ("a slot that stays empty", slots(["milk", "caviar"]), vec![F::SlotUnfilled]),
        ("a gift", gift("cup"), vec![]),
        ("a gift that is none", gift("caviar"), vec![F::SlotUnfilled]),
        ("a floor below", floored("milk", 999), vec![]),
        ("a floor at the price", floored("milk", 1_000), vec![F::FloorAboveList]),
        ("a floor on what is weighed", floored("cheese", 9_000), vec![]),
    ];
    for (what, rule, faults) in table {
        let (book, worst) = picked(&set(vec![rule]));
        let found: Vec<_> = worst.findings(&book).into_iter().map(|found| found.fault).collect();
        assert_eq!(found, faults, "{what}");
        assert!(Worst::of(&book).findings(&book).is_empty(), "{what}: of no catalog");
    }
}
