//! The way between stores and mall: late, twice, in another order, or not at all.

use std::collections::BTreeMap;

use sync::wire::{
    BatchAnswerV1, BatchV1, FeedCursorV1, FeedPageV1, HeadV1, LostPageV1, SessionAskV1, SessionV1,
};

use crate::{
    feed::{Rows, Snapshot},
    mall::NODES,
    world::{Event, MINUTE, SECOND, World},
};

/// A caller that has heard nothing for so long hears nothing.
const TIMEOUT: i64 = 20 * SECOND;

/// What a store asks.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Session(SessionAskV1),
    Batch(BatchV1),
    Lost { epoch: u32, after: i64 },
    Head,
    Page(FeedCursorV1),
    Snapshot,
    Digests,
    Bucket(usize),
}

/// What the mall answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Session(SessionV1),
    Batch(BatchAnswerV1),
    Lost(LostPageV1),
    Head(HeadV1),
    Page(FeedPageV1),
    Gone,
    Snapshot(Snapshot),
    Digests(HeadV1, Vec<u128>),
    Bucket(HeadV1, usize, Rows),
    Refused { status: u16, problem: &'static str, retry_after_ms: Option<u64> },
}

/// A call under way.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Which one: an answer to another is not listened to.
    pub(crate) id: u64,
    /// Whose.
    pub(crate) at_box: usize,
    /// The mall process it goes to.
    pub(crate) node: usize,
    /// What it asks.
    pub(crate) ask: Ask,
}

/// The state of the way.
#[derive(Debug, Default)]
pub(crate) struct Net {
    n_calls: u64,
    cut_until: BTreeMap<usize, i64>,
    all_cut_until: i64,
    /// Answers of a captive portal come to these boxes, whatever they ask.
    portal_until: BTreeMap<usize, i64>,
}

impl Net {
    pub(crate) fn cut(&mut self, at_box: usize, until: i64) {
        self.cut_until.insert(at_box, until);
    }

    pub(crate) fn cut_all(&mut self, until: i64) {
        self.all_cut_until = until;
    }

    pub(crate) fn put_portal(&mut self, at_box: usize, until: i64) {
        self.portal_until.insert(at_box, until);
    }

    fn is_cut(&self, at_box: usize, now: i64) -> bool {
        now < self.all_cut_until || self.cut_until.get(&at_box).is_some_and(|until| now < *until)
    }

    fn has_portal(&self, at_box: usize, now: i64) -> bool {
        self.portal_until.get(&at_box).is_some_and(|until| now < *until)
    }

    pub(crate) fn mend(&mut self) {
        *self = Self { n_calls: self.n_calls, ..Self::default() };
    }
}

impl World {
    /// Sends a call on its way; its number.
    pub(crate) fn send(&mut self, at_box: usize, ask: Ask) -> u64 {
        self.net.n_calls += 1;
        let (id, node) = (self.net.n_calls, self.dice.below(NODES));
        let call = Call { id, at_box, node, ask };
        self.after(TIMEOUT, Event::Timeout { at_box, call: id });
        if !self.is_calm && self.dice.is_within(2) {
            let late = SECOND + self.up_to(10 * MINUTE);
            self.after(late, Event::Arrive(Box::new(call.clone())));
        }
        if let Some(delay) = self.passes(at_box) {
            self.after(delay, Event::Arrive(Box::new(call)));
        }
        id
    }

    /// How long something takes from one side to the other; never, if it is lost.
    fn passes(&mut self, at_box: usize) -> Option<i64> {
        if self.net.is_cut(at_box, self.now) || (!self.is_calm && self.dice.is_within(2)) {
            return None;
        }
        let slowest = if !self.is_calm && self.dice.is_within(3) { TIMEOUT } else { SECOND };
        Some(5 + self.up_to(slowest))
    }

    /// A call comes to the mall, if it does.
    pub(crate) fn arrive(&mut self, call: Call) {
        let (at_box, id) = (call.at_box, call.id);
        if self.net.is_cut(at_box, self.now) {
            return;
        }
        let reply = if self.net.has_portal(at_box, self.now) {
            Some(Reply::Refused { status: 400, problem: "", retry_after_ms: None })
        } else {
            self.serve(call)
        };
        let Some(reply) = reply else { return };
        if let Some(delay) = self.passes(at_box) {
            self.after(delay, Event::Answer { at_box, call: id, reply: Box::new(reply) });
        }
    }
}
