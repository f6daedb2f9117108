//! What must hold for any cart, any tenders and any split.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod random;

use domain::{
    barcode::{Gtin, check_digit, default_label_patterns, read},
    cart::{Addition, CART_LINES_MAX, Cart, Measure},
    catalog::Unit,
    id::Id,
    money::{Money, UNIT_PRICE_MINOR_MAX},
    order::{Order, OrderFault, Source, complete},
    pricing::{By, PriceBook, Quote, QuoteRefusal, quote},
    quantity::{QUANTITY_MILLI_MAX, Quantity},
    tender::{CASH_MINOR_MAX, Tender, TenderKind, quick_notes, settle},
};
use proptest::prelude::*;
use random::{completion, fen, item, occasion, rounding};
use uuid::Uuid;

/// What a cart costs without any rule.
fn plain(cart: &Cart) -> Result<Quote, QuoteRefusal> {
    quote(&PriceBook::default(), &cart.lines, &random::plain_occasion())
}

/// Scans as a shop sees them: prices to 200 yuan, quantities to 20, none refused.
fn usual_scans() -> impl Strategy<Value = Vec<(u8, i64, bool, i64)>> {
    scans_up_to(20_000, 1_000, 20_000)
}

/// Scans up to every limit, some of which a cart refuses.
fn scans() -> impl Strategy<Value = Vec<(u8, i64, bool, i64)>> {
    scans_up_to(UNIT_PRICE_MINOR_MAX, 1, QUANTITY_MILLI_MAX)
}

/// Some items, scanned in some order, each with its own price.
fn scans_up_to(
    price_max: i64,
    milli_min: i64,
    milli_max: i64,
) -> impl Strategy<Value = Vec<(u8, i64, bool, i64)>> {
    let prices = prop::collection::vec(0..=price_max, 8);
    let picks = prop::collection::vec((0..8_usize, milli_min..=milli_max), 0..60);
    (prices, picks).prop_map(|(prices, picks)| {
        picks.into_iter().map(|(at, milli)| (at as u8, prices[at], at % 3 == 0, milli)).collect()
    })
}

fn cart_of(scans: &[(u8, i64, bool, i64)]) -> Cart {
    let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0);
    for (n, (key, price, is_weighed, milli)) in scans.iter().enumerate() {
        let (unit, milli) =
            if *is_weighed { (Unit::Kg, *milli) } else { (Unit::Piece, milli / 1_000 * 1_000) };
        let line = Id::from_uuid(Uuid::from_u128(n as u128 + 2));
        let measure = Measure::Given(Quantity::from_milli(milli));
        // What is out of range is refused and leaves the cart as it was.
        let before = cart.clone();
        if cart.add(Addition { line, item: item(*key, *price, unit), measure }).is_err() {
            assert_eq!(cart, before);
        }
    }
    cart
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_lines_of_a_quote_add_up_and_nothing_is_below_zero(scans in scans()) {
        let cart = cart_of(&scans);
        let quote = plain(&cart).unwrap();
        let sum: i64 = quote.lines.iter().map(|line| line.amount.minor()).sum();
        prop_assert_eq!(sum, quote.total.minor());
        prop_assert_eq!(quote.list.minor() - quote.saved.minor(), quote.total.minor());
        prop_assert!(quote.lines.iter().all(|line| line.amount >= Money::ZERO));
        prop_assert!(cart.lines.len() <= CART_LINES_MAX);
    }

    #[test]
    fn the_order_of_scanning_changes_no_total(scans in usual_scans(), seed in any::<u64>()) {
        let mut shuffled = scans.clone();
        let n = shuffled.len().max(1);
        for i in 0..shuffled.len() {
            let j = (seed.rotate_left(i as u32) as usize).wrapping_mul(31) % n;
            shuffled.swap(i, j);
        }
        let (one, other) = (cart_of(&scans), cart_of(&shuffled));
        prop_assert_eq!(plain(&one).unwrap().total, plain(&other).unwrap().total);
    }

    #[test]
    fn undoing_every_step_leads_back_to_the_empty_cart(scans in scans()) {
        let mut cart = Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0);
        let mut steps = Vec::new();
        let mut stood = Vec::new();
        for (n, (key, price, _, milli)) in scans.iter().enumerate() {
            let before = cart.lines.clone();
            let done = match n % 4 {
                3 if !cart.is_empty() => {
                    let id = cart.lines[n % cart.lines.len()].id;
                    cart.void_line(id)
                }
                _ => cart.add(Addition {
                    line: Id::from_uuid(Uuid::from_u128(n as u128 + 2)),
                    item: item(*key, *price, Unit::Kg),
                    measure: Measure::Given(Quantity::from_milli(*milli)),
                }),
            };
            if let Ok(change) = done {
                stood.push(before);
                steps.push(change.step);
            }
        }
        while let (Some(step), Some(before)) = (steps.pop(), stood.pop()) {
            cart.undo(step);
            prop_assert_eq!(&cart.lines, &before);
        }
        prop_assert!(cart.is_empty());
    }

    #[test]
    fn tenders_less_change_are_the_total_and_its_rounding(
        scans in usual_scans(), rounding in rounding(), extra in 0..20_000_i64, card in 0..100_u8,
    ) {
        let cart = cart_of(&scans);
        let priced = plain(&cart).unwrap();
        prop_assume!(!cart.is_empty() && priced.total.minor() > 100);
        let by_card = priced.total.minor() / 100 * i64::from(card);
        let left = priced.total.minor() - by_card;
        prop_assume!(left + extra + 200 <= CASH_MINOR_MAX && by_card <= CASH_MINOR_MAX);
        let tender = |kind, amount| Tender { kind, amount: fen(amount) };
        let mut tenders = vec![tender(TenderKind::Cash, left + extra + 100)];
        if by_card > 0 {
            tenders.push(tender(TenderKind::Card, by_card));
        }
        let order =
            complete(&cart, &PriceBook::default(), &priced, &tenders, completion(rounding)).unwrap();
        prop_assert_eq!(order.check(), Ok(()));
        prop_assert!(order.rounding.minor().abs() < 100);
        prop_assert_eq!(order.rounding, rounding.of(Money::from_minor(left)));
    }

    #[test]
    fn parts_always_sum_to_the_whole(
        whole in -1_000_000_000_000_i64..1_000_000_000_000, weights in prop::collection::vec(0..1_000_000_000_i64, 1..40),
    ) {
        let parts = Money::from_minor(whole).allocate(&weights);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().map(|part| part.minor()).sum::<i64>(), whole);
        prop_assert!(parts.iter().all(|part| part.minor() == 0 || (part.minor() < 0) == (whole < 0)));
    }

    #[test]
    fn no_quick_note_is_less_than_what_is_due(due in 1..CASH_MINOR_MAX) {
        let notes = quick_notes(Money::from_minor(due));
        prop_assert_eq!(notes.first().copied(), Some(Money::from_minor(due)));
        prop_assert!(notes.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_written_amount_reads_back(minor in any::<i64>().prop_filter("negatable", |m| *m != i64::MIN)) {
        let money = Money::from_minor(minor);
        prop_assert_eq!(Money::parse_yuan(&money.to_string()), Ok(money));
    }

    #[test]
    fn a_computed_check_digit_makes_a_gtin_and_any_other_does_not(body in "[0-9]{12}", wrong in 1..10_u8) {
        let right = check_digit(&body);
        let code = |last: u8| format!("{body}{last}");
        prop_assert!(Gtin::parse(&code(right)).is_ok());
        prop_assert!(Gtin::parse(&code((right + wrong) % 10)).is_err());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = read(&text, &default_label_patterns());
        let _ = domain::find::words(&text);
    }

    #[test]
    fn a_settled_total_never_takes_more_than_was_given(total in 0..CASH_MINOR_MAX, given in 1..CASH_MINOR_MAX, rounding in rounding()) {
        let cash = Tender { kind: TenderKind::Cash, amount: Money::from_minor(given) };
        if let Ok(settled) = settle(Money::from_minor(total), &[cash], rounding) {
            prop_assert!(settled.change >= Money::ZERO);
            prop_assert_eq!(settled.due.minor() + settled.change.minor(), given);
        }
    }
}

/// Every unit of an order written out: `(line, run of the line)`.
fn unrolled(order: &Order) -> Vec<(usize, domain::order::UnitRun)> {
    let mut all = Vec::new();
    for (place, line) in order.lines.iter().enumerate() {
        for run in &line.units {
            let one = domain::order::UnitRun { units: 1, ..run.clone() };
            all.extend(std::iter::repeat_n((place, one), run.units as usize));
        }
    }
    all
}

/// What of each unit the quote took, unit by unit, by source.
fn taken(order: &Order, quote: &Quote, by: By, line: usize, unit: u32) -> i64 {
    assert!(line < order.lines.len());
    let hits = quote.takings.iter().filter(|t| {
        t.by == by && usize::from(t.line) == line && (t.first..t.first + t.units).contains(&unit)
    });
    hits.map(|t| t.each.minor()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn units_carry_what_an_allocation_over_every_single_unit_gives_them(
        lines in random::lines(60), wishes in random::wishes(), mode in rounding(),
        cards in prop::collection::vec(0..=100_u8, 0..3), over in 0..9_000_i64,
        earned in 0..5_000_i64, fee in 0..2_i64,
    ) {
        let book = random::book();
        let mut quote = random::quote_of(&book, &lines, &wishes, earned);
        random::deliver(&mut quote, fee * 800, 0);
        let tenders = random::tenders(quote.total.minor(), &cards, mode, over);
        prop_assume!(tenders.iter().all(|t| t.amount.minor() <= CASH_MINOR_MAX));
        let cart = random::cart(lines);
        let order = complete(&cart, &book, &quote, &tenders, completion(mode)).unwrap();
        prop_assert_eq!(order.check(), Ok(()));

        let units = unrolled(&order);
        let delivered = order.delivery.as_ref().map(|delivery| delivery.amount.minor());
        let amounts: Vec<i64> =
            units.iter().map(|(_, unit)| unit.amount.minor()).chain(delivered).collect();
        let roundings = order.rounding.allocate(&amounts);
        let mut dues: Vec<i64> =
            amounts.iter().zip(&roundings).map(|(amount, by)| amount + by.minor()).collect();
        for (place, net) in order.nets().into_iter().enumerate() {
            let shares = net.allocate(&dues);
            for ((_, unit), share) in units.iter().zip(&shares) {
                prop_assert_eq!(unit.tenders[place], *share);
            }
            dues.iter_mut().zip(shares).for_each(|(due, share)| *due -= share.minor());
        }
        prop_assert!(dues.iter().all(|due| *due == 0));
        for ((_, unit), by) in units.iter().zip(roundings) {
            prop_assert_eq!(unit.rounding, by);
        }
    }

    #[test]
    fn units_carry_exactly_what_the_quote_took_from_them(
        lines in random::lines(9_999), wishes in random::wishes(), earned in 0..5_000_i64,
    ) {
        let book = random::book();
        let quote = random::quote_of(&book, &lines, &wishes, earned);
        let tenders = random::tenders(quote.total.minor(), &[100], Default::default(), 0);
        prop_assume!(tenders.iter().all(|t| t.amount.minor() <= CASH_MINOR_MAX));
        let cart = random::cart(lines);
        let order = complete(&cart, &book, &quote, &tenders, completion(Default::default())).unwrap();
        let by_of = |source: &Source| match source {
            Source::Rule(id) => By::Rule(random::ix(&book, id)),
            Source::Coupon { rule, code } => {
                let place = occasion().coupons.iter().position(|c| c.code == *code).unwrap();
                By::Coupon(random::ix(&book, rule), place as u16)
            }
            Source::Manual { .. } => By::Manual(0),
        };
        let paid_by_points = By::Rule(random::ix(&book, "pay"));
        let bought = By::Rule(random::ix(&book, "points-price"));
        for (place, line) in order.lines.iter().enumerate() {
            let n_units: u32 = line.units.iter().map(|run| run.units).sum();
            let list = line.list.allocate(&vec![1; n_units as usize]);
            // Where runs begin and end, and one unit on either side, is where a mistake would be.
            let mut at = 0;
            for run in &line.units {
                for unit in [at, at + run.units - 1] {
                    prop_assert_eq!(run.list, list[unit as usize]);
                    for (adjustment, part) in line.adjustments.iter().zip(&run.adjustments) {
                        let by = by_of(&adjustment.source);
                        prop_assert_eq!(part.minor(), taken(&order, &quote, by, place, unit));
                    }
                    let points = taken(&order, &quote, paid_by_points, place, unit)
                        + random::POINTS_PRICE * i64::from(taken(&order, &quote, bought, place, unit) > 0);
                    prop_assert_eq!(run.points_spent, points);
                }
                at += run.units;
            }
            prop_assert!(line.units.len() <= 64, "runs, not units: {}", line.units.len());
        }
    }

    #[test]
    fn an_order_whose_fen_were_moved_is_found_out(
        lines in random::lines(9_999), wishes in random::wishes(), at in any::<usize>(), what in 0..11_u8,
    ) {
        let book = random::book();
        let quote = random::quote_of(&book, &lines, &wishes, 3);
        let tenders = random::tenders(quote.total.minor(), &[40], Default::default(), 0);
        prop_assume!(tenders.iter().all(|t| t.amount.minor() <= CASH_MINOR_MAX));
        let cart = random::cart(lines);
        let mut order = complete(&cart, &book, &quote, &tenders, completion(Default::default())).unwrap();
        prop_assert_eq!(order.check(), Ok(()));
        let n = order.lines.len();
        let line = &mut order.lines[at % n];
        let runs = line.units.len();
        let run = &mut line.units[at % runs];
        let one = fen(1);
        match what {
            0 => line.list = line.list.plus(one).unwrap(),
            1 => line.amount = line.amount.plus(one).unwrap(),
            2 => line.tax = line.amount.plus(one).unwrap(),
            3 => run.list = run.list.plus(one).unwrap(),
            4 => run.amount = run.amount.plus(one).unwrap(),
            5 => run.rounding = run.rounding.plus(one).unwrap(),
            6 => run.points_earned += 1,
            7 => run.points_spent -= 1,
            8 => run.units += 1,
            9 => run.tenders.push(one),
            _ => {
                line.adjustments.clear();
                run.adjustments.push(one);
            }
        }
        prop_assert!(order.check().is_err());
        order.lines.clear();
        prop_assert_eq!(order.check(), Err(OrderFault::NoLines));
    }
}
