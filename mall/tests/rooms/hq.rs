//! What HQ reads, over HTTP and from the command line.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::{
    intake::{Outbox, order, post, processed},
    town::Town,
};

/// A store with three orders over 1.00, 2.50 and 4.00 yuan.
async fn sold(town: &Town) -> Vec<String> {
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    let mut ids = Vec::new();
    for (number, fen) in [(1, 100), (2, 250), (3, 400)] {
        let mut one = order("SH001", number, fen);
        if number == 3 {
            one.rounding_minor = domain::money::Money::from_minor(-5);
            one.change_minor = domain::money::Money::from_minor(10_005);
        }
        ids.push(one.id.to_string());
        outbox.order(&one);
    }
    assert_eq!(post(&edge, &outbox.batch(1, 3)).await.status, 200);
    processed(town).await;
    ids
}

#[tokio::test]
async fn orders_are_listed_newest_first_in_pages_and_shown_whole() {
    let town = Town::new().await;
    let ids = sold(&town).await;
    let token = town.staff().await;
    let mut path = "/hq/v1/stores/SH001/orders?limit=2&business_date=2026-11-21".to_owned();
    let page = town.hq(&token, &path).await.json();
    let receipts: Vec<_> =
        page["orders"].as_array().unwrap().iter().map(|o| &o["receipt_number"]).collect();
    assert_eq!(receipts, ["SH001-1-1-20261121-0003", "SH001-1-1-20261121-0002"]);
    path.push_str(&format!("&after={}", page["next"].as_str().unwrap()));
    let rest = town.hq(&token, &path).await.json();
    assert_eq!((rest["orders"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    for name in [ids[1].as_str(), "SH001-1-1-20261121-0002"] {
        let one = town.hq(&token, &format!("/hq/v1/orders/{name}")).await.json();
        assert_eq!(one["total"], json!({ "amount": 250, "currency": "CNY" }));
        assert_eq!(one["lines"][0]["quantity_milli"], 1_000);
        assert_eq!(one["tenders"][0]["kind"], "cash");
        assert_eq!(one["completed_at"], "2026-11-21T10:00:00.000002Z");
    }
    let none = town.hq(&token, "/hq/v1/stores/SH001/orders?business_date=2026-11-22").await.json();
    assert_eq!(none["orders"], json!([]));
    town.stop().await;
}

#[tokio::test]
async fn a_day_adds_up_to_the_fen() {
    let town = Town::new().await;
    sold(&town).await;
    let token = town.staff().await;
    let day = town.hq(&token, "/hq/v1/stores/SH001/days/2026-11-21").await.json();
    let money = |amount: i64| json!({ "amount": amount, "currency": "CNY" });
    assert_eq!(
        day,
        json!({
            "store": "SH001", "business_date": "2026-11-21", "n_orders": 3,
            "seals": [], "openings": [],
            "total": money(750), "rounding": money(-5), "change": money(30_005),
            "cash": money(745),
            "tenders": [{ "kind": "cash", "n_tenders": 3, "amount": money(30_750) }],
            "savings": {
                "saved": money(0), "brand": money(0), "store": money(0), "platform": money(0),
                "unknown": money(0), "by_rule": []
            },
            "undone": { "n_orders": 0, "total": money(0) }
        })
    );
    assert_eq!(town.cli_json("orders day --store SH001 --date 2026-11-21").await, day);
    let empty = town.hq(&token, "/hq/v1/stores/SH001/days/2026-11-22").await.json();
    assert_eq!((&empty["n_orders"], &empty["tenders"]), (&json!(0), &json!([])));
    town.stop().await;
}

#[tokio::test]
async fn items_are_found_by_name_sku_initials_or_barcode() {
    let town = Town::new().await;
    town.import(
        "sku,barcode,name,price_yuan\nA1,6901234567892,纯牛奶,5.5\nA2,,绿茶,4\nB_1,,100%果汁,9\n",
    )
    .await;
    let token = town.staff().await;
    let table = [
        ("", "A1 A2 B_1"),
        ("%E7%89%9B%E5%A5%B6", "A1"),
        ("a2", "A2"),
        ("cnn", "A1"),
        ("6901234567892", "A1"),
        ("%25", "B_1"),
        ("_", "B_1"),
        ("nothing", ""),
    ];
    for (query, skus) in table {
        let page = town.hq(&token, &format!("/hq/v1/items?query={query}")).await.json();
        let found: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|i| i["sku"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), skus, "{query}");
    }
    let page = town.hq(&token, "/hq/v1/items?limit=2").await.json();
    let next = town
        .hq(&token, &format!("/hq/v1/items?after={}", page["next"].as_str().unwrap()))
        .await
        .json();
    assert_eq!((&next["items"][0]["sku"], &next["next"]), (&json!("B_1"), &json!(null)));
    town.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_a_problem() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 示范店").await;
    let token = town.staff().await;
    let table = [
        ("/hq/v1/stores/SH999/orders", 404, "not-found"),
        ("/hq/v1/orders/SH001-1-1-20261121-0009", 404, "not-found"),
        ("/hq/v1/stores/SH001/days/yesterday", 400, "malformed"),
        ("/hq/v1/stores/SH001/orders?limit=many", 400, "malformed"),
        ("/hq/v1/stores/SH001/orders?after=x", 400, "malformed"),
        ("/hq/v1/nothing", 404, "not-found"),
    ];
    for (path, status, slug) in table {
        town.hq(&token, path).await.is_problem(status, slug);
    }
    assert_eq!(town.hq(&token, "/hq/v1/stores/SH001/troubles").await.json(), json!([]));
    town.cli("staff revoke finance").await;
    town.hq(&token, "/hq/v1/stores").await.is_problem(401, "token-required");
    town.stop().await;
}

#[tokio::test]
async fn the_command_line_prints_tables_with_yuan() {
    let town = Town::new().await;
    sold(&town).await;
    let list = town.cli("orders list --store SH001 --limit 2").await;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(
        lines[0],
        "receipt                  completed at                 operator  total  rounding  change  \
         undone at"
    );
    assert_eq!(
        lines[1],
        "SH001-1-1-20261121-0003  2026-11-21T10:00:00.000003Z  1001       4.00     -0.05  100.05"
    );
    assert!(lines[3].starts_with("more: --after 1795255200000002."));
    let show = town.cli("orders show SH001-1-1-20261121-0002").await;
    assert!(show.contains("纯牛奶 250ml"), "{show}");
    assert_eq!(town.cli("orders check").await, "3 orders checked, 0 do not hold\n");
    let stores = town.cli("store list").await;
    assert!(stores.contains("SH001  SH001店             0          0           1"), "{stores}");
    town.stop().await;
}

#[tokio::test]
async fn an_order_that_was_changed_behind_our_back_fails_the_check() {
    let town = Town::new().await;
    sold(&town).await;
    tamper(&town);
    let (is_right, text) = town.try_cli("orders check").await.unwrap();
    assert!(!is_right);
    assert!(
        text.contains("SH001-1-1-20261121-0002: the lines do not add up to the total"),
        "{text}"
    );
    town.stop().await;
}

fn tamper(town: &Town) {
    let second = "from orders where receipt_number like '%-0002'";
    assert_eq!(town.rows(&format!("select count(*) {second}")), ["1"]);
    let sql = "update orders set total_minor = 251 where receipt_number like '%-0002'";
    town.folder.place().execute(sql);
}

/// The document is committed; programs of HQ are made from it.
#[tokio::test]
async fn the_openapi_document_is_the_committed_one() {
    let town = Town::new().await;
    let made = town.cli("openapi").await;
    let committed = include_str!("../../openapi.json");
    assert_eq!(made, committed, "mall/openapi.json is stale: make openapi");
    let request = Request::get("/hq/v1/openapi.json").body(Body::empty()).unwrap();
    let served = town.send(request).await.json();
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(committed).unwrap());
    for (path, item) in served["paths"].as_object().unwrap() {
        // Where programs that read figures look for them by themselves.
        assert!(path.starts_with("/hq/v1/") || path == "/metrics", "{path}");
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(operation["security"], json!([{ "staff": [] }]), "{method} {path}");
        }
    }
    for path in ["/livez", "/readyz", "/problems/forked"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(town.send(request).await.status, 200, "{path}");
    }
    town.stop().await;
}

#[tokio::test]
async fn hq_looks_at_a_copy_where_there_is_one_and_stores_go_by_the_database() {
    let town = Town::new().await;
    let token = town.staff().await;
    town.edge("SH001").await;
    let folder = town.stop().await;
    let copy = folder.place().copied();
    let town = Town::looking_at(folder, copy).await;
    // It takes its place in the database, and nobody tells the copy.
    town.edge("SH002").await;
    let codes = |list: Value| -> Vec<String> {
        let stores = list.as_array().unwrap().iter();
        stores.map(|store| store["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(town.hq(&token, "/hq/v1/stores").await.json()), ["SH001"]);
    assert_eq!(codes(town.cli_json("store list").await), ["SH001", "SH002"]);
    town.stop().await;
}
