//! Goods of an online order that come back in a store (线上退货): decided one after the other, each
//! from what the order carries and from what came back of it before.
//!
//! What is kept of a return is what was wished, under which policy, and what it gave back; the
//! records themselves are made again from that. A kept return that no longer comes out as it was
//! decided is a damaged history, and nothing more is given back on it.
//!
//! **Invariant:** whatever comes back, in whatever order and store, gives back what was paid and
//! never more; a return is decided once.

use serde::{Deserialize, Serialize};

use super::{
    ReturnOrder, ReturnPolicy, ReturnRefusal, Returning, Wish, give_back, is_counted, left,
};
use crate::{
    id::{OnlineReturnId, OrderId},
    money::Money,
    order::Order,
    pickup::PICKUP_LINES_MAX,
    quantity::Quantity,
    time::Timestamp,
};

/// Lines of one return: all that an online order has.
pub const RETURN_LINES_MAX: usize = PICKUP_LINES_MAX;
/// Returns of one order: nobody comes back more often, and each is looked at for the next.
pub const RETURNS_MAX: usize = 100;

/// Why somebody brings goods back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// They do not want them any more (七天无理由).
    ChangedMind,
    /// Size or colour does not suit.
    Unfit,
    /// They are broken or spoilt.
    Defective,
    /// Something else was handed over.
    WrongItem,
    /// Anything else.
    Other,
}

/// Where a return stands in the store that took the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnlineReturnState {
    /// The mall was asked, or is about to be; silence moves nothing.
    Pending,
    /// The goods are back and the money is due.
    Done,
    /// Nothing came back.
    Refused,
}

/// A return that was decided, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its id, made by the store.
    pub id: OnlineReturnId,
    /// What came back.
    pub wishes: Vec<Wish>,
    /// What the chain had decided about returns by then.
    pub policy: ReturnPolicy,
    /// The operator's number.
    pub operator: String,
    /// When.
    pub at: Timestamp,
    /// What goes back to the shopper: at least nothing.
    pub amount: Money,
}

impl ReturnReason {
    /// All of them, as an operator is offered them.
    pub const ALL: [Self; 5] =
        [Self::ChangedMind, Self::Unfit, Self::Defective, Self::WrongItem, Self::Other];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ChangedMind => "changed_mind",
            Self::Unfit => "unfit",
            Self::Defective => "defective",
            Self::WrongItem => "wrong_item",
            Self::Other => "other",
        }
    }
}

impl OnlineReturnState {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Refused].into_iter().find(|state| state.word() == word)
    }
}

/// What came back of an order so far, made again from what was decided, oldest first.
///
/// # Errors
/// When it does not come out as it was decided.
pub fn replay(order: &Order, decided: &[Decided]) -> Result<Vec<ReturnOrder>, ReturnRefusal> {
    let mut earlier = Vec::with_capacity(decided.len());
    for one in decided {
        let made = give_back(order, &earlier, &one.wishes, &one.policy, returning(order, one))?;
        if amount_of(&made)? != one.amount {
            return Err(ReturnRefusal::History);
        }
        earlier.push(made);
    }
    Ok(earlier)
}

/// Decides about the next return of an order: the record of it, and what is to be kept. The amount of
/// `asked` is not looked at.
///
/// # Errors
/// See `ReturnRefusal`.
pub fn decide(
    order: &Order,
    earlier: &[ReturnOrder],
    asked: Decided,
) -> Result<(ReturnOrder, Decided), ReturnRefusal> {
    let made = give_back(order, earlier, &asked.wishes, &asked.policy, returning(order, &asked))?;
    let amount = amount_of(&made)?;
    Ok((made, Decided { amount, ..asked }))
}

/// What goes back to the shopper for a return, above nothing.
///
/// # Errors
/// When its sums do not fit.
pub fn amount_of(made: &ReturnOrder) -> Result<Money, ReturnRefusal> {
    Ok(Money::ZERO.minus(made.due()?)?)
}

/// How much of each line may still come back, in the order of its lines.
///
/// # Errors
/// When the earlier returns do not fit the order.
pub fn quantities_left(
    order: &Order,
    earlier: &[ReturnOrder],
) -> Result<Vec<Quantity>, ReturnRefusal> {
    let quantity = |(line, units): (&crate::order::OrderLine, u32)| match units {
        0 => Quantity::default(),
        _ if is_counted(line) => Quantity::from_milli(i64::from(units) * 1_000),
        _ => line.quantity,
    };
    Ok(order.lines.iter().zip(left(order, earlier)?).map(quantity).collect())
}

/// What the next piece of a line alone would give back; `None` where it cannot come back alone.
#[must_use]
pub fn next_piece(
    order: &Order,
    earlier: &[ReturnOrder],
    number: u16,
    policy: &ReturnPolicy,
) -> Option<Money> {
    let line = order.lines.iter().find(|line| line.number == number)?;
    let quantity = if is_counted(line) { Quantity::ONE } else { line.quantity };
    let asked = Decided {
        id: OnlineReturnId::from_uuid(order.id.uuid()),
        wishes: vec![Wish { number, quantity }],
        policy: *policy,
        operator: String::new(),
        at: order.completed_at,
        amount: Money::ZERO,
    };
    decide(order, earlier, asked).ok().map(|(_, decided)| decided.amount)
}

fn returning(order: &Order, one: &Decided) -> Returning {
    Returning {
        id: OrderId::from_uuid(one.id.uuid()),
        // It stands on no paper: people know an online return by its order's number.
        receipt_number: order.receipt_number.clone(),
        operator: one.operator.clone(),
        completed_at: one.at,
        // What an online order had brought is not used in stores.
        grants_used: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_what_they_were_made_of() {
        let states =
            [OnlineReturnState::Pending, OnlineReturnState::Done, OnlineReturnState::Refused];
        for state in states {
            assert_eq!(OnlineReturnState::from_word(state.word()), Some(state));
        }
        assert_eq!(OnlineReturnState::from_word("gone"), None);
        let mut words = ReturnReason::ALL.map(ReturnReason::word).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ReturnReason::ALL.len());
    }
}
