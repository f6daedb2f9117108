//! Members: rows of the store's replica, and in the ledger who stands at a counter and what orders
//! took of theirs.
//!
//! **Invariant:** names and phone numbers come and go sealed.

use domain::{
    id::{MemberId, OrderId},
    member::{Spent, Through},
    money::Money,
    pricing::{By, PriceBook, Quote},
    time::BusinessDate,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sync::{chain::hex_bytes, token::PublicKey, wire::MemberV1};
use uuid::Uuid;

use super::{DbError, history};
use crate::member::{Identified, MemberUse};

/// A member of the replica.
pub(crate) fn by_id(connection: &Connection, id: MemberId) -> Result<Option<MemberV1>, DbError> {
    one(connection, "select body from member where member_id = ?1", &id.to_string())
}

/// The member whose phone number has this blind index. Two may share one between two changes; the
/// one who came last has it.
pub(crate) fn by_index(connection: &Connection, index: &str) -> Result<Option<MemberV1>, DbError> {
    let sql = "select body from member where phone_index = ?1 order by member_id desc limit 1";
    one(connection, sql, index)
}

fn one(connection: &Connection, sql: &str, key: &str) -> Result<Option<MemberV1>, DbError> {
    let doing = "read a member";
    let body: Option<String> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
        .map_err(DbError::sqlite(doing))?;
    body.map(|body| serde_json::from_str(&body).map_err(|_| DbError::Damaged { doing })).transpose()
}

/// The keys that tokens are believed by.
pub(crate) fn keys(connection: &Connection) -> Result<Vec<PublicKey>, DbError> {
    let doing = "read the keys of tokens";
    let mut statement = connection
        .prepare_cached("select version, public_key from token_key order by version")
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?)))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(DbError::sqlite(doing))?;
    let key = |(version, key): (u8, String)| Some(PublicKey { version, bytes: hex_bytes(&key)? });
    Ok(rows.into_iter().filter_map(key).collect())
}

/// Who stands at the counter of a cart, with what this store has spent of theirs.
pub(crate) fn at(connection: &Connection, order: OrderId) -> Result<Option<Identified>, DbError> {
    let doing = "read who buys";
    let found: Option<(Identified, Option<String>)> = connection
        .prepare_cached(
            "select member_id, is_proven, points_to_pay, balance_to_pay_minor, body
             from cart_member where order_id = ?1",
        )
        .and_then(|mut s| {
            s.query_row([order.bytes()], |row| Ok((head(row)?, row.get(4)?))).optional()
        })
        .map_err(DbError::sqlite(doing))?;
    let Some((mut member, body)) = found else { return Ok(None) };
    let row = body.map(|body| serde_json::from_str::<MemberV1>(&body)).transpose();
    member.row = row.map_err(|_| DbError::Damaged { doing })?;
    member.spent = spent(connection, &member)?;
    member.uses = uses(connection, member.id)?;
    Ok(Some(member))
}

fn head(row: &Row<'_>) -> rusqlite::Result<Identified> {
    Ok(Identified {
        id: MemberId::from_uuid(Uuid::from_bytes(row.get(0)?)),
        is_proven: row.get(1)?,
        row: None,
        points_to_pay: row.get(2)?,
        balance_to_pay: Money::from_minor(row.get(3)?),
        spent: Spent::default(),
        uses: Vec::new(),
    })
}

/// What this store has spent of a member's, each after the place up to which the mall had counted.
fn spent(connection: &Connection, member: &Identified) -> Result<Spent, DbError> {
    let doing = "count what was spent of a member's";
    let Some(epoch) = history::lending_epoch(connection)? else { return Ok(Spent::default()) };
    let row = member.row.as_ref();
    let through = |allowance: Option<domain::member::Allowance>| {
        allowance.map(|allowance| allowance.spent_through).unwrap_or_default()
    };
    let of_points = through(row.and_then(|row| row.points_allowance));
    let of_balance = through(row.and_then(|row| row.balance_allowance));
    // One that was counted in another life of the ledger is nobody's here, whatever was spent.
    let after = |through: Through| if through.epoch == epoch { through.seq } else { i64::MAX };
    connection
        .prepare_cached(
            "select coalesce(sum(points) filter (where seq > ?3), 0),
                    coalesce(sum(balance_minor) filter (where seq > ?4), 0)
             from member_entry where member_id = ?1 and epoch = ?2 and seq > min(?3, ?4)",
        )
        .and_then(|mut statement| {
            let id = member.id.bytes();
            let keys = params![id, epoch, after(of_points), after(of_balance)];
            statement.query_row(keys, |row| {
                let (points, balance) = (row.get(0)?, Money::from_minor(row.get(1)?));
                Ok(Spent { epoch, points, balance })
            })
        })
        .map_err(DbError::sqlite(doing))
}

/// What is spent of a cart's balance at most, if its member wants to pay with it.
pub(crate) fn balance_to_pay(connection: &Connection, order: OrderId) -> Result<Money, DbError> {
    connection
        .prepare_cached("select balance_to_pay_minor from cart_member where order_id = ?1")
        .and_then(|mut statement| {
            statement.query_row([order.bytes()], |row| row.get(0).map(Money::from_minor)).optional()
        })
        .map(Option::unwrap_or_default)
        .map_err(DbError::sqlite("read what balance shall pay"))
}

/// Puts a member beside a cart, in the place of who was there.
pub(crate) fn put(
    connection: &Connection,
    order: OrderId,
    member: &Identified,
) -> Result<(), DbError> {
    let doing = "write down who buys";
    let body = member.row.as_ref().map(serde_json::to_string).transpose();
    let body = body.map_err(|_| DbError::Damaged { doing })?;
    connection
        .prepare_cached(
            "insert into cart_member (order_id, member_id, is_proven, body, points_to_pay,
                                      balance_to_pay_minor)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (order_id) do update set member_id = excluded.member_id,
               is_proven = excluded.is_proven, body = excluded.body,
               points_to_pay = excluded.points_to_pay,
               balance_to_pay_minor = excluded.balance_to_pay_minor",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                order.bytes(),
                member.id.bytes(),
                member.is_proven,
                body,
                member.points_to_pay,
                member.balance_to_pay.minor(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Takes the member off a cart.
pub(crate) fn take_off(connection: &Connection, order: OrderId) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from cart_member where order_id = ?1")
        .and_then(|mut statement| statement.execute([order.bytes()]))
        .map(|_| ())
        .map_err(DbError::sqlite("take a member off a cart"))
}

/// What a fact took of a member's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The order's id, or that of its undoing.
    pub(crate) fact: Uuid,
    /// The order.
    pub(crate) order: OrderId,
    /// Whose.
    pub(crate) member: MemberId,
    /// Points; below zero where they come back.
    pub(crate) points: i64,
    /// Balance; below zero where it comes back.
    pub(crate) balance: Money,
    /// What they had before, where they had shown that it is they.
    pub(crate) had: Option<(i64, Money)>,
}

/// Writes it down at the place of the newest fact of the outbox, which must be this one.
pub(crate) fn insert(connection: &Connection, entry: &Entry) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into member_entry (fact_id, order_id, member_id, epoch, seq, points,
               balance_minor, points_before, balance_before_minor)
             select ?1, ?2, ?3, epoch, place, ?4, ?5, ?6, ?7 from outbox where id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                entry.fact.as_bytes(),
                entry.order.bytes(),
                entry.member.bytes(),
                entry.points,
                entry.balance.minor(),
                entry.had.map(|(points, _)| points),
                entry.had.map(|(_, balance)| balance.minor()),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write down what was spent of a member's"))
}

/// What a receipt may say of before its order: points and balance.
pub(crate) type Had = (Option<i64>, Option<Money>);

/// What a member had before an order, as this store knew.
pub(crate) fn had_before(connection: &Connection, order: OrderId) -> Result<Option<Had>, DbError> {
    connection
        .prepare_cached(
            "select points_before, balance_before_minor from member_entry where fact_id = ?1",
        )
        .and_then(|mut statement| {
            let had = |row: &Row<'_>| {
                Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Money::from_minor)))
            };
            statement.query_row([order.bytes()], had).optional()
        })
        .map_err(DbError::sqlite("read what a member had"))
}

/// How often a member has used rules that have a limit for each member, here.
fn uses(connection: &Connection, member: MemberId) -> Result<Vec<MemberUse>, DbError> {
    let doing = "read which rules a member has used";
    let mut statement = connection
        .prepare_cached(
            // SQLite takes a bare `uses` from the row that has the maximum.
            "select rule, (select sum(uses) from member_rule_use where member_id = ?1
               and rule = latest.rule), max(business_date), uses
             from member_rule_use latest where member_id = ?1 group by rule",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([member.bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?))
        })
        .and_then(Iterator::collect::<Result<Vec<(String, u32, String, u32)>, _>>)
        .map_err(DbError::sqlite(doing))?;
    let read = |(rule, ever, date, on_last): (String, u32, String, u32)| {
        let last_on = date.parse().map_err(|_| DbError::Damaged { doing })?;
        Ok(MemberUse { rule, ever, last_on, on_last })
    };
    rows.into_iter().map(read).collect()
}

/// Counts what an order of a member's used of rules that have a limit for each member, in its
/// transaction.
pub(crate) fn count_uses(
    connection: &Connection,
    member: MemberId,
    on: BusinessDate,
    (book, quote): (&PriceBook, &Quote),
) -> Result<(), DbError> {
    let taken = quote.applied.iter().filter_map(|applied| match applied.by {
        By::Rule(ix) | By::Coupon(ix, _) => Some((ix, applied.uses.max(1))),
        By::Manual(_) => None,
    });
    let granted = quote.grants.iter().map(|granted| (granted.rule, granted.times));
    for (ix, uses) in taken.chain(granted) {
        let is_counted = |limits: &domain::pricing::rule::Limits| {
            limits.per_member.is_some() || limits.per_member_day.is_some()
        };
        let Some(rule) = book.rule(ix).filter(|rule| is_counted(&rule.limits)) else { continue };
        connection
            .execute(
                "insert into member_rule_use (member_id, rule, business_date, uses)
                 values (?1, ?2, ?3, ?4)
                 on conflict do update set uses = uses + excluded.uses",
                params![member.bytes(), rule.id, on.to_string(), uses],
            )
            .map_err(DbError::sqlite("count which rules a member used"))?;
    }
    Ok(())
}
