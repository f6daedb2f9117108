//! How a replica follows what the mall owns: what to fetch next, and when it may be shown.
//!
//! A version is one HQ transaction, and nobody should sell by half of one. Pages may end inside a
//! version, so they are gathered and applied together, in one transaction, once a page ends where the
//! feed stood: then the replica is what the mall was at that version, and its digests can be compared.
//!
//! **Invariant:** pure. A replica never goes back within one life of a feed, and takes no page that
//! does not go on from where it stands.

use crate::wire::{FeedCursorV1, FeedPageV1, HeadV1};

/// More versions behind than this, and a snapshot is quicker than pages. A version is one HQ
/// transaction, so this is far more than a day of edits.
pub const BEHIND_MAX: i64 = 2_000;
/// More pages than this before one ends where the feed stood, and a snapshot is quicker.
pub const PAGES_MAX: usize = 50;
/// More buckets than this differ, and it is not one row that went wrong: a snapshot is surer.
pub const REPAIRS_MAX: usize = 16;

/// Where a replica stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far it has read.
    pub cursor: FeedCursorV1,
    /// The schema of the program that made its file.
    pub schema: i64,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is what the mall has.
    Idle,
    /// Fetch the page after this cursor.
    Page(FeedCursorV1),
    /// Fetch a snapshot.
    Snapshot(Why),
}

/// Why pages do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no replica, or it cannot be read.
    None,
    /// Its file is an older program's, and the mall has one of a newer.
    Schema,
    /// The feed has another life.
    Incarnation,
    /// It has read further than the feed goes: the mall went back.
    Ahead,
    /// Too many versions behind, or too many pages.
    FarBehind,
    /// The mall has forgotten rows that are gone since, or a page could not be read.
    Gone,
    /// Too many buckets differ from the mall's.
    Damaged,
    /// HQ wishes one.
    Wished,
}

impl Why {
    /// The word for it in logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Schema => "schema",
            Self::Incarnation => "incarnation",
            Self::Ahead => "ahead",
            Self::FarBehind => "far-behind",
            Self::Gone => "gone",
            Self::Damaged => "damaged",
            Self::Wished => "wished",
        }
    }
}

/// The first choice of a round: nothing, pages or a snapshot. `offered` is the schema of the mall's
/// newest snapshot, asked for only where the replica's is older than this program's.
#[must_use]
pub fn step(standing: Option<&Standing>, head: &HeadV1, offered: Option<i64>) -> Step {
    let Some(Standing { cursor, schema }) = standing else {
        return Step::Snapshot(Why::None);
    };
    if offered.is_some_and(|offered| offered > *schema) {
        return Step::Snapshot(Why::Schema);
    }
    if head.incarnation != cursor.incarnation {
        return Step::Snapshot(Why::Incarnation);
    }
    match head.version.checked_sub(cursor.version) {
        Some(0) if cursor.after.is_empty() => Step::Idle,
        Some(0..=BEHIND_MAX) => Step::Page(cursor.clone()),
        Some(..0) => Step::Snapshot(Why::Ahead),
        Some(_) | None => Step::Snapshot(Why::FarBehind),
    }
}

/// A page that does not go on from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page does not go on from where the replica stands")]
pub struct NotNext;

/// Pages on their way into a replica, which shows nothing of them yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathering {
    cursor: FeedCursorV1,
    n_pages: usize,
}

/// What to do with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Keep it aside and fetch the one after this cursor.
    Aside(FeedCursorV1),
    /// Apply what was gathered, with this page and its cursor, in one transaction.
    Whole,
    /// Throw away what was gathered, and fetch a snapshot.
    TooMany,
}

impl Gathering {
    /// Begins where a replica stands.
    #[must_use]
    pub const fn from(cursor: FeedCursorV1) -> Self {
        Self { cursor, n_pages: 0 }
    }

    /// Goes on with so many pages that lie aside; the last of them ended at this cursor.
    #[must_use]
    pub const fn resumed(cursor: FeedCursorV1, n_pages: usize) -> Self {
        Self { cursor, n_pages }
    }

    /// Where the next page begins.
    #[must_use]
    pub const fn cursor(&self) -> &FeedCursorV1 {
        &self.cursor
    }

    /// Takes in the next page.
    ///
    /// Inside a version a cursor stands at the version before it and rises by key.
    pub fn take(&mut self, page: &FeedPageV1) -> Result<Taken, NotNext> {
        let (next, cursor) = (&page.next, &self.cursor);
        let rises = (next.version, &next.after) > (cursor.version, &cursor.after);
        if !rises || next.incarnation != cursor.incarnation || next.version > page.head {
            return Err(NotNext);
        }
        self.cursor = next.clone();
        self.n_pages += 1;
        Ok(if next.after.is_empty() {
            Taken::Whole
        } else if self.n_pages < PAGES_MAX {
            Taken::Aside(next.clone())
        } else {
            Taken::TooMany
        })
    }
}

/// What a comparison of digests leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Every bucket is the same.
    Same,
    /// Fetch these buckets and replace their rows, each in one transaction.
    Repair(Vec<usize>),
    /// So many differ that a snapshot is surer.
    Damaged,
}

/// Compares the digests of a replica's buckets with the mall's at the same version.
#[must_use]
pub fn compare<D: PartialEq>(ours: &[D], theirs: &[D]) -> Compared {
    if ours.len() != theirs.len() {
        return Compared::Damaged;
    }
    let pairs = ours.iter().zip(theirs).enumerate();
    let differing: Vec<usize> =
        pairs.filter(|(_, (ours, theirs))| ours != theirs).map(|(n, _)| n).collect();
    match differing.len() {
        0 => Compared::Same,
        1..=REPAIRS_MAX => Compared::Repair(differing),
        _ => Compared::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use domain::id::IncarnationId;
    use uuid::Uuid;

    use super::*;

    fn incarnation(n: u128) -> IncarnationId {
        IncarnationId::from_uuid(Uuid::from_u128(n))
    }

    fn cursor(version: i64, after: &str) -> FeedCursorV1 {
        FeedCursorV1 { incarnation: incarnation(1), version, after: after.to_owned() }
    }

    fn page(version: i64, after: &str, head: i64) -> FeedPageV1 {
        FeedPageV1 { changes: Vec::new(), next: cursor(version, after), head }
    }

    #[test]
    fn a_replica_is_followed_by_pages_unless_they_cannot_lead_to_the_mall() {
        let head = |n, version| HeadV1 { incarnation: incarnation(n), version };
        let page = |version, after| Step::Page(cursor(version, after));
        let snapshot = Step::Snapshot;
        let at = |version, after| Some(Standing { cursor: cursor(version, after), schema: 4 });
        let table = [
            (None, head(1, 9), None, snapshot(Why::None)),
            (at(9, ""), head(1, 9), None, Step::Idle),
            (at(9, ""), head(1, 9), Some(4), Step::Idle),
            (at(9, ""), head(1, 9), Some(5), snapshot(Why::Schema)),
            (at(9, ""), head(2, 9), None, snapshot(Why::Incarnation)),
            (at(8, ""), head(1, 9), None, page(8, "")),
            (at(8, "k"), head(1, 9), None, page(8, "k")),
            (at(9, "k"), head(1, 9), None, page(9, "k")),
            (at(9, ""), head(1, 8), None, snapshot(Why::Ahead)),
            (at(0, ""), head(1, BEHIND_MAX), None, page(0, "")),
            (at(0, ""), head(1, BEHIND_MAX + 1), None, snapshot(Why::FarBehind)),
            (at(i64::MIN, ""), head(1, i64::MAX), None, snapshot(Why::FarBehind)),
        ];
        for (standing, head, offered, expected) in table {
            assert_eq!(step(standing.as_ref(), &head, offered), expected, "{standing:?}");
        }
    }

    #[test]
    fn pages_are_gathered_until_one_ends_where_the_feed_stood() {
        let mut gathering = Gathering::from(cursor(3, ""));
        let table = [
            (page(6, "b", 9), Taken::Aside(cursor(6, "b"))),
            (page(6, "c", 9), Taken::Aside(cursor(6, "c"))),
            (page(11, "", 11), Taken::Whole),
        ];
        for (page, expected) in table {
            assert_eq!(gathering.take(&page), Ok(expected));
        }
    }

    #[test]
    fn a_page_that_does_not_go_on_is_not_taken() {
        let other = FeedCursorV1 { incarnation: incarnation(2), ..cursor(9, "") };
        let table = [
            page(6, "b", 9),
            page(6, "a", 9),
            page(6, "", 9),
            page(5, "z", 9),
            page(10, "", 9),
            FeedPageV1 { next: other, ..page(9, "", 9) },
        ];
        for page in table {
            assert_eq!(Gathering::from(cursor(6, "b")).take(&page), Err(NotNext), "{page:?}");
        }
    }

    #[test]
    fn too_many_pages_make_a_snapshot_the_quicker_way() {
        let mut gathering = Gathering::from(cursor(3, ""));
        for n in 1..PAGES_MAX {
            let after = format!("{n:04}");
            let taken = gathering.take(&page(3, &after, 4));
            assert_eq!(taken, Ok(Taken::Aside(cursor(3, &after))));
        }
        // Whoever was cut off in between counts on from what lies aside.
        let mut resumed = Gathering::resumed(gathering.cursor().clone(), PAGES_MAX - 1);
        assert_eq!(resumed, gathering);
        assert_eq!(resumed.take(&page(3, "x", 4)), Ok(Taken::TooMany));
        assert_eq!(gathering.take(&page(4, "", 4)), Ok(Taken::Whole));
    }

    #[test]
    fn buckets_that_differ_are_repaired_unless_they_are_many() {
        let mall: Vec<usize> = (0..64).collect();
        let with = |wrong: usize| -> Vec<usize> {
            mall.iter().map(|n| if *n < wrong { n + 100 } else { *n }).collect()
        };
        assert_eq!(compare(&mall, &mall), Compared::Same);
        assert_eq!(compare(&with(2), &mall), Compared::Repair(vec![0, 1]));
        assert_eq!(compare(&with(REPAIRS_MAX + 1), &mall), Compared::Damaged);
        assert_eq!(compare(&mall, &with(0)[1..]), Compared::Damaged);
    }
}
