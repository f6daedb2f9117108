//! Which addresses a link that a shopper shows may lead to.
//!
//! A scanned link makes a server of ours fetch an address of a stranger's choice (SSRF). So every
//! hop is looked at before it is asked, and the address that was looked at is the one that is
//! connected to: the check sits in the resolver that the connection uses, so a name that changes
//! its address between check and use gains nothing.
//!
//! **Invariant:** https on port 443 only, no user info, no bare addresses, and only addresses of
//! the public internet; a test's own host is named by its pin and by nothing else.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// A host whose address is set by hand, for a simulator: it is the only one that may be private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The name, as links write it.
    pub host: String,
    /// Where it is instead.
    pub addr: SocketAddr,
}

/// Whether an address is of the public internet, as far as its form tells.
#[must_use]
pub fn may_be_called(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => is_public_v4(addr),
        IpAddr::V6(addr) => is_public_v6(addr),
    }
}

/// IANA's special-purpose registry, RFC 6890 and its successors.
fn is_public_v4(addr: Ipv4Addr) -> bool {
    let [a, b, c, _] = addr.octets();
    let is_special = match a {
        0 | 10 | 127 | 224..=255 => true, // this network, private, loopback, multicast, reserved
        100 => (64..=127).contains(&b),   // carrier-grade NAT; cloud metadata of some houses
        169 => b == 254,                  // link-local; cloud metadata of the others
        172 => (16..=31).contains(&b),    // private
        192 => matches!((b, c), (168, _) | (0, 0 | 2) | (88, 99)), // private, protocols, 6to4
        198 => matches!(b, 18 | 19) || (b, c) == (51, 100), // benchmarks, documentation
        203 => (b, c) == (0, 113),        // documentation
        _ => false,
    };
    !is_special
}

/// Only global unicast (`2000::/3`), and of it nothing that carries an IPv4 address or is not
/// routed.
fn is_public_v6(addr: Ipv6Addr) -> bool {
    let [first, second, ..] = addr.segments();
    match first {
        0x2001 => second >= 0x0200 && second != 0x0db8, // Teredo, ORCHID, documentation
        0x2002 => false,                                // 6to4
        0x3ffe | 0x3fff | 0x5f00 => false,
        _ => first & 0xe000 == 0x2000,
    }
}

/// Whether a hop may be asked at all, by its address alone.
pub(crate) fn may_be_asked(url: &Url, pins: &[Pin]) -> bool {
    let Some(host) = url.host_str() else { return false };
    let is_pinned = pins.iter().any(|pin| pin.host == host);
    let is_bare = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && (is_pinned || (!is_bare && url.port().is_none()))
}

/// Resolves names for links: pins first, else the system's answer without what is not public.
#[derive(Debug)]
pub(crate) struct GuardedResolver {
    pins: Arc<[Pin]>,
}

impl GuardedResolver {
    pub(crate) fn new(pins: Arc<[Pin]>) -> Self {
        Self { pins }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let pin = self.pins.iter().find(|pin| pin.host == name.as_str()).map(|pin| pin.addr);
        Box::pin(async move {
            if let Some(addr) = pin {
                let pinned: Addrs = Box::new(std::iter::once(addr));
                return Ok(pinned);
            }
            let found = tokio::net::lookup_host((name.as_str(), 443)).await?;
            let public: Vec<SocketAddr> = found.filter(|addr| may_be_called(addr.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other("no public address").into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_may_be_called() {
        let table = [
            ("1.1.1.1", true),
            ("101.226.4.6", true),
            ("172.15.255.255", true),
            ("172.32.0.1", true),
            ("100.63.255.255", true),
            ("100.128.0.1", true),
            ("198.20.0.1", true),
            ("2408:8756:f50::1", true),
            ("2a00:1450::1", true),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false), // a cloud's metadata
            ("127.0.0.1", false),
            ("127.8.8.8", false),
            ("169.254.169.254", false), // a cloud's metadata
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.51.100.7", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", false),
            ("64:ff9b::7f00:1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("3fff::1", false),
        ];
        for (addr, may) in table {
            assert_eq!(may_be_called(addr.parse().unwrap()), may, "{addr}");
        }
    }

    #[test]
    fn a_hop_is_https_by_name_on_the_usual_port_or_pinned() {
        let pins = [Pin { host: "localhost".into(), addr: "127.0.0.1:8443".parse().unwrap() }];
        let table = [
            ("https://v.douyin.com/eHHc1ft/", true),
            ("https://v.douyin.com:443/eHHc1ft", true),
            ("https://localhost:8443/x", true),
            ("https://localhost/x", true),
            ("http://v.douyin.com/eHHc1ft/", false),
            ("http://localhost/x", false),
            ("https://v.douyin.com:8080/", false),
            ("https://user@v.douyin.com/", false),
            ("https://user:word@v.douyin.com/", false),
            ("https://127.0.0.1/", false),
            ("https://1.1.1.1/", false),
            ("https://2130706433/", false), // 127.0.0.1 as one number
            ("https://0x7f.1/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:7f00:1]/", false),
            ("file:///etc/passwd", false),
            ("ftp://v.douyin.com/", false),
            ("snssdk1128://x", false),
        ];
        for (url, may) in table {
            assert_eq!(may_be_asked(&Url::parse(url).unwrap(), &pins), may, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_does_not_resolve() {
        let addr = "127.0.0.1:8443".parse().unwrap();
        let pins: Arc<[Pin]> = [Pin { host: "douyin.test".into(), addr }].into();
        let guarded = GuardedResolver::new(pins);
        let found = guarded.resolve("douyin.test".parse().unwrap()).await.unwrap();
        assert_eq!(found.collect::<Vec<_>>(), [addr]);
        assert!(guarded.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
