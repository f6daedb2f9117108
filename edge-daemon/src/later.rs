//! What cannot be done yet: tried until it is done, or until the daemon stops.
//!
//! After a power cut a switch may come up minutes later than this box, and without it an interface
//! has no address; a certificate may be put in its place after the daemon started.
//!
//! **Invariant:** whoever waits here keeps nobody else waiting.

use std::{error::Error, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::Chain;

/// How often is tried again what could not be done.
const AGAIN: Duration = Duration::from_secs(2);

/// Listens at an address as soon as this box has it; `None` when told to stop before.
pub(crate) async fn listen(at: SocketAddr, stop: &CancellationToken) -> Option<TcpListener> {
    in_the_end(&format!("listen at {at}"), stop, || TcpListener::bind(at)).await
}

/// Tries until it is done, and tells of the first failure alone; `None` when told to stop before.
pub(crate) async fn in_the_end<T, E, F>(
    what: &str,
    stop: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Option<T>
where
    E: Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let mut is_told = false;
    loop {
        match attempt().await {
            Ok(done) => return Some(done),
            Err(error) if !is_told => {
                is_told = true;
                tracing::warn!(error = %Chain(&error), "Could not {what} yet; it is tried again");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(AGAIN) => {}
        }
    }
}
