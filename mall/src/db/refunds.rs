//! Money of payments that goes back.
//!
//! **Invariant:** what a refund gives back never changes after it was inserted.

use domain::{
    id::{PaymentId, RefundId},
    money::Money,
    payment::RefundState,
    time::Timestamp,
};
use sync::replica::StoreId;

use super::{Conn, DbError, damaged, moment, rights, sql};
use crate::asking::{Turn, Urgency};

/// A refund as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefundRow {
    /// Whose it is.
    pub(crate) store: StoreId,
    /// Its id.
    pub(crate) id: RefundId,
    /// Of which payment.
    pub(crate) payment: PaymentId,
    /// In fen.
    pub(crate) amount: Money,
    /// Why, for the payer's bill.
    pub(crate) reason: String,
    /// Where it stands.
    pub(crate) state: RefundState,
    /// Why not; empty unless it was refused.
    pub(crate) refusal: String,
    /// When it was asked for.
    pub(crate) made_at: Timestamp,
    /// When it was decided.
    pub(crate) decided_at: Option<Timestamp>,
    /// When its house is asked again.
    pub(crate) turn: Turn,
}

type Columns = (i64, String, String, i64, String, String, String, i64, i64, i64, i64);

macro_rules! columns {
    () => {
        "store_id, id, payment_id, amount_minor, reason, state, refusal, made_at, decided_at,
         ask_at, busy_until"
    };
}

fn row(columns: Columns) -> Result<RefundRow, DbError> {
    let bad = || damaged("read a refund");
    let (store, id, payment, amount, reason, state, refusal, made_at, decided_at, ask_at, busy) =
        columns;
    Ok(RefundRow {
        store: StoreId(store),
        id: id.parse().map_err(|_| bad())?,
        payment: payment.parse().map_err(|_| bad())?,
        amount: Money::from_minor(amount),
        reason,
        state: RefundState::from_word(&state).ok_or_else(bad)?,
        refusal,
        made_at: Timestamp::from_micros(made_at),
        decided_at: moment::of(decided_at),
        turn: Turn {
            ask_at: Timestamp::from_micros(ask_at),
            busy_until: Timestamp::from_micros(busy),
        },
    })
}

/// Keeps a new refund; `false` when its id is held.
pub(crate) async fn insert(tx: &mut Conn, refund: &RefundRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into refund (store_id, id, payment_id, amount_minor, reason, state, refusal,
                             made_at, decided_at, ask_at, busy_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict do nothing",
    )
    .bind(refund.store.0)
    .bind(refund.id.to_string())
    .bind(refund.payment.to_string())
    .bind(refund.amount.minor())
    .bind(refund.reason.as_str())
    .bind(refund.state.word())
    .bind(refund.refusal.as_str())
    .bind(refund.made_at.micros())
    .bind(moment::column(refund.decided_at))
    .bind(refund.turn.ask_at.micros())
    .bind(refund.turn.busy_until.micros())
    .execute(tx)
    .await
    .map_err(sql("write a refund down"))?;
    Ok(done.rows_affected() > 0)
}

/// Writes where a refund now stands.
pub(crate) async fn write(tx: &mut Conn, refund: &RefundRow) -> Result<(), DbError> {
    sqlx::query(
        "update refund set state = $3, refusal = $4, decided_at = $5, ask_at = $6, busy_until = $7
         where store_id = $1 and id = $2",
    )
    .bind(refund.store.0)
    .bind(refund.id.to_string())
    .bind(refund.state.word())
    .bind(refund.refusal.as_str())
    .bind(moment::column(refund.decided_at))
    .bind(refund.turn.ask_at.micros())
    .bind(refund.turn.busy_until.micros())
    .execute(tx)
    .await
    .map_err(sql("write where a refund stands"))?;
    Ok(())
}

/// A store's refund.
pub(crate) async fn by_id(
    tx: &mut Conn,
    store: StoreId,
    id: RefundId,
) -> Result<Option<RefundRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from refund where store_id = $1 and id = $2"
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a refund"))?;
    found.map(row).transpose()
}

/// A store's refund, locked until the commit.
pub(crate) async fn lock(
    tx: &mut Conn,
    store: StoreId,
    id: RefundId,
) -> Result<Option<RefundRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(concat!(
        "update refund set id = id where store_id = $1 and id = $2 returning ",
        columns!()
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("lock a refund"))?;
    found.map(row).transpose()
}

/// Takes the turn to ask about a refund; `None` when it is decided or somebody else has it.
pub(crate) async fn claim(
    tx: &mut Conn,
    store: StoreId,
    id: RefundId,
    urgency: Urgency,
    now: Timestamp,
) -> Result<Option<RefundRow>, DbError> {
    match rights::take_turn(tx, rights::REFUNDS, (store, id), urgency, now).await? {
        true => by_id(tx, store, id).await,
        false => Ok(None),
    }
}

/// Whether another store holds a refund under this id.
pub(crate) async fn is_elsewhere(
    tx: &mut Conn,
    store: StoreId,
    id: RefundId,
) -> Result<bool, DbError> {
    rights::is_elsewhere(tx, rights::REFUNDS, store, id).await
}

/// What was given back of a payment, or is asked to be.
pub(crate) async fn sum(
    tx: &mut Conn,
    store: StoreId,
    payment: PaymentId,
) -> Result<Money, DbError> {
    // The cast keeps the engines' sums of whole numbers whole numbers.
    let (sum,): (i64,) = sqlx::query_as(
        "select cast(coalesce(sum(amount_minor), 0) as bigint) from refund
         where store_id = $1 and payment_id = $2 and state <> 'refused'",
    )
    .bind(store.0)
    .bind(payment.to_string())
    .fetch_one(tx)
    .await
    .map_err(sql("add the refunds of a payment up"))?;
    Ok(Money::from_minor(sum))
}

/// Refunds about which somebody should ask now, the longest waiting first.
pub(crate) async fn due(
    tx: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(StoreId, RefundId)>, DbError> {
    rights::due(tx, rights::REFUNDS, now, limit).await
}
