//! Believes an envelope and puts it in force, on trial, or refuses it.
//!
//! **Invariant:** what is in memory is what was written before; a document that this program took
//! back is known, and is not put in force again.

use std::{collections::BTreeMap, sync::Arc};

use sync::{
    settings::{Disbelief, GroupsV1, SignedSettingsV1},
    wire::{CameByV1, RefusedV1, SettingsV1},
};

use super::{
    health,
    in_force::{InForce, Layer},
    trial::{ENDED, blamed_at_start},
};
use crate::{
    context::Context,
    db::{
        DbError,
        node::Node,
        settings::{self as rows, Document, Whose},
    },
    fault,
};

/// The reason of a document that was taken back.
const ROLLED_BACK: &str = "rolled-back";

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is in force, or was already, or is older than what is.
    Settled,
    /// It was refused.
    Refused,
    /// It names a key that is not known here, or a group whose document has not come: the mall is
    /// asked.
    AskMall,
}

/// What a document says: settings, and the keys that this program has no word for.
type Said = (SettingsV1, Vec<String>);

/// Reads a document; which of its values cannot be, otherwise.
fn read(whose: &Whose, body: &str) -> Result<Said, String> {
    if *whose == Whose::Groups {
        return GroupsV1::read(body).map(|_| Said::default()).map_err(|error| error.to_string());
    }
    SettingsV1::read(body).map_err(|faults| {
        let keys: Vec<String> = faults.into_iter().map(|fault| fault.key).collect();
        keys.join(", ")
    })
}

/// Puts in force what was in force before the start. Where the program did not end in order while a
/// document was on trial, the newest such goes back first.
pub(crate) async fn restore(context: &Context) -> Result<(), DbError> {
    let on_trial = |connection: &rusqlite::Connection| -> Result<_, DbError> {
        let found = rows::in_force(connection)?.into_iter();
        Ok((found.filter_map(|(whose, document, trial)| Some(((whose, document), trial?))))
            .collect::<Vec<_>>())
    };
    if let Some((whose, document)) = blamed_at_start(context.ledger.read(on_trial).await?) {
        write_back(context, &whose, document.revision, ENDED).await?;
    }
    context.ledger.write(rows::note_start).await?;
    load(context).await
}

/// Reads all that is in force from the ledger into memory.
async fn load(context: &Context) -> Result<(), DbError> {
    let read_all = |connection: &rusqlite::Connection| -> Result<_, DbError> {
        let (held, refused) = (rows::in_force(connection)?, rows::refused(connection)?);
        Ok((held, refused, rows::rolled_back(connection)?, rows::keys(connection)?))
    };
    let (held, refused, rolled_back, keys) = context.ledger.read(read_all).await?;
    let mut layers: BTreeMap<Whose, Layer> = BTreeMap::new();
    for (whose, document, on_trial) in held {
        let layer = layers.entry(whose.clone()).or_default();
        match read(&whose, &document.body) {
            Ok((settings, unknown)) => (layer.settings, layer.unknown) = (settings, unknown),
            // It was read before it was kept; an older program may know less than it did.
            Err(_) => tracing::error!(?whose, "The settings in force cannot be read any more"),
        }
        (layer.document, layer.on_trial) = (Some(document), on_trial);
    }
    for (whose, refused) in refused {
        layers.entry(whose).or_default().refused = Some(refused);
    }
    for (whose, document) in rolled_back {
        layers.entry(whose).or_default().rolled_back = Some(document);
    }
    if let Ok(mut held) = context.settings.keys.lock() {
        *held = keys;
    }
    context.settings.in_force.send_replace(Arc::new(InForce::of(layers)));
    Ok(())
}

/// Believes an envelope and puts it in force, or refuses it.
pub(super) async fn consider(
    context: &Arc<Context>,
    node: &Node,
    envelope: &SignedSettingsV1,
    came_by: CameByV1,
) -> Result<Fate, DbError> {
    let (whose, revision) = (Whose::of(&envelope.target), envelope.revision);
    let in_force = context.settings.in_force();
    let layer = in_force.layer(&whose);
    let is_older = layer.known().is_some_and(|(known, _)| revision < known);
    let keys = context.settings.keys();
    match envelope.believe(&keys, &node.store_code, in_force.groups(), layer.known()) {
        Ok(false) => return Ok(Fate::Settled),
        Ok(true) => {}
        Err(Disbelief::UnknownKey) => return Ok(Fate::AskMall),
        // It is in that group no more, or was never: what is not its own is no affair of its.
        Err(Disbelief::OtherGroup) => return Ok(Fate::Settled),
        // The broker may still hold what the mall has replaced since.
        Err(Disbelief::NotNewer) if is_older && came_by == CameByV1::Mqtt => {
            return Ok(Fate::Settled);
        }
        Err(why) => return refuse(context, whose, revision, why.word(), String::new()).await,
    }
    match read(&whose, &envelope.body) {
        Ok(_) => {
            let document = Document { revision, body: envelope.body.clone(), came_by };
            apply(context, whose, document).await?;
            let lacks = context.settings.in_force().lacks_a_group() && came_by == CameByV1::Mqtt;
            Ok(if lacks { Fate::AskMall } else { Fate::Settled })
        }
        Err(values) => refuse(context, whose, revision, "value", values).await,
    }
}

/// Puts a document in force, on trial: on disk, then in memory, then on every screen.
async fn apply(context: &Arc<Context>, whose: Whose, document: Document) -> Result<(), DbError> {
    if context.settings.in_force().on_trial().next().is_none() {
        let health = health::look(context).await;
        if let Ok(mut before) = context.settings.before_trial.lock() {
            *before = Some(health);
        }
    }
    let (of, kept, now) = (whose.clone(), document.clone(), context.clock.now());
    context.ledger.write(move |tx| rows::begin_trial(tx, &of, &kept, now)).await?;
    fault::db("settings.on_trial")?;
    let (revision, came_by) = (document.revision, document.came_by.word());
    load(context).await?;
    show(context).await?;
    tracing::info!(
        settings.target = whose.word(),
        settings.revision = revision,
        came_by,
        "HQ's settings are in force, on trial",
    );
    Ok(())
}

/// What is in memory is on every screen and in every price from now on.
async fn show(context: &Arc<Context>) -> Result<(), DbError> {
    let of = Arc::clone(context);
    let refreshed = tokio::task::spawn_blocking(move || of.refresh_store()).await;
    refreshed.unwrap_or(Err(DbError::Closed))?;
    context.screens.beat();
    Ok(())
}

/// Everything on trial has proven itself.
pub(super) async fn keep(context: &Arc<Context>) -> Result<(), DbError> {
    context.ledger.write(rows::pass_trial).await?;
    load(context).await?;
    tracing::info!("The settings on trial have proven themselves");
    Ok(())
}

async fn write_back(
    context: &Context,
    whose: &Whose,
    revision: i64,
    why: &str,
) -> Result<(), DbError> {
    tracing::error!(
        settings.target = whose.word(),
        settings.revision = revision,
        why,
        "Settings were taken back; the last good ones are in force",
    );
    let refused = RefusedV1 { revision, reason: ROLLED_BACK.to_owned(), detail: why.to_owned() };
    let (of, now) = (whose.clone(), context.clock.now());
    context.ledger.write(move |tx| rows::roll_back(tx, &of, &refused, now)).await
}

/// Takes a document on trial back.
pub(super) async fn take_back(
    context: &Arc<Context>,
    whose: &Whose,
    why: &str,
) -> Result<(), DbError> {
    let document = context.settings.in_force().layer(whose).document;
    let revision = document.map_or(0, |document| document.revision);
    write_back(context, whose, revision, why).await?;
    fault::db("settings.taken_back")?;
    load(context).await?;
    show(context).await
}

/// Keeps what is in force, and what is to be told of the refusal; the same refusal again is not.
pub(super) async fn refuse(
    context: &Context,
    whose: Whose,
    revision: i64,
    reason: &str,
    detail: String,
) -> Result<Fate, DbError> {
    let refused = RefusedV1 { revision, reason: reason.to_owned(), detail };
    let in_force = context.settings.in_force();
    if in_force.layer(&whose).refused.is_some_and(|(known, _)| known == refused) {
        return Ok(Fate::Settled);
    }
    tracing::error!(
        settings.target = whose.word(),
        settings.revision = revision,
        reason,
        "Settings were refused; those in force stay",
    );
    let (of, kept, now) = (whose.clone(), refused.clone(), context.clock.now());
    context.ledger.write(move |tx| rows::refuse(tx, &of, &kept, now)).await?;
    context.settings.in_force.send_modify(|in_force| {
        *in_force = Arc::new(in_force.with(whose, |layer| layer.refused = Some((refused, now))));
    });
    context.screens.beat();
    Ok(Fate::Refused)
}
