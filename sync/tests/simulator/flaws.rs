//! Mistakes that such a protocol is known to be made with, put in on purpose: the simulator must notice
//! each, or its silence proves nothing.
//!
//! **Invariant:** only models and shells of the simulator read a flaw; the product has no switch for it.

use crate::{faults::Focus, run, world::Outcome};

/// In how many seeds a flaw must show.
const SEEDS_MAX: u64 = 200;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The mall answers a batch before it has committed it.
    AckBeforeCommit,
    /// A store moves its feed cursor in a transaction before the rows.
    CursorBeforeRows,
    /// The mall knows a fact by its place in the outbox and not by its id.
    DedupBySeq,
    /// A ledger that was put back goes on with the places of the old life.
    SeqReused,
    /// What cannot be read is passed over, and nobody is told.
    SkipSilently,
    /// An outbox that is full drops its oldest fact.
    DropOldest,
    /// Digests are folded by XOR.
    XorDigest,
    /// A receipt is printed before its sale is in the books.
    PrintBeforeCommit,
    /// HQ's transactions get their version when they begin, and commit in another order.
    PollByIdentity,
}

/// The first seed that shows a flaw, and how.
fn noticed(flaw: Flaw, focus: Focus) -> Option<(u64, Outcome)> {
    let outcomes = (1..=SEEDS_MAX).map(|seed| (seed, run(seed, focus, Some(flaw))));
    outcomes.into_iter().find(|(_, outcome)| outcome.broken.is_some())
}

fn check(flaw: Flaw, focus: Focus, shown_by: &[&str]) {
    let (seed, outcome) = noticed(flaw, focus)
        .unwrap_or_else(|| panic!("{flaw:?} went unnoticed in {SEEDS_MAX} seeds"));
    let broken = outcome.broken.unwrap_or_default();
    assert!(
        shown_by.iter().any(|invariant| broken.starts_with(invariant)),
        "{flaw:?} showed at seed {seed} as something else: {broken}"
    );
    assert_eq!(run(seed, focus, None).broken, None, "seed {seed} is broken without {flaw:?} too");
}

#[test]
fn the_simulator_notices_an_ack_before_the_commit() {
    check(Flaw::AckBeforeCommit, Focus::Everything, &["I-7", "I-8"]);
}

#[test]
fn the_simulator_notices_a_cursor_before_its_rows() {
    check(Flaw::CursorBeforeRows, Focus::Everything, &["I-19", "I-20", "I-21"]);
}

#[test]
fn the_simulator_notices_facts_that_are_known_by_their_places() {
    check(Flaw::DedupBySeq, Focus::Copies, &["I-7", "I-8", "I-16"]);
}

#[test]
fn the_simulator_notices_places_that_are_used_again() {
    check(Flaw::SeqReused, Focus::Copies, &["I-5", "I-7", "I-8", "I-11"]);
}

#[test]
fn the_simulator_notices_a_fact_that_is_passed_over_in_silence() {
    check(Flaw::SkipSilently, Focus::Everything, &["I-7", "I-8", "I-9"]);
}

#[test]
fn the_simulator_notices_an_outbox_that_drops_its_oldest() {
    check(Flaw::DropOldest, Focus::Everything, &["I-7", "I-15"]);
}

#[test]
fn the_simulator_notices_digests_in_which_equal_rows_cancel() {
    check(Flaw::XorDigest, Focus::Everything, &["I-21"]);
}

#[test]
fn the_simulator_notices_versions_that_are_given_before_their_turn() {
    check(Flaw::PollByIdentity, Focus::Everything, &["I-19", "I-21", "I-25"]);
}

#[test]
fn the_simulator_notices_a_receipt_that_is_printed_before_its_sale_is_in_the_books() {
    check(Flaw::PrintBeforeCommit, Focus::Everything, &["I-5"]);
}
