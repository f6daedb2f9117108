//! What each unit of an order carries of price, reductions, cash rounding, tenders and points, so
//! that a return of it needs no arithmetic.
//!
//! | what | how it comes to the units |
//! | --- | --- |
//! | list | evenly; the first units take the odd fen |
//! | reductions | as the quote took them |
//! | rounding | by amounts |
//! | tenders | one after another, by what of each unit is not covered yet; the last takes the rest |
//! | points spent | what each unit was bought for (积分换购), else by what points took (积分抵现) |
//! | points earned | each rule's by the amounts of the units that earned them, times their multiplier |
//!
//! Every split is by largest remainder, the earlier unit first on a tie; delivery comes after the
//! last unit.
//!
//! **Invariant:** adds nothing up by itself: what was taken and earned, and from which units, is the
//! quote's.

use super::{
    Adjustment, Order, OrderLine, Source, UnitRun,
    spread::{Piece, join, spread},
};
use crate::{
    money::Money,
    pricing::{By, Earned, Lane, Occasion, PriceBook, Quote, Rule, RuleIx, Taking, rule::Reward},
};

/// Fills an order's adjustments and units from the quote it was made of.
pub(super) fn load(order: &mut Order, book: &PriceBook, quote: &Quote) {
    let mut by_line: Vec<Vec<&Taking>> = vec![Vec::new(); order.lines.len()];
    for taking in &quote.takings {
        if let Some(of_line) = by_line.get_mut(usize::from(taking.line)) {
            of_line.push(taking);
        }
    }
    let occasion = &order.pricing.occasion;
    let mut pieces = Vec::new();
    for (place, (line, takings)) in order.lines.iter_mut().zip(&by_line).enumerate() {
        let takers = takers(book, quote, takings);
        line.adjustments = takers.iter().map(|taker| taker.adjustment(book, occasion)).collect();
        pieces.extend(pieces_of(place, line, &takers, takings, &quote.earned));
    }
    if let Some(delivery) = &mut order.delivery {
        delivery.adjustments = waived(book, quote, occasion);
    }
    share_out(order, pieces, &quote.earned);
}

/// Fills the units of an order that had no reductions.
pub(super) fn load_plain(order: &mut Order) {
    let lines = order.lines.iter().enumerate();
    let pieces = lines.flat_map(|(place, line)| pieces_of(place, line, &[], &[], &[])).collect();
    share_out(order, pieces, &[]);
}

/// What was taken off delivery: what a reduction saved beyond what it took from goods.
fn waived(book: &PriceBook, quote: &Quote, occasion: &Occasion) -> Vec<Adjustment> {
    let of_goods = |by: By| -> i64 {
        let takings = quote.takings.iter().filter(|taking| taking.by == by);
        takings.map(|taking| taking.each.minor().saturating_mul(i64::from(taking.units))).sum()
    };
    let waived = quote.applied.iter().filter_map(|applied| {
        let amount = applied.saved.minor().saturating_sub(of_goods(applied.by));
        let (by, lane) = (applied.by, applied.lane);
        (amount != 0).then(|| adjustment(book, occasion, by, lane, amount))
    });
    waived.collect()
}

/// Who took so much, as an order says it.
fn adjustment(
    book: &PriceBook,
    occasion: &Occasion,
    by: By,
    lane: Lane,
    amount: i64,
) -> Adjustment {
    let (source, name) = named(book, occasion, by);
    Adjustment { source, name, lane, amount: Money::from_minor(amount), condition: None }
}

/// Where a reduction or a grant comes from, and what people read of it.
pub(super) fn named(book: &PriceBook, occasion: &Occasion, by: By) -> (Source, String) {
    let rule = rule_of(by).and_then(|ix| book.rule(ix));
    let (rule, name) = rule.map(|rule| (rule.id.clone(), rule.name.clone())).unwrap_or_default();
    match by {
        By::Rule(_) => (Source::Rule(rule), name),
        By::Coupon(_, place) => {
            let coupon = occasion.coupons.get(usize::from(place));
            let code = coupon.map(|coupon| coupon.code.clone()).unwrap_or_default();
            (Source::Coupon { rule, code }, name)
        }
        By::Manual(place) => {
            let manual = occasion.manuals.get(usize::from(place));
            let (operator, reason) = manual
                .map(|manual| (manual.operator.clone(), manual.reason.clone()))
                .unwrap_or_default();
            (Source::Manual { operator, reason: reason.clone() }, reason)
        }
    }
}

/// Who took from a line, and what it means for what the units carry.
struct Taker {
    taking: Taking,
    amount: i64,
    /// Points that each unit costs.
    points_price: i64,
    /// Points pay what it takes.
    is_points: bool,
}

/// One per source, in the order of first taking.
fn takers(book: &PriceBook, quote: &Quote, takings: &[&Taking]) -> Vec<Taker> {
    let mut takers: Vec<Taker> = Vec::new();
    for taking in takings {
        let amount = taking.each.minor().saturating_mul(i64::from(taking.units));
        if let Some(known) = takers.iter_mut().find(|taker| taker.taking.by == taking.by) {
            known.amount = known.amount.saturating_add(amount);
            continue;
        }
        let applied = quote.applied.iter().find(|applied| applied.by == taking.by);
        let points_price = applied.map_or(0, |applied| applied.points_each);
        let rule = rule_of(taking.by).and_then(|ix| book.rule(ix));
        let pays = |reward: &Reward| matches!(reward, Reward::PointsPay { .. });
        let is_points = rule.is_some_and(|rule| has_reward(rule, pays));
        takers.push(Taker { taking: **taking, amount, points_price, is_points });
    }
    takers
}

fn has_reward(rule: &Rule, is_it: impl Fn(&Reward) -> bool) -> bool {
    rule.steps.iter().any(|step| is_it(&step.reward))
}

pub(super) const fn rule_of(by: By) -> Option<RuleIx> {
    match by {
        By::Rule(ix) | By::Coupon(ix, _) => Some(ix),
        By::Manual(_) => None,
    }
}

impl Taker {
    fn adjustment(&self, book: &PriceBook, occasion: &Occasion) -> Adjustment {
        adjustment(book, occasion, self.taking.by, self.taking.lane, self.amount)
    }
}

/// What changes from one unit of a line to the next.
#[derive(Clone, Copy)]
enum Turn {
    /// Only its list price.
    List,
    /// What a taker takes, by so much.
    Taken(usize, i64),
    /// How often what is paid counts for an earner, by so much.
    Rate(usize, i64),
}

/// Where something changes on a line, in the order of its units.
fn turns_of(
    place: usize,
    (n, odd): (u32, u32),
    takers: &[Taker],
    takings: &[&Taking],
    earned: &[Earned],
) -> Vec<(u32, Turn)> {
    let mut turns = vec![(odd, Turn::List), (n, Turn::List)];
    let mut add = |first: u32, units: u32, turn: &dyn Fn(i64) -> Turn| {
        let end = first.saturating_add(units).min(n);
        turns.extend([(first.min(n), turn(1)), (end, turn(-1))]);
    };
    for taking in takings {
        if let Some(at) = takers.iter().position(|taker| taker.taking.by == taking.by) {
            let minor = taking.each.minor();
            add(taking.first, taking.units, &|sign| Turn::Taken(at, sign * minor));
        }
    }
    for (at, earned) in earned.iter().enumerate() {
        for earning in earned.earning.iter().filter(|one| usize::from(one.line) == place) {
            let rate = i64::from(earning.rate);
            add(earning.first, earning.units, &|sign| Turn::Rate(at, sign * rate));
        }
    }
    turns.sort_by_key(|(unit, _)| *unit);
    turns
}

/// A line cut where its reductions, and what earns points, begin and end.
fn pieces_of(
    place: usize,
    line: &OrderLine,
    takers: &[Taker],
    takings: &[&Taking],
    earned: &[Earned],
) -> Vec<Piece> {
    let n = line.n_units();
    let (each, odd) = {
        let (list, n) = (line.list.minor(), i64::from(n));
        (list.div_euclid(n), u32::try_from(list.rem_euclid(n)).unwrap_or(0))
    };
    let (mut taken, mut rates) = (vec![0_i64; takers.len()], vec![0_i64; earned.len()]);
    let mut from = 0;
    let mut pieces = Vec::new();
    for (unit, turn) in turns_of(place, (n, odd), takers, takings, earned) {
        if unit > from {
            let list = each + i64::from(from < odd);
            let run = run_of(unit - from, list, &taken, takers);
            let by_points =
                takers.iter().zip(&taken).filter(|(t, _)| t.is_points).map(|(_, sum)| sum).sum();
            pieces.push(Piece { place, run, by_points, rates: rates.clone() });
            from = unit;
        }
        let (sum, by) = match turn {
            Turn::List => (None, 0),
            Turn::Taken(at, by) => (taken.get_mut(at), by),
            Turn::Rate(at, by) => (rates.get_mut(at), by),
        };
        if let Some(sum) = sum {
            *sum = sum.saturating_add(by);
        }
    }
    pieces
}

fn run_of(units: u32, list: i64, taken: &[i64], takers: &[Taker]) -> UnitRun {
    let amount = taken.iter().fold(list, |left, part| left.saturating_sub(*part));
    let bought = takers.iter().zip(taken).filter(|(_, part)| **part != 0);
    UnitRun {
        units,
        list: Money::from_minor(list),
        adjustments: taken.iter().map(|part| Money::from_minor(*part)).collect(),
        amount: Money::from_minor(amount),
        rounding: Money::ZERO,
        tenders: Vec::new(),
        points_spent: bought.map(|(taker, _)| taker.points_price).sum(),
        points_earned: 0,
    }
}

/// Shares rounding, tenders and points out, and puts the runs where they belong.
fn share_out(order: &mut Order, mut pieces: Vec<Piece>, earned: &[Earned]) {
    let n_lines = order.lines.len();
    if let Some(delivery) = &order.delivery {
        let run = run_of(1, delivery.amount.minor(), &[], &[]);
        pieces.push(Piece { place: n_lines, run, by_points: 0, rates: Vec::new() });
    }
    let plus = |money: &mut Money, by| *money = Money::from_minor(money.minor().saturating_add(by));
    let by_amount = |piece: &Piece| i128::from(piece.run.amount.minor());
    pieces =
        spread(pieces, order.rounding.minor(), by_amount, |run, by| plus(&mut run.rounding, by));
    for net in order.nets() {
        pieces = spread(
            pieces,
            net.minor(),
            |piece| uncovered(piece).into(),
            |run, share| {
                run.tenders.push(Money::from_minor(share));
            },
        );
    }
    let priced = |piece: &Piece| i128::from(piece.run.units) * i128::from(piece.run.points_spent);
    let priced: i128 = pieces.iter().map(priced).sum();
    let paid = i128::from(order.pricing.points_spent) - priced;
    let paid = i64::try_from(paid).unwrap_or(0);
    let by_points = |piece: &Piece| i128::from(piece.by_points);
    pieces = spread(pieces, paid, by_points, |run, by| run.points_spent += by);
    for (at, earned) in earned.iter().enumerate() {
        let rate = |piece: &Piece| i128::from(piece.rates.get(at).copied().unwrap_or(0));
        let by_earning = |piece: &Piece| by_amount(piece).saturating_mul(rate(piece));
        pieces = spread(pieces, earned.points, by_earning, |run, by| run.points_earned += by);
    }
    for line in &mut order.lines {
        line.units.clear();
    }
    for Piece { place, run, .. } in pieces {
        match (order.lines.get_mut(place), &mut order.delivery) {
            (Some(line), _) => join(&mut line.units, run),
            (None, Some(delivery)) => {
                delivery.rounding = run.rounding;
                delivery.tenders = run.tenders;
            }
            (None, None) => {}
        }
    }
}

/// What of a unit no tender covers yet.
fn uncovered(piece: &Piece) -> i64 {
    let due = piece.run.amount.minor().saturating_add(piece.run.rounding.minor());
    piece.run.tenders.iter().fold(due, |left, share| left.saturating_sub(share.minor()))
}
