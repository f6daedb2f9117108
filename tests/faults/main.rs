//! Faults: the power, the cable, the disk. Afterwards the sums must still agree.
//!
//! The kill tests need an `edge-daemon` built with the feature `fault-points`. `SEED` plays one
//! seed again, `KILLS` says how many deaths there shall be.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may do what tests may"
)]

mod backlog;
mod certificates;
mod charges;
mod console;
mod copies;
mod counter;
mod disk;
mod histories;
mod inspectors;
mod kills;
mod members;
mod operator;
mod phone;
mod pickups;
mod returns;
mod settings;
mod snapshot;
mod struck;
mod tally;
mod versions;
mod walk;
mod weather;
