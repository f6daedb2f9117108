//! Carts, rules and quotes made of random numbers, for the tests of what orders carry.
//!
//! The quotes here are not those of the engine: they take anything from any units, so that what
//! holds for them holds for whatever rules will do.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod sale;

pub(crate) use sale::{Pricer, Sale, sale, shop};

use domain::{
    cart::{Cart, CartLine, LineItem, LineSource},
    catalog::Unit,
    id::Id,
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    order::Completion,
    pricing::{
        Applied, By, Earned, Earning, Lane, Occasion, PriceBook, Quote, Rule, RuleIx, RuleSet,
        Taking,
        goods::{Goods, Select},
        occasion::{Coupon, Manual},
        quote,
        rule::{Cut, Need, NeedAmount, Reward, Step},
        tax_inside, units,
    },
    quantity::Quantity,
    tender::{CashRounding, Tender, TenderKind},
    time::{StoreClock, Timestamp},
};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

pub(crate) fn fen(minor: i64) -> Money {
    Money::from_minor(minor)
}

pub(crate) fn item(key: u8, price: i64, unit: Unit) -> LineItem {
    LineItem {
        sku: key.to_string(),
        code: key.to_string(),
        name: key.to_string(),
        spec: String::new(),
        unit,
        list_price: fen(price),
        tax_rate: BasisPoints(if key.is_multiple_of(2) { 1_300 } else { 900 }),
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: String::new(),
        category: String::new(),
        tags: Vec::new(),
    }
}

pub(crate) fn line(key: u8, price: i64, unit: Unit, milli: i64, label: Option<i64>) -> CartLine {
    CartLine {
        id: Id::from_uuid(Uuid::from_u128(u128::from(key) + 100)),
        position: u32::from(key),
        item: item(key, price, unit),
        quantity: Quantity::from_milli(milli),
        label_amount: label.map(fen),
        is_labelled: label.is_some(),
        source: LineSource::default(),
    }
}

pub(crate) fn cart(lines: Vec<CartLine>) -> Cart {
    Cart { lines, ..Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0) }
}

pub(crate) fn rounding() -> impl Strategy<Value = CashRounding> {
    select(CashRounding::ALL.to_vec())
}

/// Lines of pieces, weights and labels; now and then many pieces, up to so many.
pub(crate) fn lines(many: i64) -> impl Strategy<Value = Vec<CartLine>> {
    let pieces = prop_oneof![9 => 1..12_i64, 1 => 12..=many].prop_map(|n| (n * 1_000, None));
    let weighed = (1..5_000_i64).prop_map(|milli| (milli, None));
    let labelled = (1..5_000_i64, 0..9_000_i64).prop_map(|(milli, label)| (milli, Some(label)));
    let measure = prop_oneof![
        4 => pieces.prop_map(|m| (Unit::Piece, m)),
        1 => weighed.prop_map(|m| (Unit::Kg, m)),
        1 => labelled.prop_map(|m| (Unit::Kg, m)),
    ];
    let price = prop_oneof![8 => 0..3_000_i64, 1 => Just(1), 1 => 0..=UNIT_PRICE_MINOR_MAX / 100];
    prop::collection::vec((price, measure), 1..6).prop_map(|lines| {
        (0..)
            .zip(lines)
            .map(|(key, (price, (unit, (milli, label))))| line(key, price, unit, milli, label))
            .collect()
    })
}

pub(crate) fn rule(id: &str, reward: Reward) -> Rule {
    Rule {
        id: id.into(),
        name: format!("rule {id}"),
        lane: None,
        coupon: id.starts_with("coupon"),
        who: Default::default(),
        when: Default::default(),
        place: Default::default(),
        goods: Goods::everything(),
        steps: vec![Step { needs: Vec::new(), reward }],
        join: Default::default(),
        repeat: Default::default(),
        limits: Default::default(),
        stacking: Default::default(),
        funding: Default::default(),
    }
}

pub(crate) fn skus(keys: &[u8]) -> Goods {
    let any = keys.iter().map(|key| Select::Sku(key.to_string())).collect();
    Goods { any, ..Goods::default() }
}

/// What points cost per unit in `points-price`.
pub(crate) const POINTS_PRICE: i64 = 50;

/// One rule of each kind that units remember differently. Line 1 earns the gifts.
pub(crate) fn book() -> PriceBook {
    let mut gift = rule("gift", Reward::Gift { goods: Goods::everything(), count: 1 });
    gift.goods = skus(&[0]);
    for step in &mut gift.steps {
        step.needs = vec![Need { amount: NeedAmount::Pieces(1), goods: None }];
    }
    let cut = Reward::Units(Cut::Off(fen(1)));
    let points = Reward::PointsPrice { points: POINTS_PRICE, price: fen(0) };
    let pay = Reward::PointsPay { points: 1, worth: fen(1), rate_max: BasisPoints(10_000) };
    let rules = vec![
        rule("points-price", points),
        rule("cut", cut),
        rule("group", Reward::Nth { n: 2, cut: Cut::Rate(BasisPoints(5_000)) }),
        gift,
        rule("coupon", Reward::AmountOff(fen(1))),
        rule("pay", pay),
        rule("earn", Reward::EarnPoints { per: fen(100), points: 1 }),
    ];
    PriceBook::compile(7, RuleSet { rules, ..RuleSet::default() }).expect("a good rule set")
}

pub(crate) fn ix(book: &PriceBook, id: &str) -> RuleIx {
    let place = book.rules().iter().position(|rule| rule.id == id).expect("a rule of the book");
    RuleIx(u32::try_from(place).unwrap())
}

/// A till, nobody known, nothing presented.
pub(crate) fn plain_occasion() -> Occasion {
    Occasion::at_till("SH001".into(), StoreClock::default(), Timestamp::from_micros(0))
}

pub(crate) fn occasion() -> Occasion {
    let mut occasion = plain_occasion();
    for code in ["K-1", "K-2"] {
        occasion.coupons.push(Coupon { code: code.into(), rule: "coupon".into() });
    }
    occasion.manuals.push(Manual {
        line: None,
        cut: Cut::Off(fen(1)),
        reason: "damaged".into(),
        operator: "1001".into(),
        off_max: BasisPoints(10_000),
        may_raise: false,
    });
    occasion
}

/// A wish to take: from which line, which part of its units, by whom, how much of what is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    line: usize,
    first: u32,
    units: u32,
    by: usize,
    percent: i64,
}

pub(crate) fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = (0..6_usize, 0..12_u32, 1..12_u32, 0..8_usize, 0..=100_i64);
    let wish = wish.prop_map(|(line, first, units, by, percent)| Wish {
        line,
        first,
        units: if units == 11 { 9_999 } else { units },
        by,
        percent,
    });
    prop::collection::vec(wish, 0..16)
}

/// A quote that takes what the wishes say, in the order of lanes.
pub(crate) fn quote_of(
    book: &PriceBook,
    lines: &[CartLine],
    wishes: &[Wish],
    earned: i64,
) -> Quote {
    let takers = [
        (By::Rule(ix(book, "points-price")), Lane::Price),
        (By::Rule(ix(book, "cut")), Lane::Price),
        (By::Rule(ix(book, "group")), Lane::Group),
        (By::Rule(ix(book, "gift")), Lane::Order),
        (By::Manual(0), Lane::Order),
        (By::Coupon(ix(book, "coupon"), 0), Lane::Coupon),
        (By::Coupon(ix(book, "coupon"), 1), Lane::Coupon),
        (By::Rule(ix(book, "pay")), Lane::Points),
    ];
    let mut quote = quote(&PriceBook::default(), lines, &plain_occasion()).unwrap();
    quote.revision = book.revision();
    let mut wishes = wishes.to_vec();
    wishes.sort_by_key(|wish| wish.by);
    let mut left: Vec<Vec<i64>> = Vec::new();
    for (line, quoted) in lines.iter().zip(&quote.lines) {
        let n = usize::try_from(units(line)).unwrap();
        left.push(quoted.list.allocate(&vec![1; n]).into_iter().map(Money::minor).collect());
    }
    for wish in wishes {
        let line = wish.line % lines.len();
        let n = units(&lines[line]);
        let first = wish.first % n;
        let units = wish.units.min(n - first);
        let range = usize::try_from(first).unwrap()..usize::try_from(first + units).unwrap();
        let (by, lane) = takers[wish.by];
        let is_gift = by == By::Rule(ix(book, "gift"));
        let least = left[line][range.clone()].iter().min().copied().unwrap();
        let each = if is_gift { least } else { least * wish.percent / 100 };
        // The first line earns the gifts.
        if each == 0 || (is_gift && line == 0) {
            continue;
        }
        let points = match wish.by {
            0 => POINTS_PRICE * i64::from(units),
            7 => each * i64::from(units),
            _ => 0,
        };
        let is_again = |t: &Taking| {
            t.by == by
                && usize::from(t.line) == line
                && t.first < first + units
                && first < t.first + t.units
        };
        if wish.by == 0 && quote.takings.iter().any(is_again) {
            continue;
        }
        quote.points_spent += points;
        left[line][range].iter_mut().for_each(|unit| *unit -= each);
        let line = u16::try_from(line).unwrap();
        quote.takings.push(Taking { line, first, units, by, lane, each: fen(each) });
    }
    for ((line, quoted), left) in lines.iter().zip(&mut quote.lines).zip(&left) {
        quoted.amount = fen(left.iter().sum());
        quoted.tax = tax_inside(quoted.amount, line.item.tax_rate);
    }
    quote.total = Money::sum(quote.lines.iter().map(|line| line.amount)).unwrap();
    quote.tax = Money::sum(quote.lines.iter().map(|line| line.tax)).unwrap();
    quote.saved = quote.list.minus(quote.total).unwrap();
    quote.points_earned = earned;
    quote.earned = vec![earned_by_all(book, lines, earned)];
    let points_of = |by| if by == takers[0].0 { POINTS_PRICE } else { 0 };
    let did = |(by, lane)| applied(&quote, by, lane, points_of(by));
    quote.applied = takers.into_iter().filter_map(did).collect();
    quote
}

/// Points that everything earned together.
fn earned_by_all(book: &PriceBook, lines: &[CartLine], points: i64) -> Earned {
    let earning = |(line, cart_line): (u16, &CartLine)| {
        let units = units(cart_line);
        Earning { line, first: 0, units, rate: 10_000 }
    };
    Earned { rule: ix(book, "earn"), points, earning: (0..).zip(lines).map(earning).collect() }
}

/// What one taker did in all, if it did something.
fn applied(quote: &Quote, by: By, lane: Lane, points_each: i64) -> Option<Applied> {
    let own = quote.takings.iter().filter(|taking| taking.by == by);
    let saved = own.map(|taking| taking.each.minor() * i64::from(taking.units)).sum();
    let after = quote.takings.iter().position(|taking| taking.by == by)?;
    let after = u32::try_from(after).unwrap();
    Some(Applied { by, lane, step: 0, after, uses: 1, saved: fen(saved), points_each })
}

/// Lets delivery cost something.
pub(crate) fn deliver(quote: &mut Quote, fee: i64, saved: i64) {
    quote.delivery_fee = fen(fee);
    quote.delivery_saved = fen(saved);
    quote.total = quote.total.plus(fen(fee - saved)).unwrap();
    quote.saved = quote.saved.plus(fen(saved)).unwrap();
}

/// Tenders that cover a total: parts by card, and cash for the rest, with something over.
pub(crate) fn tenders(total: i64, cards: &[u8], rounding: CashRounding, over: i64) -> Vec<Tender> {
    let tender = |kind, minor| Tender { kind, amount: fen(minor) };
    let mut left = total;
    let mut tenders = Vec::new();
    for percent in cards {
        let part = left * i64::from(*percent) / 100;
        if part > 0 {
            tenders.push(tender(TenderKind::Card, part));
            left -= part;
        }
    }
    if left > 0 {
        let due = left + rounding.of(fen(left)).minor();
        // Two handfuls of cash; nothing due after rounding still shows the will to pay.
        let (first, second) = (due / 3, due - due / 3 + over);
        for part in [first, second.max(i64::from(first == 0))] {
            if part > 0 {
                tenders.insert(tenders.len() / 2, tender(TenderKind::Cash, part));
            }
        }
    }
    tenders
}

pub(crate) fn completion(rounding: CashRounding) -> Completion {
    Completion {
        receipt_number: "SH001-1-1-20261121-0001".parse().unwrap(),
        operator: "1001".into(),
        member: None,
        completed_at: Timestamp::from_micros(0),
        rounding,
        occasion: occasion(),
    }
}
