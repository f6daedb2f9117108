//! Who buys at a workstation, what of theirs shall pay, and the brand's own coupons. Each answers with
//! the new view.

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json, MoneyBody, command, id},
    caller::{Kiosk, Operator},
    kiosk,
    problem::Problem,
    rights::Named,
    view::OperatorView,
    workstation::{Viewed, viewed},
};
use crate::{coupon, member, rights::Secret};
use domain::{money::Money, pricing::check::RULE_POINTS_MAX};
use sync::chain::Hash;

/// What a shopper showed or said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// The cart's order id.
    order_id: Uuid,
    /// A phone number, or the code that the shopper shows. It is sent once and written nowhere.
    code: Secret,
}

/// Points that shall pay.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PointsBody {
    /// Made by the caller.
    id: Uuid,
    /// At most so many; 0 for none.
    points: i64,
}

/// Balance that shall pay.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BalanceBody {
    /// Made by the caller.
    id: Uuid,
    /// At most so much; nothing for none.
    amount: MoneyBody,
}

/// The wish of a body. What was shown is no part of what is remembered of it.
fn wish(who: &Operator, body: ShownBody) -> member::Wish {
    let ShownBody { id: wished, order_id, code } = body;
    let command = command(who.workstation, wished, Hash::GENESIS);
    member::Wish { command, order: Some(id(order_id)), shown: code }
}

/// Says who buys: by a phone number, or by the member's own code. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/member",
    params(("number" = u16, Path)), request_body = ShownBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn identify(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<ShownBody>,
) -> Viewed {
    member::identify(&app.context, wish(&who, body.value)).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Takes the member off the cart. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/member",
    params(("number" = u16, Path), IdQuery), responses((status = 200, body = OperatorView)))]
pub(super) async fn forget(
    State(app): State<App>,
    who: Operator,
    Query(IdQuery { id }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let command = command(who.workstation, id, Hash::of(b"forget member"));
    member::forget(&app.context, command).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Sets with how many points the member pays. The operator of the workstation.
#[utoipa::path(put, path = "/api/v1/workstations/{number}/member/points",
    params(("number" = u16, Path)), request_body = PointsBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn set_points(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<PointsBody>,
) -> Viewed {
    let PointsBody { id, points } = body.value;
    if !(0..=RULE_POINTS_MAX).contains(&points) {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    let command = command(who.workstation, id, body.hash);
    member::set_points(&app.context, command, points).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Sets with how much of their prepaid balance the member pays. The operator of the workstation.
#[utoipa::path(put, path = "/api/v1/workstations/{number}/member/balance",
    params(("number" = u16, Path)), request_body = BalanceBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn set_balance(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<BalanceBody>,
) -> Viewed {
    let amount = Money::from(body.value.amount);
    if amount < Money::ZERO {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    let command = command(who.workstation, body.value.id, body.hash);
    member::set_balance(&app.context, command, amount).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Puts a coupon of the brand's own beside the cart. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/coupons",
    params(("number" = u16, Path)), request_body = ShownBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn add_coupon(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<ShownBody>,
) -> Viewed {
    coupon::add(&app.context, wish(&who, body.value)).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Takes a coupon of the brand's own off the cart; it was not used. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/coupons/{named}",
    params(("number" = u16, Path), ("named" = Uuid, Path), IdQuery),
    responses((status = 200, body = OperatorView)))]
pub(super) async fn take_coupon_off(
    State(app): State<App>,
    who: Operator,
    coupon: Named,
    Query(IdQuery { id: wished }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    let command = command(who.workstation, wished, Hash::of(coupon.id().as_bytes()));
    coupon::take_off(&app.context, command, id(coupon.id())).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Takes the member off the cart. The kiosk's screen.
#[utoipa::path(delete, operation_id = "kiosk_forget_member",
    path = "/api/v1/kiosks/{number}/member", params(("number" = u16, Path), IdQuery),
    responses((status = 200, body = super::view::KioskView)))]
pub(super) async fn forget_at_kiosk(
    State(app): State<App>,
    screen: Kiosk,
    Query(IdQuery { id }): Query<IdQuery>,
    headers: HeaderMap,
) -> kiosk::Viewed {
    let command = command(screen.workstation, id, Hash::of(b"forget member"));
    member::forget(&app.context, command).await?;
    kiosk::viewed(&app, screen, &headers)
}

/// Claims the coupon that HQ gives to whoever comes, for the member who showed their code, and puts
/// it beside the cart; they have one at a time. The kiosk's screen.
#[utoipa::path(post, operation_id = "kiosk_claim", path = "/api/v1/kiosks/{number}/claims",
    params(("number" = u16, Path)), request_body = IdBody,
    responses((status = 200, body = super::view::KioskView)))]
pub(super) async fn claim_at_kiosk(
    State(app): State<App>,
    screen: Kiosk,
    headers: HeaderMap,
    body: Json<IdBody>,
) -> kiosk::Viewed {
    coupon::claim(&app.context, command(screen.workstation, body.value.id, body.hash)).await?;
    kiosk::viewed(&app, screen, &headers)
}

/// Takes a coupon of the brand's own off the cart; it was not used. The kiosk's screen.
#[utoipa::path(delete, operation_id = "kiosk_take_coupon_off",
    path = "/api/v1/kiosks/{number}/coupons/{named}",
    params(("number" = u16, Path), ("named" = Uuid, Path), IdQuery),
    responses((status = 200, body = super::view::KioskView)))]
pub(super) async fn take_coupon_off_at_kiosk(
    State(app): State<App>,
    screen: Kiosk,
    coupon: Named,
    Query(IdQuery { id: wished }): Query<IdQuery>,
    headers: HeaderMap,
) -> kiosk::Viewed {
    let command = command(screen.workstation, wished, Hash::of(coupon.id().as_bytes()));
    coupon::take_off(&app.context, command, id(coupon.id())).await?;
    kiosk::viewed(&app, screen, &headers)
}
