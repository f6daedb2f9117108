//! A byte of a file is another one than was written: of the ledger, of its log, of what waits to be told,
//! of the catalog. What is sold and told is what was written, or it is noticed; nothing panics.

use std::path::Path;

use disk::Dice;
use domain::time::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use sync::{
    digest::Digests,
    inbox::{Read, Refusal},
    replica::{CATALOG_TABLES, REPLICA_SCHEMA, Scope},
    uplink::{Facts, Heard, Next, Refused, Rest, Uplink},
    wire::{BatchV1, FactV1},
};
use uuid::Uuid;

use super::{catalogs, errors::Sale, points, quick_folder, seed};
use crate::{
    DbError,
    db::{
        catalog, history, ledger,
        mark::Mark,
        model::tables::Tables,
        orders,
        outbox::{self, Waiting},
        trouble,
    },
    test_store::{TestStore, lay_catalog},
};

/// Orders in the ledger, none of which is told yet.
const ORDERS: usize = 30;
/// A ledger that nobody can read any more is asked so often.
const TRIES: u32 = 8;
const AT: Timestamp = Timestamp::from_micros(0);

/// What came of a byte.
#[derive(Debug, Default)]
struct Toll {
    harmless: usize,
    noticed: usize,
    faults: Vec<String>,
}

impl Toll {
    fn add(&mut self, what: &str, judged: Result<bool, String>) {
        match judged {
            Ok(false) => self.harmless += 1,
            Ok(true) => self.noticed += 1,
            Err(fault) => self.faults.push(format!("{what}: {fault}")),
        }
    }

    fn none_is_wrong(&self, of: &str) {
        let Self { harmless, noticed, faults } = self;
        println!("{of}: {harmless} harmless, {noticed} noticed");
        let some: Vec<_> = faults.iter().take(10).collect();
        assert!(faults.is_empty(), "{of}: {} of them, {some:#?}", faults.len());
    }
}

/// Another byte at a random place.
fn flip(bytes: &mut [u8], dice: &mut Dice) -> usize {
    let at = dice.below(bytes.len());
    bytes[at] ^= u8::try_from(1 + dice.below(255)).unwrap();
    at
}

/// A ledger with orders that wait, as its files are while the store is open and after it was closed, and
/// what waits.
struct Sold {
    file: Vec<u8>,
    log: Vec<u8>,
    closed: Vec<u8>,
    facts: Vec<FactV1>,
    mark: Mark,
}

async fn sold() -> Sold {
    let store = TestStore::open_with_boot("").await;
    for n in 0..ORDERS {
        for _ in 0..=n % 4 {
            store.scan(1, "TEA").await;
        }
        let total = store.total(1);
        store.complete(1, Some(total), total).await.unwrap();
    }
    let path = ledger::path_in(store.data());
    let (file, log) = (std::fs::read(&path).unwrap(), std::fs::read(log_of(&path)).unwrap());
    assert!(log.len() > 100_000, "the orders are in the log: {}", log.len());
    let mark = store.context().ledger.read(history::mark).await.unwrap().unwrap();
    let folder = quick_folder();
    let copy = ledger::path_in(folder.path());
    std::fs::write(&copy, &file).unwrap();
    std::fs::write(log_of(&copy), &log).unwrap();
    store.stop().await;
    let ledger = open(&copy).unwrap();
    let all = Facts { session: None, from: None, at_most: 100, is_wrapped: false };
    let Waiting::Batch(batch, 0) = outbox::next_batch(&ledger, all).unwrap() else { panic!() };
    assert_eq!(batch.facts.len(), ORDERS);
    drop(ledger);
    // Whoever closes it last puts the log into the file.
    Sold { file, log, closed: std::fs::read(&copy).unwrap(), facts: batch.facts, mark }
}

fn log_of(ledger: &Path) -> std::path::PathBuf {
    ledger.with_extension("db-wal")
}

/// Opens a ledger as the daemon does.
fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    ledger.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = off; pragma foreign_keys = on;
         pragma cell_size_check = on; pragma trusted_schema = off; pragma temp_store = memory;",
    )?;
    Ok(ledger)
}

fn fresh() -> Uuid {
    Uuid::from_bytes(crate::context::random())
}

/// One step of the way up against a mall that is there, as `uplink::upload` does it.
fn step(
    ledger: &Connection,
    mall: &mut Tables,
    next: Next,
    uplink: &mut Uplink,
) -> Result<(), DbError> {
    let hear = |uplink: &mut Uplink, heard: Heard<'_>| uplink.heard(heard, AT, 0);
    let batch = match next {
        Next::Rest(_) => return Ok(()),
        Next::Session => {
            let ask = history::ask(ledger, fresh())?;
            let told = mall.open(&ask, fresh());
            history::take(ledger, &told)?;
            let _none = hear(uplink, Heard::Session(Some(&told), 0));
            return Ok(());
        }
        Next::Hole(session, hole) => outbox::hole_batch(ledger, session, hole)?,
        Next::Facts(ask) => match outbox::next_batch(ledger, ask)? {
            Waiting::Batch(batch, _) => batch,
            Waiting::Damaged(place) => {
                let _none = hear(uplink, Heard::Damaged(place));
                return Ok(());
            }
            Waiting::Nothing => {
                let _none = hear(uplink, Heard::Nothing);
                return Ok(());
            }
        },
    };
    // Over the wire, as the mall reads it.
    let batch: BatchV1 = serde_json::from_slice(&serde_json::to_vec(&batch).unwrap()).unwrap();
    let refused = |status, problem| Refused { status, problem, retry_after_ms: None };
    let answer = match mall.receive(&batch, |_| Read::Work) {
        Ok(answer) => answer,
        Err(refusal) => {
            let (status, problem) = match refusal {
                Refusal::Epoch { .. } => (409, "/problems/epoch"),
                Refusal::SessionEnded => (409, "/problems/session-ended"),
                Refusal::Forked => (409, "/problems/forked"),
                Refusal::Sequences => (400, "/problems/malformed"),
            };
            if refusal == Refusal::Forked {
                mall.split(batch.epoch);
            }
            let _none = hear(uplink, Heard::Refused(Some(&batch), refused(status, problem)));
            return Ok(());
        }
    };
    let marks = hear(uplink, Heard::Answer(&batch, &answer));
    outbox::mark(ledger, batch.epoch, &marks)
}

/// Tells a mall all that waits, or says why it cannot be done.
fn tell_all(ledger: &Connection, mall: &mut Tables) -> Result<(), String> {
    let (mut uplink, mut failures) = (Uplink::default(), 0);
    while failures < TRIES {
        let next = uplink.next(AT);
        match next {
            Next::Rest(Rest::Told) => return Ok(()),
            Next::Rest(Rest::Asked(_) | Rest::Failed(_)) => failures += 1,
            Next::Session | Next::Facts(_) | Next::Hole(..) => {}
        }
        let transaction = ledger.unchecked_transaction().map_err(|error| error.to_string())?;
        match step(ledger, mall, next, &mut uplink) {
            Ok(()) => transaction.commit().map_err(|error| error.to_string())?,
            Err(error) => {
                drop(transaction);
                let _none = uplink.heard(Heard::Silent, AT, 0);
                if failures + 1 == TRIES {
                    return Err(error.to_string());
                }
            }
        }
    }
    Err("nothing more is told".to_owned())
}

/// Whether anything was noticed; what was told wrongly, or is lost and nobody knows, is a fault.
fn judge(path: &Path, sold: &Sold) -> Result<bool, String> {
    let Ok(ledger) = open(path) else { return Ok(true) };
    let mut mall = Tables::enrolled(1);
    let told = tell_all(&ledger, &mut mall);
    for (id, fact) in &mall.bodies {
        let is_true = |one: &&FactV1| {
            (one.id, &one.kind, one.v, &one.body) == (*id, &fact.kind, fact.v, &fact.body)
        };
        if !sold.facts.iter().any(|one| is_true(&one)) {
            return Err(format!("the mall was told what was not written: {fact:?}"));
        }
    }
    let n_missing = sold.facts.iter().filter(|one| !mall.ids.contains_key(&one.id)).count();
    if n_missing == 0 {
        return Ok(false);
    }
    let counted = trouble::count(&ledger);
    let is_doubted = || {
        let machine = sync::chain::Hash::GENESIS;
        history::start(&ledger, Some(sold.mark), machine, 5).is_err()
            || history::standing(&ledger).is_ok_and(|standing| standing.is_doubtful)
    };
    let is_noticed = told.is_err()
        || counted.is_ok_and(|counted| counted.damaged + counted.held_back > 0)
        || trouble::is_damaged(&ledger).unwrap_or(true)
        || is_doubted();
    if is_noticed { Ok(true) } else { Err(format!("{n_missing} facts are lost, and nobody knows")) }
}

#[tokio::test]
async fn a_ledger_of_which_a_byte_is_another_tells_nothing_that_was_not_written() {
    let (sold, mut dice) = (sold().await, Dice::new(seed()));
    let (folder, began) = (quick_folder(), tokio::time::Instant::now());
    let path = ledger::path_in(folder.path());
    let (mut toll, n) = (Toll::default(), points(1_000));
    for turn in 0..n {
        let (mut file, mut log) = (sold.closed.clone(), Vec::new());
        let what = if turn % 4 == 3 {
            (file, log) = (sold.file.clone(), sold.log.clone());
            format!("byte {} of the log", flip(&mut log, &mut dice))
        } else {
            format!("byte {} of the file", flip(&mut file, &mut dice))
        };
        clear(folder.path());
        std::fs::write(&path, &file).unwrap();
        if !log.is_empty() {
            std::fs::write(log_of(&path), &log).unwrap();
        }
        toll.add(&what, judge(&path, &sold));
    }
    println!("{n} bytes in {:?}", began.elapsed());
    toll.none_is_wrong("ledger");
}

fn clear(folder: &Path) {
    for file in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
}

/// A cell of the outbox with another byte in it.
fn spoil(ledger: &Connection, place: i64, column: &str, dice: &mut Dice) {
    let read = format!("select cast({column} as blob) from outbox where place = ?1");
    let mut bytes: Vec<u8> = ledger.query_row(&read, [place], |row| row.get(0)).unwrap();
    flip(&mut bytes, dice);
    let value = if ["body", "kind"].contains(&column) { "cast(?1 as text)" } else { "?1" };
    let write = format!("update outbox set {column} = {value} where place = ?2");
    ledger.execute(&write, params![bytes, place]).unwrap();
}

#[tokio::test]
async fn a_fact_that_is_damaged_is_told_as_it_was_or_held_back_and_those_after_it_are_told() {
    let (sold, mut dice) = (sold().await, Dice::new(seed()));
    let (folder, began) = (quick_folder(), tokio::time::Instant::now());
    let path = ledger::path_in(folder.path());
    let columns = ["body", "digest", "chain", "id", "kind"];
    let (mut held_back, n) = ([0; 5], points(400));
    for turn in 0..n {
        clear(folder.path());
        std::fs::write(&path, &sold.closed).unwrap();
        let ledger = open(&path).unwrap();
        let place = 1 + i64::try_from(dice.below(ORDERS)).unwrap();
        let column = columns[turn % columns.len()];
        spoil(&ledger, place, column, &mut dice);
        let what = format!("{column} of place {place}");
        let mut mall = Tables::enrolled(1);
        assert_eq!(tell_all(&ledger, &mut mall), Ok(()), "{what}");
        for fact in mall.bodies.values() {
            let same =
                |one: &FactV1| (one.id, &one.kind, &one.body) == (fact.id, &fact.kind, &fact.body);
            assert!(sold.facts.iter().any(same), "{what}: {fact:?}");
        }
        let missing = sold.facts.iter().filter(|one| !mall.ids.contains_key(&one.id));
        let missing: Vec<i64> = missing.map(|one| one.seq).collect();
        assert!(missing.is_empty() || missing == [place], "{what}: {missing:?} are missing");
        let counted = trouble::count(&ledger).unwrap();
        assert_eq!(usize::try_from(counted.damaged).unwrap(), missing.len(), "{what}");
        assert_eq!(outbox::backlog(&ledger).unwrap().pending, 0, "{what}");
        held_back[turn % columns.len()] += missing.len();
    }
    println!("{n} cells in {:?}; held back of {columns:?}: {held_back:?}", began.elapsed());
    assert_eq!(held_back[0], 0, "an order's own bytes say what its fact was");
}

/// The files of a store that has sold and was closed.
async fn closed() -> Vec<(String, Vec<u8>)> {
    let store = TestStore::open_with_boot("").await;
    for _ in 0..ORDERS {
        store.scan(1, "TEA").await;
        store.complete(1, Some(1_200), 1_200).await.unwrap();
    }
    let folder = store.close().await;
    let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    files
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect()
}

/// Starts of a whole daemon on a ledger of which a byte is another: each takes a tenth of a second.
const STARTS: usize = 40;

#[tokio::test]
async fn a_store_on_a_ledger_of_which_a_byte_is_another_sells_or_says_why_not() {
    let (files, mut dice) = (closed().await, Dice::new(seed()));
    let (mut sold, mut refused) = (0, 0);
    for _ in 0..points(STARTS) {
        let folder = quick_folder();
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if name == "ledger.db" {
                // Where it is told which tables there are, and everywhere else.
                let reach = if dice.once_in(2) { bytes.len() } else { 16_384 };
                flip(&mut bytes[..reach], &mut dice);
            }
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let Ok(store) = TestStore::open_what_is_left(folder, None).await else {
            refused += 1;
            continue;
        };
        match Sale::new().go_on(&store).await {
            Ok(order) => {
                let found = store.context().ledger.read(move |db| orders::find(db, order.id)).await;
                assert!(found.is_err() || found.is_ok_and(|found| found.is_some()));
                sold += 1;
            }
            Err(_) => refused += 1,
        }
        store.stop().await;
    }
    println!("{sold} sold on, {refused} were refused");
    assert!(sold > refused, "{sold} sold on, {refused} were refused");
}

/// A catalog whose file has all it knows, and one that has its newest versions in its log.
fn replicas() -> [Vec<(String, Vec<u8>)>; 2] {
    let folder = tempfile::tempdir().unwrap();
    lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with("-shm"))
            .map(|name| (name.clone(), std::fs::read(folder.path().join(name)).unwrap()))
            .collect();
        files.sort();
        files
    };
    let replica = catalogs::in_force(folder.path()).unwrap().unwrap();
    catalogs::follow(&replica, 2);
    drop(replica);
    let closed = files();
    let replica = catalogs::in_force(folder.path()).unwrap().unwrap();
    let kept_open = replica.read(|_| Ok::<_, DbError>(()));
    kept_open.unwrap();
    catalogs::follow(&replica, 2);
    let open = files();
    assert!(open.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()));
    [closed, open]
}

/// Whether anything was noticed; an item that is sold otherwise than HQ says, and that the next
/// comparison does not find, is a fault.
fn judge_replica(folder: &Path, truth: &Digests) -> Result<bool, String> {
    let Ok(Some(replica)) = catalogs::in_force(folder) else { return Ok(true) };
    let mut wrong = None;
    let mut is_misread = false;
    for n in 0..catalogs::ITEMS {
        let wanted = catalogs::item(2, n);
        let (sku, gtin) = (wanted.sku.clone(), wanted.barcodes[0].gtin);
        let found = replica
            .read(|db| Ok::<_, DbError>((catalog::by_sku(db, &sku)?, catalog::by_gtin(db, gtin)?)));
        let Ok((by_sku, by_gtin)) = found else {
            is_misread = true;
            continue;
        };
        let by_gtin = by_gtin.map(|(item, _)| item);
        for found in [by_sku, by_gtin] {
            let is_right = found.as_ref().is_some_and(|found| {
                (&found.sku, &found.name, found.list_price)
                    == (&wanted.sku, &wanted.name, wanted.list_price)
            });
            if !is_right {
                wrong = Some(format!("{sku} is {found:?}"));
            }
        }
    }
    let is_other = replica
        .digests(Scope::Catalog)
        .map_or(true, |(_, digests)| digests.buckets() != truth.buckets());
    match wrong {
        Some(wrong) if !is_other && !is_misread => Err(wrong),
        Some(_) => Ok(true),
        None => Ok(is_other || is_misread),
    }
}

#[test]
fn a_catalog_of_which_a_byte_is_another_sells_nothing_wrong_beyond_the_next_comparison() {
    let (mut dice, folder, mut toll) = (Dice::new(seed()), quick_folder(), Toll::default());
    let (replicas, n, began) = (replicas(), points(800), tokio::time::Instant::now());
    let lay = |files: &[(String, Vec<u8>)]| {
        clear(folder.path());
        files
            .iter()
            .for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    };
    lay(&replicas[0]);
    let truth =
        catalogs::in_force(folder.path()).unwrap().unwrap().digests(Scope::Catalog).unwrap().1;
    for turn in 0..n {
        let mut files = replicas[usize::from(turn % 4 == 3)].clone();
        let spoilt: Vec<usize> = (0..files.len()).filter(|n| files[*n].1.len() > 100).collect();
        let (name, bytes) = &mut files[spoilt[dice.below(spoilt.len())]];
        let what = format!("byte {} of {name}", flip(bytes, &mut dice));
        lay(&files);
        toll.add(&what, judge_replica(folder.path(), &truth));
    }
    println!("{n} bytes in {:?}", began.elapsed());
    toll.none_is_wrong("catalog");
}
