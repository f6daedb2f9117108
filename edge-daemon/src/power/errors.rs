//! Any call to the disk may fail while the store sells: no room, input or output error, a flush that
//! fails, a read that finds nothing.

use std::sync::Arc;

use disk::{Disk, Failure, Kind};
use domain::{
    id::CommandId,
    money::Money,
    order::Order,
    tender::{Tender, TenderKind},
};
use sync::chain::Hash;

use super::books::{self, Told};
use crate::{
    DbError,
    checkout::{self, CheckoutError, Command, CompleteCommand, ScanCommand},
    context::mint,
    db::{ledger, outbox},
    test_store::TestStore,
};

/// A sale makes fewer calls than this to the disk.
const CALLS_MAX: u64 = 1_000;
/// After so many sales that met no failure every call of a sale has failed once.
const WELL_IN_A_ROW: u64 = 3;

/// A sale that may be begun again wherever it was broken off.
struct Sale {
    scan: CommandId,
    complete: Option<CompleteCommand>,
}

impl Sale {
    fn new() -> Self {
        Self { scan: mint(), complete: None }
    }

    /// Does what a till does: the same commands again, until it is told that they are done.
    async fn go_on(&mut self, store: &TestStore) -> Result<Arc<Order>, CheckoutError> {
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

/// What a sweep met.
#[derive(Debug, Default)]
struct Met {
    failed: u64,
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

/// Sells, and lets the first call of the first sale fail, the second of the second, and so on.
async fn sweep(kind: Kind) -> Met {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let mut store = TestStore::open_with_boot_in(folder, "").await;
    checkpoints_often(&store).await;
    let (mut met, mut told, mut well) = (Met::default(), Vec::new(), 0);
    for after in 0..CALLS_MAX {
        let mut sale = Sale::new();
        disk.fail(Failure { kind, after, lasts: kind == Kind::Full });
        let first = sale.go_on(&store).await;
        let has_failed = disk.heal();
        met.failed += u64::from(has_failed);
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
                    store = store.restart().await;
                    checkpoints_often(&store).await;
                } else {
                    beats.unwrap();
                }
                store.context().ledger.ballast().keep_again();
                sale.go_on(&store).await.expect("it sells on when the disk is well again")
            }
        };
        told.push(Told::order(&order));
        if well == WELL_IN_A_ROW {
            break;
        }
    }
    assert_eq!(well, WELL_IN_A_ROW, "a sale makes more calls than {CALLS_MAX}");
    met.sold = told.len();
    let path = ledger::path_in(store.data());
    let pending = store.context().ledger.read(outbox::backlog).await.unwrap().pending;
    assert_eq!(usize::try_from(pending).unwrap(), told.len(), "each order is told once");
    let ledger = books::open(&path);
    let told: Vec<&Told> = told.iter().collect();
    assert_eq!(books::faults(&ledger), Vec::<String>::new(), "{kind:?}");
    assert!(books::lost(&ledger, &told).is_empty(), "{kind:?}");
    assert_eq!(books::given_again(&ledger, &told), []);
    drop(ledger);
    store.stop().await;
    println!("{kind:?}: {met:?}");
    met
}

#[tokio::test]
async fn no_failing_call_takes_an_order_or_leaves_half_of_one_and_selling_goes_on() {
    for kind in Kind::ALL {
        let met = sweep(kind).await;
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
