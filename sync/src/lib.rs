//! What edge node and mall say to each other.
//!
//! | file | what |
//! | --- | --- |
//! | `wire/` | the version 1 messages; the only serialisable shape of orders and items |
//! | `path` | the mall's HTTP paths, as functions that both sides call |
//! | `picture` | pictures for screens, told by their bytes |
//! | `packing` | how bodies may be packed |
//! | `signature` | how a request proves which edge node sent it |
//! | `settings` | HQ's settings as they are signed, and whether they are believed |
//! | `command` | HQ's commands to a store as they are signed, and what came of them |
//! | `topic` | the MQTT topics, there and back |
//! | `pickup` | the code by which a shopper gets an online order, checked without a network |
//! | `token` | codes of our own that prove themselves: member, coupon, pickup |
//! | `seal` | personal data at rest: cells that open in one place, and a blind index |
//! | `session` | pure: is a ledger that comes to speak the one that spoke before |
//! | `chain` | digest and hash chain of the outbox |
//! | `outbox` | pure: what makes the next batch, what an answer means |
//! | `uplink` | pure: what an edge node says next: session, batch, half of it, hole, rest |
//! | `inbox` | pure: the mall's half: does a batch fit, what becomes of each fact |
//! | `day` | pure: the sums of a day, and what two that differ lead to |
//! | `watermark` | up to where the mall holds everything, signed |
//! | `trouble` | what may be wrong between the two, with names and sentences |
//! | `exposition` | pure: figures as Prometheus reads them |
//! | `raw` | a fact in a wrapping that nothing on the way takes offence at |
//! | `follow` | pure: how a replica follows: pages, a snapshot, a repair |
//! | `digest` | pure: what a replica's rows add up to, bucket by bucket |
//! | `snapshot` | pure: a snapshot's manifest, signed and believed; its chunks |
//! | `replica` | the files that hold a store's copy of what the mall owns |
//! | `backoff` | attempt number to delay |
//!
//! **Invariant:** it says what, never how. No socket, no file, no clock, no await; random numbers
//! and times are passed in.

pub mod backoff;
pub mod chain;
pub mod command;
pub mod day;
pub mod digest;
pub mod exposition;
pub mod follow;
pub mod inbox;
pub mod outbox;
pub mod packing;
pub mod path;
pub mod pickup;
pub mod picture;
pub mod raw;
pub mod replica;
pub mod seal;
pub mod session;
pub mod settings;
pub mod signature;
pub mod snapshot;
pub mod token;
pub mod topic;
pub mod trouble;
pub mod uplink;
pub mod watermark;
pub mod wire;
