//! What hands out addresses and answers names on the guests' network, as text for `dnsmasq`.
//! Reference: dnsmasq(8); option 114 is RFC 8910 section 2.1.

use std::fmt::Write as _;

use crate::lan::Lan;

/// How long an address is a device's own; a guest who comes back within the hour keeps it.
const LEASE: &str = "2h";
/// Addresses handed out at the same time; as many devices as can be signed in.
const LEASES_MAX: usize = crate::ruleset::PASSED_MAX;

/// The configuration of the guests' dnsmasq, which serves no other network. `leases` is the file in
/// which it remembers who has which address.
///
/// IPv6 is not spoken on this network: the gate knows devices by what they say in IPv4, and a
/// device that were offered IPv6 would wait for it.
#[must_use]
pub fn configuration(lan: &Lan, leases: &str) -> String {
    let c = lan.config();
    let (first, last) = lan.guests();
    let mut text = format!(
        "# Written by `edge-daemon portal`; do not edit.
interface={interface}
bind-interfaces
except-interface=lo
no-hosts
domain-needed
bogus-priv
stop-dns-rebind
filter-AAAA
dhcp-authoritative
dhcp-leasefile={leases}
dhcp-lease-max={LEASES_MAX}
dhcp-range={first},{last},{mask},{LEASE}
dhcp-option=option:router,{address}
dhcp-option=option:dns-server,{address}
",
        interface = c.interface,
        mask = lan.mask(),
        address = c.address,
    );
    if let Some(url) = &c.api_url {
        // Devices take it only when it is forced: few ask for it.
        // Writing to a text does not fail.
        let _ = writeln!(text, "dhcp-option-force=114,{url}");
        let _ = writeln!(text, "address=/{}/{}", api_host(url), c.address);
    }
    text
}

fn api_host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lan::tests::lan;

    #[test]
    fn guests_get_addresses_of_their_network_and_hear_where_the_portal_is() {
        let text = configuration(&lan(), "/run/guitai-portal/leases");
        for line in [
            "interface=br-guest",
            "dhcp-range=10.77.0.10,10.77.0.254,255.255.255.0,2h",
            "dhcp-option=option:router,10.77.0.1",
            "dhcp-option-force=114,https://portal.store.example/api",
            "address=/portal.store.example/10.77.0.1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
