//! When another house is asked again, and who may ask.
//!
//! | age of the question | pause |
//! | --- | ---: |
//! | up to a minute | 5 s |
//! | up to five minutes | 15 s |
//! | up to an hour | 1 min |
//! | up to a day | 10 min |
//! | older | 1 h |
//!
//! **Invariant:** decisions from values only; nothing here asks anybody.

use domain::time::Timestamp;

/// How long somebody who has taken a question may need for it; `settle::within_claim` ends it
/// before. Whoever finds it older takes it over.
pub(crate) const CLAIM_MS: i64 = 80_000;
/// A turn that seems to last longer was taken before the clock stepped back, and is nobody's any more.
/// Clocks of several malls differ by less than the rest.
pub(crate) const CLAIM_MS_MAX: i64 = 2 * CLAIM_MS;
/// Between two questions about the same thing, however often a store asks.
pub(crate) const GAP_MS: i64 = 1_000;
/// When no question that was put can still be on its way. A payment code is good for a minute; and
/// this is what a payer is given to type a password (WeChat and Alipay close theirs sooner).
pub(crate) const LATE_MS: i64 = 120_000;

/// The longest pause. What seems to wait for longer was told so before the clock stepped back.
pub(crate) const PAUSE_MS_MAX: i64 = 3_600_000;

/// The pause before the next question, by the age of the first.
pub(crate) const fn pause_ms(age_ms: i64) -> i64 {
    match age_ms {
        ..60_000 => 5_000,
        60_000..300_000 => 15_000,
        300_000..3_600_000 => 60_000,
        3_600_000..86_400_000 => 600_000,
        86_400_000.. => PAUSE_MS_MAX,
    }
}

/// When a question may be put again, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// When it is due.
    pub(crate) ask_at: Timestamp,
    /// Until when somebody is at it; before that nobody else puts it.
    pub(crate) busy_until: Timestamp,
}

impl Turn {
    /// Nothing is left to ask.
    pub(crate) const NONE: Self =
        Self { ask_at: Timestamp::from_micros(0), busy_until: Timestamp::from_micros(0) };

    /// Somebody puts the question now.
    pub(crate) const fn taken(now: Timestamp) -> Self {
        let until = now.plus_ms(CLAIM_MS);
        Self { ask_at: until, busy_until: until }
    }

    /// The question was put and is open; it was first put at `since`.
    pub(crate) const fn later(since: Timestamp, now: Timestamp) -> Self {
        let pause = pause_ms(now.ms_since(since));
        Self { ask_at: now.plus_ms(pause), busy_until: now.plus_ms(GAP_MS) }
    }

    /// The question is due at a moment, and nobody is at it.
    pub(crate) const fn at(ask_at: Timestamp) -> Self {
        Self { ask_at, busy_until: Timestamp::from_micros(0) }
    }
}

/// Who wants a question put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// The reconciler: only when it is due.
    WhenDue,
    /// Somebody at a counter: as soon as nobody else is at it.
    Now,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_age_of_the_question() {
        let second = 1_000;
        let table = [
            (-5, 5),
            (0, 5),
            (59, 5),
            (60, 15),
            (299, 15),
            (300, 60),
            (3_599, 60),
            (3_600, 600),
            (86_400, 3_600),
            (i64::MAX / second, 3_600),
        ];
        for (age, pause) in table {
            assert_eq!(pause_ms(age * second), pause * second, "after {age} s");
        }
    }

    #[test]
    fn who_has_taken_a_question_has_it_for_a_while() {
        let now = Timestamp::from_micros(0);
        assert_eq!(Turn::taken(now).busy_until.ms_since(now), CLAIM_MS);
        let later = Turn::later(now, now.plus_ms(70_000));
        assert_eq!((later.ask_at.ms_since(now), later.busy_until.ms_since(now)), (85_000, 71_000));
    }
}
