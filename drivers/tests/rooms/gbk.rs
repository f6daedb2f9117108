//! GBK as printers take it. Codes from the GBK table; what printers lack is our decision.

use drivers::printer::gbk;

use crate::hex;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(hex::digits(&gbk::encode(text)), expected, "{text}");
    assert_eq!(gbk::width(text), expected.len() / 2, "columns of {text}");
}

#[test]
fn chinese_text_takes_two_bytes_a_character() {
    check("中文", "d6d0cec4");
    check("旗舰店", "c6ecbda2b5ea");
    check("囍", "87d6");
    check("〇", "a996");
    check("㎡", "a94f");
    check("䶮", "fe9f");
}

#[test]
fn punctuation_that_unicode_calls_ambiguous_takes_two_columns() {
    for (text, code) in [
        ("￥", "a3a4"),
        ("“", "a1b0"),
        ("”", "a1b1"),
        ("…", "a1ad"),
        ("·", "a1a4"),
        ("×", "a1c1"),
        ("—", "a1aa"),
        ("①", "a2d9"),
        ("℃", "a1e6"),
        ("–", "a843"),
    ] {
        check(text, code);
    }
}

#[test]
fn what_gbk_lacks_is_replaced_and_never_stops_the_text() {
    for (text, code) in [
        ("¥", "a3a4"),
        ("€", "a2e3"),
        ("•", "a1a4"),
        ("©", "286329"),
        ("〜", "a1ab"),
        ("㐂", "3f"),
        ("𠮷", "3f"),
        ("😀", ""),
        ("\u{e863}", "3f"),
    ] {
        check(text, code);
    }
    assert_eq!(gbk::printable("¥12 • 😀𠮷野家"), "￥12 · ?野家");
}

#[test]
fn accented_names_keep_their_letters() {
    for (text, expected) in [
        ("Häagen-Dazs", "Haagen-Dazs"),
        ("Nestlé", "Nestlé"),
        ("Lancôme", "Lancome"),
        ("L'Oréal™", "L'OréalTM"),
        ("jalapen\u{303}o", "jalapeno"),
        ("Weißbier ½", "Weissbier 1/2"),
    ] {
        assert_eq!(gbk::printable(text), expected);
    }
}

#[test]
fn the_name_of_an_item_cannot_carry_a_command() {
    // Initialise, kick the drawer in real time, cut: all gone but the letters.
    let name = "糖\u{1b}@\u{10}\u{14}\u{1}\u{0}\u{2}\u{1d}V\u{0}\u{7f}\u{9b}果";
    assert_eq!(gbk::printable(name), "糖@V果");
    assert_eq!(gbk::printable("上\n下\t左\r右"), "上 下 左 右");
}
