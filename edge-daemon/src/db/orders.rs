//! Completed orders: inserted once, read, never changed.

use domain::{
    cart::LineItem,
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    order::{Order, OrderLine},
    quantity::Quantity,
    receipt_number::WorkstationNumber,
    tender::{Tender, TenderKind},
    time::{BusinessDate, Timestamp},
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::DbError;

/// The next receipt sequence of a workstation and business date; given out with the order, in one
/// transaction, so that none is skipped and none comes twice.
pub(crate) fn next_sequence(
    connection: &Connection,
    workstation: WorkstationNumber,
    date: BusinessDate,
) -> Result<u32, DbError> {
    connection
        .prepare_cached(
            "insert into receipt_sequence (workstation, business_date, last) values (?1, ?2, 1)
             on conflict (workstation, business_date) do update set last = last + 1
             returning last",
        )
        .and_then(|mut s| s.query_row(params![workstation, date.to_string()], |row| row.get(0)))
        .map_err(DbError::sqlite("take the next receipt number"))
}

/// Writes an order down.
pub(crate) fn insert(connection: &Connection, order: &Order) -> Result<(), DbError> {
    let number = &order.receipt_number;
    connection
        .prepare_cached(
            "insert into orders (id, receipt_number, workstation, business_date, operator,
                                 completed_at, list_minor, total_minor, rounding_minor, change_minor)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                order.id.bytes(),
                number.to_string(),
                number.workstation,
                number.business_date.to_string(),
                order.operator,
                order.completed_at.micros(),
                order.list.minor(),
                order.total.minor(),
                order.rounding.minor(),
                order.change.minor(),
            ])
        })
        .map_err(DbError::sqlite("write an order down"))?;
    for line in &order.lines {
        insert_line(connection, order.id, line)?;
    }
    for (tender, number) in order.tenders.iter().zip(1_i64..) {
        connection
            .prepare_cached(
                "insert into tender (order_id, number, kind, amount_minor) values (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| {
                let (kind, amount) = (tender.kind.word(), tender.amount.minor());
                statement.execute(params![order.id.bytes(), number, kind, amount])
            })
            .map_err(DbError::sqlite("write a tender down"))?;
    }
    Ok(())
}

fn insert_line(connection: &Connection, order: OrderId, line: &OrderLine) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into order_line (order_id, number, line_id, sku, code, name, spec, unit,
               quantity_milli, list_price_minor, tax_rate_bps, list_minor, amount_minor)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                order.bytes(),
                line.number,
                line.id.bytes(),
                line.item.sku,
                line.item.code,
                line.item.name,
                line.item.spec,
                line.item.unit.word(),
                line.quantity.milli(),
                line.item.list_price.minor(),
                line.item.tax_rate.0,
                line.list.minor(),
                line.amount.minor(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("write an order's line down"))
}

/// Reads an order back, whole.
pub(crate) fn find(connection: &Connection, id: OrderId) -> Result<Option<Order>, DbError> {
    let doing = "read an order";
    let head = connection
        .prepare_cached(
            "select receipt_number, operator, completed_at, list_minor, total_minor,
                    rounding_minor, change_minor
             from orders where id = ?1",
        )
        .and_then(|mut statement| statement.query_row([id.bytes()], |row| head(id, row)).optional())
        .map_err(DbError::sqlite(doing))?;
    let Some(head) = head else { return Ok(None) };
    let mut order = head.ok_or(DbError::Damaged { doing })?;
    order.lines = connection
        .prepare_cached(
            "select number, line_id, sku, code, name, spec, unit, quantity_milli,
                    list_price_minor, tax_rate_bps, list_minor, amount_minor
             from order_line where order_id = ?1 order by number",
        )
        .and_then(|mut statement| {
            statement.query_map([id.bytes()], line)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?
        .ok_or(DbError::Damaged { doing })?;
    order.tenders = connection
        .prepare_cached("select kind, amount_minor from tender where order_id = ?1 order by number")
        .and_then(|mut statement| {
            statement.query_map([id.bytes()], tender)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?
        .ok_or(DbError::Damaged { doing })?;
    Ok(Some(order))
}

fn money(row: &Row<'_>, index: usize) -> rusqlite::Result<Money> {
    row.get(index).map(Money::from_minor)
}

/// An order without lines and tenders; the inner `None` is a receipt number we did not write.
fn head(id: OrderId, row: &Row<'_>) -> rusqlite::Result<Option<Order>> {
    let Ok(receipt_number) = row.get::<_, String>(0)?.parse() else {
        return Ok(None);
    };
    Ok(Some(Order {
        id,
        receipt_number,
        operator: row.get(1)?,
        completed_at: Timestamp::from_micros(row.get(2)?),
        lines: Vec::new(),
        list: money(row, 3)?,
        total: money(row, 4)?,
        rounding: money(row, 5)?,
        tenders: Vec::new(),
        change: money(row, 6)?,
    }))
}

fn line(row: &Row<'_>) -> rusqlite::Result<Option<OrderLine>> {
    let Some(unit) = Unit::from_word(&row.get::<_, String>(6)?) else {
        return Ok(None);
    };
    Ok(Some(OrderLine {
        id: LineId::from_uuid(uuid::Uuid::from_bytes(row.get(1)?)),
        number: row.get(0)?,
        item: LineItem {
            sku: row.get(2)?,
            code: row.get(3)?,
            name: row.get(4)?,
            spec: row.get(5)?,
            unit,
            list_price: money(row, 8)?,
            tax_rate: BasisPoints(row.get(9)?),
        },
        quantity: Quantity::from_milli(row.get(7)?),
        list: money(row, 10)?,
        amount: money(row, 11)?,
    }))
}

fn tender(row: &Row<'_>) -> rusqlite::Result<Option<Tender>> {
    let kind = TenderKind::from_word(&row.get::<_, String>(0)?);
    let amount = money(row, 1)?;
    Ok(kind.map(|kind| Tender { kind, amount }))
}

/// What a list of orders shows of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderSummary {
    /// Its id.
    pub(crate) id: OrderId,
    /// Its number.
    pub(crate) receipt_number: String,
    /// The operator's number.
    pub(crate) operator: String,
    /// When.
    pub(crate) completed_at: Timestamp,
    /// Total + rounding.
    pub(crate) due: Money,
}

/// The newest orders before one, newest first; of one workstation and day, or of the whole store.
pub(crate) fn newest(
    connection: &Connection,
    only: Option<(WorkstationNumber, BusinessDate)>,
    before: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<OrderSummary>, DbError> {
    let (workstation, date) = only.unzip();
    connection
        .prepare_cached(
            "select id, receipt_number, operator, completed_at, total_minor + rounding_minor
             from orders
             where completed_at < ?1 and (?2 is null or (workstation = ?2 and business_date = ?3))
             order by completed_at desc limit ?4",
        )
        .and_then(|mut statement| {
            let before = before.map_or(i64::MAX, Timestamp::micros);
            let date = date.map(|date| date.to_string());
            statement
                .query_map(params![before, workstation, date, limit], |row| {
                    Ok(OrderSummary {
                        id: OrderId::from_uuid(uuid::Uuid::from_bytes(row.get(0)?)),
                        receipt_number: row.get(1)?,
                        operator: row.get(2)?,
                        completed_at: Timestamp::from_micros(row.get(3)?),
                        due: money(row, 4)?,
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("list orders"))
}
