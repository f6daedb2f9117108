//! What the stores sent, byte for byte: cursors, ids, bodies, troubles.
//!
//! PostgreSQL keeps no sign NUL in a text, and a batch that held one would never be kept and hold its
//! store up for ever. Such a body stands there in hexadecimal digits, on every engine alike; such a
//! kind, which no program ever had, as `?`.
//!
//! **Invariant:** nothing is deleted here, and no body is changed after it was stored.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use domain::{id::EdgeId, time::Timestamp};
use sqlx::AssertSqlSafe;
use sync::{
    chain::{self, Hash},
    inbox::Cursor,
    replica::StoreId,
    wire::FactV1,
};
use uuid::Uuid;

use super::{Conn, DbError, bulk, damaged, days, sql};

/// Bytes of the longest kind there may be.
const KIND_BYTES_MAX: usize = 64;
/// How a body with a NUL is written.
const HEX: &str = "hex";

/// Who sent something, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    /// The store.
    pub(crate) store: StoreId,
    /// Its edge node.
    pub(crate) edge: EdgeId,
    /// The life of its ledger.
    pub(crate) epoch: u32,
    /// Now.
    pub(crate) at: Timestamp,
}

impl Sender {
    /// The day it came, in UTC, by which bodies lie together.
    pub(crate) fn day(&self) -> String {
        days::day_of(self.at)
    }
}

/// Why a fact is in trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It could not be read, or its sums do not hold.
    Quarantined(String),
    /// Another body is held under its id.
    Conflict,
}

impl What {
    fn word(&self) -> &'static str {
        match self {
            Self::Quarantined(_) => "quarantined",
            Self::Conflict => "conflict",
        }
    }
}

/// A fact with the digest of the bytes that came, which is not always the one it claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    /// The fact.
    pub(crate) fact: &'a FactV1,
    /// Digest of its body as it came.
    pub(crate) digest: Hash,
}

/// Locks the cursor of a life until the commit and reads it; `None` for a life that was never given.
///
/// An `update` and not a `select … for update`: it locks on every engine.
pub(crate) async fn lock_cursor(tx: &mut Conn, sender: &Sender) -> Result<Option<Cursor>, DbError> {
    let doing = "lock the cursor of an edge node";
    let found: Option<(i64, String)> = sqlx::query_as(
        "update edge_life set heard_at = $4 where store_id = $1 and edge_id = $2 and epoch = $3
         returning acked_seq, acked_chain",
    )
    .bind(sender.store.0)
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(sender.at.micros())
    .fetch_optional(tx)
    .await
    .map_err(sql(doing))?;
    let cursor = |(acked_seq, acked_chain): (i64, String)| {
        let acked_chain = Hash::from_hex(&acked_chain).ok_or_else(|| damaged(doing))?;
        Ok(Cursor { epoch: sender.epoch, acked_seq, acked_chain })
    };
    found.map(cursor).transpose()
}

/// Moves a cursor on.
pub(crate) async fn advance(tx: &mut Conn, sender: &Sender, to: &Cursor) -> Result<(), DbError> {
    sqlx::query(
        "update edge_life set acked_seq = $4, acked_chain = $5
         where store_id = $1 and edge_id = $2 and epoch = $3",
    )
    .bind(sender.store.0)
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(to.acked_seq)
    .bind(to.acked_chain.to_string())
    .execute(tx)
    .await
    .map_err(sql("move the cursor of an edge node"))?;
    Ok(())
}

/// Takes ids that are not held yet; the answer is which were taken.
///
/// `on conflict` without a target, so that no other unique index can end the whole batch.
pub(crate) async fn take_ids(
    tx: &mut Conn,
    sender: &Sender,
    facts: &[Received<'_>],
) -> Result<HashSet<Uuid>, DbError> {
    const COLUMNS: usize = 4;
    let doing = "keep the ids of a batch";
    let (mut taken, day) = (HashSet::new(), sender.day());
    for some in facts.chunks(bulk::facts_max(COLUMNS)) {
        let statement = format!(
            "insert into event_id (store_id, id, digest, received_day) values {}
             on conflict do nothing returning id",
            bulk::only_rows(tx, some.len(), COLUMNS)
        );
        let mut query = sqlx::query_as::<_, (String,)>(AssertSqlSafe(statement))
            .persistent(bulk::is_usual(some.len(), COLUMNS));
        for Received { fact, digest } in some {
            query = query
                .bind(sender.store.0)
                .bind(fact.id.to_string())
                .bind(digest.to_string())
                .bind(day.as_str());
        }
        for (id,) in query.fetch_all(&mut *tx).await.map_err(sql(doing))? {
            taken.insert(id.parse().map_err(|_| damaged(doing))?);
        }
    }
    Ok(taken)
}

/// The digests under which ids are held.
pub(crate) async fn digests(
    tx: &mut Conn,
    store: StoreId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Hash>, DbError> {
    let doing = "read the ids of a batch";
    let mut held = HashMap::new();
    for some in ids.chunks(bulk::facts_max(1)) {
        let statement = format!(
            "select id, digest from event_id where id in {} and store_id = ${}",
            bulk::list(some.len()),
            some.len() + 1
        );
        let mut query =
            sqlx::query_as::<_, (String, String)>(AssertSqlSafe(statement)).persistent(false);
        for id in some {
            query = query.bind(id.to_string());
        }
        for (id, digest) in query.bind(store.0).fetch_all(&mut *tx).await.map_err(sql(doing))? {
            let id: Uuid = id.parse().map_err(|_| damaged(doing))?;
            held.insert(id, Hash::from_hex(&digest).ok_or_else(|| damaged(doing))?);
        }
    }
    Ok(held)
}

/// Why a held fact was quarantined, if it was.
pub(crate) async fn quarantine_reason(
    tx: &mut Conn,
    store: StoreId,
    id: Uuid,
    digest: Hash,
) -> Result<Option<String>, DbError> {
    let found: Option<(String,)> = sqlx::query_as(
        "select reason from trouble
         where store_id = $1 and id = $2 and digest = $3 and what = 'quarantined'",
    )
    .bind(store.0)
    .bind(id.to_string())
    .bind(digest.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a trouble"))?;
    Ok(found.map(|(reason,)| reason))
}

/// Whether any fact under an id is in quarantine.
pub(crate) async fn is_quarantined(
    tx: &mut Conn,
    store: StoreId,
    id: Uuid,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from trouble
         where store_id = $1 and id = $2 and what = 'quarantined' limit 1",
    )
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a trouble"))?;
    Ok(found.is_some())
}

/// Whether a kind is kept as it is.
pub(crate) fn is_kind(kind: &str) -> bool {
    kind.len() <= KIND_BYTES_MAX && !kind.contains('\0')
}

/// A kind as it is kept.
fn kept_kind(fact: &FactV1) -> &str {
    if is_kind(&fact.kind) { &fact.kind } else { "?" }
}

/// A body as it is kept, after how it is written.
fn coded(body: &str) -> (&'static str, Cow<'_, str>) {
    match body.contains('\0') {
        true => (HEX, Cow::Owned(chain::hex(body.as_bytes()))),
        false => ("", Cow::Borrowed(body)),
    }
}

/// A kept body as it came.
pub(super) fn decoded(coding: &str, kept: String) -> Option<String> {
    match coding {
        "" => Some(kept),
        HEX => String::from_utf8(chain::hex_bytes(&kept)?).ok(),
        _ => None,
    }
}

/// Stores bodies as they came, each with whether there is something to do with it.
pub(crate) async fn keep(
    tx: &mut Conn,
    sender: &Sender,
    received: &[(Received<'_>, bool)],
) -> Result<(), DbError> {
    const COLUMNS: usize = 13;
    let day = sender.day();
    for some in received.chunks(bulk::facts_max(COLUMNS)) {
        let statement = format!(
            "insert into event_inbox (store_id, received_day, id, edge_id, epoch, seq, kind, v,
                                      digest, body, received_at, state, coding)
             values {}",
            bulk::only_rows(tx, some.len(), COLUMNS)
        );
        let bodies: Vec<_> = some.iter().map(|(one, _)| coded(&one.fact.body)).collect();
        let is_usual = bulk::is_usual(some.len(), COLUMNS);
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(is_usual);
        for ((Received { fact, digest }, is_waiting), (coding, body)) in some.iter().zip(&bodies) {
            query = query
                .bind(sender.store.0)
                .bind(day.as_str())
                .bind(fact.id.to_string())
                .bind(sender.edge.to_string())
                .bind(i64::from(sender.epoch))
                .bind(fact.seq)
                .bind(kept_kind(fact))
                .bind(i64::from(fact.v))
                .bind(digest.to_string())
                .bind(&**body)
                .bind(sender.at.micros())
                .bind(if *is_waiting { "waiting" } else { "kept" })
                .bind(*coding);
        }
        query.execute(&mut *tx).await.map_err(sql("store facts"))?;
    }
    Ok(())
}

/// Writes down what a person should look at, with the bytes; the same again changes nothing.
pub(crate) async fn put_trouble(
    tx: &mut Conn,
    sender: &Sender,
    received: Received<'_>,
    what: &What,
) -> Result<(), DbError> {
    let Received { fact, digest } = received;
    let (coding, body) = coded(&fact.body);
    let reason = match what {
        What::Quarantined(reason) => reason.as_str(),
        What::Conflict => "other bytes are held under this id",
    };
    sqlx::query(
        "insert into trouble (store_id, id, digest, what, reason, edge_id, epoch, seq, kind, v,
                              body, received_at, coding)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(fact.id.to_string())
    .bind(digest.to_string())
    .bind(what.word())
    .bind(reason)
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(fact.seq)
    .bind(kept_kind(fact))
    .bind(i64::from(fact.v))
    .bind(&*body)
    .bind(sender.at.micros())
    .bind(coding)
    .execute(tx)
    .await
    .map_err(sql("write down a trouble"))?;
    Ok(())
}

/// A stored fact that waits to be processed.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// Who sent it, and when it came.
    pub(crate) sender: Sender,
    /// The day it lies under.
    pub(crate) day: String,
    /// The fact; its claimed digest and chain are not kept, the digest is of its bytes.
    pub(crate) fact: FactV1,
}

/// The next facts that wait, each edge node's in its own sequence.
pub(crate) async fn waiting(tx: &mut Conn, limit: i64) -> Result<Vec<Waiting>, DbError> {
    type Row = (i64, String, String, i64, i64, String, String, i64, String, String, String, i64);
    let doing = "read the inbox";
    let rows: Vec<Row> = sqlx::query_as(
        "select store_id, received_day, edge_id, epoch, seq, id, kind, v, digest, coding, body,
                received_at
         from event_inbox where state = 'waiting'
         order by store_id, edge_id, epoch, seq limit $1",
    )
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let read = |row: Row| {
        let (store, day, edge, epoch, seq, id, kind, v, digest, coding, body, at) = row;
        let sender = Sender {
            store: StoreId(store),
            edge: edge.parse().ok()?,
            epoch: u32::try_from(epoch).ok()?,
            at: Timestamp::from_micros(at),
        };
        let (id, v) = (id.parse().ok()?, u16::try_from(v).ok()?);
        let digest = Hash::from_hex(&digest)?;
        let body = decoded(&coding, body)?;
        let fact = FactV1 { seq, id, kind, v, body, digest, chain: Hash::GENESIS };
        Some(Waiting { sender, day, fact })
    };
    rows.into_iter().map(|row| read(row).ok_or_else(|| damaged(doing))).collect()
}

/// Lets facts of a kind and version wait that were kept without being in quarantine: they came while they
/// were not known. The answer is how many.
pub(crate) async fn wake(tx: &mut Conn, kind: &str, v: u16) -> Result<u64, DbError> {
    let woken = sqlx::query(
        "update event_inbox set state = 'waiting'
         where state = 'kept' and kind = $1 and v = $2
           and not exists (select 1 from trouble
                           where trouble.store_id = event_inbox.store_id
                             and trouble.id = event_inbox.id
                             and trouble.digest = event_inbox.digest
                             and trouble.what = 'quarantined')",
    )
    .bind(kind)
    .bind(i64::from(v))
    .execute(tx)
    .await
    .map_err(sql("wake facts that an older mall has kept"))?;
    Ok(woken.rows_affected())
}

/// Marks a fact as processed, or as one that stays as it is.
pub(crate) async fn mark(
    tx: &mut Conn,
    waiting: &Waiting,
    state: &'static str,
) -> Result<(), DbError> {
    sqlx::query(
        "update event_inbox set state = $4
         where store_id = $1 and received_day = $2 and id = $3",
    )
    .bind(waiting.sender.store.0)
    .bind(waiting.day.as_str())
    .bind(waiting.fact.id.to_string())
    .bind(state)
    .execute(tx)
    .await
    .map_err(sql("mark a fact as processed"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_as_it_came() {
        for body in ["", "{}", "\0", "纯牛奶\0 250ml", "\\u0000"] {
            let (coding, kept) = coded(body);
            assert!(!kept.contains('\0'), "{body:?}");
            assert_eq!(decoded(coding, kept.into_owned()).as_deref(), Some(body));
        }
        assert_eq!(decoded("rot13", "{}".to_owned()), None);
        assert_eq!(decoded(HEX, "0".to_owned()), None);
    }
}
