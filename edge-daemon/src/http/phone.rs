//! What a shopper's own phone may call: join, look an item up, build its cart, show it to a till.
//!
//! Who may call is an argument here too: `Stranger` is any phone, at the pace of a visitor, `Phone` one
//! that has joined, counted by itself. The one call of a till is `take_in`.

mod shapes;
#[cfg(test)]
mod strangers;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    Json as Answer,
    extract::{ConnectInfo, FromRequestParts, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    cart::{Addition, Cart, Measure},
    id::PhoneId,
    quantity::Quantity,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json, command, id},
    caller::{Operator, Visitor, cookie},
    problem::{Language, LanguageQuery, Problem, Wanted},
    workstation::{LineOf, Viewed, viewed},
};
use crate::{
    checkout::{self, CheckoutError},
    context::mint,
    db::{DbError, catalog},
    phone::{self, Caller, Edit, refusal::PhoneRefusal, token},
    refusal::Refusal,
};
use shapes::{PhoneItemView, PhoneView};

/// No phone sends more.
pub(super) const BODY_BYTES_MAX: usize = 16_384;
/// The cookie of a phone.
pub(super) const COOKIE: &str = "guitai_phone";
/// Variants of one style that a phone lists.
const VARIANTS_MAX: u32 = 60;

/// A phone of somebody in the store, joined or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stranger {
    address: IpAddr,
    known: Option<PhoneId>,
}

impl FromRequestParts<App> for Stranger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Visitor::from_request_parts(parts, app).await?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let (keys, now) = (&app.context.phones.keys, app.context.clock.now());
        let known = cookie(&parts.headers, COOKIE).and_then(|text| keys.read_cookie(text, now));
        Ok(Self { address, known })
    }
}

/// A phone that has joined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phone(Caller);

impl FromRequestParts<App> for Phone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Stranger { address, known } = Stranger::from_request_parts(parts, app).await?;
        let phones = &app.context.phones;
        // Where phones are not let in any more, those that were are strangers too.
        let known = known.filter(|_| phones.are_welcome());
        let required = || Problem::plain("phone-join", StatusCode::UNAUTHORIZED);
        let phone = known.ok_or_else(required)?;
        phones.called_by(phone, app.context.clock.now()).map_err(Refusal::Phone)?;
        Ok(Self(Caller { phone, address }))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

/// What a screen of the store showed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinBody {
    /// The `j` of the link.
    token: String,
}

/// Which item.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct CodeQuery {
    /// A barcode as it was read or typed, or a 货号.
    code: String,
}

/// Something for the phone's cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneAddBody {
    /// Made by the phone; a repeat has no further effect.
    id: Uuid,
    /// A barcode or a 货号.
    code: String,
    /// How many packs, in thousandths; one by itself.
    quantity_milli: Option<i64>,
}

/// How many of a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneCountBody {
    /// Made by the phone; a repeat has no further effect.
    id: Uuid,
    /// Thousandths.
    quantity_milli: i64,
}

/// Four digits of a phone's cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeInBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// Four digits.
    code: String,
}

type PhoneViewed = Result<Answer<PhoneView>, Problem>;

async fn seen(app: &App, phone: PhoneId, language: Language) -> PhoneViewed {
    let cart = phone::cart_of(&app.context, phone).await?;
    Ok(Answer(shapes::view(&app.context, cart.as_ref(), language)?))
}

/// Joins the store's pages. A phone that shows what a screen of the store has just shown.
#[utoipa::path(post, path = "/api/v1/phone/session", operation_id = "phone_join", params(LanguageQuery),
    request_body = JoinBody, responses((status = 200, body = PhoneView)))]
pub(super) async fn join(
    State(app): State<App>,
    who: Stranger,
    Wanted(language): Wanted,
    body: Json<JoinBody>,
) -> Result<Response, Problem> {
    if !app.context.phones.are_welcome() {
        return Err(Problem::plain("not-found", StatusCode::NOT_FOUND));
    }
    let joined = phone::join(&app.context, who.address, &body.value.token, who.known);
    let phone = joined.map_err(Refusal::Phone)?;
    let view = seen(&app, phone, language).await?;
    let until = app.context.clock.now().plus_ms(token::PHONE_MS);
    let value = app.context.phones.keys.cookie(phone, until);
    let mut headers = HeaderMap::new();
    let text = format!(
        "{COOKIE}={value}; Path=/api/v1/phone; HttpOnly; SameSite=Strict; Max-Age={}",
        token::PHONE_MS / 1_000
    );
    // Hexadecimal digits and points always make a header.
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::SET_COOKIE, value);
    }
    Ok((headers, view).into_response())
}

/// The phone's own cart and what it costs now. A phone that has joined.
#[utoipa::path(get, path = "/api/v1/phone/view", operation_id = "phone_view", params(LanguageQuery),
    responses((status = 200, body = PhoneView)))]
pub(super) async fn view(
    State(app): State<App>,
    Phone(who): Phone,
    Wanted(language): Wanted,
) -> PhoneViewed {
    seen(&app, who.phone, language).await
}

/// The item of a code: what it costs now and why, and its variants. A phone that has joined.
#[utoipa::path(get, path = "/api/v1/phone/item", operation_id = "phone_item", params(CodeQuery, LanguageQuery),
    responses((status = 200, body = PhoneItemView)))]
pub(super) async fn item(
    State(app): State<App>,
    _: Phone,
    Wanted(language): Wanted,
    Query(CodeQuery { code }): Query<CodeQuery>,
) -> Result<Answer<PhoneItemView>, Problem> {
    let weighed = Refusal::Phone(PhoneRefusal::Weighed);
    let (item, pack) = match phone::look_up(&app.context, &code) {
        Ok((item, _)) if item.unit == domain::catalog::Unit::Kg => return Err(weighed.into()),
        found => found?,
    };
    let style = item.style.clone();
    let replica = app.context.replicas.catalog().ok_or(Refusal::NoCatalog)?;
    let variants = tokio::task::spawn_blocking(move || {
        replica.read(|db| catalog::of_style(db, &style, VARIANTS_MAX))
    })
    .await
    .unwrap_or(Err(DbError::Closed))?;
    let mut cart = Cart::open(mint(), 0);
    let measure = Measure::Given(Quantity::ONE);
    cart.add(Addition { line: mint(), item, measure }).map_err(CheckoutError::from)?;
    let priced = phone::priced(&app.context, cart)?;
    let missing = || Problem::plain("internal", StatusCode::INTERNAL_SERVER_ERROR);
    shapes::item(&priced, pack, &variants, language).map(Answer).ok_or_else(missing)
}

/// Puts an item into the phone's cart. A phone that has joined.
#[utoipa::path(post, path = "/api/v1/phone/cart/lines", operation_id = "phone_add", params(LanguageQuery),
    request_body = PhoneAddBody, responses((status = 200, body = PhoneView)))]
pub(super) async fn add(
    State(app): State<App>,
    Phone(who): Phone,
    Wanted(language): Wanted,
    body: Json<PhoneAddBody>,
) -> PhoneViewed {
    let PhoneAddBody { id: command, code, quantity_milli } = body.value;
    let (item, pack) = phone::look_up(&app.context, &code)?;
    if item.unit == domain::catalog::Unit::Kg {
        return Err(Refusal::Phone(PhoneRefusal::Weighed).into());
    }
    let packs = quantity_milli.map_or(Quantity::ONE, Quantity::from_milli);
    let edit = Edit::Add(Box::new(item), packs.packs_of(pack));
    phone::edit(&app.context, who, id(command), edit).await?;
    seen(&app, who.phone, language).await
}

/// Sets how many there are of a line of the phone's cart. A phone that has joined.
#[utoipa::path(patch, path = "/api/v1/phone/cart/lines/{line}", operation_id = "phone_count",
    params(("line" = Uuid, Path), LanguageQuery), request_body = PhoneCountBody,
    responses((status = 200, body = PhoneView)))]
pub(super) async fn count(
    State(app): State<App>,
    Phone(who): Phone,
    LineOf(line): LineOf,
    Wanted(language): Wanted,
    body: Json<PhoneCountBody>,
) -> PhoneViewed {
    let PhoneCountBody { id: command, quantity_milli } = body.value;
    let edit = Edit::Count(line, Quantity::from_milli(quantity_milli));
    phone::edit(&app.context, who, id(command), edit).await?;
    seen(&app, who.phone, language).await
}

/// Takes a line out of the phone's cart. A phone that has joined.
#[utoipa::path(delete, path = "/api/v1/phone/cart/lines/{line}", operation_id = "phone_remove",
    params(("line" = Uuid, Path), IdQuery, LanguageQuery),
    responses((status = 200, body = PhoneView)))]
pub(super) async fn remove(
    State(app): State<App>,
    Phone(who): Phone,
    LineOf(line): LineOf,
    Query(IdQuery { id: command }): Query<IdQuery>,
    Wanted(language): Wanted,
) -> PhoneViewed {
    phone::edit(&app.context, who, id(command), Edit::Remove(line)).await?;
    seen(&app, who.phone, language).await
}

/// Gives the phone's cart four digits and a QR for a till. A phone that has joined.
#[utoipa::path(post, path = "/api/v1/phone/cart/code", operation_id = "phone_show", params(LanguageQuery),
    request_body = IdBody, responses((status = 200, body = PhoneView)))]
pub(super) async fn show(
    State(app): State<App>,
    Phone(who): Phone,
    Wanted(language): Wanted,
    body: Json<IdBody>,
) -> PhoneViewed {
    phone::edit(&app.context, who, id(body.value.id), Edit::Show).await?;
    seen(&app, who.phone, language).await
}

/// Takes a phone's cart in by its four digits: its lines come onto the counter, marked 手机, and it
/// is closed. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/cart/phone",
    params(("number" = u16, Path)), request_body = TakeInBody,
    responses((status = 200, body = super::view::OperatorView)))]
pub(super) async fn take_in(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<TakeInBody>,
) -> Viewed {
    let TakeInBody { id, code } = body.value;
    let command = command(who.workstation, id, body.hash);
    checkout::take_in(&app.context, command, &code).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}
