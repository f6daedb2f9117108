//! Reconciler: sends the outbox until it is empty, looks again when nudged, or after a while.
//!
//! **Invariant:** it takes no input; a fact is acked only by an answer that names it.

use std::{sync::Arc, time::Duration};

use sync::{
    backoff::{RETRY_MS_MAX, retry_ms},
    outbox::marks,
    path,
    wire::BatchAnswerV1,
};
use tokio_util::sync::CancellationToken;

use super::mall::{Mall, MallError};
use crate::{
    Chain,
    context::{Context, random},
    db::{DbError, node::Node, outbox},
    fault,
};

/// How often the outbox is looked at when nobody nudges.
const UPLOAD_PERIOD: Duration = Duration::from_secs(30);

/// Why an upload stopped.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error("could not read or mark the outbox")]
    Db(#[from] DbError),
    #[error("could not tell the mall")]
    Mall(#[from] MallError),
    /// The mall answered without acknowledging anything or saying what it wants.
    #[error("the mall acknowledged nothing")]
    NoProgress,
}

/// How an upload ended.
enum Pause {
    /// All is told.
    Empty,
    /// The mall asks to be left alone.
    Asked(Duration),
}

/// Uploads until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, node: Node, stop: CancellationToken) {
    let mut failures = 0_u32;
    loop {
        // Cut short at a stop: what was told and not marked is told again, which the mall notices.
        let told = stop.run_until_cancelled(until_empty(&context, &mall, &node)).await;
        let Some(told) = told else { return };
        let (pause, is_open) = match told {
            Ok(Pause::Empty) => {
                failures = 0;
                (UPLOAD_PERIOD, true)
            }
            Ok(Pause::Asked(pause)) => (pause, false),
            Err(error) => {
                failures = failures.saturating_add(1);
                told_down(&context, &error, failures);
                let wait = retry_ms(failures, u32::from_be_bytes(random()));
                (Duration::from_millis(wait), false)
            }
        };
        recount(&context).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = rest(&context, pause, is_open) => {}
        }
    }
}

/// Waits for the next look. While the mall is silent or wants to be left alone, new orders do not
/// shorten the wait, which would only be knocking at a closed door; they are counted all the same.
/// Whoever else hears from the mall first ends the wait.
async fn rest(context: &Arc<Context>, pause: Duration, is_open: bool) {
    if is_open {
        return context.nudges.upload.taken_or(pause).await;
    }
    let count_each = async {
        loop {
            context.nudges.upload.taken().await;
            recount(context).await;
        }
    };
    tokio::select! {
        () = context.nudges.mall_back.taken_or(pause) => {}
        () = count_each => {}
    }
}

fn told_down(context: &Context, error: &UploadError, failures: u32) {
    let is_silent = matches!(error, UploadError::Mall(MallError::Silent(_)));
    let is_new = is_silent && context.link.reached(false, context.clock.now());
    if is_new || (!is_silent && failures == 1) {
        tracing::warn!(
            error = %Chain(error),
            "The mall did not take the outbox; orders stay here and are sent later",
        );
    }
    if is_new {
        context.screens.beat();
    }
}

async fn until_empty(
    context: &Arc<Context>,
    mall: &Mall,
    node: &Node,
) -> Result<Pause, UploadError> {
    let mut from = None;
    let mut resent = 0_u32;
    loop {
        let batch = context.ledger.read(move |db| outbox::next_batch(db, from)).await?;
        let Some(batch) = batch else {
            return Ok(Pause::Empty);
        };
        let answer: BatchAnswerV1 = mall.post(&path::batches(node.edge), &batch).await?;
        fault::point("upload.answered");
        if context.link.reached(true, context.clock.now()) {
            tracing::info!("The mall answers");
            context.screens.beat();
        }
        let marks = marks(&batch.facts, &answer);
        resent = if marks.resend_from.is_some() { resent + 1 } else { 0 };
        let goes_on = marks.acked_through.is_some() || marks.resend_from.is_some();
        from = marks.resend_from;
        let acked = marks.acked_through;
        context.ledger.write(move |tx| outbox::mark(tx, &marks)).await?;
        if acked.is_some() {
            context.link.told(context.clock.now());
        }
        tracing::debug!(facts = batch.facts.len(), ?acked, "A batch was told");
        recount(context).await;
        if let Some(ms) = answer.retry_after_ms {
            return Ok(Pause::Asked(Duration::from_millis(ms.min(RETRY_MS_MAX))));
        }
        let is_beyond =
            from.is_some_and(|seq| batch.facts.last().is_some_and(|last| seq > last.seq + 1));
        if !goes_on || resent > 1 || is_beyond {
            return Err(UploadError::NoProgress);
        }
    }
}

/// Counts what waits, and shows it if it is another number than before.
pub(crate) async fn recount(context: &Arc<Context>) {
    match context.ledger.read(outbox::backlog).await {
        Ok(backlog) if context.link.backlog(backlog) => context.screens.beat(),
        Ok(_) => {}
        Err(error) => tracing::error!(error = %Chain(&error), "The outbox could not be counted"),
    }
}
