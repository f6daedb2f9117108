//! Whose turn it is: one lane, from the rules that are open to what they took.
//!
//! Rules that stack take one after the other. Where rules share nothing, the combination that saves
//! the shopper most is looked for: exactly up to the sizes below, within a bound beyond them, and
//! then the quote says so.
//!
//! **Invariant:** a combination is only ever compared by carrying it out, so that what is chosen is
//! what is charged.

mod group;
mod unit;
mod whole;

use smallvec::SmallVec;

use super::{
    Why,
    apply::apply,
    reach::{Case, Done},
    rule::{Lane, StackingMode},
    units::Counter,
};

/// Rules of one lane that may compete in one cart; those behind them by priority and id wait.
pub const RIVALS_MAX: usize = 64;
/// Rules of a lane that are knotted by every line they mean in common.
pub const WIDE_KNOT_MAX: usize = 6;
/// Ways of dealing units out that are tried in the lanes of units before the search is bounded.
pub const DEALS_MAX: usize = 2_000;
/// Turns of rules that all these ways may take together: some milliseconds.
pub const DEAL_TURNS_MAX: usize = 8_000;
/// Units that compete in the group lane and are still partitioned in every way.
pub const GROUP_UNITS_MAX: u32 = 10;
/// Rules that compete for those units.
pub const GROUP_RULES_MAX: usize = 4;
/// Steps of that search.
pub const GROUP_STEPS_MAX: usize = 20_000;
/// Rules or coupons that share nothing, in one knot, whose every combination is tried.
pub const KNOT_RULES_MAX: usize = 8;

/// Places of cases in their lane.
type Places = SmallVec<[usize; 16]>;

/// What a lane did.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// What became of each case, in their order.
    pub(super) dones: Vec<Done>,
    /// The best combination was looked for within a bound.
    pub(super) is_bounded: bool,
}

/// Runs a lane.
pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>]) -> Ran {
    let is_exclusive = |case: &Case<'_>| case.rule.stacking.mode == StackingMode::Exclusive;
    let others = places(cases, |case| !is_exclusive(case));
    if others.len() == cases.len() {
        let mut ran = run_shared(counter, cases, &others);
        name_winners(cases, &mut ran.dones);
        return ran;
    }
    let (mut most, together) =
        counter.attempt(|counter| run_shared(counter, cases, &others).is_bounded);
    let mut best = None;
    let mut tried = Vec::new();
    for place in places(cases, is_exclusive) {
        let Some(case) = cases.get(place) else { continue };
        let (saved, done) = counter.attempt(|counter| apply(counter, case));
        tried.push((place, done));
        if saved > most {
            (most, best) = (saved, Some(place));
        }
    }
    let mut ran = match best {
        None => run_shared(counter, cases, &others),
        Some(place) => run_alone(counter, cases, place, together),
    };
    // Who could not take anything by itself says why.
    for (place, done) in tried {
        if let Some(kept) = ran.dones.get_mut(place).filter(|_| done.uses == 0) {
            *kept = done;
        }
    }
    name_winners(cases, &mut ran.dones);
    ran
}

/// One exclusive rule and nobody else.
fn run_alone(counter: &mut Counter, cases: &[Case<'_>], place: usize, is_bounded: bool) -> Ran {
    let mut ran = Ran { dones: idle(cases), is_bounded };
    if let (Some(case), Some(done)) = (cases.get(place), ran.dones.get_mut(place)) {
        *done = apply(counter, case);
    }
    ran
}

/// All rules of a lane that are not exclusive.
fn run_shared(counter: &mut Counter, cases: &[Case<'_>], places: &[usize]) -> Ran {
    let is_stacked = |place: &usize| {
        cases.get(*place).is_some_and(|case| case.rule.stacking.mode == StackingMode::Stack)
    };
    let mut ran = Ran { dones: idle(cases), is_bounded: false };
    if places.iter().all(is_stacked) {
        take_turns(counter, cases, places, &mut ran.dones);
        return ran;
    }
    let places = &rivals(cases, places, &mut ran.is_bounded);
    match counter.lane() {
        Lane::Price | Lane::Line => unit::run(counter, cases, places, &mut ran),
        Lane::Group => group::run(counter, cases, places, &mut ran),
        Lane::Order | Lane::Coupon | Lane::Points => whole::run(counter, cases, places, &mut ran),
    }
    ran
}

/// All that stack, and of those that compete the first so many.
fn rivals(cases: &[Case<'_>], places: &[usize], is_bounded: &mut bool) -> Places {
    let mut n_rivals = 0;
    let mut kept = Places::new();
    for place in places {
        let mode = cases.get(*place).map(|case| case.rule.stacking.mode);
        n_rivals += usize::from(mode != Some(StackingMode::Stack));
        if mode == Some(StackingMode::Stack) || n_rivals <= RIVALS_MAX {
            kept.push(*place);
        }
    }
    *is_bounded |= kept.len() < places.len();
    kept
}

/// Nothing has happened yet.
fn idle(cases: &[Case<'_>]) -> Vec<Done> {
    vec![Done::nothing(Why::NoBetter, None); cases.len()]
}

/// The places of the cases that are of a kind.
fn places(cases: &[Case<'_>], is_meant: impl Fn(&Case<'_>) -> bool) -> Places {
    cases.iter().enumerate().filter(|(_, case)| is_meant(case)).map(|(place, _)| place).collect()
}

/// Those of some places whose rule stacks this way.
fn of_mode(cases: &[Case<'_>], places: &[usize], mode: StackingMode) -> Places {
    let is_meant =
        |place: &&usize| cases.get(**place).is_some_and(|case| case.rule.stacking.mode == mode);
    places.iter().filter(is_meant).copied().collect()
}

/// One after the other.
fn take_turns(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], dones: &mut [Done]) {
    for place in places {
        if let (Some(case), Some(done)) = (cases.get(*place), dones.get_mut(*place)) {
            *done = apply(counter, case);
        }
    }
}

/// Rules that got nothing say why: what their turn on what is there now would say. Where it would
/// take something, others save more with the goods.
fn say_idle(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], dones: &mut [Done]) {
    for place in places {
        if let (Some(case), Some(done)) = (cases.get(*place), dones.get_mut(*place)) {
            let (_, tried) = counter.attempt(|counter| apply(counter, case));
            let is_beaten = tried.uses > 0;
            *done = if is_beaten { Done::nothing(Why::NoBetter, None) } else { tried };
        }
    }
}

/// What turns in this order would save.
fn try_turns(counter: &mut Counter, cases: &[Case<'_>], places: &[usize]) -> i64 {
    let all = |counter: &mut Counter| {
        for case in places.iter().filter_map(|place| cases.get(*place)) {
            apply(counter, case);
        }
    };
    counter.attempt(all).0
}

/// Whether two cases of one lane keep goods from each other.
fn conflict(a: &Case<'_>, b: &Case<'_>) -> bool {
    let both_stack =
        a.rule.stacking.mode == StackingMode::Stack && b.rule.stacking.mode == StackingMode::Stack;
    !both_stack && a.claims.meet(b.claims)
}

/// Places in knots: who conflicts with somebody of a knot is in it.
///
/// What a rival takes from a rule that stacks also changes what the next of those finds, so for few
/// rules all that mean a line in common are in one knot. For many that would cost too much: there a
/// knot with a neighbour that stacks is bounded.
fn knots(cases: &[Case<'_>], places: &[usize], is_bounded: &mut bool) -> Vec<Places> {
    let is_wide = places.len() <= WIDE_KNOT_MAX;
    let is_tied = |a: usize, b: usize| match (cases.get(a), cases.get(b)) {
        (Some(a), Some(b)) if is_wide => a.claims.meet(b.claims),
        (Some(a), Some(b)) => conflict(a, b),
        (_, None) | (None, _) => false,
    };
    // Each place with the first of its knot.
    let mut firsts: SmallVec<[(usize, usize); 16]> = SmallVec::new();
    for place in places {
        let mut first = *place;
        for at in 0..firsts.len() {
            let Some((known, other)) = firsts.get(at).copied() else { continue };
            if known != first && is_tied(*place, other) {
                let joined = known.min(first);
                let is_one = |knot: usize| knot == known || knot == first;
                firsts.iter_mut().filter(|(knot, _)| is_one(*knot)).for_each(|of| of.0 = joined);
                first = joined;
            }
        }
        firsts.push((first, *place));
    }
    firsts.sort_unstable();
    let knot = |of: &[(usize, usize)]| of.iter().map(|(_, place)| *place).collect();
    let knots: Vec<Places> = firsts.chunk_by(|a, b| a.0 == b.0).map(knot).collect();
    *is_bounded |= !is_wide && knots.iter().any(|knot| has_neighbour(cases, places, knot));
    knots
}

/// Whether a rule outside a knot of several means a line of somebody in it.
fn has_neighbour(cases: &[Case<'_>], places: &[usize], knot: &[usize]) -> bool {
    if knot.len() == 1 {
        return false;
    }
    let mut others = places.iter().filter(|place| !knot.contains(place));
    others.any(|place| {
        let case = cases.get(*place);
        let mut members = knot.iter().filter_map(|place| cases.get(*place));
        case.is_some_and(|case| members.any(|member| case.claims.meet(member.claims)))
    })
}

/// Tells each rule that got nothing who had its goods.
fn name_winners(cases: &[Case<'_>], dones: &mut [Done]) {
    let winners: Vec<&Case<'_>> =
        cases.iter().zip(dones.iter()).filter(|(_, done)| done.uses > 0).map(|(c, _)| c).collect();
    for (case, done) in cases.iter().zip(dones.iter_mut()) {
        if done.uses > 0 || done.why != Why::NoBetter {
            continue;
        }
        let is_alone = |w: &&&Case<'_>| w.rule.stacking.mode == StackingMode::Exclusive;
        let winner = winners
            .iter()
            .find(is_alone)
            .or_else(|| winners.iter().find(|winner| conflict(case, winner)));
        if let Some(winner) = winner {
            done.why = Why::Beaten(winner.ix);
        }
    }
}
