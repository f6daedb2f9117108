//! Pieces and weights in thousandths, so that 3 pieces and 0.452 kg are one type.
//!
//! **Invariant:** no float; the unit is the item's affair.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Four digits on the number pad: 9,999 pieces or kilograms.
pub const QUANTITY_MILLI_MAX: i64 = 9_999_000;

/// So many thousandths of a piece or kilogram.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// One piece, or one kilogram.
    pub const ONE: Self = Self(1_000);

    /// So many thousandths.
    #[must_use]
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// In thousandths.
    #[must_use]
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// The sum; it saturates, and `is_sellable` then refuses it.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// So many packs of so many: 2 packs of 12 are 24. It saturates like `plus`.
    #[must_use]
    pub const fn packs_of(self, pack: Self) -> Self {
        Self(self.0.saturating_mul(pack.0) / 1_000)
    }

    /// Whole pieces only, as things that are counted must be.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % 1_000 == 0
    }

    /// More than nothing and not beyond `QUANTITY_MILLI_MAX`.
    #[must_use]
    pub const fn is_sellable(self) -> bool {
        self.0 > 0 && self.0 <= QUANTITY_MILLI_MAX
    }
}

/// `3`, `0.452`: no trailing zeros.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let rest = format!("{rest:03}");
        write!(f, "{sign}{whole}.{}", rest.trim_end_matches('0'))
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_short() {
        for (milli, text) in [(3_000, "3"), (452, "0.452"), (1_250, "1.25"), (-500, "-0.5")] {
            assert_eq!(Quantity(milli).to_string(), text);
        }
    }
}
