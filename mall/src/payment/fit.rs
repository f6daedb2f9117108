//! Whether a question fits what is held.
//!
//! **Invariant:** decisions from values only.

use domain::{
    money::Money,
    payment::{PaymentMethod, PaymentState},
    time::Timestamp,
};
use sync::wire::{ChargeV1, PAYMENT_CODE_CHARS_MAX, RefundAskV1, SUBJECT_CHARS_MAX};

use super::PaymentError;
use crate::db::payments::{PaymentRow, Purpose};

/// What one payment may come to: ten million yuan, as one article may.
const PAYMENT_MINOR_MAX: i64 = 1_000_000_000;
/// WeChat undoes nothing sooner after it was charged.
const REVERSE_MS_MIN: i64 = 15_000;
/// The word for a refund of what is not paid.
pub(super) const NOT_PAID: &str = "not-paid";
/// The word for a refund of more than is left.
pub(super) const TOO_MUCH: &str = "too-much";

/// An amount that can be charged or given back.
pub(super) fn amount(amount: Money) -> Result<(), PaymentError> {
    match amount.minor() {
        1..=PAYMENT_MINOR_MAX => Ok(()),
        _ => Err(PaymentError::Malformed("the amount is none that can be paid")),
    }
}

fn text(text: &str, chars_max: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
}

/// What a charge is for, if it can be asked for at all.
pub(super) fn charge(charge: &ChargeV1) -> Result<Purpose, PaymentError> {
    amount(charge.amount_minor)?;
    let is_code = (1..=PAYMENT_CODE_CHARS_MAX).contains(&charge.code.len())
        && charge.code.bytes().all(|byte| byte.is_ascii_digit());
    if !is_code {
        return Err(PaymentError::Malformed("the code has other signs than digits"));
    }
    if !text(&charge.subject, SUBJECT_CHARS_MAX) {
        return Err(PaymentError::Malformed("the subject is empty or too long"));
    }
    let ChargeV1 { order, method, amount_minor, .. } = *charge;
    Ok(Purpose { order, method, amount: amount_minor })
}

/// Whether a refund can be asked for at all.
pub(super) fn refund(ask: &RefundAskV1) -> Result<(), PaymentError> {
    amount(ask.amount_minor)?;
    if !text(&ask.reason, SUBJECT_CHARS_MAX) {
        return Err(PaymentError::Malformed("the reason is empty or too long"));
    }
    Ok(())
}

/// What becomes of a refund when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refundable {
    /// It is asked for.
    Yes,
    /// It never will be; why, in one word.
    No(&'static str),
    /// It is not known whether there is anything to give back.
    Undecided,
}

/// Whether so much of a payment can go back, after what went back before.
pub(super) fn refundable(state: PaymentState, paid: Money, back: Money, more: Money) -> Refundable {
    match state {
        PaymentState::Sent | PaymentState::Paying | PaymentState::Reversing => {
            Refundable::Undecided
        }
        PaymentState::Refused | PaymentState::Reversed => Refundable::No(NOT_PAID),
        PaymentState::Paid => match back.plus(more) {
            Ok(all) if all <= paid => Refundable::Yes,
            Ok(_) | Err(_) => Refundable::No(TOO_MUCH),
        },
    }
}

/// From when on a house may be asked to undo a payment. One that seems to be charged in time to come
/// was charged before the clock stepped back: its house knows better.
pub(super) fn reversible_at(row: &PaymentRow, now: Timestamp) -> Timestamp {
    match row.purpose.method {
        PaymentMethod::Wechat if row.made_at <= now => row.made_at.plus_ms(REVERSE_MS_MIN),
        PaymentMethod::Wechat => now,
        PaymentMethod::Alipay => row.made_at.min(now),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_a_charge_that_can_be_is_asked_for() {
        let good = ChargeV1 {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Wechat,
            amount_minor: Money::from_minor(1_299),
            code: "134567890123456789".into(),
            subject: "门店消费".into(),
        };
        let with = |change: &dyn Fn(&mut ChargeV1)| {
            let mut one = good.clone();
            change(&mut one);
            charge(&one).is_ok()
        };
        assert!(with(&|_| ()));
        let bad: [&dyn Fn(&mut ChargeV1); 8] = [
            &|one| one.amount_minor = Money::ZERO,
            &|one| one.amount_minor = Money::from_minor(-1),
            &|one| one.amount_minor = Money::from_minor(PAYMENT_MINOR_MAX + 1),
            &|one| one.code.clear(),
            &|one| one.code = "1".repeat(PAYMENT_CODE_CHARS_MAX + 1),
            &|one| one.code = "13456789012345678x".into(),
            &|one| one.subject = " ".into(),
            &|one| one.subject = "a\nb".into(),
        ];
        for (place, change) in bad.into_iter().enumerate() {
            assert!(!with(change), "change {place}");
        }
    }

    #[test]
    fn no_more_goes_back_than_was_paid_and_only_of_what_is_known_to_be_paid() {
        use PaymentState::{Paid, Paying, Refused, Reversed, Reversing, Sent};
        use Refundable::{No, Undecided, Yes};
        let fen = Money::from_minor;
        let table = [
            (Paid, 0, 100, Yes),
            (Paid, 40, 60, Yes),
            (Paid, 40, 61, No(TOO_MUCH)),
            (Paid, 100, 1, No(TOO_MUCH)),
            (Paid, i64::MAX, 1, No(TOO_MUCH)),
            (Sent, 0, 1, Undecided),
            (Paying, 0, 1, Undecided),
            (Reversing, 0, 1, Undecided),
            (Refused, 0, 1, No(NOT_PAID)),
            (Reversed, 0, 1, No(NOT_PAID)),
        ];
        for (state, back, more, expected) in table {
            let found = refundable(state, fen(100), fen(back), fen(more));
            assert_eq!(found, expected, "{state:?}, {back} back, {more} more");
        }
    }
}
