//! One TCP connection with limits on every step.
//!
//! **Invariant:** nothing here knows what the bytes mean.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{Limits, PortError, PrintError, Sent};

/// Bytes handed over at once: small enough that a printer's buffer, often 4 KiB, takes a piece.
pub(super) const PIECE_BYTES_MAX: usize = 4096;

/// A connection to a device on the network.
#[derive(Debug)]
pub struct TcpPort {
    stream: TcpStream,
}

/// Until when to wait for an answer.
#[derive(Debug)]
pub struct Patience {
    until: Instant,
}

/// The monotonic clock, for waiting only: it never says what time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "a limit on a wait needs a monotonic clock; no time of day comes from here"
)]
fn now() -> Instant {
    Instant::now()
}

impl TcpPort {
    /// Connects to `host:port`, trying each address of the host, and sends without delay.
    ///
    /// # Errors
    /// [`PortError::Resolve`], [`PortError::Connect`] with the last reason, or
    /// [`PortError::Configure`].
    pub fn connect(address: &str, limits: Limits) -> Result<Self, PortError> {
        let resolve = |source| PortError::Resolve { address: address.to_owned(), source };
        let connect = |source| PortError::Connect { address: address.to_owned(), source };
        let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
        for candidate in address.to_socket_addrs().map_err(resolve)? {
            match TcpStream::connect_timeout(&candidate, limits.connect) {
                Ok(stream) => return Self::over(stream, limits),
                Err(error) => last = error,
            }
        }
        Err(connect(last))
    }

    fn over(stream: TcpStream, limits: Limits) -> Result<Self, PortError> {
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_write_timeout(Some(limits.write)))
            .map_err(PortError::Configure)?;
        Ok(Self { stream })
    }

    /// Writes all bytes in pieces.
    ///
    /// # Errors
    /// Says whether any byte was taken.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), PrintError> {
        let mut sent = Sent::Nothing;
        for piece in bytes.chunks(PIECE_BYTES_MAX) {
            self.write_piece(piece, &mut sent).map_err(|source| PrintError { sent, source })?;
        }
        Ok(())
    }

    fn write_piece(&mut self, piece: &[u8], sent: &mut Sent) -> Result<(), PortError> {
        let mut rest = piece;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => return Err(PortError::Gone),
                Ok(taken) => {
                    *sent = Sent::Some;
                    rest = rest.get(taken..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_time_out(&error) => return Err(PortError::Stuck),
                Err(error) => return Err(PortError::Write(error)),
            }
        }
        Ok(())
    }

    /// Starts the time limit of one answer.
    #[must_use]
    pub fn patience(&self, limit: Duration) -> Patience {
        Patience { until: now() + limit }
    }

    /// Reads what is there, waiting as long as the patience lasts.
    ///
    /// # Errors
    /// [`PortError::Silent`] when time is up, [`PortError::Gone`] when the other side closed.
    pub fn read(&mut self, into: &mut [u8], patience: &mut Patience) -> Result<usize, PortError> {
        loop {
            let left = patience.until.saturating_duration_since(now());
            if left.is_zero() {
                return Err(PortError::Silent);
            }
            self.stream.set_read_timeout(Some(left)).map_err(PortError::Configure)?;
            match self.stream.read(into) {
                Ok(0) => return Err(PortError::Gone),
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == ErrorKind::Interrupted || is_time_out(&error) => {}
                Err(error) => return Err(PortError::Read(error)),
            }
        }
    }
}

/// Systems disagree on the name of a time limit that has passed.
fn is_time_out(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
