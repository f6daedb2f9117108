//! Whatever comes back, in whatever order, gives back what was paid: all of it, and never more.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod random;

#[path = "returns/counter.rs"]
mod counter;
#[path = "returns/histories.rs"]
mod histories;
#[path = "returns/online.rs"]
mod online;
