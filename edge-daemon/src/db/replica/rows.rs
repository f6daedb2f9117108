//! A change of the mall's feed as rows of a replica.
//!
//! **Invariant:** it runs in the transaction that moves the cursor, and only there.

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

fn put_item(connection: &Connection, wire: &ItemV1) -> Result<(), DbError> {
    let doing = "apply an item";
    let item = wire.clone().into_item();
    item.check().map_err(|_| DbError::Damaged { doing })?;
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
                let gtin = i64::try_from(barcode.gtin.number()).unwrap_or(0);
                statement.execute(params![gtin, item_id, barcode.pack.milli()])
            })
            .map_err(DbError::sqlite(doing))?;
    }
    put_words(connection, item_id, wire)
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
