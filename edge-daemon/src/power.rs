//! What is left of a store when its power is cut, its disk is full or fails, or a bit of it flips.
//!
//! | file | what |
//! | --- | --- |
//! | `bits` | a byte of a file is another one than was written |
//! | `books` | what a till was told, and what must be true of any ledger |
//! | `catalogs` | what a mall tells of a catalog, so that half of a version would show |
//! | `errors` | any call to the disk fails |
//! | `feed` | the power is cut while a store takes in what the mall tells |
//! | `sales` | the power is cut at any moment of a day of sales, and of a ledger's first start |
//!
//! The disk is one that remembers (`disk`): it sees what the daemon's own code does to its files.
//! `SEED` plays one seed again; `POINTS` says at how many moments the power is cut under a day of sales,
//! and everything else here is done more often in proportion.
//!
//! **Invariant:** tests alone. Whatever is left is read with the daemon's own code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "helpers of tests may do what tests may"
)]

mod bits;
mod books;
pub(crate) mod catalogs;
mod errors;
mod feed;
mod sales;

use std::path::PathBuf;

use disk::{Cut, Dice, Image, Replay, Step};

/// The seed of this run, told so that it can be played again.
fn seed() -> u64 {
    let said = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = said.unwrap_or_else(|| u64::from(u32::from_be_bytes(crate::context::random())));
    println!("SEED={seed}");
    seed
}

/// At how many moments the power is usually cut under a day of sales.
const POINTS: usize = 10_000;

/// How often something is done that is done so often where a day of sales is cut at `POINTS` moments.
fn points(usually: usize) -> usize {
    let said = std::env::var("POINTS").ok().and_then(|n| n.parse::<usize>().ok());
    said.map_or(usually, |said| (usually * said).div_ceil(POINTS))
}

/// A folder in memory, where this machine has one: thousands of disks are laid there.
fn quick_folder() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// Cuts the power at random moments, the earliest first, and shows what is left and what had been told
/// by then.
fn cut_at_random(
    steps: &[Step],
    n: usize,
    dice: &mut Dice,
    mut look: impl FnMut(&Image, &[u64], &mut Dice, &str),
) {
    let mut moments: Vec<usize> = (0..n).map(|_| dice.below(steps.len() + 1)).collect();
    moments.sort_unstable();
    let mut replay = Replay::new(steps);
    for moment in moments {
        replay.pass(moment);
        let cut = Cut::ALL[dice.below(Cut::ALL.len())];
        let image = replay.cut(cut, dice);
        look(&image, replay.told(), dice, &format!("{cut:?} after step {moment}"));
    }
}
