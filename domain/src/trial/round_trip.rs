//! Any rule is read back as it was written, as a text and as cells; no trial makes anything fall.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::rule_text::{Field, blank, cell, parse, set_cell, write};
use crate::{
    money::{BasisPoints, Money},
    pricing::{
        goods::{Goods, Select},
        rule::{
            Base, Birthday, Channel, Cut, Funding, Grant, Hours, Join, Lane, Limits, Need,
            NeedAmount, Place, PointsRate, Repeat, Reward, Rule, Slot, Stacking, StackingMode,
            Step, When, Who,
        },
    },
    quantity::Quantity,
};

/// Names as people give them, names that look like our words, and anything at all.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9-]{1,8}",
        2 => "[茶大益红色／ -]{1,6}",
        2 => "(or|with|without|of|free|to|give|at|none|everything|\\+|,|;|---|rule)",
        2 => "\\PC{0,8}",
        1 => any::<String>(),
    ]
}

/// What a cell can hold: cells are trimmed where they are a name.
fn trimmed() -> impl Strategy<Value = String> {
    name().prop_map(|name| name.trim().to_owned())
}

fn money() -> impl Strategy<Value = Money> {
    prop_oneof![0..100_000i64, any::<i64>().prop_filter("has an opposite", |n| *n > i64::MIN)]
        .prop_map(Money::from_minor)
}

fn rate() -> impl Strategy<Value = BasisPoints> {
    prop_oneof![(0..=10_000u16), any::<u16>()].prop_map(BasisPoints)
}

fn select() -> impl Strategy<Value = Select> {
    (0..7, name()).prop_map(|(kind, name)| match kind {
        0 => Select::Sku(name),
        1 => Select::Style(name),
        2 => Select::Category(name),
        3 => Select::Brand(name),
        4 => Select::Tag(name),
        5 => Select::Attribute(name),
        _ => Select::Set(name),
    })
}

fn goods() -> impl Strategy<Value = Goods> {
    (vec(select(), 0..4), vec(select(), 0..3), vec(select(), 0..3))
        .prop_map(|(any, all, except)| Goods { any, all, except })
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![
        rate().prop_map(Cut::Rate),
        money().prop_map(Cut::Off),
        money().prop_map(Cut::Price)
    ]
}

fn of_units() -> impl Strategy<Value = Reward> {
    prop_oneof![
        cut().prop_map(Reward::Units),
        proptest::collection::btree_map(name(), money(), 0..4)
            .prop_map(|prices: BTreeMap<String, Money>| Reward::PriceList(prices)),
        (any::<i64>(), money()).prop_map(|(points, price)| Reward::PointsPrice { points, price }),
        (any::<u32>(), cut()).prop_map(|(n, cut)| Reward::Nth { n, cut }),
        (any::<u32>(), any::<u32>(), cut()).prop_map(|(of, count, cut)| Reward::Cheapest {
            of,
            count,
            cut
        }),
        (any::<u32>(), any::<u32>(), cut(), option::of(goods()))
            .prop_map(|(buy, get, cut, goods)| Reward::BuyGet { buy, get, cut, goods }),
        (any::<u32>(), money()).prop_map(|(n, price)| Reward::Pick { n, price }),
        (
            vec((goods(), any::<u32>()).prop_map(|(goods, count)| Slot { goods, count }), 0..4),
            cut()
        )
            .prop_map(|(slots, cut)| Reward::Bundle { slots, cut }),
    ]
}

fn of_orders() -> impl Strategy<Value = Reward> {
    let grant = prop_oneof![
        name().prop_map(Grant::NextCoupon),
        rate().prop_map(Grant::CashbackRate),
        money().prop_map(Grant::CashbackAmount),
        any::<u32>().prop_map(Grant::ParkingMinutes),
    ];
    prop_oneof![
        money().prop_map(Reward::AmountOff),
        rate().prop_map(Reward::AmountRate),
        (goods(), any::<u32>()).prop_map(|(goods, count)| Reward::Gift { goods, count }),
        (goods(), any::<u32>(), cut()).prop_map(|(goods, count, cut)| Reward::AddOn {
            goods,
            count,
            cut
        }),
        option::of(money()).prop_map(|fee_max| Reward::FreeDelivery { fee_max }),
        (money(), any::<i64>()).prop_map(|(per, points)| Reward::EarnPoints { per, points }),
        any::<u32>().prop_map(|rate| Reward::PointsTimes(PointsRate(rate))),
        (any::<i64>(), money(), rate()).prop_map(|(points, worth, rate_max)| Reward::PointsPay {
            points,
            worth,
            rate_max
        }),
        grant.prop_map(Reward::Grant),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![
        any::<u32>().prop_map(NeedAmount::Pieces),
        money().prop_map(NeedAmount::Minor),
        (0..10_000_000i64).prop_map(|milli| NeedAmount::Milli(Quantity::from_milli(milli))),
    ];
    let need = (amount, option::of(goods())).prop_map(|(amount, goods)| Need { amount, goods });
    (vec(need, 0..4), prop_oneof![of_units(), of_orders()])
        .prop_map(|(needs, reward)| Step { needs, reward })
}

fn who() -> impl Strategy<Value = Who> {
    let birthday = prop_oneof![Just(Birthday::Day), Just(Birthday::Month)];
    (
        any::<bool>(),
        vec(name(), 0..3),
        option::of(any::<u16>()),
        option::of(birthday),
        any::<bool>(),
        vec(name(), 0..3),
    )
        .prop_map(|(member, tiers, joined_days_max, birthday, staff, crowds)| Who {
            member,
            tiers,
            joined_days_max,
            birthday,
            staff,
            crowds,
        })
}

fn when() -> impl Strategy<Value = When> {
    let moment = || {
        prop_oneof![
            Just("2026-11-01".to_owned()),
            Just("2026-11-01T20:00".to_owned()),
            "[0-9T:-]{0,12}",
            name()
        ]
    };
    let hours = (any::<u16>(), any::<u16>())
        .prop_map(|(from_minute, until_minute)| Hours { from_minute, until_minute });
    (
        option::of(moment()),
        option::of(moment()),
        vec(0..10u8, 0..4),
        vec(any::<u8>(), 0..4),
        vec(hours, 0..3),
    )
        .prop_map(|(from, until, weekdays, month_days, hours)| When {
            from,
            until,
            weekdays,
            month_days,
            hours,
        })
}

fn place() -> impl Strategy<Value = Place> {
    let channel = prop_oneof![
        Just(Channel::Till),
        Just(Channel::Kiosk),
        Just(Channel::Phone),
        Just(Channel::Mall)
    ];
    (vec(name(), 0..3), vec(channel, 0..4))
        .prop_map(|(stores, channels)| Place { stores, channels })
}

fn limits() -> impl Strategy<Value = Limits> {
    let n = || option::of(any::<u32>());
    (n(), n(), n(), n(), n(), option::of(money()), option::of(money()), option::of(rate()))
        .prop_map(|(per_order, per_member, per_member_day, quota, coupons, cap, price, rate)| {
            Limits {
                per_order,
                per_member,
                per_member_day,
                quota,
                coupons,
                amount_max: cap,
                floor_price: price,
                floor_rate: rate,
            }
        })
}

fn stacking() -> impl Strategy<Value = Stacking> {
    let mode = prop_oneof![
        Just(StackingMode::Stack),
        Just(StackingMode::Best),
        Just(StackingMode::Priority),
        Just(StackingMode::Exclusive)
    ];
    (mode, prop_oneof![Just(0), any::<i32>()], any::<bool>(), any::<bool>()).prop_map(
        |(mode, priority, refuses_reduced, is_list)| Stacking {
            mode,
            priority,
            refuses_reduced,
            base: if is_list { Base::List } else { Base::Running },
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let funding = (rate(), rate(), rate()).prop_map(|(brand, store, platform)| Funding {
        brand,
        store,
        platform,
    });
    let is_any = any::<bool>().prop_map(|is| if is { Join::Any } else { Join::All });
    let is_each = any::<bool>().prop_map(|is| if is { Repeat::Each } else { Repeat::Once });
    let lane = option::of((0..6usize).prop_map(|at| Lane::ALL[at]));
    (
        (trimmed(), trimmed(), lane, any::<bool>()),
        (who(), when(), place(), goods(), vec(step(), 0..4)),
        (is_any, is_each, limits(), stacking(), funding),
    )
        .prop_map(|((id, name, lane, coupon), (who, when, place, goods, steps), last)| {
            let (join, repeat, limits, stacking, funding) = last;
            Rule {
                id,
                name,
                lane,
                coupon,
                who,
                when,
                place,
                goods,
                steps,
                join,
                repeat,
                limits,
                stacking,
                funding,
            }
        })
}

/// Lines of real trials, to be mixed up.
const TRIALS: [&str; 5] = [
    include_str!("../../tests/golden/all-lanes.txt"),
    include_str!("../../tests/golden/group-best-combination.txt"),
    include_str!("../../tests/golden/return-and-gifts.txt"),
    include_str!("../../tests/golden/manual-order.txt"),
    include_str!("../../tests/golden/exchange.txt"),
];

/// A trial that is mostly understood: real lines in their order, many of them left away, some
/// doubled.
fn mixed_up() -> impl Strategy<Value = String> {
    let lines: Vec<&str> = TRIALS.iter().flat_map(|trial| trial.lines()).collect();
    let n = lines.len();
    (0..TRIALS.len(), vec(0..24u8, n)).prop_map(move |(trial, copies)| {
        let whole = TRIALS.get(trial).into_iter().flat_map(|text| text.lines());
        let mut text = String::new();
        for (line, copies) in whole.zip(copies) {
            for _ in 0..match copies {
                0 => 0,
                1 => 2,
                _ => 1,
            } {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn no_mixed_up_trial_makes_anything_fall(text in mixed_up()) {
        for outcome in super::run(&text).unwrap_or_default() {
            prop_assert!(!outcome.rows().is_empty());
        }
    }

    #[test]
    fn a_rule_reads_back_from_its_text(rule in rule()) {
        let text = write(&rule);
        prop_assert_eq!(parse(&text), Ok(rule), "{}", text);
    }

    #[test]
    fn a_rule_reads_back_from_its_cells(rule in rule()) {
        let mut back = blank();
        for field in Field::ALL {
            let text = cell(&rule, field);
            prop_assert_eq!(set_cell(&mut back, field, &text), Ok(()), "{}", text);
        }
        prop_assert_eq!(back, rule);
    }

    #[test]
    fn no_text_makes_the_reader_fall(text in any::<String>()) {
        let _ = parse(&text);
        let _ = super::run(&text);
    }
}
