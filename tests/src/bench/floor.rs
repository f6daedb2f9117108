//! What bare SQLite does for the same rows on the same disk, with the same durability.

use std::path::Path;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, params};

/// Opens a fresh file as the ledger is opened: WAL, `synchronous = full`.
pub(super) fn fresh(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags).context("could not make a floor")?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory;
         pragma cache_size = -16384;",
    )?;
    Ok(connection)
}

/// A bare lookup in the replica in force, and one bare durable write.
#[derive(Debug)]
pub struct Scan {
    replica: Connection,
    written: Connection,
}

impl Scan {
    /// Opens the replica that the node sells from, read-only, and a file of its own beside it.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn open(data: &Path) -> Result<Self> {
        let name = std::fs::read_to_string(data.join("replica-catalog.current"))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let replica = Connection::open_with_flags(data.join(name.trim()), flags)?;
        replica.execute_batch("pragma cache_size = -16384;")?;
        let written = fresh(&data.join("floor-scan.db"))?;
        written.execute_batch("create table line (id integer primary key, body text) strict")?;
        Ok(Self { replica, written })
    }

    /// Does it once.
    ///
    /// # Errors
    /// When the item is not there or the write fails.
    pub fn once(&self, gtin: &str) -> Result<i64> {
        let price: i64 = self
            .replica
            .prepare_cached(
                "select item.list_price_minor from barcode join item using (item_id)
                 where barcode.gtin = ?1",
            )?
            .query_row([gtin.parse::<i64>()?], |row| row.get(0))?;
        self.written.prepare_cached("insert into line (body) values (?1)")?.execute([BODY])?;
        Ok(price)
    }
}

/// Bare durable writes, one at a time.
#[derive(Debug)]
pub struct Writes(Connection);

impl Writes {
    /// Opens a file of its own.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(data: &Path) -> Result<Self> {
        let connection = fresh(&data.join("floor-writes.db"))?;
        connection.execute_batch("create table line (id integer primary key, body text) strict")?;
        Ok(Self(connection))
    }

    /// Does it once.
    ///
    /// # Errors
    /// When the write fails.
    pub fn once(&self) -> Result<()> {
        self.0.prepare_cached("insert into line (body) values (?1)")?.execute([BODY])?;
        Ok(())
    }
}

/// As long as a cart line's JSON.
const BODY: &str = "{\"id\":\"01a1fffd-5a9c-7f00-8000-000000000000\",\"position\":1,\"item\":{\"sku\":\"9520001234567\",\"code\":\"09520001234567\",\"name\":\"a made-up item of the world\",\"spec\":\"\",\"unit\":\"piece\",\"list_price\":1299,\"tax_rate\":1300},\"quantity\":1000,\"label_amount\":null,\"is_labelled\":false}";

/// The rows of an order, in one bare transaction: order, lines, tender, outbox, receipt job,
/// sequence, station, and the cart's lines gone.
#[derive(Debug)]
pub struct Complete {
    connection: Connection,
    n: i64,
}

impl Complete {
    /// Makes the ledger's own tables in a file of its own.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(data: &Path, schema: &str) -> Result<Self> {
        let connection = fresh(&data.join("floor-complete.db"))?;
        connection.execute_batch(schema)?;
        Ok(Self { connection, n: 0 })
    }

    /// Lays lines onto the counter; not part of what is timed.
    ///
    /// # Errors
    /// When the write fails.
    pub fn fill(&mut self, n_lines: i64) -> Result<()> {
        self.n += 1;
        let tx = self.connection.transaction()?;
        for position in 0..n_lines {
            tx.prepare_cached(
                "insert into cart_line (workstation, position, body) values (1, ?1, ?2)",
            )?
            .execute(params![position, BODY])?;
        }
        Ok(tx.commit()?)
    }

    /// Writes the order down.
    ///
    /// # Errors
    /// When a write fails.
    pub fn once(&mut self, n_lines: i64) -> Result<()> {
        let (n, hash) = (self.n, [7_u8; 32]);
        let id = u128::try_from(n)?.to_be_bytes();
        let tx = self.connection.transaction()?;
        tx.prepare_cached("insert into receipt_sequence (workstation, business_date, last) values (1, '2026-11-21', 1) on conflict do update set last = last + 1")?.execute([])?;
        tx.prepare_cached("insert into orders (id, receipt_number, workstation, business_date, operator, completed_at, list_minor, total_minor, rounding_minor, change_minor) values (?1, ?2, 1, '2026-11-21', '1001', ?3, 6495, 6495, -5, 10)")?
            .execute(params![id, format!("SH001-1-1-20261121-{n:04}"), n])?;
        for number in 0..n_lines {
            tx.prepare_cached("insert into order_line (order_id, number, line_id, sku, code, name, spec, unit, quantity_milli, list_price_minor, tax_rate_bps, list_minor, amount_minor) values (?1, ?2, ?1, '9520001234567', '09520001234567', 'a made-up item of the world', '', 'piece', 1000, 1299, 1300, 1299, 1299)")?
                .execute(params![id, number])?;
        }
        tx.prepare_cached("insert into tender (order_id, number, kind, amount_minor) values (?1, 1, 'cash', 6500)")?.execute([id])?;
        let body = BODY.repeat(usize::try_from(n_lines)?);
        tx.prepare_cached("insert into outbox (epoch, id, kind, v, at, body, digest, chain) values (1, ?1, 'order', 1, ?2, ?3, ?4, ?4)")?
            .execute(params![id, n, body, hash])?;
        tx.prepare_cached("insert into spool (id, order_id, workstation, copy, queued_at) values (?1, ?1, 1, 'first', ?2)")?.execute(params![id, n])?;
        tx.prepare_cached("delete from cart_line where workstation = 1")?.execute([])?;
        tx.prepare_cached("insert into station (workstation, revision, order_id, is_tendering, is_done) values (1, ?1, ?2, 0, 1) on conflict do update set revision = excluded.revision, order_id = excluded.order_id")?.execute(params![n, id])?;
        Ok(tx.commit()?)
    }
}

/// A bare bulk insert of the replica's rows: the tables and indexes, filled from the file in force.
///
/// # Errors
/// When a file cannot be read or made.
pub fn bulk_insert(data: &Path, tables: &str, indexes: &str) -> Result<()> {
    let name = std::fs::read_to_string(data.join("replica-catalog.current"))?;
    let source =
        Connection::open_with_flags(data.join(name.trim()), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let path = data.join("floor-bulk.db");
    let mut target = fresh(&path)?;
    let tx = target.transaction()?;
    tx.execute_batch(tables)?;
    for table in ["item", "barcode"] {
        let mut rows = source.prepare(&format!("select * from {table}"))?;
        let columns = rows.column_count();
        let marks = vec!["?"; columns].join(", ");
        let mut insert = tx.prepare(&format!("insert into {table} values ({marks})"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|i| row.get(i)).collect::<Result<_, _>>()?;
            insert.execute(rusqlite::params_from_iter(values))?;
        }
    }
    tx.execute_batch(indexes)?;
    tx.commit()?;
    drop(target);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("floor-bulk.db{ending}")));
    }
    Ok(())
}

/// Bare durable writes of so many orders as a mall keeps them, a hundred to a transaction: the raw
/// body, its id, the order, its lines and its tender.
///
/// # Errors
/// When a write fails.
pub fn intake(data: &Path, bodies: &[String], n_lines: i64) -> Result<()> {
    let path = data.join("floor-intake.db");
    let mut connection = fresh(&path)?;
    connection.execute_batch(
        "create table event_id (store integer, id blob, digest blob, primary key (store, id)) without rowid;
         create table inbox (store integer, day text, id blob, body text, primary key (store, id)) without rowid;
         create table orders (store integer, id blob, body text, primary key (store, id)) without rowid;
         create table line (store integer, id blob, number integer, name text, amount integer, primary key (store, id, number)) without rowid;",
    )?;
    for (batch, hundred) in bodies.chunks(100).enumerate() {
        let tx = connection.transaction()?;
        for (n, body) in hundred.iter().enumerate() {
            let id = u128::try_from(batch * 100 + n)?.to_be_bytes();
            tx.prepare_cached("insert into event_id values (1, ?1, ?1)")?.execute([id])?;
            tx.prepare_cached("insert into inbox values (1, '2026-11-21', ?1, ?2)")?
                .execute(params![id, body])?;
            tx.prepare_cached("insert into orders values (1, ?1, 'SH001-1-1-20261121-0001 1001')")?
                .execute([id])?;
            for number in 0..n_lines {
                tx.prepare_cached(
                    "insert into line values (1, ?1, ?2, 'a made-up item of the world', 1299)",
                )?
                .execute(params![id, number])?;
            }
        }
        tx.commit()?;
    }
    Ok(())
}
