//! Fetches a snapshot's packed file in chunks, and goes on where it was cut off.
//!
//! Beside the file (`download-<scope>.zst`) lies its manifest (`.json`), which is believed again at
//! each start. How far the file goes is not written down: its chunks are hashed again, and what is not
//! what the manifest says is fetched anew.
//!
//! **Invariant:** not a byte is fetched of what nobody signed, and none is kept that does not fit.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use ring::digest::{Context as Sha256, SHA256};
use sync::{
    chain::Hash,
    path,
    replica::Scope,
    snapshot::{self, CHUNK_BYTES, Disbelief},
    wire::SnapshotV1,
};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::reading;
use crate::{
    DaemonError,
    context::Context,
    db::{self, DbError},
    fault, settings,
    uplink::mall::{Mall, MallError},
};

/// Bytes that stay free beside a snapshot: the ledger's log until its next checkpoint.
const FREE_BYTES_KEPT: u64 = 4 * 1_024 * 1_024;
/// Bytes of a manifest: two thousand chunks.
const MANIFEST_BYTES_MAX: u64 = 256 * 1_024;

/// The packed file of a scope.
pub(super) fn packed(data: &Path, scope: Scope) -> PathBuf {
    data.join(format!("download-{scope}.zst"))
}

fn kept(data: &Path, scope: Scope) -> PathBuf {
    data.join(format!("download-{scope}.json"))
}

/// Throws away what was fetched; failures only cost disk.
pub(super) fn forget(data: &Path, scope: Scope) {
    let _ = std::fs::remove_file(kept(data, scope));
    let _ = std::fs::remove_file(packed(data, scope));
}

/// Fetches a snapshot to its end: the one that is on its way, while the mall still has it, else the
/// one that it offers now.
pub(super) async fn fetch(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
) -> Result<SnapshotV1, DaemonError> {
    let data = &context.config.data;
    if let Some(manifest) = read_kept(&kept(data, scope))
        && is_believed(context, mall, scope, &manifest).await.is_ok()
    {
        match chunks(data, mall, scope, &manifest).await {
            Ok(()) => return Ok(manifest),
            Err(DaemonError::Mall(MallError::Refused { status: 404 | 416, .. })) => {}
            // It was begun by an older program.
            Err(DaemonError::Mall(error)) if error.is_schema_old() => {}
            Err(error) => return Err(error),
        }
    }
    forget(data, scope);
    let manifest: SnapshotV1 = mall.get(&reading(path::snapshot(scope))).await?;
    fault::db("snapshot.told")?;
    is_believed(context, mall, scope, &manifest).await?;
    keep(&kept(data, scope), &manifest).map_err(DbError::file("write", kept(data, scope)))?;
    chunks(data, mall, scope, &manifest).await?;
    Ok(manifest)
}

async fn is_believed(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    manifest: &SnapshotV1,
) -> Result<(), DaemonError> {
    // The mall's time, for a manifest is good by its clock.
    let now = context.clock.now().plus_ms(mall.ahead_ms());
    let judge = |keys: &[_]| snapshot::believe(manifest, keys, scope, fault::schema(), now);
    let judged = match judge(&context.settings.keys()) {
        Err(Disbelief::UnknownKey) => {
            settings::learn_keys(context, mall).await?;
            judge(&context.settings.keys())
        }
        judged => judged,
    };
    judged.map_err(|why| {
        tracing::error!(%scope, error = %why, "A snapshot is not believed");
        // Only of what the mall has signed: a forged manifest raises no trouble.
        let newer = matches!(why, Disbelief::Newer);
        if newer { MallError::Newer.into() } else { MallError::Nonsense.into() }
    })
}

fn read_kept(path: &Path) -> Option<SnapshotV1> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(MANIFEST_BYTES_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn keep(path: &Path, manifest: &SnapshotV1) -> io::Result<()> {
    let aside = path.with_extension("next");
    std::fs::write(&aside, serde_json::to_vec(manifest)?)?;
    File::open(&aside)?.sync_all()?;
    std::fs::rename(aside, path)
}

/// How many chunks of a file are what the manifest says, from its beginning.
fn n_whole(path: &Path, manifest: &SnapshotV1) -> io::Result<usize> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file?,
    };
    let bytes = u64::try_from(CHUNK_BYTES).unwrap_or(0);
    for (n, expected) in manifest.chunks.iter().enumerate() {
        let mut chunk = Vec::new();
        io::Read::by_ref(&mut file).take(bytes).read_to_end(&mut chunk)?;
        if Hash::of(&chunk) != *expected {
            return Ok(n);
        }
    }
    Ok(manifest.chunks.len())
}

/// Asks for room before a disk is filled that orders are written to.
fn has_room(data: &Path, bytes: u64) -> Result<(), DbError> {
    let free = db::free_bytes(data)?;
    if free >= bytes.saturating_add(FREE_BYTES_KEPT) { Ok(()) } else { Err(DbError::DiskFull) }
}

/// Fetches the chunks that are missing.
async fn chunks(
    data: &Path,
    mall: &Mall,
    scope: Scope,
    manifest: &SnapshotV1,
) -> Result<(), DaemonError> {
    let path = packed(data, scope);
    let (there, expected) = (path.clone(), manifest.clone());
    let n = tokio::task::spawn_blocking(move || n_whole(&there, &expected)).await;
    let n = n.map_err(|_| DbError::Closed)?.map_err(DbError::file("read", &path))?;
    if n == manifest.chunks.len() {
        return Ok(());
    }
    let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(0);
    let from = u64::try_from(n).unwrap_or(0).saturating_mul(chunk_bytes);
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let missing = bytes(manifest.packed_bytes).saturating_sub(from);
    has_room(data, missing.saturating_add(bytes(manifest.file_bytes)))?;
    let mut taking = Taking::begin(&path, from, manifest, n).await.map_err(MallError::Write)?;
    if n > 0 {
        tracing::info!(%scope, chunks = n, "A snapshot goes on where it was cut off");
    }
    // In the schema of its manifest, also where another program began it.
    let whence = path::snapshot_file(scope, manifest.version);
    let whence = path::reading(&whence, manifest.schema);
    let mut download = mall.download(&whence, from).await?;
    while let Some(piece) = download.next().await? {
        taking.take(&piece).await?;
    }
    if taking.n == manifest.chunks.len() { Ok(()) } else { Err(MallError::Nonsense.into()) }
}

/// A file that grows by chunks that fit.
struct Taking<'a> {
    file: tokio::fs::File,
    manifest: &'a SnapshotV1,
    /// Chunks that are whole.
    n: usize,
    hash: Sha256,
    /// Bytes of the chunk that is not.
    begun: usize,
}

impl<'a> Taking<'a> {
    async fn begin(path: &Path, from: u64, manifest: &'a SnapshotV1, n: usize) -> io::Result<Self> {
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(path).await?;
        file.set_len(from).await?;
        file.seek(io::SeekFrom::Start(from)).await?;
        Ok(Self { file, manifest, n, hash: Sha256::new(&SHA256), begun: 0 })
    }

    /// Bytes of the chunk that comes next.
    fn size(&self) -> usize {
        let before = i64::try_from(self.n).unwrap_or(i64::MAX).saturating_mul(CHUNK_BYTES);
        let left = self.manifest.packed_bytes.saturating_sub(before).clamp(0, CHUNK_BYTES);
        usize::try_from(left).unwrap_or(0)
    }

    async fn take(&mut self, mut piece: &[u8]) -> Result<(), MallError> {
        while !piece.is_empty() {
            let missing = self.size().saturating_sub(self.begun);
            let (now, later) = piece.split_at(piece.len().min(missing));
            if now.is_empty() {
                return Err(MallError::TooLarge);
            }
            self.hash.update(now);
            self.file.write_all(now).await.map_err(MallError::Write)?;
            (self.begun, piece) = (self.begun + now.len(), later);
            if self.begun == self.size() {
                self.end_chunk().await?;
            }
        }
        Ok(())
    }

    async fn end_chunk(&mut self) -> Result<(), MallError> {
        let hash = std::mem::replace(&mut self.hash, Sha256::new(&SHA256)).finish();
        let hash = Hash::from_bytes(hash.as_ref());
        if hash.as_ref() != self.manifest.chunks.get(self.n) {
            return Err(MallError::Nonsense);
        }
        self.file.sync_data().await.map_err(MallError::Write)?;
        (self.n, self.begun) = (self.n + 1, 0);
        fault::point("snapshot.chunk");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use disk::Dice;
    use domain::time::Timestamp;

    use super::*;
    use crate::{power::catalogs::Signer, replica::snapshot::verified};

    /// Bytes that are other ones than were written: of a manifest and of what was fetched.
    const BYTES: u32 = 400;

    fn flip(bytes: &mut [u8], dice: &mut Dice) -> usize {
        let at = dice.below(bytes.len());
        if let (Some(byte), Ok(by)) = (bytes.get_mut(at), u8::try_from(1 + dice.below(255))) {
            *byte ^= by;
        }
        at
    }

    #[test]
    fn a_manifest_or_a_chunk_of_which_a_byte_is_another_is_fetched_anew() {
        let (signer, folder) = (Signer::new(), tempfile::tempdir().unwrap());
        let (manifest, bytes) = signer.packed(2);
        let keys = [signer.key()];
        let now = Timestamp::from_micros(0);
        let believed = |manifest: &SnapshotV1| {
            snapshot::believe(manifest, &keys, Scope::Catalog, sync::replica::REPLICA_SCHEMA, now)
        };
        let path = kept(folder.path(), Scope::Catalog);
        keep(&path, &manifest).unwrap();
        let text = std::fs::read(&path).unwrap();
        assert_eq!(believed(&read_kept(&path).unwrap()), Ok(()));
        let fetched = packed(folder.path(), Scope::Catalog);
        let unpacked = folder.path().join("unpacked.db");
        let seed = u64::from(u32::from_be_bytes(crate::context::random()));
        let mut dice = Dice::new(seed);
        for _ in 0..BYTES / 2 {
            let mut other = text.clone();
            let at = flip(&mut other, &mut dice);
            std::fs::write(&path, &other).unwrap();
            // Another letter for the same digit changes nothing of what it says.
            let believes = read_kept(&path).filter(|kept| believed(kept).is_ok());
            let is_same = |kept: &SnapshotV1| {
                kept.signature.eq_ignore_ascii_case(&manifest.signature)
                    && SnapshotV1 { signature: manifest.signature.clone(), ..kept.clone() }
                        == manifest
            };
            assert!(believes.is_none_or(|kept| is_same(&kept)), "seed {seed}, byte {at}");
            let mut other = bytes.clone();
            let at = flip(&mut other, &mut dice);
            std::fs::write(&fetched, &other).unwrap();
            assert_eq!(n_whole(&fetched, &manifest).unwrap(), 0, "seed {seed}, byte {at}");
            // Nor is it believed when its chunks were not looked at again.
            let is_refused = verified(&fetched, &unpacked, Scope::Catalog, &manifest).is_err();
            let is_as_it_was =
                || Hash::of(&std::fs::read(&unpacked).unwrap()) == manifest.file_sha256;
            assert!(is_refused || is_as_it_was(), "seed {seed}, byte {at}");
        }
        std::fs::write(&fetched, &bytes).unwrap();
        assert_eq!(n_whole(&fetched, &manifest).unwrap(), 1);
        verified(&fetched, &unpacked, Scope::Catalog, &manifest).unwrap();
    }
}
