//! Reductions by hand: an operator asks, a manager decides, and the quote is made with what stands.
//!
//! What is allowed holds for the line as it was when it was asked for: another quantity, and the
//! price is HQ's again. The order carries the manager as whose authority it is.
//!
//! **Invariant:** nothing is reduced that no manager allowed, and no order is completed while one is
//! asked.

mod decide;

pub(crate) use decide::{Ask, Decision, ask, decide, withdraw};

use domain::{
    cart::{Cart, CartLine},
    id::OrderId,
    money::{BasisPoints, Money},
    pricing::{occasion::Manual, rule::Cut},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use uuid::Uuid;

/// Why a price is to be reduced; the list that an operator chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// 商品瑕疵.
    Damaged,
    /// 价签不符.
    PriceTag,
    /// 同城比价.
    PriceMatch,
    /// 服务补偿.
    Service,
    /// 样品.
    Sample,
}

impl Reason {
    const ALL: [Self; 5] =
        [Self::Damaged, Self::PriceTag, Self::PriceMatch, Self::Service, Self::Sample];

    /// The word in the table and on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::PriceTag => "price_tag",
            Self::PriceMatch => "price_match",
            Self::Service => "service",
            Self::Sample => "sample",
        }
    }

    /// As receipts and HQ say it; it stands in the order.
    const fn said(self) -> &'static str {
        match self {
            Self::Damaged => "商品瑕疵",
            Self::PriceTag => "价签不符",
            Self::PriceMatch => "同城比价",
            Self::Service => "服务补偿",
            Self::Sample => "样品",
        }
    }

    /// By its word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// Where one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A manager is asked.
    Pending,
    /// Allowed.
    Approved,
    /// Not.
    Denied,
    /// The operator took it back.
    Withdrawn,
    /// Its cart, or the line as it was, is gone.
    Lapsed,
}

impl State {
    const ALL: [Self; 5] =
        [Self::Pending, Self::Approved, Self::Denied, Self::Withdrawn, Self::Lapsed];

    /// The word in the table.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// By its word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A reduction that a manager was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    /// Made by the screen that asked.
    pub(crate) id: Uuid,
    /// Of which cart.
    pub(crate) order: OrderId,
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// The line as it stood.
    pub(crate) line: CartLine,
    /// What is asked for.
    pub(crate) cut: Cut,
    /// What the line cost then.
    pub(crate) amount: Money,
    /// What it would cost.
    pub(crate) after: Money,
    /// Why.
    pub(crate) reason: Reason,
    /// The operator's number.
    pub(crate) asked_by: String,
    /// When.
    pub(crate) asked_at: Timestamp,
    /// Where it stands.
    pub(crate) state: State,
    /// Who decided, once somebody has.
    pub(crate) decided_by: Option<String>,
    /// When.
    pub(crate) decided_at: Option<Timestamp>,
}

impl Approval {
    /// Whether its line is in the cart as it was.
    pub(crate) fn fits(&self, cart: &Cart) -> bool {
        cart.order == self.order && cart.line(self.line.id) == Some(&self.line)
    }

    /// As the quote takes it. A manager may take off all there is; and what a manager set stays the
    /// price when a promotion that would have gone below it begins meanwhile.
    fn manual(&self) -> Option<Manual> {
        Some(Manual {
            line: Some(self.line.id),
            cut: self.cut,
            reason: self.reason.said().to_owned(),
            operator: self.decided_by.clone()?,
            off_max: BasisPoints(10_000),
            may_raise: true,
        })
    }
}

/// The reductions by hand that count for a cart: of each line the last that was allowed.
pub(crate) fn manuals(approvals: &[Approval], cart: &Cart) -> Vec<Manual> {
    let stands = |line: &CartLine| {
        let of_line = approvals.iter().filter(|a| a.state == State::Approved && a.line == *line);
        of_line.max_by_key(|approval| approval.decided_at)?.manual()
    };
    cart.lines.iter().filter_map(stands).collect()
}

/// Whether a manager is asked about a line that is there as it was.
pub(crate) fn is_waiting(approvals: &[Approval], cart: &Cart) -> bool {
    approvals.iter().any(|approval| approval.state == State::Pending && approval.fits(cart))
}
