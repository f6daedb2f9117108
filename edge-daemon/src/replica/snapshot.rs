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
    follow::{self, Step, Why},
    path,
    replica::Scope,
    wire::{HeadV1, SnapshotV1},
};

use super::{changed, fetch, on_blocking, reading};
use crate::{
    Chain, DaemonError,
    context::Context,
    db::{
        DbError,
        replica::{Replica, file_name, verify_file},
    },
    devices::Tasks,
    fault,
    uplink::mall::{Mall, MallError},
};

/// Takes the newest snapshot of a scope into force.
///
/// One that is on its way is fetched to its end, also over restarts; it is caught up aside by the
/// feed, so that nobody sees a version older than the one in force.
pub(super) async fn take(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    tasks: &Tasks,
    why: Why,
) -> Result<(), DaemonError> {
    let manifest = fetch::fetch(context, mall, scope).await?;
    fault::db("snapshot.downloaded")?;
    let (data, expected) = (context.config.data.clone(), manifest.clone());
    let name = on_thread(move || unpacked(&data, scope, &expected)).await?;
    caught_up(context, mall, scope, &name).await;
    let (data, rows) = (context.config.data.clone(), manifest.n_rows);
    let in_force = context.replicas.get(scope);
    let replica = on_thread(move || put_in_force(&data, &name, scope, in_force.as_deref(), why));
    let replica = Arc::new(replica.await?);
    context.replicas.set(scope, Arc::clone(&replica));
    Replica::sweep(&context.config.data, scope, &replica);
    tracing::info!(%scope, version = manifest.version, rows, "A snapshot is in force");
    changed(context, scope, tasks).await
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(DbError::Closed))
}

/// Follows the feed in a file that is not in force yet, as far as it goes: what is missing then comes
/// when it is in force.
async fn caught_up(context: &Arc<Context>, mall: &Mall, scope: Scope, name: &str) {
    let path = context.config.data.join(name);
    let Ok(aside) = on_thread(move || Replica::aside(&path, scope)).await else { return };
    let aside = Arc::new(aside);
    let Ok(standing) = on_blocking(&aside, Replica::standing).await else { return };
    let Ok(head) = mall.get::<HeadV1>(&reading(path::head(scope))).await else { return };
    let standing = follow::Standing { cursor: standing.cursor, schema: standing.schema };
    let Step::Page(cursor) = follow::step(Some(&standing), &head, None) else { return };
    if let Err(error) = super::gather(context, mall, scope, &aside, cursor).await {
        tracing::info!(%scope, error = %Chain(&error), "The snapshot is not caught up yet");
    }
}

/// The schema of the snapshot that the mall offers, if this program can read it.
pub(super) async fn schema_offered(mall: &Mall, scope: Scope) -> Result<Option<i64>, DaemonError> {
    match mall.get::<SnapshotV1>(&reading(path::snapshot(scope))).await {
        Ok(manifest) => Ok(Some(manifest.schema).filter(|schema| *schema <= fault::schema())),
        // None is ready: its pages can be followed all the same.
        Err(MallError::Refused { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Unpacks and verifies what was fetched; the name of the file that is whole and ours. The packed
/// file and its manifest are of no more use either way.
fn unpacked(data: &Path, scope: Scope, manifest: &SnapshotV1) -> Result<String, DbError> {
    let name = free_name(data, scope, manifest.version)?;
    let packed = fetch::packed(data, scope);
    let verified = verified(&packed, &data.join(&name), scope, manifest);
    fetch::forget(data, scope);
    match verified {
        Ok(()) => Ok(name),
        Err(error) => {
            discard(data, &name);
            Err(error)
        }
    }
}

/// What could not be used must not fill the disk that orders are written to.
fn discard(data: &Path, name: &str) {
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("{name}{ending}")));
    }
}

/// Swaps a verified file in, unless it is older than the one in force. A mall that went back has
/// nothing newer.
fn put_in_force(
    data: &Path,
    name: &str,
    scope: Scope,
    in_force: Option<&Replica>,
    why: Why,
) -> Result<Replica, DbError> {
    let is_older = || {
        let Some(before) = in_force.and_then(|replica| replica.standing().ok()) else {
            return Ok(false);
        };
        let (before, next) = (before.cursor, Replica::aside(&data.join(name), scope)?.standing()?);
        let next = next.cursor;
        Ok(next.incarnation == before.incarnation && next.version < before.version)
    };
    let replica = match is_older() {
        Ok(true) if why != Why::Ahead => Err(DbError::Damaged { doing: "go back in a feed" }),
        Ok(_) => Replica::put_in_force(data, name, scope),
        Err(error) => Err(error),
    };
    if replica.is_err() {
        discard(data, name);
    }
    replica
}

/// Unpacks the file and looks whether it is whole and ours.
pub(super) fn verified(
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
