//! The way down: the product's loop, asking `sync::follow` what to fetch and when to show it.

use sync::{
    follow::{self, Compared, Gathering, Standing, Step, Taken},
    wire::{FeedPageV1, HeadV1},
};

use super::{COMPARE_PERIOD, POLL_PERIOD, Point, Running};
use crate::{
    feed::{Replica, Snapshot},
    flaws::Flaw,
    net::{Ask, Reply},
    world::{Event, MINUTE, SECOND, World},
};

impl World {
    pub(super) fn wake_down_in(&mut self, at_box: usize, ms: i64) {
        let Some(running) = &mut self.boxes[at_box].running else { return };
        running.down_wake += 1;
        let wake = running.down_wake;
        self.after(ms, Event::Down { at_box, wake });
    }

    /// A bell: somebody looks at once.
    pub(crate) fn ring(&mut self, at_box: usize) {
        let rings = 1 + self.up_to(10 * SECOND);
        if self.boxes[at_box].running.as_ref().is_some_and(|running| running.down.is_none()) {
            self.wake_down_in(at_box, rings);
        }
    }

    pub(crate) fn wake_down(&mut self, at_box: usize, wake: u64) {
        let is_awaited = |running: &Running| running.down_wake == wake && running.down.is_none();
        if self.boxes[at_box].running.as_ref().is_some_and(is_awaited) {
            self.call_down(at_box, Ask::Head);
        }
    }

    fn call_down(&mut self, at_box: usize, ask: Ask) {
        let call = self.send(at_box, ask);
        if let Some(running) = &mut self.boxes[at_box].running {
            running.down = Some(call);
        }
    }

    pub(super) fn heard_down(&mut self, at_box: usize, reply: Option<Reply>) {
        match reply {
            Some(Reply::Head(head)) => self.step(at_box, &head),
            Some(Reply::Page(page)) => self.page(at_box, page),
            Some(Reply::Gone) => self.call_down(at_box, Ask::Snapshot),
            Some(Reply::Snapshot(snapshot)) => self.put_in_force(at_box, &snapshot),
            Some(Reply::Digests(head, digests)) => self.compare(at_box, &head, &digests),
            Some(Reply::Bucket(head, bucket, rows)) => {
                if let Some(replica) = self.level(at_box, &head) {
                    replica.repair(bucket, rows);
                    self.tally.repairs += 1;
                }
                self.repair_next(at_box);
            }
            Some(Reply::Session(_) | Reply::Batch(_) | Reply::Lost(_) | Reply::Refused { .. })
            | None => self.wake_down_in(at_box, 5 * MINUTE),
        }
    }

    /// The replica, if it stands where the mall does.
    fn level(&mut self, at_box: usize, head: &HeadV1) -> Option<&mut Replica> {
        let replica = self.boxes[at_box].disk.replica.as_mut()?;
        let (cursor, HeadV1 { incarnation, version }) = (&replica.cursor, head);
        let is_level = cursor.incarnation == *incarnation && cursor.version == *version;
        (is_level && cursor.after.is_empty()).then_some(replica)
    }

    fn step(&mut self, at_box: usize, head: &HeadV1) {
        let it = &mut self.boxes[at_box];
        let Some(running) = &mut it.running else { return };
        let replica = it.disk.replica.as_ref();
        let standing =
            replica.map(|replica| Standing { cursor: replica.cursor.clone(), schema: 1 });
        match follow::step(standing.as_ref(), head, None) {
            Step::Idle => {
                let is_due = |at: i64| self.now - at >= COMPARE_PERIOD;
                if running.compared_at.is_none_or(is_due) {
                    self.call_down(at_box, Ask::Digests);
                } else {
                    self.wake_down_in(at_box, POLL_PERIOD);
                }
            }
            Step::Page(cursor) => {
                running.gathering = Some((Gathering::from(cursor.clone()), Vec::new()));
                self.call_down(at_box, Ask::Page(cursor));
            }
            Step::Snapshot(_) => self.call_down(at_box, Ask::Snapshot),
        }
    }

    fn page(&mut self, at_box: usize, page: FeedPageV1) {
        let Some(running) = &mut self.boxes[at_box].running else { return };
        let Some((mut gathering, mut pages)) = running.gathering.take() else { return };
        let taken = gathering.take(&page);
        pages.push(page);
        match taken {
            Ok(Taken::Aside(cursor)) => {
                running.gathering = Some((gathering, pages));
                self.call_down(at_box, Ask::Page(cursor));
            }
            Ok(Taken::Whole) => self.apply(at_box, &pages),
            Ok(Taken::TooMany) => self.call_down(at_box, Ask::Snapshot),
            Err(follow::NotNext) => self.wake_down_in(at_box, 5 * MINUTE),
        }
    }

    fn apply(&mut self, at_box: usize, pages: &[FeedPageV1]) {
        if self.dies(at_box, Point::Paged) {
            return;
        }
        let dies_between = !self.is_calm && self.dice.is_within(5);
        if let Some(replica) = &mut self.boxes[at_box].disk.replica {
            if self.flaw == Some(Flaw::CursorBeforeRows) && dies_between {
                replica.move_on(pages);
                return self.crash(at_box);
            }
            replica.apply(pages);
        }
        self.wake_down_in(at_box, SECOND);
    }

    fn put_in_force(&mut self, at_box: usize, snapshot: &Snapshot) {
        if self.dies(at_box, Point::Fetched) {
            return;
        }
        let it = &mut self.boxes[at_box];
        it.disk.replica = Some(Replica::of(snapshot));
        // A mall that was put back may have the snapshot of a version that it gives again on its shelf.
        it.disk.is_damaged = self.tally.malls_put_back > 0;
        self.tally.snapshots += 1;
        self.wake_down_in(at_box, SECOND);
    }

    fn compare(&mut self, at_box: usize, head: &HeadV1, theirs: &[u128]) {
        let (flaw, now) = (self.flaw, self.now);
        let Some(ours) = self.level(at_box, head).map(|replica| replica.digests(flaw)) else {
            return self.wake_down_in(at_box, SECOND);
        };
        let it = &mut self.boxes[at_box];
        let Some(running) = &mut it.running else { return };
        match follow::compare(&ours, theirs) {
            Compared::Same => {
                running.compared_at = Some(now);
                it.disk.is_damaged = false;
                self.wake_down_in(at_box, POLL_PERIOD);
            }
            Compared::Repair(buckets) => {
                // Bucket by bucket it becomes what the mall has, and is neither until the last.
                it.disk.is_damaged = true;
                running.repairs = buckets;
                self.repair_next(at_box);
            }
            Compared::Damaged => self.call_down(at_box, Ask::Snapshot),
        }
    }

    fn repair_next(&mut self, at_box: usize) {
        let Some(running) = &mut self.boxes[at_box].running else { return };
        match running.repairs.pop() {
            Some(bucket) => self.call_down(at_box, Ask::Bucket(bucket)),
            None => self.wake_down_in(at_box, SECOND),
        }
    }
}
