//! Items as HQ describes them: variants, barcodes, list price.
//!
//! **Invariant:** no stock, no promotion; an `Item` that exists has passed `Item::check`.

use serde::{Deserialize, Serialize};

use crate::{
    barcode::Gtin,
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    quantity::Quantity,
};

/// Signs in a SKU, style, colour, size, PLU; the widest column of a price list we saw had 40.
pub const KEY_CHARS_MAX: usize = 64;
/// Signs in a name, spec, brand or category; two lines of an 80 mm receipt and some room.
pub const NAME_CHARS_MAX: usize = 200;
/// Barcodes of one item: piece, inner pack, carton, old and new prints.
pub const BARCODES_MAX: usize = 32;
/// Tags of one item; more would be a description.
pub const TAGS_MAX: usize = 32;

/// How an item is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// By the piece; quantities are whole.
    Piece,
    /// By the kilogram.
    Kg,
}

impl Unit {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Piece => "piece",
            Self::Kg => "kg",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Piece, Self::Kg].into_iter().find(|unit| unit.word() == word)
    }
}

/// One barcode of an item and how many pieces it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemBarcode {
    /// The code.
    pub gtin: Gtin,
    /// Pieces in the pack that carries it; one piece is `Quantity::ONE`.
    pub pack: Quantity,
}

/// A thing that is sold: one row of the catalog, one variant of its style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The retailer's own key (货号), unique in the catalog.
    pub sku: String,
    /// What the shopper reads.
    pub name: String,
    /// Size of the pack, e.g. `500ml`; may be empty.
    pub spec: String,
    /// Pieces or kilograms.
    pub unit: Unit,
    /// The style (款号) whose variants differ by colour and size; empty for an item without.
    pub style: String,
    /// The variant's colour; empty for none.
    pub colour: String,
    /// The variant's size; empty for none.
    pub size: String,
    /// The brand; may be empty.
    pub brand: String,
    /// Path in the category tree, parts divided by `/`; may be empty.
    pub category: String,
    /// Price of one piece or kilogram before any reduction, tax included.
    pub list_price: Money,
    /// Value added tax inside the price.
    pub tax_rate: BasisPoints,
    /// The number in-store labels carry; empty for none.
    pub plu: String,
    /// HQ's tags, which promotions look at: `new`, `clearance`, `season=2026AW`.
    pub tags: Vec<String>,
    /// Its barcodes, each unique in the catalog.
    pub barcodes: Vec<ItemBarcode>,
}

/// What is wrong with an item, by the column a person would look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ItemFault {
    /// The column.
    pub field: &'static str,
    /// What is wrong there.
    pub reason: ItemFaultReason,
}

/// What can be wrong in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemFaultReason {
    /// Nothing where something must be.
    #[error("is missing")]
    Missing,
    /// Too many signs.
    #[error("is too long")]
    TooLong,
    /// A tab, line break or other control character, which could not be printed or scanned.
    #[error("has unprintable characters")]
    Unprintable,
    /// Below zero or above `UNIT_PRICE_MINOR_MAX`.
    #[error("is out of range")]
    OutOfRange,
}

impl Item {
    /// Checks the item at the door; the first fault found is told.
    pub fn check(&self) -> Result<(), ItemFault> {
        let texts = [
            ("sku", &self.sku, KEY_CHARS_MAX, true),
            ("name", &self.name, NAME_CHARS_MAX, true),
            ("spec", &self.spec, NAME_CHARS_MAX, false),
            ("style", &self.style, KEY_CHARS_MAX, false),
            ("colour", &self.colour, KEY_CHARS_MAX, false),
            ("size", &self.size, KEY_CHARS_MAX, false),
            ("brand", &self.brand, NAME_CHARS_MAX, false),
            ("category", &self.category, NAME_CHARS_MAX, false),
            ("label_plu", &self.plu, KEY_CHARS_MAX, false),
        ];
        for (field, text, chars_max, is_needed) in texts {
            let reason = if is_needed && text.trim().is_empty() {
                ItemFaultReason::Missing
            } else if text.chars().count() > chars_max {
                ItemFaultReason::TooLong
            } else if text.chars().any(char::is_control) {
                ItemFaultReason::Unprintable
            } else {
                continue;
            };
            return Err(ItemFault { field, reason });
        }
        if !(0..=UNIT_PRICE_MINOR_MAX).contains(&self.list_price.minor()) {
            return Err(ItemFault {
                field: "list_price_yuan",
                reason: ItemFaultReason::OutOfRange,
            });
        }
        let tags_are_right = self.tags.iter().all(|tag| {
            let n = tag.chars().count();
            n > 0 && n <= KEY_CHARS_MAX && !tag.chars().any(|c| c.is_control() || c == ';')
        });
        if self.tags.len() > TAGS_MAX || !tags_are_right {
            return Err(ItemFault { field: "tags", reason: ItemFaultReason::OutOfRange });
        }
        let packs_are_right =
            self.barcodes.iter().all(|b| b.pack.is_sellable() && b.pack.is_whole());
        if self.barcodes.len() > BARCODES_MAX || !packs_are_right {
            return Err(ItemFault { field: "extra_barcodes", reason: ItemFaultReason::OutOfRange });
        }
        Ok(())
    }

    /// What stands beside the name: the spec, and size and colour unless it names them already.
    #[must_use]
    pub fn spec_line(&self) -> String {
        let names = |part: &str| self.spec.split_whitespace().any(|word| word == part);
        let mut line = self.spec.trim().to_owned();
        for part in [&self.size, &self.colour] {
            if !part.is_empty() && !names(part) {
                line.push(' ');
                line.push_str(part);
            }
        }
        line.trim().to_owned()
    }
}
