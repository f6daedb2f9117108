//! Two lines of twenty columns. Commands from `PartnerTech`'s CD5220 manual.

use std::io::Write;

use drivers::display::{CLEAR, COLUMNS, LinePair, centred, justified};
use drivers::printer::gbk;
use drivers::sim::SimDisplay;

use crate::hex;

#[test]
fn both_lines_are_sent_in_full_width() {
    let pair = LinePair::new(&justified("TOTAL", "797.00"), &justified("CHANGE", "3.00"));
    assert_eq!(
        hex::digits(&pair.to_cd5220()),
        "1b5141544f54414c2020202020202020203739372e30300d\
         1b51424348414e474520202020202020202020332e30300d"
    );
}

#[track_caller]
fn check(line: &str, expected: &str) {
    assert_eq!(line, expected);
    assert!(gbk::width(line) <= COLUMNS);
}

#[test]
fn a_name_gives_way_to_its_amount() {
    check(&justified("可口可乐 1.25L", "8.00"), "可口可乐 1.25L  8.00");
    check(&justified("羊毛混纺高领长袖针织衫", "1,299.00"), "羊毛混纺高  1,299.00");
    check(&justified("合计", "123456789012345678901"), "12345678901234567890");
    check(&justified("", "¥1"), "                 ￥1");
    check(&centred("欢迎光临"), "      欢迎光临      ");
}

#[test]
fn a_hanzi_is_never_cut_in_half_and_commands_never_pass() {
    let pair = LinePair::new("一二三四五六七八九1十", "\u{1b}@\u{c}糖\r");
    assert_eq!(pair.upper, "一二三四五六七八九1 ");
    assert_eq!(pair.lower.trim_end(), "@糖");
    let bytes = pair.to_cd5220();
    assert_eq!(bytes.iter().filter(|byte| **byte == 0x1b).count(), 2);
    assert!(!bytes.contains(&0x0c));
}

#[test]
fn the_simulated_display_shows_what_the_bytes_say_in_any_pieces() {
    let pair = LinePair::new("可口可乐 1.25L  8.00", "合计            8.00");
    let bytes = pair.to_cd5220();
    for cut in 0..=bytes.len() {
        let mut display = SimDisplay::default();
        display.write_all(&bytes[..cut]).unwrap();
        display.write_all(&bytes[cut..]).unwrap();
        assert_eq!(display.lines(), pair, "cut at {cut}");
    }
}

#[test]
fn the_simulated_display_clears_and_keeps_the_other_line() {
    let mut display = SimDisplay::default();
    let shown = display.clone();
    display.write_all(b"\x1b\x51Aupper\r\x1b\x51Blower\r").unwrap();
    display.write_all(b"\x1b\x2a\x04\x1b\x6c\x01\x02\x1b\x51Bother\r").unwrap();
    assert_eq!(shown.lines(), LinePair::new("upper", "other"));
    display.write_all(&CLEAR).unwrap();
    assert_eq!(shown.lines(), LinePair::default());
}
