//! A store wants a part of a payment given back.
//!
//! **Invariant:** what goes back of a payment is never more than was paid, counted under the lock
//! of its row; a refund that is asked for again is the same one.

use domain::{
    id::{Id, OrderId, PaymentId, RefundId},
    money::Money,
    payment::{PaymentState, RefundState},
    time::Timestamp,
};
use sync::{
    replica::StoreId,
    wire::{RefundAskV1, RefundV1},
};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{
    PaymentError,
    fit::{self, Refundable},
    number, told_refund,
};
use crate::{
    asking::{Turn, Urgency},
    context::Context,
    db::{
        self, Conn, DbError,
        payments::{self, PaymentRow},
        refunds::{self, RefundRow},
        stores,
    },
    discrepancy,
    error_chain::Chain,
    houses::{Acquirer, NOT_SET_UP, Refund, RefundStanding, Standing, Verdict},
    settle::within_claim,
};

/// What a payer reads of a refund that stands in for a reversal.
const INSTEAD: &str = "订单取消";
/// Makes the id of such a refund out of its payment's: other bits of what is thrown by dice.
const INSTEAD_MASK: u128 = 0xffff_ffff_ffff;

/// Gives a part back, once; the same again tells where it stands.
pub(crate) async fn refund(
    context: &Context,
    store: StoreId,
    asked: &RefundAskV1,
) -> Result<RefundV1, PaymentError> {
    let doing = "write a refund down";
    fit::refund(asked)?;
    let mut tx = context.db().write(doing).await?;
    // The payment's lock is what makes its refunds come one after the other.
    let payment = payments::lock(&mut tx, store, asked.payment).await?;
    if is_known(&mut tx, store, asked).await? {
        drop(tx);
        return refund_standing(context, store, asked.id).await;
    }
    let payment = payment.ok_or(PaymentError::Unknown)?;
    let back = refunds::sum(&mut tx, store, asked.payment).await?;
    let paid = payment.purpose.amount;
    let code = stores::code(&mut tx, store).await?;
    let no = match fit::refundable(payment.state, paid, back, asked.amount_minor) {
        Refundable::Undecided => return Err(PaymentError::Undecided),
        Refundable::No(word) => Some(word),
        Refundable::Yes => {
            let acquirer = context.houses().acquirer(&code, payment.purpose.method);
            acquirer.is_none().then_some(NOT_SET_UP)
        }
    };
    let row = new(store, asked, no, context.now());
    if !refunds::insert(&mut tx, &row).await? {
        return Err(PaymentError::Taken);
    }
    db::commit(tx, doing).await?;
    if row.state == RefundState::Sent {
        info!(store.id = %store, payment.id = %row.payment, refund.id = %row.id, "Gives money back");
        let at_work = context.clone();
        context
            .let_run(async move {
                within_claim(settle(&at_work, Task { row, payment, code, is_first: true })).await;
            })
            .await;
    }
    held(context, store, asked.id).await
}

fn new(store: StoreId, asked: &RefundAskV1, no: Option<&str>, now: Timestamp) -> RefundRow {
    RefundRow {
        store,
        id: asked.id,
        payment: asked.payment,
        amount: asked.amount_minor,
        reason: asked.reason.trim().to_owned(),
        state: if no.is_some() { RefundState::Refused } else { RefundState::Sent },
        refusal: no.unwrap_or_default().to_owned(),
        made_at: now,
        decided_at: no.map(|_| now),
        turn: if no.is_some() { Turn::NONE } else { Turn::taken(now) },
    }
}

/// Gives all of a payment back that its house undoes no more; once, however often it is found so.
pub(super) async fn instead(context: &Context, payment: &PaymentRow) {
    match try_instead(context, payment).await {
        Ok(Some(id)) => warn!(
            store.id = %payment.store, payment.id = %payment.id, refund.id = %id,
            "A house does not undo a payment any more; it is refunded"
        ),
        Ok(None) => {}
        Err(error) => error!(
            store.id = %payment.store, payment.id = %payment.id, error = %Chain(&error),
            "Could not write down that a payment is refunded; its house is asked again"
        ),
    }
}

async fn try_instead(context: &Context, payment: &PaymentRow) -> Result<Option<RefundId>, DbError> {
    let doing = "write down that a payment is refunded";
    let (store, id) = (payment.store, instead_of(payment.id));
    let mut tx = context.db().write(doing).await?;
    let Some(payment) = payments::lock(&mut tx, store, payment.id).await? else {
        return Ok(None);
    };
    let is_given_back = refunds::sum(&mut tx, store, payment.id).await? > Money::ZERO;
    if payment.state != PaymentState::Reversing || is_given_back {
        return Ok(None);
    }
    let now = context.now();
    let row = RefundRow {
        store,
        id,
        payment: payment.id,
        amount: payment.purpose.amount,
        reason: INSTEAD.to_owned(),
        state: RefundState::Sent,
        refusal: String::new(),
        made_at: now,
        decided_at: None,
        turn: Turn::at(now),
    };
    let is_new = refunds::insert(&mut tx, &row).await?;
    db::commit(tx, doing).await?;
    Ok(is_new.then_some(id))
}

/// The refund that stands in for a reversal: always the same one for a payment.
fn instead_of(payment: PaymentId) -> RefundId {
    Id::from_uuid(Uuid::from_u128(payment.uuid().as_u128() ^ INSTEAD_MASK))
}

/// Whether the same refund is held.
async fn is_known(
    tx: &mut Conn,
    store: StoreId,
    asked: &RefundAskV1,
) -> Result<bool, PaymentError> {
    match refunds::lock(tx, store, asked.id).await? {
        Some(row) if (row.payment, row.amount) == (asked.payment, asked.amount_minor) => Ok(true),
        Some(_) => Err(PaymentError::Taken),
        None if refunds::is_elsewhere(tx, store, asked.id).await? => Err(PaymentError::Taken),
        None => Ok(false),
    }
}

/// Where a refund stands; its house is asked first where that is open.
pub(crate) async fn refund_standing(
    context: &Context,
    store: StoreId,
    id: RefundId,
) -> Result<RefundV1, PaymentError> {
    let found = held(context, store, id).await?;
    if found.state != RefundState::Sent {
        return Ok(found);
    }
    let at_work = context.clone();
    context.let_run(async move { ask_refund(&at_work, store, id, Urgency::Now).await }).await;
    held(context, store, id).await
}

async fn held(context: &Context, store: StoreId, id: RefundId) -> Result<RefundV1, PaymentError> {
    let mut tx = context.db().read("read a refund").await?;
    let row = refunds::by_id(&mut tx, store, id).await?.ok_or(PaymentError::Unknown)?;
    Ok(told_refund(&row))
}

/// A refund about which this process may ask.
struct Task {
    row: RefundRow,
    payment: PaymentRow,
    /// The store's code.
    code: String,
    /// Whether nobody has asked before.
    is_first: bool,
}

/// Asks about a refund whose turn it is, and writes down what was heard.
pub(crate) async fn ask_refund(context: &Context, store: StoreId, id: RefundId, urgency: Urgency) {
    match claim(context, store, id, urgency).await {
        Ok(Some(task)) => within_claim(settle(context, task)).await,
        Ok(None) => {}
        Err(error) => tell_lost(&error, store, id),
    }
}

async fn claim(
    context: &Context,
    store: StoreId,
    id: RefundId,
    urgency: Urgency,
) -> Result<Option<Task>, DbError> {
    let doing = "take the turn to ask about a refund";
    let mut tx = context.db().write(doing).await?;
    let Some(row) = refunds::claim(&mut tx, store, id, urgency, context.now()).await? else {
        return Ok(None);
    };
    let payment = payments::by_id(&mut tx, store, row.payment).await?;
    let payment = payment.ok_or_else(|| db::damaged("read the payment of a refund"))?;
    let code = stores::code(&mut tx, store).await?;
    db::commit(tx, doing).await?;
    Ok(Some(Task { row, payment, code, is_first: false }))
}

async fn settle(context: &Context, task: Task) {
    let Task { row, payment, code, is_first } = task;
    let acquirer = context.houses().acquirer(&code, payment.purpose.method);
    let refund = Refund {
        number: number(row.id),
        charge: number(payment.id),
        transaction: payment.transaction,
        amount: row.amount,
        charged: payment.purpose.amount,
        reason: row.reason.clone(),
    };
    let verdict = match acquirer {
        Some(acquirer) => put(acquirer.as_ref(), &refund, is_first).await,
        None => Verdict::Silence,
    };
    if let Err(error) = record(context, &row, payment.purpose.order, &verdict).await {
        tell_lost(&error, row.store, row.id);
    }
}

/// Puts the question: for the first time, or after having looked whether it was heard.
async fn put(acquirer: &dyn Acquirer, refund: &Refund, is_first: bool) -> Verdict<()> {
    if is_first {
        return acquirer.refund(refund).await;
    }
    match acquirer.refund_standing(refund).await {
        RefundStanding::Done => Verdict::Yes(()),
        RefundStanding::Refused(word) => Verdict::No(word),
        RefundStanding::Unknown => acquirer.refund(refund).await,
        RefundStanding::Silence => Verdict::Silence,
    }
}

async fn record(
    context: &Context,
    asked: &RefundRow,
    order: OrderId,
    verdict: &Verdict<()>,
) -> Result<(), DbError> {
    let doing = "write where a refund stands";
    let mut tx = context.db().write(doing).await?;
    let Some(mut row) = refunds::lock(&mut tx, asked.store, asked.id).await? else {
        return Ok(());
    };
    if row.state != RefundState::Sent {
        return Ok(());
    }
    row.hear(verdict, context.now());
    refunds::write(&mut tx, &row).await?;
    let (store, id, has_moved) = (row.store, row.id, row.state != RefundState::Sent);
    if row.state == RefundState::Done {
        end_reversal(&mut tx, &row, context.now()).await?;
    }
    discrepancy::commit(tx, doing, (store, order), has_moved, context.now()).await?;
    match row.state {
        RefundState::Done => info!(store.id = %store, refund.id = %id, "Money went back"),
        RefundState::Refused => warn!(
            store.id = %store, refund.id = %id, refusal = row.refusal,
            "A house gives no money back; a person must look"
        ),
        RefundState::Sent => {}
    }
    Ok(())
}

/// A payment that was to be undone is, once all of it went back.
async fn end_reversal(tx: &mut Conn, refund: &RefundRow, now: Timestamp) -> Result<(), DbError> {
    let Some(mut payment) = payments::lock(tx, refund.store, refund.payment).await? else {
        return Ok(());
    };
    if payment.state == PaymentState::Reversing && refund.amount == payment.purpose.amount {
        payment.hear(&Standing::Refunded, now);
        payments::write(tx, &payment).await?;
    }
    Ok(())
}

impl RefundRow {
    /// Its house answered, or did not.
    fn hear(&mut self, verdict: &Verdict<()>, now: Timestamp) {
        let state = match verdict {
            Verdict::Yes(()) => RefundState::Done,
            Verdict::No(_) => RefundState::Refused,
            Verdict::Silence => RefundState::Sent,
        };
        if let Verdict::No(word) = verdict {
            self.refusal.clone_from(word);
        }
        self.state = state;
        match state {
            RefundState::Sent => self.turn = Turn::later(self.made_at, now),
            RefundState::Done | RefundState::Refused => {
                self.decided_at = Some(now);
                self.turn = Turn::NONE;
            }
        }
    }
}

fn tell_lost(error: &DbError, store: StoreId, id: RefundId) {
    error!(
        store.id = %store, refund.id = %id, error = %Chain(error),
        "Could not write where a refund stands; its house is asked again"
    );
}
