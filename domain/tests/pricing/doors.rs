//! Absurd carts and occasions have no quote, and the largest that are not absurd have one.

use domain::{
    cart::CartLine,
    catalog::Unit,
    id::Id,
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    pricing::{
        Occasion, PriceBook, QuoteRefusal,
        occasion::{COUPONS_MAX, Coupon, Manual, Shopper, Used},
        quote,
        rule::{Cut, Reward},
    },
    quantity::{QUANTITY_MILLI_MAX, Quantity},
    time::{StoreClock, Timestamp},
};
use uuid::Uuid;

use super::{
    refuse::{half, minor, rule, set},
    world::{SATURDAY_EVENING, SHELF, line},
};

pub(crate) fn till() -> Occasion {
    Occasion::at_till(
        "SH001".to_owned(),
        StoreClock::default(),
        Timestamp::from_micros(SATURDAY_EVENING),
    )
}

fn milk(n: u64) -> CartLine {
    line(n, &SHELF[0], 1_000, 1_000)
}

/// Priced by a book with rules and by one without: both refuse.
fn no_quote(what: &str, lines: &[CartLine], occasion: &Occasion, expected: Option<QuoteRefusal>) {
    let rules = vec![half(), rule("off", Reward::AmountOff(minor(100)))];
    let ruled = PriceBook::compile(1, set(rules)).unwrap();
    for book in [PriceBook::default(), ruled] {
        match (quote(&book, lines, occasion), expected) {
            (Err(refusal), Some(expected)) => assert_eq!(refusal, expected, "{what}"),
            (Err(refusal), None) => assert!(!refusal.to_string().is_empty(), "{what}"),
            (Ok(quoted), _) => panic!("{what} has a quote: {:?}", quoted.total),
        }
    }
}

#[test]
fn absurd_carts_have_no_quote() {
    let bent = |bend: fn(&mut CartLine)| {
        let mut line = milk(1);
        bend(&mut line);
        vec![milk(0), line]
    };
    let price = |price: i64| {
        let mut line = milk(1);
        line.item.list_price = minor(price);
        vec![milk(0), line]
    };
    for absurd in [-1, i64::MIN, i64::MAX, UNIT_PRICE_MINOR_MAX + 1] {
        no_quote("a price", &price(absurd), &till(), Some(QuoteRefusal::Price(1)));
    }
    for milli in [0, -1_000, 1_000_000_000_000, i64::MIN, i64::MAX, QUANTITY_MILLI_MAX + 1_000] {
        let mut lines = vec![milk(0), milk(1)];
        lines[1].quantity = Quantity::from_milli(milli);
        no_quote("a quantity", &lines, &till(), Some(QuoteRefusal::Quantity(1)));
        lines[1].item.unit = Unit::Kg;
        no_quote("a weight", &lines, &till(), Some(QuoteRefusal::Quantity(1)));
    }
    let part = bent(|line| line.quantity = Quantity::from_milli(1_500));
    no_quote("one and a half pieces", &part, &till(), Some(QuoteRefusal::Quantity(1)));
    for amount in [-1, i64::MIN, i64::MAX] {
        let mut lines = vec![milk(0), milk(1)];
        lines[1].label_amount = Some(minor(amount));
        lines[1].is_labelled = true;
        no_quote("a label", &lines, &till(), Some(QuoteRefusal::Price(1)));
    }
    let twins = [milk(0), milk(0)];
    let id = Id::from_uuid(Uuid::from_u128(1));
    no_quote("a line twice", &twins, &till(), Some(QuoteRefusal::Twice(id)));
    let many: Vec<CartLine> = (0..10_000).map(milk).collect();
    no_quote("10,000 lines", &many, &till(), Some(QuoteRefusal::TooManyLines(10_000)));
}

#[test]
fn the_largest_cart_that_a_till_takes_has_a_quote() {
    let rules = vec![half(), rule("off", Reward::AmountOff(minor(1_000_000)))];
    let book = PriceBook::compile(1, set(rules)).unwrap();
    let lines: Vec<CartLine> =
        (0..200).map(|n| line(n, &SHELF[0], UNIT_PRICE_MINOR_MAX - n as i64, 9_999_000)).collect();
    let quoted = quote(&book, &lines, &till()).unwrap();
    let list: i64 = lines.iter().map(|line| line.item.list_price.minor() * 9_999).sum();
    assert_eq!(quoted.list.minor(), list);
    assert!(quoted.total.minor() < list / 2 + 2_000_000);
}

#[test]
fn free_goods_have_a_quote() {
    let book = PriceBook::compile(1, set(vec![half()])).unwrap();
    let free = line(0, &SHELF[0], 0, 3_000);
    assert_eq!(quote(&book, &[free], &till()).unwrap().total, Money::ZERO);
    assert_eq!(quote(&book, &[], &till()).unwrap().total, Money::ZERO);
}

#[test]
fn absurd_occasions_have_no_quote() {
    let cart = [milk(0)];
    let with = |bend: &dyn Fn(&mut Occasion)| {
        let mut occasion = till();
        bend(&mut occasion);
        occasion
    };
    let coupon = |n: usize| Coupon { code: n.to_string(), rule: "half".to_owned() };
    let occasion = with(&|o| o.coupons = (0..=COUPONS_MAX).map(coupon).collect());
    no_quote("eleven coupons", &cart, &occasion, Some(QuoteRefusal::Coupons));
    let occasion = with(&|o| o.coupons = vec![coupon(1), coupon(1)]);
    no_quote("a coupon twice", &cart, &occasion, Some(QuoteRefusal::Coupons));
    for fee in [-1, i64::MIN, i64::MAX] {
        let occasion = with(&|o| o.delivery_fee = minor(fee));
        no_quote("a fee", &cart, &occasion, Some(QuoteRefusal::Occasion));
    }
    for points in [-1, i64::MIN] {
        let occasion = with(&|o| o.points_to_pay = points);
        no_quote("points to pay", &cart, &occasion, Some(QuoteRefusal::Occasion));
        let shopper = Shopper { points, ..Shopper::default() };
        let occasion = with(&|o| o.shopper = Some(shopper.clone()));
        no_quote("points", &cart, &occasion, Some(QuoteRefusal::Occasion));
    }
    let used = |rule: &str| Used { rule: rule.to_owned(), ..Used::default() };
    let occasion = with(&|o| o.used = vec![used("half"), used("half")]);
    // Two answers to one question; either refuses or the first counts, but nothing breaks.
    assert!(
        quote(&PriceBook::default(), &cart, &occasion).is_ok_and(|q| q.total == minor(1_000))
            || quote(&PriceBook::default(), &cart, &occasion) == Err(QuoteRefusal::Occasion)
    );
}

#[test]
fn hands_do_not_reach_beyond_their_authority() {
    let cart = [milk(0), milk(1)];
    let manual = |line: Option<u128>, cut, off_max| Manual {
        line: line.map(|n| Id::from_uuid(Uuid::from_u128(n))),
        cut,
        reason: "damaged".to_owned(),
        operator: "1001".to_owned(),
        off_max: BasisPoints(off_max),
        may_raise: false,
    };
    let rate = |rate| Cut::Rate(BasisPoints(rate));
    let table = [
        ("a line that is not there", manual(Some(99), rate(9_000), 10_000)),
        ("half, and may a tenth", manual(Some(1), rate(5_000), 1_000)),
        ("half of all, and may a tenth", manual(None, rate(5_000), 1_000)),
        ("more than the price", manual(Some(1), Cut::Off(minor(100_000)), 1_000)),
        ("a raise", manual(Some(1), Cut::Price(minor(2_000)), 10_000)),
        ("a raise of all", manual(None, Cut::Price(minor(200_000)), 10_000)),
        ("a raising rate", manual(Some(1), rate(10_001), 10_000)),
        ("a price below nothing", manual(Some(1), Cut::Price(minor(-1)), 10_000)),
        ("less than nothing off", manual(Some(1), Cut::Off(minor(-1)), 10_000)),
        ("a price beyond counting", manual(Some(1), Cut::Price(minor(i64::MIN)), 10_000)),
    ];
    for (what, manual) in table {
        let mut occasion = till();
        occasion.manuals = vec![manual];
        no_quote(what, &cart, &occasion, Some(QuoteRefusal::Manual(0)));
    }
}
