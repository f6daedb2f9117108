//! Their use, before a cart becomes an order: one after the other, each written down as `pending`
//! before the mall is asked.

use std::sync::Arc;

use domain::{
    id::{OrderId, RedemptionId},
    money::Money,
    order::CompleteRefusal,
    receipt_number::WorkstationNumber,
    redemption::{Answer, RedemptionState},
    tender::{CashRounding, Tender, TenderKind, settle},
    time::Timestamp,
};
use rusqlite::Connection;

use super::{
    answer::{Answered, answer_to_use},
    ask_to_use, note,
};
use crate::{
    checkout::{CheckoutError, CompleteCommand, could_spend, retell},
    context::{Context, mint},
    db::{self, orders, rules, station},
    fault,
    in_flight::{About, Asking, InFlight},
    prices,
    refusal::Refusal,
    rights::{Hold, Redemption},
    station::{Priced, Station, Terms},
    uplink::rights::Told,
};

/// What was asked for before an order, and how it went.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// Their questions: nobody else asks until the answers are written.
    pub(crate) asking: Vec<Asking>,
    /// All of them said yes; to be written with the order.
    pub(crate) answers: Vec<Answered>,
    /// The cart's revision since they were asked for.
    pub(crate) revision: Option<u64>,
}

/// Uses what the cart still needs used, before it becomes an order.
///
/// Refuses before anything is asked where the order could not be completed anyway. A no or silence
/// of any of them is written down and refuses; the cart stays.
pub(crate) async fn use_all(
    context: &Arc<Context>,
    command: &CompleteCommand,
    rounding: CashRounding,
) -> Result<Used, CheckoutError> {
    let has_any = |context: &Context| {
        let scenes = context.screens.follow(command.workstation)?;
        let scene = scenes.borrow();
        let redemptions = &scene.priced.station.rights.redemptions;
        Some(redemptions.iter().any(|r| r.state == RedemptionState::LookedUp))
    };
    // A sale without any of them costs nothing more for them.
    if has_any(context) != Some(true) {
        return Ok(Used::default());
    }
    let Some((mut step, rest)) = begin(context, command, rounding).await? else {
        return Ok(Used::default());
    };
    let mut rest = rest.into_iter();
    let mut used = Used::default();
    // One after the other: what comes after a no is not spent.
    loop {
        fault::point("redemption.pending");
        let seen = (step.priced.station.cart.order, step.priced.station.cart.revision);
        used.revision = Some(seen.1);
        prices::show(context, step.priced);
        let told = ask_to_use(context, &step.asked).await;
        fault::point("redemption.answered");
        let is_first = step.asking.is_some();
        used.answers.push(Answered { id: step.asked.id, is_first, told });
        used.asking.extend(step.asking);
        if !used.answers.iter().all(Answered::is_yes) {
            let refusal = first_refusal(&used.answers);
            note(context, used.answers).await?;
            return Err(refusal.into());
        }
        let Some(next) = rest.next() else { return Ok(used) };
        step = match go_on(context, command.workstation, seen, next).await {
            Ok(step) => step,
            Err(error) => {
                // What was used stays used; the cart waits with it.
                note(context, used.answers).await?;
                return Err(error);
            }
        };
    }
}

/// One of them that is to be used, written down as asked for.
struct UseStep {
    asked: Redemption,
    /// Its question, under way until what came of it is written down.
    asking: Option<Asking>,
    priced: Priced,
}

/// What is to be used, and what it covers.
type ToUse = (RedemptionId, Money);

/// Checks that the order could be completed, and writes the first of what it needs used down.
async fn begin(
    context: &Arc<Context>,
    command: &CompleteCommand,
    rounding: CashRounding,
) -> Result<Option<(UseStep, Vec<ToUse>)>, CheckoutError> {
    let (now, fresh, wish) = (context.clock.now(), mint(), command.clone());
    let (terms, in_flight) = (context.terms(command.workstation), context.in_flight.clone());
    let job = move |tx: &Connection| {
        let Some((counter, terms, to_use)) = begin_use(tx, &wish, rounding, &terms, fresh)? else {
            return Ok(None);
        };
        could_spend(tx, &counter, &terms, now)?;
        let mut to_use = to_use.into_iter();
        let Some(first) = to_use.next() else { return Ok(None) };
        let step = mark(tx, counter, first, &terms, now, &in_flight)?;
        Ok(Some((step, to_use.collect())))
    };
    context.ledger.write(job).await
}

/// Writes the next one down, if the counter stands as it stood when the one before was asked for.
async fn go_on(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    seen: (OrderId, u64),
    next: ToUse,
) -> Result<UseStep, CheckoutError> {
    let (now, fresh) = (context.clock.now(), mint());
    let (terms, in_flight) = (context.terms(workstation), context.in_flight.clone());
    let job = move |tx: &Connection| {
        let counter = station::load(tx, workstation, fresh)?;
        if (counter.cart.order, counter.cart.revision) != seen {
            return Err(Refusal::CartChanged.into());
        }
        mark(tx, counter, next, &terms, now, &in_flight)
    };
    context.ledger.write(job).await
}

/// Writes one down as asked for, and its question as under way: nobody can read the row before.
fn mark(
    tx: &Connection,
    counter: Station,
    (id, part): ToUse,
    terms: &Terms,
    now: Timestamp,
    in_flight: &InFlight,
) -> Result<UseStep, CheckoutError> {
    let known = counter.rights.redemptions.iter().find(|r| r.id == id);
    let known = known.ok_or(Refusal::CartChanged)?;
    let state = known.state.pending().ok_or(Refusal::CartChanged)?;
    let choice = known.needed_for(part);
    let asked = Redemption { state, choice, covers: part, asked_at: Some(now), ..known.clone() };
    db::redemption::set(tx, &asked, now)?;
    let asking = in_flight.enter(id.uuid(), About::Doing);
    Ok(UseStep { asked, asking, priced: retell(tx, counter, terms)? })
}

fn first_refusal(answers: &[Answered]) -> Refusal {
    let said_no = answers.iter().find_map(|answered| match &answered.told {
        Told::Says(says) if answer_to_use(says) == Answer::No => {
            let word = says.refusal.clone().unwrap_or_else(|| "refused".to_owned());
            Some(Refusal::OtherHouse { word })
        }
        Told::TurnedAway(word) => Some(Refusal::OtherHouse { word: word.clone() }),
        Told::Unknown => Some(Refusal::OtherHouse { word: "not-heard".to_owned() }),
        Told::NeverLeft => Some(Refusal::MallUnreachable),
        Told::Says(_) | Told::Silence => None,
    });
    said_no.unwrap_or(Refusal::Undecided)
}

/// What an order needs used, if it could then be completed; `None` for one that is already.
fn begin_use(
    tx: &Connection,
    command: &CompleteCommand,
    rounding: CashRounding,
    terms: &Terms,
    fresh: OrderId,
) -> Result<Option<(Station, Terms, Vec<ToUse>)>, CheckoutError> {
    if orders::find(tx, command.order)?.is_some() {
        return Ok(None);
    }
    let counter = station::load(tx, command.workstation, fresh)?;
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn.into());
    }
    if (counter.cart.order, counter.cart.revision) != (command.order, command.revision) {
        return Err(Refusal::CartChanged.into());
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    let mut terms = terms.clone();
    if counter.rights.hold() == Hold::Free {
        terms.occasion.used = rules::used(tx, &terms.book)?;
    }
    let quote = Priced::of(counter.clone(), &terms)?.quote;
    if command.total.is_some_and(|seen| seen != quote.total) {
        return Err(Refusal::PriceChanged { total: quote.total }.into());
    }
    if counter.rights.left(quote.total) < Money::ZERO {
        return Err(Refusal::PaidBeyondTotal.into());
    }
    let to_use = counter.rights.to_use(&quote);
    let mut tenders = counter.rights.tenders(quote.total);
    let vouchers = to_use.iter().filter(|(_, part)| *part > Money::ZERO);
    tenders.extend(vouchers.map(|(_, part)| Tender { kind: TenderKind::Voucher, amount: *part }));
    tenders.extend_from_slice(&command.tenders);
    let refused = |refusal| Refusal::Complete(CompleteRefusal::Tender(refusal));
    settle(quote.total, &tenders, rounding).map_err(refused)?;
    Ok(Some((counter, terms, to_use)))
}
