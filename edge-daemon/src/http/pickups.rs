//! Online orders that wait in the store. Each command answers with the operator's view, which carries
//! the order that is open at the workstation.

use axum::{
    Json as Answer,
    extract::{FromRequest, FromRequestParts as _, Query, Request, State},
    http::HeaderMap,
};
use domain::id::PickupId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json},
    caller::{Operator, Staff},
    problem::Problem,
    rights::Named,
    view::{PickupView, pickup_view},
    workstation::{Viewed, viewed},
};
use crate::{
    pickup::{self, Handling, Wish},
    rights::Secret,
};

/// A code that a shopper read out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PickupCodeBody {
    /// Made by the caller.
    #[serde(rename = "id")]
    _id: Uuid,
    /// Eight digits; blanks between them do not count. It is written nowhere.
    code: Secret,
}

/// The store's online orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PickupsBody {
    pickups: Vec<PickupView>,
}

/// What an operator asks about the order that the path names.
#[derive(Debug)]
pub(crate) struct Asked {
    who: Operator,
    wish: Wish,
    headers: HeaderMap,
}

impl FromRequest<App> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let who = Operator::from_request_parts(&mut parts, app).await?;
        let named = Named::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        let body = Json::<IdBody>::from_request(Request::from_parts(parts, body), app).await?;
        let wish = Wish {
            workstation: who.workstation,
            id: body.value.id,
            pickup: PickupId::from_uuid(named.id()),
            operator: who.operator.number.clone(),
        };
        Ok(Self { who, wish, headers })
    }
}

async fn handled(app: &App, Asked { who, wish, headers }: Asked, handling: Handling) -> Viewed {
    pickup::handle(&app.context, wish, handling).await?;
    viewed(app, who.workstation, &who.operator, &headers)
}

/// Online orders that wait here or did lately, newest first. Whoever is signed in.
#[utoipa::path(get, path = "/api/v1/pickups", responses((status = 200, body = PickupsBody)))]
pub(super) async fn list_pickups(
    State(app): State<App>,
    _: Staff,
) -> Result<Answer<PickupsBody>, Problem> {
    let all = pickup::list(&app.context).await?;
    Ok(Answer(PickupsBody { pickups: all.iter().map(|seen| pickup_view(seen, false)).collect() }))
}

/// Opens an order at the workstation; goods that are scanned then go into it, unless it lies ready.
/// The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/pickups/{named}/opening",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = IdBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn open_pickup(State(app): State<App>, asked: Asked) -> Viewed {
    handled(&app, asked, Handling::Open).await
}

/// Makes an order ready: all of it was scanned. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/pickups/{named}/ready",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = IdBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn make_pickup_ready(State(app): State<App>, asked: Asked) -> Viewed {
    handled(&app, asked, Handling::MakeReady).await
}

/// Opens the order whose code a shopper reads out. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/pickup-codes",
    params(("number" = u16, Path)), request_body = PickupCodeBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn prove_pickup(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<PickupCodeBody>,
) -> Viewed {
    pickup::prove_by_code(&app.context, who.workstation, &body.value.code.0).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Hands an order over whose code was shown at this workstation. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/pickups/{named}/hand-over",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = IdBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn hand_pickup_over(State(app): State<App>, asked: Asked) -> Viewed {
    handled(&app, asked, Handling::HandOver).await
}

/// Takes the open order from the workstation; what was done with it stays done. The operator of the
/// workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/pickup",
    params(("number" = u16, Path), IdQuery),
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn close_pickup(
    State(app): State<App>,
    who: Operator,
    Query(IdQuery { .. }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    pickup::close(&app.context, who.workstation);
    viewed(&app, who.workstation, &who.operator, &headers)
}
