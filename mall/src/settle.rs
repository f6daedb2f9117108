//! Asks other houses again about whatever is undecided, until it is known.
//!
//! A reconciler: it takes no input, looks at what is due, and asks. Whoever takes a row's turn
//! first asks, so any number of malls may look at once.
//!
//! **Invariant:** nothing is decided here.

use std::{sync::Arc, time::Duration};

use domain::id::Id;
use sync::replica::StoreId;
use tokio::{sync::Semaphore, time};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    asking::{LATE_MS, Urgency},
    context::Context,
    db::{self, DbError, payments, redemptions, refunds},
    error_chain::Chain,
    payment, redemption,
};

/// Questions of each kind at other houses at once; a house that is silent holds one for half a
/// minute, and none of another kind.
const ASKING_MAX: usize = 32;
/// Whoever has taken a turn is done with it sooner than somebody else takes it.
const TURN_MAX: Duration = Duration::from_secs(75);
/// Rows of each kind in one look.
const DUE_MAX: i64 = 32;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A coupon that was looked up and not used within a day belongs to nobody's cart any more.
const LOOKED_UP_MS_MAX: i64 = 86_400_000;
/// A look-up of which nothing came is worth telling to people for a month.
const UNASKED_MS_MAX: i64 = 30 * 86_400_000;
/// Rows that are deleted at once, so that no charge waits for it.
const DELETED_MAX: i64 = 500;

/// What whoever has taken a turn does in it. What is not done in time is left as it was written
/// down last, and asked again when the turn is over.
pub(crate) async fn within_claim(work: impl Future<Output = ()> + Send) {
    if time::timeout(TURN_MAX, work).await.is_err() {
        warn!("Other houses took too long; what is undecided is asked again");
    }
}

#[derive(Debug)]
struct Slots {
    payments: Arc<Semaphore>,
    refunds: Arc<Semaphore>,
    redemptions: Arc<Semaphore>,
}

/// Settles what is due until it is told to stop.
pub(crate) async fn keep_settling(context: Context, stop: CancellationToken) {
    let slots = || Arc::new(Semaphore::new(ASKING_MAX));
    let slots = Slots { payments: slots(), refunds: slots(), redemptions: slots() };
    while stop.run_until_cancelled(time::sleep(LOOK_EVERY)).await.is_some() {
        let looked = async {
            start_due(&context, &slots).await?;
            forget(&context).await?;
            let_go(&context).await
        };
        if let Err(error) = looked.await {
            error!(error = %Chain(&error), "Could not look for what is undecided; it stays so");
        }
    }
}

/// Starts to ask about what is due, as far as there are slots.
async fn start_due(context: &Context, slots: &Slots) -> Result<(), DbError> {
    let mut tx = context.db().read("read what is undecided").await?;
    let now = context.now();
    let payments = payments::due(&mut tx, now, DUE_MAX).await?;
    let refunds = refunds::due(&mut tx, now, DUE_MAX).await?;
    let redemptions = redemptions::due(&mut tx, now, DUE_MAX).await?;
    drop(tx);
    start(context, &slots.payments, payments, |context, store, id| async move {
        payment::ask(&context, store, id, Urgency::WhenDue).await;
    });
    start(context, &slots.refunds, refunds, |context, store, id| async move {
        payment::ask_refund(&context, store, id, Urgency::WhenDue).await;
    });
    start(context, &slots.redemptions, redemptions, |context, store, id| async move {
        redemption::ask(&context, store, id, Urgency::WhenDue).await;
    });
    Ok(())
}

/// Starts one question for each, as far as there are slots; the others are due again at the next
/// look.
fn start<K, F>(
    context: &Context,
    slots: &Arc<Semaphore>,
    due: Vec<(StoreId, Id<K>)>,
    ask: impl Fn(Context, StoreId, Id<K>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    for (store, id) in due {
        let Ok(slot) = slots.clone().try_acquire_owned() else { return };
        let asked = ask(context.clone(), store, id);
        context.let_go(async move {
            asked.await;
            drop(slot);
        });
    }
}

/// Lets go of what was looked up and forgotten.
async fn forget(context: &Context) -> Result<(), DbError> {
    let doing = "end the redemptions that were only looked up";
    let now = context.now();
    let before = now.plus_ms(-LOOKED_UP_MS_MAX);
    let mut tx = context.db().read(doing).await?;
    if !redemptions::is_any_forgotten(&mut tx, before).await? {
        return Ok(());
    }
    drop(tx);
    let mut tx = context.db().write(doing).await?;
    let n = redemptions::forget(&mut tx, before, now).await?;
    db::commit(tx, doing).await?;
    info!(redemptions = n, "Let go of {n} coupons and vouchers that were only looked up");
    Ok(())
}

/// Lets go of secrets that no house wants to hear any more, and of look-ups of which nothing came.
async fn let_go(context: &Context) -> Result<(), DbError> {
    let doing = "let go of redemptions of which nothing is wanted any more";
    let now = context.now();
    let (reversible, made) = (now.plus_ms(-LATE_MS), now.plus_ms(-UNASKED_MS_MAX));
    let mut tx = context.db().read(doing).await?;
    if !redemptions::is_any_stale(&mut tx, reversible, made).await? {
        return Ok(());
    }
    drop(tx);
    let mut tx = context.db().write(doing).await?;
    redemptions::let_secrets_go(&mut tx, reversible).await?;
    redemptions::delete_unasked(&mut tx, made, DELETED_MAX).await?;
    db::commit(tx, doing).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_before_somebody_else_takes_it() {
        let claim = Duration::from_millis(u64::try_from(crate::asking::CLAIM_MS).unwrap());
        assert!(TURN_MAX < claim);
    }
}
