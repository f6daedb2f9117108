//! Any call to the disk may fail while the store sells: no room, input or output error, a flush that
//! fails, a read that finds nothing. And the power may be cut at any moment among all that.

use std::{path::Path, sync::Arc};

use disk::{Dice, Disk, Failure, Kind, Step};
use domain::{
    id::CommandId,
    money::Money,
    order::Order,
    tender::{Tender, TenderKind},
};
use rusqlite::{Connection, config::DbConfig};
use sync::chain::Hash;

use super::{
    books::{self, Told},
    cut_at_random, points, quick_folder, sales, seed,
};
use crate::{
    DbError,
    checkout::{self, CheckoutError, Command, CompleteCommand, ScanCommand},
    context::mint,
    db::{ledger, outbox},
    test_store::TestStore,
};

/// A sale makes fewer calls than this to the disk.
const CALLS_MAX: usize = 1_000;
/// After so many sales that met no failure every call of a sale has failed once.
const WELL_IN_A_ROW: u64 = 3;

/// A sale that may be begun again wherever it was broken off.
pub(super) struct Sale {
    scan: CommandId,
    complete: Option<CompleteCommand>,
}

impl Sale {
    pub(super) fn new() -> Self {
        Self { scan: mint(), complete: None }
    }

    /// Does what a till does: the same commands again, until it is told that they are done.
    pub(super) async fn go_on(&mut self, store: &TestStore) -> Result<Arc<Order>, CheckoutError> {
        let complete = match &self.complete {
            Some(complete) => complete.clone(),
            None => {
                let command = Command { workstation: 1, id: self.scan, body: Hash::of(b"scan") };
                let scan = ScanCommand { command, text: "TEA".to_owned(), quantity: None };
                checkout::scan(store.context(), scan).await?;
                let cart = store.scene(1).priced.station.cart.clone();
                let cash = Money::from_minor(store.total(1));
                CompleteCommand {
                    workstation: 1,
                    order: cart.order,
                    revision: cart.revision,
                    total: Some(cash),
                    tenders: vec![Tender { kind: TenderKind::Cash, amount: cash }],
                }
            }
        };
        self.complete = Some(complete.clone());
        Ok(checkout::complete(store.context(), complete).await?.order)
    }
}

/// How many calls fail in a way, one after the other: some 2,200 in all. In debug, with two test threads on
/// a machine that others load too, that takes 40 seconds, and all calls of thirty sales would take minutes.
///
/// A write or a flush that fails ends the process, and each start takes a tenth of a second; a read that
/// finds nothing is seldom asked for again, so most sales meet none. Of these there are fewer, beginning
/// somewhere else each time.
fn failures(kind: Kind) -> usize {
    match kind {
        Kind::Full | Kind::ReadFails => 1_000,
        Kind::WriteFails | Kind::FlushFails | Kind::ReadsNothing => 60,
    }
}

/// What a sweep met.
#[derive(Debug, Default)]
struct Met {
    failed: usize,
    refused: u64,
    full: u64,
    restarts: u64,
    sold: usize,
}

async fn checkpoints_often(store: &TestStore) {
    let ledger = &store.context().ledger;
    let often = |tx: &rusqlite::Connection| {
        tx.execute_batch("pragma wal_autocheckpoint = 20").map_err(DbError::sqlite("x"))
    };
    ledger.write(often).await.unwrap();
}

/// Somebody who has the ledger open too, and leaves its log as it is at the end. So the daemon, which is
/// not the last one, leaves it as well, as after a blow; and whoever opens it next is the first one, and
/// knows of the log what the disk says.
fn untidy(ledger: &Path) -> Connection {
    let other = books::open(ledger);
    other.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    assert!(books::has_tables(&other));
    other
}

/// What a sweep left, as its disk saw it.
struct Swept {
    met: Met,
    told: Vec<Told>,
    steps: Vec<Step>,
}

/// Sells, and lets the first call of the first sale fail, the second of the second, and so on to the
/// last call that a sale makes; and so again, on the ledger as it is by then, until enough have failed.
async fn sweep(kind: Kind, folder: tempfile::TempDir, dice: &mut Dice) -> Swept {
    let disk = Disk::watch(folder.path()).unwrap();
    let mut store = TestStore::open_with_boot_in(folder, "").await;
    checkpoints_often(&store).await;
    let path = ledger::path_in(store.data());
    let mut other = untidy(&path);
    let (mut met, mut told, mut well) = (Met::default(), Vec::new(), 0);
    let (wanted, mut after) = (points(failures(kind)), dice.below(40));
    while met.failed < wanted {
        assert!(after < CALLS_MAX, "a sale makes more calls than {CALLS_MAX}");
        let mut sale = Sale::new();
        let after_calls = u64::try_from(after).unwrap();
        disk.fail(Failure { kind, after: after_calls, lasts: kind == Kind::Full });
        let first = sale.go_on(&store).await;
        let has_failed = disk.heal();
        met.failed += usize::from(has_failed);
        well = if has_failed { 0 } else { well + 1 };
        let order = match first {
            Ok(order) => order,
            Err(error) => {
                met.refused += 1;
                match error {
                    CheckoutError::Db(DbError::DiskFull) => met.full += 1,
                    CheckoutError::Db(_) => {}
                    CheckoutError::Refused(refusal) => panic!("{refusal} for a failing disk"),
                }
                // A process that has ended is started again; a disk that was full has room.
                let beats = store.context().ledger.write(|_| Ok::<_, DbError>(())).await;
                if let Err(DbError::Closed) = beats {
                    met.restarts += 1;
                    store = store.restart_after(|| drop(other)).await;
                    other = untidy(&path);
                    checkpoints_often(&store).await;
                } else {
                    beats.unwrap();
                }
                store.context().ledger.ballast().keep_again();
                sale.go_on(&store).await.expect("it sells on when the disk is well again")
            }
        };
        disk.told(u64::try_from(told.len()).unwrap());
        told.push(Told::order(&order));
        after = if well == WELL_IN_A_ROW { 0 } else { after + 1 };
    }
    met.sold = told.len();
    let steps = disk.steps();
    drop(other);
    let pending = store.context().ledger.read(outbox::backlog).await.unwrap().pending;
    assert_eq!(usize::try_from(pending).unwrap(), told.len(), "each order is told once");
    let ledger = books::open(&path);
    let all: Vec<&Told> = told.iter().collect();
    assert_eq!(books::faults(&ledger), Vec::<String>::new(), "{kind:?}");
    assert!(books::lost(&ledger, &all).is_empty(), "{kind:?}");
    assert_eq!(books::given_again(&ledger, &all), []);
    drop(ledger);
    store.stop().await;
    Swept { met, told, steps }
}

/// Of what was told, the newest are those that a cut could take; to look at more costs minutes.
const NEWEST: usize = 40;

/// Cuts the power among the failures; what was told and is not there.
fn cut(swept: &Swept, n: usize, dice: &mut Dice) -> Vec<String> {
    let (folder, mut wrong) = (quick_folder(), Vec::new());
    cut_at_random(&swept.steps, n, dice, |image, told, _, what| {
        let told = told.get(told.len().saturating_sub(NEWEST)..).unwrap_or_default();
        let told: Vec<&Told> =
            told.iter().map(|n| &swept.told[usize::try_from(*n).unwrap()]).collect();
        sales::lay_ledger(image, folder.path());
        let path = ledger::path_in(folder.path());
        if !path.exists() {
            assert!(told.is_empty(), "{what}: the ledger is gone");
            return;
        }
        let Some(ledger) = books::readable(&path) else {
            wrong.push(format!("{what}: the ledger cannot be read"));
            return;
        };
        wrong.extend(books::faults(&ledger).into_iter().map(|fault| format!("{what}: {fault}")));
        let lost = books::lost(&ledger, &told).len();
        if lost > 0 {
            wrong.push(format!("{what}: {lost} orders that were told are lost"));
        }
    });
    wrong
}

#[tokio::test]
async fn no_failing_call_takes_an_order_or_leaves_half_of_one_and_selling_goes_on() {
    let mut dice = Dice::new(seed());
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let began = tokio::time::Instant::now();
        let swept = sweep(kind, folder, &mut dice).await;
        let (took, n) = (began.elapsed(), points(60));
        let wrong = cut(&swept, n, &mut dice);
        println!("{kind:?}: {:?} in {took:?}, {n} cuts in {:?}", swept.met, began.elapsed() - took);
        assert_eq!(wrong, Vec::<String>::new(), "{kind:?}");
        let met = swept.met;
        assert!(met.failed > 0, "{kind:?} met nothing: {met:?}");
        match kind {
            Kind::Full => assert!(met.full > 0 && met.restarts < met.full, "{met:?}"),
            // What is truly on the disk only a fresh start knows.
            Kind::FlushFails => assert!(met.restarts > 0, "{met:?}"),
            Kind::WriteFails | Kind::ReadFails | Kind::ReadsNothing => {}
        }
    }
}

#[tokio::test]
async fn a_store_that_sells_on_behind_a_flush_that_failed_is_seen_to_lose() {
    let (folder, mut dice) = (tempfile::tempdir().unwrap(), Dice::new(seed()));
    std::fs::write(folder.path().join(ledger::LOG_KEPT), "").unwrap();
    let swept = sweep(Kind::FlushFails, folder, &mut dice).await;
    let wrong = cut(&swept, points(400), &mut dice);
    println!("{:?}, {} cuts took something", swept.met, wrong.len());
    assert!(!wrong.is_empty(), "{:?}", swept.met);
}

#[tokio::test]
async fn on_a_full_disk_what_has_begun_is_finished_and_nothing_new_begins() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let store = TestStore::open_with_boot_in(folder, "").await;
    store.scan(1, "TEA").await;
    disk.fail(Failure { kind: Kind::Full, after: 0, lasts: true });
    let full = store.complete(1, Some(1_200), 1_200).await.unwrap_err();
    assert!(matches!(full, CheckoutError::Db(DbError::DiskFull)), "{full:?}");
    assert!(!store.data().join("ballast").exists());
    // The room that was kept is there now.
    disk.heal();
    store.complete(1, Some(1_200), 1_200).await.unwrap();
    let scan = |workstation| {
        let command = Command { workstation, id: mint(), body: Hash::of(b"scan") };
        let scan = ScanCommand { command, text: "TEA".to_owned(), quantity: None };
        checkout::scan(store.context(), scan)
    };
    for workstation in [1, 2] {
        let refused = scan(workstation).await.unwrap_err();
        assert!(matches!(refused, CheckoutError::Db(DbError::DiskFull)), "{refused:?}");
        assert!(store.scene(workstation).priced.station.cart.is_empty());
    }
    store.context().ledger.ballast().keep_again();
    scan(2).await.unwrap();
    store.stop().await;
}
