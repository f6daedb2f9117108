//! A cart becomes an order: one transaction with its outbox row, its receipt and the emptied cart.

use std::sync::Arc;

use domain::{
    cart::Cart,
    id::{OrderId, SlipId},
    money::Money,
    order::{self, Completion, Order},
    pricing::{PriceBook, Quote},
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
    coupon::OwnCoupon,
    db::{
        self, DbError, call, coupon, history, member,
        node::Node,
        orders, outbox, rules,
        spool::{self, Slip, SlipOf, SlipState},
        station,
    },
    fault,
    member::{balance_of, tell_others},
    prices,
    redemption::{self, Answered, Used},
    refusal::Refusal,
    rights::Hold,
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
    /// The number by which its shopper is called, at a kiosk.
    pub(crate) call: Option<u32>,
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
            fault::db("complete.begun")?;
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
    context.screens.completed(priced, Arc::clone(&completed.order), receipt, completed.call);
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
    if let Some(member) = completed.order.member.filter(|_| !completed.is_repeat) {
        tell_others(context, member, Some(workstation)).await;
    }
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

/// The order that stands under this id already, if the command is the one that made it.
fn repeated(
    tx: &Connection,
    command: &CompleteCommand,
    known: order::Order,
) -> Result<(Completed, Option<SlipState>), CheckoutError> {
    // What other houses settled was in no command.
    let by_hand = known.tenders.iter().filter(|tender| tender.kind.is_by_hand());
    let is_same =
        by_hand.eq(&command.tenders) && known.receipt_number.workstation == command.workstation;
    if !is_same {
        return Err(Refusal::IdReused.into());
    }
    let call = call::of_order(tx, command.order)?;
    let receipt = spool::state_of(tx, command.order)?;
    let repeat = Completed { order: Arc::new(known), is_repeat: true, uses_quota: false, call };
    Ok((repeat, receipt))
}

fn carry_out(
    tx: &Connection,
    command: &CompleteCommand,
    setting: &Setting,
) -> Result<(Completed, Priced, Option<SlipState>), CheckoutError> {
    let mut counter = station::load(tx, command.workstation, setting.fresh)?;
    if let Some(known) = orders::find(tx, command.order)? {
        let (repeat, receipt) = repeated(tx, command, known)?;
        return Ok((repeat, Priced::of(counter, &setting.terms)?, receipt));
    }
    redemption::apply(tx, &setting.used, setting.now)?;
    counter.rights = station::rights(tx, counter.cart.order)?;
    let seller = counter.seller().ok_or(Refusal::NotSignedIn)?.to_owned();
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
    let (mut terms, quote) = priced(tx, &mut counter, setting)?;
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
    may_spend(tx, &counter, quote.total, setting.now)?;
    let business_date = terms.occasion.clock.business_date(setting.now);
    let receipt_number = ReceiptNumber {
        store: setting.node.store_code.clone(),
        workstation: command.workstation,
        epoch: history::receipt_epoch(tx)?,
        business_date,
        sequence: orders::next_sequence(tx, command.workstation, business_date)?,
    };
    let completion = Completion {
        receipt_number,
        operator: seller,
        member: counter.member.as_ref().map(|member| member.id),
        completed_at: setting.now,
        rounding: setting.rounding,
        occasion: terms.occasion.clone(),
    };
    let mut tenders = counter.rights.tenders(quote.total);
    tenders.extend_from_slice(&command.tenders);
    let order = order::complete(&counter.cart, &terms.book, &quote, &tenders, completion)
        .map_err(Refusal::Complete)?;
    write(tx, &order, setting)?;
    write_what_was_theirs(tx, &counter, &order, (&terms.book, &quote))?;
    let call = match order.operator == order::SELF_SERVICE {
        true => Some(call::give(tx, order.id, business_date)?),
        false => None,
    };
    redemption::drop_unused(tx, order.id, setting.now)?;
    let uses_quota = rules::count_uses(tx, order.id, &terms.book, &quote)?;
    begin_next(tx, &mut counter, order.id, setting)?;
    let order = Arc::new(order);
    let receipt = setting.slip.map(|_| SlipState::Queued);
    let completed = Completed { order, is_repeat: false, uses_quota, call };
    Ok((completed, Priced::of(counter, &terms)?, receipt))
}

/// The terms and the quote of a cart as of now. A coupon of our own that takes nothing is not spent:
/// it leaves the cart, which costs the same without it.
fn priced(
    tx: &Connection,
    counter: &mut Station,
    setting: &Setting,
) -> Result<(Terms, Quote), DbError> {
    let mut terms = setting.terms.clone();
    // Another till may have used up a quota since; nobody else counts in this transaction. What is
    // paid already was counted then.
    if counter.rights.hold() == Hold::Free {
        terms.occasion.used = rules::used(tx, &terms.book)?;
    }
    with_what_counts(counter, &terms)
}

/// Prices a counter without the coupons of our own that take nothing: they leave the cart.
fn with_what_counts(counter: &mut Station, terms: &Terms) -> Result<(Terms, Quote), DbError> {
    let with_all = terms.with(counter);
    let quote = with_all.quote(&counter.cart)?;
    let useful: Vec<OwnCoupon> = counter.useful_coupons(&quote).into_iter().cloned().collect();
    if useful.len() == counter.coupons.len() {
        return Ok((with_all, quote));
    }
    let less = Station { coupons: useful, ..counter.clone() };
    let with_less = terms.with(&less);
    let again = with_less.quote(&less.cart)?;
    if again.total != quote.total {
        return Ok((with_all, quote));
    }
    *counter = less;
    Ok((with_less, again))
}

/// Whether the cart could spend what it takes of its member's, and its coupons, if it were an order
/// now: looked at before another house takes anything for it.
pub(crate) fn could_spend(
    tx: &Connection,
    counter: &Station,
    terms: &Terms,
    at: Timestamp,
) -> Result<(), CheckoutError> {
    let mut counter = counter.clone();
    let (_, quote) = with_what_counts(&mut counter, terms)?;
    may_spend(tx, &counter, quote.total, at)
}

/// Whether balance and coupons of the cart may be spent; nobody else spends in this transaction.
fn may_spend(
    tx: &Connection,
    counter: &Station,
    total: Money,
    at: Timestamp,
) -> Result<(), CheckoutError> {
    let part = counter.rights.balance_part(total);
    let member = counter.member.as_ref().map(|member| member.member(at));
    let here = member.map_or(Money::ZERO, |member| member.balance_here);
    if part > here {
        return Err(Refusal::BalanceNotHere { here }.into());
    }
    for coupon in &counter.coupons {
        if coupon::is_used(tx, coupon.id)? {
            return Err(Refusal::CouponUsed.into());
        }
    }
    Ok(())
}

/// What the order took of its member's, and the coupons of our own that it used.
fn write_what_was_theirs(
    tx: &Connection,
    counter: &Station,
    order: &Order,
    priced: (&PriceBook, &Quote),
) -> Result<(), DbError> {
    for coupon in &counter.coupons {
        coupon::insert_use(tx, coupon.id, order.id)?;
    }
    let Some(buyer) = &counter.member else { return Ok(()) };
    let entry = member::Entry {
        fact: order.id.uuid(),
        order: order.id,
        member: buyer.id,
        points: order.pricing.points_spent,
        balance: balance_of(order),
        had: (buyer.is_proven && buyer.row.is_some()).then(|| buyer.has()),
    };
    member::insert(tx, &entry)?;
    member::count_uses(tx, buyer.id, order.receipt_number.business_date, priced)?;
    fault::db("complete.member")?;
    Ok(())
}

/// The order, its outbox row and its receipt job.
fn write(tx: &Connection, order: &Order, setting: &Setting) -> Result<(), DbError> {
    let body = orders::body(order)?;
    orders::insert(tx, order, &body)?;
    fault::db("complete.inserted")?;
    let fact =
        outbox::Fact { id: order.id.uuid(), kind: KIND_ORDER, v: 1, body: &body, at: setting.now };
    outbox::push(tx, &fact)?;
    fault::db("complete.told")?;
    let Some(id) = setting.slip else {
        return Ok(());
    };
    let of = SlipOf::Order { order: order.id, copy: Copy::First };
    let slip = Slip { id, of, queued_at: setting.now };
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
    member::take_off(tx, done)?;
    coupon::clear(tx, done)?;
    counter.forget_buyer();
    counter.is_tendering = false;
    counter.is_done = true;
    counter.last_order = Some(done);
    station::save_head(tx, counter)?;
    station::forget_commands(tx, setting.now)?;
    fault::db("complete.emptied")?;
    Ok(())
}
