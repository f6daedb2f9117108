//! What the mall does with a batch: whether it fits where the mall stands, and what becomes of each
//! fact.
//!
//! **Invariant:** pure; the same batch at the same cursor is judged the same. A fact is known by its
//! id and its bytes, never by its place, so sending again, in other splits, changes nothing.

use uuid::Uuid;

use crate::{
    chain::Hash,
    session::Given,
    wire::{BatchV1, FactV1, HoleV1, VerdictV1},
};

/// How far one life of an edge node's ledger is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The life.
    pub epoch: u32,
    /// Everything up to here is held, or told to be a hole.
    pub acked_seq: i64,
    /// The chain's value there.
    pub acked_chain: Hash,
}

impl Cursor {
    /// The place that is expected next.
    #[must_use]
    pub const fn expected(&self) -> i64 {
        self.acked_seq.saturating_add(1)
    }
}

/// Why a whole batch is turned away; nothing of it is kept, and the edge node keeps all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It comes from another life of the ledger.
    #[error("the batch is of another epoch; this node's is {ours}")]
    Epoch {
        /// The one the mall knows.
        ours: u32,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It begins where the mall stands, or before; the places that it says stay empty, as far as they
    /// are new.
    Fits(Option<HoleV1>),
    /// It begins later: send again from here.
    Gap {
        /// The sequence that is expected.
        expected: i64,
    },
}

/// Whether whoever sends was told to go on in this life; `given` is what each machine was given last.
/// A node that is older than sessions has none.
pub fn is_in_session(given: &[Given], batch: &BatchV1) -> Result<(), Refusal> {
    let Some(nonce) = batch.session else {
        return if given.is_empty() { Ok(()) } else { Err(Refusal::SessionEnded) };
    };
    let own = given.iter().find(|given| given.nonce == Some(nonce));
    match own.ok_or(Refusal::SessionEnded)?.epoch {
        epoch if epoch == batch.epoch => Ok(()),
        ours => Err(Refusal::Epoch { ours }),
    }
}

/// Looks at the frame of a batch: epoch, sequences, chain.
pub fn frame(cursor: &Cursor, batch: &BatchV1) -> Result<Fit, Refusal> {
    if batch.epoch != cursor.epoch {
        return Err(Refusal::Epoch { ours: cursor.epoch });
    }
    let hole = batch.hole.as_ref();
    let first_fact = batch.facts.first().map(|fact| fact.seq);
    let Some(first) = hole.map(|hole| hole.from).or(first_fact) else {
        return Ok(Fit::Fits(None));
    };
    if first < 1 || !is_dense(batch) {
        return Err(Refusal::Sequences);
    }
    if first > cursor.expected() {
        return Ok(Fit::Gap { expected: cursor.expected() });
    }
    let new_hole = hole.filter(|hole| hole.through > cursor.acked_seq).map(|hole| HoleV1 {
        from: cursor.expected(),
        through: hole.through,
        reason: hole.reason.clone(),
    });
    // Over a new hole the chain is believed: who sends it has nothing to prove it by.
    let held = match &new_hole {
        Some(hole) => (hole.through, batch.prev_chain),
        None => (cursor.acked_seq, cursor.acked_chain),
    };
    let before = hole.map_or(first - 1, |hole| hole.through);
    goes_on(held, before, batch)?;
    Ok(Fit::Fits(new_hole))
}

/// Whether no place is missing between the hole, if there is one, and the last fact.
fn is_dense(batch: &BatchV1) -> bool {
    let follows = |one: i64, next: i64| one.checked_add(1) == Some(next);
    let mut pairs = batch.facts.iter().zip(batch.facts.iter().skip(1));
    let is_hole_right = batch.hole.as_ref().is_none_or(|hole| {
        let is_followed = batch.facts.first().is_none_or(|fact| follows(hole.through, fact.seq));
        hole.from <= hole.through && is_followed
    });
    is_hole_right && pairs.all(|(one, next)| follows(one.seq, next.seq))
}

/// Whether the chain of the facts is right in itself, and is the held one where it passes the held
/// place: before the batch, or inside it.
fn goes_on(held: (i64, Hash), before: i64, batch: &BatchV1) -> Result<(), Refusal> {
    let differs = |at: i64, chain: Hash| at == held.0 && chain != held.1;
    let (mut at, mut chain) = (before, batch.prev_chain);
    for fact in &batch.facts {
        if differs(at, chain) {
            return Err(Refusal::Forked);
        }
        (at, chain) = (fact.seq, chain.link(fact.id, fact.digest));
        if chain != fact.chain {
            return Err(Refusal::Forked);
        }
    }
    if differs(at, chain) { Err(Refusal::Forked) } else { Ok(()) }
}

/// Whether every fact at an acknowledged place is one that is held, or lies where a hole was told. One
/// that is neither tells of a history that never was here.
pub fn was_here(
    cursor: &Cursor,
    batch: &BatchV1,
    is_held: impl Fn(Uuid) -> bool,
    is_hole: impl Fn(i64) -> bool,
) -> Result<(), Refusal> {
    let old = batch.facts.iter().take_while(|fact| fact.seq <= cursor.acked_seq);
    let mut strange = old.filter(|fact| !is_held(fact.id) && !is_hole(fact.seq));
    strange.next().map_or(Ok(()), |_| Err(Refusal::Forked))
}

/// Where a life stands after a batch that fits; `None` where it stands still.
#[must_use]
pub fn advanced(cursor: &Cursor, batch: &BatchV1) -> Option<Cursor> {
    let hole = batch.hole.as_ref().map(|hole| (hole.through, batch.prev_chain));
    let last = batch.facts.last().map(|fact| (fact.seq, fact.chain)).or(hole);
    let (acked_seq, acked_chain) = last.filter(|(seq, _)| *seq > cursor.acked_seq)?;
    Some(Cursor { epoch: cursor.epoch, acked_seq, acked_chain })
}

/// What is held under a fact's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// The same bytes; and why they were quarantined, if they were.
    Same(Option<String>),
    /// Other bytes.
    Other,
}

/// What a body was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Something that is to be worked on.
    Work,
    /// Newer than this mall.
    Newer,
    /// Nothing: it could not be read, or its sums do not hold.
    Bad(String),
}

/// What is to be written down of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: it is held.
    Nothing,
    /// Its body, and whether it waits for work.
    Body {
        /// It does.
        is_work: bool,
    },
    /// Its body, and why a person should look.
    BodyAndTrouble(String),
    /// Beside the other body under its id: a person should look.
    Conflict,
}

/// What becomes of a fact. Nothing is refused for what it says; it is read only when it is new.
pub fn verdict(known: Known, read: impl FnOnce() -> Read) -> (VerdictV1, Keep) {
    match known {
        // A lost answer must not hide a quarantine: it is told again.
        Known::Same(Some(reason)) => (VerdictV1::Quarantined { reason }, Keep::Nothing),
        Known::Same(None) => (VerdictV1::Duplicate, Keep::Nothing),
        Known::Other => (VerdictV1::Conflict, Keep::Conflict),
        Known::Nothing => match read() {
            Read::Work => (VerdictV1::Accepted, Keep::Body { is_work: true }),
            Read::Newer => (VerdictV1::StoredUnknown, Keep::Body { is_work: false }),
            Read::Bad(reason) => {
                let verdict = VerdictV1::Quarantined { reason: reason.clone() };
                (verdict, Keep::BodyAndTrouble(reason))
            }
        },
    }
}

/// The facts of a batch as they were before they were wrapped for the way.
#[must_use]
pub fn unwrapped(mut batch: BatchV1) -> BatchV1 {
    let unwrap = |fact: FactV1| crate::raw::unwrap(&fact).unwrap_or(fact);
    batch.facts = batch.facts.into_iter().map(unwrap).collect();
    batch
}

#[cfg(test)]
mod tests {
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
        BatchV1 { session: None, epoch: 1, prev_chain, hole: None, facts }
    }

    /// A batch of one fact at a place.
    fn last(seq: i64) -> BatchV1 {
        let mut batch = batch(1, 1);
        batch.facts[0].seq = seq;
        batch
    }

    /// A batch that tells of a hole, and of the facts after it up to a place.
    fn holed(from: i64, through: i64, to: i64) -> BatchV1 {
        let chain = batch(1, through).facts.last().map_or(Hash::GENESIS, |fact| fact.chain);
        let facts = facts(through + 1, to).1;
        let hole = Some(HoleV1 { from, through, reason: "gone".to_owned() });
        BatchV1 { session: None, epoch: 1, prev_chain: chain, hole, facts }
    }

    fn cursor(acked_seq: i64) -> Cursor {
        let acked_chain = batch(1, acked_seq).facts.last().map_or(Hash::GENESIS, |f| f.chain);
        Cursor { epoch: 1, acked_seq, acked_chain }
    }

    #[test]
    fn a_batch_fits_when_it_begins_where_the_mall_stands_or_before() {
        let table = [
            (0, batch(1, 3), Ok(Fit::Fits(None)), Some(3)),
            (3, batch(4, 9), Ok(Fit::Fits(None)), Some(9)),
            (3, batch(2, 5), Ok(Fit::Fits(None)), Some(5)),
            (3, batch(1, 3), Ok(Fit::Fits(None)), None),
            (5, batch(2, 3), Ok(Fit::Fits(None)), None),
            (5, BatchV1 { facts: vec![], ..batch(1, 1) }, Ok(Fit::Fits(None)), None),
            (3, batch(5, 6), Ok(Fit::Gap { expected: 4 }), None),
            (0, batch(2, 2), Ok(Fit::Gap { expected: 1 }), None),
            (0, last(i64::MAX), Ok(Fit::Gap { expected: 1 }), None),
        ];
        for (acked, batch, expected, stands) in table {
            let cursor = cursor(acked);
            assert_eq!(frame(&cursor, &batch), expected, "at {acked}");
            if let Ok(Fit::Fits(_)) = expected {
                let after = advanced(&cursor, &batch).map(|cursor| cursor.acked_seq);
                assert_eq!(after, stands, "at {acked}");
            }
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
        // At places that are held, whose chain is not looked at any more, ids tell it.
        let at = cursor(9);
        assert_eq!(frame(&at, &other), Ok(Fit::Fits(None)));
        let is_held = |id: Uuid| (1..=9).contains(&id.as_u128());
        assert_eq!(was_here(&at, &other, is_held, |_| false), Err(Refusal::Forked));
        assert_eq!(was_here(&at, &other, is_held, |_| true), Ok(()));
        assert_eq!(was_here(&at, &batch(1, 6), is_held, |_| false), Ok(()));
        assert_eq!(was_here(&cursor(0), &other, is_held, |_| false), Ok(()));
    }

    #[test]
    fn a_hole_is_new_as_far_as_the_mall_does_not_stand_behind_it() {
        let hole = |from, through| Some(HoleV1 { from, through, reason: "gone".to_owned() });
        let table = [
            (0, holed(1, 2, 2), Ok(Fit::Fits(hole(1, 2))), Some(2)),
            (3, holed(4, 4, 9), Ok(Fit::Fits(hole(4, 4))), Some(9)),
            (3, holed(2, 5, 5), Ok(Fit::Fits(hole(4, 5))), Some(5)),
            (3, holed(2, 3, 3), Ok(Fit::Fits(None)), None),
            (5, holed(2, 3, 9), Ok(Fit::Fits(None)), Some(9)),
            (3, holed(5, 6, 6), Ok(Fit::Gap { expected: 4 }), None),
            (3, holed(0, 3, 3), Err(Refusal::Sequences), None),
            (3, holed(4, 3, 3), Err(Refusal::Sequences), None),
            (3, BatchV1 { hole: hole(4, 5), ..batch(7, 9) }, Err(Refusal::Sequences), None),
            (
                5,
                BatchV1 { prev_chain: Hash::of(b"x"), ..holed(2, 3, 9) },
                Err(Refusal::Forked),
                None,
            ),
            (
                3,
                BatchV1 { prev_chain: Hash::of(b"x"), ..holed(2, 3, 3) },
                Err(Refusal::Forked),
                None,
            ),
        ];
        for (acked, batch, expected, stands) in table {
            let cursor = cursor(acked);
            assert_eq!(frame(&cursor, &batch), expected, "at {acked}");
            if let Ok(Fit::Fits(_)) = expected {
                let after = advanced(&cursor, &batch).map(|cursor| cursor.acked_seq);
                assert_eq!(after, stands, "at {acked}");
            }
        }
    }

    #[test]
    fn only_who_was_told_to_go_on_in_a_life_speaks_in_it() {
        let nonce = |n| Some(Uuid::from_u128(n));
        let given = [Given { epoch: 3, nonce: nonce(7) }, Given { epoch: 4, nonce: None }];
        let table = [
            (&given[..], nonce(7), 3, Ok(())),
            (&given, nonce(7), 4, Err(Refusal::Epoch { ours: 3 })),
            (&given, nonce(8), 3, Err(Refusal::SessionEnded)),
            (&given, None, 4, Err(Refusal::SessionEnded)),
            (&[], None, 1, Ok(())),
            (&[], nonce(7), 1, Err(Refusal::SessionEnded)),
        ];
        for (given, session, epoch, expected) in table {
            let batch = BatchV1 { session, epoch, ..batch(1, 1) };
            assert_eq!(is_in_session(given, &batch), expected, "{session:?} {epoch}");
        }
    }

    #[test]
    fn nothing_is_refused_for_what_it_says() {
        let bad = || "no lines".to_owned();
        let quarantined = || VerdictV1::Quarantined { reason: bad() };
        let table = [
            (Known::Nothing, Read::Work, VerdictV1::Accepted, Keep::Body { is_work: true }),
            (Known::Nothing, Read::Newer, VerdictV1::StoredUnknown, Keep::Body { is_work: false }),
            (Known::Nothing, Read::Bad(bad()), quarantined(), Keep::BodyAndTrouble(bad())),
            (Known::Same(None), Read::Work, VerdictV1::Duplicate, Keep::Nothing),
            (Known::Same(Some(bad())), Read::Work, quarantined(), Keep::Nothing),
            (Known::Other, Read::Work, VerdictV1::Conflict, Keep::Conflict),
        ];
        for (known, read, told, keep) in table {
            assert_eq!(verdict(known.clone(), || read), (told, keep), "{known:?}");
        }
        for known in [Known::Same(None), Known::Other] {
            let _ = verdict(known, || panic!("a body that is held was read again"));
        }
    }

    #[test]
    fn a_wrapped_fact_is_judged_by_what_is_in_it() {
        let plain = batch(1, 3);
        let mut wrapped = plain.clone();
        wrapped.facts[1] = crate::raw::wrap(&plain.facts[1]);
        assert_eq!(frame(&cursor(0), &wrapped), Ok(Fit::Fits(None)));
        assert_eq!(unwrapped(wrapped), plain);
    }
}
