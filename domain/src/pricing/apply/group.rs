//! Units that are cut together: each group's reduction belongs to all of its units.
//!
//! Groups are made from the dearest unit downwards, which is the best for the shopper.

use std::cmp::Reverse;

use smallvec::{SmallVec, smallvec};

use super::{Purse, idle};
use crate::pricing::{
    Why,
    quote::Next,
    reach::{Case, Done},
    rule::{Cut, NeedAmount, Repeat, Reward},
    spread::{self, Part},
    units::{Counter, Turn},
};

/// What a rule makes groups of, and what each of them brings: the one description that turns and the
/// search for the best parting share.
#[derive(Clone, Debug)]
pub(in crate::pricing) struct Grouping {
    kind: Kind,
    /// What each group needs: so many units of a part.
    pub(in crate::pricing) seats: Seats,
}

/// So many units of which part.
type Seats = SmallVec<[(u8, u32); 4]>;

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The cheapest `count` are cut.
    Cheapest { count: u32, cut: Cut },
    /// The same of every unit there is.
    OfAll { count: u32, cut: Cut },
    /// All together are cut: the sum to a price or by an amount, or each part to a rate.
    Whole(Cut),
    /// The first `buy` stay as they are, the others are cut.
    After { buy: u32, cut: Cut },
}

impl Grouping {
    /// The grouping of a step; none for rewards that need no group.
    pub(in crate::pricing) fn of(case: &Case<'_>, step: u8) -> Option<Self> {
        let at = usize::from(step);
        let rewarded = case.ready.steps.get(at).map_or(&[][..], |step| step.rewarded.as_slice());
        let reward = &case.rule.steps.get(at)?.reward;
        let one = |n: u32, kind: Kind| Some(Self { kind, seats: smallvec![(0, n)] });
        if let Reward::Nth { n, cut } = reward {
            one(*n, Kind::Cheapest { count: 1, cut: *cut })
        } else if let Reward::Cheapest { of, count, cut } = reward {
            let (count, cut) = (*count, *cut);
            let kind = match case.rule.repeat {
                Repeat::Once => Kind::OfAll { count, cut },
                Repeat::Each => Kind::Cheapest { count, cut },
            };
            one(*of, kind)
        } else if let Reward::Pick { n, price } = reward {
            one(*n, Kind::Whole(Cut::Price(*price)))
        } else if let Reward::BuyGet { buy, get, cut, goods } = reward {
            if goods.is_none() {
                return one(*buy + *get, Kind::Cheapest { count: *get, cut: *cut });
            }
            let other = rewarded.first().copied().unwrap_or(0);
            let kind = Kind::After { buy: *buy, cut: *cut };
            Some(Self { kind, seats: smallvec![(0, *buy), (other, *get)] })
        } else if let Reward::Bundle { slots, cut } = reward {
            let counts = slots.iter().map(|slot| slot.count);
            let seats = rewarded.iter().copied().zip(counts).collect();
            Some(Self { kind: Kind::Whole(*cut), seats })
        } else {
            None
        }
    }

    /// Whether it takes whatever is there, so that there is nothing to choose.
    pub(in crate::pricing) const fn is_of_all(&self) -> bool {
        matches!(self.kind, Kind::OfAll { .. })
    }

    /// What a group saves; its members stand seat by seat, in each the dearest first.
    pub(in crate::pricing) fn saved(
        &self,
        counter: &Counter,
        turn: &Turn,
        members: &[(usize, u32)],
    ) -> i64 {
        let cut_all = |ix: usize, n: u32, cut: Cut| {
            counter.run(ix).map_or(0, |run| Counter::cut(turn, run, cut) * i64::from(n))
        };
        match self.kind {
            Kind::Cheapest { count, cut } | Kind::OfAll { count, cut } => {
                cheapest_saved(counter, turn, members, count, cut)
            }
            Kind::Whole(Cut::Price(price)) => (now_of(counter, members) - price.minor()).max(0),
            Kind::Whole(Cut::Off(off)) => off.minor().min(now_of(counter, members)),
            Kind::Whole(cut @ Cut::Rate(_)) => {
                members.iter().map(|(ix, n)| cut_all(*ix, *n, cut)).sum()
            }
            Kind::After { buy, cut } => {
                skip_units(members, buy).iter().map(|(ix, n)| cut_all(*ix, *n, cut)).sum()
            }
        }
    }

    /// Makes a group, `times` over, that saves an amount. Who buys one thing to get another keeps
    /// what it costs.
    pub(in crate::pricing) fn make(
        &self,
        counter: &mut Counter,
        turn: &Turn,
        members: &[(usize, u32)],
        amount: i64,
        times: u32,
    ) {
        match self.kind {
            Kind::Cheapest { .. } | Kind::OfAll { .. } | Kind::Whole(_) => {
                take_together(counter, turn, members, amount, times);
            }
            Kind::After { buy, .. } => {
                let gets = skip_units(members, buy);
                for (ix, n) in first_units(members, buy) {
                    counter.take(turn, ix, n * times, 0);
                }
                take_together(counter, turn, &gets, amount, times);
            }
        }
    }
}

/// Members of one group, dearest first: runs with how many of their units.
pub(in crate::pricing) type Members = SmallVec<[(usize, u32); 8]>;

/// Carries out a group rule's turn: at most `times` groups.
pub(super) fn apply(
    counter: &mut Counter,
    turn: &Turn,
    case: &Case<'_>,
    step: u8,
    times: u32,
) -> Done {
    let mut left = case.uses_max.min(times);
    let is_limited = left < u32::MAX;
    let (mut purse, mut uses, mut is_part) = (Purse::of(case), 0, false);
    let Some(grouping) = Grouping::of(case, step) else {
        return Done::nothing(Why::NoGoods, None);
    };
    let pools = pools(counter, turn, case, &grouping);
    let missing = loop {
        let members = match grouping.gather(counter, turn, &pools) {
            Ok(members) => members,
            Err(missing) => break missing,
        };
        if left == 0 {
            is_part = is_limited && case.rule.repeat == Repeat::Each;
            break 0;
        }
        let whole = grouping.saved(counter, turn, &members);
        if whole <= 0 {
            break 0;
        }
        let (paid, rest) = purse.pay(bulk(counter, &members).min(left), whole);
        if paid > 0 {
            grouping.make(counter, turn, &members, whole, paid);
        }
        if rest > 0 {
            grouping.make(counter, turn, &members, rest, 1);
        }
        let made = paid + u32::from(rest > 0);
        uses += made;
        left -= made;
        if rest > 0 || made == 0 {
            is_part = true;
            break 0;
        }
    };
    let next = (missing > 0 && left > 0).then(|| Next {
        missing: NeedAmount::Pieces(missing),
        step,
        times: uses.saturating_add(1),
    });
    let why = match (uses, is_part) {
        (0, _) if next.is_some() => Why::Short,
        (0, _) => {
            // A set is about its slots' goods, whatever the rule's own are.
            let part = grouping.seats.first().map_or(0, |(part, _)| *part);
            idle(counter, turn, case, part)
        }
        (_, true) => Why::AppliedInPart,
        (_, false) => Why::Applied,
    };
    Done { uses, why, next }
}

/// Equal groups that can be made at once from runs of many units.
fn bulk(counter: &Counter, members: &[(usize, u32)]) -> u32 {
    if members.len() > 1
        && members.iter().any(|(ix, n)| counter.run(*ix).is_some_and(|run| run.n == *n))
    {
        return 1;
    }
    let members = merged(members);
    let groups =
        members.iter().map(|(ix, n)| counter.run(*ix).map_or(0, |run| run.n / (*n).max(1)));
    groups.min().unwrap_or(1).max(1)
}

/// Takes a reduction from units together, split by what they cost.
pub(in crate::pricing) fn take_together(
    counter: &mut Counter,
    turn: &Turn,
    members: &[(usize, u32)],
    amount: i64,
    times: u32,
) {
    spread::take(counter, turn, amount, times, |counter, parts| {
        parts.extend(members.iter().filter_map(|(ix, n)| {
            let run = counter.run(*ix)?;
            Some(Part { run: *ix, n: *n, weight: run.now, cap: Counter::cap(turn, run) })
        }));
    });
}

/// Open runs, dearest first.
type Pool = SmallVec<[usize; 16]>;

/// For each seat the runs it is filled from.
fn pools(
    counter: &Counter,
    turn: &Turn,
    case: &Case<'_>,
    grouping: &Grouping,
) -> SmallVec<[Pool; 2]> {
    // Who buys gives away what cannot be cut, as long as there is some.
    let last = match (grouping.kind, grouping.seats.as_slice()) {
        (Kind::After { .. }, [_, (other, _)]) => Some(*other),
        (Kind::After { .. } | Kind::Cheapest { .. } | Kind::OfAll { .. } | Kind::Whole(_), _) => {
            None
        }
    };
    let pool = |(seat, (part, _)): (usize, &(u8, u32))| {
        dearest(counter, turn, case, *part, last.filter(|_| seat == 0))
    };
    grouping.seats.iter().enumerate().map(pool).collect()
}

impl Grouping {
    /// The members of the next group, or how many units are missing to it.
    fn gather(&self, counter: &Counter, turn: &Turn, pools: &[Pool]) -> Result<Members, u32> {
        let mut members = Members::new();
        let mut missing = 0;
        for ((_, n), pool) in self.seats.iter().zip(pools) {
            let most = if self.is_of_all() { u32::MAX } else { *n };
            missing += n.saturating_sub(gather(counter, turn, pool, most, &mut members));
        }
        // Slots may have chosen from one run twice.
        if matches!(self.kind, Kind::Whole(_)) && self.seats.len() > 1 {
            members = merged(&members);
        }
        if missing == 0 && !members.is_empty() { Ok(members) } else { Err(missing) }
    }
}

/// What the cheapest `count` units save. Of units that cost the same the shopper may call any the
/// cheapest: the one of which a cut of the list price takes most.
fn cheapest_saved(
    counter: &Counter,
    turn: &Turn,
    members: &[(usize, u32)],
    count: u32,
    cut: Cut,
) -> i64 {
    let price = |(ix, n): &(usize, u32)| {
        let run = counter.run(*ix)?;
        Some((run.now, Reverse(Counter::cut(turn, run, cut)), *n))
    };
    let mut units: SmallVec<[(i64, Reverse<i64>, u32); 8]> =
        members.iter().filter_map(price).collect();
    units.sort_unstable();
    let (mut left, mut saved) = (count, 0);
    for (_, Reverse(each), n) in units {
        let n = n.min(left);
        saved += each * i64::from(n);
        left -= n;
    }
    saved
}

fn now_of(counter: &Counter, members: &[(usize, u32)]) -> i64 {
    let price = |ix: usize| counter.run(ix).map_or(0, |run| run.now);
    members.iter().map(|(ix, n)| price(*ix) * i64::from(*n)).sum()
}

/// Where a run stands in its pool: behind others, by price, by place.
type Rank = (bool, Reverse<i64>, u16, u32, usize);

/// The open runs of a part, dearest first; with `last`, those of that part behind all others.
fn dearest(counter: &Counter, turn: &Turn, case: &Case<'_>, part: u8, last: Option<u8>) -> Pool {
    let mut pool: SmallVec<[Rank; 16]> = case
        .lines(part)
        .flat_map(|line| counter.runs_of(line))
        .filter(|(_, run)| counter.is_open(turn, run))
        .map(|(ix, run)| {
            let is_last = last.is_some_and(|part| case.has(part, run.line));
            (is_last, Reverse(run.now), run.line, run.first, ix)
        })
        .collect();
    pool.sort_unstable();
    pool.into_iter().map(|(.., ix)| ix).collect()
}

/// Adds up to `n` open units of a pool to the members; answers how many.
fn gather(counter: &Counter, turn: &Turn, pool: &Pool, n: u32, members: &mut Members) -> u32 {
    let mut got = 0;
    for ix in pool {
        if got == n {
            break;
        }
        let Some(run) = counter.run(*ix).filter(|run| counter.is_open(turn, run)) else {
            continue;
        };
        let spoken_for: u32 = members.iter().filter(|(m, _)| m == ix).map(|(_, n)| *n).sum();
        let take = run.n.saturating_sub(spoken_for).min(n - got);
        if take > 0 {
            members.push((*ix, take));
            got += take;
        }
    }
    got
}

/// Members of one run as one.
fn merged(members: &[(usize, u32)]) -> Members {
    let mut merged = Members::with_capacity(members.len());
    for (ix, n) in members {
        match merged.iter_mut().find(|(known, _)| known == ix) {
            Some((_, sum)) => *sum += n,
            None => merged.push((*ix, *n)),
        }
    }
    merged
}

/// The first `n` units of the members.
pub(super) fn first_units(members: &[(usize, u32)], n: u32) -> Members {
    let mut left = n;
    let mut first = Members::new();
    for (ix, count) in members {
        let take = (*count).min(left);
        left -= take;
        if take > 0 {
            first.push((*ix, take));
        }
    }
    first
}

/// The members behind the first `n` units.
fn skip_units(members: &[(usize, u32)], n: u32) -> Members {
    let mut skip = n;
    let mut rest = Members::new();
    for (ix, count) in members {
        let skipped = (*count).min(skip);
        skip -= skipped;
        if count > &skipped {
            rest.push((*ix, count - skipped));
        }
    }
    merged(&rest)
}
