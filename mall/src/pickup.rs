//! Online orders that wait in a store (门店自提): placed, cancelled, expired, and told by stores.
//!
//! | file | what |
//! | --- | --- |
//! | `wish` | what a shop asks for, and what it is told |
//! | `price` | the order, priced by the engine that prices at the tills |
//! | `place` | prices, promises and keeps it in one transaction |
//! | `end` | cancelled by its shop, or nobody came |
//! | `told` | what a store did with it |
//!
//! **Invariant:** stock is promised, taken or given free in the transaction that moves the order; and
//! what a store did with goods in somebody's hands is never undone: it becomes a case.

mod end;
mod place;
mod price;
mod told;
mod wish;

pub(crate) use end::{cancel, keep_tidy, refunded};
pub(crate) use place::{place, quote, show};
pub(crate) use told::{Tale, told};
pub(crate) use wish::{OnlineShape, QuoteShape};

use domain::{
    order::OrderLine,
    pickup::{PickupMove, PickupRefusal, PickupState},
    quantity::Quantity,
    time::Timestamp,
};
use sync::{
    replica::Scope,
    wire::{PickupLineV1, PickupV1},
};

use crate::{
    context::{Context, NoDice},
    db::{
        Conn, DbError,
        online_orders::{self, Moved, OnlineRow, Promise},
        scope,
        stock::{self, Movement},
    },
    vault::VaultError,
};

/// Why an order was not placed, or not moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PickupError {
    /// What was asked cannot be.
    #[error("{0}")]
    Malformed(&'static str),
    /// No such order of this shop.
    #[error("there is no such order")]
    Unknown,
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// No such item on sale, or one that is sold by weight.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The id was used for something else.
    #[error("this id was used for another order")]
    Taken,
    /// Not enough is there.
    #[error("of `{sku}` only {available} are available in this store")]
    Short {
        /// Of which item.
        sku: String,
        /// So much is.
        available: Quantity,
    },
    /// It costs something else.
    #[error("it costs {total} now")]
    Price {
        /// What it costs.
        total: domain::money::Money,
    },
    /// It cannot be moved from where it stands.
    #[error("it cannot be done any more: {0}")]
    Over(#[from] PickupRefusal),
    /// No code could be made, or the machine gives no random numbers.
    #[error("could not make a code")]
    Code,
    /// It could not be sealed or signed.
    #[error("could not seal or sign what belongs to the order")]
    Vault(#[from] VaultError),
    /// The database refused.
    #[error("could not keep the order")]
    Db(#[from] DbError),
}

impl From<NoDice> for PickupError {
    fn from(_: NoDice) -> Self {
        Self::Code
    }
}

/// Moves an order, and with it the stock that is promised to it; the answer is where it stands then.
async fn move_on(
    tx: &mut Conn,
    order: &OnlineRow,
    made: PickupMove,
    (at, now): (Timestamp, Timestamp),
    by: Option<&uuid::Uuid>,
) -> Result<PickupState, PickupError> {
    let state = order.state.after(made)?;
    let version = scope::raise(tx, Scope::Store(order.store), now).await?;
    online_orders::set(tx, order, Moved { state, at, by, version }).await?;
    let (leaves, frees) = match made {
        PickupMove::HandOver => (true, true),
        PickupMove::Cancel | PickupMove::Expire => (false, true),
        PickupMove::BeginPicking | PickupMove::MakeReady => (false, false),
    };
    for promise in online_orders::promises(tx, order.store, order.id).await? {
        let movement = moved(&promise, leaves, frees);
        let of = (order.store, promise.sku.as_str());
        stock::shift(tx, of, movement, (at, version)).await?;
    }
    Ok(state)
}

/// What becomes of the stock of one line.
fn moved(promise: &Promise, leaves: bool, frees: bool) -> Movement {
    let minus = |is: bool| if is { -promise.quantity.milli() } else { 0 };
    Movement {
        on_hand: Quantity::from_milli(minus(leaves)),
        reserved: Quantity::from_milli(minus(frees)),
    }
}

/// The code of an order, for its shopper alone.
fn code_of(context: &Context, order: &OnlineRow) -> Result<String, VaultError> {
    Ok(sync::pickup::code_of(&context.vault().codes()?, order.id, order.attempt))
}

/// An order as its store gets it.
pub(crate) fn wire(row: OnlineRow) -> Result<PickupV1, DbError> {
    let order = place::order_of(&row)?;
    let line = |line: &OrderLine| PickupLineV1 {
        number: line.number,
        sku: line.item.sku.clone(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        quantity_milli: line.quantity,
        amount_minor: line.amount,
    };
    Ok(PickupV1 {
        id: row.id,
        number: row.number,
        state: row.state,
        placed_at: row.placed_at,
        until: row.until,
        shopper: row.shopper,
        phone: row.phone,
        total_minor: row.total,
        lines: order.lines.iter().map(line).collect(),
        code_hash: row.code_hash,
    })
}
