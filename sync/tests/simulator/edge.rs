//! A store's box: a ledger and a replica that outlive it, and what it knows while it runs.
//!
//! The two loops are the product's: ask the core what is next, do that one thing, tell it how it went.

mod down;
mod till;
mod up;

use std::collections::BTreeMap;

use domain::time::Timestamp;
use sync::{
    chain::Hash,
    follow::Gathering,
    uplink::Uplink,
    wire::{BatchV1, FeedPageV1, LostV1},
};
use uuid::Uuid;

use crate::{
    books::{Books, Mark},
    checks::Receipt,
    feed::Replica,
    net::Reply,
    world::{Event, HOUR, MINUTE, SECOND, World},
};

/// How often the outbox is looked at when nobody nudges.
const UPLOAD_PERIOD: i64 = HOUR;
/// How often the feed is looked at when no bell rings.
const POLL_PERIOD: i64 = 3 * HOUR;
/// How often the digests are compared.
const COMPARE_PERIOD: i64 = 12 * HOUR;
/// What an outbox holds where somebody thought that it must have an end.
const OUTBOX_MAX: usize = 5;

/// Where a box dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// A sale is decided and not committed.
    Selling,
    /// A sale is committed, and the till is not told.
    Sold,
    /// The ledger has written down that it asks for a session.
    Asked,
    /// An answer of the mall is here and nothing is written down of it.
    Answered,
    /// What the mall answered is written down.
    Marked,
    /// A page is here and not applied.
    Paged,
    /// A snapshot is here and not in force.
    Fetched,
}

/// What the box's clock shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// So many milliseconds ahead of the true time, or behind.
    Ahead(i64),
    /// Always this.
    Stands(i64),
}

/// What is on the box's disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// The ledger.
    pub(crate) books: Books,
    /// Receipts that were numbered.
    receipts: u32,
    /// The copy of what the mall owns.
    pub(crate) replica: Option<Replica>,
    /// Sales that tills were told of.
    pub(crate) promised: BTreeMap<Uuid, Hash>,
    /// The replica has rows that no page brought.
    pub(crate) is_damaged: bool,
}

/// A copy of a disk.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    disk: Disk,
    mark: Option<Mark>,
}

#[derive(Debug)]
struct Calling {
    call: u64,
    sent: Option<BatchV1>,
    lost: Option<LostV1>,
}

/// What a daemon knows while it runs.
#[derive(Debug, Default)]
struct Running {
    uplink: Uplink,
    up: Option<Calling>,
    up_wake: u64,
    is_nudged_by_sales: bool,
    down: Option<u64>,
    down_wake: u64,
    gathering: Option<(Gathering, Vec<FeedPageV1>)>,
    compared_at: Option<i64>,
    repairs: Vec<usize>,
}

/// A box.
#[derive(Debug)]
pub(crate) struct EdgeBox {
    /// Whose.
    pub(crate) store: usize,
    machine: Hash,
    /// What outlives it.
    pub(crate) disk: Disk,
    mark: Option<Mark>,
    running: Option<Running>,
    clock: Clock,
    fuse: Option<Point>,
    backups: Vec<Backup>,
    /// It is a copy and nothing on the box tells it so, until it was given so many lives: two, if it
    /// was copied with an ask under way, whose answer is another's too.
    unaware_for: u32,
}

impl Books {
    /// How many lives a copy of this ledger must be given before it surely has one of its own.
    fn unaware_for(&self, is_unaware: bool) -> u32 {
        u32::from(is_unaware) * (1 + u32::from(self.is_asking()))
    }
}

impl EdgeBox {
    /// What the next receipt carries.
    fn next_receipt(&self) -> Receipt {
        let (epoch, number) = (self.disk.books.receipt_epoch(), self.disk.receipts + 1);
        Receipt { store: self.store, epoch, number }
    }

    /// A box that was enrolled.
    pub(crate) fn enrolled(store: usize) -> Self {
        let books = Books::enrolled(1);
        let (replica, promised) = (None, BTreeMap::new());
        let disk = Disk { books, receipts: 0, replica, promised, is_damaged: false };
        Self::new(store, machine(store, 0), disk, None)
    }

    fn new(store: usize, machine: Hash, disk: Disk, mark: Option<Mark>) -> Self {
        Self {
            store,
            machine,
            disk,
            mark,
            running: None,
            clock: Clock::Ahead(0),
            fuse: None,
            backups: Vec::new(),
            unaware_for: 0,
        }
    }

    /// It will die there, the next time it comes by.
    pub(crate) fn set_fuse(&mut self, point: Point) {
        self.fuse = Some(point);
    }

    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Ends its faults. A clock stays as wrong as it is, but that one which stands goes again: by it a
    /// session would never get old, and a mall that was put back not be heard of before the next sale.
    pub(crate) fn mend(&mut self) {
        self.fuse = None;
        if let Clock::Stands(_) = self.clock {
            self.clock = Clock::Ahead(0);
        }
    }

    /// Makes a copy of the disk.
    pub(crate) fn back_up(&mut self) {
        self.backups.push(Backup { disk: self.disk.clone(), mark: self.mark });
    }

    fn shows(&self, now: i64) -> Timestamp {
        let ms = match self.clock {
            Clock::Ahead(ms) => now + ms,
            Clock::Stands(at) => at,
        };
        Timestamp::from_micros(0).plus_ms(ms)
    }
}

fn machine(store: usize, n: usize) -> Hash {
    Hash::of(format!("machine {store} {n}").as_bytes())
}

/// What is copied with a disk, or stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkIs {
    /// The one beside the ledger stays as it is.
    Kept,
    /// It is as old as the copy.
    Copied,
    /// There is none.
    Gone,
}

/// Starting, dying, being copied.
impl World {
    /// The box dies if it was to die here.
    fn dies(&mut self, at_box: usize, point: Point) -> bool {
        let is_hit = self.boxes[at_box].fuse == Some(point);
        if is_hit {
            self.crash(at_box);
        }
        is_hit
    }

    /// The power goes; what was committed stays.
    pub(crate) fn crash(&mut self, at_box: usize) {
        let it = &mut self.boxes[at_box];
        if it.running.take().is_some() {
            it.fuse = None;
            self.tally.crashes += 1;
            let dark = 20 * SECOND + self.up_to(40 * MINUTE);
            self.after(dark, Event::Start { at_box });
        }
    }

    /// Switches a box on, if it is off.
    pub(crate) fn start(&mut self, at_box: usize) {
        if self.boxes[at_box].running.is_some() {
            return;
        }
        let fresh = self.random();
        let it = &mut self.boxes[at_box];
        it.disk.books.start(it.mark, it.machine, fresh);
        it.mark = Some(it.disk.books.mark());
        if it.disk.books.provisional.is_some() {
            it.unaware_for = 0;
        }
        it.running = Some(Running::default());
        self.look_now(at_box);
    }

    /// An older copy of the disk is put back, on this machine or on a new one.
    pub(crate) fn put_back(&mut self, at_box: usize, mark: MarkIs, is_new_machine: bool) {
        self.crash(at_box);
        let it = &mut self.boxes[at_box];
        let Some(backup) = it.backups.last().cloned() else { return };
        let forgotten: Vec<Uuid> = it
            .disk
            .promised
            .keys()
            .copied()
            .filter(|id| !backup.disk.promised.contains_key(id))
            .collect();
        it.disk = backup.disk;
        it.mark = match mark {
            MarkIs::Kept => it.mark,
            MarkIs::Copied => backup.mark,
            MarkIs::Gone => None,
        };
        it.disk.is_damaged |= self.tally.malls_put_back > 0;
        let is_unaware = mark == MarkIs::Copied && !is_new_machine;
        it.unaware_for = it.disk.books.unaware_for(is_unaware);
        if is_new_machine {
            it.machine = machine(it.store, 1_000 + usize::try_from(self.now).unwrap_or(0));
        }
        self.tally.copies += 1;
        self.forgive(&forgotten);
    }

    /// A copy of the disk is started beside the box.
    pub(crate) fn clone_box(&mut self, at_box: usize, has_mark: bool, is_same_machine: bool) {
        let n = self.boxes.len();
        let it = &self.boxes[at_box];
        let machine = if is_same_machine { it.machine } else { machine(it.store, n) };
        let mark = it.mark.filter(|_| has_mark);
        let mut copy = EdgeBox::new(it.store, machine, it.disk.clone(), mark);
        copy.unaware_for = it.disk.books.unaware_for(has_mark && is_same_machine);
        self.boxes.push(copy);
        self.tally.copies += 1;
        self.truth.was_cloned(self.boxes[at_box].store);
        self.start(n);
        for _ in 0..3 {
            let at = self.up_to(8 * HOUR);
            self.after(at, Event::Sale { at_box: n });
        }
    }

    /// Of these sales some lay on no disk but the one that is gone, and had not been told.
    pub(crate) fn forgive(&mut self, ids: &[Uuid]) {
        for id in ids {
            let is_in_a_box = self.boxes.iter().any(|it| it.disk.books.row(*id).is_some());
            let is_in_mall = self.mall.db.stores.iter().any(|tables| tables.ids.contains_key(id));
            if !is_in_a_box && !is_in_mall {
                self.truth.forgive(*id);
            }
        }
    }

    /// Both loops look at once.
    pub(crate) fn look_now(&mut self, at_box: usize) {
        if let Some(running) = &mut self.boxes[at_box].running {
            running.compared_at = None;
        }
        self.wake_up_in(at_box, 0);
        self.wake_down_in(at_box, 0);
    }
}

/// Answers.
impl World {
    /// An answer comes back, if anybody still waits for it.
    pub(crate) fn answered(&mut self, at_box: usize, call: u64, reply: Reply) {
        self.over(at_box, call, Some(reply));
    }

    /// A call has taken too long.
    pub(crate) fn timed_out(&mut self, at_box: usize, call: u64) {
        self.over(at_box, call, None);
    }

    fn over(&mut self, at_box: usize, call: u64, reply: Option<Reply>) {
        let Some(running) = &mut self.boxes[at_box].running else { return };
        if running.up.as_ref().is_some_and(|calling| calling.call == call) {
            if let Some(calling) = running.up.take() {
                self.heard_up(at_box, calling, reply);
            }
        } else if running.down == Some(call) {
            running.down = None;
            self.heard_down(at_box, reply);
        }
    }
}
