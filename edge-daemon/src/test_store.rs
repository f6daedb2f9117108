//! A store in a folder of its own, for the tests of this crate: real files, no mall, no devices,
//! and a clock that stands where a test puts it.
//!
//! It sells `TEA` at 12.00, `COAT` at 200.00 and `APPLE` by weight; 1 is a till, 2 a kiosk, and
//! 1001 is signed in at both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may do what tests may"
)]

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{
    id::{CommandId, EdgeId, IncarnationId},
    money::Money,
    order::Order,
    receipt_number::WorkstationNumber,
    tender::{Tender, TenderKind},
    time::Timestamp,
};
use rusqlite::{Connection, OpenFlags, params};
use sync::{
    chain::Hash,
    replica::{CATALOG_INDEXES, CATALOG_TABLES, REPLICA_SCHEMA, STORE_TABLES, Scope, StoreId},
    wire::{ChangeV1, EnrolledV1, FeedCursorV1, FeedPageV1, RowV1, RulesV1},
};

use crate::{
    Config, Daemon, DaemonError,
    checkout::{self, CheckoutError, Command, CompleteCommand, ScanCommand},
    context::{Clock, Context, mint},
    db::{Ledger, ledger, node, station},
    member, prices,
    screens::Scene,
    station::SignedIn,
    test_mall::TestMall,
};

/// The store's number at its mall.
const STORE: StoreId = StoreId(1);

/// Where no mall is.
const NO_MALL: &str = "http://127.0.0.1:1";

/// The catalog's rows, by column names that every schema of ours has.
const ITEMS: &str = "
    insert into item (item_id, sku, name, spec, unit, style, colour, size, brand, category,
                      list_price_minor, tax_rate_bps, plu, initials, pinyin) values
      (1, 'TEA', 'tea', '', 'piece', '', '', '', 'leaf', 'food/tea', 1200, 1300, '', '', ''),
      (2, 'COAT', 'coat', '', 'piece', '', '', '', '', 'wear', 20000, 1300, '', '', ''),
      (3, 'APPLE', 'apple', '', 'kg', '', '', '', '', 'food', 1280, 900, '12345', '', '');";

/// A store that runs.
pub(crate) struct TestStore {
    folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    boot: Boot,
    daemon: Daemon,
}

/// What its boot file says.
#[derive(Clone, Debug)]
struct Boot {
    /// Where its mall is; nobody listens there, unless a test has one.
    mall: String,
    /// Where its own door is.
    listen: String,
    /// Further keys, then tables.
    more: String,
}

impl Boot {
    fn with_mall(mall: &str) -> Self {
        let listen = "127.0.0.1:0".to_owned();
        Self { mall: mall.to_owned(), listen, more: String::new() }
    }
}

impl TestStore {
    /// A store whose catalog has these rules (`RuleSet` as JSON), at noon of 2026-11-21.
    pub(crate) async fn open(rules: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
        Self::open_in(folder, rules).await
    }

    /// The same store with a mall that answers.
    pub(crate) async fn open_with_mall(rules: Option<&str>) -> (Self, TestMall) {
        Self::open_with_mall_and_boot(rules, "").await
    }

    /// The same with more in its boot file.
    pub(crate) async fn open_with_mall_and_boot(
        rules: Option<&str>,
        more: &str,
    ) -> (Self, TestMall) {
        Self::open_with_mall_in(tempfile::tempdir().unwrap(), rules, more).await
    }

    /// The same in a folder in which something lies already.
    pub(crate) async fn open_with_mall_in(
        folder: tempfile::TempDir,
        rules: Option<&str>,
        more: &str,
    ) -> (Self, TestMall) {
        lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
        let random = ring::rand::SystemRandom::new();
        let key = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        std::fs::write(folder.path().join("edge.key"), key.as_ref()).unwrap();
        let clock = Arc::new(AtomicI64::new(0));
        let mall = TestMall::open(&clock, key.as_ref()).await;
        let boot = Boot { more: more.to_owned(), ..Boot::with_mall(&mall.url) };
        (Self::open_at(folder, rules, clock, boot).await, mall)
    }

    /// A store that starts on what is left of another one in a folder, with the mall of that one if there
    /// is one; if it can.
    pub(crate) async fn open_what_is_left(
        folder: tempfile::TempDir,
        mall: Option<&TestMall>,
    ) -> Result<Self, DaemonError> {
        let noon: Timestamp = "2026-11-21T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(AtomicI64::new(noon.micros()));
        let boot = Boot::with_mall(mall.map_or(NO_MALL, |mall| &mall.url));
        let daemon = try_start(folder.path(), &clock, &boot).await?;
        Ok(Self { folder, clock, boot, daemon })
    }

    /// A store with more in its boot file: keys, then tables.
    pub(crate) async fn open_with_boot(more: &str) -> Self {
        Self::open_with_boot_in(tempfile::tempdir().unwrap(), more).await
    }

    /// The same with its own door at this address.
    pub(crate) async fn open_listening(listen: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
        let (listen, more) = (listen.to_owned(), more.to_owned());
        let boot = Boot { listen, more, ..Boot::with_mall(NO_MALL) };
        Self::open_at(folder, None, Arc::default(), boot).await
    }

    /// What comes of starting a store without a ledger whose own door is at this address.
    pub(crate) async fn start_listening(listen: &str) -> Result<Daemon, DaemonError> {
        let folder = tempfile::tempdir().unwrap();
        let boot = Boot { listen: listen.to_owned(), ..Boot::with_mall(NO_MALL) };
        try_start(folder.path(), &Arc::default(), &boot).await
    }

    /// The same in a folder in which something lies already.
    pub(crate) async fn open_with_boot_in(folder: tempfile::TempDir, more: &str) -> Self {
        lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
        let boot = Boot { more: more.to_owned(), ..Boot::with_mall(NO_MALL) };
        Self::open_at(folder, None, Arc::default(), boot).await
    }

    /// A store whose catalog was laid down already, with rules on top.
    pub(crate) async fn open_in(folder: tempfile::TempDir, rules: Option<&str>) -> Self {
        Self::open_at(folder, rules, Arc::default(), Boot::with_mall(NO_MALL)).await
    }

    async fn open_at(
        folder: tempfile::TempDir,
        rules: Option<&str>,
        clock: Arc<AtomicI64>,
        boot: Boot,
    ) -> Self {
        lay_store(folder.path());
        lay_ledger(folder.path()).await;
        let daemon = start(folder.path(), &clock, &boot).await;
        let store = Self { folder, clock, boot, daemon };
        store.at("2026-11-21T12:00:00+08:00");
        if let Some(rules) = rules {
            store.learn(1, rules).await;
        }
        store
    }

    /// What the rooms get.
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.daemon.context
    }

    /// Turns the clock.
    pub(crate) fn at(&self, moment: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        self.clock.store(moment.micros(), Ordering::SeqCst);
    }

    /// Stops it and starts it again on the same files.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|| {}).await
    }

    /// The same, and something is done in between.
    pub(crate) async fn restart_after(self, between: impl FnOnce()) -> Self {
        let Self { folder, clock, boot, daemon } = self;
        daemon.stop().await;
        between();
        let daemon = start(folder.path(), &clock, &boot).await;
        Self { folder, clock, boot, daemon }
    }

    /// The same on a disk that remembers what is done from then on.
    pub(crate) async fn restart_watched(self) -> (Self, disk::Disk) {
        let Self { folder, clock, boot, daemon } = self;
        daemon.stop().await;
        let disk = disk::Disk::watch(folder.path()).unwrap();
        let daemon = start(folder.path(), &clock, &boot).await;
        (Self { folder, clock, boot, daemon }, disk)
    }

    /// Lets a page of the mall's feed bring rules.
    pub(crate) async fn learn(&self, revision: i64, rules: &str) {
        let row = RowV1::Rules(RulesV1 { revision, set: rules.to_owned() });
        self.apply(row).await;
    }

    /// Lets a page of the mall's feed bring a row.
    pub(crate) async fn apply(&self, row: RowV1) {
        let context = self.context();
        let replica = context.replicas.catalog().unwrap();
        let version = replica.standing().unwrap().cursor.version + 1;
        let next = FeedCursorV1 { incarnation: incarnation(), version, after: String::new() };
        let change = ChangeV1 { version, key: "x".to_owned(), row };
        let page = FeedPageV1 { changes: vec![change], next, head: version };
        replica.apply(&page, context.clock.now()).unwrap();
        prices::refresh(context).await;
    }

    /// Lets a page of the mall's feed bring a row of the store's own.
    pub(crate) async fn apply_own(&self, row: RowV1) {
        let context = self.context();
        let replica = context.replicas.store().unwrap();
        let version = replica.standing().unwrap().cursor.version + 1;
        let next = FeedCursorV1 { incarnation: incarnation(), version, after: String::new() };
        let change = ChangeV1 { version, key: "x".to_owned(), row };
        let page = FeedPageV1 { changes: vec![change], next, head: version };
        replica.apply(&page, context.clock.now()).unwrap();
        member::refresh(context).await;
    }

    /// Where its screens are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.daemon.address
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        self.daemon.stop().await;
    }

    /// Stops it and leaves its files.
    pub(crate) async fn close(self) -> tempfile::TempDir {
        self.daemon.stop().await;
        self.folder
    }

    /// The folder of its files.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// What a workstation's screens are drawn from.
    pub(crate) fn scene(&self, workstation: WorkstationNumber) -> Arc<Scene> {
        self.context().screens.follow(workstation).unwrap().borrow().clone()
    }

    /// What a workstation's screens show as the total, in fen.
    pub(crate) fn total(&self, workstation: WorkstationNumber) -> i64 {
        self.scene(workstation).priced.quote.total.minor()
    }

    /// Scans.
    pub(crate) async fn scan(&self, workstation: WorkstationNumber, text: &str) {
        let command =
            Command { workstation, id: CommandId::from_uuid(fresh()), body: Hash::of(b"scan") };
        let scan = ScanCommand { command, text: text.to_owned(), quantity: None };
        checkout::scan(self.context(), scan).await.unwrap();
    }

    /// Completes what is on the counter, having seen this total, with so much cash.
    pub(crate) async fn complete(
        &self,
        workstation: WorkstationNumber,
        seen: Option<i64>,
        cash: i64,
    ) -> Result<Arc<Order>, CheckoutError> {
        let cart = self.scene(workstation).priced.station.cart.clone();
        let command = CompleteCommand {
            workstation,
            order: cart.order,
            revision: cart.revision,
            total: seen.map(Money::from_minor),
            tenders: vec![Tender { kind: TenderKind::Cash, amount: Money::from_minor(cash) }],
        };
        Ok(checkout::complete(self.context(), command).await?.order)
    }
}

fn fresh() -> uuid::Uuid {
    mint::<domain::id::kind::Command>().uuid()
}

fn incarnation() -> IncarnationId {
    IncarnationId::from_uuid(uuid::Uuid::from_u128(1))
}

async fn start(data: &Path, clock: &Arc<AtomicI64>, boot: &Boot) -> Daemon {
    try_start(data, clock, boot).await.unwrap()
}

async fn try_start(
    data: &Path,
    clock: &Arc<AtomicI64>,
    boot: &Boot,
) -> Result<Daemon, DaemonError> {
    let (data, Boot { mall, listen, more }) = (data.display().to_string(), boot);
    let text = format!("data = {data:?}\nlisten = {listen:?}\n{more}\n[mall]\nurl = {mall:?}");
    let config: Config = toml::from_str(&text).unwrap();
    Daemon::start(config, Clock::Fixed(Arc::clone(clock))).await
}

fn file(data: &Path, scope: Scope, tables: &str, schema: i64, rows: &str) {
    let name = crate::db::replica::file_name(scope, 1);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(data.join(&name), flags).unwrap();
    connection.execute_batch(tables).unwrap();
    connection
        .execute(
            "insert into replica_meta (one, scope, incarnation, schema, version, updated_at)
             values (1, ?1, ?2, ?3, 1, 0)",
            params![scope.to_string(), incarnation().to_string(), schema],
        )
        .unwrap();
    connection.execute_batch(rows).unwrap();
    drop(connection);
    // As an older program left it: nothing opens it before the daemon does.
    std::fs::write(data.join(format!("replica-{scope}.current")), name).unwrap();
}

/// Lays a catalog down as a program of some schema wrote it.
pub(crate) fn lay_catalog(data: &Path, tables: &str, schema: i64) {
    file(data, Scope::Catalog, &format!("{tables}{CATALOG_INDEXES}"), schema, ITEMS);
}

fn lay_store(data: &Path) {
    let rows = r#"
        insert into store values (1, '{"code": "S1", "name": "Tea and coats"}');
        insert into workstation values (1, 'one', 'till'), (2, 'two', 'kiosk');
        insert into operator values ('1001', 'Li', 'cashier', 'no PIN opens this');"#;
    file(data, Scope::Store(STORE), STORE_TABLES, REPLICA_SCHEMA, rows);
}

async fn lay_ledger(data: &Path) {
    let (ledger, writer) = Ledger::open(&ledger::path_in(data)).unwrap();
    let enrolled = EnrolledV1 {
        edge: EdgeId::from_uuid(uuid::Uuid::from_u128(2)),
        store: STORE.0,
        store_code: "S1".to_owned(),
        epoch: 1,
        certificate: None,
    };
    ledger
        .write(move |tx| -> Result<(), crate::DbError> {
            let at = Timestamp::from_micros(0);
            node::insert(tx, &enrolled, at)?;
            for workstation in [1, 2] {
                let mut counter = station::load(tx, workstation, mint())?;
                let token = Hash::of(b"a session");
                counter.signed_in = Some(SignedIn { operator: "1001".to_owned(), token, at });
                station::save_head(tx, &counter)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    drop(ledger);
    writer.join();
}
