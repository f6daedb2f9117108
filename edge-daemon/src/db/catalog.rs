//! What a catalog replica answers to a code.

use domain::{
    barcode::Gtin,
    catalog::{Item, Unit},
    money::{BasisPoints, Money},
    quantity::Quantity,
};
use rusqlite::{Connection, OptionalExtension, Row};
use sync::replica::split_tags;

use super::DbError;

/// The columns of an item in the order `item` reads them; its first barcode last.
pub(super) const ITEM_COLUMNS: &str = "item.sku, item.name, item.spec, item.unit, item.style, \
     item.colour, item.size, item.brand, item.category, item.list_price_minor, \
     item.tax_rate_bps, item.plu, item.tags";

/// Reads an item without its barcodes, which no till needs.
pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let unit: String = row.get(3)?;
    Ok(Item {
        sku: row.get(0)?,
        name: row.get(1)?,
        spec: row.get(2)?,
        // The table's check lets two words in.
        unit: Unit::from_word(&unit).unwrap_or(Unit::Piece),
        style: row.get(4)?,
        colour: row.get(5)?,
        size: row.get(6)?,
        brand: row.get(7)?,
        category: row.get(8)?,
        list_price: Money::from_minor(row.get(9)?),
        tax_rate: BasisPoints(row.get(10)?),
        plu: row.get(11)?,
        tags: split_tags(row.get_ref(12)?.as_str()?),
        barcodes: Vec::new(),
    })
}

/// The item of a barcode and the quantity in the pack that carries it.
pub(crate) fn by_gtin(
    connection: &Connection,
    gtin: Gtin,
) -> Result<Option<(Item, Quantity)>, DbError> {
    let number = i64::try_from(gtin.number()).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&format!(
            "select {ITEM_COLUMNS}, barcode.pack_milli
             from barcode join item using (item_id) where barcode.gtin = ?1"
        ))
        .and_then(|mut statement| {
            statement
                .query_row([number], |row| Ok((item(row)?, Quantity::from_milli(row.get(13)?))))
                .optional()
        })
        .map_err(DbError::sqlite("look a barcode up"))
}

/// The item whose 货号 this is, in capitals or not.
pub(crate) fn by_sku(connection: &Connection, sku: &str) -> Result<Option<Item>, DbError> {
    one(connection, "item.sku = ?1 collate nocase", sku)
}

/// The item that in-store labels call by this number.
pub(crate) fn by_plu(connection: &Connection, plu: &str) -> Result<Option<Item>, DbError> {
    one(connection, "item.plu = ?1 and item.plu <> ''", plu)
}

/// The variants of a style, by their 货号: at most so many.
pub(crate) fn of_style(
    connection: &Connection,
    style: &str,
    limit: u32,
) -> Result<Vec<Item>, DbError> {
    let doing = "look the variants of a style up";
    let mut statement = connection
        .prepare_cached(&format!(
            "select {ITEM_COLUMNS} from item where item.style = ?1 and item.style <> ''
             order by item.sku limit ?2"
        ))
        .map_err(DbError::sqlite(doing))?;
    let rows = statement.query_map((style, limit), item).map_err(DbError::sqlite(doing))?;
    rows.collect::<Result<_, _>>().map_err(DbError::sqlite(doing))
}

fn one(connection: &Connection, wanted: &str, key: &str) -> Result<Option<Item>, DbError> {
    connection
        .prepare_cached(&format!("select {ITEM_COLUMNS} from item where {wanted} limit 1"))
        .and_then(|mut statement| statement.query_row([key], item).optional())
        .map_err(DbError::sqlite("look an item up"))
}

/// Some items with a barcode, spread over the catalog, for the page that plays scanner.
pub(crate) fn samples(connection: &Connection, limit: u32) -> Result<Vec<(Gtin, String)>, DbError> {
    let doing = "pick some items";
    let mut picked = Vec::new();
    let mut statement = connection
        .prepare_cached(
            "select barcode.gtin, trim(item.name || ' ' || item.spec)
             from item join barcode using (item_id)
             where item_id > ?1 * (select max(item_id) from item) / ?2 order by item_id limit 1",
        )
        .map_err(DbError::sqlite(doing))?;
    for nth in 0..limit {
        let row = statement
            .query_row([nth, limit], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
            .optional()
            .map_err(DbError::sqlite(doing))?;
        let sample = row.and_then(|(number, name): (i64, String)| {
            Some((Gtin::from_number(u64::try_from(number).ok()?)?, name))
        });
        picked.extend(sample.filter(|sample| !picked.contains(sample)));
    }
    Ok(picked)
}
