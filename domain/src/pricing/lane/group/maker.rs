//! A rule that makes groups, and a way to part units into groups.
//!
//! **Invariant:** what a group saves is worked out before any unit is taken; purses decide when the
//! groups are made.

use smallvec::SmallVec;

use super::super::{GROUP_UNITS_MAX, Places};
use crate::pricing::{
    Why,
    apply::{Grouping, Members, Purse, take_together},
    reach::{Case, Done, reach},
    rule::{Repeat, Reward},
    units::{Counter, Turn},
};

/// A group: whose, of which runs' units, and what it saves.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) maker: usize,
    pub(super) members: Members,
    pub(super) saved: i64,
}

/// A way to part units into groups.
#[derive(Debug)]
pub(super) struct Parting<'a> {
    pub(super) makers: Vec<Maker<'a>>,
    pub(super) groups: Vec<Made>,
}

/// A rule that makes groups.
#[derive(Debug)]
pub(super) struct Maker<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) turn: Turn,
    pub(super) uses_max: u32,
    /// For each seat of a group how many sit there, and the places of the runs that may, dearest
    /// first.
    pub(super) seats: SmallVec<[Seat; 2]>,
    place: usize,
    makes: Makes<'a>,
}

/// A seat of each group.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) n: u32,
    pub(super) pool: SmallVec<[usize; 16]>,
    part: u8,
}

/// What a maker makes.
#[derive(Debug)]
enum Makes<'a> {
    Groups(Grouping),
    /// Units, each cut by itself.
    Units(&'a Reward),
}

/// A rule that takes whatever is there, so that no parting of its own can be gone through.
#[derive(Debug)]
pub(super) struct Inseparable;

impl<'a> Maker<'a> {
    /// `None` has not reached its step.
    pub(super) fn of(
        counter: &mut Counter,
        place: usize,
        case: &'a Case<'a>,
    ) -> Result<Option<Self>, Inseparable> {
        let turn = case.turn(counter);
        let Some((step, times)) = reach(counter, &turn, case, &[]).met else {
            return Ok(None);
        };
        let turn = turn.at(step);
        let reward = case.rule.steps.get(usize::from(step)).map(|step| &step.reward);
        let makes = match Grouping::of(case, step) {
            Some(grouping) if grouping.is_of_all() => return Err(Inseparable),
            Some(grouping) => Makes::Groups(grouping),
            None => Makes::Units(reward.ok_or(Inseparable)?),
        };
        let times = match (&makes, case.rule.repeat) {
            (Makes::Units(_), _) => u32::MAX,
            (Makes::Groups(_), Repeat::Once) => 1,
            (Makes::Groups(_), Repeat::Each) => times,
        };
        let seat = |(part, n): (u8, u32)| Seat { part, n, pool: SmallVec::new() };
        let seats = match &makes {
            Makes::Groups(grouping) => grouping.seats.iter().copied().map(seat).collect(),
            Makes::Units(_) => std::iter::once(seat((0, 1))).collect(),
        };
        Ok(Some(Self { case, turn, uses_max: case.uses_max.min(times), seats, place, makes }))
    }

    /// Whether a run may sit on a seat.
    fn may_sit(&self, counter: &Counter, seat: &Seat, ix: usize) -> bool {
        let run = counter.run(ix);
        run.is_some_and(|run| {
            self.case.has(seat.part, run.line) && counter.is_open(&self.turn, run)
        })
    }

    /// Whether a run may sit on any.
    pub(super) fn means(&self, counter: &Counter, ix: usize) -> bool {
        self.seats.iter().any(|seat| self.may_sit(counter, seat, ix))
    }

    /// Finds who may sit where.
    pub(super) fn find_pools(&mut self, counter: &Counter, runs: &[usize]) {
        let mut seats = std::mem::take(&mut self.seats);
        for seat in &mut seats {
            let places = (0..).zip(runs).filter(|(_, ix)| self.may_sit(counter, seat, **ix));
            seat.pool = places.map(|(place, _)| place).collect();
        }
        self.seats = seats;
    }

    /// What a group saves; its members stand seat by seat, in each the dearest first.
    pub(super) fn saved(&self, counter: &Counter, members: &[(usize, u32)]) -> i64 {
        let unit_saved = |reward: &Reward, ix: usize| {
            let run = counter.run(ix)?;
            let cut = self.case.cut(reward, run.line)?;
            Some(Counter::cut(&self.turn, run, cut))
        };
        match &self.makes {
            Makes::Groups(grouping) => grouping.saved(counter, &self.turn, members),
            Makes::Units(reward) => members
                .iter()
                .map(|(ix, n)| unit_saved(reward, *ix).unwrap_or(0) * i64::from(*n))
                .sum(),
        }
    }

    /// Makes its groups on the counter, unless the order's record would become too long by them.
    fn make_all(&self, counter: &mut Counter, at: usize, groups: &[Made]) -> bool {
        let splits = u64::from(GROUP_UNITS_MAX);
        let made = counter.within(self.case.said, splits, |counter| {
            let mut purse = Purse::of(self.case);
            for made in groups.iter().filter(|made| made.maker == at) {
                self.make(counter, made, &mut purse);
            }
        });
        made.is_some()
    }

    /// Makes a group on the counter.
    fn make(&self, counter: &mut Counter, made: &Made, purse: &mut Purse) {
        let (whole, rest) = purse.pay(1, made.saved);
        let amount = if whole == 1 { made.saved } else { rest };
        match &self.makes {
            Makes::Groups(grouping) => {
                grouping.make(counter, &self.turn, &made.members, amount, 1);
            }
            Makes::Units(_) => take_together(counter, &self.turn, &made.members, amount, 1),
        }
    }
}

impl Parting<'_> {
    /// Makes its groups.
    pub(super) fn carry_out(&self, counter: &mut Counter, dones: &mut [Done]) {
        for (at, maker) in self.makers.iter().enumerate() {
            let uses = u32::try_from(self.n_groups(at)).unwrap_or(u32::MAX);
            let is_made = maker.make_all(counter, at, &self.groups);
            if let Some(done) = dones.get_mut(maker.place).filter(|_| uses > 0) {
                *done = match is_made {
                    true => Done { uses, why: Why::Applied, next: None },
                    false => Done::nothing(Why::Full, None),
                };
            }
        }
    }

    /// The places of those that make none.
    pub(super) fn idle(&self) -> Places {
        let idle = self.makers.iter().enumerate().filter(|(at, _)| self.n_groups(*at) == 0);
        idle.map(|(_, maker)| maker.place).collect()
    }

    fn n_groups(&self, maker: usize) -> usize {
        self.groups.iter().filter(|made| made.maker == maker).count()
    }
}

/// Makes groups on the counter, rule by rule.
pub(super) fn put_down(counter: &mut Counter, makers: &[Maker<'_>], groups: &[Made]) {
    for (at, maker) in makers.iter().enumerate() {
        maker.make_all(counter, at, groups);
    }
}
