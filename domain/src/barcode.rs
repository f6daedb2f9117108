//! What was scanned or typed: a GTIN, an in-store label, or a key of the retailer's own.
//!
//! **Invariant:** codes of other houses (payment codes, vouchers) are not known here; `platforms`
//! recognises those.

mod gtin;
mod label;

pub use gtin::{Gtin, GtinText, check_digit};
pub use label::{Label, LabelPattern, LabelPatternText, default_label_patterns};

/// A coupon's QR may be a whole URL; nothing longer is a code.
pub const SCAN_BYTES_MAX: usize = 1_024;

/// What a scanned or typed text is, before anyone looks it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A trade item's number with a right check digit.
    Gtin(Gtin),
    /// An in-store label with weight or amount, by the store's own pattern.
    Label(Label),
    /// As long as a GTIN and all digits, but its check digit is wrong; it may still be a SKU.
    Misread {
        /// The digits as read.
        text: String,
        /// What the last digit should have been.
        expected: u8,
    },
    /// Anything else that can be a key: a SKU, a short code, a style.
    Key(String),
}

/// Why a text cannot be a code at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// Nothing but blanks.
    #[error("the code is empty")]
    Empty,
    /// Over `SCAN_BYTES_MAX` bytes.
    #[error("the code is longer than {SCAN_BYTES_MAX} bytes")]
    TooLong,
    /// Control characters inside.
    #[error("the code has unprintable characters")]
    Unprintable,
}

/// Tells what a text is.
///
/// The store's label patterns come before GTINs: prefixes 20–29 are GS1's restricted circulation
/// numbers, which mean what the store says (GS1 General Specifications, 1.4.5).
pub fn read(text: &str, patterns: &[LabelPattern]) -> Result<Scanned, NotACode> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NotACode::Empty);
    }
    if text.len() > SCAN_BYTES_MAX {
        return Err(NotACode::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(NotACode::Unprintable);
    }
    if let Some(label) = patterns.iter().find_map(|pattern| pattern.read(text)) {
        return Ok(Scanned::Label(label));
    }
    Ok(match Gtin::parse(text) {
        Ok(gtin) => Scanned::Gtin(gtin),
        Err(GtinText::CheckDigit { expected }) => {
            Scanned::Misread { text: text.to_owned(), expected }
        }
        Err(GtinText::Length | GtinText::NotDigits) => Scanned::Key(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{money::Money, quantity::Quantity};

    fn check(text: &str, expected: &Scanned) {
        assert_eq!(read(text, &default_label_patterns()).as_ref(), Ok(expected), "{text}");
    }

    #[test]
    fn a_scan_is_told_by_pattern_then_by_length_and_check_digit() {
        let gtin = |text| Scanned::Gtin(Gtin::parse(text).unwrap());
        check("6901234567892", &gtin("06901234567892"));
        check(" 96385074\n", &gtin("00000096385074"));
        check("6901234567890", &Scanned::Misread { text: "6901234567890".into(), expected: 2 });
        check("KN2301-GRN-M", &Scanned::Key("KN2301-GRN-M".into()));
        check("1001", &Scanned::Key("1001".into()));
        let label = |plu: &str, grams: Option<i64>, fen: Option<i64>| {
            Scanned::Label(Label {
                plu: plu.into(),
                weight: grams.map(Quantity::from_milli),
                amount: fen.map(Money::from_minor),
            })
        };
        check("2112345012506", &label("12345", Some(1_250), None));
        check("2206013040080", &label("06013", None, Some(4_008)));
        check("261234501999012505", &label("12345", Some(1_250), Some(1_999)));
    }

    #[test]
    fn what_cannot_be_a_code_is_refused_with_its_reason() {
        let long = "1".repeat(SCAN_BYTES_MAX + 1);
        let table = [
            ("  ", NotACode::Empty),
            (long.as_str(), NotACode::TooLong),
            ("69\u{1}1", NotACode::Unprintable),
        ];
        for (text, reason) in table {
            assert_eq!(read(text, &[]), Err(reason));
        }
    }
}
