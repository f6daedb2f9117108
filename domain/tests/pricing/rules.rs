//! Random rules: every reward, stacking mode, limit, need and audience.
//!
//! **Invariant:** unless the dice are wild, `check` finds no error in what is made here.

use std::collections::BTreeMap;

use domain::{
    money::{BasisPoints, Money},
    pricing::{
        Lane, Rule, RuleSet,
        goods::{Goods, Select},
        rule::{
            Base, Birthday, Channel, Cut, Funding, Grant, Hours, Join, Limits, Need, NeedAmount,
            Place, PointsRate, Repeat, Reward, Slot, Stacking, StackingMode, Step, When, Who,
        },
    },
    quantity::Quantity,
};

use super::{dice::Dice, world::SHELF};

/// The templates, each of which `reward` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Units,
    PriceList,
    PointsPrice,
    Nth,
    Cheapest,
    BuyGet,
    Pick,
    Bundle,
    AmountOff,
    AmountRate,
    Gift,
    AddOn,
    FreeDelivery,
    EarnPoints,
    PointsTimes,
    PointsPay,
    Grant,
}

/// Every template; the usual ones more than once.
const KINDS: [Kind; 24] = [
    Kind::Units,
    Kind::Units,
    Kind::Units,
    Kind::Units,
    Kind::PriceList,
    Kind::PointsPrice,
    Kind::Nth,
    Kind::Nth,
    Kind::Cheapest,
    Kind::BuyGet,
    Kind::BuyGet,
    Kind::Pick,
    Kind::Bundle,
    Kind::AmountOff,
    Kind::AmountOff,
    Kind::AmountOff,
    Kind::AmountRate,
    Kind::Gift,
    Kind::AddOn,
    Kind::FreeDelivery,
    Kind::EarnPoints,
    Kind::PointsTimes,
    Kind::PointsPay,
    Kind::Grant,
];

/// A rule set of at most so many rules.
pub(crate) fn set(dice: &mut Dice<'_>, most: u64) -> RuleSet {
    let n = dice.below(most + 1);
    let mut set = RuleSet::default();
    if dice.chance(30) {
        let fresh = Goods { any: vec![Select::Category("food/fruit".into())], ..Goods::default() };
        let food = Goods {
            any: vec![Select::Set("fresh".into()), Select::Brand("oven".into())],
            ..Goods::default()
        };
        set.sets = BTreeMap::from([("fresh".to_owned(), fresh), ("table".to_owned(), food)]);
    }
    for at in 0..n {
        let kind = *dice.pick(&KINDS);
        let rule = rule(dice, at, kind, !set.sets.is_empty());
        set.rules.push(rule);
    }
    let coupon = set.rules.iter().find(|rule| rule.coupon).map(|rule| rule.id.clone());
    for rule in &mut set.rules {
        name_the_coupon(rule, coupon.as_ref());
    }
    set
}

/// A coupon for later is one of this set, or cash back where it has none.
fn name_the_coupon(rule: &mut Rule, coupon: Option<&String>) {
    for step in &mut rule.steps {
        if let Reward::Grant(Grant::NextCoupon(_)) = step.reward {
            step.reward =
                Reward::Grant(coupon.map_or(Grant::CashbackAmount(Money::from_minor(500)), |id| {
                    Grant::NextCoupon(id.clone())
                }));
        }
    }
}

/// A rule of one template.
pub(crate) fn rule(dice: &mut Dice<'_>, at: u64, kind: Kind, has_sets: bool) -> Rule {
    let coupon_kinds =
        [Kind::Units, Kind::AmountOff, Kind::AmountRate, Kind::Gift, Kind::FreeDelivery];
    let coupon = coupon_kinds.contains(&kind) && dice.chance(20);
    let may_be_line = matches!(kind, Kind::Units | Kind::PriceList) && !coupon;
    let lane = (may_be_line && dice.chance(40)).then_some(Lane::Line);
    let (steps, repeat) = steps(dice, kind);
    Rule {
        id: format!("r{at}"),
        name: format!("规则 {at}"),
        lane,
        coupon,
        who: if dice.chance(25) { who(dice) } else { Who::default() },
        when: if dice.chance(20) { when(dice) } else { When::default() },
        place: if dice.chance(10) { place(dice) } else { Place::default() },
        goods: goods(dice, has_sets),
        steps,
        join: if dice.chance(20) { Join::Any } else { Join::All },
        repeat,
        limits: limits(dice, kind, coupon),
        stacking: stacking(dice, kind),
        funding: Funding::default(),
    }
}

/// Goods over the shelf.
pub(crate) fn goods(dice: &mut Dice<'_>, has_sets: bool) -> Goods {
    let mut goods = Goods::default();
    if dice.chance(35) {
        return goods;
    }
    for _ in 0..1 + dice.below(3) {
        goods.any.push(select(dice, has_sets));
    }
    if dice.chance(10) {
        goods.all.push(Select::Attribute("unit=piece".into()));
    }
    if dice.chance(20) {
        goods.except.push(Select::Tag("clearance".into()));
    }
    goods
}

fn select(dice: &mut Dice<'_>, has_sets: bool) -> Select {
    let word = |words: &[&str], dice: &mut Dice<'_>| (*dice.pick(words)).to_owned();
    match dice.below(if has_sets { 8 } else { 7 }) {
        0 | 1 => Select::Sku(dice.pick(&SHELF).0.to_owned()),
        2 => Select::Style("shirt".to_owned()),
        3 => Select::Category(word(&["food", "food/dairy", "wear", "home", "food/fruit"], dice)),
        4 => Select::Brand(word(&["dawn", "oven", "plain"], dice)),
        5 => Select::Tag(word(&["new", "gift", "clearance"], dice)),
        6 => Select::Attribute(word(&["colour=red", "size=M", "unit=piece", "unit=kg"], dice)),
        _ => Select::Set(word(&["fresh", "table"], dice)),
    }
}

fn minor(dice: &mut Dice<'_>, low: i64, high: i64) -> Money {
    Money::from_minor(dice.amount(low, high))
}

/// A reduction of a unit.
pub(crate) fn cut(dice: &mut Dice<'_>) -> Cut {
    match dice.below(6) {
        0 => Cut::Rate(BasisPoints(0)),
        1 | 2 => Cut::Rate(BasisPoints(dice.rate(1_000, 9_900))),
        3 | 4 => Cut::Off(minor(dice, 1, 600)),
        _ => Cut::Price(minor(dice, 1, 900)),
    }
}

/// The steps of a rule, each asking for more than the one before, and how often they count.
fn steps(dice: &mut Dice<'_>, kind: Kind) -> (Vec<Step>, Repeat) {
    let (may_need, may_repeat) = match kind {
        Kind::Nth | Kind::Cheapest | Kind::BuyGet | Kind::Pick | Kind::Bundle => (false, true),
        Kind::Units | Kind::PriceList | Kind::AmountRate | Kind::FreeDelivery => (true, false),
        Kind::PointsPrice | Kind::PointsPay | Kind::EarnPoints | Kind::PointsTimes => {
            (false, false)
        }
        Kind::AmountOff | Kind::Gift | Kind::AddOn | Kind::Grant => (true, true),
    };
    if !may_need || dice.chance(30) {
        let needs_each = may_need && may_repeat && dice.chance(50);
        let needs = if needs_each { vec![need(dice, 1, 0)] } else { Vec::new() };
        let may_repeat = may_repeat && (!may_need || needs_each);
        let repeat = if may_repeat && dice.chance(70) { Repeat::Each } else { Repeat::Once };
        return (vec![Step { needs, reward: reward(dice, kind, 1) }], repeat);
    }
    let n = *dice.pick(&[1, 1, 1, 2, 3]);
    let measure = dice.below(8);
    let with_second = dice.chance(15);
    let steps = (1..=n)
        .map(|step| {
            let mut needs = vec![need(dice, step, measure)];
            if with_second {
                let goods =
                    Goods { any: vec![Select::Brand("dawn".to_owned())], ..Goods::default() };
                let amount = NeedAmount::Pieces(step as u32);
                needs.push(Need { amount, goods: Some(goods) });
            }
            Step { needs, reward: reward(dice, kind, step) }
        })
        .collect();
    let repeat = if may_repeat && dice.chance(40) { Repeat::Each } else { Repeat::Once };
    (steps, repeat)
}

fn need(dice: &mut Dice<'_>, step: i64, measure: u64) -> Need {
    let amount = match measure {
        0..=2 => NeedAmount::Pieces(dice.count(step as u32 * 2 - 1, step as u32 * 2)),
        3 => NeedAmount::Milli(Quantity::from_milli(dice.amount(step * 400, step * 400 + 300))),
        _ => NeedAmount::Minor(minor(dice, step * 2_000 - 1_500, step * 2_000)),
    };
    Need { amount, goods: None }
}

/// What a step of this template brings; more at a higher step.
fn reward(dice: &mut Dice<'_>, kind: Kind, step: i64) -> Reward {
    let few = |dice: &mut Dice<'_>| dice.count(1, 3);
    match kind {
        Kind::Units => Reward::Units(cut(dice)),
        Kind::PriceList => Reward::PriceList(
            SHELF.iter().map(|shelf| (shelf.0.to_owned(), minor(dice, 1, 1_500))).collect(),
        ),
        Kind::PointsPrice => {
            Reward::PointsPrice { points: dice.amount(1, 600), price: minor(dice, 0, 500) }
        }
        Kind::Nth => Reward::Nth { n: dice.count(2, 4), cut: cut(dice) },
        Kind::Cheapest => {
            let count = dice.count(1, 2);
            let of = count.saturating_add(dice.count(1, 3));
            Reward::Cheapest { of, count, cut: cut(dice) }
        }
        Kind::BuyGet => {
            let other = dice.chance(35).then(|| goods(dice, false));
            Reward::BuyGet { buy: few(dice), get: dice.count(1, 2), cut: cut(dice), goods: other }
        }
        Kind::Pick => Reward::Pick { n: dice.count(2, 4), price: minor(dice, 1, 4_000) },
        Kind::Bundle => bundle(dice),
        Kind::AmountOff => Reward::AmountOff(minor(dice, step * 100, step * 1_000)),
        Kind::AmountRate => {
            Reward::AmountRate(BasisPoints(dice.rate(9_900 - 1_000 * step as u16, 9_900)))
        }
        Kind::Gift => {
            let goods = Goods { any: vec![Select::Tag("gift".to_owned())], ..Goods::default() };
            Reward::Gift { goods, count: dice.count(1, 2) }
        }
        Kind::AddOn => {
            let goods = Goods { any: vec![Select::Tag("gift".to_owned())], ..Goods::default() };
            Reward::AddOn { goods, count: dice.count(1, 2), cut: cut(dice) }
        }
        Kind::FreeDelivery => {
            let fee_max = dice.chance(50).then(|| minor(dice, 1, 1_500));
            Reward::FreeDelivery { fee_max }
        }
        Kind::EarnPoints => {
            Reward::EarnPoints { per: minor(dice, 1, 2_000), points: dice.amount(1, 20) }
        }
        Kind::PointsTimes => Reward::PointsTimes(PointsRate(dice.count(11_000, 50_000))),
        Kind::PointsPay => Reward::PointsPay {
            points: dice.amount(1, 200),
            worth: minor(dice, 1, 200),
            rate_max: BasisPoints(dice.rate(500, 10_000)),
        },
        Kind::Grant => Reward::Grant(match dice.below(4) {
            0 => Grant::NextCoupon(String::new()),
            1 => Grant::CashbackRate(BasisPoints(dice.rate(100, 5_000))),
            2 => Grant::CashbackAmount(minor(dice, 1, 1_000)),
            _ => Grant::ParkingMinutes(dice.count(30, 240)),
        }),
    }
}

fn bundle(dice: &mut Dice<'_>) -> Reward {
    let slots = (0..2 + dice.below(2))
        .map(|_| {
            let mut goods = Goods::default();
            for _ in 0..1 + dice.below(3) {
                goods.any.push(Select::Sku(dice.pick(&SHELF).0.to_owned()));
            }
            Slot { goods, count: dice.count(1, 2) }
        })
        .collect();
    Reward::Bundle { slots, cut: cut(dice) }
}

fn who(dice: &mut Dice<'_>) -> Who {
    let mut who = Who::default();
    match dice.below(6) {
        0 => who.member = true,
        1 => who.tiers = vec!["gold".to_owned()],
        2 => who.joined_days_max = Some(dice.between(1, 60) as u16),
        3 => who.birthday = Some(*dice.pick(&[Birthday::Day, Birthday::Month])),
        4 => who.staff = true,
        _ => who.crowds = vec!["parents".to_owned()],
    }
    who
}

fn when(dice: &mut Dice<'_>) -> When {
    let mut when = When::default();
    match dice.below(5) {
        0 => when.from = Some("2026-11-01".to_owned()),
        1 => when.until = Some("2026-11-21T19:00".to_owned()),
        2 => when.weekdays = vec![dice.between(5, 7) as u8, 1],
        3 => when.month_days = vec![dice.between(20, 22) as u8, 8],
        _ => {
            let from_minute = dice.between(0, 1_200) as u16;
            when.hours = vec![Hours { from_minute, until_minute: from_minute + 240 }];
        }
    }
    if dice.chance(20) {
        when.hours = vec![Hours { from_minute: 1_080, until_minute: 120 }];
    }
    when
}

fn place(dice: &mut Dice<'_>) -> Place {
    if dice.chance(50) {
        Place { stores: vec!["SH001".to_owned()], channels: Vec::new() }
    } else {
        Place { stores: Vec::new(), channels: vec![Channel::Till, Channel::Phone] }
    }
}

/// Limits that mean something for this template.
fn limits(dice: &mut Dice<'_>, kind: Kind, coupon: bool) -> Limits {
    let mut limits = Limits::default();
    let reduces = !matches!(
        kind,
        Kind::FreeDelivery | Kind::EarnPoints | Kind::PointsTimes | Kind::Grant | Kind::PointsPay
    );
    if reduces && dice.chance(20) {
        limits.per_order = Some(dice.count(1, 4));
    }
    if reduces && dice.chance(12) {
        match dice.below(3) {
            0 => limits.per_member = Some(dice.count(1, 4)),
            1 => limits.per_member_day = Some(dice.count(1, 3)),
            _ => limits.quota = Some(dice.count(1, 6)),
        }
    }
    if coupon && dice.chance(40) {
        limits.coupons = Some(dice.count(1, 3));
    }
    if reduces && dice.chance(12) {
        limits.amount_max = Some(minor(dice, 1, 1_500));
    }
    if reduces && dice.chance(12) {
        if dice.chance(50) {
            limits.floor_price = Some(minor(dice, 1, 800));
        } else {
            limits.floor_rate = Some(BasisPoints(dice.rate(500, 9_500)));
        }
    }
    limits
}

fn stacking(dice: &mut Dice<'_>, kind: Kind) -> Stacking {
    let benefits =
        [Kind::FreeDelivery, Kind::EarnPoints, Kind::PointsTimes, Kind::PointsPay, Kind::Grant];
    if benefits.contains(&kind) {
        return Stacking::default();
    }
    let modes = [
        StackingMode::Stack,
        StackingMode::Stack,
        StackingMode::Stack,
        StackingMode::Best,
        StackingMode::Best,
        StackingMode::Priority,
        StackingMode::Exclusive,
    ];
    Stacking {
        mode: *dice.pick(&modes),
        priority: dice.between(-1, 2) as i32,
        refuses_reduced: dice.chance(12),
        base: if dice.chance(25) { Base::List } else { Base::Running },
    }
}
