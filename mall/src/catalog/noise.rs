//! Files that nobody wrote as a price list: whatever their bytes say, they are read to their end or
//! refused, and no row is more than a row may be.

use std::ops::ControlFlow;

use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    columns::Columns,
    row,
    sheet::{self, CELLS_MAX},
};

#[path = "../../tests/rooms/xlsx.rs"]
mod xlsx;

const HEADER: &str = "sku,barcode,name,spec,unit,list_price_yuan,tax_rate_percent,extra_barcodes\n";

/// Reads a file as an import does: how many rows it has after its header, if it can be read.
fn rows(ending: &str, bytes: &[u8]) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("list.{ending}"));
    std::fs::write(&path, bytes).unwrap();
    let (mut columns, mut n, mut last) = (None, 0, 0);
    let read = sheet::read(&path, &mut |found| {
        // The rows of a sheet have numbers of their own.
        assert!(found.line > last || (ending != "csv" && found.line > 0), "rows in no order");
        assert!(found.cells.len() <= CELLS_MAX, "a row of {} cells", found.cells.len());
        last = found.line;
        let Some(known) = &columns else {
            return match Columns::of(&found) {
                Ok((known, _)) => {
                    columns = Some(known);
                    ControlFlow::Continue(())
                }
                Err(_) => ControlFlow::Break(()),
            };
        };
        n += 1;
        if let Err(fault) = row::read(&found, known) {
            assert!(fault.reason.chars().count() < 200, "{fault:?}");
        }
        ControlFlow::Continue(())
    });
    read.ok().map(|()| n)
}

/// The XML of a sheet.
fn sheet_of(dimension: &str, rows: &str) -> String {
    format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <dimension ref=\"{dimension}\"/><sheetData>{rows}</sheetData></worksheet>"
    )
}

/// A workbook's sheet with rows and cells of whatever reference and kind.
fn sheet_xml() -> impl Strategy<Value = String> {
    let place =
        prop_oneof!["[A-Z]{1,3}[0-9]{1,6}", "[A-C][1-9]", "[A-Z]{1,9}[0-9]{1,12}", ".{0,6}"];
    let place = place.prop_map(|place| place.replace(['"', '<', '&'], "")).boxed();
    let kind = prop_oneof![Just("s"), Just("n"), Just("b"), Just("e"), Just("d"), Just("str")];
    let value = prop_oneof!["-?[0-9]{1,25}", "[0-9]{0,3}e[0-9]{1,4}", "[^<&]{0,30}"];
    let cell = (place.clone(), kind, value).prop_map(|(place, kind, value)| {
        format!("<c r=\"{place}\" t=\"{kind}\"><v>{value}</v></c>")
    });
    let row = (prop_oneof![0..2_000_000_u64, any::<u64>()], vec(cell, 0..6))
        .prop_map(|(n, cells)| format!("<row r=\"{n}\">{}</row>", cells.concat()));
    let dimension = prop_oneof![3 => Just("A1:C4".to_owned()), 1 => (place.clone(), place)
        .prop_map(|(from, to)| format!("{from}:{to}"))];
    (dimension, vec(row, 0..6)).prop_map(|(dimension, rows)| sheet_of(&dimension, &rows.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_bring_an_import_of_a_list_down(bytes in vec(any::<u8>(), 0..3_000)) {
        for ending in ["csv", "xlsx"] {
            rows(ending, &bytes);
        }
        rows("csv", &[HEADER.as_bytes(), &bytes].concat());
    }

    #[test]
    fn every_line_of_a_list_is_a_row_whatever_its_cells_say(
        cells in vec(vec("[^\"\r\n]{0,40}", 8), 0..12),
    ) {
        let line = |row: &Vec<String>| {
            let quoted: Vec<String> = row.iter().map(|cell| format!("\"{cell}\"")).collect();
            quoted.join(",") + "\n"
        };
        let text: String = cells.iter().map(line).collect();
        let is_row = |row: &&Vec<String>| row.iter().any(|cell| !cell.trim().is_empty());
        let expected = cells.iter().filter(is_row).count();
        prop_assert_eq!(rows("csv", format!("{HEADER}{text}").as_bytes()), Some(expected));
    }

    #[test]
    fn a_workbook_with_wrong_bytes_is_read_or_refused(
        wrong in vec((any::<Index>(), any::<u8>()), 1..8), cut in any::<Index>(),
    ) {
        let mut bytes = xlsx::workbook();
        for (place, byte) in &wrong {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        rows("xlsx", &bytes);
        bytes.truncate(cut.index(bytes.len()));
        rows("xlsx", &bytes);
    }

    #[test]
    fn a_workbook_with_a_sheet_that_no_program_wrote_is_read_or_refused(
        text in sheet_xml(), wrong in vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        let mut bytes = text.into_bytes();
        rows("xlsx", &xlsx::with_sheet(&bytes));
        for (place, byte) in &wrong {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        rows("xlsx", &xlsx::with_sheet(&bytes));
    }
}

#[test]
fn the_workbook_that_is_bent_here_is_one() {
    assert_eq!(rows("xlsx", &xlsx::workbook()), Some(2));
}

#[test]
fn rows_and_columns_that_no_sheet_has_are_refused_with_a_sentence() {
    let row = |n: &str, place: &str| format!("<row r=\"{n}\"><c r=\"{place}\"><v>1</v></c></row>");
    let read = |dimension: &str, rows: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.xlsx");
        std::fs::write(&path, xlsx::with_sheet(sheet_of(dimension, rows).as_bytes())).unwrap();
        sheet::read(&path, &mut |_| ControlFlow::Continue(())).map_err(|error| error.to_string())
    };
    assert_eq!(read("A1:XFD1048576", &row("1048576", "XFD1048576")), Ok(()));
    for (dimension, n, place) in [
        ("A1", "1048577", "A1048577"),
        ("A1", "1", "XFE1"),
        ("A1", "4294967297", "A1"),
        ("A1", "1", "A10000000000"),
        ("A1", "1", "AAAAAAAAA1"),
        ("A1:A99999999999", "1", "A1"),
        ("B5:A1", "1", "A1"),
    ] {
        let told = read(dimension, &row(n, place));
        let sentence = "the workbook is damaged, or has rows or columns beyond what a sheet has";
        assert_eq!(told, Err(sentence.to_owned()), "{dimension} {n} {place}");
    }
}
