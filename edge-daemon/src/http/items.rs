//! Find.

use axum::{
    Json as Answer,
    extract::{Query, State},
};
use domain::find::FOUND_MAX;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{App, body::MoneyBody, caller::Staff, problem::Problem, view::UnitView};
use crate::{
    db::{
        DbError,
        find::{self, Found},
    },
    refusal::Refusal,
};

/// A question to Find.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct FindQuery {
    /// A name, 货号, the end of a barcode, 拼音 initials or full 拼音.
    query: String,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

/// The best answers, best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundBody {
    items: Vec<ItemBody>,
    /// There are more: type another sign.
    more: bool,
}

/// An item that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemBody {
    sku: String,
    /// Its first barcode in 14 digits, or empty.
    code: String,
    name: String,
    spec: String,
    unit: UnitView,
    style: String,
    colour: String,
    size: String,
    list_price: MoneyBody,
}

impl From<Found> for ItemBody {
    fn from(found: Found) -> Self {
        let (item, code) = (found.item, found.code);
        Self {
            spec: item.spec_line(),
            sku: item.sku,
            code,
            name: item.name,
            unit: item.unit.into(),
            style: item.style,
            colour: item.colour,
            size: item.size,
            list_price: item.list_price.into(),
        }
    }
}

/// Finds items by what somebody typed. Whoever is signed in.
#[utoipa::path(get, path = "/api/v1/items", params(FindQuery),
    responses((status = 200, body = FoundBody)))]
pub(super) async fn find(
    State(app): State<App>,
    _: Staff,
    Query(FindQuery { query, limit }): Query<FindQuery>,
) -> Result<Answer<FoundBody>, Problem> {
    let catalog = app.context.replicas.catalog().ok_or(Problem::from(&Refusal::NoCatalog))?;
    let found = tokio::task::spawn_blocking(move || catalog.read(|db| find::items(db, &query)))
        .await
        .unwrap_or(Err(DbError::Closed));
    let (found, is_more) = found?;
    let limit = limit.unwrap_or(FOUND_MAX).min(FOUND_MAX);
    let more = is_more || found.len() > limit;
    Ok(Answer(FoundBody { items: found.into_iter().take(limit).map(Into::into).collect(), more }))
}
