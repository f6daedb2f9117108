//! Orders are priced again as they come: what comes out otherwise is kept, and told.

use domain::{
    cart::{Addition, Cart, LineItem, Measure},
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    order::{Completion, Order, complete},
    pricing::{self, Occasion, PriceBook},
    quantity::Quantity,
    tender::{CashRounding, Tender, TenderKind},
    time::{StoreClock, Timestamp},
};
use serde_json::{Value, json};
use sync::wire::OrderV1;
use uuid::Uuid;

use crate::{
    intake::{self, Outbox, order, processed},
    rules::{cut, put, set},
    town::Town,
};

/// What a store would sell by a rule set: three of A1 at 5.50 and one of A2 at 4.00, in cash.
pub(crate) fn sold(rules: &Value, revision: i64, number: u32) -> Order {
    delivered(rules, revision, number, 0)
}

/// The same, brought for a fee.
pub(crate) fn delivered(rules: &Value, revision: i64, number: u32, fee: i64) -> Order {
    let book =
        PriceBook::compile(revision, serde_json::from_value(rules.clone()).unwrap()).unwrap();
    let plain = order("SH001", number, 100);
    let mut cart = Cart::open(OrderId::from_uuid(plain.id.uuid()), 0);
    for (at, (sku, price, pieces)) in (1..).zip([("A1", 550, 3), ("A2", 400, 1)]) {
        let item = LineItem {
            sku: sku.into(),
            code: sku.into(),
            name: sku.into(),
            spec: String::new(),
            unit: Unit::Piece,
            list_price: Money::from_minor(price),
            tax_rate: BasisPoints(1_300),
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: "青垄".into(),
            category: "食品/茶".into(),
            tags: vec!["new".into()],
        };
        let line = LineId::from_uuid(Uuid::from_u128(u128::from(number) * 10 + at));
        let measure = Measure::Given(Quantity::from_milli(pieces * 1_000));
        cart.add(Addition { line, item, measure }).unwrap();
    }
    let at = Timestamp::from_micros(1_795_255_200_000_000);
    let till = Occasion::at_till("SH001".into(), StoreClock::default(), at);
    let occasion = Occasion { delivery_fee: Money::from_minor(fee), ..till };
    let quote = pricing::quote(&book, &cart.lines, &occasion).unwrap();
    let completion = Completion {
        receipt_number: plain.receipt_number.parse().unwrap(),
        operator: "1001".into(),
        member: None,
        completed_at: at,
        rounding: CashRounding::JiaoDown,
        occasion,
    };
    let cash = Tender { kind: TenderKind::Cash, amount: Money::from_minor(10_000) };
    let tenders = if quote.total == Money::ZERO { Vec::new() } else { vec![cash] };
    complete(&cart, &book, &quote, &tenders, completion).unwrap()
}

/// Rules by tag, by category and over everything.
fn rules() -> Value {
    let mut tagged = cut("new", 9_000);
    tagged["goods"] = json!({ "any": [{ "tag": "new" }], "except": [{ "sku": "A2" }] });
    let mut tea = json!({ "id": "tea", "name": "满减", "steps": [
        { "needs": [{ "amount": { "minor": 1_000 } }], "reward": { "amount_off": 137 } }
    ] });
    tea["goods"] = json!({ "any": [{ "category": "食品" }] });
    set(&[tagged, tea])
}

pub(crate) async fn sent(town: &Town, orders: &[OrderV1]) {
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    orders.iter().for_each(|order| {
        outbox.order(order);
    });
    let answer = intake::post(&edge, &outbox.batch(1, orders.len())).await.json();
    // Drift or not: it happened, and it is accepted.
    assert_eq!(answer["verdicts"], json!([]), "{answer}");
    processed(town).await;
    let n = orders.len().to_string();
    assert_eq!(town.rows("select count(*) from orders"), [n]);
}

#[tokio::test]
async fn an_order_that_comes_out_the_same_leaves_no_trace() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &rules()).await;
    let priced = sold(&rules(), 1, 1);
    assert!(priced.total < priced.list, "{priced:?}");
    // Without pricing, as older stores send it, there is nothing to compare.
    let older = order("SH001", 2, 500);
    sent(&town, &[OrderV1::of(&priced), older, OrderV1::of(&sold(&set(&[]), 0, 3))]).await;
    assert_eq!(town.rows("select count(*) from price_drift"), ["0"]);
    assert_eq!(town.cli_json("orders troubles --store SH001").await, json!([]));
    // What reductions took and what units carry is kept, and adds up when it is read again.
    assert_eq!(town.cli("orders check").await, "3 orders checked, 0 do not hold\n");
    let kept = town
        .rows("select adjustments <> '', units <> '' from order_line order by order_id, number");
    assert_eq!(kept[0], "1|1");
    let show = town.cli("orders show SH001-1-1-20261121-0001").await;
    assert!(show.contains("满减 (order)") && show.contains("off 1.65"), "{show}");
    let shown = town.hq(&token, "/hq/v1/orders/SH001-1-1-20261121-0001").await.json();
    let first = &shown["lines"][0]["adjustments"][0];
    assert_eq!((&first["rule"], &first["amount"]["amount"]), (&json!("new"), &json!(165)));
    town.stop().await;
}

/// A gift, a fee that is waived, and a coupon for next time.
pub(crate) fn generous() -> Value {
    let gift = json!({ "id": "gift", "name": "满赠", "goods": { "any": [{ "sku": "A1" }] }, "steps": [
        { "needs": [{ "amount": { "pieces": 2 } }],
          "reward": { "gift": { "goods": { "any": [{ "sku": "A2" }] }, "count": 1 } } }
    ] });
    let free = json!({ "id": "free", "name": "减运费", "steps": [
        { "reward": { "free_delivery": { "fee_max": 200 } } }
    ] });
    let next = json!({ "id": "next", "name": "返券", "steps": [
        { "reward": { "grant": { "next_coupon": "ten" } } }
    ] });
    let ten = json!({ "id": "ten", "name": "减一", "coupon": true, "steps": [
        { "reward": { "amount_off": 100 } }
    ] });
    set(&[gift, free, next, ten])
}

/// As a program wrote it that knew no conditions, no grants and nobody who waives a fee.
pub(crate) fn as_older(order: &Order) -> OrderV1 {
    let mut older = OrderV1::of(order);
    older.grants.clear();
    older.delivery.iter_mut().for_each(|delivery| delivery.adjustments.clear());
    for adjustment in older.lines.iter_mut().flat_map(|line| &mut line.adjustments) {
        adjustment.gift_for = adjustment.condition.take().map(|condition| condition.lines());
    }
    older
}

#[tokio::test]
async fn what_older_programs_did_not_write_down_is_not_held_against_them() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &generous()).await;
    let (first, second) = (delivered(&generous(), 1, 1, 500), delivered(&generous(), 1, 2, 500));
    let older = as_older(&second);
    let body = serde_json::to_string(&older).unwrap();
    assert!(body.contains(r#""gift_for":[1]"#) && body.contains(r#""pricing":{"#), "{body}");
    // What they did write down is looked at all the same.
    let mut other = as_older(&delivered(&generous(), 1, 3, 500));
    other.lines[1].adjustments[0].name = "满减".into();
    // And who writes such things down is held to them: here another waived the fee.
    let mut strange = OrderV1::of(&delivered(&generous(), 1, 4, 500));
    strange.delivery.as_mut().unwrap().adjustments[0].name = "满减".into();
    sent(&town, &[OrderV1::of(&first), older, other, strange]).await;
    let drifts = town.rows("select seq, what from price_drift order by seq");
    assert_eq!(drifts, ["3|differs", "4|differs"]);
    let told = town.rows("select came from price_drift order by seq");
    assert!(told[0].contains("line 2 adjustments 满减"), "{told:?}");
    assert!(told[1].contains("delivery carries"), "{told:?}");
    town.stop().await;
}

#[tokio::test]
async fn an_order_that_cost_nothing_is_compared_like_all_others() {
    let town = Town::new().await;
    let token = town.staff().await;
    let next = json!({ "id": "next", "name": "返券", "steps": [
        { "reward": { "grant": { "next_coupon": "ten" } } }
    ] });
    let ten = json!({ "id": "ten", "name": "减一", "coupon": true, "steps": [
        { "reward": { "amount_off": 100 } }
    ] });
    let free = set(&[cut("new", 0), next, ten]);
    put(&town, &token, Some("*"), &free).await;
    let right = OrderV1::of(&sold(&free, 1, 1));
    assert_eq!(right.total_minor, Money::ZERO, "{right:?}");
    let mut generous = OrderV1::of(&sold(&free, 1, 2));
    generous.grants[0].times = 9;
    let mut renamed = OrderV1::of(&sold(&free, 1, 3));
    renamed.lines[0].adjustments[0].name = "满减".into();
    sent(&town, &[right, generous, renamed]).await;
    let drifts = town.rows("select seq, what from price_drift order by seq");
    assert_eq!(drifts, ["2|differs", "3|differs"]);
    town.stop().await;
}

#[tokio::test]
async fn an_order_that_comes_out_otherwise_is_accepted_and_told() {
    let town = Town::new().await;
    let token = town.staff().await;
    put(&town, &token, Some("*"), &rules()).await;
    // Priced by other rules than those it names: every sum holds, no fen is where it belongs.
    let mut by_others = OrderV1::of(&sold(&set(&[cut("new", 5_000)]), 1, 1));
    by_others.pricing.as_mut().unwrap().revision = 1;
    let mut unknown = OrderV1::of(&sold(&rules(), 1, 2));
    unknown.pricing.as_mut().unwrap().revision = 99;
    // Points out of nothing: the units say so too, so that the sums hold.
    let mut points = OrderV1::of(&sold(&rules(), 1, 3));
    points.pricing.as_mut().unwrap().points_earned = 3;
    for line in &mut points.lines[..1] {
        line.units.iter_mut().for_each(|run| run.points_earned = 1);
    }
    // More lines than any counter takes.
    let mut long = order("SH001", 4, 100);
    long.pricing = by_others.pricing.clone();
    long.pricing.as_mut().unwrap().revision = 0;
    let line = long.lines[0].clone();
    long.lines = (1..=201)
        .map(|number| {
            let id = LineId::from_uuid(Uuid::from_u128(9_000 + u128::from(number)));
            sync::wire::OrderLineV1 { id, number, ..line.clone() }
        })
        .collect();
    let total = Money::from_minor(20_100);
    (long.list_minor, long.total_minor) = (total, total);
    long.tenders[0].amount_minor = total;
    long.change_minor = Money::ZERO;
    sent(&town, &[by_others, unknown, points, long]).await;
    let drifts = town.rows("select seq, what, revision from price_drift order by seq");
    assert_eq!(drifts, ["1|differs|1", "2|unknown_revision|99", "3|differs|1", "4|refused|0"]);
    let page = town.hq(&token, "/hq/v1/orders/drift?store=SH001&limit=3").await.json();
    let found = page["drifts"].as_array().unwrap();
    assert_eq!(found.len(), 3);
    let next = format!("/hq/v1/orders/drift?after={}", page["next"].as_str().unwrap());
    let rest = town.hq(&token, &next).await.json();
    let first = &rest["drifts"][0];
    assert_eq!((&first["what"], &rest["next"]), (&json!("differs"), &json!(null)));
    assert_eq!(
        (&first["store"], &first["receipt_number"]),
        (&json!("SH001"), &json!("SH001-1-1-20261121-0001"))
    );
    let said = |side: &str| first[side].as_str().unwrap().to_owned();
    assert!(said("came").contains("total 10.25"), "{first}");
    assert!(said("expected").contains("total 17.48; line 1 amount 13.77"), "{first}");
    assert!(said("expected").contains("line 2 adjustments 满减"), "{first}");
    let troubles = town.cli("orders troubles --store SH001").await;
    assert_eq!(troubles.matches("price_drift").count(), 4, "{troubles}");
    assert!(troubles.contains("rules that the mall never had: revision 99"), "{troubles}");
    assert!(troubles.contains("201 lines are more than 200"), "{troubles}");
    town.hq(&token, "/hq/v1/orders/drift?store=SH999").await.is_problem(404, "not-found");
    town.hq(&token, "/hq/v1/orders/drift?after=x").await.is_problem(400, "malformed");
    assert_eq!(town.cli("orders check").await, "4 orders checked, 0 do not hold\n");
    town.stop().await;
}
