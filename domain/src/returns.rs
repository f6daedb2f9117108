//! Goods that come back (退货), and goods that change places (换货).
//!
//! | file | what |
//! | --- | --- |
//! | `returns` | `give_back`: units of an order against what they carried |
//! | `record` | the immutable record of a return |
//! | `policy` | what a chain decides: gifts, coupons, delivery, goods without a receipt |
//! | `share` | what the first so many units of a line carried |
//! | `gift` | what kept gifts and the like cost when the goods that earned them come back |
//! | `grant` | what becomes of coupons for next time, cashback and parking |
//! | `exchange` | a return and a new order together |
//! | `online` | goods of an online order that come back in a store, decided one after the other |
//! | `without_receipt` | goods without a receipt |
//!
//! Which units come back: of each line the first that have not come back yet, those that were given
//! for other goods after all others. So the state of an order is one number per line, and whatever is given back is a
//! difference between two states of it: the way there makes no difference.
//!
//! **Invariant:** all returns of an order together give back what was paid, to the fen, in every
//! tender, source of reduction, tax and point, and never more. No price is looked up: an order
//! carries all that its return needs.

mod exchange;
mod gift;
mod grant;
pub mod online;
mod policy;
mod record;
mod share;
mod without_receipt;

pub use exchange::{Exchange, exchange};
pub use grant::{GrantBack, GrantUse};
pub use policy::{
    CouponPolicy, DeliveryPolicy, GiftPolicy, GrantPolicy, ReturnPolicy, WithoutReceipt,
};
pub use record::{GiftCharge, Refund, ReturnLine, ReturnOrder};
pub use without_receipt::{LooseGoods, give_back_without_receipt};

use crate::{
    catalog::Unit,
    id::OrderId,
    money::{Money, MoneyOverflow},
    order::{Adjustment, Order, OrderFault, OrderLine, Source},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::TenderRefusal,
    time::Timestamp,
};
use share::Share;

/// What the shopper brings back of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The line's number on the receipt.
    pub number: u16,
    /// How much: whole pieces, or all of what was weighed or labelled.
    pub quantity: Quantity,
}

/// What a return needs besides the goods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returning {
    /// The return's own id.
    pub id: OrderId,
    /// The next number of this workstation.
    pub receipt_number: ReceiptNumber,
    /// The operator's number.
    pub operator: String,
    /// Now.
    pub completed_at: Timestamp,
    /// What was used of the order's grants so far; nothing for those that are not named.
    pub grants_used: Vec<GrantUse>,
}

/// Why goods do not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefusal {
    /// Nothing was wished, or a quantity that is not more than nothing.
    #[error("nothing is to be returned")]
    Nothing,
    /// No such line on the receipt.
    #[error("the order has no line {0}")]
    NoSuchLine(u16),
    /// Everything came back already.
    #[error("all of the order came back already")]
    AllBack,
    /// Fewer are left of a line.
    #[error("of line {number} only {left} are left to return")]
    NotSoMany {
        /// The line.
        number: u16,
        /// Units that have not come back yet.
        left: u32,
    },
    /// What was weighed or labelled comes back whole; pieces come back in whole pieces.
    #[error("line {0} is returned in whole units")]
    Whole(u16),
    /// The kept gift, or other units given for goods, were reduced by more than what comes back.
    #[error("the gift must come back too: it is worth {missing} more than what is given back")]
    Gift {
        /// What the shopper would owe.
        missing: Money,
    },
    /// An earlier return is another order's, or gave back what the order does not have; or more of
    /// a grant was used than there was.
    #[error("the earlier returns do not fit the order")]
    History,
    /// The order's sums do not hold.
    #[error("the sums of the order do not hold")]
    Order(#[source] OrderFault),
    /// Goods without a receipt are not taken back here.
    #[error("goods without a receipt are not taken back")]
    NoReceipt,
    /// More than is given back without a receipt at once or in a day; so much may still be.
    #[error("without a receipt only {left} can still be given back")]
    Limit {
        /// What is left of the limit.
        left: Money,
    },
    /// The way in which money goes back cannot take it.
    #[error("the amount cannot be given back this way")]
    Tender(#[source] TenderRefusal),
}

impl From<MoneyOverflow> for ReturnRefusal {
    fn from(_: MoneyOverflow) -> Self {
        Self::Order(OrderFault::Overflow)
    }
}

impl From<OrderFault> for ReturnRefusal {
    fn from(fault: OrderFault) -> Self {
        Self::Order(fault)
    }
}

/// How many units of each line of an order have not come back yet, in the order of its lines.
pub fn left(order: &Order, earlier: &[ReturnOrder]) -> Result<Vec<u32>, ReturnRefusal> {
    let back = came_back(order, earlier)?;
    Ok(order.lines.iter().zip(back).map(|(line, back)| line.n_units() - back).collect())
}

/// Takes units of an order back and says what goes back for them.
///
/// `earlier` are all returns of the order so far, in any order.
pub fn give_back(
    order: &Order,
    earlier: &[ReturnOrder],
    wishes: &[Wish],
    policy: &ReturnPolicy,
    returning: Returning,
) -> Result<ReturnOrder, ReturnRefusal> {
    order.check()?;
    let order = &*order.loaded();
    let before = came_back(order, earlier)?;
    let after = wished(order, &before, wishes)?;
    let shares = shares(order, &before, &after);
    let mut lines = Vec::new();
    for ((line, share), number) in
        order.lines.iter().zip(&shares).filter(|(_, s)| s.units > 0).zip(1..)
    {
        lines.push(line_back(line, share, number));
    }
    let is_last = order.lines.iter().zip(&after).all(|(line, back)| line.n_units() == *back);
    let delivery = order.delivery.as_ref().filter(|_| is_last && policy.delivery.gives_back());
    let charges = gift::charges(order, &after, earlier, policy.gifts)?;
    let mut carried = tenders_of(order, &shares);
    if let Some(delivery) = delivery {
        for (sum, part) in carried.iter_mut().zip(&delivery.tenders) {
            *sum = sum.plus(*part)?;
        }
    }
    let charged = Money::sum(charges.iter().map(|charge| charge.amount))?;
    let held = held_back(order, &before, earlier)?;
    let refunds = refunds(order, &carried, charged, &held)?;
    let back = negative(Money::sum(refunds.iter().map(|refund| refund.amount))?);
    let used = &returning.grants_used;
    let grants = grant::backs(order, &after, earlier, used, policy.grants, back)?;
    let held_for_grants = Money::sum(grants.iter().map(|grant| grant.charge))?;
    let refunds = without(refunds, held_for_grants)?;
    let rounded = delivery.map_or(Money::ZERO, |delivery| delivery.rounding);
    let rounded = Money::sum(shares.iter().map(|share| share.rounding))?.plus(rounded)?;
    let delivery = negative(delivery.map_or(Money::ZERO, |delivery| delivery.amount));
    let amounts = Money::sum(lines.iter().map(|line| line.amount))?;
    Ok(ReturnOrder {
        id: returning.id,
        receipt_number: returning.receipt_number,
        operator: returning.operator,
        completed_at: returning.completed_at,
        original: Some(order.id),
        lines,
        charges,
        grants,
        delivery,
        total: amounts.plus(charged)?.plus(held_for_grants)?.plus(delivery)?,
        rounding: negative(rounded),
        refunds,
        points_spent: -shares.iter().map(|share| share.points_spent).sum::<i64>(),
        points_earned: -shares.iter().map(|share| share.points_earned).sum::<i64>(),
        coupons: if is_last && policy.coupons.gives_back() { codes(order) } else { Vec::new() },
    })
}

/// What of each line lies between two states.
fn shares(order: &Order, before: &[u32], after: &[u32]) -> Vec<Share> {
    let n_tenders = order.tenders.len();
    let states = before.iter().zip(after);
    order
        .lines
        .iter()
        .zip(states)
        .map(|(line, (from, to))| {
            Share::of(line, n_tenders, *to).less(&Share::of(line, n_tenders, *from))
        })
        .collect()
}

/// Units of each line that came back already.
fn came_back(order: &Order, earlier: &[ReturnOrder]) -> Result<Vec<u32>, ReturnRefusal> {
    let mut back = vec![0_u32; order.lines.len()];
    for one in earlier {
        if one.original != Some(order.id) {
            return Err(ReturnRefusal::History);
        }
        for line in &one.lines {
            let place = line.original.and_then(|number| usize::from(number).checked_sub(1));
            let units = place.and_then(|place| back.get_mut(place));
            let units = units.ok_or(ReturnRefusal::History)?;
            *units = units.saturating_add(line.units);
        }
    }
    let fits = order.lines.iter().zip(&back).all(|(line, back)| *back <= line.n_units());
    if fits { Ok(back) } else { Err(ReturnRefusal::History) }
}

/// The state after the wishes, or why they cannot be met.
fn wished(order: &Order, before: &[u32], wishes: &[Wish]) -> Result<Vec<u32>, ReturnRefusal> {
    if order.lines.iter().zip(before).all(|(line, back)| line.n_units() == *back) {
        return Err(ReturnRefusal::AllBack);
    }
    if wishes.is_empty() {
        return Err(ReturnRefusal::Nothing);
    }
    let mut after = before.to_vec();
    for Wish { number, quantity } in wishes {
        let place = usize::from(*number).checked_sub(1);
        let found = place.and_then(|place| Some((order.lines.get(place)?, after.get_mut(place)?)));
        let (line, back) = found.ok_or(ReturnRefusal::NoSuchLine(*number))?;
        if quantity.milli() <= 0 {
            return Err(ReturnRefusal::Nothing);
        }
        let units = match is_counted(line) {
            true if quantity.is_whole() => u32::try_from(quantity.milli() / 1_000).ok(),
            false if *quantity == line.quantity => Some(1),
            true | false => return Err(ReturnRefusal::Whole(*number)),
        };
        let left = line.n_units() - *back;
        let refused = ReturnRefusal::NotSoMany { number: *number, left };
        *back += units.filter(|units| *units <= left).ok_or(refused)?;
    }
    Ok(after)
}

/// Whether a line's units are pieces; else it is one unit, whatever it weighs.
fn is_counted(line: &OrderLine) -> bool {
    line.item.unit == Unit::Piece && line.label_amount.is_none() && line.quantity.is_whole()
}

/// An amount with its sign turned. Amounts of a checked order are far from the ends of `i64`.
const fn negative(amount: Money) -> Money {
    Money::from_minor(amount.minor().saturating_neg())
}

fn line_back(line: &OrderLine, share: &Share, number: u16) -> ReturnLine {
    let milli =
        if is_counted(line) { i64::from(share.units) * 1_000 } else { line.quantity.milli() };
    let back = |(adjustment, part): (&Adjustment, &Money)| Adjustment {
        amount: negative(*part),
        ..adjustment.clone()
    };
    ReturnLine {
        number,
        original: Some(line.number),
        item: line.item.clone(),
        units: share.units,
        quantity: Quantity::from_milli(-milli),
        list: negative(share.list),
        amount: negative(share.amount),
        tax: negative(share.tax),
        adjustments: line.adjustments.iter().zip(&share.adjustments).map(back).collect(),
    }
}

/// What the shares carry of each tender.
fn tenders_of(order: &Order, shares: &[Share]) -> Vec<Money> {
    let of = |place: usize| shares.iter().filter_map(move |share| share.tenders.get(place));
    let sum = |place: usize| of(place).map(|part| part.minor()).sum();
    (0..order.tenders.len()).map(|place| Money::from_minor(sum(place))).collect()
}

/// What earlier returns held back of each tender for gifts that were kept, and for used grants.
fn held_back(
    order: &Order,
    before: &[u32],
    earlier: &[ReturnOrder],
) -> Result<Vec<Money>, ReturnRefusal> {
    let none = vec![0; order.lines.len()];
    let mut held = tenders_of(order, &shares(order, &none, before));
    for refund in earlier.iter().flat_map(|one| &one.refunds) {
        let place = refund.tender.and_then(|number| usize::from(number).checked_sub(1));
        let sum = place.and_then(|place| held.get_mut(place)).ok_or(ReturnRefusal::History)?;
        *sum = sum.plus(refund.amount)?;
    }
    let holds = held.iter().all(|part| *part >= Money::ZERO);
    if holds { Ok(held) } else { Err(ReturnRefusal::History) }
}

/// What goes back in each tender: what the units carried of it, less what is held back for gifts
/// now, or with what had been held back.
fn refunds(
    order: &Order,
    carried: &[Money],
    charged: Money,
    held: &[Money],
) -> Result<Vec<Refund>, ReturnRefusal> {
    let missing = charged.minus(Money::sum(carried.iter().copied())?)?;
    if missing > Money::ZERO {
        return Err(ReturnRefusal::Gift { missing });
    }
    let from = if charged > Money::ZERO { carried } else { held };
    let weights: Vec<i64> = from.iter().map(|part| part.minor()).collect();
    let mut refunds = Vec::new();
    let parts = carried.iter().zip(charged.allocate(&weights));
    for (((part, held), tender), number) in parts.zip(&order.tenders).zip(1..) {
        let amount = negative(part.minus(held)?);
        if amount != Money::ZERO {
            refunds.push(Refund { tender: Some(number), kind: tender.kind, amount });
        }
    }
    Ok(refunds)
}

/// Refunds without what is held back for used grants, by what goes back in each tender.
fn without(refunds: Vec<Refund>, held: Money) -> Result<Vec<Refund>, ReturnRefusal> {
    let weights: Vec<i64> = refunds.iter().map(|refund| -refund.amount.minor()).collect();
    let mut left = Vec::new();
    for (refund, held) in refunds.into_iter().zip(held.allocate(&weights)) {
        let amount = refund.amount.plus(held)?;
        if amount != Money::ZERO {
            left.push(Refund { amount, ..refund });
        }
    }
    Ok(left)
}

/// The coupons that took something, each once.
fn codes(order: &Order) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for adjustment in order.lines.iter().flat_map(|line| &line.adjustments) {
        match &adjustment.source {
            Source::Coupon { code, .. } if !codes.contains(code) => codes.push(code.clone()),
            Source::Coupon { .. } | Source::Rule(_) | Source::Manual { .. } => {}
        }
    }
    codes
}
