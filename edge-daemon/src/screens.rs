//! What each workstation's screens show: the newest scene, whole; what lies between is dropped.
//!
//! **Invariant:** a scene never goes back: an older revision of a workstation is not shown over a
//! newer one, whichever task comes first.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    id::{OrderId, RedemptionId},
    order::Order,
    pickup::PickupState,
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use tokio::sync::watch;

use crate::{
    db::spool::SlipState,
    pickup::{OnCounter, Seen},
    station::{LastScan, Priced, ScanFate},
};

/// Two screens a workstation, the console, and a few that somebody forgot open.
pub(crate) const STREAMS_MAX: usize = 64;
/// Streams of callers that are neither on this box nor signed in: sign-in screens of other boxes.
/// Apart, so that nobody on the Wi-Fi can use up the tills' own.
pub(crate) const STREAMS_UNKNOWN_MAX: usize = 16;

/// Who asks for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watcher {
    /// A screen of this box, or of somebody signed in.
    Known,
    /// Anybody else.
    Unknown,
}

/// The newest order of a workstation and where its receipt stands.
#[derive(Clone, Debug)]
pub(crate) struct LastOrder {
    /// The order.
    pub(crate) order: Arc<Order>,
    /// Its newest slip; `None` without a printer.
    pub(crate) receipt: Option<SlipState>,
    /// It was undone on its business date.
    pub(crate) is_undone: bool,
    /// The number by which its shopper is called, at a kiosk.
    pub(crate) call: Option<u32>,
}

/// A coupon or voucher whose house is being asked what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookingUp {
    /// Its id.
    pub(crate) id: RedemptionId,
    /// The order of the cart that it was shown for.
    pub(crate) order: OrderId,
}

/// All that a workstation's screens are drawn from, besides what is the store's.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Rises with each scene of this boot, over all workstations.
    pub(crate) revision: u64,
    /// The station and its quote.
    pub(crate) priced: Priced,
    /// The newest order.
    pub(crate) last_order: Option<LastOrder>,
    /// What became of the last scan.
    pub(crate) last_scan: Option<LastScan>,
    /// A number that the displays show while a manager tries them.
    pub(crate) test: Option<u32>,
    /// The online order that is open here. It lives as long as the daemon.
    pub(crate) pickup: Option<OnCounter>,
    /// What other houses are being asked about, oldest first. A question does not outlive the daemon.
    pub(crate) looking_up: Vec<LookingUp>,
}

impl Scene {
    /// What is being asked for the cart that is on the counter.
    pub(crate) fn looking_up(&self) -> impl Iterator<Item = RedemptionId> {
        let order = self.priced.station.cart.order;
        self.looking_up.iter().filter(move |asked| asked.order == order).map(|asked| asked.id)
    }
}

/// The scenes of the store.
#[derive(Debug)]
pub(crate) struct Screens {
    revision: AtomicU64,
    scenes: Mutex<BTreeMap<WorkstationNumber, watch::Sender<Arc<Scene>>>>,
    /// Changes when something of the whole store did: the link, a device, the store's row.
    pulse: watch::Sender<u64>,
    /// Changes when anything did, also a workstation: for who watches the whole store.
    any: watch::Sender<u64>,
    streams: Arc<tokio::sync::Semaphore>,
    streams_unknown: Arc<tokio::sync::Semaphore>,
}

impl Default for Screens {
    fn default() -> Self {
        Self {
            revision: AtomicU64::new(0),
            scenes: Mutex::default(),
            pulse: watch::Sender::new(0),
            any: watch::Sender::new(0),
            streams: Arc::new(tokio::sync::Semaphore::new(STREAMS_MAX)),
            streams_unknown: Arc::new(tokio::sync::Semaphore::new(STREAMS_UNKNOWN_MAX)),
        }
    }
}

impl Screens {
    fn next_revision(&self) -> u64 {
        self.revision.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The newest revision of anything.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::SeqCst)
    }

    /// A place for one more stream, or none.
    pub(crate) fn stream_permit(
        &self,
        watcher: Watcher,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let streams = match watcher {
            Watcher::Known => &self.streams,
            Watcher::Unknown => &self.streams_unknown,
        };
        Arc::clone(streams).try_acquire_owned().ok()
    }

    /// Follows a workstation; `None` before its first scene.
    pub(crate) fn follow(
        &self,
        workstation: WorkstationNumber,
    ) -> Option<watch::Receiver<Arc<Scene>>> {
        self.scenes.lock().ok()?.get(&workstation).map(watch::Sender::subscribe)
    }

    /// Follows what is the whole store's.
    pub(crate) fn follow_pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Says that something of the whole store changed.
    pub(crate) fn beat(&self) {
        let revision = self.next_revision();
        self.pulse.send_replace(revision);
        self.any.send_replace(revision);
    }

    /// Follows everything that changes in the store.
    pub(crate) fn follow_any(&self) -> watch::Receiver<u64> {
        self.any.subscribe()
    }

    /// The first scene of a workstation after start.
    pub(crate) fn open(&self, priced: Priced, last_order: Option<LastOrder>) {
        let scene = Scene {
            revision: self.next_revision(),
            priced,
            last_order,
            last_scan: None,
            test: None,
            pickup: None,
            looking_up: Vec::new(),
        };
        if let Ok(mut scenes) = self.scenes.lock() {
            let workstation = scene.priced.station.workstation;
            scenes.entry(workstation).or_insert_with(|| watch::Sender::new(Arc::new(scene)));
        }
    }

    /// Shows a changed station.
    pub(crate) fn show(&self, priced: Priced) {
        let workstation = priced.station.workstation;
        self.update(workstation, |scene| {
            let is_newer = priced.station.cart.revision >= scene.priced.station.cart.revision;
            if is_newer {
                scene.priced = priced;
            }
            is_newer
        });
    }

    /// The workstations with something on the counter, as they are shown.
    pub(crate) fn counters(&self) -> Vec<Arc<Scene>> {
        let Ok(scenes) = self.scenes.lock() else {
            return Vec::new();
        };
        let shown = scenes.values().map(|sender| Arc::clone(&sender.borrow()));
        shown.filter(|scene| !scene.priced.station.cart.is_empty()).collect()
    }

    /// Shows what a cart costs by now, unless the cart itself has changed meanwhile.
    pub(crate) fn repriced(&self, priced: Priced) {
        let workstation = priced.station.workstation;
        self.update(workstation, |scene| {
            let is_same = scene.priced.station == priced.station;
            if is_same {
                scene.priced = priced;
            }
            is_same
        });
    }

    /// Shows a station whose cart just became an order; `receipt` is where its new slip stands,
    /// `None` without a printer; `call` is the number by which its shopper is called.
    pub(crate) fn completed(
        &self,
        priced: Priced,
        order: Arc<Order>,
        receipt: Option<SlipState>,
        call: Option<u32>,
    ) {
        let workstation = priced.station.workstation;
        self.update(workstation, |scene| {
            // A scan of the next cart may have been shown already; the order is the newest all the
            // same, unless a later one is.
            let is_newest = scene
                .last_order
                .as_ref()
                .is_none_or(|last| last.order.completed_at <= order.completed_at);
            if is_newest {
                let known = scene.last_order.take().filter(|last| last.order.id == order.id);
                let is_undone = known.as_ref().is_some_and(|last| last.is_undone);
                let receipt = known.map_or(receipt, |last| last.receipt);
                scene.last_order = Some(LastOrder { order, receipt, is_undone, call });
            }
            if priced.station.cart.revision >= scene.priced.station.cart.revision {
                scene.priced = priced;
            }
            true
        });
    }

    /// Shows what became of a scan.
    pub(crate) fn scanned(&self, workstation: WorkstationNumber, last_scan: LastScan) {
        self.update(workstation, |scene| {
            // The next shopper's goods: whoever got their order has gone.
            let is_sale = matches!(
                last_scan.fate,
                ScanFate::Added(_) | ScanFate::Again(_) | ScanFate::Weighed(_)
            );
            if is_sale {
                let is_over = |open: &OnCounter| open.seen.state == PickupState::HandedOver;
                scene.pickup = scene.pickup.take().filter(|open| !is_over(open));
            }
            scene.last_scan = Some(last_scan);
            true
        });
    }

    /// Shows that another house is asked; `false` where it is asked the same already, or where
    /// nobody would see what it says.
    pub(crate) fn looks_up(&self, workstation: WorkstationNumber, asked: LookingUp) -> bool {
        let mut is_new = false;
        self.update(workstation, |scene| {
            is_new = scene.looking_up.iter().all(|other| other.id != asked.id);
            scene.looking_up.extend(is_new.then_some(asked));
            is_new
        });
        is_new
    }

    /// The other house has said, or is not waited for any longer.
    pub(crate) fn looked_up(&self, workstation: WorkstationNumber, id: RedemptionId) {
        self.update(workstation, |scene| {
            let before = scene.looking_up.len();
            scene.looking_up.retain(|asked| asked.id != id);
            scene.looking_up.len() != before
        });
    }

    /// Shows a number on the displays of a workstation, or shows it no more.
    pub(crate) fn test(&self, workstation: WorkstationNumber, number: Option<u32>) {
        self.update(workstation, |scene| std::mem::replace(&mut scene.test, number) != number);
    }

    /// The online order that is open at a workstation.
    pub(crate) fn pickup_at(&self, workstation: WorkstationNumber) -> Option<OnCounter> {
        self.follow(workstation)?.borrow().pickup.clone()
    }

    /// Opens an online order at a workstation, or closes the one that is.
    pub(crate) fn put_pickup(&self, workstation: WorkstationNumber, open: Option<OnCounter>) {
        self.update(workstation, |scene| {
            let is_other = scene.pickup != open;
            scene.pickup = open;
            is_other
        });
    }

    /// Shows where an online order stands by now, wherever it is open.
    pub(crate) fn pickup_changed(&self, seen: &Seen) {
        for workstation in self.numbers() {
            self.update(workstation, |scene| match &mut scene.pickup {
                Some(open) if open.seen.pickup.id == seen.pickup.id && open.seen != *seen => {
                    open.seen = seen.clone();
                    true
                }
                Some(_) | None => false,
            });
        }
    }

    /// What a shopper showed of an online order was shown to whoever worked there.
    pub(crate) fn forget_proof(&self, workstation: WorkstationNumber) {
        self.update(workstation, |scene| {
            scene.pickup.as_mut().is_some_and(OnCounter::forget_proof)
        });
    }

    /// Forgets what shoppers showed of online orders and is no longer good.
    pub(crate) fn age_proofs(&self, now: Timestamp) {
        for workstation in self.numbers() {
            self.update(workstation, |scene| {
                scene.pickup.as_mut().is_some_and(|open| open.age(now))
            });
        }
    }

    fn numbers(&self) -> Vec<WorkstationNumber> {
        self.scenes.lock().map(|scenes| scenes.keys().copied().collect()).unwrap_or_default()
    }

    /// Forgets what was scanned last: whoever comes next did not scan it.
    pub(crate) fn forget_scan(&self, workstation: WorkstationNumber) {
        self.update(workstation, |scene| scene.last_scan.take().is_some());
    }

    /// Shows where a receipt stands.
    pub(crate) fn printed(
        &self,
        workstation: WorkstationNumber,
        order: OrderId,
        receipt: Option<SlipState>,
    ) {
        self.update(workstation, |scene| match &mut scene.last_order {
            Some(last) if last.order.id == order => {
                last.receipt = receipt;
                true
            }
            Some(_) | None => false,
        });
    }

    /// Shows that an order was undone, wherever it is the newest.
    pub(crate) fn undone(&self, order: OrderId) {
        for workstation in self.numbers() {
            self.update(workstation, |scene| match &mut scene.last_order {
                Some(last) if last.order.id == order => {
                    last.is_undone = true;
                    true
                }
                Some(_) | None => false,
            });
        }
    }

    fn update(&self, workstation: WorkstationNumber, change: impl FnOnce(&mut Scene) -> bool) {
        let Ok(scenes) = self.scenes.lock() else {
            return;
        };
        let Some(sender) = scenes.get(&workstation) else {
            return;
        };
        sender.send_if_modified(|scene| {
            let mut next = Scene::clone(scene);
            let is_changed = change(&mut next);
            if is_changed {
                next.revision = self.next_revision();
                self.any.send_replace(next.revision);
                *scene = Arc::new(next);
            }
            is_changed
        });
    }
}
