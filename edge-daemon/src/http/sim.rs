//! The page that plays scanner, paper and drawer. Only in a simulated store, only from this box;
//! anywhere else these paths do not exist.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json as Answer,
    extract::{Path, State},
    http::StatusCode,
    response::sse::{Event, Sse},
};
use domain::receipt_number::WorkstationNumber;
use drivers::{
    scanner::Suffix,
    sim::{SimState, Tape},
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{App, body::Json, caller::SimulatedStore, problem::Problem, view::workstation_views};
use crate::{db::catalog, devices::sim::SimDevices};

/// Samples offered on the page.
const SAMPLES_MAX: u32 = 24;

/// The simulated devices of the store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimBody {
    workstations: Vec<SimWorkstation>,
    samples: Vec<Sample>,
}

/// One workstation's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimWorkstation {
    number: WorkstationNumber,
    name: String,
    scanner: SimScannerBody,
    printer: SimPrinterBody,
    drawer: SimDrawerBody,
    pole: SimPole,
}

/// Where a scanner connects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimScannerBody {
    attached: bool,
    address: String,
}

/// How a printer is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimPrinterBody {
    /// `ready`, `gone`, `paper-out` or `cover-open`.
    state: String,
    address: String,
}

/// How a drawer is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimDrawerBody {
    open: bool,
    openings: u64,
}

/// What a pole display says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimPole {
    upper: String,
    lower: String,
}

/// An item to scan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sample {
    code: String,
    name: String,
}

/// A scan by the simulated gun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimScanBody {
    text: String,
    suffix: Option<SimSuffix>,
}

/// What a gun sends behind a code.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SimSuffix {
    Cr,
    Lf,
    Tab,
}

/// How a printer shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimStateBody {
    state: String,
}

/// A drawer pushed shut.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimDrawerWish {
    open: bool,
}

fn devices_of(app: &App, number: WorkstationNumber) -> Result<Arc<SimDevices>, Problem> {
    let unknown = || Problem::plain("workstation-unknown", StatusCode::NOT_FOUND);
    app.context.health.sim(number).ok_or_else(unknown)
}

fn draw(app: &App) -> SimBody {
    let workstations = workstation_views(&app.context).into_iter().filter_map(|workstation| {
        let devices = app.context.health.sim(workstation.number)?;
        let (drawer, pole) = (devices.printer.drawer(), devices.pole.lines());
        Some(SimWorkstation {
            number: workstation.number,
            name: workstation.name,
            scanner: SimScannerBody {
                attached: true,
                address: devices.scanner_address.to_string(),
            },
            printer: SimPrinterBody {
                state: devices.printer.state().name().to_owned(),
                address: devices.printer.address().to_string(),
            },
            drawer: SimDrawerBody { open: drawer.open, openings: drawer.openings },
            pole: SimPole { upper: pole.upper, lower: pole.lower },
        })
    });
    let workstations = workstations.collect();
    let samples =
        app.context.replicas.catalog().map(|r| r.read(|db| catalog::samples(db, SAMPLES_MAX)));
    let samples = samples.and_then(Result::ok).unwrap_or_default();
    let sample = |(gtin, name): (domain::barcode::Gtin, String)| {
        // Thirteen digits are what stands under most bars.
        let code = gtin.to_string();
        let code = code.strip_prefix('0').map_or(code.clone(), ToOwned::to_owned);
        Sample { code, name }
    };
    SimBody { workstations, samples: samples.into_iter().map(sample).collect() }
}

/// The simulated devices. This box, in a simulated store.
#[utoipa::path(get, path = "/api/v1/sim/devices", responses((status = 200, body = SimBody)))]
pub(super) async fn devices(State(app): State<App>, _: SimulatedStore) -> Answer<SimBody> {
    Answer(draw(&app))
}

/// The simulated devices as they change. This box, in a simulated store.
#[utoipa::path(get, path = "/api/v1/sim/devices/stream",
    responses((status = 200, content_type = "text/event-stream", body = SimBody)))]
pub(super) async fn device_stream(
    State(app): State<App>,
    _: SimulatedStore,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let numbers = workstation_views(&app.context).into_iter().map(|w| w.number);
    let follows: Vec<_> =
        numbers.filter_map(|n| app.context.health.sim(n)).map(|devices| devices.follow()).collect();
    Sse::new(stream::unfold((app, follows, true), |(app, mut follows, is_first)| async move {
        if !is_first {
            let changes = follows.iter_mut().map(|follow| Box::pin(follow.changed()));
            let changes: Vec<_> = changes.collect();
            let any = async {
                // Before the first workstation has arrived there is nothing to follow.
                if changes.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = futures_util::future::select_all(changes).await;
            };
            tokio::select! {
                () = app.stop.cancelled() => return None,
                _ = any => {}
                () = tokio::time::sleep(std::time::Duration::from_secs(4)) => {}
            }
        }
        for follow in &mut follows {
            follow.mark_unchanged();
        }
        let event = Event::default().event("devices").json_data(draw(&app)).ok()?;
        Some((Ok(event), (app, follows, false)))
    }))
}

/// Scans with the simulated gun: bytes to the workstation's scanner port. This box, in a simulated
/// store.
#[utoipa::path(post, operation_id = "sim_scan", path = "/api/v1/sim/workstations/{number}/scans",
    params(("number" = u16, Path)), request_body = SimScanBody, responses((status = 202)))]
pub(super) async fn scan(
    State(app): State<App>,
    _: SimulatedStore,
    Path(number): Path<WorkstationNumber>,
    body: Json<SimScanBody>,
) -> Result<StatusCode, Problem> {
    let devices = devices_of(&app, number)?;
    let SimScanBody { text, suffix } = body.value;
    let suffix = match suffix.unwrap_or(SimSuffix::Cr) {
        SimSuffix::Cr => Suffix::Cr,
        SimSuffix::Lf => Suffix::Lf,
        SimSuffix::Tab => Suffix::Tab,
    };
    let sent = tokio::task::spawn_blocking(move || devices.scan(&text, suffix)).await;
    match sent {
        Ok(Ok(())) => Ok(StatusCode::ACCEPTED),
        Ok(Err(_)) | Err(_) => Err(Problem::plain("internal", StatusCode::INTERNAL_SERVER_ERROR)),
    }
}

/// Puts the simulated printer into a state. This box, in a simulated store.
#[utoipa::path(put, path = "/api/v1/sim/workstations/{number}/printer",
    params(("number" = u16, Path)), request_body = SimStateBody, responses((status = 204)))]
pub(super) async fn printer(
    State(app): State<App>,
    _: SimulatedStore,
    Path(number): Path<WorkstationNumber>,
    body: Json<SimStateBody>,
) -> Result<StatusCode, Problem> {
    let malformed = || Problem::plain("malformed", StatusCode::BAD_REQUEST);
    let state = SimState::from_name(&body.value.state).ok_or_else(malformed)?;
    devices_of(&app, number)?.printer.set_state(state);
    // A person who has just put paper in does not wait for the next look.
    app.context.nudges.spool.send_replace(());
    Ok(StatusCode::NO_CONTENT)
}

/// Pushes the simulated drawer shut. This box, in a simulated store.
#[utoipa::path(put, path = "/api/v1/sim/workstations/{number}/drawer",
    params(("number" = u16, Path)), request_body = SimDrawerWish, responses((status = 204)))]
pub(super) async fn drawer(
    State(app): State<App>,
    _: SimulatedStore,
    Path(number): Path<WorkstationNumber>,
    body: Json<SimDrawerWish>,
) -> Result<StatusCode, Problem> {
    if body.value.open {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    devices_of(&app, number)?.printer.close_drawer();
    Ok(StatusCode::NO_CONTENT)
}

/// The paper of the simulated printer, drawn from the bytes it got. This box, in a simulated store.
#[utoipa::path(get, path = "/api/v1/sim/workstations/{number}/tape",
    params(("number" = u16, Path)), responses((status = 200, body = Object)))]
pub(super) async fn tape(
    State(app): State<App>,
    _: SimulatedStore,
    Path(number): Path<WorkstationNumber>,
) -> Result<Answer<Tape>, Problem> {
    Ok(Answer(devices_of(&app, number)?.printer.tape()))
}
