//! The boot file: who this box is and where its things are. A change needs a restart; everything
//! that HQ sets comes with the replica instead.
//!
//! Every key is explained in `packaging/edge.toml`, which a test reads with this room's eyes.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use domain::receipt_number::WorkstationNumber;
use serde::Deserialize;

use crate::{portal::PortalConfig, uplink::enrol::fingerprint_of};

/// The boot file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the ledger, the replicas and the key.
    pub data: PathBuf,
    /// The file beside the ledger by which one that was put back from a copy is known: `data` with
    /// `.mark` behind its name if not said.
    #[serde(default)]
    pub mark_file: Option<PathBuf>,
    /// The file with the machine's own id, by which a ledger on another box is known.
    #[serde(default = "default_machine_id_file")]
    pub machine_id_file: PathBuf,
    /// Where screens reach the daemon.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where other devices of the store reach the pages that are for them, e.g. the manager's
    /// console; nowhere by itself.
    #[serde(default)]
    pub listen_lan: Option<SocketAddr>,
    /// Where shoppers' own phones reach the pages that are for them, and nothing else; nowhere by
    /// itself.
    #[serde(default)]
    pub listen_phones: Option<SocketAddr>,
    /// Host names under which screens may call, besides loopback names and `listen` itself.
    #[serde(default)]
    pub host_names: Vec<String>,
    /// Whether customer displays on other boxes may follow a workstation.
    #[serde(default)]
    pub display_from_lan: bool,
    /// The mall.
    pub mall: MallConfig,
    /// Scanners that deliver over the network.
    #[serde(default, rename = "scanner")]
    pub scanners: Vec<ScannerConfig>,
    /// Receipt printers.
    #[serde(default, rename = "printer")]
    pub printers: Vec<PrinterConfig>,
    /// Devices made of memory.
    #[serde(default)]
    pub devices: DevicesConfig,
    /// The MQTT broker; without one the mall is only asked.
    #[serde(default)]
    pub mqtt: Option<MqttConfig>,
    /// How payments begin.
    #[serde(default)]
    pub tender: TenderConfig,
    /// Shoppers' phones.
    #[serde(default)]
    pub phone: PhoneConfig,
    /// The keys that the file names, as `table.key`; the others are at their defaults.
    #[serde(skip)]
    pub given: BTreeSet<String>,
    /// The Wi-Fi portal; without it there is none.
    #[serde(default)]
    pub portal: Option<PortalConfig>,
}

/// How to reach the mall.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MallConfig {
    /// Its address, `https://…`; plain `http` only for loopback.
    pub url: String,
    /// The fingerprint of the mall's own authority; with it no other mall is believed under TLS. One that
    /// was given at enrolment counts before it.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// How often heads are asked for when nothing rings, in milliseconds.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// How long settings are on trial before they are kept, in milliseconds.
    #[serde(default = "default_settings_trial_ms")]
    pub settings_trial_ms: u64,
}

/// How to reach the MQTT broker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// Its address, `mqtts://…`; plain `mqtt` only for loopback.
    #[serde(deserialize_with = "address")]
    pub url: broker::Address,
    /// The account's name; the store's code if not said.
    #[serde(default)]
    pub user: Option<String>,
    /// The file of its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The certificate (PEM) of the one authority that is believed.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl MqttConfig {
    /// Whether this box calls by an account, and not by its certificate.
    pub(crate) const fn has_account(&self) -> bool {
        self.user.is_some() || self.password_file.is_some()
    }
}

fn address<'de, D: serde::Deserializer<'de>>(text: D) -> Result<broker::Address, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// A scanner that connects to a port of ours and sends what it reads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerConfig {
    /// The workstation it belongs to.
    pub workstation: WorkstationNumber,
    /// The port.
    pub listen: SocketAddr,
}

/// A receipt printer that speaks ESC/POS over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinterConfig {
    /// The workstation it belongs to.
    pub workstation: WorkstationNumber,
    /// `host:port`; port 9100 on most.
    pub address: String,
    /// Columns of its paper: 32 (58 mm), 42 or 48 (80 mm).
    #[serde(default = "default_columns")]
    pub columns: u8,
}

/// Devices made of memory, for trying and testing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicesConfig {
    /// Gives every workstation a simulated scanner, printer, drawer and pole display, and serves
    /// the page `/ui/devices/`. Never in a shop: whoever reaches the port could scan.
    #[serde(default)]
    pub simulated: bool,
}

/// Shoppers' phones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneConfig {
    /// Where phones on the store's Wi-Fi reach this box, `http://host:port`, as the QR on an idle
    /// customer display says it; `listen_phones` if not said. Without either no phone may join.
    #[serde(default)]
    pub url: Option<String>,
}

/// How payments begin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenderConfig {
    /// Whether a payment code that is scanned in Sell pays the whole cart at once.
    #[serde(default = "default_payment_code_in_sell")]
    pub payment_code_in_sell: bool,
}

impl Default for TenderConfig {
    fn default() -> Self {
        Self { payment_code_in_sell: default_payment_code_in_sell() }
    }
}

const fn default_payment_code_in_sell() -> bool {
    true
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7070))
}

fn default_machine_id_file() -> PathBuf {
    // machine-id(5)
    PathBuf::from("/etc/machine-id")
}

const fn default_poll_ms() -> u64 {
    30_000
}

const fn default_settings_trial_ms() -> u64 {
    60_000
}

const fn default_columns() -> u8 {
    48
}

/// Why the boot file is no use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("could not read the boot file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what `packaging/edge.toml` explains.
    #[error("could not understand the boot file {}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Orders would cross a network in the clear.
    #[error("the mall's address must be https, or http on loopback: {0}")]
    PlainMall(String),
    /// The fingerprint is none.
    #[error("mall.fingerprint is not 64 hexadecimal digits, as `mall authority` prints them")]
    Fingerprint,
    /// Settings would cross a network in the clear, or under TLS by nobody in particular.
    #[error(
        "the broker's address must be mqtts, with a ca_file where there is an account, or mqtt on loopback: {0}"
    )]
    PlainBroker(broker::Address),
}

impl Config {
    /// Reads a boot file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Where phones reach this box: as it is said, at their own door where that is one address, or,
    /// where devices are simulated, at the screens' own.
    pub(crate) fn phones_at(&self, address: SocketAddr) -> Option<String> {
        let door = self.listen_phones.filter(|door| !door.ip().is_unspecified());
        let own = || self.devices.simulated.then_some(address);
        let url = || door.or_else(own).map(|address| format!("http://{address}"));
        self.phone.url.clone().or_else(url)
    }

    /// The port of the phones' door, where guests of the Wi-Fi can reach it.
    pub(crate) fn phones_port_for(&self, guests: std::net::Ipv4Addr) -> Option<u16> {
        let is_theirs = |door: &SocketAddr| door.ip().is_unspecified() || door.ip() == guests;
        self.listen_phones.filter(is_theirs).map(|door| door.port())
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let fault = |source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) };
        let mut config: Self = toml::from_str(text).map_err(fault)?;
        config.given = given(&toml::from_str(text).map_err(fault)?);
        let pin = config.mall.fingerprint.as_deref();
        if pin.is_some_and(|text| fingerprint_of(text).is_none()) {
            return Err(ConfigError::Fingerprint);
        }
        let url = &config.mall.url;
        let is_loopback =
            ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|plain| {
                url.strip_prefix(plain).is_some_and(|r| r.is_empty() || r.starts_with([':', '/']))
            });
        if !url.starts_with("https://") && !is_loopback {
            return Err(ConfigError::PlainMall(url.clone()));
        }
        match &config.mqtt {
            // Without a file the mall's own authority is believed, once this box has a certificate of it.
            Some(mqtt) if mqtt.url.is_tls && (mqtt.ca_file.is_some() || !mqtt.has_account()) => {
                Ok(config)
            }
            Some(mqtt) if !mqtt.url.is_tls && mqtt.url.is_loopback() => Ok(config),
            Some(mqtt) => Err(ConfigError::PlainBroker(mqtt.url.clone())),
            None => Ok(config),
        }
    }
}

/// The keys of a file; those in a table as `table.key`, a list of tables by its name.
fn given(file: &toml::Table) -> BTreeSet<String> {
    let keys_of = |(key, value): (&String, &toml::Value)| match value {
        toml::Value::Table(table) => table.keys().map(|inner| format!("{key}.{inner}")).collect(),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_) => vec![key.clone()],
    };
    file.iter().flat_map(keys_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../packaging/edge.toml");

    /// The sample with every commented key switched on must still be understood, so that no key is
    /// explained that does not exist.
    #[test]
    fn every_key_of_the_sample_is_one_of_ours() {
        let on: String = SAMPLE
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        let config = Config::parse(&on, Path::new("edge.toml")).unwrap();
        assert_eq!((config.scanners.len(), config.printers.len()), (1, 1));
        assert!(["data", "mall.url", "printer"].iter().all(|key| config.given.contains(*key)));
        let plain = Config::parse(SAMPLE, Path::new("edge.toml")).unwrap();
        assert!(!plain.given.contains("listen_lan") && plain.listen_lan.is_none());
        assert_eq!(config.phones_port_for([10, 77, 0, 1].into()), Some(7_074));
        assert!(config.portal.is_some_and(|portal| gate::lan::Lan::new(portal.lan).is_ok()));
        Config::parse(SAMPLE, Path::new("edge.toml")).unwrap();
    }

    #[test]
    fn phones_are_told_an_address_that_leads_somewhere() {
        let with = |keys: &str, tables: &str| {
            let text = format!("data = \"x\"\n{keys}\n[mall]\nurl = \"https://m\"\n{tables}");
            let config = Config::parse(&text, Path::new("e")).unwrap();
            config.phones_at(SocketAddr::from(([127, 0, 0, 1], 7070)))
        };
        let url = "[phone]\nurl = \"http://shop.lan\"";
        for (keys, tables, told) in [
            ("", "", None),
            ("listen_phones = \"10.77.0.1:7074\"", "", Some("http://10.77.0.1:7074")),
            ("listen_phones = \"0.0.0.0:7074\"", "", None),
            ("listen_phones = \"0.0.0.0:7074\"", url, Some("http://shop.lan")),
            ("", "[devices]\nsimulated = true", Some("http://127.0.0.1:7070")),
        ] {
            assert_eq!(with(keys, tables).as_deref(), told, "{keys} {tables}");
        }
    }

    #[test]
    fn orders_do_not_cross_a_network_in_the_clear() {
        let with = |url: &str| {
            Config::parse(&format!("data = \"x\"\n[mall]\nurl = \"{url}\""), Path::new("e")).is_ok()
        };
        for (url, is_fine) in [
            ("https://mall.example", true),
            ("http://127.0.0.1:7080", true),
            ("http://localhost", true),
            ("http://mall.example", false),
            ("http://127.0.0.1.evil.example", false),
        ] {
            assert_eq!(with(url), is_fine, "{url}");
        }
    }

    #[test]
    fn a_broker_is_reached_under_tls_of_a_named_authority_or_on_this_box() {
        let with = |mqtt: &str| {
            let text = format!("data = \"x\"\n[mall]\nurl = \"https://m\"\n[mqtt]\n{mqtt}");
            Config::parse(&text, Path::new("e")).is_ok()
        };
        for (mqtt, is_fine) in [
            ("url = \"mqtts://b.example\"\nca_file = \"ca.pem\"", true),
            ("url = \"mqtt://127.0.0.1:1883\"", true),
            ("url = \"mqtts://b.example\"", true),
            ("url = \"mqtts://b.example\"\nuser = \"SH001\"", false),
            ("url = \"mqtt://b.example\"", false),
            ("url = \"b.example\"", false),
        ] {
            assert_eq!(with(mqtt), is_fine, "{mqtt}");
        }
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let error = Config::parse("data = \"x\"\nlisten_on = 1\n", Path::new("e")).unwrap_err();
        assert!(matches!(error, ConfigError::Parse { .. }));
    }
}
