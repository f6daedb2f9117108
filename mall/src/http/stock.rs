//! What HQ reads about stock, and about online orders that wait in a store.
//!
//! **Invariant:** reads only.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{hq::query, problem::Problem, segments::Path};
use crate::{
    context::Context,
    hq::{self, Asked, PickupCaseShape},
    stock::{self, StockPage},
};

/// What part of a store's stock.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StockQuery {
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What a store has, by SKU: counted, promised, sold since, available.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/stock", tag = "stock",
    params(("code" = String, Path, description = "the store's code"), StockQuery),
    responses((status = 200, body = StockPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_stock(
    State(context): State<Context>,
    Path(code): Path<String>,
    asked: Result<Query<StockQuery>, QueryRejection>,
) -> Result<Json<StockPage>, Problem> {
    let StockQuery { limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(stock::list(&context, &code, &asked).await?))
}

/// Online orders that were handed over and should not have been, newest first, at most 200.
#[utoipa::path(
    get, path = "/hq/v1/pickups/cases", tag = "pickups",
    responses((status = 200, body = Vec<PickupCaseShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_pickup_cases(
    State(context): State<Context>,
) -> Result<Json<Vec<PickupCaseShape>>, Problem> {
    Ok(Json(hq::pickup_cases(&context).await?))
}
