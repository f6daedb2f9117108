//! What became of settings in stores, and whether stores are there.
//!
//! The same report comes over HTTPS, signed by the node, and through the broker, where only the
//! account says who speaks; so what comes that way is believed for the store of its topic alone, and
//! only of a node that belongs there and was not revoked.
//!
//! **Invariant:** a report or a will that is older than what is known changes nothing.

use domain::{id::EdgeId, receipt_number::StoreCode};
use sync::{
    replica::StoreId,
    settings::{GROUPS_OF_STORE_MAX, Target},
    wire::{PresenceV1, ReportV1},
};
use tracing::{debug, warn};

use crate::{
    context::Context,
    db::{self, Conn, DbError, edges, groups, settings, stores},
};

/// Targets that a store can report on: all stores, itself, its groups, and which those are.
const STANDINGS_MAX: usize = 3 + GROUPS_OF_STORE_MAX;
/// Signs of a text in a report; more is cut.
const TEXT_CHARS_MAX: usize = 500;

/// The number of a store if this node speaks for it.
async fn speaks_for(
    tx: &mut Conn,
    code: &StoreCode,
    edge: EdgeId,
) -> Result<Option<StoreId>, DbError> {
    let Some(store) = stores::by_code(tx, &code.to_string()).await? else { return Ok(None) };
    let found = edges::by_id(tx, edge).await?;
    let is_theirs = found.is_some_and(|found| found.store == store.id && !found.is_revoked);
    Ok(is_theirs.then_some(store.id))
}

/// Notes that a node asked for its settings.
pub(crate) async fn heard(context: &Context, store: StoreId, edge: EdgeId) -> Result<(), DbError> {
    let doing = "note that a store was heard";
    let mut tx = context.db().write(doing).await?;
    settings::heard(&mut tx, store, edge, context.now()).await?;
    db::commit(tx, doing).await
}

/// Keeps what a node says of its settings; of another store's documents it says nothing.
pub(crate) async fn hear_report(
    context: &Context,
    code: &StoreCode,
    report: &ReportV1,
    is_live: bool,
) -> Result<(), DbError> {
    let doing = "keep what became of settings";
    let mut tx = context.db().write(doing).await?;
    let Some(store) = speaks_for(&mut tx, code, report.edge).await? else {
        warn!(store = %code, edge = %report.edge, "A report of a node that does not speak for this store");
        return Ok(());
    };
    for standing in report.standings.iter().take(STANDINGS_MAX) {
        let is_theirs = match &standing.target {
            Target::All => true,
            Target::Group(group) => {
                let is_in = groups::of_store(&mut tx, store).await?;
                is_in.iter().any(|row| row.key == group.to_string())
            }
            Target::Store(about) | Target::Groups(about) => about == code,
        };
        if !is_theirs {
            continue;
        }
        let mut standing = standing.clone();
        if let Some(refused) = &mut standing.refused {
            refused.reason = cut(&refused.reason);
            refused.detail = cut(&refused.detail);
        }
        standing.unknown = vec![cut(&standing.unknown.join(", "))];
        settings::report(&mut tx, store, report.edge, &standing, report.at_micros).await?;
    }
    settings::forget_older(&mut tx, store, report.edge, report.at_micros).await?;
    if is_live {
        settings::heard(&mut tx, store, report.edge, context.now()).await?;
    }
    db::commit(tx, doing).await
}

/// Forgets whose lines the broker has: it says so again.
pub(crate) async fn forget_lines(context: &Context) -> Result<(), DbError> {
    let doing = "forget whose lines are up";
    let mut tx = context.db().write(doing).await?;
    settings::forget_lines(&mut tx).await?;
    db::commit(tx, doing).await
}

fn cut(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// Keeps whether a node's line is up.
pub(crate) async fn hear_presence(
    context: &Context,
    code: &StoreCode,
    presence: &PresenceV1,
    is_live: bool,
) -> Result<(), DbError> {
    let doing = "note whether a store is there";
    let mut tx = context.db().write(doing).await?;
    let Some(store) = speaks_for(&mut tx, code, presence.edge).await? else {
        warn!(store = %code, edge = %presence.edge, "A node that does not speak for this store");
        return Ok(());
    };
    let presence = PresenceV1 {
        boot: cut(&presence.boot),
        program: cut(&presence.program),
        ..presence.clone()
    };
    if presence.is_online {
        settings::came(&mut tx, store, &presence, is_live, context.now()).await?;
    } else if !settings::went(&mut tx, store, &presence, context.now()).await? {
        debug!(store = %code, "The will of an older start says nothing");
    }
    db::commit(tx, doing).await
}
