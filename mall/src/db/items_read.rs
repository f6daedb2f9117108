//! Items as they are read: by the feed, by an import, by HQ, and all of them for a snapshot.
//!
//! **Invariant:** reads only; every read of more than one row is in the order of a key.

use std::collections::HashMap;

use domain::{
    barcode::Gtin,
    catalog::Unit,
    money::{BasisPoints, Money},
    quantity::Quantity,
};
use futures_util::{Stream, StreamExt as _};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};
use sync::{
    chain::Hash,
    replica::split_tags,
    wire::{BarcodeV1, ItemV1},
};

use super::{Conn, DbError, barcodes, bulk, damaged, items, sql};

/// Keys in one list.
const KEYS_MAX: usize = bulk::rows_max(1);

/// A changed row of the catalog.
#[derive(Clone, Debug)]
pub(crate) struct ChangedItem {
    /// The version that made it.
    pub(crate) version: i64,
    /// Its key in the feed.
    pub(crate) key: String,
    /// The item; its barcodes are empty when it is gone.
    pub(crate) item: ItemV1,
    /// Whether it is a tombstone.
    pub(crate) is_gone: bool,
}

/// What the catalog holds of the rows an import is about to write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Items by key.
    pub(crate) items: HashMap<String, KnownItem>,
    /// Who holds a barcode: an item's SKU.
    pub(crate) owners: HashMap<Gtin, String>,
    /// Barcodes of the items, by the items' keys.
    pub(crate) barcodes: HashMap<String, Vec<BarcodeV1>>,
    /// Who carries a label's number: an item's SKU.
    pub(crate) plus: HashMap<String, String>,
}

/// What is known of an item.
#[derive(Clone, Debug)]
pub(crate) struct KnownItem {
    /// Its SKU as it is written.
    pub(crate) sku: String,
    /// The digest of what the feed carries; `None` when it is gone.
    pub(crate) digest: Option<Hash>,
    /// The label's number that it carries, or nothing; a tombstone carries none.
    pub(crate) plu: String,
    /// What it costs HQ; nothing where nobody said.
    pub(crate) cost: Money,
}

impl KnownItem {
    /// Whether it is on sale under another spelling; replicas could not tell the two apart.
    pub(crate) fn is_other_case(&self, sku: &str) -> bool {
        self.digest.is_some() && self.sku != sku
    }
}

/// Reads what an import must know: items by key, owners of barcodes and label numbers.
pub(crate) async fn known(
    tx: &mut Conn,
    keys: &[String],
    gtins: &[Gtin],
    plus: &[String],
) -> Result<Known, DbError> {
    let doing = "read items";
    let mut found = Known::default();
    for some in keys.chunks(KEYS_MAX) {
        let statement = format!(
            "select sku_key, sku, digest, plu, cost_minor from item where sku_key in {}",
            bulk::list(some.len())
        );
        let mut query =
            sqlx::query_as::<_, (String, String, String, String, i64)>(AssertSqlSafe(statement))
                .persistent(some.len() == KEYS_MAX);
        for key in some {
            query = query.bind(key.as_str());
        }
        for (key, sku, digest, plu, cost) in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            let digest = Hash::from_hex(&digest).filter(|_| !digest.is_empty());
            let plu = if digest.is_some() { plu } else { String::new() };
            let cost = Money::from_minor(cost);
            found.items.insert(key, KnownItem { sku, digest, plu, cost });
        }
    }
    let held: Vec<String> = found.items.keys().cloned().collect();
    found.barcodes = barcodes::of_items(&mut *tx, &held).await?;
    found.owners = barcodes::owners(&mut *tx, gtins).await?;
    for some in plus.chunks(KEYS_MAX) {
        let statement = format!(
            "select plu, sku from item where gone = 0 and plu in {}",
            bulk::list(some.len())
        );
        let mut query =
            sqlx::query_as::<_, (String, String)>(AssertSqlSafe(statement)).persistent(false);
        for plu in some {
            query = query.bind(plu.as_str());
        }
        found.plus.extend(query.fetch_all(&mut *tx).await.map_err(sql(doing))?);
    }
    Ok(found)
}

/// The changes after a cursor in feed order: version, then key.
///
/// `after` names a key inside version `since + 1`: what stands up to there has been read.
pub(crate) async fn changed(
    tx: &mut Conn,
    since: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<ChangedItem>, DbError> {
    const SQL: &str = "
        select sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, tags, initials, pinyin, version, sku_key, gone
        from item
        where version > $1 and (version > $1 + 1 or sku_key > $2)
        order by version, sku_key
        limit $3";
    let doing = "read changed items";
    let rows = sqlx::query(SQL)
        .bind(since)
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(doing))?;
    let mut changed = Vec::with_capacity(rows.len());
    for row in &rows {
        changed.push(ChangedItem {
            version: row.try_get(15).map_err(sql(doing))?,
            key: row.try_get(16).map_err(sql(doing))?,
            item: item(row)?,
            is_gone: row.try_get::<i64, _>(17).map_err(sql(doing))? != 0,
        });
    }
    let keys: Vec<String> = changed.iter().filter(|c| !c.is_gone).map(|c| c.key.clone()).collect();
    let mut barcodes = barcodes::of_items(tx, &keys).await?;
    for change in changed.iter_mut().filter(|c| !c.is_gone) {
        change.item.barcodes = barcodes.remove(&change.key).unwrap_or_default();
    }
    Ok(changed)
}

/// How many rows changed after a version, counted up to a limit.
pub(crate) async fn count_changed(tx: &mut Conn, since: i64, limit: i64) -> Result<i64, DbError> {
    let (n,): (i64,) = sqlx::query_as(
        "select count(*) from (select 1 from item where version > $1 limit $2) as few",
    )
    .bind(since)
    .bind(limit)
    .fetch_one(tx)
    .await
    .map_err(sql("count changed items"))?;
    Ok(n)
}

/// A page of items for HQ: those whose SKU, name or barcode matches, after a key, by key.
pub(crate) async fn page(
    tx: &mut Conn,
    query: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<ItemV1>, DbError> {
    const SQL: &str = "
        select sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, tags, initials, pinyin, sku_key
        from item
        where gone = 0 and sku_key > $1
          and ($2 = '' or lower(name) like $3 escape '\\' or sku_key like $3 escape '\\'
               or initials like $3 escape '\\'
               or sku_key in (select sku_key from barcode where gtin = $4))
        order by sku_key
        limit $5";
    let doing = "read items";
    let mut pattern = String::from("%");
    for c in query.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    let gtin = Gtin::parse(query).ok().map_or(-1, barcodes::stored);
    let rows = sqlx::query(SQL)
        .bind(after)
        .bind(query)
        .bind(pattern)
        .bind(gtin)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(doing))?;
    let mut found = rows.iter().map(item).collect::<Result<Vec<ItemV1>, DbError>>()?;
    let keys: Vec<String> = found.iter().map(|item| items::sku_key(&item.sku)).collect();
    let mut barcodes = barcodes::of_items(tx, &keys).await?;
    for (item, key) in found.iter_mut().zip(&keys) {
        item.barcodes = barcodes.remove(key).unwrap_or_default();
    }
    Ok(found)
}

/// Items on sale by their keys, without barcodes.
pub(crate) async fn by_keys(
    tx: &mut Conn,
    keys: &[String],
) -> Result<HashMap<String, ItemV1>, DbError> {
    let doing = "read items";
    let mut found = HashMap::with_capacity(keys.len());
    for some in keys.chunks(KEYS_MAX) {
        let statement = format!(
            "select {}, sku_key from item where gone = 0 and sku_key in {}",
            items::COLUMNS,
            bulk::list(some.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for key in some {
            query = query.bind(key.as_str());
        }
        for row in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            found.insert(row.try_get(15).map_err(sql(doing))?, item(&row)?);
        }
    }
    Ok(found)
}

/// Items on sale by their keys, with their barcodes, in the order of the keys that are there.
pub(crate) async fn with_barcodes(tx: &mut Conn, keys: &[String]) -> Result<Vec<ItemV1>, DbError> {
    let mut found = by_keys(tx, keys).await?;
    let mut barcodes = barcodes::of_items(tx, keys).await?;
    let of_key = |key: &String| {
        let mut item = found.remove(key)?;
        item.barcodes = barcodes.remove(key).unwrap_or_default();
        Some(item)
    };
    Ok(keys.iter().filter_map(of_key).collect())
}

/// The key of every item that is sold, with the digest of what the feed carries of it.
pub(crate) fn digests(
    tx: &mut Conn,
) -> impl Stream<Item = Result<(String, Hash), DbError>> + Send + '_ {
    let doing = "read the digests of the catalog";
    sqlx::query_as::<_, (String, String)>("select sku_key, digest from item where gone = 0")
        .fetch(tx)
        .map(move |row| {
            let (key, digest) = row.map_err(sql(doing))?;
            Ok((key, Hash::from_hex(&digest).ok_or_else(|| damaged(doing))?))
        })
}

/// Items on sale after a key, by key, without barcodes; each with its cost if that is known.
pub(crate) async fn costed(
    tx: &mut Conn,
    after: &str,
    limit: i64,
) -> Result<Vec<(ItemV1, Option<Money>)>, DbError> {
    const SQL: &str = "
        select sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, tags, initials, pinyin, cost_minor
        from item where gone = 0 and sku_key > $1
        order by sku_key limit $2";
    let doing = "read what items cost";
    let rows = sqlx::query(SQL).bind(after).bind(limit).fetch_all(tx).await.map_err(sql(doing))?;
    let read = |row: &AnyRow| {
        let cost: i64 = row.try_get(15).map_err(sql(doing))?;
        Ok((item(row)?, (cost > 0).then(|| Money::from_minor(cost))))
    };
    rows.iter().map(read).collect()
}

/// A row of the join of items and barcodes: an item appears once per barcode, or once without.
pub(crate) type Joined = (ItemV1, Option<BarcodeV1>);

/// Every item that is sold, by key, as a stream of rows that keep one item's barcodes together.
pub(crate) fn all(tx: &mut Conn) -> impl Stream<Item = Result<Joined, DbError>> + Send + '_ {
    const SQL: &str = "
        select i.sku, i.name, i.spec, i.unit, i.style, i.colour, i.size, i.brand, i.category,
               i.list_price_minor, i.tax_rate_bps, i.plu, i.tags, i.initials, i.pinyin,
               coalesce(b.gtin, -1), coalesce(b.pack_milli, 0)
        from item i
        left join barcode b on b.sku_key = i.sku_key
        where i.gone = 0
        order by i.sku_key, b.gtin";
    let doing = "read the whole catalog";
    sqlx::query(SQL).fetch(tx).map(move |row| {
        let row = row.map_err(sql(doing))?;
        let gtin: i64 = row.try_get(15).map_err(sql(doing))?;
        let pack: i64 = row.try_get(16).map_err(sql(doing))?;
        let barcode = match gtin {
            -1 => None,
            number => Some(BarcodeV1 {
                gtin: barcodes::of_stored(number).ok_or_else(|| damaged(doing))?,
                pack_milli: Quantity::from_milli(pack),
            }),
        };
        Ok((item(&row)?, barcode))
    })
}

/// Reads `items::COLUMNS` from the start of a row.
fn item(row: &AnyRow) -> Result<ItemV1, DbError> {
    let doing = "read an item";
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    let rate = u16::try_from(number(10)?).map_err(|_| damaged(doing))?;
    Ok(ItemV1 {
        sku: text(0)?,
        name: text(1)?,
        spec: text(2)?,
        unit: Unit::from_word(&text(3)?).ok_or_else(|| damaged(doing))?,
        style: text(4)?,
        colour: text(5)?,
        size: text(6)?,
        brand: text(7)?,
        category: text(8)?,
        list_price_minor: Money::from_minor(number(9)?),
        tax_rate_bps: BasisPoints(rate),
        plu: text(11)?,
        tags: split_tags(&text(12)?),
        barcodes: Vec::new(),
        initials: text(13)?,
        pinyin: text(14)?,
    })
}
