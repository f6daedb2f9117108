//! The binary `mall`: arguments, log, runtime, exit code.
//!
//! **Invariant:** the only file of the crate with `anyhow`.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser as _;
use mall::{
    Chain,
    cli::{Args, CliError, execute},
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(is_right) if is_right => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            // Where standard error is gone nobody can be told.
            let _ = writeln!(stderr, "mall: {}", Chain(error.as_ref()));
            if let Some(hint) = error.downcast_ref::<CliError>().and_then(CliError::hint) {
                let _ = writeln!(stderr, "  {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked; whether what it looked at was right.
fn run(args: Args) -> anyhow::Result<bool> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let mut out = std::io::stdout();
    let is_right = runtime.block_on(execute(args, &mut out))?;
    out.flush()?;
    Ok(is_right)
}
