//! The longest orders that pricing makes, as they travel: a batch must carry them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use domain::{
    cart::{Cart, CartLine},
    id::Id,
    money::Money,
    order::{Completion, complete},
    pricing::{Occasion, PriceBook, RuleSet, Why, quote},
    tender::{CashRounding, Tender, TenderKind},
    time::{StoreClock, Timestamp},
};
use serde_json::{Value, json};
use sync::wire::OrderV1;
use uuid::Uuid;

/// Half of the body that the mall takes, for goods whose own texts are of usual length.
const ORDER_BYTES_MAX: usize = 1 << 20;
/// Rules that all mean every line.
const RULES: u32 = 120;
/// Of those that bring something beside the goods, which write less down.
const GRANTS: u32 = 300;

fn line(n: u32, pieces: u32) -> CartLine {
    let line = json!({
        "id": Uuid::from_u128((u128::from(n) + 1) | (7 << 76) | (2 << 62)),
        "position": n + 1,
        "item": {
            "sku": format!("SKU-{n:012}"),
            "code": format!("0695200000{n:04}"),
            "name": "天然乳胶加厚可拆洗四季通用双人床垫".repeat(2),
            "spec": "1500 毫米 × 2000 毫米 × 100 毫米",
            "unit": "piece",
            "list_price": 301 + n % 97,
            "tax_rate": 1_300,
            "brand": "天然居家",
            "category": "家居/床上用品/床垫",
            "tags": ["new"],
        },
        "quantity": pieces * 1_000,
        "label_amount": null,
        "is_labelled": false,
    });
    serde_json::from_value(line).unwrap()
}

/// Rules with the longest ids and names that `check` lets through.
fn rules(n_rules: u32, make: impl Fn(u32) -> Value) -> PriceBook {
    let named = |n: u32| {
        let mut rule = make(n);
        rule["id"] = json!(format!("{n:064}"));
        rule["name"] = json!(format!("{}{n:03}", "满".repeat(57)));
        rule
    };
    let set: RuleSet =
        serde_json::from_value(json!({ "rules": (0..n_rules).map(named).collect::<Vec<_>>() }))
            .unwrap();
    PriceBook::compile(1, set).unwrap()
}

/// The bytes of an order, and how many rules it had no room for.
fn order_bytes(book: &PriceBook, lines: Vec<CartLine>) -> (usize, usize) {
    let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0);
    cart.lines = lines;
    let at = Timestamp::from_micros(1_795_246_200_000_000);
    let occasion = Occasion::at_till("SH001".into(), StoreClock::default(), at);
    let priced = quote(book, &cart.lines, &occasion).unwrap();
    let full = priced.notes.iter().filter(|note| note.why == Why::Full).count();
    // As many tenders as may be: each is written down on every run of units.
    let total = priced.total.minor();
    let part = |n: i64| Tender {
        kind: TenderKind::Card,
        amount: Money::from_minor(total / 10 + if n == 0 { total % 10 } else { 0 }),
    };
    let tenders: Vec<Tender> = (0..10).map(part).collect();
    let completion = Completion {
        receipt_number: "SH001-1-1-20261121-0042".parse().unwrap(),
        operator: "1001".into(),
        member: None,
        completed_at: at,
        rounding: CashRounding::JiaoDown,
        occasion,
    };
    let order = complete(&cart, book, &priced, &tenders, completion).unwrap();
    assert_eq!(order.check(), Ok(()));
    (serde_json::to_string(&OrderV1::of(&order)).unwrap().len(), full)
}

#[test]
fn the_longest_order_fits_half_of_what_the_mall_takes() {
    let off = |n: u32| json!({ "steps": [{ "reward": { "amount_off": 4_000_007 + n } }] });
    let rate = |_| json!({ "steps": [{ "reward": { "amount_rate": 9_973 } }] });
    // Each takes one unit of one line: as many runs as reductions, side by side.
    let one = |n: u32| {
        json!({
            "goods": { "any": [{ "sku": format!("SKU-{:012}", n % 2) }] },
            "steps": [{ "reward": { "units": { "off": 1 } } }],
            "limits": { "per_order": 1 + n },
        })
    };
    // Each gift writes down which lines earned it.
    let gift = |n: u32| {
        let need = json!({ "amount": { "pieces": 2 + n } });
        json!({
            "steps": [{
                "needs": [need],
                "reward": { "gift": { "goods": { "any": [{ "brand": "天然居家" }] }, "count": 2 } },
            }],
        })
    };
    // As a gift, and the goods that it is a rate of.
    let grant = |n: u32| {
        let need = |need: Value| json!({ "amount": need, "goods": { "any": [{ "tag": "new" }] } });
        let needs = [
            json!({ "amount": { "minor": 100 + n } }),
            json!({ "amount": { "pieces": 2 } }),
            need(json!({ "minor": 200 })),
            need(json!({ "pieces": 3 })),
        ];
        json!({ "steps": [{ "needs": needs, "reward": { "grant": { "cashback_rate": 500 } } }] })
    };
    let full_cart = |pieces: u32| (0..200).map(|n| line(n, pieces)).collect::<Vec<_>>();
    let cases = [
        ("amounts", rules(RULES, off), full_cart(9_999), true),
        ("rates", rules(RULES, rate), full_cart(7), true),
        ("single units", rules(RULES, one), full_cart(9_999), false),
        ("gifts", rules(RULES, gift), full_cart(3), false),
        ("grants", rules(GRANTS, grant), full_cart(3), true),
    ];
    for (name, book, lines, is_full) in cases {
        let (bytes, full) = order_bytes(&book, lines);
        assert!(bytes < ORDER_BYTES_MAX, "{name}: {bytes} bytes, {full} rules are full");
        assert!(!is_full || full > 0, "{name}: the cart is not large enough to say anything");
        assert!(!is_full || bytes > ORDER_BYTES_MAX / 3, "{name}: {bytes} bytes only");
    }
}
