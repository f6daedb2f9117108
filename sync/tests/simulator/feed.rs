//! A model of what the mall says downwards: one scope's compacted feed, its snapshots and digests, and
//! a store's copy of it.
//!
//! **Invariant:** each function is one transaction: all of it happened or none.

use std::collections::{BTreeMap, BTreeSet};

use domain::{id::IncarnationId, quantity::Quantity, time::Timestamp};
use sync::{
    chain::Hash,
    wire::{ChangeV1, FeedCursorV1, FeedPageV1, HeadV1, RowV1, StockV1},
};

use crate::flaws::Flaw;

/// Changes in a page: few, so that most versions need more than one.
const PAGE_CHANGES: usize = 5;
/// Buckets that rows fall into.
pub(crate) const BUCKETS: usize = 16;

/// A row: what it says, by its key.
pub(crate) type Rows = BTreeMap<String, i64>;

/// The digest of a row: of its key and what it says.
fn row_digest(key: &str, value: i64) -> u128 {
    let hash = Hash::of(format!("{key}={value}").as_bytes());
    hash.bytes().iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

/// Which bucket a key falls into.
pub(crate) fn bucket_of(key: &str) -> usize {
    usize::from(Hash::of(key.as_bytes()).bytes()[0]) % BUCKETS
}

/// The digests of the buckets of some rows. They are added up: two rows that are the same do not cancel
/// each other, as they would by XOR.
pub(crate) fn digests<'a>(
    rows: impl IntoIterator<Item = (&'a String, &'a i64)>,
    flaw: Option<Flaw>,
) -> Vec<u128> {
    let mut buckets = vec![0_u128; BUCKETS];
    for (key, value) in rows {
        let bucket = &mut buckets[bucket_of(key)];
        let digest = row_digest(key, *value);
        *bucket = match flaw {
            Some(Flaw::XorDigest) => *bucket ^ digest,
            _ => bucket.wrapping_add(digest),
        };
    }
    buckets
}

/// The digest of everything a store can sell from.
pub(crate) fn whole(rows: &Rows) -> u128 {
    digests(rows, None).into_iter().fold(0, u128::wrapping_add)
}

#[derive(Clone, Debug)]
struct FeedRow {
    version: i64,
    value: Option<i64>,
}

/// The mall's side.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    incarnation: IncarnationId,
    version: i64,
    kept_since: i64,
    rows: BTreeMap<String, FeedRow>,
    order: BTreeSet<(i64, String)>,
}

/// The feed cannot be followed from a cursor any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone;

impl Feed {
    /// A feed of nothing.
    pub(crate) fn new(incarnation: IncarnationId) -> Self {
        let (rows, order) = (BTreeMap::new(), BTreeSet::new());
        Self { incarnation, version: 0, kept_since: 0, rows, order }
    }

    /// Where it stands.
    pub(crate) fn head(&self) -> HeadV1 {
        HeadV1 { incarnation: self.incarnation, version: self.version }
    }

    /// The number that a transaction of HQ gets: the counter is held until the commit, so numbers are
    /// seen in their order.
    pub(crate) fn next_version(&self) -> i64 {
        self.version + 1
    }

    /// Commits a transaction of HQ under its number.
    pub(crate) fn commit(&mut self, version: i64, changes: &[(String, Option<i64>)]) {
        self.version = self.version.max(version);
        for (key, value) in changes {
            let row = FeedRow { version, value: *value };
            if let Some(before) = self.rows.insert(key.clone(), row) {
                self.order.remove(&(before.version, key.clone()));
            }
            self.order.insert((version, key.clone()));
        }
    }

    /// Forgets the rows that are gone since a version or longer.
    pub(crate) fn forget(&mut self, through: i64) {
        self.kept_since = self.kept_since.max(through.min(self.version));
        let gone = |row: &FeedRow| row.value.is_none() && row.version <= through;
        let keys: Vec<String> =
            self.rows.iter().filter(|(_, row)| gone(row)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            if let Some(row) = self.rows.remove(&key) {
                self.order.remove(&(row.version, key));
            }
        }
    }

    /// The mall rebuilds it: another life.
    pub(crate) fn rebuild(&mut self, incarnation: IncarnationId) {
        self.incarnation = incarnation;
    }

    /// What can be sold.
    pub(crate) fn sellable(&self) -> Rows {
        self.rows.iter().filter_map(|(key, row)| Some((key.clone(), row.value?))).collect()
    }

    /// Whether a key is among the rows that are gone.
    pub(crate) fn is_sold(&self, key: &str) -> bool {
        self.rows.get(key).is_some_and(|row| row.value.is_some())
    }

    /// The changes after a cursor.
    pub(crate) fn page(&self, cursor: &FeedCursorV1) -> Result<FeedPageV1, Gone> {
        let FeedCursorV1 { incarnation, version, after } = cursor;
        let is_known = (self.kept_since..=self.version).contains(version);
        if *incarnation != self.incarnation || !is_known {
            return Err(Gone);
        }
        let is_after =
            |(at, key): &&(i64, String)| *at > version + 1 || after.is_empty() || key > after;
        let mut rest = self.order.range((version + 1, String::new())..).filter(is_after);
        let page: Vec<&(i64, String)> = rest.by_ref().take(PAGE_CHANGES).collect();
        let (version, after) = match (page.last(), rest.next()) {
            (Some((version, key)), Some(_)) => (version - 1, key.clone()),
            (_, _) => (self.version, String::new()),
        };
        let changes = page.into_iter().map(|(version, key)| self.change(*version, key)).collect();
        let next = FeedCursorV1 { incarnation: self.incarnation, version, after };
        Ok(FeedPageV1 { changes, next, head: self.version })
    }

    fn change(&self, version: i64, key: &str) -> ChangeV1 {
        let sku = key.to_owned();
        let value = self.rows.get(key).and_then(|row| row.value);
        let row = match value {
            None => RowV1::ItemGone { sku },
            Some(value) => RowV1::Stock(StockV1 {
                sku,
                on_hand_milli: Quantity::from_milli(value),
                reserved_milli: Quantity::from_milli(0),
                counted_at: Timestamp::from_micros(0),
            }),
        };
        ChangeV1 { version, key: key.to_owned(), row }
    }

    /// A snapshot: everything at one version.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let (incarnation, version) = (self.incarnation, self.version);
        let cursor = FeedCursorV1 { incarnation, version, after: String::new() };
        Snapshot { cursor, rows: self.sellable() }
    }
}

/// A ready file of everything at one version.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// Where its reader goes on.
    pub(crate) cursor: FeedCursorV1,
    /// What can be sold.
    pub(crate) rows: Rows,
}

/// A store's copy.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    /// How far it has read, in the transaction of the rows.
    pub(crate) cursor: FeedCursorV1,
    /// What can be sold.
    pub(crate) rows: Rows,
    /// Rows that lie there a second time and a third, as after damage.
    pub(crate) doubled: Vec<(String, i64)>,
}

impl Replica {
    /// From a snapshot.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let (cursor, rows) = (snapshot.cursor.clone(), snapshot.rows.clone());
        Self { cursor, rows, doubled: Vec::new() }
    }

    /// Applies pages and moves the cursor.
    pub(crate) fn apply(&mut self, pages: &[FeedPageV1]) {
        for page in pages {
            page.changes.iter().for_each(|change| self.apply_one(&change.row));
        }
        self.move_on(pages);
    }

    /// Moves the cursor alone.
    pub(crate) fn move_on(&mut self, pages: &[FeedPageV1]) {
        if let Some(last) = pages.last() {
            self.cursor = last.next.clone();
        }
    }

    fn apply_one(&mut self, row: &RowV1) {
        match row {
            RowV1::Stock(row) => {
                self.doubled.retain(|(sku, _)| *sku != row.sku);
                self.rows.insert(row.sku.clone(), row.on_hand_milli.milli());
            }
            RowV1::ItemGone { sku } => {
                self.doubled.retain(|(doubled, _)| doubled != sku);
                self.rows.remove(sku);
            }
            other => panic!("the model's feed has no {other:?}"),
        }
    }

    /// What its rows add up to, as they lie there.
    pub(crate) fn digests(&self, flaw: Option<Flaw>) -> Vec<u128> {
        let doubled = self.doubled.iter().map(|(key, value)| (key, value));
        digests(self.rows.iter().chain(doubled), flaw)
    }

    /// Replaces the rows of a bucket.
    pub(crate) fn repair(&mut self, bucket: usize, rows: Rows) {
        self.rows.retain(|key, _| bucket_of(key) != bucket);
        self.doubled.retain(|(key, _)| bucket_of(key) != bucket);
        self.rows.extend(rows);
    }
}
