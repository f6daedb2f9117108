//! An online order as operator and shopper see it.
//!
//! **Invariant:** of a shopper nothing but masks; their own screen shows an order only after they
//! showed its code, and for as long as that is good.

use domain::{
    pickup::{PickupState, is_whole},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::body::MoneyBody,
    pickup::{OnCounter, Seen, Tally},
};

/// How many online orders wait for what.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct PickupTallyView {
    /// To be put together.
    waiting: u32,
    /// For their shoppers.
    ready: u32,
}

/// Where an online order stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PickupStateView {
    Placed,
    Picking,
    Ready,
    HandedOver,
    Cancelled,
    Expired,
}

/// An online order that waits here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PickupView {
    id: Uuid,
    /// What shopper and shop call it.
    number: String,
    state: PickupStateView,
    /// The shopper's name, masked.
    shopper: String,
    /// Their number, masked.
    phone: String,
    placed_at: String,
    /// Until when it is kept.
    until: String,
    total: MoneyBody,
    /// It is only set aside: once it is handed over, its goods are sold here.
    unpaid: bool,
    lines: Vec<PickupLineView>,
    /// All of it was scanned.
    whole: bool,
    /// Its code was shown at this workstation: it may be handed over.
    proven: bool,
    handed_over_at: Option<String>,
}

/// A line of an online order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PickupLineView {
    number: u16,
    sku: String,
    name: String,
    spec: String,
    /// Thousandths.
    ordered_milli: i64,
    /// Thousandths that were scanned.
    picked_milli: i64,
    amount: MoneyBody,
}

/// An online order as its shopper sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerPickupView {
    number: String,
    /// Masked.
    shopper: String,
    lines: Vec<CustomerPickupLineView>,
    handed_over: bool,
}

/// What a shopper gets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerPickupLineView {
    name: String,
    spec: String,
    quantity_milli: i64,
}

impl From<PickupState> for PickupStateView {
    fn from(state: PickupState) -> Self {
        match state {
            PickupState::Placed => Self::Placed,
            PickupState::Picking => Self::Picking,
            PickupState::Ready => Self::Ready,
            PickupState::HandedOver => Self::HandedOver,
            PickupState::Cancelled => Self::Cancelled,
            PickupState::Expired => Self::Expired,
        }
    }
}

impl From<Tally> for PickupTallyView {
    fn from(Tally { waiting, ready }: Tally) -> Self {
        Self { waiting, ready }
    }
}

/// An online order in a list or at a counter.
pub(crate) fn pickup_view(seen: &Seen, proven: bool) -> PickupView {
    let pickup = &seen.pickup;
    let picked = |number| {
        let line = seen.picked.iter().find(|line| line.number == number);
        line.map_or(0, |line| line.picked.milli())
    };
    let line = |line: &sync::wire::PickupLineV1| PickupLineView {
        number: line.number,
        sku: line.sku.clone(),
        name: line.name.clone(),
        spec: line.spec.clone(),
        ordered_milli: line.quantity_milli.milli(),
        picked_milli: picked(line.number),
        amount: line.amount_minor.into(),
    };
    PickupView {
        id: pickup.id.uuid(),
        number: pickup.number.clone(),
        state: seen.state.into(),
        shopper: pickup.shopper.clone(),
        phone: pickup.phone.clone(),
        placed_at: pickup.placed_at.to_string(),
        until: pickup.until.to_string(),
        total: pickup.total_minor.into(),
        unpaid: pickup.unpaid,
        lines: pickup.lines.iter().map(line).collect(),
        whole: is_whole(&seen.picked),
        proven,
        handed_over_at: seen.handed_over_at.map(|at| at.to_string()),
    }
}

/// The order that is open at a counter.
pub(super) fn of(on_counter: &OnCounter, now: Timestamp) -> PickupView {
    pickup_view(&on_counter.seen, on_counter.proof(now).is_some())
}

/// What its shopper sees of it, once they showed its code.
pub(super) fn of_shopper(on_counter: &OnCounter, now: Timestamp) -> Option<CustomerPickupView> {
    on_counter.proof(now)?;
    let pickup = &on_counter.seen.pickup;
    let line = |line: &sync::wire::PickupLineV1| CustomerPickupLineView {
        name: line.name.clone(),
        spec: line.spec.clone(),
        quantity_milli: line.quantity_milli.milli(),
    };
    Some(CustomerPickupView {
        number: pickup.number.clone(),
        shopper: pickup.shopper.clone(),
        lines: pickup.lines.iter().map(line).collect(),
        handed_over: on_counter.seen.state == PickupState::HandedOver,
    })
}
