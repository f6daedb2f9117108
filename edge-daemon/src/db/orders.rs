//! Completed orders: inserted once, read, never changed.

use domain::{
    cart::LineItem,
    catalog::Unit,
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    order::{Order, OrderLine, Pricing},
    pricing::{Occasion, tax_inside},
    quantity::Quantity,
    receipt_number::{ReceiptNumber, WorkstationNumber},
    tender::{Tender, TenderKind},
    time::{BusinessDate, StoreClock, Timestamp},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sync::wire::OrderV1;

use super::{DbError, place::Place};

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

/// The newest business date that has an order; `None` where nothing was ever sold.
pub(crate) fn newest_date(connection: &Connection) -> Result<Option<BusinessDate>, DbError> {
    let doing = "look for the newest business date";
    let found: Option<String> = connection
        .prepare_cached("select max(business_date) from orders")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(DbError::sqlite(doing))?;
    found.map(|date| date.parse().map_err(|_| DbError::Damaged { doing })).transpose()
}

/// An order as it is told: the text that the outbox sends and `find` reads.
pub(crate) fn body(order: &Order) -> Result<String, DbError> {
    serde_json::to_string(&OrderV1::of(order))
        .map_err(|_| DbError::Damaged { doing: "write an order as JSON" })
}

/// Writes an order down, with its `body`.
pub(crate) fn insert(connection: &Connection, order: &Order, body: &str) -> Result<(), DbError> {
    insert_rows(connection, order)?;
    connection
        .prepare_cached("insert into order_body (order_id, body) values (?1, ?2)")
        .and_then(|mut statement| statement.execute(params![order.id.bytes(), body]))
        .map(|_| ())
        .map_err(DbError::sqlite("write an order's body down"))
}

/// What lists of orders, and people with a tool for SQL, look at.
fn insert_rows(connection: &Connection, order: &Order) -> Result<(), DbError> {
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
    let body: Option<String> = connection
        .prepare_cached("select body from order_body where order_id = ?1")
        .and_then(|mut statement| statement.query_row([id.bytes()], |row| row.get(0)).optional())
        .map_err(DbError::sqlite(doing))?;
    match body {
        Some(body) => serde_json::from_str::<OrderV1>(&body)
            .ok()
            .and_then(|told| told.into_order().ok())
            .map(Some)
            .ok_or(DbError::Damaged { doing }),
        None => of_rows(connection, id),
    }
}

/// An order of a program that knew no rules, from its rows alone. What its units carry follows
/// from its amounts.
fn of_rows(connection: &Connection, id: OrderId) -> Result<Option<Order>, DbError> {
    let doing = "read an older order";
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
    Ok(Some(order.loaded().into_owned()))
}

fn money(row: &Row<'_>, index: usize) -> rusqlite::Result<Money> {
    row.get(index).map(Money::from_minor)
}

/// An order without lines and tenders; the inner `None` is a receipt number we did not write.
fn head(id: OrderId, row: &Row<'_>) -> rusqlite::Result<Option<Order>> {
    let Ok(receipt_number) = row.get::<_, String>(0)?.parse::<ReceiptNumber>() else {
        return Ok(None);
    };
    let completed_at = Timestamp::from_micros(row.get(2)?);
    let store = receipt_number.store.to_string();
    // Without rules neither clock nor place had a say.
    let occasion = Occasion::at_till(store, StoreClock::default(), completed_at);
    Ok(Some(Order {
        id,
        receipt_number,
        operator: row.get(1)?,
        member: None,
        completed_at,
        lines: Vec::new(),
        delivery: None,
        list: money(row, 3)?,
        total: money(row, 4)?,
        rounding: money(row, 5)?,
        tenders: Vec::new(),
        change: money(row, 6)?,
        pricing: Pricing { revision: 0, occasion, points_spent: 0, points_earned: 0 },
        grants: Vec::new(),
    }))
}

fn line(row: &Row<'_>) -> rusqlite::Result<Option<OrderLine>> {
    let Some(unit) = Unit::from_word(&row.get::<_, String>(6)?) else {
        return Ok(None);
    };
    let (tax_rate, amount) = (BasisPoints(row.get(9)?), money(row, 11)?);
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
            tax_rate,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            tags: Vec::new(),
        },
        quantity: Quantity::from_milli(row.get(7)?),
        label_amount: None,
        list: money(row, 10)?,
        amount,
        tax: tax_inside(amount, tax_rate),
        adjustments: Vec::new(),
        units: Vec::new(),
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
    /// Which one, and when.
    pub(crate) place: Place,
    /// Its number.
    pub(crate) receipt_number: String,
    /// The operator's number.
    pub(crate) operator: String,
    /// Total + rounding.
    pub(crate) due: Money,
}

/// The newest orders before a place, newest first; of one workstation and day, or of the whole store.
pub(crate) fn newest(
    connection: &Connection,
    only: Option<(WorkstationNumber, BusinessDate)>,
    before: Option<Place>,
    limit: usize,
) -> Result<Vec<OrderSummary>, DbError> {
    let (workstation, date) = only.unzip();
    connection
        .prepare_cached(
            "select id, receipt_number, operator, completed_at, total_minor + rounding_minor
             from orders
             where (completed_at, id) < (?1, ?2)
               and (?3 is null or (workstation = ?3 and business_date = ?4))
             order by completed_at desc, id desc limit ?5",
        )
        .and_then(|mut statement| {
            let Place { at, id } = before.unwrap_or(Place::LAST);
            let date = date.map(|date| date.to_string());
            statement
                .query_map(params![at.micros(), id.bytes(), workstation, date, limit], |row| {
                    Ok(OrderSummary {
                        place: Place {
                            at: Timestamp::from_micros(row.get(3)?),
                            id: OrderId::from_uuid(uuid::Uuid::from_bytes(row.get(0)?)),
                        },
                        receipt_number: row.get(1)?,
                        operator: row.get(2)?,
                        due: money(row, 4)?,
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("list orders"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{db::migrate, test_store::TestStore};

    /// Three lanes, rates that leave odd fen, and points.
    const RULES: &str = r#"{"rules": [
        {"id": "tea-88", "name": "茶八八折", "goods": {"any": [{"category": "food/tea"}]},
         "steps": [{"reward": {"units": {"rate": 8800}}}]},
        {"id": "second", "name": "第二件半价", "repeat": "each",
         "goods": {"any": [{"sku": "TEA"}]},
         "steps": [{"reward": {"nth": {"n": 2, "cut": {"rate": 5000}}}}]},
        {"id": "over-100", "name": "满100减7",
         "steps": [{"needs": [{"amount": {"minor": 10000}}], "reward": {"amount_off": 700}}]}
    ]}"#;

    async fn sold() -> (TestStore, std::sync::Arc<Order>) {
        let store = TestStore::open(Some(RULES)).await;
        for text in ["TEA", "COAT", "TEA", "TEA"] {
            store.scan(1, text).await;
        }
        store.at("2026-11-21T12:00:01.234567+08:00");
        let order = store.complete(1, None, 30_000).await.unwrap();
        (store, order)
    }

    async fn found(store: &TestStore, order: &Order) -> Order {
        let id = order.id;
        store.context().ledger.read(move |db| find(db, id)).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn an_order_is_read_back_as_it_was_made() {
        let (store, order) = sold().await;
        assert_eq!(order.check(), Ok(()));
        let reduced = order.lines.iter().filter(|line| !line.adjustments.is_empty()).count();
        assert_eq!((reduced, order.pricing.revision), (2, 1));
        assert_eq!(found(&store, &order).await, *order);
        let store = store.restart().await;
        let again = found(&store, &order).await;
        assert_eq!(again, *order);
        // What the till still shows of it, and prints again, is the same order too.
        let shown = store.scene(1).last_order.clone().unwrap();
        assert_eq!(*shown.order, *order);
        let rows = |order| crate::devices::rows_of(order, None, domain::receipt::Copy::First, None);
        assert_eq!(rows(&again), rows(&order));
    }

    #[tokio::test]
    async fn what_is_told_is_what_is_kept() {
        let (store, order) = sold().await;
        let id = order.id;
        let (told, kept): (String, String) = store
            .context()
            .ledger
            .read(move |db| {
                db.query_row(
                    "select outbox.body, order_body.body from outbox
                     join order_body on order_body.order_id = outbox.id where outbox.id = ?1",
                    [id.bytes()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .map_err(DbError::sqlite("compare"))
            })
            .await
            .unwrap();
        assert_eq!(told, kept);
    }

    #[tokio::test]
    async fn an_order_of_a_program_that_knew_no_rules_is_read_from_its_rows() {
        let store = TestStore::open(None).await;
        store.scan(1, "TEA").await;
        store.scan(1, "TEA").await;
        let order = store.complete(1, None, 2_400).await.unwrap();
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
        insert_rows(&ledger, &order).unwrap();
        let old = find(&ledger, order.id).unwrap().unwrap();
        assert_eq!(
            (old.total, old.tax(), &old.tenders),
            (order.total, order.tax(), &order.tenders)
        );
        assert_eq!(old.lines[0].units, order.lines[0].units);
        assert_eq!(old.check(), Ok(()));
    }
}
