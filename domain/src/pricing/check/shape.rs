//! Whether a rule can be meant at all: its words, numbers, times and rewards, each by itself.
//!
//! **Invariant:** what passes here can be compiled and quoted without a refusal or an overflow.

use std::collections::BTreeSet;

use super::{
    RULE_MINOR_MAX, RULE_POINTS_MAX,
    fault::Fault,
    names::{Sizes, goods_faults},
};
use crate::{
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    pricing::{
        benefit::is_benefit,
        book::named_goods,
        rule::{
            Cut, GROUP_PIECES_MAX, Grant, Hours, Lane, Limits, NEEDS_MAX, NeedAmount,
            PRICE_LIST_MAX, RULE_ID_CHARS_MAX, RULE_NAME_CHARS_MAX, Repeat, Reward, Rule,
            SLOTS_MAX, STEPS_MAX, When,
        },
    },
    quantity::QUANTITY_MILLI_MAX,
    time::LocalMoment,
};

/// Blanks around a text would be lost in a table, and nobody sees them.
fn is_text(text: &str, chars_max: usize) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
}

/// Whether goods may have this name.
pub(super) fn is_set_name(name: &str) -> bool {
    is_text(name, RULE_NAME_CHARS_MAX)
}

pub(super) fn rule_faults(rule: &Rule, sizes: &Sizes<'_>, coupons: &BTreeSet<&str>) -> Vec<Fault> {
    let mut faults = goods_faults(&rule.goods, sizes);
    let mut when = |is_fault: bool, fault: Fault| {
        if is_fault {
            faults.push(fault);
        }
    };
    let has_blank = rule.id.chars().any(char::is_whitespace);
    when(!is_text(&rule.id, RULE_ID_CHARS_MAX) || has_blank, Fault::Id);
    when(!is_text(&rule.name, RULE_NAME_CHARS_MAX), Fault::Name);
    when(rule.steps.is_empty() || rule.steps.len() > STEPS_MAX, Fault::Steps);
    when(!is_when(&rule.when), Fault::When);
    when(!is_limits(&rule.limits), Fault::Limits);
    let funding = rule.funding;
    let shares = [funding.brand, funding.store, funding.platform].map(|rate| u32::from(rate.0));
    when(shares.iter().sum::<u32>() != 10_000, Fault::Funding);
    let kinds: BTreeSet<_> = rule.steps.iter().map(|step| kind(&step.reward)).collect();
    when(kinds.len() > 1, Fault::MixedRewards);
    when(!rule.steps.iter().all(|step| is_at_home(rule, &step.reward)), Fault::Lane);
    for step in &rule.steps {
        let is_need = |amount: NeedAmount| match amount {
            NeedAmount::Pieces(pieces) => (1..=1_000_000).contains(&pieces),
            NeedAmount::Minor(minor) => (1..=RULE_MINOR_MAX).contains(&minor.minor()),
            NeedAmount::Milli(milli) => (1..=QUANTITY_MILLI_MAX).contains(&milli.milli()),
        };
        let are_needs = step.needs.iter().all(|need| is_need(need.amount));
        when(step.needs.len() > NEEDS_MAX || !are_needs, Fault::Needs);
        let is_endless = rule.repeat == Repeat::Each && step.needs.is_empty();
        when(is_endless && !repeats_by_itself(&step.reward), Fault::EndlessRepeat);
    }
    for step in &rule.steps {
        let needed = step.needs.iter().filter_map(|need| need.goods.as_ref());
        for goods in needed.chain(named_goods(&step.reward)) {
            faults.extend(goods_faults(goods, sizes));
        }
        faults.extend(reward_faults(&step.reward, coupons));
    }
    faults
}

/// Rewards that end by themselves: when no more units are there.
const fn repeats_by_itself(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::Units(_)
            | Reward::PriceList(_)
            | Reward::PointsPrice { .. }
            | Reward::Nth { .. }
            | Reward::Cheapest { .. }
            | Reward::BuyGet { .. }
            | Reward::Pick { .. }
            | Reward::Bundle { .. }
    )
}

/// Which rewards may stand in steps of one rule.
pub(super) const fn kind(reward: &Reward) -> u8 {
    match reward {
        Reward::Units(_) | Reward::PriceList(_) => 0,
        Reward::PointsPrice { .. } => 1,
        Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. } => 2,
        Reward::AmountOff(_) | Reward::AmountRate(_) => 3,
        Reward::Gift { .. } | Reward::AddOn { .. } => 4,
        Reward::FreeDelivery { .. } => 5,
        Reward::EarnPoints { .. } => 6,
        Reward::PointsTimes(_) => 7,
        Reward::PointsPay { .. } => 8,
        Reward::Grant(_) => 9,
    }
}

fn is_at_home(rule: &Rule, reward: &Reward) -> bool {
    if rule.coupon {
        return rule.lane.is_none_or(|lane| lane == Lane::Coupon)
            && !matches!(reward, Reward::PointsPay { .. } | Reward::PointsPrice { .. });
    }
    match rule.lane() {
        Lane::Price | Lane::Line => kind(reward) <= 1,
        Lane::Group => kind(reward) == 0 || kind(reward) == 2,
        Lane::Order => matches!(kind(reward), 3 | 4) || is_benefit(reward),
        Lane::Points => matches!(reward, Reward::PointsPay { .. }) || is_benefit(reward),
        Lane::Coupon => false,
    }
}

fn is_when(when: &When) -> bool {
    let parse =
        |text: &Option<String>| text.as_ref().map(|text| LocalMoment::parse(text)).transpose();
    let (Ok(from), Ok(until)) = (parse(&when.from), parse(&when.until)) else {
        return false;
    };
    let is_hours = |hours: &Hours| {
        hours.from_minute < 1_440
            && (1..=1_440).contains(&hours.until_minute)
            && hours.from_minute != hours.until_minute
    };
    from.zip(until).is_none_or(|(from, until)| from < until)
        && when.weekdays.iter().all(|day| (1..=7).contains(day))
        && when.month_days.iter().all(|day| (1..=31).contains(day))
        && when.hours.len() <= 24
        && when.hours.iter().all(is_hours)
}

fn is_limits(limits: &Limits) -> bool {
    let Limits {
        per_order,
        per_member,
        per_member_day,
        quota,
        coupons,
        amount_max,
        floor_price,
        floor_rate,
    } = limits;
    [per_order, per_member, per_member_day, quota, coupons].into_iter().flatten().all(|n| *n > 0)
        && amount_max.is_none_or(|max| (1..=RULE_MINOR_MAX).contains(&max.minor()))
        && floor_price.is_none_or(|floor| (0..=UNIT_PRICE_MINOR_MAX).contains(&floor.minor()))
        && floor_rate.is_none_or(|rate| rate.0 <= 10_000)
}

fn is_sum(money: Money) -> bool {
    (1..=RULE_MINOR_MAX).contains(&money.minor())
}

/// Whether a cut's rate, amount or price can be meant.
pub(in crate::pricing) fn is_cut(cut: Cut) -> bool {
    match cut {
        Cut::Rate(rate) => rate.0 <= 10_000,
        Cut::Off(off) => is_sum(off),
        Cut::Price(price) => (0..=RULE_MINOR_MAX).contains(&price.minor()),
    }
}

const WHOLE: BasisPoints = BasisPoints(10_000);

fn reward_faults(reward: &Reward, coupons: &BTreeSet<&str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut when = |is_fault: bool, fault: Fault| {
        if is_fault {
            faults.push(fault);
        }
    };
    let is_size = |n: u32| (1..=GROUP_PIECES_MAX).contains(&n);
    let is_points = |points: i64| (1..=RULE_POINTS_MAX).contains(&points);
    match reward {
        Reward::Units(cut) => when(!is_cut(*cut), Fault::Amount),
        Reward::PriceList(prices) => {
            when(prices.is_empty() || prices.len() > PRICE_LIST_MAX, Fault::PriceList);
            when(prices.values().any(|price| !is_cut(Cut::Price(*price))), Fault::Amount);
        }
        Reward::PointsPrice { points, price } => {
            when(!is_points(*points), Fault::Points);
            when(!is_cut(Cut::Price(*price)), Fault::Amount);
        }
        Reward::Nth { n, cut } => {
            when(!is_size(*n) || *n < 2, Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::Cheapest { of, count, cut } => {
            when(!is_size(*of) || !is_size(*count) || count >= of, Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::BuyGet { buy, get, cut, .. } => {
            when(!is_size(*buy) || !is_size(*get), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::Pick { n, price } => {
            when(!is_size(*n), Fault::Group);
            when(!is_cut(Cut::Price(*price)), Fault::Amount);
        }
        Reward::Bundle { slots, cut } => {
            when(slots.is_empty() || slots.len() > SLOTS_MAX, Fault::Slots);
            when(!slots.iter().all(|slot| is_size(slot.count)), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::AmountOff(off) => when(!is_sum(*off), Fault::Amount),
        Reward::AmountRate(rate) => when(*rate > WHOLE, Fault::Amount),
        Reward::Gift { count, .. } => when(!is_size(*count), Fault::Group),
        Reward::AddOn { count, cut, .. } => {
            when(!is_size(*count), Fault::Group);
            when(!is_cut(*cut), Fault::Amount);
        }
        Reward::FreeDelivery { fee_max } => when(!fee_max.is_none_or(is_sum), Fault::Amount),
        Reward::EarnPoints { per, points } => {
            when(!is_sum(*per), Fault::Amount);
            when(!is_points(*points), Fault::Points);
        }
        Reward::PointsTimes(rate) => when(rate.0 == 0 || rate.0 > 1_000_000, Fault::Points),
        Reward::PointsPay { points, worth, rate_max } => {
            when(!is_points(*points), Fault::Points);
            when(!is_sum(*worth) || *rate_max > WHOLE || rate_max.0 == 0, Fault::Amount);
        }
        Reward::Grant(grant) => match grant {
            Grant::NextCoupon(id) => when(!coupons.contains(id.as_str()), Fault::CouponUnknown),
            Grant::CashbackRate(rate) => when(*rate > WHOLE || rate.0 == 0, Fault::Amount),
            Grant::CashbackAmount(amount) => when(!is_sum(*amount), Fault::Amount),
            Grant::ParkingMinutes(minutes) => when(!(1..=44_640).contains(minutes), Fault::Amount),
        },
    }
    faults
}
