//! What breaks, and how often.

use crate::{
    dice::Dice,
    edge::{Clock, MarkIs, Point},
    mall,
    world::{HOUR, MINUTE, World},
};

/// What a run looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// All faults there are.
    Everything,
    /// Ledgers that are put back, copied and moved, and a mall that is put back.
    Copies,
}

/// Something that breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A box loses its power.
    Crash(usize),
    /// A box will lose its power at a point of its work.
    CrashAt(usize, Point),
    /// A mall process will die.
    CrashMall(usize, mall::Point),
    /// A store is cut off for so long.
    Cut(usize, i64),
    /// All stores are.
    CutAll(i64),
    /// Something before the mall answers in its place, and always no.
    Portal(usize, i64),
    /// The mall has no room, or room for so many facts at a time.
    Busy(i64, Option<u32>),
    /// A clock is set wrong.
    Clock(usize, Clock),
    /// A copy of a disk is made …
    BackUp(usize),
    /// … and put back.
    PutBack(usize, MarkIs, bool),
    /// A copy of a disk is started beside the box, with its mark or without, on such a machine or not.
    Clone(usize, bool, bool),
    /// A copy of the mall's database is made …
    BackUpMall,
    /// … and put back.
    PutBackMall,
    /// The mall forgets rows that are gone, up to so many versions ago.
    Forget(i64),
    /// The mall builds its feed anew.
    RebuildFeed,
    /// A snapshot is made, which gets old.
    Shelve,
    /// A row of a replica is not what it was.
    FlipRow(usize),
    /// A row of a replica lies there twice more.
    DoubleRow(usize),
}

/// The faults of a day.
pub(crate) fn of_a_day(dice: &mut Dice, focus: Focus, boxes: usize) -> Vec<Fault> {
    let (n, copies) = match focus {
        Focus::Everything => (40, 5),
        Focus::Copies => (30, 60),
    };
    (0..n)
        .map(|_| if dice.is_within(copies) { copy(dice, boxes) } else { other(dice, boxes) })
        .collect()
}

fn copy(dice: &mut Dice, boxes: usize) -> Fault {
    let it = dice.below(boxes);
    let mark = match dice.below(3) {
        0 => MarkIs::Kept,
        1 => MarkIs::Copied,
        _ => MarkIs::Gone,
    };
    match dice.below(20) {
        0 => Fault::BackUpMall,
        1 => Fault::PutBackMall,
        2..=4 if boxes < crate::world::STORES * 2 => {
            Fault::Clone(it, dice.is_within(50), dice.is_within(50))
        }
        5..=9 => Fault::PutBack(it, mark, dice.is_within(40)),
        _ => Fault::BackUp(it),
    }
}

fn other(dice: &mut Dice, boxes: usize) -> Fault {
    let it = dice.below(boxes);
    let ms = |dice: &mut Dice, most: i64| {
        i64::try_from(dice.below(usize::try_from(most).unwrap_or(1))).unwrap_or(0)
    };
    match dice.below(32) {
        0..=2 => Fault::Crash(it),
        3..=11 => Fault::CrashAt(it, point(dice)),
        12..=14 => {
            let node = dice.below(mall::NODES);
            let before = dice.is_within(50);
            Fault::CrashMall(
                node,
                if before { mall::Point::BeforeCommit } else { mall::Point::AfterCommit },
            )
        }
        15..=19 => Fault::Cut(it, ms(dice, 30 * HOUR)),
        20 => Fault::CutAll(ms(dice, 6 * HOUR)),
        21 => Fault::Portal(it, ms(dice, HOUR)),
        22 => Fault::Busy(ms(dice, 30 * MINUTE), dice.is_within(50).then_some(3)),
        23..=24 => Fault::Clock(it, clock(dice)),
        25 => Fault::BackUp(it),
        26 => Fault::Forget(ms(dice, 20)),
        27 if dice.is_within(20) => Fault::RebuildFeed,
        27..=28 => Fault::Shelve,
        29 => Fault::FlipRow(it),
        30 => Fault::DoubleRow(it),
        _ => Fault::BackUpMall,
    }
}

fn point(dice: &mut Dice) -> Point {
    let points = [
        Point::Selling,
        Point::Sold,
        Point::Asked,
        Point::Answered,
        Point::Marked,
        Point::Paged,
        Point::Fetched,
    ];
    dice.pick(&points).copied().unwrap_or(Point::Selling)
}

/// Ten minutes off, days off, 1970, or standing still.
fn clock(dice: &mut Dice) -> Clock {
    /// From the beginning of a run back to 1970, if it begins in 2026.
    const BACK_TO_1970: i64 = -56 * 365 * 24 * HOUR;
    match dice.below(6) {
        0 => Clock::Ahead(10 * MINUTE),
        1 => Clock::Ahead(-10 * MINUTE),
        2 => Clock::Ahead(3 * 24 * HOUR),
        3 => Clock::Ahead(BACK_TO_1970),
        4 => Clock::Stands(HOUR),
        _ => Clock::Ahead(0),
    }
}

impl World {
    /// Something breaks.
    pub(crate) fn strike(&mut self, fault: Fault) {
        let now = self.now;
        match fault {
            Fault::Crash(it) => self.crash(it),
            Fault::CrashAt(it, point) => self.boxes[it].set_fuse(point),
            Fault::CrashMall(node, point) => self.mall.set_fuse(node, point),
            Fault::Cut(it, ms) => self.net.cut(it, now + ms),
            Fault::CutAll(ms) => self.net.cut_all(now + ms),
            Fault::Portal(it, ms) => self.net.put_portal(it, now + ms),
            Fault::Busy(ms, credits) => self.mall.be_busy(now + ms, credits),
            Fault::Clock(it, clock) => self.boxes[it].set_clock(clock),
            Fault::BackUp(it) => self.boxes[it].back_up(),
            Fault::PutBack(it, mark, is_new_machine) => self.put_back(it, mark, is_new_machine),
            Fault::Clone(it, has_mark, is_same) => self.clone_box(it, has_mark, is_same),
            Fault::BackUpMall => self.mall.back_up(),
            Fault::PutBackMall => self.put_mall_back(),
            Fault::Forget(versions) => {
                let feed = &mut self.mall.db.feed;
                feed.forget(feed.head().version - versions);
            }
            Fault::RebuildFeed => self.rebuild_feed(),
            Fault::Shelve => self.mall.put_on_shelf(),
            Fault::FlipRow(it) => self.damage(it, false),
            Fault::DoubleRow(it) => self.damage(it, true),
        }
    }

    fn put_mall_back(&mut self) {
        let given: Vec<(usize, u32)> = self.mall.db.lives().collect();
        if self.mall.put_back() {
            self.tally.malls_put_back += 1;
            let known: Vec<(usize, u32)> = self.mall.db.lives().collect();
            let forgotten = given.into_iter().filter(|life| !known.contains(life));
            self.truth.mall_was_put_back(forgotten);
            // A replica that has read what is forgotten becomes a mixture, until digests are compared.
            self.boxes.iter_mut().for_each(|it| it.disk.is_damaged = true);
            let promised = self.truth.promised();
            self.forgive(&promised);
        }
    }

    fn rebuild_feed(&mut self) {
        self.mall.rebuild_feed();
        let feed = &self.mall.db.feed;
        let state = crate::feed::whole(&feed.sellable());
        self.truth.was_at(&feed.head(), state);
    }

    fn damage(&mut self, at_box: usize, doubles: bool) {
        let it = &mut self.boxes[at_box];
        let Some(replica) = &mut it.disk.replica else { return };
        let n = self.dice.below(replica.rows.len());
        let Some((key, value)) = replica.rows.iter_mut().nth(n) else { return };
        it.disk.is_damaged = true;
        if doubles {
            let row = (key.clone(), *value);
            replica.doubled.extend([row.clone(), row]);
        } else {
            *value += 1;
        }
    }
}
