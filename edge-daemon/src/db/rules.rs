//! The rules: the newest that HQ gave out, in the catalog's replica, and the last that this program
//! could use, beside the ledger; how often this store has used those that have a quota.

use domain::{
    id::OrderId,
    pricing::{By, PriceBook, Quote, occasion::Used},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::DbError;

/// A rule set as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The revision that the mall gave it.
    pub(crate) revision: i64,
    /// The set (`domain::pricing::RuleSet` as JSON).
    pub(crate) body: String,
}

/// The newest set of a catalog replica; `None` when HQ has none.
pub(crate) fn newest(connection: &Connection) -> Result<Option<Rules>, DbError> {
    one(connection, "select revision, body from rule_set")
}

/// The last set that was in force here, if there was one.
pub(crate) fn kept(connection: &Connection) -> Result<Option<Rules>, DbError> {
    one(connection, "select revision, body from price_book")
}

fn one(connection: &Connection, sql: &str) -> Result<Option<Rules>, DbError> {
    connection
        .query_row(sql, [], |row| Ok(Rules { revision: row.get(0)?, body: row.get(1)? }))
        .optional()
        .map_err(DbError::sqlite("read the rules"))
}

/// Keeps a set that was put in force; the same again writes nothing.
pub(crate) fn keep(connection: &Connection, rules: &Rules, at: Timestamp) -> Result<(), DbError> {
    connection
        .execute(
            "insert into price_book (one, revision, body, in_force_at) values (1, ?1, ?2, ?3)
             on conflict (one) do update set revision = excluded.revision, body = excluded.body,
               in_force_at = excluded.in_force_at
             where revision <> excluded.revision or body <> excluded.body",
            params![rules.revision, rules.body, at.micros()],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("keep the rules in force"))
}

/// Keeps none: HQ has none.
pub(crate) fn drop_kept(connection: &Connection) -> Result<(), DbError> {
    let done = connection.execute("delete from price_book", []);
    done.map(|_| ()).map_err(DbError::sqlite("forget the rules"))
}

/// How often this store has used the rules of a book that have a quota.
pub(crate) fn used(connection: &Connection, book: &PriceBook) -> Result<Vec<Used>, DbError> {
    let doing = "read how often rules were used";
    let mut statement = connection
        .prepare_cached("select rule, uses from rule_use order by rule")
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)))
        .map_err(DbError::sqlite(doing))?;
    let mut used = Vec::new();
    for row in rows {
        let (rule, by_all) = row.map_err(DbError::sqlite(doing))?;
        if has_quota(book, &rule) {
            used.push(Used { rule, by_all, ..Used::default() });
        }
    }
    Ok(used)
}

/// Counts what an order used, in its transaction; answers whether anything has a quota.
pub(crate) fn count_uses(
    connection: &Connection,
    order: OrderId,
    book: &PriceBook,
    quote: &Quote,
) -> Result<bool, DbError> {
    let doing = "count what rules were used";
    let taken = quote.applied.iter().filter_map(|applied| match applied.by {
        By::Rule(ix) | By::Coupon(ix, _) => Some((ix, applied.uses.max(1))),
        By::Manual(_) => None,
    });
    let granted = quote.grants.iter().map(|granted| (granted.rule, granted.times));
    let mut any = false;
    for (ix, uses) in taken.chain(granted) {
        let Some(rule) = book.rule(ix).filter(|rule| rule.limits.quota.is_some()) else {
            continue;
        };
        connection
            .execute(
                "insert into rule_use (rule, uses) values (?1, ?2)
                 on conflict (rule) do update set uses = uses + excluded.uses",
                params![rule.id, uses],
            )
            .map_err(DbError::sqlite(doing))?;
        connection
            .execute(
                "insert into order_rule_use (order_id, rule, uses) values (?1, ?2, ?3)
                 on conflict (order_id, rule) do update set uses = uses + excluded.uses",
                params![order.bytes(), rule.id, uses],
            )
            .map_err(DbError::sqlite(doing))?;
        any = true;
    }
    Ok(any)
}

/// Gives back what an order used, in the transaction in which it is undone; answers whether it was
/// anything. An order of an older program did not say what it used, and gives nothing back.
pub(crate) fn give_uses_back(connection: &Connection, order: OrderId) -> Result<bool, DbError> {
    let doing = "give back what rules were used";
    let mut n = 0;
    // A rule that nobody used has no row.
    for sql in [
        "delete from rule_use where exists (
           select 1 from order_rule_use as given
           where given.order_id = ?1 and given.rule = rule_use.rule
             and given.uses >= rule_use.uses)",
        "update rule_use set uses = rule_use.uses - given.uses from order_rule_use as given
         where given.order_id = ?1 and given.rule = rule_use.rule",
    ] {
        n += connection.execute(sql, [order.bytes()]).map_err(DbError::sqlite(doing))?;
    }
    Ok(n > 0)
}

fn has_quota(book: &PriceBook, rule: &str) -> bool {
    let rule = book.find(rule).and_then(|ix| book.rule(ix));
    rule.is_some_and(|rule| rule.limits.quota.is_some())
}
