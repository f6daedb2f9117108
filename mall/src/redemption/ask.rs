//! A redemption's house is asked to use it, to give it back, or where it stands.
//!
//! **Invariant:** whoever asks has taken the turn before, and writes down what was heard before it
//! is told to anybody.

use domain::{id::RedemptionId, redemption::RedemptionState, time::Timestamp};
use sync::{replica::StoreId, wire::RedemptionV1};
use tracing::{error, info, warn};

use super::{RedemptionError, hear::Next, held};
use crate::{
    asking::Urgency,
    context::Context,
    db::{
        self, Conn, DbError,
        redemptions::{self, RedemptionRow},
        stores,
    },
    discrepancy,
    error_chain::Chain,
    houses::{Issuer, Proof, USED, UseStanding, Verdict},
    settle::within_claim,
};

/// Where a redemption stands; its house is asked first where that is open.
pub(crate) async fn standing(
    context: &Context,
    store: StoreId,
    id: RedemptionId,
) -> Result<RedemptionV1, RedemptionError> {
    let found = held(context, store, id).await?;
    if !found.state.is_undecided() {
        return Ok(found);
    }
    let at_work = context.clone();
    context.let_run(async move { ask(&at_work, store, id, Urgency::Now).await }).await;
    held(context, store, id).await
}

/// Asks for the use that was just written down.
pub(super) async fn first(context: &Context, code: &str, row: &RedemptionRow) {
    match (context.houses().issuer(code, row.issuer), row.question(false)) {
        (Some(issuer), Some(question)) => {
            within_claim(async {
                let verdict = issuer.redeem(&question).await;
                hear_used(context, row, verdict, false).await;
            })
            .await;
        }
        // Its account was taken away since it was looked up.
        (None, _) | (_, None) => silent(context, row).await,
    }
}

/// Asks about a redemption whose turn it is, and writes down what was heard.
pub(crate) async fn ask(context: &Context, store: StoreId, id: RedemptionId, urgency: Urgency) {
    match claim(context, store, id, urgency).await {
        Ok(Some((row, code))) => match context.houses().issuer(&code, row.issuer) {
            Some(issuer) => within_claim(settle(context, issuer.as_ref(), row)).await,
            None => silent(context, &row).await,
        },
        Ok(None) => {}
        Err(error) => tell_lost(&error, store, id),
    }
}

async fn claim(
    context: &Context,
    store: StoreId,
    id: RedemptionId,
    urgency: Urgency,
) -> Result<Option<(RedemptionRow, String)>, DbError> {
    let doing = "take the turn to ask about a redemption";
    let mut tx = context.db().write(doing).await?;
    let Some(row) = redemptions::claim(&mut tx, store, id, urgency, context.now()).await? else {
        return Ok(None);
    };
    let code = stores::code(&mut tx, store).await?;
    db::commit(tx, doing).await?;
    Ok(Some((row, code)))
}

async fn settle(context: &Context, issuer: &dyn Issuer, row: RedemptionRow) {
    let Some(mut question) = row.question(true) else {
        return silent(context, &row).await;
    };
    // What is known to be used needs no more than to be given back.
    if row.used_at.is_some() {
        return give_back(context, issuer, row).await;
    }
    let standing = issuer.standing(&question).await;
    let names = match &standing {
        UseStanding::Used(proof) => proof.names.clone(),
        UseStanding::NotOurs
        | UseStanding::NotUsed
        | UseStanding::CannotTell
        | UseStanding::Silence => Vec::new(),
    };
    let mut next = Next::Nothing;
    let heard = record(context, &row, Some((names.as_slice(), true)), |row, whose, now| {
        let standing = match whose {
            Whose::Ours => standing,
            Whose::Unknown => UseStanding::Silence,
            Whose::Anothers => UseStanding::NotOurs,
            Whose::Partly(theirs) => {
                question.not_ours = theirs;
                UseStanding::CannotTell
            }
        };
        next = row.hear_standing(&standing, now);
    });
    let Some(row) = heard.await else { return };
    match next {
        Next::Nothing => {}
        Next::GiveBack => give_back(context, issuer, row).await,
        Next::Redeem => {
            let verdict = issuer.redeem(&question).await;
            let heard = hear_used(context, &row, verdict, true).await;
            if let Some(row) = heard.filter(|row| row.used_at.is_some()) {
                give_back(context, issuer, row).await;
            }
        }
    }
}

/// Writes down what became of the wish to use it. What was used by another question was not used
/// by this one.
async fn hear_used(
    context: &Context,
    row: &RedemptionRow,
    verdict: Verdict<Proof>,
    is_repeat: bool,
) -> Option<RedemptionRow> {
    let names = match &verdict {
        Verdict::Yes(proof) => proof.names.clone(),
        Verdict::No(_) | Verdict::Silence => Vec::new(),
    };
    record(context, row, Some((names.as_slice(), is_repeat)), |row, whose, now| {
        let verdict = match whose {
            Whose::Ours => verdict,
            Whose::Anothers => Verdict::No(USED.to_owned()),
            // Where it stands is looked at again, and then whose each piece is.
            Whose::Partly(_) | Whose::Unknown => Verdict::Silence,
        };
        row.hear_used(&verdict, now);
    })
    .await
}

/// Gives back what was used, if it is still to be given back.
async fn give_back(context: &Context, issuer: &dyn Issuer, row: RedemptionRow) {
    if row.state != RedemptionState::Reversing {
        return;
    }
    let mut is_repeat = true;
    let put = record(context, &row, None, |row, _, now| is_repeat = row.put_back(now));
    let Some(row) = put.await.filter(|row| row.state == RedemptionState::Reversing) else {
        return;
    };
    if let Some(question) = row.question(is_repeat) {
        let verdict = issuer.reverse(&question).await;
        record(context, &row, None, |row, _, now| row.hear_given_back(&verdict, now)).await;
    }
}

/// There is nobody to ask: the question stays open.
async fn silent(context: &Context, row: &RedemptionRow) {
    let heard = |row: &mut RedemptionRow, _: Whose, now: Timestamp| {
        row.hear_standing(&UseStanding::Silence, now);
    };
    record(context, row, None, heard).await;
}

/// Writes down what was heard; `None` when that could not be written, and will be heard again.
async fn record(
    context: &Context,
    asked: &RedemptionRow,
    names: Option<(&[String], bool)>,
    hear: impl FnOnce(&mut RedemptionRow, Whose, Timestamp) + Send,
) -> Option<RedemptionRow> {
    match try_record(context, asked, names, hear).await {
        Ok(Some((before, row))) => {
            tell(&before, &row);
            Some(row)
        }
        Ok(None) => None,
        Err(error) => {
            tell_lost(&error, asked.store, asked.id);
            None
        }
    }
}

async fn try_record(
    context: &Context,
    asked: &RedemptionRow,
    names: Option<(&[String], bool)>,
    hear: impl FnOnce(&mut RedemptionRow, Whose, Timestamp) + Send,
) -> Result<Option<(RedemptionRow, RedemptionRow)>, DbError> {
    let doing = "write where a redemption stands";
    let mut tx = context.db().write(doing).await?;
    let Some(before) = redemptions::lock(&mut tx, asked.store, asked.id).await? else {
        return Ok(None);
    };
    let mut row = before.clone();
    let (names, is_repeat) = names.unwrap_or_default();
    let whose = whose(&mut tx, &row, names, is_repeat, context.now()).await?;
    let is_ours = whose == Whose::Ours;
    hear(&mut row, whose, context.now());
    redemptions::write(&mut tx, &row).await?;
    if is_ours && row.used_at.is_some() {
        redemptions::keep_names(&mut tx, &row, names).await?;
    }
    let (of, has_moved) = ((row.store, row.order), before.state != row.state);
    discrepancy::commit(tx, doing, of, has_moved, context.now()).await?;
    Ok(Some((before, row)))
}

/// By whom something was used, as the names of its use tell.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// By no other question.
    Ours,
    /// By other questions, all of it.
    Anothers,
    /// These pieces by other questions.
    Partly(Vec<String>),
    /// Another question may just have used it and not have heard of that yet.
    Unknown,
}

async fn whose(
    tx: &mut Conn,
    row: &RedemptionRow,
    names: &[String],
    is_repeat: bool,
    now: Timestamp,
) -> Result<Whose, DbError> {
    let mut theirs = Vec::new();
    for name in names {
        if redemptions::is_named_elsewhere(tx, row, name).await? {
            theirs.push(name.clone());
        }
    }
    Ok(match theirs.len() {
        0 if names.is_empty() => Whose::Ours,
        0 if is_repeat && redemptions::is_another_first(tx, row, now).await? => Whose::Unknown,
        0 => Whose::Ours,
        n if n == names.len() => Whose::Anothers,
        _ => Whose::Partly(theirs),
    })
}

fn tell(before: &RedemptionRow, row: &RedemptionRow) {
    if before.state == row.state {
        return;
    }
    let (store, id, state) = (row.store, row.id, row.state.word());
    if row.state == RedemptionState::Kept {
        let refusal = row.refusal.as_str();
        warn!(
            store.id = %store, redemption.id = %id, refusal,
            "A house does not take a coupon or voucher back; a person must look"
        );
    } else {
        info!(store.id = %store, redemption.id = %id, state, "A coupon or voucher is {state}");
    }
}

fn tell_lost(error: &DbError, store: StoreId, id: RedemptionId) {
    error!(
        store.id = %store, redemption.id = %id, error = %Chain(error),
        "Could not write where a redemption stands; its house is asked again"
    );
}
