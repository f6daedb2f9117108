//! Payments by code (付款码): charge, ask, reverse.
//!
//! The row is in the ledger before the mall is asked. Silence decides nothing: `settle` asks again,
//! also after a restart, until every payment is paid, refused or undone.
//!
//! **Invariant:** a payment code is sent once and written nowhere; while a charge of a cart is not
//! known to be over, no second one is sent for it.

mod answer;
mod charge;

pub(crate) use charge::{Charge, begin, method_of};

use std::sync::Arc;

use domain::{
    id::{OrderId, PaymentId},
    payment::PaymentState,
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::{PaymentV1, ReversalV1};

use self::answer::{Asked, after, refusal};
use crate::{
    checkout::{CheckoutError, retell, to_the_end},
    context::{Context, mint},
    db::{self, station},
    fault,
    in_flight::About,
    prices,
    refusal::Refusal,
    rights::Payment,
    settle,
    uplink::rights::{self, Told},
};

/// Writes down what was heard, shows it, and completes what is covered by it. A failure is logged:
/// `settle` asks again.
async fn note(context: &Arc<Context>, id: PaymentId, asked: Asked, told: Told<PaymentV1>) {
    let noted = write_answer(context, id, asked, told).await;
    fault::point("payment.noted");
    match noted {
        Ok(Some(payment)) => {
            if payment.state == PaymentState::Paid {
                settle::complete_if_covered(context, payment.workstation).await;
            }
            // What is to be undone now is asked for at once.
            context.nudges.rights.give();
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(
                payment.id = %id, error = %crate::Chain(&error),
                "What became of a payment could not be written down; it is asked for again",
            );
        }
    }
}

async fn write_answer(
    context: &Arc<Context>,
    id: PaymentId,
    asked: Asked,
    told: Told<PaymentV1>,
) -> Result<Option<Payment>, CheckoutError> {
    let (now, fresh, of) = (context.clock.now(), mint(), Arc::clone(context));
    let (payment, priced) = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let Some(mut payment) = db::payment::find(tx, id)? else { return Ok((None, None)) };
            let state = after(&payment, asked, &told, now);
            let refusal = refusal(&payment, state, asked, &told);
            if (state, &refusal) == (payment.state, &payment.refusal) {
                return Ok((None, None));
            }
            payment.refusal = refusal;
            payment.state = state;
            if let Told::Says(says) = &told
                && state == PaymentState::Paid
            {
                payment.transaction.clone_from(&says.transaction);
            }
            db::payment::set(tx, &payment, now)?;
            let counter = station::load(tx, payment.workstation, fresh)?;
            let is_on_counter = counter.cart.order == payment.order;
            let priced = is_on_counter
                .then(|| retell(tx, counter, &of.terms(payment.workstation)))
                .transpose()?;
            Ok((Some(payment), priced))
        })
        .await?;
    if let Some(payment) = &payment {
        tracing::info!(
            payment.id = %id, order.id = %payment.order, state = payment.state.word(),
            refusal = payment.refusal.as_deref().unwrap_or_default(), "A payment stands anew",
        );
    }
    if let Some(priced) = priced {
        prices::show(context, priced);
    }
    Ok(payment)
}

/// Asks the mall where a payment stands, now.
pub(crate) async fn ask(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: PaymentId,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let known = context.ledger.read(move |db| db::payment::find(db, id)).await?;
        let known = known.filter(|payment| payment.workstation == workstation);
        let payment = known.ok_or(Refusal::NoSuchRight)?;
        pursue(&context, &payment).await;
        Ok(())
    })
    .await
}

/// Asks about a payment what its state wants to know.
pub(crate) async fn pursue(context: &Arc<Context>, payment: &Payment) {
    let id = payment.id;
    let about = match payment.state {
        PaymentState::Reversing => About::Undoing,
        PaymentState::Sent | PaymentState::Paying => About::Doing,
        PaymentState::Paid | PaymentState::Refused | PaymentState::Reversed => return,
    };
    // Its answer is on the way already, and comes to the screens.
    let Some(_asking) = context.in_flight.enter(id.uuid(), about) else { return };
    let (asked, told) = match payment.state {
        PaymentState::Sent | PaymentState::Paying => {
            (Asked::Standing, rights::payment(context, id).await)
        }
        PaymentState::Reversing => {
            let reversal = ReversalV1 {
                order: payment.order,
                method: payment.method,
                amount_minor: payment.amount,
            };
            (Asked::Reversal, rights::reversal(context, id, &reversal).await)
        }
        PaymentState::Paid | PaymentState::Refused | PaymentState::Reversed => return,
    };
    fault::point("payment.pursued");
    note(context, id, asked, told).await;
}

/// Takes a payment off the counter: it shall not be. Asked for until it is known to be undone.
pub(crate) async fn reverse(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: PaymentId,
) -> Result<(), CheckoutError> {
    let (now, fresh, context) = (context.clock.now(), mint(), Arc::clone(context));
    let terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let counter = station::load(tx, workstation, fresh)?;
                let known = db::payment::find(tx, id)?;
                // What paid for an order goes back with the order.
                let on_counter = known.filter(|payment| payment.order == counter.cart.order);
                let mut payment = on_counter.ok_or(Refusal::NoSuchRight)?;
                let state = payment.state.reversing();
                if state != payment.state {
                    payment.state = state;
                    db::payment::set(tx, &payment, now)?;
                }
                retell(tx, counter, &terms)
            })
            .await?;
        fault::point("payment.reversing");
        tracing::info!(payment.id = %id, workstation.id = workstation, "A payment is taken off");
        prices::show(&context, priced);
        context.nudges.rights.give();
        Ok(())
    })
    .await
}

/// Everything of an order that is paid shall not be; `true` if there was anything.
pub(crate) fn reverse_all(
    tx: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, db::DbError> {
    let mut any = false;
    for mut payment in db::payment::of_order(tx, order)? {
        let state = payment.state.reversing();
        if state != payment.state {
            payment.state = state;
            db::payment::set(tx, &payment, now)?;
            any = true;
        }
    }
    Ok(any)
}
