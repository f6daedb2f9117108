//! What stores read: changes after a cursor, and whole snapshots.
//!
//! | file | what |
//! | --- | --- |
//! | `page` | a page of changes |
//! | `shelf` | which snapshots are ready, and making one when it is asked for or due |
//! | `build` | a scope as a ready SQLite file, packed |
//! | `words` | pure: the words by which a store finds an item |
//!
//! **Invariant:** reads only; what a store sees of a version it sees in every page and snapshot.

mod build;
mod page;
mod shelf;
mod words;

pub(crate) use page::{CHANGES_MAX, FeedError, head, page};
pub(crate) use shelf::{RETRY_MS, Shelf, SnapshotError, file, keep_fresh, offer};
pub use words::item_words;
