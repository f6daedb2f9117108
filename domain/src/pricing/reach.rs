//! What a rule's steps need, and how far a cart has come.
//!
//! **Invariant:** counts, never cuts.

use smallvec::SmallVec;

use super::{
    RuleIx, Why,
    book::{Hit, Ready, ReadyStep},
    quote::{By, Next},
    rule::{Base, Cut, Join, NeedAmount, Repeat, Reward, Rule},
    units::{Counter, Run, Turn},
};
use crate::{
    cart::{CART_LINES_MAX, LineItem},
    money::Money,
    quantity::Quantity,
};

/// A set of lines, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines([u64; 4]);

const _: () = assert!(CART_LINES_MAX <= 256, "every line has a bit");

impl Lines {
    /// The lines of hits.
    pub(super) fn of(hits: &[Hit]) -> Self {
        let mut lines = Self::default();
        for line in hits.iter().map(|hit| hit.line()) {
            if let Some(bits) = lines.0.get_mut(usize::from(line / 64)) {
                *bits |= 1 << (line % 64);
            }
        }
        lines
    }

    /// Whether a line is among them.
    fn has(&self, line: u16) -> bool {
        self.0.get(usize::from(line / 64)).is_some_and(|bits| bits & 1 << (line % 64) != 0)
    }

    /// Whether two sets have a line in common.
    pub(super) fn meet(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }
}

/// A rule that is open, with the lines it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) ix: RuleIx,
    pub(super) by: By,
    pub(super) rule: &'a Rule,
    pub(super) ready: &'a Ready,
    /// Its hits, sorted by part and line.
    pub(super) hits: &'a [Hit],
    /// The lines of its goods.
    pub(super) own: Lines,
    /// The lines of its goods and of those it rewards; what only counts is not among them.
    pub(super) claims: Lines,
    /// Uses that its limits leave.
    pub(super) uses_max: u32,
    /// Uses that they leave to all coupons of the rule together.
    pub(super) uses_shared: u32,
    /// What its reduction says of itself on each line of an order, in bytes.
    pub(super) said: u64,
    /// The items of all lines, in the order of goods.
    pub(super) items: &'a [&'a LineItem],
}

impl<'a> Case<'a> {
    /// The case with what other coupons of its rule have left of its uses.
    pub(super) fn after_others(&self, counter: &Counter) -> Self {
        let left = self.uses_shared.saturating_sub(counter.uses_of(self.ix));
        Self { uses_max: self.uses_max.min(left), ..*self }
    }

    /// Whether what it reaches depends on what others leave of the money.
    pub(super) fn counts_money(&self) -> bool {
        let mut needs = self.rule.steps.iter().flat_map(|step| &step.needs);
        self.rule.stacking.base == Base::Running
            && needs.any(|need| matches!(need.amount, NeedAmount::Minor(_)))
    }

    /// The lines of a part.
    pub(super) fn lines(&self, part: u8) -> impl Iterator<Item = u16> + use<'a> {
        let from = self.hits.partition_point(|hit| hit.part() < part);
        let hits = self.hits.get(from..).unwrap_or_default();
        hits.iter().take_while(move |hit| hit.part() == part).map(|hit| hit.line())
    }

    /// Whether a part means a line.
    pub(super) fn has(&self, part: u8, line: u16) -> bool {
        match part {
            0 => self.own.has(line),
            _ => {
                self.hits.binary_search_by_key(&Hit::spot_of(part, line), |hit| hit.spot()).is_ok()
            }
        }
    }

    /// The cut that a reward of units has for a line; none where its list does not name the item.
    pub(super) fn cut(&self, reward: &Reward, line: u16) -> Option<Cut> {
        match reward {
            Reward::Units(cut) => Some(*cut),
            Reward::PointsPrice { price, .. } => Some(Cut::Price(*price)),
            Reward::PriceList(prices) => {
                let item = self.items.get(usize::from(line))?;
                prices.get(&item.sku).copied().map(Cut::Price)
            }
            Reward::Nth { .. }
            | Reward::Cheapest { .. }
            | Reward::BuyGet { .. }
            | Reward::Pick { .. }
            | Reward::Bundle { .. }
            | Reward::AmountOff(_)
            | Reward::AmountRate(_)
            | Reward::Gift { .. }
            | Reward::AddOn { .. }
            | Reward::FreeDelivery { .. }
            | Reward::EarnPoints { .. }
            | Reward::PointsTimes(_)
            | Reward::PointsPay { .. }
            | Reward::Grant(_) => None,
        }
    }

    /// Its turn with the units.
    pub(super) fn turn(&self, counter: &mut Counter) -> Turn {
        counter.turn(self.by, self.rule.stacking, self.rule.limits, self.said)
    }
}

/// How far a cart has come with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// The step that is met, and how often.
    pub(super) met: Option<(u8, u32)>,
    /// What the next one needs.
    pub(super) next: Option<Next>,
}

/// Units that do not count because they are about to be given away: runs with how many.
pub(super) type Given<'a> = &'a [(usize, u32)];

/// What there is of a part.
#[derive(Clone, Copy, Debug, Default)]
struct Have {
    pieces: i64,
    minor: i64,
    milli: i64,
}

impl Have {
    fn add(&mut self, run: &Run, n: i64, base: Base) {
        let price = match base {
            Base::Running => run.now,
            Base::List => run.list,
        };
        self.pieces += n;
        self.minor += price * n;
        self.milli += run.milli * n;
    }

    const fn of(&self, need: NeedAmount) -> i64 {
        match need {
            NeedAmount::Pieces(_) => self.pieces,
            NeedAmount::Minor(_) => self.minor,
            NeedAmount::Milli(_) => self.milli,
        }
    }
}

/// So much, as a number.
fn size(need: NeedAmount) -> i64 {
    match need {
        NeedAmount::Pieces(pieces) => i64::from(pieces),
        NeedAmount::Minor(minor) => minor.minor(),
        NeedAmount::Milli(milli) => milli.milli(),
    }
}

/// The same kind of need of another size.
fn resized(need: NeedAmount, to: i64) -> NeedAmount {
    match need {
        NeedAmount::Pieces(_) => NeedAmount::Pieces(u32::try_from(to).unwrap_or(u32::MAX)),
        NeedAmount::Minor(_) => NeedAmount::Minor(Money::from_minor(to)),
        NeedAmount::Milli(_) => NeedAmount::Milli(Quantity::from_milli(to)),
    }
}

/// How far a cart has come.
pub(super) fn reach(counter: &Counter, turn: &Turn, case: &Case<'_>, given: Given<'_>) -> Reach {
    let mut tally = Tally::of(counter, turn, case, given);
    let mut met = None;
    for (ix, step) in case.ready.steps.iter().enumerate().rev() {
        let times = tally.times_met(step);
        if times > 0 {
            met = Some((u8::try_from(ix).unwrap_or(u8::MAX), times));
            break;
        }
    }
    Reach { met, next: tally.next_step(met) }
}

/// How often a step's needs are met; at most once unless the rule repeats.
pub(super) fn times_met(
    counter: &Counter,
    turn: &Turn,
    case: &Case<'_>,
    step: &ReadyStep,
    given: Given<'_>,
) -> u32 {
    Tally::of(counter, turn, case, given).times_met(step)
}

/// What there is of the parts of a rule, each counted once.
struct Tally<'a> {
    counter: &'a Counter,
    turn: &'a Turn,
    case: &'a Case<'a>,
    given: Given<'a>,
    counted: SmallVec<[(u8, Have); 2]>,
}

impl<'a> Tally<'a> {
    fn of(counter: &'a Counter, turn: &'a Turn, case: &'a Case<'_>, given: Given<'a>) -> Self {
        Self { counter, turn, case, given, counted: SmallVec::new() }
    }

    fn times_met(&mut self, step: &ReadyStep) -> u32 {
        let rule = self.case.rule;
        let each = step
            .needs
            .iter()
            .map(|(need, part)| self.have(*part).of(*need).max(0) / size(*need).max(1));
        let times = match rule.join {
            Join::All => each.min(),
            Join::Any => each.max(),
        };
        // A step without needs is always met, and as often as its goods allow.
        let times = times.map_or(u32::MAX, |times| u32::try_from(times).unwrap_or(u32::MAX));
        match rule.repeat {
            Repeat::Once => times.min(1),
            Repeat::Each => times,
        }
    }

    fn have(&mut self, part: u8) -> Have {
        if let Some((_, have)) = self.counted.iter().find(|(known, _)| *known == part) {
            return *have;
        }
        let have = self.count(part);
        self.counted.push((part, have));
        have
    }

    fn count(&self, part: u8) -> Have {
        let Self { counter, turn, case, given, .. } = self;
        let mut have = Have::default();
        for line in case.lines(part) {
            for (_, run) in counter.runs_of(line) {
                if counter.counts(turn, run) {
                    have.add(run, i64::from(run.n), turn.base);
                }
            }
        }
        for (ix, n) in *given {
            if let Some(run) = counter.run(*ix)
                && case.has(part, run.line)
                && counter.counts(turn, run)
            {
                have.add(run, -i64::from(*n), turn.base);
            }
        }
        have
    }

    /// What the next step needs, or the next time of the last one.
    fn next_step(&mut self, met: Option<(u8, u32)>) -> Option<Next> {
        let case = self.case;
        let steps = &case.ready.steps;
        let (ix, times) = met.map_or((0, 1), |(ix, times)| {
            let is_last = usize::from(ix) + 1 >= steps.len();
            if is_last { (ix, times.saturating_add(1)) } else { (ix + 1, 1) }
        });
        let may_repeat = case.rule.repeat == Repeat::Each && times <= case.uses_max;
        if times > 1 && !may_repeat {
            return None;
        }
        let step = steps.get(usize::from(ix))?;
        // The first that is lacking: sentences name one thing to do next.
        step.needs.iter().find_map(|(need, part)| {
            let wanted = size(*need).saturating_mul(i64::from(times));
            let lacks = wanted - self.have(*part).of(*need);
            (lacks > 0).then(|| Next { missing: resized(*need, lacks), step: ix, times })
        })
    }
}

/// What became of a rule's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) uses: u32,
    pub(super) why: Why,
    pub(super) next: Option<Next>,
}

impl Done {
    pub(super) const fn nothing(why: Why, next: Option<Next>) -> Self {
        Self { uses: 0, why, next }
    }
}
