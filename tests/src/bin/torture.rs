//! `make torture`: a chain that somebody tries to break for `MINUTES`, and what is left of it.
//!
//! The seed is said first; `SEED` plays the same blows again. `torture kept` plays the seeds that found
//! something once, half a minute each, and `torture push` the newest of them and a fresh one, which
//! `make test` does for every change. `torture old-boxes` and `torture old-malls` take the boxes, or the
//! malls, of an older version, whose programs lie in `GUITAI_OLD`. The books and logs of a run that lost something are kept.

use std::{
    collections::VecDeque, io::Write as _, path::PathBuf, process::ExitCode, time::Duration,
};

use acceptance::{
    dice::fresh_seed,
    folder,
    torture::{Found, KEPT, Old, Plan, torture},
};
use anyhow::{Context as _, Result, bail, ensure};

/// Boxes of so many stores.
const STORES: usize = 3;
/// What one seed is given where there are several, in seconds.
const EACH_S: u64 = 30;
/// Processes that are killed for every change at least: where the machine is slow, more seeds are played.
const KILLS_OF_A_PUSH: u32 = 200;
/// Seeds that are played for it at most.
const SEEDS_OF_A_PUSH: usize = 6;

fn number(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is no number: {text}")),
        Err(_) => Ok(otherwise),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let fresh = number("SEED", fresh_seed())?;
    let newest = KEPT.last().copied();
    let word = std::env::args().nth(1);
    let old = match word.as_deref() {
        Some("old-boxes") => Some(Old::Boxes(older("edge-daemon")?)),
        Some("old-malls") => Some(Old::Malls(older("mall")?)),
        _ => None,
    };
    let mut plans: VecDeque<(u64, u64)> = match word.as_deref() {
        None | Some("old-boxes" | "old-malls") => [(fresh, 60 * number("MINUTES", 1)?)].into(),
        Some("kept") => KEPT.iter().map(|seed| (*seed, EACH_S)).collect(),
        Some("push") => newest.into_iter().chain([fresh]).map(|seed| (seed, EACH_S)).collect(),
        Some(word) => {
            bail!("`{word}`: there is `torture`, with `kept`, `push`, `old-boxes` or `old-malls`")
        }
    };
    let (mut is_fine, mut kills, mut played) = (true, 0, 0);
    while let Some((seed, seconds)) = plans.pop_front() {
        let found = one(seed, seconds, old.clone()).await?;
        (is_fine, kills, played) =
            (is_fine && found.faults.is_empty(), kills + found.kills(), played + 1);
        let is_short = word.as_deref() == Some("push") && kills < KILLS_OF_A_PUSH;
        if is_short && plans.is_empty() && played < SEEDS_OF_A_PUSH {
            plans.push_back((fresh_seed(), EACH_S));
        }
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A program of the older version.
fn older(name: &str) -> Result<PathBuf> {
    let folder = std::env::var_os("GUITAI_OLD").context("GUITAI_OLD names no folder")?;
    let program = PathBuf::from(folder).join(name);
    ensure!(program.is_file(), "{} is not there", program.display());
    Ok(program)
}

async fn one(seed: u64, seconds: u64, old: Option<Old>) -> Result<Found> {
    let mut out = std::io::stdout();
    writeln!(out, "SEED={seed}, {seconds} s")?;
    let folder = folder::temporary()?;
    let plan = Plan { seed, time: Duration::from_secs(seconds), n_stores: STORES, old };
    let found = torture(plan, folder.path()).await;
    let is_fine = found.as_ref().is_ok_and(|found| found.faults.is_empty());
    if !is_fine {
        writeln!(out, "kept for a look: {}", folder.keep().display())?;
    }
    let found = found?;
    write!(out, "{found}")?;
    Ok(found)
}
