//! Ports for programs that must find each other again after a restart.
//!
//! **Invariant:** no port of ours lies in the range from which the system takes ports for outgoing
//! connections (32,768 and up on Linux): one of those could sit on it while its program is down.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::{Result, bail};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on, and that no other call of this process gets.
///
/// # Errors
/// When no port is free, which no machine of ours has reached.
pub fn free() -> Result<u16> {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Processes that run beside each other begin at other places.
    let beginning = std::process::id().wrapping_mul(61) % u32::from(COUNT);
    let beginning = u16::try_from(beginning).unwrap_or(0);
    for _ in 0..COUNT {
        let step = TAKEN.fetch_add(1, Ordering::SeqCst) % COUNT;
        let port = FIRST + (beginning + step) % COUNT;
        if is_free(port) {
            return Ok(port);
        }
    }
    bail!("no port between {FIRST} and {} is free", FIRST + COUNT)
}

/// The first of so many free ports in a row.
///
/// # Errors
/// When no such row is free.
pub fn free_row(n: u16) -> Result<u16> {
    for _ in 0..COUNT {
        let first = free()?;
        // Each call gets the next one, unless somebody sits there or another test was quicker.
        let rest = (1..n).map(|_| free()).collect::<Result<Vec<u16>>>()?;
        if (first + 1..).zip(&rest).all(|(next, port)| next == *port) {
            return Ok(first);
        }
    }
    bail!("no {n} ports in a row are free")
}

/// Whether nobody listens on a port of this machine.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
