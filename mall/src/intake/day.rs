//! Does a store hold of a day what is held here? Equal, the day is sealed; else both look on.
//!
//! Compared is per ledger: what is held at the places that the ledger says it knows, so that two boxes
//! with one history, and a box that replaced another, are each compared with their own.
//!
//! **Invariant:** a day is sealed under the lock of its ledger's cursor, in the transaction that has
//! read what is held; a fact that comes later finds the seal and breaks it.

use std::collections::HashSet;

use domain::time::BusinessDate;
use sync::{
    day::{COMPARED_MAX, LEFT_OUT_MAX, LIVES_MAX, Tally, is_known, part_of},
    inbox::{Cursor, Refusal},
    outbox::BATCH_FACTS_MAX,
    watermark::WatermarkV1,
    wire::{
        DayAgainAnswerV1, DayAgainV1, DayAnswerV1, DayAskV1, DayFactV1, DayFactsV1, DayLifeV1,
        DayV1,
    },
};
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    judge::Seen,
    receive::{Keeping, ReceiveError, open_days},
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        day_seals::{self, HeldRow, SealRow, Why},
        edges::EdgeRow,
        inbox::{self, Sender},
        lives, stores,
    },
    settings::KeysError,
};

/// Why a day was not compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DayError {
    /// More lives, parts or facts than one request may name, or places that are not held.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is of a life that was never given, or does not fit.
    #[error("the day was not compared")]
    Receive(#[from] ReceiveError),
    /// The watermark could not be signed.
    #[error("could not sign a watermark")]
    Keys(#[from] KeysError),
    /// The database refused.
    #[error("could not compare a day")]
    Db(#[from] DbError),
}

/// Compares what a ledger says of a day with what is held here.
pub(crate) async fn tell(
    context: &Context,
    edge: &EdgeRow,
    day: BusinessDate,
    told: &DayV1,
) -> Result<DayAnswerV1, DayError> {
    let doing = "compare a day";
    if told.lives.len() > LIVES_MAX || told.left_out.len() > LEFT_OUT_MAX {
        return Err(DayError::Malformed("too many lives, or too many facts left out"));
    }
    let sender = Sender { store: edge.store, edge: edge.id, epoch: told.epoch, at: context.now() };
    let mut tx = context.db().write_beside(doing).await?;
    let cursor = cursor(&mut tx, edge, &sender).await?;
    let before = day_seals::sealed_at(&mut tx, &sender, day).await?;
    let left_out: HashSet<Uuid> = told.left_out.iter().copied().collect();
    let held = held(&mut tx, edge, day, &told.lives, &left_out).await?;
    let mut tally = Tally::default();
    held.iter().for_each(|row| tally.add(row.id, row.digest, &row.amounts));
    let sum = tally.sum();
    let agrees = sum == told.sum;
    if !agrees && before.is_some() {
        day_seals::open(&mut tx, &sender, &day.to_string(), Why::Differs).await?;
    }
    let sealed_at = (agrees && told.is_over).then(|| before.unwrap_or(sender.at));
    let n_left_out = u32::try_from(left_out.len()).unwrap_or(u32::MAX);
    let row = SealRow {
        edge: edge.id,
        epoch: told.epoch,
        sum,
        left_out: n_left_out,
        agrees,
        told_at: sender.at,
        sealed_at: sealed_at.or(before.filter(|_| agrees)),
    };
    day_seals::put(&mut tx, &sender, day, &row).await?;
    let is_whole = agrees && left_out.is_empty();
    let watermark = match is_whole {
        true => Some(watermark(context, &mut tx, &sender, &cursor, day).await?),
        false => None,
    };
    db::commit(tx, doing).await?;
    log(&sender, day, &row, before.is_some());
    let parts = if agrees { Vec::new() } else { tally.parts() };
    Ok(DayAnswerV1 { agrees, sealed_at: row.sealed_at, parts, watermark })
}

fn log(sender: &Sender, day: BusinessDate, row: &SealRow, was_sealed: bool) {
    let (store, edge) = (sender.store, sender.edge);
    if row.agrees && row.sealed_at.is_some() && !was_sealed {
        info!(store.id = %store, edge.id = %edge, %day, left_out = row.left_out, "A day is sealed");
    }
    if !row.agrees {
        warn!(
            store.id = %store, edge.id = %edge, %day, facts = row.sum.facts, was_sealed,
            "A store holds of a day what is not held here, or the other way round"
        );
    }
}

/// Locks the cursor of the life, so that nothing of it comes while a day is compared.
async fn cursor(tx: &mut Conn, edge: &EdgeRow, sender: &Sender) -> Result<Cursor, DayError> {
    let found = inbox::lock_cursor(tx, sender).await?;
    found.ok_or_else(|| ReceiveError::Refused(Refusal::Epoch { ours: edge.epoch }).into())
}

/// What is held of a day at places that a ledger knows, each fact once.
async fn held(
    tx: &mut Conn,
    edge: &EdgeRow,
    day: BusinessDate,
    lives: &[DayLifeV1],
    left_out: &HashSet<Uuid>,
) -> Result<Vec<HeldRow>, DbError> {
    let mut held = day_seals::held(tx, edge, day).await?;
    let mut seen = HashSet::new();
    held.retain(|row| {
        is_known(lives, row.epoch, row.seq) && !left_out.contains(&row.id) && seen.insert(row.id)
    });
    Ok(held)
}

async fn watermark(
    context: &Context,
    tx: &mut Conn,
    sender: &Sender,
    cursor: &Cursor,
    day: BusinessDate,
) -> Result<WatermarkV1, DayError> {
    let key = context.settings_keys().newest()?;
    let mark = WatermarkV1 {
        store: stores::code(tx, sender.store).await?,
        epoch: cursor.epoch,
        seq: cursor.acked_seq,
        chain: cursor.acked_chain,
        day,
        at: sender.at,
        key: key.version,
        signature: String::new(),
    };
    Ok(mark.signed(&key.pkcs8).map_err(KeysError::Key)?)
}

/// What is held of some parts of a day.
pub(crate) async fn ids(
    context: &Context,
    edge: &EdgeRow,
    day: BusinessDate,
    ask: &DayAskV1,
) -> Result<DayFactsV1, DayError> {
    if ask.lives.len() > LIVES_MAX || ask.parts.len() > usize::from(u8::MAX) + 1 {
        return Err(DayError::Malformed("too many lives or parts"));
    }
    let mut tx = context.db().read("read what is held of a day").await?;
    let mut held = held(&mut tx, edge, day, &ask.lives, &HashSet::new()).await?;
    held.retain(|row| ask.parts.contains(&part_of(row.id)));
    // Whoever asks chooses parts that have no more together, but for one that is larger by itself.
    held.truncate(usize::try_from(COMPARED_MAX).unwrap_or(0).saturating_mul(2));
    let fact =
        |row: HeldRow| DayFactV1 { id: row.id, digest: row.digest, epoch: row.epoch, seq: row.seq };
    Ok(DayFactsV1 { facts: held.into_iter().map(fact).collect() })
}

/// Keeps facts that were acknowledged once and are not held any more.
pub(crate) async fn again(
    context: &Context,
    edge: &EdgeRow,
    told: &DayAgainV1,
) -> Result<DayAgainAnswerV1, DayError> {
    let doing = "keep facts again";
    if told.facts.len() > BATCH_FACTS_MAX {
        return Err(DayError::Malformed("too many facts"));
    }
    let sender = Sender { store: edge.store, edge: edge.id, epoch: told.epoch, at: context.now() };
    let seen: Vec<Seen<'_>> = told.facts.iter().map(Seen::of).collect();
    let mut tx = context.db().write_beside(doing).await?;
    let cursor = cursor(&mut tx, edge, &sender).await?;
    // What was not acknowledged comes in a batch, which looks at its chain.
    if told.facts.iter().any(|fact| !(1..=cursor.acked_seq).contains(&fact.seq)) {
        return Err(DayError::Malformed("a place is not one that was acknowledged"));
    }
    let mut keeping = Keeping::over(&mut tx, sender, &seen).await?;
    for one in &seen {
        keeping.keep(&mut tx, one).await?;
    }
    let n_kept = u32::try_from(keeping.n_written()).unwrap_or(u32::MAX);
    keeping.write(&mut tx).await?;
    lives::put_places(&mut tx, &sender, &told.facts.iter().collect::<Vec<_>>()).await?;
    open_days(&mut tx, &sender, keeping.days()).await?;
    db::commit(tx, doing).await?;
    context.inbox_nudge().notify_one();
    if n_kept > 0 {
        warn!(
            store.id = %sender.store, edge.id = %sender.edge, n_kept,
            "Facts that were held once came again: this database had lost them"
        );
    }
    Ok(DayAgainAnswerV1 { n_kept })
}
