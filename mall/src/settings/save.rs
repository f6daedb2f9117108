//! A document becomes the one desired.
//!
//! **Invariant:** a document with a value that cannot be is never kept; the same document again gets
//! no new revision.

use serde_json::Value;
use sync::{
    replica::StoreId,
    wire::{FaultKind, SettingFault, SettingsV1},
};
use tracing::info;

use super::shapes::{SettingsError, Whom};
use crate::{
    context::Context,
    db::{
        self, Conn, pictures,
        settings::{self, SettingsRow},
    },
    rules::Expected,
};

/// Signs of a note: a sentence or two on why.
pub(super) const NOTE_CHARS_MAX: usize = 200;

/// A document that somebody wants in force.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// All stores, a group or one store.
    pub(crate) whom: Whom,
    /// The document.
    pub(crate) document: Value,
    /// Why.
    pub(crate) note: String,
    /// Who.
    pub(crate) by: String,
    /// Which one they have seen.
    pub(crate) expected: Expected,
}

/// A document that is desired.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// Its revision.
    pub(crate) revision: i64,
    /// Whether it was desired already.
    pub(crate) is_unchanged: bool,
}

/// Reads a document as HQ writes it: what this program has no word for is a mistake.
pub(super) fn read(document: &Value) -> Result<SettingsV1, SettingsError> {
    let (settings, unknown) =
        SettingsV1::read(&document.to_string()).map_err(SettingsError::Faults)?;
    if unknown.is_empty() {
        return Ok(settings);
    }
    let faults = unknown.into_iter().map(|key| SettingFault { key, kind: FaultKind::Unknown });
    Err(SettingsError::Faults(faults.collect()))
}

/// Refuses what can be by itself and cannot be here: pictures that the mall does not hold, and keys that
/// are two actions' once what lies below is counted in. What only another store's document would spoil
/// shows in that store's trial.
async fn look_at(
    tx: &mut Conn,
    whom: &Whom,
    owner: StoreId,
    said: SettingsV1,
) -> Result<(), SettingsError> {
    let mut faults = Vec::new();
    for slide in said.customer_display.playlist.iter().flatten() {
        if pictures::one(tx, slide.picture).await?.is_none() {
            let kind = FaultKind::NoPicture(slide.picture);
            faults.push(SettingFault { key: "customer_display.playlist".to_owned(), kind });
        }
    }
    let own = said.values();
    let clashes = super::read::over_below(tx, whom, owner, said).await?.clashes();
    // What lies below clashes with this one as well; it is this one that is not saved.
    faults.extend(clashes.into_iter().filter(|fault| own.contains_key(&fault.key)));
    if faults.is_empty() { Ok(()) } else { Err(SettingsError::Faults(faults)) }
}

/// Checks a document and makes it the one desired.
pub(crate) async fn save(context: &Context, wish: Wish) -> Result<Saved, SettingsError> {
    let doing = "keep settings";
    let note = wish.note.trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
        return Err(SettingsError::Note);
    }
    let said = read(&wish.document)?;
    let body = serde_json::to_string(&said).map_err(|_| SettingsError::Write)?;
    let mut tx = context.db().write(doing).await?;
    let store = super::read::number(&mut tx, &wish.whom).await?;
    look_at(&mut tx, &wish.whom, store, said).await?;
    let held = settings::current(&mut tx, store).await?;
    let current = held.as_ref().map_or(0, |held| held.revision);
    match wish.expected {
        Expected::Any => {}
        Expected::Revision(seen) if seen == current => {}
        Expected::Revision(_) => return Err(SettingsError::Changed { current }),
    }
    if held.is_some_and(|held| held.body == body) {
        return Ok(Saved { revision: current, is_unchanged: true });
    }
    let (revision, saved_at) = (current + 1, context.now());
    let row = SettingsRow { store, revision, body, note, saved_by: wish.by, saved_at };
    if !settings::insert(&mut tx, &row).await? {
        return Err(SettingsError::Changed { current: revision });
    }
    db::commit(tx, doing).await?;
    context.bell_nudge().notify_one();
    let target = wish.whom;
    info!(%target, revision, by = %row.saved_by, "Settings {revision} of {target} are desired");
    Ok(Saved { revision, is_unchanged: false })
}
