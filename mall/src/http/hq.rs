//! What HQ reads.
//!
//! **Invariant:** reads only; the shapes are `hq`'s.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header::CONTENT_TYPE,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use sync::exposition;
use utoipa::IntoParams;

use super::{
    problem::{MALFORMED, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    hq::{
        self, Asked, DayShape, DriftPage, ItemPage, OrderPage, OrderShape, StoreShape, TroubleShape,
    },
};

pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    let told = |_| Problem::of(MALFORMED).detail("the query could not be understood");
    query.map(|Query(query)| query).map_err(told)
}

/// Figures of all stores, as Prometheus reads them.
#[utoipa::path(
    get, path = "/metrics", tag = "stores",
    responses((status = 200, description = "text exposition format 0.0.4")),
    security(("staff" = []))
)]
pub(super) async fn metrics(State(context): State<Context>) -> Result<Response, Problem> {
    let text = hq::figures(&context).await?;
    Ok(([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response())
}

/// Every store, with its workstations and edge nodes.
#[utoipa::path(
    get, path = "/hq/v1/stores", tag = "stores",
    responses((status = 200, body = Vec<StoreShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_stores(
    State(context): State<Context>,
) -> Result<Json<Vec<StoreShape>>, Problem> {
    Ok(Json(hq::stores(&context).await?))
}

/// What part of a store's orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OrdersQuery {
    /// Only this trading day, `YYYY-MM-DD`.
    #[param(value_type = Option<String>, example = "2026-11-21")]
    business_date: Option<domain::time::BusinessDate>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A store's orders, newest first.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/orders", tag = "orders",
    params(("code" = String, Path, description = "the store's code"), OrdersQuery),
    responses((status = 200, body = OrderPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_orders(
    State(context): State<Context>,
    Path(code): Path<String>,
    asked: Result<Query<OrdersQuery>, QueryRejection>,
) -> Result<Json<OrderPage>, Problem> {
    let OrdersQuery { business_date, limit, after } = query(asked)?;
    let asked = Asked { date: business_date, after, limit };
    Ok(Json(hq::orders(&context, &code, &asked).await?))
}

/// An order by its id or its receipt number, with lines and tenders.
#[utoipa::path(
    get, path = "/hq/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "the order's id or receipt number")),
    responses((status = 200, body = OrderShape), (status = 404, description = "no such order")),
    security(("staff" = []))
)]
pub(super) async fn show_order(
    State(context): State<Context>,
    Path(id): Path<String>,
) -> Result<Json<OrderShape>, Problem> {
    Ok(Json(hq::one(&context, &id).await?))
}

/// The sums of a store's trading day.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/days/{date}", tag = "orders",
    params(
        ("code" = String, Path, description = "the store's code"),
        ("date" = String, Path, description = "the trading day, `YYYY-MM-DD`")
    ),
    responses((status = 200, body = DayShape), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn show_day(
    State(context): State<Context>,
    Path((code, date)): Path<(String, String)>,
) -> Result<Json<DayShape>, Problem> {
    let date = date.parse().map_err(|error| Problem::of(MALFORMED).detail(error))?;
    Ok(Json(hq::day(&context, &code, date).await?))
}

/// What part of the items.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ItemsQuery {
    /// Part of a SKU, a name or its 拼音 initials, or a whole barcode; all items if not said.
    #[serde(default)]
    query: String,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Items on sale, by SKU.
#[utoipa::path(
    get, path = "/hq/v1/items", tag = "catalog",
    params(ItemsQuery),
    responses((status = 200, body = ItemPage)),
    security(("staff" = []))
)]
pub(super) async fn list_items(
    State(context): State<Context>,
    asked: Result<Query<ItemsQuery>, QueryRejection>,
) -> Result<Json<ItemPage>, Problem> {
    let ItemsQuery { query: text, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::items(&context, &text, &asked).await?))
}

/// Facts of a store that a person should look at, newest first, at most 200.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/troubles", tag = "orders",
    params(("code" = String, Path, description = "the store's code")),
    responses(
        (status = 200, body = Vec<TroubleShape>),
        (status = 404, description = "no such store")
    ),
    security(("staff" = []))
)]
pub(super) async fn list_troubles(
    State(context): State<Context>,
    Path(code): Path<String>,
) -> Result<Json<Vec<TroubleShape>>, Problem> {
    Ok(Json(hq::troubles(&context, &code).await?))
}

/// What part of the drifts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DriftsQuery {
    /// Only this store's, by its code.
    store: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Orders that came out otherwise when the mall priced them again, newest first.
#[utoipa::path(
    get, path = "/hq/v1/orders/drift", tag = "orders",
    params(DriftsQuery),
    responses((status = 200, body = DriftPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_drifts(
    State(context): State<Context>,
    asked: Result<Query<DriftsQuery>, QueryRejection>,
) -> Result<Json<DriftPage>, Problem> {
    let DriftsQuery { store, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::drifts(&context, store.as_deref(), &asked).await?))
}
