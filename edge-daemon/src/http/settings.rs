//! Settings as they are in force in this store.

use axum::{Json as Answer, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::Value;
use sync::wire::RoleV1;
use utoipa::ToSchema;

use super::{App, caller::Staff, problem::Problem};
use crate::settings;

/// A setting as it is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingBody {
    /// Group and name.
    #[schema(example = "tender.cash_rounding")]
    key: &'static str,
    /// What it is.
    #[schema(value_type = Object)]
    value: Value,
    /// Who says so: `store`, `all`, `set_up` or `default`.
    origin: &'static str,
}

/// Every setting as it is in force here, with who says so. A manager.
#[utoipa::path(get, path = "/api/v1/settings",
    responses((status = 200, body = Vec<SettingBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Staff(caller): Staff,
) -> Result<Answer<Vec<SettingBody>>, Problem> {
    match caller.operator.role {
        RoleV1::Manager => {}
        RoleV1::Cashier => return Err(Problem::plain("forbidden", StatusCode::FORBIDDEN)),
    }
    let rows = settings::rows(&app.context).into_iter();
    let rows = rows.map(|settings::Row { key, value, origin }| SettingBody { key, value, origin });
    Ok(Answer(rows.collect()))
}
