//! Who may sign in where, and signing in and out.

use axum::{
    Json as Answer,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::receipt_number::WorkstationNumber;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    body::Json,
    caller::{Operator, Peer, cookie_name},
    problem::Problem,
    view::{OperatorInfo, StoreView, WorkstationView, store_view, workstation_views},
};
use crate::signin::{self, SignInError, WORD_BYTES_MAX};

/// The store's workstations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkstationsBody {
    store: StoreView,
    workstations: Vec<WorkstationView>,
}

/// A wish to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInBody {
    /// The operator's number.
    operator: String,
    /// Their PIN.
    pin: String,
}

/// Who was let in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInBody {
    operator: OperatorInfo,
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Self::plain("pin-wrong", StatusCode::UNAUTHORIZED),
            SignInError::LockedOut { wait_ms } => {
                Self::plain("locked-out", StatusCode::TOO_MANY_REQUESTS)
                    .retry_after_ms(wait_ms.unsigned_abs())
            }
            SignInError::Checkout(error) => error.into(),
        }
    }
}

/// The workstations of the store. Anybody.
#[utoipa::path(get, path = "/api/v1/workstations",
    responses((status = 200, body = WorkstationsBody)))]
pub(super) async fn workstations(State(app): State<App>) -> Answer<WorkstationsBody> {
    let workstations = workstation_views(&app.context);
    Answer(WorkstationsBody { store: store_view(&app.context), workstations })
}

/// Who may sign in at a workstation: the tiles of its sign-in screen. Anybody.
#[utoipa::path(get, path = "/api/v1/workstations/{number}/operators",
    params(("number" = u16, Path)), responses((status = 200, body = Vec<OperatorInfo>)))]
pub(super) async fn operators(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
) -> Result<Answer<Vec<OperatorInfo>>, Problem> {
    let unknown = || Problem::plain("workstation-unknown", StatusCode::NOT_FOUND);
    app.context.screens.follow(number).ok_or_else(unknown)?;
    Ok(Answer(app.context.operators.load().iter().map(OperatorInfo::from).collect()))
}

/// Signs an operator in at a workstation. Anybody who knows a PIN.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/session",
    params(("number" = u16, Path)), request_body = SignInBody,
    responses((status = 200, body = SignedInBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    Path(number): Path<WorkstationNumber>,
    peer: Peer,
    body: Json<SignInBody>,
) -> Result<Response, Problem> {
    let SignInBody { operator, pin } = body.value;
    if operator.len().max(pin.len()) > WORD_BYTES_MAX {
        return Err(SignInError::Wrong.into());
    }
    let admitted = signin::sign_in(&app.context, (number, peer.address), operator, pin).await?;
    let body = Answer(SignedInBody { operator: (&admitted.operator).into() });
    Ok((cookie(number, &admitted.token, None), body).into_response())
}

/// Signs out. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/session",
    params(("number" = u16, Path)), responses((status = 204)))]
pub(super) async fn sign_out(State(app): State<App>, who: Operator) -> Result<Response, Problem> {
    signin::sign_out(&app.context, who.workstation).await?;
    Ok((StatusCode::NO_CONTENT, cookie(who.workstation, "", Some(0))).into_response())
}

fn cookie(workstation: WorkstationNumber, token: &str, max_age: Option<u32>) -> HeaderMap {
    let name = cookie_name(workstation);
    let mut text = format!("{name}={token}; Path=/api/v1; HttpOnly; SameSite=Strict");
    if let Some(seconds) = max_age {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    let mut headers = HeaderMap::new();
    // Hexadecimal digits always make a header.
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::SET_COOKIE, value);
    }
    headers
}
