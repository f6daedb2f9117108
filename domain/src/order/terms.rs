//! The conditions and grants of an order, from the quote it was made of.
//!
//! | reward | given on condition of |
//! | --- | --- |
//! | gift, add-on (满赠, 换购) | what its step needs, without the units given |
//! | buy and get of other goods (买N送M) | the bought units, and what its step needs |
//! | grants (下单返券, 提货返现, 停车券) | what its step needs; a rate also of what was paid |
//!
//! **Invariant:** repeats what the step that applied asked for at its turn, and decides nothing.

use super::{
    Order, OrderGrant,
    carry::{named, rule_of},
    condition::{Condition, Counted, Threshold},
};
use crate::{
    cart::LineItem,
    pricing::{
        Applied, Granted, Lane, PriceBook, Quote, Rule, RuleIx,
        explain::{self, Language},
        rule::{Base, Grant, Join, NeedAmount, Repeat, Reward},
    },
};

/// Fills an order's conditions and grants.
pub(super) fn load(order: &mut Order, book: &PriceBook, quote: &Quote) {
    let begun = begun(order, quote);
    for applied in &quote.applied {
        let Some(condition) = given_on(order, book, &begun, applied) else { continue };
        let (source, _) = named(book, &order.pricing.occasion, applied.by);
        for line in &mut order.lines {
            let own = line.adjustments.iter_mut().filter(|adjustment| adjustment.source == source);
            own.for_each(|adjustment| adjustment.condition = Some(condition.clone()));
        }
    }
    let at = quote.takings.len();
    let granted = quote.grants.iter().filter_map(|granted| grant(order, book, &begun, at, granted));
    let granted: Vec<OrderGrant> = granted.filter(|grant| grant.granted() > 0).collect();
    order.grants = granted;
}

/// For each line the takings with which its reductions began.
type Begun = Vec<Vec<usize>>;

/// Finds them: of one source after the other, as a line's reductions stand.
fn begun(order: &Order, quote: &Quote) -> Begun {
    let mut takers = vec![Vec::new(); order.lines.len()];
    for (at, taking) in quote.takings.iter().enumerate() {
        if let Some(of_line) = takers.get_mut(usize::from(taking.line))
            && of_line.iter().all(|(_, by)| *by != taking.by)
        {
            of_line.push((at, taking.by));
        }
    }
    takers.into_iter().map(|of_line| of_line.into_iter().map(|(at, _)| at).collect()).collect()
}

/// A rule's turn, as far as it matters for what it counted.
struct Turn<'a> {
    order: &'a Order,
    book: &'a PriceBook,
    begun: &'a Begun,
    ix: RuleIx,
    rule: &'a Rule,
    /// How many takings there were before it.
    at: usize,
    lane: Lane,
}

impl Turn<'_> {
    /// The lines of these goods, at what they cost at this turn.
    fn counted(&self, counts: impl Fn(&LineItem) -> bool, with_given: bool) -> Counted {
        let lines = (0..).zip(&self.order.lines).filter(|(_, line)| counts(&line.item));
        let stacking = self.rule.stacking;
        Counted {
            lines: lines.map(|(place, line)| (line.number, self.taken_before(place))).collect(),
            unreduced_before: stacking.refuses_reduced.then_some(self.lane),
            on_list: stacking.base == Base::List,
            with_given,
        }
    }

    /// How many reductions of a line began before this turn.
    fn taken_before(&self, place: u16) -> u16 {
        let of_line = self.begun.get(usize::from(place));
        let before = of_line.map_or(0, |of_line| of_line.partition_point(|at| *at < self.at));
        u16::try_from(before).unwrap_or(u16::MAX)
    }

    /// Any unit of the rule's goods, whatever became of it.
    fn any_of_goods(&self) -> Threshold {
        let mut goods = self.counted(|item| self.book.counts(self.ix, item), true);
        goods.unreduced_before = None;
        goods.lines.iter_mut().for_each(|(_, reductions)| *reductions = 0);
        Threshold { need: NeedAmount::Pieces(1), goods }
    }

    /// What a step needs.
    fn condition(&self, step: usize, each: i64) -> Option<Condition> {
        let reward = &self.rule.steps.get(step)?.reward;
        let buys = if let Reward::BuyGet { buy, .. } = reward { Some(*buy) } else { None };
        // Chosen units do not count for themselves; units that others bring do.
        let with_given = buys.is_some();
        let needs = self.rule.steps.get(step)?.needs.iter().enumerate().map(|(place, need)| {
            let counts = |item: &LineItem| self.book.need_counts(self.ix, step, place, item);
            Threshold { need: need.amount, goods: self.counted(counts, with_given) }
        });
        let bought = buys.map(|buy| {
            let counts = |item: &LineItem| self.book.counts(self.ix, item);
            Threshold { need: NeedAmount::Pieces(buy), goods: self.counted(counts, false) }
        });
        let (join, repeat) = (self.rule.join, self.rule.repeat);
        // Any need will do for a step, but goods must always be bought to get others.
        let needs = needs.filter(|_| bought.is_none() || join == Join::All);
        let needs = needs.chain(bought.clone()).collect();
        let gift = matches!(reward, Reward::Gift { .. });
        Some(Condition { needs, join, repeat, each, gift })
    }
}

/// What some units of an order were given on, if this reduction gave some.
fn given_on(
    order: &Order,
    book: &PriceBook,
    begun: &Begun,
    applied: &Applied,
) -> Option<Condition> {
    let ix = rule_of(applied.by)?;
    let rule = book.rule(ix)?;
    let step = usize::from(applied.step);
    let each = each_of(&rule.steps.get(step)?.reward)?;
    let at = usize::try_from(applied.after).ok()?;
    let turn = Turn { order, book, begun, ix, rule, at, lane: applied.lane };
    turn.condition(step, each)
}

/// Units that a reward gives for others each time it is reached.
fn each_of(reward: &Reward) -> Option<i64> {
    if let Reward::Gift { count, .. } | Reward::AddOn { count, .. } = reward {
        Some(i64::from(*count))
    } else if let Reward::BuyGet { get, goods: Some(_), .. } = reward {
        Some(i64::from(*get))
    } else {
        None
    }
}

fn grant(
    order: &Order,
    book: &PriceBook,
    begun: &Begun,
    at: usize,
    granted: &Granted,
) -> Option<OrderGrant> {
    let ix = granted.rule;
    let rule = book.rule(ix)?;
    let step = usize::from(granted.step);
    let Reward::Grant(what) = &rule.steps.get(step)?.reward else { return None };
    // What an order brings looks at everything after the last lane.
    let turn = Turn { order, book, begun, ix, rule, at, lane: Lane::Points };
    let each = match what {
        Grant::NextCoupon(_) | Grant::ParkingMinutes(_) => 1,
        Grant::CashbackAmount(amount) => amount.minor(),
        // Once it is reached, what is paid decides.
        Grant::CashbackRate(_) => granted.amount.minor(),
    };
    let of = match what {
        Grant::CashbackRate(_) => {
            let goods = turn.counted(|item| book.counts(ix, item), true);
            // A rate is always one of what is paid.
            Some(Counted { on_list: false, ..goods })
        }
        Grant::NextCoupon(_) | Grant::ParkingMinutes(_) | Grant::CashbackAmount(_) => None,
    };
    let coupon = match what {
        Grant::NextCoupon(id) => book.find(id).and_then(|ix| book.rule(ix)).map(says),
        Grant::CashbackRate(_) | Grant::CashbackAmount(_) | Grant::ParkingMinutes(_) => None,
    };
    let mut condition = turn.condition(step, each)?;
    if condition.needs.is_empty() {
        // Given for nothing in particular: as long as any of the goods stays.
        condition.needs.push(turn.any_of_goods());
        condition.repeat = Repeat::Once;
        condition.each = i64::from(granted.times).saturating_mul(each);
    }
    let (source, name) = named(book, &order.pricing.occasion, granted.by);
    Some(OrderGrant {
        source,
        name,
        what: what.clone(),
        coupon: coupon.unwrap_or_default(),
        times: granted.times,
        amount: granted.amount,
        condition,
        of,
    })
}

/// What a coupon does, in a few words: `满 80.00 减 10.00`.
fn says(rule: &Rule) -> String {
    let Some(step) = rule.steps.first() else {
        return rule.name.clone();
    };
    let reward = explain::reward(&step.reward, Language::Zh);
    match step.needs.first().map(|need| need.amount) {
        Some(NeedAmount::Minor(minor)) => format!("满 {minor} {reward}"),
        Some(NeedAmount::Pieces(pieces)) => format!("满 {pieces} 件{reward}"),
        Some(NeedAmount::Milli(milli)) => format!("满 {milli} 公斤{reward}"),
        None => reward,
    }
}
