//! The mall's rooms together: a real database file, the command line's verbs, HTTP over a real port.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test the first surprise should stop it, where it stands"
)]

mod catalog;
mod drift;
mod enrolment;
mod feed;
mod hq;
mod intake;
mod process;
mod quotes;
mod rules;
mod snapshot;
mod town;
mod xlsx;
