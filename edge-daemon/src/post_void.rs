//! Undoes a completed order on its business date (整单作废).
//!
//! The order stays as it is; a fact says that it was undone. Its payments are reversed and what was
//! redeemed is given back, until both are known; cash goes back by the drawer.
//!
//! **Invariant:** an order is undone once, whole, and only while every other house still takes its
//! part back.

use std::sync::Arc;

use domain::{
    id::{OrderId, SlipId},
    money::Money,
    order::Order,
    receipt::Copy,
    receipt_number::WorkstationNumber,
    redemption::RedemptionState,
    tender::TenderKind,
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::{KIND_POST_VOID, PostVoidV1};
use uuid::Uuid;

use crate::{
    checkout::{CheckoutError, to_the_end},
    context::{Context, mint},
    db::{self, DbError, orders, outbox, spool},
    fault, member, payment, prices, redemption,
    refusal::Refusal,
    rights::Redemption,
};

/// Douyin takes a voucher back within the hour; so an order is undone within it or not at all.
const POST_VOID_MS_MAX: i64 = 3_600_000;

/// A wish to undo an order.
#[derive(Clone, Debug)]
pub(crate) struct PostVoid {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Its id, made by the screen: the idempotency key.
    pub(crate) id: Uuid,
    /// Which order.
    pub(crate) order: OrderId,
    /// Whose authority it is.
    pub(crate) operator: String,
    /// Why.
    pub(crate) reason: String,
}

/// Undoes an order. Nobody has waited for paper, drawer or mall when it returns.
pub(crate) async fn undo(
    context: &Arc<Context>,
    wish: PostVoid,
) -> Result<Arc<Order>, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        context.node.as_ref().ok_or(Refusal::NoCatalog)?;
        let (workstation, now) = (wish.workstation, context.clock.now());
        let undo_ms = context.settings.in_force().undo_ms(POST_VOID_MS_MAX);
        let today = context.store_clock().business_date(now);
        let slip = context.health.has_printer(workstation).then(mint);
        let (order, is_new, gives_quota) = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let order = orders::find(tx, wish.order)?.ok_or(Refusal::NoSuchOrder)?;
                if let Some(known) = db::post_void::of_order(tx, wish.order)? {
                    return if known == wish.id {
                        Ok((order, false, false))
                    } else {
                        Err(Refusal::UndoneAlready.into())
                    };
                }
                if db::post_void::has(tx, wish.id)? {
                    return Err(Refusal::IdReused.into());
                }
                let is_today = order.receipt_number.business_date == today;
                let is_late = now.ms_since(order.completed_at) > undo_ms || undo_ms == 0;
                if !is_today || is_late {
                    return Err(Refusal::TooLateToUndo.into());
                }
                let mut used = db::redemption::of_order(tx, wish.order)?.into_iter();
                let is_kept = |used: Redemption| {
                    used.state == RedemptionState::Redeemed
                        && used.reversible_until.is_some_and(|until| until <= now)
                };
                if used.any(is_kept) {
                    return Err(Refusal::VoucherStaysUsed.into());
                }
                write(tx, &order, &wish, slip, now)?;
                let gives_quota = db::rules::give_uses_back(tx, order.id)?;
                Ok((order, true, gives_quota))
            })
            .await?;
        fault::point("post_void.committed");
        if is_new {
            tracing::info!(
                order.id = %order.id, workstation.id = workstation,
                "Order `{}` was undone", order.receipt_number,
            );
            if order.tenders.iter().any(|tender| tender.kind == TenderKind::Cash) {
                context.health.ask_drawer(workstation, now);
            }
            context.screens.undone(order.id);
        }
        if gives_quota {
            prices::learn_uses(&context).await;
            prices::look(&context);
        }
        context.nudges.rights.give();
        context.nudges.spool.send_replace(());
        context.nudges.upload.give();
        if let Some(buyer) = order.member.filter(|_| is_new) {
            member::tell_others(&context, buyer, None).await;
        }
        Ok(Arc::new(order))
    })
    .await
}

/// What the order took of its member's is theirs again; the mall hears it with the fact.
fn give_back_to_member(tx: &Connection, order: &Order, undoing: Uuid) -> Result<(), DbError> {
    let Some(buyer) = order.member else { return Ok(()) };
    let entry = db::member::Entry {
        fact: undoing,
        order: order.id,
        member: buyer,
        points: order.pricing.points_spent.saturating_neg(),
        balance: Money::ZERO.minus(member::balance_of(order)).unwrap_or_default(),
        had: None,
    };
    db::member::insert(tx, &entry)
}

/// The fact, its outbox row, what goes back, and its slip.
fn write(
    tx: &Connection,
    order: &Order,
    wish: &PostVoid,
    slip: Option<SlipId>,
    now: Timestamp,
) -> Result<(), DbError> {
    let told = PostVoidV1 {
        id: wish.id,
        order: order.id,
        business_date: order.receipt_number.business_date,
        workstation: wish.workstation,
        operator: wish.operator.clone(),
        at: now,
        reason: wish.reason.clone(),
        total_minor: order.total,
    };
    db::post_void::insert(tx, &told)?;
    let body = serde_json::to_string(&told)
        .map_err(|_| DbError::Damaged { doing: "write an undone order as JSON" })?;
    let fact = outbox::Fact { id: told.id, kind: KIND_POST_VOID, v: 1, body: &body, at: now };
    outbox::push(tx, &fact)?;
    give_back_to_member(tx, order, wish.id)?;
    fault::db("post_void.told")?;
    payment::reverse_all(tx, order.id, now)?;
    redemption::reverse_all(tx, order.id, now)?;
    if let Some(id) = slip {
        let of = spool::SlipOf::Order { order: order.id, copy: Copy::PostVoid };
        let slip = spool::Slip { id, of, queued_at: now };
        spool::push(tx, &slip, wish.workstation)?;
    }
    fault::db("post_void.written")?;
    Ok(())
}
