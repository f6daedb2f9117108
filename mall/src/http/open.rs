//! What anyone may call: is it alive, is it ready, what does a problem mean.
//!
//! **Invariant:** nothing here tells what the mall holds.

use axum::{extract::State, http::StatusCode};

use super::{
    problem::{BUSY, KINDS, NOT_FOUND, Problem},
    segments::Path,
};
use crate::{context::Context, db::scope};

/// `GET /livez`: the program answers.
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers too.
pub(super) async fn readyz(State(context): State<Context>) -> Result<&'static str, Problem> {
    let mut tx = context.db().read("look whether the database answers").await?;
    match scope::head(&mut tx, sync::replica::Scope::Catalog).await? {
        Some(_) => Ok("ready\n"),
        None => Err(Problem::of(BUSY)),
    }
}

/// `GET /problems/{slug}`: what a problem means.
pub(super) async fn problem(Path(slug): Path<String>) -> Result<String, Problem> {
    let found = KINDS.iter().find(|kind| kind.slug == slug);
    let kind = found.ok_or_else(|| Problem::of(NOT_FOUND))?;
    Ok(format!("{}\n{}\n", kind.status, kind.title))
}

/// Any path that is none of ours.
pub(super) async fn nothing() -> (StatusCode, Problem) {
    (StatusCode::NOT_FOUND, Problem::of(NOT_FOUND))
}
