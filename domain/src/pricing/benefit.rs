//! What looks only at what is paid in the end: points earned, delivery, grants.
//!
//! **Invariant:** takes nothing from units.

use super::{
    Why,
    quote::{By, Earned, Earning, Granted},
    reach::{Case, Done, reach},
    rule::{Grant, Repeat, Reward},
    units::{Counter, Turn, portion},
};
use crate::money::Money;

/// Once, without any multiplier.
const ONCE: u32 = 10_000;

/// What benefits come to.
#[derive(Debug, Default)]
pub(super) struct Benefits {
    pub(super) points_earned: i64,
    /// What earned them, by lines in the order of goods.
    pub(super) earned: Vec<Earned>,
    pub(super) delivery_saved: Money,
    /// Who waived how much of the delivery fee, and at which step.
    pub(super) waived: Vec<(By, u8, Money)>,
    pub(super) grants: Vec<Granted>,
    pub(super) dones: Vec<Done>,
}

/// Whether a reward is one of these.
pub(super) const fn is_benefit(reward: &Reward) -> bool {
    matches!(
        reward,
        Reward::FreeDelivery { .. }
            | Reward::EarnPoints { .. }
            | Reward::PointsTimes(_)
            | Reward::Grant(_)
    )
}

/// A benefit that is reached.
struct Reached<'a> {
    case: &'a Case<'a>,
    turn: Turn,
    reward: &'a Reward,
    step: u8,
    times: u32,
}

/// Works the benefits out. Of several multipliers of points for a line the highest counts; points
/// of several rules add up; a fee is waived once.
pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], fee: Money) -> Benefits {
    let mut benefits = Benefits::default();
    let mut reached: Vec<Reached<'_>> = Vec::new();
    for case in cases {
        let left = case.after_others(counter);
        let turn = case.turn(counter);
        let reach = reach(counter, &turn, case, &[]);
        let met = reach.met.and_then(|(step, times)| {
            Some((step, times, &case.rule.steps.get(usize::from(step))?.reward))
        });
        let Some((step, times, reward)) = met else {
            benefits.dones.push(Done::nothing(Why::Short, reach.next));
            continue;
        };
        let times = if case.rule.repeat == Repeat::Once { 1 } else { times };
        let times = times.min(left.uses_max);
        if times == 0 {
            benefits.dones.push(Done::nothing(Why::UsedUp, None));
            continue;
        }
        // Both are written down beside the lines.
        let is_written = matches!(reward, Reward::Grant(_) | Reward::FreeDelivery { .. });
        if is_written && !counter.bring(case.said) {
            benefits.dones.push(Done::nothing(Why::Full, None));
            continue;
        }
        counter.note_uses(case.by, times);
        benefits.dones.push(Done { uses: times, why: Why::Applied, next: reach.next });
        reached.push(Reached { case, turn, reward, step, times });
    }
    let mut left = fee;
    for one in &reached {
        if let Reward::FreeDelivery { fee_max } = one.reward {
            let waived = capped(one.case, fee_max.map_or(left, |max| left.min(max)));
            if waived > Money::ZERO {
                benefits.waived.push((one.case.by, one.step, waived));
                // Not more than the fee, so that neither can overflow.
                left = left.minus(waived).unwrap_or(Money::ZERO);
            }
        } else if let Reward::EarnPoints { per, points } = one.reward {
            let earned = earned(counter, one, &reached, per.minor(), *points);
            benefits.points_earned = benefits.points_earned.saturating_add(earned.points);
            benefits.earned.push(earned);
        } else if let Reward::Grant(grant) = one.reward {
            benefits.grants.push(granted(counter, one, grant));
        }
    }
    benefits.delivery_saved = fee.minus(left).unwrap_or(Money::ZERO);
    benefits
}

/// An amount up to what the rule gives in one order.
fn capped(case: &Case<'_>, amount: Money) -> Money {
    case.rule.limits.amount_max.map_or(amount, |max| amount.min(max))
}

/// What is paid for a line.
fn paid(counter: &Counter, turn: &Turn, line: u16) -> i64 {
    let runs = counter.runs_of(line).filter(|(_, run)| counter.counts(turn, run));
    runs.map(|(_, run)| run.now * i64::from(run.n)).sum()
}

/// Points of one rule: whole steps of what is paid, each line as often as its multiplier says.
fn earned(
    counter: &Counter,
    one: &Reached<'_>,
    reached: &[Reached<'_>],
    per: i64,
    points: i64,
) -> Earned {
    let times = |line: u16| {
        let rates = reached.iter().filter_map(|other| {
            let Reward::PointsTimes(rate) = other.reward else {
                return None;
            };
            other.case.has(0, line).then_some(rate.0)
        });
        rates.max().unwrap_or(ONCE)
    };
    let (mut weighed, mut earning) = (0_i128, Vec::new());
    for line in one.case.lines(0) {
        let rate = times(line);
        for (_, run) in counter.runs_of(line).filter(|(_, run)| counter.counts(&one.turn, run)) {
            weighed += i128::from(run.now) * i128::from(run.n) * i128::from(rate);
            earning.push(Earning { line, first: run.first, units: run.n, rate });
        }
    }
    let n = weighed / i128::from(ONCE) / i128::from(per.max(1));
    let points = i64::try_from(n * i128::from(points)).unwrap_or(i64::MAX);
    Earned { rule: one.case.ix, points, earning }
}

fn granted(counter: &Counter, one: &Reached<'_>, grant: &Grant) -> Granted {
    let amount = match grant {
        Grant::CashbackRate(rate) => {
            let sum = one.case.lines(0).map(|line| paid(counter, &one.turn, line)).sum();
            capped(one.case, Money::from_minor(portion(sum, *rate)))
        }
        Grant::CashbackAmount(amount) => {
            let all = amount.minor().saturating_mul(i64::from(one.times));
            capped(one.case, Money::from_minor(all))
        }
        Grant::NextCoupon(_) | Grant::ParkingMinutes(_) => Money::ZERO,
    };
    let Case { ix: rule, by, .. } = *one.case;
    Granted { rule, by, step: one.step, times: one.times, amount }
}
