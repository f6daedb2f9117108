//! Puts a document on paper of a known width: which line holds what, and where it breaks.
//!
//! The same lines serve the printer, the screen and the electronic receipt.
//!
//! **Invariant:** no line is wider than the paper, counted in GBK bytes; an amount is never
//! shortened, it moves to a line of its own first.

mod table;
mod wrap;

use crate::printer::document::{
    Align, Cut, Document, Paper, QR_MODULE_DOTS, Row, Size, Symbology, Text,
};
use crate::printer::gbk;
use wrap::balanced;
pub(crate) use wrap::{clip, wrap};

/// Blank lines in one feed at most; more is a mistake that wastes paper.
pub const FEED_LINES_MAX: u8 = 20;

/// Something that has found its place on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// One line of text.
    Line(Line),
    /// Blank lines.
    Feed {
        /// How many, 1 to [`FEED_LINES_MAX`].
        lines: u8,
    },
    /// A QR code in the middle of the paper.
    Qr {
        /// What it says.
        text: String,
        /// Dots of one module, 1 to 15.
        module: u8,
    },
    /// A barcode in the middle of the paper.
    Barcode {
        /// Which kind of bars.
        symbology: Symbology,
        /// What the bars say.
        text: String,
    },
    /// The end of a slip.
    Cut(Cut),
}

/// One line of text as it stands on paper; every character of it is printable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The characters, with the spaces between left and right parts in place.
    pub text: String,
    /// Where the printer shall put it.
    pub align: Align,
    /// Heavy strokes.
    pub bold: bool,
    /// A line beneath.
    pub underline: bool,
    /// Magnification.
    pub size: Size,
}

impl Line {
    fn plain(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    /// Columns of the paper that the line takes, its magnification counted.
    #[must_use]
    pub fn columns(&self) -> usize {
        gbk::width(&self.text) * usize::from(self.size.width())
    }
}

/// Lays the document out for that paper.
#[must_use]
pub fn lay_out(document: &Document, paper: Paper) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(document.rows().len());
    for row in document.rows() {
        lay_out_row(row, paper, &mut placed);
    }
    placed
}

fn lay_out_row(row: &Row, paper: Paper, placed: &mut Vec<Placed>) {
    match row {
        Row::Text(text) => placed.extend(text_lines(text, paper).map(Placed::Line)),
        Row::Columns(cells) => placed.extend(
            table::lines(cells, paper.columns())
                .into_iter()
                .map(|text| Placed::Line(Line::plain(text))),
        ),
        Row::Rule => placed.push(rule('-', paper)),
        Row::DoubleRule => placed.push(rule('=', paper)),
        Row::Feed { lines: 0 } => {}
        Row::Feed { lines } => placed.push(Placed::Feed { lines: (*lines).min(FEED_LINES_MAX) }),
        Row::Qr { text, module } => placed.push(Placed::Qr {
            text: text.chars().filter(|c| !c.is_control()).collect(),
            module: if (1..=15).contains(module) { *module } else { QR_MODULE_DOTS },
        }),
        Row::Barcode { symbology, text } => {
            placed.push(Placed::Barcode { symbology: *symbology, text: gbk::printable(text) })
        }
        Row::Cut(cut) => placed.push(Placed::Cut(*cut)),
    }
}

fn rule(stroke: char, paper: Paper) -> Placed {
    Placed::Line(Line::plain(std::iter::repeat_n(stroke, paper.columns()).collect()))
}

fn text_lines(text: &Text, paper: Paper) -> impl Iterator<Item = Line> {
    let left = gbk::printable(&text.left);
    let right = text.right.as_deref().map(gbk::printable);
    let size = fitting(text.size, &left, right.as_deref(), paper);
    let columns = paper.columns() / usize::from(size.width());
    let align = if right.is_some() { Align::Left } else { text.align };
    let lines = match right {
        Some(right) => justified(&left, &right, columns),
        None if align == Align::Centre => balanced(&left, columns),
        None => wrap(&left, columns),
    };
    let (bold, underline) = (text.bold, text.underline);
    lines.into_iter().map(move |text| Line { text, align, bold, underline, size })
}

/// The size at which the text stands on one line, as wide as wanted at most.
///
/// A store's name in double width that ends with one character on a second line looks broken;
/// narrower it looks meant.
fn fitting(wanted: Size, left: &str, right: Option<&str>, paper: Paper) -> Size {
    let right = right.map_or(0, |right| gbk::width(right) + 1);
    let needed = gbk::width(left) + right;
    let fits = |size: &Size| needed * usize::from(size.width()) <= paper.columns();
    (1..=wanted.width())
        .rev()
        .filter_map(|width| Size::new(width, wanted.height()))
        .find(fits)
        .or_else(|| Size::new(1, wanted.height()))
        .unwrap_or(wanted)
}

/// Left part wrapped, right part at the end of the last line, or alone below where it does not fit.
fn justified(left: &str, right: &str, columns: usize) -> Vec<String> {
    let mut lines = if left.is_empty() { Vec::new() } else { wrap(left, columns) };
    let right_width = gbk::width(right);
    let last_width = lines.last().map_or(0, |line| gbk::width(line));
    let gap = usize::from(!lines.is_empty());
    if last_width + gap + right_width > columns || lines.is_empty() {
        lines.extend(wrap(right, columns).iter().map(|part| flush_right(part, columns)));
    } else if let Some(last) = lines.last_mut() {
        pad(last, columns - last_width - right_width);
        last.push_str(right);
    }
    lines
}

/// The text at the right end of that many columns.
fn flush_right(text: &str, columns: usize) -> String {
    let mut line = String::new();
    pad(&mut line, columns.saturating_sub(gbk::width(text)));
    line.push_str(text);
    line
}

/// Adds spaces.
fn pad(line: &mut String, spaces: usize) {
    line.extend(std::iter::repeat_n(' ', spaces));
}
