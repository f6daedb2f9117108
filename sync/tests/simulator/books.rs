//! A model of what an edge node's ledger keeps: its outbox, its lives, what it has lost and found.
//!
//! The simulator's stores live on it. The same histories are played on it and on the ledger's SQL, so
//! that it is no fiction (`edge-daemon/src/db/model.rs`).
//!
//! **Invariant:** each function is one transaction: all of it happened or none.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    chain::Hash,
    outbox::{Marks, batch_len},
    session::is_same_life,
    wire::{BatchV1, FactV1, HoleV1, LifeV1, LostFactV1, LostV1, PlaceV1, SessionAskV1, SessionV1},
};
use uuid::Uuid;

/// The first life that a ledger gives itself while it may be a copy.
pub(crate) const PROVISIONAL_MIN: u32 = 36_u32.pow(4);

/// How a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not told, as far as is known here.
    Pending,
    /// Held by the mall.
    Acked,
    /// Held by the mall, and a person looks.
    Troubled,
    /// The mall has it as a hole; it is kept here, and a person looks.
    Hole,
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The life that tells it.
    pub(crate) epoch: u32,
    /// Its place there.
    pub(crate) place: i64,
    /// The fact; its `seq` is not used here.
    pub(crate) id: Uuid,
    /// What it is.
    pub(crate) kind: String,
    /// Its body.
    pub(crate) body: String,
    /// Digest of the body.
    pub(crate) digest: Hash,
    /// The chain after it.
    pub(crate) chain: Hash,
    /// How it stands.
    pub(crate) state: State,
}

/// What lies beside the ledger: starts of the daemon, and the newest row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Starts.
    pub(crate) boot_no: u64,
    /// Rows.
    pub(crate) head: usize,
}

/// The ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Books {
    /// The life that the mall gave last.
    pub(crate) epoch: u32,
    /// What receipts carry instead, while this may be a copy.
    pub(crate) provisional: Option<u32>,
    nonce: Option<Uuid>,
    asking: Option<Uuid>,
    boot_no: u64,
    machine: Option<Hash>,
    has_mark: bool,
    /// Whether another box speaks with this history too.
    pub(crate) is_frozen: bool,
    /// The outbox, oldest first.
    pub(crate) rows: Vec<Row>,
    lost: BTreeMap<u32, LostV1>,
    /// What the mall gave back.
    pub(crate) found: BTreeSet<Uuid>,
}

impl Books {
    /// Of a node that was enrolled into a life.
    pub(crate) fn enrolled(epoch: u32) -> Self {
        Self {
            epoch,
            provisional: None,
            nonce: None,
            asking: None,
            boot_no: 0,
            machine: None,
            has_mark: false,
            is_frozen: false,
            rows: Vec::new(),
            lost: BTreeMap::new(),
            found: BTreeSet::new(),
        }
    }

    /// The daemon starts: is this ledger a copy?
    pub(crate) fn start(&mut self, found: Option<Mark>, machine: Hash, fresh: u32) {
        let went_back = found.is_some_and(|mark| mark.boot_no > self.boot_no);
        let forgot = found.is_some_and(|mark| mark.head > self.rows.len());
        let was_moved = self.machine.is_some_and(|before| before != machine);
        let is_doubtful = went_back || forgot || was_moved || (self.has_mark && found.is_none());
        if is_doubtful {
            let room = (1 << 31) - PROVISIONAL_MIN;
            self.provisional = Some(PROVISIONAL_MIN + fresh % room);
            self.asking = None;
        }
        self.boot_no = self.boot_no.max(found.map_or(0, |mark| mark.boot_no)) + 1;
        self.machine = Some(machine);
    }

    /// What the mark should say, which from now on is expected to be there.
    pub(crate) fn mark(&mut self) -> Mark {
        self.has_mark = true;
        Mark { boot_no: self.boot_no, head: self.rows.len() }
    }

    /// What receipt numbers carry.
    pub(crate) fn receipt_epoch(&self) -> u32 {
        self.provisional.unwrap_or(self.epoch)
    }

    /// The fact under an id, if it is here.
    pub(crate) fn row(&self, id: Uuid) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// Puts a fact behind the newest of this life.
    pub(crate) fn push(&mut self, id: Uuid, kind: &str, body: String) {
        let newest = self.newest();
        let digest = Hash::of(body.as_bytes());
        self.rows.push(Row {
            epoch: self.epoch,
            place: newest.seq + 1,
            id,
            kind: kind.to_owned(),
            body,
            digest,
            chain: newest.chain.link(id, digest),
            state: State::Pending,
        });
    }

    fn of_this_life(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter().filter(|row| row.epoch == self.epoch)
    }

    fn newest(&self) -> PlaceV1 {
        let newest = self.of_this_life().max_by_key(|row| row.place);
        newest.map_or(PlaceV1::START, |row| PlaceV1 { seq: row.place, chain: row.chain })
    }

    fn acked(&self) -> PlaceV1 {
        let pending = self.of_this_life().find(|row| row.state == State::Pending);
        let before = pending.map_or(i64::MAX, |row| row.place);
        let acked = self.of_this_life().filter(|row| row.place < before);
        acked
            .max_by_key(|row| row.place)
            .map_or(PlaceV1::START, |row| PlaceV1 { seq: row.place, chain: row.chain })
    }

    /// Facts that wait.
    pub(crate) fn pending(&self) -> usize {
        self.rows.iter().filter(|row| row.state == State::Pending).count()
    }

    /// Whether an ask is under way.
    pub(crate) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// What this ledger says of itself; the ask keeps its id until it is answered.
    pub(crate) fn ask(&mut self, fresh: Uuid) -> SessionAskV1 {
        SessionAskV1 {
            id: *self.asking.get_or_insert(fresh),
            epoch: self.epoch,
            boot_no: self.boot_no,
            machine: self.machine.unwrap_or(Hash::GENESIS),
            nonce: self.nonce,
            newest: self.newest(),
            acked: self.acked(),
            is_doubtful: self.provisional.is_some(),
        }
    }

    /// Goes on as the mall says.
    pub(crate) fn take(&mut self, told: &SessionV1) {
        self.wait_for_what_is_not_held(&told.lives);
        if self.epoch != told.epoch {
            self.epoch = told.epoch;
            self.restamp();
        }
        self.nonce = Some(told.nonce);
        (self.asking, self.provisional, self.is_frozen) = (None, None, told.is_frozen);
        for lost in &told.lost {
            let known = self.lost.entry(lost.epoch).or_insert(*lost);
            known.after = known.after.min(lost.after);
            known.through = known.through.max(lost.through);
        }
    }

    fn wait_for_what_is_not_held(&mut self, lives: &[LifeV1]) {
        let epochs: BTreeSet<u32> = self.rows.iter().map(|row| row.epoch).collect();
        for epoch in epochs {
            let first = self.rows.iter().find(|row| (row.epoch, row.place) == (epoch, 1));
            let first = first.map(|row| row.chain);
            let held = lives.iter().find(|life| life.epoch == epoch);
            let held = held.filter(|life| is_same_life(life, first));
            let acked = held.map_or(0, |life| life.acked_seq);
            let rows = self.rows.iter_mut().filter(|row| row.epoch == epoch);
            rows.filter(|row| row.place > acked).for_each(|row| row.state = State::Pending);
        }
    }

    fn restamp(&mut self) {
        let mut at = PlaceV1::START;
        for row in self.rows.iter_mut().filter(|row| row.state == State::Pending) {
            at = PlaceV1 { seq: at.seq + 1, chain: at.chain.link(row.id, row.digest) };
            (row.epoch, row.place, row.chain) = (self.epoch, at.seq, at.chain);
        }
    }

    /// The next batch from a place on, or from the first fact that waits.
    pub(crate) fn next_batch(
        &self,
        session: Option<Uuid>,
        from: Option<i64>,
        at_most: usize,
    ) -> Option<BatchV1> {
        let waits = || self.rows.iter().find(|row| row.state == State::Pending);
        let from = from.or_else(|| waits().map(|row| row.place))?;
        let mut rows: Vec<&Row> = self.of_this_life().filter(|row| row.place >= from).collect();
        rows.sort_by_key(|row| row.place);
        rows.truncate(at_most);
        rows.truncate(batch_len(rows.iter().map(|row| row.body.len())));
        let first = rows.first()?.place;
        let prev_chain = self.chain_before(first);
        let facts = rows.into_iter().map(fact).collect();
        Some(BatchV1 { session, epoch: self.epoch, prev_chain, hole: None, facts })
    }

    /// A batch that tells of a hole.
    pub(crate) fn hole_batch(&self, session: Option<Uuid>, hole: HoleV1) -> BatchV1 {
        let prev_chain = self.chain_before(hole.through + 1);
        BatchV1 { session, epoch: self.epoch, prev_chain, hole: Some(hole), facts: Vec::new() }
    }

    fn chain_before(&self, place: i64) -> Hash {
        let before = self.of_this_life().filter(|row| row.place < place);
        before.max_by_key(|row| row.place).map_or(Hash::GENESIS, |row| row.chain)
    }

    /// Writes down what the mall said of facts of a life.
    pub(crate) fn told(&mut self, epoch: u32, marks: &Marks) {
        let is_at = |row: &Row, place: i64| row.epoch == epoch && row.place == place;
        for (place, _) in &marks.troubled {
            let waiting = self.rows.iter_mut().filter(|row| row.state == State::Pending);
            waiting.filter(|row| is_at(row, *place)).for_each(|row| row.state = State::Troubled);
        }
        if let Some(hole) = &marks.hole {
            let within =
                |row: &Row| row.epoch == epoch && (hole.from..=hole.through).contains(&row.place);
            let waiting = self.rows.iter_mut().filter(|row| row.state == State::Pending);
            waiting.filter(|row| within(row)).for_each(|row| row.state = State::Hole);
        }
        let Some(through) = marks.acked_through else { return };
        let Some(last) = self.rows.iter().position(|row| is_at(row, through)) else { return };
        let acked = self.rows.iter_mut().take(last + 1);
        acked.filter(|row| row.state == State::Pending).for_each(|row| row.state = State::Acked);
    }

    /// How many holes stand in a row at the end of what is told.
    pub(crate) fn holes_in_a_row(&self) -> u32 {
        let mut told: Vec<&Row> =
            self.of_this_life().filter(|row| row.state != State::Pending).collect();
        told.sort_by_key(|row| row.place);
        let holes = told.iter().rev().take_while(|row| row.state == State::Hole).count();
        u32::try_from(holes).unwrap_or(u32::MAX)
    }

    /// The next page to fetch of what may be lost.
    pub(crate) fn lost(&self) -> Option<LostV1> {
        self.lost.values().next().copied()
    }

    /// Keeps a page of what was lost.
    pub(crate) fn find(&mut self, lost: LostV1, facts: &[LostFactV1]) {
        for fact in facts.iter().filter(|fact| fact.seq <= lost.through) {
            if self.row(fact.id).is_none() {
                self.found.insert(fact.id);
            }
        }
        let reached = facts.last().map(|last| last.seq).filter(|seq| *seq > lost.after);
        let reached = reached.unwrap_or(lost.through);
        if let Some(known) = self.lost.get_mut(&lost.epoch) {
            known.after = reached;
        }
        self.lost.retain(|_, known| known.through > known.after);
    }
}

fn fact(row: &Row) -> FactV1 {
    FactV1 {
        seq: row.place,
        id: row.id,
        kind: row.kind.clone(),
        v: 1,
        body: row.body.clone(),
        digest: row.digest,
        chain: row.chain,
    }
}
