//! What every room may use: the clock, the mint, the ledger, the replicas, the screens, the nudges.
//!
//! **Invariant:** the only place that asks what time it is, makes an id, or draws a random number.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use domain::{
    id::{BootId, Id},
    pricing::{Occasion, PriceBook, rule::Channel},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use sync::{
    replica::Scope,
    seal::Seal,
    wire::{OperatorV1, StoreV1, WorkstationKindV1, WorkstationV1},
};
use tokio::sync::{Notify, watch};

use crate::{
    config::Config,
    db::{
        DbError, Ledger,
        node::Node,
        replica::{Replica, Standing},
        staff,
    },
    devices::{Health, Tasks},
    fault,
    help::HelpWanted,
    in_flight::InFlight,
    pace::Pace,
    phone::Phones,
    pickup::Tally,
    pictures::Pictures,
    portal::Outage,
    prices::Prices,
    rights::ShownCodes,
    screens::Screens,
    settings::Settings,
    settle::{Stuck, Trouble},
    shelf::Walks,
    station::{LastScan, ScanFate, Terms},
    trouble::Troubles,
    uplink::{self, Link},
};

/// The clock. Tests turn their own.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The box's.
    #[default]
    System,
    /// One that stands where a test put it: microseconds since 1970.
    Fixed(Arc<std::sync::atomic::AtomicI64>),
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                Timestamp::from_micros(system_micros().saturating_add(fault::ahead_micros()))
            }
            Self::Fixed(at) => Timestamp::from_micros(at.load(std::sync::atomic::Ordering::SeqCst)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
fn system_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Makes a new id (UUIDv7, RFC 9562).
#[must_use]
pub(crate) fn mint<K>() -> Id<K> {
    Id::from_uuid(uuid::Uuid::now_v7())
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    // The kernel's generator fails only before it was seeded at boot, which systemd waits for.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    bytes
}

/// "Look again", without data; losing one costs only a period.
#[derive(Debug, Default)]
pub(crate) struct Nudge(Notify);

impl Nudge {
    /// Wakes whoever waits, or the next who will.
    pub(crate) fn give(&self) {
        self.0.notify_one();
    }

    /// Waits for a nudge.
    pub(crate) async fn taken(&self) {
        self.0.notified().await;
    }

    /// Waits for a nudge, but no longer than this.
    pub(crate) async fn taken_or(&self, period: Duration) {
        let _ = tokio::time::timeout(period, self.0.notified()).await;
    }
}

/// The nudges of the house.
#[derive(Debug, Default)]
pub(crate) struct Nudges {
    /// Facts were put into the outbox.
    pub(crate) upload: Nudge,
    /// The mall answers after it was silent.
    pub(crate) mall_back: Nudge,
    /// A member's row does not open with the seal that is here.
    pub(crate) seal: Nudge,
    /// Something is to be undone, or was just heard of.
    pub(crate) rights: Nudge,
    /// The catalog has changed at the mall.
    pub(crate) catalog: Nudge,
    /// The store's own rows have changed at the mall.
    pub(crate) store: Nudge,
    /// HQ has a command for this store.
    pub(crate) commands: Nudge,
    /// A receipt was queued; every printer looks whether it is its own.
    pub(crate) spool: watch::Sender<()>,
}

impl Nudges {
    /// Wakes who follows a scope.
    pub(crate) const fn of(&self, scope: Scope) -> &Nudge {
        match scope {
            Scope::Catalog => &self.catalog,
            Scope::Store(_) => &self.store,
        }
    }
}

/// The replicas in force.
#[derive(Debug, Default)]
pub(crate) struct Replicas {
    catalog: ArcSwapOption<Replica>,
    store: ArcSwapOption<Replica>,
    /// HQ wishes a new one of the catalog, of the store.
    wished: [AtomicBool; 2],
}

impl Replicas {
    fn slot(&self, scope: Scope) -> &ArcSwapOption<Replica> {
        match scope {
            Scope::Catalog => &self.catalog,
            Scope::Store(_) => &self.store,
        }
    }

    /// The replica of a scope, if one has arrived.
    pub(crate) fn get(&self, scope: Scope) -> Option<Arc<Replica>> {
        self.slot(scope).load_full()
    }

    /// Puts a replica in force.
    pub(crate) fn set(&self, scope: Scope, replica: Arc<Replica>) {
        self.slot(scope).store(Some(replica));
    }

    const fn wished(&self, scope: Scope) -> &AtomicBool {
        let [catalog, store] = &self.wished;
        match scope {
            Scope::Catalog => catalog,
            Scope::Store(_) => store,
        }
    }

    /// Lets a scope be fetched whole, whatever is here.
    pub(crate) fn wish_snapshot(&self, scope: Scope) {
        self.wished(scope).store(true, Ordering::SeqCst);
    }

    /// Whether a scope is wished whole; once it has come it is not any more.
    pub(crate) fn is_snapshot_wished(&self, scope: Scope) -> bool {
        self.wished(scope).load(Ordering::SeqCst)
    }

    /// A scope has come whole.
    pub(crate) fn snapshot_came(&self, scope: Scope) {
        self.wished(scope).store(false, Ordering::SeqCst);
    }

    /// The catalog.
    pub(crate) fn catalog(&self) -> Option<Arc<Replica>> {
        self.catalog.load_full()
    }

    /// The store's own rows.
    pub(crate) fn store(&self) -> Option<Arc<Replica>> {
        self.store.load_full()
    }
}

/// What every room may use.
#[derive(Debug)]
pub(crate) struct Context {
    /// The boot file.
    pub(crate) config: Config,
    /// The clock.
    pub(crate) clock: Clock,
    /// This start of the daemon.
    pub(crate) boot: BootId,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// Who this node is; `None` before enrolment.
    pub(crate) node: Option<Node>,
    /// The replicas in force.
    pub(crate) replicas: Replicas,
    /// The store's row with what HQ has set over it, read once per change.
    pub(crate) store: ArcSwapOption<StoreV1>,
    /// Its workstations, read once per change.
    pub(crate) workstations: ArcSwap<Vec<WorkstationV1>>,
    /// Who works there, read once per change.
    pub(crate) operators: ArcSwap<Vec<OperatorV1>>,
    /// Where the catalog stands, read once per change.
    pub(crate) catalog_standing: ArcSwapOption<Standing>,
    /// The rules in force.
    pub(crate) prices: Prices,
    /// What HQ has set.
    pub(crate) settings: Settings,
    /// What shoppers' screens show while nobody buys.
    pub(crate) pictures: Pictures,
    /// The walk along the catalog for those who look around.
    pub(crate) walks: Walks,
    /// Kiosks whose shoppers have called for somebody.
    pub(crate) help: HelpWanted,
    /// How fast callers that nobody knows may ask.
    pub(crate) pace: Pace,
    /// What screens show.
    pub(crate) screens: Screens,
    /// Whether the mall answers, and what waits for it.
    pub(crate) link: Link,
    /// How the devices are.
    pub(crate) health: Health,
    /// The way to the mall for what cannot wait; empty before enrolment.
    pub(crate) mall: uplink::rights::Way,
    /// The certificate that is shown to the broker.
    pub(crate) papers: broker::Papers,
    /// Work that nobody waits for and that ends with the daemon.
    pub(crate) tasks: Tasks,
    /// Payment codes of the last minute.
    pub(crate) shown_codes: ShownCodes,
    /// Questions about payments and vouchers that are under way.
    pub(crate) in_flight: InFlight,
    /// By which names and phone numbers of members are opened; empty until the mall has told it.
    pub(crate) seal: ArcSwapOption<Seal>,
    /// How many online orders wait for what.
    pub(crate) pickups: ArcSwap<Tally>,
    /// What a person should know of payments and vouchers.
    pub(crate) trouble: ArcSwap<Trouble>,
    /// What is wrong between this store and its mall.
    pub(crate) troubles: Troubles,
    /// Carts that are paid and could not be completed.
    pub(crate) stuck: Stuck,
    /// The nudges.
    pub(crate) nudges: Nudges,
    /// What keeps guests of the Wi-Fi from going online.
    pub(crate) portal: Outage,
    /// Shoppers' phones.
    pub(crate) phones: Phones,
    /// Wrong PINs.
    pub(crate) attempts: crate::signin::Attempts,
    /// Who is signed in to the console.
    pub(crate) consoles: crate::console::Consoles,
    /// HQ wants the program to end in order.
    pub(crate) wants_restart: tokio::sync::Notify,
    /// Counts scans of this boot.
    pub(crate) scans: AtomicU64,
}

impl Context {
    /// Reads the store's rows anew after its replica changed.
    pub(crate) fn refresh_store(&self) -> Result<(), DbError> {
        if let Some(replica) = self.replicas.store() {
            let in_force = self.settings.in_force();
            let store = replica.read(staff::store)?.map(|store| Arc::new(in_force.over(store)));
            self.store.store(store);
            self.workstations.store(Arc::new(replica.read(staff::workstations)?));
            self.operators.store(Arc::new(replica.read(staff::operators)?));
        }
        Ok(())
    }

    /// An operator of the store.
    pub(crate) fn operator(&self, number: &str) -> Option<OperatorV1> {
        self.operators.load().iter().find(|operator| operator.number == number).cloned()
    }

    /// Reads anew where the catalog stands after its replica changed.
    pub(crate) fn refresh_catalog(&self) -> Result<(), DbError> {
        if let Some(replica) = self.replicas.catalog() {
            self.catalog_standing.store(Some(Arc::new(replica.standing()?)));
        }
        Ok(())
    }

    /// Notes what became of a scan and shows it.
    pub(crate) fn scanned(&self, workstation: WorkstationNumber, fate: ScanFate) {
        let seq = self.scans.fetch_add(1, Ordering::SeqCst) + 1;
        self.health.heard(workstation, self.clock.now());
        self.screens.scanned(workstation, LastScan { seq, fate });
    }

    /// What a cart of this workstation is priced with at this moment; while it is held, what it was
    /// priced with before.
    pub(crate) fn terms(&self, workstation: WorkstationNumber) -> Terms {
        let store = self.node.as_ref().map(|node| node.store_code.to_string()).unwrap_or_default();
        let mut occasion = Occasion::at_till(store, self.store_clock(), self.clock.now());
        occasion.channel = self.channel(workstation);
        let scene = self.screens.follow(workstation);
        let held = scene.and_then(|scene| scene.borrow().priced.held());
        let (book, used) = held.unwrap_or_else(|| (self.prices.book(), self.prices.used()));
        occasion.used = used;
        Terms { book, occasion }
    }

    /// The rules in force at this moment for somebody who looks around and buys in this way; no cart,
    /// no shopper.
    pub(crate) fn shelf_terms(&self, channel: Channel) -> (Arc<PriceBook>, Occasion) {
        let store = self.node.as_ref().map(|node| node.store_code.to_string()).unwrap_or_default();
        let mut occasion = Occasion::at_till(store, self.store_clock(), self.clock.now());
        occasion.channel = channel;
        occasion.used = self.prices.used();
        (self.prices.book(), occasion)
    }

    /// What a phone's cart is priced with at this moment.
    pub(crate) fn phone_terms(&self) -> Terms {
        let (book, occasion) = self.shelf_terms(Channel::Phone);
        Terms { book, occasion }
    }

    /// Whether a workstation is a kiosk.
    pub(crate) fn is_kiosk(&self, workstation: WorkstationNumber) -> bool {
        self.channel(workstation) == Channel::Kiosk
    }

    /// How a workstation sells.
    fn channel(&self, workstation: WorkstationNumber) -> Channel {
        let workstations = self.workstations.load();
        match workstations.iter().find(|w| w.number == workstation).map(|w| w.kind) {
            Some(WorkstationKindV1::Kiosk) => Channel::Kiosk,
            Some(WorkstationKindV1::Till) | None => Channel::Till,
        }
    }

    /// How the store tells the time.
    pub(crate) fn store_clock(&self) -> domain::time::StoreClock {
        self.store.load().as_ref().map(|store| store.clock).unwrap_or_default()
    }
}
