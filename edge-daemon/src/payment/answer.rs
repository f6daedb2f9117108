//! What the mall's answers mean for a payment, as values.
//!
//! **Invariant:** silence moves nothing, and what is decided moves no more.

use domain::{
    payment::{Heard, PaymentState},
    time::Timestamp,
};
use sync::wire::PaymentV1;

use crate::{
    rights::Payment,
    uplink::{mall::ANSWER_LIMIT, rights::Told},
};

/// What the mall was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To charge.
    Charge,
    /// How it stands.
    Standing,
    /// That it shall not be.
    Reversal,
}

/// Where a payment stands after an answer.
///
/// That nobody knows of it means something only once the charge must have arrived: a question may
/// overtake it.
pub(super) fn after(
    payment: &Payment,
    asked: Asked,
    told: &Told<PaymentV1>,
    now: Timestamp,
) -> PaymentState {
    let state = payment.state;
    match (told, asked) {
        // An answer that comes late changes nothing of what is known.
        _ if !state.is_undecided() => state,
        (Told::Says(says), _) if !is_of(payment, says) => state,
        (Told::Says(says), _) => match says.state {
            PaymentState::Sent => state,
            PaymentState::Paying => state.after(Heard::Paying),
            PaymentState::Paid => state.after(Heard::Paid),
            PaymentState::Refused => state.after(Heard::Refused),
            PaymentState::Reversed => state.after(Heard::Reversed),
            // The mall undoes by itself what takes too long.
            PaymentState::Reversing => state.reversing(),
        },
        // Not a byte of it has left, or it came to a mall that has no ear for it; and the code is
        // in nobody's hands any more.
        (Told::NeverLeft | Told::Unknown, Asked::Charge) => state.after(Heard::Reversed),
        (Told::Unknown, Asked::Standing) if may_be_on_its_way(payment, now) => state,
        // The mall never heard of it or does not take it; a reversal keeps a late one out.
        (Told::TurnedAway(_), Asked::Charge) | (Told::Unknown, Asked::Standing) => {
            state.reversing()
        }
        (Told::Silence, _)
        | (Told::NeverLeft, Asked::Standing | Asked::Reversal)
        | (Told::TurnedAway(_), Asked::Standing | Asked::Reversal)
        | (Told::Unknown, Asked::Reversal) => state,
    }
}

/// Whether the charge may still be on its way to the mall. After the clock went back nobody can
/// tell by it; a charge that is under way is in `in_flight` then.
fn may_be_on_its_way(payment: &Payment, now: Timestamp) -> bool {
    let limit_ms = i64::try_from(ANSWER_LIMIT.as_millis()).unwrap_or(i64::MAX);
    (0..limit_ms).contains(&now.ms_since(payment.asked_at))
}

/// Whether an answer speaks of this payment; another one is nonsense, and decides nothing.
fn is_of(payment: &Payment, says: &PaymentV1) -> bool {
    (says.id, says.method, says.amount_minor) == (payment.id, payment.method, payment.amount)
}

/// Why not, in one word for the sentence on the screen.
fn word(state: PaymentState, asked: Asked, told: &Told<PaymentV1>) -> Option<String> {
    // Nobody here wanted it undone: the mall does that by itself with what takes too long.
    let is_unasked = matches!(state, PaymentState::Sent | PaymentState::Paying);
    let is_timed_out = |says: &PaymentV1| {
        is_unasked && matches!(says.state, PaymentState::Reversing | PaymentState::Reversed)
    };
    match told {
        Told::Says(says) if is_timed_out(says) => {
            says.refusal.clone().or_else(|| Some("took-too-long".to_owned()))
        }
        Told::Says(says) => says.refusal.clone(),
        Told::NeverLeft if asked == Asked::Charge => Some("mall-unreachable".to_owned()),
        Told::TurnedAway(word) => Some(word.clone()),
        Told::Unknown if asked == Asked::Charge => Some("not-offered".to_owned()),
        Told::Unknown => Some("not-heard".to_owned()),
        Told::NeverLeft | Told::Silence => None,
    }
}

/// The word that a payment has after an answer that leaves it in a state: also where nothing moved,
/// so that people read why money is not back yet. What is decided keeps its own.
pub(super) fn refusal(
    payment: &Payment,
    state: PaymentState,
    asked: Asked,
    told: &Told<PaymentV1>,
) -> Option<String> {
    let said = match told {
        _ if state != payment.state => word(payment.state, asked, told),
        Told::Says(says) if state.is_undecided() && is_of(payment, says) => says.refusal.clone(),
        Told::Says(_) | Told::Unknown | Told::TurnedAway(_) | Told::NeverLeft | Told::Silence => {
            None
        }
    };
    said.or_else(|| payment.refusal.clone())
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, money::Money, payment::PaymentMethod};
    use uuid::Uuid;

    use super::*;

    fn payment(state: PaymentState) -> Payment {
        Payment {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Wechat,
            amount: Money::from_minor(1_200),
            state,
            asked_at: Timestamp::from_micros(7),
            transaction: String::new(),
            refusal: None,
        }
    }

    fn long_after() -> Timestamp {
        payment(PaymentState::Sent).asked_at.plus_ms(60_000)
    }

    fn says(state: PaymentState) -> Told<PaymentV1> {
        let payment = payment(state);
        Told::Says(PaymentV1 {
            id: payment.id,
            state,
            method: payment.method,
            amount_minor: payment.amount,
            refunded_minor: Money::ZERO,
            transaction: String::new(),
            paid_at: None,
            refusal: None,
        })
    }

    #[test]
    fn what_the_mall_says_moves_a_payment_and_silence_does_not() {
        use Asked::{Charge, Reversal, Standing};
        use PaymentState as P;
        let away = || Told::TurnedAway("payment-conflict".to_owned());
        let table = [
            (P::Sent, Charge, says(P::Sent), P::Sent),
            (P::Sent, Charge, says(P::Paying), P::Paying),
            (P::Sent, Charge, says(P::Paid), P::Paid),
            (P::Sent, Charge, says(P::Refused), P::Refused),
            (P::Sent, Charge, says(P::Reversing), P::Reversing),
            (P::Sent, Charge, says(P::Reversed), P::Reversed),
            (P::Sent, Charge, Told::Silence, P::Sent),
            (P::Sent, Charge, Told::NeverLeft, P::Reversed),
            (P::Sent, Charge, Told::Unknown, P::Reversed),
            (P::Sent, Charge, away(), P::Reversing),
            (P::Paying, Standing, Told::NeverLeft, P::Paying),
            (P::Paying, Standing, Told::Silence, P::Paying),
            (P::Paying, Standing, Told::Unknown, P::Reversing),
            (P::Paying, Standing, away(), P::Paying),
            (P::Paying, Standing, says(P::Paid), P::Paid),
            (P::Paid, Standing, says(P::Reversing), P::Paid),
            // It overtook the yes to the charge, or was late itself.
            (P::Paid, Standing, Told::Unknown, P::Paid),
            (P::Paid, Charge, away(), P::Paid),
            (P::Paid, Charge, Told::Unknown, P::Paid),
            (P::Refused, Standing, Told::Unknown, P::Refused),
            (P::Reversed, Standing, Told::Unknown, P::Reversed),
            (P::Reversing, Standing, Told::Unknown, P::Reversing),
            // The answer to a charge comes after the operator took it off.
            (P::Reversing, Charge, says(P::Paid), P::Reversing),
            (P::Reversing, Charge, Told::NeverLeft, P::Reversed),
            (P::Reversing, Reversal, says(P::Reversing), P::Reversing),
            (P::Reversing, Reversal, says(P::Reversed), P::Reversed),
            (P::Reversing, Reversal, says(P::Refused), P::Refused),
            (P::Reversing, Reversal, Told::NeverLeft, P::Reversing),
            (P::Reversing, Reversal, Told::Unknown, P::Reversing),
            (P::Reversing, Reversal, away(), P::Reversing),
            (P::Refused, Charge, says(P::Paid), P::Refused),
            (P::Reversed, Charge, says(P::Paid), P::Reversed),
        ];
        for (state, asked, told, expected) in table {
            let got = after(&payment(state), asked, &told, long_after());
            assert_eq!(got, expected, "{state:?} {asked:?} {told:?}");
        }
    }

    #[test]
    fn an_answer_that_speaks_of_another_payment_decides_nothing() {
        let mut ours = payment(PaymentState::Sent);
        ours.amount = Money::from_minor(1_300);
        let after = after(&ours, Asked::Charge, &says(PaymentState::Paid), long_after());
        assert_eq!(after, PaymentState::Sent);
    }

    #[test]
    fn that_nobody_knows_of_a_charge_counts_once_it_must_have_arrived() {
        use PaymentState as P;
        for (later_ms, expected) in [
            (0, P::Sent),
            (1_000, P::Sent),
            (19_999, P::Sent),
            (20_000, P::Reversing),
            // The clock went back: it tells nothing, and nothing is under way.
            (-1, P::Reversing),
        ] {
            let sent = payment(P::Sent);
            let now = sent.asked_at.plus_ms(later_ms);
            let got = after(&sent, Asked::Standing, &Told::Unknown, now);
            assert_eq!(got, expected, "{later_ms} ms later");
        }
    }

    #[test]
    fn why_not_is_kept_also_where_nothing_moved() {
        use Asked::{Charge, Reversal, Standing};
        use PaymentState as P;
        let says_why = |state, why: &str| {
            let Told::Says(plain) = says(state) else { panic!("it says something") };
            Told::Says(PaymentV1 { refusal: Some(why.to_owned()), ..plain })
        };
        let table = [
            (P::Reversing, Reversal, says_why(P::Reversing, "too-late"), Some("too-late")),
            (P::Reversing, Reversal, says(P::Reversing), None),
            (P::Reversing, Reversal, says(P::Reversed), None),
            (P::Paying, Standing, says(P::Reversing), Some("took-too-long")),
            (P::Paying, Standing, says(P::Reversed), Some("took-too-long")),
            (P::Paying, Standing, says_why(P::Reversed, "declined"), Some("declined")),
            (P::Sent, Standing, Told::Unknown, Some("not-heard")),
            (P::Sent, Charge, Told::NeverLeft, Some("mall-unreachable")),
            (P::Sent, Charge, Told::Silence, None),
            (P::Paid, Standing, says_why(P::Reversing, "too-late"), None),
        ];
        for (state, asked, told, expected) in table {
            let payment = payment(state);
            let moved = after(&payment, asked, &told, long_after());
            let got = refusal(&payment, moved, asked, &told);
            assert_eq!(got.as_deref(), expected, "{state:?} {asked:?} {told:?}");
        }
    }
}
