//! An edge node says where its ledger stands before it sends facts, and is told how it goes on.
//!
//! **Invariant:** nothing is refused here. A copy of a ledger gets a life of its own, so that what it
//! sells is held beside what the other one sells, each once.

use sync::{
    packing,
    session::{self, Found, Given, Held},
    wire::{LOST_FACTS_MAX, LostPageV1, SessionAskV1, SessionV1},
};
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::{
    context::{Context, NoDice},
    db::{
        self, Conn, DbError,
        edges::EdgeRow,
        lives::{self, SessionRow},
    },
    fault,
};

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The machine gives no random numbers.
    #[error("could not make a nonce")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not open a session")]
    Db(#[from] DbError),
}

/// Opens a session. The same ask again is told the same.
pub(crate) async fn open(
    context: &Context,
    edge: &EdgeRow,
    ask: &SessionAskV1,
) -> Result<SessionV1, SessionError> {
    let doing = "open a session";
    let nonce = context.new_id::<SessionV1>()?.uuid();
    let mut tx = context.db().write(doing).await?;
    fault::db("session.begun").await?;
    let sessions = lives::sessions(&mut tx, edge).await?;
    let before = sessions.iter().find(|row| row.machine == ask.machine);
    let held = held(&mut tx, edge, ask, &sessions).await?;
    if let Some(again) = before.filter(|row| row.ask == ask.id && row.given.nonce.is_some()) {
        return answer(&mut tx, edge, (ask, &held), again).await;
    }
    let found = session::look(ask, &held);
    let mut row = SessionRow {
        machine: ask.machine,
        ask: ask.id,
        given: Given { epoch: ask.epoch, nonce: Some(nonce) },
        boot_no: ask.boot_no,
        lost: Vec::new(),
        is_frozen: before.is_some_and(|row| row.is_frozen),
    };
    if found.keeps_life() && !row.is_frozen {
        freeze_who_came_later(&mut tx, edge, ask, &sessions).await?;
    }
    if !found.keeps_life() {
        let all = lives::held(&mut tx, edge).await?;
        row.lost = session::lost(ask, &held, &all);
        let newest = lives::newest_of_store(&mut tx, edge).await?;
        row.given.epoch = session::next_epoch(newest, ask.epoch, found, low_bits(nonce));
        lives::begin(&mut tx, edge, row.given.epoch, found.word(), context.now()).await?;
        lives::set_newest(&mut tx, edge, row.given.epoch).await?;
    }
    lives::put_session(&mut tx, edge, &row, context.now()).await?;
    let answer = answer(&mut tx, edge, (ask, &held), &row).await?;
    fault::db("session.written").await?;
    db::commit(tx, doing).await?;
    fault::db("session.committed").await?;
    tell(edge, ask, found, answer.epoch);
    Ok(answer)
}

async fn held(
    tx: &mut Conn,
    edge: &EdgeRow,
    ask: &SessionAskV1,
    sessions: &[SessionRow],
) -> Result<Held, DbError> {
    let given = sessions.iter().find(|row| row.machine == ask.machine).map(|row| row.given);
    Ok(Held {
        newest_epoch: edge.epoch,
        life: lives::life(tx, edge, ask.epoch).await?,
        chain_at_newest: lives::chain_at(tx, edge, ask.epoch, ask.newest.seq).await?,
        chain_at_acked: lives::chain_at(tx, edge, ask.epoch, ask.acked.seq).await?,
        given,
        has_other_machine: sessions.iter().any(|row| row.machine != ask.machine),
    })
}

/// A new nonce is as good as a random number.
fn low_bits(nonce: Uuid) -> u32 {
    u32::try_from(nonce.as_u128() & u128::from(u32::MAX)).unwrap_or(0)
}

/// The machine that asks goes on in its life, although others came after it with a copy of its ledger:
/// they are not one box that was moved. Those who came later sell on in lives of their own, and are
/// lent nothing until a person decides.
async fn freeze_who_came_later(
    tx: &mut Conn,
    edge: &EdgeRow,
    ask: &SessionAskV1,
    sessions: &[SessionRow],
) -> Result<(), DbError> {
    let later = sessions
        .iter()
        .filter(|row| row.machine != ask.machine && row.given.epoch > ask.epoch && !row.is_frozen);
    for row in later {
        lives::freeze(tx, edge, row.machine, true).await?;
        error!(
            store.id = %edge.store, edge.id = %edge.id, epoch = ask.epoch, copy.epoch = row.given.epoch,
            "Two machines speak as one edge node; the one that came later is lent nothing until HQ decides"
        );
    }
    Ok(())
}

async fn answer(
    tx: &mut Conn,
    edge: &EdgeRow,
    (ask, held): (&SessionAskV1, &Held),
    row: &SessionRow,
) -> Result<SessionV1, SessionError> {
    let nonce = row.given.nonce.unwrap_or_default();
    let lives = lives::held(tx, edge).await?;
    let lives = session::told_lives(ask, held, row.given.epoch, lives);
    let (epoch, lost, is_frozen) = (row.given.epoch, row.lost.clone(), row.is_frozen);
    let packings = packing::taken();
    Ok(SessionV1 { nonce, epoch, lives, lost, is_frozen, retry_after_ms: None, packings })
}

fn tell(edge: &EdgeRow, ask: &SessionAskV1, found: Found, epoch: u32) {
    let (store, id, found_word, boot) = (edge.store, edge.id, found.word(), ask.boot_no);
    match found {
        Found::Itself => {
            info!(store.id = %store, edge.id = %id, epoch, boot, "A session of an edge node began");
        }
        Found::MallWentBack | Found::LifeUnknown => error!(
            store.id = %store, edge.id = %id, epoch, boot, found = found_word,
            "An edge node was told more than is held here: this database is an older one; what is missing is sent again"
        ),
        Found::Restored | Found::Forked | Found::Moved | Found::OldLife => warn!(
            store.id = %store, edge.id = %id, epoch, boot, found = found_word,
            "The ledger of an edge node is a copy; it goes on in a new life"
        ),
    }
}

/// Facts of one of a node's lives, for a ledger that lost them.
pub(crate) async fn lost(
    context: &Context,
    edge: &EdgeRow,
    epoch: u32,
    after: i64,
) -> Result<LostPageV1, DbError> {
    let mut tx = context.db().read("read what a ledger has lost").await?;
    let facts = lives::facts(&mut tx, edge, epoch, after, LOST_FACTS_MAX).await?;
    Ok(LostPageV1 { facts })
}

/// Says that the batches of a life do not go on from what is held: whoever speaks in it next is given
/// another one.
pub(crate) async fn split(context: &Context, edge: &EdgeRow, epoch: u32) -> Result<(), DbError> {
    let doing = "end a session";
    let mut tx = context.db().write(doing).await?;
    lives::end_sessions(&mut tx, edge, epoch).await?;
    db::commit(tx, doing).await?;
    error!(
        store.id = %edge.store, edge.id = %edge.id, epoch,
        "The history of an edge node does not go on from what is held: a restored copy or a clone"
    );
    Ok(())
}
