//! Units that are cut together: each group's reduction belongs to all of its units.
//!
//! Groups are made from the dearest unit downwards, which is the best for the shopper.

use std::cmp::Reverse;

use smallvec::{SmallVec, smallvec};

use super::{Purse, idle};
use crate::{
    money::Money,
    pricing::{
        Why,
        quote::Next,
        reach::{Case, Done},
        rule::{Cut, NeedAmount, Repeat, Reward, Slot},
        spread::{self, Part},
        units::{Counter, Turn},
    },
};

/// How units of one pool make a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pricing) enum Grouping {
    /// `n` units, the cheapest `count` of which are cut.
    Cheapest { n: u32, count: u32, cut: Cut },
    /// `n` units for one price.
    Together { n: u32, price: Money },
    /// Every unit there is, the cheapest `count` of which are cut, when there are `n`.
    Pool { n: u32, count: u32, cut: Cut },
}

impl Grouping {
    /// The grouping of a reward that has one pool; the others have slots or two pools.
    pub(in crate::pricing) const fn of(reward: &Reward, repeat: Repeat) -> Option<Self> {
        match (reward, repeat) {
            (Reward::Nth { n, cut }, _) => Some(Self::Cheapest { n: *n, count: 1, cut: *cut }),
            (Reward::BuyGet { buy, get, cut, goods: None }, _) => {
                Some(Self::Cheapest { n: *buy + *get, count: *get, cut: *cut })
            }
            (Reward::Cheapest { of, count, cut }, Repeat::Once) => {
                Some(Self::Pool { n: *of, count: *count, cut: *cut })
            }
            (Reward::Cheapest { of, count, cut }, Repeat::Each) => {
                Some(Self::Cheapest { n: *of, count: *count, cut: *cut })
            }
            (Reward::Pick { n, price }, _) => Some(Self::Together { n: *n, price: *price }),
            _ => None,
        }
    }

    /// Units of a group.
    pub(in crate::pricing) const fn size(self) -> u32 {
        match self {
            Self::Cheapest { n, .. } | Self::Together { n, .. } | Self::Pool { n, .. } => n,
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
    let pools = Pools::of(counter, turn, case, step);
    let missing = loop {
        let members = match pools.next_group(counter, turn) {
            Ok(members) => members,
            Err(missing) => break missing,
        };
        if left == 0 {
            is_part = is_limited && case.rule.repeat == Repeat::Each;
            break 0;
        }
        let (whole, at_once) = (pools.reduction(counter, turn, &members), bulk(counter, &members));
        if whole <= 0 {
            break 0;
        }
        let (paid, rest) = purse.pay(at_once.min(left), whole);
        if paid > 0 {
            pools.take(counter, turn, &members, whole, paid);
        }
        if rest > 0 {
            pools.take(counter, turn, &members, rest, 1);
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
        (0, _) => idle(counter, turn, case, 0),
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

/// Takes one group's reduction from chosen units.
pub(in crate::pricing) fn take_group(
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

/// The units a group rule chooses from, dearest first.
struct Pools<'a> {
    kind: Kind<'a>,
    pools: SmallVec<[Pool; 2]>,
}

/// Open runs, dearest first.
type Pool = SmallVec<[usize; 16]>;

enum Kind<'a> {
    One(Grouping),
    Two { buy: u32, get: u32, cut: Cut },
    Slots { slots: &'a [Slot], cut: Cut },
}

impl<'a> Pools<'a> {
    fn of(counter: &Counter, turn: &Turn, case: &Case<'a>, step: u8) -> Self {
        let at = usize::from(step);
        let (rule, ready) = (case.rule, case.ready);
        let rewarded = ready.steps.get(at).map_or(&[][..], |step| step.rewarded.as_slice());
        let reward = rule.steps.get(at).map(|step| &step.reward);
        let pool = |part: u8| dearest(counter, turn, case, part, None);
        let grouping = reward.and_then(|reward| Grouping::of(reward, rule.repeat));
        match (grouping, reward) {
            (Some(grouping), _) => Self { kind: Kind::One(grouping), pools: smallvec![pool(0)] },
            (None, Some(Reward::BuyGet { buy, get, cut, .. })) => {
                let other = rewarded.first().copied().unwrap_or(0);
                // Who buys gives away what cannot be cut, as long as there is some.
                let pools = smallvec![dearest(counter, turn, case, 0, Some(other)), pool(other)];
                Self { kind: Kind::Two { buy: *buy, get: *get, cut: *cut }, pools }
            }
            (None, Some(Reward::Bundle { slots, cut })) => {
                let pools = rewarded.iter().map(|part| pool(*part)).collect();
                Self { kind: Kind::Slots { slots, cut: *cut }, pools }
            }
            (None, _) => Self {
                kind: Kind::Slots { slots: &[], cut: Cut::Off(Money::ZERO) },
                pools: SmallVec::new(),
            },
        }
    }

    /// The next group, or how many units are missing to it.
    fn next_group(&self, counter: &Counter, turn: &Turn) -> Result<Members, u32> {
        let mut members = Members::new();
        let missing = match &self.kind {
            Kind::One(Grouping::Pool { n, .. }) => {
                let there = gather(counter, turn, self.pools.first(), u32::MAX, &mut members);
                n.saturating_sub(there)
            }
            Kind::One(grouping) => self.gather_each(counter, turn, [grouping.size()], &mut members),
            Kind::Two { buy, get, .. } => {
                self.gather_each(counter, turn, [*buy, *get], &mut members)
            }
            Kind::Slots { slots, .. } => {
                let counts = slots.iter().map(|slot| slot.count);
                self.gather_each(counter, turn, counts, &mut members)
            }
        };
        if missing == 0 && !members.is_empty() { Ok(members) } else { Err(missing) }
    }

    /// Gathers so many units of each pool; answers how many are missing.
    fn gather_each(
        &self,
        counter: &Counter,
        turn: &Turn,
        counts: impl IntoIterator<Item = u32>,
        members: &mut Members,
    ) -> u32 {
        let counts = counts.into_iter().zip(&self.pools);
        counts.map(|(n, pool)| n - gather(counter, turn, Some(pool), n, members)).sum()
    }

    /// What a group saves.
    fn reduction(&self, counter: &Counter, turn: &Turn, members: &[(usize, u32)]) -> i64 {
        match &self.kind {
            Kind::One(grouping) => reduction_of(*grouping, counter, turn, members),
            Kind::Two { buy, cut, .. } => {
                let gets = skip_units(members, *buy);
                gets.iter().map(|(ix, n)| cut_all(counter, turn, *ix, *n, *cut)).sum()
            }
            Kind::Slots { cut, .. } => {
                let sum = now_of(counter, members);
                match cut {
                    Cut::Price(price) => (sum - price.minor()).max(0),
                    Cut::Off(off) => off.minor().min(sum),
                    Cut::Rate(_) => {
                        members.iter().map(|(ix, n)| cut_all(counter, turn, *ix, *n, *cut)).sum()
                    }
                }
            }
        }
    }

    /// Makes a group, `times` over. Who buys one thing to get another keeps what it costs.
    fn take(
        &self,
        counter: &mut Counter,
        turn: &Turn,
        members: &[(usize, u32)],
        amount: i64,
        times: u32,
    ) {
        if let Kind::Two { buy, .. } = self.kind {
            let gets = skip_units(members, buy);
            for (ix, n) in first_units(members, buy) {
                counter.take(turn, ix, n * times, 0);
            }
            take_group(counter, turn, &gets, amount, times);
        } else {
            // Slots may have chosen from one run twice.
            let is_slots = matches!(self.kind, Kind::Slots { .. });
            let members = if is_slots { &merged(members) } else { members };
            take_group(counter, turn, members, amount, times);
        }
    }
}

/// What a group of one pool saves; its members stand dearest first.
pub(in crate::pricing) fn reduction_of(
    grouping: Grouping,
    counter: &Counter,
    turn: &Turn,
    members: &[(usize, u32)],
) -> i64 {
    match grouping {
        Grouping::Together { price, .. } => (now_of(counter, members) - price.minor()).max(0),
        Grouping::Cheapest { count, cut, .. } | Grouping::Pool { count, cut, .. } => {
            let mut left = count;
            let mut saved = 0;
            for (ix, n) in members.iter().rev() {
                let n = (*n).min(left);
                saved += cut_all(counter, turn, *ix, n, cut);
                left -= n;
            }
            saved
        }
    }
}

fn cut_all(counter: &Counter, turn: &Turn, ix: usize, n: u32, cut: Cut) -> i64 {
    counter.run(ix).map_or(0, |run| Counter::cut(turn, run, cut) * i64::from(n))
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
fn gather(
    counter: &Counter,
    turn: &Turn,
    pool: Option<&Pool>,
    n: u32,
    members: &mut Members,
) -> u32 {
    let mut got = 0;
    for ix in pool.into_iter().flatten() {
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
pub(in crate::pricing) fn first_units(members: &[(usize, u32)], n: u32) -> Members {
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
pub(in crate::pricing) fn skip_units(members: &[(usize, u32)], n: u32) -> Members {
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
