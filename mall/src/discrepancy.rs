//! Whether what other houses gave for an order is what the order says (对账差异).
//!
//! | way of paying | the order says | the mall holds |
//! | --- | --- | --- |
//! | `wechat`, `alipay` | the sum of its tenders | the sum of its payments that are paid |
//! | `voucher` | one tender for each voucher | its vouchers that are used, worth no less |
//! | of an undone order | nothing | nothing: no payment that was not given back, no voucher used |
//!
//! Looked at when an order or its post-void is processed, and again whenever a payment, a refund
//! or a redemption of an order that is held comes to an end. While one of a way of paying is
//! undecided, nothing is said of that way: its end brings the next look.
//!
//! **Invariant:** whatever it finds, the order stands. A row is there exactly as long as the two
//! were last seen to disagree.

use domain::{
    id::OrderId,
    money::Money,
    payment::{PaymentMethod, PaymentState},
    redemption::RedemptionState,
    tender::TenderKind,
    time::Timestamp,
};
use sync::replica::StoreId;
use tracing::{info, warn};

use crate::db::{
    self, Conn, DbError, Tx,
    discrepancies::{self, Discrepancy, Sum},
    orders_read,
    payments::{self, PaymentRow},
    post_voids,
    redemptions::{self, RedemptionRow},
    refunds, sums,
};

/// The ways of paying that other houses settle.
const KINDS: [TenderKind; 3] = [TenderKind::Wechat, TenderKind::Alipay, TenderKind::Voucher];

/// What came of looking at an order, for the log after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The two disagree, or do so otherwise than before.
    Found(OrderId, Discrepancy),
    /// They agree again.
    Mended(OrderId, TenderKind),
}

/// Looks at an order and writes down where the two disagree. An order that is not held has
/// nothing to say yet.
pub(crate) async fn look(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
    now: Timestamp,
) -> Result<Vec<Change>, DbError> {
    if orders_read::head(tx, store, order).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut paid = Vec::new();
    // Locked first: whoever settles one now looks at the order after us.
    for payment in payments::of_order(tx, store, order).await? {
        let refunded = refunds::sum(tx, store, payment.id).await?;
        paid.push((payment, refunded));
    }
    let vouchers = redemptions::of_order(tx, store, order).await?;
    let is_undone = post_voids::of_order(tx, store, order).await?.is_some();
    let tenders = match is_undone {
        true => Vec::new(),
        false => sums::tendered(tx, store, order).await?,
    };
    let before = discrepancies::of_order(tx, store, order).await?;
    let mut changes = Vec::new();
    for kind in KINDS {
        let said = tenders.iter().find(|(of, ..)| *of == kind);
        let said = said.map_or(Sum::default(), |(_, n, amount)| Sum { n: *n, amount: *amount });
        let known = before.iter().find(|known| known.kind == kind);
        let held = match kind {
            TenderKind::Voucher => used(&vouchers),
            TenderKind::Wechat | TenderKind::Alipay => taken(&paid, kind, is_undone),
            TenderKind::Cash | TenderKind::Card | TenderKind::Balance => None,
        };
        let Some(held) = held else { continue };
        let found = Discrepancy { kind, said, held };
        match (agrees(&found), known) {
            (true, None) => {}
            (true, Some(_)) => {
                discrepancies::remove(tx, store, order, kind).await?;
                changes.push(Change::Mended(order, kind));
            }
            (false, Some(known)) if *known == found => {}
            (false, _) => {
                discrepancies::put(tx, store, order, &found, now).await?;
                changes.push(Change::Found(order, found));
            }
        }
    }
    Ok(changes)
}

/// Commits what was heard of a payment, refund or redemption of an order, and looks at the order
/// where that one came to stand otherwise.
pub(crate) async fn commit(
    mut tx: Tx,
    doing: &'static str,
    (store, order): (StoreId, OrderId),
    has_moved: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let mut changes = Vec::new();
    if has_moved {
        changes = look(&mut tx, store, order, now).await?;
    }
    db::commit(tx, doing).await?;
    tell(store, &changes);
    Ok(())
}

/// Log lines for those who should come.
pub(crate) fn tell(store: StoreId, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Found(order, found) => warn!(
                store.id = %store, order.id = %order, kind = found.kind.word(),
                said = %found.said.amount, held = %found.held.amount,
                "What other houses gave for an order is not what it says"
            ),
            Change::Mended(order, kind) => info!(
                store.id = %store, order.id = %order, kind = kind.word(),
                "What other houses gave for an order is what it says"
            ),
        }
    }
}

/// Whether an order and what is held for it say the same.
fn agrees(Discrepancy { kind, said, held }: &Discrepancy) -> bool {
    match kind {
        // What a voucher is worth beyond what it covered is lost, so it may be worth more.
        TenderKind::Voucher => said.n == held.n && said.amount <= held.amount,
        TenderKind::Wechat
        | TenderKind::Alipay
        | TenderKind::Cash
        | TenderKind::Card
        | TenderKind::Balance => said.amount == held.amount,
    }
}

/// What is paid of an order by one house; `None` while that is open. Beside each payment stands
/// what was given back of it: of an order that stands that belongs to its returns, of an undone
/// one it is how the money went back.
fn taken(payments: &[(PaymentRow, Money)], kind: TenderKind, is_undone: bool) -> Option<Sum> {
    let mut sum = Sum::default();
    for (payment, refunded) in payments {
        let by = match payment.purpose.method {
            PaymentMethod::Wechat => TenderKind::Wechat,
            PaymentMethod::Alipay => TenderKind::Alipay,
        };
        if by != kind {
            continue;
        }
        let amount = match payment.state {
            PaymentState::Sent | PaymentState::Paying | PaymentState::Reversing => return None,
            PaymentState::Refused | PaymentState::Reversed => continue,
            PaymentState::Paid if is_undone => less(payment.purpose.amount, *refunded),
            PaymentState::Paid => payment.purpose.amount,
        };
        if amount > Money::ZERO {
            sum = plus(sum, amount);
        }
    }
    Some(sum)
}

/// Vouchers of an order that are used, and what they are worth; `None` while that is open. A
/// coupon that reduces is worth nothing here.
fn used(redemptions: &[RedemptionRow]) -> Option<Sum> {
    let mut sum = Sum::default();
    for redemption in redemptions {
        let worth = worth(redemption);
        if worth == Money::ZERO {
            continue;
        }
        match redemption.state {
            RedemptionState::Pending | RedemptionState::Reversing => return None,
            RedemptionState::LookedUp | RedemptionState::Refused | RedemptionState::Reversed => {}
            // What its house does not take back stays used.
            RedemptionState::Redeemed | RedemptionState::Kept => sum = plus(sum, worth),
        }
    }
    Some(sum)
}

/// What was wished for is worth, in fen.
fn worth(redemption: &RedemptionRow) -> Money {
    let Some(wish) = &redemption.wish else { return Money::ZERO };
    let offer = redemption.offers.get(usize::from(wish.offer));
    let one = offer.map_or(0, |offer| offer.worth_minor.minor());
    Money::from_minor(one.saturating_mul(i64::from(wish.count)))
}

fn plus(sum: Sum, amount: Money) -> Sum {
    let amount = sum.amount.minor().saturating_add(amount.minor());
    Sum { n: sum.n.saturating_add(1), amount: Money::from_minor(amount) }
}

fn less(amount: Money, refunded: Money) -> Money {
    Money::from_minor(amount.minor().saturating_sub(refunded.minor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(n: i64, fen: i64) -> Sum {
        Sum { n, amount: Money::from_minor(fen) }
    }

    #[test]
    fn payments_agree_to_the_fen_and_vouchers_one_by_one_and_up_to_their_worth() {
        use TenderKind::{Alipay, Voucher, Wechat};
        let table = [
            (Wechat, sum(0, 0), sum(0, 0), true),
            (Wechat, sum(1, 1_299), sum(1, 1_299), true),
            // Two codes of one shopper may be one row of the order.
            (Alipay, sum(1, 1_299), sum(2, 1_299), true),
            (Wechat, sum(1, 1_299), sum(1, 1_298), false),
            (Wechat, sum(1, 1_299), sum(0, 0), false),
            (Alipay, sum(0, 0), sum(1, 1), false),
            (Voucher, sum(0, 0), sum(0, 0), true),
            (Voucher, sum(1, 5_000), sum(1, 5_000), true),
            (Voucher, sum(1, 4_200), sum(1, 5_000), true),
            (Voucher, sum(1, 5_001), sum(1, 5_000), false),
            (Voucher, sum(1, 5_000), sum(2, 10_000), false),
            (Voucher, sum(0, 0), sum(1, 5_000), false),
            (Voucher, sum(1, 5_000), sum(0, 0), false),
        ];
        for (kind, said, held, expected) in table {
            let found = Discrepancy { kind, said, held };
            assert_eq!(agrees(&found), expected, "{found:?}");
        }
    }
}
