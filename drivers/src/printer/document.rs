//! What a receipt says, row by row, before any paper width is known.
//!
//! **Invariant:** no bytes, no columns and no prices; an amount is text that somebody else made.

/// Side length of one QR module in printer dots when nothing else is wanted.
///
/// Six dots are 0.75 mm at 203 dpi, which a phone reads from an arm's length.
pub const QR_MODULE_DOTS: u8 = 6;

/// A receipt, slip or report as rows from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    rows: Vec<Row>,
}

impl Document {
    /// A document without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row at the bottom.
    pub fn push(&mut self, row: impl Into<Row>) -> &mut Self {
        self.rows.push(row.into());
        self
    }

    /// The rows from top to bottom.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl FromIterator<Row> for Document {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect() }
    }
}

/// One thing on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A paragraph, or a name on the left with an amount on the right.
    Text(Text),
    /// Cells side by side that share the width by weight.
    Columns(Vec<Cell>),
    /// A thin line across the paper.
    Rule,
    /// The accountant's double line, above a total.
    DoubleRule,
    /// Blank lines.
    Feed {
        /// How many.
        lines: u8,
    },
    /// A QR code, model 2, error correction level M, centred.
    Qr {
        /// What the code says, as UTF-8.
        text: String,
        /// Side length of one module in dots, 1 to 15 (the encoder's most); [`QR_MODULE_DOTS`] is the usual.
        module: u8,
    },
    /// A linear barcode with its text below, centred.
    Barcode {
        /// Which kind of bars.
        symbology: Symbology,
        /// What the bars say.
        text: String,
    },
    /// The end of a slip.
    Cut(Cut),
}

impl From<Text> for Row {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

/// A paragraph and, if wanted, a short text at the right end of its last line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The paragraph; wrapped when it is too long.
    pub left: String,
    /// What stands at the right end, such as an amount; never wrapped while a line can hold it.
    pub right: Option<String>,
    /// Where the paragraph stands; without meaning when there is a right part.
    pub align: Align,
    /// Heavy strokes.
    pub bold: bool,
    /// A line beneath.
    pub underline: bool,
    /// How many times wider and taller than usual; narrower where one line could not hold it.
    pub size: Size,
}

impl Text {
    /// A plain paragraph, left, of usual size.
    #[must_use]
    pub fn new(left: impl Into<String>) -> Self {
        Self { left: left.into(), ..Self::default() }
    }

    /// Puts `right` at the right end of the last line.
    #[must_use]
    pub fn right(self, right: impl Into<String>) -> Self {
        Self { right: Some(right.into()), ..self }
    }

    /// Stands where `align` says.
    #[must_use]
    pub fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// Stands in the middle.
    #[must_use]
    pub fn centred(self) -> Self {
        self.aligned(Align::Centre)
    }

    /// With heavy strokes.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// With a line beneath.
    #[must_use]
    pub fn underlined(self) -> Self {
        Self { underline: true, ..self }
    }

    /// Magnified.
    #[must_use]
    pub fn sized(self, size: Size) -> Self {
        Self { size, ..self }
    }

    /// Twice as wide and twice as tall.
    #[must_use]
    pub fn double(self) -> Self {
        self.sized(Size::DOUBLE)
    }
}

/// One of several texts that stand side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Its share of the width against the other cells of the row; 0 counts as 1.
    pub weight: u8,
    /// Where the text stands in the cell. A right cell holds an amount and is never wrapped.
    pub align: Align,
}

impl Cell {
    /// A cell for names: wrapped when it is too long.
    #[must_use]
    pub fn left(text: impl Into<String>, weight: u8) -> Self {
        Self { text: text.into(), weight, align: Align::Left }
    }

    /// A cell whose text stands in the middle: wrapped when it is too long.
    #[must_use]
    pub fn centre(text: impl Into<String>, weight: u8) -> Self {
        Self { text: text.into(), weight, align: Align::Centre }
    }

    /// A cell for amounts: it takes width from the other cells before it would be wrapped.
    #[must_use]
    pub fn right(text: impl Into<String>, weight: u8) -> Self {
        Self { text: text.into(), weight, align: Align::Right }
    }
}

/// Where a text stands between the edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right edge.
    Right,
}

/// How many times wider and taller than usual, each 1 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width: u8,
    height: u8,
}

impl Size {
    /// As the font is.
    pub const NORMAL: Self = Self { width: 1, height: 1 };
    /// Twice as wide and twice as tall.
    pub const DOUBLE: Self = Self { width: 2, height: 2 };
    /// Twice as tall.
    pub const TALL: Self = Self { width: 1, height: 2 };
    /// Twice as wide.
    pub const WIDE: Self = Self { width: 2, height: 1 };

    /// A magnification that printers know, or nothing outside 1 to 8.
    #[must_use]
    pub fn new(width: u8, height: u8) -> Option<Self> {
        let known = 1..=8;
        (known.contains(&width) && known.contains(&height)).then_some(Self { width, height })
    }

    /// Times wider.
    #[must_use]
    pub fn width(self) -> u8 {
        self.width
    }

    /// Times taller.
    #[must_use]
    pub fn height(self) -> u8 {
        self.height
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// The linear barcodes that receipts use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// Any printable ASCII, such as a receipt number.
    Code128,
    /// Thirteen digits, the last being the check digit.
    Ean13,
}

/// How the cutter ends a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Leaves a bridge, so that the slip does not fall.
    Partial,
    /// Cuts through.
    Full,
}

/// What a paper roll and its printer's font can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    columns: u8,
    dots: u16,
}

impl Paper {
    /// 58 mm rolls at 203 dpi: 384 dots, 12 dots a column in Font A.
    pub const COLUMNS_32: Self = Self { columns: 32, dots: 384 };
    /// 80 mm rolls at 180 dpi: 512 dots, 12 dots a column in Font A.
    pub const COLUMNS_42: Self = Self { columns: 42, dots: 512 };
    /// 80 mm rolls at 203 dpi: 576 dots, 12 dots a column in Font A.
    pub const COLUMNS_48: Self = Self { columns: 48, dots: 576 };

    /// The paper with that many columns: 32, 42 or 48.
    #[must_use]
    pub fn with_columns(columns: u8) -> Option<Self> {
        [Self::COLUMNS_32, Self::COLUMNS_42, Self::COLUMNS_48]
            .into_iter()
            .find(|paper| paper.columns == columns)
    }

    /// Columns of a line; a hanzi takes two.
    #[must_use]
    pub fn columns(self) -> usize {
        usize::from(self.columns)
    }

    /// Width in printer dots.
    #[must_use]
    pub fn dots(self) -> u16 {
        self.dots
    }
}
