//! Reconciler: sends the outbox until it is empty, looks again when nudged, or after a while.
//!
//! **Invariant:** it takes no input; a fact is acked only by an answer that names it.

use std::{sync::Arc, time::Duration};

use domain::time::Timestamp;
use sync::{
    backoff::{RETRY_MS_MAX, retry_ms},
    outbox::marks,
    path,
    wire::BatchAnswerV1,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    mall::{Mall, MallError},
    session::{self, SessionError},
};
use crate::{
    Chain,
    context::{Context, random},
    db::{DbError, history, node::Node, outbox},
    fault,
};

/// How often the outbox is looked at when nobody nudges.
const UPLOAD_PERIOD: Duration = Duration::from_secs(30);
/// A session is as old at most: by then a clone that speaks in between is seen, and what HQ decided
/// about it is heard.
const SESSION_MS_MAX: i64 = 60 * 60 * 1_000;
/// The mark beside the ledger is so old at most: it is flushed twice, which a busy till would feel.
const MARK_MS: i64 = 30_000;
/// How often in one go the mall may say that the session has ended.
const ENDED_MAX: u32 = 3;

/// Why an upload stopped.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error("could not read or mark the outbox")]
    Db(#[from] DbError),
    #[error("could not tell the mall")]
    Mall(#[from] MallError),
    #[error("could not begin to tell the mall")]
    Session(#[from] SessionError),
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

/// A session with the mall.
#[derive(Clone, Copy, Debug)]
struct Session {
    /// What its batches carry; none where the mall is older than sessions.
    nonce: Option<Uuid>,
    began: Timestamp,
}

/// Uploads until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, node: Node, stop: CancellationToken) {
    let mut failures = 0_u32;
    let (mut session, mut marked_at) = (None, context.clock.now());
    loop {
        // Cut short at a stop: what was told and not marked is told again, which the mall notices.
        let telling = until_empty(&context, &mall, &node, &mut session);
        let Some(told) = stop.run_until_cancelled(telling).await else { return };
        let now = context.clock.now();
        if now.ms_since(marked_at).abs() >= MARK_MS {
            session::write_mark(&context).await;
            marked_at = now;
        }
        if context.link.clocks(mall.ahead_ms()) {
            context.screens.beat();
        }
        let (pause, is_open) = match told {
            Ok(Pause::Empty) => {
                failures = 0;
                (UPLOAD_PERIOD, true)
            }
            Ok(Pause::Asked(pause)) => (pause, false),
            Err(error) => {
                // Whoever comes back after a silence says first where it stands.
                session = None;
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
    let is_silent = match error {
        UploadError::Mall(error) | UploadError::Session(SessionError::Mall(error)) => {
            matches!(error, MallError::Silent(_))
        }
        UploadError::Session(SessionError::Db(_))
        | UploadError::Db(_)
        | UploadError::NoProgress => false,
    };
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
    session: &mut Option<Session>,
) -> Result<Pause, UploadError> {
    let mut from = None;
    let (mut resent, mut ended) = (0_u32, 0_u32);
    loop {
        let open = match session {
            Some(open) if context.clock.now().ms_since(open.began) < SESSION_MS_MAX => *open,
            Some(_) | None => {
                let nonce = session::open(context, mall).await?;
                answers(context);
                *session.insert(Session { nonce, began: context.clock.now() })
            }
        };
        let batch = context.ledger.read(move |db| outbox::next_batch(db, open.nonce, from)).await?;
        let Some(batch) = batch else {
            session::find_what_was_lost(context, mall).await?;
            return Ok(Pause::Empty);
        };
        let answer: BatchAnswerV1 = match mall.post(&path::batches(node.edge), &batch).await {
            Err(error) if is_another_life(&error) && ended < ENDED_MAX => {
                (*session, from, ended) = (None, None, ended + 1);
                continue;
            }
            answer => answer?,
        };
        fault::point("upload.answered");
        answers(context);
        let marks = marks(&batch, &answer);
        resent = if marks.resend_from.is_some() { resent + 1 } else { 0 };
        let goes_on = marks.acked_through.is_some() || marks.resend_from.is_some();
        from = marks.resend_from;
        let acked = marks.acked_through;
        let epoch = batch.epoch;
        context.ledger.write(move |tx| outbox::mark(tx, epoch, &marks)).await?;
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

fn answers(context: &Context) {
    if context.link.reached(true, context.clock.now()) {
        tracing::info!("The mall answers");
        context.screens.beat();
    }
}

/// Whether the mall says that this ledger is to say anew where it stands.
fn is_another_life(error: &MallError) -> bool {
    let says = ["session-ended", "epoch", "forked"];
    let MallError::Refused { status: 409, problem } = error else { return false };
    problem.strip_prefix("/problems/").is_some_and(|slug| says.contains(&slug))
}

/// Counts what waits and reads how the ledger stands, and shows it if it is news.
pub(crate) async fn recount(context: &Arc<Context>) {
    let read =
        |db: &_| -> Result<_, DbError> { Ok((outbox::backlog(db)?, history::standing(db)?)) };
    match context.ledger.read(read).await {
        Ok((backlog, history)) if context.link.stands(backlog, history) => context.screens.beat(),
        Ok(_) => {}
        Err(error) => tracing::error!(error = %Chain(&error), "The outbox could not be counted"),
    }
}
