//! A file as rows of cells, one at a time.
//!
//! **Invariant:** at most one row is held; a file of a million rows costs no more than one of ten.

use std::{io, ops::ControlFlow, path::Path};

use super::{csv_sheet, xlsx_sheet};

/// More is not a price list: 512 MiB.
const FILE_BYTES_MAX: u64 = 512 * 1_024 * 1_024;
/// Columns that are looked at.
pub(super) const CELLS_MAX: usize = 256;

/// What a cell was before it became text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CellKind {
    /// Text, as everything in a CSV file.
    #[default]
    Text,
    /// A number of a spreadsheet: its leading zeros are gone, and past 15 digits so is the rest.
    Number,
    /// Nothing that a column of ours can be: a date, an error, yes or no.
    Odd,
    /// The beginning of a line that is no row: a quote is never closed, or it is too long.
    Unclosed,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its text without surrounding blanks.
    pub(super) text: String,
    /// What it was.
    pub(super) kind: CellKind,
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self { text: text.trim().to_owned(), kind: CellKind::Text }
    }
}

/// A row and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetRow {
    /// The line of the file on which it begins, or the row of the sheet; from 1.
    pub(super) line: u64,
    /// Its cells.
    pub(super) cells: Vec<Cell>,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SheetError {
    /// The file cannot be opened or read.
    #[error("could not read the file")]
    Read(#[source] io::Error),
    /// Over `FILE_BYTES_MAX`.
    #[error("the file is larger than {} MiB", FILE_BYTES_MAX / 1_048_576)]
    TooLarge,
    /// Not a workbook that can be read.
    #[error("could not read the workbook")]
    Workbook(#[source] calamine::XlsxError),
    /// A workbook that names rows or columns beyond those of a sheet, or is damaged in the same way.
    #[error("the workbook is damaged, or has rows or columns beyond what a sheet has")]
    Beyond,
    /// A workbook without a sheet.
    #[error("the workbook has no sheet")]
    NoSheet,
    /// A text file that breaks the rules of CSV.
    #[error("could not read the file as CSV")]
    Csv(#[source] csv::Error),
    /// An old workbook format.
    #[error("this is no CSV or XLSX file")]
    Format,
}

/// Who gets the rows; `Break` ends the reading.
pub(super) type Taker<'a> = dyn FnMut(SheetRow) -> ControlFlow<()> + 'a;

/// Reads a file row by row, the header first; rows without any text are left out.
pub(super) fn read(path: &Path, take: &mut Taker<'_>) -> Result<(), SheetError> {
    let size = std::fs::metadata(path).map_err(SheetError::Read)?.len();
    if size > FILE_BYTES_MAX {
        return Err(SheetError::TooLarge);
    }
    let mut take = |row: SheetRow| {
        if row.cells.iter().all(|cell| cell.text.is_empty()) {
            return ControlFlow::Continue(());
        }
        take(row)
    };
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("xlsx" | "xlsm") => xlsx_sheet::read(path, &mut take),
        Some("xls" | "ods" | "et" | "numbers") => Err(SheetError::Format),
        Some(_) | None => csv_sheet::read(path, &mut take),
    }
}
