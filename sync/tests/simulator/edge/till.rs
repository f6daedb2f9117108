//! Tills: they sell, are told when it is in the books, and some ask again.

use sync::chain::Hash;
use uuid::Uuid;

use super::{OUTBOX_MAX, Point, Running};
use crate::{
    books::State,
    checks::{self, Receipt},
    flaws::Flaw,
    mall,
    world::{Event, HOUR, World},
};

impl World {
    /// A till sells something, and is told when it is in the books.
    pub(crate) fn sell(&mut self, at_box: usize) {
        if self.boxes[at_box].running.is_none() {
            return;
        }
        let id = self.fresh_id();
        let kind = match self.dice.below(100) {
            0..=1 => mall::BAD,
            2..=3 => mall::NEWER,
            4 => mall::POISON,
            5 => mall::VENOM,
            _ => mall::ORDER,
        };
        if kind == mall::VENOM {
            self.mall.venom.insert(id);
        }
        self.look_at_shelf(at_box);
        self.put_in_books(at_box, id, kind);
    }

    /// The till says again what it said: what is in the books already stays as it is.
    pub(crate) fn repeat(&mut self, at_box: usize, id: Uuid) {
        let it = &self.boxes[at_box];
        if it.running.is_none() {
            return;
        }
        match it.disk.books.row(id).map(|row| row.digest) {
            Some(digest) => self.promise(at_box, id, digest),
            // A ledger that was put back does not know it, and sells it again under another number.
            None => self.put_in_books(at_box, id, mall::ORDER),
        }
    }

    fn put_in_books(&mut self, at_box: usize, id: Uuid, kind: &str) {
        self.truth.was_made(id);
        if self.flaw == Some(Flaw::PrintBeforeCommit) {
            let receipt = self.boxes[at_box].next_receipt();
            self.print(at_box, receipt, id);
        }
        if self.dies(at_box, Point::Selling) {
            return self.after(HOUR, Event::Repeat { at_box, id });
        }
        let it = &mut self.boxes[at_box];
        let receipt = it.next_receipt();
        let Receipt { epoch, number, .. } = receipt;
        it.disk.receipts = number;
        it.disk.books.push(id, kind, format!("{id} {epoch}-{number}"));
        let digest = it.disk.books.rows.last().map(|row| row.digest);
        it.mark = Some(it.disk.books.mark());
        if self.flaw == Some(Flaw::DropOldest) && it.disk.books.pending() > OUTBOX_MAX {
            let oldest = it.disk.books.rows.iter().position(|row| row.state == State::Pending);
            if let Some(oldest) = oldest {
                it.disk.books.rows.remove(oldest);
            }
        }
        self.print(at_box, receipt, id);
        if self.dies(at_box, Point::Sold) {
            return self.after(HOUR, Event::Repeat { at_box, id });
        }
        if let Some(digest) = digest {
            self.promise(at_box, id, digest);
        }
        let is_open = |running: &Running| running.is_nudged_by_sales && running.up.is_none();
        if self.boxes[at_box].running.as_ref().is_some_and(is_open) {
            self.wake_up_in(at_box, 0);
        }
        // Some tills ask again, a day later even.
        if self.dice.is_within(3) {
            let later = self.up_to(20 * HOUR);
            self.after(later, Event::Repeat { at_box, id });
        }
    }

    fn print(&mut self, at_box: usize, receipt: Receipt, id: Uuid) {
        let is_exempt = self.boxes[at_box].unaware_for > 0;
        let broken = self.truth.was_printed(receipt, id, is_exempt);
        self.break_with(broken);
    }

    fn promise(&mut self, at_box: usize, id: Uuid, digest: Hash) {
        let it = &mut self.boxes[at_box];
        let before = it.disk.promised.insert(id, digest).filter(|before| *before != digest);
        self.truth.was_promised(it.store, id);
        self.tally.sales += 1;
        self.break_with(before.map(|_| format!("I-3: {id} was told otherwise before")));
    }

    /// What a till sells from is something that HQ once published, whole.
    fn look_at_shelf(&mut self, at_box: usize) {
        let it = &self.boxes[at_box];
        let Some(replica) = it.disk.replica.as_ref().filter(|_| !it.disk.is_damaged) else {
            return;
        };
        let broken = checks::check_i19(&self.truth, replica);
        self.break_with(broken);
    }
}
