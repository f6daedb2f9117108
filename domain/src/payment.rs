//! A charge that another house is asked for: known, or not known yet, and never guessed.
//!
//! Store and mall keep the same states and move them by the same table.
//!
//! **Invariant:** silence decides nothing, and while a payment is undecided there is no second
//! charge for what it was to pay.

use serde::{Deserialize, Serialize};

/// A house that takes payment codes (付款码).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// WeChat Pay (微信支付).
    Wechat,
    /// Alipay (支付宝).
    Alipay,
}

impl PaymentMethod {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Wechat, Self::Alipay].into_iter().find(|method| method.word() == word)
    }
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Written down and asked for; whether it was heard is not known.
    Sent,
    /// The house is asking the payer (支付中).
    Paying,
    /// The money is ours.
    Paid,
    /// No, and no money moved.
    Refused,
    /// It shall not be; whether it is undone is not known.
    Reversing,
    /// It is undone, or never was and cannot be any more.
    Reversed,
}

/// What the other house was heard to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It is paid.
    Paid,
    /// The payer is being asked.
    Paying,
    /// No, and no money will move under this number.
    Refused,
    /// It is undone, and no money will move under this number.
    Reversed,
    /// Nothing, nonsense, or that it does not know yet.
    Silence,
}

impl PaymentState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sent, Self::Paying, Self::Paid, Self::Refused, Self::Reversing, Self::Reversed];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Paying => "paying",
            Self::Paid => "paid",
            Self::Refused => "refused",
            Self::Reversing => "reversing",
            Self::Reversed => "reversed",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the other house must still be asked.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Sent | Self::Paying | Self::Reversing)
    }

    /// Where it stands after something was heard.
    ///
    /// A payment that is being reversed and is found paid is still to be reversed. One that is paid
    /// stays paid until somebody wants it undone.
    #[must_use]
    pub const fn after(self, heard: Heard) -> Self {
        match (self, heard) {
            (Self::Sent | Self::Paying, Heard::Paid) => Self::Paid,
            (Self::Sent | Self::Paying, Heard::Paying) => Self::Paying,
            (Self::Sent | Self::Paying | Self::Reversing, Heard::Refused) => Self::Refused,
            (Self::Sent | Self::Paying | Self::Reversing, Heard::Reversed) => Self::Reversed,
            (Self::Reversing, Heard::Paid | Heard::Paying | Heard::Silence)
            | (Self::Sent | Self::Paying, Heard::Silence)
            | (Self::Paid | Self::Refused | Self::Reversed, _) => self,
        }
    }

    /// Where it stands once somebody wants it undone: what never was stays so.
    #[must_use]
    pub const fn reversing(self) -> Self {
        match self {
            Self::Sent | Self::Paying | Self::Paid | Self::Reversing => Self::Reversing,
            Self::Refused | Self::Reversed => self,
        }
    }
}

/// Where money that goes back stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Written down and asked for.
    Sent,
    /// The house gives it back, or has done so.
    Done,
    /// It does not; a person must look.
    Refused,
}

impl RefundState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sent, Self::Done, Self::Refused];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: what it was; columns: paid, paying, refused, reversed, silence.
    const TABLE: &str = "
        sent       paid       paying     refused   reversed  sent
        paying     paid       paying     refused   reversed  paying
        paid       paid       paid       paid      paid      paid
        refused    refused    refused    refused   refused   refused
        reversing  reversing  reversing  refused   reversed  reversing
        reversed   reversed   reversed   reversed  reversed  reversed";
    const HEARD: [Heard; 5] =
        [Heard::Paid, Heard::Paying, Heard::Refused, Heard::Reversed, Heard::Silence];

    #[test]
    fn what_is_heard_moves_only_what_is_undecided() {
        let rows = TABLE.lines().filter(|row| !row.trim().is_empty());
        let mut seen = 0;
        for row in rows {
            let states: Vec<PaymentState> =
                row.split_whitespace().map(|word| PaymentState::from_word(word).unwrap()).collect();
            let (was, expected) = states.split_first().unwrap();
            let got: Vec<PaymentState> = HEARD.iter().map(|heard| was.after(*heard)).collect();
            assert_eq!(got, expected, "{was:?}");
            seen += 1;
        }
        assert_eq!(seen, PaymentState::ALL.len());
    }

    #[test]
    fn silence_decides_nothing_and_what_is_decided_stays() {
        for state in PaymentState::ALL {
            assert_eq!(state.after(Heard::Silence), state);
            for heard in HEARD {
                assert!(state.is_undecided() || state.after(heard) == state, "{state:?} {heard:?}");
            }
        }
    }

    #[test]
    fn what_shall_not_be_is_never_paid_again() {
        for state in PaymentState::ALL {
            for heard in HEARD {
                let after = state.reversing().after(heard);
                assert_ne!(after, PaymentState::Paid, "{state:?} {heard:?}");
            }
        }
    }
}
