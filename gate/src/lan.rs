//! The guests' network, as the boot file names it.

use std::net::Ipv4Addr;

use serde::Deserialize;

/// Linux allows no longer name.
const INTERFACE_BYTES_MAX: usize = 15;
/// The smallest network has room for some guests, the largest for one shop's.
const PREFIX: std::ops::RangeInclusive<u8> = 16..=28;
/// The first guest's address; below are the store's own boxes on that network.
const FIRST_GUEST: u32 = 10;
/// Where names are asked for.
const NAMES_PORT: u16 = 53;
/// Calls to this port arrive at the sign-in pages.
const WEB_PORT: u16 = 80;
/// A URL longer than this does not fit a DHCP option beside others.
const API_URL_BYTES_MAX: usize = 200;

/// The guests' network: an interface of its own, which leads nowhere but through the gate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanConfig {
    /// Its interface on this box, e.g. `br-guest`.
    pub interface: String,
    /// This box's address on it, e.g. `10.77.0.1`.
    pub address: Ipv4Addr,
    /// How many bits of the address name the network, 16 to 28.
    pub prefix: u8,
    /// The port of the sign-in pages; every call on port 80 before sign-in arrives there.
    pub page_port: u16,
    /// Where devices ask whether they are held (RFC 8908), `https://…`; its name must be this
    /// box's for its guests and its certificate a real one. Without it, devices find out by their
    /// probes.
    #[serde(default)]
    pub api_url: Option<String>,
    /// The port on which that is answered.
    #[serde(default = "default_api_port")]
    pub api_port: u16,
}

const fn default_api_port() -> u16 {
    443
}

/// A guests' network that is fit for a packet filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    config: LanConfig,
    phones_port: Option<u16>,
}

/// What is wrong with a guests' network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanError {
    /// The interface's name is none.
    #[error("the interface of the guests' network has no such name")]
    Interface,
    /// The network is too small or too large.
    #[error("the prefix of the guests' network is not between 16 and 28")]
    Prefix,
    /// The address is not one of a private network (RFC 1918) or, for trying, of loopback; or not
    /// that of one box on it.
    #[error("the address on the guests' network is not that of a box on a private network")]
    Address,
    /// A port is 0, or one is used for two things.
    #[error("the ports of the guests' network are not different ones")]
    Port,
    /// The API's address is not `https://…`, or has signs that do not belong into a URL.
    #[error("the portal's API must be an https address")]
    ApiUrl,
}

impl Lan {
    /// Checks what the boot file says; everything of it is written into rules afterwards.
    pub fn new(config: LanConfig) -> Result<Self, LanError> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let name = config.interface.as_bytes();
        if name.is_empty() || name.len() > INTERFACE_BYTES_MAX || !name.iter().all(|b| is_name(*b))
        {
            return Err(LanError::Interface);
        }
        if !PREFIX.contains(&config.prefix) {
            return Err(LanError::Prefix);
        }
        let lan = Self { config, phones_port: None };
        let host = u32::from(lan.config.address) - u32::from(lan.network());
        let (address, is_ours) =
            (lan.config.address, |a: Ipv4Addr| a.is_private() || a.is_loopback());
        if !is_ours(address) || !(1..FIRST_GUEST).contains(&host) {
            return Err(LanError::Address);
        }
        let (page, api) = (lan.config.page_port, lan.config.api_port);
        if page == 0 || api == 0 || page == api {
            return Err(LanError::Port);
        }
        if lan.config.api_url.as_deref().is_some_and(|url| !is_api_url(url)) {
            return Err(LanError::ApiUrl);
        }
        Ok(lan)
    }

    /// The same with the port of the store's own pages, for guests who have signed in.
    pub fn with_phones(self, phones_port: Option<u16>) -> Result<Self, LanError> {
        let taken = [0, NAMES_PORT, WEB_PORT, self.config.page_port, self.config.api_port];
        if phones_port.is_some_and(|port| taken.contains(&port)) {
            return Err(LanError::Port);
        }
        Ok(Self { phones_port, ..self })
    }

    /// The port of the store's own pages, if guests have any.
    #[must_use]
    pub const fn phones_port(&self) -> Option<u16> {
        self.phones_port
    }

    /// What the boot file says.
    #[must_use]
    pub const fn config(&self) -> &LanConfig {
        &self.config
    }

    /// The network's own address.
    #[must_use]
    pub fn network(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.config.address) & self.mask_bits())
    }

    /// Its mask, e.g. `255.255.255.0`.
    #[must_use]
    pub fn mask(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.mask_bits())
    }

    /// The first and the last address for guests.
    #[must_use]
    pub fn guests(&self) -> (Ipv4Addr, Ipv4Addr) {
        let network = u32::from(self.network());
        let broadcast = network | !self.mask_bits();
        (Ipv4Addr::from(network + FIRST_GUEST), Ipv4Addr::from(broadcast - 1))
    }

    fn mask_bits(&self) -> u32 {
        // The prefix is 16 to 28.
        u32::MAX << (32 - u32::from(self.config.prefix))
    }
}

fn is_api_url(url: &str) -> bool {
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/' | b':' | b'_');
    url.len() <= API_URL_BYTES_MAX
        && url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
        && url.bytes().all(is_plain)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lan() -> Lan {
        Lan::new(config()).unwrap()
    }

    fn config() -> LanConfig {
        LanConfig {
            interface: "br-guest".to_owned(),
            address: Ipv4Addr::new(10, 77, 0, 1),
            prefix: 24,
            page_port: 7380,
            api_url: Some("https://portal.store.example/api".to_owned()),
            api_port: 7443,
        }
    }

    #[test]
    fn a_network_has_room_for_its_guests() {
        let lan = lan();
        assert_eq!(lan.network(), Ipv4Addr::new(10, 77, 0, 0));
        assert_eq!(lan.mask(), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(lan.guests(), (Ipv4Addr::new(10, 77, 0, 10), Ipv4Addr::new(10, 77, 0, 254)));
    }

    #[test]
    fn the_pages_of_phones_have_a_port_of_their_own() {
        for (port, is_fit) in
            [(None, true), (Some(7_074), true), (Some(80), false), (Some(7_443), false)]
        {
            assert_eq!(lan().with_phones(port).is_ok(), is_fit, "{port:?}");
        }
    }

    #[test]
    fn what_would_break_out_of_a_rule_is_no_network() {
        type Change = fn(&mut LanConfig);
        let table: [(Change, LanError); 12] = [
            (|c| c.interface = String::new(), LanError::Interface),
            (|c| c.interface = "br guest".to_owned(), LanError::Interface),
            (|c| c.interface = "br\"; flush ruleset".to_owned(), LanError::Interface),
            (|c| c.interface = "a-name-that-is-too-long".to_owned(), LanError::Interface),
            (|c| c.prefix = 8, LanError::Prefix),
            (|c| c.prefix = 31, LanError::Prefix),
            (|c| c.address = Ipv4Addr::new(8, 8, 8, 1), LanError::Address),
            (|c| c.address = Ipv4Addr::new(10, 77, 0, 0), LanError::Address),
            (|c| c.address = Ipv4Addr::new(10, 77, 0, 77), LanError::Address),
            (|c| c.api_port = c.page_port, LanError::Port),
            (|c| c.api_url = Some("http://portal.store.example".to_owned()), LanError::ApiUrl),
            (|c| c.api_url = Some("https://x\naddress=/#/1.2.3.4".to_owned()), LanError::ApiUrl),
        ];
        for (change, error) in table {
            let mut config = config();
            change(&mut config);
            assert_eq!(Lan::new(config.clone()), Err(error), "{config:?}");
        }
    }
}
