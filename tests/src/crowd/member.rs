//! A store of the crowd: what an edge node says on its way up, decided by the same pure core, over an
//! outbox in memory.

use std::sync::Arc;

use rand_of::low_bits;
use sync::{
    chain::Hash,
    path,
    uplink::{Heard, Next, Refused, Rest, Uplink},
    wire::{BatchAnswerV1, BatchV1, PlaceV1, SessionAskV1, SessionV1},
};
use tokio::time::{Duration, sleep};
use uuid::Uuid;

use super::{
    outbox::Outbox,
    tally::Tally,
    way::{self, Way, now},
};
use crate::dice::Dice;

/// Where its random numbers come from.
mod rand_of {
    use crate::dice::Dice;

    /// A number of 32 bits.
    pub(super) fn low_bits(dice: &mut Dice) -> u32 {
        u32::try_from(dice.below(usize::try_from(u32::MAX).unwrap_or(usize::MAX))).unwrap_or(0)
    }
}

/// A store.
#[derive(Debug)]
pub struct Member {
    /// Its code.
    pub code: String,
    /// Its way to the mall.
    pub way: Way,
    /// What it has to tell.
    pub outbox: Outbox,
    /// What it picks by.
    pub dice: Dice,
    uplink: Uplink,
    nonce: Option<Uuid>,
    /// The ask that no answer has come to: a repeat is the same ask, as a ledger writes it down.
    asking: Option<Uuid>,
    /// Whether it was given a life that it did not ask for, and says no more.
    is_astray: bool,
    has_begun: bool,
}

impl Member {
    /// One that has said nothing yet.
    #[must_use]
    pub fn new(code: String, way: Way, outbox: Outbox, dice: Dice) -> Self {
        let uplink = Uplink::default();
        Self {
            code,
            way,
            outbox,
            dice,
            uplink,
            nonce: None,
            asking: None,
            is_astray: false,
            has_begun: false,
        }
    }

    /// Tells all that waits, and waits when it is told to.
    pub async fn tell(&mut self, tally: &Arc<Tally>) {
        while !self.is_astray {
            match self.uplink.next(now()) {
                Next::Session => self.session(tally).await,
                Next::Facts(ask) => match self.outbox.batch(ask) {
                    Some(batch) => self.send(&batch, tally).await,
                    None => self.heard(Heard::Nothing),
                },
                Next::Hole(session, hole) => {
                    tally.count(|n| n.refusals.push(format!("{} told of a hole", self.code)));
                    let batch = self.outbox.hole(session, hole);
                    self.send(&batch, tally).await;
                }
                Next::Rest(Rest::Told) => return,
                Next::Rest(Rest::Asked(ms)) => {
                    tally.count(|n| n.n_later += 1);
                    sleep(Duration::from_millis(ms)).await;
                }
                Next::Rest(Rest::Failed(ms)) => sleep(Duration::from_millis(ms)).await,
            }
        }
    }

    fn heard(&mut self, heard: Heard<'_>) {
        let random = low_bits(&mut self.dice);
        let marks = self.uplink.heard(heard, now(), random);
        if let Some(through) = marks.acked_through {
            self.outbox.acked = self.outbox.acked.max(through);
        }
    }

    async fn session(&mut self, tally: &Arc<Tally>) {
        let [newest, acked] = self.outbox.stands().map(|(seq, chain)| PlaceV1 { seq, chain });
        let low = u128::from(low_bits(&mut self.dice)) << 64;
        let fresh = Uuid::from_u128(low | u128::from(now().micros().unsigned_abs()));
        let ask = SessionAskV1 {
            id: *self.asking.get_or_insert(fresh),
            epoch: self.outbox.epoch,
            boot_no: 1,
            machine: Hash::of(self.code.as_bytes()),
            nonce: self.nonce,
            newest,
            acked,
            is_doubtful: false,
        };
        match self.way.post::<_, SessionV1>(path::SESSIONS, &ask).await {
            way::Heard::Done(told) => {
                let is_first = !std::mem::replace(&mut self.has_begun, true);
                let at = tally.now();
                tally.count(|n| {
                    n.n_sessions += 1;
                    if is_first {
                        (n.n_begun, n.all_begun) = (n.n_begun + 1, at);
                    }
                    if told.epoch != self.outbox.epoch {
                        n.refusals.push(format!("{} was given another life", self.code));
                    }
                });
                (self.nonce, self.asking) = (Some(told.nonce), None);
                self.is_astray |= told.epoch != self.outbox.epoch;
                self.heard(Heard::Session(Some(&told), 0));
            }
            way::Heard::Refused(no) => self.refused(None, &no, tally),
            way::Heard::Silent => self.silent(tally),
        }
    }

    async fn send(&mut self, batch: &BatchV1, tally: &Arc<Tally>) {
        let path = path::batches(self.way.edge);
        match self.way.post::<_, BatchAnswerV1>(&path, batch).await {
            way::Heard::Done(answer) => {
                tally.count(|n| n.n_batches += 1);
                self.heard(Heard::Answer(batch, &answer));
            }
            way::Heard::Refused(no) => self.refused(Some(batch), &no, tally),
            way::Heard::Silent => self.silent(tally),
        }
    }

    fn refused(&mut self, batch: Option<&BatchV1>, no: &way::No, tally: &Arc<Tally>) {
        let way::No { status, problem, retry_after_ms } = no;
        // To come later is no fault; anything else a store would have to see to.
        if retry_after_ms.is_none() {
            tally.count(|n| n.refusals.push(format!("{}: {status} {problem}", self.code)));
        }
        let (status, retry_after_ms) = (*status, *retry_after_ms);
        self.heard(Heard::Refused(batch, Refused { status, problem, retry_after_ms }));
    }

    fn silent(&mut self, tally: &Arc<Tally>) {
        tally.count(|n| n.n_silent += 1);
        self.heard(Heard::Silent);
    }
}
