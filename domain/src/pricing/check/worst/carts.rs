//! The carts that a rule is tried with, and somebody who may have what it brings.
//!
//! **Invariant:** a cart just reaches a step: to buy more of the same goods loses no larger part.

use super::{Good, Part, as_work};
use crate::{
    cart::{CART_LINES_MAX, CartLine, LineItem, LineSource},
    catalog::Unit,
    id::LineId,
    money::Money,
    pricing::{
        Occasion, PriceBook,
        book::{Ready, ReadyStep},
        check::calendar::{first_open, timestamp},
        occasion::{COUPONS_MAX, Choice, Coupon, Shopper},
        rule::{Join, NeedAmount, RULES_MAX, Reward, Rule, StackingMode},
    },
    quantity::{QUANTITY_MILLI_MAX, Quantity},
    time::{LocalMoment, StoreClock},
};

/// Points of somebody who lacks none.
const POINTS: i64 = 1_000_000_000;

/// Pairs of rules that are looked at for knots while one of them looks at a line.
const PAIRS_PER_WORK: u64 = 128;

/// Goods on a counter, and what they cost HQ.
#[derive(Clone, Debug, Default)]
pub(super) struct Cart {
    pub(super) lines: Vec<CartLine>,
    pub(super) cost: i64,
    /// Lines, from the first, that a shopper chooses: what is chosen counts for no need.
    chosen: usize,
}

/// The carts of a rule: each step with each kind of worst goods, none twice.
pub(super) fn carts(rule: &Rule, ready: &Ready, parts: &[Part]) -> Vec<Cart> {
    let mut carts: Vec<Cart> = Vec::new();
    for (step, ready) in rule.steps.iter().zip(&ready.steps) {
        for kind in 0..3 {
            let pick = |part: u8| parts.get(usize::from(part))?.picks.get(kind)?.as_ref();
            let cart = cart(rule, &step.reward, ready, &pick);
            if let Some(cart) = cart.filter(|cart| !carts.iter().any(|c| c.lines == cart.lines)) {
                carts.push(cart);
            }
        }
    }
    carts
}

/// A cart that just reaches a step; none if the reward takes nothing off goods, or if the step
/// cannot be reached with these goods.
fn cart<'g>(
    rule: &Rule,
    reward: &Reward,
    step: &ReadyStep,
    pick: &dyn Fn(u8) -> Option<&'g Good>,
) -> Option<Cart> {
    let mut cart = Cart::default();
    let mut own = 0;
    match reward {
        Reward::Units(_)
        | Reward::PriceList(_)
        | Reward::PointsPrice { .. }
        | Reward::AmountOff(_)
        | Reward::AmountRate(_) => own = 1,
        Reward::Nth { n, .. } | Reward::Pick { n, .. } => own = *n,
        Reward::Cheapest { of, .. } => own = *of,
        Reward::BuyGet { buy, get, goods, .. } => {
            own = *buy;
            match step.rewarded.first().filter(|_| goods.is_some()) {
                Some(part) => cart.add(pick(*part)?, *get)?,
                None => own += get,
            }
        }
        Reward::Bundle { slots, .. } => {
            for (slot, part) in slots.iter().zip(&step.rewarded) {
                cart.add(pick(*part)?, slot.count)?;
            }
        }
        Reward::Gift { count, .. } | Reward::AddOn { count, .. } => {
            cart.add(pick(*step.rewarded.first()?)?, *count)?;
            cart.chosen = cart.lines.len();
        }
        // They take nothing off goods, or are a way to pay.
        Reward::FreeDelivery { .. }
        | Reward::EarnPoints { .. }
        | Reward::PointsTimes(_)
        | Reward::PointsPay { .. }
        | Reward::Grant(_) => return None,
    }
    if own > 0 {
        cart.add(pick(0)?, own)?;
    }
    let needed = if rule.join == Join::Any { 1 } else { step.needs.len() };
    for (amount, part) in step.needs.iter().take(needed) {
        cart.reach(pick(*part)?, *amount)?;
    }
    (!cart.lines.is_empty()).then_some(cart)
}

impl Cart {
    /// Items one after the other, and how many lines of each.
    fn goods(&self) -> impl Iterator<Item = (&LineItem, usize)> {
        let alike = self.lines.chunk_by(|a, b| a.item.sku == b.item.sku);
        alike.filter_map(|lines| Some((&lines.first()?.item, lines.len())))
    }

    /// What a quote with a book looks at: lines that rules mean, and where some share nothing,
    /// every pair of rules.
    pub(super) fn work(&self, book: &PriceBook) -> u64 {
        let (items, lines): (Vec<&LineItem>, Vec<usize>) = self.goods().unzip();
        let hits = book.hits(&items);
        let n_hits = hits.iter().filter_map(|hit| lines.get(usize::from(hit.line()))).sum();
        let rules = || hits.chunk_by(|a, b| a.rule() == b.rule()).filter_map(|of| of.first());
        let shares = |rule: &Rule| rule.stacking.mode == StackingMode::Stack;
        let is_knotted = rules().any(|hit| book.rule(hit.rule()).is_some_and(|rule| !shares(rule)));
        let n_rules = rules().filter(|_| is_knotted).count();
        as_work(n_hits) + as_work(n_rules).pow(2) / PAIRS_PER_WORK
    }

    fn line(&mut self, item: LineItem, quantity: Quantity, cost: i64) -> Option<()> {
        let n = u32::try_from(self.lines.len()).ok()?;
        let fits = self.lines.len() < CART_LINES_MAX
            && (1..=QUANTITY_MILLI_MAX).contains(&quantity.milli());
        let id = LineId::from_uuid(uuid::Uuid::from_u128(u128::from(n) + 1));
        let (label_amount, is_labelled) = (None, false);
        self.cost = self.cost.checked_add(cost)?;
        self.lines.push(CartLine {
            id,
            position: n + 1,
            item,
            quantity,
            label_amount,
            is_labelled,
            source: LineSource::default(),
        });
        fits.then_some(())
    }

    /// So many units: pieces in one line, packs of a kilogram in a line each.
    fn add(&mut self, good: &Good, units: u32) -> Option<()> {
        let cost = Money::from_minor(good.cost);
        let mut line = |quantity: Quantity| {
            self.line(LineItem::clone(&good.item), quantity, cost.times(quantity).ok()?.minor())
        };
        match good.item.unit {
            Unit::Piece => line(Quantity::from_milli(i64::from(units) * 1_000)),
            Unit::Kg => (0..units).try_for_each(|_| line(Quantity::ONE)),
        }
    }

    /// As much more of these goods as a need asks for.
    fn reach(&mut self, good: &Good, amount: NeedAmount) -> Option<()> {
        let counted = self.lines.iter().skip(self.chosen);
        let here = counted.filter(|line| line.item.sku == good.item.sku);
        let (mut units, mut minor, mut milli) = (0, 0_i64, 0);
        for line in here {
            units += crate::pricing::units(line);
            minor += crate::pricing::list_amount(line).ok()?.minor();
            milli += line.quantity.milli();
        }
        match amount {
            NeedAmount::Pieces(pieces) if pieces > units => self.add(good, pieces - units),
            NeedAmount::Minor(asked) if asked.minor() > minor => {
                self.fill(good, asked.minor() - minor)
            }
            NeedAmount::Milli(asked) if asked.milli() > milli && good.item.unit == Unit::Kg => {
                let missing = Quantity::from_milli(asked.milli() - milli);
                let cost = Money::from_minor(good.cost).times(missing).ok()?.minor();
                self.line(LineItem::clone(&good.item), missing, cost)
            }
            NeedAmount::Milli(asked) if asked.milli() > milli => None,
            NeedAmount::Pieces(_) | NeedAmount::Minor(_) | NeedAmount::Milli(_) => Some(()),
        }
    }

    /// Goods worth so much, to the fen: whole units, and for what is left one such good at that
    /// price, of which the cost has the same share.
    fn fill(&mut self, good: &Good, minor: i64) -> Option<()> {
        let listed = good.item.list_price.minor();
        let units = minor.checked_div(listed)?;
        if units > 0 {
            self.add(good, u32::try_from(units).ok()?)?;
        }
        let rest = minor - units * listed;
        if rest == 0 {
            return Some(());
        }
        let cost = i128::from(good.cost) * i128::from(rest) / i128::from(listed);
        let item = LineItem { list_price: Money::from_minor(rest), ..LineItem::clone(&good.item) };
        self.line(item, Quantity::ONE, i64::try_from(cost).ok()?)
    }
}

/// Somebody for whom a rule is, when and where it is open. None if it never is.
pub(super) fn occasion(rule: &Rule, now: LocalMoment) -> Option<Occasion> {
    let clock = StoreClock { day_cut_minutes: 0, ..StoreClock::default() };
    let local = first_open(rule, Some(now))?;
    let at = timestamp(local, clock);
    let store = rule.place.stores.first().cloned().unwrap_or_default();
    let mut occasion = Occasion::at_till(store, clock, at);
    occasion.channel = rule.place.channels.first().copied().unwrap_or_default();
    occasion.shopper = Some(Shopper {
        tier: rule.who.tiers.first().cloned().unwrap_or_default(),
        joined_on: Some(clock.business_date(at)),
        birthday: Some((local.month(), local.month_day())),
        is_staff: rule.who.staff,
        crowds: rule.who.crowds.clone(),
        points: POINTS,
    });
    let uses = u32::try_from(RULES_MAX).unwrap_or(u32::MAX);
    occasion.choices = vec![Choice { rule: rule.id.clone(), uses }];
    if rule.coupon {
        present(&mut occasion, rule);
    }
    Some(occasion)
}

/// As many coupons of a rule as one order may have.
fn present(occasion: &mut Occasion, rule: &Rule) {
    for n in 0..rule.limits.coupons.unwrap_or(1) {
        if occasion.coupons.len() == COUPONS_MAX {
            return;
        }
        let code = format!("{}-{n}", rule.id);
        occasion.coupons.push(Coupon { code, rule: rule.id.clone() });
    }
}

/// A coupon of every other rule that means the goods of a cart, as far as one order may have them.
pub(super) fn present_coupons(occasion: &mut Occasion, book: &PriceBook, cart: &Cart) {
    let items: Vec<&LineItem> = cart.goods().map(|(item, _)| item).collect();
    let hits = book.hits(&items);
    let mut rules: Vec<_> = hits.iter().map(|hit| hit.rule()).collect();
    rules.dedup();
    for rule in rules.into_iter().filter_map(|ix| book.rule(ix)).filter(|rule| rule.coupon) {
        if !occasion.coupons.iter().any(|coupon| coupon.rule == rule.id) {
            present(occasion, rule);
        }
    }
}
