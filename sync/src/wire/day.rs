//! Sums of a day, told until store and mall agree.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FactV1;
use crate::{
    chain::Hash,
    day::{Amounts, Sum},
    watermark::WatermarkV1,
};

/// What is held of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySumV1 {
    /// How many facts.
    pub facts: u32,
    /// `Σ SHA-256(id ‖ digest)[..16] mod 2^128`.
    pub digest: Sum,
    /// Money by the word of its tender, in fen.
    #[serde(default)]
    pub amounts: Amounts,
}

/// The same of the facts whose ids end in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPartV1 {
    /// That byte.
    pub part: u8,
    /// How many facts.
    pub facts: u32,
    /// Their sum.
    pub digest: Sum,
}

/// How far a ledger knows one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayLifeV1 {
    /// The life.
    pub epoch: u32,
    /// The greatest place of it in this ledger, of whatever day.
    pub through: i64,
}

/// What a ledger holds of a day. Compared is what both hold of the places that it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayV1 {
    /// The life that the ledger is in.
    pub epoch: u32,
    /// Nothing more is expected of the day: it may be sealed.
    pub is_over: bool,
    /// The lives that the ledger knows; at most `day::LIVES_MAX`.
    pub lives: Vec<DayLifeV1>,
    /// Ids that both sides leave out: places that were told to be a hole, and other bytes under one id.
    /// At most `day::LEFT_OUT_MAX`.
    #[serde(default)]
    pub left_out: Vec<Uuid>,
    /// What it holds without those.
    pub sum: DaySumV1,
}

/// What the mall says to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAnswerV1 {
    /// Whether it holds the same.
    pub agrees: bool,
    /// Since when the day is sealed; nothing while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_at: Option<Timestamp>,
    /// What the mall holds, by part; only where it does not agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DayPartV1>,
    /// Up to where everything is held, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<WatermarkV1>,
}

/// Which parts of a day to look into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAskV1 {
    /// The lives that the ledger knows.
    pub lives: Vec<DayLifeV1>,
    /// The parts.
    pub parts: Vec<u8>,
}

/// A held fact, by what tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFactV1 {
    /// Its identity.
    pub id: Uuid,
    /// SHA-256 of the bytes that are held.
    pub digest: Hash,
    /// A life in which it was told …
    pub epoch: u32,
    /// … and its place there.
    pub seq: i64,
}

/// What the mall holds of some parts of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFactsV1 {
    /// The facts.
    pub facts: Vec<DayFactV1>,
}

/// Facts that the mall has lost, sent again with their places of a life that it holds. Bounded like a
/// batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAgainV1 {
    /// The life of these places.
    pub epoch: u32,
    /// The facts; their places may be any that were acknowledged.
    pub facts: Vec<FactV1>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAgainAnswerV1 {
    /// So many were not held and are held now.
    pub n_kept: u32,
}
