//! Twenty stores and a mall for seven days, in a world where everything breaks that can.
//!
//! What decides is the product's: `sync::{uplink, inbox, session, follow, outbox, raw}`. What is made up
//! is storage, wires, clocks and faults, and all of it from one seed, so that a run that fails fails
//! again:
//!
//! ```text
//! SEED=4711 cargo test -p sync --test simulator one_seed
//! SEED=4711 STORE=3 cargo test -p sync --test simulator one_seed   # and what happens to store 3
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `world` | the clock, the queue of what happens, a day |
//! | `edge`, `mall` | the shells of a store's box (`till`, `up`, `down`) and of the mall |
//! | `books`, `tables`, `feed` | models of what they keep; `books` and `tables` are held against the SQL |
//! | `net` | the way between |
//! | `faults` | what breaks |
//! | `checks` | what always holds |
//! | `flaws` | mistakes that must be noticed |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what is wrong by failing"
)]

mod books;
mod checks;
mod dice;
mod edge;
mod faults;
mod feed;
mod flaws;
mod mall;
mod net;
mod tables;
mod world;

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use faults::Focus;
use flaws::Flaw;
use world::{Outcome, Tally, World};

/// Seeds that once failed, and what they look at.
const SEEDS: &str = include_str!("../seeds.txt");
/// Seeds of a usual run, of everything and of copies.
const EVERYTHING: u64 = 2_000;
const COPIES: u64 = 1_000;
/// Runs at the same time.
const THREADS: usize = 2;

/// One run.
fn run(seed: u64, focus: Focus, flaw: Option<Flaw>) -> Outcome {
    World::new(seed, flaw).run(focus)
}

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The first seed of a run: the same for everybody unless `GUITAI_SEED` says another.
fn first_seed() -> u64 {
    from_env("GUITAI_SEED").unwrap_or(1)
}

/// Runs so many seeds, or `GUITAI_DEEP` times as many, and says what happened in all of them.
fn run_all(seeds: u64, focus: Focus) -> Tally {
    let first = first_seed();
    let end = first + seeds * from_env("GUITAI_DEEP").unwrap_or(1);
    let (next, tally) = (AtomicU64::new(first), Mutex::new(Tally::default()));
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || failed.lock().unwrap().is_some() {
                        return;
                    }
                    let outcome = run(seed, focus, None);
                    tally.lock().unwrap().add(&outcome.tally);
                    if let Some(broken) = outcome.broken {
                        failed.lock().unwrap().get_or_insert((seed, broken));
                    }
                }
            });
        }
    });
    let failed = failed.lock().unwrap().take();
    if let Some((seed, broken)) = failed {
        panic!("{broken}\nseed {seed} of {focus:?}: SEED={seed}, and a line for seeds.txt");
    }
    let tally = tally.lock().unwrap();
    eprintln!("seeds {first} to {end} of {focus:?}: {tally:?}");
    *tally
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_whatever_breaks() {
    let tally = run_all(EVERYTHING, Focus::Everything);
    let all = [
        tally.sales,
        tally.crashes,
        tally.copies,
        tally.malls_put_back,
        tally.holes,
        tally.snapshots,
        tally.repairs,
        tally.checks,
    ];
    assert!(all.iter().all(|n| *n > 0), "something never happened: {tally:?}");
}

#[test]
fn ledgers_that_are_put_back_or_copied_lose_nothing_and_double_nothing() {
    let tally = run_all(COPIES, Focus::Copies);
    assert!(tally.copies > 0 && tally.malls_put_back > 0, "{tally:?}");
}

#[test]
fn every_seed_that_ever_failed_passes() {
    for line in SEEDS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut words = line.split_whitespace();
        let focus = match words.next() {
            Some("everything") => Focus::Everything,
            Some("copies") => Focus::Copies,
            other => panic!("seeds.txt has a line for {other:?}"),
        };
        let seed = words.next().and_then(|word| word.parse().ok()).expect("a seed");
        assert_eq!(run(seed, focus, None).broken, None, "seed {seed} of {focus:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 1..=3 {
        let (one, other) = (run(seed, Focus::Copies, None), run(seed, Focus::Copies, None));
        assert_eq!(one, other);
    }
}

/// `SEED=n` plays one seed, of everything and of copies.
#[test]
fn one_seed() {
    let Some(seed) = from_env("SEED") else { return };
    for focus in [Focus::Everything, Focus::Copies] {
        let outcome = run(seed, focus, None);
        eprintln!("seed {seed} of {focus:?}: {:?}", outcome.tally);
        assert_eq!(outcome.broken, None, "seed {seed} of {focus:?}");
    }
}
