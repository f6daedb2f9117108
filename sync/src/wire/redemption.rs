//! Coupons and vouchers of other houses, as a store asks the mall for them.

use std::fmt;

use domain::{
    id::{OrderId, RedemptionId},
    money::Money,
    redemption::{IssuerName, RedemptionState},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Bytes of what was scanned: a QR may hold a whole URL.
pub const PRESENTED_BYTES_MAX: usize = 1_024;
/// Offers of one look-up that are shown; a Douyin order seldom has more unused vouchers.
pub const OFFERS_MAX: usize = 20;

/// `POST /edge/v1/redemptions`: what is this worth? Nothing is used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUpV1 {
    /// Its id, made by the store.
    pub id: RedemptionId,
    /// For which order.
    pub order: OrderId,
    /// At which workstation.
    pub workstation: u16,
    /// Whose it is.
    pub issuer: IssuerName,
    /// Whose it is if that house knows no such thing: its form fits both, and nobody named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<IssuerName>,
    /// What was scanned or typed; never logged or shown.
    pub presented: String,
}

impl LookUpV1 {
    /// Whether this house may be the one whose it is.
    #[must_use]
    pub fn may_be_of(&self, issuer: IssuerName) -> bool {
        issuer == self.issuer || Some(issuer) == self.otherwise
    }
}

impl fmt::Debug for LookUpV1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUpV1")
            .field("id", &self.id)
            .field("order", &self.order)
            .field("issuer", &self.issuer)
            .field("otherwise", &self.otherwise)
            .finish_non_exhaustive()
    }
}

/// What one voucher or coupon of a look-up does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferV1 {
    /// What its house calls it.
    pub title: String,
    /// How many alike may be used together.
    pub count: u32,
    /// What one of them pays as a tender, in fen; 0 for a coupon that reduces.
    pub worth_minor: Money,
    /// What the shopper gave for one, in fen; 0 where nothing is told.
    pub bought_minor: Money,
    /// The rule that a coupon switches on; none for a voucher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// `POST /edge/v1/redemptions/{id}/use`: use these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseV1 {
    /// Which of the offers, from 0.
    pub offer: u16,
    /// How many of it, at least 1.
    pub count: u32,
}

/// A redemption as the mall knows it: the answer to every question about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionV1 {
    /// Its id.
    pub id: RedemptionId,
    /// Whose.
    pub issuer: IssuerName,
    /// Where it stands.
    pub state: RedemptionState,
    /// What may be used; empty when nothing may.
    pub offers: Vec<OfferV1>,
    /// The last signs of the code, for people.
    pub code_tail: String,
    /// Why not, in one word of `platforms`; only when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Until when it can be given back, once it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversible_until: Option<Timestamp>,
}
