//! Groups of stores: what HQ makes of them, and sets for them.
//!
//! **Invariant:** who may only read changes nothing; a group is changed whole, over the version that
//! was seen.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    BODY_BYTES_MAX,
    guard::{Staff, read_body},
    problem::{MALFORMED, Problem},
    rules::{expected, tag},
    segments::Path,
    settings::{HistoryQuery, RevisionQuery, SavedShape, WishBody, list, save, show},
};
use crate::{
    context::Context,
    settings::{self, GroupShape, GroupWish, SettingsPage, SettingsShape, ToldShape, Whom},
};

type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// A group as it now is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupSaved)]
pub(super) struct GroupSavedShape {
    /// Its version, which rises with every change.
    version: i64,
}

/// The groups of stores, the lowest rank first.
#[utoipa::path(
    get, path = "/hq/v1/groups", tag = "settings",
    responses((status = 200, body = Vec<GroupShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_groups(
    State(context): State<Context>,
) -> Result<Json<Vec<GroupShape>>, Problem> {
    Ok(Json(settings::list_groups(&context).await?))
}

/// A group of stores; its version is the `etag` too.
#[utoipa::path(
    get, path = "/hq/v1/groups/{key}", tag = "settings",
    params(("key" = String, Path, description = "the group's key")),
    responses((status = 200, body = GroupShape), (status = 404, description = "no such group")),
    security(("staff" = []))
)]
pub(super) async fn show_group(
    State(context): State<Context>,
    Path(key): Path<String>,
) -> Result<Tagged<GroupShape>, Problem> {
    let shape = settings::one_group(&context, &key).await?;
    Ok((tag(shape.version), Json(shape)))
}

/// Makes a group, or gives it another name, rank or other stores; whole. `if-match` names the version
/// it was made from, `"0"` for a new one.
#[utoipa::path(
    put, path = "/hq/v1/groups/{key}", tag = "settings",
    params(
        ("key" = String, Path, description = "the group's key: small letters, digits and `-`"),
        ("if-match" = String, Header, description = "the version as its `etag` said; `*` for any")
    ),
    request_body = GroupWish,
    responses(
        (status = 200, body = GroupSavedShape),
        (status = 400, description = "a key, name, rank or number of stores that cannot be"),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such store"),
        (status = 412, description = "it was changed meanwhile; `revision` says which version it has"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn save_group(
    State(context): State<Context>,
    Path(key): Path<String>,
    Extension(Staff(by)): Extension<Staff>,
    headers: HeaderMap,
    body: Body,
) -> Result<Tagged<GroupSavedShape>, Problem> {
    let expected = expected(&headers)?;
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let wish: Result<GroupWish, _> = serde_json::from_slice(&body);
    let wish = wish.map_err(|error| Problem::of(MALFORMED).detail(error))?;
    let version = settings::save_group(&context, &key, wish, &by, expected).await?;
    Ok((tag(version), Json(GroupSavedShape { version })))
}

/// Ends a group: its stores are in it no more. What it said stays to be read in the history of its
/// stores; its key is not given again.
#[utoipa::path(
    delete, path = "/hq/v1/groups/{key}", tag = "settings",
    params(
        ("key" = String, Path, description = "the group's key"),
        ("if-match" = String, Header, description = "the version as its `etag` said; `*` for any")
    ),
    responses(
        (status = 200, description = "it is ended"),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such group"),
        (status = 412, description = "it was changed meanwhile"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn remove_group(
    State(context): State<Context>,
    Path(key): Path<String>,
    Extension(Staff(by)): Extension<Staff>,
    headers: HeaderMap,
) -> Result<Json<serde_json::Value>, Problem> {
    settings::remove_group(&context, &key, &by, expected(&headers)?).await?;
    Ok(Json(serde_json::json!({})))
}

/// What is set in a group's stores; its revision is the `etag` too.
#[utoipa::path(
    get, path = "/hq/v1/groups/{key}/settings", tag = "settings",
    params(("key" = String, Path, description = "the group's key"), RevisionQuery),
    responses((status = 200, body = SettingsShape), (status = 404, description = "no such group or revision")),
    security(("staff" = []))
)]
pub(super) async fn show_group_settings(
    State(context): State<Context>,
    Path(key): Path<String>,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
) -> Result<Tagged<SettingsShape>, Problem> {
    show(&context, &Whom::Group(key), asked).await
}

/// Sets things in a group's stores, whole; stands over all stores' and under a store's own.
/// `if-match` names the revision it was made from.
#[utoipa::path(
    put, path = "/hq/v1/groups/{key}/settings", tag = "settings",
    params(
        ("key" = String, Path, description = "the group's key"),
        ("if-match" = String, Header, description = "the revision as its `etag` said; `*` for any")
    ),
    request_body = WishBody,
    responses(
        (status = 200, body = SavedShape),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such group"),
        (status = 412, description = "another document is desired by now; `revision` says which"),
        (status = 422, description = "values that cannot be; `findings` names them"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn save_group_settings(
    State(context): State<Context>,
    Path(key): Path<String>,
    Extension(staff): Extension<Staff>,
    headers: HeaderMap,
    body: Body,
) -> Result<Tagged<SavedShape>, Problem> {
    save(&context, Whom::Group(key), staff, &headers, body).await
}

/// The documents that were ever desired of a group's stores, newest first, each with what it changed.
#[utoipa::path(
    get, path = "/hq/v1/groups/{key}/settings/revisions", tag = "settings",
    params(("key" = String, Path, description = "the group's key"), HistoryQuery),
    responses((status = 200, body = SettingsPage), (status = 404, description = "no such group")),
    security(("staff" = []))
)]
pub(super) async fn list_group_settings(
    State(context): State<Context>,
    Path(key): Path<String>,
    asked: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<SettingsPage>, Problem> {
    list(&context, &Whom::Group(key), asked).await
}

/// What a store was told of the groups it is in, newest first.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/groups", tag = "settings",
    params(("code" = String, Path, description = "the store's code")),
    responses((status = 200, body = Vec<ToldShape>), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn show_groups_of_store(
    State(context): State<Context>,
    Path(code): Path<String>,
) -> Result<Json<Vec<ToldShape>>, Problem> {
    Ok(Json(settings::told_groups(&context, &code).await?))
}
