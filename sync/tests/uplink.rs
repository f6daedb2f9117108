//! The way up against a mall that answers anything at all: `sync::uplink` and `sync::outbox` by random
//! scripts of answers, true or not.
//!
//! The simulator's mall is honest and its way is bad (`sync/tests/simulator`); here the answers
//! themselves are wrong. Whatever they say, a fact stops waiting only by an answer to a batch that it
//! was in, nothing is called a hole that was not refused alone and wrapped or is not in the ledger, and
//! nobody makes a store ask without end.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use domain::time::Timestamp;
use proptest::prelude::*;
use sync::{
    chain::Hash,
    outbox::{BATCH_BYTES_MAX, BATCH_FACTS_MAX, Marks, batch_len},
    uplink::{Facts, HOLES_MAX, Heard, Next, Refused, Rest, Uplink},
    wire::{BatchAnswerV1, BatchV1, FactV1, SessionV1, ToldV1, VerdictV1},
};
use uuid::Uuid;

/// Cases of a usual run; `GUITAI_DEEP` says how many times as many.
const CASES: u32 = 256;
/// Calls of a run.
const CALLS: usize = 2_000;

/// What the mall says to whatever it is asked.
#[derive(Clone, Debug)]
enum Says {
    /// It holds this many of the batch's places, fewer than none, or more than there are.
    Holds(i64, Option<i64>, Option<u32>, Option<u64>),
    /// No.
    Refuses(u16, &'static str, Option<u64>),
    /// Nothing.
    Silence,
    /// It opens a session in this life, or knows none.
    Opens(Option<u32>, Option<u64>),
}

fn says() -> impl Strategy<Value = Says> {
    let status = prop::sample::select(vec![400, 401, 403, 404, 409, 413, 422, 429, 500, 503]);
    let problem = prop::sample::select(vec![
        "/problems/session-ended",
        "/problems/epoch",
        "/problems/forked",
        "/problems/malformed",
        "",
    ]);
    let wait = || prop::option::weighted(0.1, 0..10_000_000_u64);
    let expected = prop::option::weighted(0.3, -2..40_i64);
    let credits = prop::option::weighted(0.2, 0..300_u32);
    prop_oneof![
        8 => (-5..120_i64, expected, credits, wait())
            .prop_map(|(held, expected, credits, wait)| Says::Holds(held, expected, credits, wait)),
        4 => (status, problem, wait())
            .prop_map(|(status, problem, wait)| Says::Refuses(status, problem, wait)),
        1 => Just(Says::Silence),
        4 => (prop::option::weighted(0.9, 1..4_u32), wait())
            .prop_map(|(epoch, wait)| Says::Opens(epoch, wait)),
    ]
}

/// A ledger that has the places of a range; some wait.
struct Ledger {
    first: i64,
    waits: Vec<bool>,
    epoch: u32,
}

impl Ledger {
    fn last(&self) -> i64 {
        self.first + i64::try_from(self.waits.len()).unwrap() - 1
    }

    fn has(&self, place: i64) -> bool {
        (self.first..=self.last()).contains(&place)
    }

    fn batch(&self, ask: &Facts) -> Option<BatchV1> {
        let waiting = self.waits.iter().position(|waits| *waits);
        let waiting = waiting.map(|n| self.first + i64::try_from(n).unwrap());
        let from = ask.from.or(waiting)?.max(self.first);
        let facts: Vec<FactV1> = (from..=self.last()).take(ask.at_most).map(fact).collect();
        let (session, epoch, prev_chain) = (ask.session, self.epoch, Hash::GENESIS);
        (!facts.is_empty()).then_some(BatchV1 { session, epoch, prev_chain, hole: None, facts })
    }

    fn mark(&mut self, places: std::ops::RangeInclusive<i64>) {
        for place in places.filter(|place| self.has(*place)).collect::<Vec<_>>() {
            self.waits[usize::try_from(place - self.first).unwrap()] = false;
        }
    }
}

fn fact(seq: i64) -> FactV1 {
    let digest = Hash::of(b"");
    let (kind, body) = (String::new(), String::new());
    FactV1 { seq, id: Uuid::nil(), kind, v: 1, body, digest, chain: digest }
}

/// A store, what it was told lately, and its ledger.
struct Store {
    uplink: Uplink,
    ledger: Ledger,
    /// The place that was refused alone as it is, and wrapped.
    refused_plain: Option<i64>,
    refused_wrapped: Option<i64>,
    /// What the mall expected of places that the ledger does not have.
    expected: Option<i64>,
    /// Holes in a row at the end of what is told.
    holes: u32,
    now: Timestamp,
}

impl Store {
    /// Does what is next and hears an answer; whether it rests now.
    fn call(&mut self, says: &Says, random: u32) -> Option<Rest> {
        let sent = match self.uplink.next(self.now) {
            Next::Rest(rest) => return Some(rest),
            Next::Session => None,
            Next::Hole(session, hole) => {
                self.is_right_about(hole.from, hole.through);
                let (epoch, prev_chain) = (self.ledger.epoch, Hash::GENESIS);
                let (hole, facts) = (Some(hole), Vec::new());
                Some((BatchV1 { session, epoch, prev_chain, hole, facts }, false))
            }
            Next::Facts(ask) => {
                assert!((1..=BATCH_FACTS_MAX).contains(&ask.at_most), "{ask:?}");
                assert!(!ask.is_wrapped || ask.at_most == 1, "{ask:?}");
                assert!(!ask.is_wrapped || ask.from == self.refused_plain, "{ask:?}");
                match self.ledger.batch(&ask) {
                    Some(batch) => Some((batch, ask.is_wrapped)),
                    None => {
                        self.hear(None, Heard::Nothing, random);
                        return None;
                    }
                }
            }
        };
        match sent {
            None => self.session(says, random),
            Some((batch, is_wrapped)) => self.answer(&batch, is_wrapped, says, random),
        }
        None
    }

    /// Only what cannot be told is called a hole.
    fn is_right_about(&self, from: i64, through: i64) {
        assert!(from <= through && from >= 1);
        let is_refused = from == through && self.refused_wrapped == Some(from);
        let is_missing =
            self.expected == Some(from) && (from..=through).all(|place| !self.ledger.has(place));
        assert!(is_refused || is_missing, "{from} to {through} is no hole");
        assert!(is_missing || self.holes < HOLES_MAX, "all that waits becomes holes");
    }

    fn hear(&mut self, sent: Option<&BatchV1>, heard: Heard<'_>, random: u32) -> Marks {
        let is_answer = matches!(heard, Heard::Answer(_, _));
        let marks = self.uplink.heard(heard, self.now, random);
        let Some(sent) = sent.filter(|_| is_answer) else {
            assert_eq!(marks, Marks::default(), "something is marked that nobody answered");
            return marks;
        };
        let hole = sent.hole.as_ref().map(|hole| (hole.from, hole.through));
        let first = hole.map(|(from, _)| from).or(sent.facts.first().map(|fact| fact.seq));
        let last = sent.facts.last().map(|fact| fact.seq).or(hole.map(|(_, through)| through));
        let sent = first.unwrap()..=last.unwrap();
        let is_sent = |place: i64| sent.contains(&place);
        assert!(marks.acked_through.is_none_or(is_sent), "{marks:?} of {sent:?}");
        assert!(marks.troubled.iter().all(|(place, _)| is_sent(*place)), "{marks:?} of {sent:?}");
        let is_acked = |through: i64| marks.acked_through.is_some_and(|acked| acked >= through);
        assert!(marks.hole.as_ref().is_none_or(|hole| is_acked(hole.through)), "{marks:?}");
        if let Some(through) = marks.acked_through {
            self.ledger.mark(self.ledger.first..=through);
            self.holes = if marks.hole.is_some() { self.holes + 1 } else { 0 };
        }
        marks
    }

    fn session(&mut self, says: &Says, random: u32) {
        let told = match says {
            Says::Opens(epoch, retry_after_ms) => Some((*epoch, *retry_after_ms)),
            Says::Holds(_, _, _, retry_after_ms) => Some((Some(1), *retry_after_ms)),
            Says::Refuses(_, _, _) | Says::Silence => None,
        };
        match (told, says) {
            (Some((Some(epoch), retry_after_ms)), _) => {
                if self.ledger.epoch != epoch {
                    // All that waits gets new places.
                    let waiting = self.ledger.waits.iter().filter(|waits| **waits).count();
                    self.ledger = Ledger { first: 1, waits: vec![true; waiting], epoch };
                }
                let (lives, lost, nonce) = (Vec::new(), Vec::new(), Uuid::from_u128(1));
                let is_frozen = false;
                let packings = Vec::new();
                let told =
                    SessionV1 { nonce, epoch, lives, lost, is_frozen, retry_after_ms, packings };
                self.hear(None, Heard::Session(Some(&told), self.holes), random);
            }
            (Some((None, _)), _) => drop(self.hear(None, Heard::Session(None, self.holes), random)),
            (None, Says::Refuses(status, problem, retry_after_ms)) => {
                let (status, retry_after_ms) = (*status, *retry_after_ms);
                let no = Refused { status, problem, retry_after_ms };
                self.hear(None, Heard::Refused(None, no), random);
            }
            (None, _) => drop(self.hear(None, Heard::Silent, random)),
        }
    }

    fn answer(&mut self, sent: &BatchV1, is_wrapped: bool, says: &Says, random: u32) {
        match says {
            Says::Holds(held, expected, credits, retry_after_ms) => {
                let first = sent.facts.first().map_or(0, |fact| fact.seq);
                let acked_seq = first + held;
                let verdicts = vec![
                    ToldV1 { seq: first, verdict: VerdictV1::Conflict },
                    ToldV1 { seq: acked_seq + 1, verdict: VerdictV1::Conflict },
                ];
                let (expected_seq, credits, retry_after_ms) =
                    (*expected, *credits, *retry_after_ms);
                self.expected = expected_seq;
                let answer =
                    BatchAnswerV1 { acked_seq, verdicts, expected_seq, retry_after_ms, credits };
                self.hear(Some(sent), Heard::Answer(sent, &answer), random);
            }
            Says::Refuses(status, problem, retry_after_ms) => {
                if let [one] = sent.facts.as_slice() {
                    let refused = if is_wrapped {
                        &mut self.refused_wrapped
                    } else {
                        &mut self.refused_plain
                    };
                    *refused = Some(one.seq);
                }
                let (status, retry_after_ms) = (*status, *retry_after_ms);
                let no = Refused { status, problem, retry_after_ms };
                self.hear(Some(sent), Heard::Refused(Some(sent), no), random);
            }
            Says::Silence | Says::Opens(_, _) => {
                self.hear(Some(sent), Heard::Silent, random);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_mall_makes_a_store_lose_a_fact_or_ask_without_end(
        first in 1..10_i64,
        facts in 0..60_usize,
        script in prop::collection::vec((says(), any::<u32>(), -100_000..3_600_000_i64), 1..40),
    ) {
        let ledger = Ledger { first, waits: vec![true; facts], epoch: 1 };
        let (uplink, now) = (Uplink::default(), Timestamp::from_micros(0));
        let (refused_plain, refused_wrapped, expected, holes) = (None, None, None, 0);
        let mut store =
            Store { uplink, ledger, refused_plain, refused_wrapped, expected, holes, now };
        let mut calls = 0;
        // The script is said again and again, so that what goes round in circles does so for ever.
        for (says, random, ms) in script.iter().cycle().take(CALLS) {
            match store.call(says, *random) {
                Some(rest) => {
                    if let Rest::Asked(ms) | Rest::Failed(ms) = rest {
                        prop_assert!(ms > 0, "a rest of nothing");
                    }
                    calls = 0;
                    store.now = store.now.plus_ms(*ms);
                }
                None => calls += 1,
            }
            prop_assert!(calls <= 40 + 8 * facts, "{} calls and no rest", calls);
        }
    }

    #[test]
    fn a_batch_is_the_longest_that_fits(
        sizes in prop::collection::vec(prop_oneof![3 => 0..9_000_usize, 1 => 0..BATCH_BYTES_MAX * 2], 0..130),
    ) {
        let n = batch_len(sizes.iter().copied());
        let bytes = |n: usize| sizes.iter().take(n).sum::<usize>();
        let fits = |n: usize| n <= BATCH_FACTS_MAX && bytes(n) <= BATCH_BYTES_MAX;
        prop_assert!(n <= sizes.len() && (n > 0 || sizes.is_empty()));
        prop_assert!(fits(n) || n == 1, "{} facts of {} bytes", n, bytes(n));
        prop_assert!(n == sizes.len() || !fits(n + 1), "one more would fit than {}", n);
    }
}

fn cases() -> u32 {
    let deep = std::env::var("GUITAI_DEEP").ok().and_then(|text| text.parse().ok());
    CASES * deep.unwrap_or(1)
}
