//! A pole display made of memory, fed with CD5220 bytes.
//!
//! **Invariant:** it shows only what the bytes say.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::GBK;

use crate::display::{COLUMNS, LinePair};

/// A handle to one display; clones show and write the same two lines.
#[derive(Debug, Clone, Default)]
pub struct SimDisplay {
    glass: Arc<Mutex<Glass>>,
}

#[derive(Debug, Default)]
struct Glass {
    lines: LinePair,
    pending: Vec<u8>,
}

/// Bytes of an unfinished command at most: a whole line and its frame.
const PENDING_BYTES_MAX: usize = COLUMNS + 8;

impl SimDisplay {
    /// What it shows.
    #[must_use]
    pub fn lines(&self) -> LinePair {
        self.lock().lines.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Glass> {
        self.glass.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for SimDisplay {
    /// Takes all bytes at once and never fails.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut glass = self.lock();
        for byte in bytes {
            glass.push(*byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Glass {
    /// Takes one byte: most commands end by their length, a line by CR.
    fn push(&mut self, byte: u8) {
        self.pending.push(byte);
        let ended = match self.pending.as_slice() {
            [0x0c] => {
                self.lines = LinePair::default();
                true
            }
            [0x1b, 0x40] => {
                self.lines = LinePair::default();
                true
            }
            [0x1b, 0x51, b'A', text @ .., 0x0d] => {
                self.lines = LinePair::new(&decode(text), &self.lines.lower);
                true
            }
            [0x1b, 0x51, b'B', text @ .., 0x0d] => {
                self.lines = LinePair::new(&self.lines.upper, &decode(text));
                true
            }
            // The cursor and the brightness change nothing that a string mode display shows.
            [0x1b, 0x6c, _, _] | [0x1b, 0x2a, _] => true,
            [0x1b, ..] => self.pending.len() >= PENDING_BYTES_MAX,
            _ => true,
        };
        if ended {
            self.pending.clear();
        }
    }
}

fn decode(bytes: &[u8]) -> String {
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}
