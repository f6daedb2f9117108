//! One line to an MQTT broker that mends itself.
//!
//! | file | what |
//! | --- | --- |
//! | `address` | where a broker is, and who calls |
//! | `line` | the line: up, down, what came; a watchdog that begins anew |
//! | `papers` | certificates by which callers are known |
//! | `tunnel` | TLS for a client that has none |
//!
//! A broker forgets, and so does its client: a publish that was answered with `Ok`, and even one
//! that the broker acknowledged, may never arrive (sessions in memory, a restart at the wrong
//! moment). So both sides say everything again whenever the line comes up, and whatever matters is
//! also asked for over HTTPS.
//!
//! **Invariant:** nothing may depend on a message that passes here. No session is kept at the broker,
//! no message is kept here while the line is down.

mod address;
mod line;
mod papers;
mod tunnel;

pub use address::{Account, Address, AddressText, Password};
pub use line::{Line, Message, PACKET_BYTES_MAX, Random, Runner, Told, Trouble, Wish, open};
pub use papers::{Paper, Papers};
