//! 10,000 carts, priced by both programs: the same bytes, and the same as the library by itself.
//!
//! A trial holds a hundred carts at most, so there are a hundred trials, each with items, rules and
//! carts of its own; every one of them is a text that `try-cart` reads.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

#[path = "../../domain/tests/pricing/dice.rs"]
#[allow(dead_code, reason = "shared with the tests of pricing, which use more of it")]
mod dice;
#[path = "../../domain/tests/pricing/rules.rs"]
#[allow(dead_code, reason = "shared with the tests of pricing, which use more of it")]
mod rules;
mod text;
#[path = "../../domain/tests/pricing/world.rs"]
#[allow(dead_code, reason = "shared with the tests of pricing, which use more of it")]
mod world;

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use acceptance::{folder, program};
use domain::{
    pricing::explain::Language,
    trial::{self, TRIAL_CARTS_MAX, outcome::Priced},
};
use sync::wire::QuoteV1;

/// Carts in all.
const CARTS: usize = 10_000;
/// Trials that hold them.
const TRIALS: usize = CARTS / TRIAL_CARTS_MAX;

/// What a program says of a trial.
fn said(program: &str, trial: &Path) -> Vec<u8> {
    let path = program::find(program).unwrap();
    let mut command = Command::new(path);
    command.args(["try-cart", "--json"]).arg(trial).stdin(Stdio::null());
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {complaint}", trial.display());
    output.stdout
}

/// What the library says of a trial.
#[derive(Default)]
struct Library {
    /// How many carts have a quote.
    quotes: usize,
    /// The documents, one a line.
    bytes: Vec<u8>,
    /// What a person reads of each cart.
    rows: Vec<Vec<String>>,
}

fn by_itself(text: &str) -> Library {
    let Library { mut quotes, mut bytes, mut rows } = Library::default();
    for outcome in trial::run(text).unwrap_or_else(|fault| panic!("{fault}\n{text}")) {
        rows.push(outcome.rows());
        match &outcome.priced {
            Priced::Quoted(quoted) => {
                quotes += 1;
                let document =
                    QuoteV1::of(&quoted.book, &quoted.quote, &quoted.notes, Language::Zh);
                serde_json::to_writer(&mut bytes, &document).unwrap();
            }
            Priced::NoQuote(refusal) => {
                let document = serde_json::json!({ "refused": refusal.to_string() });
                serde_json::to_writer(&mut bytes, &document).unwrap();
            }
            Priced::NoRules(found) => panic!("{found:?}\n{text}"),
        }
        bytes.push(b'\n');
    }
    Library { quotes, bytes, rows }
}

/// One trial: the three answers, of which the first line that differs is told.
fn compare(seed: usize, folder: &Path) -> (usize, usize) {
    let trial = text::trial(seed as u64, TRIAL_CARTS_MAX);
    let Library { quotes, bytes: library, rows } = by_itself(&trial.text(&[]));
    let path = folder.join(format!("trial-{seed}.txt"));
    // With the rows in it a program ends well only if it reads the same to a person, too.
    std::fs::write(&path, trial.text(&rows)).unwrap();
    for program in ["edge-daemon", "mall"] {
        let bytes = said(program, &path);
        if bytes != library {
            let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (theirs, ours) = (lines(&bytes), lines(&library));
            let differs = theirs.lines().zip(ours.lines()).position(|(a, b)| a != b);
            let at = differs.unwrap_or(0);
            panic!(
                "trial {seed}, cart {at}: {program} says\n{:?}\nthe library\n{:?}",
                theirs.lines().nth(at),
                ours.lines().nth(at),
            );
        }
    }
    (quotes, library.iter().filter(|byte| **byte == b'\n').count())
}

#[test]
fn edge_and_mall_give_the_same_bytes_for_ten_thousand_carts() {
    let folder = folder::temporary().unwrap();
    let (next, quotes, carts) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= TRIALS {
                        return;
                    }
                    let (priced, told) = compare(seed, folder.path());
                    quotes.fetch_add(priced, Ordering::Relaxed);
                    carts.fetch_add(told, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(carts.into_inner(), CARTS);
    // A cart that is refused compares nothing but a sentence.
    let quotes = quotes.into_inner();
    assert!(quotes > CARTS * 9 / 10, "{quotes} carts have a quote");
}
