//! Money and commands as they are written.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use domain::{
    id::{CommandId, Id},
    money::{CURRENCY, Money},
    receipt_number::WorkstationNumber,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sync::chain::Hash;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{App, problem::Problem};
use crate::checkout::Command;

/// An amount: minor units and their currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyBody {
    /// In fen.
    pub(crate) amount: i64,
    /// ISO 4217; always CNY.
    pub(crate) currency: Currency,
}

/// The currencies a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Currency {
    /// Renminbi.
    #[serde(rename = "CNY")]
    Cny,
}

const _: () = assert!(matches!(CURRENCY.as_bytes(), b"CNY"), "the wire knows one currency");

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.minor(), currency: Currency::Cny }
    }
}

impl From<MoneyBody> for Money {
    fn from(body: MoneyBody) -> Self {
        Self::from_minor(body.amount)
    }
}

/// A JSON body and what its bytes, with method and path, hash to.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(crate) hash: Hash,
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let asked = format!("{} {}\n", request.method(), request.uri().path());
        let is_json = request
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|_| Problem::plain("body-too-large", StatusCode::PAYLOAD_TOO_LARGE))?;
        let malformed = || Problem::plain("malformed", StatusCode::BAD_REQUEST);
        // A form of another site can send text; only a script of ours sends JSON.
        if !is_json {
            return Err(malformed());
        }
        let value = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let hash = Hash::of(&[asked.as_bytes(), &bytes].concat());
        Ok(Self { value, hash })
    }
}

/// A body that names only its own id.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdBody {
    /// Made by the caller; a repeat has no further effect.
    pub(crate) id: Uuid,
}

/// The id of a command without a body.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdQuery {
    /// Made by the caller; a repeat has no further effect.
    pub(crate) id: Uuid,
}

/// The identity of a command.
pub(super) fn command(workstation: WorkstationNumber, id: Uuid, body: Hash) -> Command {
    Command { workstation, id: CommandId::from_uuid(id), body }
}

/// An id of some kind from the wire.
pub(super) const fn id<K>(uuid: Uuid) -> Id<K> {
    Id::from_uuid(uuid)
}
