//! The next ESC/POS command in a stream of bytes.
//!
//! Source of codes and lengths: Epson's ESC/POS reference.
//!
//! **Invariant:** the answer does not depend on how the bytes were cut into pieces; a command that
//! is not complete yet is no command.

/// Bytes across a raster picture at most: twice the width of 80 mm paper.
const RASTER_ROW_BYTES_MAX: usize = 144;

/// Rows of a raster picture at most.
const RASTER_ROWS_MAX: usize = 4096;

/// Bytes of a barcode in the old form, which ends with a zero.
const BARCODE_BYTES_MAX: usize = 255;

/// One thing that a host tells a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Characters to print: single bytes, and GBK pairs in Chinese mode.
    Text(Vec<u8>),
    /// LF: prints the line.
    LineFeed,
    /// ESC d n: prints the line and feeds that many lines in all.
    Feed(u8),
    /// ESC @: every style back to its beginning.
    Initialise,
    /// ESC a n.
    Align(u8),
    /// ESC E n and ESC G n.
    Bold(bool),
    /// ESC - n, for ASCII.
    Underline(bool),
    /// GS B n: white on black.
    Inverse(bool),
    /// GS ! n, already taken apart.
    Size {
        /// Times wider.
        width: u8,
        /// Times taller.
        height: u8,
    },
    /// ESC ! n: several styles at once.
    PrintMode(u8),
    /// FS & and FS . switch pairs on and off.
    Chinese(bool),
    /// FS ! n, for hanzi; FS W n is its both sizes.
    ChinesePrintMode(u8),
    /// FS - n, for hanzi.
    ChineseUnderline(bool),
    /// GS V in any form.
    Cut,
    /// ESC p: a pulse to the drawer, in its turn.
    Kick,
    /// DLE EOT, DLE ENQ, DLE DC4: already done when the bytes came in.
    RealTime,
    /// GS r n: a status request in its turn.
    Fence(u8),
    /// GS a n: status on change.
    Automatic(u8),
    /// GS k.
    Barcode {
        /// Its name, such as `CODE128`.
        symbology: &'static str,
        /// What the bars say.
        data: Vec<u8>,
    },
    /// GS ( k for QR codes: function and parameters.
    Qr {
        /// 65 model, 67 size, 69 level, 80 store, 81 print.
        function: u8,
        /// What follows.
        parameters: Vec<u8>,
    },
    /// GS v 0.
    Raster {
        /// Bytes of a row.
        row_bytes: usize,
        /// Rows.
        rows: usize,
        /// The dots.
        data: Vec<u8>,
    },
    /// A command that changes nothing which the tape draws, such as the height of bars.
    Unseen,
    /// Bytes that this printer does not know.
    Unknown(Vec<u8>),
}

/// The first command in `bytes` and how many bytes it takes, or nothing while it is incomplete.
///
/// `chinese` says whether bytes from 0x81 begin a pair.
#[must_use]
pub(super) fn next(bytes: &[u8], chinese: bool) -> Option<(Command, usize)> {
    match bytes {
        [] => None,
        [0x0a, ..] => Some((Command::LineFeed, 1)),
        [0x0d, ..] => Some((Command::Unseen, 1)),
        [0x10, rest @ ..] => real_time(rest),
        [0x1b, rest @ ..] => escape(rest),
        [0x1c, rest @ ..] => chinese_command(rest),
        [0x1d, rest @ ..] => group(rest),
        [first, ..] if is_control(*first) => Some((Command::Unknown(vec![*first]), 1)),
        text => characters(text, chinese),
    }
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

fn unknown(bytes: &[u8]) -> Option<(Command, usize)> {
    Some((Command::Unknown(bytes.to_vec()), bytes.len()))
}

/// As many characters as are whole.
fn characters(bytes: &[u8], chinese: bool) -> Option<(Command, usize)> {
    let mut length = 0;
    while let Some(rest) = bytes.get(length..) {
        length += match rest {
            [lead, trail, ..] if chinese && is_lead(*lead) => 1 + usize::from(is_trail(*trail)),
            [lead] if chinese && is_lead(*lead) => break,
            [byte, ..] if !is_control(*byte) => 1,
            _ => break,
        };
    }
    let text = bytes.get(..length).filter(|text| !text.is_empty())?;
    Some((Command::Text(text.to_vec()), length))
}

/// Whether a byte begins a pair.
pub(super) fn is_lead(byte: u8) -> bool {
    (0x81..=0xfe).contains(&byte)
}

/// Whether a byte may be the second of a pair; a lead byte before another stands alone.
pub(super) fn is_trail(byte: u8) -> bool {
    (0x40..=0xfe).contains(&byte) && byte != 0x7f
}

/// After DLE.
fn real_time(rest: &[u8]) -> Option<(Command, usize)> {
    let length = match rest {
        [] | [0x14] => return None,
        [0x04 | 0x05, ..] => 3,
        [0x14, 0x01, ..] => 5,
        [0x14, 0x08, ..] => 10,
        [other, ..] => return unknown(&[0x10, *other]),
    };
    (rest.len() + 1 >= length).then_some((Command::RealTime, length))
}

/// After ESC.
fn escape(rest: &[u8]) -> Option<(Command, usize)> {
    let (letter, parameters) = rest.split_first()?;
    if *letter == b'p' {
        return (parameters.len() >= 3).then_some((Command::Kick, 5));
    }
    match letter {
        b'@' => return Some((Command::Initialise, 2)),
        b'2' => return Some((Command::Unseen, 2)),
        b'!' | b'-' | b'3' | b'=' | b'E' | b'G' | b'J' | b'M' | b'R' | b'V' | b'a' | b'd'
        | b'r' | b't' | b'{' | b' ' => {}
        other => return unknown(&[0x1b, *other]),
    }
    let n = *parameters.first()?;
    let command = match letter {
        b'!' => Command::PrintMode(n),
        b'-' => Command::Underline(matches!(n, 1 | 2 | 49 | 50)),
        b'E' | b'G' => Command::Bold(n & 1 == 1),
        b'a' => Command::Align(n),
        b'd' => Command::Feed(n),
        _ => Command::Unseen,
    };
    Some((command, 3))
}

/// After FS.
fn chinese_command(rest: &[u8]) -> Option<(Command, usize)> {
    let (letter, parameters) = rest.split_first()?;
    match letter {
        b'&' => Some((Command::Chinese(true), 2)),
        b'.' => Some((Command::Chinese(false), 2)),
        b'!' => Some((Command::ChinesePrintMode(*parameters.first()?), 3)),
        b'W' => {
            let both_sizes = (*parameters.first()? & 1) * 0x0c;
            Some((Command::ChinesePrintMode(both_sizes), 3))
        }
        b'-' => {
            let on = matches!(*parameters.first()?, 1 | 2 | 49 | 50);
            Some((Command::ChineseUnderline(on), 3))
        }
        b'S' => (parameters.len() >= 2).then_some((Command::Unseen, 4)),
        other => unknown(&[0x1c, *other]),
    }
}

/// After GS.
fn group(rest: &[u8]) -> Option<(Command, usize)> {
    let (letter, parameters) = rest.split_first()?;
    match letter {
        b'V' => cut(parameters),
        b'k' => barcode(parameters),
        b'(' => block(parameters),
        b'v' => raster(parameters),
        b'L' | b'W' | b'P' => (parameters.len() >= 2).then_some((Command::Unseen, 4)),
        b'!' | b'B' | b'H' | b'I' | b'a' | b'b' | b'f' | b'h' | b'r' | b'w' => {
            let n = *parameters.first()?;
            Some((one_parameter(*letter, n), 3))
        }
        other => unknown(&[0x1d, *other]),
    }
}

fn one_parameter(letter: u8, n: u8) -> Command {
    match letter {
        b'!' => Command::Size { width: (n >> 4 & 7) + 1, height: (n & 7) + 1 },
        b'B' => Command::Inverse(n & 1 == 1),
        b'a' => Command::Automatic(n),
        b'r' => Command::Fence(n),
        _ => Command::Unseen,
    }
}

fn cut(parameters: &[u8]) -> Option<(Command, usize)> {
    match parameters {
        [0 | 1 | 48 | 49, ..] => Some((Command::Cut, 3)),
        [65..=68 | 97 | 98, _, ..] => Some((Command::Cut, 4)),
        [] | [65..=68 | 97 | 98] => None,
        [other, ..] => unknown(&[0x1d, b'V', *other]),
    }
}

/// GS k: the old form ends with a zero, the new one begins with its length.
fn barcode(parameters: &[u8]) -> Option<(Command, usize)> {
    let (kind, rest) = parameters.split_first()?;
    let Some(symbology) = symbology(*kind) else {
        return unknown(&[0x1d, b'k', *kind]);
    };
    let barcode = |data: &[u8]| Command::Barcode { symbology, data: data.to_vec() };
    if *kind >= 65 {
        let (length, rest) = rest.split_first()?;
        let data = rest.get(..usize::from(*length))?;
        return Some((barcode(data), 4 + data.len()));
    }
    let end = rest.iter().take(BARCODE_BYTES_MAX + 1).position(|byte| *byte == 0);
    match end {
        Some(end) => Some((barcode(rest.get(..end)?), 4 + end)),
        None if rest.len() > BARCODE_BYTES_MAX => unknown(&[0x1d, b'k', *kind]),
        None => None,
    }
}

fn symbology(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 | 65 => "UPC-A",
        1 | 66 => "UPC-E",
        2 | 67 => "EAN13",
        3 | 68 => "EAN8",
        4 | 69 => "CODE39",
        5 | 70 => "ITF",
        6 | 71 => "CODABAR",
        72 => "CODE93",
        73 => "CODE128",
        _ => return None,
    })
}

/// GS ( letter pL pH …: QR codes are understood, other blocks are stepped over whole.
fn block(parameters: &[u8]) -> Option<(Command, usize)> {
    let [letter, low, high, rest @ ..] = parameters else {
        return None;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let data = rest.get(..length)?;
    let whole = 5 + length;
    match (letter, data) {
        (b'k', [49, function, parameters @ ..]) => {
            let (function, parameters) = (*function, parameters.to_vec());
            Some((Command::Qr { function, parameters }, whole))
        }
        (other, _) => {
            let head = vec![0x1d, b'(', *other, *low, *high];
            Some((Command::Unknown(head), whole))
        }
    }
}

/// GS v 0 m xL xH yL yH and the dots.
fn raster(parameters: &[u8]) -> Option<(Command, usize)> {
    let [form, _mode, x_low, x_high, y_low, y_high, rest @ ..] = parameters else {
        return None;
    };
    let row_bytes = usize::from(u16::from_le_bytes([*x_low, *x_high]));
    let rows = usize::from(u16::from_le_bytes([*y_low, *y_high]));
    if *form != b'0' || row_bytes > RASTER_ROW_BYTES_MAX || rows > RASTER_ROWS_MAX {
        return unknown(&[0x1d, b'v', *form]);
    }
    let data = rest.get(..row_bytes * rows)?;
    let whole = 8 + data.len();
    let data = data.to_vec();
    Some((Command::Raster { row_bytes, rows, data }, whole))
}
