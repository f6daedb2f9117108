//! The counter: scan, edit, go to Tender, complete.
//!
//! Each function is one command of one workstation: it reads the replica, asks `domain`, writes the
//! ledger once, and shows the result on every screen.
//!
//! **Invariant:** no network is waited for, and no SQL is written here.

mod complete;
mod edit;
mod scan;
mod take_in;

pub(crate) use complete::{CompleteCommand, complete, could_spend};
pub(crate) use edit::{Edit, edit};
pub(crate) use scan::{ScanCommand, find, scan};
pub(crate) use take_in::take_in;

use std::sync::Arc;

use domain::{cart::CartRefusal, id::CommandId, receipt_number::WorkstationNumber};
use rusqlite::Connection;
use sync::chain::Hash;

use crate::{
    context::{Context, mint},
    db::{
        self, DbError,
        station::{Seen, load, remember_command, rights, save_head},
    },
    prices,
    refusal::Refusal,
    rights::Hold,
    station::{Priced, Station, Terms},
};

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
    let terms = context.terms(command.workstation);
    let (done, priced) = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let mut station = load(tx, command.workstation, fresh)?;
            match remember_command(tx, command.id, command.body, now)? {
                Seen::Other => return Err(Refusal::IdReused.into()),
                Seen::Same => return Ok((None, Priced::of(station, &terms)?)),
                Seen::New => {}
            }
            let done = change(tx, &mut station)?;
            Ok((Some(done), Priced::of(station, &terms)?))
        })
        .await?;
    prices::show(context, priced);
    Ok(done)
}

/// Tells screens that what lies beside the cart of a counter has changed: reads it anew and raises
/// the revision.
pub(crate) fn retell(
    tx: &Connection,
    mut counter: Station,
    terms: &Terms,
) -> Result<Priced, CheckoutError> {
    counter.rights = rights(tx, counter.cart.order)?;
    counter.member = db::member::at(tx, counter.cart.order)?;
    counter.coupons = db::coupon::at(tx, counter.cart.order)?;
    counter.cart.revision += 1;
    save_head(tx, &counter)?;
    Ok(Priced::of(counter, terms)?)
}

/// Whether the cart may change: not while another house has not said, nor while something is paid
/// for it as it is.
pub(crate) fn may_change(counter: &Station) -> Result<(), Refusal> {
    match counter.rights.hold() {
        Hold::Free => Ok(()),
        Hold::Taken => Err(Refusal::Held),
        Hold::Undecided => Err(Refusal::Undecided),
    }
}

/// Carries a command to its end, whoever waits for it.
///
/// A browser that goes away takes its request's future with it; what was committed must still be
/// shown on the other screens, printed, and told.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, CheckoutError>> + Send + 'static,
) -> Result<T, CheckoutError> {
    tokio::spawn(work).await.unwrap_or(Err(CheckoutError::Db(DbError::Closed)))
}
