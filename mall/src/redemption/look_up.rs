//! What a coupon or voucher is worth.
//!
//! **Invariant:** nothing is used, and what was presented is kept nowhere but in what its house
//! wants to hear again.

use domain::{
    redemption::{IssuerName, RedemptionState},
    time::Timestamp,
};
use sync::{
    replica::StoreId,
    wire::{LookUpV1, OFFERS_MAX, RedemptionV1},
};
use tracing::info;

use super::{RedemptionError, fit, held};
use crate::{
    asking::Turn,
    context::Context,
    db::{
        self, Conn,
        redemptions::{self, RedemptionRow},
        stores,
    },
    houses::{Found, Held, NOT_FOUND, NOT_SET_UP, Verdict},
};

/// Looks something up; the same again tells what was found the first time, because looking up twice
/// makes the tokens of the first time void.
pub(crate) async fn look_up(
    context: &Context,
    store: StoreId,
    asked: &LookUpV1,
) -> Result<RedemptionV1, RedemptionError> {
    let doing = "write a redemption down";
    let presented = fit::presented(asked)?;
    let mut tx = context.db().read("read a redemption").await?;
    if is_known(&mut tx, store, asked).await? {
        drop(tx);
        return held(context, store, asked.id).await;
    }
    let code = stores::code(&mut tx, store).await?;
    drop(tx);
    let (issuer, verdict) = find(context, &code, asked, presented).await;
    let row = new(store, asked, issuer, verdict, context.now())?;
    let mut tx = context.db().write(doing).await?;
    // Somebody else may have asked the same meanwhile; the first answer that is written holds.
    if !is_known(&mut tx, store, asked).await? {
        redemptions::insert(&mut tx, &row).await?;
        db::commit(tx, doing).await?;
        let (id, state) = (row.id, row.state.word());
        info!(store.id = %store, redemption.id = %id, state, "Looked a code up");
    }
    held(context, store, asked.id).await
}

/// Whose it is, and what that house says. Where its form fits two houses, the second is asked what
/// the first does not know.
async fn find(
    context: &Context,
    code: &str,
    asked: &LookUpV1,
    presented: &str,
) -> (IssuerName, Verdict<Found>) {
    let first = ask(context, code, asked.issuer, presented).await;
    let (Verdict::No(word), Some(other)) = (&first, asked.otherwise) else {
        return (asked.issuer, first);
    };
    if ![NOT_FOUND, NOT_SET_UP].contains(&word.as_str()) {
        return (asked.issuer, first);
    }
    match ask(context, code, other, presented).await {
        // Nobody knows it: that is what people are told, not why the other one does not.
        Verdict::No(_) if word == NOT_FOUND => (asked.issuer, first),
        verdict @ (Verdict::Yes(_) | Verdict::No(_) | Verdict::Silence) => (other, verdict),
    }
}

async fn ask(context: &Context, code: &str, issuer: IssuerName, presented: &str) -> Verdict<Found> {
    match context.houses().issuer(code, issuer) {
        Some(issuer) => issuer.look_up(presented).await,
        None => Verdict::No(NOT_SET_UP.to_owned()),
    }
}

async fn is_known(
    tx: &mut Conn,
    store: StoreId,
    asked: &LookUpV1,
) -> Result<bool, RedemptionError> {
    match redemptions::by_id(tx, store, asked.id).await? {
        Some(row) if row.order == asked.order && asked.may_be_of(row.issuer) => Ok(true),
        Some(_) => Err(RedemptionError::Taken),
        None if redemptions::is_elsewhere(tx, store, asked.id).await? => {
            Err(RedemptionError::Taken)
        }
        None => Ok(false),
    }
}

fn new(
    store: StoreId,
    asked: &LookUpV1,
    issuer: IssuerName,
    verdict: Verdict<Found>,
    now: Timestamp,
) -> Result<RedemptionRow, RedemptionError> {
    let mut row = RedemptionRow {
        store,
        id: asked.id,
        order: asked.order,
        workstation: asked.workstation,
        issuer,
        state: RedemptionState::LookedUp,
        offers: Vec::new(),
        code_tail: fit::tail(asked.presented.trim()),
        held: Held::default(),
        wish: None,
        refusal: String::new(),
        made_at: now,
        asked_at: None,
        put_at: None,
        used_at: None,
        reversing_at: None,
        decided_at: None,
        reversible_until: None,
        back_at: None,
        turn: Turn::NONE,
    };
    match verdict {
        Verdict::Yes(found) => {
            (row.offers, row.held) = (found.offers, found.held);
            row.offers.truncate(OFFERS_MAX);
        }
        Verdict::No(word) => {
            (row.state, row.refusal) = (RedemptionState::Refused, word);
            row.decided_at = Some(now);
        }
        Verdict::Silence => return Err(RedemptionError::Silent),
    }
    Ok(row)
}
