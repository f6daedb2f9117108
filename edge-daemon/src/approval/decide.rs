//! Asking, taking back, deciding: each one transaction of the ledger, shown on both screens.

use std::sync::Arc;

use domain::{id::LineId, money::Money, pricing::rule::Cut, time::Timestamp};
use rusqlite::Connection;
use sync::wire::OperatorV1;
use uuid::Uuid;

use super::{Approval, Reason, State};
use crate::{
    checkout::{self, CheckoutError, Command, to_the_end},
    context::{Context, mint},
    db::{
        approval,
        audit::{self, Action, Entry},
        station,
    },
    fault, prices,
    refusal::Refusal,
    signin::is_manager,
    station::{Priced, Station, Terms},
};

/// What an operator asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Of which line.
    pub(crate) line: LineId,
    /// What.
    pub(crate) cut: Cut,
    /// Why.
    pub(crate) reason: Reason,
    /// Who asks; what a manager asks for at a till is allowed by that.
    pub(crate) who: OperatorV1,
}

/// Asks for a reduction of a line; the command's id becomes its own.
pub(crate) async fn ask(
    context: &Arc<Context>,
    command: Command,
    ask: Ask,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let (now, terms) = (context.clock.now(), context.terms(command.workstation));
        let percent_max = context.settings.in_force().price_cut_percent_max();
        let done = checkout::change(&context, command, move |tx, counter| {
            write_down(tx, counter, &terms, (command.id.uuid(), ask), (now, percent_max))
        });
        done.await?;
        context.screens.beat();
        Ok(())
    })
    .await
}

fn write_down(
    tx: &Connection,
    counter: &mut Station,
    terms: &Terms,
    (id, ask): (Uuid, Ask),
    (now, percent_max): (Timestamp, i64),
) -> Result<(), CheckoutError> {
    checkout::may_change(counter)?;
    let line = counter.cart.line(ask.line).ok_or(domain::cart::CartRefusal::NoSuchLine)?.clone();
    let approvals = &counter.rights.approvals;
    if approvals.iter().any(|a| a.state == State::Pending && a.line == line) {
        return Err(Refusal::ApprovalWaits.into());
    }
    if matches!(ask.cut, Cut::Price(_)) && line.item.unit == domain::catalog::Unit::Kg {
        return Err(Refusal::ApprovalOfWeighed.into());
    }
    let is_allowed = is_manager(ask.who.role);
    let mut asked = Approval {
        id,
        order: counter.cart.order,
        workstation: counter.workstation,
        line,
        cut: ask.cut,
        amount: Money::ZERO,
        after: Money::ZERO,
        reason: ask.reason,
        asked_by: ask.who.number.clone(),
        asked_at: now,
        state: State::Approved,
        decided_by: Some(ask.who.number.clone()),
        decided_at: Some(now),
    };
    (asked.amount, asked.after) = prices_of(counter, terms, &asked)?;
    if asked.after >= asked.amount {
        return Err(Refusal::ApprovalNotLower.into());
    }
    if is_too_deep(asked.amount, asked.after, percent_max) {
        return Err(Refusal::ApprovalTooDeep.into());
    }
    if !is_allowed {
        (asked.state, asked.decided_by, asked.decided_at) = (State::Pending, None, None);
    }
    approval::insert(tx, &asked)?;
    let entry = |action| Entry::at_till(now, action, &ask.who.number, asked.workstation).to(id);
    audit::note(tx, &entry(Action::ApprovalAsked))?;
    if is_allowed {
        audit::note(tx, &entry(Action::Approved))?;
    }
    retold(tx, counter)
}

/// Whether more is taken off than so many percent of an amount.
fn is_too_deep(amount: Money, after: Money, percent_max: i64) -> bool {
    let off = i128::from(amount.minor()) - i128::from(after.minor());
    off * 100 > i128::from(amount.minor()) * i128::from(percent_max)
}

/// What the line costs without a reduction by hand, and with it.
fn prices_of(
    counter: &Station,
    terms: &Terms,
    asked: &Approval,
) -> Result<(Money, Money), CheckoutError> {
    let amount_with = |extra: Option<&Approval>| {
        let mut tried = counter.clone();
        tried.rights.approvals.retain(|approval| approval.line.id != asked.line.id);
        tried.rights.approvals.extend(extra.cloned());
        let quote = terms.with(&tried).quote(&tried.cart)?;
        let line = quote.lines.iter().find(|quoted| quoted.line == asked.line.id);
        Ok::<_, CheckoutError>(line.map(|line| line.amount).unwrap_or_default())
    };
    // A cut that makes no sense for the line, e.g. below nothing, gives no quote.
    let after = amount_with(Some(asked)).map_err(|_| Refusal::ApprovalNotLower)?;
    Ok((amount_with(None)?, after))
}

/// Raises the revision with what stands now.
fn retold(tx: &Connection, counter: &mut Station) -> Result<(), CheckoutError> {
    counter.rights = station::rights(tx, counter.cart.order)?;
    counter.cart.revision += 1;
    Ok(station::save_head(tx, counter)?)
}

/// Takes back what was asked for and is not decided.
pub(crate) async fn withdraw(
    context: &Arc<Context>,
    command: Command,
    id: Uuid,
    who: String,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let now = context.clock.now();
        let done = checkout::change(&context, command, move |tx, counter| {
            let known = approval::find(tx, id)?.filter(|a| a.workstation == counter.workstation);
            match known.ok_or(Refusal::NoSuchApproval)?.state {
                State::Pending => {}
                State::Withdrawn => return Ok(()),
                State::Approved | State::Denied | State::Lapsed => {
                    return Err(Refusal::ApprovalDecided.into());
                }
            }
            approval::decide(tx, id, State::Withdrawn, &who, now)?;
            let action = Action::ApprovalWithdrawn;
            audit::note(tx, &Entry::at_till(now, action, &who, counter.workstation).to(id))?;
            retold(tx, counter)
        });
        done.await?;
        context.screens.beat();
        Ok(())
    })
    .await
}

/// What a manager decides.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// About which.
    pub(crate) id: Uuid,
    /// Allowed or not.
    pub(crate) is_allowed: bool,
    /// Who.
    pub(crate) manager: String,
    /// From which address.
    pub(crate) address: String,
}

/// Allows or denies what an operator asked for, if its line is still as it was.
pub(crate) async fn decide(
    context: &Arc<Context>,
    decision: Decision,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let (id, now, fresh) = (decision.id, context.clock.now(), mint());
        let known = context.ledger.read(move |db| approval::find(db, id)).await?;
        let workstation = known.ok_or(Refusal::NoSuchApproval)?.workstation;
        let terms = context.terms(workstation);
        let (is_there, priced) = context
            .ledger
            .write(move |tx| -> Result<_, CheckoutError> {
                let mut counter = station::load(tx, workstation, fresh)?;
                let is_there = carry_out(tx, &mut counter, &decision, now)?;
                fault::db("approval.written")?;
                Ok((is_there, Priced::of(counter, &terms)?))
            })
            .await?;
        fault::point("approval.committed");
        prices::show(&context, priced);
        context.screens.beat();
        if is_there { Ok(()) } else { Err(Refusal::ApprovalLapsed.into()) }
    })
    .await
}

/// Writes a decision down; `false` when its line is not there any more as it was.
fn carry_out(
    tx: &Connection,
    counter: &mut Station,
    decision: &Decision,
    now: Timestamp,
) -> Result<bool, CheckoutError> {
    let known = approval::find(tx, decision.id)?.ok_or(Refusal::NoSuchApproval)?;
    let wanted = if decision.is_allowed { State::Approved } else { State::Denied };
    let is_mine = known.decided_by.as_ref() == Some(&decision.manager);
    match known.state {
        State::Pending => {}
        // The same tap again.
        State::Approved | State::Denied if known.state == wanted && is_mine => return Ok(true),
        State::Approved | State::Denied | State::Withdrawn | State::Lapsed => {
            return Err(Refusal::ApprovalDecided.into());
        }
    }
    let is_there = known.fits(&counter.cart);
    if is_there && decision.is_allowed {
        checkout::may_change(counter)?;
    }
    let state = if is_there { wanted } else { State::Lapsed };
    approval::decide(tx, decision.id, state, &decision.manager, now)?;
    if is_there {
        let action = if decision.is_allowed { Action::Approved } else { Action::Denied };
        let entry = Entry {
            address: decision.address.clone(),
            ..Entry::at_till(now, action, &decision.manager, known.workstation).to(decision.id)
        };
        audit::note(tx, &entry)?;
    }
    if counter.cart.order == known.order {
        retold(tx, counter)?;
    }
    Ok(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_percentage_is_too_deep_and_the_percentage_itself_is_not() {
        let money = Money::from_minor;
        for (amount, after, percent, is) in [
            (1_000, 700, 30, false),
            (1_000, 699, 30, true),
            (999, 699, 30, true),
            (999, 700, 30, false),
            (1_000, 0, 100, false),
            (1_000, 999, 0, true),
            (i64::MAX, 0, 99, true),
        ] {
            assert_eq!(is_too_deep(money(amount), money(after), percent), is, "{amount} {after}");
        }
    }
}
