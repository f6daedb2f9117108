//! Payments by code.
//!
//! **Invariant:** what a payment is for never changes after it was inserted; what is decided about
//! it is decided elsewhere.

use domain::{
    id::{OrderId, PaymentId},
    money::Money,
    payment::{PaymentMethod, PaymentState},
    time::Timestamp,
};
use sqlx::{FromRow as _, any::AnyRow};
use sync::replica::StoreId;

use super::{
    Conn, DbError, damaged, moment,
    rights::{self, Wanted},
    sql,
};
use crate::asking::{Turn, Urgency};

/// What a payment is for: the same in every question about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// The order.
    pub(crate) order: OrderId,
    /// Whose code it was.
    pub(crate) method: PaymentMethod,
    /// In fen.
    pub(crate) amount: Money,
}

/// A payment as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaymentRow {
    /// Whose it is.
    pub(crate) store: StoreId,
    /// Its id.
    pub(crate) id: PaymentId,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// At which workstation; 0 where its reversal came first.
    pub(crate) workstation: u16,
    /// Where it stands.
    pub(crate) state: PaymentState,
    /// The house's own number; empty until it was paid.
    pub(crate) transaction: String,
    /// The last no of its house; empty if it said none.
    pub(crate) refusal: String,
    /// When it was asked for.
    pub(crate) made_at: Timestamp,
    /// When it was paid.
    pub(crate) paid_at: Option<Timestamp>,
    /// When somebody wanted it undone.
    pub(crate) reversing_at: Option<Timestamp>,
    /// When it came to stand where it stands, unless that is open.
    pub(crate) decided_at: Option<Timestamp>,
    /// When its house is asked again.
    pub(crate) turn: Turn,
}

type Columns =
    (i64, String, String, i64, String, i64, String, String, String, i64, i64, i64, i64, i64, i64);

/// The columns of a payment, in the order in which `row` reads them.
macro_rules! columns {
    () => {
        "store_id, id, order_id, workstation, method, amount_minor, state, transaction_id,
         refusal, made_at, paid_at, reversing_at, decided_at, ask_at, busy_until"
    };
}

fn row(columns: Columns) -> Result<PaymentRow, DbError> {
    let bad = || damaged("read a payment");
    let purpose = Purpose {
        order: columns.2.parse().map_err(|_| bad())?,
        method: PaymentMethod::from_word(&columns.4).ok_or_else(bad)?,
        amount: Money::from_minor(columns.5),
    };
    let turn = Turn {
        ask_at: Timestamp::from_micros(columns.13),
        busy_until: Timestamp::from_micros(columns.14),
    };
    Ok(PaymentRow {
        store: StoreId(columns.0),
        id: columns.1.parse().map_err(|_| bad())?,
        purpose,
        workstation: u16::try_from(columns.3).map_err(|_| bad())?,
        state: PaymentState::from_word(&columns.6).ok_or_else(bad)?,
        transaction: columns.7,
        refusal: columns.8,
        made_at: Timestamp::from_micros(columns.9),
        paid_at: moment::of(columns.10),
        reversing_at: moment::of(columns.11),
        decided_at: moment::of(columns.12),
        turn,
    })
}

/// Keeps a new payment; `false` when its id is held, or when its order has an open charge.
pub(crate) async fn insert(tx: &mut Conn, payment: &PaymentRow) -> Result<bool, DbError> {
    let purpose = &payment.purpose;
    let done = sqlx::query(
        "insert into payment (store_id, id, order_id, workstation, method, amount_minor, state,
                              transaction_id, refusal, made_at, paid_at, reversing_at, decided_at,
                              ask_at, busy_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict do nothing",
    )
    .bind(payment.store.0)
    .bind(payment.id.to_string())
    .bind(purpose.order.to_string())
    .bind(i64::from(payment.workstation))
    .bind(purpose.method.word())
    .bind(purpose.amount.minor())
    .bind(payment.state.word())
    .bind(payment.transaction.as_str())
    .bind(payment.refusal.as_str())
    .bind(payment.made_at.micros())
    .bind(moment::column(payment.paid_at))
    .bind(moment::column(payment.reversing_at))
    .bind(moment::column(payment.decided_at))
    .bind(payment.turn.ask_at.micros())
    .bind(payment.turn.busy_until.micros())
    .execute(tx)
    .await
    .map_err(sql("write a payment down"))?;
    Ok(done.rows_affected() > 0)
}

/// Writes where a payment now stands.
pub(crate) async fn write(tx: &mut Conn, payment: &PaymentRow) -> Result<(), DbError> {
    sqlx::query(
        "update payment set state = $3, transaction_id = $4, refusal = $5, paid_at = $6,
                            reversing_at = $7, decided_at = $8, ask_at = $9, busy_until = $10
         where store_id = $1 and id = $2",
    )
    .bind(payment.store.0)
    .bind(payment.id.to_string())
    .bind(payment.state.word())
    .bind(payment.transaction.as_str())
    .bind(payment.refusal.as_str())
    .bind(moment::column(payment.paid_at))
    .bind(moment::column(payment.reversing_at))
    .bind(moment::column(payment.decided_at))
    .bind(payment.turn.ask_at.micros())
    .bind(payment.turn.busy_until.micros())
    .execute(tx)
    .await
    .map_err(sql("write where a payment stands"))?;
    Ok(())
}

/// A store's payment.
pub(crate) async fn by_id(
    tx: &mut Conn,
    store: StoreId,
    id: PaymentId,
) -> Result<Option<PaymentRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from payment where store_id = $1 and id = $2"
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a payment"))?;
    found.map(row).transpose()
}

/// A store's payment, locked until the commit. An `update`, because it locks on every engine.
pub(crate) async fn lock(
    tx: &mut Conn,
    store: StoreId,
    id: PaymentId,
) -> Result<Option<PaymentRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(concat!(
        "update payment set id = id where store_id = $1 and id = $2 returning ",
        columns!()
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("lock a payment"))?;
    found.map(row).transpose()
}

/// Every payment of an order, locked until the commit.
pub(crate) async fn of_order(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Vec<PaymentRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(concat!(
        "update payment set id = id where store_id = $1 and order_id = $2 returning ",
        columns!()
    ))
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("lock the payments of an order"))?;
    found.into_iter().map(row).collect()
}

/// Takes the turn to ask about a payment; `None` when it is decided or somebody else has it.
pub(crate) async fn claim(
    tx: &mut Conn,
    store: StoreId,
    id: PaymentId,
    urgency: Urgency,
    now: Timestamp,
) -> Result<Option<PaymentRow>, DbError> {
    match rights::take_turn(tx, rights::PAYMENTS, (store, id), urgency, now).await? {
        true => by_id(tx, store, id).await,
        false => Ok(None),
    }
}

/// Whether another store holds a payment under this id.
pub(crate) async fn is_elsewhere(
    tx: &mut Conn,
    store: StoreId,
    id: PaymentId,
) -> Result<bool, DbError> {
    rights::is_elsewhere(tx, rights::PAYMENTS, store, id).await
}

/// Whether a payment of an order is not decided yet.
pub(crate) async fn is_order_undecided(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from payment
         where store_id = $1 and order_id = $2 and state in ('sent', 'paying', 'reversing')
         limit 1",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read the payments of an order"))?;
    Ok(found.is_some())
}

/// Payments about which somebody should ask now, the longest waiting first.
pub(crate) async fn due(
    tx: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(StoreId, PaymentId)>, DbError> {
    rights::due(tx, rights::PAYMENTS, now, limit).await
}

/// Payments of a store or of all, newest first.
pub(crate) async fn list(
    tx: &mut Conn,
    wanted: &Wanted<PaymentState>,
) -> Result<Vec<PaymentRow>, DbError> {
    let word = PaymentState::word;
    let found = rights::history(tx, rights::PAYMENTS, columns!(), wanted, word).await?;
    let read = |found: &AnyRow| {
        let columns = Columns::from_row(found).map_err(sql("read the payments"))?;
        row(columns)
    };
    found.iter().map(read).collect()
}
