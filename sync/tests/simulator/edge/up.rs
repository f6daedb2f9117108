//! The way up: the product's loop, asking `sync::uplink` what is next.

use sync::{
    outbox::Marks,
    raw,
    uplink::{Facts, Heard, Next, Refused, Rest},
    wire::{BatchV1, LostV1, SessionV1},
};

use super::{Calling, Point, Running, UPLOAD_PERIOD};
use crate::{
    checks,
    flaws::Flaw,
    net::{Ask, Reply},
    world::{Event, World},
};

impl World {
    pub(super) fn wake_up_in(&mut self, at_box: usize, ms: i64) {
        let Some(running) = &mut self.boxes[at_box].running else { return };
        running.up_wake += 1;
        let wake = running.up_wake;
        self.after(ms, Event::Up { at_box, wake });
    }

    pub(crate) fn wake_up(&mut self, at_box: usize, wake: u64) {
        let is_awaited = |running: &Running| running.up_wake == wake && running.up.is_none();
        if self.boxes[at_box].running.as_ref().is_some_and(is_awaited) {
            self.go_up(at_box);
        }
    }

    /// Does what is next until something is on its way or there is a rest.
    fn go_up(&mut self, at_box: usize) {
        loop {
            let now = self.boxes[at_box].shows(self.now);
            let Some(running) = &mut self.boxes[at_box].running else { return };
            match running.uplink.next(now) {
                Next::Rest(rest) => return self.rest(at_box, rest),
                Next::Session => return self.ask_for_session(at_box),
                Next::Hole(session, hole) => {
                    let batch = self.boxes[at_box].disk.books.hole_batch(session, hole);
                    return self.send_batch(at_box, batch);
                }
                Next::Facts(facts) => match self.waiting(at_box, facts) {
                    Some(batch) => return self.send_batch(at_box, batch),
                    None => match self.boxes[at_box].disk.books.lost() {
                        Some(lost) => return self.fetch_lost(at_box, lost),
                        None => {
                            self.hear(at_box, Heard::Nothing);
                        }
                    },
                },
            }
        }
    }

    fn rest(&mut self, at_box: usize, rest: Rest) {
        let (ms, is_open) = match rest {
            Rest::Told => (UPLOAD_PERIOD, true),
            Rest::Asked(ms) | Rest::Failed(ms) => (i64::try_from(ms).unwrap_or(0), false),
        };
        if let Some(running) = &mut self.boxes[at_box].running {
            running.is_nudged_by_sales = is_open;
        }
        self.wake_up_in(at_box, ms);
    }

    fn ask_for_session(&mut self, at_box: usize) {
        let fresh = self.fresh_id();
        let ask = self.boxes[at_box].disk.books.ask(fresh);
        if !self.dies(at_box, Point::Asked) {
            self.call_up(at_box, Ask::Session(ask), None, None);
        }
    }

    fn waiting(&self, at_box: usize, facts: Facts) -> Option<BatchV1> {
        let Facts { session, from, at_most, is_wrapped } = facts;
        let mut batch = self.boxes[at_box].disk.books.next_batch(session, from, at_most)?;
        if is_wrapped {
            batch.facts = batch.facts.iter().map(raw::wrap).collect();
        }
        Some(batch)
    }

    fn send_batch(&mut self, at_box: usize, batch: BatchV1) {
        self.call_up(at_box, Ask::Batch(batch.clone()), Some(batch), None);
    }

    fn fetch_lost(&mut self, at_box: usize, lost: LostV1) {
        let ask = Ask::Lost { epoch: lost.epoch, after: lost.after };
        self.call_up(at_box, ask, None, Some(lost));
    }

    fn call_up(&mut self, at_box: usize, ask: Ask, sent: Option<BatchV1>, lost: Option<LostV1>) {
        let call = self.send(at_box, ask);
        if let Some(running) = &mut self.boxes[at_box].running {
            running.up = Some(Calling { call, sent, lost });
            running.is_nudged_by_sales = false;
        }
    }

    fn hear(&mut self, at_box: usize, heard: Heard<'_>) -> Marks {
        let (now, random) = (self.boxes[at_box].shows(self.now), self.random());
        let running = self.boxes[at_box].running.as_mut();
        running.map(|running| running.uplink.heard(heard, now, random)).unwrap_or_default()
    }

    pub(super) fn heard_up(&mut self, at_box: usize, calling: Calling, reply: Option<Reply>) {
        if self.dies(at_box, Point::Answered) {
            return;
        }
        match (reply, calling) {
            (Some(Reply::Session(told)), _) => self.open(at_box, told),
            (Some(Reply::Batch(answer)), Calling { sent: Some(sent), .. }) => {
                let marks = self.hear(at_box, Heard::Answer(&sent, &answer));
                self.boxes[at_box].disk.books.told(sent.epoch, &marks);
                let broken = checks::check_i08_at_once(self, at_box, &sent, &marks);
                self.break_with(broken);
            }
            (Some(Reply::Lost(page)), Calling { lost: Some(lost), .. }) => {
                self.boxes[at_box].disk.books.find(lost, &page.facts);
            }
            (Some(Reply::Refused { status, problem, retry_after_ms }), calling) => {
                let refused = Refused { status, problem, retry_after_ms };
                self.hear(at_box, Heard::Refused(calling.sent.as_ref(), refused));
            }
            (_, _) => {
                self.hear(at_box, Heard::Silent);
            }
        }
        if !self.dies(at_box, Point::Marked) {
            self.go_up(at_box);
        }
    }

    fn open(&mut self, at_box: usize, mut told: SessionV1) {
        let it = &mut self.boxes[at_box];
        if self.flaw == Some(Flaw::SeqReused) {
            told.epoch = it.disk.books.epoch;
        }
        // Only in a life of its own its receipts are.
        it.unaware_for -= u32::from(it.unaware_for > 0 && it.disk.books.epoch != told.epoch);
        it.disk.books.take(&told);
        let holes = it.disk.books.holes_in_a_row();
        self.hear(at_box, Heard::Session(Some(&told), holes));
    }
}
