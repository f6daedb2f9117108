//! What a snapshot's manifest promises, who signed it, and in which chunks its file is fetched.
//!
//! ```text
//! signature = Ed25519(key, "guitai-snapshot-1\n" key "\n" scope "\n" incarnation "\n" version "\n" schema
//!             "\n" file_bytes "\n" file_sha256 "\n" packed_bytes "\n" n_rows "\n" not_after "\n"
//!             chunk_sha256 "," chunk_sha256 …)
//! ```
//!
//! The keys are those that settings are believed by. Whoever stands between mall and store can
//! withhold a snapshot, and neither forge one, nor give one of another scope, nor an old one for ever.
//!
//! **Invariant:** pure; a manifest is believed before a byte of its file is fetched.

use domain::time::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

use crate::{
    chain::{hex, hex_bytes},
    replica::Scope,
    settings::SettingsKeyV1,
    signature::NotAKey,
    wire::SnapshotV1,
};

/// Bytes of a chunk of the packed file; the last one has what is left. A line that breaks costs no
/// more than one.
pub const CHUNK_BYTES: i64 = 4 * 1_024 * 1_024;
/// A catalog of some millions of items; more than this is not a replica of ours.
pub const FILE_BYTES_MAX: i64 = 8 * 1_024 * 1_024 * 1_024;
/// For how long a manifest is good: a store whose line is bad all day still ends with one.
pub const GOOD_FOR_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a manifest is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// Signed by a key that is not believed here.
    #[error("the snapshot is signed by a key that is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the snapshot's signature does not fit")]
    Forged,
    /// Of another scope.
    #[error("the snapshot is of another scope")]
    OtherScope,
    /// Too old to be taken.
    #[error("the snapshot's manifest has expired")]
    Expired,
    /// Of a schema that this program cannot read.
    #[error("the snapshot is of a newer schema")]
    Newer,
    /// Its sizes and chunks do not fit each other, or are beyond `FILE_BYTES_MAX`.
    #[error("the snapshot's manifest does not add up")]
    Malformed,
}

/// How many chunks a file of so many bytes has.
#[must_use]
pub fn n_chunks(packed_bytes: i64) -> usize {
    let chunks = packed_bytes.saturating_add(CHUNK_BYTES - 1).div_euclid(CHUNK_BYTES);
    usize::try_from(chunks).unwrap_or(0)
}

/// Signs a manifest, good until `not_after`.
///
/// # Errors
/// When the key is none.
pub fn sign(
    mut manifest: SnapshotV1,
    pkcs8: &[u8],
    key: u32,
    not_after: Timestamp,
) -> Result<SnapshotV1, NotAKey> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
    (manifest.key, manifest.not_after) = (key, not_after);
    manifest.signature = hex(pair.sign(&covered(&manifest)).as_ref());
    Ok(manifest)
}

/// Believes a manifest or not: by the keys, for this scope, up to this schema, at this time.
///
/// # Errors
/// What is forged is told before what is merely unfit.
pub fn believe(
    manifest: &SnapshotV1,
    keys: &[SettingsKeyV1],
    scope: Scope,
    schema_max: i64,
    now: Timestamp,
) -> Result<(), Disbelief> {
    let key = keys.iter().find(|key| key.version == manifest.key).ok_or(Disbelief::UnknownKey)?;
    let public = hex_bytes(&key.public_key).ok_or(Disbelief::UnknownKey)?;
    let signature = hex_bytes(&manifest.signature).ok_or(Disbelief::Forged)?;
    UnparsedPublicKey::new(&ED25519, public)
        .verify(&covered(manifest), &signature)
        .map_err(|_| Disbelief::Forged)?;
    let SnapshotV1 { file_bytes, packed_bytes, chunks, .. } = manifest;
    let sizes = [file_bytes, packed_bytes];
    if manifest.scope != scope.to_string() {
        Err(Disbelief::OtherScope)
    } else if now > manifest.not_after {
        Err(Disbelief::Expired)
    } else if manifest.schema > schema_max {
        Err(Disbelief::Newer)
    } else if sizes.iter().any(|bytes| !(1..=FILE_BYTES_MAX).contains(*bytes))
        || chunks.len() != n_chunks(*packed_bytes)
    {
        Err(Disbelief::Malformed)
    } else {
        Ok(())
    }
}

fn covered(manifest: &SnapshotV1) -> Vec<u8> {
    let SnapshotV1 { scope, incarnation, version, schema, file_bytes, file_sha256, .. } = manifest;
    let SnapshotV1 { packed_bytes, n_rows, chunks, not_after, key, .. } = manifest;
    let chunks: Vec<String> = chunks.iter().map(ToString::to_string).collect();
    let (chunks, not_after) = (chunks.join(","), not_after.micros());
    format!(
        "guitai-snapshot-1\n{key}\n{scope}\n{incarnation}\n{version}\n{schema}\n{file_bytes}\n\
         {file_sha256}\n{packed_bytes}\n{n_rows}\n{not_after}\n{chunks}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use domain::id::IncarnationId;
    use ring::rand::SystemRandom;
    use uuid::Uuid;

    use super::*;
    use crate::{chain::Hash, signature::public_key};

    fn manifest() -> SnapshotV1 {
        SnapshotV1 {
            scope: "catalog".to_owned(),
            incarnation: IncarnationId::from_uuid(Uuid::from_u128(1)),
            version: 9,
            schema: 4,
            file_bytes: 20_000_000,
            file_sha256: Hash::of(b"file"),
            packed_bytes: CHUNK_BYTES + 1,
            n_rows: 3,
            chunks: vec![Hash::of(b"a"), Hash::of(b"b")],
            not_after: Timestamp::from_micros(1_000),
            key: 0,
            signature: String::new(),
        }
    }

    #[test]
    fn only_what_the_mall_signed_for_this_scope_and_time_is_believed() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let keys = [SettingsKeyV1 { version: 2, public_key: public_key(pkcs8.as_ref()).unwrap() }];
        let at = Timestamp::from_micros;
        let signed = |change: fn(&mut SnapshotV1)| {
            let mut manifest = manifest();
            change(&mut manifest);
            sign(manifest, pkcs8.as_ref(), 2, at(1_000)).unwrap()
        };
        let good = signed(|_| {});
        let judge = |manifest: &SnapshotV1, now| believe(manifest, &keys, Scope::Catalog, 4, now);
        assert_eq!(judge(&good, at(1_000)), Ok(()));
        assert_eq!(judge(&good, at(1_001)), Err(Disbelief::Expired));
        let store = Scope::Store(crate::replica::StoreId(1));
        assert_eq!(believe(&good, &keys, store, 4, at(1)), Err(Disbelief::OtherScope));
        assert_eq!(believe(&good, &keys, Scope::Catalog, 3, at(1)), Err(Disbelief::Newer));
        assert_eq!(believe(&good, &[], Scope::Catalog, 4, at(1)), Err(Disbelief::UnknownKey));
        let malformed: [fn(&mut SnapshotV1); 4] = [
            |it| it.chunks.clear(),
            |it| it.packed_bytes = 0,
            |it| it.file_bytes = FILE_BYTES_MAX + 1,
            |it| it.packed_bytes = i64::MAX,
        ];
        for change in malformed {
            assert_eq!(judge(&signed(change), at(1)), Err(Disbelief::Malformed));
        }
        // Whatever is changed after it was signed.
        let forged: [fn(&mut SnapshotV1); 11] = [
            |it| it.scope = "store-1".to_owned(),
            |it| it.incarnation = IncarnationId::from_uuid(Uuid::from_u128(2)),
            |it| it.version += 1,
            |it| it.schema -= 1,
            |it| it.file_bytes += 1,
            |it| it.file_sha256 = Hash::GENESIS,
            |it| it.packed_bytes += 1,
            |it| it.n_rows += 1,
            |it| it.chunks[1] = Hash::GENESIS,
            |it| it.not_after = Timestamp::from_micros(2_000),
            |it| it.signature = String::new(),
        ];
        for change in forged {
            let mut manifest = good.clone();
            change(&mut manifest);
            assert_eq!(judge(&manifest, at(1)), Err(Disbelief::Forged), "{manifest:?}");
        }
    }

    #[test]
    fn a_file_has_as_many_chunks_as_it_needs() {
        let table = [(0, 0), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (-5, 0)];
        for (bytes, expected) in table {
            assert_eq!(n_chunks(bytes), expected, "{bytes}");
        }
    }
}
