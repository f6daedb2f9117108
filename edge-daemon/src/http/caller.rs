//! Who calls, read from the request before a handler runs.
//!
//! A handler names in its arguments who may call it: `Operator`, `Manager`, `Staff`, `AnyManager`,
//! `Console`, `Watching`, `Kiosk`, `Display`, `Visitor`, `SimulatedStore`; without one of these
//! anybody may.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Path},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use domain::receipt_number::{WORKSTATION_MAX, WorkstationNumber};
use sync::{chain::Hash, wire::OperatorV1};

use super::{App, problem::Problem};
use crate::{
    console::{self, Session},
    signin::{is_manager, operator_of},
};

/// The cookie of a workstation's session.
pub(super) fn cookie_name(workstation: WorkstationNumber) -> String {
    format!("guitai_ws{workstation}")
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Who is signed in at a workstation, if this request carries their session.
pub(super) fn operator_at(
    app: &App,
    headers: &HeaderMap,
    workstation: WorkstationNumber,
) -> Option<OperatorV1> {
    let token = cookie(headers, &cookie_name(workstation))?;
    let scene = app.context.screens.follow(workstation)?.borrow().clone();
    operator_of(&app.context, scene.priced.station.signed_in.as_ref(), token)
}

fn required() -> Problem {
    Problem::plain("sign-in-required", StatusCode::UNAUTHORIZED)
}

/// The operator signed in at the workstation that the path names.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) workstation: WorkstationNumber,
    pub(crate) operator: OperatorV1,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(serde::Deserialize)]
        struct Named {
            number: WorkstationNumber,
        }
        let Path(Named { number }) = Path::<Named>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::plain("workstation-unknown", StatusCode::NOT_FOUND))?;
        let operator = operator_at(app, &parts.headers, number).ok_or_else(required)?;
        Ok(Self { workstation: number, operator })
    }
}

/// A manager signed in at the workstation that the path names.
#[derive(Debug)]
pub(crate) struct Manager(pub(crate) Operator);

impl FromRequestParts<App> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Operator::from_request_parts(parts, app).await?;
        if is_manager(caller.operator.role) {
            Ok(Self(caller))
        } else {
            Err(Problem::plain("forbidden", StatusCode::FORBIDDEN))
        }
    }
}

/// Somebody signed in at any workstation of the store.
#[derive(Debug)]
pub(crate) struct Staff(pub(crate) Operator);

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let found = sessions(parts, app).next();
        found.map(Self).ok_or_else(required)
    }
}

/// The cookie of the console's session.
pub(super) const CONSOLE_COOKIE: &str = "guitai_console";

/// A manager signed in to the console, who has just done something there.
#[derive(Debug)]
pub(crate) struct Console(pub(crate) Watching);

/// A manager signed in to the console whose page asks by itself, which keeps no session alive.
#[derive(Debug)]
pub(crate) struct Watching {
    /// Who.
    pub(crate) operator: OperatorV1,
    /// Their session.
    pub(crate) session: Session,
    /// The hash of its token.
    pub(crate) token: Hash,
}

impl Watching {
    /// The same session as it stands now, if it is not over.
    pub(super) fn again(app: &App, token: Hash) -> Option<Self> {
        let (operator, session) = console::manager_of(&app.context, token)?;
        Some(Self { operator, session, token })
    }
}

impl FromRequestParts<App> for Watching {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = cookie(&parts.headers, CONSOLE_COOKIE);
        let found = token.and_then(|token| Self::again(app, Hash::of(token.as_bytes())));
        found.ok_or_else(|| Problem::plain("console-sign-in-required", StatusCode::UNAUTHORIZED))
    }
}

impl FromRequestParts<App> for Console {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = Watching::from_request_parts(parts, app).await?;
        console::seen(&app.context, who.token);
        Ok(Self(who))
    }
}

/// Whose sessions a request carries, at any workstations of the store; a browser has few.
fn sessions(parts: &Parts, app: &App) -> impl Iterator<Item = Operator> {
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    let numbers = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix("guitai_ws")?.split('=').next()?.parse().ok())
        .filter(|number| (1..=WORKSTATION_MAX).contains(number))
        .take(8);
    numbers.filter_map(|workstation| {
        let operator = operator_at(app, &parts.headers, workstation)?;
        Some(Operator { workstation, operator })
    })
}

/// A manager signed in at any workstation of the store.
#[derive(Debug)]
pub(crate) struct AnyManager(pub(crate) Operator);

impl FromRequestParts<App> for AnyManager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let found = sessions(parts, app).find(|caller| is_manager(caller.operator.role));
        match found {
            Some(manager) => Ok(Self(manager)),
            None if sessions(parts, app).next().is_some() => {
                Err(Problem::plain("forbidden", StatusCode::FORBIDDEN))
            }
            None => Err(required()),
        }
    }
}

/// The cookie of a kiosk's screen.
pub(super) fn kiosk_cookie_name(workstation: WorkstationNumber) -> String {
    format!("guitai_kiosk{workstation}")
}

/// Whether a request comes from the screen of a kiosk.
pub(super) fn is_screen_of(app: &App, headers: &HeaderMap, workstation: WorkstationNumber) -> bool {
    let Some(token) = cookie(headers, &kiosk_cookie_name(workstation)) else { return false };
    let Some(scene) = app.context.screens.follow(workstation) else { return false };
    let paired = scene.borrow().priced.station.pairing;
    paired == Some(Hash::of(token.as_bytes())) && app.context.is_kiosk(workstation)
}

/// The paired screen of the kiosk that the path names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kiosk {
    pub(crate) workstation: WorkstationNumber,
}

impl FromRequestParts<App> for Kiosk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(serde::Deserialize)]
        struct Named {
            number: WorkstationNumber,
        }
        let Path(Named { number }) = Path::<Named>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::plain("workstation-unknown", StatusCode::NOT_FOUND))?;
        if is_screen_of(app, &parts.headers, number) {
            Ok(Self { workstation: number })
        } else {
            Err(Problem::plain("not-paired", StatusCode::UNAUTHORIZED))
        }
    }
}

/// Somebody nobody knows, at a pace. This box's own screens are not counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor;

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if is_local(parts) {
            return Ok(Self);
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let taken = match peer {
            Some(ConnectInfo(peer)) => app.context.pace.take(peer.ip(), app.context.clock.now()),
            None => Ok(()),
        };
        taken.map(|()| Self).map_err(|wait_ms| {
            Problem::plain("too-fast", StatusCode::TOO_MANY_REQUESTS).retry_after_ms(wait_ms)
        })
    }
}

/// Whether a request comes from this machine.
fn is_local(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(address)| address.ip().is_loopback())
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// From this machine.
    pub(crate) is_local: bool,
    /// From this address.
    pub(crate) address: IpAddr,
}

impl FromRequestParts<App> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        // The server always says who called; were it ever not to, it is nobody's address.
        let nobody = IpAddr::from([0, 0, 0, 0]);
        let address = peer.map_or(nobody, |ConnectInfo(address)| address.ip());
        Ok(Self { is_local: is_local(parts), address })
    }
}

/// A customer display: on this box, or on the LAN where the boot file lets them.
#[derive(Debug)]
pub(crate) struct Display;

impl FromRequestParts<App> for Display {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if app.context.config.display_from_lan || is_local(parts) {
            Ok(Self)
        } else {
            Err(Problem::plain("forbidden", StatusCode::FORBIDDEN))
        }
    }
}

/// This box, in a store whose devices are simulated; elsewhere the path does not exist.
#[derive(Debug)]
pub(crate) struct SimulatedStore;

impl FromRequestParts<App> for SimulatedStore {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if app.context.config.devices.simulated && is_local(parts) {
            Ok(Self)
        } else {
            Err(Problem::plain("not-found", StatusCode::NOT_FOUND))
        }
    }
}
