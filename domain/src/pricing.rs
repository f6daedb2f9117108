//! What a cart costs at this moment: `quote(cart) -> Quote`.
//!
//! **Invariant:** pure and total: any cart that `cart` lets exist has a quote. Whoever shows,
//! completes or checks an amount calls this and adds nothing up by itself.

use crate::{
    cart::{Cart, CartLine},
    catalog::Unit,
    id::LineId,
    money::{Money, MoneyOverflow},
    quantity::Quantity,
};

/// A line with its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// Which line of the cart.
    pub line: LineId,
    /// List price × quantity, or what the label says.
    pub list: Money,
    /// What the shopper pays for it.
    pub amount: Money,
}

/// A cart, priced (试算).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its lines in the cart's order.
    pub lines: Vec<QuotedLine>,
    /// Sum of the lists.
    pub list: Money,
    /// What reductions took: `list − total`.
    pub saved: Money,
    /// What is to be paid, before any cash rounding.
    pub total: Money,
    /// Pieces on the counter; a weighed line counts as one.
    pub pieces: u32,
}

/// Prices a cart.
///
/// The error is for callers that build carts by hand: within the limits of `cart`, `catalog` and
/// `quantity` a sum is at most 2 × 10^15 fen.
pub fn quote(cart: &Cart) -> Result<Quote, MoneyOverflow> {
    let lines = cart.lines.iter().map(quote_line).collect::<Result<Vec<_>, _>>()?;
    let list = Money::sum(lines.iter().map(|line| line.list))?;
    let total = Money::sum(lines.iter().map(|line| line.amount))?;
    let pieces = cart.lines.iter().map(|line| pieces(line.item.unit, line.quantity)).sum();
    Ok(Quote { lines, list, saved: list.minus(total)?, total, pieces })
}

fn quote_line(line: &CartLine) -> Result<QuotedLine, MoneyOverflow> {
    let list = match line.label_amount {
        Some(amount) => amount,
        None => line.item.list_price.times(line.quantity)?,
    };
    Ok(QuotedLine { line: line.id, list, amount: list })
}

/// How many things a shopper would count: pieces as they are, each weighed pack as one.
#[must_use]
pub fn pieces(unit: Unit, quantity: Quantity) -> u32 {
    match unit {
        Unit::Piece => u32::try_from(quantity.milli() / 1_000).unwrap_or(0),
        Unit::Kg => 1,
    }
}
