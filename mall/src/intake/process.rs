//! The inbox into orders.
//!
//! A reconciler: it takes no input, looks at what waits, and does it. A fact may be processed
//! again after a crash; the order's id makes that harmless.
//!
//! **Invariant:** an order and the mark on its fact are one transaction.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::judge::{self, Judged};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        inbox::{self, Received, Waiting, What},
        orders, stores,
    },
    error_chain::Chain,
};

/// Facts in one transaction.
const FACTS_MAX: i64 = 100;
/// Looks anyway after so long: another process may have received, and a nudge may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Processes what waits until it is told to stop.
pub(crate) async fn keep_processing(context: Context, stop: CancellationToken) {
    loop {
        loop {
            match process_some(&context).await {
                Ok(0) => break,
                Ok(_) if stop.is_cancelled() => return,
                Ok(_) => {}
                Err(error) => {
                    error!(error = %Chain(&error), "Could not process the inbox; it stays as it is");
                    break;
                }
            }
        }
        let nudged = time::timeout(LOOK_EVERY, context.inbox_nudge().notified());
        if stop.run_until_cancelled(nudged).await.is_none() {
            return;
        }
    }
}

/// Processes the next facts; the answer is how many.
async fn process_some(context: &Context) -> Result<usize, DbError> {
    let doing = "process the inbox";
    let mut reading = context.db().read(doing).await?;
    if inbox::waiting(&mut reading, 1).await?.is_empty() {
        return Ok(0);
    }
    drop(reading);
    let mut tx = context.db().write(doing).await?;
    let waiting = inbox::waiting(&mut tx, FACTS_MAX).await?;
    for one in &waiting {
        process(&mut tx, one).await?;
    }
    db::commit(tx, doing).await?;
    Ok(waiting.len())
}

async fn process(tx: &mut Conn, waiting: &Waiting) -> Result<(), DbError> {
    let store = stores::by_id(tx, waiting.sender.store).await?;
    let code = store.map(|row| row.store.code).unwrap_or_default();
    let digest = waiting.fact.digest;
    match judge::fact(&code, &waiting.fact, digest) {
        Judged::Order(order) => {
            orders::insert(tx, &waiting.sender, &order).await?;
            inbox::mark(tx, waiting, "done").await
        }
        // Judged good when it came; only a change of this program can bring it here.
        Judged::Bad(reason) => {
            let received = Received { fact: &waiting.fact, digest };
            inbox::put_trouble(tx, &waiting.sender, received, &What::Quarantined(reason)).await?;
            inbox::mark(tx, waiting, "kept").await
        }
        Judged::Unknown => inbox::mark(tx, waiting, "kept").await,
    }
}
