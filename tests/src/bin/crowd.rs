//! `make crowd`: many stores at once against one mall and one broker, and what came of it.
//!
//! `STORES` says how many, `BACKLOG` how many orders wait in each, `SEED` what is picked. With a
//! PostgreSQL server installed the mall is tried over one, and then over a file.

use std::{io::Write as _, process::ExitCode};

use acceptance::{
    crowd::{Plan, crowd},
    dice::fresh_seed,
    folder, postgres,
};
use anyhow::{Context as _, Result};

/// Unless it is said otherwise.
const STORES: u32 = 1_000;
/// Orders that wait in each store.
const BACKLOG: u32 = 5;

fn number<T: std::str::FromStr>(name: &str, otherwise: T) -> Result<T> {
    match std::env::var(name) {
        Ok(text) => text.parse().ok().with_context(|| format!("{name} is no number: {text}")),
        Err(_) => Ok(otherwise),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let seed = number("SEED", fresh_seed())?;
    let (n_stores, backlog) = (number("STORES", STORES)?, number("BACKLOG", BACKLOG)?);
    let mut engines = vec![("a file", false)];
    if postgres::is_here() {
        engines.insert(0, ("PostgreSQL", true));
    }
    if let Ok(only) = std::env::var("ENGINE") {
        engines.retain(|(_, is_on_server)| *is_on_server == (only == "postgres"));
    }
    let (mut out, mut is_fine) = (std::io::stdout(), true);
    for (engine, is_on_server) in engines {
        writeln!(out, "SEED={seed} STORES={n_stores} BACKLOG={backlog}, the mall over {engine}")?;
        let folder = folder::temporary()?;
        let plan = Plan { seed, n_stores, backlog, is_on_server, is_cut: true };
        let found = crowd(plan, folder.path()).await;
        let is_good = found.as_ref().is_ok_and(|found| found.faults.is_empty());
        if !is_good {
            writeln!(out, "kept for a look: {}", folder.keep().display())?;
        }
        writeln!(out, "{}", found?)?;
        is_fine &= is_good;
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
