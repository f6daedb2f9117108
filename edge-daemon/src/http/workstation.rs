//! The commands of a workstation. Each answers with the new view.

use axum::{
    Json as Answer,
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, request::Parts},
};
use domain::{
    id::LineId,
    money::Money,
    quantity::Quantity,
    receipt::Copy,
    receipt_number::WorkstationNumber,
    tender::{Tender, TenderKind},
};
use serde::{Deserialize, Serialize};
use sync::{chain::Hash, wire::OperatorV1};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json, MoneyBody, command, id},
    caller::{Manager, Operator},
    orders::OrderBody,
    problem::{Language, Problem},
    view::{self, OperatorView},
};
use crate::{
    checkout::{self, CompleteCommand, Edit, ScanCommand},
    context::mint,
    db::{
        orders, post_void,
        spool::{self, Slip, SlipOf},
    },
    devices::recount_doubts,
};

/// A code that was scanned or typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// A barcode, an in-store label, or a 货号.
    text: String,
    /// How many or how heavy in thousandths, if somebody said.
    quantity_milli: Option<i64>,
}

/// A line's new quantity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// Thousandths.
    quantity_milli: i64,
}

/// A completion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteBody {
    /// The cart's order id: a repeat gives the same order.
    order_id: Uuid,
    /// The cart's revision as the operator saw it.
    cart_revision: u64,
    /// The total that the screen showed, in fen, before any cash rounding: when the cart costs
    /// something else by now, nothing is completed and the answer is `price-changed`.
    total_minor: Option<i64>,
    /// What the shopper gave.
    tenders: Vec<TenderBody>,
}

/// Something the shopper gave.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenderBody {
    kind: TakenKind,
    amount: MoneyBody,
}

/// Ways to pay that this till takes.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TakenKind {
    Cash,
}

/// A completed order and the view after it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompletedBody {
    order: OrderBody,
    view: OperatorView,
}

/// A wish for a second copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReprintBody {
    /// The slip's id, made by the caller.
    id: Uuid,
    /// Whose receipt.
    order_id: Uuid,
}

/// Why a drawer is opened without an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrawerBody {
    /// Made by the caller.
    id: Uuid,
    /// For the log, at most 200 signs.
    reason: String,
}

impl CountBody {
    /// The command's id.
    pub(super) const fn id(&self) -> Uuid {
        self.id
    }

    /// The new quantity.
    pub(super) const fn quantity(&self) -> Quantity {
        Quantity::from_milli(self.quantity_milli)
    }
}

/// The line that the path names.
#[derive(Debug)]
pub(crate) struct LineOf(pub(super) LineId);

impl LineOf {
    /// Its id.
    pub(super) const fn line(&self) -> LineId {
        self.0
    }
}

impl FromRequestParts<App> for LineOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Named {
            line: Uuid,
        }
        let named = Path::<Named>::from_request_parts(parts, app).await;
        let Path(Named { line }) =
            named.map_err(|_| Problem::plain("malformed", StatusCode::BAD_REQUEST))?;
        Ok(Self(id(line)))
    }
}

/// Signs of a reason; a sentence.
pub(super) const REASON_CHARS_MAX: usize = 200;

/// What most commands answer: the new view.
pub(super) type Viewed = Result<Answer<OperatorView>, Problem>;

/// The view after a command.
pub(super) fn viewed(
    app: &App,
    workstation: WorkstationNumber,
    who: &OperatorV1,
    headers: &HeaderMap,
) -> Viewed {
    let scene = view::scene(&app.context, workstation)?;
    Ok(Answer(view::operator(&app.context, &scene, Some(who), Language::of(headers))))
}

/// Carries an edit out and answers with the view.
async fn edited(
    app: &App,
    who: Operator,
    headers: &HeaderMap,
    identity: (Uuid, Hash),
    edit: Edit,
) -> Viewed {
    let command = command(who.workstation, identity.0, identity.1);
    checkout::edit(&app.context, command, edit).await?;
    viewed(app, who.workstation, &who.operator, headers)
}

/// The identity of an edit that needs none from its caller: doing it twice is doing it once.
pub(super) fn anew() -> (Uuid, Hash) {
    (mint::<domain::id::kind::Command>().uuid(), Hash::GENESIS)
}

/// Puts what was scanned or typed on the counter. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/cart/scans",
    params(("number" = u16, Path)), request_body = ScanBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn scan(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<ScanBody>,
) -> Viewed {
    let ScanBody { id, text, quantity_milli } = body.value;
    let scan = ScanCommand {
        command: command(who.workstation, id, body.hash),
        text,
        quantity: quantity_milli.map(Quantity::from_milli),
    };
    checkout::scan(&app.context, scan).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Sets a line's quantity. The operator of the workstation.
#[utoipa::path(patch, path = "/api/v1/workstations/{number}/cart/lines/{line}",
    params(("number" = u16, Path), ("line" = Uuid, Path)), request_body = CountBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn count(
    State(app): State<App>,
    who: Operator,
    line: LineOf,
    headers: HeaderMap,
    body: Json<CountBody>,
) -> Viewed {
    let edit = Edit::Count(line.0, Quantity::from_milli(body.value.quantity_milli));
    edited(&app, who, &headers, (body.value.id, body.hash), edit).await
}

/// Voids a line. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/cart/lines/{line}",
    params(("number" = u16, Path), ("line" = Uuid, Path), IdQuery),
    responses((status = 200, body = OperatorView)))]
pub(super) async fn void_line(
    State(app): State<App>,
    who: Operator,
    line: LineOf,
    Query(IdQuery { id: command }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let hash = Hash::of(format!("void {}", line.0).as_bytes());
    edited(&app, who, &headers, (command, hash), Edit::VoidLine(line.0)).await
}

/// Voids the cart. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/cart",
    params(("number" = u16, Path), IdQuery), responses((status = 200, body = OperatorView)))]
pub(super) async fn void_cart(
    State(app): State<App>,
    who: Operator,
    Query(IdQuery { id }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    edited(&app, who, &headers, (id, Hash::of(b"void")), Edit::VoidCart).await
}

/// Takes the last step back. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/cart/undo",
    params(("number" = u16, Path)), request_body = IdBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn undo(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<IdBody>,
) -> Viewed {
    edited(&app, who, &headers, (body.value.id, body.hash), Edit::Undo).await
}

/// Goes on to Tender. The operator of the workstation.
#[utoipa::path(put, path = "/api/v1/workstations/{number}/tendering",
    params(("number" = u16, Path)), responses((status = 200, body = OperatorView)))]
pub(super) async fn to_tender(State(app): State<App>, who: Operator, headers: HeaderMap) -> Viewed {
    edited(&app, who, &headers, anew(), Edit::ToTender).await
}

/// Goes back to Sell. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/tendering",
    params(("number" = u16, Path)), responses((status = 200, body = OperatorView)))]
pub(super) async fn to_sell(State(app): State<App>, who: Operator, headers: HeaderMap) -> Viewed {
    edited(&app, who, &headers, anew(), Edit::ToSell).await
}

/// Leaves the Done screen. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/done",
    params(("number" = u16, Path)), responses((status = 200, body = OperatorView)))]
pub(super) async fn leave_done(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
) -> Viewed {
    edited(&app, who, &headers, anew(), Edit::LeaveDone).await
}

/// Completes the cart: it becomes an order. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/orders",
    params(("number" = u16, Path)), request_body = CompleteBody,
    responses((status = 201, body = CompletedBody), (status = 200, body = CompletedBody)))]
pub(super) async fn complete(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<CompleteBody>,
) -> Result<(StatusCode, Answer<CompletedBody>), Problem> {
    let CompleteBody { order_id, cart_revision, total_minor, tenders } = body.value;
    let tender = |t: TenderBody| Tender {
        kind: match t.kind {
            TakenKind::Cash => TenderKind::Cash,
        },
        amount: t.amount.into(),
    };
    let command = CompleteCommand {
        workstation: who.workstation,
        order: id(order_id),
        revision: cart_revision,
        total: total_minor.map(Money::from_minor),
        tenders: tenders.into_iter().map(tender).collect(),
    };
    let completed = checkout::complete(&app.context, command).await?;
    let Answer(view) = viewed(&app, who.workstation, &who.operator, &headers)?;
    let status = if completed.is_repeat { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Answer(CompletedBody { order: OrderBody::of(&completed.order), view })))
}

/// Prints a receipt again, marked 补打. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/receipts",
    params(("number" = u16, Path)), request_body = ReprintBody, responses((status = 202)))]
pub(super) async fn reprint(
    State(app): State<App>,
    who: Operator,
    body: Json<ReprintBody>,
) -> Result<StatusCode, Problem> {
    let (workstation, now) = (who.workstation, app.context.clock.now());
    if !app.context.health.has_printer(workstation) {
        return Err(Problem::plain("no-printer", StatusCode::CONFLICT));
    }
    let ReprintBody { id: slip, order_id } = body.value;
    let (slip, order) = (id(slip), id(order_id));
    let is_known = app
        .context
        .ledger
        .write(move |tx| -> Result<bool, crate::db::DbError> {
            let known = orders::find(tx, order)?;
            if known.is_some() {
                let copy = match post_void::of_order(tx, order)? {
                    Some(_) => Copy::PostVoid,
                    None => Copy::Reprint,
                };
                let of = SlipOf::Order { order, copy };
                spool::push(tx, &Slip { id: slip, of, queued_at: now }, workstation)?;
            }
            Ok(known.is_some())
        })
        .await?;
    if !is_known {
        return Err(Problem::plain("order-unknown", StatusCode::NOT_FOUND));
    }
    tracing::info!(
        order.id = %order, workstation.id = workstation, operator.id = %who.operator.number,
        "A receipt is printed again",
    );
    recount_doubts(&app.context, workstation).await;
    let state = app.context.ledger.read(move |db| spool::state_of(db, order)).await?;
    app.context.screens.printed(workstation, order, state);
    app.context.nudges.spool.send_replace(());
    Ok(StatusCode::ACCEPTED)
}

/// Opens the drawer without an order. A manager at the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/drawer/openings",
    params(("number" = u16, Path)), request_body = DrawerBody, responses((status = 202)))]
pub(super) async fn open_drawer(
    State(app): State<App>,
    Manager(who): Manager,
    body: Json<DrawerBody>,
) -> Result<StatusCode, Problem> {
    let DrawerBody { id, reason } = body.value;
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    if !app.context.health.has_printer(who.workstation) {
        return Err(Problem::plain("drawer-unreachable", StatusCode::SERVICE_UNAVAILABLE));
    }
    let command = command(who.workstation, id, body.hash);
    let is_new = checkout::change(&app.context, command, |_, _| Ok(())).await?.is_some();
    if is_new {
        let is_asked = app.context.health.ask_drawer(who.workstation, app.context.clock.now());
        tracing::info!(
            workstation.id = who.workstation, operator.id = %who.operator.number, is_asked,
            reason = %reason.trim(), "The drawer is opened without an order",
        );
    }
    Ok(StatusCode::ACCEPTED)
}
