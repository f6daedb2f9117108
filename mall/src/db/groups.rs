//! Groups of stores, who is in them, and what stores were told of it.
//!
//! **Invariant:** a group's number and key never change and are never given again; what a store was
//! told is inserted and never changed.

use domain::time::Timestamp;
use sync::replica::StoreId;

use super::{Conn, DbError, settings::Changed, sql};

/// A group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupRow {
    /// Its number, from 1.
    pub(crate) id: i64,
    /// What programs call it.
    pub(crate) key: String,
    /// What people call it.
    pub(crate) name: String,
    /// What a group of a higher rank says stands over it; of equal ones the later key's.
    pub(crate) rank: i64,
    /// Rises with every change of it or its members.
    pub(crate) version: i64,
    /// Who changed it last.
    pub(crate) changed_by: String,
    /// When.
    pub(crate) changed_at: Timestamp,
    /// Whether it is gone; its key stays taken.
    pub(crate) is_deleted: bool,
}

impl GroupRow {
    /// The number that its documents are kept under.
    pub(crate) const fn owner(&self) -> StoreId {
        StoreId(-self.id)
    }
}

type Columns = (i64, String, String, i64, i64, String, i64, i64);

fn row((id, key, name, rank, version, changed_by, changed_at, is_deleted): Columns) -> GroupRow {
    let changed_at = Timestamp::from_micros(changed_at);
    GroupRow { id, key, name, rank, version, changed_by, changed_at, is_deleted: is_deleted != 0 }
}

/// The groups that are there, by rank and key: the order in which one stands over the other.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<GroupRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select group_id, key, name, rank, version, changed_by, changed_at, is_deleted
         from store_group where is_deleted = 0 order by rank, key",
    )
    .fetch_all(tx)
    .await
    .map_err(sql("read the groups of stores"))?;
    Ok(found.into_iter().map(row).collect())
}

/// A group by its key, also one that is gone.
pub(crate) async fn by_key(tx: &mut Conn, key: &str) -> Result<Option<GroupRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select group_id, key, name, rank, version, changed_by, changed_at, is_deleted
         from store_group where key = $1",
    )
    .bind(key)
    .fetch_optional(tx)
    .await
    .map_err(sql("read a group of stores"))?;
    Ok(found.map(row))
}

/// The number for a new group; taken inside the transaction that inserts it.
pub(crate) async fn next_id(tx: &mut Conn) -> Result<i64, DbError> {
    let (id,): (i64,) = sqlx::query_as("select coalesce(max(group_id), 0) + 1 from store_group")
        .fetch_one(tx)
        .await
        .map_err(sql("number a group of stores"))?;
    Ok(id)
}

/// Writes a group as it now is.
pub(crate) async fn upsert(tx: &mut Conn, group: &GroupRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into store_group
           (group_id, key, name, rank, version, changed_by, changed_at, is_deleted)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (group_id) do update set name = excluded.name, rank = excluded.rank,
           version = excluded.version, changed_by = excluded.changed_by,
           changed_at = excluded.changed_at, is_deleted = excluded.is_deleted",
    )
    .bind(group.id)
    .bind(group.key.as_str())
    .bind(group.name.as_str())
    .bind(group.rank)
    .bind(group.version)
    .bind(group.changed_by.as_str())
    .bind(group.changed_at.micros())
    .bind(i64::from(group.is_deleted))
    .execute(tx)
    .await
    .map_err(sql("keep a group of stores"))?;
    Ok(())
}

/// The stores of a group with their codes, by code.
pub(crate) async fn members(tx: &mut Conn, group: i64) -> Result<Vec<(StoreId, String)>, DbError> {
    let found: Vec<(i64, String)> = sqlx::query_as(
        "select store.store_id, store.code from store_group_member
         join store on store.store_id = store_group_member.store_id
         where store_group_member.group_id = $1 order by store.code",
    )
    .bind(group)
    .fetch_all(tx)
    .await
    .map_err(sql("read the stores of a group"))?;
    Ok(found.into_iter().map(|(id, code)| (StoreId(id), code)).collect())
}

/// Adds a store to a group.
pub(crate) async fn join(tx: &mut Conn, group: i64, store: StoreId) -> Result<(), DbError> {
    sqlx::query(
        "insert into store_group_member (store_id, group_id) values ($1, $2)
         on conflict do nothing",
    )
    .bind(store.0)
    .bind(group)
    .execute(tx)
    .await
    .map_err(sql("add a store to a group"))?;
    Ok(())
}

/// Takes a store out of a group.
pub(crate) async fn leave(tx: &mut Conn, group: i64, store: StoreId) -> Result<(), DbError> {
    sqlx::query("delete from store_group_member where store_id = $1 and group_id = $2")
        .bind(store.0)
        .bind(group)
        .execute(tx)
        .await
        .map_err(sql("take a store out of a group"))?;
    Ok(())
}

/// The groups that a store is in, by rank and key.
pub(crate) async fn of_store(tx: &mut Conn, store: StoreId) -> Result<Vec<GroupRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select store_group.group_id, key, name, rank, version, changed_by, changed_at, is_deleted
         from store_group_member
         join store_group on store_group.group_id = store_group_member.group_id
         where store_group_member.store_id = $1 and is_deleted = 0 order by rank, key",
    )
    .bind(store.0)
    .fetch_all(tx)
    .await
    .map_err(sql("read the groups of a store"))?;
    Ok(found.into_iter().map(row).collect())
}

/// Every store in every group: the store, and the group's number.
pub(crate) async fn memberships(tx: &mut Conn) -> Result<Vec<(StoreId, i64)>, DbError> {
    let found: Vec<(i64, i64)> =
        sqlx::query_as("select store_id, group_id from store_group_member order by store_id")
            .fetch_all(tx)
            .await
            .map_err(sql("read which stores are in groups"))?;
    Ok(found.into_iter().map(|(store, group)| (StoreId(store), group)).collect())
}

/// What a store was told of its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldRow {
    /// 1, 2, 3 … for each store.
    pub(crate) revision: i64,
    /// `GroupsV1` as JSON.
    pub(crate) body: String,
    /// Who changed it.
    pub(crate) saved_by: String,
    /// When.
    pub(crate) saved_at: Timestamp,
}

/// What a store was told of its groups, newest first.
pub(crate) async fn told(
    tx: &mut Conn,
    store: StoreId,
    limit: i64,
) -> Result<Vec<ToldRow>, DbError> {
    let found: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "select revision, body, saved_by, saved_at from store_groups_told where store_id = $1
         order by revision desc limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read what a store was told of its groups"))?;
    let row = |(revision, body, saved_by, at)| ToldRow {
        revision,
        body,
        saved_by,
        saved_at: Timestamp::from_micros(at),
    };
    Ok(found.into_iter().map(row).collect())
}

/// Tells a store something else of its groups.
pub(crate) async fn tell(tx: &mut Conn, store: StoreId, told: &ToldRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into store_groups_told (store_id, revision, body, saved_by, saved_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(store.0)
    .bind(told.revision)
    .bind(told.body.as_str())
    .bind(told.saved_by.as_str())
    .bind(told.saved_at.micros())
    .execute(tx)
    .await
    .map_err(sql("tell a store its groups"))?;
    Ok(())
}

/// The stores that were told something of their groups since, with the newest revision.
pub(crate) async fn told_since(
    tx: &mut Conn,
    since: Timestamp,
) -> Result<Vec<Changed<(StoreId, i64)>>, DbError> {
    let found: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select store_groups_told.store_id, max(revision), max(saved_at), max(store.code)
         from store_groups_told join store on store.store_id = store_groups_told.store_id
         where saved_at >= $1 group by store_groups_told.store_id
         order by store_groups_told.store_id",
    )
    .bind(since.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read which stores were told their groups"))?;
    let changed = |(store, revision, at, code)| Changed {
        code,
        what: (StoreId(store), revision),
        at: Timestamp::from_micros(at),
    };
    Ok(found.into_iter().map(changed).collect())
}
