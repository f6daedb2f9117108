//! The demo catalog as a person with the list in hand knows it, and the labels of a scale.
//!
//! **Invariant:** prices are read as whole fen; nothing here asks a program of the house.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use domain::barcode::check_digit;

/// An item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// 货号.
    pub sku: String,
    /// The code of one piece; empty for weighed goods.
    pub barcode: String,
    /// Its name.
    pub name: String,
    /// Sold by weight.
    pub is_weighed: bool,
    /// Fen per piece or kilogram.
    pub price: i64,
    /// A code that stands for several pieces, and how many.
    pub pack: Option<(String, i64)>,
    /// The number in-store labels carry.
    pub plu: String,
}

/// Where the demo catalog lies.
#[must_use]
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/demo/catalog.csv")
}

/// Reads a list; no field of the demo catalog needs quotes.
///
/// # Errors
/// When a column is missing or a price is none.
pub fn read(path: &Path) -> Result<Vec<Listed>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("could not read {}", path.display()))?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().context("the list is empty")?.split(',').collect();
    lines.map(|line| listed(&head, line).with_context(|| line.to_owned())).collect()
}

fn listed(head: &[&str], line: &str) -> Result<Listed> {
    let fields: Vec<&str> = line.split(',').collect();
    let field = |name: &str| {
        let place = head.iter().position(|column| *column == name);
        place.and_then(|place| fields.get(place)).copied().context("a column is missing")
    };
    let packs = field("extra_barcodes")?.split(';').filter_map(|text| text.split_once('*'));
    let packs = packs.map(|(code, n)| (code.to_owned(), n.parse().unwrap_or(1)));
    Ok(Listed {
        sku: field("sku")?.to_owned(),
        barcode: field("barcode")?.to_owned(),
        name: field("name")?.to_owned(),
        is_weighed: field("unit")? == "kg",
        price: fen(field("list_price_yuan")?)?,
        pack: packs.into_iter().find(|(_, n)| *n > 1),
        plu: field("label_plu")?.to_owned(),
    })
}

/// A list of one item of another list, at another price.
///
/// # Errors
/// When the item is not there.
pub fn row_with_price(path: &Path, sku: &str, yuan: &str) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("could not read {}", path.display()))?;
    let mut lines = text.lines();
    let head = lines.next().context("the list is empty")?;
    let price = head.split(',').position(|column| column == "list_price_yuan");
    let price = price.context("a column is missing")?;
    let row = lines.find(|line| line.split(',').next() == Some(sku)).context("no such item")?;
    let fields = row.split(',').enumerate();
    let fields = fields.map(|(place, field)| if place == price { yuan } else { field });
    Ok(format!("{head}\n{}\n", fields.collect::<Vec<_>>().join(",")))
}

/// Yuan with two decimal places as fen.
fn fen(yuan: &str) -> Result<i64> {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, "00"));
    ensure!(part.len() == 2, "a price has two decimal places");
    format!("{whole}{part}").parse().context("a price is digits")
}

/// Fen as a receipt writes them.
#[must_use]
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

fn with_check_digit(body: String) -> String {
    let digit = check_digit(&body);
    format!("{body}{digit}")
}

/// A label of a scale that prints grams (pattern `21IIIIIWWWWWC`).
#[must_use]
pub fn weight_label(plu: &str, grams: u32) -> String {
    with_check_digit(format!("21{plu}{grams:05}"))
}

/// A label of a scale that prints fen (pattern `22IIIIIPPPPPC`).
#[must_use]
pub fn amount_label(plu: &str, fen: u32) -> String {
    with_check_digit(format!("22{plu}{fen:05}"))
}

/// A label of a scale that prints both (pattern `26IIIIIPPPPPWWWWWC`).
#[must_use]
pub fn full_label(plu: &str, fen: u32, grams: u32) -> String {
    with_check_digit(format!("26{plu}{fen:05}{grams:05}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_the_scale_is_the_one_that_the_catalog_explains() {
        assert_eq!(weight_label("12345", 1_250), "2112345012506");
        assert_eq!(amount_label("06013", 4_008), "2206013040080");
        assert_eq!(full_label("12345", 1_999, 1_250), "261234501999012505");
    }

    #[test]
    fn the_demo_catalog_has_pieces_packs_and_weighed_goods() {
        let list = read(&demo()).unwrap();
        assert!(list.len() > 400);
        assert!(list.iter().any(|item| item.pack.is_some()));
        let apple = list.iter().find(|item| item.plu == "12345").unwrap();
        assert_eq!((apple.is_weighed, apple.price), (true, 1_396));
        assert_eq!((yuan(1_396), yuan(-9)), ("13.96".to_owned(), "-0.09".to_owned()));
    }
}
