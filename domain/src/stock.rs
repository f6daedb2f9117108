//! What a store has of an item, what of it is promised, and what may still be (库存).
//!
//! ```text
//! available = on hand as it was counted − promised to online orders − sold since it was counted
//! ```
//!
//! | who | asks | and |
//! | --- | --- | --- |
//! | an online order | `promise` | is refused when not enough is there |
//! | a shopper at the counter | nobody | takes it: whoever holds the goods in their hands is right |
//!
//! So what is available may fall below nothing by a sale or a lower count, and never by a promise.
//!
//! **Invariant:** no promise takes what is not there, and no sale is refused for stock.

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// More is no store's shelf: a million pieces or kilograms.
pub const ON_HAND_MILLI_MAX: i64 = 1_000_000_000;

/// What a store has of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Counted, less what online orders took out since, and with what came back.
    pub on_hand: Quantity,
    /// Promised to online orders that have not been handed over.
    pub reserved: Quantity,
    /// Sold at the counter since it was counted.
    pub sold: Quantity,
}

/// Not enough is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {available} are available")]
pub struct Short {
    /// So much is; never below nothing.
    pub available: Quantity,
}

/// Whether a figure can be what somebody counted.
#[must_use]
pub const fn is_countable(quantity: Quantity) -> bool {
    quantity.milli() >= 0 && quantity.milli() <= ON_HAND_MILLI_MAX
}

impl Stock {
    /// What may still be promised or sold; below nothing where more was sold than counted.
    #[must_use]
    pub const fn available(self) -> Quantity {
        let taken = self.reserved.milli().saturating_add(self.sold.milli());
        Quantity::from_milli(self.on_hand.milli().saturating_sub(taken))
    }

    /// Promises so much to an online order.
    ///
    /// # Errors
    /// When not so much is available, or nothing is wished.
    pub fn promise(self, wished: Quantity) -> Result<Self, Short> {
        let available = self.available();
        let is_there = wished.milli() > 0 && wished <= available;
        let short = Short { available: available.max(Quantity::default()) };
        let reserved = self.reserved.plus(wished);
        if is_there { Ok(Self { reserved, ..self }) } else { Err(short) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(on_hand: i64, reserved: i64, sold: i64) -> Stock {
        let pieces = |n: i64| Quantity::from_milli(n * 1_000);
        Stock { on_hand: pieces(on_hand), reserved: pieces(reserved), sold: pieces(sold) }
    }

    #[test]
    fn what_is_promised_and_sold_is_not_available() {
        for (of, available) in [
            (stock(10, 0, 0), 10),
            (stock(10, 3, 2), 5),
            (stock(10, 3, 9), -2),
            (stock(0, 0, 0), 0),
            // Goods came back that had been sold before the count.
            (stock(10, 0, -1), 11),
        ] {
            assert_eq!(of.available().milli(), available * 1_000, "{of:?}");
        }
    }

    #[test]
    fn a_promise_takes_only_what_is_there() {
        for (of, wished, expected) in [
            (stock(10, 3, 2), 5, Ok(8)),
            (stock(10, 3, 2), 6, Err(5)),
            (stock(10, 3, 9), 1, Err(0)),
            (stock(10, 0, 0), 0, Err(10)),
            (stock(10, 0, 0), -1, Err(10)),
        ] {
            let promised = of.promise(Quantity::from_milli(wished * 1_000));
            let told = promised
                .map(|stock| stock.reserved.milli() / 1_000)
                .map_err(|short| short.available.milli() / 1_000);
            assert_eq!(told, expected, "{wished} of {of:?}");
        }
    }
}
