//! Goods of online orders that come back in stores: what stores ask for, and what HQ reads.
//!
//! **Invariant:** any store may take any order's goods back; what it is told of a shopper are masks.

use axum::{Extension, Json, body::Bytes, extract::State};
use sync::wire::{OnlineOrderV1, OnlineReturnV1};

use super::{edge::json, guard::Caller, problem::Problem};
use crate::{
    context::Context,
    hq::{self, OnlineReturnShape, RefundDueShape},
    online_return,
};

/// `POST /edge/v1/online-orders`.
pub(super) async fn look(
    State(context): State<Context>,
    body: Bytes,
) -> Result<Json<OnlineOrderV1>, Problem> {
    Ok(Json(online_return::look(&context, &json(&body)?).await?))
}

/// `POST /edge/v1/online-returns`.
pub(super) async fn take_back(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<OnlineReturnV1>, Problem> {
    Ok(Json(online_return::take_back(&context, edge.store, &json(&body)?).await?))
}

/// Goods of online orders that came back in stores, newest first, at most 200.
#[utoipa::path(
    get, path = "/hq/v1/online-returns", tag = "pickups",
    responses((status = 200, body = Vec<OnlineReturnShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_online_returns(
    State(context): State<Context>,
) -> Result<Json<Vec<OnlineReturnShape>>, Problem> {
    Ok(Json(hq::online_returns(&context).await?))
}

/// Money that shops have to give back to their shoppers, the longest waiting first, at most 200. What
/// a shop said it gave back is not in it any more.
#[utoipa::path(
    get, path = "/hq/v1/refunds-due", tag = "pickups",
    responses((status = 200, body = Vec<RefundDueShape>)),
    security(("staff" = []))
)]
pub(super) async fn list_refunds_due(
    State(context): State<Context>,
) -> Result<Json<Vec<RefundDueShape>>, Problem> {
    Ok(Json(hq::refunds_due(&context).await?))
}
