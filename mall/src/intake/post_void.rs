//! An order that was undone: written down if it fits the order that is held.
//!
//! The order came before it in the same chain, so it is there, unless it was not taken.
//!
//! **Invariant:** an order is undone once; what does not fit is kept beside, for a person, and the
//! order stands.

use domain::id::OrderId;
use sync::wire::PostVoidV1;
use uuid::Uuid;

use crate::db::{
    Conn, DbError,
    inbox::{self, Sender},
    orders_read::{self, OrderHead},
    post_voids,
};

/// Why a post-void undoes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    /// The order itself was not taken.
    #[error("the order it undoes, {order}, is in quarantine; look at that first")]
    Quarantined {
        /// Which.
        order: OrderId,
    },
    /// The order never came.
    #[error("the order it undoes, {order}, never came")]
    NoOrder {
        /// Which.
        order: OrderId,
    },
    /// It says otherwise than the order.
    #[error("it undoes {receipt_number} {what}: it says {came}, the order {ours}")]
    Differs {
        /// What is on the order's paper.
        receipt_number: String,
        /// Of what.
        what: &'static str,
        /// What it says.
        came: String,
        /// What the order says.
        ours: String,
    },
    /// Another one was first.
    #[error("{receipt_number} was undone before, by {first}; it is undone once")]
    Second {
        /// What is on the order's paper.
        receipt_number: String,
        /// The fact that undid it.
        first: Uuid,
    },
}

/// Writes down that an order was undone, or says why not. The same again changes nothing.
pub(super) async fn keep(
    tx: &mut Conn,
    sender: &Sender,
    told: &PostVoidV1,
) -> Result<Option<Misfit>, DbError> {
    let Some(order) = orders_read::head(tx, sender.store, told.order).await? else {
        let is_quarantined = inbox::is_quarantined(tx, sender.store, told.order.uuid()).await?;
        return Ok(Some(match is_quarantined {
            true => Misfit::Quarantined { order: told.order },
            false => Misfit::NoOrder { order: told.order },
        }));
    };
    if let Some(misfit) = misfit(told, &order) {
        return Ok(Some(misfit));
    }
    if post_voids::insert(tx, sender, told).await? {
        return Ok(None);
    }
    let first = post_voids::of_order(tx, sender.store, told.order).await?;
    let first = first.filter(|first| *first != told.id);
    Ok(first.map(|first| Misfit::Second { receipt_number: order.receipt_number, first }))
}

/// What a post-void says otherwise than its order.
fn misfit(told: &PostVoidV1, order: &OrderHead) -> Option<Misfit> {
    let differs = |what, came: String, ours: String| {
        let receipt_number = order.receipt_number.clone();
        Some(Misfit::Differs { receipt_number, what, came, ours })
    };
    if told.business_date != order.business_date {
        let (came, ours) = (told.business_date.to_string(), order.business_date.to_string());
        return differs("on another business date", came, ours);
    }
    if told.total_minor != order.total {
        let (came, ours) = (told.total_minor.to_string(), order.total.to_string());
        return differs("over another total", came, ours);
    }
    None
}
