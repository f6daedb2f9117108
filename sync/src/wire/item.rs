//! Items as they travel.

use domain::{
    barcode::Gtin,
    catalog::{Item, ItemBarcode, Unit},
    money::{BasisPoints, Money},
    quantity::Quantity,
};
use serde::{Deserialize, Serialize};

/// An item with its barcodes and the 拼音 that HQ made of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemV1 {
    /// 货号.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Size of the pack.
    #[serde(default)]
    pub spec: String,
    /// `piece` or `kg`.
    pub unit: Unit,
    /// 款号.
    #[serde(default)]
    pub style: String,
    /// The variant's colour.
    #[serde(default)]
    pub colour: String,
    /// The variant's size.
    #[serde(default)]
    pub size: String,
    /// The brand.
    #[serde(default)]
    pub brand: String,
    /// Path in the category tree.
    #[serde(default)]
    pub category: String,
    /// Fen per piece or kilogram.
    pub list_price_minor: Money,
    /// Basis points of tax inside the price.
    #[serde(default)]
    pub tax_rate_bps: BasisPoints,
    /// The number in-store labels carry.
    #[serde(default)]
    pub plu: String,
    /// HQ's tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its barcodes.
    #[serde(default)]
    pub barcodes: Vec<BarcodeV1>,
    /// First letters of the name's 拼音.
    #[serde(default)]
    pub initials: String,
    /// The name's 拼音 without tones.
    #[serde(default)]
    pub pinyin: String,
}

/// A barcode of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarcodeV1 {
    /// Fourteen digits.
    pub gtin: Gtin,
    /// Thousandths of a piece in the pack.
    pub pack_milli: Quantity,
}

impl ItemV1 {
    /// Puts an item and the 拼音 of its name on the wire.
    #[must_use]
    pub fn of(item: &Item, initials: String, pinyin: String) -> Self {
        let item = item.clone();
        Self {
            sku: item.sku,
            name: item.name,
            spec: item.spec,
            unit: item.unit,
            style: item.style,
            colour: item.colour,
            size: item.size,
            brand: item.brand,
            category: item.category,
            list_price_minor: item.list_price,
            tax_rate_bps: item.tax_rate,
            plu: item.plu,
            tags: item.tags,
            barcodes: item
                .barcodes
                .into_iter()
                .map(|b| BarcodeV1 { gtin: b.gtin, pack_milli: b.pack })
                .collect(),
            initials,
            pinyin,
        }
    }

    /// Takes the item off the wire; whether it holds is for `Item::check`.
    #[must_use]
    pub fn into_item(self) -> Item {
        Item {
            sku: self.sku,
            name: self.name,
            spec: self.spec,
            unit: self.unit,
            style: self.style,
            colour: self.colour,
            size: self.size,
            brand: self.brand,
            category: self.category,
            list_price: self.list_price_minor,
            tax_rate: self.tax_rate_bps,
            plu: self.plu,
            tags: self.tags,
            barcodes: self
                .barcodes
                .into_iter()
                .map(|b| ItemBarcode { gtin: b.gtin, pack: b.pack_milli })
                .collect(),
        }
    }
}
