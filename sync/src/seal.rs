//! Personal data at rest: cells that only their store can open, and an index that is blind.
//!
//! The mall gives each store a secret of its own at enrolment, and seals what it sends down with
//! keys derived from it. A replica file that is stolen without that secret yields no phone number.
//!
//! ```text
//! cell = version (1) │ algorithm (1) │ key (2) │ nonce (12) │ ciphertext and tag
//! ```
//!
//! AES-256-GCM with a random nonce (NIST SP 800-38D, 8.2.2: fewer than 2^32 cells per key), bound
//! to its table, column and row; keys by HKDF-SHA256 (RFC 5869) with a label for each use.
//!
//! **Invariant:** no key is printed, no clear text is kept, and randomness comes in as bytes.

use std::fmt;

use ring::{aead, hkdf, hmac};

/// Bytes of a store's secret.
pub const SECRET_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a blind index: 128 bits collide for nobody.
pub const INDEX_BYTES: usize = 16;
/// Clear bytes of a cell; a name or a phone number is far shorter.
pub const CLEAR_BYTES_MAX: usize = 1_024;

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;
const HEAD_BYTES: usize = 4;

/// Where a cell stands: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's key.
    pub row: &'a str,
}

/// Why a cell does not open, or a text cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Another key, another place, or damaged.
    #[error("the cell does not open")]
    Closed,
    /// Longer than `CLEAR_BYTES_MAX`, or not text.
    #[error("the text cannot be sealed")]
    Text,
}

/// The keys of one secret.
pub struct Seal {
    cell: aead::LessSafeKey,
    index: hmac::Key,
    key: u16,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Seal {
    /// Derives the keys from a secret; `key` is its number, kept in each cell.
    ///
    /// # Errors
    /// When the crypto library makes no keys of these lengths.
    pub fn of(secret: &[u8; SECRET_BYTES], key: u16) -> Result<Self, SealError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guitai").extract(secret);
        let cell = prk.expand(&[b"pii-v1"], &aead::AES_256_GCM).map_err(|_| SealError::Closed)?;
        let index = prk.expand(&[b"index-v1"], hmac::HMAC_SHA256).map_err(|_| SealError::Closed)?;
        let cell = aead::LessSafeKey::new(aead::UnboundKey::from(cell));
        Ok(Self { cell, index: hmac::Key::from(index), key })
    }

    /// Seals a text for one place.
    ///
    /// # Errors
    /// When it is longer than `CLEAR_BYTES_MAX`.
    pub fn close(
        &self,
        place: Place<'_>,
        nonce: [u8; NONCE_BYTES],
        clear: &str,
    ) -> Result<Vec<u8>, SealError> {
        if clear.len() > CLEAR_BYTES_MAX {
            return Err(SealError::Text);
        }
        let mut sealed = clear.as_bytes().to_vec();
        let aad = aead::Aad::from(self.bound(place));
        self.cell
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| SealError::Text)?;
        let mut cell = vec![VERSION, AES_256_GCM];
        cell.extend_from_slice(&self.key.to_be_bytes());
        cell.extend_from_slice(&nonce);
        cell.extend_from_slice(&sealed);
        Ok(cell)
    }

    /// Opens a cell at its place.
    ///
    /// # Errors
    /// When it was sealed by another key or for another place, or is damaged.
    pub fn open(&self, place: Place<'_>, cell: &[u8]) -> Result<String, SealError> {
        let closed = SealError::Closed;
        let (head, rest) = cell.split_first_chunk::<HEAD_BYTES>().ok_or(closed)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(closed)?;
        let [high, low] = self.key.to_be_bytes();
        if *head != [VERSION, AES_256_GCM, high, low] {
            return Err(closed);
        }
        let mut sealed = sealed.to_vec();
        let aad = aead::Aad::from(self.bound(place));
        let clear = self
            .cell
            .open_in_place(aead::Nonce::assume_unique_for_key(*nonce), aad, &mut sealed)
            .map_err(|_| closed)?;
        String::from_utf8(clear.to_vec()).map_err(|_| closed)
    }

    /// What a text is found by without being shown: the same for the same text, useless without
    /// the key. `kind` keeps a phone number from meeting a card number of the same digits.
    #[must_use]
    pub fn index(&self, kind: &str, text: &str) -> [u8; INDEX_BYTES] {
        let tag = hmac::sign(&self.index, format!("{kind}|{text}").as_bytes());
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn bound(&self, Place { table, column, row }: Place<'_>) -> Vec<u8> {
        format!("{table}|{column}|{row}|{}", self.key).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const PHONE: Place<'_> = Place { table: "member", column: "phone", row: "7" };

    fn seal(secret: u8, key: u16) -> Seal {
        Seal::of(&[secret; SECRET_BYTES], key).unwrap()
    }

    #[test]
    fn a_cell_opens_with_its_key_at_its_place_and_nowhere_else() {
        let ours = seal(1, 1);
        let cell = ours.close(PHONE, [9; NONCE_BYTES], "13812345678").unwrap();
        assert_eq!(ours.open(PHONE, &cell).as_deref(), Ok("13812345678"));
        assert_eq!(cell.len(), 11 + 16 + 16);
        let others = [seal(2, 1), seal(1, 2)];
        for other in &others {
            assert_eq!(other.open(PHONE, &cell), Err(SealError::Closed));
        }
        for place in [
            Place { table: "staff", ..PHONE },
            Place { column: "name", ..PHONE },
            Place { row: "8", ..PHONE },
        ] {
            assert_eq!(ours.open(place, &cell), Err(SealError::Closed));
        }
    }

    #[test]
    fn a_damaged_cell_stays_closed() {
        let ours = seal(1, 1);
        let cell = ours.close(PHONE, [9; NONCE_BYTES], "王小明").unwrap();
        for at in 0..cell.len() {
            let mut damaged = cell.clone();
            damaged[at] ^= 1;
            assert_eq!(ours.open(PHONE, &damaged), Err(SealError::Closed), "{at}");
            assert_eq!(ours.open(PHONE, &cell[..at]), Err(SealError::Closed), "{at}");
        }
        let long = "x".repeat(CLEAR_BYTES_MAX + 1);
        assert_eq!(ours.close(PHONE, [9; NONCE_BYTES], &long), Err(SealError::Text));
    }

    #[test]
    fn an_index_finds_the_same_text_and_says_nothing_else() {
        let (ours, other) = (seal(1, 1), seal(2, 1));
        let found = ours.index("phone", "13812345678");
        assert_eq!(found, ours.index("phone", "13812345678"));
        assert_ne!(found, ours.index("card", "13812345678"));
        assert_ne!(found, ours.index("phone", "13812345679"));
        assert_ne!(found, other.index("phone", "13812345678"));
    }

    #[test]
    fn no_key_is_printed() {
        assert_eq!(format!("{:?}", seal(1, 3)), "Seal { key: 3, .. }");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_place_of_a_cell_stays_closed(
            head in any::<bool>(), bytes in vec(any::<u8>(), 0..200),
        ) {
            // With the right head, too.
            let head: &[u8] = if head { &[VERSION, AES_256_GCM, 0, 1] } else { &[] };
            let cell = [head, &bytes].concat();
            prop_assert_eq!(seal(1, 1).open(PHONE, &cell), Err(SealError::Closed));
        }

        #[test]
        fn what_was_sealed_opens_and_stands_nowhere_in_clear(
            text in "\\PC{4,40}", nonce in any::<[u8; NONCE_BYTES]>(),
        ) {
            let ours = seal(1, 1);
            let cell = ours.close(PHONE, nonce, &text).unwrap();
            prop_assert!(!cell.windows(text.len()).any(|part| part == text.as_bytes()));
            prop_assert_eq!(ours.open(PHONE, &cell), Ok(text));
        }
    }
}
