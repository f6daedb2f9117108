//! Reductions by hand that a manager is asked for: written when asked, frozen once decided.

use domain::{id::OrderId, money::Money, time::Timestamp};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::DbError;
use crate::approval::{Approval, Reason, State};

const COLUMNS: &str = "id, order_id, workstation, line, cut, amount_minor, after_minor, reason,
                       asked_by, asked_at, state, decided_by, decided_at";

/// Writes down what is asked for.
pub(crate) fn insert(connection: &Connection, approval: &Approval) -> Result<(), DbError> {
    let doing = "write down what a manager is asked for";
    let damaged = |_| DbError::Damaged { doing };
    let line = serde_json::to_string(&approval.line).map_err(damaged)?;
    let cut = serde_json::to_string(&approval.cut).map_err(damaged)?;
    connection
        .prepare_cached(
            "insert into approval (id, order_id, workstation, line, cut, amount_minor, after_minor,
               reason, asked_by, asked_at, state, decided_by, decided_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                approval.id.as_bytes(),
                approval.order.bytes(),
                approval.workstation,
                line,
                cut,
                approval.amount.minor(),
                approval.after.minor(),
                approval.reason.word(),
                approval.asked_by,
                approval.asked_at.micros(),
                approval.state.word(),
                approval.decided_by,
                approval.decided_at.map(Timestamp::micros),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Writes down what became of one that waits.
pub(crate) fn decide(
    connection: &Connection,
    id: Uuid,
    state: State,
    by: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "update approval set state = ?2, decided_by = ?3, decided_at = ?4
             where id = ?1 and state = 'pending'",
        )
        .and_then(|mut s| s.execute(params![id.as_bytes(), state.word(), by, now.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("write down what a manager decided"))
}

/// What still waits for a cart that is gone has nobody to wait for it.
pub(crate) fn lapse(
    connection: &Connection,
    order: OrderId,
    now: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "update approval set state = 'lapsed', decided_at = ?2
             where order_id = ?1 and state = 'pending'",
        )
        .and_then(|mut statement| statement.execute(params![order.bytes(), now.micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("let go of what a manager was asked for"))
}

/// One by its id.
pub(crate) fn find(connection: &Connection, id: Uuid) -> Result<Option<Approval>, DbError> {
    Ok(select(connection, "where id = ?1", [id.as_bytes()])?.into_iter().next())
}

/// Those of a cart or order, in the order in which they were asked for.
pub(crate) fn of_order(connection: &Connection, order: OrderId) -> Result<Vec<Approval>, DbError> {
    select(connection, "where order_id = ?1 order by asked_at, id", [order.bytes()])
}

/// Those that were asked for since, the newest first.
pub(crate) fn since(
    connection: &Connection,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Approval>, DbError> {
    let clause = "where asked_at >= ?1 order by asked_at desc, id desc limit ?2";
    select(connection, clause, params![since.micros(), limit])
}

fn select(
    connection: &Connection,
    clause: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Approval>, DbError> {
    let doing = "read what a manager was asked for";
    connection
        .prepare_cached(&format!("select {COLUMNS} from approval {clause}"))
        .and_then(|mut statement| {
            statement.query_map(params, of_row)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?
        .ok_or(DbError::Damaged { doing })
}

/// The inner `None` is what this program did not write.
fn of_row(row: &Row<'_>) -> rusqlite::Result<Option<Approval>> {
    let line = serde_json::from_str(&row.get::<_, String>(3)?);
    let cut = serde_json::from_str(&row.get::<_, String>(4)?);
    let reason = Reason::from_word(&row.get::<_, String>(7)?);
    let state = State::from_word(&row.get::<_, String>(10)?);
    let (Ok(line), Ok(cut), Some(reason), Some(state)) = (line, cut, reason, state) else {
        return Ok(None);
    };
    Ok(Some(Approval {
        id: Uuid::from_bytes(row.get(0)?),
        order: OrderId::from_uuid(Uuid::from_bytes(row.get(1)?)),
        workstation: row.get(2)?,
        line,
        cut,
        amount: Money::from_minor(row.get(5)?),
        after: Money::from_minor(row.get(6)?),
        reason,
        asked_by: row.get(8)?,
        asked_at: Timestamp::from_micros(row.get(9)?),
        state,
        decided_by: row.get(11)?,
        decided_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_micros),
    }))
}
