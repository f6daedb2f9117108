//! `make torture`: a chain that somebody tries to break for `MINUTES`, and what is left of it.
//!
//! The seed is said first; `SEED` plays the same blows again. `torture kept` plays the seeds that found
//! something once, half a minute each, and `torture push` the newest of them and a fresh one, which is
//! what every change goes through. The books and logs of a run that lost something are kept.

use std::{io::Write as _, process::ExitCode, time::Duration};

use acceptance::{
    folder,
    torture::{KEPT, Plan, torture},
};
use anyhow::{Context as _, Result, bail};

/// Boxes of so many stores.
const STORES: usize = 3;
/// What one seed is given where there are several, in seconds.
const EACH_S: u64 = 30;

fn number(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is no number: {text}")),
        Err(_) => Ok(otherwise),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let fresh = number("SEED", u64::from(std::process::id()))?;
    let newest = KEPT.last().copied();
    let plans: Vec<(u64, u64)> = match std::env::args().nth(1).as_deref() {
        None => vec![(fresh, 60 * number("MINUTES", 1)?)],
        Some("kept") => KEPT.iter().map(|seed| (*seed, EACH_S)).collect(),
        Some("push") => newest.into_iter().chain([fresh]).map(|seed| (seed, EACH_S)).collect(),
        Some(word) => bail!("`{word}`: there is `torture`, `torture kept` and `torture push`"),
    };
    let mut is_fine = true;
    for (seed, seconds) in plans {
        is_fine &= one(seed, seconds).await?;
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn one(seed: u64, seconds: u64) -> Result<bool> {
    let mut out = std::io::stdout();
    writeln!(out, "SEED={seed}, {seconds} s")?;
    let folder = folder::temporary()?;
    let plan = Plan { seed, time: Duration::from_secs(seconds), n_stores: STORES };
    let found = torture(plan, folder.path()).await;
    let is_fine = found.as_ref().is_ok_and(|found| found.faults.is_empty());
    if !is_fine {
        writeln!(out, "kept for a look: {}", folder.keep().display())?;
    }
    let found = found?;
    write!(out, "{found}")?;
    Ok(is_fine)
}
