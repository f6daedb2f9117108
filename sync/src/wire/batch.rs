//! Facts on their way up, and what the mall says of them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::Hash;

/// The kind of fact that an order is.
pub const KIND_ORDER: &str = "order";

/// A batch: the next facts of one edge node's outbox, in sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchV1 {
    /// The session that they are sent in; nothing from a node that is older than sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// The life of the ledger they come from.
    pub epoch: u32,
    /// The chain value before the first fact; after the hole, if one is told.
    pub prev_chain: Hash,
    /// Places that stay empty; the facts begin after it. A mall that is older than holes reads that
    /// the facts begin too late, and the edge node keeps what it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hole: Option<HoleV1>,
    /// The facts; sequences are dense and rising.
    pub facts: Vec<FactV1>,
}

/// Places whose facts the edge node cannot give: never passed over in silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoleV1 {
    /// From this sequence, at least 1 …
    pub from: i64,
    /// … up to and with this one.
    pub through: i64,
    /// Why, for a person.
    pub reason: String,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactV1 {
    /// Its place in the outbox, from 1 in each epoch.
    pub seq: i64,
    /// Its identity: what makes it the same fact however often it is sent.
    pub id: Uuid,
    /// What it is, e.g. `order`; a kind that the mall does not know is stored all the same.
    pub kind: String,
    /// The version of its body.
    pub v: u16,
    /// The body as text, byte for byte what `digest` was made of.
    pub body: String,
    /// SHA-256 of the body.
    pub digest: Hash,
    /// The chain value after it.
    pub chain: Hash,
}

/// What the mall did with a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum VerdictV1 {
    /// New, and held.
    Accepted,
    /// Held already, the same bytes.
    Duplicate,
    /// Held already with other bytes; both are kept and somebody is told.
    Conflict,
    /// Held raw; it could not be read, or its sums do not hold.
    Quarantined {
        /// What is wrong, for a person.
        reason: String,
    },
    /// Held; the kind or version is newer than this mall.
    StoredUnknown,
}

/// A verdict that is not plain `Accepted`, by sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldV1 {
    /// Which fact.
    pub seq: i64,
    /// What was done with it.
    #[serde(flatten)]
    pub verdict: VerdictV1,
}

/// The answer to a batch, given after the mall's commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswerV1 {
    /// Everything up to this sequence is held; contiguous.
    pub acked_seq: i64,
    /// Verdicts other than `Accepted`.
    #[serde(default)]
    pub verdicts: Vec<ToldV1>,
    /// Set when the batch did not begin where the mall stands: send again from here.
    #[serde(default)]
    pub expected_seq: Option<i64>,
    /// Set when the mall wants to be left alone for a while.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// Set when the next batch may have so many facts at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<u32>,
}
