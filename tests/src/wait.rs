//! Waiting for a condition, with an end.
//!
//! **Invariant:** nobody sleeps for a time that somebody guessed; a wait looks again and again and
//! says what it was for when it gives up.

use std::{fmt::Display, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// How often a condition is looked at.
const LOOK_PERIOD: Duration = Duration::from_millis(10);

/// The limit of every wait for something that must come.
///
/// A wait that succeeds ends early, so it is generous: hundreds of durable writes in a row, in a
/// debug build, on a machine of two busy cores whose disk takes half a second to flush.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Looks until there is something, or `limit` has passed; `what` names it in the error.
///
/// # Errors
/// When the look itself fails, or the time is over, also in the middle of a look.
pub async fn until<T>(
    what: impl Display,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    while let Ok(looked) = timeout_at(end, look()).await {
        if let Some(found) = looked? {
            return Ok(found);
        }
        // A look that waits for nothing is never late.
        if Instant::now() >= end {
            break;
        }
        sleep(LOOK_PERIOD).await;
    }
    bail!("waited {} s in vain for {what}", limit.as_secs())
}
