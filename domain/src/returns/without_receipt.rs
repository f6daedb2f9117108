//! Goods that come back without a receipt (无小票退货).
//!
//! Nobody knows what was paid, so they are worth what they would cost today with every promotion
//! that needs nobody and no coupon, and no more than the policy allows.

use super::{
    DeliveryPolicy, GiftPolicy, GrantPolicy, Refund, ReturnOrder, ReturnPolicy, ReturnRefusal,
    Returning, Wish, give_back,
};
use crate::{
    cart::Cart,
    money::Money,
    order::{CompleteRefusal, Completion, complete},
    pricing::{Occasion, PriceBook, Quote},
    tender::{CashRounding, Tender},
};

/// Goods on the counter and what they would cost today.
#[derive(Clone, Copy, Debug)]
pub struct LooseGoods<'a> {
    /// The goods, as if they were being bought.
    pub cart: &'a Cart,
    /// Today's rules.
    pub book: &'a PriceBook,
    /// Today's quote for them. For a shopper who is not known: it must take no points.
    pub quote: &'a Quote,
    /// The circumstances of that quote.
    pub occasion: &'a Occasion,
    /// What was given back without a receipt on this business date already, more than nothing.
    pub today: Money,
}

/// Takes goods back that nobody can show a receipt for.
pub fn give_back_without_receipt(
    goods: LooseGoods<'_>,
    policy: &ReturnPolicy,
    returning: Returning,
) -> Result<ReturnOrder, ReturnRefusal> {
    let limits = policy.without_receipt.ok_or(ReturnRefusal::NoReceipt)?;
    let total = goods.quote.total;
    let of_day = limits.day_amount_max_minor.minus(goods.today)?.max(Money::ZERO);
    let left = limits.amount_max_minor.min(of_day);
    if total > left || goods.quote.points_spent != 0 {
        return Err(ReturnRefusal::Limit { left });
    }
    let tender = Tender { kind: limits.tender, amount: total };
    let tenders = if total == Money::ZERO { Vec::new() } else { vec![tender] };
    let completion = Completion {
        receipt_number: returning.receipt_number.clone(),
        operator: returning.operator.clone(),
        member: None,
        completed_at: returning.completed_at,
        rounding: CashRounding::None,
        occasion: goods.occasion.clone(),
    };
    // As if they had been sold a moment ago, and all of it came back.
    let sold =
        complete(goods.cart, goods.book, goods.quote, &tenders, completion).map_err(|refusal| {
            match refusal {
                CompleteRefusal::Empty => ReturnRefusal::Nothing,
                CompleteRefusal::Tender(refusal) => ReturnRefusal::Tender(refusal),
                CompleteRefusal::Quote(fault) => ReturnRefusal::Order(fault),
            }
        })?;
    let all =
        |line: &crate::order::OrderLine| Wish { number: line.number, quantity: line.quantity };
    let wishes: Vec<Wish> = sold.lines.iter().map(all).collect();
    let whole = ReturnPolicy {
        gifts: GiftPolicy::Kept,
        grants: GrantPolicy::Kept,
        delivery: DeliveryPolicy::WithLastUnit,
        ..*policy
    };
    let mut back = give_back(&sold, &[], &wishes, &whole, returning)?;
    back.original = None;
    back.points_earned = 0;
    back.coupons.clear();
    back.lines.iter_mut().for_each(|line| line.original = None);
    let anonymous = |refund: Refund| Refund { tender: None, ..refund };
    back.refunds = back.refunds.into_iter().map(anonymous).collect();
    Ok(back)
}
