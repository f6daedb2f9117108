//! Pictures: HQ adds, looks at and removes them; stores fetch them.
//!
//! **Invariant:** what is sent as a picture is one, told by its content, and is never run as anything
//! else.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use sync::{chain::Hash, picture::PICTURE_BYTES_MAX};
use utoipa::IntoParams;

use super::{
    guard::{Staff, read_body},
    hq::query,
    problem::{INTERNAL, NOT_FOUND, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    pictures::{self, PictureShape},
};

fn named(text: &str) -> Result<Hash, Problem> {
    Hash::from_hex(text).ok_or_else(|| Problem::of(NOT_FOUND))
}

async fn give(context: &Context, name: &str) -> Result<Response, Problem> {
    let (kind, body) = pictures::body(context, named(name)?).await?;
    let kind = HeaderValue::from_str(&kind).map_err(|_| Problem::of(INTERNAL))?;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // A picture is named by its content.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
    ];
    Ok((headers, body).into_response())
}

/// `GET /edge/v1/pictures/{picture}`.
pub(super) async fn of_store(
    State(context): State<Context>,
    Path(picture): Path<String>,
) -> Result<Response, Problem> {
    give(&context, &picture).await
}

/// What people call a picture.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NameQuery {
    /// 1 to 80 signs.
    name: String,
}

/// Adds a picture for playlists: a JPEG, PNG or WebP, at most 1 MiB, at most 4,096 pixels a side. The
/// same one again is told as it was added first.
#[utoipa::path(
    post, path = "/hq/v1/pictures", tag = "settings", params(NameQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = PictureShape),
        (status = 403, description = "the token only reads"),
        (status = 413, description = "too large"),
        (status = 422, description = "no picture, no name, or too many are held")
    ),
    security(("staff" = []))
)]
pub(super) async fn add_picture(
    State(context): State<Context>,
    asked: Result<Query<NameQuery>, QueryRejection>,
    Extension(Staff(by)): Extension<Staff>,
    body: Body,
) -> Result<Json<PictureShape>, Problem> {
    let NameQuery { name } = query(asked)?;
    let body = read_body(body, PICTURE_BYTES_MAX).await?;
    Ok(Json(pictures::add(&context, &body, &name, &by).await?))
}

/// The pictures that are held, the newest first.
#[utoipa::path(
    get, path = "/hq/v1/pictures", tag = "settings",
    responses((status = 200, body = Vec<PictureShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_pictures(
    State(context): State<Context>,
) -> Result<Json<Vec<PictureShape>>, Problem> {
    Ok(Json(pictures::list(&context).await?))
}

/// A picture itself.
#[utoipa::path(
    get, path = "/hq/v1/pictures/{picture}", tag = "settings",
    params(("picture" = String, Path, description = "its SHA-256 in hexadecimal digits")),
    responses(
        (status = 200, description = "the picture", body = Vec<u8>, content_type = "image/png"),
        (status = 404, description = "no such picture")
    ),
    security(("staff" = []))
)]
pub(super) async fn show_picture(
    State(context): State<Context>,
    Path(picture): Path<String>,
) -> Result<Response, Problem> {
    give(&context, &picture).await
}

/// Removes a picture that no settings show that are desired.
#[utoipa::path(
    delete, path = "/hq/v1/pictures/{picture}", tag = "settings",
    params(("picture" = String, Path, description = "its SHA-256 in hexadecimal digits")),
    responses(
        (status = 204, description = "gone"),
        (status = 403, description = "the token only reads"),
        (status = 404, description = "no such picture"),
        (status = 409, description = "a playlist that is desired shows it")
    ),
    security(("staff" = []))
)]
pub(super) async fn remove_picture(
    State(context): State<Context>,
    Path(picture): Path<String>,
    Extension(Staff(by)): Extension<Staff>,
) -> Result<StatusCode, Problem> {
    pictures::remove(&context, named(&picture)?, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
