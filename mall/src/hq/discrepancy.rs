//! Orders for which other houses gave otherwise than the orders say.
//!
//! **Invariant:** reads only; what it costs is told in yuan, made from whole fen.

use domain::{money::Money, tender::TenderKind};
use sync::wire::KIND_ORDER;

use super::shapes::TroubleShape;
use crate::db::discrepancies::{Discrepancy, DiscrepancyRow};

/// A discrepancy as one of a store's troubles.
pub(super) fn trouble(row: DiscrepancyRow) -> TroubleShape {
    let DiscrepancyRow { order, receipt_number, is_undone, seq, found, found_at } = row;
    let (kind, what) = (KIND_ORDER.to_owned(), "discrepancy".to_owned());
    let reason = format!("{receipt_number}: {}", sentence(&found, is_undone));
    TroubleShape { id: order, what, reason, seq, kind, received_at: found_at.to_string() }
}

fn sentence(Discrepancy { kind, said, held }: &Discrepancy, is_undone: bool) -> String {
    let kind_word = kind.word();
    let (n, amount) = (held.n, held.amount);
    let here = match kind {
        TenderKind::Voucher => format!("{n} vouchers worth {amount} are used"),
        TenderKind::Cash
        | TenderKind::Card
        | TenderKind::Wechat
        | TenderKind::Alipay
        | TenderKind::Balance => {
            format!("{n} payments of {amount} are paid")
        }
    };
    let cost = Money::from_minor(held.amount.minor().saturating_sub(said.amount.minor()));
    if is_undone {
        return format!("it was undone, and {here} by {kind_word}: {cost} is still to go back");
    }
    let said = format!("it says {} by {kind_word} in {} tenders, and {here}", said.amount, said.n);
    if cost < Money::ZERO {
        let missing = Money::from_minor(cost.minor().saturating_neg());
        format!("{said}: {missing} is missing")
    } else {
        format!("{said}: {cost} more than the order says")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::discrepancies::Sum;

    #[test]
    fn a_sentence_says_both_sides_and_what_it_costs() {
        let sum = |n: i64, fen: i64| Sum { n, amount: Money::from_minor(fen) };
        let table = [
            (
                (TenderKind::Wechat, sum(1, 1_299), sum(0, 0), false),
                "it says 12.99 by wechat in 1 tenders, and 0 payments of 0.00 are paid: 12.99 is \
                 missing",
            ),
            (
                (TenderKind::Alipay, sum(1, 1_000), sum(2, 2_000), false),
                "it says 10.00 by alipay in 1 tenders, and 2 payments of 20.00 are paid: 10.00 \
                 more than the order says",
            ),
            (
                (TenderKind::Voucher, sum(0, 0), sum(1, 5_000), true),
                "it was undone, and 1 vouchers worth 50.00 are used by voucher: 50.00 is still to \
                 go back",
            ),
        ];
        for ((kind, said, held, is_undone), expected) in table {
            assert_eq!(sentence(&Discrepancy { kind, said, held }, is_undone), expected);
        }
    }
}
