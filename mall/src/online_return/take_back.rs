//! Goods come back: decided in one transaction with the money that is due and the goods' stock.
//!
//! **Invariant:** the same id is the same return, whatever was decided about it.

use domain::{
    id::{OnlineReturnId, PickupId},
    money::Money,
    quantity::Quantity,
    returns::{
        ReturnLine, ReturnOrder, ReturnPolicy, ReturnRefusal,
        online::{self, Decided, OnlineReturnState},
    },
    tender::TenderKind,
    time::Timestamp,
};
use sync::{
    chain::Hash,
    replica::{Scope, StoreId},
    wire::{OnlineReturnV1, ReturnedLineV1, TakeBackV1},
};
use tracing::{error, info};

use super::{
    AMOUNT, Known, NOT_POSSIBLE, OnlineReturnError, TOO_OFTEN, known, standing, wishes_of, word,
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError, damaged,
        online_orders::{self, OnlineRow},
        online_returns::{self, NewReturn, ReturnRow},
        pickup_cases::{self, RefundDue},
        scope,
        stock::{self, Movement},
    },
};

/// Signs of an operator's number.
const OPERATOR_CHARS_MAX: usize = 16;

/// Takes pieces of an online order back in a store, or says why not. The same again tells what was
/// decided.
pub(crate) async fn take_back(
    context: &Context,
    store: StoreId,
    asked: &TakeBackV1,
) -> Result<OnlineReturnV1, OnlineReturnError> {
    let doing = "take goods of an online order back";
    check(asked)?;
    let mut tx = context.db().write(doing).await?;
    if let Some(held) = online_returns::by_id(&mut tx, asked.id).await? {
        if (held.store, held.digest.as_str()) != (store, digest(asked).as_str()) {
            return Err(OnlineReturnError::Taken);
        }
        return told_again(&mut tx, &held).await;
    }
    // Its lock is what makes the returns of an order come one after the other.
    let order = online_orders::lock(&mut tx, asked.order).await?;
    let order = order.ok_or(OnlineReturnError::Unknown)?;
    let now = context.now();
    let told = match judge(&mut tx, &order, asked, now).await? {
        Ok((made, decided, newest)) => {
            let of = (store, &order);
            keep(&mut tx, of, (asked, &made, &decided), (newest, now)).await?
        }
        Err(refusal) => {
            let row = row(store, asked, 0, (OnlineReturnState::Refused, refusal), Money::ZERO);
            insert(&mut tx, asked, row, now).await?;
            answer(&order, asked.id, OnlineReturnState::Refused, Some(refusal))?
        }
    };
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    let (of, id, amount) = (order.id, told.id, told.amount_minor);
    match told.refusal.as_deref() {
        None => info!(
            store.id = %store, pickup.id = %of, online_return.id = %id, amount = %amount,
            "Goods of an online order came back; the money is due"
        ),
        Some(refusal) => info!(
            store.id = %store, pickup.id = %of, online_return.id = %id, refusal,
            "Goods of an online order were not taken back"
        ),
    }
    Ok(told)
}

/// Looks at what can be seen without the order.
fn check(asked: &TakeBackV1) -> Result<(), OnlineReturnError> {
    let operator = asked.operator.chars().count();
    if asked.lines.is_empty() || operator > OPERATOR_CHARS_MAX {
        return Err(OnlineReturnError::Malformed("a return has lines and somebody who takes them"));
    }
    wishes_of(&asked.lines).map(|_| ())
}

/// What tells the same return from another one under its id. By whom and when it was asked for is
/// left out: a store that asks again asks later.
fn digest(asked: &TakeBackV1) -> String {
    let told = (asked.order, &asked.lines, asked.reason, asked.saleable, asked.amount_minor);
    Hash::of(&serde_json::to_vec(&told).unwrap_or_default()).to_string()
}

type Verdict<T> = Result<T, &'static str>;

/// Decides from where the order stands and what is known of it, with the place of its newest return.
async fn judge(
    tx: &mut Conn,
    order: &OnlineRow,
    asked: &TakeBackV1,
    now: Timestamp,
) -> Result<Verdict<(ReturnOrder, Decided, i64)>, OnlineReturnError> {
    // Where nothing comes back there is nothing to read: nobody priced what was only set aside.
    if let Err(refusal) = standing(order) {
        return Ok(Err(refusal));
    }
    let known = known(tx, order).await?;
    let verdict = decide(order, &known, asked, now)?;
    Ok(verdict.map(|(made, decided)| (made, decided, known.newest)))
}

/// Decides from what is known.
fn decide(
    order: &OnlineRow,
    known: &Known,
    asked: &TakeBackV1,
    now: Timestamp,
) -> Result<Verdict<(ReturnOrder, Decided)>, OnlineReturnError> {
    if known.earlier.len() >= online::RETURNS_MAX {
        return Ok(Err(TOO_OFTEN));
    }
    let wished = Decided {
        id: asked.id,
        wishes: wishes_of(&asked.lines)?,
        policy: ReturnPolicy::default(),
        operator: asked.operator.clone(),
        at: now,
        amount: Money::ZERO,
    };
    Ok(match online::decide(&known.order, &known.earlier, wished) {
        Ok((_, decided)) if decided.amount != asked.amount_minor => Err(AMOUNT),
        Ok(made) => Ok(made),
        Err(refusal) => Err(word(&refusal).unwrap_or_else(|| {
            tell_damaged(order.id, &refusal);
            NOT_POSSIBLE
        })),
    })
}

fn tell_damaged(order: PickupId, refusal: &ReturnRefusal) {
    error!(
        pickup.id = %order, error = %refusal,
        "What is kept of an online order does not hold; nothing is taken back of it"
    );
}

/// Keeps a return with what comes of it.
async fn keep(
    tx: &mut Conn,
    (store, order): (StoreId, &OnlineRow),
    (asked, made, decided): (&TakeBackV1, &ReturnOrder, &Decided),
    (newest, now): (i64, Timestamp),
) -> Result<OnlineReturnV1, DbError> {
    let row = row(store, asked, newest + 1, (OnlineReturnState::Done, ""), decided.amount);
    insert(tx, asked, row, now).await?;
    if decided.amount > Money::ZERO {
        // It is due once, so the return's own id is that of what is owed.
        let due = RefundDue { id: asked.id.uuid(), why: "returned", amount: decided.amount };
        pickup_cases::owe(tx, (order.store, order.id), &due, now).await?;
    }
    if asked.saleable {
        let version = scope::raise(tx, Scope::Store(store), now).await?;
        for line in &made.lines {
            let movement = Movement { on_hand: back(line), ..Movement::default() };
            stock::shift(tx, (store, &line.item.sku), movement, (now, version)).await?;
        }
    }
    told(order, asked.id, made, decided.amount)
}

/// How much of a line came back; a return's own quantities are below nothing.
fn back(line: &ReturnLine) -> Quantity {
    Quantity::from_milli(line.quantity.milli().saturating_neg())
}

async fn insert(
    tx: &mut Conn,
    asked: &TakeBackV1,
    row: ReturnRow,
    now: Timestamp,
) -> Result<(), DbError> {
    let policy = ReturnPolicy::default();
    online_returns::insert(tx, &NewReturn { row, asked, policy, now }).await
}

fn row(
    store: StoreId,
    asked: &TakeBackV1,
    place: i64,
    (state, refusal): (OnlineReturnState, &str),
    amount: Money,
) -> ReturnRow {
    ReturnRow {
        store,
        id: asked.id,
        order: asked.order,
        place,
        digest: digest(asked),
        state,
        refusal: refusal.to_owned(),
        amount,
    }
}

/// What was decided before, as it was told then.
async fn told_again(tx: &mut Conn, held: &ReturnRow) -> Result<OnlineReturnV1, OnlineReturnError> {
    let order = online_orders::by_id(tx, held.order).await?.ok_or(OnlineReturnError::Unknown)?;
    if held.state == OnlineReturnState::Refused {
        return Ok(answer(&order, held.id, held.state, Some(&held.refusal))?);
    }
    let known = known(tx, &order).await?;
    let made = known.earlier.iter().find(|made| made.id.uuid() == held.id.uuid());
    let made = made.ok_or_else(|| damaged("find a return among those of its order"))?;
    Ok(told(&order, held.id, made, held.amount)?)
}

fn told(
    order: &OnlineRow,
    id: OnlineReturnId,
    made: &ReturnOrder,
    amount: Money,
) -> Result<OnlineReturnV1, DbError> {
    let doing = "tell what came back";
    let line = |line: &ReturnLine| ReturnedLineV1 {
        number: line.original.unwrap_or_default(),
        sku: line.item.sku.clone(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        quantity_milli: back(line),
        amount_minor: Money::from_minor(line.amount.minor().saturating_neg()),
    };
    let lines: Vec<ReturnedLineV1> = made.lines.iter().map(line).collect();
    let paid = Money::sum(lines.iter().map(|line| line.amount_minor));
    let held = paid.and_then(|paid| paid.minus(amount)).map_err(|_| damaged(doing))?;
    let answer = answer(order, id, OnlineReturnState::Done, None)?;
    Ok(OnlineReturnV1 { amount_minor: amount, held_minor: held, lines, ..answer })
}

fn answer(
    order: &OnlineRow,
    id: OnlineReturnId,
    state: OnlineReturnState,
    refusal: Option<&str>,
) -> Result<OnlineReturnV1, DbError> {
    // What was set aside is paid at a counter, and nothing of it goes back this way.
    let at_the_counter = order.is_unpaid().then_some(TenderKind::Cash);
    let method = at_the_counter.or_else(|| TenderKind::from_word(&order.method));
    Ok(OnlineReturnV1 {
        id,
        state,
        refusal: refusal.map(str::to_owned),
        number: order.number.clone(),
        shopper: order.shopper.clone(),
        phone: order.phone.clone(),
        method: method.ok_or_else(|| damaged("tell how an online order was paid"))?,
        amount_minor: Money::ZERO,
        held_minor: Money::ZERO,
        lines: Vec::new(),
    })
}
