//! Online orders: placed, promised, ended, told of twice.

use domain::{id::PickupId, time::Timestamp};
use serde_json::{Value, json};
use sync::{
    path,
    replica::{Scope, StoreId},
    token::{self, PublicKey, Subject},
    wire::{FeedPageV1, KIND_PICKUP_HANDED_OVER, PickupHandedOverV1, ProofV1, RowV1, SealV1},
};
use uuid::Uuid;

use crate::{
    feed::{list, start},
    intake::{Outbox, post, processed},
    town::{Answer, Edge, Town},
};

pub(crate) async fn shop(town: &Town) -> String {
    town.cli_json("shop add mini").await["token"].as_str().unwrap().to_owned()
}

/// A store that has five of each of three items at 1.00.
pub(crate) async fn counted(town: &Town) {
    town.import(&list(0..3, "1.00")).await;
    let file = town.file("a.csv", "sku,on_hand\nS0000,5\nS0001,5\nS0002,5\n");
    town.cli(&format!("stock count --store SH001 {}", file.display())).await;
    town.turn(1);
}

pub(crate) fn order(id: u128, quantities: &[(&str, u32)]) -> Value {
    let total: u32 = quantities.iter().map(|(_, n)| n * 100).sum();
    let line = |(sku, quantity): &(&str, u32)| json!({ "sku": sku, "quantity": quantity });
    json!({
        "id": Uuid::from_u128(id), "number": format!("M-{id}"), "store": "SH001",
        "lines": quantities.iter().map(line).collect::<Vec<_>>(),
        "paid": { "method": "wechat", "reference": "4200", "amount_minor": total },
        "shopper": { "name": "王小明", "phone": "13812345678" },
        "keep_days": 2,
    })
}

pub(crate) async fn place(town: &Town, token: &str, order: &Value) -> Answer {
    town.hq_send(token, ("POST", "/shop/v1/orders"), None, order.to_string()).await
}

pub(crate) async fn available(town: &Town) -> Vec<i64> {
    let page = town.cli_json("stock list --store SH001").await;
    let all = page["items"].as_array().unwrap();
    all.iter().map(|item| item["available_milli"].as_i64().unwrap() / 1_000).collect()
}

/// That an order was handed over.
pub(crate) fn handed_over(outbox: &mut Outbox, fact: u128, order: u128, at: Timestamp) {
    let told = PickupHandedOverV1 {
        id: Uuid::from_u128(fact),
        pickup: PickupId::from_uuid(Uuid::from_u128(order)),
        workstation: 1,
        operator: "1001".into(),
        at,
        proof: ProofV1::Code,
    };
    let body = serde_json::to_string(&told).unwrap();
    outbox.push(KIND_PICKUP_HANDED_OVER, 1, told.id, body);
}

/// Tells twice, as after a lost answer, that the first order was handed over.
async fn hand_over(edge: &Edge<'_>, fact: u128) {
    let mut outbox = Outbox::new();
    handed_over(&mut outbox, fact, 1, edge.town.now());
    let mut batch = outbox.batch(1, 1);
    batch.epoch = edge.enrolled.epoch;
    for _ in 0..2 {
        assert_eq!(post(edge, &batch).await.status, 200);
        processed(edge.town).await;
    }
}

async fn rows(edge: &Edge<'_>) -> Vec<RowV1> {
    let cursor = start(edge, Scope::Store(StoreId(1))).await;
    let page: FeedPageV1 = edge.get(&path::feed(Scope::Store(StoreId(1)), &cursor)).await.read();
    page.changes.into_iter().map(|change| change.row).collect()
}

#[tokio::test]
async fn an_order_promises_stock_and_its_store_can_check_its_codes_alone() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let token = shop(&town).await;
    let wish = order(7, &[("S0000", 3), ("s0001", 1), ("S0000", 1)]);
    let placed = place(&town, &token, &wish).await;
    assert_eq!(placed.status, 201, "{:?}", placed.json());
    assert_eq!(available(&town).await, [1, 4, 5]);
    assert_eq!(place(&town, &token, &wish).await.json()["code"], placed.json()["code"]);
    assert_eq!(available(&town).await, [1, 4, 5]);
    place(&town, &token, &order(8, &[("S0000", 2)])).await.is_problem(409, "stock-short");
    place(&town, &token, &order(7, &[("S0002", 1)])).await.is_problem(409, "id-taken");
    let other = town.cli_json("shop add other").await["token"].as_str().unwrap().to_owned();
    let path = format!("/shop/v1/orders/{}", Uuid::from_u128(7));
    town.hq(&other, &path).await.is_problem(404, "not-found");
    let staff = town.staff().await;
    town.hq(&staff, &path).await.is_problem(401, "token-required");
    town.hq(&token, "/hq/v1/stores").await.is_problem(401, "token-required");

    let rows = rows(&edge).await;
    let told = rows.iter().find_map(|row| {
        let RowV1::Pickup(told) = row else { return None };
        Some(told.clone())
    });
    let told = told.unwrap();
    assert_eq!((told.shopper.as_str(), told.phone.as_str()), ("王*", "138****5678"));
    let seal: SealV1 = edge.get(path::SEAL).await.read();
    let code = placed.json()["code"].as_str().unwrap().to_owned();
    let hash = sync::pickup::code_hash(&seal.seal().unwrap(), told.id, &code);
    assert_eq!(hash, told.code_hash);
    let keys = rows.iter().find_map(|row| {
        let RowV1::Keys(keys) = row else { return None };
        Some(keys.clone())
    });
    let key = keys.unwrap().keys.remove(0);
    let bytes = sync::chain::hex_bytes(&key.public_key).unwrap();
    let keys = [PublicKey { version: key.version, bytes }];
    let text = placed.json()["token"].as_str().unwrap().to_owned();
    let believed = token::believe(&text, &keys, StoreId(1), town.now()).unwrap();
    let store = StoreId(1);
    assert_eq!(believed.subject, Subject::Pickup { pickup: told.id, store });
    let books =
        town.rows("select body || shopper || phone || code_hash || digest from online_order");
    for secret in ["小明", "12345678", code.as_str()] {
        assert!(!books[0].contains(secret), "{secret} is kept");
    }
    drop(edge);
    town.stop().await;
}

#[tokio::test]
async fn what_is_promised_is_what_the_open_orders_say_whatever_happens() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let token = shop(&town).await;
    for (id, quantities) in [
        (1, vec![("S0000", 2)]),
        (2, vec![("S0000", 1), ("S0001", 2)]),
        (3, vec![("S0002", 5)]),
        (4, vec![("S0001", 3)]),
    ] {
        assert_eq!(place(&town, &token, &order(id, &quantities)).await.status, 201, "{id}");
    }
    assert_eq!(available(&town).await, [2, 0, 0]);
    let path = format!("/shop/v1/orders/{}/cancellation", Uuid::from_u128(2));
    for _ in 0..2 {
        let answer = town.hq_send(&token, ("POST", &path), None, "").await;
        assert_eq!(answer.json()["state"], "cancelled");
        assert_eq!(answer.json()["refunds"][0]["amount_minor"], 300);
        assert_eq!(answer.json()["refunds"].as_array().unwrap().len(), 1);
    }
    assert_eq!(available(&town).await, [3, 2, 0]);
    // A store hands one over; a restored copy of its box does so once more.
    hand_over(&edge, 900).await;
    let copy = town.edge("SH001").await;
    hand_over(&copy, 901).await;
    let cases = town.rows("select what, cost_minor from pickup_case");
    assert_eq!(cases, ["second|200"]);
    assert_eq!(available(&town).await, [1, 2, 0]);
    let sums = town.rows(
        "select stock.sku, stock.reserved_milli - coalesce((
           select sum(quantity_milli) from reservation
           join online_order on online_order.id = reservation.order_id
           where reservation.sku = stock.sku and state in ('placed', 'picking', 'ready')), 0)
         from stock order by stock.sku",
    );
    assert_eq!(sums, ["S0000|0", "S0001|0", "S0002|0"]);
    drop((edge, copy));
    town.stop().await;
}
