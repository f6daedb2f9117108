//! What screens are told: the whole view of a workstation, for its operator or its shopper.
//!
//! **Invariant:** pure but for what it reads from the context's memory; a shopper's view has nothing
//! that a shopper may not see.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use domain::{
    cart::CartLine, money::Money, order::Order, pricing::QuotedLine,
    receipt_number::WorkstationNumber, tender, time::Timestamp,
};
use sync::wire::OperatorV1;

use super::{
    App,
    body::MoneyBody,
    caller::{Display, operator_at},
    problem::{Language, LanguageQuery, Problem, Wanted},
};
use crate::{
    context::Context,
    db::spool::SlipState,
    screens::Scene,
    station::{Priced, ScanFate},
};

mod approvals;
mod kiosk;
mod member;
mod notices;
mod pickup;
mod rights;
mod savings;
mod shapes;

pub(in crate::http) use approvals::of_approval;
pub(crate) use approvals::{ApprovalView, CutView, ReasonView};
pub(crate) use kiosk::KioskView;
pub(super) use kiosk::kiosk;
pub(crate) use notices::Notice;
pub(in crate::http) use notices::notices_of;
pub(crate) use pickup::{PickupView, pickup_view};
pub(crate) use rights::{IssuerView, MethodView};
pub(crate) use shapes::{
    CartView, CashView, CustomerCartView, CustomerLineView, CustomerPhase, CustomerTenderView,
    CustomerView, KindView, LastOrderView, LastScanView, LineView, LinkView, OperatorInfo,
    OperatorView, PaidView, Phase, ReachView, ReceiptState, ReplicaView, ScanOutcome, SlideView,
    StoreView, TenderKindView, TenderView, TenderedView, UnitView, WayView, WorkstationView,
};

/// A shopper's phone or a slow clock aside, a receipt seal is of no interest after this.
const PAID_SHOWN_MS: i64 = 60_000;

/// What all views of the store share.
pub(super) fn store_view(context: &Context) -> StoreView {
    let code = context.node.as_ref().map(|node| node.store_code.to_string()).unwrap_or_default();
    let name = context.store.load().as_ref().map(|store| store.name.clone()).unwrap_or_default();
    StoreView { code, name, utc_offset_minutes: context.store_clock().utc_offset_minutes }
}

/// The workstations of the store as screens name them.
pub(super) fn workstation_views(context: &Context) -> Vec<WorkstationView> {
    context.workstations.load().iter().map(WorkstationView::from).collect()
}

/// What a workstation is called.
pub(super) fn workstation_name(context: &Context, number: WorkstationNumber) -> String {
    workstation_view(context, number).name
}

fn workstation_view(context: &Context, number: WorkstationNumber) -> WorkstationView {
    context.workstations.load().iter().find(|w| w.number == number).map_or_else(
        || WorkstationView { number, name: number.to_string(), kind: KindView::Till },
        WorkstationView::from,
    )
}

fn line_view(priced: &Priced, place: usize, language: Language) -> Option<LineView> {
    let (line, quoted) = priced_line(priced, place)?;
    Some(LineView {
        id: line.id.uuid(),
        sku: line.item.sku.clone(),
        code: line.item.code.clone(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        unit: line.item.unit.into(),
        quantity_milli: line.quantity.milli(),
        list_price: line.item.list_price.into(),
        amount: quoted.amount.into(),
        list: quoted.list.into(),
        saved: saved(quoted).into(),
        adjustments: savings::of_line(priced, place, language),
        gift_units: quoted.gift_units,
        label: line.is_labelled,
        source: line.source.into(),
    })
}

/// A line of the cart with its amounts, by its place.
fn priced_line(priced: &Priced, place: usize) -> Option<(&CartLine, &QuotedLine)> {
    Some((priced.station.cart.lines.get(place)?, priced.quote.lines.get(place)?))
}

fn saved(line: &QuotedLine) -> Money {
    // Both are sums of a quote that holds.
    line.list.minus(line.amount).unwrap_or_default()
}

fn cart_view(context: &Context, scene: &Scene, language: Language) -> CartView {
    let priced = &scene.priced;
    let (cart, quote) = (&priced.station.cart, &priced.quote);
    CartView {
        order_id: cart.order.uuid(),
        revision: cart.revision,
        pieces: quote.pieces,
        lines: (0..cart.lines.len())
            .filter_map(|place| line_view(priced, place, language))
            .collect(),
        newest_line_id: cart.newest.map(domain::id::Id::uuid),
        list: quote.list.into(),
        saved: quote.saved.into(),
        total: quote.total.into(),
        adjustments: savings::of_cart(priced, language),
        hints: savings::hints(priced, language),
        approvals: approvals::of_cart(context, &priced.station),
    }
}

fn cash_due(context: &Context, total: Money) -> (Money, Money) {
    let rounding = context.store.load().as_ref().map(|s| s.cash_rounding).unwrap_or_default();
    // Sums of a cart are far from overflow; were one ever to, nothing would be rounded.
    tender::cash_due(total, rounding).unwrap_or((Money::ZERO, total))
}

/// What is to be paid: `cash` is about what is left after payments by code and vouchers.
fn tender_view(context: &Context, priced: &Priced) -> TenderView {
    let left = priced.station.rights.left(priced.quote.total);
    let (rounding, due) = cash_due(context, left);
    TenderView {
        total: priced.quote.total.into(),
        cash: CashView { rounding: rounding.into(), due: due.into() },
        notes: tender::quick_notes(due).into_iter().map(MoneyBody::from).collect(),
        ways: context.settings.in_force().ways().into_iter().map(WayView::from).collect(),
    }
}

pub(super) fn tendered_views(order: &Order) -> Vec<TenderedView> {
    order
        .tenders
        .iter()
        .map(|t| TenderedView { kind: t.kind.into(), amount: t.amount.into() })
        .collect()
}

/// Where a receipt stands, in the wire's word.
pub(super) fn receipt_state(state: Option<SlipState>) -> ReceiptState {
    match state {
        Some(SlipState::Queued) => ReceiptState::Queued,
        Some(SlipState::Sending) => ReceiptState::Sending,
        Some(SlipState::Sent) => ReceiptState::Sent,
        Some(SlipState::Unknown) => ReceiptState::Unknown,
        Some(SlipState::SetAside) => ReceiptState::SetAside,
        None => ReceiptState::None,
    }
}

fn last_order_view(scene: &Scene) -> Option<LastOrderView> {
    let last = scene.last_order.as_ref()?;
    let order = &last.order;
    Some(LastOrderView {
        id: order.id.uuid(),
        receipt_number: order.receipt_number.to_string(),
        completed_at: order.completed_at.to_string(),
        total: order.total.into(),
        rounding: order.rounding.into(),
        tendered: tendered_views(order),
        change: order.change.into(),
        pieces: order.pieces(),
        saved: saved_of(order).into(),
        receipt: receipt_state(last.receipt),
        undone: last.is_undone,
    })
}

fn last_scan_view(scene: &Scene, language: Language) -> Option<LastScanView> {
    let last = scene.last_scan.as_ref()?;
    let (outcome, line, problem) = match &last.fate {
        ScanFate::Added(line) => (ScanOutcome::Added, Some(line), None),
        ScanFate::Again(line) => (ScanOutcome::Again, Some(line), None),
        ScanFate::Weighed(line) => (ScanOutcome::Weighed, Some(line), None),
        ScanFate::Payment(_) => (ScanOutcome::Payment, None, None),
        ScanFate::Redemption(_) => (ScanOutcome::Redemption, None, None),
        ScanFate::Member(_) => (ScanOutcome::Member, None, None),
        ScanFate::Coupon(_) => (ScanOutcome::Coupon, None, None),
        ScanFate::Pickup(_) => (ScanOutcome::Pickup, None, None),
        ScanFate::Refused(refusal) => {
            (ScanOutcome::Refused, None, Some(Problem::from(refusal).body(language)))
        }
    };
    Some(LastScanView { seq: last.seq, outcome, line_id: line.map(|id| id.uuid()), problem })
}

pub(super) fn link_view(context: &Context) -> LinkView {
    let link = context.link.state();
    let standing = context.catalog_standing.load();
    LinkView {
        mall: match link.reach {
            crate::uplink::Reach::Up => ReachView::Up,
            crate::uplink::Reach::Down => ReachView::Down,
            crate::uplink::Reach::Never => ReachView::Never,
        },
        outbox: link.backlog.pending,
        outbox_oldest_at: link.backlog.oldest_at.map(|at| at.to_string()),
        replica: standing.as_ref().map(|standing| ReplicaView {
            version: standing.cursor.version,
            updated_at: standing.updated_at.to_string(),
        }),
    }
}

/// An operator's view; who does not carry the workstation's session sees the sign-in screen.
pub(super) fn operator(
    context: &Context,
    scene: &Scene,
    operator: Option<&OperatorV1>,
    language: Language,
) -> OperatorView {
    let now = context.clock.now();
    let station = &scene.priced.station;
    let phase = match operator {
        None => Phase::SignedOut,
        Some(_) if station.is_tendering => Phase::Tender,
        Some(_) if station.is_done => Phase::Done,
        Some(_) => Phase::Sell,
    };
    let is_in = operator.is_some();
    OperatorView {
        boot: context.boot.uuid(),
        revision: scene.revision.max(*context.screens.follow_pulse().borrow()),
        build: super::assets::build().to_owned(),
        now: now.to_string(),
        store: store_view(context),
        workstation: workstation_view(context, station.workstation),
        operator: operator.map(OperatorInfo::from),
        business_date: context.store_clock().business_date(now).to_string(),
        training: false,
        phase,
        cart: is_in.then(|| cart_view(context, scene, language)),
        tender: (phase == Phase::Tender).then(|| tender_view(context, &scene.priced)),
        rights: is_in.then(|| rights::of(scene, language)),
        member: member::of(context, &scene.priced).filter(|_| is_in),
        coupons: if is_in { member::coupons(&scene.priced) } else { Vec::new() },
        pickups: (**context.pickups.load()).into(),
        pickup: scene.pickup.as_ref().filter(|_| is_in).map(|open| pickup::of(open, now)),
        last_order: last_order_view(scene).filter(|_| is_in),
        last_scan: last_scan_view(scene, language).filter(|_| is_in),
        link: link_view(context),
        notices: notices::of(context, station.workstation, now),
        keys: context.settings.in_force().moved_keys(),
    }
}

/// A shopper's view.
pub(super) fn customer(context: &Context, scene: &Scene, language: Language) -> CustomerView {
    let now = context.clock.now();
    let (station, quote) = (&scene.priced.station, &scene.priced.quote);
    let is_paid = scene.last_order.as_ref().filter(|last| is_fresh(&last.order, now));
    let wait = rights::wait(&station.rights);
    let collected = scene.pickup.as_ref().and_then(|open| pickup::of_shopper(open, now));
    let phase = match (station.signed_in.is_some(), station.cart.is_empty()) {
        // Who is paying is told how it goes on, whoever signs out.
        (_, false) if wait.is_some() => CustomerPhase::Wait,
        (false, _) => CustomerPhase::Paused,
        (true, false) if station.is_tendering => CustomerPhase::Tender,
        (true, false) => CustomerPhase::Cart,
        (true, true) if collected.is_some() => CustomerPhase::Pickup,
        (true, true) if is_paid.is_some() => CustomerPhase::Paid,
        (true, true) => CustomerPhase::Idle,
    };
    let shows_cart =
        matches!(phase, CustomerPhase::Cart | CustomerPhase::Tender | CustomerPhase::Wait);
    // A page that has shown long enough what was paid turns idle by itself.
    let is_idle_soon = matches!(phase, CustomerPhase::Idle | CustomerPhase::Paid);
    let left = station.rights.left(quote.total);
    let (rounding, due) = cash_due(context, left);
    CustomerView {
        boot: context.boot.uuid(),
        revision: scene.revision.max(*context.screens.follow_pulse().borrow()),
        build: super::assets::build().to_owned(),
        now: now.to_string(),
        store: store_view(context),
        workstation: workstation_view(context, station.workstation),
        phase,
        cart: shows_cart.then(|| {
            let mut cart = customer_cart(&scene.priced, language);
            if !context.settings.in_force().shows_hints() {
                cart.hints.clear();
            }
            cart
        }),
        tender: (phase == CustomerPhase::Tender).then(|| CustomerTenderView {
            total: quote.total.into(),
            left: left.into(),
            rounding: rounding.into(),
            due: due.into(),
            saved: quote.saved.into(),
        }),
        test: scene.test.filter(|_| station.cart.is_empty()),
        member: member::of_shopper(context, &scene.priced)
            .filter(|_| shows_cart || phase == CustomerPhase::Idle),
        pickup: collected.filter(|_| phase == CustomerPhase::Pickup),
        wait: wait.filter(|_| phase == CustomerPhase::Wait),
        paid: is_paid.filter(|_| phase == CustomerPhase::Paid).map(|last| paid_view(&last.order)),
        join: is_idle_soon.then(|| context.phones.join_url(station.workstation, now)).flatten(),
        slides: if is_idle_soon {
            context.pictures.shown().iter().map(SlideView::from).collect()
        } else {
            Vec::new()
        },
    }
}

fn is_fresh(order: &Order, now: Timestamp) -> bool {
    (0..PAID_SHOWN_MS).contains(&now.ms_since(order.completed_at))
}

fn customer_line(priced: &Priced, place: usize, language: Language) -> Option<CustomerLineView> {
    let (line, quoted) = priced_line(priced, place)?;
    Some(CustomerLineView {
        id: line.id.uuid(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        unit: line.item.unit.into(),
        quantity_milli: line.quantity.milli(),
        list_price: line.item.list_price.into(),
        amount: quoted.amount.into(),
        list: quoted.list.into(),
        saved: saved(quoted).into(),
        adjustments: savings::of_line(priced, place, language),
        gift_units: quoted.gift_units,
        source: line.source.into(),
    })
}

pub(super) fn customer_cart(priced: &Priced, language: Language) -> CustomerCartView {
    let (cart, quote) = (&priced.station.cart, &priced.quote);
    let lines = (0..cart.lines.len()).filter_map(|place| customer_line(priced, place, language));
    CustomerCartView {
        pieces: quote.pieces,
        lines: lines.collect(),
        newest_line_id: cart.newest.map(domain::id::Id::uuid),
        saved: quote.saved.into(),
        total: quote.total.into(),
        adjustments: savings::of_cart(priced, language),
        hints: savings::hints(priced, language),
    }
}

fn saved_of(order: &Order) -> Money {
    // Sums of a checked order cannot overflow.
    order.saved().unwrap_or_default()
}

fn paid_view(order: &Order) -> PaidView {
    PaidView {
        order_id: order.id.uuid(),
        receipt_number: order.receipt_number.to_string(),
        completed_at: order.completed_at.to_string(),
        tendered: tendered_views(order),
        change: order.change.into(),
        total: order.total.into(),
        rounding: order.rounding.into(),
        saved: saved_of(order).into(),
    }
}

/// How the store is, for HQ: its way to the mall, its replica, and what its screens say. Nothing of
/// shoppers, operators or money is in it.
pub(crate) fn state_of(context: &Context, now: Timestamp) -> serde_json::Value {
    let workstations = context.workstations.load();
    let of = |workstation: &sync::wire::WorkstationV1| {
        let number = workstation.number;
        let notices = notices_of(context, Some(number), now);
        serde_json::json!({ "workstation": number, "notices": notices })
    };
    serde_json::json!({
        "link": link_view(context),
        "notices": notices_of(context, None, now),
        "workstations": workstations.iter().map(of).collect::<Vec<_>>(),
    })
}

/// Whether every workstation's operator and customer would get their views; `None` where there is
/// no workstation yet.
pub(crate) fn views_are_made(context: &Context) -> Option<bool> {
    let workstations = context.workstations.load();
    workstations.first()?;
    let is_made = |workstation: &sync::wire::WorkstationV1| {
        let Some(scenes) = context.screens.follow(workstation.number) else { return true };
        let scene = scenes.borrow().clone();
        let anyone = context.operators.load().first().cloned();
        let views = operator(context, &scene, anyone.as_ref(), Language::Chinese);
        let customers = customer(context, &scene, Language::Chinese);
        serde_json::to_vec(&views).is_ok() && serde_json::to_vec(&customers).is_ok()
    };
    Some(workstations.iter().all(is_made))
}

/// The newest scene of a workstation.
pub(super) fn scene(
    context: &Context,
    workstation: WorkstationNumber,
) -> Result<std::sync::Arc<Scene>, Problem> {
    let scenes = context.screens.follow(workstation);
    let unknown = || Problem::plain("workstation-unknown", StatusCode::NOT_FOUND);
    Ok(scenes.ok_or_else(unknown)?.borrow().clone())
}

/// The operator's view of a workstation, once. Anybody; without its session nothing but the sign-in
/// screen.
#[utoipa::path(get, path = "/api/v1/workstations/{number}/view",
    params(("number" = u16, Path), LanguageQuery),
    responses((status = 200, body = OperatorView)))]
pub(super) async fn operator_view(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    Wanted(language): Wanted,
    headers: HeaderMap,
) -> Result<Json<OperatorView>, Problem> {
    let scene = scene(&app.context, number)?;
    let who = operator_at(&app, &headers, number);
    Ok(Json(operator(&app.context, &scene, who.as_ref(), language)))
}

/// The shopper's view of a workstation, once. A display of this box.
#[utoipa::path(get, path = "/api/v1/workstations/{number}/display",
    params(("number" = u16, Path), LanguageQuery),
    responses((status = 200, body = CustomerView)))]
pub(super) async fn customer_view(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    Wanted(language): Wanted,
    _: Display,
) -> Result<Json<CustomerView>, Problem> {
    let scene = scene(&app.context, number)?;
    Ok(Json(customer(&app.context, &scene, language)))
}
