//! The rules of the kernel's packet filter, as text for `nft -f -`.
//!
//! One table of our own, laid down whole in one transaction: what else is filtered on this box is
//! not touched, and no packet passes between two versions. Reference: nft(8).
//!
//! A device that is not signed in reaches names, addresses and the sign-in pages of this box; one that
//! is signed in, the store's own pages for phones as well. Calls of the former on port 80 arrive at those pages whatever they were for; a secure call is refused at once,
//! because nobody can answer it honestly, and a device that waits for an answer tells its owner
//! that the Wi-Fi is broken.
//!
//! The way out is checked for every packet and not once for each flow, so that a sign-in that ends
//! ends everything: no flow lives on.

use crate::{lan::Lan, mac::Mac};

/// Devices that can be signed in at the same time: a large shop's, and some kilobytes of kernel
/// memory.
pub const PASSED_MAX: usize = 4_096;
/// New connections of one device to this box, in a second; a page is one, a probe is one.
const KNOCKS_PER_SECOND_MAX: u32 = 20;
/// How many more at once: a phone that wakes up asks for all it missed.
const KNOCKS_BURST: u32 = 60;

/// Connections of one device to this box at the same time: its pages', some names and its probes. The
/// box serves tills by the same process.
const CONNECTIONS_MAX: u32 = 32;

/// Where the store's own devices, and those of others, may be: no guest goes there.
const PRIVATE: &str = "10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, \
                       192.168.0.0/16, 224.0.0.0/3";

/// All rules of the gate; nobody is signed in after they are laid down.
#[must_use]
pub fn ruleset(lan: &Lan) -> String {
    let c = lan.config();
    let (interface, page, api) = (&c.interface, c.page_port, c.api_port);
    let (address, network, prefix) = (c.address, lan.network(), c.prefix);
    let phones = lan.phones_port().map_or_else(String::new, |port| {
        format!("    ip daddr {address} tcp dport {port} ether saddr @passed accept\n")
    });
    format!(
        "table inet guitai_gate
delete table inet guitai_gate
table inet guitai_gate {{
  set passed {{ type ether_addr; flags timeout; size {PASSED_MAX}; }}
  set knocks {{ type ether_addr; flags dynamic, timeout; timeout 1m; size {PASSED_MAX}; }}
  set inside {{ type ether_addr; flags dynamic; size {PASSED_MAX}; }}
  chain names_and_pages {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname != \"{interface}\" return
    meta l4proto {{ tcp, udp }} th dport 53 redirect to :53
    ip daddr {address} tcp dport 80 redirect to :{page}
    ether saddr @passed return
    tcp dport 80 redirect to :{page}
  }}
  chain to_this_box {{
    type filter hook input priority filter; policy accept;
    iifname != \"{interface}\" return
    ct state new update @knocks {{ ether saddr limit rate over {KNOCKS_PER_SECOND_MAX}/second burst {KNOCKS_BURST} packets }} drop
    meta l4proto tcp ct state new add @inside {{ ether saddr ct count over {CONNECTIONS_MAX} }} reject with tcp reset
    ct state established, related accept
    udp dport {{ 53, 67 }} accept
    tcp dport {{ 53, {page}, {api} }} accept
{phones}    icmp type echo-request accept
    meta l4proto tcp reject with tcp reset
    drop
  }}
  chain through_this_box {{
    type filter hook forward priority filter; policy accept;
    oifname \"{interface}\" ct state established, related accept
    oifname \"{interface}\" drop
    iifname != \"{interface}\" return
    ip daddr {{ {PRIVATE} }} drop
    meta nfproto ipv4 ether saddr @passed accept
    meta l4proto tcp reject with tcp reset
    drop
  }}
  chain outwards {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {network}/{prefix} oifname != \"{interface}\" masquerade
  }}
}}
"
    )
}

/// Lets a device pass for so many seconds from now, whatever was said of it before.
#[must_use]
pub fn allow(mac: Mac, seconds: u32) -> String {
    format!("{}add element inet guitai_gate passed {{ {mac} timeout {seconds}s }}\n", forget(mac))
}

/// Lets a device pass no longer; fine if it did not. An element that is not there cannot be taken
/// away, so it is put there first, in the same transaction.
#[must_use]
pub fn forget(mac: Mac) -> String {
    format!(
        "add element inet guitai_gate passed {{ {mac} }}\n\
         delete element inet guitai_gate passed {{ {mac} }}\n"
    )
}

/// The arguments of `nft` that list who passes, as JSON.
pub const LIST: [&str; 6] = ["-j", "list", "set", "inet", "guitai_gate", "passed"];

/// Reads what [`LIST`] printed: each device with the seconds that it has left. `None` where it is
/// not what `nft` prints (libnftables-json(5)).
#[must_use]
pub fn read_passed(json: &[u8]) -> Option<Vec<(Mac, u32)>> {
    #[derive(serde::Deserialize)]
    struct Listing {
        nftables: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        set: Option<Set>,
    }
    #[derive(serde::Deserialize)]
    struct Set {
        #[serde(default)]
        elem: Vec<Element>,
    }
    #[derive(serde::Deserialize)]
    struct Element {
        elem: Passed,
    }
    #[derive(serde::Deserialize)]
    struct Passed {
        val: String,
        expires: u32,
    }
    let listing: Listing = serde_json::from_slice(json).ok()?;
    let set = listing.nftables.into_iter().find_map(|entry| entry.set)?;
    let passed = set.elem.into_iter().map(|e| Some((e.elem.val.parse().ok()?, e.elem.expires)));
    passed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lan::tests::lan;

    #[test]
    fn the_rules_name_the_network_and_its_ports() {
        let rules = ruleset(&lan());
        for line in [
            "iifname != \"br-guest\" return",
            "tcp dport 80 redirect to :7380",
            "tcp dport { 53, 7380, 7443 } accept",
            "add @inside { ether saddr ct count over 32 } reject with tcp reset",
            "ip saddr 10.77.0.0/24 oifname != \"br-guest\" masquerade",
        ] {
            assert!(rules.contains(line), "{line}\n{rules}");
        }
        let phones = "ip daddr 10.77.0.1 tcp dport 7074 ether saddr @passed accept\n";
        assert!(!rules.contains("7074"));
        assert!(ruleset(&lan().with_phones(Some(7_074)).unwrap()).contains(phones));
        assert!(rules.starts_with("table inet guitai_gate\ndelete table inet guitai_gate\n"));
    }

    #[test]
    fn who_passes_is_read_from_what_nft_prints() {
        // Printed by nftables 1.0.6.
        let full = br#"{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet",
            "name": "passed", "table": "guitai_gate", "type": "ether_addr", "handle": 5, "size": 4096,
            "flags": ["timeout"], "elem": [{"elem": {"val": "aa:bb:cc:dd:ee:01", "timeout": 3600,
            "expires": 3599}}]}}]}"#;
        let mac: Mac = "aa:bb:cc:dd:ee:01".parse().unwrap();
        assert_eq!(read_passed(full), Some(vec![(mac, 3_599)]));
        let empty = br#"{"nftables": [{"metainfo": {}}, {"set": {"name": "passed"}}]}"#;
        assert_eq!(read_passed(empty), Some(vec![]));
        for other in [&b"{}"[..], b"", br#"{"nftables": []}"#] {
            assert_eq!(read_passed(other), None);
        }
    }

    #[test]
    fn a_device_is_let_through_anew_in_one_transaction() {
        let mac: Mac = "aa:bb:cc:dd:ee:01".parse().unwrap();
        let lines: Vec<String> = allow(mac, 3_600).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "add element inet guitai_gate passed { aa:bb:cc:dd:ee:01 }",
                "delete element inet guitai_gate passed { aa:bb:cc:dd:ee:01 }",
                "add element inet guitai_gate passed { aa:bb:cc:dd:ee:01 timeout 3600s }",
            ]
        );
    }
}
