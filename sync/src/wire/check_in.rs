//! A guest of the Wi-Fi who checks in, and the coupon that HQ gives for it (到店礼券).
//!
//! **Invariant:** no phone number travels: a guest is a blind index under the store's own secret,
//! which tells the mall only that the same guest came again.

use domain::{id::CouponId, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::seal::INDEX_BYTES;

/// Hexadecimal digits of a guest.
pub const GUEST_DIGITS: usize = 2 * INDEX_BYTES;

/// A guest checked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInV1 {
    /// Made by the store: the same check-in again gets the same answer.
    pub id: Uuid,
    /// Who, blind: `GUEST_DIGITS` hexadecimal digits.
    pub guest: String,
    /// When.
    pub at: Timestamp,
}

/// What comes of a check-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedInV1 {
    /// The guest's coupon; `None` where HQ gives none now.
    #[serde(default)]
    pub coupon: Option<GivenCouponV1>,
}

/// A coupon with its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenCouponV1 {
    /// Which.
    pub id: CouponId,
    /// The rule that it switches on.
    pub rule: String,
    /// Until when it is good.
    pub until: Timestamp,
    /// What is shown as a QR code; whoever has it may use it.
    pub token: String,
}
