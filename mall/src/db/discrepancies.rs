//! Orders for which other houses gave otherwise than the orders say.
//!
//! **Invariant:** a row is there as long as the two disagree; the order itself is never touched.

use domain::{id::OrderId, money::Money, tender::TenderKind, time::Timestamp};
use sync::replica::StoreId;

use super::{Conn, DbError, damaged, sql};

/// How often, and how much in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// How often.
    pub(crate) n: i64,
    /// How much.
    pub(crate) amount: Money,
}

/// What an order says of one way of paying, and what payments or redemptions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Discrepancy {
    /// Which way: by code, or vouchers.
    pub(crate) kind: TenderKind,
    /// The order's tenders; nothing of one that was undone.
    pub(crate) said: Sum,
    /// What is paid, or used.
    pub(crate) held: Sum,
}

/// What is written down of an order.
pub(crate) async fn of_order(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Vec<Discrepancy>, DbError> {
    let found: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
        "select kind, n_tenders, said_minor, n_held, held_minor from discrepancy
         where store_id = $1 and order_id = $2",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read the discrepancies of an order"))?;
    found.into_iter().map(read).collect()
}

fn read(
    (kind, n_tenders, said, n_held, held): (String, i64, i64, i64, i64),
) -> Result<Discrepancy, DbError> {
    let kind = TenderKind::from_word(&kind).ok_or_else(|| damaged("read a discrepancy"))?;
    let sum = |n, minor| Sum { n, amount: Money::from_minor(minor) };
    Ok(Discrepancy { kind, said: sum(n_tenders, said), held: sum(n_held, held) })
}

/// Writes one down, over what was written of the same order and way of paying.
pub(crate) async fn put(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
    found: &Discrepancy,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into discrepancy (store_id, order_id, kind, n_tenders, said_minor, n_held,
                                  held_minor, found_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (store_id, order_id, kind) do update
         set n_tenders = excluded.n_tenders, said_minor = excluded.said_minor,
             n_held = excluded.n_held, held_minor = excluded.held_minor,
             found_at = excluded.found_at",
    )
    .bind(store.0)
    .bind(order.to_string())
    .bind(found.kind.word())
    .bind(found.said.n)
    .bind(found.said.amount.minor())
    .bind(found.held.n)
    .bind(found.held.amount.minor())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("write a discrepancy down"))?;
    Ok(())
}

/// Takes one away: the two agree.
pub(crate) async fn remove(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
    kind: TenderKind,
) -> Result<(), DbError> {
    sqlx::query("delete from discrepancy where store_id = $1 and order_id = $2 and kind = $3")
        .bind(store.0)
        .bind(order.to_string())
        .bind(kind.word())
        .execute(tx)
        .await
        .map_err(sql("take a discrepancy away"))?;
    Ok(())
}

/// A discrepancy as it is read.
#[derive(Clone, Debug)]
pub(crate) struct DiscrepancyRow {
    /// The order.
    pub(crate) order: String,
    /// What is on its paper.
    pub(crate) receipt_number: String,
    /// Whether it was undone.
    pub(crate) is_undone: bool,
    /// The place of its fact in the sender's outbox; 0 once the fact's bytes were moved away.
    pub(crate) seq: i64,
    /// What does not agree.
    pub(crate) found: Discrepancy,
    /// Since when.
    pub(crate) found_at: Timestamp,
}

/// A store's discrepancies, newest first.
pub(crate) async fn list(
    tx: &mut Conn,
    store: StoreId,
    limit: i64,
) -> Result<Vec<DiscrepancyRow>, DbError> {
    type Columns = (String, String, i64, i64, String, i64, i64, i64, i64, i64);
    let rows: Vec<Columns> = sqlx::query_as(
        "select d.order_id, o.receipt_number,
                (select count(*) from post_void v
                 where v.store_id = d.store_id and v.order_id = d.order_id),
                coalesce(i.seq, 0), d.kind, d.n_tenders, d.said_minor, d.n_held, d.held_minor,
                d.found_at
         from discrepancy d
         join orders o on o.store_id = d.store_id and o.id = d.order_id
         left join event_id e on e.store_id = d.store_id and e.id = d.order_id
         left join event_inbox i on i.store_id = e.store_id and i.received_day = e.received_day
                                and i.id = e.id
         where d.store_id = $1
         order by d.found_at desc, d.order_id, d.kind
         limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the discrepancies of a store"))?;
    let row = |columns: Columns| {
        let (order, receipt_number, n_undone, seq, kind, n, said, n_held, held, at) = columns;
        let (is_undone, found_at) = (n_undone > 0, Timestamp::from_micros(at));
        let found = read((kind, n, said, n_held, held))?;
        Ok(DiscrepancyRow { order, receipt_number, is_undone, seq, found, found_at })
    };
    rows.into_iter().map(row).collect()
}
