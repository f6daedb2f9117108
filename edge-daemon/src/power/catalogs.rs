//! What a mall tells of a catalog of which every version names and prices all items anew, so that half
//! of one would show.

use std::path::Path;

use domain::{
    barcode::Gtin,
    catalog::{Item, ItemBarcode, Unit},
    id::IncarnationId,
    money::{BasisPoints, Money},
    quantity::Quantity,
    time::Timestamp,
};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use rusqlite::{Connection, OpenFlags};
use sync::{
    chain::Hash,
    path,
    replica::{CATALOG_TABLES, REPLICA_SCHEMA, Scope},
    settings::SettingsKeyV1,
    signature, snapshot,
    wire::{ChangeV1, FeedCursorV1, FeedPageV1, HeadV1, ItemV1, RowV1, SettingsHeldV1, SnapshotV1},
};

use crate::{
    DbError,
    db::replica::{Replica, file_name},
    test_mall::TestMall,
    test_store::lay_catalog,
};

/// Items of a version: enough that it is of many pages of the file.
pub(crate) const ITEMS: i64 = 60;

/// An item as a version of the mall has it.
pub(crate) fn item(version: i64, n: i64) -> Item {
    let number = |digit| 6_900_000_000_000 + u64::try_from(n).unwrap() * 10 + digit;
    let gtin = (0..10).find_map(|digit| Gtin::from_number(number(digit))).unwrap();
    Item {
        sku: format!("SKU{n}"),
        name: format!("{version}"),
        spec: "x".repeat(200),
        unit: Unit::Piece,
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: String::new(),
        category: "food".to_owned(),
        list_price: Money::from_minor(version),
        tax_rate: BasisPoints(1_300),
        plu: String::new(),
        tags: Vec::new(),
        barcodes: vec![ItemBarcode { gtin, pack: Quantity::ONE }],
    }
}

/// All rows of a version.
pub(crate) fn rows(version: i64) -> Vec<ChangeV1> {
    let row = |n| RowV1::Item(ItemV1::of(&item(version, n), String::new(), String::new()));
    (0..ITEMS).map(|n| ChangeV1 { version, key: format!("{n:04}"), row: row(n) }).collect()
}

fn cursor(version: i64, after: &str) -> FeedCursorV1 {
    let incarnation = IncarnationId::from_uuid(uuid::Uuid::from_u128(1));
    FeedCursorV1 { incarnation, version, after: after.to_owned() }
}

/// A page that ends where a version does, or after a key of the next.
pub(crate) fn page(version: i64, after: &str, changes: Vec<ChangeV1>, head: i64) -> FeedPageV1 {
    FeedPageV1 { changes, next: cursor(version, after), head }
}

/// The versions that the items of a replica are of, by name and by price, and that of its cursor;
/// nothing where the replica cannot be read.
pub(crate) fn versions(replica: &Replica) -> Result<(Vec<(String, i64)>, i64), DbError> {
    let names = replica.read(|db| -> Result<Vec<(String, i64)>, DbError> {
        let sql = "select distinct name, list_price_minor from item where sku like 'SKU%'";
        db.prepare(sql)
            .and_then(|mut statement| {
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .map_err(DbError::sqlite("read what is sold"))
    })?;
    Ok((names, replica.standing()?.cursor.version))
}

/// A file as the mall makes one of a version: without a log.
pub(crate) fn snapshot(version: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
    let replica = Replica::current(folder.path(), Scope::Catalog).unwrap().unwrap();
    let whole = page(version, "", rows(version), version);
    replica.apply(&whole, Timestamp::from_micros(version)).unwrap();
    drop(replica);
    let path = folder.path().join(file_name(Scope::Catalog, 1));
    let file = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    file.execute_batch("pragma journal_mode = delete").unwrap();
    drop(file);
    std::fs::read(path).unwrap()
}

/// What signs the mall's manifests.
pub(crate) struct Signer {
    pkcs8: Vec<u8>,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { pkcs8: pkcs8.as_ref().to_vec() }
    }

    pub(crate) fn key(&self) -> SettingsKeyV1 {
        SettingsKeyV1 { version: 1, public_key: signature::public_key(&self.pkcs8).unwrap() }
    }

    /// A snapshot of a version: its manifest and what is fetched.
    pub(crate) fn packed(&self, version: i64) -> (SnapshotV1, Vec<u8>) {
        let file = snapshot(version);
        let packed = zstd::bulk::compress(&file, 3).unwrap();
        let manifest = SnapshotV1 {
            scope: Scope::Catalog.to_string(),
            incarnation: cursor(0, "").incarnation,
            version,
            schema: REPLICA_SCHEMA,
            file_bytes: i64::try_from(file.len()).unwrap(),
            file_sha256: Hash::of(&file),
            packed_bytes: i64::try_from(packed.len()).unwrap(),
            n_rows: ITEMS,
            chunks: packed
                .chunks(usize::try_from(snapshot::CHUNK_BYTES).unwrap())
                .map(Hash::of)
                .collect(),
            not_after: Timestamp::from_micros(0),
            key: 0,
            signature: String::new(),
        };
        let never = Timestamp::from_micros(i64::MAX);
        (snapshot::sign(manifest, &self.pkcs8, 1, never).unwrap(), packed)
    }
}

fn says<T: serde::Serialize>(mall: &TestMall, path: String, what: &T) {
    mall.known().told_at.insert(path, serde_json::to_vec(what).unwrap());
}

/// Lets a mall tell its keys.
pub(crate) fn tell_keys(mall: &TestMall, signer: &Signer) {
    let keys = vec![signer.key()];
    let held = SettingsHeldV1 { keys, envelopes: vec![], groups: None, of_groups: vec![] };
    says(mall, path::SETTINGS.to_owned(), &held);
}

/// As a box of this schema asks for it.
fn asked(path: String) -> String {
    path::reading(&path, REPLICA_SCHEMA)
}

fn tell_head(mall: &TestMall, version: i64) {
    let incarnation = cursor(0, "").incarnation;
    says(mall, asked(path::head(Scope::Catalog)), &HeadV1 { incarnation, version });
}

/// Lets a mall stand at a version, and tell what changed in two pages, the first of which ends inside
/// of it.
pub(crate) fn tell_version(mall: &TestMall, before: i64, version: i64) {
    let mut first = rows(version);
    let second = first.split_off(first.len() / 2);
    let half = first.last().map(|change| change.key.clone()).unwrap();
    let (from, aside) = (cursor(before, ""), cursor(version - 1, &half));
    let pages = [
        (from, page(version - 1, &half, first, version)),
        (aside, page(version, "", second, version)),
    ];
    for (cursor, page) in pages {
        says(mall, asked(path::feed(Scope::Catalog, &cursor)), &page);
    }
    tell_head(mall, version);
}

/// Lets a mall stand at a version that can only be come to by a snapshot.
pub(crate) fn tell_snapshot(mall: &TestMall, signer: &Signer, version: i64) {
    let (manifest, packed) = signer.packed(version);
    says(mall, asked(path::snapshot(Scope::Catalog)), &manifest);
    let file = asked(path::snapshot_file(Scope::Catalog, version));
    mall.known().told_at.insert(file, packed);
    tell_head(mall, version);
}

/// Takes a version in as the daemon does: half of it lies aside first.
pub(crate) fn follow(replica: &Replica, version: i64) {
    let mut first = rows(version);
    let second = first.split_off(first.len() / 2);
    replica.stage(&page(version - 1, "half", first, version)).unwrap();
    let last = page(version, "", second, version);
    replica.apply(&last, Timestamp::from_micros(version)).unwrap();
}

/// The replica in force of a folder.
pub(crate) fn in_force(data: &Path) -> Result<Option<Replica>, DbError> {
    Replica::current(data, Scope::Catalog)
}
