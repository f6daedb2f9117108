//! What a till asks a manager for: another price of a line. Each answers with the new view.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use sync::chain::Hash;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdQuery, Json, command, id},
    caller::Operator,
    problem::Problem,
    view::{CutView, ReasonView},
    workstation::{Viewed, viewed},
};
use crate::approval::{self, Ask};

/// A wish for another price of a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// Of which line.
    line_id: Uuid,
    /// What.
    cut: CutView,
    /// Why.
    reason: ReasonView,
}

/// Asks a manager for another price of a line; what a manager asks for is allowed at once. The
/// operator of the workstation.
#[utoipa::path(post, operation_id = "ask_approval", path = "/api/v1/workstations/{number}/approvals",
    params(("number" = u16, Path)), request_body = AskBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn ask(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<AskBody>,
) -> Viewed {
    let AskBody { id: of, line_id, cut, reason } = body.value;
    let ask = Ask {
        line: id(line_id),
        cut: cut.into(),
        reason: reason.into(),
        who: who.operator.clone(),
    };
    approval::ask(&app.context, command(who.workstation, of, body.hash), ask).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// What the path names after the workstation.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct NamedApproval {
    approval: Uuid,
}

/// Takes a wish back that nobody has decided. The operator of the workstation.
#[utoipa::path(delete, operation_id = "withdraw_approval",
    path = "/api/v1/workstations/{number}/approvals/{approval}",
    params(("number" = u16, Path), ("approval" = Uuid, Path), IdQuery),
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    who: Operator,
    named: Result<Path<NamedApproval>, axum::extract::rejection::PathRejection>,
    Query(IdQuery { id }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let malformed = || Problem::plain("malformed", StatusCode::BAD_REQUEST);
    let Path(NamedApproval { approval: of }) = named.map_err(|_| malformed())?;
    let command = command(who.workstation, id, Hash::of(format!("withdraw {of}").as_bytes()));
    approval::withdraw(&app.context, command, of, who.operator.number.clone()).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}
