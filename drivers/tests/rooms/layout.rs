//! Where lines break and where amounts stand.

use drivers::printer::layout::{Placed, lay_out};
use drivers::printer::{Cell, Cut, Document, Paper, Row, Size, Text};

fn lines(row: impl Into<Row>, paper: Paper) -> Vec<String> {
    let mut document = Document::new();
    document.push(row);
    lay_out(&document, paper)
        .into_iter()
        .map(|placed| match placed {
            Placed::Line(line) => line.text,
            other => format!("{other:?}"),
        })
        .collect()
}

#[track_caller]
fn check(row: impl Into<Row>, expected: &[&str]) {
    assert_eq!(lines(row, Paper::COLUMNS_32), expected);
}

#[test]
fn an_amount_stands_at_the_right_end_of_the_last_line() {
    check(Text::new("合计").right("￥797.00"), &["合计                    ￥797.00"]);
    check(
        Text::new("羊毛混纺高领长袖针织衫 墨绿 M码 2026秋冬新款").right("1,299.00"),
        &["羊毛混纺高领长袖针织衫 墨绿 M码", "2026秋冬新款            1,299.00"],
    );
}

#[test]
fn an_amount_that_does_not_fit_beside_the_name_gets_its_own_line() {
    check(
        Text::new("123456789012345678901234567").right("99.00"),
        &["123456789012345678901234567", "                           99.00"],
    );
    check(
        Text::new("12345678901234567890123456").right("99.00"),
        &["12345678901234567890123456 99.00"],
    );
    check(Text::new("").right("99.00"), &["                           99.00"]);
}

#[test]
fn double_width_halves_the_columns() {
    check(Text::new("合计").right("797.00").double(), &["合计      797.00"]);
    check(Text::new("一二三四五六七八九").sized(Size::TALL), &["一二三四五六七八九"]);
}

#[test]
fn a_text_too_wide_for_one_line_is_printed_narrower_before_it_is_wrapped() {
    let widths = |text: &str| -> Vec<(usize, u8)> {
        let row = Row::from(Text::new(text).sized(Size::new(4, 2).unwrap()));
        lay_out(&[row].into_iter().collect(), Paper::COLUMNS_32)
            .into_iter()
            .map(|placed| match placed {
                Placed::Line(line) => {
                    assert_eq!(line.size.height(), 2);
                    (line.columns(), line.size.width())
                }
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(widths("一二三四"), [(32, 4)]);
    assert_eq!(widths("一二三四五"), [(30, 3)]);
    assert_eq!(widths("一二三四五六七八"), [(32, 2)]);
    assert_eq!(widths("一二三四五六七八九"), [(18, 1)]);
    assert_eq!(widths("一二三四五六七八九十一二三四五六七"), [(32, 1), (2, 1)]);
}

#[test]
fn words_and_amounts_are_not_broken_and_punctuation_does_not_begin_a_line() {
    check(
        Text::new("Please keep this receipt for any exchange"),
        &["Please keep this receipt for any", "exchange"],
    );
    check(
        Text::new("一二三四五六七八九十一二三四五六，七"),
        &["一二三四五六七八九十一二三四五", "六，七"],
    );
    check(
        Text::new("一二三四五六七八九十一二三四￥1,299.00"),
        &["一二三四五六七八九十一二三四", "￥1,299.00"],
    );
}

#[test]
fn centred_paragraphs_have_lines_of_about_one_length_and_whole_words() {
    check(
        Text::new("凭小票七日内可退换，贴身衣物除外。谢谢").centred(),
        &["凭小票七日内可退换，", "贴身衣物除外。谢谢"],
    );
    check(
        Text::new("Thank you for shopping with us today").centred(),
        &["Thank you for shopping", "with us today"],
    );
}

#[test]
fn a_word_wider_than_the_paper_is_broken_rather_than_lost() {
    check(
        Text::new("https://example.com/r/A20261007-0001"),
        &["https://example.com/r/A20261007-", "0001"],
    );
}

#[test]
fn cells_share_the_width_and_wrap_for_themselves() {
    let row = |name: &str, amount: &str| {
        Row::Columns(vec![
            Cell::left(name, 4),
            Cell::right("2", 1),
            Cell::right("299.00", 2),
            Cell::right(amount, 2),
        ])
    };
    check(row("弹力牛仔裤(蓝/32)", "598.00"), &["弹力牛仔裤(蓝    2 299.00 598.00", "/32)"]);
    // The amount takes what it needs from the name, and the columns stay within the paper.
    check(row("弹力牛仔裤", "1,234,598.00"), &["弹力牛     2 299.00 1,234,598.00", "仔裤"]);
}

#[test]
fn cells_whose_amounts_leave_no_room_stand_below_each_other() {
    check(
        Row::Columns(vec![
            Cell::left("糖", 1),
            Cell::right("1234567890123456", 1),
            Cell::right("1234567890123456", 1),
        ]),
        &["糖", "                1234567890123456", "                1234567890123456"],
    );
    assert!(lines(Row::Columns(Vec::new()), Paper::COLUMNS_32).is_empty());
}

#[test]
fn rules_are_as_wide_as_each_paper() {
    for (columns, paper) in
        [(32, Paper::COLUMNS_32), (42, Paper::COLUMNS_42), (48, Paper::COLUMNS_48)]
    {
        assert_eq!(lines(Row::Rule, paper), ["-".repeat(columns)]);
        assert_eq!(lines(Row::DoubleRule, paper), ["=".repeat(columns)]);
        assert_eq!(Paper::with_columns(u8::try_from(columns).unwrap()), Some(paper));
    }
    assert_eq!(Paper::with_columns(40), None);
}

#[test]
fn feeds_and_code_sizes_are_brought_into_range() {
    let mut document = Document::new();
    document
        .push(Row::Feed { lines: 0 })
        .push(Row::Feed { lines: 255 })
        .push(Row::Qr { text: "a\u{10}\u{4}\u{1}b".to_owned(), module: 0 })
        .push(Row::Cut(Cut::Full));
    assert_eq!(
        lay_out(&document, Paper::COLUMNS_32),
        [
            Placed::Feed { lines: 20 },
            Placed::Qr { text: "ab".to_owned(), module: 6 },
            Placed::Cut(Cut::Full),
        ]
    );
}
