//! The lane of groups: rules that share nothing compete for units.
//!
//! **Exactly**, for few units: every way to part them into groups is gone through, dearest unit
//! first, each unit left out or in a group of some rule. **Bounded**, for many: the competing rules
//! take their turns in different orders, and the best order wins.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::{
    GROUP_RULES_MAX, GROUP_STEPS_MAX, GROUP_UNITS_MAX, Ran, conflict, knots, of_mode, take_turns,
    try_turns,
};
use crate::pricing::{
    Why,
    apply::{Grouping, Members, Purse, first_units, reduction_of, skip_units, take_group},
    reach::{Case, Done, reach},
    rule::{Base, Cut, Repeat, Reward, StackingMode},
    units::{Counter, Turn},
};

/// Orders of turns that a bounded search tries: more would be felt at the till.
const ORDERS_MAX: usize = 4;
/// What carrying one rule out costs, in steps of the search.
const CARRY_STEPS: usize = 20;

pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], ran: &mut Ran) {
    let first = of_mode(cases, places, StackingMode::Priority);
    take_turns(counter, cases, &first, &mut ran.dones);
    let others: Vec<usize> =
        places.iter().filter(|place| !first.contains(place)).copied().collect();
    for knot in knots(cases, &others, &mut ran.is_bounded) {
        let alone = of_mode(cases, &knot, StackingMode::Best);
        let tied = of_mode(cases, &knot, StackingMode::Stack);
        if alone.is_empty() {
            continue;
        }
        if knot.len() == 1 && is_best_alone(counter, cases, &alone) {
            take_turns(counter, cases, &alone, &mut ran.dones);
        } else if let Some(best) = parted(counter, cases, &alone, &tied) {
            best.carry_out(counter, cases, &mut ran.dones);
        } else {
            ran.is_bounded = true;
            let order = best_order(counter, cases, &alone, &tied);
            take_turns(counter, cases, &order, &mut ran.dones);
            mark_idle(counter, cases, &alone, &order, &mut ran.dones);
        }
    }
    // Those that stack go on in their own order, whatever was searched before.
    let stacked = of_mode(cases, &others, StackingMode::Stack);
    take_turns(counter, cases, &stacked, &mut ran.dones);
}

/// A rule whose own turn is the best there is when nobody competes: one pool, no floor and no price
/// per kilogram that could make a cheaper unit the better one.
fn is_best_alone(counter: &Counter, cases: &[Case<'_>], places: &[usize]) -> bool {
    places.iter().filter_map(|place| cases.get(*place)).all(|case| {
        let limits = case.rule.limits;
        // A floor, or a reduction of the list price, may make a cheaper unit the better one.
        let has_floor = limits.floor_price.is_some()
            || limits.floor_rate.is_some()
            || case.rule.stacking.base == Base::List;
        let is_simple = |reward: &Reward| {
            Grouping::of(reward, case.rule.repeat).is_some()
                || matches!(reward, Reward::Units(_) | Reward::PriceList(_))
                || are_slots_apart(case)
        };
        let mut runs = case.hits.iter().flat_map(|hit| counter.runs_of(hit.line()));
        let is_weighed = runs.any(|(_, run)| run.milli > 0);
        // Who takes whatever is there has nothing to choose.
        let is_pool = |reward: &Reward| {
            matches!(Grouping::of(reward, case.rule.repeat), Some(Grouping::Pool { .. }))
        };
        case.rule.steps.iter().all(|step| is_pool(&step.reward))
            || !has_floor
                && !is_weighed
                && case.rule.steps.iter().all(|step| is_simple(&step.reward))
    })
}

/// No line stands in two parts of the rule, so that nothing is taken from one for the other.
fn are_slots_apart(case: &Case<'_>) -> bool {
    let parts: Vec<u8> = case.ready.steps.iter().flat_map(|step| step.rewarded.clone()).collect();
    let is_buy_get = case.rule.steps.iter().any(|s| matches!(s.reward, Reward::BuyGet { .. }));
    let pools = || parts.iter().copied().chain(is_buy_get.then_some(0));
    case.hits.iter().all(|hit| pools().filter(|part| case.has(*part, hit.line())).count() <= 1)
}

/// Orders of turns for rules that compete: each first once, and all of them for few.
fn orders(alone: &[usize]) -> Vec<Vec<usize>> {
    if let [a, b, c] = *alone {
        return vec![
            vec![a, b, c],
            vec![a, c, b],
            vec![b, a, c],
            vec![b, c, a],
            vec![c, a, b],
            vec![c, b, a],
        ];
    }
    let first = |first: &usize| {
        let rest = alone.iter().copied().filter(|place| place != first);
        std::iter::once(*first).chain(rest).collect()
    };
    alone.iter().take(ORDERS_MAX).map(first).collect()
}

fn best_order(
    counter: &mut Counter,
    cases: &[Case<'_>],
    alone: &[usize],
    stacked: &[usize],
) -> Vec<usize> {
    let mut orders = orders(alone);
    if !stacked.is_empty() {
        orders.push(Vec::new());
    }
    let mut best: (i64, Vec<usize>) = (-1, Vec::new());
    for order in orders {
        let turns: Vec<usize> = order.iter().chain(stacked).copied().collect();
        let saved = try_turns(counter, cases, &turns);
        if saved > best.0 {
            best = (saved, order);
        }
    }
    best.1
}

/// Rules that were left out still say what they need.
fn mark_idle(
    counter: &mut Counter,
    cases: &[Case<'_>],
    alone: &[usize],
    order: &[usize],
    dones: &mut [Done],
) {
    for place in alone.iter().filter(|place| !order.contains(place)) {
        if let (Some(case), Some(done)) = (cases.get(*place), dones.get_mut(*place)) {
            let (_, tried) = counter.attempt(|counter| super::apply(counter, case));
            *done = Done { uses: 0, ..tried };
            if tried.uses > 0 {
                *done = Done::nothing(Why::NoBetter, None);
            }
        }
    }
}

/// A group: whose, of which runs' units, and what it saves.
#[derive(Clone, Debug)]
struct Made {
    maker: usize,
    members: Members,
    saved: i64,
}

/// A way to part units into groups.
#[derive(Debug)]
struct Parting<'a> {
    makers: Vec<Maker<'a>>,
    groups: Vec<Made>,
}

/// A rule that makes groups.
#[derive(Debug)]
struct Maker<'a> {
    place: usize,
    case: &'a Case<'a>,
    turn: Turn,
    kind: Kind,
    uses_max: u32,
    /// What each group needs: so many units of a part.
    seats: Vec<(u8, u32)>,
    /// For each seat the places of the runs that may sit there, dearest first.
    pools: Vec<Vec<usize>>,
}

/// A rule that takes whatever is there, so that no parting of its own can be gone through.
#[derive(Debug)]
struct Inseparable;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Pool(Grouping),
    /// Of `skip` units that stay as they are, and others that are cut.
    After {
        skip: u32,
        cut: Cut,
    },
    Whole(Cut),
    Unit,
}

/// Goes through every way to part the units, if there are few enough.
fn parted<'a>(
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
        .filter(|ix| {
            let run = counter.run(*ix);
            run.is_some_and(|run| {
                makers.iter().any(|maker| {
                    counter.is_open(&maker.turn, run)
                        && maker.seats.iter().any(|(part, _)| maker.case.has(*part, run.line))
                })
            })
        })
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
        by_free: HashMap::with_capacity_and_hasher(32, FxBuildHasher),
        makers,
        runs,
        left,
        uses,
        groups: Vec::new(),
        saved: 0,
        best: (-1, Vec::new()),
        seen: HashMap::with_capacity_and_hasher(128, FxBuildHasher),
        steps: 0,
        stacked,
    };
    search.go_on(counter);
    let is_whole = search.steps <= GROUP_STEPS_MAX;
    let Search { makers, best: (_, groups), .. } = search;
    is_whole.then_some(Parting { makers, groups })
}

impl<'a> Maker<'a> {
    /// `None` has not reached its step.
    fn of(
        counter: &mut Counter,
        place: usize,
        case: &'a Case<'a>,
    ) -> Result<Option<Self>, Inseparable> {
        let turn = case.turn(counter);
        let Some((step, times)) = reach(counter, &turn, case, &[]).met else {
            return Ok(None);
        };
        let at = usize::from(step);
        let reward = case.rule.steps.get(at).map(|step| &step.reward).ok_or(Inseparable)?;
        let rewarded = case.ready.steps.get(at).map_or(&[][..], |step| step.rewarded.as_slice());
        let (kind, seats) = if let Some(grouping) = Grouping::of(reward, case.rule.repeat) {
            // Takes whatever is there: no parting of its own.
            if matches!(grouping, Grouping::Pool { .. }) {
                return Err(Inseparable);
            }
            (Kind::Pool(grouping), vec![(0, grouping.size())])
        } else if let Reward::BuyGet { buy, get, cut, .. } = reward {
            let other = rewarded.first().copied().ok_or(Inseparable)?;
            (Kind::After { skip: *buy, cut: *cut }, vec![(0, *buy), (other, *get)])
        } else if let Reward::Bundle { slots, cut } = reward {
            let seats = rewarded.iter().copied().zip(slots.iter().map(|slot| slot.count));
            (Kind::Whole(*cut), seats.collect())
        } else {
            (Kind::Unit, vec![(0, 1)])
        };
        let is_once = case.rule.repeat == Repeat::Once && !matches!(kind, Kind::Unit);
        let times = if is_once { 1 } else { times };
        let times = if matches!(kind, Kind::Unit) { u32::MAX } else { times };
        let (uses_max, pools) = (case.uses_max.min(times), Vec::new());
        Ok(Some(Self { place, case, turn, kind, uses_max, seats, pools }))
    }

    /// Which of the runs may sit on which seat.
    fn find_pools(&mut self, counter: &Counter, runs: &[usize]) {
        let may_sit = |part: u8, ix: usize| {
            let run = counter.run(ix);
            run.is_some_and(|run| self.case.has(part, run.line) && counter.is_open(&self.turn, run))
        };
        let pool = |(part, _): &(u8, u32)| {
            let places = runs.iter().enumerate().filter(|(_, ix)| may_sit(*part, **ix));
            places.map(|(place, _)| place).collect()
        };
        self.pools = self.seats.iter().map(pool).collect();
    }

    /// What a group saves; its members stand seat by seat, in each the dearest first.
    fn saved(&self, counter: &Counter, members: &[(usize, u32)]) -> i64 {
        let cut_all = |ix: usize, n: u32, cut: Cut| {
            counter.run(ix).map_or(0, |run| Counter::cut(&self.turn, run, cut) * i64::from(n))
        };
        match self.kind {
            Kind::Pool(grouping) => reduction_of(grouping, counter, &self.turn, members),
            Kind::Unit => members.iter().map(|(ix, n)| self.unit_saved(counter, *ix, *n)).sum(),
            Kind::After { skip, cut } => {
                skip_units(members, skip).iter().map(|(ix, n)| cut_all(*ix, *n, cut)).sum()
            }
            Kind::Whole(cut) => {
                let sum: i64 = members
                    .iter()
                    .filter_map(|(ix, n)| Some(counter.run(*ix)?.now * i64::from(*n)))
                    .sum();
                match cut {
                    Cut::Price(price) => (sum - price.minor()).max(0),
                    Cut::Off(off) => off.minor().min(sum),
                    Cut::Rate(_) => members.iter().map(|(ix, n)| cut_all(*ix, *n, cut)).sum(),
                }
            }
        }
    }

    fn unit_saved(&self, counter: &Counter, ix: usize, n: u32) -> i64 {
        let run = counter.run(ix);
        let step = reach(counter, &self.turn, self.case, &[]).met.map_or(0, |(step, _)| step);
        let reward = self.case.rule.steps.get(usize::from(step)).map(|step| &step.reward);
        let cut = run.zip(reward).and_then(|(run, reward)| self.case.cut(reward, run.line));
        run.zip(cut).map_or(0, |(run, cut)| Counter::cut(&self.turn, run, cut) * i64::from(n))
    }

    /// Makes a group on the counter.
    fn make(&self, counter: &mut Counter, made: &Made, purse: &mut Purse) {
        let (whole, rest) = purse.pay(1, made.saved);
        let amount = if whole == 1 { made.saved } else { rest };
        if let Kind::After { skip, .. } = self.kind {
            let cut = skip_units(&made.members, skip);
            for (ix, n) in first_units(&made.members, skip) {
                counter.take(&self.turn, ix, n, 0);
            }
            take_group(counter, &self.turn, &cut, amount, 1);
        } else {
            take_group(counter, &self.turn, &made.members, amount, 1);
        }
    }
}

impl Parting<'_> {
    fn carry_out(&self, counter: &mut Counter, cases: &[Case<'_>], dones: &mut [Done]) {
        put_down(counter, &self.makers, &self.groups);
        for (at, maker) in self.makers.iter().enumerate() {
            let uses = self.groups.iter().filter(|made| made.maker == at).count();
            let uses = u32::try_from(uses).unwrap_or(u32::MAX);
            if let Some(done) = dones.get_mut(maker.place) {
                *done = match uses {
                    0 => idle_turn(counter, cases, maker.place),
                    _ => Done { uses, why: Why::Applied, next: None },
                };
            }
        }
    }
}

/// Why a rule got nothing: what its turn would say on what is left.
fn idle_turn(counter: &mut Counter, cases: &[Case<'_>], place: usize) -> Done {
    let Some(case) = cases.get(place) else {
        return Done::nothing(Why::NoBetter, None);
    };
    let (_, tried) = counter.attempt(|counter| super::apply(counter, case));
    if tried.uses > 0 || is_rivalled(cases, case) && tried.why != Why::Short {
        return Done::nothing(Why::NoBetter, None);
    }
    tried
}

fn is_rivalled(cases: &[Case<'_>], case: &Case<'_>) -> bool {
    cases.iter().any(|other| other.ix != case.ix && conflict(case, other))
}

/// Makes groups on the counter, rule by rule.
fn put_down(counter: &mut Counter, makers: &[Maker<'_>], groups: &[Made]) {
    for (at, maker) in makers.iter().enumerate() {
        let mut purse = Purse::of(maker.case);
        for made in groups.iter().filter(|made| made.maker == at) {
            maker.make(counter, made, &mut purse);
        }
    }
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
                self.seat(counter, maker, 0, &mut Vec::new(), first);
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
        chosen: &mut Vec<(usize, u32)>,
        first: usize,
    ) {
        let wanted = self.makers.get(maker).and_then(|m| m.seats.get(seat)).copied();
        match wanted {
            Some((_, n)) => self.fill(counter, maker, (seat, n, 0), chosen, first),
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
        chosen: &mut Vec<(usize, u32)>,
        first: usize,
    ) {
        if n == 0 {
            return self.seat(counter, maker, seat + 1, chosen, first);
        }
        self.steps += 1;
        let Some(of) = self.makers.get(maker) else { return };
        let pool = of.pools.get(seat).and_then(|pool| pool.get(from..)).unwrap_or_default();
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
                super::apply(counter, case);
            }
        };
        counter.attempt(all).0
    }
}

/// Numbers below 16, four bits each.
fn packed(counts: &[u32]) -> u64 {
    counts.iter().fold(0, |bits, n| bits << 4 | u64::from(*n))
}
