//! A rule set made ready: named goods put in, times parsed, every rule found by what an item is.
//!
//! Finding costs a few look-ups per line, however many rules there are; a rule whose goods are not
//! on the counter costs nothing at all.
//!
//! **Invariant:** made once per revision and never changed; a quote only reads it.

use std::{collections::HashMap, ops::Range};

use rustc_hash::FxBuildHasher;

use super::{
    RuleIx,
    check::{Finding, check, resolved},
    goods::{Goods, Select},
    open::Opening,
    rule::{Lane, Need, NeedAmount, Reward, Rule, RuleSet, Step},
};
use crate::cart::LineItem;

type Map<V> = HashMap<Box<str>, V, FxBuildHasher>;

/// The rules in force.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    revision: i64,
    rules: Vec<Rule>,
    ready: Vec<Ready>,
    by_id: Map<RuleIx>,
    finder: Finder,
}

/// A rule as the lanes use it. Its goods are numbered: part 0 is what the rule is about.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) lane: Lane,
    pub(super) opening: Opening,
    pub(super) parts: Vec<Goods>,
    /// The parts it lays hand on: its own and those it rewards. The others only count.
    pub(super) claimed: Range<u8>,
    pub(super) steps: Vec<ReadyStep>,
}

/// A step as the lanes use it.
#[derive(Clone, Debug)]
pub(super) struct ReadyStep {
    /// How much of which part.
    pub(super) needs: Vec<(NeedAmount, u8)>,
    /// The goods that the reward names: a gift's, an add-on's, those of each slot.
    pub(super) rewarded: Vec<u8>,
}

/// A line of the counter that a part of a rule means, packed so that sorting is one comparison:
/// rule, part, line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit(u64);

impl Hit {
    fn new(mark: Mark, line: u16) -> Self {
        Self(u64::from(mark.rule.0) << 32 | u64::from(mark.part) << 16 | u64::from(line))
    }

    pub(super) fn rule(self) -> RuleIx {
        RuleIx(u32::try_from(self.0 >> 32).unwrap_or(u32::MAX))
    }

    pub(super) fn part(self) -> u8 {
        u8::try_from(self.0 >> 16 & 0xff).unwrap_or(u8::MAX)
    }

    /// Part and line: within a rule hits are sorted by it.
    pub(super) const fn spot(self) -> u64 {
        self.0 & 0xff_ffff
    }

    pub(super) fn spot_of(part: u8, line: u16) -> u64 {
        u64::from(part) << 16 | u64::from(line)
    }

    pub(super) fn line(self) -> u16 {
        u16::try_from(self.0 & 0xffff).unwrap_or(u16::MAX)
    }
}

/// A part of a rule, found under one word.
#[derive(Clone, Copy, Debug)]
struct Mark {
    rule: RuleIx,
    part: u8,
    /// More must hold than the word it was found under.
    is_narrowed: bool,
}

/// Rules by the words of an item.
#[derive(Clone, Debug, Default)]
struct Finder {
    sku: Map<Vec<Mark>>,
    style: Map<Vec<Mark>>,
    category: Map<Vec<Mark>>,
    brand: Map<Vec<Mark>>,
    tag: Map<Vec<Mark>>,
    colour: Map<Vec<Mark>>,
    size: Map<Vec<Mark>>,
    unit: Map<Vec<Mark>>,
    /// Those that no word finds, in the order of rule and part.
    everything: Vec<Mark>,
}

/// Hits by words that a line mostly has at most; more only grow a list.
const HITS_OF_LINE: usize = 8;

impl PriceBook {
    /// Makes a rule set ready. It is refused whole with every error that is in it.
    pub fn compile(revision: i64, set: RuleSet) -> Result<Self, Vec<Finding>> {
        let faults: Vec<Finding> =
            check(&set).into_iter().filter(|finding| finding.fault.is_error()).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let RuleSet { sets, mut rules } = set;
        rules.sort_by(|a, b| {
            (a.lane(), a.stacking.priority, &a.id).cmp(&(b.lane(), b.stacking.priority, &b.id))
        });
        let mut book = Self { revision, ..Self::default() };
        for (ix, rule) in (0..).map(RuleIx).zip(&rules) {
            let ready = Ready::of(rule, &|goods| resolved(goods, &sets));
            for (part, goods) in (0..).zip(&ready.parts) {
                book.finder.learn(ix, part, goods);
            }
            book.by_id.insert(rule.id.as_str().into(), ix);
            book.ready.push(ready);
        }
        book.rules = rules;
        Ok(book)
    }

    /// The revision that the mall gave the set; 0 for none.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// The rules, in the order of lane, priority and id: `RuleIx` counts in it.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule of this book.
    #[must_use]
    pub fn rule(&self, ix: RuleIx) -> Option<&Rule> {
        self.rules.get(place(ix))
    }

    /// Where a rule stands.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<RuleIx> {
        self.by_id.get(id).copied()
    }

    /// Whether a rule's own goods mean an item, with all named goods put in.
    #[must_use]
    pub fn counts(&self, ix: RuleIx, item: &LineItem) -> bool {
        let own = self.ready.get(place(ix)).and_then(|ready| ready.parts.first());
        own.is_some_and(|goods| goods.has(item))
    }

    /// Whether a need of a rule's step counts an item, with all named goods put in.
    #[must_use]
    pub fn need_counts(&self, ix: RuleIx, step: usize, need: usize, item: &LineItem) -> bool {
        let ready = self.ready.get(place(ix));
        let goods = ready.and_then(|ready| {
            let (_, part) = ready.steps.get(step)?.needs.get(need)?;
            ready.parts.get(usize::from(*part))
        });
        goods.is_some_and(|goods| goods.has(item))
    }

    pub(super) fn both(&self, ix: RuleIx) -> Option<(&Rule, &Ready)> {
        self.rules.get(place(ix)).zip(self.ready.get(place(ix)))
    }

    /// What the rules mean of these items, sorted by rule, part and line, each once.
    pub(super) fn hits(&self, items: &[&LineItem]) -> Vec<Hit> {
        let lines = || (0..).zip(items.iter().copied());
        let mut by_word = Vec::with_capacity(items.len() * HITS_OF_LINE);
        for (line, item) in lines() {
            self.finder.look_up(item, |mark| {
                if self.means(mark, item) {
                    by_word.push(Hit::new(mark, line));
                }
            });
        }
        by_word.sort_unstable();
        by_word.dedup();
        // What means everything has as many hits as there are lines, in their order already.
        let everything = &self.finder.everything;
        let mut hits = Vec::with_capacity(by_word.len() + everything.len() * items.len());
        let mut by_word = by_word.as_slice();
        for mark in everything {
            let (before, behind) =
                by_word.split_at(by_word.partition_point(|hit| *hit < Hit::new(*mark, 0)));
            hits.extend_from_slice(before);
            by_word = behind;
            let meant = lines().filter(|(_, item)| self.means(*mark, item));
            hits.extend(meant.map(|(line, _)| Hit::new(*mark, line)));
        }
        hits.extend_from_slice(by_word);
        hits
    }

    /// Whether an item that was found under a mark's word is meant by its goods.
    fn means(&self, mark: Mark, item: &LineItem) -> bool {
        let goods = || self.ready.get(place(mark.rule))?.parts.get(usize::from(mark.part));
        !mark.is_narrowed || goods().is_some_and(|goods| goods.keeps(item))
    }
}

fn place(ix: RuleIx) -> usize {
    usize::try_from(ix.0).unwrap_or(usize::MAX)
}

impl Ready {
    fn of(rule: &Rule, resolve: &dyn Fn(&Goods) -> Goods) -> Self {
        let mut parts = vec![resolve(&rule.goods)];
        let mut part_of = |goods: &Goods| -> u8 {
            let goods = resolve(goods);
            let at = parts.iter().position(|known| *known == goods).unwrap_or_else(|| {
                parts.push(goods);
                parts.len() - 1
            });
            // `check` keeps steps, needs and slots far below this.
            u8::try_from(at).unwrap_or(u8::MAX)
        };
        let rewarded = |step: &Step| -> Vec<u8> {
            named_goods(&step.reward).into_iter().map(&mut part_of).collect()
        };
        let rewarded: Vec<Vec<u8>> = rule.steps.iter().map(rewarded).collect();
        // A set is made of its slots' goods; the rule's own are nothing to it unless a slot means
        // them.
        let is_set = |step: &Step| matches!(step.reward, Reward::Bundle { .. });
        let are_sets = rule.steps.iter().all(is_set) && !rewarded.iter().flatten().any(|p| *p == 0);
        let end = rewarded.iter().flatten().copied().max().unwrap_or(0) + 1;
        let claimed = u8::from(are_sets)..end;
        let needs = |step: &Step| -> Vec<(NeedAmount, u8)> {
            let mut part = |need: &Need| need.goods.as_ref().map_or(0, &mut part_of);
            step.needs.iter().map(|need| (need.amount, part(need))).collect()
        };
        let needs: Vec<_> = rule.steps.iter().map(needs).collect();
        let steps = needs.into_iter().zip(rewarded);
        let steps = steps.map(|(needs, rewarded)| ReadyStep { needs, rewarded }).collect();
        Self { lane: rule.lane(), opening: Opening::of(rule), parts, claimed, steps }
    }
}

/// The goods that a reward names beside the rule's own.
pub(super) fn named_goods(reward: &Reward) -> Vec<&Goods> {
    match reward {
        Reward::Gift { goods, .. } | Reward::AddOn { goods, .. } => vec![goods],
        Reward::BuyGet { goods, .. } => goods.iter().collect(),
        Reward::Bundle { slots, .. } => slots.iter().map(|slot| &slot.goods).collect(),
        Reward::Units(_)
        | Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::Nth { .. }
        | Reward::Cheapest { .. }
        | Reward::Pick { .. }
        | Reward::AmountOff(_)
        | Reward::AmountRate(_)
        | Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::PointsPay { .. }
        | Reward::Grant(_) => Vec::new(),
    }
}

impl Finder {
    fn learn(&mut self, rule: RuleIx, part: u8, goods: &Goods) {
        let mark =
            Mark { rule, part, is_narrowed: !goods.all.is_empty() || !goods.except.is_empty() };
        // Nothing to choose from, but something that must hold: found by that.
        let words = if goods.any.is_empty() { goods.all.get(..1) } else { Some(&goods.any[..]) };
        let words = words.unwrap_or_default();
        if words.is_empty() {
            self.everything.push(mark);
        }
        for select in words {
            let (map, word) = match select {
                Select::Sku(sku) => (&mut self.sku, sku.as_str()),
                Select::Style(style) => (&mut self.style, style.as_str()),
                Select::Category(path) => (&mut self.category, path.as_str()),
                Select::Brand(brand) => (&mut self.brand, brand.as_str()),
                Select::Tag(tag) => (&mut self.tag, tag.as_str()),
                Select::Attribute(pair) => match pair.split_once('=') {
                    Some(("colour", value)) => (&mut self.colour, value),
                    Some(("size", value)) => (&mut self.size, value),
                    Some(("unit", value)) => (&mut self.unit, value),
                    _ => (&mut self.tag, pair.as_str()),
                },
                // Put in by `resolved` before.
                Select::Set(_) => continue,
            };
            map.entry(word.into()).or_default().push(mark);
        }
    }

    fn look_up(&self, item: &LineItem, mut found: impl FnMut(Mark)) {
        let mut under = |map: &Map<Vec<Mark>>, word: &str| {
            if !map.is_empty()
                && !word.is_empty()
                && let Some(marks) = map.get(word)
            {
                marks.iter().copied().for_each(&mut found);
            }
        };
        under(&self.sku, &item.sku);
        under(&self.style, &item.style);
        under(&self.brand, &item.brand);
        under(&self.colour, &item.colour);
        under(&self.size, &item.size);
        under(&self.unit, item.unit.word());
        for tag in &item.tags {
            under(&self.tag, tag);
        }
        for path in at_and_above(&item.category) {
            under(&self.category, path);
        }
    }
}

/// `a/b/c`, `a/b`, `a`.
fn at_and_above(category: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(category), |path| path.rsplit_once('/').map(|(above, _)| above))
}
