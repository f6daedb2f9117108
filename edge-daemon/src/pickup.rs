//! Online orders that wait here (门店自提): put together by scan, made ready, handed over.
//!
//! ```text
//! the mall's row ─► open ─► scans count ─► ready ─► the shopper shows a code ─► hand over
//!                  picking                 fact                                 fact, slip
//! ```
//!
//! All of it works with the cable cut: a signed code is believed by the mall's keys, a typed one by
//! its hash under this store's seal.
//!
//! **Invariant:** an order is handed over once, in one transaction with its fact and its slip, and
//! only to somebody who showed its code at this counter, to whoever works there, minutes ago.

use std::{sync::Arc, time::Duration};

use domain::{
    cart::Measure,
    id::{PickupId, SlipId},
    pickup::{PickLine, PickupMove, PickupRefusal, PickupState, is_whole, pick, read_code},
    quantity::Quantity,
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::Connection;
use sync::{
    token::Subject,
    wire::{
        KIND_PICKUP_HANDED_OVER, KIND_PICKUP_READY, PickupHandedOverV1, PickupReadyV1, PickupV1,
        ProofV1,
    },
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    checkout::{CheckoutError, Command, to_the_end},
    context::{Context, mint},
    db::{
        self, DbError, outbox,
        pickup::Own,
        spool::{self, Slip, SlipOf},
        station::{Seen as SeenCommand, remember_command},
    },
    fault,
    member::believe,
    refusal::Refusal,
    settings::{self, Offline},
    signin::Tried,
};

/// What a shopper showed is good for so long: somebody fetches the goods and packs them.
const PROOF_MS: i64 = 300_000;
/// How often screens are looked at for what is no longer good.
const AGEING_PERIOD: Duration = Duration::from_secs(5);

/// An online order as this store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// As the mall told it.
    pub(crate) pickup: PickupV1,
    /// Where it stands, mall and store together.
    pub(crate) state: PickupState,
    /// What is there of it.
    pub(crate) picked: Vec<PickLine>,
    /// When it was handed over here.
    pub(crate) handed_over_at: Option<Timestamp>,
}

/// What a shopper showed at a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    how: ProofV1,
    at: Timestamp,
}

/// An online order that is open at a workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnCounter {
    /// Which.
    pub(crate) seen: Seen,
    shown: Option<Shown>,
}

impl OnCounter {
    /// What its shopper showed here, if they did and it is good at a moment.
    pub(crate) fn proof(&self, now: Timestamp) -> Option<ProofV1> {
        let shown = self.shown.filter(|shown| (0..PROOF_MS).contains(&now.ms_since(shown.at)));
        shown.map(|shown| shown.how)
    }

    /// Forgets what was shown; `true` if something was.
    pub(crate) fn forget_proof(&mut self) -> bool {
        self.shown.take().is_some()
    }

    /// Forgets what was shown and is no longer good; `true` if something was.
    pub(crate) fn age(&mut self, now: Timestamp) -> bool {
        self.proof(now).is_none() && self.forget_proof()
    }

    /// Whether goods that are scanned go into it.
    pub(crate) fn takes_goods(&self) -> bool {
        self.seen.state == PickupState::Picking
    }
}

/// How many wait for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// To be put together.
    pub(crate) waiting: u32,
    /// For their shoppers.
    pub(crate) ready: u32,
}

/// A wish of an operator about an online order.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Made by the screen: of a fact it is the fact's own.
    pub(crate) id: Uuid,
    /// Which order.
    pub(crate) pickup: PickupId,
    /// Who does it.
    pub(crate) operator: String,
}

fn lines_of(pickup: &PickupV1) -> Vec<PickLine> {
    let line = |line: &sync::wire::PickupLineV1| PickLine {
        number: line.number,
        sku: line.sku.clone(),
        ordered: line.quantity_milli,
        picked: Quantity::default(),
    };
    pickup.lines.iter().map(line).collect()
}

fn seen_of(told: Option<PickupV1>, own: Option<Own>) -> Option<Seen> {
    // What the mall forgot stays what it was when it was begun.
    let pickup = told.or_else(|| own.as_ref().map(|own| own.pickup.clone()))?;
    let state = PickupState::seen(own.as_ref().map(|own| own.state), pickup.state);
    let is_here = |own: &&Own| own.state == PickupState::HandedOver;
    let handed_over_at = own.as_ref().filter(is_here).map(|own| own.moved_at);
    let picked = own.map_or_else(|| lines_of(&pickup), |own| own.picked);
    Some(Seen { pickup, state, picked, handed_over_at })
}

fn look(context: &Context, ledger: &Connection, id: PickupId) -> Result<Option<Seen>, DbError> {
    let told = match context.replicas.store() {
        Some(replica) => replica.read(|replica| db::pickup::told_of(replica, id))?,
        None => None,
    };
    Ok(seen_of(told, db::pickup::own(ledger, id)?))
}

/// All of the store's, newest first.
pub(crate) async fn list(context: &Arc<Context>) -> Result<Vec<Seen>, DbError> {
    let Some(replica) = context.replicas.store() else { return Ok(Vec::new()) };
    context
        .ledger
        .read(move |ledger| {
            let told = replica.read(db::pickup::told)?;
            let seen = told.into_iter().map(|told| {
                let own = db::pickup::own(ledger, told.id)?;
                Ok(seen_of(Some(told), own))
            });
            Ok(seen.collect::<Result<Vec<_>, DbError>>()?.into_iter().flatten().collect())
        })
        .await
}

/// Counts anew what waits, and shows what became of orders that are open at counters.
pub(crate) async fn refresh(context: &Arc<Context>) {
    let all = match list(context).await {
        Ok(all) => all,
        Err(error) => {
            tracing::error!(error = %crate::Chain(&error), "The online orders could not be counted");
            return;
        }
    };
    let count = |states: &[PickupState]| {
        let found = all.iter().filter(|seen| states.contains(&seen.state)).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    let tally = Tally {
        waiting: count(&[PickupState::Placed, PickupState::Picking]),
        ready: count(&[PickupState::Ready]),
    };
    if *context.pickups.swap(Arc::new(tally)) != tally {
        context.screens.beat();
    }
    for seen in all {
        context.screens.pickup_changed(&seen);
    }
}

/// What an operator does with an online order at a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    /// Opens it; one that nobody has begun is begun.
    Open,
    /// All of it is there; the mall is told.
    MakeReady,
    /// Gives it to whoever showed its code at this counter. The same wish again finds it done.
    HandOver,
}

/// Carries it out, shows it, and counts anew what waits.
pub(crate) async fn handle(
    context: &Arc<Context>,
    wish: Wish,
    handling: Handling,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        match handling {
            Handling::Open => open(&context, wish).await?,
            Handling::MakeReady => make_ready(&context, wish).await?,
            Handling::HandOver => hand_over(&context, wish).await?,
        }
        refresh(&context).await;
        Ok(())
    })
    .await
}

async fn open(context: &Arc<Context>, wish: Wish) -> Result<(), CheckoutError> {
    let (now, workstation, at_work) = (context.clock.now(), wish.workstation, Arc::clone(context));
    let write = move |tx: &Connection| -> Result<Seen, CheckoutError> {
        let seen = look(&at_work, tx, wish.pickup)?.ok_or(Refusal::NoSuchPickup)?;
        if seen.state == PickupState::Ready {
            return Ok(seen);
        }
        let state = seen.state.after(PickupMove::BeginPicking).map_err(Refusal::Pickup)?;
        moved(tx, Seen { state, ..seen }, &wish, now, None)
    };
    let seen = context.ledger.write(write).await?;
    context.screens.put_pickup(workstation, Some(OnCounter { seen, shown: None }));
    Ok(())
}

/// Writes down where an order stands by now.
fn moved(
    tx: &Connection,
    seen: Seen,
    wish: &Wish,
    now: Timestamp,
    handed_over: Option<(ProofV1, Uuid)>,
) -> Result<Seen, CheckoutError> {
    let own = Own {
        pickup: seen.pickup.clone(),
        state: seen.state,
        picked: seen.picked.clone(),
        workstation: wish.workstation,
        operator: wish.operator.clone(),
        moved_at: now,
        handed_over,
    };
    db::pickup::put(tx, &own)?;
    Ok(Seen { handed_over_at: handed_over.map(|_| now), ..seen })
}

/// Takes an order from a counter; what was done with it stays done.
pub(crate) fn close(context: &Context, workstation: WorkstationNumber) {
    context.screens.put_pickup(workstation, None);
}

/// Goods that were scanned go into the order that is open at the workstation; `None` when the same
/// scan did it before.
pub(crate) async fn take(
    context: &Arc<Context>,
    command: Command,
    (sku, measure): (String, Measure),
) -> Result<Option<PickupId>, CheckoutError> {
    let workstation = command.workstation;
    let on_counter = context.screens.pickup_at(workstation).filter(OnCounter::takes_goods);
    let on_counter = on_counter.ok_or(Refusal::NoSuchPickup)?;
    let quantity = match measure {
        Measure::Pack(quantity) | Measure::Given(quantity) => quantity,
        // Online orders are of pieces; a label's goods are of none.
        Measure::Labelled(_) => Quantity::default(),
    };
    let (id, now, at_work) = (on_counter.seen.pickup.id, context.clock.now(), Arc::clone(context));
    let operator = context
        .screens
        .follow(workstation)
        .and_then(|scene| scene.borrow().priced.station.signed_in.clone())
        .ok_or(Refusal::NotSignedIn)?
        .operator;
    let write = move |tx: &Connection| -> Result<Option<Seen>, CheckoutError> {
        match remember_command(tx, command.id, command.body, now)? {
            SeenCommand::Other => return Err(Refusal::IdReused.into()),
            SeenCommand::Same => return Ok(None),
            SeenCommand::New => {}
        }
        let mut seen = look(&at_work, tx, id)?.ok_or(Refusal::NoSuchPickup)?;
        // Another counter may have made it ready, or the shop taken it back.
        seen.state.after(PickupMove::BeginPicking).map_err(Refusal::Pickup)?;
        pick(&mut seen.picked, &sku, quantity).map_err(Refusal::Pick)?;
        let wish = Wish { workstation, id: Uuid::nil(), pickup: id, operator };
        let seen = moved(tx, seen, &wish, now, None)?;
        fault::db("pickup.picked")?;
        Ok(Some(seen))
    };
    let seen = context.ledger.write(write).await?;
    fault::point("pickup.counted");
    let Some(seen) = seen else { return Ok(None) };
    context.screens.pickup_changed(&seen);
    Ok(Some(id))
}

async fn make_ready(context: &Arc<Context>, wish: Wish) -> Result<(), CheckoutError> {
    context.node.as_ref().ok_or(Refusal::NoCatalog)?;
    let (now, workstation, at_work) = (context.clock.now(), wish.workstation, Arc::clone(context));
    let write = move |tx: &Connection| -> Result<Seen, CheckoutError> {
        let seen = look(&at_work, tx, wish.pickup)?.ok_or(Refusal::NoSuchPickup)?;
        if seen.state == PickupState::Ready {
            return Ok(seen);
        }
        let state = seen.state.after(PickupMove::MakeReady).map_err(Refusal::Pickup)?;
        if !is_whole(&seen.picked) {
            return Err(Refusal::PickupNotWhole.into());
        }
        let seen = moved(tx, Seen { state, ..seen }, &wish, now, None)?;
        let told = PickupReadyV1 {
            id: wish.id,
            pickup: wish.pickup,
            workstation,
            operator: wish.operator,
            at: now,
        };
        tell(tx, (told.id, KIND_PICKUP_READY), &told, now)?;
        fault::db("pickup.ready")?;
        Ok(seen)
    };
    let seen = context.ledger.write(write).await?;
    tracing::info!(pickup.id = %seen.pickup.id, workstation.id = workstation, "An online order lies ready");
    context.screens.put_pickup(workstation, None);
    context.nudges.upload.give();
    Ok(())
}

fn tell(
    tx: &Connection,
    (id, kind): (Uuid, &'static str),
    told: &impl serde::Serialize,
    at: Timestamp,
) -> Result<(), DbError> {
    let body = serde_json::to_string(told)
        .map_err(|_| DbError::Damaged { doing: "write a fact about a pickup as JSON" })?;
    outbox::push(tx, &outbox::Fact { id, kind, v: 1, body: &body, at })
}

/// Whether a text looks like a signed code of an online order.
pub(crate) fn is_one(text: &str) -> bool {
    text.trim().starts_with("P1.")
}

/// Opens the order whose signed code was scanned.
pub(crate) async fn prove_by_token(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    text: &str,
) -> Result<PickupId, CheckoutError> {
    let Subject::Pickup { pickup, store: _ } = believe(context, text)?.subject else {
        return Err(Refusal::NoSuchPickup.into());
    };
    prove(context, workstation, pickup, ProofV1::Token).await
}

/// Opens the order whose code was typed; five wrong ones at a workstation bring a pause.
pub(crate) async fn prove_by_code(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    text: &str,
) -> Result<PickupId, CheckoutError> {
    let code = read_code(text).ok_or(Refusal::NotAPickupCode)?;
    let seal = context.seal.load_full().ok_or(Refusal::PickupsNotHere)?;
    let replica = context.replicas.store().ok_or(Refusal::PickupsNotHere)?;
    let key = Tried::PickupCode(workstation);
    let begun = context.attempts.begin(&key, context.clock.now());
    begun.map_err(|wait_ms| Refusal::PickupCodePause { wait_ms })?;
    let fits = |told: &PickupV1| sync::pickup::code_hash(&seal, told.id, &code) == told.code_hash;
    let told = replica.read(db::pickup::told)?;
    // The same code may have been an older order's; the one that waits is meant.
    let found = told.iter().filter(|told| fits(told)).max_by_key(|told| told.state.is_open());
    let id = found.map(|told| told.id).ok_or(Refusal::PickupCodeUnknown)?;
    context.attempts.right(&key);
    prove(context, workstation, id, ProofV1::Code).await
}

async fn prove(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    id: PickupId,
    proof: ProofV1,
) -> Result<PickupId, CheckoutError> {
    let at_work = Arc::clone(context);
    let seen = context.ledger.read(move |ledger| look(&at_work, ledger, id)).await?;
    let seen = seen.ok_or(Refusal::NoSuchPickup)?;
    match seen.state {
        PickupState::Placed | PickupState::Picking | PickupState::Ready => {}
        PickupState::HandedOver => return Err(Refusal::Pickup(PickupRefusal::HandedOver).into()),
        PickupState::Cancelled => return Err(Refusal::Pickup(PickupRefusal::Cancelled).into()),
        PickupState::Expired => return Err(Refusal::Pickup(PickupRefusal::Expired).into()),
    }
    let shown = Shown { how: proof, at: context.clock.now() };
    context.screens.put_pickup(workstation, Some(OnCounter { seen, shown: Some(shown) }));
    Ok(id)
}

async fn hand_over(context: &Arc<Context>, wish: Wish) -> Result<(), CheckoutError> {
    context.node.as_ref().ok_or(Refusal::NoCatalog)?;
    let (now, workstation, at_work) = (context.clock.now(), wish.workstation, Arc::clone(context));
    let open = context.screens.pickup_at(workstation);
    let open = open.filter(|open| open.seen.pickup.id == wish.pickup);
    let proof = open.as_ref().and_then(|open| open.proof(now));
    let shown = open.and_then(|open| open.shown);
    let slip: Option<SlipId> = context.health.has_printer(workstation).then(mint);
    let allowed = settings::may(context, Offline::Pickups);
    let write = move |tx: &Connection| -> Result<(Seen, bool), CheckoutError> {
        let seen = look(&at_work, tx, wish.pickup)?.ok_or(Refusal::NoSuchPickup)?;
        let own = db::pickup::own(tx, wish.pickup)?.and_then(|own| own.handed_over);
        if own.is_some_and(|(_, fact)| fact == wish.id) {
            return Ok((seen, false));
        }
        let state = seen.state.after(PickupMove::HandOver).map_err(Refusal::Pickup)?;
        allowed?;
        if now > seen.pickup.until {
            return Err(Refusal::Pickup(PickupRefusal::Expired).into());
        }
        let proof = proof.ok_or(Refusal::PickupNotProven)?;
        let handed = Some((proof, wish.id));
        let seen = moved(tx, Seen { state, ..seen }, &wish, now, handed)?;
        fault::db("pickup.moved")?;
        let told = PickupHandedOverV1 {
            id: wish.id,
            pickup: wish.pickup,
            workstation,
            operator: wish.operator,
            at: now,
            proof,
        };
        tell(tx, (told.id, KIND_PICKUP_HANDED_OVER), &told, now)?;
        fault::db("pickup.told")?;
        // What is still to be sold gets a receipt.
        if let Some(id) = slip.filter(|_| !seen.pickup.unpaid) {
            let of = SlipOf::Pickup(told.pickup);
            spool::push(tx, &Slip { id, of, queued_at: now }, workstation)?;
        }
        fault::db("pickup.written")?;
        Ok((seen, true))
    };
    let (seen, is_new) = context.ledger.write(write).await?;
    fault::point("pickup.committed");
    if is_new {
        tracing::info!(
            pickup.id = %seen.pickup.id, workstation.id = workstation,
            "An online order was handed over"
        );
    }
    context.screens.put_pickup(workstation, Some(OnCounter { seen, shown }));
    context.nudges.spool.send_replace(());
    context.nudges.upload.give();
    Ok(())
}

/// Takes what shoppers showed off the screens once it is no longer good, until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let mut look = tokio::time::interval(AGEING_PERIOD);
    while stop.run_until_cancelled(look.tick()).await.is_some() {
        context.screens.age_proofs(context.clock.now());
    }
}

#[cfg(test)]
mod at_the_counter;
