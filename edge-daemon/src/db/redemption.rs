//! Coupons and vouchers of other houses: written when they are looked up, moved until they are
//! settled, then frozen.

use domain::{
    id::{OrderId, RedemptionId},
    money::Money,
    redemption::{IssuerName, RedemptionState},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::DbError;
use crate::rights::{Choice, Redemption};

const COLUMNS: &str = "id, order_id, workstation, issuer, state, offers, offer, count,
                       covers_minor, code_tail, looked_up_at, asked_at, reversible_until, refusal";

/// Writes down what was looked up.
pub(crate) fn insert(connection: &Connection, redemption: &Redemption) -> Result<(), DbError> {
    let doing = "write a look-up down";
    let offers =
        serde_json::to_string(&redemption.offers).map_err(|_| DbError::Damaged { doing })?;
    connection
        .prepare_cached(
            "insert into redemption (id, order_id, workstation, issuer, state, offers, offer, count,
                                     code_tail, looked_up_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                redemption.id.bytes(),
                redemption.order.bytes(),
                redemption.workstation,
                redemption.issuer.word(),
                redemption.state.word(),
                offers,
                redemption.choice.map(|choice| choice.offer),
                redemption.choice.map_or(0, |choice| choice.count),
                redemption.code_tail,
                redemption.looked_up_at.micros(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Writes where a redemption stands now. One that is settled stays as it is.
pub(crate) fn set(
    connection: &Connection,
    redemption: &Redemption,
    now: Timestamp,
) -> Result<(), DbError> {
    let decided_at = match redemption.state {
        RedemptionState::LookedUp | RedemptionState::Pending | RedemptionState::Reversing => None,
        RedemptionState::Redeemed
        | RedemptionState::Refused
        | RedemptionState::Reversed
        | RedemptionState::Kept => Some(now.micros()),
    };
    connection
        .prepare_cached(
            "update redemption set state = ?2, offer = ?3, count = ?4, covers_minor = ?5,
               asked_at = ?6, decided_at = ?7, reversible_until = ?8, refusal = ?9
             where id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                redemption.id.bytes(),
                redemption.state.word(),
                redemption.choice.map(|choice| choice.offer),
                redemption.choice.map_or(0, |choice| choice.count),
                redemption.covers.minor(),
                redemption.asked_at.map(Timestamp::micros),
                decided_at,
                redemption.reversible_until.map(Timestamp::micros),
                redemption.refusal,
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("note where a redemption stands"))
}

/// A redemption by its id.
pub(crate) fn find(
    connection: &Connection,
    id: RedemptionId,
) -> Result<Option<Redemption>, DbError> {
    let found = select(connection, "where id = ?1", [id.bytes()])?;
    Ok(found.into_iter().next())
}

/// The redemptions of a cart or order, in the order in which they were looked up.
pub(crate) fn of_order(
    connection: &Connection,
    order: OrderId,
) -> Result<Vec<Redemption>, DbError> {
    select(connection, "where order_id = ?1 order by looked_up_at, id", [order.bytes()])
}

/// Redemptions that are not known yet, the oldest first.
pub(crate) fn undecided(connection: &Connection, limit: usize) -> Result<Vec<Redemption>, DbError> {
    let these = "where state in ('pending', 'reversing') order by looked_up_at limit ?1";
    select(connection, these, [limit])
}

/// How many stayed used since then, because their houses no longer took them back.
pub(crate) fn kept(connection: &Connection, since: Timestamp) -> Result<u32, DbError> {
    connection
        .prepare_cached("select count(*) from redemption where state = 'kept' and decided_at >= ?1")
        .and_then(|mut statement| statement.query_row([since.micros()], |row| row.get(0)))
        .map_err(DbError::sqlite("count what stayed used"))
}

/// Redemptions that are used for no order, and for no cart that is still on a counter.
pub(crate) fn abandoned(connection: &Connection) -> Result<Vec<Redemption>, DbError> {
    let these = "where state = 'redeemed'
                   and not exists (select 1 from orders where orders.id = redemption.order_id)
                   and not exists (select 1 from station
                                   where station.order_id = redemption.order_id)";
    select(connection, these, [])
}

fn select(
    connection: &Connection,
    these: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Redemption>, DbError> {
    let doing = "read redemptions";
    let rows = connection
        .prepare_cached(&format!("select {COLUMNS} from redemption {these}"))
        .and_then(|mut statement| {
            statement.query_map(params, read)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?;
    rows.ok_or(DbError::Damaged { doing })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Redemption>> {
    let id = |index| row.get(index).map(uuid::Uuid::from_bytes);
    let moment = |index| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_micros))
    };
    let issuer = IssuerName::from_word(&row.get::<_, String>(3)?);
    let state = RedemptionState::from_word(&row.get::<_, String>(4)?);
    let offers = serde_json::from_str(&row.get::<_, String>(5)?).ok();
    let (Some(issuer), Some(state), Some(offers)) = (issuer, state, offers) else {
        return Ok(None);
    };
    let count = row.get(7)?;
    let choice = row.get::<_, Option<u16>>(6)?.map(|offer| Choice { offer, count });
    Ok(Some(Redemption {
        id: RedemptionId::from_uuid(id(0)?),
        order: OrderId::from_uuid(id(1)?),
        workstation: row.get(2)?,
        issuer,
        state,
        offers,
        choice,
        covers: Money::from_minor(row.get(8)?),
        code_tail: row.get(9)?,
        looked_up_at: Timestamp::from_micros(row.get(10)?),
        asked_at: moment(11)?,
        reversible_until: moment(12)?,
        refusal: row.get(13)?,
    }))
}
