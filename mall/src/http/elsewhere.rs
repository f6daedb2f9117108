//! An item that a store lacks: which others have it, and set aside there.
//!
//! **Invariant:** a store asks for its own shoppers; of other stores it hears a name and a number.

use axum::{Extension, Json, body::Bytes, extract::State};
use sync::wire::{AsideV1, ElsewhereFoundV1};

use super::{edge::json, guard::Caller, problem::Problem};
use crate::{context::Context, pickup};

/// `POST /edge/v1/elsewhere`.
pub(super) async fn find(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<ElsewhereFoundV1>, Problem> {
    Ok(Json(pickup::find(&context, edge.store, &json(&body)?).await?))
}

/// `POST /edge/v1/set-asides`.
pub(super) async fn set_aside(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<AsideV1>, Problem> {
    Ok(Json(pickup::set_aside(&context, edge.store, &json(&body)?).await?))
}
