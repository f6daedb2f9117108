//! Goods of online orders that come back in stores: once, for what they cost, whoever asks when.

use domain::{
    id::{OnlineReturnId, PickupId},
    money::Money,
    quantity::Quantity,
    returns::online::{OnlineReturnState, ReturnReason},
};
use serde_json::{Value, json};
use sync::{
    path,
    wire::{BackLineV1, BroughtV1, OnlineOrderV1, OnlineReturnV1, TakeBackV1},
};
use uuid::Uuid;

use crate::{
    intake::{Outbox, post, processed},
    pickups::{available, counted, handed_over, order, place, shop},
    rules::{put, set},
    town::{Answer, Edge, Town},
};

pub(crate) fn back(number: u16, pieces: i64) -> BackLineV1 {
    BackLineV1 { number, quantity_milli: Quantity::from_milli(pieces * 1_000) }
}

pub(crate) fn asked(
    edge: &Edge<'_>,
    id: u128,
    order: u128,
    lines: &[BackLineV1],
    fen: i64,
) -> TakeBackV1 {
    TakeBackV1 {
        id: OnlineReturnId::from_uuid(Uuid::from_u128(id)),
        order: PickupId::from_uuid(Uuid::from_u128(order)),
        lines: lines.to_vec(),
        reason: ReturnReason::Unfit,
        saleable: true,
        amount_minor: Money::from_minor(fen),
        workstation: 1,
        operator: "1001".into(),
        at: edge.town.now(),
    }
}

pub(crate) async fn ask(edge: &Edge<'_>, asked: &TakeBackV1) -> Answer {
    edge.call("POST", path::ONLINE_RETURNS, &serde_json::to_vec(asked).unwrap()).await
}

async fn look(edge: &Edge<'_>, presented: &str, lines: &[BackLineV1]) -> Answer {
    let brought = BroughtV1 { presented: presented.to_owned(), lines: lines.to_vec() };
    edge.call("POST", path::ONLINE_ORDERS, &serde_json::to_vec(&brought).unwrap()).await
}

/// Places an order of SH001 and tells that it was handed over; the answer is its signed code.
async fn collected(edge: &Edge<'_>, token: &str, wish: &Value, outbox: &mut Outbox) -> String {
    let placed = place(edge.town, token, wish).await;
    assert_eq!(placed.status, 201, "{:?}", placed.json());
    let id: Uuid = wish["id"].as_str().unwrap().parse().unwrap();
    handed_over(outbox, 900_000 + id.as_u128(), id.as_u128(), edge.town.now());
    let n = outbox.facts.len();
    let mut batch = outbox.batch(n, n);
    batch.epoch = edge.enrolled.epoch;
    assert_eq!(post(edge, &batch).await.status, 200);
    processed(edge.town).await;
    placed.json()["token"].as_str().unwrap().to_owned()
}

async fn due(town: &Town, staff: &str) -> Vec<(String, i64)> {
    let list = town.hq(staff, "/hq/v1/refunds-due").await.json();
    let due = list.as_array().unwrap().iter();
    due.map(|one| {
        assert_eq!(one["reference"], "4200");
        (one["why"].as_str().unwrap().to_owned(), one["amount"]["amount"].as_i64().unwrap())
    })
    .collect()
}

/// The first of two pieces costs all of it, the second half.
fn second_half() -> Value {
    set(&[json!({
        "id": "half", "name": "第二件半价", "repeat": "each",
        "steps": [{ "reward": { "nth": { "n": 2, "cut": { "rate": 5000 } } } }],
    })])
}

#[tokio::test]
async fn pieces_come_back_in_another_store_for_what_they_cost_and_never_twice() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let staff = town.staff().await;
    let saved = put(&town, &staff, Some("\"0\""), &second_half()).await;
    assert!(saved.status.is_success(), "{:?}", saved.json());
    let other = town.edge("SH002").await;
    let token = shop(&town).await;
    let mut wish = order(1, &[("S0000", 2), ("S0001", 1)]);
    wish["paid"]["amount_minor"] = json!(250);
    let code = collected(&edge, &token, &wish, &mut Outbox::new()).await;
    assert_eq!(available(&town).await, [3, 4, 5]);

    for named in ["M-1", " M-1 ", &Uuid::from_u128(1).to_string(), &code] {
        let told: OnlineOrderV1 = look(&other, named, &[]).await.read();
        assert_eq!((told.number.as_str(), told.shopper.as_str()), ("M-1", "王*"));
        let left: Vec<i64> = told.lines.iter().map(|line| line.left_milli.milli()).collect();
        let total: i64 = told.lines.iter().map(|line| line.amount_minor.minor()).sum();
        assert_eq!((left, total, told.back_minor), (vec![2_000, 1_000], 250, None));
    }
    let told: OnlineOrderV1 = look(&other, "M-1", &[back(1, 2), back(2, 1)]).await.read();
    assert_eq!(told.back_minor, Some(Money::from_minor(250)));
    let told: OnlineOrderV1 = look(&other, "M-1", &[back(1, 3)]).await.read();
    assert_eq!((told.back_minor, told.refusal.as_deref()), (None, Some("not-so-many")));

    let told: OnlineOrderV1 = look(&other, "M-1", &[back(2, 1)]).await.read();
    let first = told.back_minor.unwrap().minor();
    let wrong: OnlineReturnV1 =
        ask(&other, &asked(&other, 1, 1, &[back(2, 1)], first + 1)).await.read();
    assert_eq!(wrong.refusal.as_deref(), Some("amount-changed"));
    let wish = asked(&other, 2, 1, &[back(2, 1)], first);
    let done: OnlineReturnV1 = ask(&other, &wish).await.read();
    assert_eq!((done.state, done.amount_minor.minor()), (OnlineReturnState::Done, first));
    town.turn(60);
    let later = TakeBackV1 { at: town.now(), operator: "1002".into(), ..wish.clone() };
    assert_eq!(ask(&other, &later).await.read::<OnlineReturnV1>(), done, "the same return");
    let more = TakeBackV1 { lines: vec![back(1, 1)], ..wish.clone() };
    ask(&other, &more).await.is_problem(409, "id-taken");
    ask(&edge, &wish).await.is_problem(409, "id-taken");
    let again: OnlineReturnV1 = ask(&edge, &asked(&edge, 3, 1, &[back(2, 1)], first)).await.read();
    assert_eq!(again.refusal.as_deref(), Some("not-so-many"));

    let rest = asked(&edge, 4, 1, &[back(1, 2)], 250 - first);
    let done: OnlineReturnV1 = ask(&edge, &rest).await.read();
    assert_eq!(done.state, OnlineReturnState::Done, "{done:?}");
    assert_eq!(available(&town).await, [5, 4, 5], "the store that has them sells them");
    let last: OnlineReturnV1 = ask(&edge, &asked(&edge, 5, 1, &[back(1, 1)], 1)).await.read();
    assert_eq!(last.refusal.as_deref(), Some("returned-already"));

    let owed = due(&town, &staff).await;
    assert_eq!(owed.iter().map(|(_, fen)| fen).sum::<i64>(), 250, "{owed:?}");
    assert!(owed.iter().all(|(why, _)| why == "returned"), "{owed:?}");
    let list = town.hq(&staff, "/hq/v1/online-returns").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    assert_eq!((&list[0]["store"], &list[0]["pieces"]), (&json!("SH001"), &json!(2)));
    let paid = format!("/shop/v1/orders/{}/refunds/{}", Uuid::from_u128(1), Uuid::from_u128(2));
    let said = json!({ "reference": "R-1" }).to_string();
    assert_eq!(town.hq_send(&token, ("POST", &paid), None, said).await.status, 200);
    assert_eq!(due(&town, &staff).await, [("returned".to_owned(), 250 - first)]);
    drop((edge, other));
    town.stop().await;
}

#[tokio::test]
async fn two_stores_at_the_same_moment_take_a_piece_back_once() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let other = town.edge("SH002").await;
    let (token, mut outbox) = (shop(&town).await, Outbox::new());
    for number in 1..=4_u128 {
        let wish = order(number, &[("S0000", 1)]);
        collected(&edge, &token, &wish, &mut outbox).await;
        let wishes = [&edge, &other, &edge, &other]
            .into_iter()
            .zip(number * 10..)
            .map(|(edge, id)| (edge, asked(edge, id, number, &[back(1, 1)], 100)));
        let all = wishes.map(|(edge, wish)| async move { ask(edge, &wish).await });
        let told = futures_util::future::join_all(all).await;
        let states: Vec<OnlineReturnState> =
            told.iter().map(|answer| answer.read::<OnlineReturnV1>().state).collect();
        let n = states.iter().filter(|state| **state == OnlineReturnState::Done).count();
        assert_eq!(n, 1, "{states:?}");
    }
    let staff = town.staff().await;
    assert_eq!(due(&town, &staff).await.len(), 4);
    drop((edge, other));
    town.stop().await;
}

#[tokio::test]
async fn what_was_not_handed_over_or_is_unclear_does_not_come_back() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let (token, mut outbox) = (shop(&town).await, Outbox::new());
    assert_eq!(place(&town, &token, &order(1, &[("S0000", 1)])).await.status, 201);
    look(&edge, "M-1", &[]).await.is_problem(409, "order-not-collected");
    let told: OnlineReturnV1 = ask(&edge, &asked(&edge, 1, 1, &[back(1, 1)], 100)).await.read();
    assert_eq!(told.refusal.as_deref(), Some("order-not-collected"));
    let cancel = format!("/shop/v1/orders/{}/cancellation", Uuid::from_u128(1));
    assert_eq!(town.hq_send(&token, ("POST", &cancel), None, "").await.status, 200);
    look(&edge, "M-1", &[]).await.is_problem(409, "order-ended");
    // An id is decided once: what is asked anew is asked under another.
    let told: OnlineReturnV1 = ask(&edge, &asked(&edge, 1, 1, &[back(1, 1)], 100)).await.read();
    assert_eq!(told.refusal.as_deref(), Some("order-not-collected"));
    look(&edge, "M-2", &[]).await.is_problem(404, "not-found");
    ask(&edge, &asked(&edge, 2, 2, &[back(1, 1)], 100)).await.is_problem(404, "not-found");
    // Two shops use the same number.
    let other = town.cli_json("shop add other").await["token"].as_str().unwrap().to_owned();
    for (id, token) in [(7, &token), (8, &other)] {
        let mut wish = order(id, &[("S0001", 1)]);
        wish["number"] = json!("SAME");
        collected(&edge, token, &wish, &mut outbox).await;
        let is_first = id == 7;
        if is_first {
            look(&edge, "SAME", &[]).await.read::<OnlineOrderV1>();
        }
    }
    look(&edge, "SAME", &[]).await.is_problem(409, "order-ambiguous");
    assert_eq!(due(&town, &town.staff().await).await, [("cancelled".to_owned(), 100)]);
    drop(edge);
    town.stop().await;
}

#[tokio::test]
async fn whatever_is_sent_is_answered_and_takes_back_nothing_that_is_not_there() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    counted(&town).await;
    let token = shop(&town).await;
    collected(&edge, &token, &order(1, &[("S0000", 2), ("S0001", 3)]), &mut Outbox::new()).await;
    let (mut dice, good) = (0x9E37_79B9_7F4A_7C15_u64, asked(&edge, 0, 1, &[back(1, 1)], 100));
    let mut below = |n: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % n
    };
    let odd = [
        json!(0),
        json!(-1),
        json!(1),
        json!(65_535),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(""),
        json!("M-1"),
        json!(null),
        json!([]),
        json!({}),
        json!("𝕏".repeat(500)),
        json!([{ "number": 1, "quantity_milli": 500 }]),
        json!([{ "number": 9, "quantity_milli": 1_000 }]),
        json!([{ "number": 1, "quantity_milli": i64::MAX }]),
        json!([{ "number": 1, "quantity_milli": -1_000 }]),
        json!([{ "number": 2, "quantity_milli": 1_000 }, { "number": 2, "quantity_milli": 1_000 }]),
        json!(vec![json!({ "number": 1, "quantity_milli": 1_000 }); 60]),
    ];
    let fields = ["id", "order", "lines", "reason", "saleable", "amount_minor", "operator", "at"];
    for n in 0..600_u64 {
        let mut wish = serde_json::to_value(&good).unwrap();
        wish["id"] = json!(Uuid::from_u128(1_000 + u128::from(n)));
        for _ in 0..=below(2) {
            let pick = usize::try_from(below(odd.len().try_into().unwrap())).unwrap();
            let field = usize::try_from(below(fields.len().try_into().unwrap())).unwrap();
            wish[fields[field]] = odd[pick].clone();
        }
        let mut body = wish.to_string().into_bytes();
        if below(4) == 0 {
            let at = usize::try_from(below(body.len().try_into().unwrap())).unwrap();
            body[at] = u8::try_from(below(256)).unwrap();
        }
        let told = edge.call("POST", path::ONLINE_RETURNS, &body).await;
        assert!(matches!(told.status.as_u16(), 200 | 400 | 404 | 409), "{wish}");
        let asked = json!({ "presented": wish["operator"], "lines": wish["lines"] });
        let told = edge.call("POST", path::ONLINE_ORDERS, asked.to_string().as_bytes()).await;
        assert!(matches!(told.status.as_u16(), 200 | 400 | 404 | 409), "{asked}");
    }
    let given = town.rows("select coalesce(sum(amount_minor), 0) from online_return");
    let owed = town.rows("select coalesce(sum(amount_minor), 0) from pickup_refund");
    assert_eq!(given, owed);
    assert!(owed[0].parse::<i64>().unwrap() <= 500, "{owed:?}");
    drop(edge);
    town.stop().await;
}

/// Their money was taken by the till's own order: giving it back here would give it back twice.
#[tokio::test]
async fn goods_that_were_only_set_aside_do_not_come_back_as_an_online_order() {
    let town = Town::new().await;
    let (edge, there) = (town.edge("SH001").await, town.edge("SH002").await);
    counted(&town).await;
    let aside = json!({
        "id": Uuid::from_u128(5), "store": "SH001", "sku": "S0000", "pieces": 1,
    });
    let answer = there.call("POST", path::SET_ASIDES, aside.to_string().as_bytes()).await;
    let number = answer.json()["number"].as_str().unwrap().to_owned();
    let mut outbox = Outbox::new();
    handed_over(&mut outbox, 900_005, 5, town.now());
    let mut batch = outbox.batch(1, 1);
    batch.epoch = edge.enrolled.epoch;
    assert_eq!(post(&edge, &batch).await.status, 200);
    processed(&town).await;
    look(&edge, &number, &[]).await.is_problem(409, "order-sold-at-counter");
    // Kept under its id: a store that did not hear it asks again, and must not wait for ever.
    let wish = asked(&edge, 1, 5, &[back(1, 1)], 100);
    for _ in 0..2 {
        let told: OnlineReturnV1 = ask(&edge, &wish).await.read();
        assert_eq!(told.state, OnlineReturnState::Refused);
        assert_eq!(told.refusal.as_deref(), Some("order-sold-at-counter"));
        assert_eq!((told.amount_minor, told.lines.len()), (Money::ZERO, 0));
    }
    let kept = town.rows("select state || ' ' || refusal || ' ' || place from online_return");
    assert_eq!(kept, ["refused order-sold-at-counter 0"]);
    let other = asked(&edge, 1, 5, &[back(1, 2)], 100);
    ask(&edge, &other).await.is_problem(409, "id-taken");
    assert_eq!(due(&town, &town.staff().await).await, []);
}
