//! Keeps this store's copy of what the mall owns.
//!
//! Reconciler per scope. `sync::follow` decides: no replica → snapshot; behind → pages of changes,
//! which lie aside until a version is whole; too far behind, or the mall's feed has another life →
//! a new snapshot, verified aside and swapped in whole.
//!
//! **Invariant:** the old replica sells until the new one is verified, and no half of a version does.

mod compare;
mod fetch;
mod snapshot;

use std::{sync::Arc, time::Duration};

use sync::{
    backoff::retry_ms,
    follow::{self, Gathering, NotNext, Step, Taken, Why},
    path,
    replica::Scope,
    wire::{FeedCursorV1, FeedPageV1, HeadV1},
};

use tokio::time::Instant;

use self::compare::{Comparisons, Outcome};
use crate::{
    Chain, DaemonError,
    context::{Context, random},
    db::{DbError, replica::Replica},
    devices::{self, Tasks},
    fault, member, pickup, prices,
    uplink::mall::{Mall, MallError},
};

/// Opens what lies in the data folder. A damaged replica is left aside: a new one is fetched.
pub(crate) fn open(context: &Context, scope: Scope) {
    match Replica::current(&context.config.data, scope) {
        Ok(Some(replica)) => context.replicas.set(scope, Arc::new(replica)),
        Ok(None) => {}
        Err(error) => tracing::error!(
            error = %Chain(&error), "The replica of {scope} cannot be used; fetching it again"
        ),
    }
}

/// Follows a scope until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, scope: Scope, tasks: Tasks) {
    let (mut failures, mut comparisons) = (0_u32, Comparisons::default());
    loop {
        // Cut short at a stop: whatever was under way is taken up at the next start.
        let caught_up = catch_up(&context, &mall, scope, &tasks, &mut comparisons);
        let Some(caught_up) = tasks.stop.run_until_cancelled(caught_up).await else { return };
        let pause = match caught_up {
            Ok(()) => {
                context.troubles.schema_is_old(scope, false);
                if failures > 0 {
                    // Whatever was wrong with the mall or the way to it, e.g. a captive portal that
                    // answered in its place, is over: orders need not wait out their own pause.
                    context.nudges.mall_back.give();
                    comparisons.doubt();
                }
                failures = 0;
                Duration::from_millis(context.config.mall.poll_ms)
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                told_behind(&context, scope, &error, failures);
                let wait = retry_ms(failures, u32::from_be_bytes(random()));
                Duration::from_millis(wait.min(context.config.mall.poll_ms.max(1_000)))
            }
        };
        tokio::select! {
            () = tasks.stop.cancelled() => return,
            () = context.nudges.of(scope).taken_or(pause) => {}
        }
    }
}

/// What is asked of a mall, with the schema that this program reads.
fn reading(path: String) -> String {
    path::reading(&path, fault::schema())
}

fn told_behind(context: &Context, scope: Scope, error: &DaemonError, failures: u32) {
    if matches!(error, DaemonError::Mall(error) if error.is_schema_old()) {
        context.troubles.schema_is_old(scope, true);
    }
    let is_silent = matches!(error, DaemonError::Mall(MallError::Silent(_)));
    if is_silent && context.link.reached(false, context.clock.now()) {
        context.screens.beat();
    }
    if failures == 1 {
        tracing::warn!(
            error = %Chain(error),
            "The replica of {scope} could not be followed; selling goes on from what is here",
        );
    }
}

async fn catch_up(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    tasks: &Tasks,
    comparisons: &mut Comparisons,
) -> Result<(), DaemonError> {
    if context.replicas.is_snapshot_wished(scope) {
        return take(context, mall, scope, tasks, comparisons, Why::Wished).await;
    }
    match follow(context, mall, scope, tasks, comparisons).await? {
        None => Ok(()),
        Some(why) => take(context, mall, scope, tasks, comparisons, why).await,
    }
}

async fn take(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    tasks: &Tasks,
    comparisons: &mut Comparisons,
    why: Why,
) -> Result<(), DaemonError> {
    tracing::info!(%scope, why = why.word(), "A snapshot is needed");
    snapshot::take(context, mall, scope, tasks, why).await?;
    context.replicas.snapshot_came(scope);
    comparisons.swapped(why, context.clock.now());
    Ok(())
}

/// Follows by pages and repairs, or says why that does not do.
async fn follow(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    tasks: &Tasks,
    comparisons: &mut Comparisons,
) -> Result<Option<Why>, DaemonError> {
    let Some(replica) = context.replicas.get(scope) else {
        return Ok(Some(Why::None));
    };
    // On a full disk the room is the sales'; what is here is sold from.
    context.ledger.may_begin()?;
    let Ok(standing) = on_blocking(&replica, Replica::standing).await else {
        tracing::error!("The replica of {scope} is damaged; fetching it again");
        return Ok(Some(Why::None));
    };
    let offered = if standing.schema < fault::schema() {
        snapshot::schema_offered(mall, scope).await?
    } else {
        None
    };
    let head: HeadV1 = mall.get(&reading(path::head(scope))).await?;
    fault::db("replica.heard")?;
    if context.link.reached(true, context.clock.now()) {
        context.nudges.mall_back.give();
        context.screens.beat();
    }
    let standing = follow::Standing { cursor: standing.cursor, schema: standing.schema };
    match follow::step(Some(&standing), &head, offered) {
        Step::Idle if comparisons.is_due(context.clock.now()) => {
            match compare::compare(context, mall, scope, &replica, comparisons).await? {
                Outcome::Fine => Ok(None),
                Outcome::Repaired(_) => changed(context, scope, tasks).await.map(|()| None),
                Outcome::Snapshot(why) => Ok(Some(why)),
            }
        }
        Step::Idle => Ok(None),
        Step::Page(cursor) => match gather(context, mall, scope, &replica, cursor).await? {
            Ok(Applied { changes: 0, .. }) => Ok(None),
            Ok(Applied { changes, took }) => {
                let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(%scope, changes, took_ms, "The replica caught up");
                changed(context, scope, tasks).await.map(|()| None)
            }
            Err(why) => Ok(Some(why)),
        },
        Step::Snapshot(why) => Ok(Some(why)),
    }
}

/// A version that was applied.
#[derive(Clone, Copy, Debug)]
struct Applied {
    /// So many rows of it changed.
    changes: usize,
    /// From the first of them until its commit.
    took: Duration,
}

/// Lays pages aside until they are whole, and applies them; or why pages do not do.
async fn gather(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    replica: &Arc<Replica>,
    from: FeedCursorV1,
) -> Result<Result<Applied, Why>, DaemonError> {
    let mut gathering = match on_blocking(replica, Replica::staged).await? {
        // It was cut off: what lies aside goes on from where the replica stands, for its cursor
        // moves only together with it.
        Some((n_pages, cursor)) => Gathering::resumed(cursor, n_pages),
        None => Gathering::from(from),
    };
    loop {
        let page: FeedPageV1 = match mall.get(&reading(path::feed(scope, gathering.cursor()))).await
        {
            // A page that this program cannot read may hold a row of a newer mall's; a snapshot
            // has only tables that this program knows.
            Err(error) if error.is_gone() || matches!(error, MallError::Nonsense) => {
                tracing::warn!(%scope, error = %Chain(&error), "A page of changes is no use");
                return Ok(Err(Why::Gone));
            }
            page => page?,
        };
        fault::db("replica.paged")?;
        let now = context.clock.now();
        let done = match gathering.take(&page) {
            Err(NotNext) => {
                on_blocking(replica, Replica::unstage).await?;
                return Err(MallError::Nonsense.into());
            }
            Ok(Taken::TooMany) => return Ok(Err(Why::FarBehind)),
            Ok(Taken::Aside(_)) => {
                on_blocking(replica, move |replica| replica.stage(&page).map(|()| None)).await
            }
            Ok(Taken::Whole) => {
                let apply = move |replica: &Replica| {
                    let begun = Instant::now();
                    let changes = replica.apply(&page, now)?;
                    Ok(Some(Applied { changes, took: begun.elapsed() }))
                };
                on_blocking(replica, apply).await
            }
        };
        match done {
            Ok(None) => fault::db("replica.staged")?,
            Ok(Some(applied)) => return Ok(Ok(applied)),
            // A full disk would only be fuller for another file.
            Err(DbError::DiskFull) => return Err(DbError::DiskFull.into()),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "The replica of {scope} takes no changes");
                return Ok(Err(Why::Damaged));
            }
        }
    }
}

/// Reads or changes a replica on a thread that may block.
async fn on_blocking<T: Send + 'static>(
    replica: &Arc<Replica>,
    work: impl FnOnce(&Replica) -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    let replica = Arc::clone(replica);
    tokio::task::spawn_blocking(move || work(&replica)).await.unwrap_or(Err(DbError::Closed))
}

/// What follows from a changed replica.
async fn changed(context: &Arc<Context>, scope: Scope, tasks: &Tasks) -> Result<(), DaemonError> {
    match scope {
        Scope::Catalog => {
            context.refresh_catalog()?;
            prices::refresh(context).await;
            context.screens.beat();
        }
        Scope::Store(_) => {
            devices::attend(context, tasks).await?;
            member::refresh(context).await;
            pickup::refresh(context).await;
        }
    }
    Ok(())
}
