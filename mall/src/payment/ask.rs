//! A payment's house is asked where it stands, or to undo it.
//!
//! **Invariant:** whoever asks has taken the turn before, and writes down what was heard before it
//! is told to anybody. That a payment shall not be is written before its house is told.

use domain::{id::PaymentId, payment::PaymentState, time::Timestamp};
use sync::{replica::StoreId, wire::PaymentV1};
use tracing::{error, info, warn};

use super::{PaymentError, fit, held, number, refund};
use crate::{
    asking::{Turn, Urgency},
    context::Context,
    db::{
        self, DbError,
        payments::{self, PaymentRow},
        stores,
    },
    discrepancy,
    error_chain::Chain,
    houses::{Acquirer, Standing, Undone},
    settle::within_claim,
};

/// Where a payment stands; its house is asked first where that is open.
pub(crate) async fn standing(
    context: &Context,
    store: StoreId,
    id: PaymentId,
) -> Result<PaymentV1, PaymentError> {
    let found = held(context, store, id).await?;
    if !found.state.is_undecided() {
        return Ok(found);
    }
    let at_work = context.clone();
    context.let_run(async move { ask(&at_work, store, id, Urgency::Now).await }).await;
    held(context, store, id).await
}

/// Asks about a payment whose turn it is, and writes down what was heard.
pub(crate) async fn ask(context: &Context, store: StoreId, id: PaymentId, urgency: Urgency) {
    match claim(context, store, id, urgency).await {
        Ok(Some((row, code))) => {
            match context.houses().acquirer(&code, row.purpose.method) {
                Some(acquirer) => within_claim(settle(context, acquirer.as_ref(), row)).await,
                // Its account was taken away; the question stays open until it is back.
                None => {
                    let silence = Standing::Silence;
                    record(context, store, id, |row, now| row.hear(&silence, now)).await;
                }
            }
        }
        Ok(None) => {}
        Err(error) => tell_lost(&error, store, id),
    }
}

async fn claim(
    context: &Context,
    store: StoreId,
    id: PaymentId,
    urgency: Urgency,
) -> Result<Option<(PaymentRow, String)>, DbError> {
    let doing = "take the turn to ask about a payment";
    let mut tx = context.db().write(doing).await?;
    let Some(row) = payments::claim(&mut tx, store, id, urgency, context.now()).await? else {
        return Ok(None);
    };
    let code = stores::code(&mut tx, store).await?;
    db::commit(tx, doing).await?;
    Ok(Some((row, code)))
}

async fn settle(context: &Context, acquirer: &dyn Acquirer, row: PaymentRow) {
    let (store, id, number) = (row.store, row.id, number(row.id));
    let mut row = row;
    if row.state != PaymentState::Reversing {
        let standing = acquirer.standing(&number).await;
        let heard = |row: &mut PaymentRow, now: Timestamp| {
            row.hear(&standing, now);
            // The last moment at which it may still be found paid has passed.
            if row.is_overdue(now) {
                row.undo(now);
            }
            // It is undone next.
            if row.state == PaymentState::Reversing {
                row.turn = Turn::taken(now);
            }
        };
        match record(context, store, id, heard).await {
            Some(heard) if heard.state == PaymentState::Reversing => row = heard,
            Some(_) | None => return,
        }
    }
    let now = context.now();
    if now < fit::reversible_at(&row, now) {
        record(context, store, id, |row, now| row.hear(&Standing::Silence, now)).await;
        return;
    }
    let undone = acquirer.reverse(&number).await;
    let Some(row) = record(context, store, id, |row, now| row.hear_undone(&undone, now)).await
    else {
        return;
    };
    // A no, or silence, may mean that there is nothing to undo.
    let may_be_known = matches!(undone, Undone::Refused(_) | Undone::Silence);
    if may_be_known && row.state.is_undecided() {
        let standing = acquirer.standing(&number).await;
        record(context, store, id, |row, now| row.hear_of_what_stays(&undone, &standing, now))
            .await;
        if undone.is_final() && matches!(standing, Standing::Paid(_)) {
            refund::instead(context, &row).await;
        }
    }
}

/// Writes down what was heard; `None` when that could not be written, and will be heard again.
pub(super) async fn record(
    context: &Context,
    store: StoreId,
    id: PaymentId,
    hear: impl FnOnce(&mut PaymentRow, Timestamp) + Send,
) -> Option<PaymentRow> {
    match try_record(context, store, id, hear).await {
        Ok(Some((before, row))) => {
            tell(&before, &row);
            Some(row)
        }
        Ok(None) => None,
        Err(error) => {
            tell_lost(&error, store, id);
            None
        }
    }
}

async fn try_record(
    context: &Context,
    store: StoreId,
    id: PaymentId,
    hear: impl FnOnce(&mut PaymentRow, Timestamp) + Send,
) -> Result<Option<(PaymentRow, PaymentRow)>, DbError> {
    let doing = "write where a payment stands";
    let mut tx = context.db().write(doing).await?;
    let Some(before) = payments::lock(&mut tx, store, id).await? else {
        return Ok(None);
    };
    let mut row = before.clone();
    hear(&mut row, context.now());
    payments::write(&mut tx, &row).await?;
    let (of, has_moved) = ((store, row.purpose.order), before.state != row.state);
    discrepancy::commit(tx, doing, of, has_moved, context.now()).await?;
    Ok(Some((before, row)))
}

fn tell(before: &PaymentRow, row: &PaymentRow) {
    if before.state == row.state {
        return;
    }
    let (store, id, state) = (row.store, row.id, row.state.word());
    if row.state == PaymentState::Reversing && before.state.is_undecided() {
        warn!(store.id = %store, payment.id = %id, "A payment was open for too long; it is undone");
    } else {
        info!(store.id = %store, payment.id = %id, state, "A payment is {state}");
    }
}

fn tell_lost(error: &DbError, store: StoreId, id: PaymentId) {
    error!(
        store.id = %store, payment.id = %id, error = %Chain(error),
        "Could not write where a payment stands; its house is asked again"
    );
}
