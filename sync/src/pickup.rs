//! The code by which a shopper gets an online order (提货码): eight digits, checked without a network.
//!
//! The mall makes the code of the order's id and a secret of its own, so it can tell it again and
//! keeps it nowhere. The store gets only what the code must hash to under a key that lies beside its
//! signing key: who steals a replica file without that key can try no code.
//!
//! **Invariant:** no code is kept in clear on either side.

use domain::{id::PickupId, pickup::CODE_DIGITS};
use ring::{hkdf, hmac};

use crate::chain::{Hash, hex};

/// A key for codes, made of a secret: the mall's own to make codes, the store's to hash them.
#[derive(Clone)]
pub struct CodeKey(hmac::Key);

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeKey").finish_non_exhaustive()
    }
}

impl CodeKey {
    /// Derives the key of a secret; it serves nothing else.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guitai").extract(secret);
        let mut bytes = [0; 32];
        // HKDF gives up to 255 times this many bytes; it does not fail for one of them.
        let _ = prk.expand(&[b"pickup-code-1"], Bytes32).and_then(|okm| okm.fill(&mut bytes));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }

    /// The code of an order; another `attempt` gives another one, for when two orders of a store
    /// would share theirs.
    #[must_use]
    pub fn code(&self, pickup: PickupId, attempt: u32) -> String {
        let text = [b"code\n", pickup.bytes().as_slice(), &attempt.to_be_bytes()].concat();
        let tag = hmac::sign(&self.0, &text);
        let first = tag.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        let digits =
            u64::from_be_bytes(first) % 10_u64.pow(u32::try_from(CODE_DIGITS).unwrap_or(8));
        format!("{digits:0CODE_DIGITS$}")
    }

    /// What an order's code must hash to, in hex.
    #[must_use]
    pub fn hash(&self, pickup: PickupId, code: &str) -> String {
        hex(hmac::sign(&self.0, &hashed(pickup, code)).as_ref())
    }

    /// Whether a code is that of an order, by the hash that came with it.
    #[must_use]
    pub fn fits(&self, pickup: PickupId, code: &str, hash: &str) -> bool {
        let Some(hash) = Hash::from_hex(hash) else { return false };
        hmac::verify(&self.0, &hashed(pickup, code), hash.bytes()).is_ok()
    }
}

fn hashed(pickup: PickupId, code: &str) -> Vec<u8> {
    [b"hash\n", pickup.bytes().as_slice(), code.as_bytes()].concat()
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_code_fits_its_own_order_under_its_own_key_alone() {
        let (key, other) = (CodeKey::of(&[7; 32]), CodeKey::of(&[8; 32]));
        let id = |n| PickupId::from_uuid(Uuid::from_u128(n));
        let code = key.code(id(1), 0);
        assert_eq!(code.len(), CODE_DIGITS);
        assert!(code.bytes().all(|sign| sign.is_ascii_digit()), "{code}");
        assert_eq!(code, key.code(id(1), 0));
        assert_ne!(code, key.code(id(1), 1));
        assert_ne!(code, key.code(id(2), 0));
        assert_ne!(code, other.code(id(1), 0));
        let hash = key.hash(id(1), &code);
        assert!(key.fits(id(1), &code, &hash));
        for (key, id, code) in [
            (&other, id(1), code.as_str()),
            (&key, id(2), code.as_str()),
            (&key, id(1), "00000000"),
            (&key, id(1), ""),
        ] {
            assert!(!key.fits(id, code, &hash), "{id} {code}");
        }
    }
}
