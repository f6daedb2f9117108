//! One-time codes by which an edge node takes its place.
//!
//! Forty random bits in Crockford's base 32 (<https://www.crockford.com/base32.html>), which has
//! no letters that a person mistakes for digits. Few enough to type, and good for one use within
//! minutes, with a limit on guessing.
//!
//! **Invariant:** the code is told once; kept is its hash.

use domain::time::Timestamp;
use sync::chain::Hash;

use super::known_store;
use crate::{
    context::{Context, NoDice},
    db::{self, DbError, edges},
    fleet::StoreError,
};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Minutes that a code lives unless it is said otherwise: long enough to walk to the machine.
pub(crate) const TTL_MINUTES: u16 = 10;

/// A code that was just made.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The code, to be told once.
    pub(crate) code: String,
    /// The store's code.
    pub(crate) store: String,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

/// Why no code was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// The store is not known.
    #[error("could not make a claim code")]
    Store(#[from] StoreError),
    /// The machine gives no random numbers.
    #[error("could not make a claim code")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not keep the claim code")]
    Db(#[from] DbError),
}

/// Makes a code for a store.
pub(crate) async fn claim(
    context: &Context,
    store: &str,
    ttl_minutes: u16,
) -> Result<Claim, ClaimError> {
    let doing = "keep a claim";
    let code = written(context.secret::<5>()?);
    let expires_at = context.now().plus_ms(i64::from(ttl_minutes) * 60_000);
    let mut tx = context.db().write(doing).await?;
    let row = known_store(&mut tx, store).await?;
    edges::put_claim(&mut tx, hash(&code), row.id, expires_at).await?;
    db::commit(tx, doing).await?;
    Ok(Claim { code, store: row.store.code, expires_at })
}

fn written(bytes: [u8; 5]) -> String {
    let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let digit = |place: u32| usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
    (0..8).rev().filter_map(|place| ALPHABET.get(digit(place)).copied().map(char::from)).collect()
}

/// The hash under which a code is kept, however a person wrote it: small letters, hyphens and
/// blanks, `O` for `0`, `I` and `L` for `1`.
pub(super) fn hash(code: &str) -> Hash {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    Hash::of(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_bits_are_eight_signs() {
        assert_eq!(written([0; 5]), "00000000");
        assert_eq!(written([0xff; 5]), "ZZZZZZZZ");
        assert_eq!(written([0, 0, 0, 0, 33]), "00000011");
    }

    #[test]
    fn a_code_is_known_however_it_is_written() {
        for text in ["7k2m-9q10", " 7K2M 9Q1O", "7K2M9QL0", "7k2m9qi0"] {
            assert_eq!(hash(text), hash("7K2M9Q10"), "{text}");
        }
        assert_ne!(hash("7K2M9Q11"), hash("7K2M9Q10"));
    }
}
