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
//! | that fact wrapped | a hole in its place, with the reason: the fact stays here, a person looks |
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
/// How often between two rests the mall may say that the session has ended.
const ENDED_MAX: u32 = 3;
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
    Session(Option<&'a SessionV1>),
    /// There was nothing to send.
    Nothing,
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
            Heard::Session(told) => self.opened(told, now, random),
            Heard::Nothing => {
                self.failures = 0;
                self.rest = Some(Rest::Told);
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
            self.was_taken(sent.facts.len());
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
    fn was_taken(&mut self, facts: usize) {
        (self.stage, self.failures) = (Stage::Plain, 0);
        if facts >= self.at_most || facts <= 1 {
            self.at_most = self.at_most.saturating_mul(2).min(BATCH_FACTS_MAX);
        }
    }

    /// The mall expects an earlier place than was sent. Asked for again after the ledger gave what it
    /// has from there on, the places before are a hole: the ledger does not have them any more.
    fn resend(&mut self, expected: i64, sent: &BatchV1, random: u32) {
        let first = sent.facts.first().map_or(expected, |fact| fact.seq);
        if expected < 1 || expected >= first {
            return self.failed(random);
        }
        if self.from == Some(expected) {
            let reason = "the ledger does not have these facts any more".to_owned();
            self.stage = Stage::Hole(HoleV1 { from: expected, through: first - 1, reason });
        } else if self.resent > RESENT_MAX {
            return self.failed(random);
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
mod tests {
    use super::*;
    use crate::{chain::Hash, wire::FactV1};

    const NOW: Timestamp = Timestamp::from_micros(0);
    const OK: Refused<'_> = Refused { status: 400, problem: "", retry_after_ms: None };

    /// What the mall does with a batch.
    enum Does {
        /// Holds all of it.
        Takes,
        /// Expects this place.
        Expects(i64),
        /// Says no.
        Refuses(Refused<'static>),
    }

    /// An edge node whose ledger has the places of a range, all of which wait from `acked + 1` on, and
    /// what it did.
    struct Edge {
        uplink: Uplink,
        has: std::ops::RangeInclusive<i64>,
        acked: i64,
        said: Vec<String>,
    }

    impl Edge {
        fn new(has: std::ops::RangeInclusive<i64>, acked: i64) -> Self {
            Self { uplink: Uplink::default(), has, acked, said: Vec::new() }
        }

        fn heard(&mut self, heard: Heard<'_>) {
            let marks = self.uplink.heard(heard, NOW, 0);
            if let Some(through) = marks.acked_through {
                self.acked = self.acked.max(through);
            }
        }

        fn batch(&self, ask: Facts) -> BatchV1 {
            let from = ask.from.unwrap_or(self.acked + 1).max(*self.has.start());
            let facts = (from..=*self.has.end()).take(ask.at_most).map(fact).collect();
            BatchV1 { session: ask.session, epoch: 1, prev_chain: Hash::GENESIS, hole: None, facts }
        }

        /// Goes on until it rests.
        fn until_rest(&mut self, mall: impl Fn(&BatchV1, bool) -> Does) -> Rest {
            loop {
                let (sent, is_wrapped) = match self.uplink.next(NOW) {
                    Next::Rest(rest) => return rest,
                    Next::Session => {
                        self.said.push("session".to_owned());
                        self.heard(Heard::Session(Some(&session(1, None))));
                        continue;
                    }
                    Next::Hole(session, hole) => {
                        self.said.push(format!("hole {}-{}", hole.from, hole.through));
                        let chain = Hash::GENESIS;
                        let (hole, facts) = (Some(hole), Vec::new());
                        (BatchV1 { session, epoch: 1, prev_chain: chain, hole, facts }, false)
                    }
                    Next::Facts(ask) => (self.batch(ask), ask.is_wrapped),
                };
                if sent.hole.is_none() {
                    let (first, last) = (sent.facts.first(), sent.facts.last());
                    let (Some(first), Some(last)) = (first, last) else {
                        self.heard(Heard::Nothing);
                        continue;
                    };
                    let how = if is_wrapped { " wrapped" } else { "" };
                    self.said.push(format!("{}-{}{how}", first.seq, last.seq));
                }
                let last = sent.facts.last().map(|fact| fact.seq);
                let last = last.or(sent.hole.as_ref().map(|hole| hole.through)).unwrap();
                match mall(&sent, is_wrapped) {
                    Does::Takes => self.heard(Heard::Answer(&sent, &answer(last, None))),
                    Does::Expects(seq) => {
                        self.heard(Heard::Answer(&sent, &answer(0, Some(seq))));
                    }
                    Does::Refuses(no) => self.heard(Heard::Refused(Some(&sent), no)),
                }
            }
        }
    }

    fn fact(seq: i64) -> FactV1 {
        let digest = Hash::of(b"");
        let (kind, body) = (String::new(), String::new());
        FactV1 { seq, id: Uuid::nil(), kind, v: 1, body, digest, chain: digest }
    }

    fn answer(acked_seq: i64, expected_seq: Option<i64>) -> BatchAnswerV1 {
        let verdicts = Vec::new();
        BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms: None, credits: None }
    }

    fn session(epoch: u32, retry_after_ms: Option<u64>) -> SessionV1 {
        let (lives, lost, nonce) = (Vec::new(), Vec::new(), Uuid::from_u128(1));
        SessionV1 {
            nonce,
            epoch,
            lives,
            lost,
            is_frozen: false,
            retry_after_ms,
            packings: Vec::new(),
        }
    }

    fn has(batch: &BatchV1, seq: i64) -> bool {
        batch.facts.iter().any(|fact| fact.seq == seq)
    }

    #[test]
    fn all_that_waits_is_told_batch_by_batch_in_one_session() {
        let mut edge = Edge::new(1..=250, 0);
        assert_eq!(edge.until_rest(|_, _| Does::Takes), Rest::Told);
        assert_eq!(edge.said, ["session", "1-100", "101-200", "201-250"]);
        edge.said.clear();
        assert_eq!(edge.until_rest(|_, _| Does::Takes), Rest::Told);
        assert!(edge.said.is_empty());
    }

    #[test]
    fn a_fact_that_nobody_takes_is_told_wrapped_and_the_others_go_on() {
        let mut edge = Edge::new(1..=10, 0);
        let rest = edge.until_rest(|batch, is_wrapped| match has(batch, 3) && !is_wrapped {
            true => Does::Refuses(OK),
            false => Does::Takes,
        });
        assert_eq!(rest, Rest::Told);
        let expected = [
            "session",
            "1-10",
            "1-5",
            "1-2",
            "3-6",
            "3-4",
            "3-3",
            "session",
            "3-3 wrapped",
            "4-5",
            "6-9",
            "10-10",
        ];
        assert_eq!(edge.said, expected);
    }

    #[test]
    fn a_fact_that_is_not_taken_wrapped_leaves_a_hole_and_the_others_go_on() {
        let mut edge = Edge::new(1..=4, 0);
        let mall = |batch: &BatchV1, _| match has(batch, 2) {
            true => Does::Refuses(OK),
            false => Does::Takes,
        };
        assert_eq!(edge.until_rest(mall), Rest::Told);
        let expected = [
            "session",
            "1-4",
            "1-2",
            "1-1",
            "2-3",
            "2-2",
            "session",
            "2-2 wrapped",
            "hole 2-2",
            "3-4",
        ];
        assert_eq!(edge.said, expected);
    }

    #[test]
    fn where_everything_is_refused_nothing_is_passed_over() {
        let mut edge = Edge::new(1..=4, 0);
        assert!(matches!(edge.until_rest(|_, _| Does::Refuses(OK)), Rest::Failed(_)));
        assert_eq!(edge.acked, 0);
        assert_eq!(edge.said.last().unwrap(), "hole 1-1");
        // Where the session is refused too, it does not come so far.
        let mut uplink = Uplink::default();
        assert_eq!(uplink.next(NOW), Next::Session);
        let _ = uplink.heard(Heard::Refused(None, OK), NOW, 0);
        assert_eq!(uplink.next(NOW), Next::Rest(Rest::Failed(500)));
    }

    #[test]
    fn facts_that_the_mall_has_lost_are_sent_again_and_those_that_are_gone_are_a_hole() {
        let held = std::cell::Cell::new(4);
        let mall = |batch: &BatchV1, _| {
            let last = batch.facts.last().map(|fact| fact.seq);
            let first = batch.facts.first().map(|fact| fact.seq);
            let first = batch.hole.as_ref().map(|hole| hole.from).or(first).unwrap();
            if first > held.get() + 1 {
                return Does::Expects(held.get() + 1);
            }
            held.set(last.or(batch.hole.as_ref().map(|hole| hole.through)).unwrap());
            Does::Takes
        };
        let mut edge = Edge::new(1..=9, 7);
        assert_eq!(edge.until_rest(mall), Rest::Told);
        assert_eq!(edge.said, ["session", "8-9", "5-9"]);
        held.set(4);
        let mut edge = Edge::new(7..=9, 8);
        assert_eq!(edge.until_rest(mall), Rest::Told);
        assert_eq!(edge.said, ["session", "9-9", "7-9", "hole 5-6", "9-9", "7-9"]);
    }

    #[test]
    fn an_answer_that_leads_nowhere_is_a_failure() {
        for expected in [0, -3, 5, 99, i64::MAX] {
            let mut edge = Edge::new(1..=9, 0);
            let rest = edge.until_rest(|_, _| Does::Expects(expected));
            assert!(matches!(rest, Rest::Failed(_)), "{expected}");
            assert_eq!(edge.acked, 0);
        }
        let mut uplink = Uplink::default();
        let _ = uplink.heard(Heard::Session(None), NOW, 0);
        let sent = Edge::new(1..=2, 0).batch(Facts {
            session: None,
            from: None,
            at_most: 9,
            is_wrapped: false,
        });
        let _ = uplink.heard(Heard::Answer(&sent, &answer(0, None)), NOW, 0);
        assert_eq!(uplink.next(NOW), Next::Rest(Rest::Failed(500)));
    }

    #[test]
    fn a_no_says_what_comes_next() {
        let no = |status, problem, retry_after_ms| Refused { status, problem, retry_after_ms };
        let table = [
            (no(409, "/problems/session-ended", None), Next::Session),
            (no(409, "/problems/epoch", None), Next::Session),
            (no(409, "/problems/forked", None), Next::Session),
            (no(409, "/problems/other", None), Next::Rest(Rest::Failed(500))),
            (no(409, "forked", None), Next::Rest(Rest::Failed(500))),
            (no(503, "/problems/busy", Some(4_000)), Next::Rest(Rest::Asked(4_000))),
            (no(503, "/problems/busy", None), Next::Rest(Rest::Failed(500))),
            (no(401, "", None), Next::Rest(Rest::Failed(500))),
            (no(429, "", Some(0)), Next::Rest(Rest::Asked(500))),
        ];
        for (no, next) in table {
            let mut uplink = Uplink::default();
            let _ = uplink.heard(Heard::Session(Some(&session(1, None))), NOW, 0);
            let sent = Edge::new(1..=2, 0).batch(Facts {
                session: None,
                from: None,
                at_most: 9,
                is_wrapped: false,
            });
            let _ = uplink.heard(Heard::Refused(Some(&sent), no), NOW, 0);
            assert_eq!(uplink.next(NOW), next, "{no:?}");
        }
    }

    #[test]
    fn a_mall_that_ends_every_session_is_left_alone_after_a_few() {
        let ended =
            Refused { status: 409, problem: "/problems/session-ended", retry_after_ms: None };
        let mut edge = Edge::new(1..=2, 0);
        assert!(matches!(edge.until_rest(|_, _| Does::Refuses(ended)), Rest::Failed(_)));
        assert_eq!(edge.said.iter().filter(|said| *said == "session").count(), 4);
    }

    #[test]
    fn credits_and_times_to_wait_are_kept() {
        let mut uplink = Uplink::default();
        let _ = uplink.heard(Heard::Session(Some(&session(1, Some(9_000)))), NOW, 0);
        assert_eq!(uplink.next(NOW), Next::Rest(Rest::Asked(9_000)));
        let ask = Facts {
            session: Some(Uuid::from_u128(1)),
            from: None,
            at_most: 100,
            is_wrapped: false,
        };
        assert_eq!(uplink.next(NOW), Next::Facts(ask));
        let sent = Edge::new(1..=100, 0).batch(ask);
        let told =
            BatchAnswerV1 { credits: Some(7), retry_after_ms: Some(2_000), ..answer(100, None) };
        let _ = uplink.heard(Heard::Answer(&sent, &told), NOW, 0);
        assert_eq!(uplink.next(NOW), Next::Rest(Rest::Asked(2_000)));
        assert_eq!(uplink.next(NOW), Next::Facts(Facts { at_most: 7, ..ask }));
    }

    #[test]
    fn a_session_is_opened_anew_when_it_is_old_or_the_clock_was_put_back() {
        let mut uplink = Uplink::default();
        let _ = uplink.heard(Heard::Session(None), NOW, 0);
        for (ms, is_open) in
            [(0, true), (SESSION_MS_MAX - 1, true), (SESSION_MS_MAX, false), (-1, false)]
        {
            let next = uplink.next(NOW.plus_ms(ms));
            assert_eq!(next != Next::Session, is_open, "after {ms} ms");
        }
    }

    #[test]
    fn in_a_new_life_no_place_of_the_old_one_is_gone_on_with() {
        let mut uplink = Uplink::default();
        let _ = uplink.heard(Heard::Session(Some(&session(1, None))), NOW, 0);
        let one = Edge::new(3..=3, 2).batch(Facts {
            session: None,
            from: None,
            at_most: 1,
            is_wrapped: false,
        });
        let _ = uplink.heard(Heard::Refused(Some(&one), OK), NOW, 0);
        assert_eq!(uplink.next(NOW), Next::Session);
        let mut same = uplink.clone();
        let _ = same.heard(Heard::Session(Some(&session(1, None))), NOW, 0);
        assert!(matches!(
            same.next(NOW),
            Next::Facts(Facts { is_wrapped: true, from: Some(3), .. })
        ));
        let _ = uplink.heard(Heard::Session(Some(&session(2, None))), NOW, 0);
        assert!(matches!(
            uplink.next(NOW),
            Next::Facts(Facts { is_wrapped: false, from: None, .. })
        ));
    }
}
