//! Waiting for a condition, with an end.
//!
//! **Invariant:** nobody sleeps for a time that somebody guessed; a wait looks again and again and
//! says what it was for when it gives up.

use std::{fmt::Display, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const LOOK_PERIOD: Duration = Duration::from_millis(10);

/// Long enough for anything on a busy machine of two cores, in a debug build.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until there is something, or `limit` has passed; `what` names it in the error.
///
/// # Errors
/// When the look itself fails, or the time is over.
pub async fn until<T>(
    what: impl Display,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        sleep(LOOK_PERIOD).await;
    }
}
