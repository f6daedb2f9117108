//! A workstation as a value: its cart, where the operator is with it, who is signed in.
//!
//! **Invariant:** no I/O; `db::station` stores it, `checkout` changes it, `http::view` shows it.

use std::sync::Arc;

use domain::{
    cart::Cart,
    id::{CouponId, LineId, MemberId, OrderId, PaymentId, PickupId, RedemptionId},
    order::SELF_SERVICE,
    pricing::{
        self, By, Occasion, PriceBook, Quote,
        occasion::{self, COUPONS_MAX, Used},
    },
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use sync::chain::Hash;

use crate::{
    approval,
    coupon::OwnCoupon,
    db::DbError,
    member::Identified,
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
    /// SHA-256 of the token of the browser that is this kiosk's screen.
    pub(crate) pairing: Option<Hash>,
    /// Payments by code, coupons and vouchers of this cart.
    pub(crate) rights: Rights,
    /// Who buys, if they said so.
    pub(crate) member: Option<Identified>,
    /// Coupons of the brand's own beside this cart.
    pub(crate) coupons: Vec<OwnCoupon>,
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
            pairing: None,
            rights: Rights::NONE,
            member: None,
            coupons: Vec::new(),
        }
    }

    /// Who sells here, as orders name them: the operator who is signed in, else the kiosk itself
    /// while it has a screen. Nobody, then nothing is sold.
    pub(crate) fn seller(&self) -> Option<&str> {
        let operator = self.signed_in.as_ref().map(|signed_in| signed_in.operator.as_str());
        operator.or(self.pairing.map(|_| SELF_SERVICE))
    }

    /// Nobody is known, and nothing of theirs lies here any more.
    pub(crate) fn forget_buyer(&mut self) {
        self.rights = Rights::default();
        self.member = None;
        self.coupons = Vec::new();
    }

    /// The coupons as a quote takes them: those of other houses, then the brand's own.
    fn all_coupons(&self) -> Vec<occasion::Coupon> {
        let own = self.coupons.iter().map(OwnCoupon::named);
        self.rights.coupons().into_iter().chain(own).take(COUPONS_MAX).collect()
    }

    /// The brand's own coupons that took or brought something in a quote of this cart.
    pub(crate) fn useful_coupons(&self, quote: &Quote) -> Vec<&OwnCoupon> {
        let first = self.rights.coupons().len();
        let taken = quote.applied.iter().map(|applied| applied.by);
        let brought = quote.grants.iter().map(|granted| granted.by);
        let places: Vec<usize> = taken
            .chain(brought)
            .filter_map(|by| match by {
                By::Coupon(_, place) => usize::from(place).checked_sub(first),
                By::Rule(_) | By::Manual(_) => None,
            })
            .collect();
        let own = self.coupons.iter().enumerate();
        own.filter(|(place, _)| places.contains(place)).map(|(_, coupon)| coupon).collect()
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
    /// These terms for what stands at a counter: who buys, with which coupons, what a manager
    /// allowed, and with the prices of the moment at which they began to pay.
    #[must_use]
    pub(crate) fn with(&self, station: &Station) -> Self {
        let mut terms = self.clone();
        terms.occasion.manuals = approval::manuals(&station.rights.approvals, &station.cart);
        terms.occasion.coupons = station.all_coupons();
        terms.occasion.at = station.rights.held_at().unwrap_or(terms.occasion.at);
        if let Some(member) = &station.member {
            member.buys(&mut terms.occasion);
        }
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
        let quote = terms.with(&station).quote(&station.cart)?;
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
    /// A member: the cart is priced for them.
    Member(MemberId),
    /// A coupon of the brand's own: it lies beside the cart.
    Coupon(CouponId),
    /// An online order: goods went into it, or its shopper showed its code.
    Pickup(PickupId),
    /// Nothing was added.
    Refused(Refusal),
}
