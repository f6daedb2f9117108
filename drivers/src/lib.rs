//! Devices of a store: receipt printer, drawer, scanner, pole display, and their simulated twins.
//!
//! This room knows paper, lines and bytes. It blocks; the daemon gives each device its own thread.
//!
//! **Invariant:** no prices, no orders, no clock, no async runtime and nothing of our other crates
//! is in here. A receipt arrives as a [`printer::Document`] and leaves as bytes.
//!
//! - [`printer`] turns a document into ESC/POS bytes and reads a printer's status bytes.
//! - [`port`] carries bytes to a network printer and says honestly what may have arrived.
//! - [`drawer`] opens the drawer without waiting for paper.
//! - [`scanner`] cuts a stream of bytes into scans.
//! - [`display`] fills the two lines of a pole display.
//! - [`sim`] holds devices made of memory that speak the same bytes over real sockets.

pub mod display;
pub mod drawer;
pub mod port;
pub mod printer;
pub mod scanner;
pub mod sim;
