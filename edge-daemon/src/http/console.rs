//! The manager's console: signing in, what the store is doing, and what a manager decides.
//!
//! **Invariant:** nothing is told without a session of the console, and nothing is decided that
//! `audit` does not say.

mod deeds;
mod overview;
mod settings;
mod shapes;

pub(super) use deeds::*;
pub(super) use overview::*;
pub(super) use settings::*;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    body::Json,
    caller::{CONSOLE_COOKIE, Console, Peer, Watching},
    problem::Problem,
    view::{OperatorInfo, StoreView, store_view},
};
use crate::{
    console::{self, ConsoleError, IDLE_MS_MAX},
    signin::WORD_BYTES_MAX,
};

/// A wish to sign in to the console.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleSignInBody {
    /// The manager's number.
    operator: String,
    /// Their PIN.
    pin: String,
}

/// Who is signed in to the console.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleSessionBody {
    operator: OperatorInfo,
    store: StoreView,
    /// After so long without a touch the session ends.
    idle_ms: i64,
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::SignIn(error) => error.into(),
            ConsoleError::NoManager => Self::plain("console-managers", StatusCode::FORBIDDEN),
        }
    }
}

fn cookie(token: &str, is_over: bool) -> HeaderMap {
    let age = if is_over { "; Max-Age=0" } else { "" };
    let text =
        format!("{CONSOLE_COOKIE}={token}; Path=/api/v1/console; HttpOnly; SameSite=Strict{age}");
    let mut headers = HeaderMap::new();
    // Hexadecimal digits always make a header.
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::SET_COOKIE, value);
    }
    headers
}

/// Signs a manager in to the console. Anybody who knows a manager's number and PIN.
#[utoipa::path(post, operation_id = "console_sign_in", path = "/api/v1/console/session",
    request_body = ConsoleSignInBody, responses((status = 200, body = ConsoleSessionBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    peer: Peer,
    body: Json<ConsoleSignInBody>,
) -> Result<Response, Problem> {
    let ConsoleSignInBody { operator, pin } = body.value;
    if operator.len().max(pin.len()) > WORD_BYTES_MAX {
        return Err(Problem::plain("pin-wrong", StatusCode::UNAUTHORIZED));
    }
    let admitted = console::sign_in(&app.context, operator, pin, peer.address).await?;
    let body = ConsoleSessionBody {
        operator: (&admitted.operator).into(),
        store: store_view(&app.context),
        idle_ms: IDLE_MS_MAX,
    };
    Ok((cookie(&admitted.token, false), Answer(body)).into_response())
}

/// Who is signed in; asking keeps no session alive. The console.
#[utoipa::path(get, operation_id = "console_session", path = "/api/v1/console/session",
    responses((status = 200, body = ConsoleSessionBody)))]
pub(super) async fn who(State(app): State<App>, who: Watching) -> Answer<ConsoleSessionBody> {
    Answer(ConsoleSessionBody {
        operator: (&who.operator).into(),
        store: store_view(&app.context),
        idle_ms: IDLE_MS_MAX,
    })
}

/// Signs out. The console.
#[utoipa::path(delete, operation_id = "console_sign_out", path = "/api/v1/console/session",
    responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    Console(who): Console,
) -> Result<Response, Problem> {
    console::sign_out(&app.context, who.token).await?;
    Ok((StatusCode::NO_CONTENT, cookie("", true)).into_response())
}

/// Says that somebody is there: a hand on the page, which asks nothing else. The console.
#[utoipa::path(post, operation_id = "console_presence", path = "/api/v1/console/session/presence",
    responses((status = 204)))]
pub(super) async fn presence(_: Console) -> StatusCode {
    StatusCode::NO_CONTENT
}
