//! What must be the same whatever engine keeps the mall's books, and what several malls over one
//! database owe each other.

use std::collections::BTreeSet;

use mall::Clock;
use serde_json::Value;
use sync::{
    path,
    replica::Scope,
    wire::{BatchAnswerV1, FeedPageV1, KIND_ORDER, ToldV1, VerdictV1},
};
use uuid::Uuid;

use crate::{
    feed::{follow, start},
    intake::{Outbox, order, post, processed},
    place::{Home, is_server_here},
    process::serve,
    town::{Town, cli},
};

/// In the order of their keys' bytes. Most machines put the underscore before the hyphen, capitals
/// among small letters, and Chinese by its reading.
const SORTED: [&str; 6] = ["10", "9", "a-B", "a_b", "AB", "中文"];

#[tokio::test]
async fn keys_sort_by_their_bytes_on_every_engine() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let rows: String = SORTED.iter().rev().map(|sku| format!("{sku},商品,1.00\n")).collect();
    town.import(&format!("sku,name,price_yuan\n{rows}")).await;
    let mut cursor = start(&edge, Scope::Catalog).await;
    let page: FeedPageV1 = edge.get(&path::feed(Scope::Catalog, &cursor)).await.read();
    let told: Vec<String> = page.changes.into_iter().map(|change| change.key).collect();
    let keys: Vec<String> = SORTED.iter().map(|sku| sku.to_ascii_lowercase()).collect();
    assert!(keys.is_sorted());
    assert_eq!(told, keys);
    // A cursor inside the version goes on behind its key.
    let mut rows = std::collections::BTreeMap::new();
    follow(&edge, Scope::Catalog, &mut cursor, 1, &mut rows).await;
    assert!(rows.keys().eq(&keys));
    let token = town.staff().await;
    let page = town.hq(&token, "/hq/v1/items?limit=3").await.json();
    let skus: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["sku"].as_str().unwrap())
        .collect();
    assert_eq!(skus, SORTED[..3]);
    town.stop().await;
}

#[tokio::test]
async fn items_are_found_by_a_part_of_their_name_in_any_case() {
    let town = Town::new().await;
    town.import("sku,name,price_yuan\nA1,Oat MILK 燕麦,1.00\nA2,100% juice,2.00\n").await;
    let token = town.staff().await;
    for (query, sku) in
        [("milk", "A1"), ("MiLk", "A1"), ("燕麦", "A1"), ("0%25", "A2"), ("a2", "A2")]
    {
        let page = town.hq(&token, &format!("/hq/v1/items?query={query}")).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{query}: {page}");
        assert_eq!(page["items"][0]["sku"], sku, "{query}");
    }
    town.stop().await;
}

#[tokio::test]
async fn every_text_of_the_schema_sorts_by_its_bytes() {
    let town = Town::new().await;
    if town.folder.place().is_on_a_server() {
        let others = "select table_name || '.' || column_name from information_schema.columns
                      where table_schema = 'public' and data_type not in ('bigint', 'bytea')
                        and (data_type <> 'text' or collation_name is distinct from 'C')";
        assert_eq!(town.rows(others), [""; 0]);
    } else {
        // SQLite sorts by bytes unless a column says otherwise.
        let others = "select name from sqlite_schema where lower(sql) like '%collate%'";
        assert_eq!(town.rows(others), [""; 0]);
    }
    town.stop().await;
}

/// One of the engines keeps no NUL in a text. A fact with one is kept as it came all the same, else
/// its store could never send what comes after it.
#[tokio::test]
async fn a_fact_with_a_nul_is_kept_as_it_came_and_holds_nothing_up() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    let mut nul = order("SH001", 3, 300);
    nul.operator = "10\u{0}01".into();
    outbox
        .push("shift", 1, Uuid::from_u128(1), "a\0b".into())
        .push("sh\0ift", 1, Uuid::from_u128(2), "{}".into())
        .order(&nul)
        .order(&order("SH001", 4, 400));
    let told = |seq, reason: &str| ToldV1 {
        seq,
        verdict: VerdictV1::Quarantined { reason: reason.into() },
    };
    let expected = [
        ToldV1 { seq: 1, verdict: VerdictV1::StoredUnknown },
        told(2, "the kind is no word"),
        told(3, "not an order: a text in it holds the sign NUL"),
    ];
    let answer: BatchAnswerV1 = post(&edge, &outbox.batch(1, 4)).await.read();
    assert_eq!((answer.acked_seq, answer.verdicts.as_slice()), (4, expected.as_slice()));
    let again: BatchAnswerV1 = post(&edge, &outbox.batch(1, 4)).await.read();
    assert_eq!(again.verdicts[1..3], expected[1..]);
    processed(&town).await;
    assert_eq!(town.rows("select total_minor from orders"), ["400"]);
    let kept =
        town.rows("select seq, kind, coding, body from event_inbox where seq < 3 order by seq");
    assert_eq!(kept, ["1|shift|hex|610062", "2|?||{}"]);
    let troubles = town.cli_json("orders troubles --store SH001").await;
    assert_eq!(troubles.as_array().unwrap().len(), 2);
    town.stop().await;
}

#[tokio::test]
async fn a_nul_in_a_request_is_the_callers_fault() {
    let town = Town::new().await;
    let token = town.staff().await;
    let answer = town.hq(&token, "/hq/v1/items?query=%00").await;
    // The one engine finds nothing, the other takes no such text at all.
    let is_empty = answer.status == 200 && answer.json()["items"] == Value::Array(Vec::new());
    assert!(is_empty || answer.status == 400, "{}", String::from_utf8_lossy(&answer.body));
    town.stop().await;
}

/// Each verb opens the database anew, as another mall does. A number is one more than the largest
/// that is there: two that looked at the same moment would take the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn malls_that_write_at_once_take_turns() {
    const EACH: usize = 6;
    let town = Town::new().await;
    let malls: Vec<_> = (0..4)
        .map(|mall| {
            let place = town.folder.place().clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let words = format!("store add --code SH{mall}{number:02} --name 店");
                    let words: Vec<&str> = words.split(' ').collect();
                    cli(&place, Clock::System, &words).await.unwrap();
                }
            })
        })
        .collect();
    for mall in malls {
        mall.await.unwrap();
    }
    let numbers = town.rows("select store_id from store order by store_id");
    let expected: Vec<String> = (1..=4 * EACH).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
    town.stop().await;
}

/// Stores send to two malls over one database at once, and both make orders of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_malls_keep_and_process_each_fact_once() {
    const ORDERS: usize = 60;
    let town = Town::new().await;
    let beside = town.beside().await;
    let stores = ["SH001", "SH002", "SH003"];
    let mut edges = Vec::new();
    for store in stores {
        edges.push((store, town.edge(store).await));
    }
    let sending = edges.iter().zip(0_u32..).map(|((store, edge), place)| {
        let beside = &beside;
        async move {
            let mut outbox = Outbox::new();
            for number in (1_u32..).take(ORDERS) {
                outbox.order(&order(store, place * 1_000 + number, 100));
            }
            // Every batch to both, and the next one to the other first.
            for (from, turn) in (1..=ORDERS).step_by(10).zip(0..) {
                let batch = outbox.batch(from, from + 9);
                let body = serde_json::to_vec(&batch).unwrap();
                let request = || edge.request("POST", &path::batches(edge.id()), &body);
                let (here, there) = (edge.town.send(request()), beside.send(request()));
                let (first, second) = match turn % 2 {
                    0 => tokio::join!(here, there),
                    _ => tokio::join!(there, here),
                };
                for answer in [first, second] {
                    let answer: BatchAnswerV1 = answer.read();
                    assert_eq!(answer.acked_seq, batch.facts[9].seq);
                }
            }
        }
    });
    futures_util::future::join_all(sending).await;
    processed(&town).await;
    let n = (ORDERS * stores.len()).to_string();
    for table in ["event_id", "event_inbox", "orders", "order_line", "tender"] {
        assert_eq!(town.rows(&format!("select count(*) from {table}")), [n.as_str()], "{table}");
    }
    let kinds: BTreeSet<String> =
        town.rows("select kind || ' ' || state from event_inbox").into_iter().collect();
    assert_eq!(kinds, [format!("{KIND_ORDER} done")].into());
    assert_eq!(town.rows("select count(*) from trouble"), ["0"]);
    beside.stop().await;
    drop(edges);
    town.stop().await;
}

/// A mall that starts makes orders of what waits. Killed in the middle of that it holds nothing up, and
/// whoever goes on makes of each fact one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mall_that_is_killed_while_it_makes_orders_leaves_them_to_the_others() {
    const ROUNDS: usize = 6;
    const EACH: usize = 50;
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    for number in (1_u32..).take(ROUNDS * EACH) {
        outbox.order(&order("SH001", number, 100));
    }
    for from in (1..=ROUNDS * EACH).step_by(EACH) {
        post(&edge, &outbox.batch(from, from + EACH - 1)).await.read::<BatchAnswerV1>();
        // As if nothing had come of them yet, so that both have something to do.
        town.folder.place().execute("update event_inbox set state = 'waiting'");
        let place = town.folder.place().clone();
        let starting = tokio::task::spawn_blocking(move || serve(&place));
        starting.await.unwrap().kill();
    }
    processed(&town).await;
    let n = (ROUNDS * EACH).to_string();
    for table in ["orders", "order_line", "tender"] {
        assert_eq!(town.rows(&format!("select count(*) from {table}")), [n.as_str()], "{table}");
    }
    assert_eq!(town.rows("select count(*) from trouble"), ["0"]);
    let check = town.cli_json("orders check").await;
    assert_eq!(check["faults"], serde_json::json!([]));
    drop(edge);
    town.stop().await;
}

/// Where the engine keeps the inbox by days, one of them can be taken away while the mall serves.
#[tokio::test]
async fn a_day_of_the_inbox_can_be_moved_away_and_its_ids_stay() {
    const DAY_S: i64 = 86_400;
    if !is_server_here("days of the inbox that are moved away") {
        return;
    }
    let town = Town::over(Home::bare()).await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    for number in 1..=5 {
        outbox.order(&order("SH001", number, 100));
    }
    let lies = "select tableoid::regclass, seq from event_inbox order by seq";
    post(&edge, &outbox.batch(1, 2)).await.read::<BatchAnswerV1>();
    processed(&town).await;
    assert_eq!(town.rows(lies), ["event_inbox_20261121|1", "event_inbox_20261121|2"]);
    let away = "alter table event_inbox detach partition event_inbox_20261121;
                alter table event_inbox_20261121 rename to moved";
    town.folder.place().execute(away);
    town.turn(DAY_S);
    let again: BatchAnswerV1 = post(&edge, &outbox.batch(1, 3)).await.read();
    let duplicate = |seq| ToldV1 { seq, verdict: VerdictV1::Duplicate };
    assert_eq!(again.verdicts, [duplicate(1), duplicate(2)]);
    assert_eq!(town.rows(lies), ["event_inbox_20261122|3"]);
    // On a day that nobody has made room for nothing is lost.
    town.turn(30 * DAY_S);
    post(&edge, &outbox.batch(4, 4)).await.read::<BatchAnswerV1>();
    assert_eq!(town.rows(lies), ["event_inbox_20261122|3", "event_inbox_rest|4"]);
    // Who starts on that day leaves it where it is, and makes room for those after it.
    let beside = town.beside().await;
    post(&edge, &outbox.batch(5, 5)).await.read::<BatchAnswerV1>();
    assert_eq!(town.rows(lies)[1..], ["event_inbox_rest|4", "event_inbox_rest|5"]);
    let parts = "select count(*) from pg_inherits where inhparent = 'event_inbox'::regclass";
    assert_eq!(town.rows(parts), ["5"]);
    processed(&town).await;
    assert_eq!(town.rows("select count(*) from orders"), ["5"]);
    assert_eq!(town.rows("select count(*) from event_id"), ["5"]);
    beside.stop().await;
    drop(edge);
    town.stop().await;
}
