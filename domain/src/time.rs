//! Timestamps, business dates, and the clock on a store's wall.
//!
//! **Invariant:** the only file that knows the date library, and it never asks what time it is.

use std::{fmt, str::FromStr};

use jiff::{civil, tz::Offset};
use serde::{Deserialize, Serialize};

/// A moment in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A written date or time that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date or time of RFC 3339")]
pub struct TimeText(String);

impl Timestamp {
    /// So many microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds after the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment so many milliseconds later; it saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000)))
    }

    /// Milliseconds from an earlier moment to this one, below zero if it was later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000
    }

    fn instant(self) -> jiff::Timestamp {
        // Out of range only beyond the year 9999, which no clock of ours can show.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

/// RFC 3339 in UTC, as the wire and the logs show it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.instant(), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeText;

    fn from_str(text: &str) -> Result<Self, TimeText> {
        let instant = text.parse::<jiff::Timestamp>().map_err(|_| TimeText(text.to_owned()))?;
        Ok(Self(instant.as_microsecond()))
    }
}

/// The trading day an order belongs to (ARTS `BusinessDayDate`), not the calendar's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(civil::Date);

impl BusinessDate {
    /// `20261121`, as receipt numbers carry it.
    #[must_use]
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m%d").to_string()
    }

    /// Reads `20261121`.
    #[must_use]
    pub fn parse_compact(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.is_ascii() {
            return None;
        }
        civil::Date::strptime("%Y%m%d", text).ok().map(Self)
    }
}

/// `2026-11-21` (ISO 8601).
impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for BusinessDate {
    type Err = TimeText;

    fn from_str(text: &str) -> Result<Self, TimeText> {
        if text.len() != 10 {
            return Err(TimeText(text.to_owned()));
        }
        text.parse().map(Self).map_err(|_| TimeText(text.to_owned()))
    }
}

impl Serialize for BusinessDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BusinessDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a store tells the time: its distance from UTC, and when its trading day turns.
///
/// A fixed distance and not a zone: China has kept one offset without summer time since 1991,
/// and a zone's rules would have to be read from a file, which this crate never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreClock {
    /// Minutes east of UTC, −1,439 to 1,439; China is 480.
    pub utc_offset_minutes: i16,
    /// Minutes after local midnight at which the next business date begins, 0 to 1,439.
    pub day_cut_minutes: u16,
}

impl Default for StoreClock {
    /// China, with the day turning at 04:00 so that a late shift stays on its date.
    fn default() -> Self {
        Self { utc_offset_minutes: 480, day_cut_minutes: 240 }
    }
}

impl StoreClock {
    /// The business date on which something at this moment counts.
    #[must_use]
    pub fn business_date(self, at: Timestamp) -> BusinessDate {
        let shifted = at.plus_ms(-i64::from(self.day_cut_minutes) * 60_000);
        BusinessDate(self.local(shifted).date())
    }

    /// `2026-11-21 18:03:27` on the store's wall, as a receipt prints it.
    #[must_use]
    pub fn wall(self, at: Timestamp) -> String {
        self.local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The moment as rules ask for it.
    #[must_use]
    pub fn local_moment(self, at: Timestamp) -> LocalMoment {
        LocalMoment(self.local(at))
    }

    fn local(self, at: Timestamp) -> civil::DateTime {
        let offset =
            Offset::from_seconds(i32::from(self.utc_offset_minutes) * 60).unwrap_or(Offset::UTC);
        offset.to_datetime(at.instant())
    }
}

/// A moment on the clock of a store's wall, which has no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalMoment(civil::DateTime);

impl LocalMoment {
    /// Before all others.
    pub const MIN: Self = Self(civil::DateTime::MIN);
    /// After all others.
    pub const MAX: Self = Self(civil::DateTime::MAX);

    /// Reads `2026-11-21` (its midnight) or `2026-11-21T18:30`, with seconds or without.
    pub fn parse(text: &str) -> Result<Self, TimeText> {
        let fault = || TimeText(text.to_owned());
        let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b"-T:".contains(&b));
        match text.len() {
            10 if is_plain => text.parse::<civil::Date>().map(|date| date.at(0, 0, 0, 0)),
            16 | 19 if is_plain => text.parse(),
            _ => return Err(fault()),
        }
        .map(Self)
        .map_err(|_| fault())
    }

    /// ISO weekday: 1 is Monday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        self.0.weekday().to_monday_one_offset().unsigned_abs()
    }

    /// 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// 1 to 31.
    #[must_use]
    pub fn month_day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// Minutes since midnight.
    #[must_use]
    pub fn minute(self) -> u16 {
        let (hour, minute) = (self.0.hour().unsigned_abs(), self.0.minute().unsigned_abs());
        u16::from(hour) * 60 + u16::from(minute)
    }

    /// Whether February has 29 days.
    #[must_use]
    pub fn is_leap_year(self) -> bool {
        self.0.date().in_leap_year()
    }

    /// Whole days from an earlier moment to this one.
    #[must_use]
    pub fn whole_days_since(self, earlier: Self) -> i32 {
        self.0.date().since(earlier.0.date()).map_or(0, |span| span.get_days())
    }

    /// Days from a date to this one, below zero if it was later.
    #[must_use]
    pub fn days_since(self, date: BusinessDate) -> Option<i32> {
        self.0.date().since(date.0).ok().map(|span| span.get_days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_date_turns_at_the_day_cut_and_not_at_midnight() {
        let table = [
            ("2026-11-21T10:00:00Z", "2026-11-21"), // 18:00 in the store
            ("2026-11-21T19:59:59Z", "2026-11-21"), // 03:59:59 next morning
            ("2026-11-21T20:00:00Z", "2026-11-22"), // 04:00
            ("2026-12-31T18:00:00Z", "2026-12-31"), // 02:00 on New Year
        ];
        for (at, date) in table {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(StoreClock::default().business_date(at).to_string(), date, "{at}");
        }
    }

    #[test]
    fn the_wall_shows_local_time() {
        let at: Timestamp = "2026-11-21T10:03:27Z".parse().unwrap();
        assert_eq!(StoreClock::default().wall(at), "2026-11-21 18:03:27");
        assert_eq!(at.to_string(), "2026-11-21T10:03:27Z");
    }

    #[test]
    fn compact_dates_read_back() {
        let date: BusinessDate = "2026-11-21".parse().unwrap();
        assert_eq!(date.compact(), "20261121");
        assert_eq!(BusinessDate::parse_compact("20261121"), Some(date));
        for bad in ["2026112", "20261341", "2026112a", "２０２６"] {
            assert_eq!(BusinessDate::parse_compact(bad), None, "{bad}");
        }
    }
}
