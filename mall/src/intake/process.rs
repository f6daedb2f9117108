//! The inbox into orders.
//!
//! A reconciler: it takes no input, looks at what waits, and does it. A fact may be processed
//! again after a crash; the order's id makes that harmless.
//!
//! **Invariant:** an order and the mark on its fact are one transaction.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{
    judge::{self, Judged},
    recompute,
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        drift::{self, Drift},
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
///
/// They are judged and priced before the write lock is taken. Meanwhile another mall may process
/// the same ones: every write here is one that may be done twice.
async fn process_some(context: &Context) -> Result<usize, DbError> {
    let doing = "process the inbox";
    let mut reading = context.db().read(doing).await?;
    let waiting = inbox::waiting(&mut reading, FACTS_MAX).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut looked_at = Vec::with_capacity(waiting.len());
    for one in &waiting {
        looked_at.push(judged(&mut reading, one).await?);
    }
    drop(reading);
    let mut drifts = Vec::with_capacity(waiting.len());
    for judged in &looked_at {
        drifts.push(match judged {
            Judged::Order(order) => recompute::drift(context, order).await?,
            Judged::Bad(_) | Judged::Unknown => None,
        });
    }
    let mut tx = context.db().write(doing).await?;
    for ((one, judged), drift) in waiting.iter().zip(&looked_at).zip(&drifts) {
        process(&mut tx, one, judged, drift.as_ref()).await?;
    }
    db::commit(tx, doing).await?;
    for (one, drift) in waiting.iter().zip(&drifts) {
        drift.iter().for_each(|drift| tell(one, drift));
    }
    Ok(waiting.len())
}

async fn judged(tx: &mut Conn, waiting: &Waiting) -> Result<Judged, DbError> {
    let store = stores::by_id(tx, waiting.sender.store).await?;
    let code = store.map(|row| row.store.code).unwrap_or_default();
    Ok(judge::fact(&code, &waiting.fact, waiting.fact.digest))
}

async fn process(
    tx: &mut Conn,
    waiting: &Waiting,
    judged: &Judged,
    drift: Option<&Drift>,
) -> Result<(), DbError> {
    match judged {
        Judged::Order(order) => {
            orders::insert(tx, &waiting.sender, order).await?;
            if let Some(drift) = drift {
                let seq = waiting.fact.seq;
                drift::insert(tx, &waiting.sender, order.id, seq, drift).await?;
            }
            inbox::mark(tx, waiting, "done").await
        }
        // Judged good when it came; only a change of this program can bring it here.
        Judged::Bad(reason) => {
            let received = Received { fact: &waiting.fact, digest: waiting.fact.digest };
            let what = What::Quarantined(reason.clone());
            inbox::put_trouble(tx, &waiting.sender, received, &what).await?;
            inbox::mark(tx, waiting, "kept").await
        }
        Judged::Unknown => inbox::mark(tx, waiting, "kept").await,
    }
}

fn tell(waiting: &Waiting, drift: &Drift) {
    warn!(
        store.id = %waiting.sender.store, order.id = %waiting.fact.id, revision = drift.revision,
        what = drift.what, "An order comes out otherwise when it is priced again"
    );
}
