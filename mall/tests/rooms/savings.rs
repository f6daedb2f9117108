//! What orders saved and brought: kept with the order, told by day, by rule and by who pays.

use serde_json::{Value, json};
use sync::wire::OrderV1;

use crate::{
    drift::{as_older, delivered, generous, sent, sold},
    rules::{cut, put, set},
    town::Town,
};

/// A cut that brand and store share, an amount that a platform pays, and what comes beside.
fn rules() -> Value {
    let mut shared = cut("new", 9_001);
    shared["funding"] = json!({ "brand": 6_667, "store": 3_333 });
    let off = json!({ "id": "off", "name": "满减", "funding": { "platform": 10_000 }, "steps": [
        { "needs": [{ "amount": { "minor": 1_000 } }], "reward": { "amount_off": 137 } }
    ] });
    let next = json!({ "id": "next", "name": "返券", "steps": [
        { "needs": [{ "amount": { "minor": 1_500 } }], "reward": { "grant": { "next_coupon": "ten" } } }
    ] });
    let ten = json!({ "id": "ten", "name": "满十减一", "coupon": true, "steps": [
        { "needs": [{ "amount": { "minor": 1_000 } }], "reward": { "amount_off": 100 } }
    ] });
    set(&[shared, off, next, ten])
}

fn minor(money: &Value) -> i64 {
    money["amount"].as_i64().unwrap()
}

#[tokio::test]
async fn what_a_day_saved_is_paid_by_somebody_to_the_fen() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &rules()).await;
    // The third comes from a store whose rules this mall never had.
    let mut orders: Vec<OrderV1> = (1..=3).map(|n| OrderV1::of(&sold(&rules(), 1, n))).collect();
    orders[2].pricing.as_mut().unwrap().revision = 99;
    sent(&town, &orders).await;
    let saved: i64 = orders.iter().map(|o| o.list_minor.minor() - o.total_minor.minor()).sum();
    let day = town.hq(&token, "/hq/v1/stores/SH001/days/2026-11-21").await.json();
    let savings = &day["savings"];
    let funders = ["brand", "store", "platform", "unknown"];
    let sum = |of: &Value| funders.iter().map(|funder| minor(&of[funder])).sum::<i64>();
    assert!(saved > 0);
    assert_eq!((minor(&savings["saved"]), sum(savings)), (saved, saved), "{savings}");
    let by_rule = savings["by_rule"].as_array().unwrap();
    let told: Vec<_> = by_rule.iter().map(|one| (&one["rule"], &one["n_orders"])).collect();
    assert_eq!(told, [(&json!("new"), &json!(3)), (&json!("off"), &json!(3))]);
    for one in by_rule {
        assert_eq!(sum(one), minor(&one["saved"]), "{one}");
    }
    // Of 2.05 an order the brand pays two thirds: 1.37 and 0.68; nobody is known for the third.
    let parts = |one: &Value| funders.map(|funder| minor(&one[funder]));
    assert_eq!(parts(&by_rule[0]), [274, 136, 0, 205], "{savings}");
    assert_eq!(parts(&by_rule[1]), [0, 0, 274, 137], "{savings}");
    assert_eq!(town.rows("select count(*) from order_saving"), ["6"]);
    let text = town.cli("orders day --store SH001 --date 2026-11-21").await;
    let all = text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(all, ["all", "10.26", "2.74", "1.36", "2.74", "3.42"], "{text}");
    town.stop().await;
}

#[tokio::test]
async fn a_fee_that_nobody_is_said_to_have_waived_is_not_told_as_a_hands() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &generous()).await;
    sent(&town, &[as_older(&delivered(&generous(), 1, 1, 500))]).await;
    let day = town.hq(&token, "/hq/v1/stores/SH001/days/2026-11-21").await.json();
    let by_rule = day["savings"]["by_rule"].as_array().unwrap();
    let told: Vec<_> = by_rule
        .iter()
        .map(|one| (&one["source"], &one["rule"], &one["name"], minor(&one["saved"])))
        .collect();
    let gift = (&json!("rule"), &json!("gift"), &json!("满赠"), 400);
    assert_eq!(told, [gift, (&json!("untold"), &json!(""), &json!("未注明来源"), 200)], "{day}");
    assert_eq!(minor(&by_rule[1]["unknown"]), 200, "{day}");
    let text = town.cli("orders day --store SH001 --date 2026-11-21").await;
    assert!(text.contains("未注明来源") && !text.contains("手工优惠"), "{text}");
    town.stop().await;
}

#[tokio::test]
async fn what_an_order_brings_is_kept_shown_and_checked_again() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &rules()).await;
    let right = OrderV1::of(&sold(&rules(), 1, 1));
    assert_eq!(right.grants[0].times, 1, "{right:?}");
    // One that gave more coupons away than its rules do.
    let mut generous = OrderV1::of(&sold(&rules(), 1, 2));
    generous.grants[0].times = 9;
    // And one from a store that did not write grants down yet: nobody can say that they differ.
    let mut silent = OrderV1::of(&sold(&rules(), 1, 3));
    silent.grants.clear();
    sent(&town, &[right, generous, silent]).await;
    let shown = town.hq(&token, "/hq/v1/orders/SH001-1-1-20261121-0001").await.json();
    let grant = &shown["grants"][0];
    assert_eq!((&grant["rule"], &grant["kind"]), (&json!("next"), &json!("coupon")));
    assert_eq!((&grant["coupon_rule"], &grant["times"]), (&json!("ten"), &json!(1)));
    let show = town.cli("orders show SH001-1-1-20261121-0001").await;
    assert!(show.contains("brings coupon ten x1  返券 (next)"), "{show}");
    let drifts = town.rows("select seq, what from price_drift order by seq");
    assert_eq!(drifts, ["2|differs"]);
    let told = town.rows("select came from price_drift where seq = 2");
    assert!(told[0].contains("grants 返券") && told[0].contains("x9"), "{told:?}");
    assert_eq!(town.cli("orders check").await, "3 orders checked, 0 do not hold\n");
    town.stop().await;
}
