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
        settings::{self, ALL},
        stores,
    },
};

/// The envelope of what is desired of a store, or of all; `None` where nothing is.
pub(crate) async fn envelope(
    context: &Context,
    tx: &mut Conn,
    store: StoreId,
) -> Result<Option<SignedSettingsV1>, SettingsError> {
    let Some(row) = settings::current(tx, store).await? else { return Ok(None) };
    let target = if store == ALL {
        Target::All
    } else {
        let code = stores::code(tx, store).await?;
        Target::Store(code.parse().map_err(|_| damaged("read the code of a store"))?)
    };
    let key = context.settings_keys().newest()?;
    let signed = SignedSettingsV1::sign(&key.pkcs8, key.version, target, row.revision, row.body);
    Ok(Some(signed.map_err(super::KeysError::Key)?))
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
    Ok(SettingsHeldV1 { keys, envelopes, ..SettingsHeldV1::default() })
}
