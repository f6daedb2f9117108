//! Digests of facts, and the hash chain that ties an outbox together.
//!
//! `chain(n) = SHA-256(chain(n−1) ‖ id ‖ digest)`: whoever holds the newest value can tell that
//! nothing before it was changed, left out or reordered.
//!
//! **Invariant:** digests are over the stored bytes, never over something parsed and written again.

use std::fmt;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A SHA-256 value; hex on the wire, bytes in tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first fact of an epoch is chained to.
    pub const GENESIS: Self = Self([0; 32]);

    /// The digest of a fact's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(out)
    }

    /// The next link of the chain.
    #[must_use]
    pub fn link(self, id: Uuid, digest: Self) -> Self {
        let mut bytes = Vec::with_capacity(80);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(&digest.0);
        Self::of(&bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes back 32 bytes; `None` for any other length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&hex_bytes(text)?)
    }
}

/// Reads pairs of hexadecimal digits.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2).map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()).collect()
}

/// Writes bytes as hexadecimal digits in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_id_or_body_or_order_breaks_the_chain() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (x, y) = (Hash::of(b"x"), Hash::of(b"y"));
        let right = Hash::GENESIS.link(a, x).link(b, y);
        for wrong in [
            Hash::GENESIS.link(b, y).link(a, x),
            Hash::GENESIS.link(a, y).link(b, y),
            Hash::GENESIS.link(b, x).link(b, y),
            Hash::GENESIS.link(b, y),
        ] {
            assert_ne!(wrong, right);
        }
        assert_eq!(Hash::from_hex(&right.to_string()), Some(right));
        assert_eq!(Hash::from_hex("zz"), None);
    }
}
