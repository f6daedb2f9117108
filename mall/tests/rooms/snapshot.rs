//! Snapshots: the same rows as the feed, verified bytes, made once.

use std::collections::{BTreeMap, BTreeSet};

use axum::{body::Body, http::Request};
use sync::{
    chain::Hash,
    path,
    replica::{REPLICA_SCHEMA, Scope, StoreId, item_words},
    signature::{HEADER, Signed},
    wire::{RowV1, SnapshotV1},
};

use crate::{
    feed::{follow, list, start},
    place::file_rows,
    town::{Edge, Town},
};

/// Fetches, verifies and unpacks the snapshot that is offered.
pub(crate) async fn fetch(edge: &Edge<'_>, scope: Scope) -> (SnapshotV1, tempfile::NamedTempFile) {
    let snapshot: SnapshotV1 = edge.get(&path::snapshot(scope)).await.read();
    let packed = edge.get(&path::snapshot_file(scope, snapshot.version)).await;
    assert_eq!(packed.status, 200);
    assert_eq!(i64::try_from(packed.body.len()).unwrap(), snapshot.packed_bytes);
    let bytes = zstd::decode_all(packed.body.as_slice()).unwrap();
    assert_eq!(Hash::of(&bytes), snapshot.file_sha256);
    assert_eq!(i64::try_from(bytes.len()).unwrap(), snapshot.file_bytes);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    (snapshot, file)
}

#[tokio::test]
async fn a_snapshot_holds_the_rows_that_the_feed_gives() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/demo/catalog.csv");
    town.cli(&format!("import {demo}")).await;
    town.import(&list(0..30, "3.20")).await;
    town.cli("item retire S0007").await;
    let (mut cursor, mut by_key) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    follow(&edge, Scope::Catalog, &mut cursor, 2_000, &mut by_key).await;
    let (snapshot, file) = fetch(&edge, Scope::Catalog).await;
    assert_eq!((snapshot.version, snapshot.n_rows), (cursor.version, 425 + 29));
    let (mut items, mut barcodes, mut words) = (Vec::new(), Vec::new(), BTreeSet::new());
    for row in by_key.values() {
        let RowV1::Item(item) = row else { continue };
        items.push(format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
            item.sku,
            item.name,
            item.spec,
            item.unit.word(),
            item.style,
            item.colour,
            item.size,
            item.brand,
            item.category,
            item.list_price_minor.minor(),
            item.tax_rate_bps.0,
            item.plu,
            item.tags.join(";"),
            item.initials,
            item.pinyin
        ));
        for barcode in &item.barcodes {
            let (gtin, pack) = (barcode.gtin.number(), barcode.pack_milli.milli());
            barcodes.push(format!("{gtin}|{}|{pack}", item.sku));
        }
        words.extend(item_words(item));
    }
    barcodes.sort();
    let of = |sql: &str| file_rows(file.path(), sql);
    assert_eq!(
        of("select sku, name, spec, unit, style, colour, size, brand, category, list_price_minor,
                   tax_rate_bps, plu, tags, initials, pinyin from item order by lower(sku)"),
        items
    );
    let mut held = of("select gtin, sku, pack_milli from barcode join item using (item_id)");
    held.sort();
    assert_eq!(held, barcodes);
    assert_eq!(
        of("select scope, schema, version, after_key from replica_meta"),
        [format!("catalog|{REPLICA_SCHEMA}|{}|", cursor.version)]
    );
    assert_eq!(of("pragma integrity_check"), ["ok"]);
    for word in words.iter().filter(|word| word.chars().all(char::is_alphanumeric)).step_by(37) {
        let sql = format!("select count(*) > 0 from item_word where item_word match '\"{word}\"*'");
        assert_eq!(of(&sql), ["1"], "{word}");
    }
    let zzs = "select name from item join item_word on item_word.rowid = item_id
               where item_word match 'zzs*' group by name";
    assert!(of(zzs).contains(&"羊毛混纺针织衫".to_owned()));
    town.stop().await;
}

#[tokio::test]
async fn a_stores_snapshot_holds_its_rows_without_what_is_gone() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let scope = Scope::Store(StoreId(edge.enrolled.store));
    town.cli("workstation add --store SH001 --number 1 --name 1号台").await;
    town.cli("workstation add --store SH001 --number 2 --name 2号台").await;
    town.cli("workstation remove --store SH001 --number 2").await;
    town.cli("operator add --store SH001 --number 1001 --name 李静 --role manager --pin 246810")
        .await;
    let (snapshot, file) = fetch(&edge, scope).await;
    let of = |sql: &str| file_rows(file.path(), sql);
    assert_eq!((snapshot.scope, snapshot.version), (scope.to_string(), 5));
    assert_eq!(of("select number, name, kind from workstation"), ["1|1号台|till"]);
    assert_eq!(of("select number, name, role from operator"), ["1001|李静|manager"]);
    assert!(of("select pin_hash from operator")[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(of("select body from store")[0].contains("\"code\":\"SH001\""));
    assert_eq!(of("select version from replica_meta"), ["5"]);
    town.stop().await;
}

#[tokio::test]
async fn a_version_is_made_once_and_only_the_newest_stay() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let scope = Scope::Store(StoreId(edge.enrolled.store));
    let folder = town.folder.path().join("snapshots");
    let files = || {
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("store-"))
            .map(|name| name.rsplit('-').next().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let (first, _) = fetch(&edge, scope).await;
    let (again, _) = fetch(&edge, scope).await;
    assert_eq!(first, again);
    for number in 1..=3 {
        town.cli(&format!("workstation add --store SH001 --number {number} --name {number}号台"))
            .await;
        let (next, _) = fetch(&edge, scope).await;
        assert_eq!(next.version, number + 1);
    }
    assert_eq!(files(), ["3.db.zst", "3.json", "4.db.zst", "4.json"]);
    edge.get(&path::snapshot_file(scope, 1)).await.is_problem(404, "not-found");
    town.stop().await;
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    town.import(&list(0..200, "1.00")).await;
    let snapshot: SnapshotV1 = edge.get(&path::snapshot(Scope::Catalog)).await.read();
    let path = path::snapshot_file(Scope::Catalog, snapshot.version);
    let whole = edge.get(&path).await.body;
    let signed = Signed { method: "GET", path: &path, body: b"" };
    let part = |range: String| {
        let header = edge.key.sign(edge.id(), town.now(), 77, signed);
        let request = Request::get(&path).header(HEADER, header).header("range", range);
        town.send(request.body(Body::empty()).unwrap())
    };
    let rest = part("bytes=1000-".into()).await;
    assert_eq!((rest.status.as_u16(), rest.body.as_slice()), (206, &whole[1_000..]));
    let size = whole.len();
    assert_eq!(rest.headers["content-range"], format!("bytes 1000-{}/{size}", size - 1));
    assert_eq!(part(format!("bytes={size}-")).await.status, 416);
    assert_eq!(part("bytes=1-2".into()).await.body, whole);
    town.stop().await;
}
