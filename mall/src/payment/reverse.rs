//! A store wants a payment undone.
//!
//! **Invariant:** the wish is committed before the house is asked. What was never heard of becomes
//! a tombstone, so that a charge that comes late finds it; its house is asked all the same, because
//! a mall that was restored from a backup may have charged and forgotten it.

use domain::{id::PaymentId, money::Money, payment::PaymentState};
use sync::{
    replica::StoreId,
    wire::{PaymentV1, ReversalV1},
};
use tracing::info;

use super::{PaymentError, ask, charge, fit};
use crate::{
    asking::{LATE_MS, Turn},
    context::Context,
    db::{
        self,
        payments::{self, Purpose},
        refunds, stores,
    },
};

/// Wants a payment undone; the answer is where it stands.
pub(crate) async fn reverse(
    context: &Context,
    store: StoreId,
    id: PaymentId,
    wish: &ReversalV1,
) -> Result<PaymentV1, PaymentError> {
    let doing = "write down that a payment shall not be";
    fit::amount(wish.amount_minor)?;
    let ReversalV1 { order, method, amount_minor: amount } = *wish;
    let purpose = Purpose { order, method, amount };
    let mut tx = context.db().write(doing).await?;
    let now = context.now();
    if charge::is_known(&mut tx, store, id, purpose).await? {
        let row = payments::by_id(&mut tx, store, id).await?;
        let mut row = row.ok_or(PaymentError::Unknown)?;
        // Of what is to be undone already, or is decided, it is only told where it stands: also where
        // its house gave it back instead.
        if row.state != row.state.reversing() {
            if refunds::sum(&mut tx, store, id).await? > Money::ZERO {
                return Err(PaymentError::Refunded);
            }
            row.undo(now);
            payments::write(&mut tx, &row).await?;
        }
    } else {
        let code = stores::code(&mut tx, store).await?;
        // This mall never charged it. One that did and forgot was set back since, so nothing of it is
        // on its way any more, and what its house does not know now it never will.
        let mut row = charge::new(store, id, purpose, now.plus_ms(-LATE_MS));
        row.turn = Turn::at(now);
        row.undo(now);
        // A house that nobody can ask has charged nobody.
        if context.houses().acquirer(&code, method).is_none() {
            row.state = PaymentState::Reversed;
            row.decided_at = Some(now);
            row.turn = Turn::NONE;
        }
        charge::keep(&mut tx, &row).await?;
    }
    db::commit(tx, doing).await?;
    info!(store.id = %store, order.id = %order, payment.id = %id, "A payment shall not be");
    ask::standing(context, store, id).await
}
