//! What becomes of grants when the goods that earned them come back (返券, 返现, 停车).
//!
//! As with gifts the state decides and never the way to it: so much of a grant is still earned by
//! what the shopper keeps, and the rest is taken. What nobody has used yet is void; what was used
//! already is held back of the money that goes back, as far as it goes.
//!
//! **Invariant:** of a grant never more is void or held back than was granted, and a return never
//! asks for money.

use super::{GrantPolicy, ReturnOrder, ReturnRefusal, share::kept};
use crate::{
    money::Money,
    order::{Order, Source},
    pricing::rule::Grant,
};

/// What was used of a grant so far, as whoever honours it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantUse {
    /// The grant's number in the order, from 1.
    pub number: u16,
    /// Coupons, times of parking, or fen of a cashback that was paid out.
    pub used: i64,
    /// What that was worth to the shopper, in money.
    pub worth: Money,
}

/// What a return takes of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantBack {
    /// The grant's number in the original, from 1.
    pub number: u16,
    /// Who had brought it.
    pub source: Source,
    /// What it is.
    pub what: Grant,
    /// Void from now on: coupons, times of parking, or fen of a cashback.
    pub voided: i64,
    /// Held back for what was used already. It carries no tax: nothing was sold for it.
    pub charge: Money,
}

/// What a return takes of the grants, when so much money goes back before that.
pub(super) fn backs(
    order: &Order,
    after: &[u32],
    earlier: &[ReturnOrder],
    used: &[GrantUse],
    policy: GrantPolicy,
    mut left: Money,
) -> Result<Vec<GrantBack>, ReturnRefusal> {
    if policy == GrantPolicy::Kept {
        return Ok(Vec::new());
    }
    let kept = kept(order, after);
    let mut backs = Vec::new();
    for (number, grant) in (1..).zip(&order.grants) {
        let before = earlier.iter().flat_map(|one| &one.grants);
        let before = before.filter(|back| back.number == number);
        let (mut voided, mut charged) = (0_i64, Money::ZERO);
        for back in before {
            voided = voided.saturating_add(back.voided);
            charged = charged.plus(back.charge)?;
        }
        let unused = GrantUse { number, used: 0, worth: Money::ZERO };
        let used = used.iter().copied().find(|one| one.number == number).unwrap_or(unused);
        let is_known = used.used >= 0
            && used.worth >= Money::ZERO
            && voided.saturating_add(used.used) <= grant.granted();
        if !is_known {
            return Err(ReturnRefusal::History);
        }
        let lost = grant.granted() - grant.earned_by(&kept);
        let void = lost.min(grant.granted() - used.used).max(voided);
        let charge = match policy {
            GrantPolicy::HeldBack => worth_of(lost - void, used).minus(charged)?,
            GrantPolicy::Voided | GrantPolicy::Kept => Money::ZERO,
        };
        let charge = charge.max(Money::ZERO).min(left);
        left = left.minus(charge)?;
        if void > voided || charge > Money::ZERO {
            let (source, what) = (grant.source.clone(), grant.what.clone());
            backs.push(GrantBack { number, source, what, voided: void - voided, charge });
        }
    }
    Ok(backs)
}

/// What so much of a used grant was worth, a part of a fen for the shopper.
fn worth_of(lost: i64, used: GrantUse) -> Money {
    let lost = lost.clamp(0, used.used);
    let worth = i128::from(used.worth.minor()) * i128::from(lost);
    // Not more than the whole worth, which fits.
    Money::from_minor(i64::try_from(worth / i128::from(used.used.max(1))).unwrap_or(0))
}
