//! The mall's rooms together: a real database file, the command line's verbs, HTTP over a real port.

mod catalog;
mod enrolment;
mod feed;
mod hq;
mod intake;
mod snapshot;
mod town;
mod xlsx;
