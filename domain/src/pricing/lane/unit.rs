//! Lanes of single units: who cuts which unit.
//!
//! Each unit goes either to one rule that shares nothing, or to all that stack. Rules without
//! limits are decided unit by unit; where uses or money are limited, units are dealt out in every
//! way that could matter.

use smallvec::SmallVec;

use super::{DEAL_TURNS_MAX, DEALS_MAX, Ran, of_mode, take_turns};
use crate::pricing::{
    Why,
    apply::{Purse, affordable, points_of},
    reach::{Case, Done, reach},
    rule::{Reward, StackingMode},
    units::{Counter, Run, Turn},
};

/// A rule that is reached, with what it would do.
struct Bidder<'a> {
    place: usize,
    case: &'a Case<'a>,
    turn: Turn,
    reward: &'a Reward,
    /// Its uses, amount or points are limited.
    is_limited: bool,
}

/// Units of one run and what each rule that shares nothing would save on each.
struct Lot {
    run: usize,
    n: u32,
    /// What the stacking rules would save together.
    shared: i64,
    /// By the place among the bidders.
    bids: SmallVec<[(usize, i64); 4]>,
}

pub(super) fn run(counter: &mut Counter, cases: &[Case<'_>], places: &[usize], ran: &mut Ran) {
    let first = of_mode(cases, places, StackingMode::Priority);
    take_turns(counter, cases, &first, &mut ran.dones);
    let stacked = of_mode(cases, places, StackingMode::Stack);
    let alone = of_mode(cases, places, StackingMode::Best);
    let bidders = bidders(counter, cases, &alone, &mut ran.dones);
    let sharers = bidders_of(counter, cases, &stacked);
    let lots = lots(counter, &bidders, &sharers);
    let is_limited = |bidder: &Bidder<'_>| bidder.is_limited;
    let deal = if bidders.iter().chain(&sharers).any(is_limited) {
        limited_deal(counter, cases, &stacked, &bidders, &lots, &mut ran.is_bounded)
    } else {
        lots.iter()
            .map(|lot| best_bid(lot).map(|bidder| (bidder, lot.n)).into_iter().collect())
            .collect()
    };
    hand_out(counter, &bidders, &lots, &deal, Some(&mut ran.dones));
    take_turns(counter, cases, &stacked, &mut ran.dones);
}

/// For each lot: so many units to which bidder; the rest to those that stack.
type Deal = Vec<SmallVec<[(usize, u32); 2]>>;

fn bidders<'a>(
    counter: &mut Counter,
    cases: &'a [Case<'a>],
    places: &[usize],
    dones: &mut [Done],
) -> Vec<Bidder<'a>> {
    let bidders = bidders_of(counter, cases, places);
    for place in places {
        if bidders.iter().any(|bidder| bidder.place == *place) {
            continue;
        }
        // Not reached: its own turn says why, and takes nothing.
        if let (Some(case), Some(done)) = (cases.get(*place), dones.get_mut(*place)) {
            *done = super::apply(counter, case);
        }
    }
    bidders
}

fn bidders_of<'a>(
    counter: &mut Counter,
    cases: &'a [Case<'a>],
    places: &[usize],
) -> Vec<Bidder<'a>> {
    let bidder = |place: &usize| {
        let case = cases.get(*place)?;
        let turn = case.turn(counter);
        let (step, _) = reach(counter, &turn, case, &[]).met?;
        let turn = turn.at(step);
        let reward = &case.rule.steps.get(usize::from(step))?.reward;
        let is_limited = case.uses_max < u32::MAX
            || case.rule.limits.amount_max.is_some()
            || matches!(reward, Reward::PointsPrice { .. })
            || case.counts_money();
        Some(Bidder { place: *place, case, turn, reward, is_limited })
    };
    places.iter().filter_map(bidder).collect()
}

/// What a bidder would save on each unit of a run.
fn bid(counter: &Counter, bidder: &Bidder<'_>, run: &Run) -> i64 {
    if !bidder.case.has(0, run.line) || !counter.counts(&bidder.turn, run) {
        return 0;
    }
    let cut = bidder.case.cut(bidder.reward, run.line);
    cut.map_or(0, |cut| Counter::cut(&bidder.turn, run, cut))
}

fn lots(counter: &Counter, bidders: &[Bidder<'_>], sharers: &[Bidder<'_>]) -> Vec<Lot> {
    let mut lots = Vec::new();
    for (ix, run) in counter.runs().iter().enumerate() {
        if bidders.iter().all(|b| !b.case.has(0, run.line) || !counter.is_open(&b.turn, run)) {
            continue;
        }
        let mut shared = *run;
        for sharer in sharers {
            shared.now -= bid(counter, sharer, &shared);
        }
        let bids = bidders.iter().enumerate().map(|(i, b)| (i, bid(counter, b, run)));
        let mut bids: SmallVec<[(usize, i64); 4]> = bids.filter(|(_, saved)| *saved > 0).collect();
        drop_hopeless(bidders, &mut bids);
        if !bids.is_empty() {
            lots.push(Lot { run: ix, n: run.n, shared: run.now - shared.now, bids });
        }
    }
    lots
}

/// Of the bidders without limits only the best can have a unit, the earlier on a tie.
fn drop_hopeless(bidders: &[Bidder<'_>], bids: &mut SmallVec<[(usize, i64); 4]>) {
    let is_free = |at: usize| bidders.get(at).is_some_and(|bidder| !bidder.is_limited);
    let free = bids.iter().filter(|(at, _)| is_free(*at));
    let best = free.min_by_key(|(at, saved)| (-saved, *at)).map(|(at, _)| *at);
    bids.retain(|(at, _)| !is_free(*at) || Some(*at) == best);
}

/// The bidder that saves more than those that stack, the earlier on a tie.
fn best_bid(lot: &Lot) -> Option<usize> {
    let most = lot.bids.iter().map(|(_, saved)| *saved).max().unwrap_or(0);
    let best = lot.bids.iter().find(|(_, saved)| *saved == most);
    best.filter(|_| most > lot.shared).map(|(bidder, _)| *bidder)
}

/// Deals units out where somebody's uses, amount or points are limited.
fn limited_deal(
    counter: &mut Counter,
    cases: &[Case<'_>],
    stacked: &[usize],
    bidders: &[Bidder<'_>],
    lots: &[Lot],
    is_bounded: &mut bool,
) -> Deal {
    if is_plainly_best(bidders, stacked, cases) {
        return greedy_deal(bidders, lots);
    }
    let ways = lots.iter().map(|lot| ways(lot.n, lot.bids.len()));
    let n_deals = ways.fold(1_usize, usize::saturating_mul);
    let n_turns = n_deals.saturating_mul(1 + stacked.len());
    if n_deals > DEALS_MAX || n_turns > DEAL_TURNS_MAX {
        *is_bounded = true;
        return greedy_deal(bidders, lots);
    }
    let mut best: (i64, Deal) = (-1, Vec::new());
    let mut deals = Deals { lots, deal: vec![SmallVec::new(); lots.len()] };
    let mut uses: Vec<u32> = bidders.iter().map(|bidder| bidder.case.uses_max).collect();
    deals.each(0, &mut uses, &mut |deal| {
        let (saved, ()) = counter.attempt(|counter| {
            hand_out(counter, bidders, lots, deal, None);
            for case in stacked.iter().filter_map(|place| cases.get(*place)) {
                super::apply(counter, case);
            }
        });
        if saved > best.0 {
            best = (saved, deal.clone());
        }
    });
    best.1
}

/// Ways to deal `n` equal units to `k` bidders and the rest to nobody: (n + k) over k.
fn ways(n: u32, k: usize) -> usize {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    (1..=k).fold(1_usize, |ways, i| ways.saturating_mul(n.saturating_add(i)) / i)
}

/// Every way to deal lots out within the bidders' uses.
struct Deals<'a> {
    lots: &'a [Lot],
    deal: Deal,
}

impl Deals<'_> {
    fn each(&mut self, at: usize, uses: &mut Vec<u32>, found: &mut dyn FnMut(&Deal)) {
        let Some(lot) = self.lots.get(at) else {
            return found(&self.deal);
        };
        self.deal_lot(at, 0, lot.n, uses, found);
    }

    fn deal_lot(
        &mut self,
        at: usize,
        bid: usize,
        left: u32,
        uses: &mut Vec<u32>,
        found: &mut dyn FnMut(&Deal),
    ) {
        let bidder = self.lots.get(at).and_then(|lot| lot.bids.get(bid)).map(|(b, _)| *b);
        let Some(bidder) = bidder else {
            return self.each(at + 1, uses, found);
        };
        let may = uses.get(bidder).copied().unwrap_or(0).min(left);
        // Many first: on a tie the earlier rule has the goods.
        for n in (0..=may).rev() {
            self.set(at, bidder, n);
            if let Some(uses) = uses.get_mut(bidder) {
                *uses -= n;
            }
            self.deal_lot(at, bid + 1, left - n, uses, found);
            if let Some(uses) = uses.get_mut(bidder) {
                *uses += n;
            }
            self.set(at, bidder, 0);
        }
    }

    fn set(&mut self, at: usize, bidder: usize, n: u32) {
        if let Some(dealt) = self.deal.get_mut(at) {
            dealt.retain(|(known, _)| *known != bidder);
            if n > 0 {
                dealt.push((bidder, n));
            }
        }
    }
}

/// One rule alone is limited, by its uses alone: giving it the units on which it saves most beyond
/// what they would save otherwise is the best there is.
fn is_plainly_best(bidders: &[Bidder<'_>], stacked: &[usize], cases: &[Case<'_>]) -> bool {
    let limited: Vec<_> = bidders.iter().filter(|bidder| bidder.is_limited).collect();
    let is_plain = |bidder: &&&Bidder<'_>| {
        bidder.case.rule.limits.amount_max.is_none()
            && !matches!(bidder.reward, Reward::PointsPrice { .. })
            && !bidder.case.counts_money()
    };
    let is_free = |place: &usize| {
        cases.get(*place).is_some_and(|case| {
            let is_capped = case.rule.limits.amount_max.is_some();
            case.uses_max == u32::MAX && !is_capped && !case.counts_money()
        })
    };
    limited.len() == 1 && limited.iter().all(|b| is_plain(&b)) && stacked.iter().all(is_free)
}

/// Units go in the order of what a limited rule saves on them beyond the best without limits.
fn greedy_deal(bidders: &[Bidder<'_>], lots: &[Lot]) -> Deal {
    let is_limited = |bidder: usize| bidders.get(bidder).is_some_and(|b| b.is_limited);
    let mut deal: Deal = vec![SmallVec::new(); lots.len()];
    let mut gains: Vec<(i64, usize, usize)> = Vec::new();
    let mut free: Vec<u32> = lots.iter().map(|lot| lot.n).collect();
    for (at, lot) in lots.iter().enumerate() {
        let without = lot.bids.iter().filter(|(b, _)| !is_limited(*b)).map(|(_, s)| *s).max();
        let without = without.unwrap_or(0).max(lot.shared);
        let limited = lot.bids.iter().filter(|(b, saved)| is_limited(*b) && *saved > without);
        gains.extend(limited.map(|(b, saved)| (without - saved, at, *b)));
    }
    gains.sort_unstable();
    let mut uses: Vec<u32> = bidders.iter().map(|bidder| bidder.case.uses_max).collect();
    for (_, at, bidder) in gains {
        if let (Some(free), Some(uses), Some(dealt)) =
            (free.get_mut(at), uses.get_mut(bidder), deal.get_mut(at))
        {
            let n = (*free).min(*uses);
            *free -= n;
            *uses -= n;
            if n > 0 {
                dealt.push((bidder, n));
            }
        }
    }
    for ((lot, dealt), n) in lots.iter().zip(&mut deal).zip(free) {
        let bids = lot.bids.iter().filter(|(b, _)| !is_limited(*b)).copied().collect();
        let rest = Lot { run: lot.run, n, shared: lot.shared, bids };
        if let Some(bidder) = best_bid(&rest).filter(|_| n > 0) {
            dealt.push((bidder, n));
        }
    }
    deal
}

/// Gives each bidder its units.
fn hand_out(
    counter: &mut Counter,
    bidders: &[Bidder<'_>],
    lots: &[Lot],
    deal: &Deal,
    mut dones: Option<&mut Vec<Done>>,
) {
    let n_lots = u64::try_from(lots.len()).unwrap_or(u64::MAX);
    for (place, bidder) in bidders.iter().enumerate() {
        let uses = counter.within(bidder.case.said, 2 * n_lots, |counter| {
            give(counter, (place, bidder), lots, deal)
        });
        if let Some(done) = dones.as_mut().and_then(|dones| dones.get_mut(bidder.place)) {
            let bids = |lot: &&Lot| lot.bids.iter().any(|(b, _)| *b == place);
            let could: u32 = lots.iter().filter(bids).map(|lot| lot.n).sum();
            let why = match uses {
                None => Why::Full,
                Some(0) => Why::NoBetter,
                Some(uses) if uses < could && bidder.is_limited => Why::AppliedInPart,
                Some(_) => Why::Applied,
            };
            *done = Done { uses: uses.unwrap_or(0), why, next: None };
        }
    }
}

/// Gives one bidder its units; answers how many it took.
fn give(
    counter: &mut Counter,
    (place, bidder): (usize, &Bidder<'_>),
    lots: &[Lot],
    deal: &Deal,
) -> u32 {
    let mut purse = Purse::of(bidder.case);
    let mut uses = 0;
    for (lot, dealt) in lots.iter().zip(deal) {
        let Some((_, n)) = dealt.iter().find(|(b, _)| *b == place) else { continue };
        let each = lot.bids.iter().find(|(b, _)| *b == place).map_or(0, |(_, saved)| *saved);
        let points = points_of(bidder.reward);
        let n = (*n).min(affordable(counter, points));
        let (whole, rest) = purse.pay(n, each);
        counter.take(&bidder.turn, lot.run, whole, each);
        if rest > 0 {
            counter.take(&bidder.turn, lot.run, 1, rest);
        }
        let taken = whole + u32::from(rest > 0);
        counter.buy(bidder.turn.by, points, taken);
        uses += taken;
    }
    uses
}
