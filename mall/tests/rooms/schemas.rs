//! Stores of the version before: what they are given, what they are told, and what of a newer one waits.

use std::collections::BTreeMap;

use sync::{
    digest::Digests,
    path,
    replica::{REPLICA_SCHEMA, Scope, StoreId},
    wire::{
        BucketV1, DigestsV1, FeedCursorV1, FeedPageV1, HeadV1, KIND_ORDER, KIND_POST_VOID, RowV1,
        SnapshotV1,
    },
};

use crate::{
    feed::{list, start},
    intake::{Outbox, order, post, processed},
    place::file_rows,
    post_voids::undoing,
    town::{Edge, Town},
};

/// All rows of a scope that a box gets which reads up to a schema, by key, in pages of two.
async fn followed(edge: &Edge<'_>, scope: Scope, schema: i64) -> BTreeMap<String, RowV1> {
    let (mut cursor, mut rows) = (start(edge, scope).await, BTreeMap::new());
    loop {
        let before: FeedCursorV1 = cursor.clone();
        let path = format!("{}&limit=2", path::feed(scope, &cursor));
        let page: FeedPageV1 = edge.get(&path::reading(&path, schema)).await.read();
        rows.extend(page.changes.into_iter().map(|change| (change.key, change.row)));
        cursor = page.next;
        if cursor.after.is_empty() && cursor.version == page.head {
            return rows;
        }
        assert!(
            (cursor.version, &cursor.after) > (before.version, &before.after),
            "it stands still"
        );
    }
}

/// Fetches a snapshot as a box does that reads up to a schema.
async fn fetched(
    edge: &Edge<'_>,
    scope: Scope,
    schema: i64,
) -> (SnapshotV1, tempfile::NamedTempFile) {
    let snapshot: SnapshotV1 =
        edge.get(&path::reading(&path::snapshot(scope), schema)).await.read();
    let whence = path::snapshot_file(scope, snapshot.version);
    let packed = edge.get(&path::reading(&whence, snapshot.schema)).await;
    assert_eq!(packed.status, 200);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), zstd::decode_all(packed.body.as_slice()).unwrap()).unwrap();
    (snapshot, file)
}

#[tokio::test]
async fn a_box_of_the_version_before_is_given_what_its_schema_has() {
    let (town, before) = (Town::new().await, REPLICA_SCHEMA - 1);
    let edge = town.edge("SH001").await;
    town.import(&list(0..5, "1.00")).await;
    town.cli("workstation add --store SH001 --number 1 --name 1号台").await;
    town.cli("operator add --store SH001 --number 1001 --name 李静 --pin 246810").await;
    let own = Scope::Store(StoreId(edge.enrolled.store));
    let rows = followed(&edge, own, before).await;
    let keys: Vec<&str> = rows.keys().map(String::as_str).collect();
    assert_eq!(keys, ["operator/1001", "store", "workstation/001"]);
    let all = followed(&edge, own, REPLICA_SCHEMA).await;
    let newer: Vec<&String> = all.keys().filter(|key| !rows.contains_key(*key)).collect();
    assert_eq!(newer, ["keys"]);
    assert_eq!(followed(&edge, Scope::Catalog, before).await.len(), 5);
    for (schema, rows) in [(before, &rows), (REPLICA_SCHEMA, &all)] {
        let (snapshot, file) = fetched(&edge, own, schema).await;
        assert_eq!(snapshot.schema, schema);
        let of = |sql: &str| file_rows(file.path(), sql);
        assert_eq!(of("select schema from replica_meta"), [schema.to_string()]);
        assert_eq!(of("select number from workstation"), ["1"]);
        let n_keys = usize::from(schema == REPLICA_SCHEMA);
        assert_eq!(of("select count(*) from token_key"), [n_keys.to_string()]);
        // What it adds up is what it was given, and so is what it repairs.
        let told: DigestsV1 = edge.get(&path::reading(&path::digests(own), schema)).await.read();
        let mut digests = Digests::default();
        rows.values().for_each(|row| digests.add_row(row));
        assert_eq!(told.digests, digests.buckets(), "{schema}");
        let bucket = sync::digest::bucket_of("keys");
        let bucket: BucketV1 =
            edge.get(&path::reading(&path::bucket(own, bucket), schema)).await.read();
        let has_keys = bucket.rows.iter().any(|row| matches!(row, RowV1::Keys(_)));
        assert_eq!(has_keys, schema == REPLICA_SCHEMA);
    }
    // Those of both schemas lie beside each other, by their names.
    let names = std::fs::read_dir(town.folder.path().join("snapshots")).unwrap();
    let names: Vec<String> =
        names.map(|name| name.unwrap().file_name().to_string_lossy().into_owned()).collect();
    for schema in [before, REPLICA_SCHEMA] {
        let ours = names
            .iter()
            .filter(|name| name.starts_with("store-") && name.contains(&format!("-s{schema}-")));
        assert_eq!(ours.count(), 2, "{names:?}");
    }
    // A box that was killed over an update goes on with the file that its manifest names.
    let (of_before, _) = fetched(&edge, Scope::Catalog, before).await;
    let (of_now, _) = fetched(&edge, Scope::Catalog, REPLICA_SCHEMA).await;
    assert_eq!((of_before.version, of_before.schema), (of_now.version, before));
    town.stop().await;
}

#[tokio::test]
async fn a_box_that_reads_nothing_that_is_given_is_told_so_and_a_newer_one_gets_ours() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let cursor = start(&edge, Scope::Catalog).await;
    let paths = [
        path::head(Scope::Catalog),
        path::feed(Scope::Catalog, &cursor),
        path::snapshot(Scope::Catalog),
        path::snapshot_file(Scope::Catalog, 0),
        path::digests(Scope::Catalog),
        path::bucket(Scope::Catalog, 1),
    ];
    for path in &paths {
        let old = path::reading(path, REPLICA_SCHEMA - 2);
        edge.get(&old).await.is_problem(409, "schema-old");
        let garbled = path::reading(path, 1).replace("schema=1", "schema=x");
        edge.get(&garbled).await.is_problem(400, "malformed");
    }
    let newer = |path: String| path::reading(&path, REPLICA_SCHEMA + 7);
    let head: HeadV1 = edge.get(&newer(path::head(Scope::Catalog))).await.read();
    assert_eq!(head.version, cursor.version);
    let (snapshot, _) = fetched(&edge, Scope::Catalog, REPLICA_SCHEMA + 7).await;
    assert_eq!(snapshot.schema, REPLICA_SCHEMA);
    // Programs before the question read what this one gives.
    let silent: SnapshotV1 = edge.get(&path::snapshot(Scope::Catalog)).await.read();
    assert_eq!(silent.schema, REPLICA_SCHEMA);
    town.stop().await;
}

#[tokio::test]
async fn facts_that_an_older_mall_kept_unread_are_taken_by_a_newer_one() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let orders = [order("SH001", 1, 100), order("SH001", 2, 250)];
    let mut outbox = Outbox::new();
    outbox.order(&orders[0]).order(&orders[1]).post_void(&undoing(1, &orders[0]));
    // Of a kind that nobody knows yet, and one whose bytes are not those the store made.
    outbox.push("shift", 1, uuid::Uuid::from_u128(77), "{}".into());
    outbox.post_void(&undoing(2, &orders[1]));
    let mut batch = outbox.batch(1, 5);
    batch.facts[4].body.push(' ');
    assert_eq!(post(&edge, &batch).await.status, 200);
    processed(&town).await;
    let folder = town.stop().await;
    // As a mall leaves them that knows neither kind: it kept the bytes and did nothing.
    folder.place().execute(&format!(
        "delete from post_void; delete from order_line; delete from tender; delete from orders;
         update event_inbox set state = 'kept' where kind in ('{KIND_ORDER}', '{KIND_POST_VOID}')"
    ));
    let town = Town::over(folder).await;
    let states = "select kind, state from event_inbox order by seq";
    let expected = ["order|done", "order|done", "post_void|done", "shift|kept", "post_void|kept"];
    let taken = async {
        while town.rows(states) != expected {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(180);
    let found = tokio::time::timeout(patience, taken).await;
    assert!(found.is_ok(), "{:?}", town.rows(states));
    assert_eq!(town.rows("select total_minor from orders order by total_minor"), ["100", "250"]);
    assert_eq!(town.rows("select order_id from post_void"), [orders[0].id.to_string()]);
    town.stop().await;
}
