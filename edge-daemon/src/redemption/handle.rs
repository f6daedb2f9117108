//! What an operator does with a coupon or voucher beside the cart: chooses, takes it off.

use std::sync::Arc;

use domain::{id::RedemptionId, receipt_number::WorkstationNumber, redemption::RedemptionState};

use crate::{
    checkout::{CheckoutError, retell, to_the_end},
    context::{Context, mint},
    db::{self, station},
    fault, prices,
    refusal::Refusal,
    rights::{Choice, Hold, Redemption, Rights},
    station::Priced,
};

/// What an operator does with what was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    /// Chooses an offer and how many of it.
    Choose(Choice),
    /// Takes it off the counter: what was used is given back.
    TakeOff,
}

/// Carries it out and shows it.
pub(crate) async fn handle(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: RedemptionId,
    handling: Handling,
) -> Result<(), CheckoutError> {
    let (now, fresh, context) = (context.clock.now(), mint(), Arc::clone(context));
    let terms = context.terms(workstation);
    to_the_end(async move {
        let priced = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let counter = station::load(tx, workstation, fresh)?;
                let known = counter.rights.redemptions.iter().find(|r| r.id == id);
                let before = known.ok_or(Refusal::NoSuchRight)?;
                let after = handled(before, &counter.rights, handling)?;
                if after == *before {
                    return Ok(Priced::of(counter, &terms)?);
                }
                db::redemption::set(tx, &after, now)?;
                retell(tx, counter, &terms)
            })
            .await?;
        fault::point("redemption.handled");
        prices::show(&context, priced);
        context.nudges.rights.give();
        Ok(())
    })
    .await
}

fn handled(
    redemption: &Redemption,
    rights: &Rights,
    handling: Handling,
) -> Result<Redemption, Refusal> {
    let mut after = redemption.clone();
    match handling {
        Handling::Choose(choice) => {
            let offer = redemption.offers.get(usize::from(choice.offer));
            let offer = offer.ok_or(Refusal::NoSuchRight)?;
            if redemption.state != RedemptionState::LookedUp || rights.hold() == Hold::Undecided {
                return Err(Refusal::Undecided);
            }
            if offer.rule.is_some() && rights.hold() != Hold::Free {
                return Err(Refusal::Held);
            }
            if !(1..=offer.count.max(1)).contains(&choice.count) {
                return Err(Refusal::CountBeyondOffer { most: offer.count.max(1) });
            }
            after.choice = Some(choice);
        }
        Handling::TakeOff => {
            let is_asked = rights.payments.iter().any(|p| p.state.is_undecided());
            // A charge under way was made for what this leaves.
            if redemption.state == RedemptionState::LookedUp && is_asked {
                return Err(Refusal::Undecided);
            }
            after.state = redemption.state.reversing();
        }
    }
    Ok(after)
}
