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
    tender::{
        CASH_MINOR_MAX, CashRounding, Settlement, TENDERS_MAX, Tender, TenderKind, TenderRefusal,
        settle,
    },
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
    let stays = refunds.iter().zip(&kept).filter(|(_, kept)| **kept > Money::ZERO);
    let tender = |(refund, kept): (&Refund, &Money)| Tender { kind: refund.kind, amount: *kept };
    let mut tenders: Vec<Tender> = stays.map(tender).collect();
    join(&mut tenders, TENDERS_MAX.saturating_sub(added.len()));
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

/// Joins tenders of one kind until there are at most so many. Until then two cards stay two, so that
/// each gets its own money back later; and no tender becomes larger than a till takes.
fn join(tenders: &mut Vec<Tender>, most: usize) {
    while tenders.len() > most {
        let pairs =
            (1..tenders.len()).flat_map(|later| (0..later).map(move |first| (first, later)));
        let fits = |(first, later): &(usize, usize)| {
            let (first, later) = (tenders.get(*first)?, tenders.get(*later)?);
            let sum = first.amount.plus(later.amount).ok()?;
            (first.kind == later.kind && sum.minor() <= CASH_MINOR_MAX).then_some(sum)
        };
        // Cash is cash, whoever's it was.
        let is_cash = |(first, _): &(usize, usize)| {
            tenders.get(*first).is_some_and(|tender| tender.kind == TenderKind::Cash)
        };
        let joins: Vec<_> = pairs.filter(|pair| fits(pair).is_some()).collect();
        let Some(pair) = joins.iter().find(|pair| is_cash(pair)).or_else(|| joins.first()) else {
            return;
        };
        let (sum, (first, later)) = (fits(pair), *pair);
        if let (Some(tender), Some(sum)) = (tenders.get_mut(first), sum) {
            tender.amount = sum;
        }
        tenders.remove(later);
    }
}
