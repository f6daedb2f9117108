//! Allowances lent on before they end.
//!
//! A reconciler: it takes no input, looks which end soon, and lends them on.
//!
//! **Invariant:** one transaction a member, so that batches of orders get their turn in between.

use std::time::Duration;

use domain::lending::LEND_ON_MS;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::purse::lend_and_tell;
use crate::{
    context::Context,
    db::{self, DbError, members, purses},
    error_chain::Chain,
};

/// A sixtieth of an hour against two days that are left of each.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Members of one look: a million of them come round in two days.
const DUE_MAX: i64 = 400;

/// Lends on what ends soon, until it is told to stop.
pub(crate) async fn keep_lending(context: Context, stop: CancellationToken) {
    let mut looks = time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(looks.tick()).await.is_some() {
        if let Some(Err(error)) = stop.run_until_cancelled(lend_on(&context)).await {
            error!(error = %Chain(&error), "Could not lend on what ends soon; it is tried again");
        }
    }
}

async fn lend_on(context: &Context) -> Result<(), DbError> {
    let doing = "lend on what ends soon";
    let mut tx = context.db().read(doing).await?;
    let due = purses::due(&mut tx, context.now().plus_ms(LEND_ON_MS), DUE_MAX).await?;
    drop(tx);
    for id in due {
        let mut tx = context.db().write(doing).await?;
        let known = members::stores_of(&mut tx, id).await?;
        lend_and_tell(&mut tx, id, &known, context.now()).await?;
        db::commit(tx, doing).await?;
    }
    Ok(())
}
