//! Payments by code, coupons and vouchers of a workstation, and orders that are undone. Each answers
//! with the new view; what another house says comes with a later one.

use axum::{
    Json as Answer,
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, request::Parts},
};
use domain::{
    id::{OrderId, PaymentId, RedemptionId},
    payment::PaymentMethod,
    redemption::IssuerName,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{IdBody, IdQuery, Json, MoneyBody, id},
    caller::{Manager, Operator},
    orders::OrderBody,
    problem::Problem,
    view::{IssuerView, MethodView, OperatorView},
    workstation::{REASON_CHARS_MAX, Viewed, viewed},
};
use crate::{
    payment::{self, Charge},
    post_void::{self, PostVoid},
    redemption::{self, Handling, LookUp},
    rights::{Choice, Secret},
};

/// A payment code that a shopper showed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentBody {
    /// The payment's id, made by the caller: a repeat charges nothing more.
    id: Uuid,
    /// The cart's order id.
    order_id: Uuid,
    /// The cart's revision as the operator saw it.
    cart_revision: u64,
    /// Whose code it is; by itself its digits tell.
    method: Option<MethodView>,
    /// The code. It is sent once and written nowhere.
    code: Secret,
    /// How much; by itself all that is left.
    amount: Option<MoneyBody>,
}

/// A coupon or voucher that a shopper showed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedemptionBody {
    /// Its id, made by the caller.
    id: Uuid,
    /// The cart's order id.
    order_id: Uuid,
    /// What was scanned or typed. It is sent once and written nowhere.
    code: Secret,
    /// Whose it is; by itself its form tells.
    issuer: Option<IssuerView>,
}

/// Which of the offers of a look-up shall be used.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoiceBody {
    /// Its place in the list of offers, from 0.
    offer: u16,
    /// How many of it, at least 1.
    count: u32,
}

/// Why an order is undone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostVoidBody {
    /// Made by the caller; a repeat has no further effect.
    id: Uuid,
    /// For HQ, at most 200 signs.
    reason: String,
}

/// An order that was undone, and the view after it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndoneBody {
    order: OrderBody,
    view: OperatorView,
}

impl From<MethodView> for PaymentMethod {
    fn from(method: MethodView) -> Self {
        match method {
            MethodView::Wechat => Self::Wechat,
            MethodView::Alipay => Self::Alipay,
        }
    }
}

impl From<IssuerView> for IssuerName {
    fn from(issuer: IssuerView) -> Self {
        match issuer {
            IssuerView::Douyin => Self::Douyin,
            IssuerView::Wechat => Self::Wechat,
        }
    }
}

/// The thing that the path names after the workstation.
#[derive(Debug)]
pub(crate) struct Named(pub(super) Uuid);

impl Named {
    /// Its id.
    pub(super) const fn id(&self) -> Uuid {
        self.0
    }
}

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Segment {
            named: Uuid,
        }
        let path = Path::<Segment>::from_request_parts(parts, app).await;
        let Path(Segment { named }) =
            path.map_err(|_| Problem::plain("malformed", StatusCode::BAD_REQUEST))?;
        Ok(Self(named))
    }
}

/// Charges whoever showed a payment code. The operator of the workstation. The answer comes when the
/// charge is written down; the view tells how it goes on.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/payments",
    params(("number" = u16, Path)), request_body = PaymentBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn charge(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<PaymentBody>,
) -> Viewed {
    let PaymentBody { id: payment, order_id, cart_revision, method, code, amount } = body.value;
    let charge = Charge {
        workstation: who.workstation,
        id: id(payment),
        cart: Some((id(order_id), cart_revision)),
        method: method.map(PaymentMethod::from),
        code,
        amount: amount.map(Into::into),
    };
    payment::begin(&app.context, charge).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Asks where a payment stands, now (查询). The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/payments/{named}/query",
    params(("number" = u16, Path), ("named" = Uuid, Path)),
    responses((status = 200, body = OperatorView)))]
pub(super) async fn query(
    State(app): State<App>,
    who: Operator,
    payment: Named,
    headers: HeaderMap,
) -> Viewed {
    payment::ask(&app.context, who.workstation, PaymentId::from_uuid(payment.0)).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Takes a payment off (撤销): it shall not be, or goes back. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/payments/{named}/reversal",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = IdBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn reverse(
    State(app): State<App>,
    who: Operator,
    payment: Named,
    headers: HeaderMap,
    _: Json<IdBody>,
) -> Viewed {
    payment::reverse(&app.context, who.workstation, PaymentId::from_uuid(payment.0)).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Asks what a coupon or voucher is worth, to lie beside the cart; nothing is used. The operator of
/// the workstation. The answer comes when its house is asked; the view tells what it says.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/redemptions",
    params(("number" = u16, Path)), request_body = RedemptionBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn look_up(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<RedemptionBody>,
) -> Viewed {
    let RedemptionBody { id: redemption, order_id, code, issuer } = body.value;
    let wish = LookUp {
        workstation: who.workstation,
        id: id(redemption),
        order: Some(id(order_id)),
        presented: code,
        issuer: issuer.map(IssuerName::from),
    };
    redemption::look_up(&app.context, wish).await?;
    viewed(&app, who.workstation, &who.operator, &headers)
}

/// Chooses which offer shall be used, and how many of it. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/redemptions/{named}/choice",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = ChoiceBody,
    responses((status = 200, body = OperatorView)))]
pub(super) async fn choose(
    State(app): State<App>,
    who: Operator,
    redemption: Named,
    headers: HeaderMap,
    body: Json<ChoiceBody>,
) -> Viewed {
    let ChoiceBody { offer, count } = body.value;
    handled(&app, who, redemption, &headers, Handling::Choose(Choice { offer, count })).await
}

/// Takes a coupon or voucher off; what was used is given back. The operator of the workstation.
#[utoipa::path(delete, path = "/api/v1/workstations/{number}/redemptions/{named}",
    params(("number" = u16, Path), ("named" = Uuid, Path), IdQuery),
    responses((status = 200, body = OperatorView)))]
pub(super) async fn take_off(
    State(app): State<App>,
    who: Operator,
    redemption: Named,
    Query(IdQuery { .. }): Query<IdQuery>,
    headers: HeaderMap,
) -> Viewed {
    handled(&app, who, redemption, &headers, Handling::TakeOff).await
}

async fn handled(
    app: &App,
    who: Operator,
    redemption: Named,
    headers: &HeaderMap,
    handling: Handling,
) -> Viewed {
    let id = RedemptionId::from_uuid(redemption.0);
    redemption::handle(&app.context, who.workstation, id, handling).await?;
    viewed(app, who.workstation, &who.operator, headers)
}

/// Undoes an order of this business date within the hour (整单作废). A manager at the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/orders/{named}/post-void",
    params(("number" = u16, Path), ("named" = Uuid, Path)), request_body = PostVoidBody,
    responses((status = 200, body = UndoneBody)))]
pub(super) async fn undo_order(
    State(app): State<App>,
    Manager(who): Manager,
    order: Named,
    headers: HeaderMap,
    body: Json<PostVoidBody>,
) -> Result<Answer<UndoneBody>, Problem> {
    let PostVoidBody { id, reason } = body.value;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::plain("malformed", StatusCode::BAD_REQUEST));
    }
    let wish = PostVoid {
        workstation: who.workstation,
        id,
        order: OrderId::from_uuid(order.0),
        operator: who.operator.number.clone(),
        reason,
    };
    let order = post_void::undo(&app.context, wish).await?;
    let Answer(view) = viewed(&app, who.workstation, &who.operator, &headers)?;
    Ok(Answer(UndoneBody { order: OrderBody::of(&order).undone(), view }))
}
