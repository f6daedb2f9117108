//! What a manager does from the console: decides, prints again, tries devices. Each is in `audit`.

use axum::{
    Json as Answer,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use domain::{
    id::OrderId,
    receipt::{Copy, Place, Row, Weight},
    receipt_number::WorkstationNumber,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::overview::NamedOrder;
use crate::{
    approval::{self, Decision},
    checkout::{self, CheckoutError},
    context::random,
    db::{
        DbError,
        audit::{self, Action, Entry},
        orders, post_void,
        spool::{self, Slip, SlipOf},
    },
    devices::{PrinterState, Tested, recount_doubts},
    http::{
        App,
        body::{IdBody, Json, command, id},
        caller::{Console, Watching},
        problem::Problem,
        workstation::REASON_CHARS_MAX,
    },
};

/// A test slip that is not on paper by then is one that did not come out.
const TEST_WAIT: std::time::Duration = std::time::Duration::from_secs(12);
/// A number on a display is compared within this time.
const DISPLAY_TEST: std::time::Duration = std::time::Duration::from_secs(10);

fn malformed() -> Problem {
    Problem::plain("malformed", StatusCode::BAD_REQUEST)
}

fn entry(app: &App, who: &Watching, action: Action, workstation: WorkstationNumber) -> Entry {
    let entry = Entry::at_till(app.context.clock.now(), action, &who.operator.number, workstation);
    Entry { address: who.session.address.clone(), ..entry }
}

/// What a path names.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct NamedApproval {
    approval: Uuid,
}

/// A decision.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionBody {
    /// Allowed, or not.
    allowed: bool,
}

/// Allows or denies what a till asked for; the same again is no second decision. The console.
#[utoipa::path(post, operation_id = "console_decide",
    path = "/api/v1/console/approvals/{approval}/decision", params(("approval" = Uuid, Path)),
    request_body = DecisionBody, responses((status = 204)))]
pub(in crate::http) async fn decide(
    State(app): State<App>,
    Console(who): Console,
    named: Result<Path<NamedApproval>, PathRejection>,
    body: Json<DecisionBody>,
) -> Result<StatusCode, Problem> {
    let Path(NamedApproval { approval: id }) = named.map_err(|_| malformed())?;
    let decision = Decision {
        id,
        is_allowed: body.value.allowed,
        manager: who.operator.number.clone(),
        address: who.session.address.clone(),
    };
    approval::decide(&app.context, decision).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Prints a receipt again at the workstation of its order, marked 补打. The console.
#[utoipa::path(post, operation_id = "console_reprint",
    path = "/api/v1/console/orders/{order}/receipts", params(("order" = Uuid, Path)),
    request_body = IdBody, responses((status = 202)))]
pub(in crate::http) async fn reprint(
    State(app): State<App>,
    Console(who): Console,
    named: Result<Path<NamedOrder>, PathRejection>,
    body: Json<IdBody>,
) -> Result<StatusCode, Problem> {
    let Path(NamedOrder { order }) = named.map_err(|_| malformed())?;
    let (context, order) = (&app.context, OrderId::from_uuid(order));
    let unknown = || Problem::plain("order-unknown", StatusCode::NOT_FOUND);
    let found = context.ledger.read(move |db| orders::find(db, order)).await?;
    let workstation = found.ok_or_else(unknown)?.receipt_number.workstation;
    if !context.health.has_printer(workstation) {
        return Err(Problem::plain("no-printer", StatusCode::CONFLICT));
    }
    let (slip, now) = (id(body.value.id), context.clock.now());
    let entry = entry(&app, &who, Action::Reprinted, workstation).to(order);
    context
        .ledger
        .write(move |tx| -> Result<(), DbError> {
            let undone = post_void::of_order(tx, order)?;
            let copy = if undone.is_some() { Copy::PostVoid } else { Copy::Reprint };
            let of = SlipOf::Order { order, copy };
            spool::push(tx, &Slip { id: slip, of, queued_at: now }, workstation)?;
            audit::note(tx, &entry)
        })
        .await?;
    recount_doubts(context, workstation).await;
    let state = context.ledger.read(move |db| spool::state_of(db, order)).await?;
    context.screens.printed(workstation, order, state);
    context.nudges.spool.send_replace(());
    context.screens.beat();
    Ok(StatusCode::ACCEPTED)
}

/// What a path names.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct NamedWorkstation {
    number: WorkstationNumber,
}

fn workstation(
    app: &App,
    named: Result<Path<NamedWorkstation>, PathRejection>,
) -> Result<WorkstationNumber, Problem> {
    let unknown = || Problem::plain("workstation-unknown", StatusCode::NOT_FOUND);
    let Path(NamedWorkstation { number }) = named.map_err(|_| unknown())?;
    app.context.screens.follow(number).ok_or_else(unknown)?;
    Ok(number)
}

/// What came of a test slip.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct TestedBody {
    /// It is on paper; else some of it may be.
    printed: bool,
}

/// What a test slip says: text of every weight, and a ruler of columns.
fn test_slip(app: &App, number: WorkstationNumber, by: &str) -> Vec<Row> {
    let text =
        |text: &str, weight| Row::Text { text: text.to_owned(), place: Place::Centre, weight };
    let clock = app.context.store_clock();
    let store = app.context.store.load().as_ref().map(|store| store.name.clone());
    vec![
        text("测试小票", Weight::Large),
        text(&store.unwrap_or_default(), Weight::Bold),
        Row::Rule,
        Row::Pair {
            left: format!("{number} 号收银台"),
            right: clock.wall(app.context.clock.now()),
            weight: Weight::Plain,
        },
        Row::Pair { left: "打印人".to_owned(), right: by.to_owned(), weight: Weight::Plain },
        text("字 ABC abc 0123456789 ¥", Weight::Plain),
        Row::Rule,
        text("不是购物凭证", Weight::Bold),
    ]
}

/// Prints a test slip and waits for it; it is tried once. The console.
#[utoipa::path(post, operation_id = "console_test_printer",
    path = "/api/v1/console/workstations/{number}/test-slips", params(("number" = u16, Path)),
    responses((status = 200, body = TestedBody)))]
pub(in crate::http) async fn test_printer(
    State(app): State<App>,
    Console(who): Console,
    named: Result<Path<NamedWorkstation>, PathRejection>,
) -> Result<Answer<TestedBody>, Problem> {
    let number = workstation(&app, named)?;
    let not_ready = || Problem::plain("printer-not-ready", StatusCode::CONFLICT);
    if !app.context.health.has_printer(number) {
        return Err(Problem::plain("no-printer", StatusCode::CONFLICT));
    }
    let entry = entry(&app, &who, Action::PrinterTested, number);
    app.context.ledger.write(move |tx| audit::note(tx, &entry)).await?;
    let rows = test_slip(&app, number, &who.operator.name);
    let answer = app.context.health.ask_test(number, rows).ok_or_else(not_ready)?;
    match tokio::time::timeout(TEST_WAIT, answer).await {
        Ok(Ok(Tested::Printed)) => Ok(Answer(TestedBody { printed: true })),
        Ok(Ok(Tested::Doubtful)) | Err(_) => Ok(Answer(TestedBody { printed: false })),
        Ok(
            Ok(Tested::NotReady(
                PrinterState::Ready
                | PrinterState::Gone
                | PrinterState::PaperOut
                | PrinterState::CoverOpen
                | PrinterState::Stopped,
            ))
            | Err(_),
        ) => Err(not_ready()),
    }
}

/// The number that the displays show.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct DisplayTestBody {
    number: u32,
}

/// Shows a number on the displays of a workstation for ten seconds. The console.
#[utoipa::path(post, operation_id = "console_test_displays",
    path = "/api/v1/console/workstations/{number}/display-tests", params(("number" = u16, Path)),
    responses((status = 200, body = DisplayTestBody)))]
pub(in crate::http) async fn test_displays(
    State(app): State<App>,
    Console(who): Console,
    named: Result<Path<NamedWorkstation>, PathRejection>,
) -> Result<Answer<DisplayTestBody>, Problem> {
    let number = workstation(&app, named)?;
    let scene = app.context.screens.follow(number);
    let is_busy = scene.is_some_and(|scene| !scene.borrow().priced.station.cart.is_empty());
    if is_busy {
        return Err(Problem::plain("display-busy", StatusCode::CONFLICT));
    }
    let entry = entry(&app, &who, Action::DisplayTested, number);
    app.context.ledger.write(move |tx| audit::note(tx, &entry)).await?;
    // Two digits, so that nobody reads yesterday's.
    let shown = 10 + u32::from(u16::from_be_bytes(random::<2>())) % 90;
    let context = app.context.clone();
    context.screens.test(number, Some(shown));
    app.context.tasks.spawn(async move {
        tokio::time::sleep(DISPLAY_TEST).await;
        context.screens.test(number, None);
    });
    Ok(Answer(DisplayTestBody { number: shown }))
}

/// Why a drawer is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleDrawerBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// For the log, at most 200 signs.
    reason: String,
}

/// Opens a drawer without an order. The console.
#[utoipa::path(post, operation_id = "console_open_drawer",
    path = "/api/v1/console/workstations/{number}/drawer/openings",
    params(("number" = u16, Path)), request_body = ConsoleDrawerBody,
    responses((status = 202)))]
pub(in crate::http) async fn open_drawer(
    State(app): State<App>,
    Console(who): Console,
    named: Result<Path<NamedWorkstation>, PathRejection>,
    body: Json<ConsoleDrawerBody>,
) -> Result<StatusCode, Problem> {
    let ConsoleDrawerBody { id, reason } = body.value;
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(malformed());
    }
    let number = workstation(&app, named)?;
    if !app.context.health.has_printer(number) {
        return Err(Problem::plain("drawer-unreachable", StatusCode::SERVICE_UNAVAILABLE));
    }
    let entry = entry(&app, &who, Action::DrawerOpened, number);
    let command = command(number, id, body.hash);
    let done = checkout::change(&app.context, command, move |tx, _| {
        audit::note(tx, &entry).map_err(CheckoutError::from)
    });
    if done.await?.is_some() {
        let is_asked = app.context.health.ask_drawer(number, app.context.clock.now());
        tracing::info!(
            workstation.id = number, operator.id = %who.operator.number, is_asked,
            reason = %reason.trim(), "The drawer is opened from the console",
        );
    }
    Ok(StatusCode::ACCEPTED)
}
