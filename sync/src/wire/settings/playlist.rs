//! What a shopper's screen shows while nobody buys: pictures, one after the other.
//!
//! A picture is known by its SHA-256; the mall holds it, and a store fetches it before it shows the
//! list that names it.
//!
//! **Invariant:** a picture is named by its content, so that it is never another one's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain::Hash;

/// Pictures of a playlist: with the shortest times a round of 100 seconds, and what a box keeps of them
/// stays small.
pub const PICTURES_MAX: usize = 20;
/// Seconds that a picture is shown at least: less cannot be read.
pub const SLIDE_SECONDS_MIN: i64 = 3;
/// Seconds that a picture is shown at most.
pub const SLIDE_SECONDS_MAX: i64 = 120;
/// Minutes of a day.
const DAY_MINUTES: i64 = 1_440;

/// A picture, for how long, and when in the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlideV1 {
    /// Which picture.
    pub picture: Hash,
    /// How long it is shown, 3 to 120 seconds.
    pub seconds: i64,
    /// The minute of the day from which it is shown, 0 to 1,439; from midnight if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_minutes: Option<i64>,
    /// The minute of the day before which it is shown, 1 to 1,440; to midnight if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_minutes: Option<i64>,
}

impl SlideV1 {
    fn can_be(&self) -> bool {
        let (from, to) = (self.from_minutes.unwrap_or(0), self.to_minutes.unwrap_or(DAY_MINUTES));
        (SLIDE_SECONDS_MIN..=SLIDE_SECONDS_MAX).contains(&self.seconds)
            && 0 <= from
            && from < to
            && to <= DAY_MINUTES
    }
}

/// Whether a value is a playlist.
pub(super) fn is_one(value: &Value) -> bool {
    let slides: Result<Vec<SlideV1>, _> = serde_json::from_value(value.clone());
    slides.is_ok_and(|slides| slides.len() <= PICTURES_MAX && slides.iter().all(SlideV1::can_be))
}
