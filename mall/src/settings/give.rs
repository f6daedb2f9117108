//! What a store gets: the documents that are desired of it, signed now.
//!
//! **Invariant:** signed are the bytes that are kept; nothing is written anew here.

use sync::{
    replica::StoreId,
    settings::{SignedSettingsV1, Target},
    wire::SettingsHeldV1,
};

use super::shapes::SettingsError;
use crate::{
    context::Context,
    db::{
        Conn, damaged,
        groups::{self, GroupRow},
        settings::{self, ALL},
        stores,
    },
};

fn sign(
    context: &Context,
    target: Target,
    revision: i64,
    body: String,
) -> Result<SignedSettingsV1, SettingsError> {
    let key = context.settings_keys().newest()?;
    let signed = SignedSettingsV1::sign(&key.pkcs8, key.version, target, revision, body);
    Ok(signed.map_err(super::KeysError::Key)?)
}

/// Whom a number's documents are for; `None` where that is a group that is gone.
async fn target(tx: &mut Conn, owner: StoreId) -> Result<Option<Target>, SettingsError> {
    if owner == ALL {
        return Ok(Some(Target::All));
    }
    if owner < ALL {
        let all = groups::all(tx).await?;
        let group = all.iter().find(|group| group.owner() == owner);
        return group.map(of_group).transpose();
    }
    let code = stores::code(tx, owner).await?;
    let code = code.parse().map_err(|_| damaged("read the code of a store"))?;
    Ok(Some(Target::Store(code)))
}

fn of_group(group: &GroupRow) -> Result<Target, SettingsError> {
    let key = group.key.parse().map_err(|_| damaged("read the key of a group"))?;
    Ok(Target::Group(key))
}

/// The envelope of what is desired of a store, of a group, or of all; `None` where nothing is.
pub(crate) async fn envelope(
    context: &Context,
    tx: &mut Conn,
    owner: StoreId,
) -> Result<Option<SignedSettingsV1>, SettingsError> {
    let Some(row) = settings::current(tx, owner).await? else { return Ok(None) };
    let Some(target) = target(tx, owner).await? else { return Ok(None) };
    sign(context, target, row.revision, row.body).map(Some)
}

/// The envelope that tells a store which groups it is in; `None` where it never was in one.
pub(crate) async fn groups_envelope(
    context: &Context,
    tx: &mut Conn,
    store: StoreId,
) -> Result<Option<SignedSettingsV1>, SettingsError> {
    let Some(told) = groups::told(tx, store, 1).await?.into_iter().next() else { return Ok(None) };
    let code = stores::code(tx, store).await?;
    let code = code.parse().map_err(|_| damaged("read the code of a store"))?;
    sign(context, Target::Groups(code), told.revision, told.body).map(Some)
}

/// All that a store should hold, and the keys to believe it by.
pub(crate) async fn held(
    context: &Context,
    store: StoreId,
) -> Result<SettingsHeldV1, SettingsError> {
    let keys = context.settings_keys().public()?;
    let mut tx = context.db().read("read the settings of a store").await?;
    let mut envelopes = Vec::new();
    for target in [ALL, store] {
        envelopes.extend(envelope(context, &mut tx, target).await?);
    }
    let mut of_groups = Vec::new();
    for group in groups::of_store(&mut tx, store).await? {
        if let Some(row) = settings::current(&mut tx, group.owner()).await? {
            of_groups.push(sign(context, of_group(&group)?, row.revision, row.body)?);
        }
    }
    let groups = groups_envelope(context, &mut tx, store).await?;
    Ok(SettingsHeldV1 { keys, envelopes, groups, of_groups })
}
