//! An item that the store lacks: which others have it, and set aside there. A kiosk asks; the mall
//! knows, promises and makes the code.
//!
//! **Invariant:** nothing of it is kept here: code and token are said once, to the screen that asked.

use axum::{
    Json as Answer,
    extract::{Query, State},
    http::StatusCode,
};
use domain::id::PickupId;
use serde::{Deserialize, Serialize};
use sync::wire::{ASIDE_PIECES_MAX, AsideV1, ElsewhereV1, SetAsideV1};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{App, body::Json, caller::Kiosk, problem::Problem};
use crate::uplink::{elsewhere, rights::Told};

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ElsewhereQuery {
    /// 货号.
    sku: String,
    /// 1 to 3; 1 if not said.
    pieces: Option<u32>,
}

/// Stores that have an item, those with most of it first; at most five.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElsewhereBody {
    stores: Vec<StoreFoundBody>,
    /// So many pieces are set aside at most.
    pieces_max: u32,
}

/// A store that has an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoreFoundBody {
    /// Its code.
    store: String,
    name: String,
    /// Pieces that could be promised now.
    available: u32,
}

/// What is to be set aside, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAsideBody {
    /// Made by the caller; the same again is the same order.
    id: Uuid,
    /// The code of the store that has it.
    store: String,
    /// 货号.
    sku: String,
    /// 1 to 3.
    pieces: u32,
}

/// What is set aside, for its shopper alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AsideBody {
    /// What shopper and store call it.
    number: String,
    /// Until when it is kept.
    until: String,
    /// Eight digits to be read out there.
    code: String,
    /// The same to be shown as a QR code.
    token: String,
}

impl From<AsideV1> for AsideBody {
    fn from(AsideV1 { number, until, code, token }: AsideV1) -> Self {
        Self { number, until: until.to_string(), code, token }
    }
}

/// What the mall said, or why nothing came of it.
fn said<T>(told: Told<T>) -> Result<T, Problem> {
    let plain = Problem::plain;
    Err(match told {
        Told::Says(says) => return Ok(says),
        Told::NeverLeft => plain("elsewhere-unreachable", StatusCode::SERVICE_UNAVAILABLE),
        Told::Silence => plain("elsewhere-silent", StatusCode::SERVICE_UNAVAILABLE),
        Told::TurnedAway(word) if word == "set-aside-full" => {
            plain("set-aside-full", StatusCode::CONFLICT)
        }
        Told::Unknown | Told::TurnedAway(_) => plain("not-elsewhere", StatusCode::CONFLICT),
    })
}

/// Which other stores have an item. The kiosk's screen.
#[utoipa::path(get, operation_id = "elsewhere", path = "/api/v1/kiosks/{number}/elsewhere",
    params(("number" = u16, Path), ElsewhereQuery),
    responses((status = 200, body = ElsewhereBody)))]
pub(super) async fn find(
    State(app): State<App>,
    _: Kiosk,
    Query(ElsewhereQuery { sku, pieces }): Query<ElsewhereQuery>,
) -> Result<Answer<ElsewhereBody>, Problem> {
    let asked = ElsewhereV1 { sku, pieces: pieces.unwrap_or(1) };
    let told = elsewhere::find(&app.context, &asked).await;
    // A question changes nothing: whether it was heard does not matter.
    let found = said(if told == Told::Silence { Told::NeverLeft } else { told })?;
    let stores = found.stores.into_iter().map(|one| StoreFoundBody {
        store: one.store,
        name: one.name,
        available: one.available,
    });
    Ok(Answer(ElsewhereBody { stores: stores.collect(), pieces_max: ASIDE_PIECES_MAX }))
}

/// Sets an item aside in another store, for a shopper who pays there. The kiosk's screen.
#[utoipa::path(post, operation_id = "set_aside", path = "/api/v1/kiosks/{number}/set-asides",
    params(("number" = u16, Path)), request_body = SetAsideBody,
    responses((status = 200, body = AsideBody)))]
pub(super) async fn set_aside(
    State(app): State<App>,
    _: Kiosk,
    body: Json<SetAsideBody>,
) -> Result<Answer<AsideBody>, Problem> {
    let SetAsideBody { id, store, sku, pieces } = body.value;
    let asked = SetAsideV1 { id: PickupId::from_uuid(id), store, sku, pieces };
    Ok(Answer(said(elsewhere::set_aside(&app.context, &asked).await)?.into()))
}
