//! Tells apart what a printer sends on one line: answers, status on change, blocks.
//!
//! A byte alone does not say what it is; it is read by its fixed bits and by what was asked.
//! Sources: Epson's ESC/POS reference, Citizen's and Bematech's manuals.
//!
//! **Invariant:** the same bytes in other pieces give the same answers.

use std::collections::VecDeque;

use super::{is_automatic_first, is_real_time};

/// Bytes of a block reply at most; a printer's name has a few dozen.
pub const BLOCK_BYTES_MAX: usize = 128;

/// Requests that may wait for an answer; more is a printer that does not answer.
pub const ASKED_MAX: usize = 32;

/// Something the host asked and the printer has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// DLE EOT n: answered at once.
    RealTime(u8),
    /// GS r n: answered in its turn, and not while off-line.
    Buffered(u8),
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The answer to DLE EOT `n`.
    RealTime {
        /// Which was asked.
        n: u8,
        /// The status byte.
        value: u8,
    },
    /// The answer to GS r `n`.
    Buffered {
        /// Which was asked.
        n: u8,
        /// The status byte.
        value: u8,
    },
    /// A status on change; see [`super::PrinterStatus::from_automatic`].
    Automatic([u8; 4]),
    /// A block, its first byte included and its closing zero not.
    Block(Vec<u8>),
    /// Go on sending.
    Xon,
    /// Stop sending.
    Xoff,
    /// A byte that answers nothing that was asked.
    Stray(u8),
}

/// The state machine.
#[derive(Debug, Default)]
pub struct Demux {
    real_time: VecDeque<u8>,
    buffered: VecDeque<u8>,
    inside: Inside,
}

#[derive(Debug, Default)]
enum Inside {
    #[default]
    Nothing,
    Automatic(Vec<u8>),
    Block(Vec<u8>),
}

impl Demux {
    /// Remembers a request, so that its answer can be told apart.
    pub fn asked(&mut self, asked: Asked) {
        let (queue, n) = match asked {
            Asked::RealTime(n) => (&mut self.real_time, n),
            Asked::Buffered(n) => (&mut self.buffered, n),
        };
        if queue.len() == ASKED_MAX {
            queue.pop_front();
        }
        queue.push_back(n);
    }

    /// Takes what came and says what it means.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for byte in bytes {
            self.push_byte(*byte, &mut heard);
        }
        heard
    }

    fn push_byte(&mut self, byte: u8, heard: &mut Vec<Heard>) {
        match std::mem::take(&mut self.inside) {
            Inside::Block(block) => self.inside_block(block, byte, heard),
            Inside::Automatic(status) => self.inside_automatic(status, byte, heard),
            Inside::Nothing => self.fresh(byte, heard),
        }
    }

    fn inside_block(&mut self, mut block: Vec<u8>, byte: u8, heard: &mut Vec<Heard>) {
        if byte == 0 || block.len() == BLOCK_BYTES_MAX {
            heard.push(Heard::Block(block));
        } else {
            block.push(byte);
            self.inside = Inside::Block(block);
        }
    }

    fn inside_automatic(&mut self, mut status: Vec<u8>, byte: u8, heard: &mut Vec<Heard>) {
        if byte & 0x90 != 0 {
            heard.extend(status.into_iter().map(Heard::Stray));
            return self.fresh(byte, heard);
        }
        status.push(byte);
        match <[u8; 4]>::try_from(status) {
            Ok(whole) => heard.push(Heard::Automatic(whole)),
            Err(status) => self.inside = Inside::Automatic(status),
        }
    }

    fn fresh(&mut self, byte: u8, heard: &mut Vec<Heard>) {
        match byte {
            0x11 => heard.push(Heard::Xon),
            0x13 => heard.push(Heard::Xoff),
            0x37 | 0x3b | 0x3d | 0x5f => self.inside = Inside::Block(vec![byte]),
            value if is_real_time(value) => heard.push(
                self.real_time
                    .pop_front()
                    .map_or(Heard::Stray(value), |n| Heard::RealTime { n, value }),
            ),
            first if is_automatic_first(first) => self.inside = Inside::Automatic(vec![first]),
            value if value & 0x90 == 0 => heard.push(
                self.buffered
                    .pop_front()
                    .map_or(Heard::Stray(value), |n| Heard::Buffered { n, value }),
            ),
            stray => heard.push(Heard::Stray(stray)),
        }
    }
}
