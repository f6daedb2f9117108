//! Commands byte by byte. Values from Epson's ESC/POS reference, confirmed with python-escpos and
//! the emupos emulator.

use drivers::printer::escpos::{QR_BYTES_MAX, encode};
use drivers::printer::{Cut, Document, Paper, Row, Size, Symbology, Text};

use crate::hex;

/// ESC @, FS &.
const START: &str = "1b40 1c26";

#[track_caller]
fn check(row: impl Into<Row>, expected: &str) {
    let mut document = Document::new();
    document.push(row);
    let job = encode(&document, Paper::COLUMNS_48).unwrap();
    let expected = format!("{START}{expected}").replace(' ', "");
    assert_eq!(hex::digits(&job), expected);
}

#[test]
fn an_empty_job_resets_the_printer_and_switches_chinese_on() {
    let job = encode(&Document::new(), Paper::COLUMNS_48).unwrap();
    assert_eq!(hex::digits(&job), "1b401c26");
}

#[test]
fn a_line_is_its_gbk_bytes_and_one_feed() {
    check(Text::new("中文 A"), "d6d0cec4 2041 1b6401");
}

#[test]
fn styles_are_sent_when_they_change() {
    check(Text::new("旗舰店").centred().double(), "1b6101 1d2111 c6ecbda2b5ea 1b6401");
    check(Text::new("a").aligned(drivers::printer::Align::Right).bold(), "1b6102 1b4501 61 1b6401");
    check(Text::new("a").underlined(), "1b2d01 1c2d01 61 1b6401");
    check(Text::new("a").sized(Size::new(8, 3).unwrap()), "1d2172 61 1b6401");
    assert_eq!(Size::new(9, 1), None);
    assert_eq!(Size::new(1, 0), None);
    let mut document = Document::new();
    document.push(Text::new("a").bold()).push(Text::new("b").bold()).push(Text::new("c"));
    let job = encode(&document, Paper::COLUMNS_48).unwrap();
    let expected = "1b401c26 1b4501 61 1b6401 62 1b6401 1b4500 63 1b6401".replace(' ', "");
    assert_eq!(hex::digits(&job), expected);
}

#[test]
fn a_partial_cut_is_66_and_not_the_full_cut_65() {
    check(Row::Cut(Cut::Partial), "1d564200");
    check(Row::Cut(Cut::Full), "1d564100");
    check(Row::Feed { lines: 3 }, "1b6403");
}

#[test]
fn a_qr_code_is_model_2_level_m() {
    check(
        Row::Qr { text: "HI".to_owned(), module: 6 },
        "1b6101 1d286b0400 31413200 1d286b0300 314306 1d286b0300 314531 1d286b0500 315030 4849 \
         1d286b0300 315130",
    );
}

#[test]
fn a_barcode_has_its_height_width_and_text_below() {
    check(
        Row::Barcode { symbology: Symbology::Code128, text: "A001".to_owned() },
        "1b6101 1d7702 1d6866 1d6600 1d4802 1d6b49067b4241303031",
    );
    check(
        Row::Barcode { symbology: Symbology::Ean13, text: "6901234567892".to_owned() },
        "1b6101 1d7702 1d6866 1d6600 1d4802 1d6b023639303132333435363738393200",
    );
    check(
        Row::Barcode { symbology: Symbology::Code128, text: "a{b".to_owned() },
        "1b6101 1d7702 1d6866 1d6600 1d4802 1d6b49067b42 617b7b62",
    );
}

#[test]
fn a_code_that_cannot_be_drawn_is_printed_as_its_text() {
    check(
        Row::Barcode { symbology: Symbology::Ean13, text: "6901234567890".to_owned() },
        "1b6101 36393031323334353637383930 1b6401",
    );
    check(
        Row::Barcode { symbology: Symbology::Code128, text: "中".to_owned() },
        "1b6101 d6d0 1b6401",
    );
    // 23 characters are 288 modules of two dots: the last that 576 dots hold.
    let long = "7".repeat(24);
    let row = Row::Barcode { symbology: Symbology::Code128, text: long.clone() };
    check(row, &format!("1b6101 {} 1b6401", "37".repeat(long.len())));
}

#[test]
fn bars_fill_the_paper_at_most() {
    let longest = |paper: Paper| {
        (1..60)
            .take_while(|length| {
                let mut document = Document::new();
                document.push(Row::Barcode {
                    symbology: Symbology::Code128,
                    text: "7".repeat(*length),
                });
                hex::digits(&encode(&document, paper).unwrap()).contains("1d6b49")
            })
            .count()
    };
    assert_eq!(longest(Paper::COLUMNS_32), 14);
    assert_eq!(longest(Paper::COLUMNS_42), 20);
    assert_eq!(longest(Paper::COLUMNS_48), 23);
}

#[test]
fn a_qr_code_is_made_smaller_until_the_paper_holds_it() {
    for (bytes, wanted, paper, module) in [
        (36, 6, Paper::COLUMNS_32, "06"),
        (36, 15, Paper::COLUMNS_32, "0a"),
        (14, 15, Paper::COLUMNS_48, "0f"),
        (512, 6, Paper::COLUMNS_32, "03"),
        (512, 6, Paper::COLUMNS_48, "05"),
    ] {
        let mut document = Document::new();
        document.push(Row::Qr { text: "x".repeat(bytes), module: wanted });
        let job = hex::digits(&encode(&document, paper).unwrap());
        assert!(job.contains(&format!("1d286b03003143{module}")), "{bytes} {job}");
    }
}

#[test]
fn a_qr_code_too_long_for_paper_is_printed_as_its_text() {
    let mut document = Document::new();
    document.push(Row::Qr { text: "x".repeat(QR_BYTES_MAX + 1), module: 6 });
    let job = encode(&document, Paper::COLUMNS_48).unwrap();
    assert!(!hex::digits(&job).contains("1d286b"));
    assert_eq!(job.iter().filter(|byte| **byte == b'x').count(), 513);
}

#[test]
fn no_job_holds_a_drawer_command() {
    let mut document = Document::new();
    document
        .push(Text::new("\u{1b}p\u{0}\u{19}\u{fa}"))
        .push(Row::Qr { text: "\u{10}\u{14}\u{1}\u{0}\u{2}".to_owned(), module: 6 })
        .push(Row::Cut(Cut::Partial));
    let job = hex::digits(&encode(&document, Paper::COLUMNS_48).unwrap());
    assert!(!job.contains("1b70"), "{job}");
    assert!(!job.contains("1014"), "{job}");
}
