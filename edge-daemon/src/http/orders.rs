//! Orders that were made here.

use axum::{
    Json as Answer,
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::{
    id::OrderId,
    order::Order,
    receipt::{self, Copy, Row, Weight},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    App,
    body::{MoneyBody, id},
    caller::Staff,
    problem::Problem,
    view::{TenderedView, UnitView, tendered_views},
};
use crate::{
    db::{
        call,
        orders::{self, OrderSummary},
        place::{NotAPlace, Place},
        post_void,
    },
    devices::{called, rows_of},
    member,
    signin::is_manager,
};

/// Rows of a page of orders.
const PAGE_MAX: usize = 100;

/// A page of orders.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// At most so many, up to 100.
    limit: Option<usize>,
    /// Only orders after these in the list: `next` of the page before, or a moment.
    before: Option<String>,
}

/// Orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrdersBody {
    orders: Vec<SummaryBody>,
    /// Where the next page begins, if there may be one.
    next: Option<String>,
}

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryBody {
    id: Uuid,
    receipt_number: String,
    operator: String,
    completed_at: String,
    due: MoneyBody,
}

impl From<OrderSummary> for SummaryBody {
    fn from(summary: OrderSummary) -> Self {
        Self {
            id: summary.place.id.uuid(),
            receipt_number: summary.receipt_number,
            operator: summary.operator,
            completed_at: summary.place.at.to_string(),
            due: summary.due.into(),
        }
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderBody {
    id: Uuid,
    receipt_number: String,
    business_date: String,
    operator: String,
    completed_at: String,
    lines: Vec<OrderLineBody>,
    list: MoneyBody,
    total: MoneyBody,
    rounding: MoneyBody,
    tendered: Vec<TenderedView>,
    change: MoneyBody,
    /// It was undone on its business date (整单作废).
    undone: bool,
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderLineBody {
    number: u16,
    sku: String,
    code: String,
    name: String,
    spec: String,
    unit: UnitView,
    quantity_milli: i64,
    list_price: MoneyBody,
    amount: MoneyBody,
}

impl OrderBody {
    /// Writes an order.
    pub(super) fn of(order: &Order) -> Self {
        let line = |line: &domain::order::OrderLine| OrderLineBody {
            number: line.number,
            sku: line.item.sku.clone(),
            code: line.item.code.clone(),
            name: line.item.name.clone(),
            spec: line.item.spec.clone(),
            unit: line.item.unit.into(),
            quantity_milli: line.quantity.milli(),
            list_price: line.item.list_price.into(),
            amount: line.amount.into(),
        };
        Self {
            id: order.id.uuid(),
            receipt_number: order.receipt_number.to_string(),
            business_date: order.receipt_number.business_date.to_string(),
            operator: order.operator.clone(),
            completed_at: order.completed_at.to_string(),
            lines: order.lines.iter().map(line).collect(),
            list: order.list.into(),
            total: order.total.into(),
            rounding: order.rounding.into(),
            tendered: tendered_views(order),
            change: order.change.into(),
            undone: false,
        }
    }

    /// The same order, undone.
    pub(super) fn undone(self) -> Self {
        Self { undone: true, ..self }
    }
}

/// A receipt as rows, for a screen to draw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptBody {
    rows: Vec<RowBody>,
}

/// One row of a receipt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum RowBody {
    Text { text: String, centre: bool, weight: WeightBody },
    Pair { left: String, right: String, weight: WeightBody },
    Rule,
    DoubleRule,
    Code { text: String },
}

/// How a text is set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WeightBody {
    Plain,
    Bold,
    Large,
}

fn weight(weight: Weight) -> WeightBody {
    match weight {
        Weight::Plain => WeightBody::Plain,
        Weight::Bold => WeightBody::Bold,
        Weight::Large => WeightBody::Large,
    }
}

impl From<Row> for RowBody {
    fn from(row: Row) -> Self {
        match row {
            Row::Text { text, place, weight: w } => {
                Self::Text { text, centre: place == receipt::Place::Centre, weight: weight(w) }
            }
            Row::Pair { left, right, weight: w } => Self::Pair { left, right, weight: weight(w) },
            Row::Rule => Self::Rule,
            Row::DoubleRule => Self::DoubleRule,
            Row::Code(text) => Self::Code { text },
        }
    }
}

/// Orders, newest first. A manager sees the store's, a cashier their workstation's of the day.
#[utoipa::path(get, path = "/api/v1/orders", params(PageQuery),
    responses((status = 200, body = OrdersBody)))]
pub(super) async fn list(
    State(app): State<App>,
    Staff(who): Staff,
    Query(PageQuery { limit, before }): Query<PageQuery>,
) -> Result<Answer<OrdersBody>, Problem> {
    let malformed = |NotAPlace| Problem::plain("malformed", StatusCode::BAD_REQUEST);
    let before: Option<Place> = before.map(|text| text.parse()).transpose().map_err(malformed)?;
    let limit = limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let today = app.context.store_clock().business_date(app.context.clock.now());
    let only = (!is_manager(who.operator.role)).then_some((who.workstation, today));
    let found = app.context.ledger.read(move |db| orders::newest(db, only, before, limit)).await?;
    let next = (found.len() == limit).then(|| found.last().map(|o| o.place.to_string()));
    Ok(Answer(OrdersBody {
        orders: found.into_iter().map(Into::into).collect(),
        next: next.flatten(),
    }))
}

async fn find(app: &App, order: OrderId) -> Result<Order, Problem> {
    let found = app.context.ledger.read(move |db| orders::find(db, order)).await?;
    found.ok_or_else(|| Problem::plain("order-unknown", StatusCode::NOT_FOUND))
}

async fn is_undone(app: &App, order: OrderId) -> Result<bool, Problem> {
    let undone = app.context.ledger.read(move |db| post_void::of_order(db, order)).await?;
    Ok(undone.is_some())
}

/// One order. Whoever is signed in.
#[utoipa::path(get, path = "/api/v1/orders/{order}", params(("order" = Uuid, Path)),
    responses((status = 200, body = OrderBody)))]
pub(super) async fn one(
    State(app): State<App>,
    _: Staff,
    Path(order): Path<Uuid>,
) -> Result<Answer<OrderBody>, Problem> {
    let order = find(&app, id(order)).await?;
    let body = OrderBody::of(&order);
    Ok(Answer(if is_undone(&app, order.id).await? { body.undone() } else { body }))
}

/// Its receipt as rows. Whoever is signed in.
#[utoipa::path(get, path = "/api/v1/orders/{order}/receipt", params(("order" = Uuid, Path)),
    responses((status = 200, body = ReceiptBody)))]
pub(super) async fn receipt(
    State(app): State<App>,
    _: Staff,
    Path(order_id): Path<Uuid>,
) -> Result<Answer<ReceiptBody>, Problem> {
    let order = find(&app, id(order_id)).await?;
    let copy = if is_undone(&app, order.id).await? { Copy::PostVoid } else { Copy::First };
    let call = app.context.ledger.read(move |db| call::of_order(db, id(order_id))).await?;
    let note = member::note(&app.context, &order).await?;
    let rows = rows_of(&order, app.context.store.load().as_deref(), copy, note.as_ref());
    let rows = called(rows, call);
    Ok(Answer(ReceiptBody { rows: rows.into_iter().map(Into::into).collect() }))
}
