//! An edge node says where its ledger stands, and the mall says how it goes on.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::Hash;

/// Facts in one page of what a ledger has lost; a page of the largest orders stays below the limit
/// of an answer.
pub const LOST_FACTS_MAX: u32 = 100;

/// A place in the outbox of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceV1 {
    /// The sequence of a fact, from 1; 0 before the first.
    pub seq: i64,
    /// The chain's value there.
    pub chain: Hash,
}

impl PlaceV1 {
    /// Before the first fact of an epoch.
    pub const START: Self = Self { seq: 0, chain: Hash::GENESIS };
}

/// Where a ledger stands, said before its facts are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAskV1 {
    /// Of this ask; the same again gets the same answer, so a lost answer costs nothing.
    pub id: Uuid,
    /// The life that the ledger believes it is in.
    pub epoch: u32,
    /// How often the daemon has started on this ledger.
    pub boot_no: u64,
    /// SHA-256 of the machine's own id: another value tells of another box.
    pub machine: Hash,
    /// What the last answer gave; nothing before the first.
    pub nonce: Option<Uuid>,
    /// The newest fact of the epoch.
    pub newest: PlaceV1,
    /// The newest fact of the epoch that the mall has acknowledged.
    pub acked: PlaceV1,
    /// The box itself found that its ledger may be a copy or have gone back.
    pub is_doubtful: bool,
}

/// How far one life of a ledger is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeV1 {
    /// The life.
    pub epoch: u32,
    /// Everything up to this sequence is held.
    pub acked_seq: i64,
    /// The chain after its first fact: of another value it is not the life that the ledger knows by this
    /// number. A mall that was put back has forgotten which it gave, and may give one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Hash>,
}

/// Facts that are held and that the ledger may have lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostV1 {
    /// Of this life.
    pub epoch: u32,
    /// After this sequence.
    pub after: i64,
    /// Up to and with this one.
    pub through: i64,
}

/// How a ledger goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionV1 {
    /// Carried by every batch of this session, and by the next ask.
    pub nonce: Uuid,
    /// The life from now on; facts that wait go up as its.
    pub epoch: u32,
    /// How far each life is held. What was acknowledged before and is not held by now is sent again.
    pub lives: Vec<LifeV1>,
    /// What the ledger may have lost; fetched page by page.
    pub lost: Vec<LostV1>,
    /// Another box speaks with this ledger's history too, and a person decides which one stays: it
    /// sells on, and is lent nothing.
    pub is_frozen: bool,
    /// Set when the mall wants the first batch to wait: after an outage not all stores come at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// How batches of this session may be packed ([`crate::packing`]); none where the mall is older.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packings: Vec<String>,
}

/// A held fact on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostFactV1 {
    /// Its place in the life that was asked for.
    pub seq: i64,
    /// Its identity.
    pub id: Uuid,
    /// What it is.
    pub kind: String,
    /// The version of its body.
    pub v: u16,
    /// The body, byte for byte.
    pub body: String,
}

/// A page of held facts, in sequence; an empty one is the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostPageV1 {
    /// At most `LOST_FACTS_MAX`.
    pub facts: Vec<LostFactV1>,
}
