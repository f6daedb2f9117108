//! Goods of online orders that somebody brings back. What may come back the mall says, so each of
//! these waits for it; the list alone is this store's own.

use axum::{Json as Answer, extract::State, http::HeaderMap};
use domain::{
    id::{OnlineReturnId, PickupId},
    quantity::Quantity,
    returns::online::{OnlineReturnState, ReturnReason},
};
use serde::{Deserialize, Serialize};
use sync::wire::{BackLineV1, BroughtV1, OnlineLineV1, OnlineOrderV1};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    body::{Json, MoneyBody},
    caller::{Operator, Staff},
    problem::{Language, Problem, ProblemBody},
    view::TenderKindView,
};
use crate::{
    online_return::{self, OnlineReturn, ReturnNo, Wish},
    refusal::Refusal,
};

/// Thousandths of a piece.
const PIECE_MILLI: i64 = 1_000;

/// Pieces of a line that come back.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackLineBody {
    /// The line's number in the order.
    number: u16,
    /// How many pieces, 1 to 999.
    pieces: u16,
}

impl From<BackLineBody> for BackLineV1 {
    fn from(BackLineBody { number, pieces }: BackLineBody) -> Self {
        let quantity_milli = Quantity::from_milli(i64::from(pieces) * PIECE_MILLI);
        Self { number, quantity_milli }
    }
}

/// An online order that somebody brings goods of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BroughtBody {
    /// What was scanned or typed: the order's code or number.
    presented: String,
    /// The pieces to be priced together; none at first.
    #[serde(default)]
    lines: Vec<BackLineBody>,
}

/// Why goods come back.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReturnReasonView {
    ChangedMind,
    Unfit,
    Defective,
    WrongItem,
    Other,
}

impl From<ReturnReasonView> for ReturnReason {
    fn from(reason: ReturnReasonView) -> Self {
        match reason {
            ReturnReasonView::ChangedMind => Self::ChangedMind,
            ReturnReasonView::Unfit => Self::Unfit,
            ReturnReasonView::Defective => Self::Defective,
            ReturnReasonView::WrongItem => Self::WrongItem,
            ReturnReasonView::Other => Self::Other,
        }
    }
}

impl From<ReturnReason> for ReturnReasonView {
    fn from(reason: ReturnReason) -> Self {
        match reason {
            ReturnReason::ChangedMind => Self::ChangedMind,
            ReturnReason::Unfit => Self::Unfit,
            ReturnReason::Defective => Self::Defective,
            ReturnReason::WrongItem => Self::WrongItem,
            ReturnReason::Other => Self::Other,
        }
    }
}

/// Goods that are taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnlineReturnBody {
    /// The return's id, made by the caller: a repeat takes nothing more back.
    id: Uuid,
    /// The online order.
    order_id: Uuid,
    /// What people call it.
    number: String,
    /// Which pieces lie on the counter.
    lines: Vec<BackLineBody>,
    /// Why they come back.
    reason: ReturnReasonView,
    /// Whether they can be sold again.
    saleable: bool,
    /// What the shopper was shown that they get.
    amount: MoneyBody,
}

/// An online order that was handed over, and what of it may come back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineOrderView {
    order_id: Uuid,
    /// What shopper and shop call it.
    number: String,
    /// The shopper's name, masked.
    shopper: String,
    /// Their number, masked.
    phone: String,
    handed_over_at: String,
    /// How it was paid; money goes back the same way.
    method: TenderKindView,
    total: MoneyBody,
    /// What went back or is due to.
    returned: MoneyBody,
    lines: Vec<OnlineLineView>,
    /// What the pieces that were named give back together.
    back: Option<MoneyBody>,
    /// Why they cannot come back together.
    problem: Option<ProblemBody>,
}

/// A line of an online order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineLineView {
    number: u16,
    sku: String,
    name: String,
    spec: String,
    /// Pieces that were handed over.
    pieces: i64,
    /// Pieces that have not come back.
    left: i64,
    /// What was paid for all of them.
    amount: MoneyBody,
    /// What the next piece alone gives back; none where it cannot come back alone.
    piece: Option<MoneyBody>,
}

/// Where a return stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReturnStateView {
    /// The mall has not answered; the store goes on asking.
    Pending,
    Done,
    Refused,
}

/// Goods of an online order that came back, or were to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineReturnView {
    id: Uuid,
    order_id: Uuid,
    /// What shopper and shop call the order.
    number: String,
    state: ReturnStateView,
    pieces: i64,
    /// What goes back to the shopper, or was to.
    amount: MoneyBody,
    reason: ReturnReasonView,
    saleable: bool,
    operator: String,
    asked_at: String,
    decided_at: Option<String>,
    /// Why nothing came back.
    problem: Option<ProblemBody>,
}

/// The store's online returns: what waits for the mall, the oldest first, then the newest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineReturnsBody {
    returns: Vec<OnlineReturnView>,
}

/// What of an online order may come back, and what some pieces of it give. Asks the mall; writes
/// nothing. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/online-orders",
    params(("number" = u16, Path)), request_body = BroughtBody,
    responses((status = 200, body = OnlineOrderView)))]
pub(super) async fn look_online_order_up(
    State(app): State<App>,
    _: Operator,
    headers: HeaderMap,
    body: Json<BroughtBody>,
) -> Result<Answer<OnlineOrderView>, Problem> {
    let BroughtBody { presented, lines } = body.value;
    let brought = BroughtV1 { presented, lines: lines.into_iter().map(Into::into).collect() };
    let order = online_return::look(&app.context, &brought).await?;
    Ok(Answer(order_view(order, Language::of(&headers))))
}

/// Takes goods of an online order back: written down, then asked of the mall. Without an answer it
/// stays pending, and the store goes on asking. The operator of the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{number}/online-returns",
    params(("number" = u16, Path)), request_body = OnlineReturnBody,
    responses((status = 200, body = OnlineReturnView)))]
pub(super) async fn take_back(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    body: Json<OnlineReturnBody>,
) -> Result<Answer<OnlineReturnView>, Problem> {
    let asked = body.value;
    let wish = Wish {
        workstation: who.workstation,
        id: OnlineReturnId::from_uuid(asked.id),
        order: PickupId::from_uuid(asked.order_id),
        number: asked.number,
        lines: asked.lines.into_iter().map(Into::into).collect(),
        reason: asked.reason.into(),
        saleable: asked.saleable,
        amount: asked.amount.into(),
        operator: who.operator.number.clone(),
    };
    let standing = online_return::take_back(&app.context, wish).await?;
    Ok(Answer(return_view(&standing, Language::of(&headers))))
}

/// Online returns: what waits for the mall, oldest first, then the newest. Whoever is signed in.
#[utoipa::path(get, path = "/api/v1/online-returns",
    responses((status = 200, body = OnlineReturnsBody)))]
pub(super) async fn list_online_returns(
    State(app): State<App>,
    _: Staff,
    headers: HeaderMap,
) -> Result<Answer<OnlineReturnsBody>, Problem> {
    let (all, language) = (online_return::list(&app.context).await?, Language::of(&headers));
    let returns = all.iter().map(|one| return_view(one, language)).collect();
    Ok(Answer(OnlineReturnsBody { returns }))
}

fn order_view(order: OnlineOrderV1, language: Language) -> OnlineOrderView {
    let line = |line: OnlineLineV1| OnlineLineView {
        number: line.number,
        sku: line.sku,
        name: line.name,
        spec: line.spec,
        pieces: line.quantity_milli.milli() / PIECE_MILLI,
        left: line.left_milli.milli() / PIECE_MILLI,
        amount: line.amount_minor.into(),
        piece: line.piece_minor.map(Into::into),
    };
    let said = |word: String| {
        let refusal = Refusal::OnlineReturn(ReturnNo::Said(word));
        Problem::from(&refusal).body(language)
    };
    OnlineOrderView {
        order_id: order.id.uuid(),
        number: order.number,
        shopper: order.shopper,
        phone: order.phone,
        handed_over_at: order.handed_over_at.to_string(),
        method: order.method.into(),
        total: order.total_minor.into(),
        returned: order.returned_minor.into(),
        lines: order.lines.into_iter().map(line).collect(),
        back: order.back_minor.map(Into::into),
        problem: order.refusal.map(said),
    }
}

fn return_view(one: &OnlineReturn, language: Language) -> OnlineReturnView {
    let asked = &one.asked;
    let milli: i64 = asked.lines.iter().map(|line| line.quantity_milli.milli()).sum();
    let problem = |word: &String| Problem::from(&online_return::refused(word)).body(language);
    OnlineReturnView {
        id: asked.id.uuid(),
        order_id: asked.order.uuid(),
        number: one.number.clone(),
        state: match one.state {
            OnlineReturnState::Pending => ReturnStateView::Pending,
            OnlineReturnState::Done => ReturnStateView::Done,
            OnlineReturnState::Refused => ReturnStateView::Refused,
        },
        pieces: milli / PIECE_MILLI,
        amount: asked.amount_minor.into(),
        reason: asked.reason.into(),
        saleable: asked.saleable,
        operator: asked.operator.clone(),
        asked_at: asked.at.to_string(),
        decided_at: one.decided_at.map(|at| at.to_string()),
        problem: one.refusal.as_ref().map(problem),
    }
}
