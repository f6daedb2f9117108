//! Stock: counted by people, followed by stores.

use std::collections::BTreeMap;

use serde_json::json;
use sync::{
    replica::{Scope, StoreId},
    wire::{RowV1, StockV1},
};

use crate::{
    feed::{follow, list, start},
    town::Town,
};

fn stock(rows: &BTreeMap<String, RowV1>) -> Vec<(String, i64)> {
    let stock = rows.iter().filter_map(|(key, row)| {
        let RowV1::Stock(StockV1 { sku, on_hand_milli, .. }) = row else { return None };
        assert_eq!(*key, format!("stock/{}", sku.to_ascii_lowercase()));
        Some((sku.clone(), on_hand_milli.milli()))
    });
    stock.collect()
}

#[tokio::test]
async fn a_count_reaches_its_store_alone_in_pages_of_any_size() {
    let town = Town::new().await;
    let (edge, other) = (town.edge("SH001").await, town.edge("SH002").await);
    town.import(&list(0..30, "1.00")).await;
    town.cli("workstation add --store SH001 --number 1 --name 1号台").await;
    let rows: String = (0..30).map(|i| format!("s{i:04},{i}\n")).collect();
    let file = town.file("count.csv", &format!("sku,on_hand\n{rows}NOPE,3\nS0001,0.5\n"));
    let words = format!("stock count --store SH001 {} --json", file.display());
    let (is_right, told) = town.try_cli(&words).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(!is_right, "{told}");
    assert_eq!((&told["n_counted"], &told["n_bad"]), (&json!(30), &json!(2)));
    assert_eq!(told["faults"][0], json!([32, "no item has the SKU `NOPE`"]));
    // Rows after the stock in the order of keys, in the same version and in later ones.
    town.cli("workstation add --store SH001 --number 2 --name 2号台").await;
    let scope = Scope::Store(StoreId(1));
    let mut seen = Vec::new();
    for limit in [1, 7, 29, 30, 31, 2_000] {
        let (mut cursor, mut rows) = (start(&edge, scope).await, BTreeMap::new());
        follow(&edge, scope, &mut cursor, limit, &mut rows).await;
        assert_eq!(stock(&rows).len(), 30, "limit {limit}");
        assert!(rows.contains_key("workstation/001") && rows.contains_key("workstation/002"));
        seen.push(rows);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(stock(&seen[0])[3], ("S0003".to_owned(), 3_000));
    let (mut cursor, mut rows) = (start(&other, Scope::Store(StoreId(2))).await, BTreeMap::new());
    follow(&other, Scope::Store(StoreId(2)), &mut cursor, 7, &mut rows).await;
    assert_eq!(stock(&rows), []);
    drop((edge, other));
    town.stop().await;
}

#[tokio::test]
async fn hq_reads_what_is_available_and_a_new_count_replaces_the_old() {
    let town = Town::new().await;
    town.edge("SH001").await;
    town.import(&list(0..3, "1.00")).await;
    let file = town.file("a.csv", "货号,库存\nS0000,5\nS0001,2\n");
    town.cli(&format!("stock count --store SH001 {}", file.display())).await;
    town.turn(60);
    let file = town.file("b.csv", "数量,SKU\n9,S0001\n");
    town.cli(&format!("stock count --store SH001 {}", file.display())).await;
    let token = town.staff().await;
    let page = town.hq(&token, "/hq/v1/stores/SH001/stock?limit=1").await.json();
    assert_eq!(page["items"][0]["available_milli"], 5_000);
    let next = page["next"].as_str().unwrap();
    let path = format!("/hq/v1/stores/SH001/stock?limit=1&after={next}");
    let page = town.hq(&token, &path).await.json();
    assert_eq!(page["items"][0]["on_hand_milli"], 9_000);
    assert_eq!(page["items"][0]["counted_at"], "2026-11-21T10:01:00Z");
    assert_eq!(page["next"], json!(null));
    town.hq(&token, "/hq/v1/stores/NOPE/stock").await.is_problem(404, "not-found");
    town.stop().await;
}
