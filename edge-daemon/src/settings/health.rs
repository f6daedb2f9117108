//! How the store is found while settings are on trial: what a till does, done without a trace.
//!
//! **Invariant:** nothing is written, printed or shown. What cannot be looked at (no replica yet, one
//! that is just exchanged) is neither well nor ill; what panics is ill.

use std::sync::Arc;

use domain::{
    cart::{Addition, Cart},
    quantity::Quantity,
    tender::cash_due,
};

use super::trial::Health;
use crate::{
    checkout,
    context::{Context, mint},
    db::catalog,
    devices, fault, http,
};

/// Items that a sale is tried with.
const ITEMS_TRIED: u32 = 3;

/// Looks at the store.
pub(super) async fn look(context: &Arc<Context>) -> Health {
    let run = |part: fn(&Context) -> Option<bool>| {
        let of = Arc::clone(context);
        tokio::task::spawn_blocking(move || part(&of))
    };
    let (sale, screens, paper) = (run(sale), run(screens), run(paper));
    // A part that panicked is not well.
    let (sale, screens, paper) = tokio::join!(sale, screens, paper);
    let of = |looked: Result<Option<bool>, _>| looked.unwrap_or(Some(false));
    Health { sale: of(sale), screens: of(screens), paper: of(paper) }
}

/// Some items are put into a cart that nobody sees, priced, and asked for in cash.
fn sale(context: &Context) -> Option<bool> {
    let samples = context.replicas.catalog()?.read(|db| catalog::samples(db, ITEMS_TRIED)).ok()?;
    let workstation = context.workstations.load().first()?.number;
    let mut cart = Cart::open(mint(), 0);
    for (gtin, _) in samples {
        let one = Some(Quantity::from_milli(1_000));
        // What was found a moment ago may be gone by now.
        let (item, measure) = checkout::find(context, &gtin.to_string(), one).ok()?;
        if cart.add(Addition { line: mint(), item, measure }).is_err() {
            return None;
        }
    }
    let Ok(quote) = context.terms(workstation).quote(&cart) else { return Some(false) };
    let rounding = context.store.load().as_ref().map(|s| s.cash_rounding).unwrap_or_default();
    Some(cash_due(quote.total, rounding).is_ok())
}

/// Every workstation's screens are given their views.
fn screens(context: &Context) -> Option<bool> {
    http::views_are_made(context)
}

/// A slip with the store's head and foot is drawn for every printer.
fn paper(context: &Context) -> Option<bool> {
    let store = context.store.load_full()?;
    let lines = || store.head_lines.iter().chain(&store.foot_lines);
    if lines().any(|line| fault::is_sick(line)) {
        return Some(false);
    }
    Some(devices::draws_slips(context, &store))
}
