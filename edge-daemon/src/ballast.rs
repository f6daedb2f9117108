//! Looks whether a disk that was full has room again, and tells the screens of either.
//!
//! **Invariant:** it begins and ends nothing; `db::ballast` knows whether there is room.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// How often it is looked whether there is room again: a manager who frees some waits for it.
const LOOK_MS: u64 = 5_000;

/// Looks until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let mut was_short = false;
    loop {
        let ballast = Arc::clone(context.ledger.ballast());
        // It gives nothing back; should it end in a panic, there is a next look.
        let _ = tokio::task::spawn_blocking(move || ballast.keep_again()).await;
        let is_short = context.ledger.ballast().is_short();
        if std::mem::replace(&mut was_short, is_short) != is_short {
            context.screens.beat();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(LOOK_MS)) => {}
        }
    }
}
