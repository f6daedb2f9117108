//! What every room may use: the database, the clock, the mint, the nudges.
//!
//! **Invariant:** the only file that asks what time it is, mints an id, or throws dice.

use std::{
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{
    id::{EdgeId, Id, IncarnationId},
    time::Timestamp,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::{sync::Notify, time::timeout};
use tokio_util::task::TaskTracker;
use uuid::{Builder, Uuid};

use crate::{
    authority::{Authority, AuthorityError},
    config::Config,
    db::{Db, DbError},
    feed::{Shelf, Sums},
    fleet::Limiter,
    houses::{self, Houses, PlatformsError},
    intake::WaitingRoom,
    rules::Books,
    settings,
    vault::{Vault, VaultError},
};

/// How long somebody waits for another house before they are told that it is not known yet. A
/// store waits twenty seconds for the mall.
const ANSWER_WAIT: Duration = Duration::from_secs(12);

/// The time a mall goes by.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// One that a test turns: microseconds since 1970.
    ByHand(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Self::ByHand(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
        }
    }
}

/// Why a mall could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder could not be made or named.
    #[error("could not make the data folder {}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The machine gives no random numbers.
    #[error("could not get random numbers from the system")]
    Random,
    /// The database could not be opened.
    #[error("could not open the database")]
    Db(#[source] DbError),
    /// The keys of what is sealed and signed are not those of this database.
    #[error("could not open what is sealed")]
    Vault(#[from] VaultError),
    /// The authority over certificates is not that of this database.
    #[error("could not open the authority over certificates")]
    Authority(#[from] AuthorityError),
    /// The accounts with other houses could not be read.
    #[error("could not read the accounts with other houses")]
    Platforms(#[from] PlatformsError),
}

impl OpenError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder { .. } => Some("give a folder that may be written: --data DIR"),
            Self::Random => None,
            Self::Db(error) => error.hint(),
            Self::Platforms(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Authority(error) => error.hint(),
        }
    }
}

/// The system gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random numbers")]
pub(crate) struct NoDice;

/// Shared by every room; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    dice: SystemRandom,
    waiting_room: WaitingRoom,
    inbox_nudge: Notify,
    bell_nudge: Notify,
    is_broker_up: AtomicBool,
    settings_keys: settings::Keys,
    limiter: Limiter,
    shelf: Shelf,
    sums: Sums,
    books: Books,
    vault: Vault,
    authority: Authority,
    needs_certificates: bool,
    houses: Arc<dyn Houses>,
    calls: TaskTracker,
}

impl Context {
    /// Opens the data folder and the database.
    pub(crate) async fn open(config: &Config) -> Result<Self, OpenError> {
        let folder = |source| OpenError::Folder { path: config.data.clone(), source };
        // Tokens and the chain's figures are for whoever runs the mall, and for nobody else.
        let mut made = std::fs::DirBuilder::new();
        made.recursive(true).mode(0o700).create(&config.data).map_err(folder)?;
        let addresses = config.addresses().map_err(folder)?;
        let settings_keys = config.settings_keys.clone();
        let settings_keys = settings_keys.unwrap_or_else(|| config.data.join("settings-keys"));
        let houses = houses::open(&config.platforms, &config.clock)?;
        let (clock, dice) = (config.clock.clone(), SystemRandom::new());
        let now = clock.now();
        let incarnation = mint(&dice, now).map_err(|NoDice| OpenError::Random)?;
        let db = Db::open(&addresses, now, IncarnationId::from_uuid(incarnation))
            .await
            .map_err(OpenError::Db)?;
        let vault = Vault::open(&config.data)?;
        vault.fit(&db, now).await?;
        let authority = Authority::open(&config.data, &db, now).await?;
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            dice,
            waiting_room: WaitingRoom::default(),
            inbox_nudge: Notify::new(),
            bell_nudge: Notify::new(),
            is_broker_up: AtomicBool::new(false),
            settings_keys: settings::Keys::at(settings_keys),
            limiter: Limiter::default(),
            shelf: Shelf::at(config.data.join("snapshots")),
            sums: Sums::default(),
            books: Books::default(),
            vault,
            authority,
            needs_certificates: config.tls.as_ref().is_some_and(|tls| !tls.is_plain_open),
            houses,
            calls: TaskTracker::new(),
        })))
    }

    /// The database.
    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// A new edge node's id.
    pub(crate) fn edge_id(&self) -> Result<EdgeId, NoDice> {
        mint(&self.0.dice, self.now()).map(EdgeId::from_uuid)
    }

    /// A new id of some kind.
    pub(crate) fn new_id<K>(&self) -> Result<Id<K>, NoDice> {
        mint(&self.0.dice, self.now()).map(Id::from_uuid)
    }

    /// A new feed's life.
    pub(crate) fn incarnation_id(&self) -> Result<IncarnationId, NoDice> {
        mint(&self.0.dice, self.now()).map(IncarnationId::from_uuid)
    }

    /// So many random bytes that nobody can guess.
    pub(crate) fn secret<const N: usize>(&self) -> Result<[u8; N], NoDice> {
        let mut bytes = [0; N];
        self.0.dice.fill(&mut bytes).map_err(|_| NoDice)?;
        Ok(bytes)
    }

    /// The way in for what stores tell.
    pub(crate) fn waiting_room(&self) -> &WaitingRoom {
        &self.0.waiting_room
    }

    /// Wakes the processor of the inbox; it carries nothing, and losing it costs only time.
    pub(crate) fn inbox_nudge(&self) -> &Notify {
        &self.0.inbox_nudge
    }

    /// Wakes whoever publishes changes; losing it costs only time.
    pub(crate) fn bell_nudge(&self) -> &Notify {
        &self.0.bell_nudge
    }

    /// Whether this process has its line to the broker: only then it knows whose lines are up.
    pub(crate) fn is_broker_up(&self) -> bool {
        self.0.is_broker_up.load(Ordering::SeqCst)
    }

    /// Notes whether this process has its line to the broker.
    pub(crate) fn broker_is_up(&self, is_up: bool) {
        self.0.is_broker_up.store(is_up, Ordering::SeqCst);
    }

    /// The keys that sign settings.
    pub(crate) fn settings_keys(&self) -> &settings::Keys {
        &self.0.settings_keys
    }

    /// A random number that nobody's safety hangs on; 0 where the system gives none.
    pub(crate) fn random(&self) -> u32 {
        self.secret().map(u32::from_be_bytes).unwrap_or(0)
    }

    /// How often somebody may guess.
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// What the catalog's rows add up to.
    pub(crate) fn sums(&self) -> &Sums {
        &self.0.sums
    }

    /// Where snapshots lie.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// Rule sets made ready.
    pub(crate) fn books(&self) -> &Books {
        &self.0.books
    }

    /// What is sealed and signed here.
    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Whether edge nodes come in by the door under TLS alone.
    pub(crate) fn needs_certificates(&self) -> bool {
        self.0.needs_certificates
    }

    /// Who signs certificates.
    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Other houses.
    pub(crate) fn houses(&self) -> &dyn Houses {
        self.0.houses.as_ref()
    }

    /// Lets something run to its end, whatever becomes of whoever wants it, and waits for it a
    /// while: what another house was asked is worth hearing also when nobody waits any more.
    pub(crate) async fn let_run(&self, work: impl Future<Output = ()> + Send + 'static) {
        // Who waited long enough, and a task that panicked, look into the database all the same.
        let _ = timeout(ANSWER_WAIT, self.0.calls.spawn(work)).await;
    }

    /// Lets something run to its end and does not wait for it.
    pub(crate) fn let_go(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.calls.spawn(work);
    }

    /// Waits a while for what is still running; the rest is settled after the next start.
    pub(crate) async fn let_end(&self, at_most: Duration) {
        self.0.calls.close();
        let _ = timeout(at_most, self.0.calls.wait()).await;
    }

    /// The folder of the database and the snapshots.
    pub(crate) fn data(&self) -> &Path {
        let snapshots = self.0.shelf.folder();
        snapshots.parent().unwrap_or(snapshots)
    }

    /// The folder of the snapshots.
    pub(crate) fn snapshots(&self) -> &Path {
        self.0.shelf.folder()
    }
}

/// A UUIDv7 of a moment.
fn mint(dice: &SystemRandom, now: Timestamp) -> Result<Uuid, NoDice> {
    let mut random = [0; 10];
    dice.fill(&mut random).map_err(|_| NoDice)?;
    let ms = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
}
