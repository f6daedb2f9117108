//! Which snapshots are ready, and making one when it is asked for or due.
//!
//! Files: `<scope>-<incarnation>-s<schema>-<version>.db.zst` and the same name with `.json`, which says
//! what it is and is written last: a snapshot without it does not exist. Those of this program's schema
//! are made ahead, those of the one before when a box asks for one.
//!
//! **Invariant:** a snapshot of a version and a schema is made at most once by a process, and never changed.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::id::IncarnationId;
use sync::{
    replica::{self, Scope},
    snapshot::{self, GOOD_FOR_MS},
    wire::SnapshotV1,
};
use tokio::{sync::Mutex, time};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::build::{self, BuildError, Places, Subject};
use crate::{
    context::Context,
    db::{
        Conn, DbError, items_read,
        scope::{self, Head},
    },
    error_chain::Chain,
    fault,
    settings::KeysError,
};

/// Ready ones of a scope and a schema that stay; one more than needed, for a store that is fetching it.
const KEPT: usize = 2;
/// A store that takes a snapshot this much older than the head reads the rest from the feed.
const LAG_ROWS_MAX: i64 = 5_000;
/// A request waits so long for one that is being made; then it is told to come again.
const WAIT: Duration = Duration::from_secs(20);
/// What it is told.
pub(crate) const RETRY_MS: u64 = 3_000;
/// How often the head of the catalog is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks without a change before a snapshot is due.
const QUIET_LOOKS: u32 = 3;

/// Why there is no snapshot to give.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// No such scope.
    #[error("there is no such scope")]
    Unknown,
    /// It is being made.
    #[error("the snapshot is being made")]
    Making,
    /// It could not be made.
    #[error("could not make the snapshot")]
    Build(#[source] BuildError),
    /// The database refused.
    #[error("could not read the head of the feed")]
    Db(#[from] DbError),
    /// There is no key to sign it by.
    #[error("could not sign the snapshot")]
    Keys(#[from] KeysError),
    /// The folder cannot be read or written.
    #[error("could not read the snapshots")]
    Files(#[from] io::Error),
}

/// Which snapshot will do.
#[derive(Clone, Copy, Debug)]
enum Need {
    /// One that is near enough to the head.
    Near,
    /// That of the head.
    Newest,
}

/// Whose snapshots.
#[derive(Clone, Copy, Debug)]
struct Of {
    scope: Scope,
    incarnation: IncarnationId,
    schema: i64,
}

impl Of {
    /// With what the names of its files begin.
    fn prefix(self) -> String {
        let Self { scope, incarnation, schema } = self;
        format!("{scope}-{incarnation}-s{schema}-")
    }
}

/// The folder of ready snapshots.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    making: Mutex<()>,
}

impl Shelf {
    /// A shelf in this folder, which is made when the first snapshot is.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder, making: Mutex::new(()) }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The ready snapshots of a feed's life in a schema, newest first.
    fn ready(&self, of: Of) -> io::Result<Vec<SnapshotV1>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let prefix = of.prefix();
        let mut found = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(&prefix) && name.ends_with(".json") {
                let text = std::fs::read(self.folder.join(name))?;
                found.extend(serde_json::from_slice::<SnapshotV1>(&text));
            }
        }
        found.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.version));
        Ok(found)
    }

    fn path(&self, of: Of, version: i64, end: &str) -> PathBuf {
        self.folder.join(format!("{}{version}{end}", of.prefix()))
    }

    /// The newest ready snapshot, if a store may take it.
    async fn near_enough(
        &self,
        tx: &mut Conn,
        of: Of,
        head: &Head,
    ) -> Result<Option<SnapshotV1>, SnapshotError> {
        let newest = self.ready(of)?.into_iter().next();
        let Some(newest) = newest.filter(|newest| newest.version >= head.kept_since) else {
            return Ok(None);
        };
        let is_near = match of.scope {
            Scope::Catalog => {
                items_read::count_changed(tx, newest.version, LAG_ROWS_MAX).await? < LAG_ROWS_MAX
            }
            Scope::Store(_) => false,
        };
        Ok((newest.version == head.version || is_near).then_some(newest))
    }

    /// Makes the snapshot of the newest version, unless what is needed is there.
    async fn make(
        &self,
        context: &Context,
        scope: Scope,
        schema: i64,
        need: Need,
    ) -> Result<SnapshotV1, SnapshotError> {
        let _one_at_a_time = self.making.lock().await;
        let mut tx = context.db().read("read a snapshot's rows").await?;
        let head = scope::head(&mut tx, scope).await?.ok_or(SnapshotError::Unknown)?;
        let of = Of { scope, incarnation: head.incarnation, schema };
        // While it waited for its turn another may have made one.
        let ready = match need {
            Need::Near => self.near_enough(&mut tx, of, &head).await?,
            Need::Newest => {
                let ready = self.ready(of)?;
                ready.into_iter().find(|ready| ready.version == head.version)
            }
        };
        if let Some(ready) = ready {
            return Ok(ready);
        }
        std::fs::create_dir_all(&self.folder)?;
        let path = |end: &str| self.path(of, head.version, end);
        // Two malls over one folder do not write into each other's files.
        let own = std::process::id();
        let (file, packed) = (path(&format!(".db.{own}")), path(&format!(".zst.{own}")));
        let places = Places { file, packed: packed.clone() };
        let made = build::build(context, &mut tx, Subject { scope, schema, head }, places)
            .await
            .map_err(SnapshotError::Build)?;
        std::fs::rename(&packed, path(".db.zst"))?;
        // A struct of texts and numbers always serialises.
        let text = serde_json::to_vec_pretty(&made).unwrap_or_default();
        let manifest = path(&format!(".json.{own}"));
        std::fs::write(&manifest, text)?;
        std::fs::File::open(&manifest)?.sync_all()?;
        std::fs::rename(&manifest, path(".json"))?;
        std::fs::File::open(&self.folder)?.sync_all()?;
        self.clear(scope, &head)?;
        tell(&made);
        Ok(made)
    }

    /// Removes what is no longer of use: all but the newest of each schema that is given, and other lives
    /// of the feed.
    fn clear(&self, scope: Scope, head: &Head) -> io::Result<()> {
        let mut kept = Vec::new();
        for schema in replica::given(fault::schema()) {
            let of = Of { scope, incarnation: head.incarnation, schema };
            let ready = self.ready(of)?.into_iter().take(KEPT);
            kept.extend(ready.map(|kept| format!("{}{}.", of.prefix(), kept.version)));
        }
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let is_ours = name.strip_prefix(&format!("{scope}-")).is_some();
            if is_ours && !kept.iter().any(|kept| name.starts_with(kept)) {
                std::fs::remove_file(self.folder.join(name))?;
            }
        }
        Ok(())
    }
}

fn tell(made: &SnapshotV1) {
    info!(
        scope = %made.scope, version = made.version, schema = made.schema, rows = made.n_rows, bytes = made.packed_bytes,
        "The snapshot of `{}` is ready", made.scope
    );
}

/// The snapshot of a schema that a store should take now, signed: a ready one that is near enough to the
/// head, else the newest, made if need be.
pub(crate) async fn offer(
    context: &Context,
    scope: Scope,
    schema: i64,
) -> Result<SnapshotV1, SnapshotError> {
    let ready = ready(context, scope, schema).await?;
    let key = context.settings_keys().newest()?;
    let not_after = context.now().plus_ms(GOOD_FOR_MS);
    Ok(snapshot::sign(ready, &key.pkcs8, key.version, not_after).map_err(KeysError::Key)?)
}

async fn ready(context: &Context, scope: Scope, schema: i64) -> Result<SnapshotV1, SnapshotError> {
    let shelf = context.shelf();
    let mut tx = context.db().read("read the head of a feed").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(SnapshotError::Unknown)?;
    fault::db("snapshot.asked").await?;
    let of = Of { scope, incarnation: head.incarnation, schema };
    if let Some(newest) = shelf.near_enough(&mut tx, of, &head).await? {
        return Ok(newest);
    }
    drop(tx);
    // The making goes on when the wait ends: the next request finds it ready.
    let (owner, making) = (context.clone(), time::timeout);
    let make = async move { owner.shelf().make(&owner, scope, schema, Need::Near).await };
    let task = tokio::spawn(make);
    match making(WAIT, task).await {
        Ok(Ok(made)) => made,
        Ok(Err(_)) => Err(SnapshotError::Build(BuildError::CutOff)),
        Err(_) => Err(SnapshotError::Making),
    }
}

/// The packed file of a version in a schema, if it is ready.
pub(crate) async fn file(
    context: &Context,
    scope: Scope,
    version: i64,
    schema: i64,
) -> Result<Option<PathBuf>, SnapshotError> {
    let mut tx = context.db().read("read the head of a feed").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(SnapshotError::Unknown)?;
    let shelf = context.shelf();
    let of = Of { scope, incarnation: head.incarnation, schema };
    let is_ready = shelf.ready(of)?.iter().any(|ready| ready.version == version);
    Ok(is_ready.then(|| shelf.path(of, version, ".db.zst")))
}

/// Makes the catalog's snapshot when its changes have gone quiet, until it is told to stop.
pub(crate) async fn keep_fresh(context: Context, stop: CancellationToken) {
    let mut watch = Watch::default();
    let mut looks = time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(looks.tick()).await.is_some() {
        let looked = stop.run_until_cancelled(look(&context, &mut watch)).await;
        if let Some(Err(error)) = looked {
            error!(error = %Chain(&error), "Could not keep the catalog's snapshot fresh");
        }
    }
}

async fn look(context: &Context, watch: &mut Watch) -> Result<(), SnapshotError> {
    let mut tx = context.db().read("read the head of a feed").await?;
    let head = scope::head(&mut tx, Scope::Catalog).await?.ok_or(SnapshotError::Unknown)?;
    drop(tx);
    if watch.is_due(head.version) {
        context.shelf().make(context, Scope::Catalog, fault::schema(), Need::Newest).await?;
    }
    Ok(())
}

/// Sees when changes have gone quiet.
#[derive(Debug, Default)]
struct Watch {
    last: i64,
    quiet: u32,
}

impl Watch {
    /// Tells once, some looks after the last change.
    fn is_due(&mut self, version: i64) -> bool {
        self.quiet = if version == self.last { self.quiet.saturating_add(1) } else { 0 };
        self.last = version;
        version > 0 && self.quiet == QUIET_LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_once_after_changes_have_gone_quiet() {
        let mut watch = Watch::default();
        let versions = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3];
        let due = versions.map(|version| u8::from(watch.is_due(version)));
        assert_eq!(due, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
    }
}
