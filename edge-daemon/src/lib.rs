//! The store's node: it owns the ledger, the devices and the screens, and sells with everything
//! behind it gone.
//!
//! | room | what |
//! | --- | --- |
//! | `checkout` | the counter: scan, edit, complete |
//! | `db` | the only room that says SQL |
//! | `devices` | scanners, printers, drawers, poles |
//! | `http` | the only room that says HTTP inwards |
//! | `uplink` | the only room that calls the mall |
//! | `replica` | keeps the copy of what the mall owns |
//! | `commands` | does what HQ tells the store to do, once, and says what came of it |
//! | `settings` | tries what HQ has set, keeps it in force or takes it back, and says what became of it |
//! | `prices` | keeps the rules in force, and what is shown priced by them |
//! | `rights`, `payment`, `redemption`, `settle` | what other houses have a say in: asked, known or not |
//! | `in_flight` | which questions are under way |
//! | `later` | what cannot be done yet, tried until it is done |
//! | `portal` | lets guests of the Wi-Fi through once they have shown a phone number |
//! | `member`, `coupon` | who buys, and the brand's own coupons, without asking anybody |
//! | `post_void` | undoes an order on its business date |
//! | `ballast` | looks whether a disk that was full has room again |
//! | `approval` | reductions by hand: asked for at a till, decided by a manager |
//! | `console` | the manager's console: its sessions, a day's sums |
//! | `pickup` | online orders that wait here |
//! | `online_return` | goods of online orders that come back here |
//! | `stock` | how much of an item is available |
//! | `phone` | carts on shoppers' own phones, until a till takes them in |
//! | `shelf` | what somebody who looks around sees of the catalog |
//! | `pictures` | what a shopper's screen shows while nobody buys: fetched, kept, shown |
//! | `pairing` | which browser is a kiosk's screen |
//! | `help` | kiosks whose shoppers have called for somebody |
//! | `pace` | how fast callers that nobody knows may ask |
//! | `screens`, `station`, `refusal` | what each workstation shows |
//! | `verify` | whether a ledger is what it says, without a store |
//! | `try_cart` | a trial, without a store |
//! | `context` | clock, mint, and what every room may use |
//! | `trouble` | what is wrong between store and mall: shown, and told to HQ |
//! | `service_manager` | what systemd is told |
//!
//! **Invariant:** a sale never waits for a network. Commands come in, one function of one room
//! decides with `domain` and writes once; loops look at the state and never at a message.

mod approval;
mod ballast;
mod checkout;
mod commands;
pub mod config;
mod console;
pub mod context;
mod coupon;
mod db;
mod devices;
mod fault;
mod help;
mod http;
mod in_flight;
mod later;
mod member;
mod online_return;
mod pace;
mod pairing;
mod payment;
mod phone;
mod pickup;
mod pictures;
mod portal;
mod post_void;
#[cfg(test)]
pub(crate) mod power;
mod prices;
mod redemption;
mod refusal;
mod replica;
mod rights;
mod screens;
mod service_manager;
mod settings;
mod settle;
mod shelf;
mod signin;
mod station;
#[allow(dead_code, reason = "shelves of kiosk and phone read it")]
mod stock;
#[cfg(test)]
mod test_mall;
#[cfg(test)]
mod test_store;
mod trouble;
mod try_cart;
mod uplink;
mod verify;

pub use config::{Config, ConfigError};
pub use db::DbError;
pub use portal::{
    GateKeeperError, PortalConfig, PortalKeyError, PortalLogError, PortalTls, SmsConfig, keep_gate,
    portal_log,
};
pub use try_cart::{TrialError, try_cart};
pub use uplink::enrol::{EnrolError, enrol};
pub use verify::{VerifyError, verify};

use std::{fmt, net::SocketAddr, sync::Arc};

use context::{Clock, Context, mint, random};
use db::{
    Ledger,
    ledger::Writer,
    node::{self, Node},
    spool,
};
use devices::Tasks;
use http::Door;
use portal::Part;
use sync::replica::Scope;
use uplink::mall::{Mall, MallError};

/// The description of what screens call, as OpenAPI 3.1 JSON: the one file the screens' types are
/// made from.
#[must_use]
pub fn openapi_json() -> String {
    // The document is made of strings and maps; it always has a JSON form.
    let mut text = http::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Every endpoint that is served with who may call it, one a line, by path.
#[must_use]
pub fn access_list() -> String {
    http::access()
}

/// Why the daemon did not start, or a loop of it stopped for now.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// A database did not do it.
    #[error("the database did not do it")]
    Db(#[from] DbError),
    /// The mall did not do it.
    #[error("the mall did not do it")]
    Mall(#[from] MallError),
    /// This box's key is missing or damaged.
    #[error("this box cannot prove who it is")]
    Enrol(#[from] EnrolError),
    /// A port or a device could not be opened.
    #[error("could not open a port or device")]
    Open(#[from] std::io::Error),
}

/// Writes an error with all its causes, for the one place that logs it.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// A daemon that runs.
#[derive(Debug)]
pub struct Daemon {
    /// Where screens reach it.
    pub address: SocketAddr,
    tasks: Tasks,
    writer: Writer,
    context: Arc<Context>,
    /// Held while it runs: a second daemon on the same folder would print receipts twice.
    only: std::fs::File,
}

impl Daemon {
    /// Opens the data folder, listens, and starts the loops. No printer, no network and no mall is
    /// needed for that.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, DaemonError> {
        std::fs::create_dir_all(&config.data).map_err(DbError::file("make", &config.data))?;
        let only = db::only_here(&config.data)?;
        let (ledger, writer) = Ledger::open(&db::ledger::path_in(&config.data))?;
        let stands = uplink::session::start(&config, &ledger).await?;
        let now = clock.now();
        let fresh = random();
        let (node, secret) = ledger
            .write(move |tx| -> Result<_, DbError> {
                let n_doubtful = spool::doubt_what_was_sending(tx, now)?;
                if n_doubtful > 0 {
                    tracing::warn!(n_doubtful, "Receipts were being printed when the daemon died");
                }
                db::station::renew_orders(tx, stands.is_doubtful, mint, now)?;
                Ok((node::load(tx)?, db::phone::secret(tx, &fresh)?))
            })
            .await?;
        let (own, address) = Self::own_door(&config).await?;
        let phones_at = config.phones_at(address);
        let tasks = Tasks::default();
        let context = Arc::new(Context {
            config,
            clock,
            boot: mint(),
            ledger,
            node,
            replicas: context::Replicas::default(),
            store: arc_swap::ArcSwapOption::empty(),
            workstations: arc_swap::ArcSwap::default(),
            operators: arc_swap::ArcSwap::default(),
            catalog_standing: arc_swap::ArcSwapOption::empty(),
            prices: prices::Prices::default(),
            settings: settings::Settings::default(),
            pictures: pictures::Pictures::default(),
            walks: shelf::Walks::default(),
            help: help::HelpWanted::default(),
            pace: pace::Pace::default(),
            screens: screens::Screens::default(),
            link: uplink::Link::default(),
            health: devices::Health::default(),
            mall: uplink::rights::Way::default(),
            papers: broker::Papers::default(),
            tasks: tasks.clone(),
            shown_codes: rights::ShownCodes::default(),
            in_flight: in_flight::InFlight::default(),
            trouble: arc_swap::ArcSwap::default(),
            stuck: settle::Stuck::default(),
            troubles: trouble::Troubles::default(),
            seal: arc_swap::ArcSwapOption::empty(),
            pickups: arc_swap::ArcSwap::default(),
            nudges: context::Nudges::default(),
            portal: portal::Outage::default(),
            wants_restart: tokio::sync::Notify::new(),
            scans: 0.into(),
            phones: phone::Phones::new(phones_at, &secret),
            attempts: signin::Attempts::default(),
            consoles: console::Consoles::default(),
        });
        console::restore(&context).await?;
        Self::begin(&context, &tasks).await?;
        Self::open_portal(&context, &tasks).await;
        Self::open_doors(&context, &tasks, own, address);
        tasks.tracker.spawn(service_manager::run(Arc::clone(&context), tasks.stop.clone()));
        Ok(Self { address, tasks, writer, context, only })
    }

    /// The tills' own door, and its address. No door yet where this box does not have that address
    /// yet; a port that another program has taken is an error, because no waiting frees it.
    async fn own_door(
        config: &Config,
    ) -> Result<(Option<tokio::net::TcpListener>, SocketAddr), DaemonError> {
        match tokio::net::TcpListener::bind(config.listen).await {
            Ok(listener) => {
                let address = listener.local_addr()?;
                Ok((Some(listener), address))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {
                Ok((None, config.listen))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the doors, each as soon as this box has its address: their networks may come later than
    /// the store opens.
    fn open_doors(
        context: &Arc<Context>,
        tasks: &Tasks,
        own: Option<tokio::net::TcpListener>,
        address: SocketAddr,
    ) {
        let Config { listen_lan, listen_phones, .. } = &context.config;
        let mut waiting = vec![(Door::Lan, *listen_lan), (Door::Phones, *listen_phones)];
        match own {
            Some(own) => {
                let (context, stop) = (Arc::clone(context), tasks.stop.clone());
                tasks.tracker.spawn(http::serve(Door::Box, own, context, stop));
                tracing::info!(%address, "Screens may come");
            }
            None => waiting.push((Door::Box, Some(address))),
        }
        for (door, at) in waiting {
            let Some(at) = at else { continue };
            let (context, stop) = (Arc::clone(context), tasks.stop.clone());
            tasks.tracker.spawn(http::open(door, at, context, stop));
        }
    }

    /// The Wi-Fi portal, where the boot file has one. What goes wrong with it stops no sale.
    async fn open_portal(context: &Arc<Context>, tasks: &Tasks) {
        let Some(config) = context.config.portal.clone() else { return };
        let portal = match portal::Portal::open(Arc::clone(context), config).await {
            Ok(portal) => Arc::new(portal),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "There is no Wi-Fi portal; the store sells on");
                context.portal.begins(Part::Whole, context.clock.now());
                context.screens.beat();
                return;
            }
        };
        tasks.tracker.spawn(portal::run(Arc::clone(&portal), tasks.stop.clone()));
        tasks.tracker.spawn(http::portal::serve_pages(Arc::clone(&portal), tasks.stop.clone()));
        tasks.tracker.spawn(http::portal::serve_api(portal, tasks.stop.clone()));
    }

    /// The replicas, the devices, and the loops towards the mall.
    async fn begin(context: &Arc<Context>, tasks: &Tasks) -> Result<(), DaemonError> {
        let Some(node) = context.node.clone() else {
            tracing::warn!("This box has no place at a mall yet: run `edge-daemon enrol`");
            return Ok(());
        };
        let scopes = [Scope::Catalog, Scope::Store(node.store)];
        for scope in scopes {
            replica::open(context, scope);
        }
        uplink::seal::restore(context);
        settings::restore(context).await?;
        pictures::restore(context);
        // Before the first scene is priced.
        prices::restore(context).await;
        prices::refresh(context).await;
        tasks.tracker.spawn(ballast::run(Arc::clone(context), tasks.stop.clone()));
        tasks.tracker.spawn(prices::run(Arc::clone(context), tasks.stop.clone()));
        devices::start(context, tasks);
        tasks.tracker.spawn(phone::run(Arc::clone(context), tasks.stop.clone()));
        tasks.tracker.spawn(pickup::run(Arc::clone(context), tasks.stop.clone()));
        // A damaged replica is fetched again by the loops below; the other one still serves.
        let attended = context.refresh_catalog().map_err(DaemonError::from);
        let attended = attended.and(devices::attend(context, tasks).await);
        if let Err(error) = attended {
            tracing::error!(error = %Chain(&error), "A replica is damaged; fetching it again");
        }
        uplink::upload::recount(context).await;
        pickup::refresh(context).await;
        let mall = Self::way_to_the_mall(context)?;
        let mall = match uplink::enrol::read_key(&context.config.data) {
            Ok(key) => mall.with_identity(node.edge, key),
            Err(error) => {
                // It sells on from what is here; HQ gives it a new place.
                tracing::error!(error = %Chain(&error), "This box cannot prove who it is to the mall");
                return Ok(());
            }
        };
        for scope in scopes {
            let (context, mall, tasks_of) = (Arc::clone(context), mall.clone(), tasks.clone());
            tasks.tracker.spawn(replica::run(context, mall, scope, tasks_of));
        }
        // It is set once, here.
        let _ = context.mall.set(mall.clone());
        let seal = uplink::seal::run(Arc::clone(context), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(seal);
        Self::heed_hq(context, &node, &mall, tasks);
        Self::call_the_broker(context, &node, tasks);
        let looking = trouble::run(Arc::clone(context), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(looking);
        let settle = settle::run(Arc::clone(context), tasks.stop.clone());
        tasks.tracker.spawn(settle);
        let upload = uplink::upload::run(Arc::clone(context), mall, node, tasks.stop.clone());
        tasks.tracker.spawn(upload);
        Ok(())
    }

    /// The way to the mall that this box believes, with the certificate that it holds.
    fn way_to_the_mall(context: &Context) -> Result<Mall, DaemonError> {
        let held = uplink::certificate::read(&context.config.data);
        let written = context.config.mall.fingerprint.as_deref();
        let written = written.and_then(uplink::enrol::fingerprint_of);
        let pin = held.as_ref().and_then(|held| held.pin).or(written);
        let mall = Mall::new(&context.config.mall.url, context.clock.clone())?.pinned(pin)?;
        let Some(held) = held else { return Ok(mall) };
        let paper = held.paper();
        match mall.hold(held) {
            Ok(()) => context.papers.set(Some(paper)),
            // It is as if it had none: the next one is asked for.
            Err(error) => {
                tracing::error!(error = %Chain(&error), "This box's certificate cannot be used");
            }
        }
        Ok(mall)
    }

    /// What HQ sets, what it tells the store to do, and the certificate that this box shows.
    fn heed_hq(context: &Arc<Context>, node: &Node, mall: &Mall, tasks: &Tasks) {
        let following =
            settings::run(Arc::clone(context), node.clone(), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(following);
        let showing = pictures::run(Arc::clone(context), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(showing);
        let certificate =
            uplink::certificate::run(Arc::clone(context), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(certificate);
        let commands =
            commands::run(Arc::clone(context), node.clone(), mall.clone(), tasks.stop.clone());
        tasks.tracker.spawn(commands);
    }

    /// The line to the broker, where the boot file names one.
    fn call_the_broker(context: &Arc<Context>, node: &Node, tasks: &Tasks) {
        let Some(config) = &context.config.mqtt else { return };
        match uplink::mqtt::wish(context, config, node) {
            Ok(wish) => {
                let (context, node) = (Arc::clone(context), node.clone());
                tasks.tracker.spawn(uplink::mqtt::run(context, node, wish, tasks.clone()));
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "There is no line to the broker; the mall is asked instead");
            }
        }
    }

    /// Waits until HQ wants the program to end, so that the machine starts it again.
    pub async fn told_to_restart(&self) {
        self.context.wants_restart.notified().await;
    }

    /// Stops accepting, lets every task and the writer finish, and closes the ledger.
    pub async fn stop(self) {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
        settings::note_stop(&self.context).await;
        drop(self.context);
        let joined = tokio::task::spawn_blocking(move || self.writer.join()).await;
        if joined.is_err() {
            tracing::error!("The ledger's writer could not be waited for");
        }
        drop(self.only);
    }
}

#[cfg(test)]
mod tests {
    /// `make openapi` writes the file anew; the screens' types are made from it.
    #[test]
    fn the_committed_description_is_what_the_daemon_serves() {
        let committed = include_str!("../openapi.json");
        assert!(
            committed == super::openapi_json(),
            "edge-daemon/openapi.json is stale: make openapi"
        );
    }
}
