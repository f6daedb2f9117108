//! Whatever is sent to whichever endpoint by whoever may call it: it is answered, a refusal is a
//! problem document, and what is refused is in no book.

use axum::http::header;
use domain::id::MemberId;
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use serde_json::Value;
use sync::{
    replica::Scope,
    wire::{
        BatchAnswerV1, KIND_ORDER, KIND_PICKUP_HANDED_OVER, KIND_PICKUP_READY, KIND_POST_VOID,
        PickupHandedOverV1, PickupReadyV1, ProofV1,
    },
};
use uuid::Uuid;

use crate::{
    bend::{self, SEGMENTS, bends, every_path},
    feed, intake,
    office::Office,
    place::Home,
    post_voids::undoing,
    right::Endpoint,
    street::{self, id},
    town::Answer,
};

/// Who may call what: the committed list, which another test keeps to what is served.
const ACCESS: &str = include_str!("../../access.txt");
/// HQ's document, which another test keeps too.
const OPENAPI: &str = include_str!("../../openapi.json");
/// More than any endpoint reads.
const TOO_MANY_BYTES: usize = 16 * 1_024 * 1_024 + 1;
/// Cases of the property: the table before it has tried everything alone.
const CASES: u32 = 300;
/// Facts in a batch.
const FACTS: usize = 50;

fn endpoints() -> Vec<Endpoint> {
    let endpoint = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [caller, method, path] = words[..] else { panic!("{line}") };
        Endpoint { caller: caller.into(), method: method.into(), path: path.into() }
    };
    ACCESS.lines().map(endpoint).collect()
}

/// Those that take a body or change something.
fn changing() -> Vec<Endpoint> {
    let found: Vec<_> = endpoints().into_iter().filter(|one| one.method != "GET").collect();
    assert!(found.len() > 25, "{}", found.len());
    found
}

/// What every answer is: not broken, and a whole problem where it is a refusal. Whether it was one.
fn is_refusal(what: &str, answer: &Answer) -> bool {
    let (status, text) = (answer.status.as_u16(), String::from_utf8_lossy(&answer.body));
    assert!(status < 500, "{what}: {status} {text}");
    if status < 400 {
        return false;
    }
    let kind = answer.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    assert_eq!(kind, Some("application/problem+json"), "{what}: {status} {text}");
    let problem = answer.json();
    let slug = problem["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/"));
    assert!(slug.is_some_and(|slug| !slug.is_empty()), "{what}: {text}");
    assert_eq!(problem["status"], status, "{what}: {text}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}: {text}");
    true
}

impl Office<'_> {
    /// Sends something; where it is refused, the books are as they were.
    async fn tries(&self, bend: &str, endpoint: &Endpoint, path: &str, body: &[u8]) {
        let before = self.books();
        let answer = self.send(endpoint, path, body).await;
        let what = format!("{endpoint}, {bend}");
        if is_refusal(&what, &answer) {
            assert_eq!(self.books(), before, "{what}: refused, and something was written");
        }
    }
}

#[tokio::test]
async fn what_every_endpoint_takes_is_taken_and_bent_in_any_way_it_is_answered() {
    let (town, _) = street::town_over(Home::of_a_file()).await;
    let office = Office::open(&town).await;
    let mut n_written = 0;
    for endpoint in &changing() {
        let (path, right) = office.right(endpoint).await;
        let before = office.books();
        let answer = office.send(endpoint, &path, &right.bytes()).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.status.is_success(), "{endpoint}: {} {text}", answer.status);
        n_written += usize::from(office.books() != before);
        for bend in right.every_bend() {
            let (path, right) = office.right(endpoint).await;
            let bent = bend.of(&right.document());
            office.tries(&bend.to_string(), endpoint, &path, &bent).await;
        }
    }
    assert!(n_written > 15, "the books tell {n_written} of what is taken");
    drop(office);
    town.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_called_something_else_is_answered() {
    let (town, _) = street::town_over(Home::of_a_file()).await;
    let office = Office::open(&town).await;
    for endpoint in &changing() {
        for kind in ["text/csv", "application/xml", "", "multipart/form-data; boundary=x"] {
            let (path, right) = office.right(endpoint).await;
            let own = Some((header::CONTENT_TYPE, kind.as_bytes()));
            let answer = office.send_as(endpoint, &path, own, &right.bytes()).await;
            is_refusal(&format!("{endpoint} as {kind}"), &answer);
        }
        let (path, right) = office.right(endpoint).await;
        let mut large = right.bytes();
        if large.is_empty() {
            continue;
        }
        large.resize(TOO_MANY_BYTES, b' ');
        let before = office.books();
        let answer = office.send(endpoint, &path, &large).await;
        is_refusal(&endpoint.to_string(), &answer);
        answer.is_problem(413, "body-too-large");
        assert_eq!(office.books(), before, "{endpoint}");
    }
    drop(office);
    town.stop().await;
}

/// A path as it is declared, with something in each place that is there.
fn filled(path: &str) -> String {
    let segment = |name| -> &str {
        match name {
            "{scope}" => "catalog",
            "{version}" | "{bucket}" => "1",
            "{code}" => "SH001",
            "{epoch}" => "1",
            "{date}" | "{day}" => "2026-11-21",
            "{slug}" => "malformed",
            "{key}" => "north",
            "{file}" => "page.css",
            "{picture}" => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "{edge}" | "{payment}" | "{redemption}" | "{refund}" | "{order}" | "{id}" => {
                "00000000-0000-0000-0000-000000000001"
            }
            plain if !plain.starts_with('{') => plain,
            other => panic!("say in bent.rs what is right for {other} of {path}"),
        }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// What an endpoint is asked in its query.
fn asked(endpoint: &Endpoint, document: &Value) -> Vec<String> {
    let operation = &document["paths"][&endpoint.path][endpoint.method.to_lowercase()];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let in_query = parameters.filter(|parameter| parameter["in"] == "query");
    let mut names: Vec<String> =
        in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
    if endpoint.path == sync::path::FEED {
        names.extend(["incarnation", "since", "after", "limit"].map(str::to_owned));
    }
    names
}

#[tokio::test]
async fn whatever_stands_in_a_path_or_a_query_is_answered() {
    let (town, _) = street::town_over(Home::of_a_file()).await;
    let office = Office::open(&town).await;
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let incarnation = feed::start(&office.edge, Scope::Catalog).await.incarnation;
    let mut n_queries = 0;
    for endpoint in &endpoints() {
        let right = filled(&endpoint.path);
        for path in every_path(&endpoint.path, &right) {
            office.tries(&path, endpoint, &path, b"{}").await;
        }
        let names = asked(endpoint, &document);
        n_queries += names.len();
        for name in &names {
            for odd in SEGMENTS {
                let value = |of: &String| match of.as_str() {
                    _ if of == name => format!("&{of}={odd}"),
                    "incarnation" => format!("&{of}={incarnation}"),
                    "since" => format!("&{of}=0"),
                    _ => String::new(),
                };
                let query = format!("{right}?{}", names.iter().map(value).collect::<String>());
                office.tries(&query, endpoint, &query, b"{}").await;
            }
        }
        for query in ["%", "&&==", "a=%FF", "limit=1&limit=2"] {
            let query = format!("{right}?{query}");
            office.tries(&query, endpoint, &query, b"{}").await;
        }
    }
    assert!(n_queries > 25, "{n_queries}");
    for endpoint in endpoints().iter().filter(|one| one.method == "PUT") {
        for tag in
            ["\"-1\"", "9223372036854775808", "-9223372036854775808", "", "W/\"1\"", "\u{9f}"]
        {
            let (path, right) = office.right(endpoint).await;
            let own = Some((header::IF_MATCH, tag.as_bytes()));
            let answer = office.send_as(endpoint, &path, own, &right.bytes()).await;
            is_refusal(&format!("{endpoint} {tag}"), &answer);
        }
    }
    drop(office);
    town.stop().await;
}

#[test]
fn whatever_is_bent_at_several_places_at_once_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (town, _) = runtime.block_on(street::town_over(Home::of_a_file()));
    let office = runtime.block_on(Office::open(&town));
    let changing = changing();
    let config =
        ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&(any::<Index>(), bends()), |(which, bends)| {
        let endpoint = &changing[which.index(changing.len())];
        runtime.block_on(async {
            let (path, right) = office.right(endpoint).await;
            let bent = bends.of(&right.document());
            let text = String::from_utf8_lossy(&bent).into_owned();
            office.tries(&text, endpoint, &path, &bent).await;
        });
        Ok(())
    });
    tried.unwrap();
    drop(office);
    runtime.block_on(town.stop());
}

/// A right fact of each kind that a mall reads, about something of its own.
fn facts(office: &Office<'_>, n: u32) -> Vec<(&'static str, Uuid, Value)> {
    let (order, at) = (intake::order("SH001", n, 100), office.edge.town.now());
    let undone = intake::order("SH001", n + 1, 100);
    let own = Uuid::from_u128(u128::from(n) << 64);
    let (pickup, operator) = (id(1), "1001".to_owned());
    let ready = PickupReadyV1 { id: own, pickup, workstation: 1, operator: operator.clone(), at };
    let proof = ProofV1::Token;
    let handed = PickupHandedOverV1 { id: own, pickup, workstation: 1, operator, at, proof };
    let mut member = order.clone();
    member.member = Some(MemberId::from_uuid(Uuid::from_u128(3)));
    let void = undoing(u128::from(n), &undone);
    [
        (KIND_ORDER, order.id.uuid(), serde_json::to_value(&member)),
        (KIND_POST_VOID, void.id, serde_json::to_value(&void)),
        (KIND_PICKUP_READY, own, serde_json::to_value(&ready)),
        (KIND_PICKUP_HANDED_OVER, own, serde_json::to_value(&handed)),
    ]
    .map(|(kind, id, body)| (kind, id, body.unwrap()))
    .into()
}

/// What a store sends is kept whatever it says; what is made of it, and every list of HQ, holds.
#[tokio::test]
async fn whatever_a_fact_says_it_is_kept_and_nothing_after_it_waits() {
    let (town, _) = street::town_over(Home::of_a_file()).await;
    let office = Office::open(&town).await;
    let mut n = 1_000_000;
    for kind in 0..facts(&office, n).len() {
        let bends = bend::every_bend(&facts(&office, n)[kind].2);
        for some in bends.chunks(FACTS) {
            let batch = office.batch(|outbox| {
                for bend in some {
                    n += 2;
                    let (kind, id, right) = facts(&office, n).swap_remove(kind);
                    let bent = bend.of(&right);
                    outbox.push(kind, 1, id, String::from_utf8_lossy(&bent).into_owned());
                }
            });
            let answer = office.deliver(&batch).await;
            assert_eq!(answer.status, 200, "{:?}", answer.json());
            let told: BatchAnswerV1 = answer.read();
            assert_eq!(Some(told.acked_seq), batch.facts.last().map(|last| last.seq));
        }
    }
    for endpoint in endpoints().iter().filter(|one| one.method == "GET") {
        let path = filled(&endpoint.path);
        let answer = office.send(endpoint, &path, b"").await;
        is_refusal(&path, &answer);
    }
    let before = town.rows("select count(*) from orders");
    let right = office.batch(|outbox| {
        outbox.order(&intake::order("SH001", 1, 100));
    });
    assert_eq!(office.deliver(&right).await.status, 200);
    assert_ne!(town.rows("select count(*) from orders"), before);
    drop(office);
    town.stop().await;
}
