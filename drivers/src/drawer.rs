//! The cash drawer, which hangs on the printer's plug.
//!
//! **Invariant:** nothing here is queued behind paper. A kick kept in the buffer of a printer that
//! is off-line opens the drawer at reload, when nobody asked for it.

use crate::printer::PrinterStatus;

/// One pulse to the drawer's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kick {
    /// Which wire of the plug the drawer listens to.
    pub pin: Pin,
    /// Length in tenths of a second, 1 to 8; other values are brought into that range.
    pub pulse_100ms: u8,
}

impl Default for Kick {
    /// Pin 2 and 200 ms, which common drawers open with.
    fn default() -> Self {
        Self { pin: Pin::Two, pulse_100ms: 2 }
    }
}

impl Kick {
    /// `DLE DC4 1 m t`: done at once, also without paper. Source: Epson's ESC/POS reference.
    #[must_use]
    pub fn real_time(self) -> [u8; 5] {
        [0x10, 0x14, 0x01, self.pin.number(), self.pulse()]
    }

    /// `ESC p m t1 t2`: done in its turn, for printers that lack the real-time command.
    ///
    /// On and off times are in units of 2 ms; the off time is never shorter than the on time.
    /// Send it only to a printer whose status is ready.
    #[must_use]
    pub fn buffered(self) -> [u8; 5] {
        let on = self.pulse().saturating_mul(50).min(250);
        [0x1b, 0x70, self.pin.number(), on, 250]
    }

    fn pulse(self) -> u8 {
        self.pulse_100ms.clamp(1, 8)
    }
}

/// The two wires of a drawer plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Pin 2, the first drawer.
    Two,
    /// Pin 5, the second drawer.
    Five,
}

impl Pin {
    fn number(self) -> u8 {
        match self {
            Self::Two => 0,
            Self::Five => 1,
        }
    }
}

/// What the sense wire means; makers of drawers do not agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OpenWhen {
    /// The drawer is open while pin 3 is high.
    #[default]
    Pin3High,
    /// The drawer is open while pin 3 is low.
    Pin3Low,
}

impl OpenWhen {
    /// Whether the drawer stands open, by what the printer reports.
    #[must_use]
    pub fn is_open(self, status: &PrinterStatus) -> bool {
        match self {
            Self::Pin3High => status.drawer_pin3_high,
            Self::Pin3Low => !status.drawer_pin3_high,
        }
    }
}
