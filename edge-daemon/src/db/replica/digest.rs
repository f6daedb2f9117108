//! A replica's rows as they lie in its file: what they add up to, and one bucket of them replaced.
//!
//! **Invariant:** added up is what is stored, not what was once applied: a row that somebody or
//! something has changed since is noticed.

use domain::{
    barcode::Gtin,
    catalog::Unit,
    money::{BasisPoints, Money},
    quantity::Quantity,
    time::Timestamp,
};
use rusqlite::{Connection, Row, params_from_iter, types::Value};
use serde::de::DeserializeOwned;
use sync::{
    digest::{self, Digests, bucket_of},
    replica::{Scope, split_tags},
    wire::{
        BarcodeV1, BucketV1, ItemV1, KeyV1, KeysV1, OperatorV1, RoleV1, RowV1, RulesV1, StockV1,
        WorkstationKindV1, WorkstationV1,
    },
};

use super::{DbError, rows};

const DOING: &str = "read all rows of a replica";

/// What the rows add up to.
pub(super) fn digests(connection: &Connection, scope: Scope) -> Result<Digests, DbError> {
    let mut digests = Digests::default();
    each(connection, scope, |row| digests.add_row(&row))?;
    Ok(digests)
}

/// Replaces the rows of a bucket by the mall's, in the caller's transaction. A row of the mall's
/// that falls into another bucket is damage of its own.
pub(super) fn replace(
    connection: &Connection,
    scope: Scope,
    bucket: usize,
    told: &BucketV1,
) -> Result<(), DbError> {
    let is_in = |row: &RowV1| bucket_of(&digest::key(row)) == bucket;
    if !told.rows.iter().all(is_in) {
        return Err(DbError::Damaged { doing: "replace a bucket" });
    }
    let mut stored = Vec::new();
    each(connection, scope, |row| stored.extend(Some(row).filter(is_in)))?;
    stored.iter().try_for_each(|row| remove(connection, row))?;
    told.rows.iter().try_for_each(|row| rows::apply(connection, row))
}

fn remove(connection: &Connection, row: &RowV1) -> Result<(), DbError> {
    let run = |sql: &str, value: Option<Value>| {
        let done = connection.execute(sql, params_from_iter(value));
        done.map(|_| ()).map_err(DbError::sqlite("take a damaged row out"))
    };
    match row {
        RowV1::Item(item) => rows::apply(connection, &RowV1::ItemGone { sku: item.sku.clone() }),
        RowV1::Workstation(row) => {
            rows::apply(connection, &RowV1::WorkstationGone { number: row.number })
        }
        RowV1::Operator(row) => {
            rows::apply(connection, &RowV1::OperatorGone { number: row.number.clone() })
        }
        RowV1::Pickup(row) => rows::apply(connection, &RowV1::PickupGone { id: row.id }),
        RowV1::Member(row) => rows::apply(connection, &RowV1::MemberGone { id: row.id }),
        RowV1::Rules(_) => run("delete from rule_set", None),
        RowV1::Store(_) => run("delete from store", None),
        RowV1::Keys(_) => run("delete from token_key", None),
        RowV1::Stock(row) => {
            run("delete from stock where sku_key = ?1", Some(row.sku.clone().into()))
        }
        RowV1::ItemGone { .. }
        | RowV1::WorkstationGone { .. }
        | RowV1::OperatorGone { .. }
        | RowV1::PickupGone { .. }
        | RowV1::MemberGone { .. } => Ok(()),
    }
}

/// Gives every row as it would travel.
fn each(connection: &Connection, scope: Scope, mut take: impl FnMut(RowV1)) -> Result<(), DbError> {
    match scope {
        Scope::Catalog => {
            each_of(connection, "select revision, body from rule_set", |row| {
                take(RowV1::Rules(RulesV1 { revision: row.get(0)?, set: row.get(1)? }));
                Ok(())
            })?;
            items(connection, take)
        }
        Scope::Store(_) => own(connection, take),
    }
}

fn each_of(
    connection: &Connection,
    sql: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), DbError> {
    let mut statement = connection.prepare(sql).map_err(DbError::sqlite(DOING))?;
    let mut rows = statement.query([]).map_err(DbError::sqlite(DOING))?;
    while let Some(row) = rows.next().map_err(DbError::sqlite(DOING))? {
        take(row).map_err(DbError::sqlite(DOING))?;
    }
    Ok(())
}

/// A value that no program of ours stores.
fn damaged(column: usize) -> rusqlite::Error {
    let why = "a stored value is damaged".into();
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, why)
}

fn items(connection: &Connection, mut take: impl FnMut(RowV1)) -> Result<(), DbError> {
    const SQL: &str = "
        select item.item_id, sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, tags, initials, pinyin, gtin, pack_milli
        from item left join barcode on barcode.item_id = item.item_id
        order by item.item_id";
    let mut last: Option<(i64, ItemV1)> = None;
    let mut give = |item: Option<(i64, ItemV1)>| {
        if let Some((_, mut item)) = item {
            // The order in which they travel.
            item.barcodes.sort_by_key(|barcode| (barcode.pack_milli, barcode.gtin));
            take(RowV1::Item(item));
        }
    };
    each_of(connection, SQL, |row| {
        let item_id: i64 = row.get(0)?;
        if last.as_ref().is_none_or(|(last, _)| *last != item_id) {
            give(last.take());
            last = Some((item_id, item(row)?));
        }
        if let (Some((_, item)), Some(gtin)) = (&mut last, row.get::<_, Option<i64>>(16)?) {
            let gtin = u64::try_from(gtin).ok().and_then(Gtin::from_number);
            let pack_milli = Quantity::from_milli(row.get(17)?);
            item.barcodes.push(BarcodeV1 { gtin: gtin.ok_or_else(|| damaged(16))?, pack_milli });
        }
        Ok(())
    })?;
    give(last.take());
    Ok(())
}

fn item(row: &Row<'_>) -> rusqlite::Result<ItemV1> {
    let tags: String = row.get(13)?;
    Ok(ItemV1 {
        sku: row.get(1)?,
        name: row.get(2)?,
        spec: row.get(3)?,
        unit: Unit::from_word(row.get_ref(4)?.as_str()?).ok_or_else(|| damaged(4))?,
        style: row.get(5)?,
        colour: row.get(6)?,
        size: row.get(7)?,
        brand: row.get(8)?,
        category: row.get(9)?,
        list_price_minor: Money::from_minor(row.get(10)?),
        tax_rate_bps: BasisPoints(row.get(11)?),
        plu: row.get(12)?,
        tags: split_tags(&tags),
        barcodes: Vec::new(),
        initials: row.get(14)?,
        pinyin: row.get(15)?,
    })
}

/// A row that is kept as it travelled.
fn body<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(|_| damaged(0))
}

fn own(connection: &Connection, mut take: impl FnMut(RowV1)) -> Result<(), DbError> {
    each_of(connection, "select body from store", |row| {
        take(RowV1::Store(body(row)?));
        Ok(())
    })?;
    each_of(connection, "select body from pickup", |row| {
        take(RowV1::Pickup(body(row)?));
        Ok(())
    })?;
    each_of(connection, "select body from member", |row| {
        take(RowV1::Member(body(row)?));
        Ok(())
    })?;
    each_of(connection, "select number, name, kind from workstation", |row| {
        let kind = match row.get_ref(2)?.as_str()? {
            "kiosk" => WorkstationKindV1::Kiosk,
            // The table's check lets two words in.
            _ => WorkstationKindV1::Till,
        };
        take(RowV1::Workstation(WorkstationV1 { number: row.get(0)?, name: row.get(1)?, kind }));
        Ok(())
    })?;
    each_of(connection, "select number, name, role, pin_hash from operator", |row| {
        let role = match row.get_ref(2)?.as_str()? {
            "manager" => RoleV1::Manager,
            _ => RoleV1::Cashier,
        };
        let (number, name, pin_hash) = (row.get(0)?, row.get(1)?, row.get(3)?);
        take(RowV1::Operator(OperatorV1 { number, name, role, pin_hash }));
        Ok(())
    })?;
    let stock = "select sku_key, on_hand_milli, reserved_milli, counted_at from stock";
    each_of(connection, stock, |row| {
        take(RowV1::Stock(StockV1 {
            sku: row.get(0)?,
            on_hand_milli: Quantity::from_milli(row.get(1)?),
            reserved_milli: Quantity::from_milli(row.get(2)?),
            counted_at: Timestamp::from_micros(row.get(3)?),
        }));
        Ok(())
    })?;
    let mut keys = Vec::new();
    each_of(connection, "select version, public_key from token_key order by version", |row| {
        keys.push(KeyV1 { version: row.get(0)?, public_key: row.get(1)? });
        Ok(())
    })?;
    if !keys.is_empty() {
        take(RowV1::Keys(KeysV1 { keys }));
    }
    Ok(())
}
