//! What is laid on the counter: refused where it is absurd, and put in an order of its own.
//!
//! **Invariant:** looks at goods and occasion alone, before any rule does.

use super::{
    occasion::{COUPONS_MAX, Occasion},
    quote::QuoteRefusal,
    rule::RULES_MAX,
};
use crate::{cart::CartLine, id::LineId, money::UNIT_PRICE_MINOR_MAX};

/// Goods in an order of their own, so that the order of scanning decides nothing.
pub(super) fn order_of_goods(lines: &[CartLine]) -> Vec<u16> {
    let key = |line: &CartLine| {
        let (price, milli) = (line.item.list_price.minor(), line.quantity.milli());
        (price, milli, line.label_amount, line.id)
    };
    let begun = |(place, line): (u16, &'_ CartLine)| (beginning(&line.item.sku), place);
    let mut order: Vec<(u64, u16)> = (0..).zip(lines).map(begun).collect();
    order.sort_unstable_by(|(a_begins, a), (b_begins, b)| {
        a_begins.cmp(b_begins).then_with(|| {
            let (x, y) = (lines.get(usize::from(*a)), lines.get(usize::from(*b)));
            let by_sku = x.map(|line| &line.item.sku).cmp(&y.map(|line| &line.item.sku));
            by_sku.then_with(|| x.map(key).cmp(&y.map(key))).then(a.cmp(b))
        })
    });
    order.into_iter().map(|(_, place)| place).collect()
}

/// The first eight bytes of a word as a number: where two differ, they compare as the words do.
fn beginning(word: &str) -> u64 {
    let byte = |at: usize| word.as_bytes().get(at).copied().unwrap_or(0);
    (0..8).fold(0, |bits, at| bits << 8 | u64::from(byte(at)))
}

/// The occasion's own amounts, which no cart has looked at.
pub(super) fn check_occasion(occasion: &Occasion) -> Result<(), QuoteRefusal> {
    let fee = 0..=UNIT_PRICE_MINOR_MAX;
    let points = occasion.shopper.as_ref().map_or(0, |shopper| shopper.points);
    if !fee.contains(&occasion.delivery_fee.minor()) || occasion.points_to_pay < 0 || points < 0 {
        return Err(QuoteRefusal::Occasion);
    }
    let n_others = occasion.choices.len().max(occasion.used.len());
    if n_others > RULES_MAX {
        return Err(QuoteRefusal::Occasion);
    }
    if occasion.coupons.len() > COUPONS_MAX {
        return Err(QuoteRefusal::Coupons);
    }
    let is_twice = occasion
        .coupons
        .iter()
        .enumerate()
        .any(|(i, coupon)| occasion.coupons.iter().take(i).any(|c| c.code == coupon.code));
    if is_twice { Err(QuoteRefusal::Coupons) } else { Ok(()) }
}

/// No line is there twice.
pub(super) fn check_ids(lines: &[CartLine]) -> Result<(), QuoteRefusal> {
    // As they come from a till: each is later than the one before.
    if lines.is_sorted_by(|a, b| a.id < b.id) {
        return Ok(());
    }
    let mut ids: Vec<LineId> = lines.iter().map(|line| line.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    });
    twice.map_or(Ok(()), |id| Err(QuoteRefusal::Twice(id)))
}
