//! Typed ids: one UUID, many kinds, never confused.
//!
//! **Invariant:** no id is minted here; the caller makes it (UUIDv7) before anything is sent.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Kinds of ids, alphabetical and append-only.
pub mod kind {
    /// A batch of facts on its way from an edge node to the mall.
    #[derive(Debug)]
    pub enum Batch {}
    /// One start of a daemon; screens use it to know that revisions began anew.
    #[derive(Debug)]
    pub enum Boot {}
    /// A command of a screen or scanner, so that a repeat has no second effect.
    #[derive(Debug)]
    pub enum Command {}
    /// A coupon of the brand's own.
    #[derive(Debug)]
    pub enum Coupon {}
    /// An edge node as the mall knows it.
    #[derive(Debug)]
    pub enum Edge {}
    /// One life of a change feed; it differs after the feed was rebuilt.
    #[derive(Debug)]
    pub enum Incarnation {}
    /// A line of a cart, and later of its order.
    #[derive(Debug)]
    pub enum Line {}
    /// A member, the same in every channel.
    #[derive(Debug)]
    pub enum Member {}
    /// Goods of an online order that come back in a store.
    #[derive(Debug)]
    pub enum OnlineReturn {}
    /// An order, known by this id since its cart was opened.
    #[derive(Debug)]
    pub enum Order {}
    /// A charge that another house is asked for.
    #[derive(Debug)]
    pub enum Payment {}
    /// A shopper's own phone in a store, for a day.
    #[derive(Debug)]
    pub enum Phone {}
    /// A cart on a shopper's own phone.
    #[derive(Debug)]
    pub enum PhoneCart {}
    /// An online order that waits in a store.
    #[derive(Debug)]
    pub enum Pickup {}
    /// A coupon or voucher of another house on its way to be used.
    #[derive(Debug)]
    pub enum Redemption {}
    /// Money that another house is asked to give back.
    #[derive(Debug)]
    pub enum Refund {}
    /// A receipt waiting for paper.
    #[derive(Debug)]
    pub enum Slip {}
}

/// An id of kind `K`: a UUID, version 7 where we make it.
///
/// Its time part helps indexes only; nothing is ordered by it.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The id of an order.
pub type OrderId = Id<kind::Order>;
/// The id of a cart's or order's line.
pub type LineId = Id<kind::Line>;
/// The id of a screen's or scanner's command.
pub type CommandId = Id<kind::Command>;
/// The id of an edge node.
pub type EdgeId = Id<kind::Edge>;
/// The id of a coupon of the brand's own.
pub type CouponId = Id<kind::Coupon>;
/// The id of a member.
pub type MemberId = Id<kind::Member>;
/// The id of a shopper's own phone.
pub type PhoneId = Id<kind::Phone>;
/// The id of a cart on a shopper's own phone.
pub type PhoneCartId = Id<kind::PhoneCart>;
/// The id of an online order that waits in a store.
pub type PickupId = Id<kind::Pickup>;
/// The id of the return of an online order's goods in a store.
pub type OnlineReturnId = Id<kind::OnlineReturn>;
/// The id of an electronic payment; its number at the other house is made of it.
pub type PaymentId = Id<kind::Payment>;
/// The id of the use of a coupon or voucher.
pub type RedemptionId = Id<kind::Redemption>;
/// The id of a refund.
pub type RefundId = Id<kind::Refund>;
/// The id of a printed or waiting slip.
pub type SlipId = Id<kind::Slip>;
/// The id of one daemon start.
pub type BootId = Id<kind::Boot>;
/// The id of one life of a feed.
pub type IncarnationId = Id<kind::Incarnation>;
/// The id of an upload batch.
pub type BatchId = Id<kind::Batch>;

impl<K> Id<K> {
    /// Gives a UUID its kind.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The bare UUID, for storage and wire.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// Its sixteen bytes, big-endian, as RFC 9562 lays them out.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.uuid.into_bytes()
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}
impl<K> FromStr for Id<K> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self::from_uuid)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}
