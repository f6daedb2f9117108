//! Room in the inbox for the days to come.
//!
//! **Invariant:** a reconciler: it looks at what is there, and one look too many changes nothing.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{context::Context, error_chain::Chain};

/// A day that is to begin has its part two days before.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Makes the parts of the days to come until it is told to stop. Today's are there: a mall makes them
/// before it listens.
pub(crate) async fn keep_days_ahead(context: Context, stop: CancellationToken) {
    while stop.run_until_cancelled(time::sleep(LOOK_EVERY)).await.is_some() {
        if let Err(error) = context.db().make_days(context.now()).await {
            error!(error = %Chain(&error), "Could not make room in the inbox for the days to come");
        }
    }
}
