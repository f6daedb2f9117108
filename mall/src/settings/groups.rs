//! Groups of stores: who is in them, and telling stores so.
//!
//! What a store is told is made in the transaction that changes a group, for each store whose list
//! changes by it, so that a store never learns of a group otherwise than HQ wrote it down.
//!
//! **Invariant:** a key is never given again; a store is in `GROUPS_OF_STORE_MAX` groups at most.

use std::collections::BTreeMap;

use domain::{receipt_number::StoreCode, time::Timestamp};
use serde::{Deserialize, Serialize};
use sync::{
    replica::StoreId,
    settings::{GROUPS_OF_STORE_MAX, GroupKey, GroupsV1},
};
use tracing::info;
use utoipa::ToSchema;

use super::shapes::SettingsError;
use crate::{
    context::Context,
    db::{
        self, Conn, DbError, damaged,
        groups::{self, GroupRow, ToldRow},
        settings, stores,
    },
    rules::Expected,
};

/// Groups that are there at once: more could not be told apart on a page.
pub(crate) const GROUPS_MAX: usize = 200;
/// Stores of a group: as many as a mall is meant for.
pub(crate) const GROUP_STORES_MAX: usize = 10_000;
/// Signs of a group's name.
pub(crate) const GROUP_NAME_CHARS_MAX: usize = 40;
/// Ranks go from 1 to this.
pub(crate) const RANK_MAX: i64 = 1_000;
/// What a store was told of its groups is listed so far back.
const TOLD_SHOWN: i64 = 50;

/// Why a group was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GroupFault {
    /// No key of a group.
    #[error(
        "a group's key is at most {} small letters, digits and `-`, a letter first",
        sync::settings::GROUP_KEY_BYTES_MAX
    )]
    Key,
    /// No name.
    #[error("a group's name has 1 to {GROUP_NAME_CHARS_MAX} printable signs")]
    Name,
    /// No rank.
    #[error("a group's rank is a number from 1 to {RANK_MAX}")]
    Rank,
    /// Too many groups.
    #[error("there are {GROUPS_MAX} groups already")]
    TooMany,
    /// Too many stores in it.
    #[error("a group has at most {GROUP_STORES_MAX} stores")]
    TooLarge,
    /// A store would be in too many.
    #[error("a store is in at most {GROUPS_OF_STORE_MAX} groups")]
    TooManyOfStore,
    /// A group that is gone had this key.
    #[error("a group that was deleted had this key; choose another one")]
    Gone,
}

/// A group as somebody wants it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = GroupWish)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupWish {
    /// What people call it, at most 40 signs.
    pub(crate) name: String,
    /// 1 to 1,000: what a group of a higher rank says stands over what one of a lower rank says; of
    /// equal ones the later key's.
    pub(crate) rank: i64,
    /// The codes of its stores, all of them.
    pub(crate) stores: Vec<String>,
}

/// A group of stores.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub(crate) struct GroupShape {
    /// What programs call it; never changes.
    pub(crate) key: String,
    /// What people call it.
    pub(crate) name: String,
    /// What a group of a higher rank says stands over it; of equal ones the later key's.
    pub(crate) rank: i64,
    /// Rises with every change; its `etag` too.
    pub(crate) version: i64,
    /// Who changed it last.
    pub(crate) changed_by: String,
    /// When.
    pub(crate) changed_at: String,
    /// The codes of its stores.
    pub(crate) stores: Vec<String>,
    /// The revision of its settings, 0 where nothing is set.
    pub(crate) revision: i64,
}

/// What a store was told of the groups it is in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GroupsTold)]
pub(crate) struct ToldShape {
    /// 1, 2, 3 … for each store.
    pub(crate) revision: i64,
    /// The keys, lowest first: what a later one says stands over what an earlier one says.
    pub(crate) groups: Vec<String>,
    /// Who changed it.
    pub(crate) saved_by: String,
    /// When.
    pub(crate) saved_at: String,
}

fn check(key: &str, wish: &GroupWish) -> Result<(), GroupFault> {
    key.parse::<GroupKey>().map_err(|_| GroupFault::Key)?;
    let n_signs = wish.name.trim().chars().count();
    if !(1..=GROUP_NAME_CHARS_MAX).contains(&n_signs) || wish.name.chars().any(char::is_control) {
        return Err(GroupFault::Name);
    }
    if !(1..=RANK_MAX).contains(&wish.rank) {
        return Err(GroupFault::Rank);
    }
    if wish.stores.len() > GROUP_STORES_MAX { Err(GroupFault::TooLarge) } else { Ok(()) }
}

/// A group that is there.
pub(super) async fn known(tx: &mut Conn, key: &str) -> Result<GroupRow, SettingsError> {
    let found = groups::by_key(tx, key).await?.filter(|group| !group.is_deleted);
    found.ok_or_else(|| SettingsError::Group(key.to_owned()))
}

/// Makes a group or makes it another one: its name, rank and stores, whole. Its version.
pub(crate) async fn save_group(
    context: &Context,
    key: &str,
    wish: GroupWish,
    by: &str,
    expected: Expected,
) -> Result<i64, SettingsError> {
    let doing = "keep a group of stores";
    check(key, &wish)?;
    let mut tx = context.db().write(doing).await?;
    let held = groups::by_key(&mut tx, key).await?;
    if held.as_ref().is_some_and(|held| held.is_deleted) {
        return Err(GroupFault::Gone.into());
    }
    if held.is_none() && groups::all(&mut tx).await?.len() >= GROUPS_MAX {
        return Err(GroupFault::TooMany.into());
    }
    let current = held.as_ref().map_or(0, |held| held.version);
    seen(expected, current)?;
    let id = match &held {
        Some(held) => held.id,
        None => groups::next_id(&mut tx).await?,
    };
    let mut wanted = BTreeMap::new();
    for code in &wish.stores {
        // No store's code has signs that a database may choke on.
        let is_code = code.parse::<StoreCode>().is_ok();
        let found = if is_code { stores::by_code(&mut tx, code).await? } else { None };
        let store = found.ok_or_else(|| SettingsError::Store(code.clone()))?;
        wanted.insert(store.id, code.clone());
    }
    let was: BTreeMap<StoreId, String> = groups::members(&mut tx, id).await?.into_iter().collect();
    let now = context.now();
    let group = GroupRow {
        id,
        key: key.to_owned(),
        name: wish.name.trim().to_owned(),
        rank: wish.rank,
        version: current + 1,
        changed_by: by.to_owned(),
        changed_at: now,
        is_deleted: false,
    };
    let is_same = held.is_some_and(|held| {
        (held.name, held.rank) == (group.name.clone(), group.rank) && was == wanted
    });
    if is_same {
        return Ok(current);
    }
    groups::upsert(&mut tx, &group).await?;
    for store in was.keys().filter(|store| !wanted.contains_key(store)) {
        groups::leave(&mut tx, id, *store).await?;
    }
    for store in wanted.keys().filter(|store| !was.contains_key(store)) {
        groups::join(&mut tx, id, *store).await?;
    }
    for store in was.keys().chain(wanted.keys().filter(|store| !was.contains_key(store))) {
        tell(&mut tx, *store, by, now).await?;
    }
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    info!(group = key, stores = wanted.len(), by, "The group `{key}` is changed");
    Ok(group.version)
}

/// Ends a group: its stores are told that they are in it no more. What it said stays to be read.
pub(crate) async fn remove_group(
    context: &Context,
    key: &str,
    by: &str,
    expected: Expected,
) -> Result<(), SettingsError> {
    let doing = "end a group of stores";
    let mut tx = context.db().write(doing).await?;
    let mut group = known(&mut tx, key).await?;
    seen(expected, group.version)?;
    let (members, now) = (groups::members(&mut tx, group.id).await?, context.now());
    group.version += 1;
    group.is_deleted = true;
    (group.changed_by, group.changed_at) = (by.to_owned(), now);
    groups::upsert(&mut tx, &group).await?;
    for (store, _) in members {
        groups::leave(&mut tx, group.id, store).await?;
        tell(&mut tx, store, by, now).await?;
    }
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    info!(group = key, by, "The group `{key}` is ended");
    Ok(())
}

fn seen(expected: Expected, current: i64) -> Result<(), SettingsError> {
    match expected {
        Expected::Any => Ok(()),
        Expected::Revision(seen) if seen == current => Ok(()),
        Expected::Revision(_) => Err(SettingsError::Changed { current }),
    }
}

/// Tells a store the groups that it is in now, if it was told others.
async fn tell(
    tx: &mut Conn,
    store: StoreId,
    by: &str,
    now: Timestamp,
) -> Result<(), SettingsError> {
    let is_in = groups::of_store(tx, store).await?;
    if is_in.len() > GROUPS_OF_STORE_MAX {
        return Err(GroupFault::TooManyOfStore.into());
    }
    let keys = is_in.iter().map(|group| group.key.parse()).collect::<Result<Vec<GroupKey>, _>>();
    let keys = keys.map_err(|_| damaged("read the groups of a store"))?;
    let body = serde_json::to_string(&GroupsV1 { groups: keys });
    let body = body.map_err(|_| SettingsError::Write)?;
    let last = groups::told(tx, store, 1).await?.into_iter().next();
    if last.as_ref().is_some_and(|last| last.body == body) {
        return Ok(());
    }
    let revision = last.map_or(1, |last| last.revision + 1);
    let told = ToldRow { revision, body, saved_by: by.to_owned(), saved_at: now };
    Ok(groups::tell(tx, store, &told).await?)
}

async fn shape(tx: &mut Conn, group: GroupRow) -> Result<GroupShape, DbError> {
    let members = groups::members(tx, group.id).await?;
    let settings = settings::current(tx, group.owner()).await?;
    Ok(GroupShape {
        key: group.key,
        name: group.name,
        rank: group.rank,
        version: group.version,
        changed_by: group.changed_by,
        changed_at: group.changed_at.to_string(),
        stores: members.into_iter().map(|(_, code)| code).collect(),
        revision: settings.map_or(0, |row| row.revision),
    })
}

/// The groups that are there, lowest first.
pub(crate) async fn list_groups(context: &Context) -> Result<Vec<GroupShape>, SettingsError> {
    let mut tx = context.db().read("read the groups of stores").await?;
    let mut shapes = Vec::new();
    for group in groups::all(&mut tx).await? {
        shapes.push(shape(&mut tx, group).await?);
    }
    Ok(shapes)
}

/// A group that is there.
pub(crate) async fn one_group(context: &Context, key: &str) -> Result<GroupShape, SettingsError> {
    let mut tx = context.db().read("read a group of stores").await?;
    let group = known(&mut tx, key).await?;
    Ok(shape(&mut tx, group).await?)
}

/// What a store was told of the groups it is in, newest first; nothing where it never was in one.
pub(crate) async fn told_groups(
    context: &Context,
    code: &str,
) -> Result<Vec<ToldShape>, SettingsError> {
    let mut tx = context.db().read("read the groups of a store").await?;
    let store = stores::by_code(&mut tx, code).await?;
    let store = store.ok_or_else(|| SettingsError::Store(code.to_owned()))?;
    let told = groups::told(&mut tx, store.id, TOLD_SHOWN).await?;
    let shape = |row: ToldRow| {
        let read = GroupsV1::read(&row.body);
        let read = read.map_err(|_| damaged("read what a store was told of its groups"))?;
        Ok(ToldShape {
            revision: row.revision,
            groups: read.groups.iter().map(ToString::to_string).collect(),
            saved_by: row.saved_by,
            saved_at: row.saved_at.to_string(),
        })
    };
    told.into_iter().map(shape).collect::<Result<_, DbError>>().map_err(SettingsError::Db)
}
