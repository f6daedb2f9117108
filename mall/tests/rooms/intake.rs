//! Batches: every verdict, every refusal, and that splits and repeats change nothing.

use std::time::Duration;

use domain::{
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    quantity::Quantity,
    tender::TenderKind,
    time::Timestamp,
};
use sync::{
    chain::Hash,
    path,
    wire::{
        BatchAnswerV1, BatchV1, FactV1, KIND_ORDER, OrderLineV1, OrderV1, TenderV1, ToldV1,
        VerdictV1,
    },
};
use uuid::Uuid;

use crate::{
    place::Place,
    town::{Answer, Edge, Town},
};

/// An order of one line over so many fen, paid with 100 yuan more than due in cash.
pub(crate) fn order(store: &str, number: u32, fen: i64) -> OrderV1 {
    let money = Money::from_minor;
    let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number));
    OrderV1 {
        id: OrderId::from_uuid(id),
        receipt_number: format!("{store}-1-1-20261121-{number:04}"),
        business_date: "2026-11-21".parse().unwrap(),
        workstation: 1,
        operator: "1001".into(),
        member: None,
        completed_at: Timestamp::from_micros(1_795_255_200_000_000 + i64::from(number)),
        currency: "CNY".into(),
        lines: vec![OrderLineV1 {
            id: LineId::from_uuid(Uuid::from_u128(u128::from(number))),
            number: 1,
            sku: "A1".into(),
            code: "06901234567892".into(),
            name: "纯牛奶".into(),
            spec: "250ml".into(),
            unit: Unit::Piece,
            quantity_milli: Quantity::ONE,
            list_price_minor: money(fen),
            tax_rate_bps: BasisPoints(1_300),
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            tags: Vec::new(),
            list_minor: money(fen),
            amount_minor: money(fen),
            label_amount_minor: None,
            tax_minor: None,
            adjustments: Vec::new(),
            units: Vec::new(),
        }],
        delivery: None,
        list_minor: money(fen),
        total_minor: money(fen),
        rounding_minor: money(0),
        tenders: vec![TenderV1 { kind: TenderKind::Cash, amount_minor: money(fen + 10_000) }],
        change_minor: money(10_000),
        pricing: None,
        grants: Vec::new(),
    }
}

/// An outbox: facts one after the other, chained.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) facts: Vec<FactV1>,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { facts: Vec::new() }
    }

    pub(crate) fn push(&mut self, kind: &str, v: u16, id: Uuid, body: String) -> &mut Self {
        let digest = Hash::of(body.as_bytes());
        self.push_raw(FactV1 { seq: 0, id, kind: kind.into(), v, body, digest, chain: digest })
    }

    /// Adds a fact as it is, with its place and chain set.
    pub(crate) fn push_raw(&mut self, mut fact: FactV1) -> &mut Self {
        fact.seq = i64::try_from(self.facts.len()).unwrap() + 1;
        let before = self.facts.last().map_or(Hash::GENESIS, |last| last.chain);
        fact.chain = before.link(fact.id, fact.digest);
        self.facts.push(fact);
        self
    }

    pub(crate) fn order(&mut self, order: &OrderV1) -> &mut Self {
        self.push(KIND_ORDER, 1, order.id.uuid(), serde_json::to_string(order).unwrap())
    }

    /// The facts from a place up to another, from 1, both with.
    pub(crate) fn batch(&self, from: usize, to: usize) -> BatchV1 {
        let prev_chain = match from {
            1 => Hash::GENESIS,
            from => self.facts[from - 2].chain,
        };
        let facts = self.facts[from - 1..to].to_vec();
        BatchV1 { session: None, epoch: 1, prev_chain, hole: None, facts }
    }
}

pub(crate) async fn post(edge: &Edge<'_>, batch: &BatchV1) -> Answer {
    let body = serde_json::to_vec(batch).unwrap();
    edge.call("POST", &path::batches(edge.id()), &body).await
}

async fn sent(edge: &Edge<'_>, batch: &BatchV1) -> BatchAnswerV1 {
    post(edge, batch).await.read()
}

/// Longer than any inbox of a test takes on a busy machine; a wait that succeeds ends early.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until the processor has nothing left; it is nudged by each batch.
pub(crate) async fn processed(town: &Town) {
    let empty = async {
        while town.rows("select count(*) from event_inbox where state = 'waiting'") != ["0"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let emptied = tokio::time::timeout(PATIENCE, empty).await;
    assert!(emptied.is_ok(), "the inbox is never empty");
}

fn told(seq: i64, verdict: VerdictV1) -> ToldV1 {
    ToldV1 { seq, verdict }
}

fn quarantined(seq: i64, reason: &str) -> ToldV1 {
    told(seq, VerdictV1::Quarantined { reason: reason.into() })
}

#[tokio::test]
async fn every_fact_gets_its_verdict_and_all_are_kept() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    let mut wrong_sum = order("SH001", 3, 300);
    wrong_sum.total_minor = Money::from_minor(299);
    let mut corrupt = order("SH001", 5, 500);
    corrupt.operator = "9".into();
    outbox
        .order(&order("SH001", 1, 1_299))
        .push("shift", 7, Uuid::from_u128(2), "{\"new\":true}".into())
        .order(&wrong_sum)
        .push(KIND_ORDER, 1, Uuid::from_u128(4), "not json".into())
        .order(&corrupt)
        .order(&order("SH002", 6, 600))
        .push(
            KIND_ORDER,
            1,
            Uuid::from_u128(7),
            serde_json::to_string(&order("SH001", 8, 1)).unwrap(),
        );
    let batch = outbox.batch(1, 7);
    let mut damaged = batch.clone();
    damaged.facts[4].body.push(' ');
    let answer = sent(&edge, &damaged).await;
    assert_eq!((answer.acked_seq, answer.expected_seq), (7, None));
    assert_eq!(
        answer.verdicts,
        [
            told(2, VerdictV1::StoredUnknown),
            quarantined(3, "the lines do not add up to the total"),
            quarantined(4, "not an order: line 1, column 2"),
            quarantined(5, "the digest does not fit the body"),
            quarantined(6, "the receipt number is another store's"),
            quarantined(7, "the order has another id than its fact"),
        ]
    );
    processed(&town).await;
    assert_eq!(town.rows("select receipt_number from orders"), ["SH001-1-1-20261121-0001"]);
    assert_eq!(town.rows("select count(*) from event_inbox"), ["7"]);
    assert_eq!(town.rows("select body from event_inbox where seq = 4"), ["not json"]);
    let troubles = town.cli_json("orders troubles --store SH001").await;
    assert_eq!(troubles.as_array().unwrap().len(), 5);
    // A lost answer: the same again tells the same, but for what was plainly accepted.
    let again = sent(&edge, &damaged).await;
    assert_eq!(again.acked_seq, 7);
    assert_eq!(again.verdicts[0], told(1, VerdictV1::Duplicate));
    assert_eq!(again.verdicts[1], told(2, VerdictV1::Duplicate));
    assert_eq!(again.verdicts[2..], answer.verdicts[1..]);
    assert_eq!(town.rows("select count(*) from event_inbox"), ["7"]);
    town.stop().await;
}

#[tokio::test]
async fn another_body_under_a_held_id_is_kept_beside_it_and_told() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    let (first, mut other) = (order("SH001", 1, 100), order("SH001", 1, 200));
    other.operator = "1002".into();
    outbox.order(&first).order(&other).order(&first);
    for _ in 0..2 {
        let answer = sent(&edge, &outbox.batch(2, 2)).await;
        assert_eq!((answer.acked_seq, answer.expected_seq), (0, Some(1)));
    }
    sent(&edge, &outbox.batch(1, 1)).await;
    let answer = sent(&edge, &outbox.batch(2, 3)).await;
    let expected = [told(2, VerdictV1::Conflict), told(3, VerdictV1::Duplicate)];
    assert_eq!((answer.acked_seq, answer.verdicts.as_slice()), (3, expected.as_slice()));
    processed(&town).await;
    assert_eq!(town.rows("select total_minor from orders"), ["100"]);
    assert_eq!(town.rows("select what, seq from trouble"), ["conflict|2"]);
    let kept = town.rows("select body from trouble");
    assert_eq!(kept, [serde_json::to_string(&other).unwrap()]);
    town.stop().await;
}

#[tokio::test]
async fn the_same_id_twice_in_one_batch_is_judged_in_order() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    outbox
        .order(&order("SH001", 1, 100))
        .order(&order("SH001", 1, 100))
        .order(&order("SH001", 1, 7));
    let answer = sent(&edge, &outbox.batch(1, 3)).await;
    let expected = [told(2, VerdictV1::Duplicate), told(3, VerdictV1::Conflict)];
    assert_eq!(answer.verdicts, expected);
    town.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_turned_away_whole() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    for number in 1..=4 {
        outbox.order(&order("SH001", number, 100));
    }
    sent(&edge, &outbox.batch(1, 2)).await;
    let gap = sent(&edge, &outbox.batch(4, 4)).await;
    assert_eq!((gap.acked_seq, gap.expected_seq, gap.verdicts.len()), (2, Some(3), 0));
    let mut other_epoch = outbox.batch(3, 4);
    other_epoch.epoch = 2;
    let answer = post(&edge, &other_epoch).await;
    answer.is_problem(409, "epoch");
    assert_eq!(answer.json()["epoch"], 1);
    let mut broken = outbox.batch(3, 4);
    broken.facts[1].chain = Hash::GENESIS;
    post(&edge, &broken).await.is_problem(409, "forked");
    // A restored copy that sold on: another history under the same places, whole in itself.
    let mut restored = Outbox::new();
    restored.order(&order("SH001", 1, 100)).order(&order("SH001", 9, 900));
    post(&edge, &restored.batch(1, 2)).await.is_problem(409, "forked");
    post(&edge, &restored.batch(2, 2)).await.is_problem(409, "forked");
    restored.order(&order("SH001", 10, 900));
    post(&edge, &restored.batch(3, 3)).await.is_problem(409, "forked");
    let mut sparse = outbox.batch(3, 4);
    sparse.facts[1].seq = 9;
    post(&edge, &sparse).await.is_problem(400, "malformed");
    assert_eq!(town.rows("select count(*) from event_id"), ["2"]);
    let empty = BatchV1 { facts: Vec::new(), ..outbox.batch(3, 3) };
    assert_eq!(sent(&edge, &empty).await.acked_seq, 2);
    assert_eq!(sent(&edge, &outbox.batch(3, 4)).await.acked_seq, 4);
    town.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_batch_are_malformed_too_large_or_tolerated() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let path = path::batches(edge.id());
    for body in ["", "{", "[]", "{\"epoch\":1}", "\u{0}"] {
        edge.call("POST", &path, body.as_bytes()).await.is_problem(400, "malformed");
    }
    let large = vec![b' '; 2 * 1_024 * 1_024 + 1];
    edge.call("POST", &path, &large).await.is_problem(413, "body-too-large");
    let mut outbox = Outbox::new();
    outbox.order(&order("SH001", 1, 100));
    let mut newer = serde_json::to_value(outbox.batch(1, 1)).unwrap();
    newer["from_the_future"] = 1.into();
    newer["facts"][0]["lane"] = "x".into();
    let body = serde_json::to_vec(&newer).unwrap();
    let answer: BatchAnswerV1 = edge.call("POST", &path, &body).await.read();
    assert_eq!(answer.acked_seq, 1);
    town.stop().await;
}

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(word).unwrap() % n
    }
}

/// Sends an outbox in random pieces, some twice, some from before, some too early.
async fn send_at_random(edge: &Edge<'_>, outbox: &Outbox, seed: u64) {
    let mut dice = Dice(seed | 1);
    let n = outbox.facts.len();
    let mut acked = 0;
    while acked < n {
        let from = match dice.below(4) {
            0 => 1 + dice.below(n),
            1 => 1 + dice.below(acked + 1),
            _ => acked + 1,
        };
        let to = (from + dice.below(7)).min(n);
        let answer = sent(edge, &outbox.batch(from, to)).await;
        let is_gap = from > acked + 1;
        assert_eq!(answer.expected_seq.is_some(), is_gap, "{from} at {acked}");
        acked = if is_gap { acked } else { acked.max(to) };
        assert_eq!(usize::try_from(answer.acked_seq).unwrap(), acked);
    }
}

#[tokio::test]
async fn splits_and_repeats_leave_the_same_state() {
    let mut outbox = Outbox::new();
    for number in 1..=40 {
        let mut one = order("SH001", number, i64::from(number) * 101);
        if number % 9 == 0 {
            one.change_minor = Money::from_minor(-1);
        }
        outbox.order(&one);
        if number % 11 == 0 {
            outbox.push("shift", 1, Uuid::from_u128(u128::from(number)), "{}".into());
        }
        if number % 13 == 0 {
            outbox.order(&order("SH001", number - 1, 5));
        }
    }
    let mut states = Vec::new();
    for seed in 0..4 {
        let town = Town::new().await;
        let edge = town.edge("SH001").await;
        if seed == 0 {
            sent(&edge, &outbox.batch(1, outbox.facts.len())).await;
        } else {
            send_at_random(&edge, &outbox, seed).await;
        }
        processed(&town).await;
        let state = [
            "select id, total_minor, change_minor, receipt_number from orders order by id",
            "select order_id, number, sku, amount_minor from order_line order by 1, 2",
            "select order_id, number, kind, amount_minor from tender order by 1, 2",
            "select id, digest, kind, seq, state from event_inbox order by id",
            "select id, digest, what, reason, seq from trouble order by 1, 2",
            "select acked_seq, acked_chain from edge_life",
        ];
        states.push(state.map(|sql| town.rows(sql)));
        let check = town.cli_json("orders check").await;
        assert_eq!(check["faults"], serde_json::json!([]));
        town.stop().await;
    }
    assert_eq!(states[0][0].len(), 36);
    for state in &states[1..] {
        assert_eq!(*state, states[0]);
    }
}

#[tokio::test]
async fn facts_that_were_kept_before_a_restart_are_processed_after_it() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let mut outbox = Outbox::new();
    for number in 1..=3 {
        outbox.order(&order("SH001", number, 100));
    }
    sent(&edge, &outbox.batch(1, 3)).await;
    processed(&town).await;
    let folder = town.stop().await;
    // As if the program had been killed between the answer and the processing, twice.
    mark_waiting(folder.place());
    let town = Town::over(folder).await;
    processed(&town).await;
    assert_eq!(town.rows("select count(*), sum(total_minor) from orders"), ["3|300"]);
    assert_eq!(town.rows("select count(*) from tender"), ["3"]);
    town.stop().await;
}

fn mark_waiting(place: &Place) {
    let sql = "update event_inbox set state = 'waiting';
               delete from tender where order_id = (select max(id) from orders);
               delete from order_line where order_id = (select max(id) from orders);
               delete from orders where id = (select max(id) from orders);";
    place.execute(sql);
}
