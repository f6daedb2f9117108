//! What the books say, read once.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use sync::chain::Hash;
use uuid::Uuid;

use crate::{
    books::Books,
    ledger::{Fact, Ledger},
};

/// The books of all stores and of their mall.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Each store.
    pub stores: Vec<StoreSide>,
    /// The mall.
    pub mall: MallSide,
}

/// What a store's books say, and what was said at its till.
#[derive(Clone, Debug, Default)]
pub struct StoreSide {
    /// The store's code.
    pub code: String,
    /// What its cashier was told: an order and the number on its paper.
    pub confirmed: Vec<(Uuid, String)>,
    /// Its orders, with their numbers.
    pub orders: Vec<(Uuid, String)>,
    /// The business date of each of its orders, as its bytes say it.
    pub dates: Vec<(Uuid, String)>,
    /// Its outbox, life by life and place by place.
    pub facts: Vec<Fact>,
    /// What the mall gave back to a ledger that had lost it, each with what it is.
    pub found: Vec<(Uuid, String)>,
    /// What its replica says that things cost, in fen.
    pub prices: BTreeMap<String, i64>,
    /// The newest revision of HQ's settings that is in force or was taken back, 0 for none.
    pub settings: i64,
    /// What SQLite finds wrong with its files.
    pub damage: Vec<String>,
    /// Bytes of the ledger's write-ahead log.
    pub log_bytes: u64,
}

/// How far a life of a ledger is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The store.
    pub code: String,
    /// Its node.
    pub edge: String,
    /// The life.
    pub epoch: u32,
    /// Held up to here.
    pub acked: i64,
    /// The chain there.
    pub chain: String,
}

/// A place in a life that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The store.
    pub code: String,
    /// Its node.
    pub edge: String,
    /// The life.
    pub epoch: u32,
    /// The place, from 1.
    pub seq: i64,
    /// What lies there.
    pub id: Uuid,
    /// The chain there; empty where it was not kept.
    pub chain: String,
}

/// What the mall's books say.
#[derive(Clone, Debug, Default)]
pub struct MallSide {
    /// The store, the identity of a fact, the digest of its bytes.
    pub ids: Vec<(String, Uuid, String)>,
    /// The store, the identity, the kind and the state of each body that is kept.
    pub inbox: Vec<(String, Uuid, String, String)>,
    /// How far each life is held.
    pub lives: Vec<Life>,
    /// Every place that is held, in their order.
    pub places: Vec<Place>,
    /// The store, the identity and the number of each order.
    pub orders: Vec<(String, Uuid, String)>,
    /// The days that facts count to: the store, the day, the identity. None of a mall that is older than
    /// days.
    pub days: Option<Vec<(String, String, Uuid)>>,
    /// Sealed days of which store and mall hold something else, or leave something out: a sentence each.
    pub false_seals: Vec<String>,
    /// What a person should look at, a sentence each.
    pub troubles: Vec<String>,
    /// What things cost, in fen.
    pub prices: BTreeMap<String, i64>,
    /// The newest revision of the settings for all stores, 0 for none.
    pub settings: i64,
    /// What SQLite finds wrong with its file.
    pub damage: Vec<String>,
}

/// A value of a row.
fn cell<T: std::str::FromStr>(row: &[String], number: usize) -> Result<T> {
    let text = row.get(number).context("a column is missing")?;
    text.parse().ok().with_context(|| format!("column {number} of {row:?}"))
}

impl MallSide {
    /// Reads them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(books: &Books<'_>) -> Result<Self> {
        let ask = |what: &str, table: &str, order: &str| {
            let sql = format!(
                "select s.code, {what} from {table} t join store s on s.store_id = t.store_id {order}"
            );
            books.rows(&sql)
        };
        let ids = ask("t.id, t.digest", "event_id", "")?;
        let ids = ids.iter().map(|row| Ok((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?)));
        let inbox = ask("t.id, t.kind, t.state", "event_inbox", "")?;
        let inbox = inbox
            .iter()
            .map(|row| Ok((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?, cell(row, 3)?)));
        let lives = ask("t.edge_id, t.epoch, t.acked_seq, t.acked_chain", "edge_life", "")?;
        let order = "order by t.edge_id, t.epoch, t.seq";
        let places = ask("t.edge_id, t.epoch, t.seq, t.id, t.chain", "event_place", order)?;
        let orders = ask("t.id, t.receipt_number", "orders", "")?;
        let orders = orders.iter().map(|row| Ok((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?)));
        let troubles = ask("t.id, t.what, t.reason", "trouble", "")?;
        let (mut days, mut false_seals) = (None, Vec::new());
        // An older mall knows no days.
        if books.has_table("event_day")? {
            let rows = ask("t.day, t.id", "event_day", "")?;
            let rows = rows.iter().map(|row| Ok((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?)));
            days = Some(rows.collect::<Result<_>>()?);
            let sealed = "where t.sealed_at > 0 and (t.agrees = 0 or t.left_out > 0)";
            let rows = ask("t.day, t.epoch", "day_seal", sealed)?;
            false_seals.extend(rows.iter().map(|row| row.join(" ")));
        }
        let prices = books.rows("select sku, list_price_minor from item where gone = 0")?;
        let prices = prices.iter().map(|row| Ok((cell(row, 0)?, cell(row, 1)?)));
        let settings = "select coalesce(max(revision), 0) from settings where store_id = 0";
        let settings = books.rows(settings)?;
        Ok(Self {
            ids: ids.collect::<Result<_>>()?,
            inbox: inbox.collect::<Result<_>>()?,
            lives: lives.iter().map(|row| life(row)).collect::<Result<_>>()?,
            places: places.iter().map(|row| place(row)).collect::<Result<_>>()?,
            orders: orders.collect::<Result<_>>()?,
            days,
            false_seals,
            troubles: troubles.iter().map(|row| row.join(" ")).collect(),
            prices: prices.collect::<Result<_>>()?,
            settings: settings.first().map_or(Ok(0), |row| cell(row, 0))?,
            damage: books.damage()?,
        })
    }
}

fn life(row: &[String]) -> Result<Life> {
    Ok(Life {
        code: cell(row, 0)?,
        edge: cell(row, 1)?,
        epoch: cell(row, 2)?,
        acked: cell(row, 3)?,
        chain: cell(row, 4)?,
    })
}

fn place(row: &[String]) -> Result<Place> {
    Ok(Place {
        code: cell(row, 0)?,
        edge: cell(row, 1)?,
        epoch: cell(row, 2)?,
        seq: cell(row, 3)?,
        id: cell(row, 4)?,
        chain: cell(row, 5)?,
    })
}

impl StoreSide {
    /// Reads the books in a store's data folder. The orders are checked by their rows as they are read.
    ///
    /// # Errors
    /// When they cannot be read, or an order is half.
    pub fn read(code: &str, data: &Path, confirmed: Vec<(Uuid, String)>) -> Result<Self> {
        let ledger = Ledger::open(data)?;
        let told = ledger.orders()?;
        let dates = told.iter().map(|order| (order.id.uuid(), order.business_date.to_string()));
        let dates = dates.collect();
        let orders =
            told.into_iter().map(|order| (order.id.uuid(), order.receipt_number)).collect();
        let mut damage: Vec<String> =
            ledger.check_file().err().map(|error| error.to_string()).into_iter().collect();
        let replica = Replica::open(data)?;
        damage.extend(replica.damage()?);
        let log = std::fs::metadata(data.join("ledger.db-wal"));
        Ok(Self {
            code: code.to_owned(),
            confirmed,
            orders,
            dates,
            facts: ledger.facts()?,
            found: ledger.found()?,
            prices: replica.prices()?,
            settings: ledger.settings_settled()?,
            damage,
            log_bytes: log.map_or(0, |log| log.len()),
        })
    }
}

/// The catalog that a store sells from.
struct Replica(Connection);

impl Replica {
    fn open(data: &Path) -> Result<Self> {
        let name = std::fs::read_to_string(data.join("replica-catalog.current"));
        let name = name.context("no catalog is in force")?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(data.join(name.trim()), flags)
            .context("could not open the catalog in force")?;
        connection.execute_batch("pragma query_only = on; pragma busy_timeout = 60000;")?;
        Ok(Self(connection))
    }

    fn prices(&self) -> Result<BTreeMap<String, i64>> {
        let mut statement = self.0.prepare("select sku, list_price_minor from item")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>().context("could not read prices")
    }

    fn damage(&self) -> Result<Option<String>> {
        let word: String = self.0.query_row("pragma integrity_check", [], |row| row.get(0))?;
        Ok(Some(word).filter(|word| word != "ok"))
    }
}

/// What an invariant goes by when it names a hash.
pub(super) fn is_same(hash: Hash, text: &str) -> bool {
    Hash::from_hex(text) == Some(hash)
}
