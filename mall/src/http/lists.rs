//! No list of HQ walks a whole table.
//!
//! Every `GET` of HQ's document is asked, with each choice of its parameters; what it runs is heard
//! from the database's own log, and the database is asked how it goes about it.

use std::sync::{Arc, Mutex, OnceLock, atomic::AtomicI64};

use axum::{
    body::Body,
    http::{Request, header::AUTHORIZATION},
};
use tower::ServiceExt as _;
use tracing::{
    Event, Instrument as _, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{self, SubscriberExt as _},
    registry::LookupSpan,
};
use utoipa::openapi::path::{Operation, ParameterIn};

use crate::{
    Clock, Config,
    context::Context,
    db::{self, staff::Rights},
    fleet,
    rules::Expected,
    settings,
};

/// Tables of which a mall has a handful for each store, and what people wrote by hand.
const SMALL: [&str; 16] = [
    "store",
    "workstation",
    "operator",
    "edge",
    "edge_life",
    "edge_session",
    "edge_presence",
    "settings",
    "settings_standing",
    "store_group",
    "store_group_member",
    "store_groups_told",
    "command",
    "picture",
    "edge_state",
    "edge_trouble",
];

/// What is as it should be, although it looks like a walk: where, what, and why.
type Known = (&'static str, &'static str, &'static str);

const EXCEPT: [Known; 9] = [
    ("/hq/v1/items", "$2 = '' or", "a part of a name is looked for in all of them"),
    (
        "/hq/v1/orders/{id}",
        "USE TEMP B-TREE FOR ORDER BY",
        "the few orders that have an id or a receipt number",
    ),
    ("/hq/v1/stores/{code}/days/{date}", "USE TEMP B-TREE FOR ORDER BY", "the rules of one day"),
    (
        "/hq/v1/pickups/cases",
        "SCAN pickup_case USING INDEX pickup_case_received",
        "from its newest end; none is left out",
    ),
    (
        "/hq/v1/stores/{code}/troubles",
        "SEARCH h USING INDEX sqlite_autoindex_hole_1 (store_id=?)",
        "the holes of one store: hardly ever one",
    ),
    (
        "/hq/v1/stores/{code}/troubles",
        "USE TEMP B-TREE FOR ORDER BY",
        "the holes of one store: hardly ever one",
    ),
    (
        "/metrics",
        "SCAN event_inbox USING COVERING INDEX event_inbox_waiting",
        "what waits: soon done, and nothing else is in the index",
    ),
    (
        "/hq/v1/online-returns",
        "SCAN online_return USING INDEX online_return_taken",
        "from its newest end; none is left out",
    ),
    (
        "/hq/v1/refunds-due",
        "SCAN pickup_refund USING INDEX pickup_refund_due",
        "from its oldest end; none is left out",
    ),
];

const SPAN: &str = "a list of HQ";

/// Statements that were run within a `SPAN`, by its number.
static HEARD: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());

struct Ear;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, context: layer::Context<'_, S>) {
        let span = context.event_span(event).filter(|span| span.name() == SPAN);
        if let Some(span) = span.filter(|_| event.metadata().target() == "sqlx::query") {
            event.record(&mut Statement(span.id().into_u64()));
        }
    }
}

struct Statement(u64);

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Of `begin` and its like nothing is told here; pragmas set a new connection up.
        let statement = value.trim();
        let is_asked = !statement.is_empty() && !statement.starts_with("pragma");
        if field.name() == "db.statement" && is_asked {
            HEARD.lock().unwrap().push((self.0, statement.to_owned()));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let ear = tracing_subscriber::registry().with(Ear);
        tracing::subscriber::set_global_default(ear).unwrap();
    });
}

/// What of a statement is a walk: a step, or a filter that may be switched off.
async fn walks(context: &Context, statement: &str) -> Vec<String> {
    let mut tx = context.db().read("explain").await.unwrap();
    let steps = db::plan(&mut tx, statement).await;
    if steps.iter().filter_map(|step| table(step)).all(is_small) {
        return Vec::new();
    }
    let walks = steps.into_iter().filter(|step| is_walk(step));
    switched_off(statement).into_iter().chain(walks).collect()
}

/// The table that a step reads.
fn table(step: &str) -> Option<&str> {
    let rest = step.strip_prefix("SCAN ").or_else(|| step.strip_prefix("SEARCH "))?;
    rest.split(' ').next()
}

fn is_small(table: &str) -> bool {
    SMALL.contains(&table)
}

/// Whether a step reads all rows of a table, or of a store's part of it, or sorts them all.
fn is_walk(step: &str) -> bool {
    let whole_store = step.contains("sqlite_autoindex") && step.ends_with("(store_id=?)");
    let is_large = table(step).is_some_and(|table| !is_small(table));
    (is_large && (step.starts_with("SCAN ") || whole_store))
        || step == "USE TEMP B-TREE FOR ORDER BY"
}

/// A filter that a value may switch off, which no index serves.
fn switched_off(statement: &str) -> Option<String> {
    ["= '' or", "= 0 or", "< 0 or", "or $"].into_iter().find_map(|or| {
        let at = statement.find(or)?;
        Some(statement.get(at.saturating_sub(3)..at + or.len())?.to_owned())
    })
}

/// Something that a parameter may be.
fn value(path: &str, name: &str) -> &'static str {
    match name {
        "store" => "SH001",
        "state" if path.ends_with("/payments") => "refused",
        "state" => "kept",
        "after" if path == "/hq/v1/commands" => "7.1.1",
        "after" if path.ends_with("/troubles") => "2.7.SH001.e.behind",
        "after" => "7.00000000-0000-7000-8000-000000000001",
        "business_date" => "2026-11-21",
        "query" => "milk",
        "kind" => "behind",
        "only" => "away",
        "month" => "2026-11",
        "revision" | "against" | "before" | "limit" => "2",
        other => panic!("say what `{other}` of {path} may be"),
    }
}

/// The request with each choice of its parameters.
fn requests(path: &str, operation: &Operation) -> Vec<String> {
    let filled = path
        .replace("{code}", "SH001")
        .replace("{date}", "2026-11-21")
        .replace("{id}", "00000000-0000-7000-8000-000000000001")
        .replace("{key}", "north")
        .replace("{picture}", &"ab".repeat(32));
    assert!(!filled.contains('{'), "say what is in {path}");
    let parameters = operation.parameters.iter().flatten();
    let mut uris = vec![format!("{filled}?")];
    for parameter in parameters.filter(|it| it.parameter_in == ParameterIn::Query) {
        let pair = format!("{}={}&", parameter.name, value(path, &parameter.name));
        uris.extend(uris.clone().into_iter().map(|uri| uri + &pair));
    }
    uris
}

#[tokio::test]
async fn no_list_of_hq_walks_a_whole_table() {
    listen();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::ByHand(Arc::new(AtomicI64::new(1)));
    let config = Config { clock, ..Config::new(folder.path()) };
    let context = Context::open(&config).await.unwrap();
    let store = serde_json::json!({ "code": "SH001", "name": "滨江店" });
    fleet::add_store(&context, &serde_json::from_value(store).unwrap()).await.unwrap();
    let group = serde_json::json!({ "name": "北区", "rank": 1, "stores": ["SH001"] });
    let group = serde_json::from_value(group).unwrap();
    settings::save_group(&context, "north", group, "x", Expected::Any).await.unwrap();
    let token = fleet::add_staff(&context, "reader", Rights::default()).await.unwrap();
    let (router, document) = super::routes::documented(&context);
    let mut asked = Vec::new();
    for (path, item) in document.paths.paths {
        let Some(operation) = &item.get else { continue };
        for uri in requests(&path, operation) {
            let request = Request::get(&uri).header(AUTHORIZATION, format!("Bearer {token}"));
            let request = request.body(Body::empty()).unwrap();
            let span = tracing::info_span!(SPAN);
            let answer = router.clone().oneshot(request).instrument(span.clone()).await.unwrap();
            let status = answer.status().as_u16();
            assert!(matches!(status, 200 | 404), "{uri}: {status}");
            // Kept, so that no later one has its number.
            asked.push((span, path.clone(), uri));
        }
    }
    // When the last connection is closed everything was heard.
    context.db().close().await;
    let context = Context::open(&config).await.unwrap();
    let heard = std::mem::take(&mut *HEARD.lock().unwrap());
    let (mut unused, mut found) = (EXCEPT.to_vec(), Vec::new());
    for (span, path, uri) in &asked {
        let number = span.id().unwrap().into_u64();
        let statements = heard.iter().filter(|(of, _)| *of == number);
        for (_, statement) in statements {
            for walk in walks(&context, statement).await {
                let is_known = |(of, what, _): Known| of == path.as_str() && what == walk;
                if !EXCEPT.into_iter().any(is_known) {
                    found.push(format!("{uri}: {walk} of {statement}"));
                }
                unused.retain(|known| !is_known(*known));
            }
        }
        let is_silent = !heard.iter().any(|(of, _)| *of == number);
        assert!(!is_silent, "{uri} runs nothing that was heard");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(asked.len() > 50, "{}", asked.len());
    assert!(unused.is_empty(), "nothing like this is left: {unused:?}");
}

#[test]
fn what_walks_is_told_from_what_does_not() {
    for (step, expected) in [
        ("SCAN payment USING INDEX payment_made", true),
        ("SEARCH tender USING INDEX sqlite_autoindex_tender_1 (store_id=?)", true),
        ("USE TEMP B-TREE FOR ORDER BY", true),
        ("SEARCH payment USING INDEX payment_store (store_id=? AND (made_at,id)<(?,?))", false),
        ("USE TEMP B-TREE FOR LAST TERM OF ORDER BY", false),
        ("SCAN store", false),
    ] {
        assert_eq!(is_walk(step), expected, "{step}");
    }
    assert_eq!(switched_off("where ($1 = 0 or store_id = $1)").as_deref(), Some("$1 = 0 or"));
    assert_eq!(switched_off("where store_id = $1"), None);
}
