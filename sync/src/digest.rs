//! What a replica's rows add up to, so that store and mall can tell whether they hold the same.
//!
//! Each row falls into one of 1,024 buckets by its key. A bucket's digest is the sum, modulo 2¹²⁸, of
//! the first 16 bytes of `SHA-256(key ‖ 0 ‖ SHA-256(row))` of its rows. A sum does not depend on the
//! order of the rows and follows a change by taking the old row off and adding the new one; two rows
//! that are the same do not cancel each other, as they would by XOR.
//!
//! A row is compared as the JSON of its wire form, without what is not the same each time it is told:
//! the sealed cells of a member, whose nonces are new, and what the mall counts between two versions.
//!
//! **Invariant:** pure; two programs whose rows have another form do not compare them (`FORM`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    chain::{Hash, hex, hex_bytes},
    wire::{MemberV1, RowV1},
};

/// Buckets of a scope: of a million rows some thousand fall into each, a small page.
pub const BUCKETS: usize = 1_024;
/// Raised when the wire form of any row changes, also by a field with a default.
pub const FORM: u32 = 1;
/// The rules' key. No SKU has a control sign, so none is the same.
pub const RULES_KEY: &str = "\u{1}rules";
/// What the keys of stock begin with.
pub const STOCK_KEY: &str = "stock/";

/// The digest of a bucket, or of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u128);

/// Thirty-two hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0.to_be_bytes()))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex_bytes(&text).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl Digest {
    /// The digest of a row by its key and the hash of its form.
    #[must_use]
    pub fn of(key: &str, row: &Hash) -> Self {
        let mut bytes = Vec::with_capacity(key.len() + 33);
        bytes.extend_from_slice(key.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(row.bytes());
        let hash = Hash::of(&bytes);
        Self(hash.bytes().iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte)))
    }
}

/// The bucket of a key.
#[must_use]
pub fn bucket_of(key: &str) -> usize {
    let hash = Hash::of(key.as_bytes());
    hash.bytes().iter().take(4).fold(0, |sum, byte| (sum << 8) | usize::from(*byte)) % BUCKETS
}

/// The digests of all buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests(Vec<Digest>);

impl Default for Digests {
    fn default() -> Self {
        Self(vec![Digest::default(); BUCKETS])
    }
}

impl Digests {
    /// Adds a row, by its key and the hash of its form.
    pub fn add(&mut self, key: &str, row: &Hash) {
        let digest = Digest::of(key, row);
        if let Some(bucket) = self.0.get_mut(bucket_of(key)) {
            bucket.0 = bucket.0.wrapping_add(digest.0);
        }
    }

    /// Takes a row off that was added.
    pub fn remove(&mut self, key: &str, row: &Hash) {
        let digest = Digest::of(key, row);
        if let Some(bucket) = self.0.get_mut(bucket_of(key)) {
            bucket.0 = bucket.0.wrapping_sub(digest.0);
        }
    }

    /// Adds a row as it travels; one that is gone adds nothing.
    pub fn add_row(&mut self, row: &RowV1) {
        if let Some((key, hash)) = compared(row) {
            self.add(&key, &hash);
        }
    }

    /// One of each bucket.
    #[must_use]
    pub fn buckets(&self) -> &[Digest] {
        &self.0
    }
}

/// A row's key in the feed; of one that is gone, the key of what it was.
#[must_use]
pub fn key(row: &RowV1) -> String {
    match row {
        RowV1::Item(item) => item.sku.to_ascii_lowercase(),
        RowV1::ItemGone { sku } => sku.to_ascii_lowercase(),
        RowV1::Rules(_) => RULES_KEY.to_owned(),
        RowV1::Store(_) => "store".to_owned(),
        RowV1::Workstation(row) => format!("workstation/{:03}", row.number),
        RowV1::WorkstationGone { number } => format!("workstation/{number:03}"),
        RowV1::Operator(row) => format!("operator/{}", row.number),
        RowV1::OperatorGone { number } => format!("operator/{number}"),
        RowV1::Stock(row) => format!("{STOCK_KEY}{}", row.sku.to_ascii_lowercase()),
        RowV1::Pickup(row) => format!("pickup/{}", row.id),
        RowV1::PickupGone { id } => format!("pickup/{id}"),
        RowV1::Member(row) => format!("member/{}", row.id),
        RowV1::MemberGone { id } => format!("member/{id}"),
        RowV1::Keys(_) => "keys".to_owned(),
    }
}

/// A row's key and the hash of what of it is compared; `None` of one that is gone.
#[must_use]
pub fn compared(row: &RowV1) -> Option<(String, Hash)> {
    let hash = match row {
        RowV1::Item(item) => hash(item),
        RowV1::Rules(rules) => hash(rules),
        RowV1::Store(store) => hash(store),
        RowV1::Workstation(row) => hash(row),
        RowV1::Operator(row) => hash(row),
        RowV1::Stock(row) => {
            let mut row = row.clone();
            // A replica keeps the key alone.
            row.sku.make_ascii_lowercase();
            hash(&row)
        }
        RowV1::Pickup(row) => hash(row),
        RowV1::Member(row) => hash(&MemberV1 {
            phone_cell: String::new(),
            name_cell: String::new(),
            points: 0,
            balance_minor: domain::money::Money::ZERO,
            points_allowance: None,
            balance_allowance: None,
            ..row.clone()
        }),
        RowV1::Keys(keys) => {
            let mut keys = keys.clone();
            keys.keys.sort_by_key(|key| key.version);
            hash(&keys)
        }
        RowV1::ItemGone { .. }
        | RowV1::WorkstationGone { .. }
        | RowV1::OperatorGone { .. }
        | RowV1::PickupGone { .. }
        | RowV1::MemberGone { .. } => return None,
    };
    Some((key(row), hash))
}

/// A struct of texts and numbers always serialises.
fn hash(row: &impl Serialize) -> Hash {
    Hash::of(&serde_json::to_vec(row).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Row = (String, Hash);

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let row = ("[a-z0-9/]{1,8}", any::<u64>());
        let row = row.prop_map(|(key, value)| (key, Hash::of(&value.to_be_bytes())));
        prop::collection::vec(row, 0..40)
    }

    fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Digests {
        let mut digests = Digests::default();
        rows.into_iter().for_each(|(key, row)| digests.add(key, row));
        digests
    }

    /// What the module's head warns of: as a sum, but by XOR.
    fn xor<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<u128> {
        let mut buckets = vec![0; BUCKETS];
        for (key, row) in rows {
            buckets[bucket_of(key)] ^= Digest::of(key, row).0;
        }
        buckets
    }

    proptest! {
        #[test]
        fn the_order_of_rows_changes_nothing(rows in rows()) {
            prop_assert_eq!(sum(&rows), sum(rows.iter().rev()));
        }

        #[test]
        fn a_change_is_the_old_row_off_and_the_new_one_on(before in rows(), after in rows()) {
            let mut digests = sum(&before);
            before.iter().for_each(|(key, row)| digests.remove(key, row));
            prop_assert_eq!(&digests, &Digests::default());
            after.iter().for_each(|(key, row)| digests.add(key, row));
            prop_assert_eq!(digests, sum(&after));
        }

        #[test]
        fn two_rows_that_are_the_same_do_not_cancel_each_other(rows in rows(), row in "[a-z]{1,4}") {
            let twice = [(row.clone(), Hash::GENESIS), (row, Hash::GENESIS)];
            let with: Vec<Row> = rows.iter().chain(&twice).cloned().collect();
            prop_assert_ne!(sum(&with), sum(&rows));
            // By XOR they would: nobody would see that they are there.
            prop_assert_eq!(xor(&with), xor(&rows));
        }

        #[test]
        fn another_value_under_a_key_is_another_digest(rows in rows(), at in any::<prop::sample::Index>()) {
            prop_assume!(!rows.is_empty());
            let mut changed = rows.clone();
            let at = at.index(rows.len());
            changed[at].1 = Hash::of(b"changed");
            let differing = sum(&rows).0.iter().zip(sum(&changed).0).filter(|(a, b)| *a != b).count();
            prop_assert_eq!(differing, 1);
        }
    }

    #[test]
    fn digests_read_back_and_have_one_spelling() {
        let digest = Digest::of("a", &Hash::GENESIS);
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text.len(), 34);
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        for bad in ["\"\"", "\"0\"", "1", "\"zz\""] {
            assert!(serde_json::from_str::<Digest>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_spread_over_the_buckets() {
        let mut filled = vec![0_u32; BUCKETS];
        (0..100_000).for_each(|n| filled[bucket_of(&format!("69{n:011}"))] += 1);
        let (least, most) = (filled.iter().min().unwrap(), filled.iter().max().unwrap());
        assert!(*least > 50 && *most < 160, "{least} to {most}");
    }
}
