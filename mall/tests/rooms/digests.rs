//! Digests: what stores compare is what the feed gave them.

use std::collections::BTreeMap;

use sync::{
    digest::{BUCKETS, Digests, FORM, bucket_of},
    path,
    replica::{Scope, StoreId},
    wire::{BucketV1, DigestsV1, RowV1},
};

use crate::{
    feed::{follow, list, start},
    town::{Edge, Town},
};

/// What a store that has followed the feed from its beginning adds up.
async fn followed(edge: &Edge<'_>, scope: Scope) -> (i64, BTreeMap<String, RowV1>, Digests) {
    let (mut cursor, mut rows) = (start(edge, scope).await, BTreeMap::new());
    follow(edge, scope, &mut cursor, 2_000, &mut rows).await;
    let mut digests = Digests::default();
    rows.values().for_each(|row| digests.add_row(row));
    (cursor.version, rows, digests)
}

async fn are_those_of_the_feed(edge: &Edge<'_>, scope: Scope) {
    let told: DigestsV1 = edge.get(&path::digests(scope)).await.read();
    let (version, rows, digests) = followed(edge, scope).await;
    assert_eq!((told.form, told.version), (FORM, version));
    assert_eq!(told.digests, digests.buckets(), "{scope}");
    for (key, row) in rows {
        assert_eq!(sync::digest::key(&row), key, "a row is known by its key in the feed");
    }
}

#[tokio::test]
async fn a_store_adds_up_what_the_mall_does() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/demo/catalog.csv");
    are_those_of_the_feed(&edge, Scope::Catalog).await;
    town.cli(&format!("import {demo}")).await;
    town.import(&list(0..30, "3.20")).await;
    are_those_of_the_feed(&edge, Scope::Catalog).await;
    // Retired, sold again under other capitals, another price; a barcode that moves.
    town.cli("item retire S0007").await;
    town.cli("item retire S0008").await;
    town.import("sku,name,price_yuan,barcode\ns0008,商品,9.90,6901234567892\n").await;
    are_those_of_the_feed(&edge, Scope::Catalog).await;
    town.cli("item retire s0008").await;
    town.import("sku,name,price_yuan,barcode\nS0009,商品,9.90,6901234567892\n").await;
    are_those_of_the_feed(&edge, Scope::Catalog).await;
    let own = Scope::Store(StoreId(edge.enrolled.store));
    town.cli("workstation add --store SH001 --number 1 --name 1号台").await;
    town.cli("workstation add --store SH001 --number 2 --name 2号台").await;
    town.cli("workstation remove --store SH001 --number 2").await;
    town.cli("operator add --store SH001 --number 1001 --name 李静 --role manager --pin 246810")
        .await;
    are_those_of_the_feed(&edge, own).await;
    town.stop().await;
}

#[tokio::test]
async fn a_bucket_has_the_rows_that_fall_into_it_and_no_others() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    town.import(&list(0..400, "3.20")).await;
    town.cli("item retire S0007").await;
    let (version, rows, _) = followed(&edge, Scope::Catalog).await;
    let mut n_rows = 0;
    for bucket in rows.keys().map(|key| bucket_of(key)).collect::<std::collections::BTreeSet<_>>() {
        let told: BucketV1 = edge.get(&path::bucket(Scope::Catalog, bucket)).await.read();
        assert_eq!(told.version, version);
        let of_feed = rows.iter().filter(|(key, _)| bucket_of(key) == bucket);
        let of_feed = of_feed.filter(|(_, row)| !matches!(row, RowV1::ItemGone { .. }));
        let mut of_feed: Vec<&RowV1> = of_feed.map(|(_, row)| row).collect();
        n_rows += of_feed.len();
        let mut of_bucket: Vec<&RowV1> = told.rows.iter().collect();
        of_feed.sort_by_key(|row| sync::digest::key(row));
        of_bucket.sort_by_key(|row| sync::digest::key(row));
        assert_eq!(of_bucket, of_feed, "{bucket}");
    }
    assert_eq!(n_rows, 399);
    for wrong in [BUCKETS, usize::MAX] {
        edge.get(&path::bucket(Scope::Catalog, wrong)).await.is_problem(404, "not-found");
    }
    let others = path::digests(Scope::Store(StoreId(99)));
    edge.get(&others).await.is_problem(403, "forbidden");
    town.stop().await;
}
