//! Goods of an online order that somebody brings back to this store (线上退货).
//!
//! ```text
//! look up ─► pick pieces ─► written down ─► the mall is asked ─► done: slip, money due, stock
//! (asks)       (asks)         pending           │      └───────► refused: nothing came back
//!                                               └─ silence: stays pending, `settle` asks again
//! ```
//!
//! Only the mall knows what came back elsewhere, so nothing is decided without it: with the cable cut
//! goods stay with their shopper.
//!
//! **Invariant:** a return is in the ledger before anybody is asked, with an id that stays its own;
//! silence decides nothing, and while one is open no other one of its order begins here.

use std::sync::Arc;

use domain::{
    id::{OnlineReturnId, PickupId, SlipId},
    money::Money,
    receipt_number::WorkstationNumber,
    returns::online::{OnlineReturnState, RETURN_LINES_MAX, ReturnReason},
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::{
    BROUGHT_CHARS_MAX, BackLineV1, BroughtV1, OnlineOrderV1, OnlineReturnV1, TakeBackV1,
};

use crate::{
    checkout::{CheckoutError, to_the_end},
    context::{Context, mint},
    db::{
        self, DbError,
        spool::{self, Slip, SlipOf},
    },
    fault,
    in_flight::About,
    refusal::Refusal,
    uplink::rights::{self, Told},
};

/// Signs of what people call an order.
pub(crate) const NUMBER_CHARS_MAX: usize = 64;
/// Returns that a screen lists.
const LISTED_MAX: usize = 50;
/// The word of a question that never left this box.
const UNREACHABLE: &str = "mall-unreachable";
/// The word of an order that the mall does not know.
const UNKNOWN: &str = "order-unknown";
/// The word of an order that a till sold. The mall says it after it has looked for the return: it has
/// none, and never will.
const AT_THE_COUNTER: &str = "order-sold-at-counter";

/// Why goods of an online order are not taken back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReturnNo {
    /// The mall cannot be asked, or did not answer: nothing was written.
    #[error("the mall cannot be asked")]
    Away,
    /// An earlier return of the order has no answer yet.
    #[error("an earlier return of the order is not decided")]
    Waiting,
    /// What was scanned or typed names no order, or the pieces are none.
    #[error("nothing that can come back is named")]
    NotNamed,
    /// The mall says no, in one word.
    #[error("the mall says no: {0}")]
    Said(String),
}

/// A return as this store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnlineReturn {
    /// What the mall is asked.
    pub(crate) asked: TakeBackV1,
    /// What people call the order.
    pub(crate) number: String,
    /// Where it stands.
    pub(crate) state: OnlineReturnState,
    /// What the mall said, once it is done.
    pub(crate) answer: Option<OnlineReturnV1>,
    /// Why not, once it is refused.
    pub(crate) refusal: Option<String>,
    /// When the answer came.
    pub(crate) decided_at: Option<Timestamp>,
}

/// Goods that an operator takes back.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Made by the screen: the return's own.
    pub(crate) id: OnlineReturnId,
    /// Of which order.
    pub(crate) order: PickupId,
    /// What people call it.
    pub(crate) number: String,
    /// Which pieces.
    pub(crate) lines: Vec<BackLineV1>,
    /// Why they come back.
    pub(crate) reason: ReturnReason,
    /// Whether they can be sold again.
    pub(crate) saleable: bool,
    /// What the shopper was shown that they get.
    pub(crate) amount: Money,
    /// Who does it.
    pub(crate) operator: String,
}

/// Asks what of an order may come back, and what some pieces of it would give. Nothing is written.
pub(crate) async fn look(
    context: &Context,
    brought: &BroughtV1,
) -> Result<OnlineOrderV1, CheckoutError> {
    let named = brought.presented.trim();
    let is_text = (1..=BROUGHT_CHARS_MAX).contains(&named.len());
    if !is_text || named.chars().any(char::is_control) || brought.lines.len() > RETURN_LINES_MAX {
        return Err(Refusal::OnlineReturn(ReturnNo::NotNamed).into());
    }
    let no = match rights::online_order(context, brought).await {
        Told::Says(says) => return Ok(says),
        Told::Unknown => ReturnNo::Said(UNKNOWN.to_owned()),
        Told::TurnedAway(word) => ReturnNo::Said(word),
        Told::NeverLeft | Told::Silence => ReturnNo::Away,
    };
    Err(Refusal::OnlineReturn(no).into())
}

/// What waits for the mall in this store, and its newest returns.
pub(crate) async fn list(context: &Context) -> Result<Vec<OnlineReturn>, DbError> {
    context.ledger.read(|ledger| db::online_return::listed(ledger, LISTED_MAX)).await
}

/// Writes a return down and asks the mall; the answer is where it stands then. The same wish again
/// tells the same.
pub(crate) async fn take_back(
    context: &Arc<Context>,
    wish: Wish,
) -> Result<OnlineReturn, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let fresh = fresh(wish, context.clock.now())?;
        let (id, asked) = (fresh.asked.id, fresh.asked.clone());
        // Whoever finds the row finds its question under way.
        let asking = context.in_flight.enter(id.uuid(), About::Doing);
        let known = context.ledger.write(move |tx| begin(tx, fresh)).await?;
        let standing = match (known, asking) {
            (None, Some(asking)) => {
                fault::point("online_return.written");
                let told = rights::take_back(&context, &asked).await;
                fault::point("online_return.answered");
                let heard = hear(&context, id, Heard { told, is_first: true }).await?;
                drop(asking);
                heard
            }
            (Some(known), _) => known,
            // Two of the same at once: the other one asks.
            (None, None) => return Err(Refusal::OnlineReturn(ReturnNo::Waiting).into()),
        };
        match (standing.state, &standing.refusal) {
            (OnlineReturnState::Refused, Some(word)) => Err(refused(word).into()),
            (_, _) => Ok(standing),
        }
    })
    .await
}

/// What a screen is told of a return that was refused.
pub(crate) fn refused(word: &str) -> Refusal {
    Refusal::OnlineReturn(match word {
        UNREACHABLE => ReturnNo::Away,
        word => ReturnNo::Said(word.to_owned()),
    })
}

fn fresh(wish: Wish, now: Timestamp) -> Result<OnlineReturn, Refusal> {
    let is_number = (1..=NUMBER_CHARS_MAX).contains(&wish.number.chars().count());
    let is_named = is_number && !wish.number.chars().any(char::is_control);
    let has_lines = (1..=RETURN_LINES_MAX).contains(&wish.lines.len());
    let has_pieces = wish.lines.iter().all(|line| line.quantity_milli.is_sellable());
    if !is_named || !has_lines || !has_pieces || wish.amount < Money::ZERO {
        return Err(Refusal::OnlineReturn(ReturnNo::NotNamed));
    }
    let asked = TakeBackV1 {
        id: wish.id,
        order: wish.order,
        lines: wish.lines,
        reason: wish.reason,
        saleable: wish.saleable,
        amount_minor: wish.amount,
        workstation: wish.workstation,
        operator: wish.operator,
        at: now,
    };
    Ok(OnlineReturn {
        asked,
        number: wish.number,
        state: OnlineReturnState::Pending,
        answer: None,
        refusal: None,
        decided_at: None,
    })
}

/// Writes a new one down; the answer is the one that is known under its id, if there is one.
fn begin(tx: &Connection, fresh: OnlineReturn) -> Result<Option<OnlineReturn>, CheckoutError> {
    if let Some(known) = db::online_return::find(tx, fresh.asked.id)? {
        // By whom and when does not make it another one.
        let same = TakeBackV1 {
            workstation: known.asked.workstation,
            operator: known.asked.operator.clone(),
            at: known.asked.at,
            ..fresh.asked
        };
        return if same == known.asked { Ok(Some(known)) } else { Err(Refusal::IdReused.into()) };
    }
    if db::online_return::is_pending(tx, fresh.asked.order)? {
        return Err(Refusal::OnlineReturn(ReturnNo::Waiting).into());
    }
    db::online_return::insert(tx, &fresh)?;
    Ok(None)
}

/// What was heard of a return.
struct Heard {
    told: Told<OnlineReturnV1>,
    /// It was asked for the first time: nobody can have heard of it before.
    is_first: bool,
}

/// Writes down what was heard; with a yes the slip is queued in the same transaction.
async fn hear(
    context: &Arc<Context>,
    id: OnlineReturnId,
    heard: Heard,
) -> Result<OnlineReturn, CheckoutError> {
    let (now, at_work) = (context.clock.now(), Arc::clone(context));
    let slip: SlipId = mint();
    let write = move |tx: &Connection| -> Result<(OnlineReturn, bool), CheckoutError> {
        let doing = "note what became of a return";
        let before = db::online_return::find(tx, id)?.ok_or(DbError::Damaged { doing })?;
        let after = after(before.clone(), &heard, now);
        if after == before {
            return Ok((after, false));
        }
        db::online_return::set(tx, &after)?;
        let workstation = after.asked.workstation;
        if after.state == OnlineReturnState::Done && at_work.health.has_printer(workstation) {
            let slip = Slip { id: slip, of: SlipOf::Return(id), queued_at: now };
            spool::push(tx, &slip, workstation)?;
        }
        fault::db("online_return.noted")?;
        Ok((after, true))
    };
    let (standing, has_moved) = context.ledger.write(write).await?;
    fault::point("online_return.committed");
    if has_moved {
        tracing::info!(
            online_return.id = %id, pickup.id = %standing.asked.order,
            state = standing.state.word(), refusal = standing.refusal.as_deref(),
            "A return of an online order is decided"
        );
        context.nudges.spool.send_replace(());
        context.nudges.store.give();
        context.screens.beat();
    }
    Ok(standing)
}

/// Where a return stands after something was heard of it.
fn after(before: OnlineReturn, heard: &Heard, now: Timestamp) -> OnlineReturn {
    if before.state != OnlineReturnState::Pending {
        return before;
    }
    let refused = |word: &str| OnlineReturn {
        state: OnlineReturnState::Refused,
        refusal: Some(word.to_owned()),
        decided_at: Some(now),
        ..before.clone()
    };
    match &heard.told {
        Told::Says(says) if says.id != before.asked.id => before,
        Told::Says(says) => match says.state {
            OnlineReturnState::Done => OnlineReturn {
                state: OnlineReturnState::Done,
                number: says.number.clone(),
                answer: Some(says.clone()),
                decided_at: Some(now),
                ..before
            },
            OnlineReturnState::Refused => refused(says.refusal.as_deref().unwrap_or("refused")),
            OnlineReturnState::Pending => before,
        },
        // A mall that knows nothing of a later question has forgotten something.
        Told::Unknown if heard.is_first => refused(UNKNOWN),
        // What was heard once may have been decided; only the first question can be turned away, and
        // what no question ever brings back.
        Told::TurnedAway(word) if heard.is_first || word == AT_THE_COUNTER => refused(word),
        Told::NeverLeft if heard.is_first => refused(UNREACHABLE),
        Told::Unknown | Told::TurnedAway(_) | Told::NeverLeft | Told::Silence => before,
    }
}

/// Asks again about a return that is not decided.
pub(crate) async fn pursue(
    context: &Arc<Context>,
    one: &OnlineReturn,
) -> Result<(), CheckoutError> {
    let id = one.asked.id;
    // Its answer is on the way already.
    let Some(_asking) = context.in_flight.enter(id.uuid(), About::Doing) else { return Ok(()) };
    let told = rights::take_back(context, &one.asked).await;
    fault::point("online_return.pursued");
    hear(context, id, Heard { told, is_first: false }).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, quantity::Quantity, tender::TenderKind};
    use uuid::Uuid;

    use super::*;

    fn pending() -> OnlineReturn {
        let wish = Wish {
            workstation: 1,
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            number: "M-1".to_owned(),
            lines: vec![BackLineV1 { number: 1, quantity_milli: Quantity::ONE }],
            reason: ReturnReason::Unfit,
            saleable: true,
            amount: Money::from_minor(100),
            operator: "1001".to_owned(),
        };
        fresh(wish, Timestamp::from_micros(1)).unwrap()
    }

    fn says(id: u128, state: OnlineReturnState) -> Told<OnlineReturnV1> {
        let refusal = (state == OnlineReturnState::Refused).then(|| "not-so-many".to_owned());
        Told::Says(OnlineReturnV1 {
            id: Id::from_uuid(Uuid::from_u128(id)),
            state,
            refusal,
            number: "M-1".to_owned(),
            shopper: String::new(),
            phone: String::new(),
            method: TenderKind::Wechat,
            amount_minor: Money::from_minor(100),
            held_minor: Money::ZERO,
            lines: Vec::new(),
        })
    }

    #[test]
    fn silence_decides_nothing_and_a_later_question_is_turned_away_only_for_good() {
        use OnlineReturnState::{Done, Pending, Refused};
        let turned_away = |word: &str| Told::TurnedAway(word.to_owned());
        for (told, is_first, expected) in [
            (says(1, Done), true, (Done, None)),
            (says(1, Done), false, (Done, None)),
            (says(9, Done), true, (Pending, None)),
            (says(1, Refused), false, (Refused, Some("not-so-many"))),
            (says(1, Pending), false, (Pending, None)),
            (Told::Unknown, true, (Refused, Some(UNKNOWN))),
            (Told::Unknown, false, (Pending, None)),
            (turned_away("signature-stale"), true, (Refused, Some("signature-stale"))),
            (turned_away("signature-stale"), false, (Pending, None)),
            (turned_away(AT_THE_COUNTER), true, (Refused, Some(AT_THE_COUNTER))),
            (turned_away(AT_THE_COUNTER), false, (Refused, Some(AT_THE_COUNTER))),
            (Told::NeverLeft, true, (Refused, Some(UNREACHABLE))),
            (Told::NeverLeft, false, (Pending, None)),
            (Told::Silence, true, (Pending, None)),
            (Told::Silence, false, (Pending, None)),
        ] {
            let heard = Heard { told, is_first };
            let after = after(pending(), &heard, Timestamp::from_micros(9));
            assert_eq!((after.state, after.refusal.as_deref()), expected);
            assert_eq!(after.decided_at.is_none(), after.state == Pending);
        }
    }

    #[test]
    fn what_is_decided_stays() {
        let at = Timestamp::from_micros(9);
        let yes = Heard { told: says(1, OnlineReturnState::Done), is_first: true };
        let done = after(pending(), &yes, at);
        let no = Heard { told: says(1, OnlineReturnState::Refused), is_first: false };
        assert_eq!(after(done.clone(), &no, Timestamp::from_micros(10)), done);
    }
}
