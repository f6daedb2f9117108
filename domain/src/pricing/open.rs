//! Whether a rule is open to this shopper, now and here, and how many uses are left of it.
//!
//! **Invariant:** looks at the occasion alone; goods come later.

use super::{
    Why,
    occasion::{Occasion, Shopper, Used},
    rule::{Birthday, Hours, Limits, Reward, Rule, When, Who},
};
use crate::time::LocalMoment;

/// When a rule is in force, parsed once.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    from: Option<LocalMoment>,
    until: Option<LocalMoment>,
    /// Bit n: ISO weekday n.
    weekdays: u8,
    /// Bit n: day n of the month.
    month_days: u32,
}

/// What all rules ask of an occasion, worked out once per quote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) occasion: &'a Occasion,
    local: LocalMoment,
    /// The same time of the day before.
    eve: LocalMoment,
}

/// Milliseconds of a day on a store's clock, which knows no summer time.
const DAY_MS: i64 = 86_400_000;

impl<'a> Moment<'a> {
    pub(super) fn of(occasion: &'a Occasion) -> Self {
        let local = |at| occasion.clock.local_moment(at);
        Self { occasion, local: local(occasion.at), eve: local(occasion.at.plus_ms(-DAY_MS)) }
    }
}

impl Opening {
    /// Parses what `check` has accepted; what it would refuse never opens.
    pub(super) fn of(rule: &Rule) -> Self {
        let When { from, until, weekdays, month_days, .. } = &rule.when;
        let moment = |text: &Option<String>, otherwise| {
            text.as_ref().map(|text| LocalMoment::parse(text).unwrap_or(otherwise))
        };
        Self {
            from: moment(from, LocalMoment::MAX),
            until: moment(until, LocalMoment::MIN),
            weekdays: weekdays
                .iter()
                .fold(0, |bits, day| bits | 1_u8.checked_shl((*day).into()).unwrap_or(0)),
            month_days: month_days
                .iter()
                .fold(0, |bits, day| bits | 1_u32.checked_shl((*day).into()).unwrap_or(0)),
        }
    }

    /// Whether it is open at a moment. Hours past midnight belong to the day on which they began,
    /// the `eve`.
    pub(super) fn holds(&self, hours: &[Hours], at: LocalMoment, eve: LocalMoment) -> bool {
        let has =
            |bits: u32, n: u8| bits == 0 || bits & 1_u32.checked_shl(n.into()).unwrap_or(0) != 0;
        let is_day = |day: LocalMoment| {
            has(self.weekdays.into(), day.weekday()) && has(self.month_days, day.month_day())
        };
        let is_hour = |hours: &Hours| {
            let began = if hours.is_after_midnight(at.minute()) { eve } else { at };
            hours.has(at.minute()) && is_day(began)
        };
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
            && (if hours.is_empty() { is_day(at) } else { hours.iter().any(is_hour) })
    }
}

impl Hours {
    /// Whether a minute of the day lies in it.
    #[must_use]
    pub const fn has(self, minute: u16) -> bool {
        if self.from_minute < self.until_minute {
            self.from_minute <= minute && minute < self.until_minute
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }

    /// Whether a minute lies behind the midnight that it goes past.
    const fn is_after_midnight(self, minute: u16) -> bool {
        self.until_minute < self.from_minute && minute < self.until_minute
    }
}

/// Uses that limits leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uses {
    /// In this order; with coupons, of each.
    pub(super) each: u32,
    /// In all: what member, day and quota leave, shared by all coupons of the rule.
    pub(super) all: u32,
}

/// Whether a rule is open, as far as goods do not matter; if so, how many uses are left.
pub(super) fn uses_left(rule: &Rule, opening: &Opening, moment: Moment<'_>) -> Result<Uses, Why> {
    let occasion = moment.occasion;
    if !opening.holds(&rule.when.hours, moment.local, moment.eve) {
        return Err(Why::When);
    }
    let place = &rule.place;
    let is_here = (place.stores.is_empty() || place.stores.contains(&occasion.store))
        && (place.channels.is_empty() || place.channels.contains(&occasion.channel));
    if !is_here {
        return Err(Why::Where);
    }
    let shopper = occasion.shopper.as_ref();
    if !(rule.who.is_anyone() || shopper.is_some_and(|s| is_for(&rule.who, s, moment.local))) {
        return Err(Why::Who);
    }
    // Points are earned by somebody.
    let earns =
        |reward: &Reward| matches!(reward, Reward::EarnPoints { .. } | Reward::PointsTimes(_));
    if shopper.is_none() && rule.steps.iter().any(|step| earns(&step.reward)) {
        return Err(Why::Who);
    }
    let Limits { per_order, per_member, per_member_day, quota, .. } = rule.limits;
    if (per_member.is_some() || per_member_day.is_some()) && shopper.is_none() {
        return Err(Why::Who);
    }
    if (per_order, per_member, per_member_day, quota) == (None, None, None, None) {
        return Ok(Uses { each: u32::MAX, all: u32::MAX });
    }
    let none = Used::default();
    let used = occasion.used.iter().find(|used| used.rule == rule.id).unwrap_or(&none);
    let left = |limit: Option<u32>, used: u32| limit.map_or(u32::MAX, |l| l.saturating_sub(used));
    let all = left(per_member, used.by_member)
        .min(left(per_member_day, used.by_member_today))
        .min(left(quota, used.by_all));
    let each = left(per_order, 0).min(all);
    if each == 0 { Err(Why::UsedUp) } else { Ok(Uses { each, all }) }
}

fn is_for(who: &Who, shopper: &Shopper, at: LocalMoment) -> bool {
    let is_new = |days| {
        shopper
            .joined_on
            .and_then(|date| at.days_since(date))
            .is_some_and(|n| (0..=i32::from(days)).contains(&n))
    };
    (who.tiers.is_empty() || who.tiers.contains(&shopper.tier))
        && who.joined_days_max.is_none_or(is_new)
        && who.birthday.is_none_or(|near| is_birthday(near, shopper, at))
        && (!who.staff || shopper.is_staff)
        && (who.crowds.is_empty() || who.crowds.iter().any(|crowd| shopper.crowds.contains(crowd)))
}

/// Somebody born on 29 February has it on the 28th in other years.
fn is_birthday(near: Birthday, shopper: &Shopper, at: LocalMoment) -> bool {
    shopper.birthday.is_some_and(|(month, day)| match near {
        Birthday::Month => at.month() == month,
        Birthday::Day if (month, day) == (2, 29) && !at.is_leap_year() => {
            (at.month(), at.month_day()) == (2, 28)
        }
        Birthday::Day => (at.month(), at.month_day()) == (month, day),
    })
}
