//! What holds for any text and any document.

use drivers::display::{COLUMNS, LinePair, justified};
use drivers::printer::layout::{Placed, lay_out};
use drivers::printer::{
    Align, Cell, Cut, Document, Paper, Row, Size, Symbology, Text, encode, gbk,
};
use drivers::scanner::{Framer, Suffix};
use drivers::sim::{Effect, Interpreter, Slip, TapeRow};
use proptest::prelude::*;

/// Any text at all, with a liking for what hurts: controls, hanzi, pictures, amounts.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\u{0}-\u{1f}a-z@!p中文😀€¥]{0,40}",
        "[\u{4e00}-\u{9fff}]{0,40}",
        "[a-z ，。]{0,60}",
        "￥[0-9]{1,9}\\.[0-9]{2}",
    ]
}

fn any_row() -> impl Strategy<Value = Row> {
    let align = prop_oneof![Just(Align::Left), Just(Align::Centre), Just(Align::Right)];
    let text = (
        any_text(),
        proptest::option::of(any_text()),
        align.clone(),
        any::<(bool, bool)>(),
        (1..=8_u8, 1..=8_u8),
    )
        .prop_map(|(left, right, align, (bold, underline), (width, height))| {
            Row::Text(Text {
                left,
                right,
                align,
                bold,
                underline,
                size: Size::new(width, height).unwrap(),
            })
        });
    let cell = (any_text(), any::<u8>(), align).prop_map(|(text, weight, align)| Cell {
        text,
        weight,
        align,
    });
    prop_oneof![
        4 => text,
        4 => proptest::collection::vec(cell, 0..6).prop_map(Row::Columns),
        1 => Just(Row::Rule),
        1 => Just(Row::DoubleRule),
        1 => any::<u8>().prop_map(|lines| Row::Feed { lines }),
        1 => (any_text(), any::<u8>()).prop_map(|(text, module)| Row::Qr { text, module }),
        1 => (any_text(), any::<bool>()).prop_map(|(text, ean)| Row::Barcode {
            symbology: if ean { Symbology::Ean13 } else { Symbology::Code128 },
            text,
        }),
        1 => any::<bool>()
            .prop_map(|full| Row::Cut(if full { Cut::Full } else { Cut::Partial })),
    ]
}

fn any_paper() -> impl Strategy<Value = Paper> {
    prop_oneof![Just(Paper::COLUMNS_32), Just(Paper::COLUMNS_42), Just(Paper::COLUMNS_48)]
}

/// Everything but spaces.
fn solid(text: &str) -> String {
    text.chars().filter(|c| *c != ' ').collect()
}

proptest! {
    #[test]
    fn no_text_yields_a_control_byte(text in any_text()) {
        let bytes = gbk::encode(&text);
        prop_assert!(bytes.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f), "{bytes:02x?}");
        prop_assert_eq!(gbk::width(&text), bytes.len());
        let printable = gbk::printable(&text);
        prop_assert_eq!(gbk::printable(&printable), printable);
    }

    #[test]
    fn no_line_is_wider_than_its_paper(
        rows in proptest::collection::vec(any_row(), 0..8),
        paper in any_paper(),
    ) {
        for placed in lay_out(&rows.into_iter().collect(), paper) {
            if let Placed::Line(line) = placed {
                prop_assert!(line.columns() <= paper.columns(), "{line:?}");
            }
        }
    }

    #[test]
    fn no_character_of_a_paragraph_is_lost(text in any_text(), width in 1..=8_u8) {
        let row = Row::from(Text::new(text.as_str()).sized(Size::new(width, 1).unwrap()));
        let joined: String = lay_out(&[row].into_iter().collect(), Paper::COLUMNS_32)
            .into_iter()
            .map(|placed| match placed {
                Placed::Line(line) => line.text,
                other => panic!("{other:?}"),
            })
            .collect();
        prop_assert_eq!(solid(&joined), solid(&gbk::printable(&text)));
    }

    #[test]
    fn an_amount_stands_whole_on_one_line(
        name in any_text(),
        amount in "-?[0-9]{1,9}\\.[0-9]{2}",
        paper in any_paper(),
    ) {
        let rows = [
            Row::from(Text::new(name.as_str()).right(amount.as_str())),
            Row::Columns(vec![Cell::left(name, 3), Cell::right("1", 1), Cell::right(amount.as_str(), 1)]),
        ];
        for row in rows {
            let lines = lay_out(&[row].into_iter().collect(), paper);
            let whole = lines.iter().any(|placed| {
                matches!(placed, Placed::Line(line) if line.text.contains(&amount))
            });
            prop_assert!(whole, "{lines:?}");
        }
    }

    #[test]
    fn the_tape_gives_back_the_text_and_knows_every_command(
        rows in proptest::collection::vec(any_row(), 0..8),
        paper in any_paper(),
    ) {
        let document: Document = rows.into_iter().collect();
        let job = encode(&document, paper).unwrap();
        let (effects, left) = Interpreter::new(paper.columns()).run(&job);
        prop_assert_eq!(left, 0);
        let mut drawn = String::new();
        for effect in effects {
            match effect {
                Effect::Row(TapeRow::Qr { text, .. } | TapeRow::Barcode { text, .. }) => {
                    drawn.push_str(&text);
                }
                Effect::Row(row) => {
                    let slip = Slip { rows: vec![row], ..Slip::default() };
                    drawn.push_str(&slip.text(0).concat());
                }
                Effect::Cut => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
        let meant: String = lay_out(&document, paper)
            .into_iter()
            .map(|placed| match placed {
                Placed::Line(line) => line.text,
                Placed::Qr { text, .. } if text.is_empty() => text,
                Placed::Qr { text, .. } if text.len() > 512 => gbk::printable(&text),
                Placed::Qr { text, .. } | Placed::Barcode { text, .. } => text,
                Placed::Feed { .. } | Placed::Cut(_) => String::new(),
            })
            .collect();
        prop_assert_eq!(solid(&drawn), solid(&meant));
    }

    #[test]
    fn the_tape_never_panics_and_always_goes_on(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut interpreter = Interpreter::new(42);
        let mut at = 0;
        while let Some(step) = interpreter.step(&bytes[at..]) {
            prop_assert!(step.consumed > 0);
            at += step.consumed;
            prop_assert!(at <= bytes.len());
        }
    }

    #[test]
    fn the_tape_does_not_depend_on_where_the_bytes_were_cut(
        bytes in proptest::collection::vec(
            prop_oneof![
                2 => any::<u8>(),
                1 => proptest::sample::select(b"\x1b\x1c\x1d\x10\x0a@!&kpadEV(v0".to_vec()),
                1 => 0x81..=0xfe_u8,
            ],
            0..120,
        ),
    ) {
        let (at_once, left) = Interpreter::new(20).run(&bytes);
        let mut interpreter = Interpreter::new(20);
        let mut pending = Vec::new();
        let mut one_by_one = Vec::new();
        for byte in &bytes {
            pending.push(*byte);
            let (effects, left) = interpreter.run(&pending);
            one_by_one.extend(effects);
            pending.drain(..pending.len() - left);
        }
        prop_assert_eq!(one_by_one, at_once);
        prop_assert_eq!(pending.len(), left);
    }

    #[test]
    fn a_display_line_is_always_twenty_columns(left in any_text(), right in any_text()) {
        let pair = LinePair::new(&left, &justified(&left, &right));
        prop_assert_eq!(gbk::width(&pair.upper), COLUMNS);
        prop_assert_eq!(gbk::width(&pair.lower), COLUMNS);
        prop_assert_eq!(pair.to_cd5220().len(), 2 * (COLUMNS + 4));
    }

    #[test]
    fn scans_do_not_depend_on_where_the_bytes_were_cut(
        bytes in proptest::collection::vec(
            prop_oneof![4 => any::<u8>(), 1 => Just(b'\r'), 1 => Just(b'\n'), 1 => Just(2), 1 => Just(3)],
            0..200,
        ),
        cut in any::<prop::sample::Index>(),
    ) {
        for suffix in [Suffix::Any, Suffix::Cr, Suffix::Lf, Suffix::CrLf, Suffix::Tab, Suffix::StxEtx] {
            let whole = Framer::new(suffix).push(&bytes);
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut framer = Framer::new(suffix);
            let mut pieces = framer.push(first);
            pieces.extend(framer.push(second));
            prop_assert_eq!(pieces, whole);
        }
    }
}
