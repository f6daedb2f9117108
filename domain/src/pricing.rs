//! What a cart costs at this moment: `quote(book, lines, occasion) -> Quote`.
//!
//! | file | what |
//! | --- | --- |
//! | `rule`, `goods` | rules as HQ writes them, and which goods they mean |
//! | `check` | what is wrong with a rule set before it is in force |
//! | `book` | a rule set made ready: found by what an item is, in the order of its lanes |
//! | `occasion` | the moment, the place, the shopper, what was presented and chosen |
//! | `quote` | amounts, takings, notes |
//! | `explain` | a note as a sentence |
//!
//! **Invariant:** pure: the same book, lines and occasion give the same quote, byte for byte, in the
//! store and in the mall. Whoever shows, completes or checks an amount calls this and adds nothing
//! up by itself.

mod book;
pub mod check;
pub mod explain;
pub mod goods;
pub mod occasion;
mod quote;
pub mod rule;

pub use book::PriceBook;
pub use occasion::Occasion;
pub use quote::{
    Applied, By, Granted, Next, Note, Quote, QuotedLine, RuleIx, Taking, Why,
};
pub use rule::{Lane, Rule, RuleSet};

use crate::{
    cart::{CART_LINES_MAX, CartLine},
    catalog::Unit,
    id::LineId,
    money::{BasisPoints, Money, MoneyOverflow},
    quantity::Quantity,
};

/// Why goods have no quote. None of it can come from a cart of `cart`: it is for files and callers
/// from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefusal {
    /// More than `CART_LINES_MAX` lines.
    #[error("{0} lines are more than {CART_LINES_MAX}")]
    TooManyLines(usize),
    /// A quantity that `cart` would refuse.
    #[error("the quantity of line {0} is out of range")]
    Quantity(u16),
    /// A list price or label amount below zero or beyond `UNIT_PRICE_MINOR_MAX`.
    #[error("the price of line {0} is out of range")]
    Price(u16),
    /// Two lines of one id.
    #[error("line {0} is there twice")]
    Twice(LineId),
    /// More coupons than `COUPONS_MAX`, or one code twice.
    #[error("too many coupons, or one of them twice")]
    Coupons,
    /// A manual reduction beyond its authority, or of a line that is not there.
    #[error("manual reduction {0} is beyond its authority or its line is not there")]
    Manual(u16),
    /// A fee, points or uses below zero or beyond counting.
    #[error("the occasion is out of range")]
    Occasion,
    /// A sum left the range that can be counted.
    #[error("a sum is out of range")]
    Overflow,
}

impl From<MoneyOverflow> for QuoteRefusal {
    fn from(_: MoneyOverflow) -> Self {
        Self::Overflow
    }
}

/// Prices goods.
pub fn quote(
    book: &PriceBook,
    lines: &[CartLine],
    occasion: &Occasion,
) -> Result<Quote, QuoteRefusal> {
    let quoted = lines.iter().map(quote_line).collect::<Result<Vec<_>, _>>()?;
    let list = Money::sum(quoted.iter().map(|line| line.list))?;
    let tax = Money::sum(quoted.iter().map(|line| line.tax))?;
    Ok(Quote {
        revision: book.revision(),
        lines: quoted,
        takings: Vec::new(),
        applied: Vec::new(),
        notes: Vec::new(),
        list,
        saved: Money::ZERO,
        total: list.plus(occasion.delivery_fee)?,
        tax,
        pieces: lines.iter().map(|line| pieces(line.item.unit, line.quantity)).sum(),
        delivery_fee: occasion.delivery_fee,
        delivery_saved: Money::ZERO,
        points_spent: 0,
        points_earned: 0,
        grants: Vec::new(),
        bounded: Vec::new(),
    })
}

fn quote_line(line: &CartLine) -> Result<QuotedLine, MoneyOverflow> {
    let list = list_amount(line)?;
    let tax = tax_inside(list, line.item.tax_rate);
    Ok(QuotedLine { line: line.id, list, amount: list, tax, gift_units: 0 })
}

/// List price × quantity, or what the label says.
pub fn list_amount(line: &CartLine) -> Result<Money, MoneyOverflow> {
    line.label_amount.map_or_else(|| line.item.list_price.times(line.quantity), Ok)
}

/// The tax inside an amount that includes it: amount × rate ÷ (1 + rate), a half fen away from zero.
#[must_use]
pub fn tax_inside(amount: Money, rate: BasisPoints) -> Money {
    let of = 10_000 + i128::from(rate.0);
    let product = i128::from(amount.minor()) * i128::from(rate.0);
    let nudged = if product < 0 { product - of / 2 } else { product + of / 2 };
    // Smaller than the amount, which fits.
    Money::from_minor(i64::try_from(nudged / of).unwrap_or(0))
}

/// How many things a shopper would count: pieces as they are, each weighed pack as one.
#[must_use]
pub fn pieces(unit: Unit, quantity: Quantity) -> u32 {
    match unit {
        Unit::Piece => u32::try_from(quantity.milli() / 1_000).unwrap_or(0),
        Unit::Kg => 1,
    }
}

/// The units of a line that takings number: pieces, or one for what was weighed or labelled.
#[must_use]
pub fn units(line: &CartLine) -> u32 {
    if line.label_amount.is_some() { 1 } else { pieces(line.item.unit, line.quantity) }
}
