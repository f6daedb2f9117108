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
    decode,
    sheet::{CELLS_MAX, Cell, SheetError, SheetRow, Taker},
};

pub(super) fn read(path: &Path, take: &mut Taker<'_>) -> Result<(), SheetError> {
    let mut input = BufReader::new(decode::open(path).map_err(SheetError::Read)?);
    let delimiter = delimiter(input.fill_buf().map_err(SheetError::Read)?);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(input);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(SheetError::Csv)? {
        // The reader says where the record ended; where it began it does not know, because it
        // steps over empty lines first. Each record ends with one line feed.
        let inside: usize = record.iter().map(line_feeds).sum();
        let inside = u64::try_from(inside).unwrap_or(0);
        let line = reader.position().line().saturating_sub(inside + 1);
        let cells = record
            .iter()
            .take(CELLS_MAX)
            .map(|bytes| Cell::text(&String::from_utf8_lossy(bytes)))
            .collect();
        if take(SheetRow { line, cells }) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
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
            let cells: Vec<String> = row.cells.into_iter().map(|cell| cell.text).collect();
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
}
