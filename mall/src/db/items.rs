//! Items as they are written: upserts, tombstones.
//!
//! **Invariant:** whether a row may be written is decided elsewhere; here it is.

use domain::{money::Money, time::Timestamp};
use sqlx::AssertSqlSafe;
use sync::{chain::Hash, replica::join_tags, wire::ItemV1};

use super::{Conn, DbError, barcodes, bulk, sql};

/// Columns that an upsert writes.
const WRITTEN: usize = 21;
/// Rows in one statement.
const ROWS_MAX: usize = bulk::rows_max(WRITTEN);

/// The columns that make an item on the wire, in the order that `items_read` reads.
pub(super) const COLUMNS: &str = "sku, name, spec, unit, style, colour, size, brand, category, \
     list_price_minor, tax_rate_bps, plu, tags, initials, pinyin";

/// How the catalog finds a SKU again: `a1` and `A1` are one, as in a replica's index.
#[must_use]
pub(crate) fn sku_key(sku: &str) -> String {
    sku.to_ascii_lowercase()
}

/// The mark of a feed's change: its number and time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The version it made.
    pub(crate) version: i64,
    /// When.
    pub(crate) at: Timestamp,
}

/// An item about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemWrite {
    /// As the feed will carry it.
    pub(crate) item: ItemV1,
    /// Digest of that.
    pub(crate) digest: Hash,
    /// What it costs HQ; nothing where nobody said.
    pub(crate) cost: Money,
    /// Whether barcodes may stand under it already, which then go.
    pub(crate) is_known: bool,
}

/// Writes items as they now are, with their barcodes, all with one version.
pub(crate) async fn upsert(
    tx: &mut Conn,
    writes: &[ItemWrite],
    stamp: Stamp,
) -> Result<(), DbError> {
    let known: Vec<String> =
        writes.iter().filter(|w| w.is_known).map(|w| sku_key(&w.item.sku)).collect();
    barcodes::remove_all(&mut *tx, &known).await?;
    for some in writes.chunks(ROWS_MAX) {
        upsert_some(&mut *tx, some, stamp).await?;
    }
    barcodes::insert(tx, writes).await
}

async fn upsert_some(tx: &mut Conn, writes: &[ItemWrite], stamp: Stamp) -> Result<(), DbError> {
    let statement = format!(
        "insert into item (sku_key, {COLUMNS}, cost_minor, digest, version, gone, changed_at)
         values {}
         on conflict (sku_key) do update set
           sku = excluded.sku, name = excluded.name, spec = excluded.spec, unit = excluded.unit,
           style = excluded.style, colour = excluded.colour, size = excluded.size,
           brand = excluded.brand, category = excluded.category,
           list_price_minor = excluded.list_price_minor, tax_rate_bps = excluded.tax_rate_bps,
           plu = excluded.plu, tags = excluded.tags, initials = excluded.initials,
           pinyin = excluded.pinyin, cost_minor = excluded.cost_minor,
           digest = excluded.digest, version = excluded.version, gone = excluded.gone,
           changed_at = excluded.changed_at",
        bulk::rows(writes.len(), WRITTEN)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(writes.len() == ROWS_MAX);
    for ItemWrite { item, digest, cost, .. } in writes {
        query = query.bind(sku_key(&item.sku));
        let texts = [&item.sku, &item.name, &item.spec];
        query = texts.into_iter().fold(query, |query, text| query.bind(text.as_str()));
        query = query.bind(item.unit.word());
        let texts = [&item.style, &item.colour, &item.size, &item.brand, &item.category];
        query = texts.into_iter().fold(query, |query, text| query.bind(text.as_str()));
        query = query.bind(item.list_price_minor.minor()).bind(i64::from(item.tax_rate_bps.0));
        query = query.bind(item.plu.as_str()).bind(join_tags(&item.tags));
        query = query.bind(item.initials.as_str()).bind(item.pinyin.as_str());
        query = query.bind(cost.minor());
        query =
            query.bind(digest.to_string()).bind(stamp.version).bind(0_i64).bind(stamp.at.micros());
    }
    query.execute(tx).await.map_err(sql("write items"))?;
    Ok(())
}

/// Writes down what items cost HQ, by their keys; no version: nothing of it travels.
pub(crate) async fn put_costs(tx: &mut Conn, costs: &[(String, Money)]) -> Result<(), DbError> {
    for (key, cost) in costs {
        sqlx::query("update item set cost_minor = $2 where sku_key = $1")
            .bind(key.as_str())
            .bind(cost.minor())
            .execute(&mut *tx)
            .await
            .map_err(sql("write what items cost"))?;
    }
    Ok(())
}

/// Makes an item a tombstone and frees its barcodes; `false` when there is none to retire.
pub(crate) async fn retire(tx: &mut Conn, sku: &str, stamp: Stamp) -> Result<bool, DbError> {
    barcodes::remove_all(&mut *tx, &[sku_key(sku)]).await?;
    let done = sqlx::query(
        "update item set gone = 1, version = $2, changed_at = $3, digest = ''
         where sku_key = $1 and gone = 0",
    )
    .bind(sku_key(sku))
    .bind(stamp.version)
    .bind(stamp.at.micros())
    .execute(tx)
    .await
    .map_err(sql("retire an item"))?;
    Ok(done.rows_affected() > 0)
}

/// Forgets tombstones made before a time; the answer is the highest version among them.
pub(crate) async fn forget_tombstones(
    tx: &mut Conn,
    before: Timestamp,
) -> Result<(u64, i64), DbError> {
    let doing = "forget tombstones";
    let (version,): (i64,) = sqlx::query_as(
        "select coalesce(max(version), 0) from item where gone = 1 and changed_at < $1",
    )
    .bind(before.micros())
    .fetch_one(&mut *tx)
    .await
    .map_err(sql(doing))?;
    let done = sqlx::query("delete from item where gone = 1 and changed_at < $1")
        .bind(before.micros())
        .execute(tx)
        .await
        .map_err(sql(doing))?;
    Ok((done.rows_affected(), version))
}
