//! The secret by which this store opens what the mall seals for it: names and phone numbers.
//!
//! Reconciler: asked for at each start, until it is answered, and again when a row does not open.
//! It is kept beside the signing key, so that members are known over a restart without a mall.
//!
//! **Invariant:** in one file of mode 0600, and printed nowhere.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sync::{backoff::retry_ms, path, wire::SealV1};
use tokio_util::sync::CancellationToken;

use super::mall::Mall;
use crate::{
    Chain, DaemonError,
    context::{Context, random},
    db::{DbError, lay, sync_folder},
};

fn path_in(data: &Path) -> PathBuf {
    data.join("seal.key")
}

/// Reads what was kept; without it members are known by their codes alone.
pub(crate) fn restore(context: &Context) {
    let Ok(text) = std::fs::read_to_string(path_in(&context.config.data)) else { return };
    let kept: Option<SealV1> = serde_json::from_str(&text).ok();
    match kept.and_then(|kept| kept.seal().ok()) {
        Some(seal) => context.seal.store(Some(Arc::new(seal))),
        None => tracing::error!("The store's seal is damaged; fetching it again"),
    }
}

/// Asks for the secret until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, mall: Mall, stop: CancellationToken) {
    let mut failures = 0_u32;
    loop {
        let Some(answer) = stop.run_until_cancelled(mall.get::<SealV1>(path::SEAL)).await else {
            return;
        };
        let told = answer.map_err(DaemonError::from);
        match told.and_then(|told| Ok(take(&context, &told)?)) {
            Ok(()) => {
                failures = 0;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = context.nudges.seal.taken() => {}
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == 1 {
                    tracing::warn!(error = %Chain(&error), "The store's seal was not fetched; asking again");
                }
            }
        }
        let wait = retry_ms(failures.max(1), u32::from_be_bytes(random()));
        let pause = Duration::from_millis(wait.min(context.config.mall.poll_ms.max(1_000)));
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Puts an answered secret in force, and keeps it.
fn take(context: &Context, told: &SealV1) -> Result<(), DbError> {
    let doing = "read the store's seal";
    let seal = told.seal().map_err(|_| DbError::Damaged { doing })?;
    keep(&context.config.data, told)?;
    context.seal.store(Some(Arc::new(seal)));
    // Screens may show now who stands at their counter.
    context.screens.beat();
    Ok(())
}

/// Writes it aside, flushes it, and gives it its name.
fn keep(data: &Path, told: &SealV1) -> Result<(), DbError> {
    let path = path_in(data);
    let text = serde_json::to_string(told)
        .map_err(|_| DbError::Damaged { doing: "write the store's seal" })?;
    if std::fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    lay(&path, &text).map_err(DbError::file("keep", &path))?;
    sync_folder(data)
}
