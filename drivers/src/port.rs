//! Bytes to a network printer and its answers back, each with a time limit.
//!
//! **Invariant:** every failure says whether bytes may have reached the printer. What may have
//! been printed is never sent again by this room.

mod tcp;

use std::time::Duration;

use thiserror::Error;

use crate::drawer::Kick;
use crate::printer::status::demux::{Asked, Demux, Heard};
use crate::printer::{PrinterStatus, StatusError};
pub use tcp::{Patience, TcpPort};

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands, for each address a name has.
    pub connect: Duration,
    /// Until the printer takes more bytes; a printer that is off-line with a full buffer takes
    /// none.
    pub write: Duration,
    /// Until an answer has come.
    pub answer: Duration,
    /// Until a whole job is on paper; a long receipt takes a few seconds.
    pub fence: Duration,
}

impl Default for Limits {
    /// Two seconds to connect, five to write, one for an answer, six for a receipt of half a metre.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            write: Duration::from_secs(5),
            answer: Duration::from_secs(1),
            fence: Duration::from_secs(6),
        }
    }
}

/// Why a port cannot do what it was asked.
#[derive(Debug, Error)]
pub enum PortError {
    /// The name of the printer means no address.
    #[error("could not find the address of printer `{address}`")]
    Resolve {
        /// What the configuration says.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nobody answers there.
    #[error("could not connect to printer `{address}`")]
    Connect {
        /// What the configuration says.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection does not take its time limits.
    #[error("could not set the limits of the connection")]
    Configure(#[source] std::io::Error),
    /// Bytes did not go out.
    #[error("could not write to the printer")]
    Write(#[source] std::io::Error),
    /// The printer took nothing for the whole time limit.
    #[error("printer took no more bytes in time")]
    Stuck,
    /// Bytes did not come in.
    #[error("could not read from the printer")]
    Read(#[source] std::io::Error),
    /// The printer closed the connection.
    #[error("printer closed the connection")]
    Gone,
    /// No answer came within the limit.
    #[error("printer did not answer in time")]
    Silent,
    /// The answer is not one of a printer.
    #[error("could not understand the printer's answer")]
    Nonsense(#[source] StatusError),
}

impl PortError {
    /// Whether trying again later, with a new connection, may work without a person.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Write(_)
            | Self::Stuck
            | Self::Read(_)
            | Self::Gone
            | Self::Silent => true,
            Self::Configure(_) | Self::Nonsense(_) => false,
        }
    }
}

/// A job or a kick that did not go through.
#[derive(Debug, Error)]
#[error("could not send to the printer ({sent})")]
pub struct PrintError {
    /// What the printer may have got.
    pub sent: Sent,
    /// Why it stopped.
    #[source]
    pub source: PortError,
}

/// How much of a job may have reached the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not one byte: sending again cannot print twice.
    Nothing,
    /// Some, perhaps all: a person or a copy marked 补打 must decide, never a loop.
    Some,
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing was sent",
            Self::Some => "some bytes may have arrived",
        })
    }
}

/// How sure it is that a job is on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printed {
    /// The printer answered a question that stood behind the last byte: it has worked through the
    /// whole job.
    Fenced,
    /// All bytes went out and no answer came in time: paper ran out meanwhile, or the printer does
    /// not know the question. It may still be printing.
    SentOnly,
}

/// `GS r 1`, a status request that is answered in its turn: it stands behind a job as a fence.
const FENCE: [u8; 3] = [0x1d, 0x72, 0x01];

/// A receipt printer at a TCP port, usually 9100.
///
/// Most printers serve one connection at a time, so do not keep one open for nothing. After any
/// error drop it and open a new one: late answers would be taken for others.
#[derive(Debug)]
pub struct NetworkPrinter {
    port: TcpPort,
    limits: Limits,
    demux: Demux,
}

impl NetworkPrinter {
    /// Connects to `address`, a `host:port`.
    ///
    /// Prefer a literal address: the system looks a name up without a limit of ours.
    ///
    /// # Errors
    /// Nothing was sent in any case.
    pub fn open(address: &str, limits: Limits) -> Result<Self, PortError> {
        Ok(Self { port: TcpPort::connect(address, limits)?, limits, demux: Demux::default() })
    }

    /// Asks how the printer is. Real-time: it also answers while off-line, and nothing is printed.
    ///
    /// # Errors
    /// [`PortError::Silent`] when it does not answer in time, and those of the connection.
    pub fn status(&mut self) -> Result<PrinterStatus, PortError> {
        let mut request = Vec::with_capacity(12);
        for n in 1..=4 {
            request.extend([0x10, 0x04, n]);
            self.demux.asked(Asked::RealTime(n));
        }
        self.port.write(&request).map_err(|failed| failed.source)?;
        let mut answers = [0_u8; 4];
        self.listen(self.limits.answer, |heard| match heard {
            Heard::RealTime { n, value } => {
                if let Some(slot) = answers.get_mut(usize::from(n.saturating_sub(1))) {
                    *slot = value;
                }
                n == 4
            }
            Heard::Buffered { .. }
            | Heard::Automatic(_)
            | Heard::Block(_)
            | Heard::Xon
            | Heard::Xoff
            | Heard::Stray(_) => false,
        })?;
        PrinterStatus::from_answers(answers).map_err(PortError::Nonsense)
    }

    /// Sends a job once and waits for the fence behind it.
    ///
    /// Ask [`Self::status`] first: a printer that is off-line keeps the job and prints it whenever
    /// somebody reloads.
    ///
    /// # Errors
    /// [`PrintError::sent`] says whether the job may be sent again. A connection that ends before
    /// the fence has answered is an error with [`Sent::Some`].
    pub fn print(&mut self, job: &[u8]) -> Result<Printed, PrintError> {
        self.port.write(job)?;
        let behind = |source| PrintError { sent: Sent::Some, source };
        self.demux.asked(Asked::Buffered(1));
        self.port.write(&FENCE).map_err(|failed| behind(failed.source))?;
        let heard = self.listen(self.limits.fence, |heard| matches!(heard, Heard::Buffered { .. }));
        match heard {
            Ok(()) => Ok(Printed::Fenced),
            Err(PortError::Silent) => Ok(Printed::SentOnly),
            Err(source) => Err(behind(source)),
        }
    }

    /// Opens the drawer now, also without paper.
    ///
    /// # Errors
    /// With [`Sent::Some`] the drawer may have opened.
    pub fn kick_drawer(&mut self, kick: Kick) -> Result<(), PrintError> {
        self.port.write(&kick.real_time())
    }

    /// Reads until `enough` says so, within the limit.
    fn listen(
        &mut self,
        limit: Duration,
        mut enough: impl FnMut(Heard) -> bool,
    ) -> Result<(), PortError> {
        let mut patience = self.port.patience(limit);
        let mut buffer = [0_u8; 64];
        loop {
            let length = self.port.read(&mut buffer, &mut patience)?;
            let came = buffer.get(..length).unwrap_or_default();
            for heard in self.demux.push(came) {
                if enough(heard) {
                    return Ok(());
                }
            }
        }
    }
}
