//! Taking an item off sale, and forgetting that it ever was.
//!
//! **Invariant:** only a tombstone old enough is forgotten, and the feed then says since when it
//! can still be followed.

use sync::replica::Scope;

use crate::{
    context::Context,
    db::{self, DbError, items, items::Stamp, scope},
};

/// Why an item was not retired.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RetireError {
    /// No such SKU on sale.
    #[error("there is no SKU `{0}` on sale")]
    Unknown(String),
    /// The database refused.
    #[error("could not retire the item")]
    Db(#[from] DbError),
}

/// Makes an item a tombstone; its barcodes are free afterwards. The answer is the new version.
pub(crate) async fn retire(context: &Context, sku: &str) -> Result<i64, RetireError> {
    let doing = "retire an item";
    let at = context.now();
    let mut tx = context.db().write(doing).await?;
    let version = scope::raise(&mut tx, Scope::Catalog, at).await?;
    if !items::retire(&mut tx, sku, Stamp { version, at }).await? {
        return Err(RetireError::Unknown(sku.to_owned()));
    }
    db::commit(tx, doing).await?;
    Ok(version)
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Tombstones.
    pub(crate) forgotten: u64,
    /// Replicas older than this version take a snapshot now.
    pub(crate) kept_since: i64,
}

/// Forgets tombstones older than so many days.
pub(crate) async fn prune(context: &Context, days: u16) -> Result<Pruned, DbError> {
    let doing = "forget tombstones";
    let before = context.now().plus_ms(-i64::from(days) * 86_400_000);
    let mut tx = context.db().write(doing).await?;
    let (forgotten, version) = items::forget_tombstones(&mut tx, before).await?;
    scope::keep_since(&mut tx, Scope::Catalog, version).await?;
    let head = scope::head(&mut tx, Scope::Catalog).await?;
    db::commit(tx, doing).await?;
    Ok(Pruned { forgotten, kept_since: head.map_or(0, |head| head.kept_since) })
}
