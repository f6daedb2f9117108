//! How the store is found while settings are on trial: what a till does, done without a trace.
//!
//! **Invariant:** nothing is written, printed or shown. What cannot be looked at (no replica yet, one
//! that is just exchanged) is neither well nor ill; what panics is ill.

use std::sync::Arc;

use domain::{
    cart::{Addition, Cart},
    money::Money,
    payment::PaymentMethod,
    quantity::Quantity,
    tender::{CashRounding, cash_due},
};
use sync::wire::WorkstationKindV1;

use super::trial::Health;
use crate::{
    checkout,
    context::{Context, mint},
    db::{catalog, orders},
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
    let (sale, screens, paper, day) = tokio::join!(sale, screens, paper, day(context));
    let of = |looked: Result<Option<bool>, _>| looked.unwrap_or(Some(false));
    let in_force = context.settings.in_force();
    Health {
        sale: of(sale),
        kiosk: kiosk(context),
        day,
        keys: Some(in_force.has_keys_apart()),
        screens: of(screens),
        paper: of(paper),
    }
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
    Some(is_asked_for(quote.total, rounding))
}

/// Whether cash can be asked for a total: what costs something is not given away for nothing.
fn is_asked_for(total: Money, rounding: CashRounding) -> bool {
    let Ok((_, due)) = cash_due(total, rounding) else { return false };
    due > Money::ZERO || total <= Money::ZERO
}

/// Where there is a kiosk, payment codes of some house are taken: it has nothing else.
fn kiosk(context: &Context) -> Option<bool> {
    let workstations = context.workstations.load();
    workstations.first()?;
    let in_force = context.settings.in_force();
    let is_paid = [PaymentMethod::Wechat, PaymentMethod::Alipay].map(|house| in_force.takes(house));
    let has_kiosk = workstations.iter().any(|it| it.kind == WorkstationKindV1::Kiosk);
    Some(!has_kiosk || is_paid.contains(&true))
}

/// The next order is of no earlier business date than the newest one that is there: a day that was
/// counted, and told, gets no more orders.
async fn day(context: &Context) -> Option<bool> {
    let newest = context.ledger.read(orders::newest_date).await.ok()?;
    let today = context.store_clock().business_date(context.clock.now());
    Some(newest.is_none_or(|newest| newest <= today))
}

/// Every workstation's screens are given their views.
fn screens(context: &Context) -> Option<bool> {
    http::views_are_made(context)
}

/// A slip with the store's head and foot is drawn for every printer, and every sign of them has a
/// shape there.
fn paper(context: &Context) -> Option<bool> {
    let store = context.store.load_full()?;
    let lines = || store.head_lines.iter().chain(&store.foot_lines);
    if lines().any(|line| fault::is_sick(line)) {
        return Some(false);
    }
    let is_legible = lines().all(|line| devices::prints(line));
    Some(is_legible && devices::draws_slips(context, &store))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_to_nothing_is_given_away() {
        let fen = Money::from_minor;
        assert!(is_asked_for(fen(99), CashRounding::JiaoDown));
        assert!(!is_asked_for(fen(99), CashRounding::YuanDown));
        assert!(is_asked_for(fen(100), CashRounding::YuanDown));
        assert!(is_asked_for(Money::ZERO, CashRounding::YuanDown));
    }
}
