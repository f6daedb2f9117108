//! What a printer says about itself: four real-time status bytes, or four bytes sent on change.
//!
//! Source of the bits: Epson's ESC/POS reference, DLE EOT and GS a.
//!
//! **Invariant:** no socket in here; [`demux`] is fed bytes and tells what they mean.

pub mod demux;

use thiserror::Error;

/// A printer's state as a cashier would see it by looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrinterStatus {
    /// It takes data; off-line it keeps data for later.
    pub online: bool,
    /// The lid is open.
    pub cover_open: bool,
    /// How much paper is left.
    pub paper: PaperState,
    /// The sense wire of the drawer; what it means is a setting, see [`crate::drawer::OpenWhen`].
    pub drawer_pin3_high: bool,
    /// The cutter is stuck.
    pub cutter_error: bool,
    /// An error that goes away after its cause is removed.
    pub recoverable_error: bool,
    /// An error that needs a technician.
    pub unrecoverable_error: bool,
    /// The head is hot; it goes on by itself.
    pub overheated: bool,
}

/// How much paper is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperState {
    /// Enough.
    Enough,
    /// The roll should be changed soon.
    NearEnd,
    /// Nothing can be printed.
    Out,
}

/// Why bytes are not a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StatusError {
    /// The fixed bits of a real-time answer are not there.
    #[error("answer {answer:#04x} to status request {request} is not a status byte")]
    NotRealTime {
        /// `n` of DLE EOT n.
        request: u8,
        /// What came.
        answer: u8,
    },
    /// The fixed bits of an automatic status are not there.
    #[error("bytes {bytes:02x?} are not an automatic status")]
    NotAutomatic {
        /// What came.
        bytes: [u8; 4],
    },
}

/// Whether a byte can be an answer to DLE EOT: bits 0 and 7 clear, bits 1 and 4 set.
#[must_use]
pub fn is_real_time(byte: u8) -> bool {
    byte & 0x93 == 0x12
}

/// Whether a byte can be the first of an automatic status: bits 0, 1 and 7 clear, bit 4 set.
#[must_use]
pub fn is_automatic_first(byte: u8) -> bool {
    byte & 0x93 == 0x10
}

fn has(byte: u8, bits: u8) -> bool {
    byte & bits != 0
}

impl PrinterStatus {
    /// A printer that prints, with enough paper and a drawer whose sense wire is low.
    pub const READY: Self = Self {
        online: true,
        cover_open: false,
        paper: PaperState::Enough,
        drawer_pin3_high: false,
        cutter_error: false,
        recoverable_error: false,
        unrecoverable_error: false,
        overheated: false,
    };

    /// Whether a job sent now would be printed now.
    ///
    /// Paper near its end is still paper.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.online
            && !self.cover_open
            && self.paper != PaperState::Out
            && !self.cutter_error
            && !self.recoverable_error
            && !self.unrecoverable_error
    }

    /// Reads the answers to DLE EOT 1, 2, 3 and 4, in that order.
    ///
    /// # Errors
    /// When one of them lacks the fixed bits: then the bytes belong to something else.
    pub fn from_answers(answers: [u8; 4]) -> Result<Self, StatusError> {
        for (request, answer) in (1..).zip(answers) {
            if !is_real_time(answer) {
                return Err(StatusError::NotRealTime { request, answer });
            }
        }
        let [printer, offline, error, paper] = answers;
        Ok(Self {
            online: !has(printer, 0x08),
            cover_open: has(offline, 0x04),
            paper: if has(paper, 0x60) || has(offline, 0x20) {
                PaperState::Out
            } else if has(paper, 0x0c) {
                PaperState::NearEnd
            } else {
                PaperState::Enough
            },
            drawer_pin3_high: has(printer, 0x04),
            recoverable_error: has(error, 0x04),
            cutter_error: has(error, 0x08),
            unrecoverable_error: has(error, 0x20),
            overheated: has(error, 0x40),
        })
    }

    /// Reads the four bytes that a printer sends by itself after GS a.
    ///
    /// # Errors
    /// When the fixed bits are not there.
    pub fn from_automatic(bytes: [u8; 4]) -> Result<Self, StatusError> {
        let [printer, error, paper, _reserved] = bytes;
        let rest_is_sound = bytes.iter().skip(1).all(|byte| byte & 0x90 == 0);
        if !is_automatic_first(printer) || !rest_is_sound {
            return Err(StatusError::NotAutomatic { bytes });
        }
        Ok(Self {
            online: !has(printer, 0x08),
            cover_open: has(printer, 0x20),
            paper: if has(paper, 0x0c) {
                PaperState::Out
            } else if has(paper, 0x03) {
                PaperState::NearEnd
            } else {
                PaperState::Enough
            },
            drawer_pin3_high: has(printer, 0x04),
            recoverable_error: has(error, 0x04),
            cutter_error: has(error, 0x08),
            unrecoverable_error: has(error, 0x20),
            overheated: has(error, 0x40),
        })
    }
}
