//! Online orders that wait in a store (门店自提), on their way down and what became of them.

use domain::{
    id::PickupId, money::Money, pickup::PickupState, quantity::Quantity,
    receipt_number::WorkstationNumber, time::Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kind of fact that an order lies ready.
pub const KIND_PICKUP_READY: &str = "pickup_ready";
/// The kind of fact that an order was handed over.
pub const KIND_PICKUP_HANDED_OVER: &str = "pickup_handed_over";

/// An online order as the store gets it. Of the shopper only masks travel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupV1 {
    /// Its id, which its token carries too.
    pub id: PickupId,
    /// What shopper and shop call it.
    pub number: String,
    /// Where it stands, as far as the mall knows.
    pub state: PickupState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Until when it is kept for the shopper.
    pub until: Timestamp,
    /// Their name, masked (王**).
    #[serde(default)]
    pub shopper: String,
    /// Their number, masked (138****5678).
    #[serde(default)]
    pub phone: String,
    /// What was paid, in fen.
    pub total_minor: Money,
    /// What they get.
    pub lines: Vec<PickupLineV1>,
    /// What the typed code must hash to, in hex: `crate::pickup::code_hash`.
    pub code_hash: String,
}

/// A line of an online order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupLineV1 {
    /// 1, 2, 3 …
    pub number: u16,
    /// 货号.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Spec, size and colour.
    #[serde(default)]
    pub spec: String,
    /// How many, in thousandths; whole pieces.
    pub quantity_milli: Quantity,
    /// What was paid for it, in fen.
    pub amount_minor: Money,
}

/// An order lies ready for its shopper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupReadyV1 {
    /// The fact's own id.
    pub id: Uuid,
    /// Which order.
    pub pickup: PickupId,
    /// Where it was put together.
    pub workstation: WorkstationNumber,
    /// By whom.
    pub operator: String,
    /// When.
    pub at: Timestamp,
}

/// An order was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupHandedOverV1 {
    /// The fact's own id: another one for the same order is another hand-over.
    pub id: Uuid,
    /// Which order.
    pub pickup: PickupId,
    /// Where.
    pub workstation: WorkstationNumber,
    /// By whom.
    pub operator: String,
    /// When.
    pub at: Timestamp,
    /// What the shopper showed.
    pub proof: ProofV1,
}

/// What a shopper showed to get their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofV1 {
    /// A signed code (QR).
    Token,
    /// Eight digits.
    Code,
}

impl ProofV1 {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Code => "code",
        }
    }
}
