//! Cells side by side on one or more lines.
//!
//! **Invariant:** a right cell, which holds an amount, stands on one line while any line of the
//! paper could hold it.

use super::{flush_right, pad, wrap};
use crate::printer::document::{Align, Cell};
use crate::printer::gbk;

/// Columns left free between two cells, so that a price does not run into an amount.
const GAP: usize = 1;

/// Fewer columns than this are no cell: two hanzi must fit.
const CELL_COLUMNS_MIN: usize = 4;

/// The lines of one row of cells, each at most `columns` wide.
///
/// Where the amounts leave no room for the names, the cells stand one below the other.
pub(super) fn lines(cells: &[Cell], columns: usize) -> Vec<String> {
    let cells: Vec<Cell> = cells
        .iter()
        .map(|cell| Cell { text: gbk::printable(&cell.text), ..cell.clone() })
        .collect();
    match widths(&cells, columns) {
        Some(widths) => side_by_side(&cells, &widths),
        None => stacked(&cells, columns),
    }
}

/// How wide each cell is, or nothing where they cannot stand side by side.
fn widths(cells: &[Cell], columns: usize) -> Option<Vec<usize>> {
    let gaps = cells.len().checked_sub(1)? * GAP;
    let mut widths = by_weight(cells, columns.checked_sub(gaps)?);
    for (at, cell) in cells.iter().enumerate() {
        let needed = needed(cell);
        let has = *widths.get(at)?;
        if needed > has {
            take(cells, &mut widths, needed - has)?;
            *widths.get_mut(at)? = needed;
        }
    }
    Some(widths)
}

/// Columns that a cell cannot do without.
fn needed(cell: &Cell) -> usize {
    let whole = gbk::width(&cell.text);
    match cell.align {
        Align::Right => whole,
        Align::Left | Align::Centre => whole.min(CELL_COLUMNS_MIN),
    }
}

/// Shares the columns by weight; what is left over goes to the first cells.
fn by_weight(cells: &[Cell], columns: usize) -> Vec<usize> {
    let weight = |cell: &Cell| usize::from(cell.weight.max(1));
    let total: usize = cells.iter().map(weight).sum();
    let mut widths: Vec<usize> =
        cells.iter().map(|cell| columns * weight(cell) / total.max(1)).collect();
    let given: usize = widths.iter().sum();
    for width in widths.iter_mut().take(columns - given) {
        *width += 1;
    }
    widths
}

/// Takes `missing` columns from the cells that have most to spare.
fn take(cells: &[Cell], widths: &mut [usize], missing: usize) -> Option<()> {
    for _ in 0..missing {
        let (_, widest) = cells
            .iter()
            .zip(widths.iter_mut())
            .filter(|(cell, width)| **width > needed(cell))
            .max_by_key(|(cell, width)| **width - needed(cell))?;
        *widest -= 1;
    }
    Some(())
}

fn side_by_side(cells: &[Cell], widths: &[usize]) -> Vec<String> {
    let columns: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|row| {
            let mut line = String::new();
            for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
                if at > 0 {
                    pad(&mut line, GAP);
                }
                let text = columns.get(at).and_then(|lines| lines.get(row));
                place(&mut line, text.map_or("", String::as_str), cell.align, *width);
            }
            line.trim_end_matches(' ').to_owned()
        })
        .collect()
}

/// Adds one line of a cell, filled up with spaces to the cell's width.
fn place(line: &mut String, text: &str, align: Align, width: usize) {
    let free = width.saturating_sub(gbk::width(text));
    let before = match align {
        Align::Left => 0,
        Align::Centre => free / 2,
        Align::Right => free,
    };
    pad(line, before);
    line.push_str(text);
    pad(line, free - before);
}

fn stacked(cells: &[Cell], columns: usize) -> Vec<String> {
    cells
        .iter()
        .flat_map(|cell| {
            wrap(&cell.text, columns).into_iter().map(|line| match cell.align {
                Align::Right => flush_right(&line, columns),
                Align::Left | Align::Centre => line,
            })
        })
        .collect()
}
