//! The only room that says HTTP.
//!
//! | file | what |
//! | --- | --- |
//! | `routes` | every endpoint with who may call it |
//! | `table` | how an endpoint is declared, guarded and documented |
//! | `door` | the door under TLS, and what is shown there |
//! | `guard` | signatures of edge nodes, tokens of HQ |
//! | `problem` | errors as the API says them (RFC 9457) |
//! | `segments` | what stands in a path |
//! | `reads` | which schema a box reads |
//! | `unpack` | packed bodies, up to a bound |
//! | `edge` | what edge nodes call |
//! | `download` | the snapshot file |
//! | `hq` | what HQ reads |
//! | `rules` | what HQ calls about promotions |
//! | `settings` | settings: for stores and HQ |
//! | `authority` | what the authority publishes: who was revoked |
//! | `page` | HQ's web page |
//! | `payments`, `redemptions` | payments by code, coupons and vouchers: for stores and HQ |
//! | `shop`, `stock`, `online_returns` | online orders, stock, and goods that come back: for shops, stores and HQ |
//! | `open` | what anyone may call |
//!
//! **Invariant:** handlers translate; what is decided and what is stored is decided elsewhere. An
//! endpoint cannot be added without saying who may call it.

mod authority;
mod commands;
mod door;
mod download;
mod edge;
mod elsewhere;
mod groups;
mod guard;
mod hq;
#[cfg(test)]
mod lists;
mod members;
mod online_returns;
mod open;
mod page;
mod payments;
mod pictures;
mod problem;
mod reads;
mod redemptions;
mod routes;
mod rules;
mod segments;
mod settings;
mod shop;
mod states;
mod stock;
mod table;
mod unpack;

pub use door::DoorError;
pub(crate) use door::{Open, PLAIN, STRANGERS, TlsDoor};
pub(crate) use routes::{access, document, routes};

/// Bytes of a body that is read: a batch of 100 facts is half a megabyte.
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1_024 * 1_024;
