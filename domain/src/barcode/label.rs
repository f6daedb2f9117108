//! In-store labels: weight or amount inside the barcode, by the store's own pattern table.
//!
//! GS1 leaves the inside of prefixes 20–29 to the store; scales of different makers put grams or
//! fen, or both in 18 digits, and some print no right check digit at all.
//!
//! **Invariant:** no pattern is built into the reading; the table comes from the store's settings.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::gtin::check_digit;
use crate::{money::Money, quantity::Quantity};

/// What a label says: which item, how heavy, how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The price look-up number the scale knows the item by, as printed, with leading zeros.
    pub plu: String,
    /// The weight, from grams.
    pub weight: Option<Quantity>,
    /// The amount, from fen.
    pub amount: Option<Money>,
}

/// One row of the store's table: fixed prefix, then what each digit is.
///
/// Written as a word of 13 or 18 signs: digits stand for themselves, `I` item (PLU), `W` grams,
/// `P` fen, `C` check digit, `X` a check digit that is not to be believed.
/// `21IIIIIWWWWWC` is a weight label of prefix 21.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelPattern(String);

/// Why a written pattern was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelPatternText {
    /// Labels have 13 or 18 digits.
    #[error("a label pattern has 13 or 18 signs")]
    Length,
    /// Two digits of prefix first, so that a pattern cannot swallow every EAN-13.
    #[error("a label pattern begins with a prefix of at least two digits, 20 to 29")]
    Prefix,
    /// No `I`, or neither `W` nor `P`, or a sign that is none of ours.
    #[error("a label pattern needs I, W or P, and one C or X at the end")]
    Signs,
}

impl LabelPattern {
    /// Reads a pattern word and refuses one that could not work.
    pub fn parse(text: &str) -> Result<Self, LabelPatternText> {
        if !matches!(text.len(), 13 | 18) {
            return Err(LabelPatternText::Length);
        }
        let prefix: String = text.chars().take_while(char::is_ascii_digit).collect();
        if prefix.len() < 2 || !prefix.starts_with('2') {
            return Err(LabelPatternText::Prefix);
        }
        let count = |sign: char| text.chars().filter(|c| *c == sign).count();
        let (body, last) = text.split_at(text.len() - 1);
        let has_only_ours = body.chars().skip(prefix.len()).all(|c| matches!(c, 'I' | 'W' | 'P'));
        let has_a_value = count('W') > 0 || count('P') > 0;
        if !has_only_ours || !has_a_value || count('I') == 0 || !matches!(last, "C" | "X") {
            return Err(LabelPatternText::Signs);
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a label, or `None` when the text is not of this pattern (or its check digit, where
    /// the pattern believes it, is wrong).
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Label> {
        if text.len() != self.0.len() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let pairs = || self.0.chars().zip(text.chars());
        if pairs().any(|(sign, digit)| sign.is_ascii_digit() && sign != digit) {
            return None;
        }
        let (body, last) = text.split_at(text.len() - 1);
        if self.0.ends_with('C') && last != check_digit(body).to_string() {
            return None;
        }
        let digits = |sign| pairs().filter(|(s, _)| *s == sign).map(|(_, d)| d).collect::<String>();
        Some(Label {
            plu: digits('I'),
            weight: digits('W').parse().ok().map(Quantity::from_milli),
            amount: digits('P').parse().ok().map(Money::from_minor),
        })
    }
}

impl fmt::Display for LabelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for LabelPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LabelPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The table of a store that has not set its own: 21 weighs in grams, 22 carries fen, 26 both.
#[must_use]
pub fn default_label_patterns() -> Vec<LabelPattern> {
    ["21IIIIIWWWWWC", "22IIIIIPPPPPC", "26IIIIIPPPPPWWWWWC"]
        .iter()
        .filter_map(|text| LabelPattern::parse(text).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_could_not_work_are_refused() {
        let table = [
            ("21IIIIIWWWWW", LabelPatternText::Length),
            ("IIIIIIIWWWWWC", LabelPatternText::Prefix),
            ("69IIIIIWWWWWC", LabelPatternText::Prefix),
            ("21IIIIIIIIIIC", LabelPatternText::Signs),
            ("21WWWWWWWWWWC", LabelPatternText::Signs),
            ("21IIIIIWWWWWW", LabelPatternText::Signs),
            ("21IIIIIQQQQQC", LabelPatternText::Signs),
        ];
        for (text, reason) in table {
            assert_eq!(LabelPattern::parse(text), Err(reason), "{text}");
        }
        assert_eq!(default_label_patterns().len(), 3);
    }

    #[test]
    fn a_wrong_check_digit_is_believed_only_where_the_pattern_says_so() {
        let strict = LabelPattern::parse("21IIIIIWWWWWC").unwrap();
        let lenient = LabelPattern::parse("21IIIIIWWWWWX").unwrap();
        assert_eq!(strict.read("2112345012507"), None);
        assert_eq!(lenient.read("2112345012507").unwrap().plu, "12345");
        assert_eq!(lenient.read("2212345012507"), None);
    }
}
