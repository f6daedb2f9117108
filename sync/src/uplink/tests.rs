//! The way up against malls that do one thing each.

use std::collections::BTreeSet;

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
    holes: u32,
    /// A place of which the ledger does not know what was written.
    damaged: Option<i64>,
    said: Vec<String>,
}

impl Edge {
    fn new(has: std::ops::RangeInclusive<i64>, acked: i64) -> Self {
        Self { uplink: Uplink::default(), has, acked, holes: 0, damaged: None, said: Vec::new() }
    }

    fn heard(&mut self, heard: Heard<'_>) {
        let marks = self.uplink.heard(heard, NOW, 0);
        if let Some(through) = marks.acked_through {
            self.acked = self.acked.max(through);
            self.holes = if marks.hole.is_some() { self.holes + 1 } else { 0 };
        }
    }

    fn batch(&self, ask: Facts) -> BatchV1 {
        let from = ask.from.unwrap_or(self.acked + 1).max(*self.has.start());
        let is_known = |place: &i64| self.damaged != Some(*place);
        let places = (from..=*self.has.end()).take_while(is_known);
        let facts = places.take(ask.at_most).map(fact).collect();
        BatchV1 { session: ask.session, epoch: 1, prev_chain: Hash::GENESIS, hole: None, facts }
    }

    /// Goes on until it rests.
    fn until_rest(&mut self, mall: impl Fn(&BatchV1, bool) -> Does) -> Rest {
        loop {
            let (sent, is_wrapped) = match self.uplink.next(NOW) {
                Next::Rest(rest) => return rest,
                Next::Session => {
                    self.said.push("session".to_owned());
                    self.heard(Heard::Session(Some(&session(1, None)), self.holes));
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
                    let waits = (self.acked + 1).max(*self.has.start());
                    let damaged = self.damaged.filter(|place| *place == waits);
                    self.heard(damaged.map_or(Heard::Nothing, Heard::Damaged));
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
    SessionV1 { nonce, epoch, lives, lost, is_frozen: false, retry_after_ms, packings: Vec::new() }
}

fn has(batch: &BatchV1, seq: i64) -> bool {
    batch.facts.iter().any(|fact| fact.seq == seq)
}

#[test]
fn what_the_mall_has_lost_is_told_before_a_wrapped_fact_or_a_hole_and_becomes_no_hole() {
    for takes_wrapped in [true, false] {
        let (held, was_put_back) = (std::cell::Cell::new(7), std::cell::Cell::new(false));
        let mut edge = Edge::new(1..=9, 7);
        let rest = edge.until_rest(|sent, is_wrapped| {
            // The mall is put back at the moment at which the fact that nobody takes is told otherwise.
            let is_otherwise = if takes_wrapped { is_wrapped } else { sent.hole.is_some() };
            if is_otherwise && !was_put_back.replace(true) {
                held.set(4);
            }
            let hole = sent.hole.as_ref();
            let first = hole.map(|hole| hole.from).or(sent.facts.first().map(|one| one.seq));
            let last = hole.map(|hole| hole.through).or(sent.facts.last().map(|one| one.seq));
            if first.unwrap() > held.get() + 1 {
                return Does::Expects(held.get() + 1);
            }
            if has(sent, 8) && !(is_wrapped && takes_wrapped) {
                return Does::Refuses(OK);
            }
            held.set(last.unwrap());
            Does::Takes
        });
        assert_eq!(rest, Rest::Told);
        assert_eq!(held.get(), 9);
        let holes: BTreeSet<&String> =
            edge.said.iter().filter(|said| said.starts_with("hole")).collect();
        let expected = ["hole 8-8".to_owned()];
        let expected: &[String] = if takes_wrapped { &[] } else { &expected };
        assert_eq!(holes, expected.iter().collect(), "{:?}", edge.said);
    }
}

#[test]
fn a_fact_that_its_ledger_does_not_know_any_more_is_a_hole_and_the_next_ones_are_told() {
    let mut edge = Edge::new(1..=9, 0);
    edge.damaged = Some(4);
    assert_eq!(edge.until_rest(|_, _| Does::Takes), Rest::Told);
    assert_eq!(edge.said, ["session", "1-3", "hole 4-4", "5-9"]);
}

#[test]
fn a_fact_that_is_damaged_behind_one_that_is_gone_holds_the_next_ones_up_no_longer() {
    let mut edge = Edge::new(5..=9, 3);
    edge.damaged = Some(5);
    let held = std::cell::Cell::new(3);
    let rest = edge.until_rest(|sent, _| {
        let hole = sent.hole.as_ref();
        let places = |seq: fn(&HoleV1) -> i64| hole.map(seq);
        let first = places(|hole| hole.from).or(sent.facts.first().map(|one| one.seq));
        let last = places(|hole| hole.through).or(sent.facts.last().map(|one| one.seq));
        if first.unwrap() > held.get() + 1 {
            return Does::Expects(held.get() + 1);
        }
        held.set(last.unwrap());
        Does::Takes
    });
    assert_eq!(rest, Rest::Told);
    assert_eq!(edge.said, ["session", "hole 5-5", "hole 5-5", "hole 4-4", "hole 5-5", "6-9"]);
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
    let expected =
        ["session", "1-4", "1-2", "1-1", "2-3", "2-2", "session", "2-2 wrapped", "hole 2-2", "3-4"];
    assert_eq!(edge.said, expected);
}

#[test]
fn a_way_that_takes_holes_and_no_fact_gets_so_many_holes_and_no_more() {
    let sieve = |batch: &BatchV1, _| match batch.facts.is_empty() {
        true => Does::Takes,
        false => Does::Refuses(OK),
    };
    let mut edge = Edge::new(1..=100, 0);
    // Neither another try nor another start makes one more.
    for _ in 0..3 {
        assert!(matches!(edge.until_rest(sieve), Rest::Failed(_)));
        assert!(edge.uplink.is_shut());
        assert!(matches!(edge.until_rest(sieve), Rest::Failed(_)));
        assert_eq!(edge.acked, i64::from(HOLES_MAX));
        edge.uplink = Uplink::default();
    }
    // One fact that is taken, and it was not the way.
    assert!(matches!(edge.until_rest(sieve), Rest::Failed(_)));
    let spot = i64::from(HOLES_MAX) + 5;
    let rest = edge.until_rest(|batch, _| match has(batch, spot) {
        true => Does::Refuses(OK),
        false => Does::Takes,
    });
    assert_eq!((rest, edge.acked), (Rest::Told, 100));
    assert!(!edge.uplink.is_shut());
    assert!(edge.said.contains(&format!("hole {spot}-{spot}")));
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
    let _ = uplink.heard(Heard::Session(None, 0), NOW, 0);
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
        let _ = uplink.heard(Heard::Session(Some(&session(1, None)), 0), NOW, 0);
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
    let ended = Refused { status: 409, problem: "/problems/session-ended", retry_after_ms: None };
    let mut edge = Edge::new(1..=2, 0);
    assert!(matches!(edge.until_rest(|_, _| Does::Refuses(ended)), Rest::Failed(_)));
    assert_eq!(edge.said.iter().filter(|said| *said == "session").count(), 4);
}

#[test]
fn credits_and_times_to_wait_are_kept() {
    let mut uplink = Uplink::default();
    let _ = uplink.heard(Heard::Session(Some(&session(1, Some(9_000))), 0), NOW, 0);
    assert_eq!(uplink.next(NOW), Next::Rest(Rest::Asked(9_000)));
    let ask =
        Facts { session: Some(Uuid::from_u128(1)), from: None, at_most: 100, is_wrapped: false };
    assert_eq!(uplink.next(NOW), Next::Facts(ask));
    let sent = Edge::new(1..=100, 0).batch(ask);
    let told = BatchAnswerV1 { credits: Some(7), retry_after_ms: Some(2_000), ..answer(100, None) };
    let _ = uplink.heard(Heard::Answer(&sent, &told), NOW, 0);
    assert_eq!(uplink.next(NOW), Next::Rest(Rest::Asked(2_000)));
    assert_eq!(uplink.next(NOW), Next::Facts(Facts { at_most: 7, ..ask }));
}

#[test]
fn a_session_is_opened_anew_when_it_is_old_or_the_clock_was_put_back() {
    let mut uplink = Uplink::default();
    let _ = uplink.heard(Heard::Session(None, 0), NOW, 0);
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
    let _ = uplink.heard(Heard::Session(Some(&session(1, None)), 0), NOW, 0);
    let one = Edge::new(3..=3, 2).batch(Facts {
        session: None,
        from: None,
        at_most: 1,
        is_wrapped: false,
    });
    let _ = uplink.heard(Heard::Refused(Some(&one), OK), NOW, 0);
    assert_eq!(uplink.next(NOW), Next::Session);
    let mut same = uplink.clone();
    let _ = same.heard(Heard::Session(Some(&session(1, None)), 0), NOW, 0);
    assert!(matches!(same.next(NOW), Next::Facts(Facts { is_wrapped: true, from: Some(3), .. })));
    let _ = uplink.heard(Heard::Session(Some(&session(2, None)), 0), NOW, 0);
    assert!(matches!(uplink.next(NOW), Next::Facts(Facts { is_wrapped: false, from: None, .. })));
}
