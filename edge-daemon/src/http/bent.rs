//! Whatever is sent to whichever endpoint by whoever may call it: it is answered, a refusal is a
//! problem document, and what is refused is in no book.
//!
//! What a right body has is read from the description, so that no endpoint is left out. Phones that
//! talk nonsense for long are in `phone::strangers`, guests of the Wi-Fi in `portal::routes`.

use std::{cell::RefCell, net::SocketAddr};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher as _, SaltString},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, header},
};
use domain::{id::Id, payment::PaymentState, receipt_number::WorkstationNumber};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use sync::wire::{OperatorV1, RoleV1, RowV1};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use self::bend::{SEGMENTS, bends, every_bend, every_path, wholes};
use super::{
    App,
    guard::BODY_BYTES_MAX,
    phone, router,
    routes::{openapi, routes},
    table::{Door, Endpoint},
};
use crate::{
    context::mint, db::DbError, pairing, phone::token, test_mall::TestMall, test_store::TestStore,
};

#[path = "../../../mall/tests/rooms/bend.rs"]
mod bend;

const HERE: &str = "127.0.0.1:50000";
/// A till and a kiosk of a test's store.
const TILL: WorkstationNumber = 1;
const KIOSK: WorkstationNumber = 2;
const MANAGER: &str = "9001";
const PIN: &str = "482913";
/// So long after a call every bucket of a phone is full again.
const REST_MS: i64 = 10_000;
/// Cases of the property: the table before it has tried everything alone.
const CASES: u32 = 300;
/// What a store keeps. Questions to other houses and to the mall are not in it: they are written down
/// before they are asked, and stay with the no that they heard.
const BOOKS: [&str; 14] = [
    "orders",
    "order_line",
    "tender",
    "outbox",
    "spool",
    "post_void",
    "cart_line",
    "cart_member",
    "cart_coupon",
    "member_entry",
    "coupon_use",
    "pickup",
    "approval",
    "phone_cart",
];

/// A store at whose screens everybody is signed in.
struct Screens {
    store: TestStore,
    _mall: TestMall,
    router: Router,
    endpoints: Vec<Endpoint>,
    document: Value,
    cookies: RefCell<String>,
}

/// What was answered.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Told {
    /// Not broken, and a whole problem where it is a refusal: its kind.
    fn refusal(&self, what: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.body);
        if self.status < 400 {
            return None;
        }
        let kind = self.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
        assert_eq!(kind, Some("application/problem+json"), "{what}: {} {text}", self.status);
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        let kind = problem["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/"));
        let kind = kind.filter(|kind| !kind.is_empty()).map(str::to_owned);
        assert!(kind.is_some(), "{what}: {text}");
        assert_eq!(problem["status"], self.status, "{what}: {text}");
        // What is away for a while says so with 503; what is broken is `internal`.
        let is_broken = kind.as_deref() == Some("internal") || self.status == 500;
        assert!(!is_broken && (self.status < 500 || self.status == 503), "{what}: {text}");
        kind
    }
}

/// Signing out and pairing: what is right there ends what was there before.
fn is_coming_or_going(endpoint: &Endpoint) -> bool {
    endpoint.path.contains("session") || endpoint.path.contains("pairing")
}

/// Signing in: after wrong tries nobody gets in for a while.
fn is_sign_in(endpoint: &Endpoint) -> bool {
    endpoint.path.ends_with("/session") && endpoint.method == Method::POST
}

impl Screens {
    async fn open() -> Self {
        let boot = "[phone]\nurl = \"http://127.0.0.1:7070\"\n[devices]\nsimulated = true";
        let (store, mall) = TestStore::open_with_mall_and_boot(None, boot).await;
        // What is paid completes an order by itself, whenever that is heard.
        mall.known().charges_are = PaymentState::Refused;
        let app = App {
            context: store.context().clone(),
            stop: CancellationToken::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 7070)),
        };
        // Cheap, as no PIN of HQ's is: this one is typed before every endpoint.
        let params = Params::new(8, 1, 1, None).unwrap();
        let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let salt = SaltString::encode_b64(b"salt of a test").unwrap();
        let pin_hash = argon.hash_password(PIN.as_bytes(), &salt).unwrap().to_string();
        let (number, name) = (MANAGER.to_owned(), "Chen".to_owned());
        let manager = OperatorV1 { number, name, role: RoleV1::Manager, pin_hash };
        store.apply_own(RowV1::Operator(manager)).await;
        store.context().refresh_store().unwrap();
        let (_, mut endpoints) = routes(Door::Box);
        endpoints.sort_by_key(|one| (is_coming_or_going(one), is_sign_in(one)));
        let screens = Self {
            store,
            _mall: mall,
            router: router(Door::Box, app),
            endpoints,
            document: serde_json::to_value(openapi()).unwrap(),
            cookies: RefCell::default(),
        };
        screens.let_in().await;
        screens
    }

    /// Signs the manager in at the till and to the console, pairs the kiosk's screen and a phone.
    async fn let_in(&self) {
        let context = self.store.context();
        let body = json!({ "operator": MANAGER, "pin": PIN }).to_string().into_bytes();
        let mut cookies = Vec::new();
        for path in ["/api/v1/workstations/1/session", "/api/v1/console/session"] {
            let told = self.call(&Method::POST, path, body.clone()).await;
            let text = String::from_utf8_lossy(&told.body);
            let cookie = told.headers.get(header::SET_COOKIE);
            let cookie = cookie.unwrap_or_else(|| panic!("{path}: {text}")).to_str().unwrap();
            cookies.push(cookie.split(';').next().unwrap().to_owned());
        }
        let paired = pairing::pair(context, KIOSK, None).await.unwrap();
        cookies.push(format!("guitai_kiosk{KIOSK}={paired}"));
        let until = context.clock.now().plus_ms(token::PHONE_MS);
        let phone = context.phones.keys.cookie(Id::from_uuid(Uuid::from_u128(7)), until);
        cookies.push(format!("{}={phone}", phone::COOKIE));
        *self.cookies.borrow_mut() = cookies.join("; ");
    }

    async fn call(&self, method: &Method, path: &str, body: Vec<u8>) -> Told {
        self.call_as("application/json", (method, path), body).await
    }

    async fn call_as(&self, kind: &str, (method, path): (&Method, &str), body: Vec<u8>) -> Told {
        if path.contains("/phone/") {
            let now = self.store.context().clock.now().plus_ms(REST_MS);
            self.store.at(&now.to_string());
        }
        let peer: SocketAddr = HERE.parse().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:7070")
            .header("content-type", kind)
            .header("cookie", self.cookies.borrow().as_str())
            .extension(ConnectInfo(peer))
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        // What is streamed has no end.
        let is_stream = path.split('?').next().unwrap().ends_with("/stream");
        let body = if is_stream && parts.status.is_success() {
            Vec::new()
        } else {
            to_bytes(body, usize::MAX).await.unwrap().to_vec()
        };
        Told { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn changing(&self) -> Vec<&Endpoint> {
        self.endpoints.iter().filter(|one| one.method != Method::GET).collect()
    }

    async fn books(&self) -> Vec<u32> {
        let counts = BOOKS.map(|table| format!("select count(*) from {table}")).join(" union all ");
        let read = move |db: &rusqlite::Connection| -> Result<Vec<u32>, DbError> {
            let mut statement = db.prepare(&counts).map_err(DbError::sqlite("count"))?;
            let rows =
                statement.query_map([], |row| row.get(0)).map_err(DbError::sqlite("count"))?;
            let rows: Result<Vec<u32>, _> = rows.collect();
            rows.map_err(DbError::sqlite("count"))
        };
        self.store.context().ledger.read(read).await.unwrap()
    }

    fn at(endpoint: &Endpoint) -> WorkstationNumber {
        if endpoint.path.contains("/kiosks/") { KIOSK } else { TILL }
    }

    /// Something lies on the counter.
    async fn lay_out(&self, endpoint: &Endpoint) {
        let workstation = Self::at(endpoint);
        if self.store.scene(workstation).priced.station.cart.lines.is_empty() {
            let path = if workstation == KIOSK { "kiosks/2" } else { "workstations/1" };
            let scan = json!({ "id": fresh(), "text": "TEA" }).to_string().into_bytes();
            self.call(&Method::POST, &format!("/api/v1/{path}/cart/scans"), scan).await;
        }
    }

    /// Sends something; where it is refused, the books are as they were.
    async fn tries(&self, bend: &str, endpoint: &Endpoint, path: &str, body: Vec<u8>) {
        let before = self.books().await;
        let told = self.call(&endpoint.method, path, body).await;
        let what = format!("{endpoint}, {bend}");
        if told.refusal(&what).is_some() {
            assert_eq!(self.books().await, before, "{what}: refused, and something was written");
        }
    }

    fn operation(&self, endpoint: &Endpoint) -> &Value {
        &self.document["paths"][&endpoint.path][endpoint.method.as_str().to_lowercase()]
    }

    /// A body as an endpoint takes it, about what lies on the counter; none where it reads none.
    fn right(&self, endpoint: &Endpoint) -> Option<Value> {
        let body = &self.operation(endpoint)["requestBody"]["content"]["application/json"];
        let schema = body.get("schema")?;
        Some(self.value(endpoint, schema, ""))
    }

    fn value(&self, endpoint: &Endpoint, schema: &Value, name: &str) -> Value {
        if let Some(of) = schema["$ref"].as_str() {
            let of = of.rsplit('/').next().unwrap();
            return self.value(endpoint, &self.document["components"]["schemas"][of], name);
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            let mut known = schema[choice].as_array().into_iter().flatten();
            if let Some(first) = known.find(|one| one["type"] != "null") {
                return self.value(endpoint, first, name);
            }
        }
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str().unwrap_or_else(|| panic!("{endpoint}: {schema}")) {
            "object" => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                let field =
                    |(name, of): (&String, &Value)| (name.clone(), self.value(endpoint, of, name));
                fields.map(field).collect::<Map<String, Value>>().into()
            }
            "array" => json!([self.value(endpoint, &schema["items"], name)]),
            // Nobody opens a drawer by its simulation.
            "boolean" => json!(name != "open"),
            "integer" => self.number(endpoint, name),
            _ if schema["format"] == "uuid" => json!(self.id(endpoint, name)),
            _ => json!(text(endpoint, name)),
        }
    }

    fn id(&self, endpoint: &Endpoint, name: &str) -> Uuid {
        let scene = self.store.scene(Self::at(endpoint));
        let cart = &scene.priced.station.cart;
        match name {
            "order_id" => cart.order.uuid(),
            "line_id" => cart.lines.first().map_or_else(fresh, |line| line.id.uuid()),
            "id" => fresh(),
            other => panic!("say in bent.rs what id `{other}` of {endpoint} is"),
        }
    }

    fn number(&self, endpoint: &Endpoint, name: &str) -> Value {
        let scene = self.store.scene(Self::at(endpoint));
        match name {
            "amount" | "total_minor" => json!(scene.priced.quote.total.minor()),
            "cart_revision" => json!(scene.priced.station.cart.revision),
            "quantity_milli" => json!(1_000),
            "workstation" => json!(KIOSK),
            "points" | "offer" => json!(0),
            "pieces" | "number" | "count" => json!(1),
            "rate_bps" => json!(9_000),
            other => panic!("say in bent.rs what number `{other}` of {endpoint} is"),
        }
    }

    /// A path with something of the store in each pair of braces, and what its query must have.
    fn path(&self, endpoint: &Endpoint) -> String {
        let named = |part: &str| match part {
            "{number}" => Self::at(endpoint).to_string(),
            "{line}" => self.id(endpoint, "line_id").to_string(),
            "{key}" => "TEA".to_owned(),
            "{slug}" => "malformed".to_owned(),
            "{*path}" => "operator/".to_owned(),
            // A picture that nobody shows.
            "{picture}" => sync::chain::Hash::GENESIS.to_string(),
            "{named}" | "{order}" | "{approval}" => fresh().to_string(),
            part if part.starts_with('{') => panic!("say in bent.rs what {part} of {endpoint} is"),
            part => part.to_owned(),
        };
        let path = endpoint.path.split('/').map(named).collect::<Vec<_>>().join("/");
        let needed = self.queries(endpoint).into_iter().filter(|(_, is_needed)| *is_needed);
        let query = needed.map(|(name, _)| match name.as_str() {
            "id" => format!("id={}", fresh()),
            "query" | "code" | "sku" => format!("{name}=TEA"),
            other => panic!("say in bent.rs what `{other}` in the query of {endpoint} is"),
        });
        let query = query.collect::<Vec<_>>().join("&");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// What may stand in the query of an endpoint, and whether it must.
    fn queries(&self, endpoint: &Endpoint) -> Vec<(String, bool)> {
        let parameters = self.operation(endpoint)["parameters"].as_array().into_iter().flatten();
        let in_query = parameters.filter(|one| one["in"] == "query");
        in_query
            .map(|one| (one["name"].as_str().unwrap().to_owned(), one["required"] == true))
            .collect()
    }
}

fn fresh() -> Uuid {
    mint::<domain::id::kind::Command>().uuid()
}

fn text(endpoint: &Endpoint, name: &str) -> &'static str {
    let path = endpoint.path.as_str();
    match name {
        "text" | "sku" => "TEA",
        "code" if path.ends_with("/payments") => "134567890123456789",
        "code" if path.ends_with("/redemptions") => "https://v.douyin.com/eHHc1ft/",
        "code" if path.contains("/phone") => "TEA",
        "code" if path.ends_with("/pickup-codes") => "48129375",
        "code" if path.ends_with("/pairings") => "481293",
        "code" => "13812345678",
        "operator" => MANAGER,
        "pin" => PIN,
        "reason" => "换零钱",
        "store" => "S2",
        "presented" | "number" => "M-1",
        "state" => "ready",
        "token" => "x",
        other => panic!("say in bent.rs what text `{other}` of {endpoint} is"),
    }
}

#[tokio::test]
async fn what_every_endpoint_takes_is_understood_and_bent_in_any_way_it_is_answered() {
    let screens = Screens::open().await;
    let (mut n_endpoints, mut n_bodies) = (0, 0);
    for endpoint in screens.changing() {
        if !is_sign_in(endpoint) {
            screens.let_in().await;
        }
        screens.lay_out(endpoint).await;
        let right = screens.right(endpoint);
        let body = right.as_ref().map(|right| right.to_string().into_bytes());
        let path = screens.path(endpoint);
        let told = screens.call(&endpoint.method, &path, body.unwrap_or_default()).await;
        let refusal = told.refusal(&endpoint.to_string());
        let is_shut = ["malformed", "sign-in-required", "not-paired", "forbidden"];
        let is_shut = refusal.as_deref().is_some_and(|kind| is_shut.contains(&kind));
        assert!(!is_shut, "{endpoint}: {refusal:?} for {right:?}");
        n_endpoints += 1;
        n_bodies += usize::from(right.is_some());
        for bend in right.as_ref().map_or_else(wholes, every_bend) {
            screens.lay_out(endpoint).await;
            let right = screens.right(endpoint).unwrap_or_else(|| json!({ "id": fresh() }));
            let path = screens.path(endpoint);
            screens.tries(&bend.to_string(), endpoint, &path, bend.of(&right)).await;
        }
    }
    assert!(n_endpoints > 60 && n_bodies > 40, "{n_endpoints} endpoints, {n_bodies} bodies");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_called_something_else_is_refused() {
    let screens = Screens::open().await;
    for endpoint in screens.changing() {
        let Some(right) = screens.right(endpoint) else { continue };
        if !is_sign_in(endpoint) {
            screens.let_in().await;
        }
        let (path, right) = (screens.path(endpoint), right.to_string().into_bytes());
        let call = (&endpoint.method, path.as_str());
        let before = screens.books().await;
        for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
            let told = screens.call_as(kind, call, right.clone()).await;
            let refusal = told.refusal(&endpoint.to_string());
            assert_eq!(refusal.as_deref(), Some("malformed"), "{endpoint} as {kind}");
        }
        let mut large = right;
        large.resize(BODY_BYTES_MAX + 1, b' ');
        let told = screens.call(call.0, call.1, large).await;
        let refusal = told.refusal(&endpoint.to_string());
        assert_eq!(refusal.as_deref(), Some("body-too-large"), "{endpoint}");
        assert_eq!(screens.books().await, before, "{endpoint}");
    }
}

#[tokio::test]
async fn whatever_stands_in_a_path_or_a_query_is_answered() {
    let screens = Screens::open().await;
    let mut n_queries = 0;
    for endpoint in &screens.endpoints {
        if !is_sign_in(endpoint) {
            screens.let_in().await;
        }
        screens.lay_out(endpoint).await;
        let body = || screens.right(endpoint).map(|right| right.to_string().into_bytes());
        let right = screens.path(endpoint);
        let (plain, _) = right.split_once('?').unwrap_or((&right, ""));
        for path in every_path(&endpoint.path, plain) {
            screens.tries(&path, endpoint, &path, body().unwrap_or_default()).await;
        }
        let queries = screens.queries(endpoint);
        n_queries += queries.len();
        for (name, _) in &queries {
            for odd in SEGMENTS {
                let others =
                    queries.iter().filter(|(other, is_needed)| *is_needed && other != name);
                let others = others.map(|(other, _)| format!("&{other}=TEA")).collect::<String>();
                let query = format!("{plain}?{name}={odd}{others}");
                screens.tries(&query, endpoint, &query, body().unwrap_or_default()).await;
            }
        }
        for query in ["%", "&&==", "a=%FF", "id=1&id=2"] {
            let query = format!("{plain}?{query}");
            screens.tries(&query, endpoint, &query, body().unwrap_or_default()).await;
        }
    }
    assert!(n_queries > 30, "{n_queries}");
}

#[test]
fn whatever_is_bent_at_several_places_at_once_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let screens = runtime.block_on(Screens::open());
    let of_all = screens.changing();
    let changing: Vec<_> = of_all.into_iter().filter(|one| !is_coming_or_going(one)).collect();
    let config =
        ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&(any::<Index>(), bends()), |(which, bends)| {
        let endpoint = changing[which.index(changing.len())];
        runtime.block_on(async {
            screens.lay_out(endpoint).await;
            let right = screens.right(endpoint).unwrap_or_else(|| json!({ "id": fresh() }));
            let bent = bends.of(&right);
            let text = String::from_utf8_lossy(&bent).into_owned();
            screens.tries(&text, endpoint, &screens.path(endpoint), bent).await;
        });
        Ok(())
    });
    tried.unwrap();
}
