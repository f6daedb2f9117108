//! Facts on their way to the mall.
//!
//! **Invariant:** a fact is pushed in the transaction of what it tells, and only an answer of the
//! mall moves it from `pending`.

use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sync::{
    chain::Hash,
    outbox::{BATCH_FACTS_MAX, Marks, Trouble, batch_len},
    wire::{BatchV1, FactV1},
};
use uuid::Uuid;

use super::DbError;

/// A fact to be told.
#[derive(Debug)]
pub(crate) struct Fact<'a> {
    /// Its identity.
    pub(crate) id: Uuid,
    /// What it is.
    pub(crate) kind: &'a str,
    /// The version of its body.
    pub(crate) v: u16,
    /// Its body, byte for byte as it will always be.
    pub(crate) body: &'a str,
    /// When.
    pub(crate) at: Timestamp,
}

/// Puts a fact behind the newest and chains it.
pub(crate) fn push(connection: &Connection, epoch: u32, fact: &Fact<'_>) -> Result<(), DbError> {
    let doing = "put a fact into the outbox";
    let last: Option<(u32, [u8; 32])> = connection
        .prepare_cached("select epoch, chain from outbox order by seq desc limit 1")
        .and_then(|mut s| s.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(DbError::sqlite(doing))?;
    let before = match last {
        Some((last_epoch, chain)) if last_epoch == epoch => {
            Hash::from_bytes(&chain).ok_or(DbError::Damaged { doing })?
        }
        _ => Hash::GENESIS,
    };
    let digest = Hash::of(fact.body.as_bytes());
    let chain = before.link(fact.id, digest);
    connection
        .prepare_cached(
            "insert into outbox (epoch, id, kind, v, at, body, digest, chain)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                epoch,
                fact.id.as_bytes(),
                fact.kind,
                fact.v,
                fact.at.micros(),
                fact.body,
                digest.bytes(),
                chain.bytes(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// The next batch from this sequence on, or from the first pending fact; `None` when all is told.
pub(crate) fn next_batch(
    connection: &Connection,
    from: Option<i64>,
) -> Result<Option<BatchV1>, DbError> {
    let doing = "read the next batch";
    let mut statement = connection
        .prepare_cached(
            "select seq, id, kind, v, body, digest, chain, epoch from outbox
             where seq >= coalesce(?1, (select min(seq) from outbox where state = 'pending'))
             order by seq limit ?2",
        )
        .map_err(DbError::sqlite(doing))?;
    let rows = statement
        .query_map(params![from, BATCH_FACTS_MAX], |row| {
            let hash = |index| row.get::<_, [u8; 32]>(index);
            let (digest, chain) = (hash(5)?, hash(6)?);
            let fact = FactV1 {
                seq: row.get(0)?,
                id: Uuid::from_bytes(row.get(1)?),
                kind: row.get(2)?,
                v: row.get(3)?,
                body: row.get(4)?,
                digest: Hash::from_bytes(&digest).unwrap_or(Hash::GENESIS),
                chain: Hash::from_bytes(&chain).unwrap_or(Hash::GENESIS),
            };
            Ok((fact, row.get::<_, u32>(7)?))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(DbError::sqlite(doing))?;
    let Some((first, epoch)) = rows.first().map(|(fact, epoch)| (fact.seq, *epoch)) else {
        return Ok(None);
    };
    let same_epoch = rows.into_iter().take_while(|(_, e)| *e == epoch).map(|(fact, _)| fact);
    let mut facts: Vec<FactV1> = same_epoch.collect();
    facts.truncate(batch_len(facts.iter().map(|fact| fact.body.len())));
    Ok(Some(BatchV1 { epoch, prev_chain: chain_before(connection, first, epoch)?, facts }))
}

fn chain_before(connection: &Connection, seq: i64, epoch: u32) -> Result<Hash, DbError> {
    let doing = "read the chain before a batch";
    let chain: Option<[u8; 32]> = connection
        .prepare_cached(
            "select chain from outbox where seq < ?1 and epoch = ?2 order by seq desc limit 1",
        )
        .and_then(|mut s| s.query_row(params![seq, epoch], |row| row.get(0)).optional())
        .map_err(DbError::sqlite(doing))?;
    chain.map_or(Ok(Hash::GENESIS), |bytes| {
        Hash::from_bytes(&bytes).ok_or(DbError::Damaged { doing })
    })
}

/// Writes down what the mall said.
pub(crate) fn mark(connection: &Connection, marks: &Marks) -> Result<(), DbError> {
    let doing = "mark what the mall holds";
    for (seq, trouble) in &marks.troubled {
        let (state, reason) = match trouble {
            Trouble::Quarantined(reason) => ("quarantined", Some(reason.as_str())),
            Trouble::Conflict => ("conflict", None),
        };
        connection
            .prepare_cached(
                "update outbox set state = ?2, reason = ?3 where seq = ?1 and state = 'pending'",
            )
            .and_then(|mut statement| statement.execute(params![seq, state, reason]))
            .map_err(DbError::sqlite(doing))?;
    }
    let Some(through) = marks.acked_through else {
        return Ok(());
    };
    connection
        .prepare_cached("update outbox set state = 'acked' where state = 'pending' and seq <= ?1")
        .and_then(|mut statement| statement.execute([through]))
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// How much waits to be told, and what a person should look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// Facts the mall has not acknowledged.
    pub(crate) pending: u32,
    /// When the oldest of them happened.
    pub(crate) oldest_at: Option<Timestamp>,
    /// Facts the mall holds in quarantine or as a conflict.
    pub(crate) troubled: u32,
}

/// Counts the backlog.
pub(crate) fn backlog(connection: &Connection) -> Result<Backlog, DbError> {
    connection
        .prepare_cached(
            "select (select count(*) from outbox where state = 'pending'),
                    (select at from outbox where state = 'pending' order by seq limit 1),
                    (select count(*) from outbox where state in ('quarantined', 'conflict'))",
        )
        .and_then(|mut statement| {
            statement.query_row([], |row| {
                Ok(Backlog {
                    pending: row.get(0)?,
                    oldest_at: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros),
                    troubled: row.get(2)?,
                })
            })
        })
        .map_err(DbError::sqlite("count the outbox"))
}
