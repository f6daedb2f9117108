//! Payments by code: charged once, settled until they are known, undone, given back.
//!
//! | file | what |
//! | --- | --- |
//! | `fit` | whether a question fits what is held |
//! | `hear` | where a payment stands after its house was heard |
//! | `charge` | a store wants somebody charged |
//! | `ask` | its house is asked where it stands, or to undo it |
//! | `reverse` | a store wants it undone |
//! | `refund` | a store wants a part given back |
//!
//! ```text
//!   charge ──► sent ──► house ──► paid │ refused
//!                │         └► silence: asked again; after two minutes it is undone
//!   reversal ──► reversing ──► house ──► reversed, however often it takes
//!          └───► reversed, where nothing was ever charged: a tombstone for a charge that comes late
//! ```
//!
//! **Invariant:** a row is committed before its house is asked, and a charge is asked for by
//! whoever inserted its row, once: so there is one charge to an id, however many malls there are
//! and whenever they die. Its code is kept nowhere.

mod ask;
mod charge;
mod fit;
mod hear;
mod refund;
mod reverse;

use domain::{
    id::{Id, PaymentId},
    payment::{PaymentState, RefundState},
};
use sync::{
    replica::StoreId,
    wire::{PaymentV1, RefundV1},
};

use crate::{
    context::Context,
    db::{
        Conn, DbError,
        payments::{self, PaymentRow},
        refunds::{self, RefundRow},
    },
};

pub(crate) use ask::{ask, standing};
pub(crate) use charge::charge;
pub(crate) use refund::{ask_refund, refund, refund_standing};
pub(crate) use reverse::reverse;

/// Why a question about a payment has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    /// The mall never heard of it.
    #[error("there is no such payment or refund")]
    Unknown,
    /// The question itself cannot be.
    #[error("{0}")]
    Malformed(&'static str),
    /// The id was used for something else.
    #[error("this id was used for something else")]
    Taken,
    /// Another payment of the order is not decided yet.
    #[error("a payment of this order is not decided yet")]
    Undecided,
    /// A part of it was given back.
    #[error("a part of this payment was given back, so it is refunded and not reversed")]
    Refunded,
    /// The database refused.
    #[error("could not keep the payment")]
    Db(#[from] DbError),
}

/// Our number at a house: the digits of an id.
pub(crate) fn number<K>(id: Id<K>) -> String {
    id.uuid().simple().to_string()
}

/// A payment as stores are told of it.
async fn told(tx: &mut Conn, row: &PaymentRow) -> Result<PaymentV1, DbError> {
    let refunded_minor = refunds::sum(tx, row.store, row.id).await?;
    let is_refused = row.state == PaymentState::Refused;
    Ok(PaymentV1 {
        id: row.id,
        state: row.state,
        method: row.purpose.method,
        amount_minor: row.purpose.amount,
        refunded_minor,
        transaction: row.transaction.clone(),
        paid_at: row.paid_at,
        refusal: is_refused.then(|| row.refusal.clone()),
    })
}

/// A refund as stores are told of it.
fn told_refund(row: &RefundRow) -> RefundV1 {
    let is_refused = row.state == RefundState::Refused;
    RefundV1 {
        id: row.id,
        payment: row.payment,
        state: row.state,
        amount_minor: row.amount,
        refusal: is_refused.then(|| row.refusal.clone()),
    }
}

/// A payment as it stands in the database now.
async fn held(context: &Context, store: StoreId, id: PaymentId) -> Result<PaymentV1, PaymentError> {
    let mut tx = context.db().read("read a payment").await?;
    let row = payments::by_id(&mut tx, store, id).await?.ok_or(PaymentError::Unknown)?;
    Ok(told(&mut tx, &row).await?)
}
