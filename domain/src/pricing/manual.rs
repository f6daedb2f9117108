//! Reductions by hand, each within the authority that was given for it.
//!
//! **Invariant:** one that is beyond its authority refuses the whole quote; nobody guesses a lesser.

use super::{
    QuoteRefusal,
    carried::said,
    check::is_cut,
    occasion::{MANUALS_MAX, Manual},
    quote::By,
    rule::{Cut, Limits, Stacking},
    spread::{self, Part},
    units::{Counter, Run, Turn, portion},
};
use crate::{id::LineId, money::BasisPoints};

/// Carries out those for lines, or those for the order.
pub(super) fn run(
    counter: &mut Counter,
    manuals: &[Manual],
    place_of: &dyn Fn(LineId) -> Option<u16>,
    is_for_lines: bool,
) -> Result<(), QuoteRefusal> {
    if manuals.len() > MANUALS_MAX {
        return Err(QuoteRefusal::Manual(u16::try_from(MANUALS_MAX).unwrap_or(u16::MAX)));
    }
    for (number, manual) in (0..).zip(manuals) {
        if manual.line.is_some() != is_for_lines {
            continue;
        }
        if !is_cut(manual.cut) {
            return Err(QuoteRefusal::Manual(number));
        }
        // The reason is also what people read.
        let said = said(2 * manual.reason.len() + manual.operator.len(), 0, 0);
        let (stacking, limits) = (Stacking::default(), Limits::default());
        let turn = counter.turn(By::Manual(number), stacking, limits, said);
        let done = match manual.line {
            Some(line) => place_of(line).and_then(|line| cut_line(counter, &turn, manual, line)),
            None => cut_order(counter, &turn, manual),
        };
        done.ok_or(QuoteRefusal::Manual(number))?;
    }
    Ok(())
}

/// Cuts each unit of a line, or raises its price where that is allowed.
fn cut_line(counter: &mut Counter, turn: &Turn, manual: &Manual, line: u16) -> Option<()> {
    let runs: Vec<(usize, u32, i64, i64)> = counter
        .runs_of(line)
        .map(|(ix, run)| (ix, run.n, run.now, Counter::manual_cut(turn, run, manual.cut)))
        .collect();
    let there: i64 = runs.iter().map(|(_, n, now, _)| now * i64::from(*n)).sum();
    let off: i64 = runs.iter().map(|(_, n, _, each)| each * i64::from(*n)).sum();
    let is_raise = runs.iter().any(|(.., each)| *each < 0);
    if !is_within(manual, off, there) || (is_raise && !manual.may_raise) {
        return None;
    }
    for (ix, n, _, each) in runs {
        counter.take(turn, ix, n, each);
    }
    Some(())
}

/// Whether so much of what is there may be taken. A rate is compared as such: rounding unit by unit
/// may take a fen more of the sum than the rate says.
fn is_within(manual: &Manual, off: i64, there: i64) -> bool {
    let off_max = manual.off_max.min(BasisPoints(10_000));
    match manual.cut {
        Cut::Rate(rate) => 10_000_u16.saturating_sub(rate.0) <= off_max.0,
        Cut::Off(_) | Cut::Price(_) => off <= portion(there, off_max),
    }
}

/// Takes from the whole order.
fn cut_order(counter: &mut Counter, turn: &Turn, manual: &Manual) -> Option<()> {
    let there: i64 = counter.runs().iter().map(|run| run.now * i64::from(run.n)).sum();
    let off = match manual.cut {
        Cut::Rate(rate) => there - portion(there, rate),
        Cut::Off(off) => off.minor(),
        Cut::Price(price) => there - price.minor(),
    };
    if off < 0 || !is_within(manual, off, there) {
        return None;
    }
    spread::take(counter, turn, off, 1, |counter, parts| {
        let whole =
            |(run, of): (usize, &Run)| Part { run, n: of.n, weight: of.now, cap: of.now.max(0) };
        parts.extend(counter.runs().iter().enumerate().map(whole));
    });
    Some(())
}
