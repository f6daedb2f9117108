//! What a scope's rows add up to at its newest version, for stores that look whether they hold the
//! same; and the rows of a bucket, for one that does not.
//!
//! They are added up from the rows as they stand when somebody asks, once for each version: no path
//! that writes a row can forget them, and what a disk has lost is noticed. The catalog's sums are
//! kept until its version is another, for all stores ask for the same.
//!
//! **Invariant:** head and rows are of one transaction.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::TryStreamExt as _;
use sync::{
    digest::{BUCKETS, Digests, FORM, bucket_of},
    replica::{self, Scope},
    wire::{BucketV1, DigestsV1, RowV1},
};
use tokio::sync::Mutex;

use super::page::{self, FeedError};
use crate::{
    context::Context,
    db::{Tx, items_read, scope},
};

/// The catalog's sums of the newest version that was asked for, by schema; one caller adds up, others
/// wait.
#[derive(Debug, Default)]
pub(crate) struct Sums(Mutex<BTreeMap<i64, Arc<DigestsV1>>>);

/// What the rows of a scope that a schema has add up to now.
pub(crate) async fn digests(
    context: &Context,
    scope: Scope,
    schema: i64,
) -> Result<Arc<DigestsV1>, FeedError> {
    let mut kept = match scope {
        Scope::Catalog => Some(context.sums().0.lock().await),
        Scope::Store(_) => None,
    };
    let mut tx = context.db().read("add a scope's rows up").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(FeedError::Unknown)?;
    let is_of_head = |kept: &&Arc<DigestsV1>| {
        (kept.incarnation, kept.version) == (head.incarnation, head.version)
    };
    if let Some(kept) = kept.as_ref().and_then(|kept| kept.get(&schema)).filter(is_of_head) {
        return Ok(Arc::clone(kept));
    }
    let mut digests = Digests::default();
    match scope {
        Scope::Catalog => {
            if let Some(rules) = page::rules_in_force(&mut tx).await? {
                digests.add_row(&RowV1::Rules(rules));
            }
            let mut items = std::pin::pin!(items_read::digests(&mut tx));
            while let Some((key, digest)) = items.try_next().await? {
                digests.add(&key, &digest);
            }
        }
        Scope::Store(store) => {
            let rows = page::standing(context, &mut tx, store, schema).await?;
            rows.iter().for_each(|row| digests.add_row(row));
        }
    }
    let summed = Arc::new(DigestsV1 {
        form: FORM,
        incarnation: head.incarnation,
        version: head.version,
        digests: digests.buckets().to_vec(),
    });
    if let Some(kept) = &mut kept {
        kept.insert(schema, Arc::clone(&summed));
    }
    Ok(summed)
}

/// The rows of a bucket that a schema has, as they stand now; `None` for one that is not.
pub(crate) async fn bucket(
    context: &Context,
    scope: Scope,
    bucket: usize,
    schema: i64,
) -> Result<Option<BucketV1>, FeedError> {
    if bucket >= BUCKETS {
        return Ok(None);
    }
    // It looks through all keys: one at a time.
    let _turn = context.sums().0.lock().await;
    let mut tx = context.db().read("read a bucket of a scope").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(FeedError::Unknown)?;
    let is_of =
        |row: &RowV1| replica::has(schema, row) && bucket_of(&sync::digest::key(row)) == bucket;
    let mut rows = match scope {
        Scope::Catalog => catalog(&mut tx, bucket).await?,
        Scope::Store(store) => page::standing(context, &mut tx, store, schema).await?,
    };
    rows.retain(is_of);
    Ok(Some(BucketV1 { incarnation: head.incarnation, version: head.version, rows }))
}

async fn catalog(tx: &mut Tx, bucket: usize) -> Result<Vec<RowV1>, FeedError> {
    let mut keys = Vec::new();
    {
        let mut items = std::pin::pin!(items_read::digests(tx));
        while let Some((key, _)) = items.try_next().await? {
            if bucket_of(&key) == bucket {
                keys.push(key);
            }
        }
    }
    let items = items_read::with_barcodes(tx, &keys).await?;
    let rules = page::rules_in_force(tx).await?;
    Ok(items.into_iter().map(RowV1::Item).chain(rules.map(RowV1::Rules)).collect())
}
