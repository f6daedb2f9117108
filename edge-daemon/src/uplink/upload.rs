//! Reconciler: sends the outbox until it is empty, looks again when nudged, or after a while.
//!
//! **Invariant:** it takes no input and decides nothing: `sync::uplink` says what is next, here it is
//! done, written down, and told how it went. A fact is acked only by an answer that names it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sync::{
    backoff::spread_ms,
    packing, path,
    uplink::{Facts, Heard, Next, Refused, Rest, Uplink},
    wire::{BatchAnswerV1, BatchV1, HoleV1},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    day::{self, Due},
    mall::{Mall, MallError},
    session::{self, SessionError},
};
use crate::{
    Chain,
    context::{Context, random},
    db::{
        DbError, history,
        node::Node,
        outbox::{self, Waiting},
    },
    fault,
};

/// How often the outbox is looked at when nobody nudges.
const UPLOAD_PERIOD: Duration = Duration::from_secs(30);
/// The mark beside the ledger is so old at most: it is flushed twice, which a busy till would feel.
const MARK_MS: i64 = 30_000;

/// Why a step of the way up was not done.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("could not read or mark the outbox")]
    Db(#[from] DbError),
    #[error("could not tell the mall")]
    Batch(#[source] MallError, Box<BatchV1>),
    #[error("could not begin to tell the mall")]
    Session(#[from] SessionError),
    /// The mall answered without acknowledging anything or saying what it wants.
    #[error("the mall acknowledged nothing")]
    NoProgress,
}

impl StepError {
    /// What the mall answered, or failed to.
    const fn of_the_mall(&self) -> Option<&MallError> {
        match self {
            Self::Batch(error, _) | Self::Session(SessionError::Mall(error)) => Some(error),
            Self::Session(SessionError::Db(_)) | Self::Db(_) | Self::NoProgress => None,
        }
    }

    /// What `sync::uplink` is told of it; nothing where it has found it by itself.
    fn heard(&self) -> Option<Heard<'_>> {
        let batch = match self {
            Self::Batch(_, batch) => Some(&**batch),
            Self::NoProgress => return None,
            Self::Session(_) | Self::Db(_) => None,
        };
        let Some(MallError::Refused { status, problem, retry_after_ms }) = self.of_the_mall()
        else {
            return Some(Heard::Silent);
        };
        let (status, retry_after_ms) = (*status, *retry_after_ms);
        Some(Heard::Refused(batch, Refused { status, problem, retry_after_ms }))
    }
}

/// Uploads until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, node: Node, stop: CancellationToken) {
    let way = Way { context: &context, mall: &mall, node: &node, packs: AtomicBool::new(false) };
    let (mut uplink, mut marked_at) = (Uplink::default(), context.clock.now());
    let mut days = Due::default();
    loop {
        // Cut short at a stop: what was told and not marked is told again, which the mall notices.
        let Some(pause) = stop.run_until_cancelled(way.until_rest(&mut uplink)).await else {
            return;
        };
        let now = context.clock.now();
        if now.ms_since(marked_at).abs() >= MARK_MS {
            session::write_mark(&context).await;
            marked_at = now;
        }
        if context.link.clocks(mall.ahead_ms()) {
            context.screens.beat();
        }
        if context.link.is_shut(uplink.is_shut()) && uplink.is_shut() {
            tracing::error!(
                "Nobody on the way to the mall takes any fact; all of them wait in this ledger, and a person must look"
            );
        }
        if matches!(pause, Rest::Told) {
            let comparing = day::compare_if_due(&context, &mall, &mut days);
            if stop.run_until_cancelled(comparing).await.is_none() {
                return;
            }
        }
        recount(&context).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = rest(&context, pause) => {}
        }
    }
}

/// Waits for the next look. While the mall is silent or wants to be left alone, new orders do not
/// shorten the wait, which would only be knocking at a closed door; they are counted all the same.
/// Whoever else hears from the mall first ends the wait.
async fn rest(context: &Arc<Context>, rest: Rest) {
    let ms = match rest {
        Rest::Told => return context.nudges.upload.taken_or(UPLOAD_PERIOD).await,
        Rest::Asked(ms) | Rest::Failed(ms) => ms,
    };
    let count_each = async {
        loop {
            context.nudges.upload.taken().await;
            recount(context).await;
        }
    };
    let until_back = async {
        context.nudges.mall_back.taken_or(Duration::from_millis(ms)).await;
        // All who heard it would come in the same moment.
        let ms = spread_ms(context.link.take_silence(), u32::from_be_bytes(random()));
        tokio::time::sleep(Duration::from_millis(ms)).await;
    };
    tokio::select! {
        () = until_back => {}
        () = count_each => {}
    }
}

/// What the steps of the way up need.
struct Way<'a> {
    context: &'a Arc<Context>,
    mall: &'a Mall,
    node: &'a Node,
    /// Whether batches go packed: the mall takes it, and nobody on the way has refused it in this session.
    packs: AtomicBool,
}

impl Way<'_> {
    /// Does what is next until there is nothing to be done for a while.
    async fn until_rest(&self, uplink: &mut Uplink) -> Rest {
        loop {
            let (next, failures) = (uplink.next(self.context.clock.now()), uplink.failures());
            let done = match next {
                Next::Rest(rest) => return rest,
                Next::Session => self.open_session(uplink).await,
                Next::Facts(ask) => self.send_facts(uplink, ask).await,
                Next::Hole(session, hole) => self.tell_of_hole(uplink, session, hole).await,
            };
            let Err(error) = done else { continue };
            if let Some(heard) = error.heard() {
                let _nothing_to_mark = hear(self.context, uplink, heard);
            }
            if uplink.failures() > failures {
                self.told_down(&error, uplink.failures());
            } else {
                tracing::debug!(error = %Chain(&error), "The mall wants it told otherwise");
            }
        }
    }

    async fn open_session(&self, uplink: &mut Uplink) -> Result<(), StepError> {
        let told = session::open(self.context, self.mall).await?;
        answers(self.context);
        let packs = told.as_ref().is_some_and(|told| packing::takes_zstd(&told.packings));
        self.packs.store(packs, Ordering::Relaxed);
        let holes = self.context.ledger.read(outbox::holes_in_a_row).await?;
        let _nothing_to_mark = hear(self.context, uplink, Heard::Session(told.as_ref(), holes));
        Ok(())
    }

    async fn send_facts(&self, uplink: &mut Uplink, ask: Facts) -> Result<(), StepError> {
        let waiting = self.context.ledger.read(move |db| outbox::next_batch(db, ask)).await?;
        fault::db("upload.read")?;
        let heard = match waiting {
            Waiting::Batch(batch, n_mended) => {
                if n_mended > 0 {
                    self.context.troubles.ledger_gave_other_bytes();
                    tracing::error!(
                        n_mended,
                        "The ledger gave back other bytes than it was given; what they were is told from elsewhere in it"
                    );
                }
                return self.send(uplink, batch, !ask.is_wrapped).await;
            }
            Waiting::Damaged(place) => {
                tracing::error!(
                    place,
                    "A fact is not what was written down; it is not told, and a person must look"
                );
                Heard::Damaged(place)
            }
            Waiting::Nothing => {
                session::find_what_was_lost(self.context, self.mall).await?;
                Heard::Nothing
            }
        };
        let _nothing_to_mark = hear(self.context, uplink, heard);
        Ok(())
    }

    async fn tell_of_hole(
        &self,
        uplink: &mut Uplink,
        session: Option<Uuid>,
        hole: HoleV1,
    ) -> Result<(), StepError> {
        let HoleV1 { from, through, reason } = hole.clone();
        let read = move |db: &_| outbox::hole_batch(db, session, hole);
        let batch = self.context.ledger.read(read).await?;
        tracing::error!(
            "The facts from {from} to {through} are told to be a hole ({reason}); they stay in this ledger, and a person must look"
        );
        self.send(uplink, batch, false).await
    }

    /// Sends a batch, packed if it may be and the mall takes it. Where that is refused it is sent once
    /// more as it is: what somebody on the way does to packed bodies is no fact's fault.
    async fn post(&self, batch: &BatchV1, may_pack: bool) -> Result<BatchAnswerV1, MallError> {
        let path = path::batches(self.node.edge);
        if may_pack && self.packs.load(Ordering::Relaxed) {
            match self.mall.post_packed(&path, batch).await {
                Err(MallError::Refused { status: 400 | 401 | 411..=415 | 422, .. }) => {
                    self.packs.store(false, Ordering::Relaxed);
                }
                answer => return answer,
            }
        }
        self.mall.post(&path, batch).await
    }

    async fn send(
        &self,
        uplink: &mut Uplink,
        batch: BatchV1,
        may_pack: bool,
    ) -> Result<(), StepError> {
        let context = self.context;
        fault::db("upload.sending")?;
        let answer = match self.post(&batch, may_pack).await {
            Ok(answer) => answer,
            Err(error) => return Err(StepError::Batch(error, Box::new(batch))),
        };
        fault::db("upload.answered")?;
        answers(context);
        let failures = uplink.failures();
        let marks = hear(context, uplink, Heard::Answer(&batch, &answer));
        let (epoch, acked) = (batch.epoch, marks.acked_through);
        let mark = move |tx: &_| {
            outbox::mark(tx, epoch, &marks)?;
            fault::db("upload.marked")
        };
        context.ledger.write(mark).await?;
        fault::db("upload.written")?;
        if acked.is_some() {
            context.link.told(context.clock.now());
        }
        tracing::debug!(facts = batch.facts.len(), ?acked, "A batch was told");
        recount(context).await;
        if uplink.failures() > failures { Err(StepError::NoProgress) } else { Ok(()) }
    }

    fn told_down(&self, error: &StepError, failures: u32) {
        let context = self.context;
        let is_silent = matches!(error.of_the_mall(), Some(MallError::Silent(_)));
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
}

/// Tells `sync::uplink` how it went, with a number that no other store draws.
fn hear(context: &Context, uplink: &mut Uplink, heard: Heard<'_>) -> sync::outbox::Marks {
    uplink.heard(heard, context.clock.now(), u32::from_be_bytes(random()))
}

fn answers(context: &Context) {
    if context.link.reached(true, context.clock.now()) {
        // Whoever heard it by themselves has waited already.
        context.link.take_silence();
        tracing::info!("The mall answers");
        context.screens.beat();
    }
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
