//! Whether a rule that can be meant ever does something, and brings more to who buys more.
//!
//! **Invariant:** warnings only, from the rule alone; a rule is never refused for being foolish.

use super::{calendar::first_open, fault::Fault};
use crate::{
    money::{BasisPoints, Money},
    pricing::{
        benefit::is_benefit,
        goods::Select,
        rule::{
            Cut, Grant, Join, Limits, NeedAmount, Repeat, Reward, Rule, StackingMode, Step, Who,
        },
    },
    time::LocalMoment,
};

/// What the author of a rule without errors should know, at a moment if there is one.
pub(super) fn warnings(rule: &Rule, now: Option<LocalMoment>) -> Vec<Fault> {
    let is_ever_open = first_open(rule, None).is_some();
    let is_over = is_ever_open && now.is_some() && first_open(rule, now).is_none();
    [
        (!is_ever_open, Fault::NeverOpen),
        (is_over, Fault::Ended),
        (is_for_members_unsaid(rule), Fault::MembersOnly),
        (has_blank_word(rule), Fault::BlankWord),
        (has_limits_at_odds(&rule.limits), Fault::LimitsAtOdds),
        (has_idle_setting(rule), Fault::IdleSetting),
        (rule.steps.iter().any(|step| takes_nothing(rule, &step.reward)), Fault::TakesNothing),
        (is_hidden(rule), Fault::StepHidden),
        (rule.steps.windows(2).any(|pair| is_worse(rule, pair)), Fault::StepWorse),
        (rule.steps.iter().any(is_over_threshold), Fault::OverThreshold),
        (rule.steps.iter().any(|step| is_below_floor(rule, &step.reward)), Fault::FloorOverPrice),
    ]
    .into_iter()
    .filter_map(|(is_so, fault)| is_so.then_some(fault))
    .collect()
}

/// Uses are counted per member, and the audience is anyone.
fn is_for_members_unsaid(rule: &Rule) -> bool {
    let Limits { per_member, per_member_day, .. } = rule.limits;
    rule.who.is_anyone() && (per_member.is_some() || per_member_day.is_some())
}

fn has_blank_word(rule: &Rule) -> bool {
    let Who { tiers, crowds, .. } = &rule.who;
    [tiers, crowds, &rule.place.stores].into_iter().any(|words| {
        let is_twice = |at: usize, word: &String| words.iter().take(at).any(|one| one == word);
        words.iter().enumerate().any(|(at, word)| word.trim().is_empty() || is_twice(at, word))
    })
}

/// A limit that lies within another must not be larger.
fn has_limits_at_odds(limits: &Limits) -> bool {
    let Limits { per_order, per_member, per_member_day, quota, .. } = *limits;
    let pairs = [
        (per_order, per_member_day),
        (per_order, per_member),
        (per_order, quota),
        (per_member_day, per_member),
        (per_member_day, quota),
        (per_member, quota),
    ];
    pairs.into_iter().any(|(inner, outer)| inner.zip(outer).is_some_and(|(i, o)| i > o))
}

/// Something is said that nobody reads.
fn has_idle_setting(rule: &Rule) -> bool {
    let Limits { coupons, amount_max, floor_price, floor_rate, .. } = rule.limits;
    let all = |is_so: fn(&Reward) -> bool| {
        !rule.steps.is_empty() && rule.steps.iter().all(|step| is_so(&step.reward))
    };
    let shares_idly = rule.stacking.mode != StackingMode::Stack && all(is_benefit);
    let floors_idly = (floor_price.is_some() || floor_rate.is_some()) && all(is_benefit);
    let joins_idly = rule.join == Join::Any && rule.steps.iter().all(|step| step.needs.len() < 2);
    (coupons.is_some() && !rule.coupon)
        || shares_idly
        || floors_idly
        || (amount_max.is_some() && all(takes_no_money))
        || joins_idly
        || (rule.repeat == Repeat::Each && all(comes_once))
}

/// Nothing that a cap could cap.
const fn takes_no_money(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::EarnPoints { .. }
            | Reward::PointsTimes(_)
            | Reward::Grant(Grant::NextCoupon(_) | Grant::ParkingMinutes(_))
    )
}

/// As much when its needs are met twice as when they are met once.
const fn comes_once(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::AmountRate(_)
            | Reward::FreeDelivery { .. }
            | Reward::EarnPoints { .. }
            | Reward::PointsTimes(_)
            | Reward::Grant(Grant::CashbackRate(_))
    )
}

const WHOLE: BasisPoints = BasisPoints(10_000);

fn takes_nothing(rule: &Rule, reward: &Reward) -> bool {
    match reward {
        Reward::Units(cut) | Reward::Nth { cut, .. } | Reward::Cheapest { cut, .. } => {
            *cut == Cut::Rate(WHOLE)
        }
        Reward::BuyGet { cut, .. } | Reward::Bundle { cut, .. } | Reward::AddOn { cut, .. } => {
            *cut == Cut::Rate(WHOLE)
        }
        Reward::AmountRate(rate) => *rate == WHOLE,
        // A list of other SKUs than those of the rule.
        Reward::PriceList(prices) => {
            let is_unpriced =
                |select: &Select| matches!(select, Select::Sku(sku) if !prices.contains_key(sku));
            let any = &rule.goods.any;
            !any.is_empty() && any.iter().all(is_unpriced)
        }
        Reward::PointsTimes(rate) => rate.0 == 10_000,
        Reward::PointsPrice { .. }
        | Reward::Pick { .. }
        | Reward::AmountOff(_)
        | Reward::Gift { .. }
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsPay { .. }
        | Reward::Grant(_) => false,
    }
}

/// What a step asks for, if it is one thing of the rule's own goods: its measure and how much.
pub(super) fn need(step: &Step) -> Option<(u8, i64)> {
    match step.needs.as_slice() {
        [] => Some((0, 0)),
        [need] if need.goods.is_none() => Some(match need.amount {
            NeedAmount::Pieces(n) => (1, i64::from(n)),
            NeedAmount::Minor(minor) => (2, minor.minor()),
            NeedAmount::Milli(milli) => (3, milli.milli()),
        }),
        _ => None,
    }
}

/// A step that asks for no less than a later one: the later always applies instead.
fn is_hidden(rule: &Rule) -> bool {
    rule.steps.windows(2).any(|pair| {
        let [a, b] = pair else { return false };
        match (need(a), need(b)) {
            (Some(_), Some((0, _))) => true,
            (Some((of, a)), Some((same, b))) => of == same && a >= b,
            _ => false,
        }
    })
}

/// How much a reward brings beside another of the same kind.
pub(super) fn weight(reward: &Reward) -> Option<(u8, i64)> {
    match reward {
        Reward::Units(Cut::Rate(rate)) => Some((0, -i64::from(rate.0))),
        Reward::Units(Cut::Off(off)) => Some((1, off.minor())),
        Reward::Units(Cut::Price(price)) => Some((2, -price.minor())),
        Reward::AmountOff(off) => Some((3, off.minor())),
        Reward::AmountRate(rate) => Some((4, -i64::from(rate.0))),
        Reward::FreeDelivery { fee_max } => Some((5, fee_max.map_or(i64::MAX, Money::minor))),
        Reward::PointsTimes(rate) => Some((6, i64::from(rate.0))),
        Reward::Grant(Grant::CashbackRate(rate)) => Some((7, i64::from(rate.0))),
        Reward::Grant(Grant::CashbackAmount(amount)) => Some((8, amount.minor())),
        Reward::Grant(Grant::ParkingMinutes(minutes)) => Some((9, i64::from(*minutes))),
        Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. }
        | Reward::Gift { .. }
        | Reward::AddOn { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsPay { .. }
        | Reward::Grant(Grant::NextCoupon(_)) => None,
    }
}

/// Of two steps the second asks for more and brings no more; repeated, less for each that it asks.
fn is_worse(rule: &Rule, pair: &[Step]) -> bool {
    let [a, b] = pair else { return false };
    let (Some((of, low)), Some((same, high))) = (need(a), need(b)) else { return false };
    let (Some((kind, less)), Some((other, more))) = (weight(&a.reward), weight(&b.reward)) else {
        return false;
    };
    if kind != other || (low, of) == (high, same) || (of != same && of != 0) || low > high {
        return false;
    }
    let each = |brings: i64, asks: i64| i128::from(brings) * i128::from(asks);
    let is_each = rule.repeat == Repeat::Each && matches!(a.reward, Reward::AmountOff(_));
    more <= less || (is_each && low > 0 && each(more, low) < each(less, high))
}

/// 满100减150: who reaches it gets the goods for nothing.
fn is_over_threshold(step: &Step) -> bool {
    match (&step.reward, need(step)) {
        (Reward::AmountOff(off), Some((2, minor))) => off.minor() >= minor,
        _ => false,
    }
}

/// The floor stands above what the reward sets, so that it is never reached.
fn is_below_floor(rule: &Rule, reward: &Reward) -> bool {
    let floor = rule.limits.floor_price.unwrap_or(Money::ZERO);
    let is_below_rate =
        |rate: BasisPoints| rule.limits.floor_rate.is_some_and(|floor| floor > rate);
    match reward {
        Reward::Units(Cut::Rate(rate)) | Reward::AmountRate(rate) => is_below_rate(*rate),
        Reward::Units(Cut::Price(price)) | Reward::PointsPrice { price, .. } => floor > *price,
        Reward::PriceList(prices) => prices.values().any(|price| floor > *price),
        Reward::Units(Cut::Off(_))
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. }
        | Reward::AmountOff(_)
        | Reward::Gift { .. }
        | Reward::AddOn { .. }
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::PointsPay { .. }
        | Reward::Grant(_) => false,
    }
}
