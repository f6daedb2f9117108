//! A cart becomes an order: one transaction with its outbox row, its receipt and the emptied cart.

use std::sync::Arc;

use domain::{
    cart::Cart,
    id::{OrderId, SlipId},
    order::{self, Completion, Order},
    pricing,
    receipt::Copy,
    receipt_number::{ReceiptNumber, WorkstationNumber},
    tender::{CashRounding, Tender, TenderKind},
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::{KIND_ORDER, OrderV1};

use super::{CheckoutError, to_the_end};
use crate::{
    context::{Context, mint},
    db::{
        DbError,
        node::Node,
        orders, outbox,
        spool::{self, Slip, SlipState},
        station,
    },
    fault,
    refusal::Refusal,
    station::{Priced, Station},
};

/// A completion as the screen asks for it.
#[derive(Clone, Debug)]
pub(crate) struct CompleteCommand {
    /// The workstation.
    pub(crate) workstation: WorkstationNumber,
    /// The order's id, which the cart has carried since it was opened: the idempotency key.
    pub(crate) order: OrderId,
    /// The cart as the operator saw it.
    pub(crate) revision: u64,
    /// What the shopper gave.
    pub(crate) tenders: Vec<Tender>,
}

/// An order, and whether it was completed before this command.
#[derive(Clone, Debug)]
pub(crate) struct Completed {
    /// The order.
    pub(crate) order: Arc<Order>,
    /// The same command had been carried out already.
    pub(crate) is_repeat: bool,
}

/// What a completion is made with, gathered before the writer's turn.
struct Setting {
    node: Node,
    now: Timestamp,
    rounding: CashRounding,
    clock: domain::time::StoreClock,
    fresh: OrderId,
    slip: Option<SlipId>,
}

/// Completes the cart. Nobody has waited for paper, drawer or mall when it returns.
pub(crate) async fn complete(
    context: &Arc<Context>,
    command: CompleteCommand,
) -> Result<Completed, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move { complete_and_tell(&context, command).await }).await
}

async fn complete_and_tell(
    context: &Arc<Context>,
    command: CompleteCommand,
) -> Result<Completed, CheckoutError> {
    let node = context.node.clone().ok_or(Refusal::NoCatalog)?;
    let workstation = command.workstation;
    let setting = Setting {
        node,
        now: context.clock.now(),
        rounding: context.store.load().as_ref().map(|s| s.cash_rounding).unwrap_or_default(),
        clock: context.store_clock(),
        fresh: mint(),
        slip: context.health.has_printer(workstation).then(mint),
    };
    let (completed, priced, receipt) = context
        .ledger
        .write(move |tx| {
            fault::point("complete.begun");
            carry_out(tx, &command, &setting)
        })
        .await?;
    fault::point("complete.committed");
    context.screens.completed(priced, Arc::clone(&completed.order), receipt);
    if !completed.is_repeat {
        let order = &completed.order;
        tracing::info!(
            order.id = %order.id, workstation.id = workstation, lines = order.lines.len(),
            "Order `{}` completed", order.receipt_number,
        );
        if order.tenders.iter().any(|tender| tender.kind == TenderKind::Cash) {
            context.health.ask_drawer(workstation, context.clock.now());
        }
    }
    context.nudges.spool.send_replace(());
    context.nudges.upload.give();
    Ok(completed)
}

fn carry_out(
    tx: &Connection,
    command: &CompleteCommand,
    setting: &Setting,
) -> Result<(Completed, Priced, Option<SlipState>), CheckoutError> {
    let mut counter = station::load(tx, command.workstation, setting.fresh)?;
    if let Some(known) = orders::find(tx, command.order)? {
        let is_same = known.tenders == command.tenders
            && known.receipt_number.workstation == command.workstation;
        let repeat = Completed { order: Arc::new(known), is_repeat: true };
        let receipt = spool::state_of(tx, command.order)?;
        return if is_same {
            Ok((repeat, Priced::of(counter)?, receipt))
        } else {
            Err(Refusal::IdReused.into())
        };
    }
    let signed_in = counter.signed_in.as_ref().ok_or(Refusal::NotSignedIn)?;
    let is_current =
        counter.cart.order == command.order && counter.cart.revision == command.revision;
    if !is_current {
        return Err(Refusal::CartChanged.into());
    }
    let business_date = setting.clock.business_date(setting.now);
    let receipt_number = ReceiptNumber {
        store: setting.node.store_code.clone(),
        workstation: command.workstation,
        epoch: setting.node.epoch,
        business_date,
        sequence: orders::next_sequence(tx, command.workstation, business_date)?,
    };
    let completion = Completion {
        receipt_number,
        operator: signed_in.operator.clone(),
        completed_at: setting.now,
        rounding: setting.rounding,
    };
    let quote =
        pricing::quote(&counter.cart).map_err(|_| DbError::Damaged { doing: "price a cart" })?;
    let order = order::complete(&counter.cart, &quote, &command.tenders, completion)
        .map_err(Refusal::Complete)?;
    write(tx, &order, setting)?;
    begin_next(tx, &mut counter, order.id, setting)?;
    let order = Arc::new(order);
    let receipt = setting.slip.map(|_| SlipState::Queued);
    Ok((Completed { order, is_repeat: false }, Priced::of(counter)?, receipt))
}

/// The order, its outbox row and its receipt job.
fn write(tx: &Connection, order: &Order, setting: &Setting) -> Result<(), DbError> {
    orders::insert(tx, order)?;
    fault::point("complete.inserted");
    let body = serde_json::to_string(&OrderV1::of(order))
        .map_err(|_| DbError::Damaged { doing: "write an order as JSON" })?;
    let fact =
        outbox::Fact { id: order.id.uuid(), kind: KIND_ORDER, v: 1, body: &body, at: setting.now };
    outbox::push(tx, setting.node.epoch, &fact)?;
    fault::point("complete.told");
    let Some(id) = setting.slip else {
        return Ok(());
    };
    let slip = Slip { id, order: order.id, copy: Copy::First, queued_at: setting.now };
    spool::push(tx, &slip, order.receipt_number.workstation)
}

/// The counter is empty; its next cart has a new order id already.
fn begin_next(
    tx: &Connection,
    counter: &mut Station,
    done: OrderId,
    setting: &Setting,
) -> Result<(), DbError> {
    station::clear_lines(tx, counter.workstation)?;
    counter.cart = Cart::open(setting.fresh, counter.cart.revision + 1);
    counter.is_tendering = false;
    counter.is_done = true;
    counter.last_order = Some(done);
    station::save_head(tx, counter)?;
    station::forget_commands(tx, setting.now)?;
    fault::point("complete.emptied");
    Ok(())
}
