//! A workstation as a value: its cart, where the operator is with it, who is signed in.
//!
//! **Invariant:** no I/O; `db::station` stores it, `checkout` changes it, `http::view` shows it.

use std::sync::Arc;

use domain::{
    cart::Cart,
    id::{LineId, OrderId, PaymentId, RedemptionId},
    pricing::{self, Occasion, PriceBook, Quote, occasion::Used},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use sync::chain::Hash;

use crate::{
    approval,
    db::DbError,
    refusal::Refusal,
    rights::{Hold, Rights},
};

/// Who is signed in at a workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// The operator's number.
    pub(crate) operator: String,
    /// SHA-256 of the session's token; the token itself is only in the browser.
    pub(crate) token: Hash,
    /// Since when.
    pub(crate) at: Timestamp,
}

/// A workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Station {
    /// Its number.
    pub(crate) workstation: WorkstationNumber,
    /// What is on the counter; its revision is the workstation's.
    pub(crate) cart: Cart,
    /// The operator has gone on to Tender.
    pub(crate) is_tendering: bool,
    /// An order was just completed and nobody has gone on.
    pub(crate) is_done: bool,
    /// The newest order made here.
    pub(crate) last_order: Option<OrderId>,
    /// Who is signed in.
    pub(crate) signed_in: Option<SignedIn>,
    /// Payments by code, coupons and vouchers of this cart.
    pub(crate) rights: Rights,
}

impl Station {
    pub(crate) const fn new(workstation: WorkstationNumber, cart: Cart) -> Self {
        Self {
            workstation,
            cart,
            is_tendering: false,
            is_done: false,
            last_order: None,
            signed_in: None,
            rights: Rights { payments: Vec::new(), redemptions: Vec::new(), approvals: Vec::new() },
        }
    }

    /// What every change of the counter does: back to Sell, and the last order's screen goes.
    pub(crate) fn touched(&mut self) {
        self.is_tendering = false;
        self.is_done = false;
    }
}

/// What a quote is made with besides the cart.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The rules in force.
    pub(crate) book: Arc<PriceBook>,
    /// The moment, the place and the way of selling.
    pub(crate) occasion: Occasion,
}

impl Terms {
    /// These terms for a cart with coupons and what a manager allowed, and with the prices of the
    /// moment at which its shopper began to pay.
    #[must_use]
    pub(crate) fn with(&self, rights: &Rights, cart: &Cart) -> Self {
        let mut terms = self.clone();
        terms.occasion.manuals = approval::manuals(&rights.approvals, cart);
        terms.occasion.coupons = rights.coupons();
        terms.occasion.at = rights.held_at().unwrap_or(terms.occasion.at);
        terms
    }

    /// Prices a cart. Within the limits of `domain` a cart always has a quote.
    pub(crate) fn quote(&self, cart: &Cart) -> Result<Quote, DbError> {
        pricing::quote(&self.book, &cart.lines, &self.occasion)
            .map_err(|_| DbError::Damaged { doing: "price a cart" })
    }
}

/// A station and what its cart costs, computed once per change.
#[derive(Clone, Debug)]
pub(crate) struct Priced {
    /// The station.
    pub(crate) station: Station,
    /// Its cart, priced.
    pub(crate) quote: Quote,
    /// The rules it was priced with: the quote names them by their place in this book.
    pub(crate) book: Arc<PriceBook>,
    /// How often the rules with a quota were used by then.
    pub(crate) used: Vec<Used>,
}

impl Priced {
    /// Prices a station.
    pub(crate) fn of(station: Station, terms: &Terms) -> Result<Self, DbError> {
        let quote = terms.with(&station.rights, &station.cart).quote(&station.cart)?;
        let (book, used) = (Arc::clone(&terms.book), terms.occasion.used.clone());
        Ok(Self { station, quote, book, used })
    }

    /// What it goes on being priced with while something is paid or under way for it: what was
    /// charged is what it costs, whatever HQ changes meanwhile and whoever uses a quota up.
    pub(crate) fn held(&self) -> Option<(Arc<PriceBook>, Vec<Used>)> {
        let is_held = self.station.rights.hold() != Hold::Free;
        is_held.then(|| (Arc::clone(&self.book), self.used.clone()))
    }
}

/// What became of the last scan, for tone and strip. It lives as long as the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastScan {
    /// Rises with each scan of the workstation in this boot.
    pub(crate) seq: u64,
    /// What became of it.
    pub(crate) fate: ScanFate,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScanFate {
    /// A new line.
    Added(LineId),
    /// Counted up.
    Again(LineId),
    /// A line from an in-store label.
    Weighed(LineId),
    /// A payment code: its charge is asked for.
    Payment(PaymentId),
    /// A coupon or voucher: it was looked up.
    Redemption(RedemptionId),
    /// Nothing was added.
    Refused(Refusal),
}
