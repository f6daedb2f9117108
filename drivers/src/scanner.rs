//! From the bytes of a serial or network scanner to scans.
//!
//! **Invariant:** the same bytes cut in other places give the same scans; what a code means is
//! for others to say, and no code is ever logged here.

mod aim;

use std::io::{ErrorKind, Read};

use encoding_rs::GBK;
use thiserror::Error;

pub use aim::AimId;

/// Bytes of one scan at most; a coupon's QR code may be a whole URL.
pub const SCAN_BYTES_MAX: usize = 1024;

/// One code as a scanner read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// What the code says, without its AIM identifier. It may hold GS (0x1d) between GS1 fields.
    pub text: String,
    /// Which kind of code it was, when the scanner is set to say so.
    pub symbology: Option<AimId>,
}

/// What ends a scan, by the scanner's setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Suffix {
    /// CR, LF, TAB or ETX, whichever comes; STX begins anew. For scanners that nobody set up.
    #[default]
    Any,
    /// CR.
    Cr,
    /// LF.
    Lf,
    /// CR and LF together; either alone is part of the code.
    CrLf,
    /// TAB.
    Tab,
    /// ETX, and what does not stand between STX and ETX is ignored.
    StxEtx,
}

/// What one frame turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A scan.
    Scan(Scan),
    /// More than [`SCAN_BYTES_MAX`] bytes; dropped.
    TooLong,
    /// Neither UTF-8 nor GBK, or with control characters that no code carries; dropped.
    NotText,
}

/// Cuts a stream of bytes into readings.
#[derive(Debug)]
pub struct Framer {
    suffix: Suffix,
    frame: Vec<u8>,
    too_long: bool,
    inside: bool,
}

const STX: u8 = 0x02;
const ETX: u8 = 0x03;

impl Framer {
    /// A framer for scanners with that setting.
    #[must_use]
    pub fn new(suffix: Suffix) -> Self {
        Self { suffix, frame: Vec::new(), too_long: false, inside: false }
    }

    /// Takes what came and gives the readings that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Reading> {
        bytes.iter().filter_map(|byte| self.push_byte(*byte)).collect()
    }

    /// Ends the frame because the scanner has been silent (50 to 100 ms), for scanners that send
    /// no suffix.
    ///
    /// A frame between STX and ETX is thrown away instead: half a code is worse than none.
    pub fn silence(&mut self) -> Option<Reading> {
        match self.suffix {
            Suffix::StxEtx => {
                self.clear();
                None
            }
            Suffix::Any | Suffix::Cr | Suffix::Lf | Suffix::CrLf | Suffix::Tab => self.end(),
        }
    }

    fn push_byte(&mut self, byte: u8) -> Option<Reading> {
        match (self.suffix, byte) {
            (Suffix::Any | Suffix::StxEtx, STX) => {
                self.clear();
                self.inside = true;
                None
            }
            (Suffix::StxEtx, _) if !self.inside => None,
            (Suffix::Any, b'\r' | b'\n' | b'\t' | ETX)
            | (Suffix::Cr, b'\r')
            | (Suffix::Lf, b'\n')
            | (Suffix::Tab, b'\t')
            | (Suffix::StxEtx, ETX) => self.end(),
            (Suffix::CrLf, b'\n') if self.frame.last() == Some(&b'\r') => {
                self.frame.pop();
                self.end()
            }
            (
                Suffix::Any | Suffix::Cr | Suffix::Lf | Suffix::CrLf | Suffix::Tab | Suffix::StxEtx,
                byte,
            ) => {
                self.keep(byte);
                None
            }
        }
    }

    /// An over-long frame keeps only its last byte, which the next one may need to end it.
    fn keep(&mut self, byte: u8) {
        // The CR of CR LF is not part of the code.
        let limit = SCAN_BYTES_MAX + usize::from(byte == b'\r' && self.suffix == Suffix::CrLf);
        if self.frame.len() >= limit {
            self.too_long = true;
            self.frame.clear();
        }
        self.frame.push(byte);
    }

    fn clear(&mut self) {
        self.frame.clear();
        self.too_long = false;
        self.inside = false;
    }

    fn end(&mut self) -> Option<Reading> {
        let frame = std::mem::take(&mut self.frame);
        let too_long = self.too_long;
        self.clear();
        if too_long {
            return Some(Reading::TooLong);
        }
        read(&self.trimmed(frame))
    }

    /// A scanner set to CR LF behind a setting of CR leaves its LF at the next frame's beginning.
    fn trimmed(&self, mut frame: Vec<u8>) -> Vec<u8> {
        match self.suffix {
            Suffix::Cr if frame.first() == Some(&b'\n') => {
                frame.remove(0);
            }
            Suffix::Lf if frame.last() == Some(&b'\r') => {
                frame.pop();
            }
            Suffix::Any | Suffix::Cr | Suffix::Lf | Suffix::CrLf | Suffix::Tab | Suffix::StxEtx => {
            }
        }
        frame
    }
}

/// What a frame says; an empty one says nothing.
fn read(frame: &[u8]) -> Option<Reading> {
    let Some(text) = decode(frame).filter(|text| is_text(text)) else {
        return Some(Reading::NotText);
    };
    let (symbology, text) = AimId::split(&text);
    (!text.is_empty()).then(|| Reading::Scan(Scan { text: text.to_owned(), symbology }))
}

/// UTF-8 first, then GBK: Chinese scanners send one or the other by setting.
fn decode(frame: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(frame) {
        return Some(text.to_owned());
    }
    GBK.decode_without_bom_handling_and_without_replacement(frame).map(std::borrow::Cow::into_owned)
}

/// Codes carry no control characters except the separators of GS1 and ISO/IEC 15434.
fn is_text(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\u{4}' | '\u{1c}'..='\u{1f}'))
}

/// Why a scanner cannot be read.
#[derive(Debug, Error)]
pub enum ScannerError {
    /// The connection failed.
    #[error("could not read from the scanner")]
    Read(#[source] std::io::Error),
}

/// Readings of a scanner behind anything that can be read, such as a TCP stream.
///
/// The iterator blocks. It ends when the scanner is gone (a read of nothing), after giving what
/// was complete; it gives one error and ends when reading fails. Set a read time limit of 100 ms
/// on the stream if the scanner sends no suffix: each limit that passes closes the frame. To stop
/// it from another thread, shut the stream down.
#[derive(Debug)]
pub struct NetworkScanner<R> {
    reader: R,
    framer: Framer,
    waiting: std::collections::VecDeque<Reading>,
    ended: bool,
}

impl<R: Read> NetworkScanner<R> {
    /// A scanner behind `reader`.
    pub fn new(reader: R, suffix: Suffix) -> Self {
        Self {
            reader,
            framer: Framer::new(suffix),
            waiting: std::collections::VecDeque::new(),
            ended: false,
        }
    }

    /// Reads once; answers an error that ends the iterator.
    fn fill(&mut self) -> Result<(), ScannerError> {
        let mut buffer = [0_u8; 512];
        match self.reader.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(length) => {
                let came = buffer.get(..length).unwrap_or_default();
                self.waiting.extend(self.framer.push(came));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.waiting.extend(self.framer.silence());
            }
            Err(error) => {
                self.ended = true;
                return Err(ScannerError::Read(error));
            }
        }
        Ok(())
    }
}

impl<R: Read> Iterator for NetworkScanner<R> {
    type Item = Result<Reading, ScannerError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(reading) = self.waiting.pop_front() {
                return Some(Ok(reading));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.fill() {
                return Some(Err(error));
            }
        }
    }
}
