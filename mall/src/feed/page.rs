//! A page of changes after a cursor.
//!
//! **Invariant:** pages follow each other without a gap: a row that changes while somebody reads
//! moves to a later version, and comes in a later page.

use domain::time::Timestamp;
use sync::{
    digest::{RULES_KEY, STOCK_KEY},
    replica::{self, Scope, StoreId},
    wire::{ChangeV1, FeedCursorV1, FeedPageV1, HeadV1, RowV1, RulesV1},
};

use crate::{
    context::Context,
    db::{
        DbError, Tx, damaged,
        items::sku_key,
        items_read, members, online_orders, purses, rules,
        scope::{self, Head},
        staffing, stock, stores, token_keys,
    },
    fault, member, pickup,
    vault::{self, VaultError},
};

/// Changes in a page: one short write at the store, about half a megabyte on the line.
pub(crate) const CHANGES_MAX: i64 = 2_000;
/// Bytes of a page, near enough; a set of rules has a page for itself.
const PAGE_BYTES_MAX: usize = 2 * 1_024 * 1_024;

/// Why a feed cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    /// No such scope.
    #[error("there is no such scope")]
    Unknown,
    /// The cursor is of another life of the feed, or older than the kept tombstones.
    #[error("the feed cannot be followed from this cursor any more")]
    Gone,
    /// A member could not be sealed for the store.
    #[error("could not seal a member for a store")]
    Vault(#[from] VaultError),
    /// The database refused.
    #[error("could not read the feed")]
    Db(#[from] DbError),
}

/// Where a scope's feed stands.
pub(crate) async fn head(context: &Context, scope: Scope) -> Result<HeadV1, FeedError> {
    let mut tx = context.db().read("read the head of a feed").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(FeedError::Unknown)?;
    fault::db("feed.head").await?;
    Ok(HeadV1 { incarnation: head.incarnation, version: head.version })
}

/// The changes after a cursor, at most `limit`, and not many more bytes than `PAGE_BYTES_MAX`.
///
/// Head and rows are read in one transaction, so a cursor never runs ahead of the rows it stands
/// for. When the page ends inside version `v` the next cursor says `v − 1` and the key. Rows that the
/// schema does not have are left out when the page is cut, so its cursor goes past them.
pub(crate) async fn page(
    context: &Context,
    scope: Scope,
    cursor: &FeedCursorV1,
    limit: i64,
    schema: i64,
) -> Result<FeedPageV1, FeedError> {
    let mut tx = context.db().read("read the feed").await?;
    let head = scope::head(&mut tx, scope).await?.ok_or(FeedError::Unknown)?;
    let FeedCursorV1 { incarnation, version, after } = cursor;
    if *incarnation != head.incarnation || *version < head.kept_since || *version > head.version {
        return Err(FeedError::Gone);
    }
    let mut changes = match scope {
        Scope::Catalog => catalog(&mut tx, *version, after, limit + 1).await?,
        Scope::Store(store) => own(context, &mut tx, store, (*version, after), limit + 1).await?,
    };
    fault::db("feed.read").await?;
    let limit = usize::try_from(limit).unwrap_or(0).min(fitting(&changes));
    let is_more = changes.len() > limit;
    changes.truncate(limit);
    let next = next(&head, &changes, is_more);
    changes.retain(|change| replica::has(schema, &change.row));
    Ok(FeedPageV1 { changes, next, head: head.version })
}

/// How many changes fit into a page: at least one, however large, else a store would never get
/// past it.
fn fitting(changes: &[ChangeV1]) -> usize {
    let mut bytes = 0_usize;
    let is_within = |change: &&ChangeV1| {
        let is_first = bytes == 0;
        bytes = bytes.saturating_add(weight(&change.row));
        is_first || bytes <= PAGE_BYTES_MAX
    };
    changes.iter().take_while(is_within).count()
}

/// Bytes that a row takes on the line, near enough. A set of rules takes a page for itself.
fn weight(row: &RowV1) -> usize {
    /// Names of members, numbers, marks.
    const FRAME: usize = 300;
    match row {
        RowV1::Item(item) => {
            let texts = [&item.sku, &item.name, &item.spec, &item.style, &item.colour, &item.size];
            let more = [&item.brand, &item.category, &item.plu, &item.initials, &item.pinyin];
            let tags = item.tags.iter().map(|tag| tag.len() + 3).sum::<usize>();
            let texts = texts.into_iter().chain(more).map(String::len).sum::<usize>();
            FRAME + texts + tags + item.barcodes.len() * 50
        }
        RowV1::Rules(_) => PAGE_BYTES_MAX,
        RowV1::Pickup(pickup) => FRAME + pickup.lines.len() * FRAME,
        RowV1::ItemGone { .. }
        | RowV1::Stock(_)
        | RowV1::PickupGone { .. }
        | RowV1::Store(_)
        | RowV1::Workstation(_)
        | RowV1::WorkstationGone { .. }
        | RowV1::Operator(_)
        | RowV1::OperatorGone { .. }
        | RowV1::MemberGone { .. }
        | RowV1::Keys(_) => FRAME,
        RowV1::Member(member) => {
            let crowds = member.crowds.iter().map(|crowd| crowd.len() + 3).sum::<usize>();
            2 * FRAME + member.phone_cell.len() + member.name_cell.len() + crowds
        }
    }
}

fn next(head: &Head, changes: &[ChangeV1], is_more: bool) -> FeedCursorV1 {
    let incarnation = head.incarnation;
    match changes.last().filter(|_| is_more) {
        Some(last) => {
            FeedCursorV1 { incarnation, version: last.version - 1, after: last.key.clone() }
        }
        None => FeedCursorV1 { incarnation, version: head.version, after: String::new() },
    }
}

/// Items and the rules in force, in the order of the feed.
async fn catalog(
    tx: &mut Tx,
    since: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<ChangeV1>, FeedError> {
    let changed = items_read::changed(tx, since, after, limit).await?;
    let changes = changed.into_iter().map(|change| {
        let row = if change.is_gone {
            RowV1::ItemGone { sku: change.item.sku }
        } else {
            RowV1::Item(change.item)
        };
        ChangeV1 { version: change.version, key: change.key, row }
    });
    let mut changes: Vec<ChangeV1> = changes.collect();
    let Some(held) = rules::current(tx).await? else {
        return Ok(changes);
    };
    let place = changes.partition_point(|change| change.version < held.version);
    let is_read = held.version <= since || (held.version == since + 1 && after >= RULES_KEY);
    let is_later = place == changes.len() && changes.len() >= usize::try_from(limit).unwrap_or(0);
    if !is_read && !is_later {
        let revision = held.revision;
        let set = rules::body(tx, revision).await?.ok_or_else(|| damaged("read a rule set"))?;
        let row = RowV1::Rules(RulesV1 { revision, set });
        let key = RULES_KEY.to_owned();
        changes.insert(place, ChangeV1 { version: held.version, key, row });
    }
    Ok(changes)
}

/// The rules in force as the bytes that are kept, with their revision, for a snapshot.
pub(super) async fn rules_in_force(tx: &mut Tx) -> Result<Option<RulesV1>, DbError> {
    let Some(held) = rules::current(tx).await? else {
        return Ok(None);
    };
    let body = rules::body(tx, held.revision).await?;
    Ok(body.map(|set| RulesV1 { revision: held.revision, set }))
}

/// A store's own rows: some dozens, so they are read whole and cut here; and its stock and its
/// members, of which there are many, so no more of them is read than a page has.
async fn own(
    context: &Context,
    tx: &mut Tx,
    store: StoreId,
    (since, after): (i64, &str),
    limit: i64,
) -> Result<Vec<ChangeV1>, FeedError> {
    let mut changes = rows_of_store(tx, store, since).await?;
    let is_read = |change: &ChangeV1| {
        change.version <= since || (change.version == since + 1 && change.key.as_str() <= after)
    };
    changes.retain(|change| !is_read(change));
    changes.extend(members_of_store(context, tx, store, (since, after), limit).await?);
    // Before the first key of stock, inside it, or beyond it.
    let from = match after.strip_prefix(STOCK_KEY) {
        Some(key) => (since, key),
        None if after > STOCK_KEY => (since + 1, ""),
        None => (since, ""),
    };
    let stock = stock::changed(tx, store, from, limit).await?;
    changes.extend(stock.into_iter().map(stock_change));
    changes.sort_by(|a, b| (a.version, &a.key).cmp(&(b.version, &b.key)));
    Ok(changes)
}

/// Members of a store that changed after a place of its feed, sealed for it.
async fn members_of_store(
    context: &Context,
    tx: &mut Tx,
    store: StoreId,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<ChangeV1>, FeedError> {
    let found = members::changed(tx, store, after, limit).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let vault = context.vault();
    let through = purses::told_by(tx, store).await?.through;
    let seal = vault.seal_of(store)?;
    let mut changes = Vec::with_capacity(found.len());
    for found in found {
        let (version, id) = (found.version, found.member.id);
        let row = match found.is_gone {
            true => RowV1::MemberGone { id },
            false => RowV1::Member(member::for_store(vault, &seal, &found, through)?),
        };
        changes.push(ChangeV1 { version, key: format!("member/{id}"), row });
    }
    Ok(changes)
}

fn stock_change(row: stock::StockRow) -> ChangeV1 {
    let key = format!("{STOCK_KEY}{}", sku_key(&row.told.sku));
    ChangeV1 { version: row.version, key, row: RowV1::Stock(row.told) }
}

/// Every row of a store's scope but its stock and its members, tombstones too.
async fn rows_of_store(tx: &mut Tx, store: StoreId, since: i64) -> Result<Vec<ChangeV1>, DbError> {
    let mut changes = Vec::new();
    if let Some(row) = stores::by_id(tx, store).await? {
        let version = row.version;
        changes.push(ChangeV1 { version, key: "store".to_owned(), row: RowV1::Store(row.store) });
    }
    // The first keys are there before the first version of any store.
    let (keys, version) = (vault::believed(tx).await?, token_keys::told(tx, store).await?.max(1));
    changes.push(ChangeV1 { version, key: "keys".to_owned(), row: RowV1::Keys(keys) });
    for kept in staffing::workstations(tx, store).await? {
        let (version, number) = (kept.version, kept.row.number);
        let row = if kept.is_gone {
            RowV1::WorkstationGone { number }
        } else {
            RowV1::Workstation(kept.row)
        };
        changes.push(ChangeV1 { version, key: format!("workstation/{number:03}"), row });
    }
    for kept in staffing::operators(tx, store).await? {
        let (version, key) = (kept.version, format!("operator/{}", kept.row.number));
        let row = if kept.is_gone {
            RowV1::OperatorGone { number: kept.row.number }
        } else {
            RowV1::Operator(kept.row)
        };
        changes.push(ChangeV1 { version, key, row });
    }
    for order in online_orders::of_store(tx, store, since).await? {
        let (version, key) = (order.version, format!("pickup/{}", order.id));
        let row = match order.is_gone {
            true => RowV1::PickupGone { id: order.id },
            false => RowV1::Pickup(pickup::wire(order)?),
        };
        changes.push(ChangeV1 { version, key, row });
    }
    Ok(changes)
}

/// A store's rows of a schema as they stand, without what is gone, for a snapshot.
pub(super) async fn standing(
    context: &Context,
    tx: &mut Tx,
    store: StoreId,
    schema: i64,
) -> Result<Vec<RowV1>, FeedError> {
    /// Before everything that a feed ever said.
    const BEGINNING: (i64, &str) = (-2, "");
    let stands = |row: &RowV1| match row {
        RowV1::Item(_)
        | RowV1::Rules(_)
        | RowV1::Store(_)
        | RowV1::Workstation(_)
        | RowV1::Operator(_)
        | RowV1::Stock(_)
        | RowV1::Pickup(_)
        | RowV1::Member(_)
        | RowV1::Keys(_) => true,
        RowV1::ItemGone { .. }
        | RowV1::WorkstationGone { .. }
        | RowV1::OperatorGone { .. }
        | RowV1::PickupGone { .. }
        | RowV1::MemberGone { .. } => false,
    };
    let mut rows = rows_of_store(tx, store, i64::MAX).await?;
    rows.extend(members_of_store(context, tx, store, BEGINNING, i64::MAX).await?);
    let stock = stock::changed(tx, store, (-1, ""), i64::MAX).await?;
    rows.extend(stock.into_iter().map(stock_change));
    let rows = rows.into_iter().map(|change| change.row);
    Ok(rows.filter(|row| stands(row) && replica::has(schema, row)).collect())
}

/// When a head was made, for a snapshot's `updated_at`.
pub(super) const fn made_at(head: &Head) -> Timestamp {
    head.changed_at
}
