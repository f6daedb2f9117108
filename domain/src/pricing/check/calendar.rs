//! When a rule is open for the first time.
//!
//! **Invariant:** what is open is asked of `open`, which is asked at the counter too.

use crate::{
    pricing::{open::Opening, rule::Rule},
    time::{LocalMoment, StoreClock, Timestamp},
};

/// Days that are looked at: after two years every weekday has had every day of the month.
const DAYS_MAX: i64 = 800;
/// Minutes of a day.
const DAY: i64 = 1_440;
/// The wall's own clock, in which minutes of wall time are counted.
const WALL: StoreClock = StoreClock { utc_offset_minutes: 0, day_cut_minutes: 0 };
/// A day to begin with where a rule names none; any would do.
const SOME_DAY: &str = "2026-01-01";

/// The first moment at which a rule is open, not before `now`, to the minute. None if there is
/// none, or none for `DAYS_MAX` days.
pub(super) fn first_open(rule: &Rule, now: Option<LocalMoment>) -> Option<LocalMoment> {
    let parse = |text: &str| LocalMoment::parse(text).ok();
    let from = rule.when.from.as_deref().and_then(parse);
    let until = rule.when.until.as_deref().and_then(parse);
    let some_day = || until.or_else(|| parse(SOME_DAY)).map(|day| minutes(day) - DAYS_MAX * DAY);
    let first = from.max(now).map(minutes).or_else(some_day)?;
    let opening = Opening::of(rule);
    let mut starts = vec![0];
    starts.extend(rule.when.hours.iter().map(|hours| i64::from(hours.from_minute)));
    starts.sort_unstable();
    let is_open = |at: i64| {
        // A beginning with seconds is open from the next minute on.
        opening.holds(&rule.when.hours, moment(at), moment(at - DAY))
    };
    let midnight = first - first.rem_euclid(DAY);
    // What is open begins now, a minute after, at a midnight, or where hours begin.
    let days = (0..DAYS_MAX).map(|day| midnight + day * DAY);
    let until = until.map_or(i64::MAX, minutes);
    let later = days.take_while(|day| *day <= until).flat_map(|day| {
        let starts = starts.iter().map(move |start| day + start);
        starts.filter(|at| *at >= first).collect::<Vec<_>>()
    });
    [first, first + 1].into_iter().chain(later).find(|at| is_open(*at)).map(moment)
}

/// The moment in microseconds for a store of a clock.
pub(super) fn timestamp(at: LocalMoment, clock: StoreClock) -> Timestamp {
    let minutes = minutes(at) - i64::from(clock.utc_offset_minutes);
    Timestamp::from_micros(0).plus_ms(minutes.saturating_mul(60_000))
}

/// Minutes of wall time since 1970.
fn minutes(at: LocalMoment) -> i64 {
    let epoch = WALL.local_moment(Timestamp::from_micros(0));
    i64::from(at.whole_days_since(epoch)) * DAY + i64::from(at.minute())
}

fn moment(minutes: i64) -> LocalMoment {
    WALL.local_moment(Timestamp::from_micros(0).plus_ms(minutes.saturating_mul(60_000)))
}
