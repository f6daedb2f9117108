//! Pictures that a shopper's screen shows while nobody buys: fetched from the mall, kept here, shown
//! without it.
//!
//! ```text
//! settings: a playlist ──► which pictures are missing? ──► fetched, hashed, looked at, kept
//!                                                                │ all there
//!                                                                ▼
//!                              shown.json ──► every screen     the ones before are removed
//! ```
//!
//! **Invariant:** a playlist is shown when every picture of it lies here, and until then the one before
//! is; a picture is what its name says and what a screen can draw; the folder holds what is shown and
//! what is being fetched, and nothing else for long.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use sync::{
    chain::Hash,
    path,
    picture::{self, PICTURE_BYTES_MAX, Picture},
    wire::SlideV1,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Chain, DaemonError,
    context::Context,
    db::{self, DbError},
    fault,
    uplink::mall::{Mall, MallError},
};

/// Bytes that stay free beside pictures: they are the last that a full disk is for.
const FREE_BYTES_KEPT: u64 = 64 * 1_024 * 1_024;
/// A playlist is looked at again after this at the latest, where a picture could not be had.
const RETRY_MS_MAX: u64 = 30_000;

/// What is shown.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    shown: ArcSwap<Vec<SlideV1>>,
}

impl Pictures {
    /// The playlist that is shown: every picture of it lies here.
    pub(crate) fn shown(&self) -> Arc<Vec<SlideV1>> {
        self.shown.load_full()
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("pictures")
}

fn list(data: &Path) -> PathBuf {
    folder(data).join("shown.json")
}

fn file(data: &Path, picture: Hash) -> PathBuf {
    folder(data).join(picture.to_string())
}

/// A picture that lies here, if it is what its name says.
pub(crate) fn read(data: &Path, name: Hash) -> Option<(Picture, Vec<u8>)> {
    let bytes = std::fs::read(file(data, name)).ok()?;
    let picture = picture::look(&bytes).ok().filter(|_| Hash::of(&bytes) == name)?;
    Some((picture, bytes))
}

fn are_here(data: &Path, slides: &[SlideV1]) -> bool {
    slides.iter().all(|slide| read(data, slide.picture).is_some())
}

/// Shows what was shown before the start, where all of it still lies here.
pub(crate) fn restore(context: &Context) {
    let data = &context.config.data;
    let Ok(text) = std::fs::read(list(data)) else { return };
    let slides: Vec<SlideV1> = serde_json::from_slice(&text).unwrap_or_default();
    if are_here(data, &slides) {
        context.pictures.shown.store(Arc::new(slides));
    } else {
        tracing::error!("Pictures of the playlist are damaged; fetching them again");
    }
}

/// Follows the playlist that HQ wishes until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, stop: CancellationToken) {
    let mut settings = context.settings.follow();
    let retry = Duration::from_millis(context.config.mall.poll_ms.min(RETRY_MS_MAX));
    let mut was_told = false;
    loop {
        let Some(done) = stop.run_until_cancelled(follow(&context, &mall)).await else { return };
        let pause = match done {
            Ok(()) => {
                was_told = false;
                None
            }
            Err(error) => {
                if !was_told {
                    tracing::warn!(
                        error = %Chain(&error),
                        "A picture of the playlist was not fetched; the playlist before stays",
                    );
                }
                was_told = true;
                Some(retry)
            }
        };
        let wait = async {
            let changed = settings.changed();
            match pause {
                Some(pause) => tokio::time::timeout(pause, changed).await.unwrap_or(Ok(())),
                None => changed.await,
            }
        };
        // Whoever sends them lives as long as the context.
        if !matches!(stop.run_until_cancelled(wait).await, Some(Ok(()))) {
            return;
        }
    }
}

/// Fetches what the playlist that HQ wishes lacks here, and shows it.
async fn follow(context: &Arc<Context>, mall: &Mall) -> Result<(), DaemonError> {
    let wished = context.settings.in_force().playlist().to_vec();
    let data = &context.config.data;
    if **context.pictures.shown.load() != wished {
        std::fs::create_dir_all(folder(data)).map_err(DbError::file("make", folder(data)))?;
        for slide in &wished {
            if read(data, slide.picture).is_none() {
                fetch(data, mall, slide.picture).await?;
                fault::point("picture.kept");
            }
        }
        let text = serde_json::to_string(&wished).map_err(|_| MallError::Nonsense)?;
        db::lay(&list(data), &text).map_err(DbError::file("write", list(data)))?;
        fault::point("picture.listed");
        tracing::info!(pictures = wished.len(), "Another playlist is shown");
        context.pictures.shown.store(Arc::new(wished.clone()));
        context.screens.beat();
    }
    sweep(data, &wished);
    Ok(())
}

/// Fetches a picture, and keeps it if it is one.
async fn fetch(data: &Path, mall: &Mall, name: Hash) -> Result<(), DaemonError> {
    let room = u64::try_from(PICTURE_BYTES_MAX).unwrap_or(u64::MAX);
    if db::free_bytes(data)? < room.saturating_add(FREE_BYTES_KEPT) {
        return Err(DbError::DiskFull.into());
    }
    let mut download = mall.download(&path::picture(name), 0).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = download.next().await? {
        if bytes.len() + piece.len() > PICTURE_BYTES_MAX {
            return Err(MallError::TooLarge.into());
        }
        bytes.extend_from_slice(&piece);
    }
    if Hash::of(&bytes) != name || picture::look(&bytes).is_err() {
        return Err(MallError::Nonsense.into());
    }
    let path = file(data, name);
    keep(&path, &bytes).map_err(DbError::file("write", &path))?;
    Ok(())
}

fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    std::fs::write(&aside, bytes)?;
    std::fs::File::open(&aside)?.sync_all()?;
    std::fs::rename(aside, path)
}

/// Removes what is not shown; what cannot be removed only costs disk.
fn sweep(data: &Path, shown: &[SlideV1]) {
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_shown = name.to_str().is_some_and(|name| {
            name == "shown.json" || shown.iter().any(|slide| slide.picture.to_string() == name)
        });
        if !is_shown {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
