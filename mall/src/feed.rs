//! What stores read: changes after a cursor, and whole snapshots.
//!
//! | file | what |
//! | --- | --- |
//! | `page` | a page of changes |
//! | `shelf` | which snapshots are ready, and making one when it is asked for or due |
//! | `build` | a scope as a ready SQLite file, packed |
//! | `digests` | what a scope's rows add up to, and the rows of one bucket |
//!
//! **Invariant:** reads only; what a store sees of a version it sees in every page and snapshot.

mod build;
mod digests;
mod page;
mod shelf;

pub(crate) use digests::{Sums, bucket, digests};
pub(crate) use page::{CHANGES_MAX, FeedError, head, page};
pub(crate) use shelf::{RETRY_MS, Shelf, SnapshotError, file, keep_fresh, offer};
