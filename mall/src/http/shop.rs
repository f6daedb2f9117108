//! What an online shop calls: price a cart, place an order for pickup, look, take it back.
//!
//! **Invariant:** a shop sees its own orders alone.

use axum::{Extension, Json, body::Bytes, extract::State, http::StatusCode};
use uuid::Uuid;

use super::{
    edge::json,
    guard::Shop,
    problem::{NOT_FOUND, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    pickup::{self, OnlineShape, QuoteShape},
};

fn id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::of(NOT_FOUND))
}

/// `POST /shop/v1/quotes`.
pub(super) async fn quote(
    State(context): State<Context>,
    body: Bytes,
) -> Result<Json<QuoteShape>, Problem> {
    Ok(Json(pickup::quote(&context, &json(&body)?).await?))
}

/// `POST /shop/v1/orders`.
pub(super) async fn place(
    State(context): State<Context>,
    Extension(Shop(shop)): Extension<Shop>,
    body: Bytes,
) -> Result<(StatusCode, Json<OnlineShape>), Problem> {
    let placed = pickup::place(&context, &shop, &json(&body)?).await?;
    Ok((StatusCode::CREATED, Json(placed)))
}

/// `GET /shop/v1/orders/{order}`.
pub(super) async fn show(
    State(context): State<Context>,
    Extension(Shop(shop)): Extension<Shop>,
    Path(order): Path<String>,
) -> Result<Json<OnlineShape>, Problem> {
    Ok(Json(pickup::show(&context, &shop, id(&order)?).await?))
}

/// `POST /shop/v1/orders/{order}/cancellation`.
pub(super) async fn cancel(
    State(context): State<Context>,
    Extension(Shop(shop)): Extension<Shop>,
    Path(order): Path<String>,
) -> Result<Json<OnlineShape>, Problem> {
    Ok(Json(pickup::cancel(&context, &shop, id(&order)?).await?))
}

/// `POST /shop/v1/orders/{order}/refunds/{refund}`.
pub(super) async fn refunded(
    State(context): State<Context>,
    Extension(Shop(shop)): Extension<Shop>,
    Path((order, refund)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<OnlineShape>, Problem> {
    let of = (id(&order)?, id(&refund)?);
    Ok(Json(pickup::refunded(&context, &shop, of, &json(&body)?).await?))
}
