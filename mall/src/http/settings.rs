//! Settings: what stores get and say, what HQ reads and saves.
//!
//! **Invariant:** a store gets its own, signed; who may only read saves nothing.

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync::wire::{ReportV1, SettingsHeldV1};
use utoipa::{IntoParams, ToSchema};

use super::{
    BODY_BYTES_MAX,
    edge::json,
    guard::{Caller, Staff, read_body},
    hq::query,
    problem::{FORBIDDEN, MALFORMED, Problem},
    rules::{expected, tag},
    segments::Path,
};
use crate::{
    context::Context,
    db::{damaged, stores},
    settings::{
        self, InForceShape, Saved, SettingShape, SettingsPage, SettingsShape, StandingShape,
        Trying, Whom, Wish,
    },
};

/// `GET /edge/v1/settings`.
pub(super) async fn held(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SettingsHeldV1>, Problem> {
    settings::heard(&context, caller.0.store, caller.0.id).await?;
    Ok(Json(settings::held(&context, caller.0.store).await?))
}

/// `POST /edge/v1/settings/reports`.
pub(super) async fn report(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let report: ReportV1 = json(&body)?;
    if report.edge != caller.0.id {
        return Err(Problem::of(FORBIDDEN));
    }
    let doing = "read the code of a store";
    let mut tx = context.db().read(doing).await?;
    let code = stores::code(&mut tx, caller.0.store).await?;
    drop(tx);
    let code = code.parse().map_err(|_| damaged(doing))?;
    settings::hear_report(&context, &code, &report, true).await?;
    Ok(Json(Value::Object(serde_json::Map::new())))
}

/// Which document to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RevisionQuery {
    /// This one; the one desired if not said.
    revision: Option<i64>,
    /// Tell what it changes against this revision, and not against the one before.
    against: Option<i64>,
}

/// What part of the list of documents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    before: Option<i64>,
}

/// A document that somebody wants in force.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SettingsWish)]
#[serde(deny_unknown_fields)]
pub(super) struct WishBody {
    /// The whole document, in groups; what it leaves out is said elsewhere.
    #[schema(value_type = Object)]
    settings: Value,
    /// Why, at most 200 signs.
    #[serde(default)]
    note: String,
}

/// A document that is desired.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingsSaved)]
pub(super) struct SavedShape {
    /// Its revision.
    revision: i64,
    /// `saved`, or `unchanged` when it was desired already.
    result: &'static str,
}

type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

pub(super) async fn show(
    context: &Context,
    whom: &Whom,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
) -> Result<Tagged<SettingsShape>, Problem> {
    let RevisionQuery { revision, against } = query(asked)?;
    let shape = settings::one(context, whom, revision, against).await?;
    Ok((tag(shape.revision), Json(shape)))
}

pub(super) async fn save(
    context: &Context,
    whom: Whom,
    Staff(by): Staff,
    headers: &HeaderMap,
    body: Body,
) -> Result<Tagged<SavedShape>, Problem> {
    let expected = expected(headers)?;
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let wish: Result<WishBody, _> = serde_json::from_slice(&body);
    let WishBody { settings: document, note } =
        wish.map_err(|error| Problem::of(MALFORMED).detail(error))?;
    let wish = Wish { whom, document, note, by, expected };
    let Saved { revision, is_unchanged } = settings::save(context, wish).await?;
    let result = if is_unchanged { "unchanged" } else { "saved" };
    Ok((tag(revision), Json(SavedShape { revision, result })))
}

pub(super) async fn list(
    context: &Context,
    whom: &Whom,
    asked: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<SettingsPage>, Problem> {
    let HistoryQuery { limit, before } = query(asked)?;
    Ok(Json(settings::list(context, whom, before, limit).await?))
}

/// What is set in all stores where they say nothing themselves; its revision is the `etag` too.
#[utoipa::path(
    get, path = "/hq/v1/settings", tag = "settings", params(RevisionQuery),
    responses((status = 200, body = SettingsShape), (status = 404, description = "no such revision")),
    security(("staff" = []))
)]
pub(super) async fn show_all(
    State(context): State<Context>,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
) -> Result<Tagged<SettingsShape>, Problem> {
    show(&context, &Whom::All, asked).await
}

/// Sets things in all stores, whole. `if-match` names the revision it was made from.
#[utoipa::path(
    put, path = "/hq/v1/settings", tag = "settings",
    params(("if-match" = String, Header, description = "the revision as its `etag` said; `*` for any")),
    request_body = WishBody,
    responses(
        (status = 200, body = SavedShape),
        (status = 403, description = "the token only reads"),
        (status = 412, description = "another document is desired by now; `revision` says which"),
        (status = 422, description = "values that cannot be; `findings` names them"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn save_all(
    State(context): State<Context>,
    Extension(staff): Extension<Staff>,
    headers: HeaderMap,
    body: Body,
) -> Result<Tagged<SavedShape>, Problem> {
    save(&context, Whom::All, staff, &headers, body).await
}

/// The documents that were ever desired of all stores, newest first, each with what it changed.
#[utoipa::path(
    get, path = "/hq/v1/settings/revisions", tag = "settings", params(HistoryQuery),
    responses((status = 200, body = SettingsPage)),
    security(("staff" = []))
)]
pub(super) async fn list_all(
    State(context): State<Context>,
    asked: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<SettingsPage>, Problem> {
    list(&context, &Whom::All, asked).await
}

/// All that can be set, with what each may be and what it is where nobody says anything.
#[utoipa::path(
    get, path = "/hq/v1/settings/schema", tag = "settings",
    responses((status = 200, body = Vec<SettingShape>)),
    security(("staff" = []))
)]
pub(super) async fn show_schema() -> Json<Vec<SettingShape>> {
    Json(settings::schema())
}

/// What is set in a store; its revision is the `etag` too.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/settings", tag = "settings",
    params(("code" = String, Path, description = "the store's code"), RevisionQuery),
    responses((status = 200, body = SettingsShape), (status = 404, description = "no such store or revision")),
    security(("staff" = []))
)]
pub(super) async fn show_store(
    State(context): State<Context>,
    Path(code): Path<String>,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
) -> Result<Tagged<SettingsShape>, Problem> {
    show(&context, &Whom::Store(code), asked).await
}

/// Sets things in a store, whole; what it leaves out is said for all stores, or as the store was set
/// up. `if-match` names the revision it was made from.
#[utoipa::path(
    put, path = "/hq/v1/stores/{code}/settings", tag = "settings",
    params(
        ("code" = String, Path, description = "the store's code"),
        ("if-match" = String, Header, description = "the revision as its `etag` said; `*` for any")
    ),
    request_body = WishBody,
    responses(
        (status = 200, body = SavedShape),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such store"),
        (status = 412, description = "another document is desired by now; `revision` says which"),
        (status = 422, description = "values that cannot be; `findings` names them"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn save_store(
    State(context): State<Context>,
    Path(code): Path<String>,
    Extension(staff): Extension<Staff>,
    headers: HeaderMap,
    body: Body,
) -> Result<Tagged<SavedShape>, Problem> {
    save(&context, Whom::Store(code), staff, &headers, body).await
}

/// The documents that were ever desired of a store, newest first, each with what it changed.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/settings/revisions", tag = "settings",
    params(("code" = String, Path, description = "the store's code"), HistoryQuery),
    responses((status = 200, body = SettingsPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_store(
    State(context): State<Context>,
    Path(code): Path<String>,
    asked: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<SettingsPage>, Problem> {
    list(&context, &Whom::Store(code), asked).await
}

/// What is in force in a store once everything desired is applied, with who says so.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/settings/in-force", tag = "settings",
    params(("code" = String, Path, description = "the store's code")),
    responses((status = 200, body = Vec<InForceShape>), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn show_in_force(
    State(context): State<Context>,
    Path(code): Path<String>,
) -> Result<Json<Vec<InForceShape>>, Problem> {
    Ok(Json(settings::in_force(&context, &code, None).await?))
}

/// A document that is looked at and not saved.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SettingsPreview)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewBody {
    /// Whose it would be: `all`, `group/<key>`, or the store's code.
    target: String,
    /// The whole document, in groups.
    #[schema(value_type = Object)]
    settings: Value,
}

/// What would be in force in a store with another document, with who says so. Nothing is saved.
#[utoipa::path(
    post, path = "/hq/v1/stores/{code}/settings/preview", tag = "settings",
    params(("code" = String, Path, description = "the store's code")),
    request_body = PreviewBody,
    responses(
        (status = 200, body = Vec<InForceShape>),
        (status = 400, description = "the store is not in that group"),
        (status = 404, description = "no such store"),
        (status = 422, description = "values that cannot be; `findings` names them")
    ),
    security(("staff" = []))
)]
pub(super) async fn preview(
    State(context): State<Context>,
    Path(code): Path<String>,
    body: Body,
) -> Result<Json<Vec<InForceShape>>, Problem> {
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let body: Result<PreviewBody, _> = serde_json::from_slice(&body);
    let PreviewBody { target, settings: document } =
        body.map_err(|error| Problem::of(MALFORMED).detail(error))?;
    let whom = match (target.as_str(), target.strip_prefix("group/")) {
        ("all", _) => Whom::All,
        (_, Some(key)) => Whom::Group(key.to_owned()),
        (_, None) => Whom::Store(target),
    };
    let trying = Some(Trying { whom, document });
    Ok(Json(settings::in_force(&context, &code, trying).await?))
}

/// Whether a store is there, and what became of its settings.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/standing", tag = "stores",
    params(("code" = String, Path, description = "the store's code")),
    responses((status = 200, body = StandingShape), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn show_standing(
    State(context): State<Context>,
    Path(code): Path<String>,
) -> Result<Json<StandingShape>, Problem> {
    Ok(Json(settings::standing_of(&context, &code).await?))
}

/// Whether every store is there, and what became of its settings.
#[utoipa::path(
    get, path = "/hq/v1/standings", tag = "stores",
    responses((status = 200, body = Vec<StandingShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_standings(
    State(context): State<Context>,
) -> Result<Json<Vec<StandingShape>>, Problem> {
    Ok(Json(settings::list_standings(&context).await?))
}
