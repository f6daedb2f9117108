//! What time it is on the platforms, and how they write it.
//!
//! The clock runs with the wall's until it is stopped, and can be turned forward by hand, so that an
//! hour's window closes within a test. How old a signature is, is always told by the wall: turning
//! this clock must not make the callers' clocks wrong.
//!
//! **Invariant:** time goes forward only; everything here is China's time, UTC+8.

use std::time::SystemTime;

use serde::Serialize;

const CHINA_SECONDS: i64 = 8 * 3_600;
const DAY_SECONDS: i64 = 86_400;

/// The platforms' clock.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Clock {
    turned_seconds: i64,
    stopped_at: Option<i64>,
}

impl Clock {
    /// Seconds since 1970, as the platforms have it.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.stopped_at.unwrap_or_else(Self::wall) + self.turned_seconds
    }

    /// Seconds since 1970, as everybody has it.
    #[must_use]
    pub fn wall() -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the platforms' clock, outside our house")]
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
    }

    /// Lets it stand still, so that a test can be exact about a second.
    pub fn stop(&mut self) {
        self.stopped_at.get_or_insert_with(Self::wall);
    }

    /// Turns it forward.
    pub fn turn(&mut self, seconds: u32) {
        self.turned_seconds += i64::from(seconds);
    }
}

/// Year, month, day, hour, minute and second in China.
fn civil(seconds: i64) -> [i64; 6] {
    let local = seconds + CHINA_SECONDS;
    let (days, rest) = (local.div_euclid(DAY_SECONDS), local.rem_euclid(DAY_SECONDS));
    // Days are counted from 1 March of the year 0, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    [year, month, date, rest / 3_600, rest / 60 % 60, rest % 60]
}

/// `20260314150926`, as `WeChat` Pay v2 writes it.
pub(crate) fn digits(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// `2026-03-14T15:09:26+08:00`, as `WeChat` Pay v3 writes it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+08:00")
}

/// `2026-03-14 15:09:26`, as Alipay writes it.
pub(crate) fn spaced(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Whether a text has the form of a pattern, in which `9` stands for any digit.
pub(crate) fn has_form(text: &str, pattern: &str) -> bool {
    let fits =
        |(byte, form): (u8, u8)| if form == b'9' { byte.is_ascii_digit() } else { byte == form };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_chinas_time() {
        assert_eq!(digits(0), "19700101080000");
        assert_eq!(rfc3339(1_709_222_399), "2024-02-29T23:59:59+08:00");
        assert_eq!(spaced(1_773_472_166), "2026-03-14 15:09:26");
        assert_eq!(spaced(4_107_484_800), "2100-02-28 16:00:00");
    }

    #[test]
    fn a_stopped_clock_moves_by_hand_alone() {
        let mut clock = Clock::default();
        clock.stop();
        let began = clock.now();
        clock.turn(3_599);
        assert_eq!(clock.now() - began, 3_599);
    }
}
