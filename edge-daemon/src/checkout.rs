//! The counter: scan, edit, go to Tender, complete.
//!
//! Each function is one command of one workstation: it reads the replica, asks `domain`, writes the
//! ledger once, and shows the result on every screen.
//!
//! **Invariant:** no network is waited for, and no SQL is written here.

mod complete;
mod edit;
mod scan;

pub(crate) use complete::{CompleteCommand, complete};
pub(crate) use edit::{Edit, edit};
pub(crate) use scan::{ScanCommand, scan};

use std::sync::Arc;

use domain::{
    barcode::NotACode,
    cart::CartRefusal,
    id::{CommandId, OrderId},
    order::CompleteRefusal,
    receipt_number::WorkstationNumber,
};
use platforms::ForeignCode;
use rusqlite::Connection;
use sync::chain::Hash;

use crate::{
    context::{Context, mint},
    db::{
        DbError,
        station::{Seen, load, remember_command},
    },
    station::{Priced, Station},
};

/// What the counter refuses, and why. Nothing was changed, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody is signed in at the workstation.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The store has no such workstation.
    #[error("no such workstation")]
    UnknownWorkstation,
    /// This box has no place at the mall yet, or no catalog has arrived.
    #[error("the store's data has not arrived")]
    NoCatalog,
    /// No item has this code.
    #[error("no item has this code")]
    UnknownCode {
        /// The code, bounded for screens.
        code: String,
    },
    /// A GTIN's length with a wrong last digit.
    #[error("the code was misread")]
    CheckDigit {
        /// The code.
        code: String,
    },
    /// A payment code or voucher; the text itself is not kept.
    #[error("a code of another house")]
    Foreign(ForeignCode),
    /// Not a code at all.
    #[error("not a code")]
    NotACode(#[source] NotACode),
    /// The cart stays as it is.
    #[error("the cart refuses")]
    Cart(#[source] CartRefusal),
    /// Nothing is on the counter.
    #[error("the cart is empty")]
    CartEmpty,
    /// Another screen or scanner changed the cart meanwhile.
    #[error("the cart has changed")]
    CartChanged,
    /// The tenders do not settle it.
    #[error("the order cannot be completed")]
    Complete(#[source] CompleteRefusal),
    /// The same id came with another body.
    #[error("the id was used for something else")]
    IdReused,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// The counter refuses.
    #[error("the counter refuses")]
    Refused(#[from] Refusal),
    /// The ledger or a replica did not do it.
    #[error("the database refuses")]
    Db(#[from] DbError),
}

impl From<CartRefusal> for CheckoutError {
    fn from(refusal: CartRefusal) -> Self {
        Self::Refused(Refusal::Cart(refusal))
    }
}

/// A command's identity: whose it is, its id, and a hash of what it asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    /// The workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Made by the screen or scanner.
    pub(crate) id: CommandId,
    /// What it asked, so that the same id with another wish is noticed.
    pub(crate) body: Hash,
}

/// Runs a change of a workstation in the ledger's writer, prices the result and shows it.
///
/// A repeat of the command finds it carried out and changes nothing.
pub(crate) async fn change<T: Send + 'static>(
    context: &Arc<Context>,
    command: Command,
    change: impl FnOnce(&Connection, &mut Station) -> Result<T, CheckoutError> + Send + 'static,
) -> Result<Option<T>, CheckoutError> {
    let (now, fresh) = (context.clock.now(), mint::<domain::id::kind::Order>());
    let (done, priced) = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let mut station = load(tx, command.workstation, fresh)?;
            match remember_command(tx, command.id, command.body, now)? {
                Seen::Other => return Err(Refusal::IdReused.into()),
                Seen::Same => return Ok((None, price(station)?)),
                Seen::New => {}
            }
            let done = change(tx, &mut station)?;
            Ok((Some(done), price(station)?))
        })
        .await?;
    context.screens.show(priced);
    Ok(done)
}

/// Prices a station. Within the limits of `domain` a cart always has a quote.
pub(crate) fn price(station: Station) -> Result<Priced, DbError> {
    let quote = domain::pricing::quote(&station.cart).map_err(|_| DbError::Damaged {
        doing: "price a cart",
    })?;
    Ok(Priced { station, quote })
}

/// The workstation as it stands on disk, priced: at start, and before its first command.
pub(crate) fn standing(
    connection: &Connection,
    workstation: WorkstationNumber,
    fresh: OrderId,
) -> Result<Priced, DbError> {
    price(load(connection, workstation, fresh)?)
}
