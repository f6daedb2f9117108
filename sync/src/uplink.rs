//! What an edge node says to the mall next, and what an answer means.
//!
//! The shell asks [`Uplink::next`], does that one thing, and tells [`Uplink::heard`] how it went. What
//! comes back it writes into the ledger before it asks again. So every choice of the way up is made
//! here, and the simulator makes the same ones.
//!
//! | what is refused | what comes next |
//! | --- | --- |
//! | the session, the life | say anew where the ledger stands |
//! | a batch, for what it is | half of it, and so on down to one fact |
//! | one fact, for what it is | a session; if the mall opens one, the same fact wrapped ([`crate::raw`]) |
//! | that fact wrapped, or a fact that its own ledger does not know any more | a hole in its place, with the reason: the fact stays here, a person looks |
//! | it too, after [`HOLES_MAX`] holes in a row | wait: it is the way, and no more of what waits becomes holes |
//! | anything else | wait, longer each time |
//!
//! **Invariant:** pure: no ledger, no clock, no random number but those it is given. A fact stops
//! waiting only by an answer that names its place.

use domain::time::Timestamp;
use uuid::Uuid;

use crate::{
    backoff::{asked_ms, retry_ms},
    outbox::{BATCH_FACTS_MAX, Marks, marks},
    wire::{BatchAnswerV1, BatchV1, HoleV1, SessionV1},
};

/// A session is as old at most: by then a clone that speaks in between is seen, and what HQ decided
/// about it is heard.
pub const SESSION_MS_MAX: i64 = 60 * 60 * 1_000;
/// The reason of a hole where a ledger has other bytes than were written.
pub const DAMAGED: &str = "the ledger is damaged here";
/// How often between two rests the mall may say that the session has ended.
const ENDED_MAX: u32 = 3;
/// So many holes in a row are made at most.
///
/// Some facts that somebody on the way takes offence at may lie beside each other, as sales of one article
/// do; more are no fault of theirs. A person looks at every hole.
pub const HOLES_MAX: u32 = 16;
/// How often in a row the mall may ask for an earlier place without taking anything.
const RESENT_MAX: u32 = 1;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say where the ledger stands.
    Session,
    /// Send facts.
    Facts(Facts),
    /// Send a batch of no facts that tells of a hole; its chain is the one after the hole.
    Hole(Option<Uuid>, HoleV1),
    /// Wait, and look again.
    Rest(Rest),
}

/// Which facts to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The session that the batch carries; none where the mall is older than sessions.
    pub session: Option<Uuid>,
    /// From this place on, or from the first that waits.
    pub from: Option<i64>,
    /// So many at most, and at least 1.
    pub at_most: usize,
    /// Whether they go wrapped.
    pub is_wrapped: bool,
}

/// Why to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// All is told: until there is news, or a while has gone by.
    Told,
    /// The mall wants to be left alone for so many milliseconds; news do not shorten them.
    Asked(u64),
    /// It did not go well: as [`Rest::Asked`].
    Failed(u64),
}

/// How a call went.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// A session is open, and what the mall says of it is written down; none where it knows no sessions.
    /// With how many holes stand in a row at the end of what the ledger calls told.
    Session(Option<&'a SessionV1>, u32),
    /// There was nothing to send.
    Nothing,
    /// The fact at this place is not what was written down, and nobody knows what it was.
    Damaged(i64),
    /// The mall answered a batch.
    Answer(&'a BatchV1, &'a BatchAnswerV1),
    /// It said no; with the batch, if it was one.
    Refused(Option<&'a BatchV1>, Refused<'a>),
    /// It said nothing, or nothing that was agreed; or the ledger could not be read or written.
    Silent,
}

/// A no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The type of the problem, as the mall writes it.
    pub problem: &'a str,
    /// When to come again, if it says so.
    pub retry_after_ms: Option<u64>,
}

impl Refused<'_> {
    /// Whether this ledger is to say anew where it stands.
    fn is_of_the_session(&self) -> bool {
        let slug = self.problem.strip_prefix("/problems/");
        self.status == 409 && matches!(slug, Some("session-ended" | "epoch" | "forked"))
    }

    /// Whether another batch might be taken: this one cannot be read or is too large. The mall says so,
    /// or a proxy before it.
    const fn is_of_the_batch(&self) -> bool {
        matches!(self.status, 400 | 413 | 422)
    }
}

/// What is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Facts as they are.
    Plain,
    /// The fact at this place, which was refused alone: wrapped.
    Wrapped(i64),
    /// A hole.
    Hole(HoleV1),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    nonce: Option<Uuid>,
    began: Timestamp,
}

/// The way up of one edge node, as far as it is known between two calls. Nothing of it need outlive the
/// daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    session: Option<Open>,
    epoch: Option<u32>,
    stage: Stage,
    from: Option<i64>,
    at_most: usize,
    resent: u32,
    ended: u32,
    failures: u32,
    holes: u32,
    is_shut: bool,
    rest: Option<Rest>,
}

impl Default for Uplink {
    fn default() -> Self {
        Self {
            session: None,
            epoch: None,
            stage: Stage::Plain,
            from: None,
            at_most: BATCH_FACTS_MAX,
            resent: 0,
            ended: 0,
            failures: 0,
            holes: 0,
            is_shut: false,
            rest: None,
        }
    }
}

impl Uplink {
    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether nobody on the way takes any fact: there are [`HOLES_MAX`] holes in a row, and the fact after
    /// them was refused as they were. It stays so until one is taken.
    #[must_use]
    pub const fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// What to do now.
    pub fn next(&mut self, now: Timestamp) -> Next {
        if let Some(rest) = self.rest.take() {
            (self.stage, self.from) = (Stage::Plain, None);
            (self.resent, self.ended) = (0, 0);
            return Next::Rest(rest);
        }
        // A clock that was put back makes a session no younger.
        let is_young = |open: &Open| (0..SESSION_MS_MAX).contains(&now.ms_since(open.began));
        let Some(Open { nonce: session, .. }) = self.session.filter(is_young) else {
            return Next::Session;
        };
        let (from, at_most) = (self.from, self.at_most);
        match &self.stage {
            Stage::Plain => Next::Facts(Facts { session, from, at_most, is_wrapped: false }),
            Stage::Wrapped(seq) => {
                Next::Facts(Facts { session, from: Some(*seq), at_most: 1, is_wrapped: true })
            }
            Stage::Hole(hole) => Next::Hole(session, hole.clone()),
        }
    }

    /// Takes in how it went, with a random number. The answer is to be written down before the next
    /// thing is done.
    #[must_use]
    pub fn heard(&mut self, heard: Heard<'_>, now: Timestamp, random: u32) -> Marks {
        match heard {
            Heard::Session(told, holes) => {
                self.holes = holes;
                self.opened(told, now, random);
            }
            Heard::Nothing => {
                self.failures = 0;
                self.rest = Some(Rest::Told);
            }
            Heard::Damaged(place) => {
                let reason = DAMAGED.to_owned();
                self.stage = Stage::Hole(HoleV1 { from: place, through: place, reason });
            }
            Heard::Answer(sent, answer) => return self.answered(sent, answer, random),
            Heard::Refused(sent, refused) => self.refused(sent, refused, random),
            Heard::Silent => self.failed(random),
        }
        Marks::default()
    }

    fn opened(&mut self, told: Option<&SessionV1>, now: Timestamp, random: u32) {
        self.session = Some(Open { nonce: told.map(|told| told.nonce), began: now });
        let epoch = told.map(|told| told.epoch);
        if epoch != self.epoch {
            // Places mean other facts now.
            (self.epoch, self.stage, self.from) = (epoch, Stage::Plain, None);
        }
        if let Some(ms) = told.and_then(|told| told.retry_after_ms) {
            self.rest = Some(Rest::Asked(asked_ms(ms, random)));
        }
    }

    fn answered(&mut self, sent: &BatchV1, answer: &BatchAnswerV1, random: u32) -> Marks {
        let marks = marks(sent, answer);
        if marks.acked_through.is_some() {
            self.was_taken(sent);
        }
        self.resent = if marks.resend_from.is_some() { self.resent + 1 } else { 0 };
        match marks.resend_from {
            None if marks.acked_through.is_none() => self.failed(random),
            None => self.from = None,
            Some(expected) => self.resend(expected, sent, random),
        }
        if let Some(credits) = answer.credits {
            let credits = usize::try_from(credits).unwrap_or(BATCH_FACTS_MAX);
            self.at_most = credits.clamp(1, BATCH_FACTS_MAX);
        }
        if let (Some(ms), None) = (answer.retry_after_ms, self.rest) {
            self.rest = Some(Rest::Asked(asked_ms(ms, random)));
        }
        marks
    }

    /// A batch went through: the next may be larger again.
    fn was_taken(&mut self, sent: &BatchV1) {
        let facts = sent.facts.len();
        (self.stage, self.failures) = (Stage::Plain, 0);
        match facts {
            0 => self.holes = self.holes.saturating_add(1),
            _ => (self.holes, self.is_shut) = (0, false),
        }
        if facts >= self.at_most || facts <= 1 {
            self.at_most = self.at_most.saturating_mul(2).min(BATCH_FACTS_MAX);
        }
    }

    /// The mall expects an earlier place than was sent. Asked for again after the ledger gave what it
    /// has from there on, the places before are a hole: the ledger does not have them any more.
    fn resend(&mut self, expected: i64, sent: &BatchV1, random: u32) {
        let of_hole = sent.hole.as_ref().map(|hole| hole.from);
        let first = of_hole.or(sent.facts.first().map(|fact| fact.seq)).unwrap_or(expected);
        if expected < 1 || expected >= first {
            return self.failed(random);
        }
        if self.from == Some(expected) {
            let reason = "the ledger does not have these facts any more".to_owned();
            self.stage = Stage::Hole(HoleV1 { from: expected, through: first - 1, reason });
        } else if self.resent > RESENT_MAX {
            return self.failed(random);
        } else {
            // What was about to be told waits for what comes before it, which the ledger may well have.
            self.stage = Stage::Plain;
        }
        self.from = Some(expected);
    }

    fn refused(&mut self, sent: Option<&BatchV1>, refused: Refused<'_>, random: u32) {
        if refused.is_of_the_session() && self.ended < ENDED_MAX {
            (self.session, self.stage, self.from) = (None, Stage::Plain, None);
            self.ended += 1;
        } else if let Some(ms) = refused.retry_after_ms {
            self.failures = self.failures.saturating_add(1);
            self.rest = Some(Rest::Asked(asked_ms(ms, random)));
        } else if let Some(sent) = sent.filter(|_| refused.is_of_the_batch()) {
            self.narrow(sent, refused.status, random);
        } else {
            self.failed(random);
        }
    }

    /// Looks for the one fact that is refused, and at last passes it over in the open.
    fn narrow(&mut self, sent: &BatchV1, status: u16, random: u32) {
        let was_wrapped = matches!(self.stage, Stage::Wrapped(_));
        match sent.facts.as_slice() {
            [] => self.failed(random),
            [_] if was_wrapped && self.holes >= HOLES_MAX => {
                self.is_shut = true;
                self.failed(random);
            }
            [one] if was_wrapped => {
                let reason = format!("refused with {status}, alone and wrapped");
                self.stage = Stage::Hole(HoleV1 { from: one.seq, through: one.seq, reason });
            }
            [one] => {
                // If the mall opens a session now, it is not the way that refuses everything.
                (self.stage, self.session) = (Stage::Wrapped(one.seq), None);
            }
            many => self.at_most = many.len() / 2,
        }
    }

    /// Whoever comes back after a failure says first where it stands.
    fn failed(&mut self, random: u32) {
        self.session = None;
        self.failures = self.failures.saturating_add(1);
        self.rest = Some(Rest::Failed(retry_ms(self.failures, random)));
    }
}

#[cfg(test)]
mod tests;
