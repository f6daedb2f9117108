//! A rule set made ready: named goods put in, times parsed, every rule found by what an item is.
//!
//! Finding costs a few look-ups per line, however many rules there are; a rule whose goods are not
//! on the counter costs nothing at all.
//!
//! **Invariant:** made once per revision and never changed; a quote only reads it.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::{
    RuleIx,
    check::{Finding, check, resolved},
    goods::{Goods, Select},
    open::Opening,
    rule::{Cut, Lane, Need, NeedAmount, Reward, Rule, RuleSet, Step},
};
use crate::{cart::LineItem, money::Money};

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
    /// The first so many parts are its own and those it rewards; the others only count.
    pub(super) n_claimed: u8,
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
    everything: Vec<Mark>,
}

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

    /// Whether a rule's thresholds count an item, with all named goods put in.
    #[must_use]
    pub fn needs(&self, ix: RuleIx, item: &LineItem) -> bool {
        self.ready.get(place(ix)).is_some_and(|ready| {
            let parts = ready.steps.iter().flat_map(|step| &step.needs).map(|(_, part)| *part);
            let mut goods = parts.filter_map(|part| ready.parts.get(usize::from(part)));
            goods.any(|goods| goods.has(item))
        })
    }

    /// The rules that would sell one unit of an item below its cost by themselves.
    #[must_use]
    pub fn below_cost(&self, item: &LineItem, cost: Money) -> Vec<RuleIx> {
        let hits = self.hits(std::iter::once(item));
        let own = hits.iter().filter(|hit| hit.part() == 0).map(|hit| hit.rule());
        let price = |reward: &Reward| {
            let cut = if let Reward::Units(cut) = reward {
                *cut
            } else if let Reward::PriceList(prices) = reward {
                Cut::Price(*prices.get(&item.sku)?)
            } else {
                return None;
            };
            match cut {
                Cut::Rate(rate) => item.list_price.portion(rate).ok(),
                Cut::Off(off) => item.list_price.minus(off).ok(),
                Cut::Price(price) => Some(price.min(item.list_price)),
            }
        };
        let is_below = |ix: &RuleIx| {
            let rule = self.rule(*ix);
            rule.is_some_and(|rule| {
                let floor = rule.limits.floor_price.unwrap_or(Money::ZERO);
                let mut prices = rule.steps.iter().filter_map(|step| price(&step.reward));
                prices.any(|price| price.max(floor) < cost)
            })
        };
        own.filter(is_below).collect()
    }

    pub(super) fn both(&self, ix: RuleIx) -> Option<(&Rule, &Ready)> {
        self.rules.get(place(ix)).zip(self.ready.get(place(ix)))
    }

    /// What the rules mean of these items, sorted by rule, part and line, each once.
    pub(super) fn hits<'a>(&self, items: impl Iterator<Item = &'a LineItem>) -> Vec<Hit> {
        let mut hits = Vec::with_capacity(256);
        for (line, item) in (0..).zip(items) {
            self.finder.look_up(item, |mark| {
                let is_meant = !mark.is_narrowed
                    || self
                        .ready
                        .get(place(mark.rule))
                        .and_then(|ready| ready.parts.get(usize::from(mark.part)))
                        .is_some_and(|goods| goods.keeps(item));
                if is_meant {
                    hits.push(Hit::new(mark, line));
                }
            });
        }
        hits.sort_unstable();
        hits.dedup();
        hits
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
        let n_claimed = rewarded.iter().flatten().copied().max().unwrap_or(0) + 1;
        let needs = |step: &Step| -> Vec<(NeedAmount, u8)> {
            let mut part = |need: &Need| need.goods.as_ref().map_or(0, &mut part_of);
            step.needs.iter().map(|need| (need.amount, part(need))).collect()
        };
        let needs: Vec<_> = rule.steps.iter().map(needs).collect();
        let steps = needs.into_iter().zip(rewarded);
        let steps = steps.map(|(needs, rewarded)| ReadyStep { needs, rewarded }).collect();
        Self { lane: rule.lane(), opening: Opening::of(rule), parts, n_claimed, steps }
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
        self.everything.iter().copied().for_each(&mut found);
    }
}

/// `a/b/c`, `a/b`, `a`.
fn at_and_above(category: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(category), |path| path.rsplit_once('/').map(|(above, _)| above))
}
