//! Payments by code: written before anybody is asked, moved until they are decided, then frozen.

use domain::{
    id::{OrderId, PaymentId},
    money::Money,
    payment::{PaymentMethod, PaymentState},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::DbError;
use crate::rights::Payment;

const COLUMNS: &str = "id, order_id, workstation, method, amount_minor, state, asked_at,
                       transaction_id, refusal";

/// Writes a payment down.
pub(crate) fn insert(connection: &Connection, payment: &Payment) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into payment (id, order_id, workstation, method, amount_minor, state, asked_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                payment.id.bytes(),
                payment.order.bytes(),
                payment.workstation,
                payment.method.word(),
                payment.amount.minor(),
                payment.state.word(),
                payment.asked_at.micros(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write a payment down"))
}

/// Writes where a payment stands now. One that is decided stays as it is.
pub(crate) fn set(
    connection: &Connection,
    payment: &Payment,
    now: Timestamp,
) -> Result<(), DbError> {
    let decided_at = (!payment.state.is_undecided()).then_some(now.micros());
    connection
        .prepare_cached(
            "update payment set state = ?2, decided_at = ?3, transaction_id = ?4, refusal = ?5
             where id = ?1",
        )
        .and_then(|mut statement| {
            let (id, state) = (payment.id.bytes(), payment.state.word());
            statement.execute(params![id, state, decided_at, payment.transaction, payment.refusal])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("note where a payment stands"))
}

/// A payment by its id.
pub(crate) fn find(connection: &Connection, id: PaymentId) -> Result<Option<Payment>, DbError> {
    let found = select(connection, "where id = ?1", [id.bytes()])?;
    Ok(found.into_iter().next())
}

/// The payments of a cart or order, in the order in which they were asked for.
pub(crate) fn of_order(connection: &Connection, order: OrderId) -> Result<Vec<Payment>, DbError> {
    select(connection, "where order_id = ?1 order by asked_at, id", [order.bytes()])
}

/// Payments that are not known yet, the oldest first.
pub(crate) fn undecided(connection: &Connection, limit: usize) -> Result<Vec<Payment>, DbError> {
    let these = "where state in ('sent', 'paying', 'reversing') order by asked_at limit ?1";
    select(connection, these, [limit])
}

/// Payments that are paid for no order, and for no cart that is still on a counter.
pub(crate) fn abandoned(connection: &Connection) -> Result<Vec<Payment>, DbError> {
    let these = "where state = 'paid'
                   and not exists (select 1 from orders where orders.id = payment.order_id)
                   and not exists (select 1 from station where station.order_id = payment.order_id)";
    select(connection, these, [])
}

fn select(
    connection: &Connection,
    these: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Payment>, DbError> {
    let doing = "read payments";
    let rows = connection
        .prepare_cached(&format!("select {COLUMNS} from payment {these}"))
        .and_then(|mut statement| {
            statement.query_map(params, read)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?;
    rows.ok_or(DbError::Damaged { doing })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Payment>> {
    let id = |index| row.get(index).map(uuid::Uuid::from_bytes);
    let method = PaymentMethod::from_word(&row.get::<_, String>(3)?);
    let state = PaymentState::from_word(&row.get::<_, String>(5)?);
    let (Some(method), Some(state)) = (method, state) else {
        return Ok(None);
    };
    Ok(Some(Payment {
        id: PaymentId::from_uuid(id(0)?),
        order: OrderId::from_uuid(id(1)?),
        workstation: row.get(2)?,
        method,
        amount: Money::from_minor(row.get(4)?),
        state,
        asked_at: Timestamp::from_micros(row.get(6)?),
        transaction: row.get(7)?,
        refusal: row.get(8)?,
    }))
}
