//! Coupons and vouchers of other houses: what stores ask for, and what HQ reads.
//!
//! **Invariant:** a store asks and hears only of its own; of a code only the last signs are in any
//! answer, and nothing of what its house gave for it.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{id::RedemptionId, redemption::RedemptionState};
use serde::Deserialize;
use sync::wire::{LookUpV1, RedemptionV1};
use utoipa::IntoParams;

use super::{edge::json, guard::Caller, hq::query, payments::id, problem::Problem, segments::Path};
use crate::{
    context::Context,
    hq::{self, Asked, RedemptionPage},
    redemption,
};

/// `POST /edge/v1/redemptions`.
pub(super) async fn look_up(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<RedemptionV1>, Problem> {
    let asked: LookUpV1 = json(&body)?;
    Ok(Json(redemption::look_up(&context, edge.store, &asked).await?))
}

/// `GET /edge/v1/redemptions/{redemption}`.
pub(super) async fn show(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(redemption): Path<String>,
) -> Result<Json<RedemptionV1>, Problem> {
    let redemption: RedemptionId = id(&redemption)?;
    Ok(Json(redemption::standing(&context, edge.store, redemption).await?))
}

/// `POST /edge/v1/redemptions/{redemption}/use`.
pub(super) async fn redeem(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(redemption): Path<String>,
    body: Bytes,
) -> Result<Json<RedemptionV1>, Problem> {
    let redemption: RedemptionId = id(&redemption)?;
    Ok(Json(redemption::redeem(&context, edge.store, redemption, json(&body)?).await?))
}

/// `POST /edge/v1/redemptions/{redemption}/reversal`.
pub(super) async fn reverse(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(redemption): Path<String>,
) -> Result<Json<RedemptionV1>, Problem> {
    let redemption: RedemptionId = id(&redemption)?;
    Ok(Json(redemption::reverse(&context, edge.store, redemption).await?))
}

/// What part of the redemptions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RedemptionsQuery {
    /// Only this store's, by its code.
    store: Option<String>,
    /// Only those that stand so: `looked_up`, `pending`, `redeemed`, `refused`, `reversing`,
    /// `reversed` or `kept`.
    #[param(value_type = Option<String>, example = "redeemed")]
    state: Option<RedemptionState>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Coupons and vouchers of other houses, newest first.
#[utoipa::path(
    get, path = "/hq/v1/redemptions", tag = "redemptions",
    params(RedemptionsQuery),
    responses((status = 200, body = RedemptionPage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_redemptions(
    State(context): State<Context>,
    asked: Result<Query<RedemptionsQuery>, QueryRejection>,
) -> Result<Json<RedemptionPage>, Problem> {
    let RedemptionsQuery { store, state, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::redemptions(&context, store.as_deref(), state, &asked).await?))
}
