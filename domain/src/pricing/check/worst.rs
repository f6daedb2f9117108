//! Carts in which rules sell below cost: of each rule's goods the worst, bought as its steps ask,
//! and priced by the engine itself, once with the rule alone and once with all others.
//!
//! A reduction that is a rate hurts most where the cost is the largest part of the price, one that
//! is an amount where the least is earned, one that sets a price where the cost is the highest. So
//! of all goods of a rule three are enough.
//!
//! Where all rules mean the same goods, quoting each rule's carts with all others is work by their
//! square; so it is counted, and ends at `LOSS_WORK_MAX`: once for rules alone, which is little for
//! each, and once for rules together.
//!
//! **Invariant:** what a cart costs is only ever said by the engine; what was not quoted is said.

mod carts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::carts::{Cart, carts, occasion};
use super::{Fault, Finding};
use crate::{
    cart::LineItem,
    catalog::Unit,
    money::Money,
    pricing::{
        By, Occasion, PriceBook, Quote, RuleIx,
        book::{Ready, named_goods},
        goods::{Goods, Select},
        make::quote_counted,
        rule::{Reward, Rule, RuleSet},
    },
    time::LocalMoment,
};

/// Work of quoting carts for a set, in lines that a rule looks at: about a second of a core. Rules
/// alone have it, and rules together have it once more; what lies beyond is said.
pub const LOSS_WORK_MAX: u64 = 2_000_000;
/// Making one rule ready, and what each quote costs beside its hits.
const RULE_WORK: u64 = 10;
/// Putting a line into a cart.
const LINE_WORK: u64 = 4;

/// The goods of each rule that lose most, picked from a catalog.
#[derive(Clone, Debug, Default)]
pub struct Worst {
    /// By rule and part.
    parts: Vec<Vec<Part>>,
    n_items: usize,
}

/// What was picked for a part of a rule.
#[derive(Clone, Debug, Default)]
struct Part {
    has_items: bool,
    /// An item costs more than the rule's floor.
    is_above_floor: bool,
    /// The worst by share of the cost, by what is earned, and by cost.
    picks: [Option<Good>; 3],
}

/// An item of which the cost is known.
#[derive(Clone, Debug)]
struct Good {
    item: Arc<LineItem>,
    cost: i64,
    /// What the rule's reward starts from: the list price, or what its price list says.
    price: i64,
}

/// A cart that is sold for less than its goods cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The rules that took from it: one, or several that only do so together.
    pub rules: Vec<RuleIx>,
    /// The goods that the cart is made of.
    pub sku: String,
    /// How many pieces of all goods.
    pub pieces: u32,
    /// What the goods are sold for.
    pub paid: Money,
    /// What they cost.
    pub cost: Money,
}

/// What quoting found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Each rule that loses by itself, then each combination of which no rule does.
    pub found: Vec<Loss>,
    /// The first rule that was not quoted alone, nor those behind it; none if all were.
    pub cut_at: Option<RuleIx>,
    /// The first of which not every cart was quoted with all others; none if all were.
    pub together_cut_at: Option<RuleIx>,
}

/// Carts that are quoted with one rule each, or with all.
#[derive(Debug)]
struct Tried {
    /// Of the carts of the same rules the one that loses most.
    losses: BTreeMap<Vec<RuleIx>, Loss>,
    work_left: u64,
    cut_at: Option<RuleIx>,
}

impl Worst {
    /// Nothing picked yet.
    #[must_use]
    pub fn of(book: &PriceBook) -> Self {
        let parts = (0..).map(RuleIx).map_while(|ix| book.both(ix));
        let parts = parts.map(|(_, ready)| vec![Part::default(); ready.parts.len()]).collect();
        Self { parts, n_items: 0 }
    }

    /// Looks at an item of the catalog, and what it costs HQ if that is known. Answers how many
    /// parts of rules were looked at for it.
    pub fn look(&mut self, book: &PriceBook, item: &LineItem, cost: Option<Money>) -> usize {
        self.n_items += 1;
        let shared = Arc::new(item.clone());
        let hits = book.hits(&[item]);
        for hit in &hits {
            let part = usize::try_from(hit.rule().0)
                .ok()
                .and_then(|rule| self.parts.get_mut(rule))
                .and_then(|parts| parts.get_mut(usize::from(hit.part())));
            if let (Some(part), Some(rule)) = (part, book.rule(hit.rule())) {
                let is_own = hit.part() == 0;
                part.look(rule, is_own, &shared, cost);
            }
        }
        hits.len()
    }

    /// What a catalog says of rules: goods that it does not have, floors above all its prices.
    /// Of a catalog without items nothing is said.
    #[must_use]
    pub fn findings(&self, book: &PriceBook) -> Vec<Finding> {
        let mut found = BTreeSet::new();
        let rules = (0..).map(RuleIx).map_while(|ix| book.both(ix));
        for ((rule, ready), parts) in rules.zip(&self.parts).filter(|_| self.n_items > 0) {
            let mut find = |fault| found.insert(Finding { subject: rule.id.clone(), fault });
            let is_bundle = |reward: &Reward| matches!(reward, Reward::Bundle { .. });
            let is_own_named = !rule.steps.iter().all(|step| is_bundle(&step.reward));
            let has_items = |part: usize| parts.get(part).is_none_or(|part| part.has_items);
            if is_own_named && !has_items(0) {
                find(Fault::NoItems);
            }
            let mut named = ready.steps.iter().flat_map(|step| &step.rewarded);
            if named.any(|part| !has_items(usize::from(*part))) {
                find(Fault::SlotUnfilled);
            }
            let is_floored = rule.limits.floor_price.is_some() && has_items(0);
            if is_floored && parts.first().is_some_and(|own| !own.is_above_floor) {
                find(Fault::FloorAboveList);
            }
        }
        found.into_iter().collect()
    }

    /// Quotes the worst carts of each rule at a moment on the wall, with the names of goods that
    /// the book was made with.
    #[must_use]
    pub fn losses(
        &self,
        book: &PriceBook,
        sets: &BTreeMap<String, Goods>,
        now: LocalMoment,
    ) -> Losses {
        self.losses_within(book, sets, now, LOSS_WORK_MAX)
    }

    fn losses_within(
        &self,
        book: &PriceBook,
        sets: &BTreeMap<String, Goods>,
        now: LocalMoment,
        work_max: u64,
    ) -> Losses {
        let (mut alone, mut together) = (Tried::within(work_max), Tried::within(work_max));
        for (ix, parts) in (0..).map(RuleIx).zip(&self.parts) {
            let Some((rule, ready)) = book.both(ix) else { break };
            let carts = carts(rule, ready, parts);
            let lines: usize = carts.iter().map(|cart| cart.lines.len()).sum();
            if !alone.may(ix, RULE_WORK + LINE_WORK * as_work(lines) + named(ready)) {
                break;
            }
            if carts.is_empty() {
                continue;
            }
            let Ok(only) = PriceBook::compile(0, only(rule, sets)) else { continue };
            for cart in &carts {
                let Some(mut occasion) = occasion(rule, now) else { break };
                let loses = alone.look(ix, &only, cart, &occasion, Some(ix));
                if !loses && together.cut_at.is_none() {
                    carts::present_coupons(&mut occasion, book, cart);
                    together.look(ix, book, cart, &occasion, None);
                }
            }
        }
        // Where one of them loses by itself, that is what must be mended.
        let by_itself = |ix: &RuleIx| alone.losses.contains_key(&vec![*ix]);
        together.losses.retain(|rules, _| !rules.iter().any(by_itself));
        let found = alone.losses.into_values().chain(together.losses.into_values()).collect();
        Losses { found, cut_at: alone.cut_at, together_cut_at: together.cut_at }
    }
}

impl Tried {
    const fn within(work_left: u64) -> Self {
        Self { losses: BTreeMap::new(), work_left, cut_at: None }
    }

    /// Whether there is so much work left; if not, nothing behind this rule is tried.
    fn may(&mut self, ix: RuleIx, work: u64) -> bool {
        let left = self.work_left.checked_sub(work);
        if left.is_none() {
            self.cut_at = self.cut_at.or(Some(ix));
        }
        self.work_left = left.unwrap_or(0);
        left.is_some() && self.cut_at.is_none()
    }

    /// Quotes a cart of a rule, and answers whether it loses; `only` is the one rule of the book.
    fn look(
        &mut self,
        ix: RuleIx,
        book: &PriceBook,
        cart: &Cart,
        occasion: &Occasion,
        only: Option<RuleIx>,
    ) -> bool {
        // What it looks at is known before; what a search takes, only when it is over.
        if self.cut_at.is_some() || !self.may(ix, RULE_WORK + cart.work(book)) {
            return false;
        }
        let Ok((quoted, searched)) = quote_counted(book, &cart.lines, occasion) else {
            return false;
        };
        self.work_left = self.work_left.saturating_sub(searched);
        let Some(loss) = loss(&quoted, cart) else { return false };
        self.keep(Loss { rules: only.map_or(loss.rules, |ix| vec![ix]), ..loss });
        true
    }

    fn keep(&mut self, loss: Loss) {
        let by = |loss: &Loss| loss.cost.minor() - loss.paid.minor();
        let known = self.losses.entry(loss.rules.clone()).or_insert_with(|| loss.clone());
        if by(&loss) > by(known) {
            *known = loss;
        }
    }
}

fn as_work(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Selections of a rule with all named goods put in.
fn named(ready: &Ready) -> u64 {
    let selects = |goods: &Goods| goods.any.len() + goods.all.len() + goods.except.len();
    as_work(ready.parts.iter().map(selects).sum())
}

/// What a cart loses, and by which rules.
fn loss(quoted: &Quote, cart: &Cart) -> Option<Loss> {
    let rules: BTreeSet<RuleIx> = quoted
        .takings
        .iter()
        .filter_map(|taking| match taking.by {
            By::Rule(ix) | By::Coupon(ix, _) => Some(ix),
            By::Manual(_) => None,
        })
        .collect();
    let paid = Money::sum(quoted.lines.iter().map(|line| line.amount)).ok()?;
    let cost = Money::from_minor(cart.cost);
    let sku = cart.lines.first()?.item.sku.clone();
    let loss = Loss { rules: rules.into_iter().collect(), sku, pieces: quoted.pieces, paid, cost };
    (paid < cost && !loss.rules.is_empty()).then_some(loss)
}

/// A set of one rule, with the names of goods that it uses.
fn only(rule: &Rule, sets: &BTreeMap<String, Goods>) -> RuleSet {
    let mut used = BTreeMap::new();
    let mut goods: Vec<&Goods> = vec![&rule.goods];
    for step in &rule.steps {
        goods.extend(step.needs.iter().filter_map(|need| need.goods.as_ref()));
        goods.extend(named_goods(&step.reward));
    }
    while let Some(one) = goods.pop() {
        for select in one.any.iter().chain(&one.all).chain(&one.except) {
            let Select::Set(name) = select else { continue };
            if let Some(named) = sets.get(name).filter(|_| !used.contains_key(name)) {
                used.insert(name.clone(), named.clone());
                goods.push(named);
            }
        }
    }
    RuleSet { sets: used, rules: vec![rule.clone()] }
}

impl Part {
    fn look(&mut self, rule: &Rule, is_own: bool, item: &Arc<LineItem>, cost: Option<Money>) {
        let listed = item.list_price.minor();
        let floor = rule.limits.floor_price.map_or(0, Money::minor);
        self.has_items = true;
        self.is_above_floor |= item.unit == Unit::Kg || listed > floor;
        let priced = rule.steps.iter().filter_map(|step| {
            let Reward::PriceList(prices) = &step.reward else { return None };
            Some(prices.get(&item.sku).filter(|_| is_own)?.minor())
        });
        let price = priced.min().unwrap_or(listed);
        let Some(cost) = cost.map(Money::minor) else { return };
        let good = Good { item: Arc::clone(item), cost, price };
        let is_worse: [fn(&Good, &Good) -> bool; 3] = [
            |a, b| {
                i128::from(a.cost) * i128::from(b.price) > i128::from(b.cost) * i128::from(a.price)
            },
            |a, b| a.price - a.cost < b.price - b.cost,
            |a, b| a.cost > b.cost,
        ];
        for (pick, is_worse) in self.picks.iter_mut().zip(is_worse) {
            if pick.as_ref().is_none_or(|known| is_worse(&good, known)) {
                *pick = Some(good.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{money::BasisPoints, trial::rule_text};

    /// Milk at 10.00 that cost 8.00.
    fn milk() -> LineItem {
        LineItem {
            sku: "milk".to_owned(),
            code: "milk".to_owned(),
            name: "milk".to_owned(),
            spec: String::new(),
            unit: Unit::Piece,
            list_price: Money::from_minor(1_000),
            tax_rate: BasisPoints(1_300),
            brand: String::new(),
            category: String::new(),
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            tags: Vec::new(),
        }
    }

    #[test]
    fn work_ends_at_its_limit_and_what_was_not_quoted_is_told() {
        // Together they lose, and none by itself.
        let rule =
            |n: u32| rule_text::parse(&format!("rule r{n} r{n}\n  give units to 88%\n")).unwrap();
        let rules: Vec<Rule> = (0..30).map(rule).collect();
        let sets = BTreeMap::new();
        let set = RuleSet { sets: sets.clone(), rules };
        let book = PriceBook::compile(1, set).unwrap();
        let mut worst = Worst::of(&book);
        worst.look(&book, &milk(), Some(Money::from_minor(800)));
        let now = LocalMoment::parse("2026-11-21T12:00").unwrap();
        let table = [
            (LOSS_WORK_MAX, None, None, 1),
            // Many rules alone are less work than all of them together, which is given up first.
            (1_000, None, Some(RuleIx(14)), 1),
            (500, Some(RuleIx(19)), Some(RuleIx(7)), 1),
            (0, Some(RuleIx(0)), None, 0),
        ];
        for (work_max, cut_at, together_cut_at, n_found) in table {
            let losses = worst.losses_within(&book, &sets, now, work_max);
            let cuts = (losses.cut_at, losses.together_cut_at);
            assert_eq!(cuts, (cut_at, together_cut_at), "{work_max}");
            assert_eq!(losses.found.len(), n_found, "{work_max}");
        }
    }
}
