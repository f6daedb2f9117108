//! What a chain decides about returns. A document: HQ writes it, it travels, a store keeps it.
//!
//! Money, reductions and points are not up to it: they go back as the units carried them.

use serde::{Deserialize, Serialize};

use crate::{money::Money, tender::TenderKind};

/// What returns give and take besides what the units carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnPolicy {
    /// Gifts whose earning goods come back.
    #[serde(default)]
    pub gifts: GiftPolicy,
    /// What the order had brought beside its goods.
    #[serde(default)]
    pub grants: GrantPolicy,
    /// Coupons that were used.
    #[serde(default)]
    pub coupons: CouponPolicy,
    /// What delivery cost.
    #[serde(default)]
    pub delivery: DeliveryPolicy,
    /// Goods without a receipt; by itself they are not taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_receipt: Option<WithoutReceipt>,
}

/// What becomes of units that were given for others (赠品, 换购, 买N送M of other goods) when those
/// come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiftPolicy {
    /// They must come back too, or what they were reduced by is held back. The shopper keeps as many
    /// as the goods that they keep would still bring.
    #[default]
    TakenBack,
    /// The shopper keeps them.
    Kept,
}

/// What becomes of a grant (下单返券, 提货返现, 停车券) when goods that earned it come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantPolicy {
    /// What the goods that stay would no longer bring is void where it was not used yet; what was
    /// used is held back of the money that goes back, as far as that goes.
    #[default]
    HeldBack,
    /// The same, but what was used stays the shopper's.
    Voided,
    /// All of it stays the shopper's.
    Kept,
}

/// Whether coupons may be used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponPolicy {
    /// Once the last unit of the order is back.
    #[default]
    WithLastUnit,
    /// Never.
    Never,
}

/// Whether delivery is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryPolicy {
    /// Once the last unit of the order is back.
    WithLastUnit,
    /// Never: it was delivered.
    #[default]
    Never,
}

/// What is given back for goods that nobody can show a receipt for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithoutReceipt {
    /// The most in one return.
    pub amount_max_minor: Money,
    /// The most on one business date, of the store or of a member as the caller counts it.
    pub day_amount_max_minor: Money,
    /// In which way.
    pub tender: TenderKind,
}

impl CouponPolicy {
    /// Whether a fully returned order gives its coupons back.
    pub(super) const fn gives_back(self) -> bool {
        match self {
            Self::WithLastUnit => true,
            Self::Never => false,
        }
    }
}

impl DeliveryPolicy {
    /// Whether a fully returned order gives delivery back.
    pub(super) const fn gives_back(self) -> bool {
        match self {
            Self::WithLastUnit => true,
            Self::Never => false,
        }
    }
}
