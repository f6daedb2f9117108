//! A chain in the middle of a campaign: 200 rules in force, 40 of which touch a cart of 50 lines.
//!
//! | of 200 | rules |
//! | ---: | --- |
//! | 40 | apply to goods of the cart, open to its shopper: every template, 11 of them sharing no goods with others |
//! | 16 | are about goods of the cart, for another store, weekday, tier or channel |
//! | 144 | are about other goods |
//!
//! More rules are more of the last kind: what a chain has beside what this cart is about.

use anyhow::{Context as _, Result};
use domain::{
    cart::CartLine,
    pricing::{
        Occasion, PriceBook, RuleSet,
        occasion::{Choice, Coupon, Shopper},
    },
    time::{StoreClock, Timestamp},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Lines of the cart.
pub const LINES: u32 = 50;
/// Rules about goods of the cart that are not open.
const CLOSED: u32 = 16;
/// Departments that the cart's goods are from.
const DEPARTMENTS: u32 = 10;

/// A line of the n-th cart: pieces of 50 SKUs in ten departments, every eighth by weight.
fn line(cart: u32, n: u32) -> Result<CartLine> {
    let is_weighed = n % 8 == 7;
    let price = (n * 7_919 + cart * 1_237) % 9_000 + 290;
    let quantity =
        if is_weighed { 200 + (n * 131 + cart) % 1_800 } else { 1_000 * ((n + cart) % 3 + 1) };
    let id = Uuid::from_u128(u128::from(cart) << 32 | u128::from(n) | 7 << 76 | 2 << 62);
    let tags = if n % 5 == 0 { vec!["new"] } else { Vec::new() };
    let line = json!({
        "id": id,
        "position": n + 1,
        "item": {
            "sku": format!("S{n}"),
            "code": format!("0695200000{n:04}"),
            "name": "a made-up item of the world",
            "spec": "500ml",
            "unit": if is_weighed { "kg" } else { "piece" },
            "list_price": price,
            "tax_rate": 1_300,
            "brand": format!("brand{}", n % 7),
            "category": format!("dept{}/shelf{}", n % DEPARTMENTS, n % 3),
            "tags": tags,
        },
        "quantity": quantity,
        "label_amount": null,
        "is_labelled": false,
    });
    serde_json::from_value(line).context("a line of the campaign")
}

/// The n-th cart: the same 50 SKUs in other prices and quantities.
///
/// # Errors
/// When a line is not what `domain` reads.
pub fn cart(n: u32) -> Result<Vec<CartLine>> {
    (0..LINES).map(|at| line(n, at)).collect()
}

/// A member with two coupons and some points, on a Saturday evening.
#[must_use]
pub fn occasion() -> Occasion {
    let at = Timestamp::from_micros(1_795_255_200_000_000);
    let mut occasion = Occasion::at_till("SH001".to_owned(), StoreClock::default(), at);
    occasion.shopper =
        Some(Shopper { tier: "gold".to_owned(), points: 2_000, ..Shopper::default() });
    let coupon = |rule: &str| Coupon { code: format!("C-{rule}"), rule: rule.to_owned() };
    occasion.coupons = vec![coupon("b36"), coupon("b37")];
    occasion.choices = vec![Choice { rule: "b05".to_owned(), uses: 1 }];
    occasion.points_to_pay = 1_000;
    occasion
}

fn goods(word: &str, values: &[String]) -> Value {
    let any: Vec<Value> = values.iter().map(|value| json!({ word: value })).collect();
    json!({ "any": any })
}

fn skus(from: u32, n: u32) -> Value {
    goods("sku", &(from..from + n).map(|n| format!("S{n}")).collect::<Vec<_>>())
}

fn department(n: u32) -> Value {
    goods("category", &[format!("dept{n}")])
}

fn brand(n: u32) -> Value {
    goods("brand", &[format!("brand{n}")])
}

fn needs(minor: u32) -> Value {
    json!([{ "amount": { "minor": minor } }])
}

/// One rule: its goods, its steps, and what else it says.
fn rule(id: &str, goods: &Value, steps: &Value, rest: &Value) -> Value {
    let mut rule =
        json!({ "id": id, "name": format!("活动 {id}"), "goods": goods, "steps": steps });
    if let (Some(rule), Some(rest)) = (rule.as_object_mut(), rest.as_object()) {
        rule.extend(rest.clone());
    }
    rule
}

fn step(reward: &Value) -> Value {
    json!([{ "reward": reward }])
}

/// The rules that touch units one by one: prices, member prices, times of the day.
fn by_unit() -> Vec<Value> {
    let (best, none) = (json!({ "stacking": { "mode": "best" } }), json!({}));
    let line_lane = json!({ "lane": "line" });
    let listed: serde_json::Map<String, Value> =
        (0..20).map(|n| (format!("S{n}"), json!(400 + n * 97))).collect();
    let cut = |cut: Value| step(&json!({ "units": cut }));
    vec![
        rule("b00", &skus(0, 3), &cut(json!({ "rate": 8_800 })), &best),
        rule("b01", &skus(2, 4), &cut(json!({ "off": 150 })), &best),
        rule("b02", &department(1), &cut(json!({ "rate": 9_000 })), &best),
        rule(
            "b03",
            &json!({}),
            &step(&json!({ "price_list": listed })),
            &json!({
            "who": { "member": true }, "stacking": { "mode": "best" } }),
        ),
        rule(
            "b04",
            &skus(30, 1),
            &cut(json!({ "price": 990 })),
            &json!({
            "limits": { "per_order": 1 }, "stacking": { "mode": "best" } }),
        ),
        rule(
            "b05",
            &skus(31, 1),
            &step(&json!({ "points_price": { "points": 200, "price": 100 } })),
            &json!({ "stacking": { "mode": "priority", "priority": -1 } }),
        ),
        rule("b06", &goods("tag", &["new".to_owned()]), &cut(json!({ "rate": 9_500 })), &none),
        rule(
            "b07",
            &skus(40, 2),
            &cut(json!({ "off": 50 })),
            &json!({
            "limits": { "floor_price": 100 } }),
        ),
        rule("b08", &department(3), &cut(json!({ "rate": 9_500 })), &line_lane),
        rule(
            "b09",
            &brand(2),
            &cut(json!({ "rate": 9_800 })),
            &json!({
            "lane": "line", "who": { "tiers": ["gold"] } }),
        ),
        rule(
            "b10",
            &department(4),
            &cut(json!({ "rate": 7_000 })),
            &json!({
            "lane": "line", "when": { "hours": [{ "from_minute": 1_080, "until_minute": 1_320 }] },
            "stacking": { "refuses_reduced": true } }),
        ),
        rule(
            "b11",
            &json!({}),
            &cut(json!({ "rate": 9_900 })),
            &json!({
            "lane": "line", "when": { "weekdays": [6, 7] }, "who": { "member": true } }),
        ),
    ]
}

/// The rules that look at units together.
fn by_group() -> Vec<Value> {
    let (best, each) =
        (json!({ "repeat": "each", "stacking": { "mode": "best" } }), json!({ "repeat": "each" }));
    let free = json!({ "rate": 0 });
    let slot = |n: u32| json!({ "goods": skus(n, 1), "count": 1 });
    let slots = json!([slot(41), slot(42)]);
    vec![
        rule(
            "b12",
            &skus(9, 2),
            &step(&json!({ "nth": { "n": 2, "cut": { "rate": 5_000 } } })),
            &best,
        ),
        rule("b13", &skus(10, 2), &step(&json!({ "pick": { "n": 2, "price": 1_990 } })), &best),
        rule(
            "b14",
            &skus(20, 2),
            &step(&json!({ "buy_get": { "buy": 2, "get": 1, "cut": free } })),
            &best,
        ),
        rule(
            "b15",
            &department(6),
            &step(&json!({ "nth": { "n": 3, "cut": { "off": 300 } } })),
            &each,
        ),
        rule("b16", &department(7), &step(&json!({ "pick": { "n": 3, "price": 5_900 } })), &each),
        rule(
            "b17",
            &json!({}),
            &step(&json!({ "bundle": { "slots": slots, "cut": { "off": 500 } } })),
            &each,
        ),
        rule(
            "b18",
            &skus(25, 3),
            &step(&json!({ "cheapest": { "of": 3, "count": 1, "cut": free } })),
            &json!({}),
        ),
        rule(
            "b19",
            &skus(34, 1),
            &step(&json!({ "buy_get": {
            "buy": 1, "get": 1, "cut": { "rate": 5_000 }, "goods": skus(35, 1) } })),
            &each,
        ),
    ]
}

/// The rules that look at the order.
fn by_order() -> Vec<Value> {
    let stair = |off: [u32; 3]| {
        json!([
            { "needs": needs(9_900), "reward": { "amount_off": off[0] } },
            { "needs": needs(29_900), "reward": { "amount_off": off[1] } },
            { "needs": needs(99_900), "reward": { "amount_off": off[2] } },
        ])
    };
    let one = |minor: u32, reward: Value| json!([{ "needs": needs(minor), "reward": reward }]);
    let best = json!({ "stacking": { "mode": "best" } });
    vec![
        rule("b20", &department(0), &stair([500, 2_000, 8_000]), &best),
        rule("b21", &department(0), &one(20_000, json!({ "amount_rate": 9_200 })), &best),
        rule(
            "b22",
            &department(2),
            &one(10_000, json!({ "amount_off": 800 })),
            &json!({
            "repeat": "each", "limits": { "amount_max": 5_000 } }),
        ),
        rule("b23", &department(5), &stair([300, 1_200, 6_000]), &json!({})),
        rule("b24", &brand(1), &one(15_000, json!({ "amount_rate": 9_500 })), &json!({})),
        rule(
            "b25",
            &department(8),
            &one(5_000, json!({ "gift": { "goods": skus(46, 1), "count": 1 } })),
            &json!({}),
        ),
        rule(
            "b26",
            &department(8),
            &one(
                9_000,
                json!({ "add_on": {
            "goods": skus(48, 1), "count": 1, "cut": { "price": 990 } } }),
            ),
            &json!({}),
        ),
        rule("b27", &json!({}), &one(9_900, json!({ "free_delivery": {} })), &json!({})),
        rule(
            "b28",
            &json!({}),
            &stair([1_000, 3_000, 10_000]),
            &json!({ "who": { "member": true } }),
        ),
        rule("b29", &brand(4), &one(999_900, json!({ "amount_off": 5_000 })), &json!({})),
        rule(
            "b30",
            &brand(5),
            &one(12_000, json!({ "amount_off": 900 })),
            &json!({
            "stacking": { "priority": 3 } }),
        ),
        rule(
            "b31",
            &json!({}),
            &one(50_000, json!({ "grant": { "parking_minutes": 120 } })),
            &json!({}),
        ),
        rule(
            "b32",
            &json!({}),
            &one(30_000, json!({ "grant": { "cashback_rate": 200 } })),
            &json!({}),
        ),
        rule(
            "b33",
            &json!({}),
            &step(&json!({ "earn_points": { "per": 100, "points": 1 } })),
            &json!({}),
        ),
        rule("b34", &department(9), &step(&json!({ "points_times": 20_000 })), &json!({})),
        rule(
            "b35",
            &json!({}),
            &step(&json!({ "points_pay": {
            "points": 100, "worth": 100, "rate_max": 5_000 } })),
            &json!({}),
        ),
        rule(
            "b36",
            &json!({}),
            &one(20_000, json!({ "amount_off": 2_000 })),
            &json!({ "coupon": true }),
        ),
        rule(
            "b37",
            &department(1),
            &one(1_000, json!({ "amount_rate": 9_000 })),
            &json!({
            "coupon": true, "limits": { "amount_max": 3_000 } }),
        ),
        rule("b38", &brand(6), &one(10_000, json!({ "amount_off": 700 })), &best),
        rule(
            "b39",
            &brand(3),
            &one(8_000, json!({ "amount_off": 600 })),
            &json!({
            "stacking": { "mode": "priority" } }),
        ),
    ]
}

/// A rule about goods of the cart that is not open, each for another reason.
fn closed(n: u32) -> Value {
    let reasons = [
        json!({ "where": { "stores": ["BJ002"] } }),
        json!({ "when": { "weekdays": [1, 2] } }),
        json!({ "who": { "tiers": ["platinum"] } }),
        json!({ "where": { "channels": ["kiosk"] } }),
    ];
    let steps = step(&json!({ "units": { "rate": 5_000 } }));
    let reason = reasons.iter().cycle().nth(usize::try_from(n).unwrap_or(0));
    rule(&format!("c{n:05}"), &department(n % DEPARTMENTS), &steps, reason.unwrap_or(&Value::Null))
}

/// A rule about goods that are not in the cart.
fn elsewhere(n: u32) -> Value {
    let goods = match n % 4 {
        0 => goods("sku", &(0..8).map(|k| format!("X{}", n * 8 + k)).collect::<Vec<_>>()),
        1 => goods("category", &[format!("far{n}/shelf")]),
        2 => goods("brand", &[format!("other{n}")]),
        _ => goods("style", &[format!("style{n}")]),
    };
    let steps = match n % 3 {
        0 => step(&json!({ "units": { "rate": 8_500 } })),
        1 => step(&json!({ "nth": { "n": 2, "cut": { "rate": 5_000 } } })),
        _ => json!([{ "needs": needs(10_000), "reward": { "amount_off": 1_000 } }]),
    };
    rule(&format!("d{n:05}"), &goods, &steps, &json!({}))
}

/// A book of so many rules, 40 of them for the cart.
///
/// # Errors
/// When a rule is not what `domain` reads, or the set has faults.
pub fn book(rules: u32) -> Result<PriceBook> {
    let mut all = by_unit();
    all.extend(by_group());
    all.extend(by_order());
    all.extend((0..CLOSED).map(closed));
    let others = rules.saturating_sub(u32::try_from(all.len())?);
    all.extend((0..others).map(elsewhere));
    let set: RuleSet =
        serde_json::from_value(json!({ "rules": all })).context("the campaign's rules")?;
    PriceBook::compile(1, set)
        .map_err(|found| anyhow::anyhow!("the campaign has faults: {found:?}"))
}
