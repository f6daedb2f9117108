//! The mall: three processes over one store of truth.
//!
//! **Invariant:** a process keeps nothing that another would need: what is not in the tables is gone with
//! it.

use std::collections::BTreeSet;

use domain::id::IncarnationId;
use sync::{
    inbox::{Read, Refusal},
    raw::KIND_RAW,
    wire::{BatchV1, FactV1},
};
use uuid::Uuid;

use crate::{
    feed::{Feed, Rows, Snapshot, bucket_of, digests, whole},
    flaws::Flaw,
    net::{Ask, Call, Reply},
    tables::Tables,
    world::{Event, MINUTE, SECOND, World},
};

/// Processes.
pub(crate) const NODES: usize = 3;
/// Keys of the feed.
const KEYS: usize = 60;

/// The kinds of fact that the world knows.
pub(crate) const ORDER: &str = "order";
/// Its sums do not hold.
pub(crate) const BAD: &str = "bad";
/// Of a newer program.
pub(crate) const NEWER: &str = "newer";
/// Something on the way refuses whatever holds it, unless it is wrapped.
pub(crate) const POISON: &str = "poison";
/// Something on the way refuses whatever holds it.
pub(crate) const VENOM: &str = "venom";

/// What the mall does by itself.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// HQ begins to change something.
    Change,
    /// HQ's change is committed: under a number that it has, or under the next one.
    Commit(Option<i64>, Vec<(String, Option<i64>)>),
    /// A batch that was answered is committed after all.
    LateBatch(usize, Box<BatchV1>),
}

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    BeforeCommit,
    AfterCommit,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    is_up: bool,
    fuse: Option<Point>,
}

/// What all processes share, as one commit leaves it.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    /// What is held of each store.
    pub(crate) stores: Vec<Tables>,
    /// The feed.
    pub(crate) feed: Feed,
}

impl Db {
    /// Every life that was given, by its store.
    pub(crate) fn lives(&self) -> impl Iterator<Item = (usize, u32)> {
        let all = self.stores.iter().enumerate();
        all.flat_map(|(n, tables)| tables.lives.keys().map(move |epoch| (n, *epoch)))
    }
}

/// The mall.
#[derive(Debug)]
pub(crate) struct Mall {
    /// The store of truth.
    pub(crate) db: Db,
    backup: Option<Db>,
    nodes: [Node; NODES],
    shelf: Option<Snapshot>,
    busy_until: i64,
    credits: Option<u32>,
    /// Facts that nothing lets through.
    pub(crate) venom: BTreeSet<Uuid>,
    n_lives_of_feeds: u128,
    n_numbers: i64,
}

impl Mall {
    pub(crate) fn new(stores: usize) -> Self {
        let feed = Feed::new(IncarnationId::from_uuid(Uuid::from_u128(1)));
        Self {
            db: Db { stores: (0..stores).map(|_| Tables::enrolled(1)).collect(), feed },
            backup: None,
            nodes: [Node { is_up: true, fuse: None }; NODES],
            shelf: None,
            busy_until: 0,
            credits: None,
            venom: BTreeSet::new(),
            n_lives_of_feeds: 1,
            n_numbers: 0,
        }
    }

    pub(crate) fn start(&mut self, node: usize) {
        self.nodes[node] = Node { is_up: true, fuse: None };
    }

    pub(crate) fn mend(&mut self) {
        (0..NODES).for_each(|node| self.start(node));
        (self.busy_until, self.credits) = (0, None);
    }

    /// A process will die there, the next time it comes by.
    pub(crate) fn set_fuse(&mut self, node: usize, point: Point) {
        self.nodes[node].fuse = Some(point);
    }

    pub(crate) fn be_busy(&mut self, until: i64, credits: Option<u32>) {
        (self.busy_until, self.credits) = (until, credits);
    }

    pub(crate) fn back_up(&mut self) {
        self.backup = Some(self.db.clone());
    }

    /// An older copy of the database is put back; whether there was one.
    pub(crate) fn put_back(&mut self) -> bool {
        let Some(backup) = &self.backup else { return false };
        self.db = backup.clone();
        true
    }

    /// The feed is built anew, under another name.
    pub(crate) fn rebuild_feed(&mut self) {
        self.n_lives_of_feeds += 1;
        let incarnation = IncarnationId::from_uuid(Uuid::from_u128(self.n_lives_of_feeds));
        self.db.feed.rebuild(incarnation);
        self.shelf = None;
    }

    pub(crate) fn put_on_shelf(&mut self) {
        self.shelf = Some(self.db.feed.snapshot());
    }

    /// The snapshot on the shelf, while its feed can be followed from there; else a new one.
    fn snapshot(&self) -> Snapshot {
        let can_be_followed = |shelf: &&Snapshot| self.db.feed.page(&shelf.cursor).is_ok();
        self.shelf
            .as_ref()
            .filter(can_be_followed)
            .cloned()
            .unwrap_or_else(|| self.db.feed.snapshot())
    }
}

/// What a body is read as.
fn read(fact: &FactV1) -> Read {
    match fact.kind.as_str() {
        BAD => Read::Bad("its sums do not hold".to_owned()),
        NEWER => Read::Newer,
        _ => Read::Work,
    }
}

impl World {
    /// What a process answers; nothing, if it is down or dies over it.
    pub(crate) fn serve(&mut self, call: Call) -> Option<Reply> {
        let node = self.mall.nodes[call.node];
        if !node.is_up {
            return None;
        }
        let writes = matches!(call.ask, Ask::Session(_) | Ask::Batch(_));
        if writes && node.fuse == Some(Point::BeforeCommit) {
            self.crash_node(call.node);
            return None;
        }
        let reply = self.reply(call.at_box, call.ask);
        if writes && node.fuse == Some(Point::AfterCommit) {
            self.crash_node(call.node);
            return None;
        }
        Some(reply)
    }

    fn crash_node(&mut self, node: usize) {
        self.tally.crashes += 1;
        self.mall.nodes[node].is_up = false;
        let down = 10 * SECOND + self.up_to(30 * MINUTE);
        self.after(down, Event::MallStart { node });
    }

    fn reply(&mut self, at_box: usize, ask: Ask) -> Reply {
        let store = self.boxes[at_box].store;
        let is_busy = self.now < self.mall.busy_until;
        let db = &self.mall.db;
        match ask {
            Ask::Session(_) | Ask::Batch(_) if is_busy && self.mall.credits.is_none() => {
                Reply::Refused {
                    status: 503,
                    problem: "/problems/busy",
                    retry_after_ms: Some(60_000),
                }
            }
            Ask::Session(ask) => {
                let nonce = self.fresh_nonce();
                Reply::Session(self.mall.db.stores[store].open(&ask, nonce))
            }
            Ask::Batch(batch) => self.batch(store, batch),
            Ask::Lost { epoch, after } => Reply::Lost(db.stores[store].lost(epoch, after)),
            Ask::Head => Reply::Head(db.feed.head()),
            Ask::Page(cursor) => db.feed.page(&cursor).map_or(Reply::Gone, Reply::Page),
            Ask::Snapshot => Reply::Snapshot(self.mall.snapshot()),
            Ask::Digests => Reply::Digests(db.feed.head(), digests(&db.feed.sellable(), self.flaw)),
            Ask::Bucket(bucket) => {
                let rows: Rows = db.feed.sellable();
                let of_it = rows.into_iter().filter(|(key, _)| bucket_of(key) == bucket);
                Reply::Bucket(db.feed.head(), bucket, of_it.collect())
            }
        }
    }

    fn batch(&mut self, store: usize, batch: BatchV1) -> Reply {
        let stings = |fact: &FactV1| {
            [POISON, VENOM].contains(&fact.kind.as_str())
                || (fact.kind == KIND_RAW && self.mall.venom.contains(&fact.id))
        };
        if batch.facts.iter().any(stings) {
            return Reply::Refused { status: 400, problem: "", retry_after_ms: None };
        }
        let received = match self.flaw {
            Some(Flaw::AckBeforeCommit) => self.answer_first(store, &batch),
            _ => self.keep(store, &batch),
        };
        self.tally.holes += usize::from(batch.hole.is_some() && received.is_ok());
        let mut answer = match received {
            Ok(answer) => answer,
            Err(refusal) => {
                if refusal == Refusal::Forked {
                    self.mall.db.stores[store].split(batch.epoch);
                }
                return refused(refusal);
            }
        };
        answer.credits = self.mall.credits;
        Reply::Batch(answer)
    }

    /// Commits a batch, with whatever was done wrong to it.
    fn keep(
        &mut self,
        store: usize,
        batch: &BatchV1,
    ) -> Result<sync::wire::BatchAnswerV1, Refusal> {
        let flaw = self.flaw;
        let tables = &mut self.mall.db.stores[store];
        let before = tables.ids.clone();
        let mut answer = tables.receive(batch, read)?;
        let is_new = |fact: &&FactV1| !before.contains_key(&fact.id);
        let elsewhere = |fact: &FactV1, tables: &Tables| {
            tables.places.keys().any(|(epoch, seq)| *epoch < batch.epoch && *seq == fact.seq)
        };
        let dropped: Vec<&FactV1> = match flaw {
            Some(Flaw::DedupBySeq) => {
                batch.facts.iter().filter(is_new).filter(|fact| elsewhere(fact, &*tables)).collect()
            }
            Some(Flaw::SkipSilently) => {
                tables.holes.clear();
                answer.verdicts.clear();
                batch.facts.iter().filter(is_new).filter(|fact| fact.kind == BAD).collect()
            }
            _ => Vec::new(),
        };
        for fact in dropped {
            tables.ids.remove(&fact.id);
            tables.bodies.remove(&fact.id);
            tables.troubles.retain(|(id, _), _| *id != fact.id);
        }
        Ok(answer)
    }

    /// The mistake of answering before the commit, which may never come.
    fn answer_first(
        &mut self,
        store: usize,
        batch: &BatchV1,
    ) -> Result<sync::wire::BatchAnswerV1, Refusal> {
        let answer = self.mall.db.stores[store].clone().receive(batch, read)?;
        if self.is_calm || !self.dice.is_within(5) {
            let late = Work::LateBatch(store, Box::new(batch.clone()));
            self.after(50, Event::Mall(Box::new(late)));
        }
        Ok(answer)
    }

    /// Does what the mall does by itself.
    pub(crate) fn work(&mut self, work: Work) {
        match work {
            Work::Change => self.change(),
            Work::Commit(version, changes) => self.commit(version, &changes),
            Work::LateBatch(store, batch) => {
                let _ = self.mall.db.stores[store].receive(&batch, read);
            }
        }
    }

    /// HQ changes some rows; the transaction takes a while, and others run beside it.
    fn change(&mut self) {
        let n = 1 + self.dice.below(12);
        let mut changes = Vec::new();
        for _ in 0..n {
            let key = format!("k{:03}", self.dice.below(KEYS));
            let value = i64::try_from(self.dice.below(1_000)).unwrap_or(0);
            changes.push((key, (!self.dice.is_within(25)).then_some(value)));
        }
        let version = (self.flaw == Some(Flaw::PollByIdentity)).then(|| {
            self.mall.n_numbers = self.mall.n_numbers.max(self.mall.db.feed.head().version) + 1;
            self.mall.n_numbers
        });
        let takes = self.up_to(50 * MINUTE);
        self.after(takes, Event::Mall(Box::new(Work::Commit(version, changes))));
    }

    fn commit(&mut self, version: Option<i64>, changes: &[(String, Option<i64>)]) {
        let feed = &mut self.mall.db.feed;
        feed.commit(version.unwrap_or(feed.next_version()), changes);
        let (head, state) = (feed.head(), whole(&feed.sellable()));
        self.truth.was_at(&head, state);
        // The bell may be lost; whoever hears it looks at once.
        for at_box in 0..self.boxes.len() {
            if self.dice.is_within(60) {
                self.ring(at_box);
            }
        }
    }
}

fn refused(refusal: Refusal) -> Reply {
    let (status, problem) = match refusal {
        Refusal::Epoch { .. } => (409, "/problems/epoch"),
        Refusal::SessionEnded => (409, "/problems/session-ended"),
        Refusal::Forked => (409, "/problems/forked"),
        Refusal::Sequences => (400, "/problems/malformed"),
    };
    Reply::Refused { status, problem, retry_after_ms: None }
}
