//! Phones that want more than there is, and phones that talk nonsense, at their endpoints.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Method, Request},
};
use domain::{
    id::{Id, PhoneId},
    time::Timestamp,
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use sync::wire::RowV1;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{App, COOKIE, token};
use crate::{
    context::mint,
    db::DbError,
    http::{Door, router},
    phone::{CARTS_MAX, CARTS_OF_ADDRESS_MAX, LINES_MAX, PIECES_MAX},
    test_store::TestStore,
};

/// So long after a call every bucket is full again.
const REST_MS: i64 = 10_000;
/// Carts are forgotten after so long.
const FORGOTTEN_MS: i64 = 2 * 3_600_000 + 1;

/// A store at whose door phones call, with a clock that goes on between calls.
struct Street {
    store: TestStore,
    now: Timestamp,
}

/// What a phone was told.
#[derive(Debug)]
struct Told {
    status: u16,
    /// The kind of problem, if it is one.
    kind: String,
    body: Value,
}

impl Street {
    async fn open() -> Self {
        let store = TestStore::open_with_boot("[phone]\nurl = \"http://127.0.0.1:7070\"").await;
        let now = store.context().clock.now();
        Self { store, now }
    }

    fn pass(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.store.at(&self.now.to_string());
    }

    /// Lets a phone call from an address, rested.
    async fn call(
        &mut self,
        (phone, from): (u128, IpAddr),
        (method, path): (Method, &str),
        body: Vec<u8>,
    ) -> Told {
        self.pass(REST_MS);
        let phone: PhoneId = Id::from_uuid(Uuid::from_u128(phone));
        let until = self.now.plus_ms(token::PHONE_MS);
        let cookie = self.store.context().phones.keys.cookie(phone, until);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/phone{path}"))
            .header("host", "127.0.0.1:7070")
            .header("content-type", "application/json")
            .header("cookie", format!("{COOKIE}={cookie}"))
            .extension(ConnectInfo(SocketAddr::new(from, 50_000)));
        let app = App {
            context: self.store.context().clone(),
            stop: CancellationToken::new(),
            address: self.store.address(),
        };
        let request = request.body(Body::from(body)).unwrap();
        let response = router(Door::Box, app).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1_000_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let kind = body["type"].as_str().unwrap_or_default();
        Told { status, kind: kind.trim_start_matches("/problems/").to_owned(), body }
    }

    async fn add(&mut self, who: (u128, IpAddr), code: &str) -> Told {
        let body = json!({ "id": fresh(), "code": code }).to_string();
        self.call(who, (Method::POST, "/cart/lines"), body.into_bytes()).await
    }

    async fn carts(&self) -> u32 {
        let count = |db: &rusqlite::Connection| {
            db.query_row("select count(*) from phone_cart", [], |row| row.get(0))
                .map_err(DbError::sqlite("count"))
        };
        self.store.context().ledger.read(count).await.unwrap()
    }
}

fn fresh() -> Uuid {
    mint::<domain::id::kind::Command>().uuid()
}

fn address(n: u32) -> IpAddr {
    std::net::Ipv4Addr::from(0x0A00_0000 + n).into()
}

fn is_full(told: &Told) {
    assert_eq!((told.status, told.kind.as_str()), (503, "phone-carts-full"), "{told:?}");
}

#[tokio::test]
async fn a_store_and_an_address_have_so_many_carts_and_who_has_one_goes_on() {
    let mut street = Street::open().await;
    for n in 0..CARTS_MAX {
        let from = address(n / CARTS_OF_ADDRESS_MAX);
        let told = street.add((u128::from(n), from), "TEA").await;
        assert_eq!(told.status, 200, "cart {n}: {told:?}");
        if (n + 1) % CARTS_OF_ADDRESS_MAX == 0 {
            is_full(&street.add((9_000 + u128::from(n), from), "TEA").await);
        }
    }
    is_full(&street.add((9_999, address(77)), "TEA").await);
    assert_eq!(street.carts().await, CARTS_MAX);
    // Whoever has one fills it; only what begins another is turned away.
    let told = street.add((0, address(0)), "COAT").await;
    assert_eq!(told.body["cart"]["pieces"], 2, "{told:?}");
    street.pass(FORGOTTEN_MS);
    let told = street.add((9_999, address(77)), "TEA").await;
    assert_eq!(told.status, 200, "carts that are forgotten keep others out: {told:?}");
    assert_eq!(street.carts().await, 1);
    street.store.stop().await;
}

#[tokio::test]
async fn a_phones_cart_has_so_many_lines_and_pieces_and_is_no_other_after_a_refusal() {
    let mut street = Street::open().await;
    let me = (1, address(1));
    for n in 0..=LINES_MAX {
        let item = json!({
            "sku": format!("G{n}"), "name": "goods", "unit": "piece", "list_price_minor": 100,
        });
        street.store.apply(RowV1::Item(serde_json::from_value(item).unwrap())).await;
        let told = street.add(me, &format!("G{n}")).await;
        let expected = if n < LINES_MAX { (200, "") } else { (409, "phone-cart-full") };
        assert_eq!((told.status, told.kind.as_str()), expected, "line {n}: {told:?}");
    }
    let view = street.call(me, (Method::GET, "/view"), Vec::new()).await.body;
    assert_eq!(view["cart"]["lines"].as_array().unwrap().len(), LINES_MAX);
    let line = view["cart"]["lines"][0]["id"].as_str().unwrap().to_owned();
    for (pieces, expected) in [(PIECES_MAX, 200), (PIECES_MAX + 1, 409)] {
        let body = json!({ "id": fresh(), "quantity_milli": pieces * 1_000 }).to_string();
        let path = format!("/cart/lines/{line}");
        let told = street.call(me, (Method::PATCH, &path), body.into_bytes()).await;
        assert_eq!(told.status, expected, "{pieces}: {told:?}");
    }
    let view = street.call(me, (Method::GET, "/view"), Vec::new()).await.body;
    assert_eq!(view["cart"]["lines"][0]["quantity_milli"], PIECES_MAX * 1_000);
}

/// Values that no page sends, and some that it does.
fn odd() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u128>().prop_map(|n| json!(Uuid::from_u128(n))),
        prop_oneof![Just("TEA"), Just("APPLE"), Just("6901234567892"), Just("134567890123456789")]
            .prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| vec(inner, 0..4).prop_map(Value::from))
}

/// A body: fields that an endpoint knows with values that it may not, or bytes.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just("id".to_owned()),
        Just("code".to_owned()),
        Just("quantity_milli".to_owned()),
        Just("token".to_owned()),
        "[a-z_]{1,12}",
    ];
    let id = any::<u128>().prop_map(|n| json!(Uuid::from_u128(n)));
    let object =
        (id, proptest::collection::hash_map(names, odd(), 0..4)).prop_map(|(id, fields)| {
            let mut object: serde_json::Map<String, Value> = fields.into_iter().collect();
            object.entry("id").or_insert(id);
            Value::from(object).to_string().into_bytes()
        });
    prop_oneof![4 => object, 1 => vec(any::<u8>(), 0..400)]
}

fn path() -> impl Strategy<Value = (Method, String)> {
    let encoded = |text: String| -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
    };
    let text = prop_oneof![
        Just("TEA".to_owned()),
        "[0-9]{1,20}",
        ".{0,40}",
        any::<u128>().prop_map(|n| Uuid::from_u128(n).to_string()),
    ];
    let raw = vec(any::<u8>(), 0..30)
        .prop_map(|bytes| bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>());
    let text = prop_oneof![3 => text.prop_map(encoded), 1 => raw];
    (0..8_u8, text).prop_map(|(which, text)| match which {
        0 => (Method::GET, format!("/item?code={text}")),
        1 => (Method::GET, format!("/item?{text}")),
        2 => (Method::GET, format!("/view?lang={text}")),
        3 => (Method::POST, "/session".to_owned()),
        4 => (Method::POST, "/cart/lines".to_owned()),
        5 => (Method::PATCH, format!("/cart/lines/{text}")),
        6 => (Method::DELETE, format!("/cart/lines/{text}?id={text}")),
        _ => (Method::POST, "/cart/code".to_owned()),
    })
}

#[test]
fn whatever_a_phone_says_it_is_answered_and_has_one_cart_within_its_limits() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut street = runtime.block_on(Street::open());
    let config =
        ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let asked = (path(), body());
    // One street for all of them: what grows would grow over all.
    let street = std::cell::RefCell::new(&mut street);
    let said = TestRunner::new(config).run(&asked, |((method, path), body)| {
        let mut street = street.borrow_mut();
        runtime.block_on(async {
            let told = street.call((1, address(1)), (method, &path), body).await;
            prop_assert!(told.status < 500, "{told:?}");
            prop_assert!(street.carts().await <= 1, "a phone has two carts");
            let view = street.call((1, address(1)), (Method::GET, "/view"), Vec::new()).await;
            prop_assert_eq!(view.status, 200);
            let lines = view.body["cart"]["lines"].as_array().map_or(0, Vec::len);
            prop_assert!(lines <= 3, "{} lines of three items", lines);
            Ok(())
        })
    });
    said.unwrap();
}
