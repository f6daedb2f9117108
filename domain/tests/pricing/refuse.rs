//! Absurd rules are refused with a reason: never a panic, never a hang.

use std::collections::BTreeMap;

use domain::{
    money::{BasisPoints, Money},
    pricing::{
        PriceBook, Rule, RuleSet,
        check::check,
        goods::{Goods, SELECTS_MAX, Select},
        quote,
        rule::{
            Cut, Funding, GROUP_PIECES_MAX, Hours, NEEDS_MAX, Need, NeedAmount, RULE_ID_CHARS_MAX,
            RULE_NAME_CHARS_MAX, Reward, SLOTS_MAX, STEPS_MAX, Slot, Step,
        },
    },
    quantity::Quantity,
};

use super::{
    doors::till,
    world::{SHELF, line},
};

pub(crate) fn minor(minor: i64) -> Money {
    Money::from_minor(minor)
}

/// A rule of one reward that is right in everything else.
pub(crate) fn rule(id: &str, reward: Reward) -> Rule {
    Rule {
        id: id.to_owned(),
        name: id.to_owned(),
        lane: None,
        coupon: false,
        who: Default::default(),
        when: Default::default(),
        place: Default::default(),
        goods: Goods::default(),
        steps: vec![Step { needs: Vec::new(), reward }],
        join: Default::default(),
        repeat: Default::default(),
        limits: Default::default(),
        stacking: Default::default(),
        funding: Funding::default(),
    }
}

pub(crate) fn half() -> Rule {
    rule("half", Reward::Units(Cut::Rate(BasisPoints(5_000))))
}

fn need(amount: NeedAmount) -> Need {
    Need { amount, goods: None }
}

/// A right rule, bent in one way.
fn bent(bend: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = half();
    bend(&mut rule);
    rule
}

pub(crate) fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet { sets: BTreeMap::new(), rules }
}

/// The set is refused, with a code and a sentence in both languages; both doors say the same.
fn refused(what: &str, set: RuleSet) {
    let errors: Vec<_> = check(&set).into_iter().filter(|found| found.fault.is_error()).collect();
    assert!(!errors.is_empty(), "{what} was not refused");
    for found in &errors {
        assert!(!found.fault.code().is_empty(), "{what}: {found:?}");
    }
    assert_eq!(PriceBook::compile(1, set).err(), Some(errors), "{what}");
}

#[test]
fn a_right_rule_is_not_refused() {
    assert_eq!(check(&set(vec![half()])), Vec::new());
    let stepped = bent(|rule| {
        rule.steps = vec![
            Step {
                needs: vec![need(NeedAmount::Minor(minor(10_000)))],
                reward: Reward::AmountOff(minor(1_000)),
            },
            Step {
                needs: vec![need(NeedAmount::Minor(minor(20_000)))],
                reward: Reward::AmountOff(minor(3_000)),
            },
        ];
    });
    assert_eq!(check(&set(vec![stepped])), Vec::new());
}

#[test]
fn absurd_rules_are_refused() {
    let table: Vec<(&str, Rule)> = vec![
        ("no id", bent(|rule| rule.id.clear())),
        ("a long id", bent(|rule| rule.id = "x".repeat(RULE_ID_CHARS_MAX + 1))),
        ("no name", bent(|rule| rule.name.clear())),
        ("a long name", bent(|rule| rule.name = "名".repeat(RULE_NAME_CHARS_MAX + 1))),
        ("a line break in a name", bent(|rule| rule.name = "a\nb".to_owned())),
        ("a blank before a name", bent(|rule| rule.name = " half".to_owned())),
        ("a blank behind a name", bent(|rule| rule.name = "半价\u{3000}".to_owned())),
        ("no steps", bent(|rule| rule.steps.clear())),
        ("too many steps", bent(|rule| rule.steps = vec![rule.steps[0].clone(); STEPS_MAX + 1])),
        (
            "too many needs",
            bent(|rule| {
                rule.steps[0].needs = vec![need(NeedAmount::Pieces(1)); NEEDS_MAX + 1];
            }),
        ),
        (
            "a million needs",
            bent(|rule| rule.steps[0].needs = vec![need(NeedAmount::Pieces(1)); 1_000_000]),
        ),
        ("a need of nothing", bent(|rule| rule.steps[0].needs = vec![need(NeedAmount::Pieces(0))])),
        (
            "a need below nothing",
            bent(|rule| rule.steps[0].needs = vec![need(NeedAmount::Minor(minor(-1)))]),
        ),
        (
            "a need beyond counting",
            bent(|rule| rule.steps[0].needs = vec![need(NeedAmount::Minor(minor(i64::MAX)))]),
        ),
        (
            "a need of less than no weight",
            bent(|rule| {
                let amount = NeedAmount::Milli(Quantity::from_milli(i64::MIN));
                rule.steps[0].needs = vec![need(amount)];
            }),
        ),
        ("month day 32", bent(|rule| rule.when.month_days = vec![32])),
        ("month day 0", bent(|rule| rule.when.month_days = vec![0])),
        ("weekday 8", bent(|rule| rule.when.weekdays = vec![8])),
        ("weekday 0", bent(|rule| rule.when.weekdays = vec![0])),
        ("no moment", bent(|rule| rule.when.from = Some("soon".to_owned()))),
        ("30 February", bent(|rule| rule.when.until = Some("2026-02-30".to_owned()))),
        (
            "over before it begins",
            bent(|rule| {
                rule.when.from = Some("2026-11-02".to_owned());
                rule.when.until = Some("2026-11-01".to_owned());
            }),
        ),
        (
            "minute 1,500",
            bent(|rule| rule.when.hours = vec![Hours { from_minute: 1_500, until_minute: 1_600 }]),
        ),
        (
            "no minutes",
            bent(|rule| rule.when.hours = vec![Hours { from_minute: 60, until_minute: 60 }]),
        ),
        ("no uses", bent(|rule| rule.limits.per_order = Some(0))),
        ("a cap of nothing", bent(|rule| rule.limits.amount_max = Some(Money::ZERO))),
        ("a floor below nothing", bent(|rule| rule.limits.floor_price = Some(minor(-1)))),
        ("a floor above list", bent(|rule| rule.limits.floor_rate = Some(BasisPoints(10_001)))),
        ("nobody pays", bent(|rule| rule.funding.brand = BasisPoints(0))),
        ("paid twice", bent(|rule| rule.funding.store = BasisPoints(10_000))),
        ("an unknown set", bent(|rule| rule.goods.any = vec![Select::Set("nowhere".into())])),
        (
            "too many selections",
            bent(|rule| rule.goods.any = vec![Select::Sku("a".into()); SELECTS_MAX + 1]),
        ),
        ("an empty word", bent(|rule| rule.goods.any = vec![Select::Sku(String::new())])),
    ];
    for (what, rule) in table {
        refused(what, set(vec![rule]));
    }
}

#[test]
fn goods_are_not_named_by_what_nobody_sees() {
    for name in ["", " ", " fruit", "水果\u{3000}", "a\nb"] {
        let sets = BTreeMap::from([(name.to_owned(), Goods::default())]);
        refused(name, RuleSet { sets, rules: vec![half()] });
    }
    let sets = BTreeMap::from([("水 果".to_owned(), Goods::default())]);
    assert_eq!(check(&RuleSet { sets, rules: vec![half()] }), Vec::new());
}

#[test]
fn absurd_rewards_are_refused() {
    let free = Cut::Rate(BasisPoints(0));
    let slot = Slot { goods: Goods::default(), count: 1 };
    let table: Vec<(&str, Reward)> = vec![
        ("more than the price", Reward::Units(Cut::Rate(BasisPoints(10_001)))),
        ("nothing off", Reward::Units(Cut::Off(Money::ZERO))),
        ("less than nothing off", Reward::Units(Cut::Off(minor(-5)))),
        ("everything off twice", Reward::Units(Cut::Off(minor(i64::MAX)))),
        ("below nothing", Reward::Units(Cut::Price(minor(-1)))),
        ("beyond counting", Reward::Units(Cut::Price(minor(i64::MAX)))),
        ("no prices", Reward::PriceList(BTreeMap::new())),
        ("a price below nothing", Reward::PriceList(BTreeMap::from([("a".into(), minor(-1))]))),
        ("points for nothing", Reward::PointsPrice { points: 0, price: minor(1) }),
        ("points below nothing", Reward::PointsPrice { points: i64::MIN, price: minor(1) }),
        ("groups of one", Reward::Nth { n: 1, cut: free }),
        ("groups of none", Reward::Nth { n: 0, cut: free }),
        ("large groups", Reward::Nth { n: GROUP_PIECES_MAX + 1, cut: free }),
        ("all of them", Reward::Cheapest { of: 2, count: 2, cut: free }),
        ("none of them", Reward::Cheapest { of: 2, count: 0, cut: free }),
        ("buy none", Reward::BuyGet { buy: 0, get: 1, cut: free, goods: None }),
        ("get none", Reward::BuyGet { buy: 1, get: 0, cut: free, goods: None }),
        ("get all", Reward::BuyGet { buy: u32::MAX, get: u32::MAX, cut: free, goods: None }),
        ("any none", Reward::Pick { n: 0, price: minor(100) }),
        ("any for less than nothing", Reward::Pick { n: 2, price: minor(-100) }),
        ("a bundle of nothing", Reward::Bundle { slots: Vec::new(), cut: free }),
        (
            "a bundle of everything",
            Reward::Bundle { slots: vec![slot.clone(); SLOTS_MAX + 1], cut: free },
        ),
        (
            "an empty slot",
            Reward::Bundle {
                slots: vec![Slot { count: 0, ..slot.clone() }, slot.clone()],
                cut: free,
            },
        ),
        ("an endless slot", {
            Reward::Bundle {
                slots: vec![Slot { count: u32::MAX, ..slot.clone() }, slot],
                cut: free,
            }
        }),
        ("no amount off", Reward::AmountOff(Money::ZERO)),
        ("a negative amount off", Reward::AmountOff(minor(-100))),
        ("an endless amount off", Reward::AmountOff(minor(i64::MAX))),
        ("dearer", Reward::AmountRate(BasisPoints(10_001))),
        ("no gifts", Reward::Gift { goods: Goods::default(), count: 0 }),
        ("no add-ons", Reward::AddOn { goods: Goods::default(), count: 0, cut: free }),
        ("a fee below nothing", Reward::FreeDelivery { fee_max: Some(minor(-1)) }),
        ("points for each nothing", Reward::EarnPoints { per: Money::ZERO, points: 1 }),
        ("endless points", Reward::EarnPoints { per: minor(1), points: i64::MAX }),
        (
            "no points pay",
            Reward::PointsPay { points: 0, worth: minor(1), rate_max: BasisPoints(10_000) },
        ),
        (
            "points pay nothing",
            Reward::PointsPay { points: 1, worth: Money::ZERO, rate_max: BasisPoints(10_000) },
        ),
        (
            "points pay more than all",
            Reward::PointsPay { points: 1, worth: minor(1), rate_max: BasisPoints(10_001) },
        ),
        (
            "a coupon of no rule",
            Reward::Grant(domain::pricing::rule::Grant::NextCoupon("x".into())),
        ),
        ("no minutes", Reward::Grant(domain::pricing::rule::Grant::ParkingMinutes(0))),
    ];
    for (what, reward) in table {
        refused(what, set(vec![rule("absurd", reward)]));
    }
}

#[test]
fn absurd_sets_are_refused() {
    refused("two rules of one id", set(vec![half(), half()]));
    let named = |name: &str| Goods { any: vec![Select::Set(name.to_owned())], ..Goods::default() };
    let circle = |pairs: &[(&str, &str)]| RuleSet {
        sets: pairs.iter().map(|(name, of)| ((*name).to_owned(), named(of))).collect(),
        rules: vec![bent(|rule| rule.goods = named(pairs[0].0))],
    };
    refused("a set of itself", circle(&[("a", "a")]));
    refused("a circle of three", circle(&[("a", "b"), ("b", "c"), ("c", "a")]));
    refused("a set of nothing known", circle(&[("a", "b")]));
    let names: Vec<String> = (0..900).map(|n| format!("s{n:04}")).collect();
    let mut chain: BTreeMap<String, Goods> =
        names.windows(2).map(|two| (two[0].clone(), named(&two[1]))).collect();
    chain.insert(names[899].clone(), named(&names[0]));
    refused("a circle of 900", RuleSet { sets: chain, rules: vec![half()] });
}

#[test]
fn sets_that_double_at_each_step_end() {
    // Twice the one before, thirty times: a billion selections if they were written out.
    let mut sets = BTreeMap::new();
    for n in 0..30 {
        let before = Select::Set(format!("s{}", n + 1));
        let goods = Goods { any: vec![before.clone(), before], ..Goods::default() };
        sets.insert(format!("s{n}"), goods);
    }
    let last = Goods { any: vec![Select::Sku("milk".into())], ..Goods::default() };
    sets.insert("s30".to_owned(), last);
    let rules = vec![bent(|rule| rule.goods.any = vec![Select::Set("s0".into())])];
    let set = RuleSet { sets, rules };
    if let Ok(book) = PriceBook::compile(1, set) {
        let milk = line(0, &SHELF[0], 1_000, 1_000);
        assert_eq!(quote(&book, &[milk], &till()).unwrap().total, minor(500));
    }
}
