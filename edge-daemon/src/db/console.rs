//! Sessions of the console, and what it reads of the ledger.

use std::collections::BTreeMap;

use domain::{
    id::OrderId,
    money::Money,
    receipt_number::WorkstationNumber,
    tender::TenderKind,
    time::{BusinessDate, Timestamp},
};
use rusqlite::{Connection, params};
use sync::chain::Hash;
use uuid::Uuid;

use super::{DbError, place::Place};
use crate::console::Session;

/// Writes a session down, or when its manager was last seen.
pub(crate) fn save(connection: &Connection, token: Hash, of: &Session) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into console_session (token_sha256, operator, address, began_at, seen_at, pin)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (token_sha256) do update set seen_at = excluded.seen_at",
        )
        .and_then(|mut statement| {
            let (began, seen) = (of.began_at.micros(), of.seen_at.micros());
            statement.execute(params![token.bytes(), of.operator, of.address, began, seen, of.pin])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write a session of the console down"))
}

/// Forgets a session.
pub(crate) fn forget(connection: &Connection, token: Hash) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from console_session where token_sha256 = ?1")
        .and_then(|mut statement| statement.execute([token.bytes()]))
        .map(|_| ())
        .map_err(DbError::sqlite("forget a session of the console"))
}

/// All sessions.
pub(crate) fn sessions(connection: &Connection) -> Result<Vec<(Hash, Session)>, DbError> {
    let doing = "read the console's sessions";
    connection
        .prepare(
            "select token_sha256, operator, address, began_at, seen_at, pin from console_session",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    let session = Session {
                        operator: row.get(1)?,
                        address: row.get(2)?,
                        began_at: Timestamp::from_micros(row.get(3)?),
                        seen_at: Timestamp::from_micros(row.get(4)?),
                        pin: row.get(5)?,
                    };
                    Ok(Hash::from_bytes(&row.get::<_, [u8; 32]>(0)?).map(|hash| (hash, session)))
                })?
                .collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?
        .ok_or(DbError::Damaged { doing })
}

/// An order, as far as a day's sums ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sold {
    /// Where.
    pub(crate) workstation: WorkstationNumber,
    /// By whom.
    pub(crate) operator: String,
    /// When.
    pub(crate) at: Timestamp,
    /// Total and rounding.
    pub(crate) due: Money,
    /// It was undone.
    pub(crate) is_undone: bool,
}

/// The orders of a business date, in the order of completion.
pub(crate) fn sold_on(connection: &Connection, date: BusinessDate) -> Result<Vec<Sold>, DbError> {
    connection
        .prepare_cached(
            "select workstation, operator, completed_at, total_minor + rounding_minor,
                    exists (select 1 from post_void where order_id = orders.id)
             from orders where business_date = ?1 order by completed_at",
        )
        .and_then(|mut statement| {
            statement
                .query_map([date.to_string()], |row| {
                    Ok(Sold {
                        workstation: row.get(0)?,
                        operator: row.get(1)?,
                        at: Timestamp::from_micros(row.get(2)?),
                        due: Money::from_minor(row.get(3)?),
                        is_undone: row.get(4)?,
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("read a day's orders"))
}

/// What stands of the orders of a business date, by the way it was paid: change is taken off cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// How.
    pub(crate) kind: TenderKind,
    /// In how many orders.
    pub(crate) orders: u32,
    /// How much, less the change.
    pub(crate) net: Money,
}

/// What a business date's orders were paid with, those that were undone left out.
pub(crate) fn taken_on(connection: &Connection, date: BusinessDate) -> Result<Vec<Taken>, DbError> {
    let doing = "read how a day's orders were paid";
    connection
        .prepare_cached(
            "select kind, count(distinct order_id), sum(amount_minor), sum(change) from (
               select tender.kind, tender.order_id, tender.amount_minor,
                 case when tender.kind = 'cash' and tender.number = (
                   select min(number) from tender as first
                   where first.order_id = tender.order_id and first.kind = 'cash')
                 then orders.change_minor else 0 end as change
               from orders join tender on tender.order_id = orders.id
               where orders.business_date = ?1
               and not exists (select 1 from post_void where order_id = orders.id))
             group by kind order by kind",
        )
        .and_then(|mut statement| {
            statement
                .query_map([date.to_string()], |row| {
                    let kind = TenderKind::from_word(&row.get::<_, String>(0)?);
                    let net = Money::from_minor(row.get::<_, i64>(2)? - row.get::<_, i64>(3)?);
                    let orders = row.get(1)?;
                    Ok(kind.map(|kind| Taken { kind, orders, net }))
                })?
                .collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?
        .ok_or(DbError::Damaged { doing })
}

/// What the console's list of orders shows of each.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Which one, and when.
    pub(crate) place: Place,
    /// Its number.
    pub(crate) receipt_number: String,
    /// Where.
    pub(crate) workstation: WorkstationNumber,
    /// By whom.
    pub(crate) operator: String,
    /// Total and rounding.
    pub(crate) due: Money,
    /// It was undone.
    pub(crate) is_undone: bool,
}

/// Orders before a place, the newest first; with `part`, those whose number has it.
pub(crate) fn list(
    connection: &Connection,
    part: &str,
    before: Option<Place>,
    limit: usize,
) -> Result<Vec<Listed>, DbError> {
    connection
        .prepare_cached(
            "select id, receipt_number, workstation, operator, completed_at,
                    total_minor + rounding_minor,
                    exists (select 1 from post_void where order_id = orders.id)
             from orders where (completed_at, id) < (?1, ?2) and instr(receipt_number, ?3) > 0
             order by completed_at desc, id desc limit ?4",
        )
        .and_then(|mut statement| {
            let Place { at, id } = before.unwrap_or(Place::LAST);
            statement
                .query_map(params![at.micros(), id.bytes(), part, limit], |row| {
                    Ok(Listed {
                        place: Place {
                            at: Timestamp::from_micros(row.get(4)?),
                            id: OrderId::from_uuid(Uuid::from_bytes(row.get(0)?)),
                        },
                        receipt_number: row.get(1)?,
                        workstation: row.get(2)?,
                        operator: row.get(3)?,
                        due: Money::from_minor(row.get(5)?),
                        is_undone: row.get(6)?,
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("list orders for the console"))
}

/// Slips that wait for paper, by workstation.
pub(crate) fn slips(connection: &Connection) -> Result<BTreeMap<WorkstationNumber, u32>, DbError> {
    connection
        .prepare_cached(
            "select workstation, count(*) from spool where state in ('queued', 'sending')
             group by workstation",
        )
        .and_then(|mut statement| {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map_err(DbError::sqlite("count the slips that wait"))
}

/// Something that another house has not said yet.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// `payment` or `redemption`.
    pub(crate) is_payment: bool,
    /// Its state, in the word of its table.
    pub(crate) state: String,
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// How much.
    pub(crate) amount: Money,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// Payments and vouchers that are not known, the oldest first.
pub(crate) fn open_rights(connection: &Connection, limit: usize) -> Result<Vec<Open>, DbError> {
    connection
        .prepare_cached(
            "select 1, state, workstation, amount_minor, asked_at as since from payment
               where state in ('sent', 'paying', 'reversing')
             union all
             select 0, state, workstation, covers_minor, coalesce(asked_at, looked_up_at)
               from redemption where state in ('pending', 'reversing')
             order by since limit ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_map([limit], |row| {
                    Ok(Open {
                        is_payment: row.get(0)?,
                        state: row.get(1)?,
                        workstation: row.get(2)?,
                        amount: Money::from_minor(row.get(3)?),
                        since: Timestamp::from_micros(row.get(4)?),
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("read what is not known yet"))
}
