//! What stands on the simulated paper, as the devices page draws it.
//!
//! **Invariant:** everything here was decoded from bytes; nothing was copied from a document.

use serde::Serialize;

/// Slips kept; the oldest goes when another is cut.
pub const SLIPS_MAX: usize = 20;

/// The paper of one printer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tape {
    /// Columns of the paper.
    pub columns: usize,
    /// Slips, newest last, at most [`SLIPS_MAX`]. The newest may not be cut yet.
    pub slips: Vec<Slip>,
}

/// What lies between two cuts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Slip {
    /// Rises by one with each slip of this printer, from 1.
    pub id: u64,
    /// Whether the cutter has ended it; false for the slip being printed and for a torn one.
    pub cut: bool,
    /// When its last row was printed or its drawer kicked, as the clock of the setup says it.
    pub at: String,
    /// Drawer pulses since the slip before was cut.
    pub drawer_kicks: u32,
    /// What stands on it from top to bottom.
    pub rows: Vec<TapeRow>,
    /// The bytes that made it, without status requests and real-time commands.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Slip {
    /// Its rows as plain lines, for tests and logs: codes as `[CODE128 …]` and `[QR …]`, a feed
    /// as blank lines. Alignment is drawn with spaces for a paper of that many columns.
    #[must_use]
    pub fn text(&self, columns: usize) -> Vec<String> {
        self.rows.iter().flat_map(|row| row.lines(columns)).collect()
    }
}

/// One thing on the tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TapeRow {
    /// A line of text.
    Text {
        /// Where it stands.
        align: TapeAlign,
        /// Its parts of one style each.
        spans: Vec<Span>,
    },
    /// Blank lines.
    Feed {
        /// How many.
        lines: u32,
    },
    /// A linear barcode.
    Barcode {
        /// Which kind of bars, such as `CODE128` or `EAN13`.
        symbology: String,
        /// What the bars say.
        text: String,
    },
    /// A QR code.
    Qr {
        /// What it says.
        text: String,
        /// Dots of one module.
        size: u8,
    },
    /// A picture.
    Raster {
        /// Dots across, a multiple of 8.
        width: u32,
        /// Dots down.
        height: u32,
        /// One bit a dot, most significant bit left, 1 is black, rows of whole bytes, in Base64.
        data: String,
    },
}

impl TapeRow {
    fn lines(&self, columns: usize) -> Vec<String> {
        match self {
            Self::Text { align, spans } => vec![aligned(*align, spans, columns)],
            Self::Feed { lines } => (0..*lines).map(|_| String::new()).collect(),
            Self::Barcode { symbology, text } => vec![format!("[{symbology} {text}]")],
            Self::Qr { text, .. } => vec![format!("[QR {text}]")],
            Self::Raster { width, height, .. } => vec![format!("[raster {width}x{height}]")],
        }
    }
}

fn aligned(align: TapeAlign, spans: &[Span], columns: usize) -> String {
    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
    let used: usize = spans
        .iter()
        .map(|span| crate::printer::gbk::width(&span.text) * usize::from(span.width))
        .sum();
    let free = columns.saturating_sub(used);
    let before = match align {
        TapeAlign::Left => 0,
        TapeAlign::Center => free / 2,
        TapeAlign::Right => free,
    };
    let mut line: String = std::iter::repeat_n(' ', before).collect();
    line.push_str(&text);
    line
}

/// Where a line stands, in the words of style sheets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TapeAlign {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
}

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The characters.
    pub text: String,
    /// Times wider, 1 to 8.
    pub width: u8,
    /// Times taller, 1 to 8.
    pub height: u8,
    /// Heavy strokes.
    pub bold: bool,
    /// A line beneath.
    pub underline: bool,
    /// White on black.
    pub inverse: bool,
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding, RFC 4648.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3)
            .fold(0_u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4_usize {
            let sextet = bits >> (18 - 6 * place) & 0x3f;
            let letter = usize::try_from(sextet)
                .ok()
                .and_then(|sextet| BASE64.get(sextet))
                .filter(|_| place <= group.len());
            out.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_agrees_with_the_examples_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded, "{plain}");
        }
    }
}
