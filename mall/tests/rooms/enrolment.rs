//! Claim codes, places, signatures, and what one store may touch of another.

use axum::{body::Body, http::Request};
use sync::{
    path,
    replica::{Scope, StoreId},
    signature::{HEADER, Signed, WINDOW_MS},
    wire::{EnrolledV1, HeadV1},
};

use crate::town::{Key, Town};

#[tokio::test]
async fn a_claim_code_gives_one_place_to_one_key() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 示范店").await;
    let (code, key, other) = (town.claim("SH001").await, Key::new(), Key::new());
    assert_eq!(code.len(), 8);
    let first = town.enrol(&code.to_lowercase(), &key).await;
    assert_eq!(first.status, 201);
    let enrolled: EnrolledV1 = serde_json::from_slice(&first.body).unwrap();
    assert_eq!((enrolled.store_code.as_str(), enrolled.epoch), ("SH001", 1));
    // The answer was lost: the same key asks again and gets the same place.
    assert_eq!(town.enrol(&code, &key).await.json(), first.json());
    town.enrol(&code, &other).await.is_problem(409, "claim-used");
    assert_eq!(town.rows("select count(*) from edge"), ["1"]);
    // A machine that replaces the first one can never print its receipt numbers again.
    let second = town.enrol(&town.claim("SH001").await, &other).await;
    let second: EnrolledV1 = serde_json::from_slice(&second.body).unwrap();
    assert_eq!(second.epoch, 2);
    assert!(!town.rows("select code_hash from claim").contains(&code));
    town.stop().await;
}

#[tokio::test]
async fn codes_expire_are_unknown_or_are_guessed_too_often() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 示范店").await;
    let (code, key) = (town.claim("SH001").await, Key::new());
    town.turn(600);
    town.enrol(&code, &key).await.is_problem(410, "claim-expired");
    for _ in 0..4 {
        town.enrol("00000000", &key).await.is_problem(404, "claim-unknown");
    }
    let fresh = town.claim("SH001").await;
    let locked = town.enrol(&fresh, &key).await;
    locked.is_problem(429, "too-many-tries");
    assert!(locked.json()["retry_after_ms"].as_u64().unwrap() <= 60_000);
    town.turn(60);
    assert_eq!(town.enrol(&fresh, &key).await.status, 201);
    assert!(town.try_cli("claim SH999").await.is_err());
    town.stop().await;
}

#[tokio::test]
async fn an_enrolment_that_is_none_is_malformed() {
    let town = Town::new().await;
    for body in ["", "{", "{\"claim_code\":\"x\",\"public_key\":\"zz\"}", "[]"] {
        let request = Request::post(path::ENROLMENTS).body(Body::from(body)).unwrap();
        town.send(request).await.is_problem(400, "malformed");
    }
    let large = Body::from(vec![b' '; 5_000]);
    let request = Request::post(path::ENROLMENTS).body(large).unwrap();
    town.send(request).await.is_problem(413, "body-too-large");
    town.stop().await;
}

#[tokio::test]
async fn a_signature_that_does_not_fit_opens_nothing() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let path = path::head(Scope::Catalog);
    let signed = Signed { method: "GET", path: &path, body: b"" };
    let at = town.now();
    let good = edge.key.sign(edge.id(), at, 1, signed);
    let other_path = path::head(Scope::Store(StoreId(1)));
    let table = [
        (good.clone(), path.as_str(), "signature-wrong", false),
        (good.clone(), other_path.as_str(), "signature-wrong", true),
        (Key::new().sign(edge.id(), at, 1, signed), path.as_str(), "signature-wrong", true),
        (
            edge.key.sign(edge.id(), at.plus_ms(-WINDOW_MS - 1), 1, signed),
            &path,
            "signature-stale",
            true,
        ),
        (
            good.replace(&edge.id().to_string(), "00000000-0000-0000-0000-000000000007"),
            &path,
            "edge-unknown",
            true,
        ),
        ("x".to_owned(), path.as_str(), "signature-required", true),
    ];
    for (header, path, slug, is_refused) in table {
        let request = Request::get(path).header(HEADER, header).body(Body::empty()).unwrap();
        let answer = town.send(request).await;
        if is_refused {
            answer.is_problem(401, slug);
        } else {
            let _: HeadV1 = answer.read();
        }
    }
    town.cli(&format!("edge revoke {}", edge.id())).await;
    edge.get(&path).await.is_problem(401, "edge-unknown");
    town.stop().await;
}

#[tokio::test]
async fn a_store_touches_only_what_is_its_own() {
    let town = Town::new().await;
    let (a, b) = (town.edge("SH001").await, town.edge("SH002").await);
    let own = Scope::Store(StoreId(a.enrolled.store));
    let foreign = Scope::Store(StoreId(b.enrolled.store));
    let head: HeadV1 = a.get(&path::head(own)).await.read();
    let _: HeadV1 = a.get(&path::head(Scope::Catalog)).await.read();
    for path in [
        path::head(foreign),
        format!("/edge/v1/scopes/{foreign}/feed?incarnation={}&since=0", head.incarnation),
        path::snapshot(foreign),
        path::snapshot_file(foreign, 1),
        path::head(Scope::Store(StoreId(99))),
    ] {
        a.get(&path).await.is_problem(403, "forbidden");
    }
    let batch = b"{\"epoch\":1,\"prev_chain\":\"x\",\"facts\":[]}";
    a.call("POST", &path::batches(b.id()), batch).await.is_problem(403, "forbidden");
    a.get("/edge/v1/scopes/nothing/head").await.is_problem(404, "not-found");
    a.get("/edge/v1/nowhere").await.is_problem(404, "not-found");
    a.call("DELETE", &path::head(own), b"").await.is_problem(405, "method-not-allowed");
    town.stop().await;
}
