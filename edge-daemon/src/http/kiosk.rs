//! Kiosks: whose screen one is, and what a shopper does there. Each command answers with the new
//! view.

use axum::{
    Json as Answer,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response, sse::Sse},
};
use domain::{
    id::{PaymentId, RedemptionId},
    money::Money,
    quantity::Quantity,
    receipt_number::WorkstationNumber,
};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use sync::chain::Hash;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json, command, id},
    caller::{AnyManager, Kiosk, SimulatedStore, Visitor, is_screen_of, kiosk_cookie_name},
    problem::{Language, LanguageQuery, Problem, Wanted},
    rights::Named,
    stream,
    view::{self, KindView, KioskView, StoreView, WorkstationView},
    workstation::{CountBody, LineOf, anew},
};
use crate::{
    checkout::{self, CompleteCommand, Edit, ScanCommand},
    pairing::{self, PairingError},
    payment, redemption,
    redemption::Handling,
    screens::Watcher,
};

/// A screen stays a kiosk's until somebody ends it; browsers keep no cookie longer.
const COOKIE_SECONDS: u32 = 400 * 86_400;

/// A kiosk, to a browser that wants to be its screen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KioskBody {
    store: StoreView,
    workstation: WorkstationView,
    /// The calling browser is its screen.
    paired: bool,
    /// No code is needed: a demo, on its own box.
    pairs_itself: bool,
}

/// The kiosk that shall have a new screen.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairingWish {
    /// The kiosk's workstation.
    workstation: WorkstationNumber,
}

/// A code for a person to type at the kiosk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairingCodeBody {
    workstation: WorkstationNumber,
    /// Six digits, good once.
    code: String,
    /// Until when.
    until: String,
}

/// What was typed at the kiosk.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairingBody {
    /// The kiosk's workstation.
    workstation: WorkstationNumber,
    /// Six digits.
    code: String,
}

/// A code that was scanned, or a 货号 that was touched.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KioskScanBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// A barcode, an in-store label, a 货号, or a payment code.
    text: String,
    /// How many pieces in thousandths, if somebody said.
    quantity_milli: Option<i64>,
}

/// A cart of which nothing is left to pay, as its shopper saw it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KioskCompleteBody {
    /// The cart's order id: a repeat finds it done.
    order_id: Uuid,
    /// The cart's revision as the shopper saw it.
    cart_revision: u64,
    /// The total that the screen showed, in fen: when the cart costs something else by now, nothing
    /// is completed and the answer is `price-changed`.
    total_minor: i64,
}

impl From<PairingError> for Problem {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::NotAKiosk => Self::plain("not-a-kiosk", StatusCode::CONFLICT),
            PairingError::Code => Self::plain("pairing-code-wrong", StatusCode::FORBIDDEN),
            PairingError::Checkout(error) => error.into(),
        }
    }
}

pub(super) type Viewed = Result<Answer<KioskView>, Problem>;

pub(super) fn viewed(app: &App, kiosk: Kiosk, headers: &HeaderMap) -> Viewed {
    let scene = view::scene(&app.context, kiosk.workstation)?;
    Ok(Answer(view::kiosk(&app.context, &scene, Language::of(headers))))
}

async fn edited(
    app: &App,
    kiosk: Kiosk,
    headers: &HeaderMap,
    identity: (Uuid, Hash),
    edit: Edit,
) -> Viewed {
    checkout::edit(&app.context, command(kiosk.workstation, identity.0, identity.1), edit).await?;
    viewed(app, kiosk, headers)
}

fn cookie(workstation: WorkstationNumber, token: &str, seconds: u32) -> HeaderMap {
    let name = kiosk_cookie_name(workstation);
    let text =
        format!("{name}={token}; Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    let mut headers = HeaderMap::new();
    // Hexadecimal digits always make a header.
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::SET_COOKIE, value);
    }
    headers
}

/// A kiosk, to a browser that wants to be its screen. Anybody.
#[utoipa::path(get, operation_id = "kiosk", path = "/api/v1/kiosks/{number}",
    params(("number" = u16, Path)), responses((status = 200, body = KioskBody)))]
pub(super) async fn kiosk(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    headers: HeaderMap,
    simulated: Result<SimulatedStore, Problem>,
) -> Result<Answer<KioskBody>, Problem> {
    let workstations = view::workstation_views(&app.context);
    let found = workstations.into_iter().find(|one| one.number() == number);
    let workstation = found.filter(|one| matches!(one.kind(), KindView::Kiosk));
    let workstation =
        workstation.ok_or_else(|| Problem::plain("not-a-kiosk", StatusCode::NOT_FOUND))?;
    Ok(Answer(KioskBody {
        store: view::store_view(&app.context),
        workstation,
        paired: is_screen_of(&app, &headers, number),
        pairs_itself: simulated.is_ok(),
    }))
}

/// Gives a code out by which a browser becomes a kiosk's screen; the one before is worth nothing from
/// now on. A manager at any workstation.
#[utoipa::path(post, path = "/api/v1/pairing-codes", request_body = PairingWish,
    responses((status = 201, body = PairingCodeBody)))]
pub(super) async fn give_out(
    State(app): State<App>,
    AnyManager(who): AnyManager,
    body: Json<PairingWish>,
) -> Result<(StatusCode, Answer<PairingCodeBody>), Problem> {
    let workstation = body.value.workstation;
    let given = pairing::give_out(&app.context, workstation, &who.operator.number).await?;
    let body = PairingCodeBody { workstation, code: given.code, until: given.until.to_string() };
    Ok((StatusCode::CREATED, Answer(body)))
}

/// Makes the calling browser a kiosk's screen. Whoever knows the code, at a pace.
#[utoipa::path(post, path = "/api/v1/pairings", request_body = PairingBody,
    responses((status = 204)))]
pub(super) async fn pair(
    State(app): State<App>,
    _: Visitor,
    body: Json<PairingBody>,
) -> Result<Response, Problem> {
    let PairingBody { workstation, code } = body.value;
    let token = pairing::pair(&app.context, workstation, Some(code)).await?;
    Ok((StatusCode::NO_CONTENT, cookie(workstation, &token, COOKIE_SECONDS)).into_response())
}

/// Makes the calling browser a kiosk's screen without a code. This box, in a simulated store.
#[utoipa::path(post, path = "/api/v1/sim/workstations/{number}/pairing",
    params(("number" = u16, Path)), responses((status = 204)))]
pub(super) async fn pair_itself(
    State(app): State<App>,
    _: SimulatedStore,
    Path(number): Path<WorkstationNumber>,
) -> Result<Response, Problem> {
    let token = pairing::pair(&app.context, number, None).await?;
    Ok((StatusCode::NO_CONTENT, cookie(number, &token, COOKIE_SECONDS)).into_response())
}

/// Ends a kiosk's pairing: it sells nothing until it is paired anew. A manager at any workstation.
#[utoipa::path(delete, path = "/api/v1/kiosks/{number}/pairing",
    params(("number" = u16, Path)), responses((status = 204)))]
pub(super) async fn unpair(
    State(app): State<App>,
    _: AnyManager,
    Path(number): Path<WorkstationNumber>,
) -> Result<StatusCode, Problem> {
    pairing::end(&app.context, number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The kiosk's view, once. Its screen.
#[utoipa::path(get, path = "/api/v1/kiosks/{number}/view",
    params(("number" = u16, Path), LanguageQuery), responses((status = 200, body = KioskView)))]
pub(super) async fn kiosk_view(
    State(app): State<App>,
    kiosk: Kiosk,
    Wanted(language): Wanted,
) -> Viewed {
    let scene = view::scene(&app.context, kiosk.workstation)?;
    Ok(Answer(view::kiosk(&app.context, &scene, language)))
}

/// The kiosk's view as it changes; it ends when another screen is paired. Its screen.
#[utoipa::path(get, path = "/api/v1/kiosks/{number}/view/stream",
    params(("number" = u16, Path), LanguageQuery),
    responses((status = 200, content_type = "text/event-stream", body = KioskView)))]
pub(super) async fn kiosk_stream(
    State(app): State<App>,
    kiosk: Kiosk,
    Wanted(language): Wanted,
    headers: HeaderMap,
) -> Result<
    Sse<impl Stream<Item = Result<axum::response::sse::Event, std::convert::Infallible>>>,
    Problem,
> {
    let of = app.clone();
    stream::follow(&app, kiosk.workstation, Watcher::Known, move |scene| {
        // Asked anew each time: a pairing that has ended elsewhere ends here too.
        is_screen_of(&of, &headers, kiosk.workstation)
            .then(|| (of.context.screens.revision(), view::kiosk(&of.context, scene, language)))
    })
}

/// Puts what was scanned or touched into the cart; a payment code pays while the cart is to be paid.
/// The kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_scan", path = "/api/v1/kiosks/{number}/cart/scans",
    params(("number" = u16, Path)), request_body = KioskScanBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn scan(
    State(app): State<App>,
    kiosk: Kiosk,
    headers: HeaderMap,
    body: Json<KioskScanBody>,
) -> Viewed {
    let KioskScanBody { id, text, quantity_milli } = body.value;
    let scan = ScanCommand {
        command: command(kiosk.workstation, id, body.hash),
        text,
        quantity: quantity_milli.map(Quantity::from_milli),
    };
    checkout::scan(&app.context, scan).await?;
    viewed(&app, kiosk, &headers)
}

/// Sets a line's quantity. The kiosk's screen.
#[utoipa::path(patch, operation_id = "kiosk_count", path = "/api/v1/kiosks/{number}/cart/lines/{line}",
    params(("number" = u16, Path), ("line" = Uuid, Path)), request_body = CountBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn count(
    State(app): State<App>,
    kiosk: Kiosk,
    line: LineOf,
    headers: HeaderMap,
    body: Json<CountBody>,
) -> Viewed {
    let edit = Edit::Count(line.line(), body.value.quantity());
    edited(&app, kiosk, &headers, (body.value.id(), body.hash), edit).await
}

/// Takes a line off. The kiosk's screen.
#[utoipa::path(delete, operation_id = "kiosk_void_line",
    path = "/api/v1/kiosks/{number}/cart/lines/{line}",
    params(("number" = u16, Path), ("line" = Uuid, Path), IdQuery),
    responses((status = 200, body = KioskView)))]
pub(super) async fn void_line(
    State(app): State<App>,
    kiosk: Kiosk,
    line: LineOf,
    Query(IdQuery { id }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let hash = Hash::of(format!("void {}", line.line()).as_bytes());
    edited(&app, kiosk, &headers, (id, hash), Edit::VoidLine(line.line())).await
}

/// Takes the last step back. The kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_undo", path = "/api/v1/kiosks/{number}/cart/undo",
    params(("number" = u16, Path)), request_body = IdBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn undo(
    State(app): State<App>,
    kiosk: Kiosk,
    headers: HeaderMap,
    body: Json<IdBody>,
) -> Viewed {
    edited(&app, kiosk, &headers, (body.value.id, body.hash), Edit::Undo).await
}

/// Goes on to paying. The kiosk's screen.
#[utoipa::path(put, operation_id = "kiosk_to_tender", path = "/api/v1/kiosks/{number}/tendering",
    params(("number" = u16, Path)), responses((status = 200, body = KioskView)))]
pub(super) async fn to_tender(State(app): State<App>, kiosk: Kiosk, headers: HeaderMap) -> Viewed {
    edited(&app, kiosk, &headers, anew(), Edit::ToTender).await
}

/// Goes back to the cart. The kiosk's screen.
#[utoipa::path(delete, operation_id = "kiosk_to_cart", path = "/api/v1/kiosks/{number}/tendering",
    params(("number" = u16, Path)), responses((status = 200, body = KioskView)))]
pub(super) async fn to_cart(State(app): State<App>, kiosk: Kiosk, headers: HeaderMap) -> Viewed {
    edited(&app, kiosk, &headers, anew(), Edit::ToSell).await
}

/// Completes a cart of which nothing is left to pay: coupons and vouchers cover all of it, and are
/// used with it. What is left of any other is paid by code, which completes it by itself. The
/// kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_complete", path = "/api/v1/kiosks/{number}/orders",
    params(("number" = u16, Path)), request_body = KioskCompleteBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn complete(
    State(app): State<App>,
    kiosk: Kiosk,
    headers: HeaderMap,
    body: Json<KioskCompleteBody>,
) -> Viewed {
    let KioskCompleteBody { order_id, cart_revision, total_minor } = body.value;
    let command = CompleteCommand {
        workstation: kiosk.workstation,
        order: id(order_id),
        revision: cart_revision,
        total: Some(Money::from_minor(total_minor)),
        // Nobody takes anything here.
        tenders: Vec::new(),
    };
    checkout::complete(&app.context, command).await?;
    viewed(&app, kiosk, &headers)
}

/// Takes a payment off: it shall not be, or goes back. The kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_reverse",
    path = "/api/v1/kiosks/{number}/payments/{named}/reversal",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = IdBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn reverse(
    State(app): State<App>,
    kiosk: Kiosk,
    payment: Named,
    headers: HeaderMap,
    _: Json<IdBody>,
) -> Viewed {
    let payment = PaymentId::from_uuid(payment.id());
    payment::reverse(&app.context, kiosk.workstation, payment).await?;
    viewed(&app, kiosk, &headers)
}

/// Takes a coupon or voucher off. The kiosk's screen.
#[utoipa::path(delete, operation_id = "kiosk_take_off",
    path = "/api/v1/kiosks/{number}/redemptions/{named}",
    params(("number" = u16, Path), ("named" = Uuid, Path), IdQuery),
    responses((status = 200, body = KioskView)))]
pub(super) async fn take_off(
    State(app): State<App>,
    kiosk: Kiosk,
    redemption: Named,
    Query(IdQuery { .. }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let id = RedemptionId::from_uuid(redemption.id());
    redemption::handle(&app.context, kiosk.workstation, id, Handling::TakeOff).await?;
    viewed(&app, kiosk, &headers)
}

/// Leaves nothing of whoever was here: the cart, its way back, the result. Refused while another
/// house has not said. The kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_reset", path = "/api/v1/kiosks/{number}/reset",
    params(("number" = u16, Path)), request_body = IdBody,
    responses((status = 200, body = KioskView)))]
pub(super) async fn reset(
    State(app): State<App>,
    kiosk: Kiosk,
    headers: HeaderMap,
    body: Json<IdBody>,
) -> Viewed {
    let identity = (body.value.id, body.hash);
    let Answer(_) = edited(&app, kiosk, &headers, identity, Edit::Reset).await?;
    if app.context.help.end(kiosk.workstation) {
        app.context.screens.beat();
    }
    viewed(&app, kiosk, &headers)
}

/// Calls somebody of the store: every till is told. The kiosk's screen.
#[utoipa::path(post, path = "/api/v1/kiosks/{number}/help", params(("number" = u16, Path)),
    responses((status = 200, body = KioskView)))]
pub(super) async fn help(State(app): State<App>, kiosk: Kiosk, headers: HeaderMap) -> Viewed {
    app.context.help.call(kiosk.workstation, app.context.clock.now());
    app.context.screens.beat();
    viewed(&app, kiosk, &headers)
}
