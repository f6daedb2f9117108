//! What units cost that were given for others (赠品, 换购, 买N送M of other goods) and that the shopper
//! keeps when those others come back.
//!
//! The shopper may keep as many as the goods that they keep would still bring. Those beyond that are
//! charged, from the first that has not come back, at what the source took off them. The charge
//! depends on what is kept alone, so it falls to nothing when everything is back.

use super::{GiftCharge, GiftPolicy, ReturnOrder, ReturnRefusal, share::kept};
use crate::{
    money::Money,
    order::{Condition, Order, OrderLine, Source, UnitRun, condition::Kept},
    pricing::tax_inside,
};

/// What one source gave.
struct Gifts<'a> {
    source: &'a Source,
    condition: &'a Condition,
    /// Line and place of the adjustment that was taken from its units.
    of: Vec<(&'a OrderLine, usize)>,
}

/// What charges change by a return after which so many units of each line are back.
pub(super) fn charges(
    order: &Order,
    after: &[u32],
    earlier: &[ReturnOrder],
    policy: GiftPolicy,
) -> Result<Vec<GiftCharge>, ReturnRefusal> {
    let mut due = vec![Money::ZERO; order.lines.len()];
    match policy {
        GiftPolicy::TakenBack => {
            let kept = kept(order, after);
            for gifts in gifts(order) {
                charge(&kept, &gifts, &mut due);
            }
        }
        GiftPolicy::Kept => {}
    }
    let mut charges = Vec::new();
    for (line, due) in order.lines.iter().zip(due) {
        let before = earlier.iter().flat_map(|one| &one.charges);
        let before = before.filter(|charge| charge.number == line.number);
        let (mut amount, mut tax) = (due, tax_inside(due, line.item.tax_rate));
        for charge in before {
            amount = amount.minus(charge.amount)?;
            tax = tax.minus(charge.tax)?;
        }
        if amount != Money::ZERO || tax != Money::ZERO {
            charges.push(GiftCharge { number: line.number, amount, tax });
        }
    }
    Ok(charges)
}

/// The gifts of an order by their source.
fn gifts(order: &Order) -> Vec<Gifts<'_>> {
    let mut all: Vec<Gifts<'_>> = Vec::new();
    for line in &order.lines {
        for (place, adjustment) in line.adjustments.iter().enumerate() {
            let Some(condition) = &adjustment.condition else { continue };
            match all.iter_mut().find(|gifts| *gifts.source == adjustment.source) {
                Some(gifts) => gifts.of.push((line, place)),
                None => {
                    let (source, of) = (&adjustment.source, vec![(line, place)]);
                    all.push(Gifts { source, condition, of });
                }
            }
        }
    }
    all
}

/// Adds to what is due per line for what one source gave.
fn charge(kept: &Kept<'_>, gifts: &Gifts<'_>, due: &mut [Money]) {
    let left: i64 = gifts
        .of
        .iter()
        .flat_map(|(line, at)| kept_of(kept, line, *at))
        .map(|(units, _)| i64::from(units))
        .sum();
    let over = left - gifts.condition.keeps(kept, gifts.source, left);
    let mut over = u32::try_from(over).unwrap_or(0);
    for (line, at) in &gifts.of {
        let place = usize::from(line.number).saturating_sub(1);
        let Some(sum) = due.get_mut(place) else { continue };
        for (units, value) in kept_of(kept, line, *at) {
            let n = units.min(over);
            over -= n;
            *sum = Money::from_minor(sum.minor() + value.minor() * i64::from(n));
        }
    }
}

/// The units of an adjustment that are not back yet, run by run, with what it took off each.
fn kept_of<'a>(
    kept: &'a Kept<'a>,
    line: &OrderLine,
    at: usize,
) -> impl Iterator<Item = (u32, Money)> + use<'a> {
    let place = usize::from(line.number).saturating_sub(1);
    let runs: &[(u32, &UnitRun)] = kept.get(place).map_or(&[], |(_, runs)| runs);
    runs.iter().filter_map(move |(units, run)| {
        let value = run.adjustments.get(at).copied().filter(|part| *part != Money::ZERO);
        value.map(|value| (*units, value))
    })
}
