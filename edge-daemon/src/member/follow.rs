//! What becomes of a member while they stand at a counter.
//!
//! **Invariant:** it only reads anew; a cart that something is paid for keeps what it was priced
//! with.

use std::sync::Arc;

use domain::{id::MemberId, receipt_number::WorkstationNumber};
use sync::wire::MemberV1;

use super::Identified;
use crate::{
    Chain,
    checkout::{CheckoutError, retell},
    context::{Context, mint},
    db::{self, station},
    prices,
    rights::Hold,
    station::Priced,
};

/// Members at the counters, as they are shown.
fn at_counters(context: &Context) -> Vec<(WorkstationNumber, Identified)> {
    let workstations = context.workstations.load();
    let shown = workstations.iter().filter_map(|workstation| {
        let scene = context.screens.follow(workstation.number)?;
        let member = scene.borrow().priced.station.member.clone()?;
        Some((workstation.number, member))
    });
    shown.collect()
}

/// Takes in what the mall says newly of members who stand at a counter.
pub(crate) async fn refresh(context: &Arc<Context>) {
    let Some(replica) = context.replicas.store() else { return };
    for (workstation, member) in at_counters(context) {
        match replica.read(|db| db::member::by_id(db, member.id)) {
            Ok(row) if row == member.row => {}
            // One who is gone from the store's rows stays who they are until the cart is done.
            Ok(None) => {}
            Ok(Some(row)) => said(workstation, write(context, workstation, row).await),
            Err(error) => said(workstation, Err(error.into())),
        }
    }
}

async fn write(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    row: MemberV1,
) -> Result<(), CheckoutError> {
    let (fresh, terms) = (mint(), context.terms(workstation));
    let job = move |tx: &rusqlite::Connection| -> Result<_, CheckoutError> {
        let counter = station::load(tx, workstation, fresh)?;
        let is_free = counter.rights.hold() == Hold::Free;
        match counter.member.clone().filter(|now| now.id == row.id && is_free) {
            Some(now) => {
                db::member::put(tx, counter.cart.order, &Identified { row: Some(row), ..now })?;
                retell(tx, counter, &terms)
            }
            None => Ok(Priced::of(counter, &terms)?),
        }
    };
    let priced = context.ledger.write(job).await?;
    prices::show(context, priced);
    Ok(())
}

/// Lets the other counters at which a member stands know that something of theirs was spent.
pub(crate) async fn tell_others(
    context: &Arc<Context>,
    member: MemberId,
    except: Option<WorkstationNumber>,
) {
    let others = at_counters(context).into_iter();
    for (workstation, _) in others.filter(|(n, m)| m.id == member && Some(*n) != except) {
        let (fresh, terms) = (mint(), context.terms(workstation));
        let told = context.ledger.write(move |tx| -> Result<_, CheckoutError> {
            retell(tx, station::load(tx, workstation, fresh)?, &terms)
        });
        let told = told.await.map(|priced| prices::show(context, priced));
        said(workstation, told);
    }
}

fn said(workstation: WorkstationNumber, done: Result<(), CheckoutError>) {
    if let Err(error) = done {
        tracing::error!(
            workstation.id = workstation, error = %Chain(&error),
            "What became of a member could not be shown; the next command shows it",
        );
    }
}
