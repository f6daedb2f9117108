//! What holds for any rules, any cart and any occasion.

use domain::{
    catalog::Unit,
    pricing::{
        Lane, Note, PriceBook, Quote, QuoteRefusal, Rule, Taking, quote,
        rule::{Place, Reward, Step},
    },
};

use super::{
    audit::{audit, demand, rule_of},
    crowd::holds,
    dice::Dice,
    rules::{self, Kind},
    world::{BASKET, Case, Size, TROLLEY, case},
};

/// Random carts of the main property; the issue asks for at least this many.
const CARTS: u64 = 100_000;
/// One of so many is made anew from the rules in another order.
const REPLAYED: i64 = 4;
/// Larger carts, which take longer.
const TROLLEYS: u64 = 2_000;

/// A world that has a quote: what no till would let through is left out of it.
pub(crate) fn usual(seed: u64, size: Size) -> Case {
    let mut case = case(&mut Dice::seeded(seed), size);
    if let Ok(book) = PriceBook::compile(1, case.set.clone())
        && let Err(QuoteRefusal::Manual(_)) = quote(&book, &case.lines, &case.occasion)
    {
        case.occasion.manuals.clear();
    }
    case
}

fn book_of(case: &Case) -> Result<PriceBook, String> {
    PriceBook::compile(7, case.set.clone()).map_err(|found| format!("check: {found:?}"))
}

fn quote_of(book: &PriceBook, case: &Case) -> Result<Quote, String> {
    quote(book, &case.lines, &case.occasion).map_err(|refusal| format!("refused: {refusal}"))
}

fn every_promise(case: &Case) -> Result<(), String> {
    let book = book_of(case)?;
    let first = quote_of(&book, case)?;
    audit(case, &book, &first)?;
    // Making a book ready takes as long as all the rest.
    if first.list.minor() % REPLAYED == 0 {
        replays(case, &first)?;
    }
    scanning_order_is_nothing(case, &book, &first)
}

/// The same rules in another order and the same cart again: the same to the last field. (That the
/// same values are the same bytes is for the corpus, which compares what programs write.)
fn replays(case: &Case, first: &Quote) -> Result<(), String> {
    let mut turned = case.clone();
    turned.set.rules.reverse();
    let again = quote_of(&book_of(&turned)?, &turned)?;
    demand!(format!("{first:?}") == format!("{again:?}"), "replay: {first:#?} became {again:#?}");
    Ok(())
}

/// What each rule took, in the order of the book.
fn saved_by_rule(book: &PriceBook, quote: &Quote) -> Vec<(String, i64)> {
    let mut saved: Vec<(String, i64)> =
        book.rules().iter().map(|rule| (rule.id.clone(), 0)).collect();
    for one in &quote.applied {
        if let Some(ix) = rule_of(one.by) {
            saved[ix.0 as usize].1 += one.saved.minor();
        }
    }
    saved
}

/// The shopper lays the goods down in another order and pays the same.
fn scanning_order_is_nothing(case: &Case, book: &PriceBook, first: &Quote) -> Result<(), String> {
    let mut other = case.clone();
    other.lines.reverse();
    let half = other.lines.len() / 3;
    other.lines.rotate_left(half);
    let again = quote_of(book, &other)?;
    if !first.bounded.is_empty() || !again.bounded.is_empty() {
        return Ok(());
    }
    demand!(
        first.total == again.total,
        "scanning: {:?} before, {:?} in another order; {:?} {:?}",
        first.total,
        again.total,
        saved_by_rule(book, first),
        saved_by_rule(book, &again)
    );
    demand!(
        saved_by_rule(book, first) == saved_by_rule(book, &again),
        "scanning by rule: {:?} and {:?}",
        saved_by_rule(book, first),
        saved_by_rule(book, &again)
    );
    Ok(())
}

#[test]
fn every_quote_keeps_every_promise() {
    holds("a basket", CARTS, |seed| usual(seed, BASKET), every_promise);
}

#[test]
fn a_trolley_of_a_holiday_keeps_every_promise() {
    holds("a trolley", TROLLEYS, |seed| usual(seed << 32 | 1, TROLLEY), every_promise);
}

/// The rules of every lane, and one more in each that is for another store.
fn with_closed_rules(case: &Case) -> Case {
    let mut dice = Dice::seeded(case.lines.len() as u64);
    let mut other = case.clone();
    let kinds = [Kind::Units, Kind::Nth, Kind::AmountOff, Kind::Gift, Kind::PointsPay];
    for (n, kind) in kinds.into_iter().enumerate() {
        let mut rule = rules::rule(&mut dice, 900 + n as u64, kind, false);
        rule.place = Place { stores: vec!["XX999".to_owned()], channels: Vec::new() };
        rule.stacking.priority = n as i32 - 2;
        other.set.rules.push(rule);
    }
    other
}

/// A quote without the numbers that rules have in a book.
fn by_id(book: &PriceBook, quote: &Quote) -> String {
    let id = |ix: domain::pricing::RuleIx| {
        book.rule(ix).map_or_else(String::new, |rule| rule.id.clone())
    };
    let taking = |taking: &Taking| {
        let Taking { line, first, units, by, lane, each } = taking;
        let who = rule_of(*by).map(id);
        format!("{line} {first} {units} {who:?} {lane:?} {each:?}")
    };
    let note = |note: &&Note| !id(note.rule).starts_with("r90");
    format!(
        "{:?} {:?} {} {:?} {:?}",
        quote.total,
        quote.lines,
        quote.points_earned,
        quote.takings.iter().map(taking).collect::<Vec<_>>(),
        quote
            .notes
            .iter()
            .filter(note)
            .map(|note| (id(note.rule), note.why.code(), note.next))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn a_rule_for_elsewhere_changes_nothing() {
    holds(
        "closed rules",
        5_000,
        |seed| usual(seed << 24 | 5, BASKET),
        |case| {
            let book = book_of(case)?;
            let more = with_closed_rules(case);
            let larger = book_of(&more)?;
            let (without, with) = (quote_of(&book, case)?, quote_of(&larger, case)?);
            let (without, with) = (by_id(&book, &without), by_id(&larger, &with));
            demand!(without == with, "closed rules: {without}\nbecame {with}");
            Ok(())
        },
    );
}

#[test]
fn a_trace_speaks_of_every_rule_in_the_order_of_the_book() {
    holds(
        "traces",
        5_000,
        |seed| usual(seed << 20 | 9, BASKET),
        |case| {
            let book = book_of(case)?;
            let quoted = quote_of(&book, case)?;
            let trace = domain::pricing::trace(&book, &quoted, &case.occasion);
            let told: Vec<u32> = trace.iter().map(|note| note.rule.0).collect();
            let all: Vec<u32> = (0..book.rules().len() as u32).collect();
            demand!(told == all, "trace: rules {told:?} of {}", all.len());
            for note in &quoted.notes {
                demand!(
                    trace[note.rule.0 as usize] == *note,
                    "trace: {:?} and in the quote {note:?}",
                    trace[note.rule.0 as usize]
                );
            }
            Ok(())
        },
    );
}

/// One rule alone, without conflicts and thresholds of others.
fn one_rule(seed: u64) -> Case {
    let mut dice = Dice::seeded(seed);
    let mut case = case(&mut dice, Size { rules: 0, lines: 5, pieces: 4 });
    // Off and price are per kilogram: the dearest weighed unit is not the one that is cut most.
    case.lines.retain(|line| line.item.unit == Unit::Piece);
    let kinds = [
        Kind::Units,
        Kind::Nth,
        Kind::Cheapest,
        Kind::BuyGet,
        Kind::Pick,
        Kind::Bundle,
        Kind::AmountOff,
        Kind::AmountRate,
    ];
    let kind = *dice.pick(&kinds);
    let mut rule: Rule = rules::rule(&mut dice, 0, kind, false);
    rule.coupon = false;
    rule.limits.coupons = None;
    case.occasion.manuals.clear();
    case.set.rules = vec![rule];
    case
}

#[test]
fn a_higher_floor_never_makes_it_cheaper() {
    holds(
        "floors",
        10_000,
        |seed| one_rule(seed << 16 | 3),
        |case| {
            let mut before = None;
            for floor in [0, 5, 50, 200, 500, 900, 1_000, 5_000] {
                let mut case = case.clone();
                let limits = &mut case.set.rules[0].limits;
                (limits.floor_price, limits.floor_rate) =
                    (Some(domain::money::Money::from_minor(floor)), None);
                let total = quote_of(&book_of(&case)?, &case)?.total;
                demand!(
                    before.is_none_or(|before| before <= total),
                    "floor: at {floor} it costs {total:?}, at a lower one {before:?}"
                );
                before = Some(total);
            }
            Ok(())
        },
    );
}

#[test]
fn a_higher_cap_and_more_uses_never_make_it_dearer() {
    holds(
        "caps",
        10_000,
        |seed| one_rule(seed << 16 | 4),
        |case| {
            let mut before = None;
            for (uses, most) in [(1, 1), (1, 100), (2, 300), (4, 900), (9, 5_000)] {
                let mut case = case.clone();
                let limits = &mut case.set.rules[0].limits;
                limits.per_order = Some(uses);
                limits.amount_max = Some(domain::money::Money::from_minor(most));
                let total = quote_of(&book_of(&case)?, &case)?.total;
                demand!(
                    before.is_none_or(|before| before >= total),
                    "cap: with {uses} uses and {most} it costs {total:?}, with less {before:?}"
                );
                before = Some(total);
            }
            Ok(())
        },
    );
}

#[test]
fn more_to_take_never_makes_it_dearer() {
    // With one rule alone another step of the same threshold can only replace.
    holds(
        "steps",
        5_000,
        |seed| one_rule(seed << 16 | 6),
        |case| {
            let first = quote_of(&book_of(case)?, case)?;
            let mut case = case.clone();
            for step in &mut case.set.rules[0].steps {
                let Step { reward, .. } = step;
                if let Reward::AmountOff(off) = reward {
                    *off = off.plus(domain::money::Money::from_minor(100)).unwrap();
                }
            }
            let again = quote_of(&book_of(&case)?, &case)?;
            demand!(
                again.total <= first.total,
                "steps: {:?}, before {:?}",
                again.total,
                first.total
            );
            Ok(())
        },
    );
}

#[test]
fn most_worlds_do_something() {
    // The properties would hold of an engine that does nothing; these worlds make it work.
    let mut by_lane = std::collections::BTreeMap::new();
    let mut refused = 0;
    for seed in 0..1_000 {
        let case = usual(seed, BASKET);
        let Ok(book) = PriceBook::compile(1, case.set.clone()) else {
            refused += 1;
            continue;
        };
        let quoted = quote(&book, &case.lines, &case.occasion).unwrap();
        for lane in Lane::ALL {
            let took = quoted.takings.iter().any(|taking| taking.lane == lane);
            *by_lane.entry(lane).or_insert(0) += i32::from(took);
        }
    }
    assert_eq!(refused, 0);
    for (lane, times) in by_lane {
        assert!(times >= 15, "{lane:?} took something in {times} of 1,000 worlds");
    }
}
