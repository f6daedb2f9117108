//! `edge-daemon`: arguments, logging, run, exit code.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use edge_daemon::{Chain, Config, Daemon, context::Clock};
use tracing_subscriber::EnvFilter;

/// The store's node of Guitai 柜台.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serves the screens and tends the devices until it is told to stop.
    Serve {
        /// The boot file; every key is explained in `packaging/edge.toml`.
        #[arg(long, default_value = "/etc/guitai/edge.toml")]
        config: PathBuf,
    },
    /// Takes this box's place at the mall with a one-time claim code.
    Enrol {
        /// The boot file.
        #[arg(long, default_value = "/etc/guitai/edge.toml")]
        config: PathBuf,
        /// The code that HQ gave out.
        #[arg(long)]
        code: String,
        /// The fingerprint of the mall's authority, which stands beside the code; with it no other mall
        /// is believed.
        #[arg(long)]
        fingerprint: Option<String>,
    },
    /// Keeps the gate of the guests' Wi-Fi: lays down the packet filter's rules and lets through
    /// whom the store's node names. Needs `CAP_NET_ADMIN`, `nft`, and nothing else.
    Portal {
        /// The boot file; only `[portal]` is used of it.
        #[arg(long, default_value = "/etc/guitai/edge.toml")]
        config: PathBuf,
        /// Where the configuration of the guests' `dnsmasq` is written first, if anywhere.
        #[arg(long)]
        dnsmasq: Option<PathBuf>,
    },
    /// Writes the portal's log as CSV to standard output, with the phone numbers in clear, for an
    /// authority that may ask for it.
    PortalLog {
        /// The boot file.
        #[arg(long, default_value = "/etc/guitai/edge.toml")]
        config: PathBuf,
        /// From this moment, RFC 3339.
        #[arg(long)]
        from: domain::time::Timestamp,
        /// Until before this moment, RFC 3339.
        #[arg(long)]
        to: domain::time::Timestamp,
    },
    /// Prices the carts of a trial (试算) and says why; needs neither boot file nor store.
    TryCart {
        /// The trial; docs/pricing.md has every word of it.
        file: PathBuf,
        /// JSON instead of rows, one document a line.
        #[arg(long)]
        json: bool,
    },
    /// Looks whether a ledger is what it says: chain, sums, tenders, receipt numbers, and that each
    /// order was put into the outbox. Reads only, needs neither mall nor daemon, and works on a copy.
    Verify {
        /// The data folder, or a copy of it.
        #[arg(long)]
        data: PathBuf,
    },
    /// Writes the description of the screens' API (OpenAPI) to standard output.
    Openapi,
    /// Writes every endpoint with who may call it to standard output.
    Access,
}

fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?
        .block_on(carry_out(Arguments::parse().verb))
}

async fn carry_out(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Serve { config } => {
            let daemon = Daemon::start(Config::read(&config)?, Clock::System).await?;
            tokio::select! {
                told = told_to_stop() => told?,
                // The service manager starts it again, whatever it ended with.
                () = daemon.told_to_restart() => tracing::info!("HQ wants a restart"),
            }
            tracing::info!("Stopping");
            daemon.stop().await;
        }
        Verb::Enrol { config, code, fingerprint } => {
            let config = Config::read(&config)?;
            let enrolled = edge_daemon::enrol(&config, &code, fingerprint.as_deref()).await?;
            tracing::info!(edge.id = %enrolled.edge, "This box is store `{}` now", enrolled.store_code);
        }
        Verb::Portal { config, dnsmasq } => {
            let config = Config::read(&config)?;
            // It blocks for as long as it lives, and there is nothing else to do.
            edge_daemon::keep_gate(&config, dnsmasq.as_deref())?;
        }
        Verb::PortalLog { config, from, to } => {
            let config = Config::read(&config)?;
            edge_daemon::portal_log(&config, from, to, &mut std::io::stdout().lock())?;
        }
        Verb::Verify { data } => {
            let is_right = edge_daemon::verify(&data, &mut std::io::stdout().lock())?;
            return Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Verb::TryCart { file, json } => return Ok(try_cart(&file, json)),
        Verb::Access => {
            std::io::stdout().write_all(edge_daemon::access_list().as_bytes())?;
        }
        Verb::Openapi => {
            std::io::stdout().write_all(edge_daemon::openapi_json().as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Tries the carts of a file; what is wrong with it is for the person who wrote it, in one line.
fn try_cart(file: &Path, is_json: bool) -> ExitCode {
    match edge_daemon::try_cart(file, is_json, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to hear that standard error is gone.
            let _ = writeln!(std::io::stderr(), "{}", Chain(&error));
            ExitCode::FAILURE
        }
    }
}

async fn told_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("could not wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not wait for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
