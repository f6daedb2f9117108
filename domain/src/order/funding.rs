//! Who pays for what an order saved (承担方): brand, store, platform.
//!
//! Each source's reductions of one order are split once, by the rule that made them, so that the
//! parts sum to what was saved, to the fen.
//!
//! **Invariant:** the sum of all sources is `Order::saved`; what nobody can be named for is nobody's,
//! and not the store's.

use super::{Adjustment, Order, Source};
use crate::{
    money::{BasisPoints, Money, MoneyOverflow},
    pricing::{PriceBook, rule::Funding},
};

/// Who pays for reductions by hand.
pub const BY_STORE: Funding =
    Funding { brand: BasisPoints(0), store: BasisPoints(10_000), platform: BasisPoints(0) };

/// What one source took in an order, and who pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Which; none where an older program did not write down who took it.
    pub source: Option<Source>,
    /// What people read; nothing without a source.
    pub name: String,
    /// What it took off goods and delivery; below zero where somebody raised prices.
    pub saved: Money,
    /// The brand's or HQ's part.
    pub brand: Money,
    /// The store's part; reductions by hand are the store's.
    pub store: Money,
    /// A platform's part.
    pub platform: Money,
    /// What nobody is known for: the rule is not in the book.
    pub unknown: Money,
}

impl Order {
    /// What each source saved, in the order of lines, with who pays for it by the rules that priced
    /// the order. Without their book nobody is known for what rules took.
    pub fn savings(&self, book: Option<&PriceBook>) -> Result<Vec<Saving>, MoneyOverflow> {
        let delivery = self.delivery.iter().flat_map(|delivery| &delivery.adjustments);
        let all = self.lines.iter().flat_map(|line| &line.adjustments).chain(delivery);
        let mut sums: Vec<(&Adjustment, Money)> = Vec::new();
        for adjustment in all {
            match sums.iter_mut().find(|(known, _)| known.source == adjustment.source) {
                Some((_, sum)) => *sum = sum.plus(adjustment.amount)?,
                None => sums.push((adjustment, adjustment.amount)),
            }
        }
        let mut savings: Vec<Saving> =
            sums.into_iter().map(|(adjustment, saved)| split(adjustment, saved, book)).collect();
        let told = Money::sum(savings.iter().map(|saving| saving.saved))?;
        // A fee that an older program waived without saying who did.
        let untold = self.saved()?.minus(told)?;
        if untold != Money::ZERO {
            savings.push(whole(None, String::new(), untold));
        }
        Ok(savings)
    }
}

/// A saving that nobody is known for yet.
const fn whole(source: Option<Source>, name: String, saved: Money) -> Saving {
    let (brand, store, platform) = (Money::ZERO, Money::ZERO, Money::ZERO);
    Saving { source, name, saved, brand, store, platform, unknown: saved }
}

fn split(adjustment: &Adjustment, saved: Money, book: Option<&PriceBook>) -> Saving {
    let of_rule = |rule: &str| {
        let book = book?;
        Some(book.rule(book.find(rule)?)?.funding)
    };
    let funding = match &adjustment.source {
        Source::Rule(rule) | Source::Coupon { rule, .. } => of_rule(rule),
        Source::Manual { .. } => Some(BY_STORE),
    };
    let saving = whole(Some(adjustment.source.clone()), adjustment.name.clone(), saved);
    let Some(funding) = funding else {
        return saving;
    };
    let [brand, store, platform] = parts(funding, saved);
    Saving { brand, store, platform, unknown: Money::ZERO, ..saving }
}

/// What brand, store and platform pay of an amount: largest remainder, so that they sum to it.
#[must_use]
pub fn parts(funding: Funding, amount: Money) -> [Money; 3] {
    let Funding { brand, store, platform } = funding;
    let weights = [brand, store, platform].map(|part| i64::from(part.0));
    let mut parts = amount.allocate(&weights).into_iter();
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
