//! A pole display of two lines of twenty columns, which the shopper reads.
//!
//! The bytes are CD5220's, the most common command set; LCD types take GBK, two columns a hanzi.
//! Source: `PartnerTech`'s CD5220 manual.
//!
//! **Invariant:** a line is twenty columns, always: a shorter one would leave the old text behind.

use serde::Serialize;

use crate::printer::gbk;
use crate::printer::layout::clip;

/// Columns of a line.
pub const COLUMNS: usize = 20;

/// `CLR`: clears both lines and leaves the string mode.
pub const CLEAR: [u8; 1] = [0x0c];

/// What both lines show; each is exactly [`COLUMNS`] wide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinePair {
    /// The upper line.
    pub upper: String,
    /// The lower line.
    pub lower: String,
}

impl Default for LinePair {
    /// Both lines blank.
    fn default() -> Self {
        Self::new("", "")
    }
}

impl LinePair {
    /// Both lines, cut or filled up to their width.
    #[must_use]
    pub fn new(upper: &str, lower: &str) -> Self {
        Self { upper: fitted(upper), lower: fitted(lower) }
    }

    /// `ESC Q A` upper `CR`, `ESC Q B` lower `CR`.
    #[must_use]
    pub fn to_cd5220(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * (COLUMNS + 4));
        for (line, text) in [(b'A', &self.upper), (b'B', &self.lower)] {
            bytes.extend([0x1b, 0x51, line]);
            bytes.extend(gbk::encode(&fitted(text)));
            bytes.push(0x0d);
        }
        bytes
    }
}

/// The text cut or filled up to the width of a line.
fn fitted(text: &str) -> String {
    let mut line = clip(&gbk::printable(text), COLUMNS);
    let free = COLUMNS.saturating_sub(gbk::width(&line));
    line.extend(std::iter::repeat_n(' ', free));
    line
}

/// A name at the left and an amount at the right of one line; the name gives way.
///
/// An amount wider than the whole line shows its beginning.
#[must_use]
pub fn justified(left: &str, right: &str) -> String {
    let right = clip(&gbk::printable(right), COLUMNS);
    let room = COLUMNS - gbk::width(&right);
    let left = clip(&gbk::printable(left), room.saturating_sub(1));
    let gap = room - gbk::width(&left);
    let mut line = left;
    line.extend(std::iter::repeat_n(' ', gap));
    line.push_str(&right);
    line
}

/// A text in the middle of one line.
#[must_use]
pub fn centred(text: &str) -> String {
    let text = clip(&gbk::printable(text), COLUMNS);
    let before = (COLUMNS - gbk::width(&text)) / 2;
    let mut line: String = std::iter::repeat_n(' ', before).collect();
    line.push_str(&text);
    fitted(&line)
}
