//! Looks whether a replica holds what the mall does, and mends the buckets that differ.
//!
//! Both add their rows up, the store from what lies in its file. So it is noticed when a disk has
//! lost a bit, somebody has changed a row, or a mall that was put back from a copy gives a version
//! again with other rows.
//!
//! **Invariant:** a comparison that does not fit (another version, another form) changes nothing.

use std::sync::Arc;

use domain::time::Timestamp;
use sync::{
    digest::FORM,
    follow::{self, Compared, Why},
    path,
    replica::Scope,
    wire::{BucketV1, DigestsV1},
};

use super::{on_blocking, reading};
use crate::{
    Chain, DaemonError,
    context::Context,
    db::replica::Replica,
    fault,
    uplink::mall::{Mall, MallError},
};

/// How often a replica is compared while it stands where the mall does: to add a million rows up
/// takes a box some seconds of one core.
const COMPARE_PERIOD_MS: i64 = 60 * 60 * 1_000;
/// Repairs after which rows that still differ are no damage of single rows.
const REPAIRS_IN_VAIN_MAX: u32 = 2;

/// What became of the last comparisons of a scope.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    at: Option<Timestamp>,
    in_vain: u32,
}

/// What a comparison led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was to be done, or nothing could be said.
    Fine,
    /// So many buckets were replaced.
    Repaired(usize),
    /// A snapshot is surer.
    Snapshot(Why),
}

impl Comparisons {
    /// Whether it is time. A clock that was put back makes it so as well.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.at.is_none_or(|at| !(0..COMPARE_PERIOD_MS).contains(&now.ms_since(at)))
    }

    /// Another file is in force: it is compared when it stands where the mall does. One that was
    /// taken because rows differed is not doubted again at once, or a mall that adds up wrongly
    /// would be asked for one after the other.
    pub(super) fn swapped(&mut self, why: Why, now: Timestamp) {
        *self = Self { at: (why == Why::Damaged).then_some(now), in_vain: 0 };
    }

    /// The mall was away: it may have been put back from a copy, and give versions again with other
    /// rows.
    pub(super) fn doubt(&mut self) {
        self.at = None;
    }

    fn done(&mut self, now: Timestamp) -> Outcome {
        *self = Self { at: Some(now), in_vain: 0 };
        Outcome::Fine
    }
}

/// Compares a replica that stands where the mall does.
pub(super) async fn compare(
    context: &Arc<Context>,
    mall: &Mall,
    scope: Scope,
    replica: &Arc<Replica>,
    comparisons: &mut Comparisons,
) -> Result<Outcome, DaemonError> {
    let now = context.clock.now();
    let theirs: DigestsV1 = match mall.get(&reading(path::digests(scope))).await {
        // A mall of an older program has none to compare with.
        Err(MallError::Refused { status: 404, .. }) => return Ok(comparisons.done(now)),
        theirs => theirs?,
    };
    let schema = on_blocking(replica, Replica::standing).await?.schema;
    if theirs.form != FORM || schema != fault::schema() {
        return Ok(comparisons.done(now));
    }
    let ours = on_blocking(replica, move |replica| replica.digests(scope)).await;
    let (cursor, ours) = match ours {
        Ok(ours) => ours,
        Err(error) => {
            tracing::error!(error = %Chain(&error), "Rows of the replica of {scope} cannot be read");
            return Ok(Outcome::Snapshot(Why::Damaged));
        }
    };
    if (cursor.incarnation, cursor.version) != (theirs.incarnation, theirs.version) {
        return Ok(Outcome::Fine);
    }
    match follow::compare(ours.buckets(), &theirs.digests) {
        Compared::Same => Ok(comparisons.done(now)),
        Compared::Damaged => Ok(Outcome::Snapshot(Why::Damaged)),
        Compared::Repair(_) if comparisons.in_vain >= REPAIRS_IN_VAIN_MAX => {
            Ok(Outcome::Snapshot(Why::Damaged))
        }
        Compared::Repair(buckets) => {
            comparisons.in_vain += 1;
            repair(mall, scope, replica, &buckets).await
        }
    }
}

async fn repair(
    mall: &Mall,
    scope: Scope,
    replica: &Arc<Replica>,
    buckets: &[usize],
) -> Result<Outcome, DaemonError> {
    let mut n_repaired = 0;
    for bucket in buckets.iter().copied() {
        let told: BucketV1 = mall.get(&reading(path::bucket(scope, bucket))).await?;
        let repaired = on_blocking(replica, move |replica| replica.repair(scope, bucket, &told));
        n_repaired += usize::from(repaired.await?);
    }
    tracing::warn!(
        %scope, buckets = n_repaired,
        "Rows of the replica of {scope} were not what the mall has; they were replaced",
    );
    Ok(Outcome::Repaired(n_repaired))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_compared_at_once_then_hourly_and_a_new_file_at_once() {
        let at = |ms: i64| Timestamp::from_micros(ms * 1_000);
        let mut comparisons = Comparisons::default();
        assert!(comparisons.is_due(at(0)));
        assert_eq!(comparisons.done(at(5)), Outcome::Fine);
        for (now, expected) in [
            (5, false),
            (4 + COMPARE_PERIOD_MS, false),
            (5 + COMPARE_PERIOD_MS, true),
            // The clock was put back.
            (0, true),
        ] {
            assert_eq!(comparisons.is_due(at(now)), expected, "{now}");
        }
        assert_eq!(comparisons.done(at(5)), Outcome::Fine);
        comparisons.doubt();
        assert!(comparisons.is_due(at(6)));
        comparisons.swapped(Why::FarBehind, at(6));
        assert!(comparisons.is_due(at(6)));
        comparisons.swapped(Why::Damaged, at(6));
        assert!(!comparisons.is_due(at(7)));
    }
}
