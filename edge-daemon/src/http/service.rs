//! The daemon about itself: version, health, description, what a problem means.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App, assets,
    problem::{self, Problem},
};

/// Which program this is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionBody {
    version: &'static str,
    /// Differs whenever the screens do.
    build: &'static str,
}

/// Which program this is. Anybody.
#[utoipa::path(get, path = "/api/v1/version", responses((status = 200, body = VersionBody)))]
pub(super) async fn version() -> Json<VersionBody> {
    Json(VersionBody { version: env!("CARGO_PKG_VERSION"), build: assets::build() })
}

/// Ready is: the ledger answers, there is a catalog to sell from, and every workstation has its
/// screens.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let context = &app.context;
    let answers = context.ledger.read(crate::db::outbox::backlog).await.is_ok();
    let is_staffed = context.store.load().is_some()
        && context
            .workstations
            .load()
            .iter()
            .all(|workstation| context.screens.follow(workstation.number).is_some());
    if answers && is_staffed && context.replicas.catalog().is_some() {
        "ready".into_response()
    } else {
        Problem::from(&crate::refusal::Refusal::NoCatalog).into_response()
    }
}

/// What a problem means, for people.
pub(super) async fn explain(Path(slug): Path<String>, headers: HeaderMap) -> Response {
    match problem::page(&slug, &headers) {
        Some(page) => Html(page).into_response(),
        None => Problem::plain("not-found", StatusCode::NOT_FOUND).into_response(),
    }
}
