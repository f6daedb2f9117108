//! A return and a new order together (换货): only the difference moves.
//!
//! Money that would go back pays for the new order in the way in which it had come: what was paid
//! by card stays on the card and is a card tender of the new order. So both documents are whole,
//! and a later return of the new goods finds its way back to that card.
//!
//! **Invariant:** what is kept and what goes back are together what the return gives back.

use super::{Refund, negative};
use crate::{
    money::Money,
    tender::{CashRounding, Settlement, TENDERS_MAX, Tender, TenderKind, TenderRefusal, settle},
};

/// How an exchange is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The tenders of the new order: what stays of the return, then what the shopper adds.
    pub tenders: Vec<Tender>,
    /// How they cover it.
    pub settlement: Settlement,
    /// The part of each refund that stays, below zero.
    pub kept: Vec<Refund>,
    /// The part of each refund that truly goes back, below zero.
    pub back: Vec<Refund>,
}

/// Settles a new total with what a return gives back and what the shopper adds.
///
/// What came by card pays first, then what the shopper adds by card, then cash that would go back,
/// then the shopper's cash. The rules are those of `settle`: change from cash alone, nothing else
/// gives more than is due, and cash is rounded.
pub fn exchange(
    refunds: &[Refund],
    total: Money,
    added: &[Tender],
    rounding: CashRounding,
) -> Result<Exchange, TenderRefusal> {
    let is_cash = |kind: TenderKind| kind == TenderKind::Cash;
    let by_card = Money::sum(added.iter().filter(|t| !is_cash(t.kind)).map(|t| t.amount))?;
    let mut left = total.minus(by_card)?;
    if left < Money::ZERO {
        return Err(TenderRefusal::OverTender);
    }
    let mut kept = vec![Money::ZERO; refunds.len()];
    for (part, refund) in kept.iter_mut().zip(refunds).filter(|(_, r)| !is_cash(r.kind)) {
        *part = negative(refund.amount).min(left);
        left = left.minus(*part)?;
    }
    // Cash covers the rest as cash does: rounded. Where nothing is left of it then, a fen still
    // shows that it is covered in cash, and comes back as change.
    if left > Money::ZERO {
        left = left.plus(rounding.of(left))?.max(Money::from_minor(1));
    }
    for (part, refund) in kept.iter_mut().zip(refunds).filter(|(_, r)| is_cash(r.kind)) {
        *part = negative(refund.amount).min(left);
        left = left.minus(*part)?;
    }
    let mut tenders = merged(refunds, &kept)?;
    tenders.extend_from_slice(added);
    if tenders.len() > TENDERS_MAX {
        return Err(TenderRefusal::TooMany);
    }
    let settlement = settle(total, &tenders, rounding)?;
    let part = |refund: &Refund, amount: Money| Refund { amount, ..*refund };
    let some = |refund: &Refund| refund.amount != Money::ZERO;
    let parts = || refunds.iter().zip(&kept);
    let mut back = Vec::new();
    for (refund, kept) in parts() {
        back.push(part(refund, refund.amount.plus(*kept)?));
    }
    Ok(Exchange {
        tenders,
        settlement,
        kept: parts().map(|(refund, kept)| part(refund, negative(*kept))).filter(some).collect(),
        back: back.into_iter().filter(some).collect(),
    })
}

/// What is kept as tenders, one of each kind.
fn merged(refunds: &[Refund], kept: &[Money]) -> Result<Vec<Tender>, TenderRefusal> {
    let mut tenders: Vec<Tender> = Vec::new();
    for (refund, kept) in refunds.iter().zip(kept).filter(|(_, kept)| **kept > Money::ZERO) {
        match tenders.iter_mut().find(|tender| tender.kind == refund.kind) {
            Some(tender) => tender.amount = tender.amount.plus(*kept)?,
            None => tenders.push(Tender { kind: refund.kind, amount: *kept }),
        }
    }
    Ok(tenders)
}
