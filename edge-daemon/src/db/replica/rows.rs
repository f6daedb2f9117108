//! A change of the mall's feed as rows of a replica.
//!
//! **Invariant:** it runs in the transaction that moves the cursor, and only there.

use std::collections::BTreeMap;

use domain::barcode::Gtin;
use rusqlite::{Connection, OptionalExtension as _, params};
use sync::{
    replica::{item_words, join_tags},
    wire::{ItemV1, KeysV1, MemberV1, PickupV1, RowV1, RulesV1, StockV1},
};

use super::DbError;

/// Applies one change.
pub(super) fn apply(connection: &Connection, row: &RowV1) -> Result<(), DbError> {
    let doing = "apply a change";
    let done = match row {
        RowV1::Item(item) => return put_item(connection, item),
        RowV1::ItemGone { sku } => return drop_item(connection, sku),
        RowV1::Rules(rules) => return put_rules(connection, rules),
        RowV1::Store(store) => {
            let body = serde_json::to_string(store).map_err(|_| DbError::Damaged { doing })?;
            connection.execute(
                "insert into store (one, body) values (1, ?1)
                 on conflict (one) do update set body = excluded.body",
                [body],
            )
        }
        RowV1::Workstation(w) => {
            let kind = match w.kind {
                sync::wire::WorkstationKindV1::Till => "till",
                sync::wire::WorkstationKindV1::Kiosk => "kiosk",
            };
            connection.execute(
                "insert into workstation (number, name, kind) values (?1, ?2, ?3)
                 on conflict (number) do update set name = excluded.name, kind = excluded.kind",
                params![w.number, w.name, kind],
            )
        }
        RowV1::WorkstationGone { number } => {
            connection.execute("delete from workstation where number = ?1", [number])
        }
        RowV1::Operator(o) => {
            let role = match o.role {
                sync::wire::RoleV1::Cashier => "cashier",
                sync::wire::RoleV1::Manager => "manager",
            };
            connection.execute(
                "insert into operator (number, name, role, pin_hash) values (?1, ?2, ?3, ?4)
                 on conflict (number) do update set name = excluded.name, role = excluded.role,
                   pin_hash = excluded.pin_hash",
                params![o.number, o.name, role, o.pin_hash],
            )
        }
        RowV1::OperatorGone { number } => {
            connection.execute("delete from operator where number = ?1", [number])
        }
        RowV1::Stock(stock) => return put_stock(connection, stock),
        RowV1::Pickup(pickup) => return put_pickup(connection, pickup),
        RowV1::PickupGone { id } => {
            connection.execute("delete from pickup where id = ?1", [id.to_string()])
        }
        RowV1::Member(member) => return put_member(connection, member),
        RowV1::MemberGone { id } => {
            connection.execute("delete from member where member_id = ?1", [id.to_string()])
        }
        RowV1::Keys(keys) => return put_keys(connection, keys),
    };
    done.map(|_| ()).map_err(DbError::sqlite(doing))
}

fn put_member(connection: &Connection, member: &MemberV1) -> Result<(), DbError> {
    let doing = "apply a member";
    let body = serde_json::to_string(member).map_err(|_| DbError::Damaged { doing })?;
    connection
        .prepare_cached(
            "insert into member (member_id, phone_index, body) values (?1, ?2, ?3)
             on conflict (member_id) do update set phone_index = excluded.phone_index,
               body = excluded.body",
        )
        .and_then(|mut statement| {
            statement.execute(params![member.id.to_string(), member.phone_index, body])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// All keys at once: one that is not among them is believed no more.
fn put_keys(connection: &Connection, keys: &KeysV1) -> Result<(), DbError> {
    let doing = "apply the keys of tokens";
    connection.execute("delete from token_key", []).map_err(DbError::sqlite(doing))?;
    for key in &keys.keys {
        let sql = "insert into token_key (version, public_key) values (?1, ?2)";
        connection
            .execute(sql, params![key.version, key.public_key])
            .map_err(DbError::sqlite(doing))?;
    }
    Ok(())
}

/// All rules at once: a store never prices by half a set.
fn put_rules(connection: &Connection, rules: &RulesV1) -> Result<(), DbError> {
    connection
        .execute(
            "insert into rule_set (one, revision, body) values (1, ?1, ?2)
             on conflict (one) do update set revision = excluded.revision, body = excluded.body",
            params![rules.revision, rules.set],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("apply the rules"))
}

fn put_stock(connection: &Connection, stock: &StockV1) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into stock (sku_key, on_hand_milli, reserved_milli, counted_at)
             values (?1, ?2, ?3, ?4)
             on conflict (sku_key) do update set on_hand_milli = excluded.on_hand_milli,
               reserved_milli = excluded.reserved_milli, counted_at = excluded.counted_at",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                stock.sku.to_ascii_lowercase(),
                stock.on_hand_milli.milli(),
                stock.reserved_milli.milli(),
                stock.counted_at.micros(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("apply an item's stock"))
}

fn put_pickup(connection: &Connection, pickup: &PickupV1) -> Result<(), DbError> {
    let doing = "apply an online order";
    let body = serde_json::to_string(pickup).map_err(|_| DbError::Damaged { doing })?;
    connection
        .execute(
            "insert into pickup (id, state, placed_at, body) values (?1, ?2, ?3, ?4)
             on conflict (id) do update set state = excluded.state,
               placed_at = excluded.placed_at, body = excluded.body",
            params![pickup.id.to_string(), pickup.state.word(), pickup.placed_at.micros(), body],
        )
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Most changes are new prices: words and barcodes cost several times as much to write as the item, and
/// are written where they differ.
fn put_item(connection: &Connection, wire: &ItemV1) -> Result<(), DbError> {
    let doing = "apply an item";
    let item = wire.clone().into_item();
    item.check().map_err(|_| DbError::Damaged { doing })?;
    let had_words = has_words(connection, wire)?;
    let item_id: i64 = connection
        .prepare_cached(
            "insert into item (sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, initials, pinyin, tags)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             on conflict (sku collate nocase) do update set sku = excluded.sku,
               name = excluded.name, spec = excluded.spec,
               unit = excluded.unit, style = excluded.style, colour = excluded.colour,
               size = excluded.size, brand = excluded.brand, category = excluded.category,
               list_price_minor = excluded.list_price_minor,
               tax_rate_bps = excluded.tax_rate_bps, plu = excluded.plu,
               initials = excluded.initials, pinyin = excluded.pinyin, tags = excluded.tags
             returning item_id",
        )
        .and_then(|mut statement| {
            statement.query_row(
                params![
                    item.sku,
                    item.name,
                    item.spec,
                    item.unit.word(),
                    item.style,
                    item.colour,
                    item.size,
                    item.brand,
                    item.category,
                    item.list_price.minor(),
                    item.tax_rate.0,
                    item.plu,
                    wire.initials,
                    wire.pinyin,
                    join_tags(&item.tags),
                ],
                |row| row.get(0),
            )
        })
        .map_err(DbError::sqlite(doing))?;
    if !has_barcodes(connection, item_id, wire)? {
        put_barcodes(connection, item_id, wire)?;
    }
    if had_words { Ok(()) } else { put_words(connection, item_id, wire) }
}

/// Whether an item is there whose words are those of this one (`item_words` says what they are made of).
fn has_words(connection: &Connection, item: &ItemV1) -> Result<bool, DbError> {
    connection
        .prepare_cached(
            "select 1 from item
             where sku = ?1 collate nocase and sku = ?1 and name = ?2 and spec = ?3 and brand = ?4
               and initials = ?5 and pinyin = ?6",
        )
        .and_then(|mut statement| {
            let ItemV1 { sku, name, spec, brand, initials, pinyin, .. } = item;
            statement.exists(params![sku, name, spec, brand, initials, pinyin])
        })
        .map_err(DbError::sqlite("look for an item's words"))
}

/// Whether an item's barcodes are these.
fn has_barcodes(connection: &Connection, item_id: i64, item: &ItemV1) -> Result<bool, DbError> {
    let doing = "read an item's barcodes";
    let mut statement = connection
        .prepare_cached("select gtin, pack_milli from barcode where item_id = ?1")
        .map_err(DbError::sqlite(doing))?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let rows = statement.query_map([item_id], read).map_err(DbError::sqlite(doing))?;
    let held: Result<BTreeMap<i64, i64>, _> = rows.collect();
    let told = item.barcodes.iter();
    let told = told.map(|barcode| (number(barcode.gtin), barcode.pack_milli.milli()));
    Ok(held.map_err(DbError::sqlite(doing))? == told.collect())
}

/// A barcode as its table has it.
fn number(gtin: Gtin) -> i64 {
    i64::try_from(gtin.number()).unwrap_or(0)
}

fn put_barcodes(connection: &Connection, item_id: i64, item: &ItemV1) -> Result<(), DbError> {
    drop_barcodes(connection, item_id)?;
    for barcode in &item.barcodes {
        // A barcode that moved from one SKU to another arrives with whichever change comes later.
        connection
            .prepare_cached(
                "insert into barcode (gtin, item_id, pack_milli) values (?1, ?2, ?3)
                 on conflict (gtin) do update set item_id = excluded.item_id,
                   pack_milli = excluded.pack_milli",
            )
            .and_then(|mut statement| {
                let gtin = number(barcode.gtin);
                statement.execute(params![gtin, item_id, barcode.pack_milli.milli()])
            })
            .map_err(DbError::sqlite("apply a barcode"))?;
    }
    Ok(())
}

fn put_words(connection: &Connection, item_id: i64, item: &ItemV1) -> Result<(), DbError> {
    let words = item_words(item).into_iter().collect::<Vec<_>>().join(" ");
    connection
        .prepare_cached("delete from item_word where rowid = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .and_then(|_| {
            connection
                .prepare_cached("insert into item_word (rowid, words) values (?1, ?2)")?
                .execute(params![item_id, words])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("index an item's words"))
}

fn drop_barcodes(connection: &Connection, item_id: i64) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from barcode where item_id = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .map(|_| ())
        .map_err(DbError::sqlite("replace an item's barcodes"))
}

fn drop_item(connection: &Connection, sku: &str) -> Result<(), DbError> {
    let doing = "take an item out";
    let gone: Option<i64> = connection
        .prepare_cached("delete from item where sku = ?1 collate nocase returning item_id")
        .and_then(|mut statement| statement.query_row([sku], |row| row.get(0)).optional())
        .map_err(DbError::sqlite(doing))?;
    let Some(item_id) = gone else { return Ok(()) };
    drop_barcodes(connection, item_id)?;
    connection
        .prepare_cached("delete from item_word where rowid = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{
        catalog::Unit,
        money::{BasisPoints, Money},
        quantity::Quantity,
    };
    use sync::{
        replica::{CATALOG_INDEXES, CATALOG_TABLES},
        wire::BarcodeV1,
    };

    use super::*;
    use crate::db::model::{dice::Dice, from_env};

    /// Histories of a usual run, and changes of each.
    const HISTORIES: u64 = 64;
    const CHANGES: u64 = 40;

    fn empty() -> Connection {
        let replica = Connection::open_in_memory().unwrap();
        replica.execute_batch(CATALOG_TABLES).unwrap();
        replica.execute_batch(CATALOG_INDEXES).unwrap();
        replica
    }

    /// One of a few items in one of many forms: each part of it is often as it was.
    fn item(dice: &mut Dice) -> ItemV1 {
        let mut of = |words: &[&str]| (*dice.pick(words).unwrap()).to_owned();
        let sku = of(&["TEA", "Tea", "MILK", "COAT"]);
        let name = of(&["tea", "green tea", "绿茶"]);
        let (spec, brand) = (of(&["", "250ml"]), of(&["", "Lu"]));
        let (initials, pinyin) = (of(&["", "lc"]), of(&["", "lvcha"]));
        let gtins = [5_901_234_123_457, 4_006_381_333_931, 96_385_074];
        let barcodes = gtins.into_iter().filter(|_| dice.below(3) == 0).map(|gtin| BarcodeV1 {
            gtin: Gtin::from_number(gtin).unwrap(),
            pack_milli: Quantity::from_milli(1_000),
        });
        let barcodes = barcodes.collect();
        ItemV1 {
            sku,
            name,
            spec,
            unit: Unit::Piece,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand,
            category: "food".to_owned(),
            list_price_minor: Money::from_minor(i64::try_from(dice.below(3)).unwrap()),
            tax_rate_bps: BasisPoints(1_300),
            plu: String::new(),
            tags: Vec::new(),
            barcodes,
            initials,
            pinyin,
        }
    }

    /// All that can be found, by what it is found.
    fn found(replica: &Connection) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut look = |sql: &str, by: &str| {
            let mut statement = replica.prepare(sql).unwrap();
            let rows = statement.query_map([by], |row| Ok((by.to_owned(), row.get(0)?))).unwrap();
            found.extend(rows.map(Result::unwrap));
        };
        look("select sku || ' ' || name || ' ' || list_price_minor from item where ?1 = ''", "");
        look(
            "select gtin || ' ' || sku from barcode join item using (item_id) where ?1 = 'code'",
            "code",
        );
        for word in ["tea", "green", "绿茶", "250ml", "lu", "lc", "lvcha", "milk"] {
            let hits = "select sku from item where item_id in (
                          select rowid from item_word where item_word match ?1)";
            look(hits, &format!("\"{word}\""));
        }
        found
    }

    #[test]
    fn what_is_not_written_again_is_found_as_if_it_had_been() {
        let (first, more) = (from_env("GUITAI_SEED", 1), from_env("GUITAI_DEEP", 1));
        for seed in first..first + HISTORIES * more.max(1) {
            let mut dice = Dice::new(seed);
            let (replica, anew) = (empty(), empty());
            for step in 0..CHANGES {
                let item = item(&mut dice);
                let gone = RowV1::ItemGone { sku: item.sku.clone() };
                let row = RowV1::Item(item);
                apply(&replica, &row).unwrap();
                [gone, row].iter().for_each(|row| apply(&anew, row).unwrap());
                assert_eq!(found(&replica), found(&anew), "seed {seed}, step {step}");
            }
        }
    }
}
