//! A broker's lists, level with the database for as long as the mall runs.
//!
//! A broker reads its lists when it is told to. Beside them lies a file by which whoever may tell it knows
//! that it has to (`CHANGED`): they take the file away first and tell the broker then, so that a change
//! that comes meanwhile is told too.
//!
//! A reconciler: it looks what is so, and one look too many changes nothing.
//!
//! **Invariant:** the file lies there whenever a list may have changed since it was taken away, also when
//! the mall died in between.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::time::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{
    AuthorityError,
    lists::{self, ListsError},
};
use crate::{
    context::Context,
    db::certificates::{self, Marks},
    error_chain::Chain,
};

/// How soon who was revoked by another process is written down.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the lists are made anew although nothing has changed: a file may have been lost, and a list
/// of revoked certificates says when the next one comes.
const WHOLE_MS: i64 = 600_000;
/// What says that the broker has not read the lists as they are.
const CHANGED: &str = "changed";

/// What the lists were made of, and when.
type Known = (Marks, Timestamp);

/// Keeps a broker's lists in a folder until it is told to stop.
pub(crate) async fn keep_lists(context: Context, folder: PathBuf, stop: CancellationToken) {
    let (mut known, mut is_failing): (Option<Known>, bool) = (None, false);
    loop {
        let Some(looked) = stop.run_until_cancelled(look(&context, &folder, known)).await else {
            return;
        };
        match looked {
            Ok(now) => (known, is_failing) = (now, false),
            // Some of them may be written: the next look tells of all.
            Err(error) => {
                if !is_failing {
                    error!(error = %Chain(&error), "A broker's lists could not be kept");
                }
                (known, is_failing) = (None, true);
            }
        }
        if stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn look(
    context: &Context,
    folder: &Path,
    known: Option<Known>,
) -> Result<Option<Known>, ListsError> {
    let now = context.now();
    let mut tx = context.db().read("look at who may speak").await.map_err(AuthorityError::Db)?;
    let marks = certificates::marks(&mut tx).await.map_err(AuthorityError::Db)?;
    drop(tx);
    let is_level = |(of, at): Known| of == marks && (0..WHOLE_MS).contains(&now.ms_since(at));
    if known.is_some_and(is_level) {
        return Ok(known);
    }
    let n_changed = lists::write_lists(context, folder).await?;
    if n_changed > 0 || known.is_none() {
        lists::lay(&folder.join(CHANGED), 0o644, "The broker has not read these lists yet.\n")?;
        info!(n_changed, folder = %folder.display(), "A broker's lists are level");
    }
    Ok(Some((marks, now)))
}
