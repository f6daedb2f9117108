//! The first sheet of an XLSX workbook as rows.
//!
//! A spreadsheet keeps a number as a binary fraction. It is written out here as the shortest
//! decimal text that reads back as the same number, and from there on it is text: a 13-digit
//! barcode comes out digit by digit, and a price that was computed (0.1 + 0.2) shows all its
//! decimals and is refused for them.
//!
//! **Invariant:** no sum, product or rounding of a float. No workbook, whatever its bytes say, ends
//! the program.

use std::{
    fs::File,
    io::BufReader,
    ops::ControlFlow,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};

use super::sheet::{CELLS_MAX, Cell, CellKind, SheetError, SheetRow, Taker};

/// Rows of a sheet (Excel specifications and limits).
const ROWS_MAX: u32 = 1_048_576;
/// Columns of a sheet, A to XFD (the same).
const COLUMNS_MAX: u32 = 16_384;

pub(super) fn read(path: &Path, take: &mut Taker<'_>) -> Result<(), SheetError> {
    let file = File::open(path).map_err(SheetError::Read)?;
    let mut workbook: Xlsx<BufReader<File>> = asked(|| Xlsx::new(BufReader::new(file)))?;
    let name = workbook.sheet_names().into_iter().next().ok_or(SheetError::NoSheet)?;
    let mut cells = asked(|| workbook.worksheet_cells_reader(&name))?;
    let mut row = SheetRow { line: 0, cells: Vec::new() };
    while let Some(cell) = asked(|| cells.next_cell())? {
        let (line, column) = cell.get_position();
        if line >= ROWS_MAX || column >= COLUMNS_MAX {
            return Err(SheetError::Beyond);
        }
        let line = u64::from(line) + 1;
        if line != row.line {
            let finished = std::mem::replace(&mut row, SheetRow { line, cells: Vec::new() });
            if finished.line > 0 && take(finished) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
        let column = usize::try_from(column).unwrap_or(CELLS_MAX);
        if column < CELLS_MAX {
            row.cells.resize(row.cells.len().max(column + 1), Cell::default());
            if let Some(place) = row.cells.get_mut(column) {
                *place = cell_of(cell.get_value());
            }
        }
    }
    if row.line > 0 {
        // The last row; whether the taker wants more makes no difference.
        let _ = take(row);
    }
    Ok(())
}

/// The one door to calamine. It multiplies the numbers of rows and columns that a workbook names
/// unchecked (0.32): built with overflow checks, as we build, it panics at those that no sheet has.
/// Here that ends the reading of the workbook and nothing else.
fn asked<T>(ask: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, SheetError> {
    // What is left of a reader that broke off is dropped and never asked again.
    let answer = panic::catch_unwind(AssertUnwindSafe(ask));
    answer.map_or(Err(SheetError::Beyond), |answer| answer.map_err(SheetError::Workbook))
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    let (text, kind) = match value {
        DataRef::String(text) => (text.trim().to_owned(), CellKind::Text),
        DataRef::SharedString(text) => (text.trim().to_owned(), CellKind::Text),
        DataRef::Int(number) => (number.to_string(), CellKind::Number),
        DataRef::Float(number) => (number.to_string(), CellKind::Number),
        DataRef::Bool(value) => (value.to_string(), CellKind::Odd),
        DataRef::DateTime(_) => ("(date)".to_owned(), CellKind::Odd),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), CellKind::Odd),
        DataRef::Error(error) => (error.to_string(), CellKind::Odd),
        DataRef::Empty => (String::new(), CellKind::Text),
    };
    Cell { text, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_the_digits_that_a_person_typed() {
        let table = [
            (6_901_234_567_892.0, "6901234567892"),
            (16_901_234_567_899.0, "16901234567899"),
            (12.9, "12.9"),
            (19.9, "19.9"),
            (0.1 + 0.2, "0.30000000000000004"),
            (459.0, "459"),
            (1e20, "100000000000000000000"),
        ];
        for (number, text) in table {
            let cell = cell_of(&DataRef::Float(number));
            assert_eq!((cell.text.as_str(), cell.kind), (text, CellKind::Number));
        }
        assert_eq!(cell_of(&DataRef::Bool(true)).kind, CellKind::Odd);
        assert_eq!(cell_of(&DataRef::SharedString(" 奶 ")), Cell::text("奶"));
    }
}
