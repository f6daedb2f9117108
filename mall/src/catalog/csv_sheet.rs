//! CSV (RFC 4180, and what spreadsheets make of it) as rows.
//!
//! **Invariant:** every cell is text; nothing is guessed about numbers.

use std::{
    io::{BufRead, BufReader},
    ops::ControlFlow,
    path::Path,
};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    csv_gate::{Gate, HeldUp},
    decode,
    sheet::{CELLS_MAX, Cell, CellKind, SheetError, SheetRow, Taker},
};

pub(super) fn read(path: &Path, take: &mut Taker<'_>) -> Result<(), SheetError> {
    let mut input = BufReader::new(decode::open(path).map_err(SheetError::Read)?);
    let delimiter = delimiter(input.fill_buf().map_err(SheetError::Read)?);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(Gate::new(input, delimiter));
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(SheetError::Csv)? {
        // The reader says where the record ended; where it began it does not know, because it
        // steps over empty lines first. Each record ends with one line feed.
        let inside: usize = record.iter().map(line_feeds).sum();
        let inside = u64::try_from(inside).unwrap_or(0);
        let line = reader.position().line().saturating_sub(inside + 1);
        if tell_held_up(reader.get_mut(), line, take) == ControlFlow::Break(()) {
            return Ok(());
        }
        let cells = record
            .iter()
            .take(CELLS_MAX)
            .map(|bytes| Cell::text(&String::from_utf8_lossy(bytes)))
            .collect();
        if take(SheetRow { line, cells }) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
    // Who takes no more has said why.
    let _ = tell_held_up(reader.get_mut(), u64::MAX, take);
    Ok(())
}

/// Hands over the lines before this one that are no rows.
fn tell_held_up<R: BufRead>(
    gate: &mut Gate<R>,
    line: u64,
    take: &mut Taker<'_>,
) -> ControlFlow<()> {
    while let Some(HeldUp { line, text }) = gate.held_up_before(line) {
        take(SheetRow { line, cells: vec![Cell { text, kind: CellKind::Unclosed }] })?;
    }
    ControlFlow::Continue(())
}

fn line_feeds(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// What divides the header's cells: a comma unless there are more tabs or semicolons.
fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sign: u8| header.iter().filter(|byte| **byte == sign).count();
    [b';', b'\t', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u64, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let mut rows = Vec::new();
        super::super::sheet::read(&path, &mut |row| {
            let shown = |cell: Cell| match cell.kind {
                CellKind::Unclosed => format!("!{}", cell.text.chars().take(9).collect::<String>()),
                CellKind::Text | CellKind::Number | CellKind::Odd => cell.text,
            };
            let cells: Vec<String> = row.cells.into_iter().map(shown).collect();
            rows.push((row.line, cells.join("|")));
            ControlFlow::Continue(())
        })
        .unwrap();
        let rows: Vec<(u64, &str)> =
            rows.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(rows, expected, "{text:?}");
    }

    #[test]
    fn rows_know_their_line_even_after_quoted_line_breaks_and_empty_lines() {
        check("a,b\r\n1, 2 \r\n", &[(1, "a|b"), (2, "1|2")]);
        check("a,b\n\"x\ny\",2\n\n , \n3,4", &[(1, "a|b"), (2, "x\ny|2"), (6, "3|4")]);
        check("a;b\n1;2,5", &[(1, "a|b"), (2, "1|2,5")]);
        check("a\tb\n1\t2", &[(1, "a|b"), (2, "1|2")]);
        check("a,b\n\"说 \"\"好\"\"\",2", &[(1, "a|b"), (2, "说 \"好\"|2")]);
        check("", &[]);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_line_only() {
        check("a,b\n1,\"x\n2,y\n3,z", &[(1, "a|b"), (2, "!1,\"x"), (3, "2|y"), (4, "3|z")]);
        check(
            "a,b\n1,\"x\n2,\"y\"\n\"3\nv\",z",
            &[(1, "a|b"), (2, "!1,\"x"), (3, "2|y"), (4, "3\nv|z")],
        );
        check("a,b\n\"x\"y,2\n3,4\"", &[(1, "a|b"), (2, "xy|2"), (3, "3|4\"")]);
        let many = "2,y\n".repeat(30_000);
        let mut expected = vec![(1, "a|b"), (2, "!1,\"x")];
        expected.extend((3..30_003).map(|line| (line, "2|y")));
        check(&format!("a,b\n1,\"x\n{many}"), &expected);
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself_only() {
        let long = "x".repeat(200_000);
        check(&format!("a,b\n{long}\n2,y"), &[(1, "a|b"), (2, "!xxxxxxxxx"), (3, "2|y")]);
        let lines = "x\n".repeat(40_000);
        check(
            &format!("a\n\"{}\"\n2", &lines[..60_000]),
            &[(1, "a"), (2, &lines[..59_999]), (30_003, "2")],
        );
    }
}
