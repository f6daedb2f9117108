//! A cart becomes an order: one transaction with its outbox row, its receipt and the emptied cart.

use std::sync::Arc;

use domain::{
    cart::Cart,
    id::{OrderId, SlipId},
    money::Money,
    order::{self, Completion, Order},
    receipt::Copy,
    receipt_number::{ReceiptNumber, WorkstationNumber},
    tender::{CashRounding, Tender, TenderKind},
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::KIND_ORDER;

use super::{CheckoutError, to_the_end};
use crate::{
    approval,
    context::{Context, mint},
    db::{
        self, DbError,
        node::Node,
        orders, outbox, rules,
        spool::{self, Slip, SlipState},
        station,
    },
    fault, prices,
    redemption::{self, Answered, Used},
    refusal::Refusal,
    rights::{Hold, Rights},
    station::{Priced, Station, Terms},
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
    /// The total that the operator saw, before any cash rounding; by itself that of the scene.
    pub(crate) total: Option<Money>,
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
    /// It used rules that have a quota.
    pub(crate) uses_quota: bool,
}

/// What a completion is made with, gathered before the writer's turn.
struct Setting {
    node: Node,
    now: Timestamp,
    rounding: CashRounding,
    terms: Terms,
    fresh: OrderId,
    slip: Option<SlipId>,
    /// What was used for it; written with it.
    used: Vec<Answered>,
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
    mut command: CompleteCommand,
) -> Result<Completed, CheckoutError> {
    command.total = command.total.or_else(|| shown(context, &command));
    if is_a_manager_asked(context, command.workstation) {
        // Before a voucher is used for it.
        return Err(Refusal::ApprovalWaits.into());
    }
    let node = context.node.clone().ok_or(Refusal::NoCatalog)?;
    let workstation = command.workstation;
    let rounding = context.store.load().as_ref().map(|s| s.cash_rounding).unwrap_or_default();
    let Used { asking, answers, revision } =
        redemption::use_all(context, &command, rounding).await?;
    command.revision = revision.unwrap_or(command.revision);
    let setting = Setting {
        node,
        now: context.clock.now(),
        rounding,
        terms: context.terms(workstation),
        fresh: mint(),
        slip: context.health.has_printer(workstation).then(mint),
        used: answers.clone(),
    };
    let done = context
        .ledger
        .write(move |tx| {
            fault::point("complete.begun");
            carry_out(tx, &command, &setting)
        })
        .await;
    let is_changed = matches!(&done, Err(CheckoutError::Refused(Refusal::PriceChanged { .. })));
    if is_changed || done.as_ref().is_ok_and(|(completed, ..)| completed.uses_quota) {
        prices::learn_uses(context).await;
        prices::look(context);
    }
    if done.is_err() && !answers.is_empty() {
        // What was used stays used; the cart waits with it.
        redemption::note(context, answers).await?;
    }
    drop(asking);
    let (completed, priced, receipt) = done?;
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

fn is_a_manager_asked(context: &Context, workstation: WorkstationNumber) -> bool {
    context.screens.follow(workstation).is_some_and(|scenes| {
        let station = &scenes.borrow().priced.station;
        approval::is_waiting(&station.rights.approvals, &station.cart)
    })
}

/// The total that the workstation's screens show of the cart that the command means.
fn shown(context: &Context, command: &CompleteCommand) -> Option<Money> {
    let scenes = context.screens.follow(command.workstation)?;
    let scene = scenes.borrow();
    let cart = &scene.priced.station.cart;
    let is_same = cart.order == command.order && cart.revision == command.revision;
    is_same.then_some(scene.priced.quote.total)
}

fn carry_out(
    tx: &Connection,
    command: &CompleteCommand,
    setting: &Setting,
) -> Result<(Completed, Priced, Option<SlipState>), CheckoutError> {
    let mut counter = station::load(tx, command.workstation, setting.fresh)?;
    if let Some(known) = orders::find(tx, command.order)? {
        // What other houses settled was in no command.
        let by_hand = known.tenders.iter().filter(|tender| tender.kind.is_by_hand());
        let is_same =
            by_hand.eq(&command.tenders) && known.receipt_number.workstation == command.workstation;
        let repeat = Completed { order: Arc::new(known), is_repeat: true, uses_quota: false };
        let receipt = spool::state_of(tx, command.order)?;
        return if is_same {
            Ok((repeat, Priced::of(counter, &setting.terms)?, receipt))
        } else {
            Err(Refusal::IdReused.into())
        };
    }
    redemption::apply(tx, &setting.used, setting.now)?;
    counter.rights = station::rights(tx, counter.cart.order)?;
    let signed_in = counter.signed_in.as_ref().ok_or(Refusal::NotSignedIn)?;
    let is_current =
        counter.cart.order == command.order && counter.cart.revision == command.revision;
    if !is_current {
        return Err(Refusal::CartChanged.into());
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    if approval::is_waiting(&counter.rights.approvals, &counter.cart) {
        return Err(Refusal::ApprovalWaits.into());
    }
    let mut terms = setting.terms.with(&counter.rights, &counter.cart);
    // Another till may have used up a quota since; nobody else counts in this transaction. What is
    // paid already was counted then.
    if counter.rights.hold() == Hold::Free {
        terms.occasion.used = rules::used(tx, &terms.book)?;
    }
    let quote = terms.quote(&counter.cart)?;
    // The order carries what its amounts depend on, and not the uses of every rule there is.
    let book = Arc::clone(&terms.book);
    let is_noted = |rule: &str| {
        book.find(rule).is_some_and(|ix| quote.notes.iter().any(|note| note.rule == ix))
    };
    terms.occasion.used.retain(|used| is_noted(&used.rule));
    if command.total.is_some_and(|seen| seen != quote.total) {
        return Err(Refusal::PriceChanged { total: quote.total }.into());
    }
    if counter.rights.left(quote.total) < Money::ZERO {
        return Err(Refusal::PaidBeyondTotal.into());
    }
    let business_date = terms.occasion.clock.business_date(setting.now);
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
        member: None,
        completed_at: setting.now,
        rounding: setting.rounding,
        occasion: terms.occasion.clone(),
    };
    let mut tenders = counter.rights.tenders();
    tenders.extend_from_slice(&command.tenders);
    let order = order::complete(&counter.cart, &terms.book, &quote, &tenders, completion)
        .map_err(Refusal::Complete)?;
    write(tx, &order, setting)?;
    redemption::drop_unused(tx, order.id, setting.now)?;
    let uses_quota = rules::count_uses(tx, &terms.book, &quote)?;
    begin_next(tx, &mut counter, order.id, setting)?;
    let order = Arc::new(order);
    let receipt = setting.slip.map(|_| SlipState::Queued);
    let completed = Completed { order, is_repeat: false, uses_quota };
    Ok((completed, Priced::of(counter, &terms)?, receipt))
}

/// The order, its outbox row and its receipt job.
fn write(tx: &Connection, order: &Order, setting: &Setting) -> Result<(), DbError> {
    let body = orders::body(order)?;
    orders::insert(tx, order, &body)?;
    fault::point("complete.inserted");
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
    db::approval::lapse(tx, done, setting.now)?;
    counter.cart = Cart::open(setting.fresh, counter.cart.revision + 1);
    counter.rights = Rights::default();
    counter.is_tendering = false;
    counter.is_done = true;
    counter.last_order = Some(done);
    station::save_head(tx, counter)?;
    station::forget_commands(tx, setting.now)?;
    fault::point("complete.emptied");
    Ok(())
}
