//! An online order that waits in a store for its shopper (门店自提).
//!
//! ```text
//! placed ─ begin picking ─► picking ─ make ready ─► ready ─ hand over ─► handed over
//!    └────────────┬────────────┴───────────┬──────────┘
//!              cancel                    expire            only the mall's
//! ```
//!
//! | move | whose | with the cable cut |
//! | --- | --- | --- |
//! | begin picking, make ready, hand over | the store's | yes |
//! | cancel, expire | the mall's | the store learns of it later |
//!
//! Store and mall may move at the same time while they cannot hear each other. What the store did
//! with goods in somebody's hands happened; the mall never takes it back, and tells a person.
//!
//! **Invariant:** an order is handed over once in a store; a second time anywhere is a case.

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Lines of an online order: what somebody picks without a list on paper.
pub const PICKUP_LINES_MAX: usize = 50;
/// Digits of the code that a shopper reads out (提货码).
pub const CODE_DIGITS: usize = 8;

/// Where an online order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickupState {
    /// The store was told; nobody has begun.
    Placed,
    /// Somebody is putting it together.
    Picking,
    /// It lies ready.
    Ready,
    /// The shopper has it.
    HandedOver,
    /// The shop took it back before that.
    Cancelled,
    /// Nobody came.
    Expired,
}

/// What can be done with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PickupMove {
    /// Somebody in the store begins to put it together.
    BeginPicking,
    /// All of it is there.
    MakeReady,
    /// The shopper gets it.
    HandOver,
    /// The shop takes it back.
    Cancel,
    /// Its last day is over.
    Expire,
}

/// Who may make a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mover {
    /// The store, also with its cable cut.
    Store,
    /// The mall alone.
    Mall,
}

/// Why a move is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickupRefusal {
    /// It is not put together yet.
    #[error("it is not ready")]
    NotReady,
    /// Somebody has it already.
    #[error("it was handed over")]
    HandedOver,
    /// The shop took it back.
    #[error("it was cancelled")]
    Cancelled,
    /// Nobody came in time.
    #[error("it has expired")]
    Expired,
    /// It lies ready already, or nobody began.
    #[error("it does not stand where this move begins")]
    OutOfTurn,
}

/// Why goods do not go into a pickup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickRefusal {
    /// It has no such item.
    #[error("the order has no such item")]
    NotOrdered,
    /// All of that item is there.
    #[error("all of this item is there")]
    Enough,
}

/// One line while it is put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickLine {
    /// The line's number in the order.
    pub number: u16,
    /// Its item.
    pub sku: String,
    /// So much was ordered.
    pub ordered: Quantity,
    /// So much is there.
    pub picked: Quantity,
}

/// What a hand-over that a store told means to the mall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// As it should be.
    First,
    /// Somebody had it before: another store, or a ledger that was put back.
    Second,
    /// It had been cancelled or expired by then: goods and money are both away.
    AfterEnd,
}

impl PickupState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Placed,
        Self::Picking,
        Self::Ready,
        Self::HandedOver,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Picking => "picking",
            Self::Ready => "ready",
            Self::HandedOver => "handed_over",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether goods are promised to it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Placed | Self::Picking | Self::Ready => true,
            Self::HandedOver | Self::Cancelled | Self::Expired => false,
        }
    }

    /// Where a move leads.
    ///
    /// # Errors
    /// When it cannot be made from here.
    pub const fn after(self, made: PickupMove) -> Result<Self, PickupRefusal> {
        match (self, made) {
            (Self::HandedOver, _) => Err(PickupRefusal::HandedOver),
            (Self::Cancelled, _) => Err(PickupRefusal::Cancelled),
            (Self::Expired, _) => Err(PickupRefusal::Expired),
            (Self::Placed | Self::Picking, PickupMove::BeginPicking) => Ok(Self::Picking),
            (Self::Picking, PickupMove::MakeReady) => Ok(Self::Ready),
            (Self::Ready, PickupMove::HandOver) => Ok(Self::HandedOver),
            (Self::Placed | Self::Picking | Self::Ready, PickupMove::Cancel) => Ok(Self::Cancelled),
            (Self::Placed | Self::Picking | Self::Ready, PickupMove::Expire) => Ok(Self::Expired),
            (Self::Placed | Self::Picking, PickupMove::HandOver) => Err(PickupRefusal::NotReady),
            (Self::Ready, PickupMove::BeginPicking | PickupMove::MakeReady)
            | (Self::Placed, PickupMove::MakeReady) => Err(PickupRefusal::OutOfTurn),
        }
    }

    /// Where an order stands for a store that did `own` with it and last heard `told` of the mall.
    ///
    /// What was handed over here stands, whatever the mall thought; else the mall's end counts;
    /// else whoever went further.
    #[must_use]
    pub fn seen(own: Option<Self>, told: Self) -> Self {
        match own {
            None => told,
            Some(Self::HandedOver) => Self::HandedOver,
            Some(_) if !told.is_open() => told,
            Some(own) => {
                let further = |state: Self| Self::ALL.iter().position(|one| *one == state);
                if further(own) >= further(told) { own } else { told }
            }
        }
    }

    /// What a hand-over means that a store tells of an order that stands here at the mall.
    #[must_use]
    pub const fn told_handed_over(self) -> HandedOver {
        match self {
            Self::Placed | Self::Picking | Self::Ready => HandedOver::First,
            Self::HandedOver => HandedOver::Second,
            Self::Cancelled | Self::Expired => HandedOver::AfterEnd,
        }
    }
}

impl PickupMove {
    /// Who may make it.
    #[must_use]
    pub const fn mover(self) -> Mover {
        match self {
            Self::BeginPicking | Self::MakeReady | Self::HandOver => Mover::Store,
            Self::Cancel | Self::Expire => Mover::Mall,
        }
    }
}

/// Counts goods that were scanned against the order; the answer is the line they went to.
///
/// # Errors
/// When the order has no such item, or no more of it; nothing is counted then.
pub fn pick(lines: &mut [PickLine], sku: &str, quantity: Quantity) -> Result<u16, PickRefusal> {
    let mut is_ordered = false;
    for line in lines.iter_mut().filter(|line| line.sku == sku) {
        is_ordered = true;
        let picked = line.picked.plus(quantity);
        if quantity.milli() > 0 && picked <= line.ordered {
            line.picked = picked;
            return Ok(line.number);
        }
    }
    Err(if is_ordered { PickRefusal::Enough } else { PickRefusal::NotOrdered })
}

/// Whether all of it is there.
#[must_use]
pub fn is_whole(lines: &[PickLine]) -> bool {
    lines.iter().all(|line| line.picked == line.ordered)
}

/// Reads a code that was typed: eight digits, blanks between them do not count.
#[must_use]
pub fn read_code(text: &str) -> Option<String> {
    let digits: String = text.trim().chars().filter(|sign| *sign != ' ').collect();
    let is_code = digits.len() == CODE_DIGITS && digits.bytes().all(|sign| sign.is_ascii_digit());
    is_code.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_lead_where_the_picture_says() {
        use PickupMove::{BeginPicking, Cancel, Expire, HandOver, MakeReady};
        use PickupState::{Cancelled, Expired, HandedOver, Picking, Placed, Ready};
        let table = [
            (Placed, BeginPicking, Ok(Picking)),
            (Placed, MakeReady, Err(PickupRefusal::OutOfTurn)),
            (Placed, HandOver, Err(PickupRefusal::NotReady)),
            (Placed, Cancel, Ok(Cancelled)),
            (Placed, Expire, Ok(Expired)),
            (Picking, BeginPicking, Ok(Picking)),
            (Picking, MakeReady, Ok(Ready)),
            (Picking, HandOver, Err(PickupRefusal::NotReady)),
            (Picking, Cancel, Ok(Cancelled)),
            (Picking, Expire, Ok(Expired)),
            (Ready, BeginPicking, Err(PickupRefusal::OutOfTurn)),
            (Ready, MakeReady, Err(PickupRefusal::OutOfTurn)),
            (Ready, HandOver, Ok(HandedOver)),
            (Ready, Cancel, Ok(Cancelled)),
            (Ready, Expire, Ok(Expired)),
        ];
        for (from, made, expected) in table {
            assert_eq!(from.after(made), expected, "{from:?} {made:?}");
        }
        for made in [BeginPicking, MakeReady, HandOver, Cancel, Expire] {
            assert_eq!(HandedOver.after(made), Err(PickupRefusal::HandedOver));
            assert_eq!(Cancelled.after(made), Err(PickupRefusal::Cancelled));
            assert_eq!(Expired.after(made), Err(PickupRefusal::Expired));
        }
    }

    #[test]
    fn what_the_store_handed_over_stands_and_else_the_malls_end_counts() {
        use PickupState::{Cancelled, Expired, HandedOver, Picking, Placed, Ready};
        for (own, told, expected) in [
            (None, Placed, Placed),
            (None, Cancelled, Cancelled),
            (Some(Picking), Placed, Picking),
            (Some(Ready), Placed, Ready),
            (Some(Picking), Ready, Ready),
            (Some(Ready), Cancelled, Cancelled),
            (Some(Picking), Expired, Expired),
            (Some(HandedOver), Cancelled, HandedOver),
            (Some(HandedOver), Placed, HandedOver),
            // A ledger that was put back, after the mall had heard.
            (Some(Ready), HandedOver, HandedOver),
        ] {
            assert_eq!(PickupState::seen(own, told), expected, "{own:?} {told:?}");
        }
    }

    #[test]
    fn goods_are_counted_up_to_what_was_ordered() {
        let line = |number, sku: &str, ordered| PickLine {
            number,
            sku: sku.to_owned(),
            ordered: Quantity::from_milli(ordered),
            picked: Quantity::default(),
        };
        let mut lines = [line(1, "A", 2_000), line(2, "B", 1_000), line(3, "A", 1_000)];
        let one = Quantity::ONE;
        for (sku, quantity, expected) in [
            ("B", one, Ok(2)),
            ("B", one, Err(PickRefusal::Enough)),
            ("C", one, Err(PickRefusal::NotOrdered)),
            ("A", Quantity::from_milli(3_000), Err(PickRefusal::Enough)),
            ("A", Quantity::from_milli(-1_000), Err(PickRefusal::Enough)),
            ("A", one, Ok(1)),
            ("A", one, Ok(1)),
        ] {
            assert_eq!(pick(&mut lines, sku, quantity), expected, "{sku} {quantity}");
        }
        assert!(!is_whole(&lines));
        assert_eq!(pick(&mut lines, "A", one), Ok(3));
        assert!(is_whole(&lines));
    }

    #[test]
    fn a_code_is_eight_digits_however_they_are_grouped() {
        for (text, expected) in [
            ("12345678", Some("12345678")),
            (" 1234 5678 ", Some("12345678")),
            ("1234567", None),
            ("123456789", None),
            ("1234567a", None),
            ("１２３４５６７８", None),
            ("", None),
        ] {
            assert_eq!(read_code(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn words_read_back() {
        for state in PickupState::ALL {
            assert_eq!(PickupState::from_word(state.word()), Some(state));
        }
        assert_eq!(PickupState::from_word("gone"), None);
    }
}
