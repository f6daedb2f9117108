//! What the mall says of rules from what it alone knows: today's date, its catalog, its stores.

use serde_json::{Value, json};

use crate::{
    rules::{cut, off, post, put, set},
    town::Town,
};

/// A rule with more said of it.
fn with(mut rule: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

/// What is said of a set: rule and code, each.
async fn said(town: &Town, token: &str, rules: &[Value]) -> Vec<(String, String)> {
    let checked = post(town, token, "/hq/v1/rules/checks", &json!({ "set": set(rules) })).await;
    let checked = checked.json();
    assert_eq!(checked["n_errors"], 0, "{checked}");
    let warnings = checked["warnings"].as_array().unwrap();
    let word = |warning: &Value, key: &str| warning[key].as_str().unwrap().to_owned();
    warnings.iter().map(|warning| (word(warning, "rule"), word(warning, "code"))).collect()
}

#[tokio::test]
async fn what_date_catalog_and_stores_say_of_a_rule_is_told() {
    let town = Town::new().await;
    town.edge("SH001").await;
    let token = town.staff().await;
    let tea = json!({ "goods": { "any": [{ "sku": "A2" }] } });
    let of_tea = |rule: Value| with(rule, &tea);
    let nothing = said(&town, &token, &[of_tea(cut("a", 9_000))]).await;
    assert_eq!(nothing, [], "a mall without a catalog does not know what it lacks");
    town.import(
        "sku,name,售价,成本价,标签\nA1,纯牛奶,5.50,4.44,new\nA2,绿茶,4.00,1.00,\nA3,水,2.00,,\n",
    )
    .await;
    let slots = json!([{ "goods": { "any": [{ "sku": "A2" }] } }, { "goods": { "any": [{ "sku": "A9" }] } }]);
    let bundle =
        json!({ "steps": [{ "reward": { "bundle": { "slots": slots, "cut": { "off": 1 } } } }] });
    // The town's clock stands on 21 November 2026.
    let table = [
        (of_tea(cut("a", 9_000)), None),
        (
            with(of_tea(cut("a", 9_000)), &json!({ "when": { "until": "2026-11-21" } })),
            Some("ended"),
        ),
        (with(of_tea(cut("a", 9_000)), &json!({ "when": { "until": "2026-11-22" } })), None),
        (with(of_tea(cut("a", 9_000)), &json!({ "where": { "stores": ["SH001"] } })), None),
        (
            with(of_tea(cut("a", 9_000)), &json!({ "where": { "stores": ["SH001", "SH009"] } })),
            Some("unknown-store"),
        ),
        (
            with(cut("a", 9_000), &json!({ "goods": { "any": [{ "sku": "A9" }] } })),
            Some("no-items"),
        ),
        (with(cut("a", 9_000), &bundle), Some("slot-unfilled")),
        (
            with(of_tea(cut("a", 9_000)), &json!({ "limits": { "floor_price": 400 } })),
            Some("floor-above-list"),
        ),
        (off("a", "new", 550, 107), Some("below-cost")),
        (off("a", "new", 550, 106), None),
        (with(off("a", "new", 550, 107), &json!({ "coupon": true })), Some("below-cost")),
    ];
    for (rule, code) in table {
        let expected: Vec<_> =
            code.map(|code| ("a".to_owned(), code.to_owned())).into_iter().collect();
        assert_eq!(said(&town, &token, std::slice::from_ref(&rule)).await, expected, "{rule}");
    }
    town.stop().await;
}

#[tokio::test]
async fn rules_that_sell_below_cost_only_together_are_named_together() {
    let town = Town::new().await;
    let token = town.staff().await;
    town.import("sku,name,售价,成本价,标签\nA1,纯牛奶,10.00,8.00,new\n").await;
    let rules = [cut("a", 9_000), off("b", "new", 500, 150)];
    let saved = put(&town, &token, Some("*"), &set(&rules)).await.json();
    let warnings = saved["warnings"].as_array().unwrap();
    assert_eq!(
        (warnings.len(), &warnings[0]["code"]),
        (1, &json!("below-cost-together")),
        "{saved}"
    );
    assert_eq!(
        warnings[0]["sentence"]["zh"],
        "“a 折”“满减”一起用时低于成本价：例如 A1 等 1 件收 7.50，成本 8.00。"
    );
    town.stop().await;
}
