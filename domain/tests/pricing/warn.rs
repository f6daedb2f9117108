//! What an author is told of rules that may be saved: what is foolish in one, what is not, and what
//! rules leave to each other.

use std::collections::BTreeMap;

use domain::{
    money::BasisPoints,
    pricing::{
        Lane, Rule,
        check::{Fault, check, check_at},
        explain::Language,
        goods::{Goods, Select},
        rule::{
            Base, Cut, Grant, Hours, Join, Need, NeedAmount, PointsRate, Repeat, Reward, Stacking,
            StackingMode, Step,
        },
    },
    time::LocalMoment,
};

use super::refuse::{half, minor, rule, set};

/// Noon of Saturday, 21 November 2026.
pub(crate) fn now() -> LocalMoment {
    LocalMoment::parse("2026-11-21T12:00").unwrap()
}

pub(crate) fn rate(rate: u16) -> Reward {
    Reward::Units(Cut::Rate(BasisPoints(rate)))
}

pub(crate) fn at(amount: i64, reward: Reward) -> Step {
    Step { needs: vec![Need { amount: NeedAmount::Minor(minor(amount)), goods: None }], reward }
}

pub(crate) fn off(amount: i64) -> Reward {
    Reward::AmountOff(minor(amount))
}

pub(crate) fn bent(reward: Reward, bend: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = rule("a", reward);
    bend(&mut rule);
    rule
}

pub(crate) fn between(from: &str, until: &str, bend: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = half();
    rule.when.from = Some(from.to_owned());
    rule.when.until = Some(until.to_owned());
    bend(&mut rule);
    rule
}

fn mode(id: &str, mode: StackingMode, reward: Reward) -> Rule {
    let mut rule = rule(id, reward);
    rule.stacking.mode = mode;
    rule
}

fn tag(word: &str) -> Select {
    Select::Tag(word.to_owned())
}

/// What is said of a set, rule by rule.
fn said(rules: Vec<Rule>) -> Vec<(String, Fault)> {
    let found = check_at(&set(rules), now());
    for finding in &found {
        assert!(!finding.fault.is_error(), "{finding:?}");
        for language in [Language::Zh, Language::En] {
            assert!(finding.sentence(language).contains(&finding.subject), "{finding:?}");
        }
    }
    found.into_iter().map(|finding| (finding.subject, finding.fault)).collect()
}

#[test]
fn a_foolish_rule_is_told_what_is_foolish() {
    use Fault as F;
    let fri_night = |from: &str, until: &str| {
        between(from, until, |rule| {
            rule.when.weekdays = vec![5];
            rule.when.hours = vec![Hours { from_minute: 1_320, until_minute: 120 }];
        })
    };
    let table: Vec<(&str, Rule, Fault)> = vec![
        ("over last week", between("2026-11-01", "2026-11-15", |_| ()), F::Ended),
        ("over since noon", between("2026-11-01", "2026-11-21T12:00", |_| ()), F::Ended),
        (
            "its last Monday is over",
            between("2026-11-01", "2026-11-23", |rule| rule.when.weekdays = vec![1]),
            F::Ended,
        ),
        (
            "the 31st of a February",
            between("2027-02-01", "2027-03-01", |rule| rule.when.month_days = vec![31]),
            F::NeverOpen,
        ),
        (
            "a Monday of a weekend",
            between("2026-11-28", "2026-11-30", |rule| rule.when.weekdays = vec![1]),
            F::NeverOpen,
        ),
        (
            "the evening of a morning",
            between("2026-12-01", "2026-12-01T12:00", |rule| {
                rule.when.hours = vec![Hours { from_minute: 1_200, until_minute: 1_320 }];
            }),
            F::NeverOpen,
        ),
        ("the early hours of a Friday", fri_night("2026-11-27", "2026-11-27T02:00"), F::NeverOpen),
        (
            "per member for anyone",
            bent(rate(9_000), |r| r.limits.per_member = Some(1)),
            F::MembersOnly,
        ),
        (
            "per member and day for anyone",
            bent(rate(9_000), |rule| rule.limits.per_member_day = Some(1)),
            F::MembersOnly,
        ),
        ("a blank tier", bent(rate(9_000), |r| r.who.tiers = vec![" ".into()]), F::BlankWord),
        (
            "a store twice",
            bent(rate(9_000), |rule| rule.place.stores = vec!["SH001".into(), "SH001".into()]),
            F::BlankWord,
        ),
        (
            "more in an order than there are",
            bent(rate(9_000), |rule| {
                rule.limits.per_order = Some(11);
                rule.limits.quota = Some(10);
            }),
            F::LimitsAtOdds,
        ),
        (
            "more in a day than ever",
            bent(rate(9_000), |rule| {
                rule.who.member = true;
                rule.limits.per_member_day = Some(3);
                rule.limits.per_member = Some(2);
            }),
            F::LimitsAtOdds,
        ),
        (
            "coupons without a coupon",
            bent(rate(9_000), |r| r.limits.coupons = Some(2)),
            F::IdleSetting,
        ),
        (
            "points that exclude others",
            bent(Reward::PointsTimes(PointsRate(20_000)), |rule| {
                rule.stacking.mode = StackingMode::Exclusive;
            }),
            F::IdleSetting,
        ),
        (
            "a floor of parking",
            bent(Reward::Grant(Grant::ParkingMinutes(60)), |rule| {
                rule.limits.floor_price = Some(minor(1));
            }),
            F::IdleSetting,
        ),
        ("any of nothing", bent(rate(9_000), |rule| rule.join = Join::Any), F::IdleSetting),
        (
            "a rate each time",
            bent(off(1), |rule| {
                rule.steps = vec![at(1_000, Reward::AmountRate(BasisPoints(9_000)))];
                rule.repeat = Repeat::Each;
            }),
            F::IdleSetting,
        ),
        (
            "nothing off the second",
            rule("a", Reward::Nth { n: 2, cut: Cut::Rate(BasisPoints(10_000)) }),
            F::TakesNothing,
        ),
        (
            "prices of other goods",
            bent(Reward::PriceList(BTreeMap::from([("b".to_owned(), minor(5))])), |rule| {
                rule.goods.any = vec![Select::Sku("a".to_owned())];
            }),
            F::TakesNothing,
        ),
        (
            "less for more",
            bent(off(1), |rule| rule.steps = vec![at(1_000, off(100)), at(2_000, off(90))]),
            F::StepWorse,
        ),
        (
            "a higher rate for more",
            bent(off(1), |rule| {
                let to = |rate| Reward::AmountRate(BasisPoints(rate));
                rule.steps = vec![at(1_000, to(9_000)), at(2_000, to(9_500))];
            }),
            F::StepWorse,
        ),
        (
            "less for twice than two times",
            bent(off(1), |rule| {
                rule.steps = vec![at(1_000, off(100)), at(2_000, off(150))];
                rule.repeat = Repeat::Each;
            }),
            F::StepWorse,
        ),
        (
            "a step behind a lower one",
            bent(off(1), |rule| rule.steps = vec![at(2_000, off(100)), at(1_000, off(90))]),
            F::StepHidden,
        ),
        ("满100减150", bent(off(1), |r| r.steps = vec![at(10_000, off(15_000))]), F::OverThreshold),
        ("满100减100", bent(off(1), |r| r.steps = vec![at(10_000, off(10_000))]), F::OverThreshold),
        (
            "a floor above its price",
            bent(Reward::Units(Cut::Price(minor(500))), |rule| {
                rule.limits.floor_price = Some(minor(600));
            }),
            F::FloorOverPrice,
        ),
        (
            "a floor above its rate",
            bent(rate(5_000), |rule| rule.limits.floor_rate = Some(BasisPoints(6_000))),
            F::FloorOverPrice,
        ),
        (
            "all excluded",
            bent(rate(9_000), |rule| {
                (rule.goods.any, rule.goods.except) = (vec![tag("x")], vec![tag("x")]);
            }),
            F::NoGoods,
        ),
        (
            "two brands at once",
            bent(rate(9_000), |rule| {
                rule.goods.all = ["a", "b"].map(|word| Select::Brand(word.to_owned())).to_vec();
            }),
            F::NoGoods,
        ),
        (
            "a category beside another",
            bent(rate(9_000), |rule| {
                rule.goods.any = vec![Select::Category("food/fruit".to_owned())];
                rule.goods.all = vec![Select::Category("food/dairy".to_owned())];
            }),
            F::NoGoods,
        ),
        (
            "red and blue",
            bent(rate(9_000), |rule| {
                let all = ["colour=red", "colour=blue"];
                rule.goods.all = all.map(|pair| Select::Attribute(pair.to_owned())).to_vec();
            }),
            F::NoGoods,
        ),
    ];
    for (what, rule, fault) in table {
        let said = said(vec![rule.clone()]);
        assert_eq!(said, [(rule.id, fault)], "{what}");
    }
}

#[test]
fn a_sensible_rule_is_told_nothing() {
    let tomorrow = between("2026-11-22", "2027-11-22", |_| ());
    let table: Vec<(&str, Rule)> = vec![
        ("until tonight", between("2026-11-01", "2026-11-22", |_| ())),
        ("from tomorrow", tomorrow.clone()),
        ("the 31st", between("2026-11-01", "2027-01-01", |r| r.when.month_days = vec![31])),
        (
            "Friday night until Saturday morning",
            between("2026-11-28", "2026-11-28T01:00", |rule| {
                rule.when.weekdays = vec![5];
                rule.when.hours = vec![Hours { from_minute: 1_320, until_minute: 120 }];
            }),
        ),
        (
            "a Friday that is a 13th",
            bent(rate(9_000), |rule| {
                (rule.when.weekdays, rule.when.month_days) = (vec![5], vec![13]);
            }),
        ),
        ("from a second on", between("2026-11-30T10:00:30", "2026-11-30T10:02", |_| ())),
        (
            "per member for members",
            bent(rate(9_000), |rule| {
                rule.who.member = true;
                rule.limits.per_order = Some(1);
                rule.limits.per_member = Some(1);
                rule.limits.quota = Some(100);
            }),
        ),
        (
            "more for more",
            bent(off(1), |rule| {
                rule.steps = vec![at(1_000, off(100)), at(2_000, off(200))];
                rule.repeat = Repeat::Each;
            }),
        ),
        (
            "a category below another",
            bent(rate(9_000), |rule| {
                rule.goods.any = vec![Select::Category("food/fruit".to_owned())];
                rule.goods.all = vec![Select::Category("food".to_owned())];
            }),
        ),
        ("two tags at once", bent(rate(9_000), |rule| rule.goods.all = vec![tag("a"), tag("b")])),
    ];
    for (what, rule) in table {
        assert_eq!(said(vec![rule]), [], "{what}");
    }
    // Without a moment nothing is over.
    assert_eq!(check(&set(vec![between("2020-01-01", "2020-02-01", |_| ())])), []);
}

#[test]
fn rules_that_leave_each_other_nothing_are_told() {
    use Fault as F;
    use StackingMode::{Best, Exclusive, Stack};
    let named = |id: &str, name: &str| Rule { name: name.to_owned(), ..rule(id, rate(9_000)) };
    let shy = |id: &str, lane: Lane| Rule {
        lane: Some(lane),
        stacking: Stacking { refuses_reduced: true, ..Stacking::default() },
        ..rule(id, rate(9_500))
    };
    let narrow =
        |rule: Rule| Rule { goods: Goods { any: vec![tag("new")], ..Goods::default() }, ..rule };
    let for_members = |mut rule: Rule| {
        rule.who.member = true;
        rule
    };
    let on_list = |mut rule: Rule| {
        rule.stacking.base = Base::List;
        rule
    };
    type Row<'a> = (&'a str, Vec<Rule>, Vec<(&'a str, Fault)>);
    let table: Vec<Row<'_>> = vec![
        (
            "one name",
            vec![named("a", "满减"), named("b", "满减"), named("c", "满减")],
            vec![("a", F::NameTwice), ("b", F::NameTwice), ("c", F::NameTwice)],
        ),
        ("two names", vec![named("a", "满减"), named("b", "满赠")], vec![]),
        (
            "two that want to be alone",
            vec![mode("a", Exclusive, rate(9_000)), mode("b", Exclusive, off(100))],
            vec![],
        ),
        (
            "two that want the same alone",
            vec![
                for_members(mode("a", Exclusive, rate(9_000))),
                for_members(mode("b", Exclusive, rate(8_000))),
            ],
            vec![("a", F::ExclusiveTwins), ("b", F::ExclusiveTwins)],
        ),
        (
            "one that wants to be alone and does worse",
            vec![narrow(mode("a", Exclusive, rate(9_000))), narrow(mode("b", Best, rate(8_000)))],
            vec![("a", F::Shadowed)],
        ),
        (
            "one that would win only together with others",
            vec![narrow(mode("a", Exclusive, rate(8_000))), narrow(mode("b", Best, rate(9_000)))],
            vec![],
        ),
        (
            "the same twice",
            vec![mode("a", Best, rate(9_000)), mode("b", Best, rate(9_000))],
            vec![("b", F::Shadowed)],
        ),
        (
            "a better one for members",
            vec![for_members(mode("a", Best, rate(8_000))), mode("b", Best, rate(9_000))],
            vec![],
        ),
        (
            "one of another base",
            vec![mode("a", Best, rate(8_000)), on_list(mode("b", Best, rate(9_000)))],
            vec![],
        ),
        (
            "two that stack",
            vec![mode("a", Stack, rate(8_000)), mode("b", Stack, rate(9_000))],
            vec![],
        ),
        (
            "a rule that refuses what is always reduced",
            vec![rule("a", rate(9_000)), shy("b", Lane::Line)],
            vec![("b", F::AlwaysReduced)],
        ),
        (
            "the same over fewer goods",
            vec![rule("a", rate(9_000)), narrow(shy("b", Lane::Line))],
            vec![("b", F::AlwaysReduced)],
        ),
        ("the same lane", vec![rule("a", rate(9_000)), shy("b", Lane::Price)], vec![]),
        (
            "reduced for members",
            vec![for_members(rule("a", rate(9_000))), shy("b", Lane::Line)],
            vec![],
        ),
        ("a few goods reduced", vec![narrow(rule("a", rate(9_000))), shy("b", Lane::Line)], vec![]),
    ];
    for (what, rules, told) in table {
        let told: Vec<_> = told.into_iter().map(|(id, fault)| (id.to_owned(), fault)).collect();
        assert_eq!(said(rules), told, "{what}");
    }
}
