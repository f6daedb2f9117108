//! `make torture`: a chain that somebody tries to break for `MINUTES`, and what is left of it.
//!
//! The seed is said first; `SEED` plays the same blows again. The books and logs of a run that lost
//! something are kept.

use std::{io::Write as _, process::ExitCode, time::Duration};

use acceptance::{
    folder,
    torture::{Plan, torture},
};
use anyhow::{Context as _, Result};

/// Boxes of so many stores.
const STORES: usize = 3;

fn number(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is no number: {text}")),
        Err(_) => Ok(otherwise),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let seed = number("SEED", u64::from(std::process::id()))?;
    let minutes = number("MINUTES", 1)?;
    let mut out = std::io::stdout();
    writeln!(out, "SEED={seed} MINUTES={minutes}")?;
    let folder = folder::temporary()?;
    let plan = Plan { seed, time: Duration::from_secs(60 * minutes), n_stores: STORES };
    let found = torture(plan, folder.path()).await;
    let is_fine = found.as_ref().is_ok_and(|found| found.faults.is_empty());
    if !is_fine {
        writeln!(out, "kept for a look: {}", folder.keep().display())?;
    }
    let found = found?;
    write!(out, "{found}")?;
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
