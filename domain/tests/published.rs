//! Examples that others published, as tables with their source.

#![allow(clippy::unwrap_used, reason = "tests stop at the first thing that is not as expected")]

use domain::{
    barcode::{Gtin, LabelPattern, check_digit},
    member::mask_name,
    money::Money,
    quantity::Quantity,
    tender::CashRounding,
};

/// GS1's own rule, modulo 10 with weights 3 and 1 from the right; 2112345015002 is the example of
/// Odoo's manual (barcode nomenclature), 5901234123457 GS1's usual sample.
#[test]
fn check_digits_are_those_of_the_published_codes() {
    let table = [
        ("590123412345", 7),
        ("690123456789", 2),
        ("211234501500", 2),
        ("210601304008", 3),
        ("200000000000", 8),
    ];
    for (first, last) in table {
        assert_eq!(check_digit(first), last, "{first}");
        assert!(Gtin::parse(&format!("{first}{last}")).is_ok(), "{first}");
    }
}

/// Odoo 15 (Chinese, barcode nomenclature), pattern `21.....{NNDDD}`; a scale's label of 21 06013 04008
/// (114618.com/news/89796.html); 26, item, fen, grams in 18 digits (enjoyit.com.cn, 2005), whose
/// "check digit as EAN-13" scales compute in two ways, so that a pattern may not believe it.
#[test]
fn labels_of_scales_say_item_weight_and_amount() {
    let table = [
        ("21IIIIIWWWWWC", "2112345015002", "12345", Some(1_500), None),
        ("21IIIIIPPPPPC", "2106013040083", "06013", None, Some(4_008)),
        ("26IIIIIPPPPPWWWWWC", "261234500499002504", "12345", Some(250), Some(499)),
        ("26IIIIIPPPPPWWWWWX", "261234500499002508", "12345", Some(250), Some(499)),
    ];
    for (pattern, text, plu, grams, fen) in table {
        let label = LabelPattern::parse(pattern).unwrap().read(text).unwrap();
        let expected = (plu, grams.map(Quantity::from_milli), fen.map(Money::from_minor));
        assert_eq!((label.plu.as_str(), label.weight, label.amount), expected, "{text}");
    }
    let strict = LabelPattern::parse("26IIIIIPPPPPWWWWWC").unwrap();
    assert_eq!(strict.read("261234500499002508"), None, "counted from the left");
}

/// 抹分, 抹角, 四舍五入, 见分进角, 见角进元 as cashiers' programs name them
/// (outofmemory.cn/tougao/6542187.html).
#[test]
fn cash_is_rounded_as_cashiers_call_it() {
    let amounts = [1_995, 1_994, 1_990, 1_900, 99, 4];
    let table = [
        (CashRounding::JiaoDown, [1_990, 1_990, 1_990, 1_900, 90, 0]),
        (CashRounding::YuanDown, [1_900, 1_900, 1_900, 1_900, 0, 0]),
        (CashRounding::JiaoHalfUp, [2_000, 1_990, 1_990, 1_900, 100, 0]),
        (CashRounding::YuanHalfUp, [2_000, 2_000, 2_000, 1_900, 100, 0]),
        (CashRounding::JiaoUp, [2_000, 2_000, 1_990, 1_900, 100, 10]),
        (CashRounding::YuanUp, [2_000, 2_000, 2_000, 1_900, 100, 100]),
    ];
    for (rounding, expected) in table {
        let rounded = amounts.map(|fen| fen + rounding.of(Money::from_minor(fen)).minor());
        assert_eq!(rounded, expected, "{rounding:?}");
    }
}

/// A receipt keeps the first sign of a name (shrzkj.com.cn/aishangye/84417.html); ours keeps one mark
/// for the rest, so that its length is not told.
#[test]
fn a_name_on_a_receipt_keeps_its_first_sign() {
    assert_eq!(mask_name("张三丰"), "张*");
}
