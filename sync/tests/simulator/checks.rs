//! What always holds, one function an invariant, by its number (`docs/sync.md`).
//!
//! Each says what it saw that must not be; all are asked whenever the world has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::IncarnationId;
use sync::{
    chain::Hash,
    outbox::Marks,
    wire::{BatchV1, HeadV1},
};
use uuid::Uuid;

use crate::{
    books::{Row, State},
    edge::EdgeBox,
    feed::{Replica, whole},
    tables::Tables,
    world::World,
};

/// A receipt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Receipt {
    pub(crate) store: usize,
    pub(crate) epoch: u32,
    pub(crate) number: u32,
}

/// What tills were told and papers say: no box and no mall can edit it.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    made: BTreeSet<Uuid>,
    /// The store of each sale.
    promised: BTreeMap<Uuid, usize>,
    printed: BTreeMap<Receipt, (Uuid, bool)>,
    /// Every state that HQ published, by the feed's life and version.
    published: BTreeMap<(IncarnationId, i64), BTreeSet<u128>>,
    /// Stores with two boxes since.
    cloned: BTreeSet<usize>,
    /// Lives that a mall which was put back has forgotten, and may give again.
    forgotten: BTreeSet<(usize, u32)>,
}

impl Truth {
    pub(crate) fn was_made(&mut self, id: Uuid) {
        self.made.insert(id);
    }

    /// A till was told that its sale is in the books.
    pub(crate) fn was_promised(&mut self, store: usize, id: Uuid) {
        self.promised.insert(id, store);
    }

    /// A number was printed; `is_exempt` on a box that cannot know that it is a copy.
    pub(crate) fn was_printed(
        &mut self,
        receipt: Receipt,
        id: Uuid,
        is_exempt: bool,
    ) -> Option<String> {
        let before = self.printed.insert(receipt, (id, is_exempt));
        let (other, was_exempt) = before.filter(|(other, _)| *other != id)?;
        let is_given_again = self.forgotten.contains(&(receipt.store, receipt.epoch));
        let is_broken = !is_exempt && !was_exempt && !is_given_again;
        is_broken.then(|| format!("I-5: {receipt:?} stands on {other} and on {id}"))
    }

    pub(crate) fn was_at(&mut self, head: &HeadV1, state: u128) {
        self.published.entry((head.incarnation, head.version)).or_default().insert(state);
    }

    pub(crate) fn was_cloned(&mut self, store: usize) {
        self.cloned.insert(store);
    }

    /// The mall has forgotten some lives, and where it had seen two boxes.
    pub(crate) fn mall_was_put_back(&mut self, forgotten: impl Iterator<Item = (usize, u32)>) {
        self.cloned.clear();
        self.forgotten.extend(forgotten);
    }

    pub(crate) fn promised(&self) -> Vec<Uuid> {
        self.promised.keys().copied().collect()
    }

    /// A sale was on no disk any more when its disk was lost.
    pub(crate) fn forgive(&mut self, id: Uuid) {
        self.promised.remove(&id);
    }
}

/// Asks all of them.
pub(crate) fn all(world: &World) -> Option<String> {
    let checks: [fn(&World) -> Option<String>; 13] = [
        check_i07, check_i08, check_i09, check_i10, check_i11, check_i12, check_i15, check_i16,
        check_i17, check_i20, check_i21, check_i22, check_i25,
    ];
    checks.iter().find_map(|check| check(world))
}

fn tables<'a>(world: &'a World, it: &EdgeBox) -> &'a Tables {
    &world.mall.db.stores[it.store]
}

fn rows(world: &World) -> impl Iterator<Item = (&EdgeBox, &Row)> {
    world.boxes.iter().flat_map(|it| it.disk.books.rows.iter().map(move |row| (it, row)))
}

/// Where a fact may lie when all is told: with the mall, or in a hole that it was told of.
fn is_told(world: &World, it: &EdgeBox, row: &Row) -> bool {
    let tables = tables(world, it);
    tables.ids.contains_key(&row.id) || tables.is_hole(row.epoch, row.place)
}

/// **I-7** Every sale that a till was told of is in the mall once, and nothing that was not made.
fn check_i07(world: &World) -> Option<String> {
    let holes: BTreeSet<Uuid> = rows(world)
        .filter(|(it, row)| row.state == State::Hole && is_told(world, it, row))
        .map(|(_, row)| row.id)
        .collect();
    let is_held = |id: &Uuid, store: usize| {
        let tables = &world.mall.db.stores[store];
        tables.ids.contains_key(id) && tables.bodies.contains_key(id)
    };
    let lost = world
        .truth
        .promised
        .iter()
        .find(|(id, store)| !is_held(id, **store) && !holes.contains(id));
    if let Some((id, store)) = lost {
        return Some(format!("I-7: {id} of store {store} is not in the mall"));
    }
    let all = world.mall.db.stores.iter().enumerate();
    let mut held = all.flat_map(|(n, tables)| tables.all_ids().into_iter().map(move |id| (n, id)));
    let strange = held.find(|(_, id)| !world.truth.made.contains(id));
    strange
        .map(|(store, id)| format!("I-7: the mall holds {id} of store {store}, which nobody sold"))
}

/// **I-8** What a ledger calls told, the mall has committed.
fn check_i08(world: &World) -> Option<String> {
    let mut told = rows(world).filter(|(_, row)| row.state != State::Pending);
    let (it, row) = told.find(|(it, row)| !is_told(world, it, row))?;
    Some(format!("I-8: store {} calls {} told, and it is not held", it.store, row.id))
}

/// **I-8** at the moment of it: what a ledger has just marked is held. A mall that was put back between
/// its answer and the mark may have forgotten it.
pub(crate) fn check_i08_at_once(
    world: &World,
    at_box: usize,
    sent: &BatchV1,
    marks: &Marks,
) -> Option<String> {
    let it = &world.boxes[at_box];
    let through = marks.acked_through.filter(|_| world.tally.malls_put_back == 0)?;
    let mut marked = sent.facts.iter().filter(|fact| fact.seq <= through);
    let fact = marked.find(|fact| !tables(world, it).ids.contains_key(&fact.id))?;
    Some(format!("I-8: store {} was told that {} is held, and it is not", it.store, fact.id))
}

/// **I-9** The places of each life are held from the first to the last, or told to be a hole.
fn check_i09(world: &World) -> Option<String> {
    world.mall.db.stores.iter().enumerate().find_map(|(store, tables)| {
        tables.lives.iter().find_map(|(epoch, life)| {
            let is_there = |seq: &i64| {
                let fact = tables.places.get(&(*epoch, *seq));
                let is_held = fact.is_some_and(|(id, _)| tables.ids.contains_key(id));
                is_held || tables.is_hole(*epoch, *seq)
            };
            let missing = (1..=life.cursor.acked_seq).find(|seq| !is_there(seq))?;
            Some(format!("I-9: place {missing} of life {epoch} of store {store} is missing"))
        })
    })
}

/// **I-10** Places rise in the order in which things happened, and the chain adds up.
fn check_i10(world: &World) -> Option<String> {
    world.boxes.iter().find_map(|it| {
        let mut at = (0, Hash::GENESIS);
        let books = &it.disk.books;
        books.rows.iter().filter(|row| row.epoch == books.epoch).find_map(|row| {
            at = (at.0 + 1, at.1.link(row.id, row.digest));
            let fits = row.place == at.0 && row.chain == at.1;
            (!fits).then(|| format!("I-10: {} of store {} is out of place", row.id, it.store))
        })
    })
}

/// **I-11** Nothing waits behind a fact that nobody takes.
fn check_i11(world: &World) -> Option<String> {
    let waiting = world.boxes.iter().find(|it| it.disk.books.pending() > 0)?;
    let n = waiting.disk.books.pending();
    Some(format!("I-11: {n} facts of store {} still wait", waiting.store))
}

/// **I-12** Other bytes under an id that is held are kept beside it.
fn check_i12(world: &World) -> Option<String> {
    let mut held = rows(world).filter(|(it, row)| tables(world, it).ids.contains_key(&row.id));
    let (it, row) = held.find(|(it, row)| {
        let tables = tables(world, it);
        let is_same = tables.ids.get(&row.id) == Some(&row.digest);
        !is_same && !tables.troubles.contains_key(&(row.id, row.digest))
    })?;
    Some(format!("I-12: the bytes of {} that store {} has are nowhere", row.id, it.store))
}

/// **I-15** No sale that a till was told of leaves its ledger.
fn check_i15(world: &World) -> Option<String> {
    world.boxes.iter().find_map(|it| {
        let mut promised = it.disk.promised.keys();
        let gone = promised.find(|id| it.disk.books.row(**id).is_none())?;
        Some(format!("I-15: {gone} is not in the ledger of store {} any more", it.store))
    })
}

/// **I-16** A ledger that was put back knows again what the mall has of it, and each sale is held once.
fn check_i16(world: &World) -> Option<String> {
    world.boxes.iter().find_map(|it| {
        let lost = it.disk.books.lost()?;
        Some(format!("I-16: store {} has not fetched {lost:?}", it.store))
    })
}

/// **I-17** Where two boxes spoke as one, it is known.
fn check_i17(world: &World) -> Option<String> {
    let unknown = world.truth.cloned.iter().find(|store| {
        let tables = &world.mall.db.stores[**store];
        let has_spoken = tables.lives.values().any(|life| life.why.is_some());
        !has_spoken && !tables.is_anyone_frozen()
    });
    unknown.map(|store| format!("I-17: nobody knows that store {store} has two boxes"))
}

/// **I-19** What a store sells from is something that HQ published, whole. Asked at each sale.
pub(crate) fn check_i19(truth: &Truth, replica: &Replica) -> Option<String> {
    let cursor = &replica.cursor;
    let published = truth.published.get(&(cursor.incarnation, cursor.version));
    let state = whole(&replica.rows);
    let is_nothing = cursor.version == 0 && replica.rows.is_empty();
    let is_one = published.is_some_and(|states| states.contains(&state));
    (!is_one && !is_nothing).then(|| format!("I-19: nobody published what is sold at {cursor:?}"))
}

fn replicas(world: &World) -> impl Iterator<Item = (&EdgeBox, &Replica)> {
    world.boxes.iter().filter_map(|it| Some((it, it.disk.replica.as_ref()?)))
}

/// **I-20** From where its cursor stands a replica comes to where the feed stands.
fn check_i20(world: &World) -> Option<String> {
    let head = world.mall.db.feed.head();
    let is_there = |replica: &Replica| {
        let cursor = &replica.cursor;
        (cursor.incarnation, cursor.version) == (head.incarnation, head.version)
    };
    let (it, replica) = replicas(world).find(|(_, replica)| !is_there(replica))?;
    Some(format!("I-20: store {} stands at {:?}, HQ at {head:?}", it.store, replica.cursor))
}

/// **I-21** A replica at a version is what the mall is at it.
fn check_i21(world: &World) -> Option<String> {
    let sellable = world.mall.db.feed.sellable();
    let is_same = |replica: &Replica| replica.rows == sellable && replica.doubled.is_empty();
    let (it, _) = replicas(world).find(|(_, replica)| !is_same(replica))?;
    Some(format!("I-21: store {} has other rows than the mall", it.store))
}

/// **I-22** What is gone is not sold, however long the store was away.
fn check_i22(world: &World) -> Option<String> {
    let feed = &world.mall.db.feed;
    replicas(world).find_map(|(it, replica)| {
        let gone = replica.rows.keys().find(|key| !feed.is_sold(key))?;
        Some(format!("I-22: store {} sells {gone}, which is gone", it.store))
    })
}

/// **I-25** Every box has a replica, and no change was passed over on the way to it.
fn check_i25(world: &World) -> Option<String> {
    let none = world.boxes.iter().find(|it| it.disk.replica.is_none())?;
    Some(format!("I-25: store {} has no replica", none.store))
}
