//! What can be asked.
//!
//! **Invariant:** words only; nothing is done here.

mod certificates;
mod command;
mod houses;
mod members;
mod picture;
mod rules;
mod settings;
mod shop;
mod stock;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use domain::{tender::CashRounding, time::BusinessDate};
use sync::wire::{RoleV1, WorkstationKindV1};

pub(super) use certificates::{AuthorityVerb, BrokerVerb, TlsArgs};
pub(super) use command::CommandVerb;
pub(super) use houses::{PaymentsVerb, RedemptionsVerb};
pub(super) use members::{CouponsVerb, KeysVerb, MembersVerb};
pub(super) use picture::PictureVerb;
pub(super) use rules::{RulesFormat, RulesVerb};
pub(super) use settings::SettingsVerb;
pub(super) use shop::ShopVerb;
pub(super) use stock::StockVerb;

use crate::{Broker, Clock, Config, Platforms, config::LISTEN, fleet::TTL_MINUTES};

/// The central service of Guitai 柜台: catalog, stores, and every order exactly once.
#[derive(Debug, Parser)]
#[command(name = "mall", version, propagate_version = true)]
pub struct Args {
    /// Where the database and the snapshots lie.
    #[arg(long, global = true, env = "MALL_DATA", default_value = "var/mall", value_name = "DIR")]
    data: PathBuf,
    /// The database's address; `sqlite://DIR/mall.db` if not given.
    #[arg(
        long,
        global = true,
        env = "MALL_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// The folder of the keys that sign settings; `DIR/settings-keys` if not given.
    #[arg(long, global = true, env = "MALL_SETTINGS_KEYS", value_name = "DIR")]
    settings_keys: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long = "json", global = true)]
    pub(super) is_json: bool,
    /// The time it goes by; only a test turns another than the machine's.
    #[arg(skip)]
    clock: Clock,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

impl Args {
    /// The same, by another clock.
    #[must_use]
    pub fn by(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    pub(super) fn config(&self) -> Config {
        let (listen, platforms, mqtt, tls, database_read_url) = match &self.verb {
            Verb::Serve { listen, platforms, mqtt, tls, database_read_url } => {
                let platforms = platforms.clone().map_or(Platforms::None, Platforms::File);
                (*listen, platforms, Some(mqtt), tls.door(), database_read_url.clone())
            }
            Verb::Import { .. }
            | Verb::Item { .. }
            | Verb::Store { .. }
            | Verb::Workstation { .. }
            | Verb::Operator { .. }
            | Verb::Claim { .. }
            | Verb::Edge { .. }
            | Verb::Authority { .. }
            | Verb::Broker { .. }
            | Verb::Staff { .. }
            | Verb::Orders { .. }
            | Verb::Rules { .. }
            | Verb::Settings { .. }
            | Verb::Command { .. }
            | Verb::Picture { .. }
            | Verb::TryCart { .. }
            | Verb::Payments { .. }
            | Verb::Redemptions { .. }
            | Verb::Members { .. }
            | Verb::Coupons { .. }
            | Verb::Keys { .. }
            | Verb::Stock { .. }
            | Verb::Shop { .. }
            | Verb::PickupCases
            | Verb::Access
            | Verb::Openapi => (LISTEN, Platforms::None, None, None, None),
        };
        let (database_url, clock) = (self.database_url.clone(), self.clock.clone());
        let config = Config::new(self.data.clone()).listening_on(listen);
        let broker = mqtt.and_then(Mqtt::broker);
        let broker_lists = mqtt.and_then(|mqtt| mqtt.broker_lists.clone());
        let settings_keys = self.settings_keys.clone();
        let config = Config { database_url, database_read_url, clock, ..config };
        Config { platforms, broker, broker_lists, settings_keys, tls, ..config }
    }
}

/// The MQTT broker; without it stores hear of changes when they ask.
#[derive(Debug, clap::Args)]
pub(super) struct Mqtt {
    /// Its address: mqtts://host:port, or mqtt://127.0.0.1:port.
    #[arg(long, env = "MALL_MQTT_URL", value_name = "URL")]
    mqtt_url: Option<broker::Address>,
    /// The mall's account there.
    #[arg(long, env = "MALL_MQTT_USER", value_name = "USER")]
    mqtt_user: Option<String>,
    /// The file of its password.
    #[arg(long, env = "MALL_MQTT_PASSWORD_FILE", value_name = "FILE")]
    mqtt_password_file: Option<PathBuf>,
    /// The certificate (PEM) of the broker's authority; mqtts needs it.
    #[arg(long, env = "MALL_MQTT_CA", value_name = "FILE")]
    mqtt_ca: Option<PathBuf>,
    /// Keep the lists of a broker that knows stores by their certificates in this folder, as `mall broker
    /// files` writes them; `changed` lies beside them until the broker is told to read them.
    #[arg(long, env = "MALL_BROKER_LISTS", value_name = "DIR")]
    broker_lists: Option<PathBuf>,
}

impl Mqtt {
    fn broker(&self) -> Option<Broker> {
        Some(Broker {
            address: self.mqtt_url.clone()?,
            user: self.mqtt_user.clone(),
            password: self.mqtt_password_file.clone(),
            authority: self.mqtt_ca.clone(),
        })
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Serve stores and HQ until SIGTERM or Ctrl-C.
    Serve {
        /// Where to listen; port 0 takes a free one and tells it.
        #[arg(long, default_value_t = LISTEN)]
        listen: SocketAddr,
        /// The accounts with WeChat, Alipay and Douyin; without it payments by code, coupons and
        /// vouchers are refused.
        #[arg(long, env = "MALL_PLATFORMS", value_name = "FILE")]
        platforms: Option<PathBuf>,
        /// The address of a copy that follows the database: what HQ looks at is read there.
        #[arg(long, env = "MALL_DATABASE_READ_URL", value_name = "URL", hide_env_values = true)]
        database_read_url: Option<String>,
        #[command(flatten)]
        mqtt: Mqtt,
        #[command(flatten)]
        tls: TlsArgs,
    },
    /// Import a price list (CSV or XLSX); good rows are taken, bad rows are told.
    Import {
        /// The file.
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take items off sale.
    Item {
        #[command(subcommand)]
        verb: ItemVerb,
    },
    /// Stores.
    Store {
        #[command(subcommand)]
        verb: StoreVerb,
    },
    /// Workstations of a store.
    Workstation {
        #[command(subcommand)]
        verb: WorkstationVerb,
    },
    /// Operators of a store.
    Operator {
        #[command(subcommand)]
        verb: OperatorVerb,
    },
    /// Make a one-time code by which a store's edge node takes its place.
    Claim {
        /// The store's code.
        store: String,
        /// How long the code is good.
        #[arg(long, default_value_t = TTL_MINUTES, value_parser = clap::value_parser!(u16).range(1..=1440))]
        ttl_minutes: u16,
    },
    /// Edge nodes.
    Edge {
        #[command(subcommand)]
        verb: EdgeVerb,
    },
    /// Print the mall's own authority: the fingerprint that a box is enrolled with, and its certificate; or
    /// let another one take its place.
    Authority {
        #[command(subcommand)]
        verb: Option<AuthorityVerb>,
    },
    /// What a broker needs that knows stores by their certificates.
    Broker {
        #[command(subcommand)]
        verb: BrokerVerb,
    },
    /// Tokens of HQ.
    Staff {
        #[command(subcommand)]
        verb: StaffVerb,
    },
    /// Orders that came from the stores.
    Orders {
        #[command(subcommand)]
        verb: OrdersVerb,
    },
    /// Promotions: sets of rules with revisions.
    Rules {
        #[command(subcommand)]
        verb: RulesVerb,
    },
    /// What is set in stores while they run, by HQ.
    Settings {
        #[command(subcommand)]
        verb: SettingsVerb,
    },
    /// Pictures that stores show while nobody buys.
    Picture {
        #[command(subcommand)]
        verb: PictureVerb,
    },
    /// Tell a store to do something, and see what came of it.
    Command {
        #[command(subcommand)]
        verb: CommandVerb,
    },
    /// Payments by code.
    Payments {
        #[command(subcommand)]
        verb: PaymentsVerb,
    },
    /// Coupons and vouchers of other houses.
    Redemptions {
        #[command(subcommand)]
        verb: RedemptionsVerb,
    },
    /// Members: what they have, and what stores are lent of it.
    Members {
        #[command(subcommand)]
        verb: MembersVerb,
    },
    /// Coupons of the chain's own.
    Coupons {
        #[command(subcommand)]
        verb: CouponsVerb,
    },
    /// The keys that sign codes and coupons.
    Keys {
        #[command(subcommand)]
        verb: KeysVerb,
    },
    /// Online shops that place orders for pickup.
    Shop {
        #[command(subcommand)]
        verb: ShopVerb,
    },
    /// Online orders that were handed over and should not have been.
    PickupCases,
    /// What stores have: counts, and what is available.
    Stock {
        #[command(subcommand)]
        verb: StockVerb,
    },
    /// Price the carts of a trial file and say why; no mall is needed for it.
    TryCart {
        /// The file.
        file: PathBuf,
    },
    /// Print who may call what.
    Access,
    /// Print the HQ API's OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
pub(super) enum ItemVerb {
    /// Take an item off sale in all stores; its barcodes are free afterwards.
    Retire {
        /// Its SKU.
        sku: String,
    },
    /// Forget items that were retired long ago; replicas older than that take a snapshot.
    Prune {
        /// How long ago.
        #[arg(long, default_value_t = 90)]
        older_than_days: u16,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreVerb {
    /// Add a store, or change how it is.
    Add {
        /// 1 to 12 digits and capital letters; never changes.
        #[arg(long)]
        code: String,
        /// Over every receipt.
        #[arg(long)]
        name: String,
        /// A line under the name; may be given several times.
        #[arg(long, value_name = "LINE")]
        head_line: Vec<String>,
        /// A line at the foot; may be given several times.
        #[arg(long, value_name = "LINE")]
        foot_line: Vec<String>,
        /// How cash is rounded (抹零); a wrong word names all.
        #[arg(long, default_value = "none", value_parser = rounding)]
        cash_rounding: CashRounding,
        /// Minutes east of UTC.
        #[arg(long, default_value_t = 480, allow_negative_numbers = true)]
        utc_offset_minutes: i16,
        /// Minutes after midnight at which the business date turns.
        #[arg(long, default_value_t = 240)]
        day_cut_minutes: u16,
    },
    /// Name all stores.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum WorkstationVerb {
    /// Add a workstation, or change how it is.
    Add {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// 1 to 999.
        #[arg(long)]
        number: u16,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// What it is for.
        #[arg(long, default_value = "till")]
        kind: Kind,
    },
    /// Take a workstation away.
    Remove {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Which.
        #[arg(long)]
        number: u16,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OperatorVerb {
    /// Add an operator, or change how they are.
    Add {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The digits they are known by.
        #[arg(long)]
        number: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// What they may do.
        #[arg(long, default_value = "cashier")]
        role: Role,
        /// 4 to 12 digits; kept as a hash.
        #[arg(long, env = "MALL_PIN", hide_env_values = true)]
        pin: String,
    },
    /// Take an operator away.
    Remove {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Which.
        #[arg(long)]
        number: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum EdgeVerb {
    /// Name a store's edge nodes.
    List {
        /// The store's code.
        #[arg(long)]
        store: String,
    },
    /// Two machines speak as one edge node: say which life goes on and is lent to; the others sell on
    /// and are lent nothing, until they are switched off.
    Keep {
        /// The edge node's id.
        id: String,
        /// The life that goes on.
        #[arg(long)]
        epoch: u32,
    },
    /// Take the right to speak from an edge node.
    Revoke {
        /// Its id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum StaffVerb {
    /// Make a token; it is shown once.
    Add {
        /// Who holds it.
        name: String,
        /// May also put rules in force in every store; without it the token only reads.
        #[arg(long)]
        may_save_rules: bool,
        /// May also add members, change what they have, and issue coupons.
        #[arg(long)]
        may_manage_members: bool,
        /// May also set things in stores.
        #[arg(long)]
        may_save_settings: bool,
    },
    /// Name all holders.
    List,
    /// End a token.
    Revoke {
        /// Who holds it.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OrdersVerb {
    /// A store's orders, newest first.
    List {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Only this business date, `YYYY-MM-DD`.
        #[arg(long)]
        date: Option<BusinessDate>,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on after the `next` of the page before.
        #[arg(long)]
        after: Option<String>,
    },
    /// One order with its lines.
    Show {
        /// Its id or receipt number.
        order: String,
    },
    /// The sums of a store's business date.
    Day {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The business date, `YYYY-MM-DD`.
        #[arg(long)]
        date: BusinessDate,
    },
    /// Facts of a store that a person should look at, and orders that the mall prices otherwise.
    Troubles {
        /// The store's code.
        #[arg(long)]
        store: String,
    },
    /// Add up every stored order again; fails if a sum does not hold.
    Check,
}

/// How cash is rounded, by its word.
fn rounding(word: &str) -> Result<CashRounding, String> {
    let words = || CashRounding::ALL.map(CashRounding::word).join(", ");
    CashRounding::from_word(word).ok_or_else(|| format!("one of {}", words()))
}

/// What a workstation is for, as a word.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    Till,
    Kiosk,
}

impl From<Kind> for WorkstationKindV1 {
    fn from(word: Kind) -> Self {
        match word {
            Kind::Till => Self::Till,
            Kind::Kiosk => Self::Kiosk,
        }
    }
}

/// What an operator may do, as a word.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Role {
    Cashier,
    Manager,
}

impl From<Role> for RoleV1 {
    fn from(word: Role) -> Self {
        match word {
            Role::Cashier => Self::Cashier,
            Role::Manager => Self::Manager,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
