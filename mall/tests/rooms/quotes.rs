//! Carts that nobody has, priced: over HTTP, and from a trial without any mall.

use domain::{
    cart::{Addition, Cart, CartLine, LineItem, Measure},
    catalog::{Item, Unit},
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    pricing::{self, Occasion, PriceBook, explain::Language},
    quantity::Quantity,
    time::StoreClock,
};
use serde_json::{Value, json};
use sync::wire::QuoteV1;
use uuid::Uuid;

use crate::{
    rules::{cut, off, post, put, set},
    town::Town,
};

/// The cart of the previews: two of A1 and a label over W1.
fn cart() -> Vec<CartLine> {
    let item = |sku: &str, name: &str, price: i64, unit: Unit, tags: &[&str]| Item {
        sku: sku.into(),
        name: name.into(),
        spec: String::new(),
        unit,
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: String::new(),
        category: String::new(),
        list_price: Money::from_minor(price),
        tax_rate: BasisPoints(1_300),
        plu: String::new(),
        tags: tags.iter().map(|&tag| tag.into()).collect(),
        barcodes: Vec::new(),
    };
    let mut cart = Cart::open(OrderId::from_uuid(Uuid::nil()), 0);
    let label = domain::barcode::Label {
        plu: String::new(),
        weight: None,
        amount: Some(Money::from_minor(1_999)),
    };
    let milk = item("A1", "纯牛奶", 550, Unit::Piece, &["new"]);
    let apple = item("W1", "苹果", 1_280, Unit::Kg, &[]);
    let lines =
        [(milk, Measure::Given(Quantity::from_milli(2_000))), (apple, Measure::Labelled(label))];
    for (number, (item, measure)) in (1..).zip(lines) {
        let line = LineId::from_uuid(Uuid::from_u128(number));
        let item = LineItem::of(&item, &item.sku);
        cart.add(Addition { line, item, measure }).unwrap();
    }
    cart.lines
}

fn asked() -> Value {
    json!({
        "lines": [
            { "sku": "a1", "quantity_milli": 2_000 },
            { "sku": "W1", "label_amount_minor": 1_999 },
        ],
        "occasion": { "store": "SH001" },
    })
}

const GOODS: &str = "sku,name,售价,标签,单位\nA1,纯牛奶,5.50,new,\nW1,苹果,12.80,,kg\n";

#[tokio::test]
async fn a_preview_is_the_quote_that_a_store_would_write_byte_for_byte() {
    let town = Town::new().await;
    let token = town.staff().await;
    town.cli("store add --code SH001 --name 示范店 --cash-rounding jiao_down").await;
    town.import(GOODS).await;
    let rules = set(&[cut("a", 8_850), off("b", "new", 500, 100), off("c", "old", 500, 100)]);
    put(&town, &token, Some("*"), &rules).await;
    let preview = post(&town, &token, "/hq/v1/quotes", &asked()).await;
    let book = PriceBook::compile(1, serde_json::from_value(rules.clone()).unwrap()).unwrap();
    let occasion = Occasion::at_till("SH001".into(), StoreClock::default(), town.now());
    let quote = pricing::quote(&book, &cart(), &occasion).unwrap();
    let notes = pricing::trace(&book, &quote, &occasion);
    let expected = QuoteV1::of(&book, &quote, &notes, Language::Zh);
    assert_eq!(notes.len(), 3, "a note for every rule");
    let expected = serde_json::to_vec(&expected).unwrap();
    assert_eq!(String::from_utf8(preview.body).unwrap(), String::from_utf8(expected).unwrap());
    // An older set, and one that nobody has saved.
    put(&town, &token, Some("*"), &set(&[])).await;
    let mut older = asked();
    older["revision"] = 1.into();
    let older = post(&town, &token, "/hq/v1/quotes", &older).await.json();
    let plain = post(&town, &token, "/hq/v1/quotes", &asked()).await.json();
    assert_eq!((&older["revision"], &plain["revision"]), (&1.into(), &2.into()));
    let mut inline = asked();
    inline["set"] = rules;
    let inline = post(&town, &token, "/hq/v1/quotes", &inline).await.json();
    assert_eq!(inline["total_minor"], older["total_minor"]);
    assert_ne!(inline["total_minor"], plain["total_minor"]);
    // 11.00 and a label over 19.99 are 30.99; paid in cash they are 30.90.
    let mut paid = asked();
    paid["tenders"] = json!([{ "kind": "cash", "amount_minor": 5_000 }]);
    let paid = post(&town, &token, "/hq/v1/quotes", &paid).await.json();
    let settlement = json!({ "rounding_minor": -9, "due_minor": 3_090, "change_minor": 1_910 });
    assert_eq!(paid["settlement"], settlement);
    town.stop().await;
}

#[tokio::test]
async fn carts_that_nobody_could_have_are_refused_with_a_sentence() {
    let town = Town::new().await;
    let token = town.staff().await;
    town.import(GOODS).await;
    let with = |change: fn(&mut Value)| {
        let mut body = asked();
        change(&mut body);
        body
    };
    let table: [(Value, u16, &str, &str); 10] = [
        (
            with(|b| b["lines"] = vec![json!({ "sku": "A1" }); 10_000].into()),
            422,
            "quote-refused",
            "10000 lines",
        ),
        (
            with(|b| b["lines"][0]["quantity_milli"] = 1_000_000_000_000_i64.into()),
            422,
            "quote-refused",
            "line 1",
        ),
        (
            with(|b| b["lines"][0]["quantity_milli"] = (-1_000).into()),
            422,
            "quote-refused",
            "line 1",
        ),
        (
            with(|b| b["lines"][1]["label_amount_minor"] = i64::MAX.into()),
            422,
            "quote-refused",
            "line 2",
        ),
        (with(|b| b["lines"][1]["sku"] = "nothing".into()), 422, "quote-refused", "line 2"),
        (with(|b| b["occasion"] = json!({ "at": "now" })), 422, "quote-refused", "the occasion"),
        (
            with(|b| b["tenders"] = json!([{ "kind": "card", "amount_minor": 1 }])),
            422,
            "quote-refused",
            "tenders",
        ),
        (with(|b| b["revision"] = 7.into()), 404, "not-found", "revision 7"),
        (
            with(|b| b["set"] = set(&[json!({ "id": "x", "name": "x", "steps": [] })])),
            422,
            "rules-refused",
            "",
        ),
        (json!([]), 400, "malformed", ""),
    ];
    for (body, status, slug, told) in table {
        let answer = post(&town, &token, "/hq/v1/quotes", &body).await;
        answer.is_problem(status, slug);
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(told), "{detail}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let call = ("POST", "/hq/v1/quotes");
    town.hq_send(&token, call, None, deep).await.is_problem(400, "malformed");
    town.stop().await;
}

/// Two bottles and the second at half: 29.90 + 14.95.
const TRIAL: &str = "\
item tea 29.90 piece
rule half 第二件半价
  give nth 2 to 50%
---
scan 2 tea
---
";

#[tokio::test]
async fn a_trial_needs_no_mall_and_fails_when_its_rows_do_not_come() {
    let town = Town::new().await;
    let try_cart = |name: &str, text: &str| format!("try-cart {}", town.file(name, text).display());
    let told = town.cli(&try_cart("a.txt", TRIAL)).await;
    assert!(told.contains("total 44.85"), "{told}");
    let json = town.cli(&format!("{} --json", try_cart("a.txt", TRIAL))).await;
    assert_eq!(json.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["total_minor"], 4_485);
    let wrong = format!("{TRIAL}total 44.80\n");
    let (is_right, told) = town.try_cli(&try_cart("b.txt", &wrong)).await.unwrap();
    assert!(!is_right && told.contains("- total 44.80"), "{told}");
    let unclear = town.try_cli(&try_cart("c.txt", "item\n")).await.unwrap_err();
    assert!(unclear.contains("line 1"), "{unclear}");
    assert!(town.try_cli("try-cart /nowhere.txt").await.is_err());
    town.stop().await;
}
