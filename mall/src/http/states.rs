//! How stores stand between themselves and the mall, for HQ's page.
//!
//! **Invariant:** reads only; the shapes are `hq`'s.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::time::StoreClock;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    guard::Staff,
    hq::query,
    problem::{MALFORMED, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    db::{day_seals::Month, staff::Rights},
    hq::{self, Asked, CalendarDayShape, Only, StatePage, StoreTroublePage},
};

/// Who a token is, and what it may do besides reading.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
pub(super) struct HolderShape {
    /// Whose it is.
    name: String,
    /// Whether rules may be put in force.
    may_save_rules: bool,
    /// Whether things may be set in stores, groups changed and commands given.
    may_save_settings: bool,
    /// Whether members may be changed and coupons issued.
    may_manage_members: bool,
}

/// Who the caller's token is, and what it may do besides reading.
#[utoipa::path(
    get, path = "/hq/v1/me", tag = "stores",
    responses((status = 200, body = HolderShape)),
    security(("staff" = []))
)]
pub(super) async fn show_me(
    Extension(Staff(name)): Extension<Staff>,
    Extension(rights): Extension<Rights>,
) -> Json<HolderShape> {
    let Rights { may_save_rules, may_save_settings, may_manage_members } = rights;
    Json(HolderShape { name, may_save_rules, may_save_settings, may_manage_members })
}

/// What part of the troubles.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TroublesQuery {
    /// Only this store's, by its code.
    store: Option<String>,
    /// Only of this kind, by its word.
    kind: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What all stores say is wrong with them, the most pressing first, of those the newest.
#[utoipa::path(
    get, path = "/hq/v1/troubles", tag = "stores",
    params(TroublesQuery),
    responses((status = 200, body = StoreTroublePage), (status = 404, description = "no such store")),
    security(("staff" = []))
)]
pub(super) async fn list_store_troubles(
    State(context): State<Context>,
    asked: Result<Query<TroublesQuery>, QueryRejection>,
) -> Result<Json<StoreTroublePage>, Problem> {
    let TroublesQuery { store, kind, limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::store_troubles(&context, (store.as_deref(), kind.as_deref()), &asked).await?))
}

/// What part of the stores.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatesQuery {
    /// Part of a code or a name; all stores if not said.
    #[serde(default)]
    query: String,
    /// `away`: those whose node is not there; `troubled`: those that say something is wrong; all if
    /// not said.
    #[serde(default)]
    only: String,
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// How each store stands between itself and the mall, by code.
#[utoipa::path(
    get, path = "/hq/v1/states", tag = "stores",
    params(StatesQuery),
    responses((status = 200, body = StatePage)),
    security(("staff" = []))
)]
pub(super) async fn list_states(
    State(context): State<Context>,
    asked: Result<Query<StatesQuery>, QueryRejection>,
) -> Result<Json<StatePage>, Problem> {
    let StatesQuery { query: text, only, limit, after } = query(asked)?;
    let only = Only::from_word(&only)
        .ok_or_else(|| Problem::of(MALFORMED).detail("`only` is `away` or `troubled`"))?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(hq::states(&context, (&text, only), &asked).await?))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DaysQuery {
    /// The calendar month, `YYYY-MM`; this one if not said.
    #[param(example = "2026-11")]
    month: Option<String>,
}

/// The business dates of a month of which a store told anything, oldest first.
#[utoipa::path(
    get, path = "/hq/v1/stores/{code}/days", tag = "orders",
    params(("code" = String, Path, description = "the store's code"), DaysQuery),
    responses(
        (status = 200, body = Vec<CalendarDayShape>),
        (status = 404, description = "no such store")
    ),
    security(("staff" = []))
)]
pub(super) async fn list_days(
    State(context): State<Context>,
    Path(code): Path<String>,
    asked: Result<Query<DaysQuery>, QueryRejection>,
) -> Result<Json<Vec<CalendarDayShape>>, Problem> {
    let DaysQuery { month } = query(asked)?;
    let month = match month {
        Some(text) => Month::read(&text),
        None => Some(Month::of(StoreClock::default().business_date(context.now()))),
    };
    let month = month.ok_or_else(|| Problem::of(MALFORMED).detail("a month is `YYYY-MM`"))?;
    Ok(Json(hq::days(&context, &code, &month).await?))
}
