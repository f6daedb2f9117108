//! Places that a store says stay empty: written down, passed over in the open, and filled when what lies
//! there comes after all.

use sync::{
    chain::Hash,
    wire::{BatchAnswerV1, BatchV1, HoleV1, ToldV1, VerdictV1},
};

use crate::{
    intake::{Outbox, order, post, processed},
    town::{Edge, Town},
};

/// An outbox of so many orders.
fn outbox(orders: u32) -> Outbox {
    let mut outbox = Outbox::new();
    for number in 1..=orders {
        outbox.order(&order("SH001", number, 100));
    }
    outbox
}

/// A batch that tells of a hole, and of the facts after it up to a place.
fn holed(outbox: &Outbox, from: i64, through: i64, to: usize) -> BatchV1 {
    let end = usize::try_from(through).unwrap();
    let prev_chain = outbox.facts[end - 1].chain;
    let hole = Some(HoleV1 { from, through, reason: "refused with 400\0, alone".to_owned() });
    let facts = outbox.facts[end..to].to_vec();
    BatchV1 { session: None, epoch: 1, prev_chain, hole, facts }
}

async fn sent(edge: &Edge<'_>, batch: &BatchV1) -> BatchAnswerV1 {
    post(edge, batch).await.read()
}

#[tokio::test]
async fn a_hole_is_written_down_once_and_the_facts_behind_it_are_kept() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = outbox(6);
    sent(&edge, &outbox.batch(1, 2)).await;
    // The same again, alone and with what follows, as after answers that were lost.
    for (to, acked) in [(3, 3), (3, 3), (5, 5), (6, 6), (3, 6)] {
        let answer = sent(&edge, &holed(&outbox, 3, 3, to)).await;
        assert_eq!((answer.acked_seq, answer.expected_seq), (acked, None), "up to {to}");
    }
    processed(&town).await;
    assert_eq!(town.rows("select count(*) from orders"), ["5"]);
    assert_eq!(
        town.rows("select first, through, reason from hole"),
        ["3|3|refused with 400, alone"]
    );
    let troubles = town.cli_json("orders troubles --store SH001").await;
    let [trouble] = troubles.as_array().unwrap().as_slice() else { panic!("{troubles}") };
    assert_eq!((&trouble["what"], &trouble["seq"]), (&"hole".into(), &3.into()));
    let reason = trouble["reason"].as_str().unwrap();
    assert_eq!(reason, "places 3 to 3 of life 1 stay empty: refused with 400, alone");
    town.stop().await;
}

#[tokio::test]
async fn what_was_said_to_be_missing_is_kept_when_it_comes_and_the_hole_is_gone() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = outbox(5);
    sent(&edge, &holed(&outbox, 1, 2, 5)).await;
    for (batch, duplicates) in [(outbox.batch(2, 5), 3), (outbox.batch(1, 1), 0)] {
        let answer = sent(&edge, &batch).await;
        let is_duplicate = |told: &&ToldV1| told.verdict == VerdictV1::Duplicate;
        assert_eq!(answer.verdicts.iter().filter(is_duplicate).count(), duplicates);
        assert_eq!((answer.acked_seq, answer.verdicts.len()), (5, duplicates));
    }
    processed(&town).await;
    assert_eq!(town.rows("select count(*) from orders"), ["5"]);
    assert_eq!(town.rows("select count(*) from event_place"), ["5"]);
    let troubles = town.cli_json("orders troubles --store SH001").await;
    assert_eq!(troubles, serde_json::json!([]));
    // It stands written that it was told.
    assert_eq!(town.rows("select count(*) from hole"), ["1"]);
    town.stop().await;
}

#[tokio::test]
async fn a_hole_that_does_not_fit_is_not_written_down() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let outbox = outbox(6);
    sent(&edge, &outbox.batch(1, 2)).await;
    let gap = sent(&edge, &holed(&outbox, 4, 4, 6)).await;
    assert_eq!((gap.acked_seq, gap.expected_seq), (2, Some(3)));
    let reversed = BatchV1 { hole: Some(hole(4, 3)), ..holed(&outbox, 3, 3, 3) };
    post(&edge, &reversed).await.is_problem(400, "malformed");
    let of_nothing = BatchV1 { hole: Some(hole(0, 3)), ..holed(&outbox, 3, 3, 3) };
    post(&edge, &of_nothing).await.is_problem(400, "malformed");
    assert_eq!(town.rows("select count(*) from hole"), ["0"]);
    // Facts that are held do not become a hole by words, and another history is none.
    let held = BatchV1 { prev_chain: Hash::of(b"x"), ..holed(&outbox, 1, 2, 2) };
    post(&edge, &held).await.is_problem(409, "forked");
    assert_eq!(town.rows("select count(*) from hole"), ["0"]);
    town.stop().await;
}

fn hole(from: i64, through: i64) -> HoleV1 {
    HoleV1 { from, through, reason: String::new() }
}
