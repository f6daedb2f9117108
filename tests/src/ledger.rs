//! The books of a store, read from its file beside the program that writes them.
//!
//! **Invariant:** reads only.

mod facts;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags, params};
use sync::wire::OrderV1;
use uuid::Uuid;

pub use facts::Fact;

/// An open ledger.
#[derive(Debug)]
pub struct Ledger(Connection);

/// How many rows of each kind an order has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rows {
    lines: usize,
    tenders: usize,
    facts: usize,
    first_slips: usize,
}

impl Ledger {
    /// Opens the ledger of a data folder.
    ///
    /// # Errors
    /// When it is not there.
    pub fn open(data: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(data.join("ledger.db"), flags)
            .context("could not open the ledger")?;
        connection
            .execute_batch("pragma query_only = on; pragma busy_timeout = 60000;")
            .context("could not set the ledger up for reading")?;
        Ok(Self(connection))
    }

    fn number(&self, sql: &str) -> Result<i64> {
        self.0.query_row(sql, [], |row| row.get(0)).with_context(|| sql.to_owned())
    }

    /// Whether the node has a place at a mall.
    ///
    /// # Errors
    /// When the file is no ledger.
    pub fn is_enrolled(&self) -> Result<bool> {
        Ok(self.number("select count(*) from node")? > 0)
    }

    /// Who did what to something, by its id, as the audit says it: the action and the operator.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn deeds_to(&self, subject: &str) -> Result<Vec<(String, String)>> {
        let sql = "select action, operator from audit where subject = ?1 order by seq";
        let mut statement = self.0.prepare(sql)?;
        let rows = statement.query_map([subject], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many orders it holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn n_orders(&self) -> Result<i64> {
        self.number("select count(*) from orders")
    }

    /// How many facts the mall has not acknowledged.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn n_untold(&self) -> Result<i64> {
        self.number("select count(*) from outbox where state = 'pending'")
    }

    /// How many facts nobody on the way to the mall takes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn n_held_back(&self) -> Result<i64> {
        self.number("select count(*) from outbox where state = 'hole'")
    }

    /// Whether something that it lost is still to be fetched.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has_lost(&self) -> Result<bool> {
        Ok(self.number("select count(*) from lost")? > 0)
    }

    /// Asks SQLite whether the file is whole.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_file(&self) -> Result<()> {
        let word: String = self
            .0
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .context("could not check the ledger")?;
        ensure!(word == "ok", "the ledger is damaged: {word}");
        let foreign = self.number("select count(*) from pragma_foreign_key_check")?;
        ensure!(foreign == 0, "{foreign} rows belong to nothing");
        Ok(())
    }

    /// The orders as they were put into the outbox, oldest first, and those that the mall gave back
    /// to a ledger that had lost them, each checked: its sums hold, its rows are all there and say
    /// the same, and it has one fact and, where it was sold, one first receipt.
    ///
    /// # Errors
    /// When one is half, or twice, or does not add up.
    pub fn orders(&self) -> Result<Vec<OrderV1>> {
        let mut statement = self
            .0
            .prepare(
                "select body from (
                   select 1 as here, seq, body from outbox where kind = 'order'
                   union all select 0, seq, body from found where kind = 'order')
                 order by here, seq",
            )
            .context("could not read the outbox")?;
        let bodies = statement
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<String>>>)
            .context("could not read the outbox")?;
        let orders = bodies
            .iter()
            .map(|body| {
                let order: OrderV1 =
                    serde_json::from_str(body).context("an order in the outbox is none")?;
                self.check(&order).with_context(|| format!("order {}", order.receipt_number))?;
                Ok(order)
            })
            .collect::<Result<Vec<_>>>()?;
        ensure!(
            i64::try_from(orders.len()) == Ok(self.n_orders()?),
            "{} orders, but {} of them in the outbox",
            self.n_orders()?,
            orders.len()
        );
        Ok(orders)
    }

    /// The check of one order, by its id.
    ///
    /// # Errors
    /// When it is half, or twice, or does not add up; or not there.
    pub fn order(&self, id: Uuid) -> Result<OrderV1> {
        let body: String = self
            .0
            .query_row("select body from outbox where id = ?1", [id.as_bytes()], |row| row.get(0))
            .context("the order is not in the outbox")?;
        let order: OrderV1 = serde_json::from_str(&body).context("an order that is none")?;
        self.check(&order).with_context(|| format!("order {}", order.receipt_number))?;
        Ok(order)
    }

    fn check(&self, told: &OrderV1) -> Result<()> {
        let order = told.clone().into_order().context("its sums do not hold")?;
        let id = order.id.bytes();
        let head: (String, i64, i64, i64) = self
            .0
            .query_row(
                "select receipt_number, total_minor, rounding_minor, change_minor
                 from orders where id = ?1",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .context("it is in the outbox but not in the books")?;
        let (total, rounding, change) =
            (order.total.minor(), order.rounding.minor(), order.change.minor());
        let expected = (told.receipt_number.clone(), total, rounding, change);
        ensure!(head == expected, "the books say {head:?}, the outbox {expected:?}");
        let count = |sql: &str| -> Result<usize> {
            self.0.query_row(sql, [id], |row| row.get(0)).with_context(|| sql.to_owned())
        };
        let n_found = count("select count(*) from found where id = ?1")?;
        let rows = Rows {
            lines: count("select count(*) from order_line where order_id = ?1")?,
            tenders: count("select count(*) from tender where order_id = ?1")?,
            facts: count("select count(*) from outbox where id = ?1")? + n_found,
            first_slips: count(
                "select count(*) from spool where order_id = ?1 and copy = 'first'",
            )?,
        };
        let whole = Rows {
            lines: order.lines.len(),
            tenders: order.tenders.len(),
            facts: 1,
            first_slips: 1 - n_found.min(1),
        };
        ensure!(rows == whole, "it has {rows:?} and not {whole:?}");
        for line in &order.lines {
            let amount: i64 = self
                .0
                .query_row(
                    "select amount_minor from order_line
                     where order_id = ?1 and number = ?2 and sku = ?3 and quantity_milli = ?4",
                    params![id, line.number, line.item.sku, line.quantity.milli()],
                    |row| row.get(0),
                )
                .with_context(|| format!("line {} is another in the books", line.number))?;
            ensure!(amount == line.amount.minor(), "line {} costs another amount", line.number);
        }
        Ok(())
    }

    /// Checks that receipt numbers of each workstation and day are 1, 2, 3 … without holes.
    ///
    /// # Errors
    /// When one is missing or there twice.
    pub fn check_receipt_numbers(&self) -> Result<()> {
        let mut runs: BTreeMap<(u16, String), Vec<u32>> = BTreeMap::new();
        for order in self.orders()? {
            let order = order.into_order().context("its sums do not hold")?;
            let number = order.receipt_number;
            let run = (number.workstation, number.business_date.to_string());
            runs.entry(run).or_default().push(number.sequence);
        }
        for ((workstation, day), mut sequences) in runs {
            sequences.sort_unstable();
            let is_dense = sequences.iter().copied().eq((1..).take(sequences.len()));
            ensure!(is_dense, "workstation {workstation} on {day} numbered {sequences:?}");
        }
        Ok(())
    }

    /// How many slips stand in each state.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn slips(&self) -> Result<BTreeMap<String, i64>> {
        let mut statement = self
            .0
            .prepare("select state, count(*) from spool group by state")
            .context("could not read the spool")?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .context("could not read the spool")
    }

    /// Receipt numbers and where the first slip of each stands.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn slips_of_orders(&self) -> Result<Vec<(String, String)>> {
        let mut statement = self
            .0
            .prepare(
                "select receipt_number, state from spool
                 join orders on orders.id = spool.order_id where copy = 'first' order by seq",
            )
            .context("could not read the spool")?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .context("could not read the spool")
    }
}
