//! The ledger's queue and the swap of a replica under real threads: many short rounds whose callers,
//! pauses and goings-away are thrown by seed.
//!
//! What is asked of all rounds: an answer comes after its commit; what was refused left nothing; a
//! caller who went away finds all of it or nothing; one caller's jobs keep their order; whoever reads a
//! replica reads one version, and never an older one than before. The schedules themselves are the
//! machine's: a seed that failed is a good place to look, and no replay (docs/decisions/0022).

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use domain::id::IncarnationId;
use rusqlite::{Connection, params};
use sync::{
    replica::Scope,
    wire::{ChangeV1, FeedCursorV1, FeedPageV1, RowV1},
};
use uuid::Uuid;

use super::{
    DbError, Ledger,
    ledger::{UNFLUSHED, WRITES_WAITING_MAX},
    model::{dice::Dice, from_env},
    replica::{Replica, file_name},
};
use crate::{context::Context, test_store::TestStore};

/// Rounds of the ledger, and versions of a replica, of a usual run.
const ROUNDS: u64 = 2_000;
const VERSIONS: u64 = 400;
/// Callers at the same time, and readers.
const CALLERS: i64 = 5;
const READERS: usize = 3;

/// Why a job of these tests left nothing.
#[derive(Debug, thiserror::Error)]
enum No {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What a caller knows of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knows {
    /// It is in the ledger, in this row.
    Kept(i64),
    /// It is not.
    Refused,
    /// Nothing: the caller did not wait.
    Nothing,
}

fn number(db: &Connection, sql: &str, of: i64) -> Result<i64, No> {
    let number = db.query_row(sql, [of], |row| row.get(0));
    number.map_err(|error| No::Db(DbError::sqlite("count")(error)))
}

/// Puts the halves of a job into two tables.
fn put(db: &Connection, job: i64, does: Does) -> Result<i64, No> {
    let sql = |error| No::Db(DbError::sqlite("put a half")(error));
    db.execute("insert into one_half (job) values (?1)", [job]).map_err(sql)?;
    let row = db.last_insert_rowid();
    does.pause();
    if does.refuses {
        return Err(No::Refused);
    }
    db.execute("insert into other_half (row, job) values (?1, ?2)", params![row, job])
        .map_err(sql)?;
    Ok(row)
}

/// What a job does, and for how long.
#[derive(Clone, Copy, Debug)]
struct Does {
    refuses: bool,
    leaves: bool,
    micros: u64,
}

impl Does {
    fn thrown(dice: &mut Dice) -> Self {
        let micros = if dice.is_within(30) { dice.below(200) } else { 0 };
        let (refuses, leaves) = (dice.is_within(25), dice.is_within(15));
        Self { refuses, leaves, micros: u64::try_from(micros).unwrap() }
    }

    fn pause(self) {
        match self.micros {
            0 => thread::yield_now(),
            micros => thread::park_timeout(Duration::from_micros(micros)),
        }
    }
}

/// One caller's jobs, one after the other.
async fn call(ledger: Ledger, seed: u64, first: i64) -> Vec<(i64, Knows)> {
    let mut dice = Dice::new(seed);
    let mut told = Vec::new();
    for job in first..first + 1 + i64::try_from(dice.below(4)).unwrap() {
        let does = Does::thrown(&mut dice);
        let write = ledger.write(move |db| put(db, job, does));
        let answer = if does.leaves {
            // It is in the queue by then, and nobody waits for it.
            tokio::select! { biased; answer = write => Some(answer), () = std::future::ready(()) => None }
        } else {
            Some(write.await)
        };
        let knows = match answer {
            None => Knows::Nothing,
            Some(Err(No::Refused)) => Knows::Refused,
            Some(Err(No::Db(error))) => panic!("{error}"),
            Some(Ok(row)) => {
                let halves = "select count(*) from one_half natural join other_half where job = ?1";
                let seen = ledger.read(move |db| number(db, halves, job)).await;
                assert_eq!(seen.unwrap(), 1, "job {job} was answered before its commit");
                Knows::Kept(row)
            }
        };
        told.push((job, knows));
    }
    told
}

/// The jobs whose first, and whose second half is there, each with its row.
fn halves(db: &Connection) -> Result<[Vec<(i64, i64)>; 2], No> {
    let of = |table: &str| {
        let mut statement = db.prepare(&format!("select row, job from {table} order by row"))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let both = of("one_half").and_then(|one| Ok([one, of("other_half")?]));
    both.map_err(|error| No::Db(DbError::sqlite("read the halves")(error)))
}

async fn play(ledger: &Ledger, seed: u64) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| tokio::spawn(call(ledger.clone(), seed << 8 | n.unsigned_abs(), n * 100)))
        .collect();
    let mut told = Vec::new();
    for caller in callers {
        told.extend(caller.await.unwrap());
    }
    // Whoever asks last is answered after all who asked before, also those who went away.
    let [one, other] = ledger.write(halves).await.unwrap();
    assert_eq!(one, other, "half a job");
    for (job, knows) in &told {
        let row = one.iter().find(|(_, kept)| kept == job).map(|(row, _)| *row);
        match knows {
            Knows::Kept(at) => assert_eq!(row, Some(*at), "job {job}"),
            Knows::Refused => assert_eq!(row, None, "job {job} was refused"),
            Knows::Nothing => {}
        }
    }
    let mut newest = [-1_i64; 5];
    for (_, job) in &one {
        assert!(told.iter().any(|(asked, _)| asked == job), "nobody asked for job {job}");
        let newest = newest.get_mut(usize::try_from(job / 100).unwrap()).unwrap();
        assert!(*newest < *job, "job {job} twice, or after {newest} of its caller");
        *newest = *job;
    }
    let empty = "delete from one_half; delete from other_half;";
    let emptied = ledger.write(move |db| db.execute_batch(empty).map_err(DbError::sqlite("empty")));
    emptied.await.unwrap();
}

/// More jobs at once than may wait: each is kept and answered so, or turned away and left nothing.
async fn burst(ledger: &Ledger) {
    let idle = Does { refuses: false, leaves: false, micros: 50 };
    let n_jobs = i64::try_from(WRITES_WAITING_MAX * 3).unwrap();
    let jobs: Vec<_> = (0..n_jobs)
        .map(|job| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.write(move |db| put(db, job, idle)).await.is_ok() })
        })
        .collect();
    let mut kept = Vec::new();
    for (job, asked) in (0..n_jobs).zip(jobs) {
        if asked.await.unwrap() {
            kept.push(job);
        }
    }
    let [mut one, other] = ledger.write(halves).await.unwrap();
    assert_eq!(one, other, "half a job");
    one.sort_by_key(|(_, job)| *job);
    assert_eq!(one.into_iter().map(|(_, job)| job).collect::<Vec<_>>(), kept);
    let empty = "delete from one_half; delete from other_half;";
    let emptied = ledger.write(move |db| db.execute_batch(empty).map_err(DbError::sqlite("empty")));
    emptied.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_comes_after_its_commit_however_callers_meet_in_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    // What is looked at here needs no flush: who reads beside it sees what is committed.
    std::fs::write(folder.path().join(UNFLUSHED), "").unwrap();
    let (ledger, writer) = Ledger::open(&super::ledger::path_in(folder.path())).unwrap();
    let tables = "create table one_half (row integer primary key, job integer not null);
                  create table other_half (row integer primary key, job integer not null);";
    let made = ledger.write(move |db| db.execute_batch(tables).map_err(DbError::sqlite("make")));
    made.await.unwrap();
    let first = from_env("GUITAI_SEED", 1);
    for seed in first..first + ROUNDS * from_env("GUITAI_DEEP", 1) {
        play(&ledger, seed).await;
        if seed % 200 == 0 {
            burst(&ledger).await;
        }
    }
    drop(ledger);
    writer.join();
}

/// A page that renames both items and says so by its version.
fn page(version: i64) -> FeedPageV1 {
    let incarnation = IncarnationId::from_uuid(Uuid::from_u128(1));
    let next = FeedCursorV1 { incarnation, version, after: String::new() };
    let changes = ["TEA", "COAT"].map(|sku| {
        let item = serde_json::json!({
            "sku": sku, "name": version.to_string(), "unit": "piece",
            "list_price_minor": 100, "tax_rate_bps": 1300,
        });
        let row = RowV1::Item(serde_json::from_value(item).unwrap());
        ChangeV1 { version, key: sku.to_lowercase(), row }
    });
    FeedPageV1 { changes: changes.to_vec(), next, head: version }
}

/// The names of both items and the version, as one reader sees them, with a pause between.
fn look(replica: &Replica, pause: Does) -> Result<[i64; 3], No> {
    let name = "select name from item where sku = 'TEA'";
    let other = "select name from item where sku = 'COAT'";
    replica.read(|db| {
        let text = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0));
        let number = |sql: &str| text(sql).map(|text| text.parse::<i64>().unwrap_or(-1));
        let first = number(name);
        pause.pause();
        let version = db.query_row("select version from replica_meta", [], |row| row.get(0));
        let seen = first.and_then(|first| Ok([first, version?, number(other)?]));
        seen.map_err(|error| No::Db(DbError::sqlite("look")(error)))
    })
}

/// Makes a snapshot of a version and puts it in force, as a download does.
#[expect(clippy::disallowed_methods, reason = "a file of a test that nobody else has open yet")]
fn swap(context: &Context, data: &Path, version: i64) {
    let file = file_name(Scope::Catalog, version);
    let name = std::fs::read_to_string(data.join("replica-catalog.current")).unwrap();
    let old = Connection::open(data.join(name.trim())).unwrap();
    let to = data.join(&file);
    old.execute("vacuum into ?1", [to.display().to_string()]).unwrap();
    let new = Connection::open(&to).unwrap();
    new.execute("update item set name = ?1", [version.to_string()]).unwrap();
    new.execute("update replica_meta set version = ?1", [version]).unwrap();
    drop(new);
    let replica = Arc::new(Replica::put_in_force(data, &file, Scope::Catalog).unwrap());
    context.replicas.set(Scope::Catalog, Arc::clone(&replica));
    Replica::sweep(data, Scope::Catalog, &replica);
}

/// Ends the readers also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn whoever_reads_sees_one_version_while_replicas_are_changed_and_swapped() {
    let store = TestStore::open(None).await;
    let (context, data) = (store.context(), store.data());
    let seed = from_env("GUITAI_SEED", 1);
    let now = context.clock.now();
    context.replicas.catalog().unwrap().apply(&page(2), now).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for n in 0..READERS {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut dice = Dice::new(seed << 8 | u64::try_from(n).unwrap());
                let mut newest = 0;
                while !is_over.load(Ordering::SeqCst) {
                    let replica = context.replicas.catalog().unwrap();
                    let [tea, version, coat] = look(&replica, Does::thrown(&mut dice)).unwrap();
                    assert_eq!((tea, coat), (version, version), "half a version");
                    assert!(version >= newest, "version {version} after {newest}");
                    newest = version;
                }
            });
        }
        let _ends = Ends(&is_over);
        let mut dice = Dice::new(seed);
        let end = 3 + VERSIONS * from_env("GUITAI_DEEP", 1);
        for version in 3..i64::try_from(end).unwrap() {
            if dice.is_within(25) {
                swap(context, data, version);
            } else {
                let replica = context.replicas.catalog().unwrap();
                replica.apply(&page(version), now).unwrap();
            }
        }
    });
    store.stop().await;
}
