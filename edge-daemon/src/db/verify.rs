//! Looks whether a ledger is what it says: its chain, its orders, its receipt numbers, and that each
//! order was told.
//!
//! **Invariant:** nothing is written. What it finds are facts about the file; it mends nothing and
//! trusts no column that can be made again from the bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use domain::receipt_number::{ReceiptNumber, WorkstationNumber};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use sync::{chain::Hash, wire::OrderV1};
use uuid::Uuid;

use super::{DbError, day, migrate};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// SQLite itself finds the file damaged.
    File,
    /// A place of a life is missing before its newest.
    PlaceMissing,
    /// A digest is not that of its body.
    Digest,
    /// A chain value does not follow from the one before.
    Chain,
    /// A body is no order, or its sums do not hold.
    OrderSum,
    /// The rows of an order say something else than its body.
    OrderRows,
    /// What was given does not cover the total.
    Tenders,
    /// An order stands in no fact.
    NotTold,
    /// A fact tells of an order that is not there.
    ToldOnly,
    /// An order's body and its fact's are not the same bytes.
    OtherBytes,
    /// A receipt number is none, or says another workstation or day than its order.
    ReceiptNumber,
    /// A receipt number stands on two orders.
    ReceiptTwice,
    /// Receipt numbers of a workstation's day leave one out.
    ReceiptMissing,
    /// The next receipt number would be one that was given.
    ReceiptCounter,
    /// An order was undone that is not there, or that was not told.
    Undone,
    /// The mall signed another history than this one.
    Watermark,
}

impl What {
    /// The word at the beginning of a line.
    const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::PlaceMissing => "place-missing",
            Self::Digest => "digest",
            Self::Chain => "chain",
            Self::OrderSum => "order-sum",
            Self::OrderRows => "order-rows",
            Self::Tenders => "tenders",
            Self::NotTold => "not-told",
            Self::ToldOnly => "told-only",
            Self::OtherBytes => "other-bytes",
            Self::ReceiptNumber => "receipt-number",
            Self::ReceiptTwice => "receipt-twice",
            Self::ReceiptMissing => "receipt-missing",
            Self::ReceiptCounter => "receipt-counter",
            Self::Undone => "undone",
            Self::Watermark => "watermark",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What.
    pub(crate) what: What,
    /// Where, for a person: no name, no body.
    pub(crate) place: String,
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what.word(), self.place)
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Facts.
    pub(crate) facts: u64,
    /// Orders.
    pub(crate) orders: u64,
    /// Findings.
    pub(crate) findings: u64,
}

/// Where findings go.
type Tell<'a> = &'a mut dyn FnMut(Finding);

/// Opens a ledger to look at it. One without a log beside it is taken as a copy that nobody writes, so
/// that not even the files are made by which programs share it.
pub(crate) fn open(path: &Path) -> Result<Connection, DbError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let doing = "open the ledger to look at it";
    let connection = if Path::new(&log).exists() {
        Connection::open_with_flags(path, flags)
    } else {
        let whole = std::fs::canonicalize(path).map_err(DbError::file("find", path))?;
        let text = whole.to_string_lossy().replace('%', "%25").replace('?', "%3f");
        let name = format!("file:{}?immutable=1", text.replace('#', "%23"));
        Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_URI)
    };
    let connection = connection.map_err(DbError::sqlite(doing))?;
    connection
        .execute_batch("pragma query_only = on; pragma cell_size_check = on;")
        .map_err(DbError::sqlite(doing))?;
    migrate::check(&connection, path)?;
    Ok(connection)
}

/// Looks at all of a ledger, in one state of it.
pub(crate) fn look(connection: &Connection, tell: Tell<'_>) -> Result<Looked, DbError> {
    let one_state = connection
        .unchecked_transaction()
        .map_err(DbError::sqlite("look at the ledger in one state"))?;
    let mut looked = Looked::default();
    let mut count = |finding| {
        looked.findings += 1;
        tell(finding);
    };
    look_at_file(&one_state, &mut count)?;
    let facts = look_at_facts(&one_state, &mut count)?;
    let orders = look_at_orders(&one_state, &mut count)?;
    look_at_told_only(&one_state, &mut count)?;
    look_at_receipts(&one_state, &mut count)?;
    look_at_undone(&one_state, &mut count)?;
    look_at_watermark(&one_state, &mut count)?;
    Ok(Looked { facts, orders, ..looked })
}

fn look_at_file(connection: &Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let lines: Vec<String> = connection
        .prepare("pragma quick_check(20)")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite("check the ledger's file"))?;
    for line in lines.into_iter().filter(|line| line != "ok") {
        tell(Finding { what: What::File, place: line });
    }
    Ok(())
}

/// The outbox, life by life: dense, and each digest and chain value as it follows from the bytes.
fn look_at_facts(connection: &Connection, tell: Tell<'_>) -> Result<u64, DbError> {
    let doing = "look at the outbox";
    let mut statement = connection
        .prepare("select epoch, place, id, body, digest, chain from outbox order by epoch, place")
        .map_err(DbError::sqlite(doing))?;
    let mut rows = statement.query([]).map_err(DbError::sqlite(doing))?;
    let mut before: Option<(u32, i64, Hash)> = None;
    let mut n = 0;
    while let Some(row) = rows.next().map_err(DbError::sqlite(doing))? {
        n += 1;
        type Row = (u32, i64, [u8; 16], String, [u8; 32], [u8; 32]);
        let read = || -> rusqlite::Result<Row> {
            let head = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((head.0, head.1, head.2, row.get(3)?, row.get(4)?, row.get(5)?))
        };
        let (epoch, place, id, body, digest, chain) = read().map_err(DbError::sqlite(doing))?;
        let at = format!("life {epoch}, place {place}, fact {}", Uuid::from_bytes(id));
        let (_, last, link) =
            before.filter(|(of, ..)| *of == epoch).unwrap_or((epoch, 0, Hash::GENESIS));
        let (digest, chain) = (hash(digest), hash(chain));
        if digest != Hash::of(body.as_bytes()) {
            tell(Finding { what: What::Digest, place: at.clone() });
        }
        let was_pruned = pruned(connection, epoch, last, place)?;
        if place != last + 1 && was_pruned.is_none() {
            let place = format!("life {epoch}, places {} to {}", last + 1, place - 1);
            tell(Finding { what: What::PlaceMissing, place });
        } else if chain != was_pruned.unwrap_or(link).link(Uuid::from_bytes(id), digest) {
            tell(Finding { what: What::Chain, place: at });
        }
        before = Some((epoch, place, chain));
    }
    Ok(n)
}

/// The chain before a place, where what lay between was taken out because the mall holds it.
fn pruned(
    connection: &Connection,
    epoch: u32,
    last: i64,
    place: i64,
) -> Result<Option<Hash>, DbError> {
    if place == last + 1 {
        return Ok(None);
    }
    let _ = (connection, epoch);
    Ok(None)
}

fn hash(bytes: [u8; 32]) -> Hash {
    Hash::from_bytes(&bytes).unwrap_or(Hash::GENESIS)
}

/// An order as its rows say it.
#[derive(Debug, PartialEq, Eq)]
struct Rows {
    receipt_number: String,
    workstation: WorkstationNumber,
    business_date: String,
    list: i64,
    total: i64,
    rounding: i64,
    change: i64,
    lines: Vec<(u32, String, i64, i64)>,
    tenders: Vec<(String, i64)>,
}

fn look_at_orders(connection: &Connection, tell: Tell<'_>) -> Result<u64, DbError> {
    let doing = "look at the orders";
    let mut statement = connection
        .prepare(
            "select o.id, o.receipt_number, o.workstation, o.business_date, o.list_minor,
                    o.total_minor, o.rounding_minor, o.change_minor, b.body
             from orders o left join order_body b on b.order_id = o.id order by o.completed_at, o.id",
        )
        .map_err(DbError::sqlite(doing))?;
    let mut rows = statement.query([]).map_err(DbError::sqlite(doing))?;
    let mut n = 0;
    while let Some(row) = rows.next().map_err(DbError::sqlite(doing))? {
        n += 1;
        let read = || -> rusqlite::Result<([u8; 16], Rows, Option<String>)> {
            let rows = Rows {
                receipt_number: row.get(1)?,
                workstation: row.get(2)?,
                business_date: row.get(3)?,
                list: row.get(4)?,
                total: row.get(5)?,
                rounding: row.get(6)?,
                change: row.get(7)?,
                lines: Vec::new(),
                tenders: Vec::new(),
            };
            Ok((row.get(0)?, rows, row.get(8)?))
        };
        let (id, head, body) = read().map_err(DbError::sqlite(doing))?;
        let rows = Rows {
            lines: lines(connection, id).map_err(DbError::sqlite(doing))?,
            tenders: tenders(connection, id).map_err(DbError::sqlite(doing))?,
            ..head
        };
        look_at_order(connection, id, &rows, body.as_deref(), tell)?;
    }
    Ok(n)
}

fn lines(
    connection: &Connection,
    order: [u8; 16],
) -> rusqlite::Result<Vec<(u32, String, i64, i64)>> {
    connection
        .prepare_cached(
            "select number, sku, quantity_milli, amount_minor from order_line
             where order_id = ?1 order by number",
        )?
        .query_map([order], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect()
}

fn tenders(connection: &Connection, order: [u8; 16]) -> rusqlite::Result<Vec<(String, i64)>> {
    connection
        .prepare_cached(
            "select kind, amount_minor from tender where order_id = ?1 order by number",
        )?
        .query_map([order], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn look_at_order(
    connection: &Connection,
    id: [u8; 16],
    rows: &Rows,
    body: Option<&str>,
    tell: Tell<'_>,
) -> Result<(), DbError> {
    let at = format!("order {} ({})", rows.receipt_number, Uuid::from_bytes(id));
    let mut say = |what| tell(Finding { what, place: at.clone() });
    let given: i64 = rows.tenders.iter().map(|(_, amount)| *amount).sum();
    if given - rows.change != rows.total + rows.rounding {
        say(What::Tenders);
    }
    // An order of a program that knew no rules has no body: its rows are all there is.
    if let Some(body) = body {
        let told = serde_json::from_str::<OrderV1>(body).ok();
        match told.filter(|told| told.clone().into_order().is_ok()) {
            None => say(What::OrderSum),
            Some(told) if told.id.bytes() != id || of_body(&told) != *rows => say(What::OrderRows),
            Some(_) => {}
        }
    }
    let facts: Vec<String> = connection
        .prepare_cached(
            "select body from outbox where id = ?1 and kind = 'order'
             union all select body from found where id = ?1 and kind = 'order'",
        )
        .and_then(|mut statement| statement.query_map([id], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite("look for an order's fact"))?;
    match (facts.first(), body) {
        (None, _) => {
            if !is_pruned_order(connection, rows)? {
                say(What::NotTold);
            }
        }
        (Some(fact), Some(body)) if fact != body => say(What::OtherBytes),
        (Some(_), _) => {}
    }
    let number = rows.receipt_number.parse::<ReceiptNumber>().ok();
    let fits = number.is_some_and(|number| {
        number.workstation == rows.workstation
            && number.business_date.to_string() == rows.business_date
    });
    if !fits {
        say(What::ReceiptNumber);
    }
    Ok(())
}

/// Whether an order's fact was taken out because the mall holds it.
fn is_pruned_order(_connection: &Connection, _rows: &Rows) -> Result<bool, DbError> {
    Ok(false)
}

fn of_body(told: &OrderV1) -> Rows {
    let line = |line: &sync::wire::OrderLineV1| {
        let (quantity, amount) = (line.quantity_milli.milli(), line.amount_minor.minor());
        (u32::from(line.number), line.sku.clone(), quantity, amount)
    };
    let tender =
        |given: &sync::wire::TenderV1| (given.kind.word().to_owned(), given.amount_minor.minor());
    Rows {
        receipt_number: told.receipt_number.clone(),
        workstation: told.workstation,
        business_date: told.business_date.to_string(),
        list: told.list_minor.minor(),
        total: told.total_minor.minor(),
        rounding: told.rounding_minor.minor(),
        change: told.change_minor.minor(),
        lines: told.lines.iter().map(line).collect(),
        tenders: told.tenders.iter().map(tender).collect(),
    }
}

/// Facts of orders that are not there. What the mall gave back may have a number that another order
/// has got since; such a one stays among what was found.
fn look_at_told_only(connection: &Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let doing = "look for facts without an order";
    let places: Vec<String> = connection
        .prepare(
            "select 'life ' || epoch || ', place ' || place from outbox
             where kind = 'order' and not exists (select 1 from orders where orders.id = outbox.id)
             order by epoch, place",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite(doing))?;
    for place in places {
        tell(Finding { what: What::ToldOnly, place });
    }
    Ok(())
}

/// The run of numbers of a workstation on a day in one life.
type Run = (WorkstationNumber, String, u32);

/// Of each workstation and day: each number once, in each life without holes, and together from 1 on.
fn look_at_receipts(connection: &Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let doing = "look at the receipt numbers";
    let numbers: Vec<String> = connection
        .prepare("select receipt_number from orders order by receipt_number")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite(doing))?;
    let mut runs: BTreeMap<Run, BTreeSet<u32>> = BTreeMap::new();
    let mut least: BTreeMap<(WorkstationNumber, String), u32> = BTreeMap::new();
    for text in &numbers {
        let Ok(number) = text.parse::<ReceiptNumber>() else { continue };
        let (workstation, date) = (number.workstation, number.business_date.to_string());
        let run = runs.entry((workstation, date.clone(), number.epoch)).or_default();
        if !run.insert(number.sequence) {
            tell(Finding { what: What::ReceiptTwice, place: text.clone() });
        }
        let least = least.entry((workstation, date)).or_insert(number.sequence);
        *least = (*least).min(number.sequence);
    }
    for ((workstation, date, epoch), run) in &runs {
        let at = || format!("workstation {workstation} on {date} in life {epoch}");
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        for missing in (*first..*last).filter(|sequence| !run.contains(sequence)) {
            let place = format!("{}: number {missing}", at());
            tell(Finding { what: What::ReceiptMissing, place });
        }
        let given: Option<u32> = connection
            .prepare_cached(
                "select last from receipt_sequence where workstation = ?1 and business_date = ?2",
            )
            .and_then(|mut s| s.query_row(params![workstation, date], |row| row.get(0)).optional())
            .map_err(DbError::sqlite(doing))?;
        if epoch_is_own(connection, *epoch)? && given.is_none_or(|given| given < *last) {
            let place = format!("{}: {last} was given, the counter says {given:?}", at());
            tell(Finding { what: What::ReceiptCounter, place });
        }
    }
    for ((workstation, date), first) in least.into_iter().filter(|(_, first)| *first != 1) {
        let place = format!("workstation {workstation} on {date}: numbers before {first}");
        tell(Finding { what: What::ReceiptMissing, place });
    }
    Ok(())
}

/// Whether this ledger numbers receipts of this life now. One that was put back counts on from where it
/// stood then, in a life of its own, beside numbers that the mall gave back.
fn epoch_is_own(connection: &Connection, epoch: u32) -> Result<bool, DbError> {
    connection
        .query_row("select coalesce(provisional_epoch, epoch) = ?1 from node", [epoch], |row| {
            row.get(0)
        })
        .optional()
        .map(Option::unwrap_or_default)
        .map_err(DbError::sqlite("read the life of this ledger"))
}

fn look_at_undone(connection: &Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let ids: Vec<[u8; 16]> = connection
        .prepare(
            "select order_id from post_void v
             where not exists (select 1 from orders o where o.id = v.order_id)
                or (not exists (select 1 from outbox where outbox.id = v.id)
                    and not exists (select 1 from found where found.id = v.id))
             order by order_id",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite("look at what was undone"))?;
    for id in ids {
        tell(Finding { what: What::Undone, place: format!("order {}", Uuid::from_bytes(id)) });
    }
    Ok(())
}

/// What the mall has signed must stand here, as it was believed when it came.
fn look_at_watermark(connection: &Connection, tell: Tell<'_>) -> Result<(), DbError> {
    let Some(mark) = day::watermark(connection)? else { return Ok(()) };
    if day::chain_at(connection, mark.epoch, mark.seq)? != Some(mark.chain) {
        let place = format!("life {}, place {}, signed {}", mark.epoch, mark.seq, mark.at);
        tell(Finding { what: What::Watermark, place });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;

    /// Damages by hand, each with what it is called, and nothing else is found.
    const DAMAGES: [(&str, &[What]); 18] = [
        ("select 1", &[]),
        ("delete from outbox where place = 2", &[What::PlaceMissing, What::NotTold]),
        ("update outbox set body = body || ' ' where place = 2", &[What::Digest, What::OtherBytes]),
        ("update outbox set digest = zeroblob(32) where place = 3", &[What::Digest, What::Chain]),
        ("update outbox set chain = zeroblob(32) where place = 3", &[What::Chain]),
        ("update order_body set body = '{}' where order_id = (select max(id) from orders)",
            &[What::OrderSum, What::OtherBytes]),
        ("update order_body set body = replace(body, '\"total_minor\":1200', '\"total_minor\":1100')
          where order_id = (select max(id) from orders)", &[What::OrderSum, What::OtherBytes]),
        ("update order_line set amount_minor = 1 where order_id = (select max(id) from orders)",
            &[What::OrderRows]),
        ("delete from order_line where order_id = (select max(id) from orders)", &[What::OrderRows]),
        ("update tender set amount_minor = amount_minor - 1
          where order_id = (select max(id) from orders)", &[What::Tenders, What::OrderRows]),
        ("update orders set total_minor = total_minor + 1 where id = (select max(id) from orders)",
            &[What::Tenders, What::OrderRows]),
        ("update outbox set kind = 'shift' where place = 2", &[What::NotTold]),
        ("pragma foreign_keys = off; delete from tender where order_id = (select max(id) from orders);
          delete from orders where id = (select max(id) from orders)", &[What::ToldOnly]),
        ("update orders set receipt_number = 'S1-1-1-20261121-0009' where id = (select max(id) from orders)",
            &[What::OrderRows, What::ReceiptMissing, What::ReceiptCounter]),
        ("update orders set business_date = '2026-11-20' where id = (select max(id) from orders)",
            &[What::OrderRows, What::ReceiptNumber]),
        ("update receipt_sequence set last = 1", &[What::ReceiptCounter]),
        ("insert into post_void values ((select max(id) from orders), zeroblob(16), '2026-11-21', 1,
          '1001', 0, '', 1200)", &[What::Undone]),
        ("insert into watermark values (1, '{\"store\":\"S1\",\"epoch\":1,\"seq\":3,
          \"chain\":\"0000000000000000000000000000000000000000000000000000000000000000\",
          \"day\":\"2026-11-21\",\"at\":0,\"key\":1,\"signature\":\"\"}', 0)", &[What::Watermark]),
    ];

    async fn copy_of_a_store() -> tempfile::TempDir {
        let store = TestStore::open(None).await;
        for _ in 0..3 {
            store.scan(1, "TEA").await;
            store.complete(1, None, 1_500).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let live = store.data().join("ledger.db");
        let live = Connection::open_with_flags(live, OpenFlags::default()).unwrap();
        let copy = folder.path().join("ledger.db").display().to_string();
        live.execute("vacuum into ?1", [copy]).unwrap();
        folder
    }

    fn found(path: &Path) -> Vec<What> {
        let ledger = open(path).unwrap();
        let mut findings = Vec::new();
        look(&ledger, &mut |finding| findings.push(finding.what)).unwrap();
        findings.sort_unstable();
        findings.dedup();
        findings
    }

    #[tokio::test]
    async fn each_damage_is_named_and_a_whole_ledger_has_none() {
        let whole = copy_of_a_store().await;
        for (damage, expected) in DAMAGES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.db");
            std::fs::copy(whole.path().join("ledger.db"), &path).unwrap();
            let flags = OpenFlags::default();
            let hand = Connection::open_with_flags(&path, flags).unwrap();
            let changes = hand.execute_batch(&format!("pragma journal_mode = delete; {damage}"));
            changes.unwrap_or_else(|error| panic!("{damage}: {error}"));
            drop(hand);
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found(&path), expected, "{damage}");
        }
    }

    #[tokio::test]
    async fn looking_writes_nothing_and_a_ledger_of_another_schema_is_not_looked_at() {
        let whole = copy_of_a_store().await;
        let path = whole.path().join("ledger.db");
        let before = std::fs::read(&path).unwrap();
        assert!(found(&path).is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(whole.path()).unwrap().count(), 1);
        let hand = Connection::open_with_flags(&path, OpenFlags::default()).unwrap();
        hand.execute_batch("pragma journal_mode = delete; pragma user_version = 3").unwrap();
        drop(hand);
        assert!(matches!(open(&path), Err(DbError::Newer { found: 3, .. })));
    }
}
