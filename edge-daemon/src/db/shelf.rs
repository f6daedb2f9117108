//! What a catalog replica answers to somebody who looks around.
//!
//! **Invariant:** read only; every answer is bounded.

use domain::catalog::Item;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    DbError,
    catalog::{ITEM_COLUMNS, item},
};

/// What stands on the shelf once: an item by itself, or one variant for all of its style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Path in the category tree, parts divided by `/`; may be empty.
    pub(crate) category: String,
    /// The 货号 of the item, or of the first variant.
    pub(crate) sku: String,
}

/// What stands on the shelf, by category and within one by 拼音; at most so many.
pub(crate) fn placed(connection: &Connection, limit: u32) -> Result<Vec<Placed>, DbError> {
    let doing = "walk along the shelf";
    let mut statement = connection
        .prepare_cached(
            "select category, min(sku) from item
             group by category, case style when '' then sku else style end
             order by category, min(pinyin), min(name), min(sku) limit ?1",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([limit], |row| Ok(Placed { category: row.get(0)?, sku: row.get(1)? }))
        .map_err(DbError::sqlite(doing))?;
    rows.collect::<Result<_, _>>().map_err(DbError::sqlite(doing))
}

/// The variants of a style, by colour; at most so many.
pub(crate) fn variants(
    connection: &Connection,
    style: &str,
    limit: u32,
) -> Result<Vec<Item>, DbError> {
    let doing = "read the variants of a style";
    let mut statement = connection
        .prepare_cached(&format!(
            "select {ITEM_COLUMNS} from item where style = ?1 and style <> ''
             order by colour, sku limit ?2"
        ))
        .map_err(DbError::sqlite(doing))?;
    let rows = statement.query_map(params![style, limit], item).map_err(DbError::sqlite(doing))?;
    rows.collect::<Result<_, _>>().map_err(DbError::sqlite(doing))
}

/// The first barcode of an item in 14 digits.
pub(crate) fn first_barcode(connection: &Connection, sku: &str) -> Result<Option<String>, DbError> {
    let number: Option<Option<i64>> = connection
        .prepare_cached(
            "select min(gtin) from barcode join item using (item_id)
             where item.sku = ?1 collate nocase",
        )
        .and_then(|mut statement| statement.query_row([sku], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read the barcode of an item"))?;
    Ok(number.flatten().map(|number| format!("{number:014}")))
}
