//! Units that are cut one by one.

use smallvec::SmallVec;

use super::{Purse, idle};
use crate::pricing::{
    Why,
    reach::{Case, Done},
    rule::Reward,
    units::{Counter, Turn},
};

/// A run that a rule could cut.
#[derive(Clone, Copy)]
struct Offer {
    run: usize,
    n: u32,
    each: i64,
    now: i64,
}

type Offers = SmallVec<[Offer; 16]>;

/// Cuts each unit of the rule's goods; where uses or money are short, those that save most first, of these
/// the dearest.
pub(super) fn apply(counter: &mut Counter, turn: &Turn, case: &Case<'_>, reward: &Reward) -> Done {
    let points = points_of(reward);
    let mut left = case.uses_max.min(affordable(counter, points));
    if left == 0 {
        return Done::nothing(Why::NeedsChoice, None);
    }
    let mut offers = offers(counter, turn, case, reward);
    if offers.is_empty() {
        return Done::nothing(idle(counter, turn, case, 0), None);
    }
    let is_limited = left < u32::MAX || case.rule.limits.amount_max.is_some();
    if is_limited {
        offers.sort_by_key(|offer| std::cmp::Reverse((offer.each, offer.now)));
    }
    let (mut purse, mut uses, mut is_part) = (Purse::of(case), 0, false);
    for Offer { run, n, each, .. } in offers {
        let wanted = n.min(left);
        let (whole, rest) = purse.pay(wanted, each);
        counter.take(turn, run, whole, each);
        if rest > 0 {
            counter.take(turn, run, 1, rest);
        }
        let taken = whole + u32::from(rest > 0);
        is_part |= taken < n || rest > 0;
        left -= taken;
        uses += taken;
    }
    counter.buy(turn.by, points, uses);
    Done { uses, why: if is_part { Why::AppliedInPart } else { Why::Applied }, next: None }
}

fn offers(counter: &Counter, turn: &Turn, case: &Case<'_>, reward: &Reward) -> Offers {
    let mut offers = Offers::with_capacity(case.hits.len());
    for line in case.lines(0) {
        let Some(cut) = case.cut(reward, line) else {
            continue;
        };
        for (run, units) in counter.runs_of(line) {
            if counter.is_open(turn, units) {
                let each = Counter::cut(turn, units, cut);
                if each > 0 {
                    offers.push(Offer { run, n: units.n, each, now: units.now });
                }
            }
        }
    }
    offers
}

/// Points that a unit costs.
pub(in crate::pricing) const fn points_of(reward: &Reward) -> i64 {
    if let Reward::PointsPrice { points, .. } = reward { *points } else { 0 }
}

/// How many units the shopper's points allow.
pub(in crate::pricing) fn affordable(counter: &Counter, points: i64) -> u32 {
    if points == 0 {
        return u32::MAX;
    }
    u32::try_from(counter.points.left.max(0) / points).unwrap_or(u32::MAX)
}
