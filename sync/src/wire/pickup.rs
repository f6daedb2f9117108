//! Online orders that wait in a store (门店自提), on their way down and what became of them.

use domain::{
    id::PickupId, money::Money, pickup::PickupState, quantity::Quantity,
    receipt_number::WorkstationNumber, time::Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Pieces of an item that are set aside at once: what a household takes.
pub const ASIDE_PIECES_MAX: u32 = 3;
/// Stores that are named for an item: more than a shopper would go to.
pub const STORES_FOUND_MAX: usize = 5;
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
    /// What was paid, or what it would cost now, in fen.
    pub total_minor: Money,
    /// It is only set aside (留货): its goods are sold at the counter like any others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpaid: bool,
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

/// A store asks which others have an item that it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElsewhereV1 {
    /// 货号.
    pub sku: String,
    /// How many pieces, 1 to `ASIDE_PIECES_MAX`.
    pub pieces: u32,
}

/// Which stores have it, those with most of it first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElsewhereFoundV1 {
    /// At most `STORES_FOUND_MAX`.
    pub stores: Vec<StoreFoundV1>,
}

/// A store that has an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFoundV1 {
    /// Its code.
    pub store: String,
    /// What people call it.
    pub name: String,
    /// So many pieces could be promised now.
    pub available: u32,
}

/// A store asks to set an item aside in another one, for a shopper who pays there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideV1 {
    /// Made by the asking store: the same again is the same order.
    pub id: PickupId,
    /// The code of the store that has it.
    pub store: String,
    /// 货号.
    pub sku: String,
    /// How many pieces, 1 to `ASIDE_PIECES_MAX`.
    pub pieces: u32,
}

/// What is set aside, for its shopper alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideV1 {
    /// What shopper and store call it.
    pub number: String,
    /// Until when it is kept.
    pub until: Timestamp,
    /// Eight digits to be read out.
    pub code: String,
    /// The same to be shown as a QR code.
    pub token: String,
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
