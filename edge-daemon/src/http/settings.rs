//! Settings as they are in force in this store.

use axum::{Json as Answer, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{App, caller::AnyManager};
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
    /// Who says so: `store`, `group/<key>`, `all`, `set_up` or `default`.
    origin: String,
}

/// Every setting as it is in force here, with who says so. A manager at any workstation.
#[utoipa::path(get, path = "/api/v1/settings", operation_id = "settings_in_force",
    responses((status = 200, body = Vec<SettingBody>)))]
pub(super) async fn list(State(app): State<App>, _: AnyManager) -> Answer<Vec<SettingBody>> {
    let rows = settings::rows(&app.context).into_iter();
    let rows = rows.map(|settings::Row { key, value, origin }| SettingBody { key, value, origin });
    Answer(rows.collect())
}
