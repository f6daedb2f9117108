//! An order, or that it was undone, as entries and uses; what does not fit is a case.
//!
//! | of an order | becomes |
//! | --- | --- |
//! | points earned, points spent | an entry each |
//! | tenders `balance` | an entry |
//! | a coupon `coupon:<id>` of its occasion | a use |
//!
//! **Invariant:** the same order again changes nothing. The first use of a coupon that came keeps
//! it; whatever came later stays sold, and is a case with what it cost.

use domain::{
    id::{CouponId, MemberId},
    lending::{Lent, Purse},
    money::Money,
    tender::TenderKind,
};
use sync::wire::{AdjustmentV1, OrderV1, PostVoidV1, SourceV1};
use tracing::warn;

use super::purse::{lend_and_tell, said};
use crate::db::{
    Conn, DbError,
    coupons::{self, Use},
    inbox::Sender,
    member_cases::{self, Case, CaseKind},
    members::{self, KnownIn},
    purses::{self, Entry, EntryKind},
};

/// How a coupon of the chain's own stands among the coupons of an occasion.
const COUPON: &str = "coupon:";

/// What an order did to its member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    earned: i64,
    points: i64,
    balance: i64,
}

impl Taken {
    fn of(order: &OrderV1) -> Self {
        let pricing = order.pricing.as_ref();
        let balance = order.tenders.iter().filter(|tender| tender.kind == TenderKind::Balance);
        let balance = balance.map(|tender| tender.amount_minor.minor());
        Self {
            earned: pricing.map_or(0, |pricing| pricing.points_earned),
            points: pricing.map_or(0, |pricing| pricing.points_spent),
            balance: balance.fold(0, i64::saturating_add),
        }
    }

    fn entries(self) -> [(Purse, EntryKind, i64); 3] {
        [
            (Purse::Points, EntryKind::Earned, self.earned),
            (Purse::Points, EntryKind::Spent, self.points.saturating_neg()),
            (Purse::Balance, EntryKind::Spent, self.balance.saturating_neg()),
        ]
    }
}

/// Takes what an order did to its member and to coupons; the answer is what does not fit.
pub(crate) async fn order(
    tx: &mut Conn,
    sender: &Sender,
    seq: i64,
    order: &OrderV1,
) -> Result<Vec<Case>, DbError> {
    purses::tell(tx, sender, order.completed_at).await?;
    let mut cases = Vec::new();
    for coupon in used_in(order) {
        cases.extend(use_coupon(tx, sender, order, coupon).await?);
    }
    cases.extend(enter(tx, sender, order).await?);
    let mut new = Vec::new();
    for mut case in cases {
        case.seq = seq;
        if member_cases::put(tx, &case).await? {
            new.push(case);
        }
    }
    Ok(new)
}

fn case(sender: &Sender, order: &OrderV1, kind: CaseKind, subject: String) -> Case {
    let (store, received_at) = (sender.store, sender.at);
    Case {
        store,
        order: order.id,
        kind,
        subject,
        cost: 0,
        reason: String::new(),
        seq: 0,
        received_at,
    }
}

async fn enter(tx: &mut Conn, sender: &Sender, order: &OrderV1) -> Result<Vec<Case>, DbError> {
    let taken = Taken::of(order);
    let Some(id) = order.member else {
        return Ok(nobodys(sender, order, taken));
    };
    let member = members::by_id(tx, id).await?.filter(|member| !member.is_gone);
    let mut cases = Vec::new();
    for (purse, kind, amount) in taken.entries() {
        if amount == 0 {
            continue;
        }
        let entry = Entry {
            store: sender.store,
            member: id,
            source: order.id.uuid(),
            purse,
            kind,
            amount,
            operator: order.operator.clone(),
            reason: String::new(),
            entered_at: order.completed_at,
            received_at: sender.at,
        };
        if !purses::insert(tx, &entry).await? || kind != EntryKind::Spent {
            continue;
        }
        let spent = amount.saturating_neg();
        let beyond = match &member {
            Some(_) => spend(tx, sender, (id, purse), spent).await?,
            None => spent,
        };
        if beyond > 0 {
            cases.push(beyond_case(sender, order, (purse, spent, beyond)));
        }
    }
    if member.is_some() {
        visit(tx, sender, id).await?;
    }
    Ok(cases)
}

/// Counts what a store spent of what it was lent; the answer is how much of it was not covered.
async fn spend(
    tx: &mut Conn,
    sender: &Sender,
    (id, purse): (MemberId, Purse),
    amount: i64,
) -> Result<i64, DbError> {
    let lent = purses::lent_to(tx, sender.store, id).await?;
    let mut lent = lent.into_iter().find(|(of, _)| *of == purse).map_or(Lent::NONE, |(_, l)| l);
    let before = lent.beyond();
    lent.spent = lent.spent.saturating_add(amount);
    let beyond = lent.beyond().saturating_sub(before);
    purses::put_lent(tx, (sender.store, id, purse), &lent).await?;
    Ok(beyond)
}

fn beyond_case(
    sender: &Sender,
    order: &OrderV1,
    (purse, spent, beyond): (Purse, i64, i64),
) -> Case {
    let kind = match purse {
        Purse::Points => CaseKind::PointsBeyond,
        Purse::Balance => CaseKind::BalanceBeyond,
    };
    let subject = order.member.map(|id| id.to_string()).unwrap_or_default();
    let reason = format!(
        "{} was sold for {}, and {} of it was not lent to this store; the receipt stands",
        order.receipt_number,
        said(purse, spent),
        said(purse, beyond)
    );
    Case { cost: beyond, reason, ..case(sender, order, kind, subject) }
}

/// What was spent without a member is covered by nobody.
fn nobodys(sender: &Sender, order: &OrderV1, taken: Taken) -> Vec<Case> {
    [(Purse::Points, taken.points), (Purse::Balance, taken.balance)]
        .into_iter()
        .filter(|(_, spent)| *spent > 0)
        .map(|(purse, spent)| beyond_case(sender, order, (purse, spent, spent)))
        .collect()
}

/// A store where a member bought knows them from then on.
async fn visit(tx: &mut Conn, sender: &Sender, id: MemberId) -> Result<(), DbError> {
    let mut known = members::stores_of(tx, id).await?;
    if !known.iter().any(|known| known.store == sender.store) {
        known.push(KnownIn { store: sender.store, is_home: false });
    }
    lend_and_tell(tx, id, &known, sender.at).await
}

/// Coupons of the chain's own that an order used.
fn used_in(order: &OrderV1) -> Vec<CouponId> {
    let shown = order.pricing.iter().flat_map(|pricing| &pricing.occasion.coupons);
    let own = shown.filter_map(|coupon| coupon.code.strip_prefix(COUPON)?.parse().ok());
    let mut used: Vec<CouponId> = own.collect();
    used.sort();
    used.dedup();
    used
}

/// What a coupon took off an order.
fn saved(order: &OrderV1, coupon: CouponId) -> Money {
    let code = format!("{COUPON}{coupon}");
    let of_lines = order.lines.iter().flat_map(|line| &line.adjustments);
    let of_delivery = order.delivery.iter().flat_map(|delivery| &delivery.adjustments);
    let is_its = |adjustment: &&AdjustmentV1| match &adjustment.source {
        SourceV1::Coupon { code: of, .. } => *of == code,
        SourceV1::Rule { .. } | SourceV1::Manual { .. } => false,
    };
    let took = of_lines.chain(of_delivery).filter(is_its).map(|a| a.amount_minor.minor());
    Money::from_minor(took.fold(0, i64::saturating_add))
}

async fn use_coupon(
    tx: &mut Conn,
    sender: &Sender,
    order: &OrderV1,
    coupon: CouponId,
) -> Result<Option<Case>, DbError> {
    let used = Use { store: sender.store, order: order.id, saved: saved(order, coupon) };
    let before = coupons::uses(tx, coupon).await?;
    if !coupons::put_use(tx, coupon, used).await? {
        return Ok(None);
    }
    let number = &order.receipt_number;
    let (kind, reason) = match before.first() {
        Some(first) => (
            CaseKind::CouponUsedTwice,
            format!(
                "{number} used a coupon that order {} had used before, and took {} yuan off; the \
                 receipt stands",
                first.order, used.saved
            ),
        ),
        None if coupons::is_issued(tx, coupon).await? => return Ok(None),
        None => (
            CaseKind::CouponUnknown,
            format!(
                "{number} used a coupon that was not issued here, and took {} yuan off; the \
                 receipt stands",
                used.saved
            ),
        ),
    };
    let case = case(sender, order, kind, coupon.to_string());
    Ok(Some(Case { cost: used.saved.minor(), reason, ..case }))
}

/// Takes back what an undone order did to its member and to coupons.
pub(crate) async fn post_void(
    tx: &mut Conn,
    sender: &Sender,
    told: &PostVoidV1,
) -> Result<(), DbError> {
    purses::tell(tx, sender, told.at).await?;
    let mut whose = None;
    for first in purses::of_source(tx, sender.store, told.order.uuid()).await? {
        whose = Some(first.member);
        let (purse, kind, member) = (first.purse, first.kind, first.member);
        let entry = Entry {
            source: told.id,
            amount: first.amount.saturating_neg(),
            operator: told.operator.clone(),
            reason: told.reason.clone(),
            entered_at: told.at,
            received_at: sender.at,
            ..first
        };
        let is_new = purses::insert(tx, &entry).await?;
        let is_known = members::by_id(tx, member).await?.is_some_and(|member| !member.is_gone);
        if is_new && is_known && kind == EntryKind::Spent {
            spend(tx, sender, (member, purse), entry.amount.saturating_neg()).await?;
        }
    }
    if let Some(id) = whose {
        let known = members::stores_of(tx, id).await?;
        lend_and_tell(tx, id, &known, sender.at).await?;
    }
    for coupon in coupons::undo(tx, sender.store, told.order).await? {
        if let Some(first) = coupons::uses(tx, coupon).await?.first() {
            let (place, subject) = ((first.store, first.order), coupon.to_string());
            member_cases::remove_one(tx, place, CaseKind::CouponUsedTwice, &subject).await?;
        }
    }
    member_cases::remove(tx, sender.store, told.order).await
}

/// Log lines for those who should come.
pub(crate) fn tell(cases: &[Case]) {
    for case in cases {
        warn!(
            store.id = %case.store, order.id = %case.order, what = case.kind.word(),
            cost = case.cost, "An order cost more than it should: {}", case.reason
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_order_did_is_three_entries_at_most() {
        let taken = Taken { earned: 12, points: 500, balance: 3_000 };
        let amounts = taken.entries().map(|(_, _, amount)| amount);
        assert_eq!(amounts, [12, -500, -3_000]);
        assert_eq!(said(Purse::Balance, 3_000), "30.00 yuan");
        assert_eq!(said(Purse::Points, 500), "500 points");
    }
}
