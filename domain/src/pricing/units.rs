//! The units on the counter while a quote is made: runs of units that cost the same.
//!
//! Whoever takes money from units does it here, so that takings and prices never disagree.
//!
//! **Invariant:** a unit's price is whole fen and never falls below zero; the number of runs grows
//! by at most one for each taking, however many units a line has.

use super::{
    By, RuleIx, Taking,
    carried::Carried,
    quote::QuoteRefusal,
    rule::{Base, Cut, Lane, Limits, Stacking, StackingMode},
    spread::Split,
};
use crate::{
    cart::CartLine,
    catalog::Unit,
    money::{BasisPoints, Money, UNIT_PRICE_MINOR_MAX},
    quantity::QUANTITY_MILLI_MAX,
};

/// Takings that a line mostly has at most; more only grow a list.
const TAKINGS_OF_LINE: usize = 8;
/// No next run.
const END: usize = usize::MAX;

/// Units of one line, side by side, that cost the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The line, in the order of goods (`Counter`).
    pub(super) line: u16,
    /// The number of the first unit in its line.
    pub(super) first: u32,
    /// How many.
    pub(super) n: u32,
    /// List price of each.
    pub(super) list: i64,
    /// What is left of it.
    pub(super) now: i64,
    /// Weight of each; 0 for pieces.
    pub(super) milli: i64,
    /// The first lane that reduced it.
    reduced_in: Option<Lane>,
    /// Who has it in this lane.
    pub(super) held: Held,
    /// The turn that took it last, so that a rule takes no unit twice.
    turn: u32,
    /// Given away by a gift rule.
    pub(super) is_gift: bool,
    next: usize,
}

/// Who has a unit in the lane that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// Nobody.
    Free,
    /// Rules that stack.
    Shared,
    /// A rule that shares nothing.
    Alone,
}

/// One rule's turn with the units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Who takes.
    pub(super) by: By,
    /// Whether it shares units with others of its lane.
    pub(super) mode: StackingMode,
    /// It leaves alone what an earlier lane reduced.
    pub(super) refuses_reduced: bool,
    /// What rates count.
    pub(super) base: Base,
    /// Its floors.
    pub(super) limits: Limits,
    /// What its reduction says of itself on each line, in bytes.
    said: u64,
    number: u32,
    /// What it counted.
    began: Began,
}

/// What a turn counted: the step that applies, and how many takings there were before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Began {
    pub(super) step: u8,
    pub(super) after: u32,
}

impl Turn {
    /// The turn when this step applies.
    pub(super) fn at(self, step: u8) -> Self {
        Self { began: Began { step, ..self.began }, ..self }
    }
}

/// The counter: all units, and what was taken from them so far.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    runs: Vec<Run>,
    takings: Vec<Taking>,
    lane: Lane,
    turns: u32,
    /// Steps of searches.
    steps: u64,
    /// The shopper's points.
    pub(super) points: Points,
    /// Runs as they were before an attempt changed them.
    past: Vec<(usize, Run)>,
    /// Uses of coupon rules so far: coupons of one rule share what its limits leave.
    used: Vec<(RuleIx, u32)>,
    /// Points that each unit costs that a rule sells for points.
    prices: Vec<(By, i64)>,
    /// What each turn had counted: one for all takings of one that stand together.
    began: Vec<Began>,
    /// Attempts that are being made, one inside the other.
    attempts: u32,
    /// Memory that splits use again and again.
    pub(super) split: Split,
    /// How long the record of the order would be.
    carried: Carried,
}

/// A shopper's points while a quote is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Points {
    /// What they have left.
    pub(super) left: i64,
    /// What they still want to pay with.
    pub(super) wish: i64,
    /// What was spent so far.
    pub(super) spent: i64,
}

impl Points {
    pub(super) const fn spend(&mut self, points: i64) {
        self.left -= points;
        self.spent += points;
    }
}

impl Counter {
    /// Puts lines on the counter, in the order given. Absurd ones are refused.
    pub(super) fn of<'a>(
        lines: impl ExactSizeIterator<Item = (u16, &'a CartLine)>,
        points: Points,
    ) -> Result<Self, QuoteRefusal> {
        let n_lines = lines.len();
        let mut runs = Vec::with_capacity(n_lines * 2);
        for (line, (place, cart_line)) in (0..).zip(lines) {
            runs.push(first_run(line, place, cart_line)?);
        }
        let takings = Vec::with_capacity(n_lines * TAKINGS_OF_LINE);
        let (lane, split) = (Lane::Price, Split::default());
        Ok(Self {
            runs,
            takings,
            lane,
            turns: 0,
            steps: 0,
            points,
            past: Vec::new(),
            used: Vec::new(),
            prices: Vec::new(),
            began: Vec::new(),
            attempts: 0,
            split,
            carried: Carried::of(n_lines),
        })
    }

    /// Begins a lane: nobody has anything yet.
    pub(super) fn enter(&mut self, lane: Lane) {
        self.lane = lane;
        for run in &mut self.runs {
            run.held = Held::Free;
        }
    }

    /// Begins a turn; its reduction says so many bytes of itself.
    pub(super) fn turn(&mut self, by: By, stacking: Stacking, limits: Limits, said: u64) -> Turn {
        self.turns += 1;
        let after = u32::try_from(self.takings.len()).unwrap_or(u32::MAX);
        Turn {
            by,
            mode: stacking.mode,
            refuses_reduced: stacking.refuses_reduced,
            base: stacking.base,
            limits,
            said,
            number: self.turns,
            began: Began { step: 0, after },
        }
    }

    /// A search took so many steps.
    pub(super) const fn note_steps(&mut self, steps: u64) {
        self.steps += steps;
    }

    /// Turns and steps so far, with those of attempts, each turn with a look at every run.
    pub(super) fn work(&self) -> u64 {
        let runs = u64::try_from(self.runs.len()).unwrap_or(u64::MAX);
        self.steps + u64::from(self.turns) * runs
    }

    /// A run by its index; an index from elsewhere finds nothing to take.
    pub(super) fn run(&self, ix: usize) -> Option<&Run> {
        self.runs.get(ix)
    }

    /// The runs of a line with their indexes.
    pub(super) fn runs_of(&self, line: u16) -> impl Iterator<Item = (usize, &Run)> {
        let mut at = usize::from(line);
        std::iter::from_fn(move || {
            let (ix, run) = (at, self.runs.get(at)?);
            at = run.next;
            Some((ix, run))
        })
    }

    /// All runs, in no order.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The lane that is running.
    pub(super) const fn lane(&self) -> Lane {
        self.lane
    }

    /// What was taken so far, in order.
    pub(super) fn takings(&self) -> &[Taking] {
        &self.takings
    }

    /// The takings, when all is done.
    pub(super) fn into_takings(self) -> Vec<Taking> {
        self.takings
    }

    /// Carries something out, answers what it took, and undoes it.
    pub(super) fn attempt<T>(&mut self, attempt: impl FnOnce(&mut Self) -> T) -> (i64, T) {
        let (n_runs, n_takings, n_past) = (self.runs.len(), self.takings.len(), self.past.len());
        let (points, n_used, n_prices) = (self.points, self.used.len(), self.prices.len());
        let n_began = self.began.len();
        let carried = self.carried.clone();
        self.attempts += 1;
        let answer = attempt(self);
        self.attempts -= 1;
        let taken = sum(self.takings.get(n_takings..).unwrap_or_default());
        for (ix, run) in self.past.drain(n_past..).rev() {
            if let Some(changed) = self.runs.get_mut(ix) {
                *changed = run;
            }
        }
        self.runs.truncate(n_runs);
        self.takings.truncate(n_takings);
        self.used.truncate(n_used);
        self.prices.truncate(n_prices);
        self.began.truncate(n_began);
        (self.points, self.carried) = (points, carried);
        (taken, answer)
    }

    /// Carries a turn out that splits at most so many runs; none where the record of the order
    /// would become too long by it.
    pub(super) fn within<T>(
        &mut self,
        said: u64,
        splits: u64,
        turn: impl Fn(&mut Self) -> T,
    ) -> Option<T> {
        if !self.carried.has_room(said, splits) {
            let before = self.carried.bytes();
            let is_over = |counter: &mut Self| {
                turn(counter);
                counter.carried.is_over_since(before)
            };
            if self.attempt(is_over).1 {
                return None;
            }
        }
        Some(turn(self))
    }

    /// Notes what a case writes down beside the lines; `false` where there is no room for it.
    pub(super) const fn bring(&mut self, said: u64) -> bool {
        self.carried.bring(said)
    }

    /// Units there are in all: no turn splits more runs.
    pub(super) fn n_units(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.n)).sum()
    }

    /// Uses of a coupon rule so far.
    pub(super) fn uses_of(&self, rule: RuleIx) -> u32 {
        self.used.iter().filter(|(ix, _)| *ix == rule).map(|(_, uses)| *uses).sum()
    }

    /// Notes uses of a coupon.
    pub(super) fn note_uses(&mut self, by: By, uses: u32) {
        if let By::Coupon(rule, _) = by
            && uses > 0
        {
            self.used.push((rule, uses));
        }
    }

    /// Units are bought for so many points each.
    pub(super) fn buy(&mut self, by: By, points: i64, units: u32) {
        if points != 0 && units > 0 {
            self.points.spend(points * i64::from(units));
            self.prices.push((by, points));
        }
    }

    /// Points that each unit costs that was bought so.
    pub(super) fn points_price(&self, by: By) -> i64 {
        self.prices.iter().find(|(buyer, _)| *buyer == by).map_or(0, |(_, points)| *points)
    }

    /// The takings of each turn, with what it had counted.
    pub(super) fn turns(&self) -> impl Iterator<Item = (&[Taking], Began)> {
        self.takings.chunk_by(|a, b| a.by == b.by).zip(self.began.iter().copied())
    }

    /// Remembers a run before it changes, as long as somebody may want it back.
    fn remember(&mut self, ix: usize) {
        if self.attempts > 0
            && let Some(run) = self.runs.get(ix)
        {
            self.past.push((ix, *run));
        }
    }

    /// Whether a rule may count and cut a run, leaving aside who holds it.
    pub(super) fn counts(&self, turn: &Turn, run: &Run) -> bool {
        let is_reduced = || run.reduced_in.is_some_and(|lane| lane < self.lane);
        !(run.is_gift || turn.refuses_reduced && is_reduced())
    }

    /// Whether a rule may take a run in this turn. In lanes of units a unit that somebody holds
    /// alone is closed, and who shares nothing takes only what nobody has.
    pub(super) fn is_open(&self, turn: &Turn, run: &Run) -> bool {
        let is_free = match (self.lane, turn.mode) {
            (Lane::Order | Lane::Coupon | Lane::Points, _) => true,
            (Lane::Price | Lane::Line | Lane::Group, StackingMode::Stack) => {
                run.held != Held::Alone
            }
            (Lane::Price | Lane::Line | Lane::Group, _) => run.held == Held::Free,
        };
        is_free && run.turn != turn.number && self.counts(turn, run)
    }

    /// The most this turn may take from each unit of a run.
    pub(super) fn cap(turn: &Turn, run: &Run) -> i64 {
        let Limits { floor_price, floor_rate, .. } = turn.limits;
        if floor_price.is_none() && floor_rate.is_none() {
            return run.now.max(0);
        }
        let by_price = floor_price.map_or(0, |price| per_unit(run, price.minor()));
        let by_rate = floor_rate.map_or(0, |rate| portion(run.list, rate));
        (run.now - by_price.max(by_rate)).max(0)
    }

    /// What a cut takes from each unit of a run, within the floor.
    pub(super) fn cut(turn: &Turn, run: &Run, cut: Cut) -> i64 {
        let off = match (cut, turn.base) {
            (Cut::Rate(rate), Base::Running) => run.now - portion(run.now, rate),
            (Cut::Rate(rate), Base::List) => run.list - portion(run.list, rate),
            (Cut::Off(off), _) => per_unit(run, off.minor()),
            (Cut::Price(price), _) => run.now - per_unit(run, price.minor()),
        };
        off.clamp(0, Self::cap(turn, run))
    }

    /// What a hand takes from each unit of a run; below zero where a price is raised.
    pub(super) fn manual_cut(turn: &Turn, run: &Run, cut: Cut) -> i64 {
        match cut {
            Cut::Price(price) => run.now - per_unit(run, price.minor()),
            Cut::Rate(_) | Cut::Off(_) => Self::cut(turn, run, cut),
        }
    }

    /// Takes so much from each of the first `n` units of a run and gives them to the turn. What is
    /// left of the run keeps its index.
    pub(super) fn take(&mut self, turn: &Turn, ix: usize, n: u32, each: i64) -> usize {
        let Some(run) = self.runs.get(ix).copied() else {
            return ix;
        };
        let n = n.min(run.n);
        if n == 0 {
            return ix;
        }
        self.remember(ix);
        let taken_ix = if n < run.n { self.split(ix, n) } else { ix };
        let (lane, held) = (self.lane, held_by(turn.mode));
        if let Some(taken) = self.runs.get_mut(taken_ix) {
            taken.now -= each;
            taken.turn = turn.number;
            taken.held = taken.held.max(held);
            if each > 0 {
                taken.reduced_in = taken.reduced_in.or(Some(lane));
            }
        }
        if each != 0 {
            self.carried.take(run.line, turn.by, turn.said);
            if self.takings.last().is_none_or(|last| last.by != turn.by) {
                self.began.push(turn.began);
            }
            self.takings.push(Taking {
                line: run.line,
                first: run.first,
                units: n,
                by: turn.by,
                lane,
                each: Money::from_minor(each),
            });
        }
        taken_ix
    }

    /// The units of a run are given away.
    pub(super) fn give(&mut self, ix: usize) {
        self.remember(ix);
        if let Some(run) = self.runs.get_mut(ix) {
            run.is_gift = true;
        }
    }

    /// Parts the first `n` units from a run; they get a new index.
    fn split(&mut self, ix: usize, n: u32) -> usize {
        let new_ix = self.runs.len();
        if let Some(rest) = self.runs.get_mut(ix) {
            let mut parted = *rest;
            parted.n = n;
            self.carried.split(parted.line);
            rest.first += n;
            rest.n -= n;
            rest.next = new_ix;
            self.runs.push(parted);
        }
        new_ix
    }
}

/// The sum of takings.
pub(super) fn sum(takings: &[Taking]) -> i64 {
    takings.iter().map(|taking| taking.each.minor() * i64::from(taking.units)).sum()
}

const fn held_by(mode: StackingMode) -> Held {
    match mode {
        StackingMode::Stack => Held::Shared,
        StackingMode::Best | StackingMode::Priority | StackingMode::Exclusive => Held::Alone,
    }
}

fn first_run(line: u16, place: u16, cart_line: &CartLine) -> Result<Run, QuoteRefusal> {
    let CartLine { item, quantity, label_amount, .. } = cart_line;
    if !quantity.is_sellable() || (item.unit == Unit::Piece && !quantity.is_whole()) {
        return Err(QuoteRefusal::Quantity(place));
    }
    let is_price = |price: Money| (0..=UNIT_PRICE_MINOR_MAX).contains(&price.minor());
    let label_max = Money::from_minor(UNIT_PRICE_MINOR_MAX * (QUANTITY_MILLI_MAX / 1_000));
    let is_label = |label: &Money| *label >= Money::ZERO && *label <= label_max;
    if !is_price(item.list_price) || !label_amount.iter().all(is_label) {
        return Err(QuoteRefusal::Price(place));
    }
    let (n, list, milli) = match (item.unit, label_amount) {
        (Unit::Piece, None) => (super::pieces(Unit::Piece, *quantity), item.list_price.minor(), 0),
        (Unit::Piece, Some(amount)) => (1, amount.minor(), 0),
        (Unit::Kg, _) => (1, super::list_amount(cart_line)?.minor(), quantity.milli()),
    };
    let (reduced_in, held, turn, is_gift, next) = (None, Held::Free, 0, false, END);
    Ok(Run { line, first: 0, n, list, now: list, milli, reduced_in, held, turn, is_gift, next })
}

/// A price per piece or kilogram for one unit of a run.
fn per_unit(run: &Run, price: i64) -> i64 {
    if run.milli == 0 {
        return price;
    }
    let amount = Money::from_minor(price).scaled(run.milli, 1_000);
    amount.map_or(i64::MAX, Money::minor)
}

/// A rate of an amount, a half fen away from zero.
pub(super) fn portion(amount: i64, rate: BasisPoints) -> i64 {
    // Not more than the amount, as rates here are at most one.
    Money::from_minor(amount).portion(rate).map_or(amount, Money::minor)
}
