//! Workstations as they stand: the cart, where the operator is with it, who is signed in.
//!
//! **Invariant:** a change writes the head row and the lines it touched, nothing else.

use domain::{
    cart::{Cart, CartLine, Change, Step, UNDO_STEPS_MAX},
    id::{CommandId, LineId, OrderId},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};
use sync::chain::Hash;

use super::{DbError, approval, coupon, member, pairing, payment, redemption};
use crate::{
    rights::Rights,
    station::{SignedIn, Station},
};

/// A repeat of a command is recognised for so long; no screen retries for a day.
const COMMAND_KEPT_MS: i64 = 86_400_000;

/// Reads a workstation; one that was never used begins with this empty cart.
pub(crate) fn load(
    connection: &Connection,
    workstation: WorkstationNumber,
    fresh: OrderId,
) -> Result<Station, DbError> {
    let head = connection
        .prepare_cached(
            "select revision, order_id, newest_line, is_tendering, is_done, last_order,
                    operator, token_sha256, signed_in_at
             from station where workstation = ?1",
        )
        .and_then(|mut statement| statement.query_row([workstation], read_head).optional())
        .map_err(DbError::sqlite("read a workstation"))?;
    let Some(mut station) = head else {
        let mut station = Station::new(workstation, Cart::open(fresh, 0));
        station.pairing = pairing::token(connection, workstation)?;
        return Ok(station);
    };
    station.pairing = pairing::token(connection, workstation)?;
    station.workstation = workstation;
    station.cart.lines = lines(connection, workstation)?;
    let order = station.cart.order;
    station.rights = rights(connection, order)?;
    station.member = member::at(connection, order)?;
    station.coupons = coupon::at(connection, order)?;
    Ok(station)
}

/// The payments by code, coupons and vouchers of a cart, and what balance shall pay.
pub(crate) fn rights(connection: &Connection, order: OrderId) -> Result<Rights, DbError> {
    Ok(Rights {
        payments: payment::of_order(connection, order)?,
        redemptions: redemption::of_order(connection, order)?,
        approvals: approval::of_order(connection, order)?,
        balance: member::balance_to_pay(connection, order)?,
    })
}

fn read_head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Station> {
    let id = |bytes: [u8; 16]| uuid::Uuid::from_bytes(bytes);
    let mut cart =
        Cart::open(OrderId::from_uuid(id(row.get(1)?)), row.get::<_, i64>(0)?.unsigned_abs());
    cart.newest = row.get::<_, Option<[u8; 16]>>(2)?.map(|b| LineId::from_uuid(id(b)));
    let mut station = Station::new(1, cart);
    station.is_tendering = row.get(3)?;
    station.is_done = row.get(4)?;
    station.last_order = row.get::<_, Option<[u8; 16]>>(5)?.map(|b| OrderId::from_uuid(id(b)));
    let operator: Option<String> = row.get(6)?;
    let token: Option<[u8; 32]> = row.get(7)?;
    let at: Option<i64> = row.get(8)?;
    station.signed_in = match (operator, token.and_then(|t| Hash::from_bytes(&t)), at) {
        (Some(operator), Some(token), Some(at)) => {
            Some(SignedIn { operator, token, at: Timestamp::from_micros(at) })
        }
        _ => None,
    };
    Ok(station)
}

fn lines(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<Vec<CartLine>, DbError> {
    let doing = "read the lines of a cart";
    let mut statement = connection
        .prepare_cached("select body from cart_line where workstation = ?1 order by position")
        .map_err(DbError::sqlite(doing))?;
    let bodies = statement
        .query_map([workstation], |row| row.get::<_, String>(0))
        .map_err(DbError::sqlite(doing))?;
    bodies
        .map(|body| {
            let body = body.map_err(DbError::sqlite(doing))?;
            serde_json::from_str(&body).map_err(|_| DbError::Damaged { doing })
        })
        .collect()
}

/// Gives carts other order ids: a copy of this ledger would complete its next carts under the same.
/// Empty ones at every start, and where this ledger may be the copy (`also_open`) those with goods in
/// them too; what waits for a manager's word is asked again. A cart for which another house has taken
/// something keeps its id, by which that house knows it.
pub(crate) fn renew_orders(
    connection: &Connection,
    also_open: bool,
    mint: impl Fn() -> OrderId,
    now: Timestamp,
) -> Result<(), DbError> {
    let doing = "give carts other ids";
    let mut statement = connection
        .prepare(
            "select workstation, order_id from station s
             where not exists (select 1 from payment p where p.order_id = s.order_id)
               and not exists (select 1 from redemption r where r.order_id = s.order_id)
               and (?1 or not exists (select 1 from cart_line l where l.workstation = s.workstation))",
        )
        .map_err(DbError::sqlite(doing))?;
    let found: Vec<(WorkstationNumber, [u8; 16])> = statement
        .query_map([also_open], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(DbError::sqlite(doing))?;
    for (workstation, before) in found {
        approval::lapse(connection, OrderId::from_uuid(uuid::Uuid::from_bytes(before)), now)?;
        let fresh = mint();
        for change in [
            "update station set order_id = ?2, revision = revision + 1 where order_id = ?1",
            "update cart_member set order_id = ?2 where order_id = ?1",
            "update cart_coupon set order_id = ?2 where order_id = ?1",
        ] {
            connection
                .execute(change, params![before, fresh.bytes()])
                .map_err(DbError::sqlite(doing))?;
        }
        tracing::debug!(workstation.id = workstation, order.id = %fresh, "A cart has another id");
    }
    Ok(())
}

/// Writes where a workstation stands, all but its lines.
pub(crate) fn save_head(connection: &Connection, station: &Station) -> Result<(), DbError> {
    let signed_in = station.signed_in.as_ref();
    connection
        .prepare_cached(
            "insert into station (workstation, revision, order_id, newest_line, is_tendering,
                                  is_done, last_order, operator, token_sha256, signed_in_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             on conflict (workstation) do update set
               revision = excluded.revision, order_id = excluded.order_id,
               newest_line = excluded.newest_line, is_tendering = excluded.is_tendering,
               is_done = excluded.is_done, last_order = excluded.last_order,
               operator = excluded.operator, token_sha256 = excluded.token_sha256,
               signed_in_at = excluded.signed_in_at",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                station.workstation,
                i64::try_from(station.cart.revision).unwrap_or(i64::MAX),
                station.cart.order.bytes(),
                station.cart.newest.map(|line| line.bytes()),
                station.is_tendering,
                station.is_done,
                station.last_order.map(|order| order.bytes()),
                signed_in.map(|s| s.operator.as_str()),
                signed_in.map(|s| *s.token.bytes()),
                signed_in.map(|s| s.at.micros()),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("save a workstation"))
}

/// Writes the lines that a change or its undoing touched as they now stand in the cart.
pub(crate) fn save_lines(
    connection: &Connection,
    station: &Station,
    touched: impl IntoIterator<Item = (LineId, Option<u32>)>,
) -> Result<(), DbError> {
    for (line, position) in touched {
        save_line(connection, station, line, position)?;
    }
    Ok(())
}

/// Writes one line as it now stands, or takes it from its old position.
fn save_line(
    connection: &Connection,
    station: &Station,
    line: LineId,
    old_position: Option<u32>,
) -> Result<(), DbError> {
    let doing = "save a line of a cart";
    match (station.cart.line(line), old_position) {
        (Some(line), _) => {
            let body = serde_json::to_string(line).map_err(|_| DbError::Damaged { doing })?;
            connection
                .prepare_cached(
                    "insert into cart_line (workstation, position, body) values (?1, ?2, ?3)
                     on conflict (workstation, position) do update set body = excluded.body",
                )
                .and_then(|mut s| s.execute(params![station.workstation, line.position, body]))
        }
        (None, Some(position)) => connection
            .prepare_cached("delete from cart_line where workstation = ?1 and position = ?2")
            .and_then(|mut s| s.execute(params![station.workstation, position])),
        (None, None) => Ok(0),
    }
    .map(|_| ())
    .map_err(DbError::sqlite(doing))
}

/// Takes everything off the counter, with the way back.
pub(crate) fn clear_lines(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<(), DbError> {
    for sql in [
        "delete from cart_line where workstation = ?1",
        "delete from cart_step where workstation = ?1",
    ] {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([workstation]))
            .map_err(DbError::sqlite("clear a cart"))?;
    }
    Ok(())
}

/// Writes a change of the cart down: the lines it touched, its way back, and the head.
pub(crate) fn save_change(
    connection: &Connection,
    station: &Station,
    change: &Change,
) -> Result<(), DbError> {
    let touched = change.step.touched.iter();
    let positions = touched.map(|t| (t.line, t.before.as_ref().map(|line| line.position)));
    save_lines(connection, station, positions)?;
    push_step(connection, station.workstation, station.cart.revision, &change.step)?;
    save_head(connection, station)
}

/// The oldest ways back are forgotten once in so many changes; until then a few more are kept.
const STEPS_SWEPT_EVERY: i64 = 16;

/// Remembers the way back of a change, and now and then forgets those beyond `UNDO_STEPS_MAX`.
fn push_step(
    connection: &Connection,
    workstation: WorkstationNumber,
    revision: u64,
    step: &Step,
) -> Result<(), DbError> {
    let doing = "remember a step";
    let body = serde_json::to_string(step).map_err(|_| DbError::Damaged { doing })?;
    let number = i64::try_from(revision).unwrap_or(i64::MAX);
    connection
        .prepare_cached("insert into cart_step (workstation, step, body) values (?1, ?2, ?3)")
        .and_then(|mut statement| statement.execute(params![workstation, number, body]))
        .map_err(DbError::sqlite(doing))?;
    if number % STEPS_SWEPT_EVERY != 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "delete from cart_step where workstation = ?1 and step <=
               (select step from cart_step where workstation = ?1 order by step desc
                limit 1 offset ?2)",
        )
        .and_then(|mut statement| statement.execute(params![workstation, UNDO_STEPS_MAX]))
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Takes the newest way back.
pub(crate) fn pop_step(
    connection: &Connection,
    workstation: WorkstationNumber,
) -> Result<Option<Step>, DbError> {
    let doing = "take back a step";
    let found: Option<(i64, String)> = connection
        .prepare_cached(
            "select step, body from cart_step where workstation = ?1 order by step desc limit 1",
        )
        .and_then(|mut statement| {
            statement.query_row([workstation], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(DbError::sqlite(doing))?;
    let Some((number, body)) = found else {
        return Ok(None);
    };
    connection
        .prepare_cached("delete from cart_step where workstation = ?1 and step = ?2")
        .and_then(|mut statement| statement.execute(params![workstation, number]))
        .map_err(DbError::sqlite(doing))?;
    serde_json::from_str(&body).map(Some).map_err(|_| DbError::Damaged { doing })
}

/// What is known of a command's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: carry it out.
    New,
    /// Carried out already.
    Same,
    /// The same id came with another body.
    Other,
}

/// Remembers a command, and tells whether it was carried out before.
pub(crate) fn remember_command(
    connection: &Connection,
    id: CommandId,
    body: Hash,
    at: Timestamp,
) -> Result<Seen, DbError> {
    let doing = "remember a command";
    let inserted = connection
        .prepare_cached(
            "insert into command (id, body_sha256, at) values (?1, ?2, ?3) on conflict do nothing",
        )
        .and_then(|mut s| s.execute(params![id.bytes(), body.bytes(), at.micros()]))
        .map_err(DbError::sqlite(doing))?;
    if inserted == 1 {
        return Ok(Seen::New);
    }
    let known: [u8; 32] = connection
        .prepare_cached("select body_sha256 from command where id = ?1")
        .and_then(|mut statement| statement.query_row([id.bytes()], |row| row.get(0)))
        .map_err(DbError::sqlite(doing))?;
    Ok(if known == *body.bytes() { Seen::Same } else { Seen::Other })
}

/// Forgets commands that nobody will repeat any more.
pub(crate) fn forget_commands(connection: &Connection, now: Timestamp) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from command where at < ?1")
        .and_then(|mut statement| statement.execute([now.plus_ms(-COMMAND_KEPT_MS).micros()]))
        .map(|_| ())
        .map_err(DbError::sqlite("forget old commands"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::mint, db::migrate};

    const BEFORE: u128 = 7;

    #[test]
    fn a_cart_gets_another_id_at_a_start_unless_somebody_elsewhere_knows_it_by_the_one_it_has() {
        let line = "insert into cart_line values (1, 0, '{}')";
        let member = "insert into cart_member
           (order_id, member_id, is_proven, points_to_pay, balance_to_pay_minor)
           select order_id, zeroblob(16), 0, 0, 0 from station";
        let paid = "insert into payment
           (id, order_id, workstation, method, amount_minor, state, asked_at)
           select zeroblob(16), order_id, 1, 'wechat', 1, 'sent', 0 from station";
        let table: [(&[&str], bool, bool); 6] = [
            (&[], false, true),
            (&[member], false, true),
            (&[line], false, false),
            (&[line, member], true, true),
            (&[paid], false, false),
            (&[line, paid], true, false),
        ];
        for (rows, also_open, expected) in table {
            let mut ledger = Connection::open_in_memory().unwrap();
            migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
            let before = OrderId::from_uuid(uuid::Uuid::from_u128(BEFORE));
            save_head(&ledger, &Station::new(1, Cart::open(before, 3))).unwrap();
            rows.iter().for_each(|row| assert_eq!(ledger.execute(row, []).unwrap(), 1));
            renew_orders(&ledger, also_open, mint, Timestamp::from_micros(0)).unwrap();
            let read = |sql: &str| -> Option<([u8; 16], u64)> {
                ledger.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional().unwrap()
            };
            let (order, revision) = read("select order_id, revision from station").unwrap();
            assert_eq!(order != before.bytes(), expected, "{rows:?} {also_open}");
            assert_eq!(revision, if expected { 4 } else { 3 });
            if let Some((of, _)) = read("select order_id, 0 from cart_member") {
                assert_eq!(of, order, "who buys stays with the cart");
            }
        }
    }
}
