//! Columns that line up, also where signs are two wide.
//!
//! **Invariant:** text only; what stands in a cell is the caller's.

use std::io::{self, Write};

/// A table with a heading; cells of numbers stand to the right.
#[derive(Debug)]
pub(super) struct Table {
    headings: Vec<(&'static str, Side)>,
    rows: Vec<Vec<String>>,
}

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Table {
    pub(super) fn new(headings: &[(&'static str, Side)]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn print(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let heading: Vec<String> = self.headings.iter().map(|(name, _)| (*name).into()).collect();
        let all = || std::iter::once(&heading).chain(&self.rows);
        let widths: Vec<usize> = (0..heading.len())
            .map(|i| all().filter_map(|row| row.get(i)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect();
        for row in all() {
            let mut line = String::new();
            for ((cell, columns), (_, side)) in row.iter().zip(&widths).zip(&self.headings) {
                let blanks = " ".repeat(columns - width(cell));
                match side {
                    Side::Left => line.extend([cell.as_str(), blanks.as_str(), "  "]),
                    Side::Right => line.extend([blanks.as_str(), cell.as_str(), "  "]),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// How many columns of a terminal a text takes: East Asian wide and full-width signs take two
/// (Unicode Standard Annex 11).
fn width(text: &str) -> usize {
    let is_wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_cells_line_up() {
        let mut table = Table::new(&[("item", Side::Left), ("yuan", Side::Right)]);
        table.row(vec!["可口可乐 1.25L".into(), "8.00".into()]);
        table.row(vec!["tea".into(), "459.00".into()]);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "item              yuan\n可口可乐 1.25L    8.00\ntea             459.00\n"
        );
    }
}
