//! Where a payment stands after its house was heard.
//!
//! **Invariant:** decisions from values only; that a house does not know a number decides nothing
//! while a charge with that number may still be on its way there.

use domain::{
    payment::{Heard, PaymentState},
    time::Timestamp,
};

use super::fit;
use crate::{
    asking::{LATE_MS, Turn},
    db::payments::PaymentRow,
    houses::{Standing, Undone},
};

/// When a house is asked again that wants to be.
const AGAIN_MS: i64 = 2_000;

impl PaymentRow {
    /// When the open question was first put.
    fn since(&self) -> Timestamp {
        self.reversing_at.unwrap_or(self.made_at)
    }

    /// Whether no charge with its number can still be on its way to its house.
    fn is_late(&self, now: Timestamp) -> bool {
        now.ms_since(self.made_at) >= LATE_MS
    }

    /// It was not known for so long that it shall not be.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        match self.state {
            PaymentState::Sent | PaymentState::Paying => self.is_late(now),
            PaymentState::Paid
            | PaymentState::Refused
            | PaymentState::Reversing
            | PaymentState::Reversed => false,
        }
    }

    /// Somebody wants it undone.
    pub(super) fn undo(&mut self, now: Timestamp) {
        let reversing = self.state.reversing();
        if reversing == self.state {
            return;
        }
        self.state = reversing;
        self.reversing_at = Some(now);
        self.decided_at = None;
        // Whoever is asking just now is left to it.
        self.turn.ask_at = fit::reversible_at(self, now).max(now).max(self.turn.busy_until);
    }

    /// Its house said where it stands. What comes late changes nothing that is decided.
    pub(super) fn hear(&mut self, standing: &Standing, now: Timestamp) {
        if !self.state.is_undecided() {
            return;
        }
        let heard = match standing {
            // Another amount than was asked for is no answer to what was asked.
            Standing::Paid(receipt) if receipt.amount != self.purpose.amount => Heard::Silence,
            Standing::Paid(receipt) => {
                self.transaction.clone_from(&receipt.transaction);
                self.paid_at = self.paid_at.or(receipt.at).or(Some(now));
                Heard::Paid
            }
            Standing::Paying => Heard::Paying,
            Standing::Refused(word) => {
                self.refusal.clone_from(word);
                Heard::Refused
            }
            Standing::Failed(word) => {
                self.refusal.clone_from(word);
                self.undo(now);
                Heard::Silence
            }
            Standing::Reversed => Heard::Reversed,
            Standing::Refunded if self.state == PaymentState::Reversing => Heard::Reversed,
            Standing::Unknown if self.is_late(now) && self.state == PaymentState::Reversing => {
                Heard::Reversed
            }
            Standing::Unknown | Standing::Refunded | Standing::Silence => Heard::Silence,
        };
        self.settle(heard, now);
    }

    /// Its house said what became of the wish to undo it.
    pub(super) fn hear_undone(&mut self, undone: &Undone, now: Timestamp) {
        if !self.state.is_undecided() {
            return;
        }
        match undone {
            Undone::Reversed => self.settle(Heard::Reversed, now),
            Undone::Again => {
                self.settle(Heard::Silence, now);
                self.turn.ask_at = now.plus_ms(AGAIN_MS);
            }
            Undone::Refused(word) => {
                self.refusal.clone_from(word);
                self.settle(Heard::Silence, now);
            }
            Undone::Silence => self.settle(Heard::Silence, now),
        }
    }

    /// Its house said where it stands after it did not undo it. What failed there and is undone no more
    /// took nothing, and never will.
    pub(super) fn hear_of_what_stays(
        &mut self,
        undone: &Undone,
        standing: &Standing,
        now: Timestamp,
    ) {
        self.hear(standing, now);
        if undone.is_final() && matches!(standing, Standing::Failed(_)) {
            self.hear(&Standing::Reversed, now);
        }
    }

    fn settle(&mut self, heard: Heard, now: Timestamp) {
        self.state = self.state.after(heard);
        if self.state.is_undecided() {
            self.turn = Turn::later(self.since(), now);
            if self.state == PaymentState::Reversing {
                self.turn.ask_at = self.turn.ask_at.max(fit::reversible_at(self, now));
            }
        } else {
            self.decided_at = Some(now);
            self.turn = Turn::NONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, money::Money, payment::PaymentMethod};
    use sync::replica::StoreId;
    use uuid::Uuid;

    use super::*;
    use crate::{db::payments::Purpose, houses::Receipt};

    const START: Timestamp = Timestamp::from_micros(1_795_255_200_000_000);

    fn payment(state: &str, method: PaymentMethod) -> PaymentRow {
        let state = PaymentState::from_word(state).unwrap();
        let amount = Money::from_minor(100);
        PaymentRow {
            store: StoreId(1),
            id: Id::from_uuid(Uuid::from_u128(1)),
            purpose: Purpose { order: Id::from_uuid(Uuid::from_u128(2)), method, amount },
            workstation: 1,
            state,
            transaction: String::new(),
            refusal: String::new(),
            made_at: START,
            paid_at: None,
            reversing_at: (state == PaymentState::Reversing).then_some(START),
            decided_at: None,
            turn: Turn::taken(START),
        }
    }

    fn receipt(fen: i64) -> Receipt {
        Receipt { transaction: "4200".into(), amount: Money::from_minor(fen), at: None }
    }

    fn standing(word: &str) -> Standing {
        match word {
            "paid" => Standing::Paid(receipt(100)),
            "other" => Standing::Paid(receipt(101)),
            "failed" => Standing::Failed("declined".into()),
            "refunded" => Standing::Refunded,
            "paying" => Standing::Paying,
            "no" => Standing::Refused("balance_short".into()),
            "reversed" => Standing::Reversed,
            "unknown" => Standing::Unknown,
            _ => Standing::Silence,
        }
    }

    #[test]
    fn what_its_house_says_moves_it_and_what_it_does_not_know_moves_it_only_late() {
        // what it was, seconds after it was made, what was heard, what it is, asked again after s
        let table = "
            sent       0    paid      paid       -
            sent       0    no        refused    -
            sent       0    paying    paying     5
            sent       0    other     sent       5
            sent       0    refunded  sent       5
            sent       20   failed    reversing  5
            sent       3    failed    reversing  12
            reversing  20   failed    reversing  5
            reversing  20   refunded  reversed   -
            sent       0    silence   sent       5
            sent       0    unknown   sent       5
            sent       130  unknown   sent       15
            paying     70   paying    paying     15
            paying     70   reversed  reversed   -
            reversing  0    silence   reversing  15
            reversing  20   paid      reversing  5
            reversing  20   unknown   reversing  5
            reversing  119  unknown   reversing  15
            reversing  120  unknown   reversed   -
            reversing  20   no        refused    -
            reversing  20   reversed  reversed   -
            refused    20   paid      refused    -
            reversed   20   paid      reversed   -
            paid       20   no        paid       -";
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let now = START.plus_ms(words[1].parse::<i64>().unwrap() * 1_000);
            let mut row = payment(words[0], PaymentMethod::Wechat);
            let was_undecided = row.state.is_undecided();
            row.hear(&standing(words[2]), now);
            assert_eq!(row.state.word(), words[3], "{line}");
            match words[4].parse::<i64>() {
                Ok(seconds) => {
                    assert_eq!(row.turn.ask_at.ms_since(now), seconds * 1_000, "{line}");
                    assert_eq!(row.decided_at, None, "{line}");
                }
                Err(_) => assert_eq!(row.decided_at, was_undecided.then_some(now), "{line}"),
            }
        }
    }

    #[test]
    fn a_wish_to_undo_waits_for_its_house_and_for_whoever_is_asking() {
        for (method, busy_s, ask_s) in [
            (PaymentMethod::Wechat, 0, 15),
            (PaymentMethod::Wechat, 80, 80),
            (PaymentMethod::Alipay, 0, 3),
        ] {
            let mut row = payment("sent", method);
            row.turn = Turn { ask_at: START, busy_until: START.plus_ms(busy_s * 1_000) };
            row.undo(START.plus_ms(3_000));
            assert_eq!(row.state, PaymentState::Reversing);
            assert_eq!(row.turn.ask_at.ms_since(START), ask_s * 1_000, "{method:?} {busy_s}");
            let once = row.clone();
            row.undo(START.plus_ms(9_000));
            assert_eq!(row, once, "the wish is written once");
        }
        for decided in ["refused", "reversed"] {
            let mut row = payment(decided, PaymentMethod::Wechat);
            row.undo(START);
            assert_eq!(row, payment(decided, PaymentMethod::Wechat));
        }
    }

    #[test]
    fn undoing_goes_on_until_it_is_known() {
        let table = [
            (Undone::Reversed, "reversed", None),
            (Undone::Again, "reversing", Some(2_000)),
            (Undone::Refused("too_late".into()), "reversing", Some(5_000)),
            (Undone::Silence, "reversing", Some(5_000)),
        ];
        let now = START.plus_ms(20_000);
        for (undone, state, again) in table {
            let mut row = payment("reversing", PaymentMethod::Wechat);
            row.hear_undone(&undone, now);
            assert_eq!(row.state.word(), state, "{undone:?}");
            let asked = row.state.is_undecided().then(|| row.turn.ask_at.ms_since(now));
            assert_eq!(asked, again, "{undone:?}");
        }
    }

    #[test]
    fn what_failed_is_over_once_its_house_undoes_it_no_more() {
        let no = |word: &str| Undone::Refused(word.into());
        for (undone, heard, state) in [
            (no("too-late"), "failed", "reversed"),
            (no("not-reversible"), "failed", "reversed"),
            (no("not-found"), "failed", "reversing"),
            (Undone::Silence, "failed", "reversing"),
            (no("too-late"), "paid", "reversing"),
            (no("too-late"), "paying", "reversing"),
            (no("too-late"), "silence", "reversing"),
        ] {
            let mut row = payment("reversing", PaymentMethod::Wechat);
            row.hear_of_what_stays(&undone, &standing(heard), START.plus_ms(20_000));
            assert_eq!(row.state.word(), state, "{undone:?} {heard}");
        }
    }

    #[test]
    fn only_what_is_open_for_two_minutes_is_overdue() {
        for state in PaymentState::ALL {
            let row = payment(state.word(), PaymentMethod::Alipay);
            assert!(!row.is_overdue(START.plus_ms(LATE_MS - 1)), "{state:?}");
            let is_open = matches!(state, PaymentState::Sent | PaymentState::Paying);
            assert_eq!(row.is_overdue(START.plus_ms(LATE_MS)), is_open, "{state:?}");
        }
    }
}
