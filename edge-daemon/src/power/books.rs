//! What a till was told, and what must be true of any ledger.

use std::{collections::BTreeSet, path::Path};

use domain::{
    id::{OrderId, PaymentId},
    order::Order,
    receipt_number::ReceiptNumber,
};
use rusqlite::{Connection, OpenFlags};
use sync::chain::Hash;
use uuid::Uuid;

use crate::db::{self, orders};

/// Something that somebody was told is done.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// An order stands, in these words.
    Order { id: OrderId, number: ReceiptNumber, body: String },
    /// A payment is asked for: the mall may hear of it.
    Payment(PaymentId),
}

impl Told {
    pub(super) fn order(order: &Order) -> Self {
        let (id, number) = (order.id, order.receipt_number.clone());
        Self::Order { id, number, body: orders::body(order).unwrap() }
    }
}

/// Opens what was left of a ledger, as any program would.
pub(super) fn open(path: &Path) -> Connection {
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    // Nothing here outlives the test.
    ledger.execute_batch("pragma synchronous = off; pragma cell_size_check = on;").unwrap();
    ledger
}

/// The same, where SQLite can read it at all.
pub(super) fn readable(path: &Path) -> Option<Connection> {
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    ledger.execute_batch("pragma synchronous = off; pragma cell_size_check = on;").ok()?;
    let check = ledger.query_row("pragma quick_check", [], |row| row.get::<_, String>(0));
    check.is_ok_and(|verdict| verdict == "ok").then_some(ledger)
}

fn count(ledger: &Connection, sql: &str) -> i64 {
    ledger.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Whether a ledger has its tables: its first start came that far.
pub(super) fn has_tables(ledger: &Connection) -> bool {
    let version = count(ledger, "select user_version from pragma_user_version");
    usize::try_from(version).unwrap() == db::migrate::NEWEST
}

/// What of this was told and is not there as it was told.
pub(super) fn lost<'a>(ledger: &Connection, told: &[&'a Told]) -> Vec<&'a Told> {
    let has_tables = has_tables(ledger);
    let is_there = |told: &&Told| match told {
        Told::Order { id, body, .. } => orders::find(ledger, *id)
            .unwrap()
            .is_some_and(|order| orders::body(&order).unwrap() == *body),
        Told::Payment(id) => db::payment::find(ledger, *id).unwrap().is_some(),
    };
    told.iter().filter(|told| !has_tables || !is_there(told)).copied().collect()
}

/// Rows that would be half of something.
const HALVES: [(&str, &str); 6] = [
    (
        "an order without its body, its lines or its tenders",
        "select count(*) from orders o where not exists (select 1 from order_body where order_id = o.id)
         or not exists (select 1 from order_line where order_id = o.id)
         or not exists (select 1 from tender where order_id = o.id)",
    ),
    (
        "an order of which not all lines are there",
        "select count(*) from order_body b where json_array_length(body, '$.lines') !=
           (select count(*) from order_line where order_id = b.order_id)",
    ),
    (
        "an order whose lines are not its total",
        "select count(*) from orders o where total_minor !=
           (select sum(amount_minor) from order_line where order_id = o.id)",
    ),
    (
        "an order that nobody will tell the mall",
        "select count(*) from order_body b where not exists
           (select 1 from outbox x where x.id = b.order_id and x.body = b.body)",
    ),
    (
        "a fact of no order",
        "select count(*) from outbox where kind = 'order' and id not in (select id from orders)",
    ),
    (
        "lines, bodies or tenders of no order",
        "select (select count(*) from order_line where order_id not in (select id from orders))
           + (select count(*) from order_body where order_id not in (select id from orders))
           + (select count(*) from tender where order_id not in (select id from orders))",
    ),
];

/// Looks at all that must be true of any ledger, whatever happened to it; gives what is not.
pub(super) fn faults(ledger: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    let verdict: String = ledger.query_row("pragma quick_check", [], |row| row.get(0)).unwrap();
    if verdict != "ok" {
        return vec![verdict];
    }
    if !has_tables(ledger) {
        return found;
    }
    found.extend(
        HALVES
            .iter()
            .map(|(what, sql)| (what, count(ledger, sql)))
            .filter(|(_, n)| *n > 0)
            .map(|(what, n)| format!("{n} times {what}")),
    );
    found.extend(broken_chain(ledger));
    found
}

/// Where the chain of the outbox does not add up, or a place is missing.
fn broken_chain(ledger: &Connection) -> Option<String> {
    let mut statement = ledger
        .prepare("select epoch, place, id, body, digest, chain from outbox order by seq")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut at, mut chain) = ((0_u32, 0_i64), Hash::GENESIS);
    while let Some(row) = rows.next().unwrap() {
        let (epoch, place): (u32, i64) = (row.get(0).unwrap(), row.get(1).unwrap());
        if epoch != at.0 {
            (at, chain) = ((epoch, 0), Hash::GENESIS);
        }
        let id = Uuid::from_bytes(row.get(2).unwrap());
        let body: String = row.get(3).unwrap();
        let hash = |i| Hash::from_bytes(&row.get::<_, [u8; 32]>(i).unwrap()).unwrap();
        let digest = Hash::of(body.as_bytes());
        chain = chain.link(id, digest);
        at.1 += 1;
        if place != at.1 || hash(4) != digest || hash(5) != chain {
            return Some(format!("the outbox does not add up at {epoch}/{place}"));
        }
    }
    None
}

/// The numbers that were told and that this ledger would give once more. It gives them out by it.
pub(super) fn given_again(ledger: &Connection, told: &[&Told]) -> Vec<ReceiptNumber> {
    let numbers: BTreeSet<_> = told
        .iter()
        .filter_map(|told| match told {
            Told::Order { number, .. } => Some(number.to_string()),
            Told::Payment(_) => None,
        })
        .collect();
    let mut again = Vec::new();
    for told in told {
        if let Told::Order { number, .. } = told {
            let (workstation, date) = (number.workstation, number.business_date);
            let sequence = orders::next_sequence(ledger, workstation, date).unwrap();
            let next = ReceiptNumber { sequence, ..number.clone() };
            if numbers.contains(&next.to_string()) {
                again.push(next);
            }
        }
    }
    again
}
