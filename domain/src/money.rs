//! Money in whole minor units (fen), and rates in basis points.
//!
//! The currency belongs to the document (an order, a price book), not to the amount.
//!
//! **Invariant:** no float, no operator that can overflow silently, no `From<i64>`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// The only currency so far, by its ISO 4217 code; documents carry it beside their amounts.
pub const CURRENCY: &str = "CNY";

/// The highest list price of one piece or kilogram: ten million yuan.
///
/// With `QUANTITY_MILLI_MAX` and `CART_LINES_MAX` an order fits `i64` many times over.
pub const UNIT_PRICE_MINOR_MAX: i64 = 1_000_000_000;

/// An amount in minor units (ISO 4217; 1 yuan = 100 fen), below zero where money goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// A sum or product left the range of `i64`; with the limits at our doors it cannot happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount of money left the range that can be counted")]
pub struct MoneyOverflow;

/// Why a written amount was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyText {
    /// Not digits with at most one point.
    #[error("not a decimal amount")]
    NotANumber,
    /// More than two digits behind the point would be lost.
    #[error("more than two decimals")]
    FractionOfFen,
    /// Too large to count.
    #[error("too large")]
    TooLarge,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of so many fen.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The amount in fen.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, or an overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyOverflow)
    }

    /// The difference, or an overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyOverflow)
    }

    /// Adds many amounts up.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyOverflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Price × quantity; a half fen rounds away from zero, as tills do.
    pub fn times(self, quantity: Quantity) -> Result<Self, MoneyOverflow> {
        self.scaled(quantity.milli(), 1_000)
    }

    /// The share of a rate, e.g. 8,800 for 88 折; a half fen rounds away from zero.
    pub fn portion(self, rate: BasisPoints) -> Result<Self, MoneyOverflow> {
        self.scaled(i64::from(rate.0), 10_000)
    }

    /// The amount × `by` ÷ `of`, a half away from zero; `of` is more than zero.
    pub(crate) fn scaled(self, by: i64, of: i64) -> Result<Self, MoneyOverflow> {
        let nudged =
            |product: i64| product.checked_add(if product < 0 { -(of / 2) } else { of / 2 });
        // Nearly always: one machine division does instead of a call for 128 bits.
        if let Some(nudged) = self.0.checked_mul(by).and_then(nudged) {
            return Ok(Self(nudged / of));
        }
        let product = i128::from(self.0) * i128::from(by);
        let half = i128::from(of) / 2;
        let nudged = if product < 0 { product - half } else { product + half };
        i64::try_from(nudged / i128::from(of)).map(Self).map_err(|_| MoneyOverflow)
    }

    /// Splits the amount by weights: largest remainder, the earlier part on a tie.
    ///
    /// The parts always sum to the whole. Weights are at least zero; when all are zero the first
    /// part takes everything, and no parts come from no weights.
    pub fn allocate(self, weights: &[i64]) -> Vec<Self> {
        let whole = i128::from(self.0);
        let of: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if of == 0 {
            let mut parts = vec![Self::ZERO; weights.len()];
            if let Some(first) = parts.first_mut() {
                *first = self;
            }
            return parts;
        }
        let shares: Vec<(i128, i128)> = weights
            .iter()
            .map(|w| (whole * i128::from(*w) / of, (whole * i128::from(*w) % of).abs()))
            .collect();
        let left = whole - shares.iter().map(|(share, _)| *share).sum::<i128>();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(shares.get(*i).map_or(0, |(_, rest)| *rest)));
        let extra: Vec<usize> =
            order.into_iter().take(usize::try_from(left.abs()).unwrap_or(0)).collect();
        shares
            .into_iter()
            .enumerate()
            .map(|(i, (share, _))| share + if extra.contains(&i) { left.signum() } else { 0 })
            // A part is never larger than the whole, which fits.
            .map(|part| Self(i64::try_from(part).unwrap_or(0)))
            .collect()
    }

    /// Reads a decimal amount of yuan such as `12.9` or `-0.05`.
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyText> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(MoneyText::NotANumber);
        }
        let kept = fraction.trim_end_matches('0');
        if kept.len() > 2 {
            return Err(MoneyText::FractionOfFen);
        }
        let minor = format!("{whole}{kept:0<2}").parse::<i64>().map_err(|_| MoneyText::TooLarge)?;
        Ok(Self(if negative { -minor } else { minor }))
    }
}

/// `12.99`, always two decimals, with ASCII minus; grouping and signs of currency are for screens.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A rate in hundredths of a percent: 88 折 is 8,800, a tax of 13 % is 1,300.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisPoints(pub u16);

impl BasisPoints {
    /// Reads a percentage such as `13` or `0.5`, with at most two decimals.
    #[must_use]
    pub fn parse_percent(text: &str) -> Option<Self> {
        let hundredths = Money::parse_yuan(text.trim().trim_end_matches('%')).ok()?.minor();
        u16::try_from(hundredths).ok().filter(|bps| *bps <= 10_000).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_fen_rounds_away_from_zero() {
        let table = [
            (1_299, 1_000, 1_299),
            (1_299, 452, 587), // 587.148
            (101, 500, 51),    // 50.5
            (-101, 500, -51),  // a return mirrors the sale
            (1, 499, 0),
            (1_000_000_000, 9_999_000, 9_999_000_000_000),
        ];
        for (price, milli, amount) in table {
            let quantity = Quantity::from_milli(milli);
            assert_eq!(Money(price).times(quantity), Ok(Money(amount)), "{price} x {milli}");
        }
    }

    #[test]
    fn parts_sum_to_the_whole_and_the_earlier_part_wins_a_tie() {
        let table: [(i64, &[i64], &[i64]); 6] = [
            (100, &[1, 1, 1], &[34, 33, 33]),
            (-100, &[1, 1, 1], &[-34, -33, -33]),
            (5, &[0, 3, 7], &[0, 2, 3]),
            (7, &[0, 0], &[7, 0]),
            (0, &[4, 5], &[0, 0]),
            (9, &[], &[]),
        ];
        for (whole, weights, parts) in table {
            let got: Vec<i64> = Money(whole).allocate(weights).iter().map(|m| m.0).collect();
            assert_eq!(got, parts, "{whole} by {weights:?}");
        }
    }

    #[test]
    fn yuan_are_read_without_a_float() {
        let table = [
            ("12.9", Ok(1_290)),
            ("12.90", Ok(1_290)),
            ("12.900", Ok(1_290)),
            ("0.05", Ok(5)),
            ("-3", Ok(-300)),
            (" 7 ", Ok(700)),
            ("12.345", Err(MoneyText::FractionOfFen)),
            ("1,200", Err(MoneyText::NotANumber)),
            ("", Err(MoneyText::NotANumber)),
            (".5", Err(MoneyText::NotANumber)),
            ("1e3", Err(MoneyText::NotANumber)),
            ("99999999999999999999", Err(MoneyText::TooLarge)),
        ];
        for (text, minor) in table {
            assert_eq!(Money::parse_yuan(text).map(Money::minor), minor, "{text:?}");
        }
    }

    #[test]
    fn amounts_are_written_with_two_decimals() {
        for (minor, text) in
            [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (9_999_999_999, "99999999.99")]
        {
            assert_eq!(Money(minor).to_string(), text);
        }
    }
}
