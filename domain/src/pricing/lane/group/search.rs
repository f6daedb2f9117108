//! The search for the best parting: every way to part units into groups is gone through, dearest
//! unit first, each unit left out or in a group of some rule.
//!
//! Units of a run are alike, so they are counted and never named; and a state that was reached with
//! as much saved is not gone on from again.
//!
//! **Invariant:** what is found is the best there is, or nothing is found.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::{
    super::{GROUP_RULES_MAX, GROUP_STEPS_MAX, GROUP_UNITS_MAX},
    maker::{Inseparable, Made, Maker, Parting, put_down},
};
use crate::pricing::{
    apply::{Members, apply},
    reach::Case,
    units::Counter,
};

/// What carrying one rule out costs, in steps of the search.
const CARRY_STEPS: usize = 20;
/// States of most searches; more only grow a map.
const STATES: usize = 28;

/// Goes through every way to part the units, if there are few enough.
pub(super) fn parted<'a>(
    counter: &mut Counter,
    cases: &'a [Case<'a>],
    alone: &[usize],
    stacked: &[usize],
) -> Option<Parting<'a>> {
    if alone.len() > GROUP_RULES_MAX {
        return None;
    }
    let stacked: Vec<&Case<'_>> = stacked.iter().filter_map(|place| cases.get(*place)).collect();
    let mut makers = alone
        .iter()
        .filter_map(|place| Maker::of(counter, *place, cases.get(*place)?).transpose())
        .collect::<Result<Vec<_>, Inseparable>>()
        .ok()?;
    let mut runs: Vec<usize> = (0..counter.runs().len())
        .filter(|ix| makers.iter().any(|maker| maker.means(counter, *ix)))
        .collect();
    let n_units: u32 = runs.iter().filter_map(|ix| counter.run(*ix)).map(|run| run.n).sum();
    if n_units > GROUP_UNITS_MAX {
        return None;
    }
    runs.sort_by_key(|ix| {
        counter.run(*ix).map(|run| (std::cmp::Reverse(run.now), run.line, run.first))
    });
    for maker in &mut makers {
        maker.find_pools(counter, &runs);
    }
    // With these a group may save less than its reduction.
    let has_caps = makers.iter().map(|maker| maker.case.rule.limits).any(|limits| {
        limits.amount_max.is_some() || limits.floor_price.is_some() || limits.floor_rate.is_some()
    });
    let left = runs.iter().map(|ix| counter.run(*ix).map_or(0, |run| run.n)).collect();
    let uses = makers.iter().map(|maker| maker.uses_max).collect();
    let sight =
        match (has_caps || stacked.iter().any(|case| case.counts_money()), stacked.is_empty()) {
            (true, _) => Sight::All,
            (false, true) => Sight::None,
            (false, false) => Sight::Free,
        };
    let mut search = Search {
        sight,
        free: vec![0; runs.len()],
        by_free: HashMap::default(),
        makers,
        runs,
        left,
        uses,
        groups: Vec::new(),
        saved: 0,
        best: (-1, Vec::new()),
        seen: HashMap::with_capacity_and_hasher(STATES, FxBuildHasher),
        steps: 0,
        stacked,
    };
    search.go_on(counter);
    let Search { makers, best: (_, groups), steps, .. } = search;
    counter.note_steps(u64::try_from(steps).unwrap_or(u64::MAX));
    let is_whole = steps <= GROUP_STEPS_MAX;
    is_whole.then_some(Parting { makers, groups })
}

/// The search for the best parting.
struct Search<'a> {
    sight: Sight,
    makers: Vec<Maker<'a>>,
    stacked: Vec<&'a Case<'a>>,
    /// Runs, dearest first, and how many of their units are not decided yet.
    runs: Vec<usize>,
    left: Vec<u32>,
    /// How many are in no group.
    free: Vec<u32>,
    uses: Vec<u32>,
    groups: Vec<Made>,
    /// What the groups made so far save.
    saved: i64,
    best: (i64, Vec<Made>),
    /// The most that was saved on the way to a state: who comes there with less need not go on.
    seen: HashMap<State, i64, FxBuildHasher>,
    /// What the stacking rules save where these units are free.
    by_free: HashMap<u64, i64, FxBuildHasher>,
    steps: usize,
}

/// What the stacking rules of the knot look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// There are none: what groups save adds up.
    None,
    /// Units in no group: what they save depends on nothing else.
    Free,
    /// Also what groups have left of the money; or a cap is shared by groups.
    All,
}

/// Units not decided yet and units in no group, four bits for each run, and uses left, eight bits
/// for each maker.
type State = (u64, u64, u32);

const _: () = assert!(GROUP_UNITS_MAX < 16 && GROUP_RULES_MAX <= 4, "a state fits its bits");

impl Search<'_> {
    fn state(&self) -> State {
        let uses = self.uses.iter().fold(0, |bits, uses| bits << 8 | (*uses).min(255));
        let free = if self.sight == Sight::Free { packed(&self.free) } else { 0 };
        (packed(&self.left), free, uses)
    }

    fn go_on(&mut self, counter: &mut Counter) {
        self.steps += 1;
        if self.steps > GROUP_STEPS_MAX {
            return;
        }
        if self.sight != Sight::All {
            let saved = self.saved;
            let most = self.seen.entry(self.state()).or_insert(-1);
            if saved <= *most {
                return;
            }
            *most = saved;
        }
        let Some(first) = self.left.iter().position(|n| *n > 0) else {
            return self.look(counter);
        };
        for maker in 0..self.makers.len() {
            if self.uses.get(maker).is_some_and(|uses| *uses > 0) {
                self.seat(counter, maker, 0, &mut Members::new(), first);
            }
        }
        // Or this unit is in no group.
        self.change(first, 1, false);
        self.set_free(first, false);
        self.go_on(counter);
        self.set_free(first, true);
        self.change(first, 1, true);
    }

    fn set_free(&mut self, at: usize, is_back: bool) {
        if let Some(free) = self.free.get_mut(at) {
            *free = if is_back { *free - 1 } else { *free + 1 };
        }
    }

    fn change(&mut self, at: usize, n: u32, is_back: bool) {
        if let Some(left) = self.left.get_mut(at) {
            *left = if is_back { *left + n } else { *left - n };
        }
    }

    /// Fills the seats of one group in every way that uses the first unit.
    fn seat(
        &mut self,
        counter: &mut Counter,
        maker: usize,
        seat: usize,
        chosen: &mut Members,
        first: usize,
    ) {
        let wanted = self.makers.get(maker).and_then(|m| m.seats.get(seat)).map(|seat| seat.n);
        match wanted {
            Some(n) => self.fill(counter, maker, (seat, n, 0), chosen, first),
            None if chosen.iter().any(|(at, _)| *at == first) => {
                self.close(counter, maker, chosen);
            }
            None => {}
        }
    }

    /// Chooses the units of one seat, run by run.
    fn fill(
        &mut self,
        counter: &mut Counter,
        maker: usize,
        (seat, n, from): (usize, u32, usize),
        chosen: &mut Members,
        first: usize,
    ) {
        if n == 0 {
            return self.seat(counter, maker, seat + 1, chosen, first);
        }
        self.steps += 1;
        let Some(of) = self.makers.get(maker) else { return };
        let pool = of.seats.get(seat).and_then(|seat| seat.pool.get(from..)).unwrap_or_default();
        let left = |place: &usize| self.left.get(*place).copied().unwrap_or(0);
        if self.steps > GROUP_STEPS_MAX || pool.iter().map(left).sum::<u32>() < n {
            return;
        }
        let Some(place) = pool.first().copied() else { return };
        let there = left(&place).min(n);
        // With one seat, a group without the first unit is one that is looked at elsewhere.
        let must = u32::from(of.seats.len() == 1 && there > 0 && chosen.is_empty());
        if must == 1 && place != first {
            return;
        }
        for take in (must..=there).rev() {
            if take > 0 {
                chosen.push((place, take));
                self.change(place, take, false);
            }
            self.fill(counter, maker, (seat, n - take, from + 1), chosen, first);
            if take > 0 {
                self.change(place, take, true);
                chosen.pop();
            }
        }
    }

    /// A group is full: if it saves something, the search goes on behind it.
    fn close(&mut self, counter: &mut Counter, maker: usize, chosen: &[(usize, u32)]) {
        let run = |at: usize| self.runs.get(at).copied().unwrap_or(usize::MAX);
        let members: Members = chosen.iter().map(|(at, n)| (run(*at), *n)).collect();
        let saved = self.makers.get(maker).map_or(0, |maker| maker.saved(counter, &members));
        if saved <= 0 {
            return;
        }
        self.groups.push(Made { maker, members, saved });
        self.saved += saved;
        self.use_up(maker, false);
        self.go_on(counter);
        self.use_up(maker, true);
        self.saved -= saved;
        self.groups.pop();
    }

    fn use_up(&mut self, maker: usize, is_back: bool) {
        if let Some(uses) = self.uses.get_mut(maker).filter(|uses| **uses < u32::MAX) {
            *uses = if is_back { *uses + 1 } else { *uses - 1 };
        }
    }

    /// All units are decided: is this the best so far?
    fn look(&mut self, counter: &mut Counter) {
        let saved = match self.sight {
            Sight::None => self.saved,
            Sight::All => {
                self.steps += (self.stacked.len() + self.makers.len()) * CARRY_STEPS;
                self.carry_out(counter)
            }
            Sight::Free => {
                let free = packed(&self.free);
                let known = self.by_free.get(&free).copied();
                // Carrying out costs what the search's own steps do not.
                let work = if known.is_some() { 0 } else { self.stacked.len() * CARRY_STEPS };
                self.steps += work;
                let beside = known.unwrap_or_else(|| self.carry_out(counter) - self.saved);
                self.by_free.insert(free, beside);
                self.saved + beside
            }
        };
        if saved > self.best.0 {
            self.best = (saved, self.groups.clone());
        }
    }

    /// What the groups and the stacking rules behind them save.
    fn carry_out(&self, counter: &mut Counter) -> i64 {
        let all = |counter: &mut Counter| {
            put_down(counter, &self.makers, &self.groups);
            for case in &self.stacked {
                apply(counter, case);
            }
        };
        counter.attempt(all).0
    }
}

/// Numbers below 16, four bits each.
fn packed(counts: &[u32]) -> u64 {
    counts.iter().fold(0, |bits, n| bits << 4 | u64::from(*n))
}
