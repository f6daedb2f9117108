//! What is never printed: keys, tokens and codes; and the numbers that we give.
//!
//! **Invariant:** `Debug` of a secret shows nothing, of a code its last four signs; neither can be
//! displayed or serialised.

use std::fmt;

/// The longest code that any house gives; Douyin's encrypted codes have about 100 signs.
const CODE_BYTES_MAX: usize = 1_024;
/// WeChat takes 32 signs for an order, Alipay 64: the smaller of the two.
const OUR_NUMBER_BYTES_MAX: usize = 32;
/// What people may see of a code, so that they can tell two apart.
const SHOWN_SIGNS: usize = 4;

/// A key, a password or a PEM file with a key in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that signs or sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a shopper holds or a house gave for it: a payment code, a coupon's code, a link, a token.
///
/// One to 1,024 bytes without controls or blanks.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Code(String);

impl Code {
    /// Reads a code; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_code = !text.is_empty()
            && text.len() <= CODE_BYTES_MAX
            && !text.chars().any(|sign| sign.is_control() || sign.is_whitespace());
        is_code.then(|| Self(text.to_owned()))
    }

    /// The code itself, for the caller's ledger and the house's wire; never for a log.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its last four signs, or fewer, as a screen or a log may show it.
    #[must_use]
    pub fn tail(&self) -> String {
        let n = self.0.chars().count();
        // A code of eight signs or fewer would be half told by four.
        let shown = if n <= 2 * SHOWN_SIGNS { 0 } else { SHOWN_SIGNS };
        self.0.chars().skip(n - shown).collect()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code(…{})", self.tail())
    }
}

/// A number that we give, once and for all, before the first question is sent: an order's, a
/// refund's, a redemption's. A question that is asked again carries the same number.
///
/// One to 32 ASCII letters and digits, which every house takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OurNumber(String);

impl OurNumber {
    /// Reads such a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty()
            && text.len() <= OUR_NUMBER_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_number.then(|| Self(text.to_owned()))
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OurNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed_and_codes_show_their_tail() {
        assert_eq!(format!("{:?}", Secret::new("192006250b4c0924")), "Secret(…)");
        for (code, shown) in [
            ("134567890123456789", "Code(…6789)"),
            ("12345678", "Code(…)"),
            ("123456789", "Code(…6789)"),
            ("团购券一二三四五六七八", "Code(…五六七八)"),
        ] {
            assert_eq!(format!("{:?}", Code::parse(code).unwrap()), shown);
        }
    }

    #[test]
    fn codes_and_numbers_have_limits() {
        for bad in ["", "  ", "a b", "a\nb", &"x".repeat(1_025)] {
            assert_eq!(Code::parse(bad), None, "{bad:?}");
        }
        assert!(Code::parse(&"x".repeat(1_024)).is_some());
        assert!(OurNumber::parse("019ab3f0c4d57e1f8a9b0c1d2e3f4a5b").is_some());
        for bad in ["", "a-b", "中", "019ab3f0c4d57e1f8a9b0c1d2e3f4a5b6"] {
            assert_eq!(OurNumber::parse(bad), None, "{bad:?}");
        }
    }
}
