//! Changes on their way down: heads, pages, snapshots.

use domain::{
    id::{IncarnationId, MemberId, PickupId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{
    ItemV1, KeysV1, MemberV1, OperatorV1, PickupV1, RulesV1, StockV1, StoreV1, WorkstationV1,
};
use crate::{chain::Hash, digest::Digest};

/// How far a replica has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedCursorV1 {
    /// The feed's life it was read from.
    pub incarnation: IncarnationId,
    /// Every change up to and with this version is applied …
    pub version: i64,
    /// … and, when not empty, those of the next version up to this key.
    #[serde(default)]
    pub after: String,
}

/// Where a feed stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadV1 {
    /// The feed's life.
    pub incarnation: IncarnationId,
    /// Its newest version.
    pub version: i64,
}

/// What a row is after a change, or that it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum RowV1 {
    /// An item as it now is.
    Item(ItemV1),
    /// This SKU is sold no more.
    ItemGone {
        /// Which.
        sku: String,
    },
    /// The rules in force as they now are, all of them: a store never has half a set.
    Rules(RulesV1),
    /// The store as it now is.
    Store(StoreV1),
    /// A workstation as it now is.
    Workstation(WorkstationV1),
    /// This workstation is no more.
    WorkstationGone {
        /// Which.
        number: u16,
    },
    /// An operator as they now are.
    Operator(OperatorV1),
    /// This operator works here no more.
    OperatorGone {
        /// Which.
        number: String,
    },
    /// What the store has of an item, as it now is.
    Stock(StockV1),
    /// An online order of the store as it now is.
    Pickup(PickupV1),
    /// This online order is long over.
    PickupGone {
        /// Which.
        id: PickupId,
    },
    /// A member as they now are for this store.
    Member(MemberV1),
    /// This member is none, or none of this store's any more.
    MemberGone {
        /// Who.
        id: MemberId,
    },
    /// The keys that tokens are believed by, all of them.
    Keys(KeysV1),
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeV1 {
    /// The version that made it; several changes of one HQ transaction share it.
    pub version: i64,
    /// Its key in the feed, for the cursor; rising inside a version.
    pub key: String,
    /// The row.
    #[serde(flatten)]
    pub row: RowV1,
}

/// A page of changes in feed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedPageV1 {
    /// The changes.
    pub changes: Vec<ChangeV1>,
    /// The cursor after them.
    pub next: FeedCursorV1,
    /// The feed's newest version when the page was read.
    pub head: i64,
}

/// What a snapshot file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotV1 {
    /// The scope, as `Scope` writes it.
    pub scope: String,
    /// The feed's life it belongs to.
    pub incarnation: IncarnationId,
    /// The version it holds.
    pub version: i64,
    /// `REPLICA_SCHEMA` of the program that made it.
    pub schema: i64,
    /// Bytes of the unpacked file.
    pub file_bytes: i64,
    /// SHA-256 of the unpacked file.
    pub file_sha256: Hash,
    /// Bytes to be fetched (zstd, RFC 8878).
    pub packed_bytes: i64,
    /// Rows of its main table, for people.
    pub n_rows: i64,
    /// SHA-256 of each `snapshot::CHUNK_BYTES` of what is to be fetched.
    #[serde(default)]
    pub chunks: Vec<Hash>,
    /// Until when it may be taken.
    #[serde(default = "never")]
    pub not_after: Timestamp,
    /// The version of the key that signed it: one of those that settings are believed by.
    #[serde(default)]
    pub key: u32,
    /// 128 hexadecimal digits: `sync::snapshot`.
    #[serde(default)]
    pub signature: String,
}

const fn never() -> Timestamp {
    Timestamp::from_micros(0)
}

/// What the rows of a scope add up to at its newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestsV1 {
    /// `digest::FORM` of the program that added them up; others cannot be compared.
    pub form: u32,
    /// The feed's life.
    pub incarnation: IncarnationId,
    /// The version they are of.
    pub version: i64,
    /// One of each bucket: `digest::BUCKETS` of them.
    pub digests: Vec<Digest>,
}

/// The rows of one bucket at a scope's newest version, without what is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketV1 {
    /// The feed's life.
    pub incarnation: IncarnationId,
    /// The version they are of.
    pub version: i64,
    /// The rows.
    pub rows: Vec<RowV1>,
}
