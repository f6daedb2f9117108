//! A network scanner made of memory: it connects and sends what it reads.
//!
//! **Invariant:** it sends bytes only; whether anybody understood them it cannot know.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::scanner::Suffix;

/// Until the daemon's scanner port answers.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// A scanner attached to a port.
#[derive(Debug)]
pub struct SimScanner {
    stream: TcpStream,
}

impl SimScanner {
    /// Plugs it in.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn attach(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Reads a code: sends it as UTF-8 with the suffix. [`Suffix::Any`] sends CR.
    ///
    /// # Errors
    /// When the port is gone.
    pub fn scan(&mut self, text: &str, suffix: Suffix) -> std::io::Result<()> {
        let (before, after): (&[u8], &[u8]) = match suffix {
            Suffix::Any | Suffix::Cr => (b"", b"\r"),
            Suffix::Lf => (b"", b"\n"),
            Suffix::CrLf => (b"", b"\r\n"),
            Suffix::Tab => (b"", b"\t"),
            Suffix::StxEtx => (b"\x02", b"\x03"),
        };
        self.send(&[before, text.as_bytes(), after].concat())
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the port is gone.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }
}
