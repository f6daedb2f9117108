//! How callers come in through a door.
//!
//! **Invariant:** nothing here reads what they say.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often an address is tried again that could not be had.
const AGAIN: Duration = Duration::from_secs(2);

/// Listens at an address as soon as this box has it; `None` when told to stop before.
///
/// After a power cut a switch may come up minutes later than this box, and without it an interface
/// has no address. Whoever waits for that must not keep anybody else waiting.
pub(super) async fn listen(at: SocketAddr, stop: &CancellationToken) -> Option<TcpListener> {
    let mut is_told = false;
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => return Some(listener),
            Err(error) if !is_told => {
                is_told = true;
                tracing::warn!(address = %at, %error, "A door cannot be opened yet; it is tried again");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}
