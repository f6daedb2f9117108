//! The barcodes of items.
//!
//! **Invariant:** a barcode belongs to one item; a retired item has none.

use std::collections::HashMap;

use domain::{barcode::Gtin, quantity::Quantity};
use sqlx::AssertSqlSafe;
use sync::wire::BarcodeV1;

use super::{
    Conn, DbError, bulk, damaged,
    items::{ItemWrite, sku_key},
    sql,
};

/// Rows in one statement that inserts.
const ROWS_MAX: usize = bulk::rows_max(3);
/// Keys in one list.
const KEYS_MAX: usize = bulk::rows_max(1);

/// A barcode's number as tables keep it; 14 digits always fit.
pub(super) fn stored(gtin: Gtin) -> i64 {
    i64::try_from(gtin.number()).unwrap_or(i64::MAX)
}

/// Takes back what `stored` gave.
pub(super) fn of_stored(number: i64) -> Option<Gtin> {
    u64::try_from(number).ok().and_then(Gtin::from_number)
}

/// The order in which an item's barcodes travel: single pieces first.
pub(crate) fn sort(barcodes: &mut [BarcodeV1]) {
    barcodes.sort_by_key(|barcode| (barcode.pack_milli, barcode.gtin));
}

pub(super) async fn insert(tx: &mut Conn, writes: &[ItemWrite]) -> Result<(), DbError> {
    let rows: Vec<(i64, String, i64)> = writes
        .iter()
        .flat_map(|write| write.item.barcodes.iter().map(|b| (&write.item.sku, b)))
        .map(|(sku, b)| (stored(b.gtin), sku_key(sku), b.pack_milli.milli()))
        .collect();
    for some in rows.chunks(ROWS_MAX) {
        let values = bulk::rows(some.len(), 3);
        let statement = format!("insert into barcode (gtin, sku_key, pack_milli) values {values}");
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(some.len() == ROWS_MAX);
        for (gtin, key, pack) in some {
            query = query.bind(*gtin).bind(key.as_str()).bind(*pack);
        }
        query.execute(&mut *tx).await.map_err(sql("write barcodes"))?;
    }
    Ok(())
}

pub(super) async fn remove_all(tx: &mut Conn, keys: &[String]) -> Result<(), DbError> {
    for some in keys.chunks(KEYS_MAX) {
        let statement = format!("delete from barcode where sku_key in {}", bulk::list(some.len()));
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for key in some {
            query = query.bind(key.as_str());
        }
        query.execute(&mut *tx).await.map_err(sql("remove barcodes"))?;
    }
    Ok(())
}

/// The barcodes of some items, by the items' keys, each list in travelling order.
pub(super) async fn of_items(
    tx: &mut Conn,
    keys: &[String],
) -> Result<HashMap<String, Vec<BarcodeV1>>, DbError> {
    let doing = "read barcodes";
    let mut found: HashMap<String, Vec<BarcodeV1>> = HashMap::new();
    for some in keys.chunks(KEYS_MAX) {
        let statement = format!(
            "select sku_key, gtin, pack_milli from barcode where sku_key in {}",
            bulk::list(some.len())
        );
        let mut query = sqlx::query_as::<_, (String, i64, i64)>(AssertSqlSafe(statement))
            .persistent(some.len() == KEYS_MAX);
        for key in some {
            query = query.bind(key.as_str());
        }
        for (key, gtin, pack) in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            let gtin = of_stored(gtin).ok_or_else(|| damaged(doing))?;
            let barcode = BarcodeV1 { gtin, pack_milli: Quantity::from_milli(pack) };
            found.entry(key).or_default().push(barcode);
        }
    }
    found.values_mut().for_each(|barcodes| sort(barcodes));
    Ok(found)
}

/// Who holds some barcodes: the SKU of the item.
pub(super) async fn owners(
    tx: &mut Conn,
    gtins: &[Gtin],
) -> Result<HashMap<Gtin, String>, DbError> {
    let doing = "read barcodes";
    let mut found = HashMap::new();
    for some in gtins.chunks(KEYS_MAX) {
        let statement = format!(
            "select b.gtin, i.sku from barcode b join item i on i.sku_key = b.sku_key
             where b.gtin in {}",
            bulk::list(some.len())
        );
        let mut query = sqlx::query_as::<_, (i64, String)>(AssertSqlSafe(statement))
            .persistent(some.len() == KEYS_MAX);
        for gtin in some {
            query = query.bind(stored(*gtin));
        }
        for (gtin, sku) in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            found.insert(of_stored(gtin).ok_or_else(|| damaged(doing))?, sku);
        }
    }
    Ok(found)
}
