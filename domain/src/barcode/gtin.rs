//! Global trade item numbers: 8, 12, 13 or 14 digits, kept as 14.
//!
//! **Invariant:** a `Gtin` always has a right check digit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A GTIN, normalised to 14 digits (GS1 General Specifications, 3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin(u64);

/// Why a text is not a GTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GtinText {
    /// Not 8, 12, 13 or 14 characters.
    #[error("a GTIN has 8, 12, 13 or 14 digits")]
    Length,
    /// Something else than `0`–`9`.
    #[error("a GTIN has digits only")]
    NotDigits,
    /// The last digit does not fit the others.
    #[error("the check digit should be {expected}")]
    CheckDigit {
        /// What it should have been.
        expected: u8,
    },
}

/// The check digit of the digits before it: weights 3, 1, 3, 1 … from the right, to the next ten
/// (GS1 General Specifications, 7.9.1). Anything that is no ASCII digit counts as nothing.
#[must_use]
pub fn check_digit(body: &str) -> u8 {
    let sum: u32 = body
        .bytes()
        .rev()
        .zip([3, 1].into_iter().cycle())
        .map(|(byte, weight)| char::from(byte).to_digit(10).unwrap_or(0) * weight)
        .sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

impl Gtin {
    /// Reads 8, 12, 13 or 14 digits and checks the last.
    pub fn parse(text: &str) -> Result<Self, GtinText> {
        if !matches!(text.len(), 8 | 12 | 13 | 14) {
            return Err(GtinText::Length);
        }
        let number: u64 = match text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse()) {
            Some(Ok(number)) => number,
            Some(Err(_)) | None => return Err(GtinText::NotDigits),
        };
        let (body, _) = text.split_at(text.len() - 1);
        let expected = check_digit(body);
        if number % 10 == u64::from(expected) {
            Ok(Self(number))
        } else {
            Err(GtinText::CheckDigit { expected })
        }
    }

    /// As a number, for storage; leading zeros are not kept because 14 digits are understood.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Takes back what `number` gave; `None` when it is not a GTIN's number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::parse(&format!("{number:014}")).ok()
    }
}

/// Fourteen digits.
impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

impl fmt::Debug for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Gtin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Gtin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with zint and read back by zbar; the first is the sample of GB 12904.
    #[test]
    fn all_four_lengths_become_fourteen_digits() {
        let table = [
            ("6901234567892", Ok("06901234567892")),
            ("96385074", Ok("00000096385074")),
            ("036000291452", Ok("00036000291452")),
            ("16901234567899", Ok("16901234567899")),
            ("6901234567890", Err(GtinText::CheckDigit { expected: 2 })),
            ("690123456789", Err(GtinText::CheckDigit { expected: 7 })),
            ("96385075", Err(GtinText::CheckDigit { expected: 4 })),
            ("036000291453", Err(GtinText::CheckDigit { expected: 2 })),
            ("690123456789X", Err(GtinText::NotDigits)),
            ("12345", Err(GtinText::Length)),
            ("六九〇一", Err(GtinText::NotDigits)), // four signs, twelve bytes
        ];
        for (text, expected) in table {
            let got = Gtin::parse(text).map(|gtin| gtin.to_string());
            assert_eq!(got, expected.map(ToOwned::to_owned), "{text}");
        }
    }

    #[test]
    fn a_stored_number_reads_back() {
        let gtin = Gtin::parse("96385074").unwrap();
        assert_eq!(Gtin::from_number(gtin.number()), Some(gtin));
        assert_eq!(Gtin::from_number(96_385_075), None);
    }
}
