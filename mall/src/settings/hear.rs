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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicI64};

    use sync::wire::StoreV1;

    use super::*;
    use crate::{Clock, Config, db::edges::EdgeRow, fleet, settings::standing_of};

    const CODE: &str = "SH001";

    async fn node(context: &Context) -> EdgeId {
        let store = serde_json::json!({ "code": CODE, "name": "滨江店" });
        let store: StoreV1 = serde_json::from_value(store).unwrap();
        let (store, _) = fleet::add_store(context, &store).await.unwrap();
        let row = EdgeRow {
            id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            store,
            public_key: "00".to_owned(),
            epoch: 1,
            enrolled_at: context.now(),
            is_revoked: false,
        };
        let mut tx = context.db().write("enrol").await.unwrap();
        edges::insert(&mut tx, &row).await.unwrap();
        db::commit(tx, "enrol").await.unwrap();
        row.id
    }

    #[tokio::test]
    async fn the_will_of_an_older_start_takes_no_line_away() {
        let folder = tempfile::tempdir().unwrap();
        let micros = Arc::new(AtomicI64::new(1_795_255_200_000_000));
        let clock = Clock::ByHand(Arc::clone(&micros));
        let config = Config { clock, ..Config::new(folder.path()) };
        let context = Context::open(&config).await.unwrap();
        context.broker_is_up(true);
        let edge = node(&context).await;
        let code: StoreCode = CODE.parse().unwrap();
        let presence = |boot: &str, is_online| PresenceV1 {
            edge,
            boot: boot.to_owned(),
            is_online,
            program: "0.1.0".to_owned(),
        };
        // Each says something a second later: what is said, and whether the store is there after it.
        for (boot, is_online, expected) in [
            ("first", true, true),
            // The box was killed and is back before the broker noticed.
            ("second", true, true),
            ("first", false, true),
            ("second", false, false),
            // What is said of a line that is gone changes nothing any more.
            ("first", false, false),
            ("third", true, true),
            ("second", false, true),
        ] {
            micros.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
            hear_presence(&context, &code, &presence(boot, is_online), true).await.unwrap();
            let standing = standing_of(&context, CODE).await.unwrap();
            let found = (standing.is_online, standing.is_line_up);
            assert_eq!(found, (expected, expected), "{boot} {is_online}");
        }
    }
}
