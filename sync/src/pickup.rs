//! The code by which a shopper gets an online order (提货码): eight digits, checked without a network.
//!
//! The mall makes the code of the order's id and a secret of its own, so it can tell it again and
//! keeps it nowhere. The store gets only what the code must hash to under its seal, which lies beside
//! its signing key: who steals a replica file without that can try no code.
//!
//! **Invariant:** no code is kept in clear on either side.

use domain::{id::PickupId, pickup::CODE_DIGITS};
use ring::hmac;

use crate::{chain::hex, seal::Seal};

/// The code of an order under the mall's secret; another `attempt` gives another one, for when two
/// orders of a store would share theirs.
#[must_use]
pub fn code_of(secret: &[u8], pickup: PickupId, attempt: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let text = [b"pickup-code-1\n", pickup.bytes().as_slice(), &attempt.to_be_bytes()].concat();
    let tag = hmac::sign(&key, &text);
    let first = tag.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    let all: u64 = (0..CODE_DIGITS).fold(1, |all, _| all * 10);
    format!("{:0CODE_DIGITS$}", u64::from_be_bytes(first) % all)
}

/// What an order's code must hash to in its store.
#[must_use]
pub fn code_hash(seal: &Seal, pickup: PickupId, code: &str) -> String {
    hex(&seal.index("pickup", &format!("{pickup}|{code}")))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_code_is_that_of_one_order_and_its_hash_that_of_one_store() {
        let id = |n| PickupId::from_uuid(Uuid::from_u128(n));
        let code = code_of(&[7; 32], id(1), 0);
        assert_eq!(code.len(), CODE_DIGITS);
        assert!(code.bytes().all(|sign| sign.is_ascii_digit()), "{code}");
        assert_eq!(code, code_of(&[7; 32], id(1), 0));
        let others = [(8, 1, 0), (7, 2, 0), (7, 1, 1)];
        for (secret, pickup, attempt) in others {
            assert_ne!(code, code_of(&[secret; 32], id(pickup), attempt));
        }
        let (ours, theirs) = (Seal::of(&[1; 32], 1).unwrap(), Seal::of(&[2; 32], 1).unwrap());
        let hash = code_hash(&ours, id(1), &code);
        assert_eq!(hash, code_hash(&ours, id(1), &code));
        for other in [
            code_hash(&theirs, id(1), &code),
            code_hash(&ours, id(2), &code),
            code_hash(&ours, id(1), "00000000"),
        ] {
            assert_ne!(hash, other);
        }
    }
}
