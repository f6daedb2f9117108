//! Ledgers that were put back, copied or moved, and malls that were: each fact is held once, and each
//! ledger goes on.

use sync::{
    chain::Hash,
    path,
    wire::{
        BatchAnswerV1, BatchV1, FactV1, LostPageV1, LostV1, PlaceV1, SessionAskV1, SessionV1,
        VerdictV1,
    },
};
use uuid::Uuid;

use crate::{
    intake::{Outbox, order, post, processed},
    town::{Edge, Town},
};

/// A ledger on a machine: what it says of itself, and what it has done.
#[derive(Clone)]
struct Ledger {
    machine: &'static str,
    epoch: u32,
    nonce: Option<Uuid>,
    /// Of this life.
    outbox: Outbox,
    acked: usize,
    is_doubtful: bool,
}

impl Ledger {
    fn new(machine: &'static str) -> Self {
        let outbox = Outbox::new();
        Self { machine, epoch: 1, nonce: None, outbox, acked: 0, is_doubtful: false }
    }

    fn sell(&mut self, number: u32) {
        self.outbox.order(&order("SH001", number, 1_000));
    }

    fn place(&self, n: usize) -> PlaceV1 {
        let fact = n.checked_sub(1).map(|last| &self.outbox.facts[last]);
        fact.map_or(PlaceV1::START, |fact| PlaceV1 { seq: fact.seq, chain: fact.chain })
    }

    fn ask(&self) -> SessionAskV1 {
        SessionAskV1 {
            id: Uuid::now_v7(),
            epoch: self.epoch,
            boot_no: 1,
            machine: Hash::of(self.machine.as_bytes()),
            nonce: self.nonce,
            newest: self.place(self.outbox.facts.len()),
            acked: self.place(self.acked),
            is_doubtful: self.is_doubtful,
        }
    }

    /// Says where it stands and goes on as it is told, as an edge node does.
    async fn opens(&mut self, edge: &Edge<'_>) -> SessionV1 {
        let told = session(edge, &self.ask()).await;
        let held = told.lives.iter().find(|life| life.epoch == self.epoch);
        let held = usize::try_from(held.map_or(0, |life| life.acked_seq)).unwrap();
        self.acked = self.acked.min(held);
        if told.epoch != self.epoch {
            let waiting = self.outbox.facts.split_off(self.acked);
            (self.outbox, self.epoch, self.acked) = (Outbox::new(), told.epoch, 0);
            for fact in waiting {
                self.outbox.push_raw(fact);
            }
        }
        (self.nonce, self.is_doubtful) = (Some(told.nonce), false);
        told
    }

    fn batch(&self) -> BatchV1 {
        let batch = self.outbox.batch(self.acked + 1, self.outbox.facts.len());
        BatchV1 { session: self.nonce, epoch: self.epoch, ..batch }
    }

    /// All of this life, told or not.
    fn batch_of_all(&self) -> BatchV1 {
        let batch = self.outbox.batch(1, self.outbox.facts.len());
        BatchV1 { session: self.nonce, epoch: self.epoch, ..batch }
    }

    /// Tells all that waits, in one batch.
    async fn tells(&mut self, edge: &Edge<'_>) -> BatchAnswerV1 {
        let answer: BatchAnswerV1 = post(edge, &self.batch()).await.read();
        self.acked = usize::try_from(answer.acked_seq).unwrap();
        assert_eq!(self.acked, self.outbox.facts.len());
        answer
    }
}

async fn session(edge: &Edge<'_>, ask: &SessionAskV1) -> SessionV1 {
    edge.call("POST", path::SESSIONS, &serde_json::to_vec(ask).unwrap()).await.read()
}

fn numbers(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|number| format!("SH001-1-1-20261121-{number:04}")).collect()
}

async fn receipts(town: &Town) -> Vec<String> {
    processed(town).await;
    town.rows("select receipt_number from orders order by receipt_number")
}

#[tokio::test]
async fn a_ledger_goes_on_in_its_life_and_each_session_has_a_nonce_of_its_own() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    let first = own.opens(&edge).await;
    assert_eq!((first.epoch, first.is_frozen, first.lost.len()), (1, false, 0));
    own.tells(&edge).await;
    own.sell(2);
    // What is not of this session is not taken, whoever sends it.
    let of = |session| BatchV1 { session, ..own.batch() };
    for wrong in [None, Some(Uuid::from_u128(3))] {
        post(&edge, &of(wrong)).await.is_problem(409, "session-ended");
    }
    let second = own.opens(&edge).await;
    assert_eq!(second.epoch, 1);
    assert_ne!(second.nonce, first.nonce);
    post(&edge, &BatchV1 { session: Some(first.nonce), ..own.batch() })
        .await
        .is_problem(409, "session-ended");
    own.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=2));
    town.stop().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.opens(&edge).await;
    own.tells(&edge).await;
    let old = own.clone();
    own.sell(2);
    own.opens(&edge).await;
    // Put back, it is given a life, but does not hear of it.
    let mut back = old;
    let ask = back.ask();
    let told = session(&edge, &ask).await;
    assert_eq!(told.epoch, 2);
    assert_eq!(session(&edge, &ask).await, told);
    assert_eq!(town.rows("select count(*) from edge_life"), ["2"]);
    assert_eq!(back.opens(&edge).await.epoch, 3, "another ask is another matter");
    town.stop().await;
}

#[tokio::test]
async fn a_ledger_that_went_back_gets_a_new_life_and_what_it_lost() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.sell(2);
    own.opens(&edge).await;
    own.tells(&edge).await;
    let copy = own.clone();
    for number in 3..=5 {
        own.sell(number);
    }
    own.tells(&edge).await;
    // The copy is put back and sells before it has heard anything.
    let mut back = copy;
    back.sell(6);
    let told = back.opens(&edge).await;
    assert_eq!(told.epoch, 2);
    assert_eq!(told.lost, [LostV1 { epoch: 1, after: 2, through: 5 }]);
    let page: LostPageV1 = edge.get(&path::lost(1, 2)).await.read();
    let bodies =
        |facts: &[FactV1]| -> Vec<String> { facts.iter().map(|fact| fact.body.clone()).collect() };
    let lost: Vec<String> = page.facts.iter().map(|fact| fact.body.clone()).collect();
    assert_eq!(lost, bodies(&own.outbox.facts[2..]));
    assert!(edge.get(&path::lost(1, 5)).await.read::<LostPageV1>().facts.is_empty());
    back.tells(&edge).await;
    back.sell(7);
    back.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=7));
    // The life before it has ended: nobody speaks in it.
    post(&edge, &own.batch_of_all()).await.is_problem(409, "session-ended");
    town.stop().await;
}

#[tokio::test]
async fn what_is_told_again_in_a_new_life_is_held_once() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.opens(&edge).await;
    own.sell(1);
    let copy = own.clone();
    own.tells(&edge).await;
    // The copy never heard that the order was taken.
    let mut back = copy;
    back.sell(2);
    back.is_doubtful = true;
    assert_eq!(back.opens(&edge).await.epoch, 2);
    let answer = back.tells(&edge).await;
    assert_eq!(answer.acked_seq, 2);
    assert_eq!(answer.verdicts.len(), 1);
    assert_eq!(answer.verdicts[0].verdict, VerdictV1::Duplicate);
    assert_eq!(receipts(&town).await, numbers(1..=2));
    let places = "select epoch, seq from event_place order by epoch, seq";
    assert_eq!(town.rows(places), ["1|1", "2|1", "2|2"]);
    town.stop().await;
}

#[tokio::test]
async fn two_boxes_with_one_history_are_told_apart_and_the_later_one_is_frozen() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut first = Ledger::new("a");
    first.sell(1);
    first.opens(&edge).await;
    first.tells(&edge).await;
    let mut second = Ledger { machine: "b", ..first.clone() };
    (1..=2).for_each(|n| first.sell(10 + n));
    (1..=2).for_each(|n| second.sell(20 + n));
    // A disk that moved looks the same at first.
    let moved = second.opens(&edge).await;
    assert_eq!((moved.epoch, moved.is_frozen), (2, false));
    second.tells(&edge).await;
    let went_on = first.opens(&edge).await;
    assert_eq!((went_on.epoch, went_on.is_frozen), (1, false));
    first.tells(&edge).await;
    assert!(second.opens(&edge).await.is_frozen);
    second.sell(23);
    second.tells(&edge).await;
    let mut expected = numbers(1..=1);
    expected.extend(numbers(11..=12));
    expected.extend(numbers(21..=23));
    assert_eq!(receipts(&town).await, expected);
    let lives = "select epoch, why from edge_life order by epoch";
    assert_eq!(town.rows(lives), ["1|enrolled", "2|moved"]);
    let listed = town.cli("edge list --store SH001").await;
    assert!(listed.contains("speaks") && listed.contains("frozen"), "{listed}");
    // HQ decides for the new box, and the old one is told.
    town.cli(&format!("edge keep {} --epoch 2", edge.id())).await;
    assert!(!second.opens(&edge).await.is_frozen);
    assert!(first.opens(&edge).await.is_frozen);
    assert!(town.try_cli(&format!("edge keep {} --epoch 9", edge.id())).await.is_err());
    town.stop().await;
}

#[tokio::test]
async fn two_boxes_that_cannot_be_told_apart_get_a_life_each_time_and_nothing_is_lost() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut one = Ledger::new("a");
    one.sell(1);
    one.opens(&edge).await;
    one.tells(&edge).await;
    let mut other = one.clone();
    for round in 0..3 {
        for (who, base) in [(&mut one, 10), (&mut other, 20)] {
            who.sell(base + round);
            who.opens(&edge).await;
            who.tells(&edge).await;
        }
    }
    let mut expected = numbers(1..=1);
    expected.extend(numbers(10..=12));
    expected.extend(numbers(20..=22));
    assert_eq!(receipts(&town).await, expected);
    assert_eq!(one.epoch, 5);
    assert_eq!(other.epoch, 6);
    town.stop().await;
}

#[tokio::test]
async fn a_history_that_split_is_seen_by_its_batch() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.opens(&edge).await;
    own.tells(&edge).await;
    // Copied together with the session: the same nonce, other facts.
    let mut twin = own.clone();
    own.sell(2);
    own.tells(&edge).await;
    twin.sell(3);
    post(&edge, &twin.batch()).await.is_problem(409, "forked");
    post(&edge, &twin.batch()).await.is_problem(409, "session-ended");
    assert_eq!(twin.opens(&edge).await.epoch, 2);
    twin.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=3));
    town.stop().await;
}

#[tokio::test]
async fn a_mall_that_was_put_back_is_told_again_what_it_has_lost() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.opens(&edge).await;
    own.tells(&edge).await;
    // As if an older copy of the mall's database came back: the rest is not known here.
    let mut ahead = own.clone();
    for number in 2..=4 {
        ahead.sell(number);
    }
    ahead.acked = 3;
    ahead.nonce = Some(Uuid::from_u128(99));
    let told = ahead.opens(&edge).await;
    assert_eq!((told.epoch, ahead.acked), (1, 1));
    ahead.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=4));
    // One that was given a life in the meantime has that one no more.
    let mut later = Ledger { epoch: 7, outbox: Outbox::new(), acked: 0, ..ahead };
    later.sell(5);
    assert!(later.opens(&edge).await.epoch > 7, "a life that was given in the meantime");
    later.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=5));
    town.stop().await;
}

#[tokio::test]
async fn of_a_life_that_a_mall_has_given_twice_nothing_is_taken_for_held_that_is_not() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.opens(&edge).await;
    own.tells(&edge).await;
    let mut copy = Ledger { machine: "b", nonce: None, ..own.clone() };
    assert_eq!(copy.opens(&edge).await.epoch, 2);
    copy.sell(2);
    copy.tells(&edge).await;
    // Before the mall was put back it had given that life to a third box, and held what it sold.
    let mut third = Ledger { machine: "c", epoch: 2, outbox: Outbox::new(), acked: 0, ..own };
    third.sell(3);
    third.acked = 1;
    let told = third.opens(&edge).await;
    assert_eq!((told.epoch, third.outbox.facts.len()), (3, 1));
    let first = copy.outbox.facts[0].chain;
    let second = told.lives.iter().find(|life| life.epoch == 2).unwrap();
    assert_eq!((second.acked_seq, second.first), (0, Some(first)));
    third.tells(&edge).await;
    assert_eq!(receipts(&town).await, numbers(1..=3));
    town.stop().await;
}

#[tokio::test]
async fn nobody_reads_what_another_node_has_sent() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut own = Ledger::new("a");
    own.sell(1);
    own.opens(&edge).await;
    own.tells(&edge).await;
    let other = town.edge("SH002").await;
    assert!(other.get(&path::lost(1, 0)).await.read::<LostPageV1>().facts.is_empty());
    let batch = own.batch_of_all();
    let answer = post(&other, &batch).await;
    answer.is_problem(409, "session-ended");
    other.get("/edge/v1/lives/x/facts?after=0").await.is_problem(404, "not-found");
    other.get("/edge/v1/lives/1/facts").await.is_problem(400, "malformed");
    town.stop().await;
}
