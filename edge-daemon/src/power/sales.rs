//! The power is cut at any moment of a day of sales, and of a ledger's first start.

use std::{path::Path, time::Duration};

use disk::{Cut, Dice, Disk, Image, Replay, Step};
use domain::{
    id::PaymentId, payment::PaymentState, receipt_number::WorkstationNumber, time::Timestamp,
};
use rusqlite::Connection;
use sync::outbox::Marks;

use super::{
    POINTS,
    books::{self, Told},
    cut_at_random, points, quick_folder, seed,
};
use crate::{
    DbError,
    checkout::{self, Command, ScanCommand},
    context::mint,
    db::{Ledger, ledger, outbox},
    test_mall::TestMall,
    test_store::TestStore,
};

/// Orders of a day by two workstations at once, a third of the turns with a payment by code.
const TURNS: usize = 20;
/// No test waits longer for what shall become true.
const PATIENCE: Duration = Duration::from_secs(20);
/// A checkpoint falls among the sales now and then.
const LOG_PAGES: i64 = 60;

/// A day of sales as its disk saw it.
struct Day {
    steps: Vec<Step>,
    told: Vec<Told>,
}

/// Sells for a day. `is_quick` commits without a flush, as no ledger of ours does.
async fn day(is_quick: bool) -> Day {
    let folder = tempfile::tempdir().unwrap();
    if is_quick {
        std::fs::write(folder.path().join(ledger::UNFLUSHED), "").unwrap();
    }
    let disk = Disk::watch(folder.path()).unwrap();
    let (store, mall) = TestStore::open_with_mall_in(folder, None, "").await;
    let often = format!("pragma wal_autocheckpoint = {LOG_PAGES}");
    let ledger = store.context().ledger.clone();
    ledger.write(move |tx| tx.execute_batch(&often).map_err(DbError::sqlite("x"))).await.unwrap();
    let mut told = Vec::new();
    for turn in 0..TURNS {
        let n = 1 + turn % 4;
        let (one, two) = tokio::join!(sell(&store, 1, n), sell(&store, 2, 1));
        for order in [one, two] {
            disk.told(u64::try_from(told.len()).unwrap());
            told.push(order);
        }
        if turn % 3 == 0 {
            let (payment, order) = sell_by_code(&store, &mall, &disk, &mut told).await;
            told.push(order);
            assert!(matches!(told[payment], Told::Payment(_)));
            disk.told(u64::try_from(told.len() - 1).unwrap());
        }
        if turn % 4 == 3 {
            let marks =
                Marks { acked_through: Some(i64::try_from(turn).unwrap()), ..Marks::default() };
            ledger.write(move |tx| outbox::mark(tx, 1, &marks)).await.unwrap();
        }
    }
    let steps = disk.steps();
    // The writer is waited for until the last handle is gone.
    drop(ledger);
    store.stop().await;
    Day { steps, told }
}

async fn sell(store: &TestStore, workstation: WorkstationNumber, n: usize) -> Told {
    for _ in 0..n {
        store.scan(workstation, "TEA").await;
    }
    store.scan(workstation, "COAT").await;
    let total = store.total(workstation);
    Told::order(&store.complete(workstation, Some(total), total).await.unwrap())
}

/// A sale that is paid by code: first the payment is asked for, which is told, and then the order.
async fn sell_by_code(
    store: &TestStore,
    mall: &TestMall,
    disk: &Disk,
    told: &mut Vec<Told>,
) -> (usize, Told) {
    mall.known().charges_are = PaymentState::Paid;
    store.scan(1, "TEA").await;
    let order = store.scene(1).priced.station.cart.order;
    let command = Command { workstation: 1, id: mint(), body: sync::chain::Hash::of(b"scan") };
    // A till takes each code once.
    let code = format!("13{:016}", told.len());
    let scan = ScanCommand { command, text: code, quantity: None };
    checkout::scan(store.context(), scan).await.unwrap();
    let payment: Option<PaymentId> =
        store.scene(1).priced.station.rights.payments.last().map(|payment| payment.id);
    if let Some(payment) = payment {
        disk.told(u64::try_from(told.len()).unwrap());
        told.push(Told::Payment(payment));
    }
    let at = told.len() - 1;
    let mut scenes = store.context().screens.follow(1).unwrap();
    let is_done = scenes
        .wait_for(|scene| scene.last_order.as_ref().is_some_and(|last| last.order.id == order));
    tokio::time::timeout(PATIENCE, is_done).await.unwrap().unwrap();
    let order = store.scene(1).last_order.clone().unwrap();
    (at, Told::order(&order.order))
}

/// What power cuts did to a day.
#[derive(Debug, Default)]
struct Toll {
    points: usize,
    /// Cuts after which something that was told was not there.
    lost: usize,
    faults: Vec<String>,
}

fn cut_a_day(day: &Day, n: usize, dice: &mut Dice) -> Toll {
    let folder = quick_folder();
    let mut toll = Toll::default();
    cut_at_random(&day.steps, n, dice, |image, told, _, what| {
        toll.points += 1;
        let told: Vec<&Told> =
            told.iter().map(|n| &day.told[usize::try_from(*n).unwrap()]).collect();
        let mut tell = |fault: String| toll.faults.push(format!("{what}: {fault}"));
        lay_ledger(image, folder.path());
        let path = ledger::path_in(folder.path());
        if !path.exists() {
            toll.lost += usize::from(!told.is_empty());
            return;
        }
        let ledger = books::open(&path);
        books::faults(&ledger).into_iter().for_each(&mut tell);
        let lost = books::lost(&ledger, &told);
        if lost.is_empty() && !told.is_empty() {
            for number in books::given_again(&ledger, &told) {
                tell(format!("{number} is given twice"));
            }
        }
        toll.lost += usize::from(!lost.is_empty());
    });
    toll
}

/// Lays what was left of the ledger into a folder; the rest has tests of its own.
pub(super) fn lay_ledger(image: &Image, folder: &Path) {
    let mut ledger = Image::default();
    let of_ledger = |name: &String| name.starts_with("ledger.db");
    ledger.files.extend(
        image.files.iter().filter(|(name, _)| of_ledger(name)).map(|(n, b)| (n.clone(), b.clone())),
    );
    ledger.lay(folder).unwrap();
}

#[tokio::test]
async fn no_power_cut_takes_what_a_till_was_told_or_leaves_half_of_it() {
    let seed = seed();
    let day = day(false).await;
    let toll = cut_a_day(&day, points(POINTS), &mut Dice::new(seed));
    println!("{} cuts among {} steps of {} tellings", toll.points, day.steps.len(), day.told.len());
    assert_eq!(toll.faults, Vec::<String>::new());
    assert_eq!(toll.lost, 0, "of {}", toll.points);
}

#[tokio::test]
async fn a_ledger_that_does_not_flush_is_seen_to_lose() {
    let seed = seed();
    let day = day(true).await;
    let toll = cut_a_day(&day, points(1_000), &mut Dice::new(seed));
    println!("{} of {} cuts lost something", toll.lost, toll.points);
    assert_eq!(toll.faults, Vec::<String>::new(), "it loses whole orders, and no halves");
    assert!(toll.lost > toll.points / 10, "{} of {}", toll.lost, toll.points);
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test]
async fn the_log_is_flushed_before_a_till_is_told() {
    let day = day(false).await;
    let mut n = 0;
    for (told, what) in day.told.iter().enumerate() {
        let Told::Order { number, .. } = what else { continue };
        let number = number.to_string();
        let position = |wanted: &dyn Fn(&Step) -> bool| day.steps.iter().position(wanted).unwrap();
        let written = position(
            &|step| matches!(step, Step::Wrote { bytes, .. } if contains(bytes, number.as_bytes())),
        );
        let Step::Wrote { file: log, .. } = &day.steps[written] else { unreachable!() };
        let told = position(&|step| *step == Step::Told(u64::try_from(told).unwrap()));
        let between = day.steps.get(written..told).expect("it is written before it is told");
        assert!(between.contains(&Step::Flushed { file: *log }), "{number}");
        n += 1;
    }
    assert!(n > 2 * TURNS);
}

/// Opens a ledger in a folder, writes something into it, and says that it is there.
async fn live(folder: &Path, n: u64) -> Vec<Step> {
    let disk = Disk::watch(folder).unwrap();
    let (ledger, writer) = Ledger::open(&ledger::path_in(folder)).unwrap();
    ledger
        .write(move |tx| {
            let fact = outbox::Fact {
                id: uuid::Uuid::from_u128(u128::from(n)),
                kind: "x",
                v: 1,
                body: "{}",
                at: Timestamp::from_micros(0),
            };
            tx.execute_batch(
                "insert or ignore into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
                 values (1, zeroblob(16), 1, 'S1', 1, 0)",
            )
            .map_err(DbError::sqlite("x"))?;
            outbox::push(tx, &fact)
        })
        .await
        .unwrap();
    disk.told(n);
    drop(ledger);
    let steps = disk.steps();
    writer.join();
    steps
}

fn has_fact(ledger: &Connection, n: u64) -> bool {
    let id = uuid::Uuid::from_u128(u128::from(n));
    let sql = "select exists (select 1 from outbox where id = ?1)";
    books::has_tables(ledger) && ledger.query_row(sql, [id.as_bytes()], |row| row.get(0)).unwrap()
}

/// The power is cut while a ledger is made, and again after the next start has sold something.
#[tokio::test]
async fn a_first_start_that_is_cut_short_costs_the_next_one_nothing() {
    let mut dice = Dice::new(seed());
    let folder = quick_folder();
    let first = live(folder.path(), 1).await;
    let moments = 0..=first.iter().position(|step| *step == Step::Told(1)).unwrap();
    let moments: Vec<usize> = moments.collect();
    for _ in 0..points(150) {
        let mut replay = Replay::new(&first);
        replay.pass(moments[dice.below(moments.len())]);
        let cut = Cut::ALL[dice.below(4)];
        let folder = quick_folder();
        replay.cut(cut, &mut dice).lay(folder.path()).unwrap();
        let second = live(folder.path(), 2).await;
        let told = second.iter().position(|step| *step == Step::Told(2)).unwrap();
        for cut in Cut::ALL {
            let mut replay = Replay::new(&second);
            replay.pass(told + 1);
            let left = quick_folder();
            replay.cut(cut, &mut dice).lay(left.path()).unwrap();
            let ledger = books::open(&ledger::path_in(left.path()));
            assert!(has_fact(&ledger, 2), "{cut:?} took what was told after the second start");
        }
    }
}

/// Bytes that the ledger's log never reaches, however long the store sells without a pause.
const LOG_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

#[tokio::test]
async fn the_log_stays_small_however_long_the_store_sells() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let path = ledger::path_in(folder.path());
    let (ledger, writer) = Ledger::open(&path).unwrap();
    let log = path.with_extension("db-wal");
    let mut largest = 0;
    let mut total = 0;
    for n in 0..600_u64 {
        let body = "x".repeat(40_000);
        total += body.len();
        let sell = ledger.write(move |tx| -> Result<(), DbError> {
            tx.execute(
                "insert into command (id, body_sha256, at) values (?1, zeroblob(32), ?2)",
                rusqlite::params![uuid::Uuid::from_u128(u128::from(n)).as_bytes(), 0],
            )
            .and_then(|_| {
                tx.execute("insert into cart_line values (1, ?1, ?2)", rusqlite::params![n, body])
            })
            .map(|_| ())
            .map_err(DbError::sqlite("sell"))
        });
        sell.await.unwrap();
        // Somebody always reads.
        let read = |db: &Connection| {
            db.query_row("select count(*) from cart_line", [], |row| row.get::<_, i64>(0))
                .map_err(DbError::sqlite("read"))
        };
        ledger.read(read).await.unwrap();
        largest = largest.max(std::fs::metadata(&log).unwrap().len());
    }
    println!("{total} bytes were written, the log had {largest} at most");
    drop((ledger, disk));
    writer.join();
    assert!(largest < LOG_BYTES_MAX, "{largest}");
}
