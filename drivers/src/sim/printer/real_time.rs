//! Finds the commands that a printer obeys the moment they come in.
//!
//! A real printer looks for them in everything it receives, also inside the data of others; so
//! does this one, which is why pictures must not hold such bytes.
//!
//! **Invariant:** a command cut between two reads is still found.

/// Something to be done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgent {
    /// DLE EOT n, n from 1 to 4.
    Status(u8),
    /// DLE DC4 1: a pulse to the drawer.
    Kick,
}

/// Looks for them byte by byte.
#[derive(Debug, Default)]
pub(super) struct RealTime {
    begun: Vec<u8>,
}

impl RealTime {
    pub(super) fn push(&mut self, byte: u8) -> Option<Urgent> {
        self.begun.push(byte);
        match self.begun.as_slice() {
            [0x10] | [0x10, 0x04 | 0x14] | [0x10, 0x14, 0x01] | [0x10, 0x14, 0x01, _] => None,
            [0x10, 0x04, n @ 1..=4] => self.found(Urgent::Status(*n)),
            [0x10, 0x14, 0x01, _, 1..=8] => self.found(Urgent::Kick),
            _ => {
                self.begun.clear();
                if byte == 0x10 {
                    self.begun.push(byte);
                }
                None
            }
        }
    }

    fn found(&mut self, urgent: Urgent) -> Option<Urgent> {
        self.begun.clear();
        Some(urgent)
    }
}
