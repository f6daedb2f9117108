//! The drivers' rooms, tested from outside: tables of published bytes, properties, real sockets.
//!
//! No test sleeps: it reads, joins, or waits on a condition with a limit.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it wants and prints whatever else comes"
)]

#[cfg(test)]
mod display;
#[cfg(test)]
mod drawer;
#[cfg(test)]
mod escpos;
#[cfg(test)]
mod gbk;
#[cfg(test)]
mod hex;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod network_printer;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod receipt;
#[cfg(test)]
mod scanner;
#[cfg(test)]
mod sim_printer;
#[cfg(test)]
mod status;
#[cfg(test)]
mod tape;
