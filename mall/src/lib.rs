//! The central service: catalog, stores, and every order exactly once.
//!
//! | room | what |
//! | --- | --- |
//! | `config`, `context` | where it keeps its things; database, clock, mint, nudges |
//! | `db` | the only room that says SQL |
//! | `catalog` | import of price lists, retirement of items |
//! | `feed` | changes and snapshots that stores read |
//! | `fleet` | stores, workstations, operators, claim codes, enrolment, HQ's tokens |
//! | `intake` | batches of facts: checked, kept once, acknowledged, made into orders |
//! | `settings` | what HQ sets in stores while they run, signed; whether stores are there |
//! | `commands` | what HQ tells stores to do, and what came of it |
//! | `bells` | the line to the MQTT broker |
//! | `rules` | promotions: saved with revisions, checked, previewed |
//! | `houses` | the only room that names `platforms`: WeChat, Alipay, Douyin |
//! | `payment`, `redemption` | payments by code, coupons and vouchers: asked for, settled, undone |
//! | `member` | members: what they have, what stores are lent of it, coupons, what does not fit |
//! | `vault` | what is sealed and signed, and the keys for it |
//! | `authority` | certificates of edge nodes, and what a broker goes by |
//! | `discrepancy` | whether what other houses gave for an order is what it says |
//! | `asking`, `settle` | when another house is asked again, and by whom |
//! | `pickup` | online orders that wait in a store |
//! | `online_return` | goods of online orders that come back in stores |
//! | `stock` | what each store has: counted, promised, sold |
//! | `hq` | what HQ reads |
//! | `http` | the only room that says HTTP |
//! | `pictures` | pictures that stores show while nobody buys |
//! | `cli` | the same verbs from a command line |
//!
//! **Invariant:** no process holds what the database does not: any number of malls may run over one
//! database, and each may be killed at any moment.

mod asking;
mod authority;
mod bells;
mod catalog;
pub mod cli;
mod commands;
mod config;
mod context;
mod db;
mod discrepancy;
mod disk;
mod error_chain;
mod fault;
mod feed;
mod fleet;
pub mod houses;
mod hq;
mod http;
mod intake;
mod member;
mod online_return;
mod payment;
mod pickup;
mod pictures;
mod redemption;
mod rules;
mod settings;
mod settle;
mod stock;
mod vault;

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

pub use authority::AuthorityError;
pub use bells::{Broker, BrokerError};
pub use config::{Config, LISTEN, Platforms, Tls};
pub use context::{Clock, OpenError};
pub use db::DbError;
pub use error_chain::Chain;
pub use http::DoorError;
pub use vault::VaultError;

use context::Context;
use http::TlsDoor;

/// How long a request under way may take once the mall was told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Why a mall did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder or database could not be opened.
    #[error("could not start the mall")]
    Open(#[from] OpenError),
    /// The address could not be listened on.
    #[error("could not listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There can be no line to the broker.
    #[error("could not make a line to the MQTT broker")]
    Broker(#[from] BrokerError),
    /// There can be no door under TLS.
    #[error("could not open the door under TLS")]
    Door(#[from] DoorError),
    /// Serving broke off.
    #[error("could not go on serving")]
    Serve(#[source] io::Error),
}

impl RunError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open(error) => error.hint(),
            Self::Listen { .. } => {
                Some("another program may have the port; give a free one: --listen")
            }
            Self::Broker(_) => {
                Some("see --mqtt-url, --mqtt-user, --mqtt-password-file and --mqtt-ca")
            }
            Self::Door(_) => Some("see --listen-tls, --tls-name, --tls-certificate and --tls-key"),
            Self::Serve(_) => None,
        }
    }
}

/// A mall that listens but does not serve yet.
#[derive(Debug)]
pub struct Mall {
    context: Context,
    broker: Option<broker::Wish>,
    broker_lists: Option<PathBuf>,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<(TlsDoor, TcpListener, SocketAddr)>,
}

impl Mall {
    /// Opens the data folder and the database, and listens.
    pub async fn start(config: Config) -> Result<Self, RunError> {
        let context = Context::open(&config).await?;
        context.db().make_days(context.now()).await.map_err(OpenError::Db)?;
        let client = format!("mall-{:08x}", context.random());
        let broker = config.broker.as_ref().map(|broker| bells::wish(broker, client));
        let broker = broker.transpose()?;
        let listen = |source| RunError::Listen { listen: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let tls = match &config.tls {
            Some(tls) => Some(Self::open_door(&context, tls).await?),
            None => None,
        };
        let broker_lists = config.broker_lists;
        Ok(Self { context, broker, broker_lists, listener, address, tls })
    }

    async fn open_door(
        context: &Context,
        tls: &Tls,
    ) -> Result<(TlsDoor, TcpListener, SocketAddr), RunError> {
        let listen = |source| RunError::Listen { listen: tls.listen, source };
        let listener = TcpListener::bind(tls.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok((TlsDoor::new(context, tls)?, listener, address))
    }

    /// Where its door under TLS is.
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|(_, _, address)| *address)
    }

    /// Where it listens; with the port that was free if port 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The routes without a socket, for tests in process.
    pub fn router(&self) -> axum::Router {
        http::routes(&self.context).0
    }

    /// Serves until `shutdown` is done, then lets requests under way finish and closes.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self { context, broker, broker_lists, listener, address, tls } = self;
        let folder = context.snapshots().display();
        info!(address = %address, snapshots = %folder, "The mall listens on http://{address}");
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(intake::keep_processing(context.clone(), stop.clone()));
        tasks.spawn(intake::keep_days_ahead(context.clone(), stop.clone()));
        tasks.spawn(feed::keep_fresh(context.clone(), stop.clone()));
        tasks.spawn(member::keep_lending(context.clone(), stop.clone()));
        tasks.spawn(settle::keep_settling(context.clone(), stop.clone()));
        if let Some(wish) = broker {
            tasks.spawn(bells::keep_ringing(context.clone(), wish, stop.clone()));
        }
        if let Some(folder) = broker_lists {
            tasks.spawn(authority::keep_lists(context.clone(), folder, stop.clone()));
        }
        tasks.spawn(pickup::keep_tidy(context.clone(), stop.clone()));
        let door = tls.map(|(door, listener, address)| {
            info!(%address, "Stores come in under TLS");
            tasks.spawn(door.keeper(&context).run(stop.clone()));
            (door, listener)
        });
        serve(&context, listener, door, &stop, shutdown).await;
        tasks.close();
        tasks.wait().await;
        context.let_end(DRAIN).await;
        context.db().close().await;
        Ok(())
    }
}

/// Serves at both doors until `shutdown` is done, and drains.
async fn serve(
    context: &Context,
    listener: TcpListener,
    door: Option<(TlsDoor, TcpListener)>,
    stop: &CancellationToken,
    shutdown: impl Future<Output = ()>,
) {
    let (router, _) = http::routes(context);
    let doors = TaskTracker::new();
    doors.spawn(doorway::serve(listener, http::PLAIN, http::Open, router.clone(), stop.clone()));
    if let Some((door, listener)) = door {
        doors.spawn(doorway::serve(listener, http::STRANGERS, door, router, stop.clone()));
    }
    doors.close();
    shutdown.await;
    stop.cancel();
    doors.wait().await;
    info!("The mall serves no more");
}

/// Starts a mall and serves until `shutdown` is done.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    Mall::start(config).await?.run(shutdown).await
}
