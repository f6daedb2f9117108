//! What a store does with the mall's catalog: a snapshot into force, and changes applied while somebody
//! scans.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use domain::{
    catalog::Unit,
    money::{BasisPoints, Money},
    time::Timestamp,
};
use rusqlite::{Connection, OpenFlags, params};
use sync::{replica::item_words, wire::ItemV1};

use super::{
    figure::{Figure, Promise, Report, Samples, Watch, timed},
    world,
};
use crate::{
    crowd::way::now,
    edge_process::EdgeProcess,
    mall_process::MallProcess,
    program,
    wait::{PATIENCE, until},
};

/// How often each of it is done; an odd number has a median.
const ROUNDS: u32 = 3;
/// A snapshot in force to a copy, unpacked and checked, in thousandths.
const SNAPSHOT_MILLI_MAX: u64 = 1_500;
/// Changes of a version, to a bare upsert of the same rows, in thousandths.
const CHANGES: u32 = 10_000;
const APPLY_MILLI_MAX: u64 = 2_000;
/// What a scan's lookup may take meanwhile, of a hundred the slowest but one.
const LOOKUP_P99_US_MAX: u64 = 1_000;
/// What lies between two lookups: a till that is busier than hands are.
const LOOKUP_PAUSE: Duration = Duration::from_micros(200);
/// Bytes that are unpacked at once.
const BUFFER_BYTES: usize = 1_024 * 1_024;
/// A snapshot of the large catalog comes into force within this time on a slow machine.
const LONG: Duration = Duration::from_secs(600);
/// What the node says of a version that it has applied.
const CAUGHT_UP: &str = "The replica caught up scope=catalog";

/// The snapshot in the mall's folder, into an empty data folder's place, by a node that is not running.
///
/// # Errors
/// When a file is not there, or the node does not come to sell.
pub async fn snapshot(
    report: &mut Report,
    mall: &MallProcess,
    edge: &mut EdgeProcess,
) -> Result<()> {
    let (mut over, mut under) = (Samples::default(), Samples::default());
    let (packed, floor) = (packed(mall.data())?, edge.data().join("floor-snapshot.db"));
    for _ in 0..ROUNDS {
        let (_, bare) = timed(|| copied_unpacked_checked(&packed, &floor))?;
        std::fs::remove_file(&floor)?;
        std::fs::remove_file(edge.data().join("replica-catalog.current"))?;
        let watch = Watch::start();
        edge.start_within(LONG).await?;
        over.push(watch.elapsed());
        under.push(bare);
        edge.stop().await?;
    }
    let what = "808,096 items from the mall's file to selling: start, manifest, fetch, unpack, verify, in force";
    let floor = "the same file copied, unpacked and flushed, and its quick_check";
    report.figures.push(Figure::of(what, &over, floor, &under, SNAPSHOT_MILLI_MAX));
    Ok(())
}

/// The newest packed catalog of a mall.
fn packed(mall: &Path) -> Result<PathBuf> {
    let folder = std::fs::read_dir(mall.join("snapshots")).context("no folder of snapshots")?;
    let files = folder.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let version: i64 = name.strip_suffix(".db.zst")?.rsplit('-').next()?.parse().ok()?;
        name.starts_with("catalog-").then_some((version, path))
    });
    files.max().map(|(_, path)| path).context("the mall has no snapshot of the catalog")
}

fn copied_unpacked_checked(packed: &Path, into: &Path) -> Result<()> {
    let copy = into.with_extension("zst");
    std::fs::copy(packed, &copy)?;
    File::open(&copy)?.sync_all()?;
    let mut reader = zstd::Decoder::new(File::open(&copy)?)?;
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(into)?);
    io::copy(&mut reader, &mut file)?;
    file.into_inner().context("could not unpack")?.sync_all()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(into, flags)?;
    connection.execute_batch("pragma cache_size = -16384;")?;
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the snapshot is damaged: {verdict}");
    Ok(std::fs::remove_file(copy)?)
}

/// What HQ changes of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Their prices, as on most days.
    Prices,
    /// Names as well, and so the words by which they are found.
    Names,
}

/// Ten thousand changed items, applied by a node that is not running when they change, while somebody
/// looks prices up in the same file.
///
/// # Errors
/// When a step is not done.
pub async fn applied(
    report: &mut Report,
    folder: &Path,
    mall: &MallProcess,
    edge: &mut EdgeProcess,
) -> Result<()> {
    for change in [Change::Prices, Change::Names] {
        let (mut over, mut under) = (Samples::default(), Samples::default());
        let mut lookups = Samples::default();
        for round in 0..ROUNDS {
            // Before they change: what the floor stands on.
            let before = folder.join("floor-apply.db");
            copy_of(&in_force(&edge.data())?, &before)?;
            let list = folder.join("changes.csv");
            write_changes(&list, change, round)?;
            let imported = mall.import(&list).await?;
            ensure!(imported.changed == u64::from(CHANGES), "{imported:?}");
            let (took, found) = applying(edge).await?;
            found.into_iter().for_each(|took| lookups.push(took));
            let rows = Row::all(&in_force(&edge.data())?)?;
            let (_, bare) = timed(|| upsert(&before, &rows, change))?;
            over.push(took);
            under.push(bare);
            for ending in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(folder.join(format!("floor-apply.db{ending}")));
            }
        }
        let (what, written) = match change {
            Change::Prices => ("prices", "items and barcodes"),
            Change::Names => ("names and prices", "items, barcodes and words"),
        };
        report.figures.push(Figure::of(
            &format!("{CHANGES} items with other {what} applied, among 808,096"),
            &over,
            &format!("bare upsert of the same {written} in one transaction"),
            &under,
            APPLY_MILLI_MAX,
        ));
        report.promises.push(Promise::at_most(
            &format!("µs of a price looked up while {what} change, p99"),
            lookups.permille(990),
            LOOKUP_P99_US_MAX,
        ));
    }
    Ok(())
}

/// The file that a node sells from.
fn in_force(data: &Path) -> Result<PathBuf> {
    let name = std::fs::read_to_string(data.join("replica-catalog.current"))?;
    Ok(data.join(name.trim()))
}

/// A file with its log, of a node that is not running.
fn copy_of(replica: &Path, to: &Path) -> Result<()> {
    std::fs::copy(replica, to)?;
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if log(replica).exists() {
        std::fs::copy(log(replica), log(to))?;
    }
    Ok(())
}

/// The n-th changed item: scattered over the catalog, and each once.
fn pick(n: u32) -> u32 {
    // Of the number of items and this one no prime divides both.
    u32::try_from(u64::from(n) * 104_729 % u64::from(world::WORLD_ITEMS)).unwrap_or(0)
}

fn write_changes(path: &Path, change: Change, round: u32) -> Result<()> {
    let mut out = BufWriter::new(File::create(path).context("could not make a list of changes")?);
    writeln!(out, "barcode,name,price_yuan")?;
    for n in (0..CHANGES).map(pick) {
        let fen = world::price(n) + 7 * (round + 1);
        let name = match change {
            Change::Prices => world::name(n)?,
            Change::Names => format!("另名 {round} Another name {n}"),
        };
        writeln!(out, "{},{name},{}.{:02}", world::gtin(n), fen / 100, fen % 100)?;
    }
    out.flush().context("could not write a list of changes")
}

/// Starts the node over its old rows and stops it once it has applied the new ones: how long that took,
/// and each lookup meanwhile.
async fn applying(edge: &mut EdgeProcess) -> Result<(Duration, Vec<Duration>)> {
    let said = lines(&edge.log());
    let reader = Reader::over(&in_force(&edge.data())?)?;
    edge.start().await?;
    let log = edge.log();
    let line = until("the node to apply what changed", PATIENCE, async || {
        let new = lines(&log).split_off(said.len());
        Ok(new.into_iter().find(|line| line.contains(CAUGHT_UP)))
    });
    let line = line.await?;
    let lookups = reader.done()?;
    edge.stop().await?;
    let field = |name: &str| {
        let mut words = line.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse::<i64>().ok())
    };
    ensure!(field("changes") == Some(CHANGES.into()), "other changes were applied: {line}");
    let took_ms = field("took_ms").context("the node does not say how long it took")?;
    let end = line.split_whitespace().next().and_then(|at| at.parse::<Timestamp>().ok());
    let end = end.context("the node does not say when it was")?;
    let meanwhile = end.plus_ms(-took_ms)..end;
    let found: Vec<Duration> = lookups
        .into_iter()
        .filter(|(at, _)| meanwhile.contains(at))
        .map(|(_, took)| took)
        .collect();
    ensure!(!found.is_empty(), "nobody looked anything up meanwhile: {line}");
    Ok((Duration::from_millis(u64::try_from(took_ms)?), found))
}

fn lines(log: &Path) -> Vec<String> {
    program::last_lines(log, usize::MAX).lines().map(str::to_owned).collect()
}

/// Somebody who looks prices up, one after the other, as a scan does.
struct Reader {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<(Timestamp, Duration)>>>,
}

impl Reader {
    fn over(replica: &Path) -> Result<Self> {
        // As the node's own readers: the log's index beside the file is written by whoever reads.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(replica, flags)?;
        connection.execute_batch(
            "pragma query_only = on; pragma busy_timeout = 5000; pragma cache_size = -16384;",
        )?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::spawn(move || looked_up(&connection, &ends));
        Ok(Self { is_over, thread })
    }

    fn done(self) -> Result<Vec<(Timestamp, Duration)>> {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().map_err(|_| anyhow::anyhow!("whoever looked prices up fell over"))?
    }
}

fn looked_up(connection: &Connection, is_over: &AtomicBool) -> Result<Vec<(Timestamp, Duration)>> {
    let mut found = Vec::new();
    let mut n = 0_u32;
    while !is_over.load(Ordering::SeqCst) {
        n = n.wrapping_add(1);
        let gtin: i64 = world::gtin(pick(n)).parse()?;
        let at = now();
        let (_, took) = timed(|| {
            let look = connection.unchecked_transaction()?;
            let price: i64 = look
                .prepare_cached(
                    "select item.list_price_minor, item.* from barcode join item using (item_id)
                     where barcode.gtin = ?1",
                )?
                .query_row([gtin], |row| row.get(0))?;
            Ok(price)
        })?;
        found.push((at, took));
        thread::sleep(LOOKUP_PAUSE);
    }
    Ok(found)
}

/// An item as a replica has it, with the words by which it is found.
struct Row {
    values: Vec<rusqlite::types::Value>,
    gtin: i64,
    words: String,
}

const COLUMNS: &str = "sku, name, spec, unit, style, colour, size, brand, category, \
     list_price_minor, tax_rate_bps, plu, initials, pinyin, tags";

impl Row {
    /// The rows of all changed items.
    fn all(replica: &Path) -> Result<Vec<Self>> {
        let connection = Connection::open_with_flags(replica, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mut read = connection.prepare(&format!(
            "select {COLUMNS} from item join barcode using (item_id) where gtin = ?1"
        ))?;
        let row = |n: u32| {
            let gtin: i64 = world::gtin(n).parse()?;
            let values = read.query_row([gtin], |row| (0..15).map(|i| row.get(i)).collect());
            let values: Vec<rusqlite::types::Value> = values?;
            let words = words(&values);
            Ok(Self { values, gtin, words })
        };
        (0..CHANGES).map(pick).map(row).collect()
    }
}

fn words(values: &[rusqlite::types::Value]) -> String {
    let text = |n: usize| match values.get(n) {
        Some(rusqlite::types::Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let item = ItemV1 {
        sku: text(0),
        name: text(1),
        spec: text(2),
        unit: Unit::Piece,
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: text(7),
        category: String::new(),
        list_price_minor: Money::ZERO,
        tax_rate_bps: BasisPoints(0),
        plu: String::new(),
        tags: Vec::new(),
        barcodes: Vec::new(),
        initials: text(12),
        pinyin: text(13),
    };
    item_words(&item).into_iter().collect::<Vec<_>>().join(" ")
}

/// The same rows into the same tables, with the same care, by nobody who asks what they mean.
fn upsert(file: &Path, rows: &[Row], change: Change) -> Result<()> {
    let mut connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = normal; pragma temp_store = memory;",
    )?;
    let others: Vec<String> = COLUMNS
        .split(", ")
        .map(|column| format!("{} = excluded.{}", column.trim(), column.trim()))
        .collect();
    let item = format!(
        "insert into item ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (sku collate nocase) do update set {} returning item_id",
        others.join(", ")
    );
    let tx = connection.transaction()?;
    for Row { values, gtin, words } in rows {
        let item_id: i64 = tx
            .prepare_cached(&item)?
            .query_row(rusqlite::params_from_iter(values), |row| row.get(0))?;
        tx.prepare_cached(
            "insert into barcode (gtin, item_id, pack_milli) values (?1, ?2, 1000)
             on conflict (gtin) do update set item_id = excluded.item_id,
               pack_milli = excluded.pack_milli",
        )?
        .execute(params![gtin, item_id])?;
        if change == Change::Names {
            tx.prepare_cached("delete from item_word where rowid = ?1")?.execute([item_id])?;
            tx.prepare_cached("insert into item_word (rowid, words) values (?1, ?2)")?
                .execute(params![item_id, words])?;
        }
    }
    Ok(tx.commit()?)
}
