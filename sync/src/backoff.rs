//! How long to wait before asking again: exponential with full jitter.
//!
//! **Invariant:** the random number comes in, so a test turns it by hand.

/// The first wait is at most this.
pub const RETRY_MS_MIN: u64 = 1_000;
/// No wait is longer, so that a mall that is back is found within five minutes.
pub const RETRY_MS_MAX: u64 = 300_000;

/// Milliseconds to wait after so many failures in a row (from 1), given a random number.
///
/// Full jitter: anything between half a `RETRY_MS_MIN` and the doubled bound, so that thousands of
/// stores do not come back in step.
#[must_use]
pub fn retry_ms(failures: u32, random: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(20);
    let bound = RETRY_MS_MIN.saturating_mul(1 << doublings).min(RETRY_MS_MAX);
    let floor = RETRY_MS_MIN / 2;
    floor + (bound - floor).saturating_mul(u64::from(random)) / u64::from(u32::MAX)
}

/// Milliseconds to wait when the mall asked for so many: up to half as much again, so that those who
/// were asked together do not come back together, and never so short that asking is all there is.
#[must_use]
pub fn asked_ms(asked: u64, random: u32) -> u64 {
    let asked = asked.clamp(RETRY_MS_MIN / 2, RETRY_MS_MAX);
    (asked + (asked / 2).saturating_mul(u64::from(random)) / u64::from(u32::MAX)).min(RETRY_MS_MAX)
}

/// Nobody waits longer for others to come back first.
pub const SPREAD_MS_MAX: u64 = 60_000;
/// Who heard nothing for so much time may wait for a part of it more: one in so many.
const SPREAD_PART: u64 = 4;

/// Milliseconds to wait when somebody else heard first that the mall is back, after so many of silence.
///
/// Anything between nothing and a quarter of the silence: after an outage of minutes thousands of stores
/// come one after the other, and after a moment nobody waits.
#[must_use]
pub fn spread_ms(silent_ms: u64, random: u32) -> u64 {
    let bound = (silent_ms / SPREAD_PART).min(SPREAD_MS_MAX);
    bound.saturating_mul(u64::from(random)) / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_after_a_long_silence_does_not_come_with_all_others() {
        let table = [
            (0, u32::MAX, 0),
            (3, u32::MAX, 0),
            (8_000, 0, 0),
            (8_000, u32::MAX, 2_000),
            (240_000, u32::MAX, SPREAD_MS_MAX),
            (u64::MAX, u32::MAX, SPREAD_MS_MAX),
            (u64::MAX, u32::MAX / 2, SPREAD_MS_MAX / 2 - 1),
        ];
        for (silent, random, ms) in table {
            assert_eq!(spread_ms(silent, random), ms, "{silent} {random}");
        }
    }

    #[test]
    fn what_the_mall_asks_for_is_kept_with_jitter_and_within_bounds() {
        let table = [
            (0, 0, 500),
            (0, u32::MAX, 750),
            (4_000, 0, 4_000),
            (4_000, u32::MAX, 6_000),
            (u64::MAX, 0, RETRY_MS_MAX),
            (u64::MAX, u32::MAX, RETRY_MS_MAX),
        ];
        for (asked, random, ms) in table {
            assert_eq!(asked_ms(asked, random), ms, "{asked} {random}");
        }
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        let table = [
            (1, 0, 500),
            (1, u32::MAX, 1_000),
            (2, u32::MAX, 2_000),
            (5, u32::MAX, 16_000),
            (9, u32::MAX, 256_000),
            (10, u32::MAX, RETRY_MS_MAX),
            (u32::MAX, u32::MAX, RETRY_MS_MAX),
            (u32::MAX, 0, 500),
        ];
        for (failures, random, ms) in table {
            assert_eq!(retry_ms(failures, random), ms, "{failures} {random}");
        }
    }
}
