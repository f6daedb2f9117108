//! Guests who sign in to a store's Wi-Fi, and the coupon that they get for coming.

use domain::time::Timestamp;
use serde_json::json;
use sync::{
    path,
    replica::StoreId,
    token::{Subject, believe},
    wire::{CheckInV1, CheckedInV1, GivenCouponV1, KeysV1, RowV1},
};
use uuid::Uuid;

use crate::{
    members::{public, rows},
    rules::{put, set},
    town::{Answer, Edge, Town},
};

const DAY_S: i64 = 86_400;

fn check_in(id: u128, guest: &str) -> CheckInV1 {
    let guest = guest.repeat(32);
    CheckInV1 { id: Uuid::from_u128(id), guest, at: Timestamp::from_micros(1) }
}

async fn tell(edge: &Edge<'_>, told: &CheckInV1) -> Answer {
    edge.call("POST", path::CHECK_INS, &serde_json::to_vec(told).unwrap()).await
}

async fn given(edge: &Edge<'_>, told: &CheckInV1) -> Option<GivenCouponV1> {
    let answer = tell(edge, told).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.read::<CheckedInV1>().coupon
}

/// A token of somebody who saves both, and a rule for a coupon beside one for everybody.
async fn hq(town: &Town) -> String {
    let told = town.cli_json("staff add hq --may-save-settings --may-save-rules").await;
    let token = told["token"].as_str().unwrap().to_owned();
    let off = json!([{ "reward": { "amount_off": 500 } }]);
    let rules = set(&[
        json!({ "id": "come", "name": "到店礼券", "coupon": true, "steps": off }),
        json!({ "id": "all", "name": "立减", "steps": off }),
    ]);
    assert_eq!(put(town, &token, Some("*"), &rules).await.status, 200);
    token
}

async fn say(town: &Town, token: &str, rule: &str, days: i64) {
    let settings = json!({ "portal": { "coupon_rule": rule, "coupon_days": days } });
    let body = json!({ "settings": settings }).to_string();
    let answer = town.hq_send(token, ("PUT", "/hq/v1/settings"), Some("*"), body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

#[tokio::test]
async fn a_guest_has_one_coupon_at_a_time_however_often_they_come() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = hq(&town).await;
    assert_eq!(given(&edge, &check_in(1, "a")).await, None, "HQ has said nothing");
    say(&town, &token, "come", 7).await;
    let first = given(&edge, &check_in(2, "a")).await.unwrap();
    assert_eq!(given(&edge, &check_in(2, "a")).await.unwrap(), first, "the same question");
    assert_eq!(given(&edge, &check_in(3, "a")).await.unwrap(), first, "the next day's question");
    let other = given(&edge, &check_in(4, "b")).await.unwrap();
    assert_ne!(other.id, first.id, "another guest");
    let whole_days = (first.until.micros() - town.now().micros()) / 1_000_000;
    assert!((7 * DAY_S - 1..=7 * DAY_S).contains(&whole_days), "{whole_days}");
    town.turn(7 * DAY_S + 1);
    let second = given(&edge, &check_in(5, "a")).await.unwrap();
    assert_ne!(second.id, first.id, "the first is over");
    say(&town, &token, "", 7).await;
    assert_eq!(given(&edge, &check_in(6, "c")).await, None, "HQ gives none any more");
}

#[tokio::test]
async fn it_is_good_for_whoever_shows_it_in_that_store_alone() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = hq(&town).await;
    say(&town, &token, "come", 7).await;
    let coupon = given(&edge, &check_in(1, "a")).await.unwrap();
    let Some(RowV1::Keys(KeysV1 { keys })) = rows(&edge).await.remove("keys") else {
        panic!("no keys");
    };
    let read = |store| believe(&coupon.token, &public(&keys), store, town.now());
    let Subject::Coupon { coupon: id, member, rule, .. } = read(StoreId(1)).unwrap().subject else {
        panic!("another subject")
    };
    assert_eq!((id, member, rule.as_str()), (coupon.id, None, "come"));
    read(StoreId(2)).unwrap_err();
}

#[tokio::test]
async fn no_coupon_is_given_by_a_rule_that_is_none_or_for_a_guest_who_is_none() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let token = hq(&town).await;
    for rule in ["all", "gone"] {
        say(&town, &token, rule, 7).await;
        assert_eq!(given(&edge, &check_in(1, "a")).await, None, "{rule}");
    }
    for guest in ["", "a", "A", "g", "é"] {
        let told = CheckInV1 { guest: guest.repeat(31), ..check_in(2, "a") };
        tell(&edge, &told).await.is_problem(400, "malformed");
    }
    edge.call("POST", path::CHECK_INS, b"{}").await.is_problem(400, "malformed");
}
