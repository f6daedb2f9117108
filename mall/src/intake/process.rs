//! The inbox into orders.
//!
//! A reconciler: it takes no input, looks at what waits, and does it. A fact may be processed
//! again after a crash; the order's id makes that harmless.
//!
//! **Invariant:** an order, or that it was undone, and the mark on its fact are one transaction.

use std::time::Duration;

use domain::time::Timestamp;
use futures_util::FutureExt as _;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    judge::{self, Judged},
    post_void,
    recompute::{self, Recomputed},
    waiting_room::Aside,
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError, Turn,
        drift::{self, Drift},
        inbox::{self, Received, Waiting, What},
        member_cases, orders, pickup_cases, savings, stores,
    },
    discrepancy,
    error_chain::Chain,
    fault, member, pickup,
};

/// Facts in one transaction.
const FACTS_MAX: i64 = 100;
/// Looks anyway after so long: another process may have received, and a nudge may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether an older mall has kept what this one knows: at the start, and again as
/// long as one of either version may run.
const WAKE_EVERY: Duration = Duration::from_secs(60);

/// Processes what waits until it is told to stop.
pub(crate) async fn keep_processing(context: Context, stop: CancellationToken) {
    let mut waking = time::interval(WAKE_EVERY);
    let mut aside = Aside::default();
    loop {
        if waking.tick().now_or_never().is_some()
            && let Err(error) = wake(&context).await
        {
            error!(error = %Chain(&error), "Could not look for facts that an older mall has kept");
        }
        loop {
            if stop.run_until_cancelled(aside.step(context.waiting_room())).await.is_none() {
                return;
            }
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

/// Lets facts wait that an older mall kept because it did not know what they are, and this one does.
async fn wake(context: &Context) -> Result<(), DbError> {
    let doing = "look for facts that an older mall has kept";
    let _turn = context.db().turn(Turn::Process, doing).await?;
    let mut tx = context.db().write(doing).await?;
    let mut n_woken = 0;
    for (kind, v) in judge::KNOWN {
        n_woken += inbox::wake(&mut tx, kind, v).await?;
    }
    db::commit(tx, doing).await?;
    if n_woken > 0 {
        info!(facts = n_woken, "Facts that an older mall has kept are processed");
    }
    Ok(())
}

/// Processes the next facts; the answer is how many.
///
/// They are judged and priced before the write lock is taken. Where several malls write, one of them
/// is at this at a time; over a file another one may meanwhile process the same ones: every write here
/// is one that may be done twice.
async fn process_some(context: &Context) -> Result<usize, DbError> {
    let doing = "process the inbox";
    let _turn = context.db().turn(Turn::Process, doing).await?;
    let mut reading = context.db().read(doing).await?;
    let waiting = inbox::waiting(&mut reading, FACTS_MAX).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    fault::db("orders.begun").await?;
    let mut looked_at = Vec::with_capacity(waiting.len());
    for one in &waiting {
        looked_at.push(judged(&mut reading, one).await?);
    }
    drop(reading);
    let mut found = Vec::with_capacity(waiting.len());
    for judged in &looked_at {
        found.push(match judged {
            Judged::Order(order) => recompute::look(context, order).await?,
            Judged::PostVoid(_) | Judged::Pickup(_) | Judged::Bad(_) | Judged::Unknown => {
                Recomputed::default()
            }
        });
    }
    fault::db("orders.priced").await?;
    let mut tx = context.db().write(doing).await?;
    let (now, mut done) = (context.now(), Vec::with_capacity(waiting.len()));
    for ((one, judged), found) in waiting.iter().zip(&looked_at).zip(found) {
        done.push(process(&mut tx, one, judged, found, now).await?);
    }
    fault::db("orders.written").await?;
    db::commit(tx, doing).await?;
    fault::db("orders.committed").await?;
    waiting.iter().zip(&done).for_each(|(one, done)| tell(one, done));
    Ok(waiting.len())
}

async fn judged(tx: &mut Conn, waiting: &Waiting) -> Result<Judged, DbError> {
    let code = stores::code(tx, waiting.sender.store).await?;
    Ok(judge::fact(&code, &waiting.fact, waiting.fact.digest))
}

/// What came of a fact, for the log after the commit.
#[derive(Debug, Default)]
struct Done {
    /// Where the order came out otherwise.
    drift: Option<Drift>,
    /// Why the fact was quarantined.
    quarantined: Option<String>,
    /// Where what other houses gave for the order began or ceased to differ.
    changes: Vec<discrepancy::Change>,
    /// What the order cost more than it should.
    cases: Vec<member_cases::Case>,
    /// A hand-over that should not have been.
    pickup_case: Option<pickup_cases::Case>,
}

async fn process(
    tx: &mut Conn,
    waiting: &Waiting,
    judged: &Judged,
    found: Recomputed,
    now: Timestamp,
) -> Result<Done, DbError> {
    let store = waiting.sender.store;
    match judged {
        Judged::Order(order) => {
            if orders::insert(tx, &waiting.sender, order).await? {
                savings::insert(tx, store, order.id, &found.savings).await?;
            }
            if let Some(drift) = &found.drift {
                let seq = waiting.fact.seq;
                drift::insert(tx, &waiting.sender, order.id, seq, drift).await?;
            }
            let cases = member::order(tx, &waiting.sender, waiting.fact.seq, order).await?;
            let changes = discrepancy::look(tx, store, order.id, now).await?;
            inbox::mark(tx, waiting, "done").await?;
            Ok(Done { drift: found.drift, changes, cases, ..Done::default() })
        }
        Judged::PostVoid(told) => match post_void::keep(tx, &waiting.sender, told).await? {
            None => {
                member::post_void(tx, &waiting.sender, told).await?;
                let changes = discrepancy::look(tx, store, told.order, now).await?;
                inbox::mark(tx, waiting, "done").await?;
                Ok(Done { changes, ..Done::default() })
            }
            Some(misfit) => quarantine(tx, waiting, misfit.to_string()).await,
        },
        Judged::Pickup(tale) => {
            let case = pickup::told(tx, &waiting.sender, tale, now).await?;
            inbox::mark(tx, waiting, "done").await?;
            Ok(Done { pickup_case: case, ..Done::default() })
        }
        // Judged good when it came; only a change of this program can bring it here.
        Judged::Bad(reason) => quarantine(tx, waiting, reason.clone()).await,
        Judged::Unknown => {
            inbox::mark(tx, waiting, "kept").await?;
            Ok(Done::default())
        }
    }
}

/// Leaves a fact as it is, for a person.
async fn quarantine(tx: &mut Conn, waiting: &Waiting, reason: String) -> Result<Done, DbError> {
    let received = Received { fact: &waiting.fact, digest: waiting.fact.digest };
    let what = What::Quarantined(reason.clone());
    inbox::put_trouble(tx, &waiting.sender, received, &what).await?;
    inbox::mark(tx, waiting, "kept").await?;
    Ok(Done { quarantined: Some(reason), ..Done::default() })
}

fn tell(waiting: &Waiting, done: &Done) {
    let (store, id) = (waiting.sender.store, waiting.fact.id);
    if let Some(drift) = &done.drift {
        warn!(
            store.id = %store, order.id = %id, revision = drift.revision, what = drift.what,
            "An order comes out otherwise when it is priced again"
        );
    }
    if let Some(case) = &done.pickup_case {
        warn!(
            store.id = %store, pickup.id = %case.order, fact.id = %id, what = case.what,
            cost = %case.cost, "An online order was handed over that should not have been"
        );
    }
    if let Some(reason) = &done.quarantined {
        warn!(store.id = %store, fact.id = %id, reason, "A fact was quarantined");
    }
    discrepancy::tell(store, &done.changes);
    member::tell(&done.cases);
}
