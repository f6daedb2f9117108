//! Many mouths at once, and packed ones: what does not fit is turned away, and nothing of it is kept.

use axum::http::StatusCode;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use sync::{path, wire::BatchAnswerV1};

use crate::{
    intake::{Outbox, order, post},
    place::Home,
    town::Town,
};

fn packed(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

#[tokio::test]
async fn a_packed_batch_is_kept_as_one_that_is_not() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    outbox.order(&order("SH001", 1, 100)).order(&order("SH001", 2, 200));
    let path = path::batches(edge.id());
    let body = serde_json::to_vec(&outbox.batch(1, 1)).unwrap();
    let answer: BatchAnswerV1 = edge.post_packed(&path, "zstd", &packed(&body)).await.read();
    assert_eq!((answer.acked_seq, answer.retry_after_ms, answer.credits), (1, None, None));
    let answer: BatchAnswerV1 = post(&edge, &outbox.batch(1, 2)).await.read();
    assert_eq!((answer.acked_seq, answer.verdicts.len()), (2, 1));
    town.stop().await;
}

#[tokio::test]
async fn what_swells_is_torn_or_packed_otherwise_is_turned_away() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let path = path::batches(edge.id());
    let mut outbox = Outbox::new();
    outbox.order(&order("SH001", 1, 100));
    let body = serde_json::to_vec(&outbox.batch(1, 1)).unwrap();
    // A gigabyte of blanks in some tens of kilobytes.
    let mebibyte = vec![b' '; 1_024 * 1_024];
    let bomb: Vec<u8> = packed(&mebibyte).repeat(1_024);
    assert!(bomb.len() < 128 * 1_024, "{}", bomb.len());
    let torn = packed(&body)[..40].to_vec();
    // A frame that says it needs a window of 2 GiB (RFC 8878, 3.1.1.1.2).
    let greedy = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8][..], &[0; 9]].concat();
    let table = [
        ("zstd", bomb, 413, "body-too-large"),
        ("zstd", torn, 400, "malformed"),
        ("zstd", greedy, 400, "malformed"),
        ("zstd", body.clone(), 400, "malformed"),
        ("zstd", Vec::new(), 400, "malformed"),
        ("gzip", body.clone(), 415, "packing-unknown"),
        ("zstd, zstd", packed(&body), 415, "packing-unknown"),
    ];
    for (packing, body, status, slug) in table {
        edge.post_packed(&path, packing, &body).await.is_problem(status, slug);
    }
    assert_eq!(town.rows("select count(*) from event_id"), ["0"]);
    town.stop().await;
}

/// Batches at once: more than work and wait.
const AT_ONCE: usize = 100;

#[tokio::test]
async fn a_mall_that_is_full_says_when_to_come_again_and_keeps_nothing_of_who_does() {
    let town = Town::over(Home::of_a_file()).await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    outbox.order(&order("SH001", 1, 100));
    let batch = outbox.batch(1, 1);
    let held = town.folder.place().hold();
    let calls = (0..AT_ONCE).map(|_| Box::pin(post(&edge, &batch)));
    let mut calls: FuturesUnordered<_> = calls.collect();
    // Nobody can be served, so whoever is answered is turned away: all who find no room.
    let mut n_full = 0;
    while n_full < AT_ONCE - 64 {
        let answer = calls.next().await.unwrap();
        answer.is_problem(503, "busy");
        assert_eq!(answer.json()["retry_after_ms"], 3_000);
        n_full += 1;
    }
    held.let_go();
    let mut n_asked_to_rest = 0;
    while let Some(answer) = calls.next().await {
        assert_eq!(answer.status, StatusCode::OK);
        let told: BatchAnswerV1 = answer.read();
        assert_eq!(told.acked_seq, 1);
        n_asked_to_rest += usize::from(told.retry_after_ms.is_some());
    }
    assert!(n_asked_to_rest > 0);
    drop(calls);
    assert_eq!(town.rows("select count(*) from event_id"), ["1"]);
    let answer: BatchAnswerV1 = post(&edge, &batch).await.read();
    assert_eq!((answer.retry_after_ms, answer.credits), (None, None));
    town.stop().await;
}
