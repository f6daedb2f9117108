//! The first sheet of an XLSX workbook as rows.
//!
//! A spreadsheet keeps a number as a binary fraction. It is written out here as the shortest
//! decimal text that reads back as the same number, and from there on it is text: a 13-digit
//! barcode comes out digit by digit, and a price that was computed (0.1 + 0.2) shows all its
//! decimals and is refused for them.
//!
//! **Invariant:** no sum, product or rounding of a float.

use std::{fs::File, io::BufReader, ops::ControlFlow, path::Path};

use calamine::{DataRef, Reader as _, Xlsx};

use super::sheet::{CELLS_MAX, Cell, CellKind, SheetError, SheetRow, Taker};

pub(super) fn read(path: &Path, take: &mut Taker<'_>) -> Result<(), SheetError> {
    let file = File::open(path).map_err(SheetError::Read)?;
    let mut workbook: Xlsx<BufReader<File>> =
        Xlsx::new(BufReader::new(file)).map_err(SheetError::Workbook)?;
    let name = workbook.sheet_names().into_iter().next().ok_or(SheetError::NoSheet)?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(SheetError::Workbook)?;
    let mut row = SheetRow { line: 0, cells: Vec::new() };
    while let Some(cell) = cells.next_cell().map_err(SheetError::Workbook)? {
        let (line, column) = cell.get_position();
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
