//! The simulated world: stores with their boxes, the mall, the way between, and one clock that nothing
//! but events moves.
//!
//! One seed is one run: every choice is thrown by the same dice, so a run that broke something breaks it
//! again. Everything that decides is the product's own (`sync::{uplink, inbox, session, follow}`); what
//! is made up here is storage ([`crate::books`], [`crate::tables`], [`crate::feed`]), the way, and the
//! faults.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use uuid::Uuid;

use crate::{
    checks::{self, Truth},
    dice::Dice,
    edge::EdgeBox,
    faults::{Fault, Focus},
    flaws::Flaw,
    mall::{Mall, Work},
    net::{Call, Net, Reply},
};

/// Stores in the world, each with a box; copies come on top.
pub(crate) const STORES: usize = 20;
/// Days that a run lasts.
const DAYS: i64 = 7;
/// Sales of a box on a day: few, so that there can be many seeds.
const SALES_A_DAY: usize = 6;
/// Transactions of HQ on a day.
const HQ_A_DAY: usize = 8;

/// A second, a minute, an hour and a day, in milliseconds.
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A till sells.
    Sale { at_box: usize },
    /// A till says again what it got no answer to, or has forgotten that it got one.
    Repeat { at_box: usize, id: Uuid },
    /// The upload looks whether there is something to do.
    Up { at_box: usize, wake: u64 },
    /// The replica looks whether there is something to do.
    Down { at_box: usize, wake: u64 },
    /// A call comes to the mall.
    Arrive(Box<Call>),
    /// An answer comes back.
    Answer { at_box: usize, call: u64, reply: Box<Reply> },
    /// A caller has waited long enough.
    Timeout { at_box: usize, call: u64 },
    /// A box is switched on.
    Start { at_box: usize },
    /// A mall process is started.
    MallStart { node: usize },
    /// Something of the mall's own.
    Mall(Box<Work>),
    /// Something breaks.
    Fault(Fault),
}

#[derive(Debug)]
struct Scheduled {
    at: i64,
    n: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.n).cmp(&(other.at, other.n))
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The first invariant that did not hold, with what was seen.
    pub(crate) broken: Option<String>,
    /// What happened in it.
    pub(crate) tally: Tally,
}

/// How much happened: a run in which nothing does proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Sales that a till got an answer to.
    pub(crate) sales: usize,
    /// Events.
    pub(crate) events: usize,
    /// Crashes of boxes and of mall processes.
    pub(crate) crashes: usize,
    /// Ledgers that were put back, and that were copied.
    pub(crate) copies: usize,
    /// Times the mall's database was put back.
    pub(crate) malls_put_back: usize,
    /// Holes that were told.
    pub(crate) holes: usize,
    /// Snapshots that were taken into force.
    pub(crate) snapshots: usize,
    /// Buckets that were repaired.
    pub(crate) repairs: usize,
    /// Quiet moments at which everything was checked.
    pub(crate) checks: usize,
}

impl Tally {
    /// Adds another run's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.sales += other.sales;
        self.events += other.events;
        self.crashes += other.crashes;
        self.copies += other.copies;
        self.malls_put_back += other.malls_put_back;
        self.holes += other.holes;
        self.snapshots += other.snapshots;
        self.repairs += other.repairs;
        self.checks += other.checks;
    }
}

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    /// Every choice.
    pub(crate) dice: Dice,
    /// Milliseconds since it began.
    pub(crate) now: i64,
    queue: BinaryHeap<Reverse<Scheduled>>,
    n_scheduled: u64,
    n_ids: u128,
    /// The boxes: one a store, then copies.
    pub(crate) boxes: Vec<EdgeBox>,
    /// The mall.
    pub(crate) mall: Mall,
    /// The way between.
    pub(crate) net: Net,
    /// What tills were told, which no box and no mall can edit.
    pub(crate) truth: Truth,
    /// A mistake that was put in.
    pub(crate) flaw: Option<Flaw>,
    /// Nothing breaks for a while.
    pub(crate) is_calm: bool,
    /// How much happened.
    pub(crate) tally: Tally,
    broken: Option<String>,
    /// A store of which everything is told.
    watched: Option<usize>,
}

impl World {
    /// A world of a seed.
    pub(crate) fn new(seed: u64, flaw: Option<Flaw>) -> Self {
        let mut world = Self {
            dice: Dice::new(seed),
            now: 0,
            queue: BinaryHeap::new(),
            n_scheduled: 0,
            n_ids: 0,
            boxes: Vec::new(),
            mall: Mall::new(STORES),
            net: Net::default(),
            truth: Truth::default(),
            flaw,
            is_calm: false,
            tally: Tally::default(),
            broken: None,
            watched: std::env::var("STORE").ok().and_then(|store| store.parse().ok()),
        };
        for store in 0..STORES {
            world.boxes.push(EdgeBox::enrolled(store));
            world.start(store);
        }
        world
    }

    /// Lives through all days.
    pub(crate) fn run(mut self, focus: Focus) -> Outcome {
        for day in 0..DAYS {
            self.live_a_day(day * DAY, focus);
            if self.broken.is_some() {
                break;
            }
        }
        Outcome { broken: self.broken, tally: self.tally }
    }

    /// A day of sales, changes and faults; in the evening all is mended, and at night it is checked.
    fn live_a_day(&mut self, begins: i64, focus: Focus) {
        for at_box in 0..self.boxes.len() {
            for _ in 0..SALES_A_DAY {
                let at = begins + 8 * HOUR + self.up_to(12 * HOUR);
                self.at(at, Event::Sale { at_box });
            }
        }
        for _ in 0..HQ_A_DAY {
            let at = begins + self.up_to(20 * HOUR);
            self.at(at, Event::Mall(Box::new(Work::Change)));
        }
        for fault in crate::faults::of_a_day(&mut self.dice, focus, self.boxes.len()) {
            let at = begins + self.up_to(20 * HOUR);
            self.at(at, Event::Fault(fault));
        }
        self.run_until(begins + 21 * HOUR);
        self.mend();
        self.run_until(begins + DAY - 1);
        if self.broken.is_none() {
            self.tally.checks += 1;
            self.broken = checks::all(self);
        }
        self.is_calm = false;
    }

    fn run_until(&mut self, end: i64) {
        while self.broken.is_none() && self.queue.peek().is_some_and(|next| next.0.at <= end) {
            let Some(Reverse(next)) = self.queue.pop() else { break };
            self.now = next.at;
            self.tally.events += 1;
            self.take(next.event);
        }
        self.now = end;
    }

    fn take(&mut self, event: Event) {
        self.tell(&event);
        match event {
            Event::Sale { at_box } => self.sell(at_box),
            Event::Repeat { at_box, id } => self.repeat(at_box, id),
            Event::Up { at_box, wake } => self.wake_up(at_box, wake),
            Event::Down { at_box, wake } => self.wake_down(at_box, wake),
            Event::Arrive(call) => self.arrive(*call),
            Event::Answer { at_box, call, reply } => self.answered(at_box, call, *reply),
            Event::Timeout { at_box, call } => self.timed_out(at_box, call),
            Event::Start { at_box } => self.start(at_box),
            Event::MallStart { node } => self.mall.start(node),
            Event::Mall(work) => self.work(*work),
            Event::Fault(fault) => self.strike(fault),
        }
    }

    /// Says what happens to the store that is watched.
    fn tell(&self, event: &Event) {
        let Some(watched) = self.watched else { return };
        let is_of = |at_box: usize| self.boxes.get(at_box).is_some_and(|it| it.store == watched);
        let is_told = match event {
            Event::Sale { at_box } | Event::Repeat { at_box, .. } | Event::Start { at_box } => {
                is_of(*at_box)
            }
            Event::Arrive(call) => is_of(call.at_box),
            Event::Answer { at_box, .. } => is_of(*at_box),
            Event::Fault(_) => true,
            Event::Up { .. }
            | Event::Down { .. }
            | Event::Timeout { .. }
            | Event::MallStart { .. }
            | Event::Mall(_) => false,
        };
        if is_told {
            let (hours, ms) = (self.now / HOUR, self.now % HOUR);
            eprintln!("{hours:>3} h {ms:>7} ms  {event:?}");
        }
    }

    /// Something happens at a moment.
    pub(crate) fn at(&mut self, at: i64, event: Event) {
        self.n_scheduled += 1;
        self.queue.push(Reverse(Scheduled { at, n: self.n_scheduled, event }));
    }

    /// Something happens in a while.
    pub(crate) fn after(&mut self, ms: i64, event: Event) {
        self.at(self.now + ms, event);
    }

    /// A duration below this one.
    pub(crate) fn up_to(&mut self, ms: i64) -> i64 {
        let below = usize::try_from(ms).unwrap_or(1);
        i64::try_from(self.dice.below(below)).unwrap_or(0)
    }

    /// A random number as the product throws it.
    pub(crate) fn random(&mut self) -> u32 {
        u32::try_from(self.dice.below(1 << 32)).unwrap_or(0)
    }

    /// An id that nobody had.
    pub(crate) fn fresh_id(&mut self) -> Uuid {
        self.n_ids += 1;
        Uuid::from_u128(self.n_ids)
    }

    /// An id that nobody had, and that is a random number too.
    pub(crate) fn fresh_nonce(&mut self) -> Uuid {
        let id = self.fresh_id().as_u128();
        Uuid::from_u128(id << 32 | u128::from(self.random()))
    }

    /// Says that an invariant does not hold; the first one counts.
    pub(crate) fn break_with(&mut self, broken: Option<String>) {
        if self.broken.is_none() {
            self.broken = broken;
        }
    }

    /// Ends every fault: what is to hold must hold once the network works for long enough.
    fn mend(&mut self) {
        self.is_calm = true;
        self.net.mend();
        self.mall.mend();
        for at_box in 0..self.boxes.len() {
            self.boxes[at_box].mend();
            self.start(at_box);
            self.look_now(at_box);
        }
    }
}
