//! What each unit of an order carries of price, reductions, cash rounding, tenders and points, so
//! that a return of it needs no arithmetic.
//!
//! | what | how it comes to the units |
//! | --- | --- |
//! | list | evenly; the first units take the odd fen |
//! | reductions | as the quote took them |
//! | rounding | by amounts |
//! | tenders | one after another, by what of each unit is not covered yet; the last takes the rest |
//! | points spent | as the offer says per unit (积分换购), else by what points took (积分抵现) |
//! | points earned | by the amounts of the goods that earn |
//!
//! Every split is by largest remainder, the earlier unit first on a tie; delivery comes after the
//! last unit.
//!
//! **Invariant:** runs of equal units all the way; 9,999 pieces are never looked at one by one.

use super::{Adjustment, Order, OrderLine, Source, UnitRun};
use crate::{
    cart::LineItem,
    money::Money,
    pricing::{By, Occasion, PriceBook, Quote, Rule, RuleIx, Taking, Why, rule::Reward},
};

/// Fills an order's adjustments and units from the quote it was made of.
pub(super) fn load(order: &mut Order, book: &PriceBook, quote: &Quote) {
    let mut by_line: Vec<Vec<&Taking>> = vec![Vec::new(); order.lines.len()];
    for taking in &quote.takings {
        if let Some(of_line) = by_line.get_mut(usize::from(taking.line)) {
            of_line.push(taking);
        }
    }
    let earners = earners(book, quote);
    let mut pieces = Vec::new();
    let items: Vec<_> = order.lines.iter().map(|line| line.item.clone()).collect();
    let numbers_of = |rule: &Rule| numbers_of(book, rule, &items);
    let earns = |item: &LineItem| earners.iter().any(|rule| book.counts(*rule, item));
    for (place, (line, takings)) in order.lines.iter_mut().zip(&by_line).enumerate() {
        let takers = takers(book, takings);
        line.adjustments = takers
            .iter()
            .map(|taker| taker.adjustment(&order.pricing.occasion, &numbers_of))
            .collect();
        let is_earning = earns(&line.item);
        pieces.extend(pieces_of(place, line, &takers, takings, is_earning));
    }
    share_out(order, pieces);
}

/// Fills the units of an order that had no reductions.
pub(super) fn load_plain(order: &mut Order) {
    let lines = order.lines.iter().enumerate();
    let pieces = lines.flat_map(|(place, line)| pieces_of(place, line, &[], &[], true)).collect();
    share_out(order, pieces);
}

/// The rules that earned points.
fn earners(book: &PriceBook, quote: &Quote) -> Vec<RuleIx> {
    let did = |why: Why| why == Why::Applied || why == Why::AppliedInPart;
    let earns = |rule: &Rule| has_reward(rule, |r| matches!(r, Reward::EarnPoints { .. }));
    let applied = quote.notes.iter().filter(|note| did(note.why)).map(|note| note.rule);
    applied.filter(|ix| book.rule(*ix).is_some_and(earns)).collect()
}

fn has_reward(rule: &Rule, is_it: impl Fn(&Reward) -> bool) -> bool {
    rule.steps.iter().any(|step| is_it(&step.reward))
}

/// The numbers of the lines that a rule's thresholds count.
fn numbers_of(book: &PriceBook, rule: &Rule, items: &[LineItem]) -> Vec<u16> {
    let ix = book.find(&rule.id);
    let counts = |item: &LineItem| ix.is_some_and(|ix| book.needs(ix, item));
    (1..).zip(items).filter(|(_, item)| counts(item)).map(|(number, _)| number).collect()
}

/// Who took from a line, and what it means for what the units carry.
struct Taker<'a> {
    taking: Taking,
    amount: i64,
    rule: Option<&'a Rule>,
    /// Points that each unit costs.
    points_price: i64,
    /// Points pay what it takes.
    is_points: bool,
}

/// One per source, in the order of first taking.
fn takers<'a>(book: &'a PriceBook, takings: &[&Taking]) -> Vec<Taker<'a>> {
    let mut takers: Vec<Taker<'a>> = Vec::new();
    for taking in takings {
        let amount = taking.each.minor().saturating_mul(i64::from(taking.units));
        if let Some(known) = takers.iter_mut().find(|taker| taker.taking.by == taking.by) {
            known.amount = known.amount.saturating_add(amount);
            continue;
        }
        let rule = rule_of(taking.by).and_then(|ix| book.rule(ix));
        let rewards = rule.into_iter().flat_map(|rule| &rule.steps).map(|step| &step.reward);
        let mut points_price = 0;
        for reward in rewards {
            if let Reward::PointsPrice { points, .. } = reward {
                points_price = *points;
            }
        }
        let pays = |reward: &Reward| matches!(reward, Reward::PointsPay { .. });
        let is_points = rule.is_some_and(|rule| has_reward(rule, pays));
        takers.push(Taker { taking: **taking, amount, rule, points_price, is_points });
    }
    takers
}

const fn rule_of(by: By) -> Option<RuleIx> {
    match by {
        By::Rule(ix) | By::Coupon(ix, _) => Some(ix),
        By::Manual(_) => None,
    }
}

impl Taker<'_> {
    fn adjustment(
        &self,
        occasion: &Occasion,
        numbers_of: &impl Fn(&Rule) -> Vec<u16>,
    ) -> Adjustment {
        let id = self.rule.map(|rule| rule.id.clone()).unwrap_or_default();
        let (source, name) = match self.taking.by {
            By::Rule(_) => (Source::Rule(id), None),
            By::Coupon(_, place) => {
                let coupon = occasion.coupons.get(usize::from(place));
                let code = coupon.map(|coupon| coupon.code.clone()).unwrap_or_default();
                (Source::Coupon { rule: id, code }, None)
            }
            By::Manual(place) => {
                let manual = occasion.manuals.get(usize::from(place));
                let (operator, reason) = manual
                    .map(|manual| (manual.operator.clone(), manual.reason.clone()))
                    .unwrap_or_default();
                (Source::Manual { operator, reason: reason.clone() }, Some(reason))
            }
        };
        let gives = |reward: &Reward| matches!(reward, Reward::Gift { .. });
        Adjustment {
            source,
            name: name.or_else(|| self.rule.map(|rule| rule.name.clone())).unwrap_or_default(),
            lane: self.taking.lane,
            amount: Money::from_minor(self.amount),
            gift_for: self.rule.filter(|rule| has_reward(rule, gives)).map(numbers_of),
        }
    }
}

/// Equal units on their way to becoming a run.
#[derive(Clone)]
struct Piece {
    /// The line's place; beyond the lines for delivery.
    place: usize,
    run: UnitRun,
    /// What points paid of each unit.
    by_points: i64,
    is_earning: bool,
}

/// A line cut where its reductions begin and end.
fn pieces_of(
    place: usize,
    line: &OrderLine,
    takers: &[Taker<'_>],
    takings: &[&Taking],
    is_earning: bool,
) -> Vec<Piece> {
    let n = line.n_units();
    let (each, odd) = {
        let (list, n) = (line.list.minor(), i64::from(n));
        (list.div_euclid(n), u32::try_from(list.rem_euclid(n)).unwrap_or(0))
    };
    // Where something changes, and whose taking by how much.
    let mut turns: Vec<(u32, usize, i64)> = vec![(odd, usize::MAX, 0), (n, usize::MAX, 0)];
    for taking in takings {
        let at = takers.iter().position(|taker| taker.taking.by == taking.by);
        let end = taking.first.saturating_add(taking.units).min(n);
        let minor = taking.each.minor();
        let at = at.unwrap_or(usize::MAX);
        turns.extend([(taking.first.min(n), at, minor), (end, at, -minor)]);
    }
    turns.sort_by_key(|(unit, ..)| *unit);
    let mut taken = vec![0_i64; takers.len()];
    let mut from = 0;
    let mut pieces = Vec::new();
    for (unit, at, by) in turns {
        if unit > from {
            let list = each + i64::from(from < odd);
            let run = run_of(unit - from, list, &taken, takers);
            let by_points =
                takers.iter().zip(&taken).filter(|(t, _)| t.is_points).map(|(_, sum)| sum).sum();
            pieces.push(Piece { place, run, by_points, is_earning });
            from = unit;
        }
        if let Some(sum) = taken.get_mut(at) {
            *sum = sum.saturating_add(by);
        }
    }
    pieces
}

fn run_of(units: u32, list: i64, taken: &[i64], takers: &[Taker<'_>]) -> UnitRun {
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
fn share_out(order: &mut Order, mut pieces: Vec<Piece>) {
    let n_lines = order.lines.len();
    if let Some(delivery) = &order.delivery {
        let run = run_of(1, delivery.amount.minor(), &[], &[]);
        pieces.push(Piece { place: n_lines, run, by_points: 0, is_earning: false });
    }
    let plus = |money: &mut Money, by| *money = Money::from_minor(money.minor().saturating_add(by));
    let by_amount = |piece: &Piece| piece.run.amount.minor();
    pieces =
        spread(pieces, order.rounding.minor(), by_amount, |run, by| plus(&mut run.rounding, by));
    for net in order.nets() {
        pieces = spread(pieces, net.minor(), uncovered, |run, share| {
            run.tenders.push(Money::from_minor(share));
        });
    }
    let priced = |piece: &Piece| i128::from(piece.run.units) * i128::from(piece.run.points_spent);
    let priced: i128 = pieces.iter().map(priced).sum();
    let paid = i128::from(order.pricing.points_spent) - priced;
    let paid = i64::try_from(paid).unwrap_or(0);
    pieces = spread(pieces, paid, |piece| piece.by_points, |run, by| run.points_spent += by);
    let by_earning = |piece: &Piece| if piece.is_earning { by_amount(piece) } else { 0 };
    let earned = order.pricing.points_earned;
    pieces = spread(pieces, earned, by_earning, |run, by| run.points_earned += by);
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

/// Puts a run behind others, counting the last one up if it carries the same.
fn join(runs: &mut Vec<UnitRun>, run: UnitRun) {
    match runs.last_mut() {
        Some(last) if UnitRun { units: run.units, ..last.clone() } == run => {
            last.units += run.units;
        }
        Some(_) | None => runs.push(run),
    }
}

/// Splits a whole over all units by their weights: largest remainder, the earlier unit on a tie,
/// as `Money::allocate` would with every unit written out. A piece whose units get different parts
/// becomes two.
fn spread(
    pieces: Vec<Piece>,
    whole: i64,
    weight: impl Fn(&Piece) -> i64,
    mut give: impl FnMut(&mut UnitRun, i64),
) -> Vec<Piece> {
    let weights: Vec<i128> = pieces.iter().map(|piece| weight(piece).max(0).into()).collect();
    let units = |piece: &Piece| i128::from(piece.run.units);
    let of: i128 = pieces.iter().zip(&weights).map(|(piece, weight)| units(piece) * weight).sum();
    let whole = i128::from(whole);
    let share =
        |weight: i128| if of == 0 { (0, 0) } else { (whole * weight / of, whole * weight % of) };
    let shares: Vec<(i128, i128)> = weights.iter().map(|weight| share(*weight)).collect();
    let given: i128 =
        pieces.iter().zip(&shares).map(|(piece, (each, _))| units(piece) * each).sum();
    let mut left = whole - given;
    // Without any weight the first unit takes everything.
    let step = if of == 0 { left } else { left.signum() };
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(shares.get(*at).map_or(0, |(_, rest)| rest.abs())));
    let mut extra = vec![0_u32; pieces.len()];
    for at in order {
        if let (Some(extra), Some(piece)) = (extra.get_mut(at), pieces.get(at)) {
            let lucky = left.checked_div(step).unwrap_or(0).clamp(0, units(piece));
            *extra = u32::try_from(lucky).unwrap_or(0);
            left -= lucky * step;
        }
    }
    let mut split = Vec::with_capacity(pieces.len() + 1);
    for ((piece, (each, _)), lucky) in pieces.into_iter().zip(shares).zip(extra) {
        for (units, share) in [(lucky, each + step), (piece.run.units - lucky, each)] {
            if units > 0 {
                let mut part = Piece { run: UnitRun { units, ..piece.run.clone() }, ..piece };
                give(&mut part.run, i64::try_from(share).unwrap_or(0));
                split.push(part);
            }
        }
    }
    split
}
