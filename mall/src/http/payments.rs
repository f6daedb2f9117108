//! Payments by code: what stores ask for, and what HQ reads.
//!
//! **Invariant:** a store asks and hears only of its own; a payment code is in no answer and in no
//! problem.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{
    id::{PaymentId, RefundId},
    payment::PaymentState,
};
use serde::Deserialize;
use sync::wire::{PaymentV1, RefundV1};
use utoipa::IntoParams;

use super::{
    edge::json,
    guard::Caller,
    hq::query,
    problem::{NOT_FOUND, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    hq::{self, Asked, PaymentPage},
    payment,
};

/// An id in a path; what is none is not there.
pub(super) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::of(NOT_FOUND))
}

/// `POST /edge/v1/payments`.
pub(super) async fn charge(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<PaymentV1>, Problem> {
    Ok(Json(payment::charge(&context, edge.store, json(&body)?).await?))
}

/// `GET /edge/v1/payments/{payment}`.
pub(super) async fn show(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(payment): Path<String>,
) -> Result<Json<PaymentV1>, Problem> {
    let payment: PaymentId = id(&payment)?;
    Ok(Json(payment::standing(&context, edge.store, payment).await?))
}

/// `POST /edge/v1/payments/{payment}/reversal`.
pub(super) async fn reverse(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(payment): Path<String>,
    body: Bytes,
) -> Result<Json<PaymentV1>, Problem> {
    let payment: PaymentId = id(&payment)?;
    Ok(Json(payment::reverse(&context, edge.store, payment, &json(&body)?).await?))
}

/// `POST /edge/v1/refunds`.
pub(super) async fn refund(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<RefundV1>, Problem> {
    Ok(Json(payment::refund(&context, edge.store, &json(&body)?).await?))
}

/// `GET /edge/v1/refunds/{refund}`.
pub(super) async fn show_refund(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(refund): Path<String>,
) -> Result<Json<RefundV1>, Problem> {
    let refund: RefundId = id(&refund)?;
    Ok(Json(payment::refund_standing(&context, edge.store, refund).await?))
}

/// What part of the payments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PaymentsQuery {
    /// Only this store's, by its code.
    store: Option<String>,
    /// Only those that stand so: `sent`, `paying`, `paid`, `refused`, `reversing` or `reversed`.
    #[param(value_type = Option<String>, example = "paid")]
    state: Option<PaymentState>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Payments by code, newest first. The house's own number is told by its last signs; `number` is
/// what stands in the house's bills as the merchant's own.
#[utoipa::path(
    get, path = "/hq/v1/payments", tag = "payments",
    params(PaymentsQuery),
    responses((status = 200, body = PaymentPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_payments(
    State(context): State<Context>,
    asked: Result<Query<PaymentsQuery>, QueryRejection>,
) -> Result<Json<PaymentPage>, Problem> {
    let PaymentsQuery { store, state, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::payments(&context, store.as_deref(), state, &asked).await?))
}
