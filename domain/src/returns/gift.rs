//! What a kept gift costs when the goods that earned it come back (赠品).
//!
//! The shopper may keep as many gifts of a source as they keep of the goods that earned them, by
//! amount, rounded down. Gifts beyond that are charged, from the first that has not come back, at
//! what the source took off them. The charge depends on what is kept alone, so it falls to nothing
//! when everything is back.

use super::{
    GiftCharge, GiftPolicy, ReturnOrder, ReturnRefusal,
    share::{Share, sequence},
};
use crate::{
    money::Money,
    order::{Order, OrderLine, Source},
    pricing::tax_inside,
};

/// The gifts of one source.
struct Gifts<'a> {
    source: &'a Source,
    /// Numbers of the lines that earned them.
    earned_by: &'a [u16],
    /// Line and place of the adjustment that made gifts of its units.
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
            for gifts in gifts(order) {
                charge(order, after, &gifts, &mut due);
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
            let Some(earned_by) = &adjustment.gift_for else { continue };
            match all.iter_mut().find(|gifts| *gifts.source == adjustment.source) {
                Some(gifts) => gifts.of.push((line, place)),
                None => {
                    let (source, of) = (&adjustment.source, vec![(line, place)]);
                    all.push(Gifts { source, earned_by, of });
                }
            }
        }
    }
    all
}

/// Adds to what is due per line for the gifts of one source.
fn charge(order: &Order, after: &[u32], gifts: &Gifts<'_>, due: &mut [Money]) {
    let back = |line: &OrderLine| {
        let place = usize::from(line.number).checked_sub(1);
        place.and_then(|place| after.get(place)).copied().unwrap_or(0)
    };
    let earning = order.lines.iter().filter(|line| gifts.earned_by.contains(&line.number));
    let (mut whole, mut kept) = (0_i128, 0_i128);
    for line in earning {
        let gone = Share::of(line, 0, back(line)).amount;
        whole += i128::from(line.amount.minor());
        kept += i128::from(line.amount.minor() - gone.minor());
    }
    let given: u32 = gifts.of.iter().map(|(line, at)| units_of(line, *at, 0)).sum();
    // Goods that cost nothing earn nothing, and gifts that nothing earned stay.
    let may_keep = (whole > 0).then(|| i128::from(given) * kept / whole);
    let may_keep = may_keep.and_then(|n| u32::try_from(n).ok()).unwrap_or(given);
    let left: u32 = gifts.of.iter().map(|(line, at)| units_of(line, *at, back(line))).sum();
    let mut over = left.saturating_sub(may_keep);
    for (line, at) in &gifts.of {
        let place = usize::from(line.number).saturating_sub(1);
        let Some(sum) = due.get_mut(place) else { continue };
        for (units, value) in kept_of(line, *at, back(line)) {
            let n = units.min(over);
            over -= n;
            *sum = Money::from_minor(sum.minor() + value.minor() * i64::from(n));
        }
    }
}

/// How many of a line's units are gifts of an adjustment and not back yet.
fn units_of(line: &OrderLine, at: usize, back: u32) -> u32 {
    kept_of(line, at, back).map(|(units, _)| units).sum()
}

/// The gifts of an adjustment that are not back yet, run by run, with the value of each.
fn kept_of(line: &OrderLine, at: usize, back: u32) -> impl Iterator<Item = (u32, Money)> {
    let mut gone = back;
    sequence(line).filter_map(move |run| {
        let n = run.units.min(gone);
        gone -= n;
        let value = run.adjustments.get(at).copied().filter(|part| *part != Money::ZERO);
        value.map(|value| (run.units - n, value))
    })
}
