//! What the service manager (systemd) is told: that screens may come, that the ledger's writer
//! still turns, that we stop. Where none listens (a terminal, a test) nothing is said.
//!
//! **Invariant:** a heartbeat goes out only when the writer has just answered; no timer feeds the
//! watchdog by itself. What must never be here: a decision about a sale.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    Chain,
    context::Context,
    db::{DbError, Ledger},
};

/// Heartbeats within one time of the watchdog, so that one slow commit is no death.
const BEATS_PER_WATCHDOG: u32 = 4;

/// Tells the service manager how the daemon is until it stops.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let standing = match &context.node {
        Some(_) => "Screens may come",
        None => "This box has no place at a mall yet: run guitai-claim",
    };
    tell(&[NotifyState::Ready, NotifyState::Status(standing)]);
    match sd_notify::watchdog_enabled() {
        Some(within) => {
            let every = within / BEATS_PER_WATCHDOG;
            tokio::select! {
                () = beat(&context.ledger, every) => {}
                () = stop.cancelled() => {}
            }
        }
        None => stop.cancelled().await,
    }
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog for as long as the writer answers.
async fn beat(ledger: &Ledger, every: Duration) {
    // A watchdog of no time at all would make an interval that panics.
    let mut beats = interval(every.max(Duration::from_millis(1)));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        match writer_turns(ledger).await {
            Ok(()) => tell(&[NotifyState::Watchdog]),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "The ledger's writer gave no heartbeat");
            }
        }
    }
}

/// An empty transaction, through the queue that every sale goes through; it costs no flush.
async fn writer_turns(ledger: &Ledger) -> Result<(), DbError> {
    match ledger.write(|_| Ok(())).await {
        // A start anew makes no room on a disk, and the till says what is the matter.
        Ok(()) | Err(DbError::DiskFull) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Nobody is left to tell that the service manager does not hear; it finds out by itself.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_writer_that_stands_still_gives_no_heartbeat_and_one_that_goes_on_does() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, writer) = Ledger::open(&crate::db::ledger::path_in(folder.path())).unwrap();
        writer_turns(&ledger).await.unwrap();

        let (go_on, told) = mpsc::channel::<()>();
        let stuck = ledger.clone();
        let stuck = tokio::spawn(async move {
            let wait = move |_: &_| told.recv().map_err(|_| DbError::Closed);
            stuck.write(wait).await
        });
        // The queue has its order: once the job is in it, the heartbeat stands behind it.
        tokio::task::yield_now().await;
        {
            let mut beat = std::pin::pin!(writer_turns(&ledger));
            tokio::select! {
                biased;
                answer = &mut beat => panic!("a heartbeat overtook the writer: {answer:?}"),
                () = std::future::ready(()) => {}
            }
            go_on.send(()).unwrap();
            stuck.await.unwrap().unwrap();
            beat.await.unwrap();
        }
        drop(ledger);
        writer.join();
    }
}
