//! Times as each house writes them. All of them mean China's clock, UTC+8 without summer time.

use domain::time::{StoreClock, Timestamp};

/// Above this a whole number is milliseconds: in seconds it would be the year 5138.
const SECONDS_MAX: i64 = 100_000_000_000;
/// Beyond the year 9999 nothing is a time of ours.
const MILLISECONDS_MAX: i64 = 253_402_300_800_000;

/// `2026-11-21 18:03:27`, as Alipay wants it.
pub(crate) fn wall(at: Timestamp) -> String {
    StoreClock::default().wall(at)
}

/// `2026-11-21T18:03:27+08:00`, as WeChat v3 wants it.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{}+08:00", wall(at).replace(' ', "T"))
}

/// Whole seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// Seconds or milliseconds since 1970, told by their size; zero and less are no time.
pub(crate) fn from_epoch(number: i64) -> Option<Timestamp> {
    let ms = if number > SECONDS_MAX { number } else { number.checked_mul(1_000)? };
    (1..MILLISECONDS_MAX).contains(&ms).then(|| Timestamp::from_micros(ms * 1_000))
}

/// RFC 3339 with any offset, or China's `2026-11-21 18:03:27`, or `20261121180327`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if text.len() == 14 && text.is_ascii() {
        let (date, time) = (digits(0..8)?, digits(8..14)?);
        let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
        return format!("{year}-{month}-{day}T{hour}:{minute}:{second}+08:00").parse().ok();
    }
    (text.len() == 19 && text.is_ascii()).then(|| format!("{text}+08:00").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_house_wants_them() {
        let at: Timestamp = "2026-11-21T10:03:27.9Z".parse().unwrap();
        assert_eq!(wall(at), "2026-11-21 18:03:27");
        assert_eq!(rfc3339(at), "2026-11-21T18:03:27+08:00");
        assert_eq!(seconds(at), 1_795_255_407);
    }

    #[test]
    fn times_are_read_as_each_house_writes_them() {
        let table = [
            ("2026-11-21T18:03:27+08:00", Some("2026-11-21T10:03:27Z")),
            ("2026-11-21 18:03:27", Some("2026-11-21T10:03:27Z")),
            ("20261121180327", Some("2026-11-21T10:03:27Z")),
            ("20261321180327", None),
            ("2026-11-21", None),
            ("", None),
            ("二〇二六年十一月", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn seconds_and_milliseconds_are_told_by_their_size() {
        let table = [
            (1_651_113_600, Some("2022-04-28T02:40:00Z")),
            (1_651_113_600_000, Some("2022-04-28T02:40:00Z")),
            (0, None),
            (-5, None),
            (i64::MAX, None),
            (i64::MIN, None),
        ];
        for (number, expected) in table {
            assert_eq!(from_epoch(number).map(|at| at.to_string()).as_deref(), expected);
        }
    }
}
