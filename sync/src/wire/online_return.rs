//! Goods of an online order that somebody brings to a store (线上退货).
//!
//! The store asks what may come back, then asks the mall to take it back. It writes that down before
//! it asks; the mall decides once, and whoever asks again with the same id hears the same.

use domain::{
    id::{OnlineReturnId, PickupId},
    money::Money,
    quantity::Quantity,
    receipt_number::WorkstationNumber,
    returns::online::{OnlineReturnState, ReturnReason},
    tender::TenderKind,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Signs of what names an online order: a signed code has the most.
pub const BROUGHT_CHARS_MAX: usize = crate::token::TOKEN_CHARS_MAX;

/// `POST /edge/v1/online-orders`: what may come back of an order, and what some pieces would give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroughtV1 {
    /// What was scanned or typed: the order's signed code, its id, or its number.
    pub presented: String,
    /// Pieces that shall come back; none at first.
    #[serde(default)]
    pub lines: Vec<BackLineV1>,
}

/// Pieces of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackLineV1 {
    /// The line's number in the order.
    pub number: u16,
    /// How many, in thousandths.
    pub quantity_milli: Quantity,
}

/// An online order as a store that takes goods of it back is told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineOrderV1 {
    /// Its id.
    pub id: PickupId,
    /// What shopper and shop call it.
    pub number: String,
    /// The shopper's name, masked.
    #[serde(default)]
    pub shopper: String,
    /// Their number, masked.
    #[serde(default)]
    pub phone: String,
    /// When it was handed over.
    pub handed_over_at: Timestamp,
    /// How it was paid, and how money goes back.
    pub method: TenderKind,
    /// What was paid, in fen.
    pub total_minor: Money,
    /// What went back or is due to, in fen.
    pub returned_minor: Money,
    /// What it has.
    pub lines: Vec<OnlineLineV1>,
    /// What the pieces that were named would give back together; nothing where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_minor: Option<Money>,
    /// Why they cannot come back, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineLineV1 {
    /// 1, 2, 3 …
    pub number: u16,
    /// 货号.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Spec, size and colour.
    #[serde(default)]
    pub spec: String,
    /// How many were handed over, in thousandths.
    pub quantity_milli: Quantity,
    /// How many have not come back yet.
    pub left_milli: Quantity,
    /// What was paid for all of it, in fen.
    pub amount_minor: Money,
    /// What the next piece alone gives back; nothing where it cannot come back alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece_minor: Option<Money>,
}

/// `POST /edge/v1/online-returns`: take pieces of an online order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBackV1 {
    /// Its id, made by the store: the same again is the same return.
    pub id: OnlineReturnId,
    /// Of which order.
    pub order: PickupId,
    /// What lies on the counter.
    pub lines: Vec<BackLineV1>,
    /// Why it comes back.
    pub reason: ReturnReason,
    /// Whether it can be sold again.
    pub saleable: bool,
    /// What the shopper was shown that they get, in fen.
    pub amount_minor: Money,
    /// At which workstation.
    pub workstation: WorkstationNumber,
    /// By whom.
    pub operator: String,
    /// When, by the store's clock.
    pub at: Timestamp,
}

/// A return as the mall decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineReturnV1 {
    /// Its id.
    pub id: OnlineReturnId,
    /// Done or refused; the mall never leaves one open.
    pub state: OnlineReturnState,
    /// Why not, in one word; only when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What shopper and shop call the order.
    pub number: String,
    /// The shopper's name, masked.
    #[serde(default)]
    pub shopper: String,
    /// Their number, masked.
    #[serde(default)]
    pub phone: String,
    /// How the money goes back.
    pub method: TenderKind,
    /// What goes back, in fen.
    pub amount_minor: Money,
    /// What of that is held back for gifts that the shopper keeps, in fen; below nothing where a gift
    /// came back after all.
    #[serde(default)]
    pub held_minor: Money,
    /// What came back.
    #[serde(default)]
    pub lines: Vec<ReturnedLineV1>,
}

/// A line of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLineV1 {
    /// The line's number in the order.
    pub number: u16,
    /// 货号.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Spec, size and colour.
    #[serde(default)]
    pub spec: String,
    /// How many came back, in thousandths.
    pub quantity_milli: Quantity,
    /// What had been paid for them, in fen.
    pub amount_minor: Money,
}
