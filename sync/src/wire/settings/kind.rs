//! What kinds of value there are, and what is wrong with one that is of none.
//!
//! **Invariant:** a value is judged by itself; what several say together is judged in `document`.

use domain::tender::CashRounding;
use serde_json::Value;

use super::{
    keys::is_chord,
    playlist::{self, PICTURES_MAX, SLIDE_SECONDS_MAX, SLIDE_SECONDS_MIN},
    ways::WayV1,
};
use crate::chain::Hash;

/// Signs of a line of a receipt's head or foot: an 80 mm line and some room.
const LINE_CHARS_MAX: usize = 60;
/// Lines of a receipt's head or foot.
const LINES_MAX: usize = 10;

/// Bytes of a rule's id, as many as a coupon's token has room for.
const RULE_BYTES_MAX: usize = crate::token::RULE_BYTES_MAX;

/// What kind of value a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines of a receipt, at most ten of at most sixty signs.
    Lines,
    /// Yes or no.
    Flag,
    /// A whole number between two, both included.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What it counts, for people.
        unit: &'static str,
    },
    /// One of `CashRounding`'s words.
    Rounding,
    /// The id of a coupon's rule, or an empty text for none.
    Rule,
    /// Words of `WayV1`, each at most once.
    Order,
    /// One of `CHORDS`.
    Key,
    /// Pictures, each a `SlideV1`.
    Playlist,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Not a document: an object of objects.
    #[error("settings are an object of groups, each an object of values")]
    Shape,
    /// There is no such setting.
    #[error("there is no such setting")]
    Unknown,
    /// Not lines that fit on a receipt.
    #[error("at most {LINES_MAX} lines of at most {LINE_CHARS_MAX} printable signs")]
    Lines,
    /// Neither yes nor no.
    #[error("either true or false")]
    Flag,
    /// Not a whole number in its range.
    #[error("a whole number from {min} to {max}")]
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Not a word for rounding.
    #[error(
        "one of none, jiao_down, jiao_half_up, jiao_up, five_jiao, yuan_down, yuan_half_up, yuan_up"
    )]
    Rounding,
    /// Not an id of a rule.
    #[error("a rule's id of at most {RULE_BYTES_MAX} bytes, or nothing")]
    Rule,
    /// Not ways to pay, or one of them twice.
    #[error("a list of cash, code, voucher, member, each at most once")]
    Order,
    /// Not a key that can be chosen.
    #[error(
        "a key such as F4, Shift+F4 or Ctrl+Delete; not one that a scanner types or that the browser keeps"
    )]
    Key,
    /// The key is another action's.
    #[error("the key is taken by `{by}`")]
    KeyTaken {
        /// Whose it is.
        by: &'static str,
    },
    /// Not a playlist.
    #[error(
        "at most {PICTURES_MAX} pictures, each with its SHA-256 as `picture`, `seconds` from {SLIDE_SECONDS_MIN} to {SLIDE_SECONDS_MAX}, and `from_minutes` below `to_minutes` where they are said"
    )]
    Playlist,
    /// A picture that the mall does not hold.
    #[error("the mall holds no picture {0}")]
    NoPicture(Hash),
}

/// A value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {kind}")]
pub struct SettingFault {
    /// Which setting; empty for the whole.
    pub key: String,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Kind {
    pub(super) fn check(self, value: &Value) -> Result<(), FaultKind> {
        let (is_right, fault) = match self {
            Self::Lines => (are_lines(value), FaultKind::Lines),
            Self::Flag => (value.is_boolean(), FaultKind::Flag),
            Self::Number { min, max, unit: _ } => {
                let is_in = value.as_i64().is_some_and(|n| (min..=max).contains(&n));
                (is_in, FaultKind::Number { min, max })
            }
            Self::Rounding => {
                let word = value.as_str().and_then(CashRounding::from_word);
                (word.is_some(), FaultKind::Rounding)
            }
            Self::Rule => {
                let is_id = |t: &str| t.len() <= RULE_BYTES_MAX && !t.chars().any(char::is_control);
                (value.as_str().is_some_and(is_id), FaultKind::Rule)
            }
            Self::Order => (is_order(value), FaultKind::Order),
            Self::Key => (value.as_str().is_some_and(is_chord), FaultKind::Key),
            Self::Playlist => (playlist::is_one(value), FaultKind::Playlist),
        };
        if is_right { Ok(()) } else { Err(fault) }
    }
}

fn is_order(value: &Value) -> bool {
    let way = |value: &Value| value.as_str().and_then(WayV1::from_word);
    let ways: Option<Vec<WayV1>> = value.as_array().and_then(|ways| ways.iter().map(way).collect());
    ways.is_some_and(|ways| {
        ways.iter().enumerate().all(|(place, way)| ways.iter().skip(place + 1).all(|w| w != way))
    })
}

fn are_lines(value: &Value) -> bool {
    let is_line = |line: &Value| {
        let text = line.as_str();
        text.is_some_and(|t| {
            t.chars().count() <= LINE_CHARS_MAX && !t.chars().any(char::is_control)
        })
    };
    value.as_array().is_some_and(|lines| lines.len() <= LINES_MAX && lines.iter().all(is_line))
}
