//! The service itself, until a signal.
//!
//! **Invariant:** the first line on standard output says where it listens; nothing else is ever
//! written there.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{CliError, Out};
use crate::{Config, Mall, RunError};

pub(super) async fn serve(config: Config, out: Out<'_>) -> Result<(), CliError> {
    let signals = || -> io::Result<[Signal; 2]> {
        Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
    };
    let [mut terminate, mut interrupt] = signals().map_err(RunError::Serve)?;
    let mall = Mall::start(config).await?;
    writeln!(out, "mall listens on http://{}", mall.address())?;
    if let Some(address) = mall.tls_address() {
        writeln!(out, "stores come in at https://{address}")?;
    }
    out.flush()?;
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(mall.run(told).await?)
}
