//! Commands: what HQ gives, what stores take and tell.
//!
//! **Invariant:** a store gets its own, signed, and tells of its own alone.

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::State,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sync::command::{CommandsV1, OutcomesV1};
use utoipa::ToSchema;

use super::{
    BODY_BYTES_MAX, edge,
    guard::{Caller, Staff, read_body},
    problem::{MALFORMED, Problem},
    segments::Path,
};
use crate::{
    commands::{self, CommandShape, MINUTES},
    context::Context,
    settings,
};

/// `GET /edge/v1/commands`.
pub(super) async fn of_store(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<CommandsV1>, Problem> {
    settings::heard(&context, caller.0.store, caller.0.id).await?;
    Ok(Json(commands::of_store(&context, caller.0.store).await?))
}

/// `POST /edge/v1/commands`.
pub(super) async fn hear(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let told: OutcomesV1 = edge::json(&body)?;
    commands::hear(&context, caller.0.store, &told).await?;
    Ok(Json(json!({})))
}

const fn minutes() -> i64 {
    MINUTES
}

/// A command that somebody gives.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CommandWish)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandBody {
    /// `look-again`, `take-snapshot`, `report-state` or `restart`.
    command: String,
    /// Minutes after which it is not begun any more, 1 to 10,080; 60 if not said.
    #[serde(default = "minutes")]
    minutes: i64,
}

/// Gives a store a command; it is fetched within seconds and done once.
#[utoipa::path(
    post, path = "/hq/v1/stores/{code}/commands", tag = "stores",
    params(("code" = String, Path, description = "the store's code")),
    request_body = CommandBody,
    responses(
        (status = 200, body = CommandShape),
        (status = 400, description = "no such command, or no such time, or too many wait"),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such store")
    ),
    security(("staff" = []))
)]
pub(super) async fn give_command(
    State(context): State<Context>,
    Path(code): Path<String>,
    Extension(Staff(by)): Extension<Staff>,
    body: Body,
) -> Result<Json<CommandShape>, Problem> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let body: Result<CommandBody, _> = serde_json::from_slice(&body);
    let CommandBody { command, minutes } =
        body.map_err(|error| Problem::of(MALFORMED).detail(error))?;
    Ok(Json(commands::give(&context, &code, &command, minutes, &by).await?))
}

/// The commands of a store and what came of each, the newest first.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/commands", tag = "stores",
    params(("code" = String, Path, description = "the store's code")),
    responses((status = 200, body = Vec<CommandShape>), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_commands(
    State(context): State<Context>,
    Path(code): Path<String>,
) -> Result<Json<Vec<CommandShape>>, Problem> {
    Ok(Json(commands::list(&context, &code).await?))
}
