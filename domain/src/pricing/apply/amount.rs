//! Amounts off the goods together, split over all of their units.

use super::{Purse, idle};
use crate::pricing::{
    Why,
    reach::{Case, Done},
    rule::{Base, Reward},
    spread::{self, Part},
    units::{Counter, Run, Turn, portion},
};

/// Takes an amount from the goods together.
pub(super) fn apply(
    counter: &mut Counter,
    turn: &Turn,
    case: &Case<'_>,
    reward: &Reward,
    times: u32,
) -> Done {
    let (mut now, mut list, mut room) = (0, 0, 0);
    for (_, run) in open_runs(counter, turn, case) {
        room += Counter::cap(turn, run) * i64::from(run.n);
        now += run.now * i64::from(run.n);
        list += run.list * i64::from(run.n);
    }
    let counted = match turn.base {
        Base::Running => now,
        Base::List => list,
    };
    let uses = times.min(case.uses_max);
    let (wanted, uses, points) = match reward {
        Reward::AmountOff(off) => (off.minor().saturating_mul(i64::from(uses)), uses, 0),
        Reward::AmountRate(rate) => (counted - portion(counted, *rate), 1, 0),
        Reward::PointsPay { points, worth, rate_max } => {
            let may = counter.points.left.min(counter.points.wish).max(0);
            let by_points = may / (*points).max(1);
            // Points are spent for what they pay, and for nothing else.
            let may_pay = portion(now, *rate_max).min(room).min(Purse::of(case).0);
            let n = by_points.min(may_pay / worth.minor().max(1));
            (n.saturating_mul(worth.minor()), 1, n.saturating_mul(*points))
        }
        Reward::Units(_)
        | Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::BuyGet { .. }
        | Reward::Pick { .. }
        | Reward::Bundle { .. }
        | Reward::Gift { .. }
        | Reward::AddOn { .. }
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::Grant(_) => (0, 0, 0),
    };
    if wanted <= 0 {
        let why = if matches!(reward, Reward::PointsPay { .. }) && counter.points.wish == 0 {
            Why::NeedsChoice
        } else {
            idle(counter, turn, case, 0)
        };
        return Done::nothing(why, None);
    }
    let Purse(cap) = Purse::of(case);
    let placed = spread::take(counter, turn, wanted.min(cap), 1, |counter, parts| {
        parts.extend(open_runs(counter, turn, case).map(|(run, of)| Part {
            run,
            n: of.n,
            weight: of.now,
            cap: Counter::cap(turn, of),
        }));
    });
    if placed == 0 {
        return Done::nothing(idle(counter, turn, case, 0), None);
    }
    counter.points.spend(points);
    counter.points.wish -= points;
    let is_part = placed < wanted || uses < times;
    Done { uses, why: if is_part { Why::AppliedInPart } else { Why::Applied }, next: None }
}

/// The runs of the rule's goods that it may take from.
fn open_runs<'a>(
    counter: &'a Counter,
    turn: &'a Turn,
    case: &'a Case<'_>,
) -> impl Iterator<Item = (usize, &'a Run)> {
    let runs = case.lines(0).flat_map(|line| counter.runs_of(line));
    runs.filter(|(_, run)| counter.is_open(turn, run))
}
