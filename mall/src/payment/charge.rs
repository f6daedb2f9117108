//! A store wants somebody charged.
//!
//! **Invariant:** only whoever inserted a payment's row charges, and only after the commit.

use domain::{id::PaymentId, payment::PaymentState, time::Timestamp};
use sync::{
    replica::StoreId,
    wire::{ChargeV1, PaymentV1},
};
use tracing::info;

use super::{
    PaymentError,
    ask::{self, record},
    fit, held, number,
};
use crate::{
    asking::Turn,
    context::Context,
    db::{
        self, Conn,
        payments::{self, PaymentRow, Purpose},
        stores,
    },
    houses::{Charge, NOT_SET_UP},
    settle::within_claim,
};

/// Charges whoever showed a code, once; the same again tells where it stands.
///
/// The charge goes on when the caller hangs up, and the caller is answered before it ends where
/// that takes long.
pub(crate) async fn charge(
    context: &Context,
    store: StoreId,
    asked: ChargeV1,
) -> Result<PaymentV1, PaymentError> {
    let doing = "write a payment down";
    let (id, purpose) = (asked.id, fit::charge(&asked)?);
    let mut tx = context.db().write(doing).await?;
    if is_known(&mut tx, store, id, purpose).await? {
        drop(tx);
        return ask::standing(context, store, id).await;
    }
    if payments::is_order_undecided(&mut tx, store, purpose.order).await? {
        return Err(PaymentError::Undecided);
    }
    let code = stores::code(&mut tx, store).await?;
    let acquirer = context.houses().acquirer(&code, purpose.method);
    let mut row = new(store, id, purpose, context.now());
    row.workstation = asked.workstation;
    let Some(acquirer) = acquirer else {
        row.state = PaymentState::Refused;
        row.refusal = NOT_SET_UP.to_owned();
        row.decided_at = Some(row.made_at);
        row.turn = Turn::NONE;
        keep(&mut tx, &row).await?;
        db::commit(tx, doing).await?;
        return held(context, store, id).await;
    };
    keep(&mut tx, &row).await?;
    db::commit(tx, doing).await?;
    let charge = Charge {
        number: number(id),
        amount: purpose.amount,
        code: asked.code,
        subject: asked.subject,
        workstation: asked.workstation,
    };
    let (at_work, order) = (context.clone(), purpose.order);
    context
        .let_run(async move {
            info!(store.id = %store, order.id = %order, payment.id = %id, "Charges a payment code");
            within_claim(async {
                let standing = acquirer.charge(&charge).await;
                record(&at_work, store, id, |row, now| row.hear(&standing, now)).await;
            })
            .await;
        })
        .await;
    held(context, store, id).await
}

/// A payment that has just been asked for, and whose house this process is about to ask.
pub(super) fn new(
    store: StoreId,
    id: PaymentId,
    purpose: Purpose,
    made_at: Timestamp,
) -> PaymentRow {
    PaymentRow {
        store,
        id,
        purpose,
        workstation: 0,
        state: PaymentState::Sent,
        transaction: String::new(),
        refusal: String::new(),
        made_at,
        paid_at: None,
        reversing_at: None,
        decided_at: None,
        turn: Turn::taken(made_at),
    }
}

/// Keeps a new payment, unless the database knows of another one that stands in its way.
pub(super) async fn keep(tx: &mut Conn, row: &PaymentRow) -> Result<(), PaymentError> {
    if payments::insert(tx, row).await? {
        return Ok(());
    }
    let is_open = payments::is_order_undecided(tx, row.store, row.purpose.order).await?;
    Err(if is_open { PaymentError::Undecided } else { PaymentError::Taken })
}

/// Whether a payment is held under an id for the same purpose.
pub(super) async fn is_known(
    tx: &mut Conn,
    store: StoreId,
    id: PaymentId,
    purpose: Purpose,
) -> Result<bool, PaymentError> {
    match payments::lock(tx, store, id).await? {
        Some(row) if row.purpose == purpose => Ok(true),
        Some(_) => Err(PaymentError::Taken),
        // Its number at the house is made of its id alone, whoever's it is.
        None if payments::is_elsewhere(tx, store, id).await? => Err(PaymentError::Taken),
        None => Ok(false),
    }
}
