//! Commands: what HQ gives, what stores take and tell.
//!
//! **Invariant:** a store gets its own, signed, and tells of its own alone.

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sync::command::{CommandsV1, OutcomesV1};
use utoipa::{IntoParams, ToSchema};

use super::{
    BODY_BYTES_MAX, edge,
    guard::{Caller, Staff, read_body},
    hq::query,
    problem::{MALFORMED, Problem},
    segments::Path,
};
use crate::{
    commands::{self, CommandPage, CommandShape, GroupCommandShape, MINUTES},
    context::Context,
    hq::Asked,
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
    let CommandBody { command, minutes } = wish(body).await?;
    Ok(Json(commands::give(&context, &code, &command, minutes, &by).await?))
}

async fn wish(body: Body) -> Result<CommandBody, Problem> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    serde_json::from_slice(&body).map_err(|error| Problem::of(MALFORMED).detail(error))
}

/// Gives every store of a group a command; each does it once.
#[utoipa::path(
    post, path = "/hq/v1/groups/{key}/commands", tag = "stores",
    params(("key" = String, Path, description = "the group's key")),
    request_body = CommandBody,
    responses(
        (status = 200, body = GroupCommandShape),
        (status = 400, description = "no such command, or no such time"),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such group")
    ),
    security(("staff" = []))
)]
pub(super) async fn give_group_command(
    State(context): State<Context>,
    Path(key): Path<String>,
    Extension(Staff(by)): Extension<Staff>,
    body: Body,
) -> Result<Json<GroupCommandShape>, Problem> {
    let CommandBody { command, minutes } = wish(body).await?;
    Ok(Json(commands::give_group(&context, &key, &command, minutes, &by).await?))
}

/// What part of the commands.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CommandsQuery {
    /// Only this store's, by its code.
    store: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The commands of all stores and what came of each, the newest first.
#[utoipa::path(
    get, path = "/hq/v1/commands", tag = "stores",
    params(CommandsQuery),
    responses((status = 200, body = CommandPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_all_commands(
    State(context): State<Context>,
    asked: Result<Query<CommandsQuery>, QueryRejection>,
) -> Result<Json<CommandPage>, Problem> {
    let CommandsQuery { store, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(commands::page(&context, store.as_deref(), &asked).await?))
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
