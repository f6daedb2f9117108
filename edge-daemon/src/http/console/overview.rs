//! What the store is doing: now, as it changes, and on other days.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json as Answer,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
    http::StatusCode,
    response::sse::{Event, Sse},
};
use domain::{
    id::OrderId,
    receipt::Copy,
    receipt_number::WorkstationNumber,
    time::{BusinessDate, StoreClock, Timestamp},
};
use futures_util::{Stream, stream as streams};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sync::{chain::Hash, watermark::WatermarkV1, wire::WorkstationV1};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::shapes::{
    ConsoleOrderBody, ConsoleOrdersBody, DayBody, DayReportBody, DevicesBody, OpenRightBody,
    OverviewBody, PrinterBody, ReplicaStandingBody, StayBody, StoreNoticeBody, SyncBody,
    UsualHourBody,
};
use crate::{
    approval::State as ApprovalStands,
    console::report::{self, Day},
    context::Context,
    db::{
        DbError, approval, audit, call,
        console::{self as table, Open},
        day::{self as rows, DayRow},
        orders,
        place::Place,
        post_void,
    },
    devices::{PrinterState, called, rows_of},
    http::{
        App, assets,
        caller::{Console, Watching},
        orders::{OrderBody, RowBody},
        problem::Problem,
        view::{ApprovalView, OperatorInfo, link_view, notices_of, of_approval, store_view},
    },
    member,
    screens::Watcher,
    uplink::certificate,
};

/// A page calls 12 s of silence stale; three beats fit in.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// Changes that come within this time are told together: a day's sums are made anew each time.
const TOGETHER: Duration = Duration::from_millis(300);
/// Rows of a page of orders.
const PAGE_MAX: usize = 50;
/// Signs of a part of a receipt number; none is longer.
const PART_CHARS_MAX: usize = 48;
/// Things that other houses have not said that a page lists; more is a matter for HQ.
const OPEN_MAX: usize = 50;
/// What managers were asked for that a page lists.
const APPROVALS_MAX: usize = 100;
/// Business days whose standing a page lists.
const DAYS_MAX: u32 = 10;
/// Approvals are listed for so long.
const APPROVALS_KEPT_MS: i64 = 86_400_000;
/// Weeks that make what is usual.
const USUAL_WEEKS: i64 = 4;
/// A session at a till lasts no longer than 16 hours, so who is in came within a day.
const DAY_MS: i64 = 86_400_000;

/// What an overview reads of the ledger.
struct Read {
    day: Day,
    approvals: Vec<crate::approval::Approval>,
    slips: std::collections::BTreeMap<WorkstationNumber, u32>,
    open: Vec<Open>,
    days: Vec<DayRow>,
    watermark: Option<WatermarkV1>,
}

fn read_day(db: &Connection, date: BusinessDate, clock: StoreClock) -> Result<Day, DbError> {
    Ok(Day::of(&table::sold_on(db, date)?, table::taken_on(db, date)?, clock))
}

/// Draws the overview as of now.
async fn draw(context: &Arc<Context>, who: &Watching) -> Result<OverviewBody, DbError> {
    let (now, clock) = (context.clock.now(), context.store_clock());
    let (date, since) = (clock.business_date(now), now.plus_ms(-APPROVALS_KEPT_MS));
    let revision = context.screens.revision();
    let read = context
        .ledger
        .read(move |db| -> Result<Read, DbError> {
            Ok(Read {
                day: read_day(db, date, clock)?,
                approvals: approval::since(db, since, APPROVALS_MAX)?,
                slips: table::slips(db)?,
                open: table::open_rights(db, OPEN_MAX)?,
                days: rows::newest_days(db, DAYS_MAX)?,
                watermark: rows::watermark(db)?,
            })
        })
        .await?;
    let mut waiting: Vec<ApprovalView> = read
        .approvals
        .iter()
        .filter(|of| of.state == ApprovalStands::Pending && is_there(context, of))
        .map(|of| of_approval(context, of, true))
        .collect();
    waiting.reverse();
    let workstations = context.workstations.load();
    let device = |of: &WorkstationV1| devices(context, of, &read.slips);
    Ok(OverviewBody {
        boot: context.boot.uuid(),
        revision,
        build: assets::build().to_owned(),
        now: now.to_string(),
        store: store_view(context),
        operator: (&who.operator).into(),
        day: DayBody::of(context, date.to_string(), &read.day),
        waiting,
        devices: workstations.iter().map(device).collect(),
        sync: sync_state(context, read.open, &read.days, read.watermark.as_ref()),
        notices: all_notices(context, now),
    })
}

/// Whether the line that something was asked for is on its counter as it was.
fn is_there(context: &Context, of: &crate::approval::Approval) -> bool {
    let scene = context.screens.follow(of.workstation);
    scene.is_some_and(|scene| of.fits(&scene.borrow().priced.station.cart))
}

fn devices(
    context: &Context,
    of: &WorkstationV1,
    slips: &std::collections::BTreeMap<WorkstationNumber, u32>,
) -> DevicesBody {
    let printer = context.health.printer(of.number);
    let scene = context.screens.follow(of.number).map(|scene| Arc::clone(&scene.borrow()));
    let signed_in = scene.as_ref().and_then(|s| s.priced.station.signed_in.as_ref());
    let operator = signed_in.and_then(|who| context.operator(&who.operator));
    DevicesBody {
        number: of.number,
        name: of.name.clone(),
        kind: of.kind.into(),
        operator: operator.as_ref().map(OperatorInfo::from),
        pieces: scene.as_ref().map_or(0, |scene| scene.priced.quote.pieces),
        printer: printer.map_or(PrinterBody::None, |(state, _)| match state {
            PrinterState::Ready => PrinterBody::Ready,
            PrinterState::Gone => PrinterBody::Gone,
            PrinterState::PaperOut => PrinterBody::PaperOut,
            PrinterState::CoverOpen => PrinterBody::CoverOpen,
            PrinterState::Stopped => PrinterBody::Stopped,
        }),
        printer_since: printer.map(|(_, since)| since.to_string()),
        slips: slips.get(&of.number).copied().unwrap_or_default(),
        slips_unknown: context.health.doubt(of.number).unwrap_or_default(),
        heard_at: context.health.heard_at(of.number).map(|at| at.to_string()),
    }
}

fn sync_state(
    context: &Context,
    open: Vec<Open>,
    days: &[DayRow],
    watermark: Option<&WatermarkV1>,
) -> SyncBody {
    let link = context.link.state();
    let replicas = [("catalog", context.replicas.catalog()), ("store", context.replicas.store())];
    let standing = |(scope, replica): (&str, Option<Arc<crate::db::replica::Replica>>)| {
        // One that cannot be read is being fetched again; it is not told as standing anywhere.
        let standing = replica?.standing().ok()?;
        Some(ReplicaStandingBody {
            scope: scope.to_owned(),
            version: standing.cursor.version,
            updated_at: standing.updated_at.to_string(),
        })
    };
    let open_right = |of: Open| OpenRightBody {
        is_payment: of.is_payment,
        state: of.state,
        workstation: of.workstation,
        amount: of.amount.into(),
        since: of.since.to_string(),
    };
    SyncBody {
        link: link_view(context),
        since: link.since.map(|at| at.to_string()),
        told_at: link.told_at.map(|at| at.to_string()),
        troubled: link.backlog.troubled,
        held_back: link.backlog.held_back,
        replicas: replicas.into_iter().filter_map(standing).collect(),
        rules_revision: context.prices.book().revision(),
        open_rights: open.into_iter().map(open_right).collect(),
        troubles: context.troubles.now().iter().map(Into::into).collect(),
        days: days.iter().map(Into::into).collect(),
        watermark: watermark.map(Into::into),
        certificate_ends_at: certificate::end(context).map(|at| at.to_string()),
    }
}

/// What a person should know: the store's once, and each workstation's own.
fn all_notices(context: &Context, now: Timestamp) -> Vec<StoreNoticeBody> {
    let store = notices_of(context, None, now).into_iter();
    let mut all: Vec<StoreNoticeBody> =
        store.map(|notice| StoreNoticeBody { workstation: None, notice }).collect();
    for workstation in context.workstations.load().iter() {
        let own = notices_of(context, Some(workstation.number), now).into_iter();
        let number = Some(workstation.number);
        all.extend(own.map(|notice| StoreNoticeBody { workstation: number, notice }));
    }
    all
}

/// What the store is doing now. The console.
#[utoipa::path(get, operation_id = "console_overview", path = "/api/v1/console/overview",
    responses((status = 200, body = OverviewBody)))]
pub(in crate::http) async fn overview(
    State(app): State<App>,
    Console(who): Console,
) -> Result<Answer<OverviewBody>, Problem> {
    Ok(Answer(draw(&app.context, &who).await?))
}

/// What a stream waits for.
struct Feed {
    app: App,
    token: Hash,
    changes: watch::Receiver<u64>,
    beat: tokio::time::Interval,
    stop: CancellationToken,
    is_first: bool,
    is_over: bool,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

/// What the store is doing, as it changes: `view`, `heartbeat`, and `signed-out` when the
/// session has ended. A stream keeps no session alive. The console.
#[utoipa::path(get, operation_id = "console_stream", path = "/api/v1/console/stream",
    responses((status = 200, content_type = "text/event-stream", body = OverviewBody)))]
pub(in crate::http) async fn stream(
    State(app): State<App>,
    who: Watching,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let full = || Problem::plain("too-many-screens", StatusCode::SERVICE_UNAVAILABLE);
    let feed = Feed {
        token: who.token,
        changes: app.context.screens.follow_any(),
        beat: tokio::time::interval(HEARTBEAT),
        stop: app.stop.clone(),
        is_first: true,
        is_over: false,
        _permit: app.context.screens.stream_permit(Watcher::Known).ok_or_else(full)?,
        app,
    };
    Ok(Sse::new(streams::unfold(feed, next_event)))
}

async fn next_event(mut feed: Feed) -> Option<(Result<Event, Infallible>, Feed)> {
    if feed.is_over {
        return None;
    }
    let is_first = std::mem::take(&mut feed.is_first);
    let mut is_changed = is_first;
    if is_first {
        feed.beat.reset();
    } else {
        tokio::select! {
            () = feed.stop.cancelled() => return None,
            changed = feed.changes.changed() => {
                changed.ok()?;
                tokio::time::sleep(TOGETHER).await;
                is_changed = true;
            }
            _ = feed.beat.tick() => {}
        }
    }
    // Asked anew each time: a session that has ended ends here too.
    let Some(who) = Watching::again(&feed.app, feed.token) else {
        feed.is_over = true;
        return Some((Ok(Event::default().event("signed-out").data("")), feed));
    };
    if !is_changed {
        return Some((Ok(Event::default().event("heartbeat").data("")), feed));
    }
    feed.changes.mark_unchanged();
    let overview = match draw(&feed.app.context, &who).await {
        Ok(overview) => overview,
        Err(error) => {
            tracing::error!(error = %crate::Chain(&error), "The console could not be drawn");
            return None;
        }
    };
    let id = overview.revision.to_string();
    // Our own structs always have a JSON form.
    let event = Event::default().event("view").id(id).json_data(overview).ok()?;
    Some((Ok(event), feed))
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayQuery {
    /// A business date, `YYYY-MM-DD`; today's by itself.
    date: Option<String>,
}

fn malformed() -> Problem {
    Problem::plain("malformed", StatusCode::BAD_REQUEST)
}

/// What a business date has sold beside what is usual, and who was signed in. The console.
#[utoipa::path(get, operation_id = "console_day", path = "/api/v1/console/day", params(DayQuery),
    responses((status = 200, body = DayReportBody)))]
pub(in crate::http) async fn day(
    State(app): State<App>,
    _: Console,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> Result<Answer<DayReportBody>, Problem> {
    let Query(DayQuery { date }) = query.map_err(|_| malformed())?;
    let context = &app.context;
    let clock = context.store_clock();
    let date: BusinessDate = match date {
        Some(text) => text.parse().map_err(|_| malformed())?,
        None => clock.business_date(context.clock.now()),
    };
    let begins = report::begins(date, clock).ok_or_else(malformed)?;
    let (day, usual, stays) = context
        .ledger
        .read(move |db| -> Result<_, DbError> {
            let before = (1..=USUAL_WEEKS).map(|weeks| begins.plus_ms(-7 * weeks * DAY_MS));
            let before: Result<Vec<Day>, DbError> =
                before.map(|at| read_day(db, clock.business_date(at), clock)).collect();
            let marks = audit::marks(db, begins.plus_ms(-DAY_MS), begins.plus_ms(DAY_MS))?;
            let stays = report::stays(&marks, &table::sold_on(db, date)?);
            Ok((read_day(db, date, clock)?, report::usual(&before?), stays))
        })
        .await?;
    let (hours, usual_days) = usual;
    let is_of_day = |stay: &report::Stay| stay.to.is_none_or(|to| to > begins);
    Ok(Answer(DayReportBody {
        day: DayBody::of(context, date.to_string(), &day),
        usual: hours
            .into_iter()
            .map(|(hour, amount)| UsualHourBody { hour, amount: amount.into() })
            .collect(),
        usual_days,
        stays: stays
            .into_iter()
            .filter(is_of_day)
            .map(|stay| StayBody {
                workstation: stay.workstation,
                name: context.operator(&stay.operator).map(|o| o.name).unwrap_or_default(),
                operator: stay.operator,
                from: stay.from.to_string(),
                to: stay.to.map(|at| at.to_string()),
                sold: stay.sold.into(),
            })
            .collect(),
    }))
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleOrdersQuery {
    /// A part of the receipt number.
    number: Option<String>,
    /// Only orders after these in the list: `next` of the page before, or a moment.
    before: Option<String>,
}

/// Orders of the store, the newest first. The console.
#[utoipa::path(get, operation_id = "console_orders", path = "/api/v1/console/orders",
    params(ConsoleOrdersQuery), responses((status = 200, body = ConsoleOrdersBody)))]
pub(in crate::http) async fn orders(
    State(app): State<App>,
    _: Console,
    query: Result<Query<ConsoleOrdersQuery>, QueryRejection>,
) -> Result<Answer<ConsoleOrdersBody>, Problem> {
    let Query(ConsoleOrdersQuery { number, before }) = query.map_err(|_| malformed())?;
    let before: Option<Place> =
        before.map(|text| text.parse()).transpose().map_err(|_| malformed())?;
    let part = number.unwrap_or_default().trim().to_uppercase();
    if part.chars().count() > PART_CHARS_MAX {
        return Err(malformed());
    }
    let found = app.context.ledger.read(move |db| table::list(db, &part, before, PAGE_MAX)).await?;
    let is_full = found.len() == PAGE_MAX;
    let next = found.last().filter(|_| is_full).map(|order| order.place.to_string());
    let order = |of: table::Listed| ConsoleOrderBody {
        id: of.place.id.uuid(),
        receipt_number: of.receipt_number,
        workstation: of.workstation,
        operator: app.context.operator(&of.operator).map_or(of.operator, |operator| operator.name),
        completed_at: of.place.at.to_string(),
        due: of.due.into(),
        undone: of.is_undone,
    };
    Ok(Answer(ConsoleOrdersBody { orders: found.into_iter().map(order).collect(), next }))
}

/// An order with its receipt as it is printed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleOrderWholeBody {
    order: OrderBody,
    receipt: Vec<RowBody>,
}

/// What a path names.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct NamedOrder {
    pub(super) order: Uuid,
}

/// One order with its receipt. The console.
#[utoipa::path(get, operation_id = "console_order", path = "/api/v1/console/orders/{order}",
    params(("order" = Uuid, Path)), responses((status = 200, body = ConsoleOrderWholeBody)))]
pub(in crate::http) async fn order(
    State(app): State<App>,
    _: Console,
    named: Result<Path<NamedOrder>, PathRejection>,
) -> Result<Answer<ConsoleOrderWholeBody>, Problem> {
    let Path(NamedOrder { order }) = named.map_err(|_| malformed())?;
    let id = OrderId::from_uuid(order);
    let found = app
        .context
        .ledger
        .read(move |db| -> Result<_, DbError> {
            let is_undone = post_void::of_order(db, id)?.is_some();
            Ok((orders::find(db, id)?, is_undone, call::of_order(db, id)?))
        })
        .await?;
    let (Some(order), is_undone, call) = found else {
        return Err(Problem::plain("order-unknown", StatusCode::NOT_FOUND));
    };
    let copy = if is_undone { Copy::PostVoid } else { Copy::First };
    let note = member::note(&app.context, &order).await?;
    let rows = rows_of(&order, app.context.store.load().as_deref(), copy, note.as_ref());
    let rows = called(rows, call);
    let body = OrderBody::of(&order);
    Ok(Answer(ConsoleOrderWholeBody {
        order: if is_undone { body.undone() } else { body },
        receipt: rows.into_iter().map(Into::into).collect(),
    }))
}

/// What managers were asked for within a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalsBody {
    approvals: Vec<ApprovalView>,
}

/// What managers were asked for within a day, the newest first. The console.
#[utoipa::path(get, operation_id = "console_approvals", path = "/api/v1/console/approvals",
    responses((status = 200, body = ApprovalsBody)))]
pub(in crate::http) async fn approvals(
    State(app): State<App>,
    _: Console,
) -> Result<Answer<ApprovalsBody>, Problem> {
    let since = app.context.clock.now().plus_ms(-APPROVALS_KEPT_MS);
    let found =
        app.context.ledger.read(move |db| approval::since(db, since, APPROVALS_MAX)).await?;
    let view = |of| of_approval(&app.context, of, is_there(&app.context, of));
    Ok(Answer(ApprovalsBody { approvals: found.iter().map(view).collect() }))
}
