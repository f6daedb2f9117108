//! What each store has of an item.
//!
//! **Invariant:** a row changes only with a new version of its store's feed.

use std::collections::HashMap;

use domain::{quantity::Quantity, stock::Stock, time::Timestamp};
use sqlx::{AssertSqlSafe, Row as _};
use sync::{replica::StoreId, wire::StockV1};

use super::{
    Conn, DbError, bulk,
    items::{Stamp, sku_key},
    post_voids::standing,
    sql,
};

/// Keys of one list.
const KEYS_MAX: usize = 200;

/// A column of a row of `stock`: what the store's standing orders sold of it since it was counted.
macro_rules! sold {
    () => {
        concat!(
            "(select cast(coalesce(sum(order_line.quantity_milli), 0) as bigint)
              from order_line
              join orders on orders.store_id = order_line.store_id
                         and orders.id = order_line.order_id
              where order_line.store_id = stock.store_id and order_line.sku = stock.sku
                and orders.completed_at > stock.counted_at and ",
            standing!(),
            ")"
        )
    };
}

/// A row of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StockRow {
    /// As the feed carries it.
    pub(crate) told: StockV1,
    /// The version that made it so.
    pub(crate) version: i64,
}

/// What somebody counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// 货号, as the catalog spells it.
    pub(crate) sku: String,
    /// How much is there.
    pub(crate) on_hand: Quantity,
}

type Columns = (String, i64, i64, i64, i64);

fn row((sku, on_hand, reserved, counted_at, version): Columns) -> StockRow {
    let told = StockV1 {
        sku,
        on_hand_milli: Quantity::from_milli(on_hand),
        reserved_milli: Quantity::from_milli(reserved),
        counted_at: Timestamp::from_micros(counted_at),
    };
    StockRow { told, version }
}

/// Writes what was counted: from here on only later sales are taken off. Promises stay.
pub(crate) async fn count(
    tx: &mut Conn,
    store: StoreId,
    counted: &[Counted],
    stamp: Stamp,
) -> Result<(), DbError> {
    for one in counted {
        sqlx::query(
            "insert into stock (store_id, sku_key, sku, on_hand_milli, reserved_milli, counted_at,
                                version)
             values ($1, $2, $3, $4, 0, $5, $6)
             on conflict (store_id, sku_key) do update
             set sku = excluded.sku, on_hand_milli = excluded.on_hand_milli,
                 counted_at = excluded.counted_at, version = excluded.version",
        )
        .bind(store.0)
        .bind(sku_key(&one.sku))
        .bind(one.sku.as_str())
        .bind(one.on_hand.milli())
        .bind(stamp.at.micros())
        .bind(stamp.version)
        .execute(&mut *tx)
        .await
        .map_err(sql("write what was counted"))?;
    }
    Ok(())
}

/// How an item's stock moves without a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    /// Added to what is there.
    pub(crate) on_hand: Quantity,
    /// Added to what is promised.
    pub(crate) reserved: Quantity,
}

/// Moves an item's stock. An item that was never counted here has none to move, and goods that moved
/// before they were counted were counted so.
pub(crate) async fn shift(
    tx: &mut Conn,
    (store, sku): (StoreId, &str),
    movement: Movement,
    (at, version): (Timestamp, i64),
) -> Result<(), DbError> {
    sqlx::query(
        "update stock
         set on_hand_milli = on_hand_milli + case when counted_at < $6 then $3 else 0 end,
             reserved_milli = reserved_milli + $4, version = $5
         where store_id = $1 and sku_key = $2",
    )
    .bind(store.0)
    .bind(sku_key(sku))
    .bind(movement.on_hand.milli())
    .bind(movement.reserved.milli())
    .bind(version)
    .bind(at.micros())
    .execute(tx)
    .await
    .map_err(sql("move an item's stock"))?;
    Ok(())
}

/// What a store has of some items, by their keys; those that were never counted are missing.
pub(crate) async fn of_items(
    tx: &mut Conn,
    store: StoreId,
    keys: &[String],
) -> Result<HashMap<String, (StockRow, Stock)>, DbError> {
    let doing = "read what a store has";
    let mut found = HashMap::with_capacity(keys.len());
    for some in keys.chunks(KEYS_MAX) {
        let statement = format!(
            "select sku, on_hand_milli, reserved_milli, counted_at, version, {sold}, sku_key
             from stock where store_id = {store} and sku_key in {list}",
            sold = sold!(),
            store = store.0,
            list = bulk::list(some.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for key in some {
            query = query.bind(key.as_str());
        }
        for read in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            let number = |place: usize| read.try_get::<i64, _>(place).map_err(sql(doing));
            let sku = read.try_get::<String, _>(0).map_err(sql(doing))?;
            let key = read.try_get::<String, _>(6).map_err(sql(doing))?;
            let row = row((sku, number(1)?, number(2)?, number(3)?, number(4)?));
            let stock = with_sold(&row, number(5)?);
            found.insert(key, (row, stock));
        }
    }
    Ok(found)
}

/// What each store that counted an item has of it.
pub(crate) async fn of_item(tx: &mut Conn, key: &str) -> Result<Vec<(StoreId, Stock)>, DbError> {
    let found: Vec<(i64, i64, i64, i64)> = sqlx::query_as(concat!(
        "select store_id, on_hand_milli, reserved_milli, ",
        sold!(),
        " from stock where sku_key = $1 and on_hand_milli > reserved_milli"
    ))
    .bind(key)
    .fetch_all(tx)
    .await
    .map_err(sql("read which stores have an item"))?;
    let read = |(store, on_hand, reserved, sold)| {
        let [on_hand, reserved, sold] = [on_hand, reserved, sold].map(Quantity::from_milli);
        (StoreId(store), Stock { on_hand, reserved, sold })
    };
    Ok(found.into_iter().map(read).collect())
}

const fn with_sold(row: &StockRow, sold_milli: i64) -> Stock {
    Stock {
        on_hand: row.told.on_hand_milli,
        reserved: row.told.reserved_milli,
        sold: Quantity::from_milli(sold_milli),
    }
}

/// A store's stock by item after a key, with what it sold since.
pub(crate) async fn list(
    tx: &mut Conn,
    store: StoreId,
    after: &str,
    limit: i64,
) -> Result<Vec<(StockRow, Stock)>, DbError> {
    let found: Vec<(String, i64, i64, i64, i64, i64)> = sqlx::query_as(concat!(
        "select sku, on_hand_milli, reserved_milli, counted_at, version, ",
        sold!(),
        " from stock where store_id = $1 and sku_key > $2 order by sku_key limit $3"
    ))
    .bind(store.0)
    .bind(after)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read what a store has"))?;
    let read = |(sku, on_hand, reserved, at, version, sold)| {
        let row = row((sku, on_hand, reserved, at, version));
        let stock = with_sold(&row, sold);
        (row, stock)
    };
    Ok(found.into_iter().map(read).collect())
}

/// Rows that changed after a version; of the next one only those after a key.
pub(crate) async fn changed(
    tx: &mut Conn,
    store: StoreId,
    (since, after): (i64, &str),
    limit: i64,
) -> Result<Vec<StockRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select sku, on_hand_milli, reserved_milli, counted_at, version from stock
         where store_id = $1 and (version > $2 + 1 or (version = $2 + 1 and sku_key > $3))
         order by version, sku_key limit $4",
    )
    .bind(store.0)
    .bind(since)
    .bind(after)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read what changed of a store's stock"))?;
    Ok(found.into_iter().map(row).collect())
}
