//! A model of what the mall's database keeps of one store's edge node: ids, bodies, lives, sessions,
//! places, holes, troubles.
//!
//! The simulator's mall lives on it. The same histories are played on it and on the mall itself, on
//! either engine, so that it is no fiction (`mall/tests/rooms/model.rs`).
//!
//! **Invariant:** each function is one transaction: all of it happened or none.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    chain::Hash,
    inbox::{
        Cursor, Fit, Keep, Known, Read, Refusal, advanced, frame, is_in_session, unwrapped,
        verdict, was_here,
    },
    session::{self, Found, Given, Held},
    wire::{
        BatchAnswerV1, BatchV1, FactV1, HoleV1, LOST_FACTS_MAX, LifeV1, LostFactV1, LostPageV1,
        LostV1, PlaceV1, SessionAskV1, SessionV1, ToldV1, VerdictV1,
    },
};
use uuid::Uuid;

/// A life of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// How far it is held.
    pub(crate) cursor: Cursor,
    /// Why it was given; none at enrolment.
    pub(crate) why: Option<Found>,
}

/// What a machine was given last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    ask: Uuid,
    given: Given,
    lost: Vec<LostV1>,
    is_frozen: bool,
}

/// What is held of an edge node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    newest_epoch: u32,
    /// The digest under which each id is held.
    pub(crate) ids: BTreeMap<Uuid, Hash>,
    /// The body of each.
    pub(crate) bodies: BTreeMap<Uuid, FactV1>,
    /// What a person should look at, by id and digest of the bytes.
    pub(crate) troubles: BTreeMap<(Uuid, Hash), String>,
    /// Each life.
    pub(crate) lives: BTreeMap<u32, Life>,
    /// Which fact lies where.
    pub(crate) places: BTreeMap<(u32, i64), (Uuid, Hash)>,
    /// Places that stay empty.
    pub(crate) holes: BTreeMap<(u32, i64), HoleV1>,
    sessions: BTreeMap<Hash, Session>,
}

impl Tables {
    /// Of a node that was enrolled into a life.
    pub(crate) fn enrolled(epoch: u32) -> Self {
        let mut tables = Self {
            newest_epoch: epoch,
            ids: BTreeMap::new(),
            bodies: BTreeMap::new(),
            troubles: BTreeMap::new(),
            lives: BTreeMap::new(),
            places: BTreeMap::new(),
            holes: BTreeMap::new(),
            sessions: BTreeMap::new(),
        };
        tables.begin(epoch, None);
        tables
    }

    fn begin(&mut self, epoch: u32, why: Option<Found>) {
        let cursor = Cursor { epoch, acked_seq: 0, acked_chain: Hash::GENESIS };
        self.lives.insert(epoch, Life { cursor, why });
    }

    /// Whether a machine is held back until a person decides.
    pub(crate) fn is_anyone_frozen(&self) -> bool {
        self.sessions.values().any(|session| session.is_frozen)
    }

    /// Whether a place was told to be a hole.
    pub(crate) fn is_hole(&self, epoch: u32, seq: i64) -> bool {
        let before = self.holes.range((epoch, i64::MIN)..=(epoch, seq));
        before.rev().any(|(_, hole)| hole.through >= seq)
    }

    /// Keeps a batch; `read` says what a body is.
    pub(crate) fn receive(
        &mut self,
        batch: &BatchV1,
        read: impl Fn(&FactV1) -> Read,
    ) -> Result<BatchAnswerV1, Refusal> {
        let batch = &unwrapped(batch.clone());
        let given: Vec<Given> = self.sessions.values().map(|session| session.given).collect();
        is_in_session(&given, batch)?;
        let life = self.lives.get(&batch.epoch);
        let cursor = life.ok_or(Refusal::Epoch { ours: self.newest_epoch })?.cursor;
        match frame(&cursor, batch)? {
            Fit::Gap { expected } => return Ok(answer(&cursor, Vec::new(), Some(expected))),
            Fit::Fits(hole) => {
                let is_hole = |seq| self.is_hole(batch.epoch, seq);
                was_here(&cursor, batch, |id| self.ids.contains_key(&id), is_hole)?;
                if let Some(hole) = hole {
                    self.holes.insert((batch.epoch, hole.from), hole);
                }
            }
        }
        let mut verdicts = Vec::new();
        for fact in &batch.facts {
            let verdict = self.keep(fact, &read);
            if verdict != VerdictV1::Accepted {
                verdicts.push(ToldV1 { seq: fact.seq, verdict });
            }
        }
        // What was said to be missing may come after all.
        let is_fresh = |seq| seq > cursor.acked_seq || self.is_hole(batch.epoch, seq);
        let fresh: Vec<&FactV1> = batch.facts.iter().filter(|fact| is_fresh(fact.seq)).collect();
        for fact in fresh {
            self.places.insert((batch.epoch, fact.seq), (fact.id, fact.chain));
        }
        let moved = advanced(&cursor, batch).unwrap_or(cursor);
        if let Some(life) = self.lives.get_mut(&batch.epoch) {
            life.cursor = moved;
        }
        Ok(answer(&moved, verdicts, None))
    }

    fn keep(&mut self, fact: &FactV1, read: impl Fn(&FactV1) -> Read) -> VerdictV1 {
        let digest = Hash::of(fact.body.as_bytes());
        let trouble = || self.troubles.get(&(fact.id, digest)).cloned();
        let known = match self.ids.get(&fact.id) {
            None => Known::Nothing,
            Some(held) if *held == digest => Known::Same(trouble()),
            Some(_) => Known::Other,
        };
        let (verdict, keep) = verdict(known, || read(fact));
        match keep {
            Keep::Nothing => {}
            Keep::Body { .. } => self.put(fact, digest),
            Keep::BodyAndTrouble(reason) => {
                self.put(fact, digest);
                self.troubles.insert((fact.id, digest), reason);
            }
            Keep::Conflict => {
                self.troubles.insert((fact.id, digest), "conflict".to_owned());
            }
        }
        verdict
    }

    fn put(&mut self, fact: &FactV1, digest: Hash) {
        self.ids.insert(fact.id, digest);
        self.bodies.insert(fact.id, fact.clone());
    }

    /// Opens a session. The same ask again is told the same.
    pub(crate) fn open(&mut self, ask: &SessionAskV1, nonce: Uuid) -> SessionV1 {
        let before = self.sessions.get(&ask.machine).cloned();
        let held = self.held(ask, before.as_ref());
        let again = before.as_ref().filter(|row| row.ask == ask.id && row.given.nonce.is_some());
        if let Some(again) = again {
            return self.session(ask, &held, again);
        }
        let found = session::look(ask, &held);
        let is_frozen = before.is_some_and(|row| row.is_frozen);
        let given = Given { epoch: ask.epoch, nonce: Some(nonce) };
        let mut row = Session { ask: ask.id, given, lost: Vec::new(), is_frozen };
        if found.keeps_life() && !is_frozen {
            self.freeze_who_came_later(ask);
        }
        if !found.keeps_life() {
            row.lost = session::lost(ask, &held, &self.held_lives());
            let newest = self.lives.keys().next_back().copied().unwrap_or(0);
            row.given.epoch = session::next_epoch(newest, ask.epoch, found, low_bits(nonce));
            self.newest_epoch = row.given.epoch;
            self.begin(row.given.epoch, Some(found));
        }
        self.sessions.insert(ask.machine, row.clone());
        self.session(ask, &held, &row)
    }

    fn held(&self, ask: &SessionAskV1, before: Option<&Session>) -> Held {
        let chain_at = |seq: i64| match seq {
            0 => Some(Hash::GENESIS),
            seq => self.places.get(&(ask.epoch, seq)).map(|(_, chain)| *chain),
        };
        let place =
            |life: &Life| PlaceV1 { seq: life.cursor.acked_seq, chain: life.cursor.acked_chain };
        Held {
            newest_epoch: self.newest_epoch,
            life: self.lives.get(&ask.epoch).map(place),
            chain_at_newest: chain_at(ask.newest.seq),
            chain_at_acked: chain_at(ask.acked.seq),
            given: before.map(|row| row.given),
            has_other_machine: self.sessions.keys().any(|machine| *machine != ask.machine),
        }
    }

    fn freeze_who_came_later(&mut self, ask: &SessionAskV1) {
        let others = self.sessions.iter_mut().filter(|(machine, _)| **machine != ask.machine);
        for (_, row) in others.filter(|(_, row)| row.given.epoch > ask.epoch) {
            row.is_frozen = true;
        }
    }

    fn held_lives(&self) -> Vec<LifeV1> {
        let held = |(epoch, life): (&u32, &Life)| LifeV1 {
            epoch: *epoch,
            acked_seq: life.cursor.acked_seq,
            first: self.places.get(&(*epoch, 1)).map(|(_, chain)| *chain),
        };
        self.lives.iter().map(held).collect()
    }

    fn session(&self, ask: &SessionAskV1, held: &Held, row: &Session) -> SessionV1 {
        SessionV1 {
            nonce: row.given.nonce.unwrap_or_default(),
            epoch: row.given.epoch,
            lives: session::told_lives(ask, held, row.given.epoch, self.held_lives()),
            lost: row.lost.clone(),
            is_frozen: row.is_frozen,
            retry_after_ms: None,
            packings: Vec::new(),
        }
    }

    /// The batches of a life do not go on from what is held: its sessions end.
    pub(crate) fn split(&mut self, epoch: u32) {
        let of_it = self.sessions.values_mut().filter(|row| row.given.epoch == epoch);
        of_it.for_each(|row| row.given.nonce = None);
    }

    /// Facts of a life after a place, for a ledger that lost them.
    pub(crate) fn lost(&self, epoch: u32, after: i64) -> LostPageV1 {
        let after = self.places.range((epoch, after + 1)..=(epoch, i64::MAX));
        let facts = after.filter_map(|((_, seq), (id, _))| {
            let FactV1 { kind, v, body, .. } = self.bodies.get(id)?.clone();
            Some(LostFactV1 { seq: *seq, id: *id, kind, v, body })
        });
        let limit = usize::try_from(LOST_FACTS_MAX).unwrap_or(0);
        LostPageV1 { facts: facts.take(limit).collect() }
    }

    /// Every id that is held.
    pub(crate) fn all_ids(&self) -> BTreeSet<Uuid> {
        self.ids.keys().copied().collect()
    }
}

/// A new nonce is as good as a random number.
fn low_bits(nonce: Uuid) -> u32 {
    u32::try_from(nonce.as_u128() & u128::from(u32::MAX)).unwrap_or(0)
}

fn answer(cursor: &Cursor, verdicts: Vec<ToldV1>, expected_seq: Option<i64>) -> BatchAnswerV1 {
    let acked_seq = cursor.acked_seq;
    BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None, credits: None }
}
