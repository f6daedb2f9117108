//! Where the mall keeps its things and where it listens; a change needs a restart.
//!
//! **Invariant:** read once, at the start; nothing here opens anything.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use crate::{
    bells::Broker,
    context::Clock,
    db::{self, Addresses},
    houses::Houses,
};

/// Where development listens.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7080);

/// Where a mall has its accounts with other houses from.
#[derive(Clone, Debug, Default)]
pub enum Platforms {
    /// It has none: payments by code, coupons and vouchers are refused.
    #[default]
    None,
    /// From this file.
    File(PathBuf),
    /// From whoever started it.
    Given(Arc<dyn Houses>),
}

/// The door under TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Where it is; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names and addresses under which stores call it, for the certificate that the mall makes for
    /// itself.
    pub names: Vec<String>,
    /// A certificate chain and its key (PEM) to show instead.
    pub files: Option<(PathBuf, PathBuf)>,
    /// Whether edge nodes may come in by `listen` too, where a proxy stands before it.
    pub is_plain_open: bool,
}

/// What a mall is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the database (unless `database_url` says otherwise) and the snapshots lie.
    pub data: PathBuf,
    /// The database's address; `sqlite://<data>/mall.db` where none is given.
    pub database_url: Option<String>,
    /// The address of a copy that follows the database, for what HQ looks at; the database itself where
    /// none is given.
    pub database_read_url: Option<String>,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The door under TLS, for stores; without one they come in by `listen`.
    pub tls: Option<Tls>,
    /// The time it goes by.
    pub clock: Clock,
    /// Its accounts with other houses.
    pub platforms: Platforms,
    /// The MQTT broker; without one stores hear of changes when they ask.
    pub broker: Option<Broker>,
    /// The folder in which a broker's lists are kept that knows edge nodes by their certificates; nowhere
    /// where none is given.
    pub broker_lists: Option<PathBuf>,
    /// The folder of the keys that sign settings, which malls over one database share;
    /// `<data>/settings-keys` where none is given.
    pub settings_keys: Option<PathBuf>,
}

impl Config {
    /// A mall over this folder, listening where development listens, by the system's clock.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database_url: None,
            database_read_url: None,
            listen: LISTEN,
            tls: None,
            clock: Clock::default(),
            platforms: Platforms::None,
            broker: None,
            broker_lists: None,
            settings_keys: None,
        }
    }

    /// The same, listening elsewhere.
    #[must_use]
    pub fn listening_on(self, listen: SocketAddr) -> Self {
        Self { listen, ..self }
    }

    /// Where its database is.
    pub(crate) fn addresses(&self) -> Result<Addresses, std::io::Error> {
        let database = match &self.database_url {
            Some(url) => url.clone(),
            None => db::url_of(&std::path::absolute(&self.data)?),
        };
        Ok(Addresses { database, copy: self.database_read_url.clone() })
    }
}
