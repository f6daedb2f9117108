//! The immutable record of what came back: an order of negative lines.
//!
//! **Invariant:** made once and never edited. `check` holds for every return that was made here.

use super::GrantBack;
use crate::{
    cart::LineItem,
    id::OrderId,
    money::{Money, MoneyOverflow},
    order::{Adjustment, OrderFault},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::TenderKind,
    time::Timestamp,
};

/// A completed return: an order of negative lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnOrder {
    /// Its id.
    pub id: OrderId,
    /// Its own number.
    pub receipt_number: ReceiptNumber,
    /// The operator's number.
    pub operator: String,
    /// When.
    pub completed_at: Timestamp,
    /// The order that the goods are from; none without a receipt.
    pub original: Option<OrderId>,
    /// What came back.
    pub lines: Vec<ReturnLine>,
    /// What kept gifts cost now, or no longer cost.
    pub charges: Vec<GiftCharge>,
    /// What becomes of what the order had brought beside its goods.
    pub grants: Vec<GrantBack>,
    /// What is given back of delivery: at most nothing.
    pub delivery: Money,
    /// Sum of the lines, of the charges for gifts and grants, and delivery. Where cash rounding had
    /// gone up and charges take all that would go back, they take that too: then it is above nothing
    /// by that rounding. What is never above nothing is `due`.
    pub total: Money,
    /// The units' part of the cash rounding, with its sign turned.
    pub rounding: Money,
    /// How the money goes back: `total + rounding` in all.
    pub refunds: Vec<Refund>,
    /// Points that had paid and go back to the member: at most 0.
    pub points_spent: i64,
    /// Points that had been earned and are taken back: at most 0.
    pub points_earned: i64,
    /// Coupons that may be used again, by their numbers.
    pub coupons: Vec<String>,
}

/// One line of a return. All its amounts have the sign of the sale turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// 1, 2, 3 … in this return.
    pub number: u16,
    /// The line's number in the original; none without a receipt.
    pub original: Option<u16>,
    /// What came back.
    pub item: LineItem,
    /// How many units.
    pub units: u32,
    /// How many or how heavy, below zero.
    pub quantity: Quantity,
    /// Before reductions.
    pub list: Money,
    /// What had been paid for it.
    pub amount: Money,
    /// The tax inside `amount`.
    pub tax: Money,
    /// What reductions had taken, in the order of the original line.
    pub adjustments: Vec<Adjustment>,
}

/// The value of gifts, and of other units that were given for goods, that the shopper keeps although
/// those goods came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiftCharge {
    /// The gift's line number in the original.
    pub number: u16,
    /// Held back; below zero when the gift came back after all.
    pub amount: Money,
    /// The tax inside `amount`.
    pub tax: Money,
}

/// Money that goes back the way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The tender's number in the original, from 1; none without a receipt.
    pub tender: Option<u16>,
    /// Which way.
    pub kind: TenderKind,
    /// How much, below zero.
    pub amount: Money,
}

impl ReturnOrder {
    /// What goes back in all: `total + rounding`, at most nothing.
    pub fn due(&self) -> Result<Money, MoneyOverflow> {
        self.total.plus(self.rounding)
    }

    /// Checks that every sum holds to the fen.
    pub fn check(&self) -> Result<(), OrderFault> {
        if self.lines.is_empty() {
            return Err(OrderFault::NoLines);
        }
        if !self.lines.iter().map(|line| line.number).eq((1..).take(self.lines.len())) {
            return Err(OrderFault::Numbers);
        }
        for line in &self.lines {
            let taken = Money::sum(line.adjustments.iter().map(|adjustment| adjustment.amount))?;
            if line.list.minus(taken)? != line.amount {
                return Err(OrderFault::Adjustments);
            }
            if line.units == 0 || line.quantity.milli() >= 0 || line.amount > Money::ZERO {
                return Err(OrderFault::Units);
            }
            if !(line.amount..=Money::ZERO).contains(&line.tax) {
                return Err(OrderFault::Tax);
            }
        }
        let amounts = Money::sum(self.lines.iter().map(|line| line.amount))?;
        let charged = Money::sum(self.charges.iter().map(|charge| charge.amount))?;
        let charged = charged.plus(Money::sum(self.grants.iter().map(|back| back.charge))?)?;
        if self.grants.iter().any(|back| back.voided < 0 || back.charge < Money::ZERO) {
            return Err(OrderFault::Grants);
        }
        if amounts.plus(charged)?.plus(self.delivery)? != self.total || self.delivery > Money::ZERO
        {
            return Err(OrderFault::Lines);
        }
        let refunded = Money::sum(self.refunds.iter().map(|refund| refund.amount))?;
        let is_back = self.refunds.iter().all(|refund| refund.amount < Money::ZERO);
        if refunded != self.due()? || !is_back {
            return Err(OrderFault::Tenders);
        }
        if self.points_spent > 0 || self.points_earned > 0 {
            return Err(OrderFault::Points);
        }
        Ok(())
    }
}
