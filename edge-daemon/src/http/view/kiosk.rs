//! What a kiosk's screen is told: the shopper is the operator.
//!
//! **Invariant:** nothing of anybody who was there before: the session's id changes when the cart of
//! somebody else begins, and what it shows of an order ends with it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    cart_view, last_scan_view,
    member::{self, CouponView, CustomerMemberView},
    paid_view, receipt_state,
    rights::{self, RightsView, WaitView},
    shapes::{CartView, LastScanView, PaidView, ReceiptState, StoreView, WorkstationView},
    store_view, workstation_view,
};
use crate::{
    context::Context, coupon, db::call, http::problem::Language, rights::Hold, screens::Scene,
    uplink::Reach,
};

/// Where a shopper is at a kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KioskPhase {
    /// Somebody of the store works here.
    Paused,
    /// Looking around and filling the cart, or nobody is there.
    Shopping,
    /// The cart is to be paid.
    Tender,
    /// Another house has not said.
    Wait,
    /// It is paid.
    Paid,
}

/// What a shopper has paid at a kiosk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KioskPaidView {
    order: PaidView,
    /// The number by which they are called, e.g. `K012`.
    call: Option<String>,
    receipt: ReceiptState,
}

/// All that a kiosk's screen shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KioskView {
    /// New at each start of the daemon; revisions begin anew with it.
    boot: Uuid,
    /// Rises with each change.
    revision: u64,
    build: String,
    now: String,
    store: StoreView,
    workstation: WorkstationView,
    phase: KioskPhase,
    /// Another one with each shopper.
    session: Uuid,
    cart: Option<CartView>,
    /// Payments by code, coupons and vouchers of the cart.
    rights: Option<RightsView>,
    /// Who buys, once they showed their own code.
    member: Option<CustomerMemberView>,
    /// Coupons of the brand's own beside the cart.
    coupons: Vec<CouponView>,
    /// The member may claim the coupon that HQ gives to whoever comes.
    claim: bool,
    /// What the shopper waits for, if it is known.
    wait: Option<WaitView>,
    paid: Option<KioskPaidView>,
    last_scan: Option<LastScanView>,
    /// Whether the mall answers: payment by code needs it.
    online: bool,
    /// Somebody of the store was called and is on the way.
    helping: bool,
}

/// The view of a kiosk's screen.
pub(in crate::http) fn kiosk(context: &Context, scene: &Scene, language: Language) -> KioskView {
    let now = context.clock.now();
    let station = &scene.priced.station;
    // The screen decides how long a result stands; it ends it by a reset.
    let paid = scene.last_order.as_ref().filter(|_| station.is_done);
    let phase = if station.signed_in.is_some() {
        KioskPhase::Paused
    } else if station.rights.hold() == Hold::Undecided {
        KioskPhase::Wait
    } else if paid.is_some() && station.cart.is_empty() {
        KioskPhase::Paid
    } else if station.is_tendering {
        KioskPhase::Tender
    } else {
        KioskPhase::Shopping
    };
    let is_online = context.link.state().reach == Reach::Up;
    let shows_cart = phase != KioskPhase::Paused;
    KioskView {
        boot: context.boot.uuid(),
        revision: scene.revision.max(*context.screens.follow_pulse().borrow()),
        build: crate::http::assets::build().to_owned(),
        now: now.to_string(),
        store: store_view(context),
        workstation: workstation_view(context, station.workstation),
        phase,
        session: station.cart.order.uuid(),
        cart: shows_cart.then(|| cart_view(context, scene, language)),
        rights: shows_cart.then(|| rights::of(scene, language)),
        member: member::of_shopper(context, &scene.priced).filter(|_| shows_cart),
        coupons: if shows_cart { member::coupons(&scene.priced) } else { Vec::new() },
        claim: shows_cart && is_online && coupon::may_claim(context, station),
        wait: rights::wait(&station.rights).filter(|_| phase == KioskPhase::Wait),
        paid: paid.filter(|_| phase == KioskPhase::Paid).map(|last| KioskPaidView {
            order: paid_view(&last.order),
            call: last.call.map(call::shown),
            receipt: receipt_state(last.receipt),
        }),
        last_scan: last_scan_view(scene, language).filter(|_| shows_cart),
        online: is_online,
        helping: context.help.waiting(now).iter().any(|(at, _)| *at == station.workstation),
    }
}
