//! Fetches a snapshot, verifies it aside, and swaps it in.
//!
//! **Invariant:** no byte of a file that is not verified is ever sold from.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use ring::digest::{Context as Sha256, SHA256};
use sync::{
    chain::Hash,
    path,
    replica::{REPLICA_SCHEMA, Scope},
    wire::SnapshotV1,
};

use super::changed;
use crate::{
    DaemonError,
    context::Context,
    db::{
        DbError,
        replica::{Replica, file_name, verify_file},
    },
    devices::Tasks,
    fault,
    uplink::mall::{Mall, MallError},
};

/// A catalog of some millions of items; more than this is not a replica of ours.
const FILE_BYTES_MAX: i64 = 8 * 1_024 * 1_024 * 1_024;

/// Takes the newest snapshot of a scope into force.
pub(super) async fn take(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    tasks: &Tasks,
) -> Result<(), DaemonError> {
    let manifest: SnapshotV1 = mall.get(&path::snapshot(scope)).await?;
    fault::db("snapshot.told")?;
    context.troubles.schema_is_old(manifest.schema > REPLICA_SCHEMA);
    let is_ours = manifest.scope == scope.to_string()
        && manifest.schema <= REPLICA_SCHEMA
        && (0..=FILE_BYTES_MAX).contains(&manifest.file_bytes)
        && (0..=FILE_BYTES_MAX).contains(&manifest.packed_bytes);
    if !is_ours {
        return Err(MallError::Nonsense.into());
    }
    let data = context.config.data.clone();
    let packed = data.join(format!("download-{scope}.zst"));
    let packed_bytes = u64::try_from(manifest.packed_bytes).unwrap_or(0);
    let from = path::snapshot_file(scope, manifest.version);
    mall.download(&from, packed_bytes, &packed).await?;
    fault::db("snapshot.downloaded")?;
    let (expected, rows) = (manifest.clone(), manifest.n_rows);
    let replica =
        tokio::task::spawn_blocking(move || put_in_force(&data, &packed, scope, &expected))
            .await
            .unwrap_or(Err(DbError::Closed))?;
    let replica = Arc::new(replica);
    context.replicas.set(scope, Arc::clone(&replica));
    Replica::sweep(&context.config.data, scope, &replica);
    tracing::info!(%scope, version = manifest.version, rows, "A snapshot is in force");
    changed(context, scope, tasks).await
}

/// The schema of the snapshot that the mall offers, if this program can read it.
pub(super) async fn schema_offered(mall: &Mall, scope: Scope) -> Result<Option<i64>, DaemonError> {
    match mall.get::<SnapshotV1>(&path::snapshot(scope)).await {
        Ok(manifest) => Ok(Some(manifest.schema).filter(|schema| *schema <= REPLICA_SCHEMA)),
        // None is ready: its pages can be followed all the same.
        Err(MallError::Refused { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn put_in_force(
    data: &Path,
    packed: &Path,
    scope: Scope,
    manifest: &SnapshotV1,
) -> Result<Replica, DbError> {
    let name = free_name(data, scope, manifest.version)?;
    let path = data.join(&name);
    let replica = verified(packed, &path, scope, manifest)
        .and_then(|()| Replica::put_in_force(data, &name, scope));
    if replica.is_err() {
        // What could not be used must not fill the disk that orders are written to.
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("{name}{ending}")));
        }
    }
    let _ = std::fs::remove_file(packed);
    replica
}

/// Unpacks the file and looks whether it is whole and ours.
fn verified(
    packed: &Path,
    path: &Path,
    scope: Scope,
    manifest: &SnapshotV1,
) -> Result<(), DbError> {
    let written = unpack(packed, path, manifest).map_err(DbError::file("unpack", packed))?;
    if written != manifest.file_sha256 {
        return Err(DbError::Damaged { doing: "verify a snapshot" });
    }
    verify_file(path, scope)?;
    fault::db("snapshot.verified")?;
    Ok(())
}

/// A name that no file has, nor the log of one that was: a replica in force may have the same
/// version and be open.
fn free_name(data: &Path, scope: Scope, version: i64) -> Result<String, DbError> {
    let plain = file_name(scope, version);
    let is_taken =
        |name: &String| data.join(name).exists() || data.join(format!("{name}-wal")).exists();
    let others = (1..1_000).map(|n| plain.replace(".db", &format!("-{n}.db")));
    std::iter::once(plain.clone())
        .chain(others)
        .find(|name| !is_taken(name))
        .ok_or(DbError::Damaged { doing: "name a snapshot" })
}

/// Unpacks into a flushed file and says what its bytes hash to.
fn unpack(packed: &Path, into: &Path, manifest: &SnapshotV1) -> io::Result<Hash> {
    let mut reader = zstd::Decoder::new(File::open(packed)?)?;
    let mut file = File::create(into)?;
    let (mut hash, mut buffer) = (Sha256::new(&SHA256), vec![0_u8; 1_024 * 1_024]);
    let mut left = manifest.file_bytes;
    loop {
        let n = reader.read(&mut buffer)?;
        let chunk = buffer.get(..n).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        left -= i64::try_from(n).unwrap_or(i64::MAX);
        if left < 0 {
            return Err(io::Error::other("the file is larger than announced"));
        }
        hash.update(chunk);
        file.write_all(chunk)?;
    }
    file.sync_all()?;
    Hash::from_bytes(hash.finish().as_ref()).ok_or_else(|| io::Error::other("no digest"))
}
