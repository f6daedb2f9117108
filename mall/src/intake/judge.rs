//! Does a batch fit where the mall stands, and what is each fact.
//!
//! **Invariant:** pure; the same batch at the same cursor is judged the same.

use domain::receipt_number::WORKSTATION_MAX;
use serde::de::DeserializeOwned;
use sync::{
    chain::Hash,
    wire::{
        BatchV1, FactV1, KIND_ORDER, KIND_PICKUP_HANDED_OVER, KIND_PICKUP_READY, KIND_POST_VOID,
        OrderV1, OrderV1Fault, PickupHandedOverV1, PickupReadyV1, PostVoidV1,
    },
};
use uuid::Uuid;

use crate::{
    db::inbox::{Cursor, is_kind},
    pickup::Tale,
};

/// Why a whole batch is turned away; nothing of it is kept, and the edge node keeps all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It comes from another life of the ledger.
    #[error("the batch is of another epoch; this node's is {ours}")]
    Epoch {
        /// The one the mall knows.
        ours: i64,
    },
    /// It is of a session that ended, or of none.
    #[error("the session of the batch has ended")]
    SessionEnded,
    /// Its sequences are not dense and rising from 1.
    #[error("the sequences of the batch are not dense and rising")]
    Sequences,
    /// Its chain does not go on from what the mall holds.
    #[error("the chain of the batch does not fit what is held")]
    Forked,
}

/// How a batch stands to the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It begins where the mall stands, or before.
    Fits,
    /// It begins later: send again from here.
    Gap {
        /// The sequence that is expected.
        expected: i64,
    },
}

/// Looks at the frame of a batch: epoch, sequences, chain.
pub(super) fn frame(cursor: &Cursor, batch: &BatchV1) -> Result<Fit, Refusal> {
    if i64::from(batch.epoch) != cursor.epoch {
        return Err(Refusal::Epoch { ours: cursor.epoch });
    }
    let Some(first) = batch.facts.first() else {
        return Ok(Fit::Fits);
    };
    let mut pairs = batch.facts.iter().zip(batch.facts.iter().skip(1));
    let is_dense = pairs.all(|(one, next)| one.seq.checked_add(1) == Some(next.seq));
    if first.seq < 1 || !is_dense {
        return Err(Refusal::Sequences);
    }
    let expected = cursor.acked_seq.saturating_add(1);
    if first.seq > expected {
        return Ok(Fit::Gap { expected });
    }
    // The link that must be the one the mall holds: before the batch, or inside it.
    let mut chain = batch.prev_chain;
    let mut at = first.seq - 1;
    for fact in &batch.facts {
        if at == cursor.acked_seq && chain != cursor.acked_chain {
            return Err(Refusal::Forked);
        }
        chain = chain.link(fact.id, fact.digest);
        at = fact.seq;
        if chain != fact.chain {
            return Err(Refusal::Forked);
        }
    }
    if at == cursor.acked_seq && chain != cursor.acked_chain {
        return Err(Refusal::Forked);
    }
    Ok(Fit::Fits)
}

/// What a fact is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// An order whose sums hold.
    Order(Box<OrderV1>),
    /// An order was undone; whether the order is such a one is seen when it is processed.
    PostVoid(PostVoidV1),
    /// What the store did with an online order.
    Pickup(Tale),
    /// Newer than this mall.
    Unknown,
    /// Not readable, or its sums do not hold.
    Bad(String),
}

impl Judged {
    /// Whether there is something to do with it after it was kept.
    pub(super) const fn is_work(&self) -> bool {
        match self {
            Self::Order(_) | Self::PostVoid(_) | Self::Pickup(_) => true,
            Self::Unknown | Self::Bad(_) => false,
        }
    }
}

/// Looks at one fact of a store.
pub(super) fn fact(store_code: &str, fact: &FactV1, digest: Hash) -> Judged {
    if digest != fact.digest {
        return Judged::Bad("the digest does not fit the body".to_owned());
    }
    if !is_kind(&fact.kind) {
        return Judged::Bad("the kind is no word".to_owned());
    }
    match (fact.kind.as_str(), fact.v) {
        (KIND_ORDER, 1) => order(store_code, fact).unwrap_or_else(Judged::Bad),
        (KIND_POST_VOID, 1) => post_void(fact).unwrap_or_else(Judged::Bad),
        (KIND_PICKUP_READY, 1) => pickup_ready(fact).unwrap_or_else(Judged::Bad),
        (KIND_PICKUP_HANDED_OVER, 1) => pickup_handed_over(fact).unwrap_or_else(Judged::Bad),
        (_, _) => Judged::Unknown,
    }
}

/// Reads a body. What is told is where it breaks, not what stands there: a reason is shown, a body
/// is not.
fn read<T: DeserializeOwned>(body: &str, what: &str) -> Result<T, String> {
    if tells_nul(body) {
        return Err(format!("not {what}: a text in it holds the sign NUL"));
    }
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("not {what}: line {line}, column {column}")
    })
}

/// Whether a text in a JSON document holds the sign NUL, which no order has and not every engine
/// keeps. As it is, JSON does not allow it; written `\u0000` it does.
fn tells_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        // After an odd number of backslashes this one is itself what is escaped.
        let before = json.get(..at).unwrap_or_default();
        before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
    })
}

fn order(store_code: &str, fact: &FactV1) -> Result<Judged, String> {
    let order: OrderV1 = read(&fact.body, "an order")?;
    if order.id.uuid() != fact.id {
        return Err("the order has another id than its fact".to_owned());
    }
    let checked = order.clone().into_order().map_err(|fault| match fault {
        OrderV1Fault::Sum(fault) => fault.to_string(),
        OrderV1Fault::ReceiptNumber | OrderV1Fault::Currency => fault.to_string(),
    })?;
    if checked.receipt_number.store.to_string() != store_code {
        return Err("the receipt number is another store's".to_owned());
    }
    Ok(Judged::Order(Box::new(order)))
}

fn post_void(fact: &FactV1) -> Result<Judged, String> {
    let told: PostVoidV1 = read(&fact.body, "a post-void")?;
    if told.id != fact.id {
        return Err("the post-void has another id than its fact".to_owned());
    }
    if !(1..=WORKSTATION_MAX).contains(&told.workstation) {
        return Err(format!("there is no workstation {}", told.workstation));
    }
    Ok(Judged::PostVoid(told))
}

fn pickup_ready(fact: &FactV1) -> Result<Judged, String> {
    let told: PickupReadyV1 = read(&fact.body, "a pickup that is ready")?;
    check_pickup(fact, told.id, told.workstation)?;
    Ok(Judged::Pickup(Tale::Ready(told)))
}

fn pickup_handed_over(fact: &FactV1) -> Result<Judged, String> {
    let told: PickupHandedOverV1 = read(&fact.body, "a pickup that was handed over")?;
    check_pickup(fact, told.id, told.workstation)?;
    Ok(Judged::Pickup(Tale::HandedOver(told)))
}

fn check_pickup(fact: &FactV1, id: Uuid, workstation: u16) -> Result<(), String> {
    if id != fact.id {
        return Err("what is told of a pickup has another id than its fact".to_owned());
    }
    if (1..=WORKSTATION_MAX).contains(&workstation) {
        Ok(())
    } else {
        Err(format!("there is no workstation {workstation}"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn facts(from: i64, to: i64) -> (Hash, Vec<FactV1>) {
        let mut chain = Hash::GENESIS;
        let mut facts = Vec::new();
        let mut before = chain;
        for seq in 1..=to {
            let id = Uuid::from_u128(seq.unsigned_abs().into());
            let body = format!("{{\"seq\":{seq}}}");
            let digest = Hash::of(body.as_bytes());
            if seq == from {
                before = chain;
            }
            chain = chain.link(id, digest);
            if seq >= from {
                facts.push(FactV1 { seq, id, kind: "x".into(), v: 1, body, digest, chain });
            }
        }
        (before, facts)
    }

    fn batch(from: i64, to: i64) -> BatchV1 {
        let (prev_chain, facts) = facts(from, to);
        BatchV1 { session: None, epoch: 1, prev_chain, facts }
    }

    /// A batch of one fact at a place.
    fn last(seq: i64) -> BatchV1 {
        let mut batch = batch(1, 1);
        batch.facts[0].seq = seq;
        batch
    }

    fn cursor(acked_seq: i64) -> Cursor {
        let acked_chain = batch(1, acked_seq).facts.last().map_or(Hash::GENESIS, |f| f.chain);
        Cursor { epoch: 1, acked_seq, acked_chain }
    }

    #[test]
    fn a_batch_fits_when_it_begins_where_the_mall_stands_or_before() {
        let table = [
            (0, batch(1, 3), Ok(Fit::Fits)),
            (3, batch(4, 9), Ok(Fit::Fits)),
            (3, batch(2, 5), Ok(Fit::Fits)),
            (3, batch(1, 3), Ok(Fit::Fits)),
            (5, batch(2, 3), Ok(Fit::Fits)),
            (3, batch(5, 6), Ok(Fit::Gap { expected: 4 })),
            (0, batch(2, 2), Ok(Fit::Gap { expected: 1 })),
            (0, last(i64::MAX), Ok(Fit::Gap { expected: 1 })),
        ];
        for (acked, batch, expected) in table {
            assert_eq!(frame(&cursor(acked), &batch), expected, "at {acked}");
        }
    }

    #[test]
    fn a_batch_of_another_history_is_turned_away() {
        let check = |acked: i64, change: fn(&mut BatchV1), expected: Refusal| {
            let mut changed = batch(acked.min(2) + 1, 6);
            change(&mut changed);
            assert_eq!(frame(&cursor(acked), &changed), Err(expected));
        };
        check(0, |b| b.epoch = 2, Refusal::Epoch { ours: 1 });
        check(0, |b| b.facts[1].seq = 9, Refusal::Sequences);
        check(0, |b| b.facts[0].seq = i64::MAX, Refusal::Sequences);
        check(0, |b| drop(b.facts.remove(2)), Refusal::Sequences);
        check(0, |b| b.facts.iter_mut().for_each(|f| f.seq -= 1), Refusal::Sequences);
        check(0, |b| b.prev_chain = Hash::of(b"x"), Refusal::Forked);
        check(0, |b| b.facts[3].id = Uuid::from_u128(99), Refusal::Forked);
        check(0, |b| b.facts[3].digest = Hash::of(b"y"), Refusal::Forked);
        check(0, |b| b.facts[5].chain = Hash::of(b"z"), Refusal::Forked);
        // A history that is whole in itself and another one than the mall's.
        let mut other = batch(1, 6);
        let mut chain = Hash::GENESIS;
        for fact in &mut other.facts {
            fact.id = Uuid::from_u128(fact.id.as_u128() + 100);
            chain = chain.link(fact.id, fact.digest);
            fact.chain = chain;
        }
        assert_eq!(frame(&cursor(3), &other), Err(Refusal::Forked));
        assert_eq!(frame(&cursor(6), &other), Err(Refusal::Forked));
    }

    #[test]
    fn a_nul_is_told_from_a_backslash_before_four_noughts() {
        assert!(tells_nul(r#"{"a":"x\u0000"}"#) && tells_nul(r#"["\\\u0000"]"#));
        assert!(!tells_nul(r#"{"a":"\\u0000"}"#) && !tells_nul(r#"["\u0001", 0]"#));
    }

    #[test]
    fn a_fact_is_an_order_or_unknown_or_bad_with_a_reason() {
        let check = |kind: &str, v: u16, body: &str, expected: Judged| {
            let digest = Hash::of(body.as_bytes());
            let id = Uuid::from_u128(1);
            let one = FactV1 {
                seq: 1,
                id,
                kind: kind.into(),
                v,
                body: body.into(),
                digest,
                chain: Hash::GENESIS,
            };
            assert_eq!(fact("SH001", &one, digest), expected, "{body}");
        };
        check("shift", 1, "anything", Judged::Unknown);
        check("order", 2, "anything", Judged::Unknown);
        check("shift", 1, "\0", Judged::Unknown);
        check("sh\0ift", 1, "{}", Judged::Bad("the kind is no word".into()));
        check(&"x".repeat(65), 1, "{}", Judged::Bad("the kind is no word".into()));
        let nul = "not an order: a text in it holds the sign NUL";
        check("order", 1, "{\"operator\":\"\\u0000\"}", Judged::Bad(nul.into()));
        check("order", 1, "secret!", Judged::Bad("not an order: line 1, column 1".into()));
        let (_, mut one) = facts(1, 1);
        one[0].body.push(' ');
        let digest = Hash::of(one[0].body.as_bytes());
        let expected = Judged::Bad("the digest does not fit the body".into());
        assert_eq!(fact("SH001", &one[0], digest), expected);
    }
}
