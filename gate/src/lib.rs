//! The gate of the store's Wi-Fi (上网认证): which devices pass to the internet, and until when.
//!
//! | file | what |
//! | --- | --- |
//! | `lan` | the guests' network, checked once |
//! | `mac` | the address of a device |
//! | `ruleset` | the rules of the kernel's packet filter, as text for `nft` |
//! | `dhcp` | what hands out addresses and answers names, as text for `dnsmasq` |
//! | `neighbour` | which device has an address |
//! | `verb` | the five things that may be asked of the gate, one line each |
//! | `keeper` | the process that may change the packet filter; it hears verbs on a local socket |
//! | `client` | how the store's node asks |
//!
//! The keeper is the only program of the store that runs with `CAP_NET_ADMIN`. It lays down the
//! rules from its own boot file, so that whoever takes over the store's node can let a device pass,
//! and nothing else.
//!
//! **Invariant:** no HTTP, no names of shoppers, no database and no clock is in here. A time is how
//! long from now, in seconds, and the kernel counts it.

pub mod client;
pub mod dhcp;
pub mod keeper;
pub mod lan;
pub mod mac;
pub mod neighbour;
pub mod ruleset;
pub mod verb;
