//! Bytes made into rule sets, carts and occasions, absurd ones among them: none of them may panic,
//! and what has a quote keeps every promise.
//!
//! Sums are checked for overflow in this build as in a release, so one that overflows is a panic.
//!
//! **Invariant:** the inputs are counted, never timed, and come from seeds: each run is the same.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::pricing::{PriceBook, quote};

use super::{
    audit::audit,
    crowd::holds,
    dice::Dice,
    world::{Case, Size, case},
};

/// Inputs of one run.
const INPUTS: u64 = 200_000;
/// Trials of one run; each has several carts.
const TEXTS: u64 = 5_000;
/// Bytes of the longest input.
const BYTES_MAX: u64 = 600;

/// What mutation begins with: nothing, everything at its first choice, at its last, alternating,
/// and numbers in a row.
fn corpus() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        vec![0; 64],
        vec![0xff; 400],
        (0..200).map(|n| if n % 2 == 0 { 7 } else { 0 }).collect(),
        (0..=255).collect(),
        b"\x03\x00\x50\x05\x63\x00\x01\x07\x07\x07".repeat(20),
    ]
}

/// The input of a seed: one of the corpus, bent in a few places, or noise.
pub(crate) fn input(seed: u64) -> Vec<u8> {
    let mut dice = Dice::seeded(seed ^ 0xf022);
    let seeds = corpus();
    let mut bytes = dice.pick(&seeds).clone();
    if dice.chance(60) {
        bytes = (0..dice.below(BYTES_MAX)).map(|_| dice.below(256) as u8).collect();
    }
    for _ in 0..dice.below(8) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        let byte = dice.below(256) as u8;
        match dice.below(4) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => {
                let tail = bytes.split_off(at);
                bytes.extend(tail.iter().rev());
            }
            _ => bytes.iter_mut().skip(at).take(4).for_each(|b| *b ^= byte),
        }
    }
    bytes
}

/// What a byte string means.
fn decoded(bytes: &[u8]) -> Case {
    case(&mut Dice::wild(bytes), Size { rules: 6, lines: 6, pieces: 9_000 })
}

#[test]
fn no_bytes_make_pricing_panic() {
    let (compiled, quoted) = (AtomicU64::new(0), AtomicU64::new(0));
    holds(
        "bytes",
        INPUTS,
        |seed| decoded(&input(seed)),
        |case| {
            let Ok(book) = PriceBook::compile(1, case.set.clone()) else { return Ok(()) };
            compiled.fetch_add(1, Ordering::Relaxed);
            let Ok(priced) = quote(&book, &case.lines, &case.occasion) else { return Ok(()) };
            quoted.fetch_add(1, Ordering::Relaxed);
            let trace = domain::pricing::trace(&book, &priced, &case.occasion);
            assert_eq!(trace.len(), book.rules().len());
            audit(case, &book, &priced)
        },
    );
    let (compiled, quoted) = (compiled.into_inner(), quoted.into_inner());
    // Else the bytes would only knock at the door.
    assert!(compiled > INPUTS / 10, "{compiled} rule sets compiled");
    assert!(quoted > INPUTS / 20, "{quoted} carts had a quote");
}

/// Trials that a merchandiser reads, before they are bent.
fn golden() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A trial with some of its lines and signs changed for others.
fn bent(golden: &[String], seed: u64) -> String {
    let mut dice = Dice::seeded(seed ^ 0x7e87);
    let mut lines: Vec<String> = dice.pick(golden).lines().map(str::to_owned).collect();
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(lines.len() as u64 + 1) as usize;
        let stranger = dice.pick(golden).lines().nth(dice.below(30) as usize).unwrap_or("---");
        match dice.below(5) {
            0 => lines.insert(at, stranger.to_owned()),
            1 if at < lines.len() => drop(lines.remove(at)),
            2 if at < lines.len() => lines[at] = stranger.to_owned(),
            _ if at < lines.len() => {
                let mut signs: Vec<char> = lines[at].chars().collect();
                let place = dice.below(signs.len() as u64 + 1) as usize;
                let sign =
                    *dice.pick(&[' ', '-', '9', '0', '.', '%', '"', '#', '\t', '件', '\\', ',']);
                signs.splice(place..place, std::iter::repeat_n(sign, 1 + dice.below(20) as usize));
                lines[at] = signs.into_iter().collect();
            }
            _ => {}
        }
    }
    lines.join("\n")
}

#[test]
fn no_text_makes_a_trial_panic() {
    let golden = golden();
    let (next, understood) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= TEXTS {
                        return;
                    }
                    let text = bent(&golden, seed);
                    let told = std::panic::catch_unwind(|| match domain::trial::run(&text) {
                        Ok(outcomes) => outcomes.iter().map(|one| one.rows().len()).sum::<usize>(),
                        Err(fault) => {
                            assert!(fault.line > 0 && !fault.what.is_empty(), "{fault}");
                            0
                        }
                    });
                    match told {
                        Ok(rows) => understood.fetch_add(u64::from(rows > 0), Ordering::Relaxed),
                        Err(_) => panic!("text {seed}:\n{text}"),
                    };
                }
            });
        }
    });
    let understood = understood.into_inner();
    assert!(understood > TEXTS / 5, "{understood} of {TEXTS} texts were understood");
}
