//! The feed: pages without a gap, tombstones, writers at once.

use std::collections::BTreeMap;

use mall::Clock;
use sync::{
    path,
    replica::{Scope, StoreId},
    wire::{FeedCursorV1, FeedPageV1, HeadV1, RowV1},
};

use crate::town::{Edge, Town, cli};

/// Follows a scope's feed from a cursor to its head in pages of `limit`; the rows by key.
pub(crate) async fn follow(
    edge: &Edge<'_>,
    scope: Scope,
    cursor: &mut FeedCursorV1,
    limit: usize,
    rows: &mut BTreeMap<String, RowV1>,
) -> usize {
    let mut n_pages = 0;
    loop {
        let path = format!("{}&limit={limit}", path::feed(scope, cursor));
        let page: FeedPageV1 = edge.get(&path).await.read();
        n_pages += 1;
        let mut last = (cursor.version, String::new());
        for change in page.changes {
            let at = (change.version, change.key.clone());
            assert!(at > last || last.1.is_empty(), "{at:?} after {last:?}");
            last = at;
            rows.insert(change.key, change.row);
        }
        *cursor = page.next;
        if cursor.after.is_empty() && cursor.version == page.head {
            return n_pages;
        }
    }
}

pub(crate) async fn start(edge: &Edge<'_>, scope: Scope) -> FeedCursorV1 {
    let head: HeadV1 = edge.get(&path::head(scope)).await.read();
    FeedCursorV1 { incarnation: head.incarnation, version: 0, after: String::new() }
}

pub(crate) fn list(skus: impl IntoIterator<Item = usize>, price: &str) -> String {
    let rows = skus.into_iter().map(|i| format!("S{i:04},商品 {i},{price}\n"));
    format!("sku,name,price_yuan\n{}", rows.collect::<String>())
}

#[tokio::test]
async fn a_version_is_read_in_pages_and_every_page_size_gives_the_same_rows() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    town.import(&list(0..50, "1.00")).await;
    town.import(&list(40..55, "2.00")).await;
    let mut seen = Vec::new();
    for limit in [1, 7, 49, 50, 2_000] {
        let (mut cursor, mut rows) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
        follow(&edge, Scope::Catalog, &mut cursor, limit, &mut rows).await;
        assert_eq!((rows.len(), cursor.version), (55, 2), "limit {limit}");
        seen.push(rows);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    town.stop().await;
}

#[tokio::test]
async fn a_cursor_inside_a_version_stays_right_when_its_rows_move_on() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    town.import(&list(0..10, "1.00")).await;
    let mut cursor = start(&edge, Scope::Catalog).await;
    let path = format!("{}&limit=4", path::feed(Scope::Catalog, &cursor));
    let page: FeedPageV1 = edge.get(&path).await.read();
    assert_eq!((page.next.version, page.next.after.as_str()), (0, "s0003"));
    cursor = page.next;
    let mut rows: BTreeMap<String, RowV1> =
        page.changes.into_iter().map(|change| (change.key, change.row)).collect();
    // Rows on both sides of the cursor change, all of its version's rest among them.
    town.import(&list(1..10, "9.00")).await;
    town.cli("item retire S0000").await;
    follow(&edge, Scope::Catalog, &mut cursor, 4, &mut rows).await;
    assert_eq!(rows["s0000"], RowV1::ItemGone { sku: "S0000".into() });
    for (key, row) in rows.iter().skip(1) {
        let RowV1::Item(item) = row else { panic!("{key}") };
        assert_eq!(item.list_price_minor.minor(), 900, "{key}");
    }
    town.stop().await;
}

#[tokio::test]
async fn a_cursor_of_another_life_or_older_than_the_tombstones_is_gone() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    town.import(&list(0..3, "1.00")).await;
    let cursor = start(&edge, Scope::Catalog).await;
    let get = |cursor: FeedCursorV1| {
        let path = path::feed(Scope::Catalog, &cursor);
        let edge = &edge;
        async move { edge.get(&path).await }
    };
    let other = domain::id::IncarnationId::from_uuid(uuid::Uuid::from_u128(1));
    get(FeedCursorV1 { incarnation: other, ..cursor.clone() }).await.is_problem(410, "feed-gone");
    get(FeedCursorV1 { version: 99, ..cursor.clone() }).await.is_problem(410, "feed-gone");
    town.cli("item retire S0001").await;
    town.turn(91 * 86_400);
    town.cli("item retire S0002").await;
    // The edge's signature is made by the same clock, so it is still believed.
    let pruned = town.cli_json("item prune --older-than-days 90").await;
    assert_eq!((&pruned["forgotten"], &pruned["kept_since"]), (&1.into(), &2.into()));
    get(FeedCursorV1 { version: 1, ..cursor.clone() }).await.is_problem(410, "feed-gone");
    let page: FeedPageV1 = get(FeedCursorV1 { version: 2, ..cursor.clone() }).await.read();
    assert_eq!(page.changes.len(), 1);
    edge.get("/edge/v1/scopes/catalog/feed?since=0").await.is_problem(400, "malformed");
    town.stop().await;
}

#[tokio::test]
async fn a_stores_own_rows_come_with_tombstones() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let scope = Scope::Store(StoreId(edge.enrolled.store));
    town.cli("workstation add --store SH001 --number 1 --name 1号台").await;
    town.cli("workstation add --store SH001 --number 2 --name 2号台 --kind kiosk").await;
    town.cli("operator add --store SH001 --number 1001 --name 李静 --pin 246810").await;
    let (mut cursor, mut rows) = (start(&edge, scope).await, BTreeMap::new());
    assert_eq!(follow(&edge, scope, &mut cursor, 1, &mut rows).await, 5);
    assert_eq!(
        rows.keys().collect::<Vec<_>>(),
        ["keys", "operator/1001", "store", "workstation/001", "workstation/002"]
    );
    // What is so already raises no version.
    for verb in [
        "workstation add --store SH001 --number 1 --name 1号台",
        "operator add --store SH001 --number 1001 --name 李静 --pin 246810",
        "store add --code SH001 --name SH001店",
    ] {
        assert_eq!(town.cli_json(verb).await["result"], "unchanged", "{verb}");
    }
    let head: HeadV1 = edge.get(&path::head(scope)).await.read();
    assert_eq!(head.version, cursor.version);
    town.cli("workstation remove --store SH001 --number 2").await;
    town.cli("operator remove --store SH001 --number 1001").await;
    follow(&edge, scope, &mut cursor, 2_000, &mut rows).await;
    assert_eq!(rows["workstation/002"], RowV1::WorkstationGone { number: 2 });
    assert_eq!(rows["operator/1001"], RowV1::OperatorGone { number: "1001".into() });
    assert_eq!(town.rows("select pin_hash from operator"), [""]);
    town.stop().await;
}

/// Writers in several connections while a poller reads: nothing committed is skipped.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_are_never_skipped_by_a_poller() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let place = town.folder.place().clone();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let place = place.clone();
            tokio::spawn(async move {
                for round in 0..6 {
                    let path = place.data().join(format!("w{writer}.csv"));
                    let from = writer * 100;
                    let price = format!("{round}.{writer}0");
                    std::fs::write(&path, list(from..from + 10 + round, &price)).unwrap();
                    cli(&place, Clock::System, &["import", path.to_str().unwrap()]).await.unwrap();
                }
            })
        })
        .collect();
    let (mut cursor, mut rows) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        follow(&edge, Scope::Catalog, &mut cursor, 5, &mut rows).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    follow(&edge, Scope::Catalog, &mut cursor, 5, &mut rows).await;
    let (mut fresh, mut all) = (start(&edge, Scope::Catalog).await, BTreeMap::new());
    follow(&edge, Scope::Catalog, &mut fresh, 2_000, &mut all).await;
    assert_eq!(rows, all);
    assert_eq!((all.len(), fresh.version), (60, 24));
    town.stop().await;
}
