//! Keeps this store's copy of what the mall owns.
//!
//! Reconciler per scope: no replica → snapshot; behind → pages of changes; too far behind, or the
//! mall's feed has another life → a new snapshot, verified aside and swapped in whole.
//!
//! **Invariant:** the old replica sells until the new one is verified.

mod snapshot;

use std::{sync::Arc, time::Duration};

use sync::{
    backoff::retry_ms,
    path,
    replica::{REPLICA_SCHEMA, Scope},
    wire::{FeedPageV1, HeadV1},
};

use crate::{
    Chain, DaemonError,
    context::{Context, random},
    db::{DbError, replica::Replica},
    devices::{self, Tasks},
    member, pickup, prices,
    uplink::mall::{Mall, MallError},
};

/// More versions behind than this, and a snapshot is quicker than pages. A version is one HQ
/// transaction, so this is far more than a day of edits.
const BEHIND_MAX: i64 = 2_000;

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
    let mut failures = 0_u32;
    loop {
        // Cut short at a stop: whatever was under way is taken up at the next start.
        let caught_up = catch_up(&context, &mall, scope, &tasks);
        let Some(caught_up) = tasks.stop.run_until_cancelled(caught_up).await else { return };
        let pause = match caught_up {
            Ok(()) => {
                if failures > 0 {
                    // Whatever was wrong with the mall or the way to it, e.g. a captive portal that
                    // answered in its place, is over: orders need not wait out their own pause.
                    context.nudges.mall_back.give();
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

fn told_behind(context: &Context, scope: Scope, error: &DaemonError, failures: u32) {
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
) -> Result<(), DaemonError> {
    let Some(replica) = context.replicas.get(scope) else {
        return snapshot::take(context, mall, scope, tasks).await;
    };
    let Ok(standing) = on_blocking(&replica, Replica::standing).await else {
        tracing::error!("The replica of {scope} is damaged; fetching it again");
        return snapshot::take(context, mall, scope, tasks).await;
    };
    if standing.schema < REPLICA_SCHEMA
        && snapshot::is_of_newer(mall, scope, standing.schema).await?
    {
        tracing::info!(%scope, schema = standing.schema, "The replica is an older program's");
        return snapshot::take(context, mall, scope, tasks).await;
    }
    let head: HeadV1 = mall.get(&path::head(scope)).await?;
    if context.link.reached(true, context.clock.now()) {
        context.nudges.mall_back.give();
        context.screens.beat();
    }
    let behind = head.version.checked_sub(standing.cursor.version).ok_or(MallError::Nonsense)?;
    if head.incarnation != standing.cursor.incarnation || !(0..=BEHIND_MAX).contains(&behind) {
        tracing::info!(%scope, behind, "A new snapshot is needed");
        return snapshot::take(context, mall, scope, tasks).await;
    }
    let mut cursor = standing.cursor;
    let mut n_changes = 0_usize;
    while cursor.version < head.version || !cursor.after.is_empty() {
        let page: FeedPageV1 = match mall.get(&path::feed(scope, &cursor)).await {
            // A page that this program cannot read may hold a row of a newer mall's; a snapshot
            // has only tables that this program knows.
            Err(error) if error.is_gone() || matches!(error, MallError::Nonsense) => {
                tracing::warn!(%scope, error = %Chain(&error), "A page of changes is no use");
                return snapshot::take(context, mall, scope, tasks).await;
            }
            page => page?,
        };
        // Inside a version the cursor stands at the version before it and rises by key.
        let rises = (page.next.version, &page.next.after) > (cursor.version, &cursor.after);
        if !rises || page.next.incarnation != cursor.incarnation {
            return Err(MallError::Nonsense.into());
        }
        cursor = page.next.clone();
        n_changes += page.changes.len();
        let now = context.clock.now();
        let applied = on_blocking(&replica, move |replica| replica.apply(&page, now)).await;
        // A full disk would only be fuller for another file.
        if let Err(DbError::DiskFull) = applied {
            return Err(DbError::DiskFull.into());
        }
        if let Err(error) = applied {
            tracing::error!(error = %Chain(&error), "The replica of {scope} takes no changes; fetching it again");
            return snapshot::take(context, mall, scope, tasks).await;
        }
    }
    if n_changes > 0 {
        tracing::info!(%scope, changes = n_changes, version = cursor.version, "The replica caught up");
        changed(context, scope, tasks).await?;
    }
    Ok(())
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
