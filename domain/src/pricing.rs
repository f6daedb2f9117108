//! What a cart costs at this moment: `quote(book, lines, occasion) -> Quote`.
//!
//! | file | what |
//! | --- | --- |
//! | `rule`, `goods` | rules as HQ writes them, and which goods they mean |
//! | `check` | what is wrong with a rule set before it is in force |
//! | `book` | a rule set made ready: found by what an item is, in the order of its lanes |
//! | `occasion` | the moment, the place, the shopper, what was presented and chosen |
//! | `make` | the whole of a quote: what is open, lane after lane, the sums |
//! | `lay` | what is laid on the counter, and in which order |
//! | `open`, `reach` | whether a rule is open here and now, and how far the goods reach |
//! | `lane`, `apply` | whose turn it is, and what one turn takes |
//! | `units`, `spread` | the units on the counter, and amounts split over them |
//! | `carried` | how long the record of the order may become |
//! | `manual`, `benefit` | reductions by hand; what looks only at what is paid |
//! | `quote` | amounts, takings, notes |
//! | `explain` | a note as a sentence |
//!
//! **Invariant:** pure: the same book, lines and occasion give the same quote, byte for byte, in the
//! store and in the mall. Whoever shows, completes or checks an amount calls this and adds nothing
//! up by itself.

mod apply;
mod benefit;
mod book;
mod carried;
pub mod check;
pub mod explain;
pub mod goods;
pub mod lane;
mod lay;
mod make;
mod manual;
pub mod occasion;
mod open;
mod quote;
mod reach;
pub mod rule;
mod spread;
mod units;

pub use book::PriceBook;
pub use carried::CARRIED_BYTES_MAX;
pub use make::{quote, trace};
pub use occasion::Occasion;
pub use quote::{
    Applied, By, Earned, Earning, Granted, Next, Note, Quote, QuoteRefusal, QuotedLine, RuleIx,
    Taking, Why,
};
pub use rule::{Lane, Rule, RuleSet};

use crate::{
    cart::CartLine,
    catalog::Unit,
    money::{BasisPoints, Money, MoneyOverflow},
    quantity::Quantity,
};

/// List price × quantity, or what the label says.
pub fn list_amount(line: &CartLine) -> Result<Money, MoneyOverflow> {
    line.label_amount.map_or_else(|| line.item.list_price.times(line.quantity), Ok)
}

/// The tax inside an amount that includes it: amount × rate ÷ (1 + rate), a half fen away from zero.
#[must_use]
pub fn tax_inside(amount: Money, rate: BasisPoints) -> Money {
    let rate = i64::from(rate.0);
    // Smaller than the amount, which fits.
    amount.scaled(rate, 10_000 + rate).unwrap_or(Money::ZERO)
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
