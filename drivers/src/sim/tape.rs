//! Draws what a printer would print, from the bytes it gets.
//!
//! **Invariant:** pure; the same bytes in other pieces give the same rows.

use encoding_rs::GBK;

use super::command::{self, Command};
use super::slip::{Span, TapeAlign, TapeRow, base64};
use crate::printer::gbk;

/// What a command did to the world outside the line buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Something came onto the paper.
    Row(TapeRow),
    /// The cutter ran.
    Cut,
    /// The drawer got a pulse.
    Kick,
    /// The host asks GS r n.
    Fence(u8),
    /// The host wants status on change, or no more of it at 0.
    Automatic(u8),
    /// The printer does not know these bytes.
    Unknown(Vec<u8>),
}

/// One command worked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Bytes it took.
    pub consumed: usize,
    /// What it did.
    pub effects: Vec<Effect>,
    /// Whether it belongs to a job; status requests and real-time commands do not.
    pub of_a_job: bool,
}

/// The style of the next character.
#[derive(Debug, Clone, Copy)]
struct Style {
    width: u8,
    height: u8,
    bold: bool,
    underline: bool,
    inverse: bool,
    /// FS ! for hanzi: bit 2 twice as wide, bit 3 twice as tall.
    hanzi_mode: u8,
    hanzi_underline: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: 1,
            height: 1,
            bold: false,
            underline: false,
            inverse: false,
            hanzi_mode: 0,
            hanzi_underline: false,
        }
    }
}

/// A printer's mind: styles, the line being filled, a stored QR code.
#[derive(Debug)]
pub struct Interpreter {
    columns: usize,
    chinese: bool,
    style: Style,
    align: TapeAlign,
    line: Vec<Span>,
    used: usize,
    qr: Vec<u8>,
    qr_size: u8,
}

impl Interpreter {
    /// A printer just switched on, with paper of that many columns and Chinese mode on.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            chinese: true,
            style: Style::default(),
            align: TapeAlign::Left,
            line: Vec::new(),
            used: 0,
            qr: Vec::new(),
            qr_size: 3,
        }
    }

    /// Works through the first command in `bytes`, or nothing while it is incomplete.
    pub fn step(&mut self, bytes: &[u8]) -> Option<Step> {
        let (command, consumed) = command::next(bytes, self.chinese)?;
        let mut effects = Vec::new();
        let of_a_job =
            !matches!(command, Command::RealTime | Command::Fence(_) | Command::Automatic(_));
        self.obey(command, &mut effects);
        Some(Step { consumed, effects, of_a_job })
    }

    /// Works through all whole commands; answers their effects and the bytes that are left over.
    pub fn run(&mut self, bytes: &[u8]) -> (Vec<Effect>, usize) {
        let mut effects = Vec::new();
        let mut at = 0;
        while let Some(step) = bytes.get(at..).and_then(|rest| self.step(rest)) {
            at += step.consumed;
            effects.extend(step.effects);
        }
        (effects, bytes.len() - at)
    }

    fn obey(&mut self, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Text(bytes) => self.text(&bytes, effects),
            Command::LineFeed => self.feed(1, effects),
            Command::Feed(lines) => self.feed(u32::from(lines), effects),
            Command::Cut => {
                self.end_line(effects);
                effects.push(Effect::Cut);
            }
            Command::Kick => effects.push(Effect::Kick),
            Command::Fence(n) => effects.push(Effect::Fence(n)),
            Command::Automatic(n) => effects.push(Effect::Automatic(n)),
            Command::Barcode { symbology, data } => self.barcode(symbology, &data, effects),
            Command::Qr { function, parameters } => self.qr(function, parameters, effects),
            Command::Raster { row_bytes, rows, data } => {
                self.raster(row_bytes, rows, &data, effects)
            }
            Command::Unknown(bytes) => effects.push(Effect::Unknown(bytes)),
            Command::RealTime | Command::Unseen => {}
            Command::Initialise
            | Command::Align(_)
            | Command::Bold(_)
            | Command::Underline(_)
            | Command::Inverse(_)
            | Command::Size { .. }
            | Command::PrintMode(_)
            | Command::Chinese(_)
            | Command::ChinesePrintMode(_)
            | Command::ChineseUnderline(_) => self.restyle(&command),
        }
    }

    fn restyle(&mut self, command: &Command) {
        let style = &mut self.style;
        match command {
            Command::Initialise => *self = Self::new(self.columns),
            Command::Align(n) if self.line.is_empty() => {
                self.align = match n {
                    1 | 49 => TapeAlign::Center,
                    2 | 50 => TapeAlign::Right,
                    _ => TapeAlign::Left,
                };
            }
            Command::Bold(on) => style.bold = *on,
            Command::Underline(on) => style.underline = *on,
            Command::Inverse(on) => style.inverse = *on,
            Command::Size { width, height } => (style.width, style.height) = (*width, *height),
            Command::PrintMode(n) => {
                style.bold = n & 0x08 != 0;
                style.height = 1 + (n >> 4 & 1);
                style.width = 1 + (n >> 5 & 1);
                style.underline = n & 0x80 != 0;
            }
            Command::Chinese(on) => self.chinese = *on,
            Command::ChinesePrintMode(n) => {
                style.hanzi_mode = *n;
                style.hanzi_underline = n & 0x80 != 0;
            }
            Command::ChineseUnderline(on) => style.hanzi_underline = *on,
            Command::Align(_)
            | Command::Text(_)
            | Command::LineFeed
            | Command::Feed(_)
            | Command::Cut
            | Command::Kick
            | Command::RealTime
            | Command::Fence(_)
            | Command::Automatic(_)
            | Command::Barcode { .. }
            | Command::Qr { .. }
            | Command::Raster { .. }
            | Command::Unseen
            | Command::Unknown(_) => {}
        }
    }

    fn text(&mut self, bytes: &[u8], effects: &mut Vec<Effect>) {
        let text = if self.chinese {
            decode(bytes)
        } else {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        };
        for character in text.chars() {
            self.character(character, effects);
        }
    }

    /// Adds a character; a full line is printed first, as printers do.
    fn character(&mut self, character: char, effects: &mut Vec<Effect>) {
        let style = self.style_of(character);
        let width = gbk::columns(character) * usize::from(style.width);
        if self.used + width > self.columns {
            self.end_line(effects);
        }
        self.used += width;
        match self.line.last_mut() {
            Some(span) if same_style(span, &style) => span.text.push(character),
            Some(_) | None => self.line.push(Span { text: character.to_string(), ..style }),
        }
    }

    fn style_of(&self, character: char) -> Span {
        let style = self.style;
        let hanzi = !character.is_ascii();
        let mode = if hanzi { style.hanzi_mode } else { 0 };
        Span {
            text: String::new(),
            width: style.width.max(1 + (mode >> 2 & 1)),
            height: style.height.max(1 + (mode >> 3 & 1)),
            bold: style.bold,
            underline: if hanzi { style.hanzi_underline } else { style.underline },
            inverse: style.inverse,
        }
    }

    fn end_line(&mut self, effects: &mut Vec<Effect>) {
        self.used = 0;
        let spans = std::mem::take(&mut self.line);
        if !spans.is_empty() {
            let align = self.align;
            effects.push(Effect::Row(TapeRow::Text { align, spans }));
        }
    }

    /// Printing a line is itself one line of feed.
    fn feed(&mut self, lines: u32, effects: &mut Vec<Effect>) {
        let printed = u32::from(!self.line.is_empty());
        self.end_line(effects);
        let lines = lines.saturating_sub(printed);
        if lines > 0 {
            effects.push(Effect::Row(TapeRow::Feed { lines }));
        }
    }

    fn barcode(&mut self, symbology: &str, data: &[u8], effects: &mut Vec<Effect>) {
        self.end_line(effects);
        let text = String::from_utf8_lossy(data);
        let text = match symbology {
            "CODE128" => text.strip_prefix("{B").unwrap_or(&text).replace("{{", "{"),
            _ => text.into_owned(),
        };
        let symbology = symbology.to_owned();
        effects.push(Effect::Row(TapeRow::Barcode { symbology, text }));
    }

    fn qr(&mut self, function: u8, parameters: Vec<u8>, effects: &mut Vec<Effect>) {
        match (function, parameters.as_slice()) {
            (67, [size, ..]) => self.qr_size = *size,
            (80, [48, data @ ..]) => self.qr = data.to_vec(),
            (81, _) => {
                self.end_line(effects);
                let text = String::from_utf8_lossy(&self.qr).into_owned();
                let size = self.qr_size;
                effects.push(Effect::Row(TapeRow::Qr { text, size }));
            }
            (65 | 69, _) => {}
            (other, _) => effects.push(Effect::Unknown(vec![0x1d, b'(', b'k', other])),
        }
    }

    fn raster(&mut self, row_bytes: usize, rows: usize, data: &[u8], effects: &mut Vec<Effect>) {
        self.end_line(effects);
        effects.push(Effect::Row(TapeRow::Raster {
            width: u32::try_from(row_bytes * 8).unwrap_or(u32::MAX),
            height: u32::try_from(rows).unwrap_or(u32::MAX),
            data: base64(data),
        }));
    }
}

fn same_style(span: &Span, style: &Span) -> bool {
    (span.width, span.height, span.bold) == (style.width, style.height, style.bold)
        && (span.underline, span.inverse) == (style.underline, style.inverse)
}

/// GBK to text, pair by pair; one without a character shows as U+FFFD.
///
/// The decoder is not given the whole run: it would also read sequences of four bytes, which
/// these printers do not know.
fn decode(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while let [first, rest @ ..] = bytes {
        bytes = match rest {
            [trail, after @ ..] if command::is_lead(*first) && command::is_trail(*trail) => {
                let bytes = [*first, *trail];
                let (pair, _) = GBK.decode_without_bom_handling(&bytes);
                text.push(pair.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER));
                after
            }
            _ if first.is_ascii() => {
                text.push(char::from(*first));
                rest
            }
            _ => {
                text.push(char::REPLACEMENT_CHARACTER);
                rest
            }
        };
    }
    text
}
