//! The mall's rooms together: a real database (a file, or one of a server: see `place`), the command
//! line's verbs, HTTP over a real port.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test the first surprise should stop it, where it stands"
)]

mod bend;
mod bent;
mod books;
mod catalog;
mod certificates;
mod check_ins;
mod commands;
mod days;
mod digests;
mod discrepancies;
mod drift;
mod engines;
mod enrolment;
mod feed;
mod feed_histories;
mod histories;
mod holes;
mod hq;
mod intake;
mod lives;
mod members;
mod model;
mod mouths;
mod office;
mod online_returns;
mod payments;
mod pickups;
mod pictures;
mod place;
mod pollers;
mod post_voids;
mod process;
mod quotes;
mod redemptions;
mod right;
mod rule_checks;
mod rule_table;
mod rules;
mod savings;
mod schemas;
mod settings;
mod snapshot;
mod states;
mod stock;
mod stock_histories;
mod street;
mod town;
mod xlsx;
