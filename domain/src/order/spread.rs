//! Amounts split over units that stand in runs.
//!
//! **Invariant:** runs of equal units all the way; 9,999 pieces are never looked at one by one.

use super::UnitRun;

/// Equal units on their way to becoming a run.
#[derive(Clone)]
pub(super) struct Piece {
    /// The line's place; beyond the lines for delivery.
    pub(super) place: usize,
    pub(super) run: UnitRun,
    /// What points paid of each unit.
    pub(super) by_points: i64,
    /// For each that earned points, how often what was paid for a unit counts.
    pub(super) rates: Vec<i64>,
}

/// Puts a run behind others, counting the last one up if it carries the same.
pub(super) fn join(runs: &mut Vec<UnitRun>, run: UnitRun) {
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
pub(super) fn spread(
    pieces: Vec<Piece>,
    whole: i64,
    weight: impl Fn(&Piece) -> i128,
    mut give: impl FnMut(&mut UnitRun, i64),
) -> Vec<Piece> {
    let mut weights: Vec<i128> = pieces.iter().map(|piece| weight(piece).max(0)).collect();
    // Absurd weights lose their last digits, so that no product below can overflow.
    let limit = i128::MAX / (i128::from(whole).abs() + 1);
    while weights.iter().any(|weight| *weight > limit) {
        weights.iter_mut().for_each(|weight| *weight /= 2);
    }
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
                let mut part = piece.clone();
                part.run.units = units;
                give(&mut part.run, i64::try_from(share).unwrap_or(0));
                split.push(part);
            }
        }
    }
    split
}
