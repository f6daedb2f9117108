//! Facts on their way to the mall.
//!
//! **Invariant:** a fact is pushed in the transaction of what it tells, only an answer of the mall moves
//! it from `pending`, and none is given to be sent that is not what was written.

mod proven;

use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};
use sync::{
    chain::Hash,
    day::weigh,
    outbox::{Marks, Trouble, batch_len},
    raw,
    uplink::{Facts, HOLES_MAX},
    wire::{BatchV1, FactV1, HoleV1, PlaceV1},
};
use uuid::Uuid;

use self::proven::Places;
use super::{DbError, day, history};

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

/// Puts a fact behind the newest of this life and chains it.
pub(crate) fn push(connection: &Connection, fact: &Fact<'_>) -> Result<(), DbError> {
    let doing = "put a fact into the outbox";
    let epoch = history::epoch(connection)?;
    let newest = newest(connection, epoch)?;
    let digest = Hash::of(fact.body.as_bytes());
    let chain = newest.chain.link(fact.id, digest);
    let counts_to = weigh(fact.id, fact.kind, fact.v, fact.body).day.to_string();
    connection
        .prepare_cached(
            "insert into outbox (epoch, place, id, kind, v, at, body, digest, chain)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                epoch,
                newest.seq + 1,
                fact.id.as_bytes(),
                fact.kind,
                fact.v,
                fact.at.micros(),
                fact.body,
                digest.bytes(),
                chain.bytes(),
            ])
        })
        .map_err(DbError::sqlite(doing))?;
    day::count(connection, &counts_to, connection.last_insert_rowid())
}

/// The newest fact of a life; `PlaceV1::START` before the first.
pub(crate) fn newest(connection: &Connection, epoch: u32) -> Result<PlaceV1, DbError> {
    let statement = "select place, chain from outbox where epoch = ?1 order by place desc limit 1";
    place(connection, statement, params![epoch], "read the newest fact")
}

/// The newest fact of a life that the mall has acknowledged.
pub(crate) fn acked(connection: &Connection, epoch: u32) -> Result<PlaceV1, DbError> {
    let statement = "select place, chain from outbox
         where epoch = ?1 and place < coalesce(
           (select place from outbox where state = 'pending' and epoch = ?1 order by seq limit 1),
           9223372036854775807)
         order by place desc limit 1";
    place(connection, statement, params![epoch], "read the newest fact that is told")
}

fn place(
    connection: &Connection,
    statement: &str,
    keys: impl Params,
    doing: &'static str,
) -> Result<PlaceV1, DbError> {
    let found: Option<(i64, [u8; 32])> = connection
        .prepare_cached(statement)
        .and_then(|mut s| s.query_row(keys, |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(DbError::sqlite(doing))?;
    found.map_or(Ok(PlaceV1::START), |(seq, chain)| {
        let chain = Hash::from_bytes(&chain).ok_or(DbError::Damaged { doing })?;
        Ok(PlaceV1 { seq, chain })
    })
}

/// What waits to be told.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// Nothing.
    Nothing,
    /// The fact at this place is not what was written, and nothing here says what it was.
    Damaged(i64),
    /// A batch, every fact of which is what was written; so many of them only because another part of
    /// this ledger still says what they were.
    Batch(BatchV1, usize),
}

/// The batch of this life that is asked for.
pub(crate) fn next_batch(connection: &Connection, ask: Facts) -> Result<Waiting, DbError> {
    let epoch = history::epoch(connection)?;
    let from = match ask.from {
        Some(from) => Some(from),
        None => first_waiting(connection)?,
    };
    let Some(from) = from else { return Ok(Waiting::Nothing) };
    let places = Places::read(connection, epoch, from, ask.at_most)?;
    let Some(first) = places.first() else { return Ok(Waiting::Nothing) };
    let mut proven = places.proven(connection)?;
    proven.truncate(batch_len(proven.iter().map(|one| one.fact.body.len())));
    if proven.is_empty() {
        return Ok(Waiting::Damaged(first));
    }
    let n_mended = proven.iter().filter(|one| one.is_mended).count();
    let mut facts: Vec<FactV1> = proven.into_iter().map(|one| one.fact).collect();
    if ask.is_wrapped {
        facts = facts.iter().map(raw::wrap).collect();
    }
    let (session, prev_chain) = (ask.session, places.chain_before());
    let batch = BatchV1 { session, epoch, prev_chain, hole: None, facts };
    Ok(Waiting::Batch(batch, n_mended))
}

/// The first place that waits.
fn first_waiting(connection: &Connection) -> Result<Option<i64>, DbError> {
    connection
        .prepare_cached("select place from outbox where state = 'pending' order by seq limit 1")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read the first fact that waits"))
}

/// A fact that is to be told again, with its life; nothing where it is not here, or not what was written.
pub(super) fn again(connection: &Connection, id: Uuid) -> Result<Option<(u32, FactV1)>, DbError> {
    let found: Option<(u32, i64)> = connection
        .prepare_cached("select epoch, place from outbox where id = ?1")
        .and_then(|mut statement| {
            statement.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(DbError::sqlite("find a fact to tell it again"))?;
    let Some((epoch, place)) = found else { return Ok(None) };
    let proven = Places::read(connection, epoch, place, 1)?.proven(connection)?;
    let fact = proven.into_iter().next().map(|one| one.fact);
    Ok(fact.filter(|fact| fact.id == id).map(|fact| (epoch, fact)))
}

/// A batch of no facts that tells of a hole in this life.
pub(crate) fn hole_batch(
    connection: &Connection,
    session: Option<Uuid>,
    hole: HoleV1,
) -> Result<BatchV1, DbError> {
    let epoch = history::epoch(connection)?;
    let after = Places::read(connection, epoch, hole.through.saturating_add(1), 0)?;
    let prev_chain = after.chain_before();
    Ok(BatchV1 { session, epoch, prev_chain, hole: Some(hole), facts: Vec::new() })
}

/// How many holes stand in a row at the end of what the mall was told of this life, `HOLES_MAX` at most.
pub(crate) fn holes_in_a_row(connection: &Connection) -> Result<u32, DbError> {
    let epoch = history::epoch(connection)?;
    // As few rows are read as may be holes, however much waits.
    let is_hole: Vec<bool> = connection
        .prepare_cached(
            "select state = 'hole' from outbox
             where epoch = ?1 and place < coalesce(
               (select place from outbox where state = 'pending' and epoch = ?1 order by seq limit 1),
               9223372036854775807)
             order by place desc limit ?2",
        )
        .and_then(|mut s| s.query_map(params![epoch, HOLES_MAX], |row| row.get(0))?.collect())
        .map_err(DbError::sqlite("count the holes at the end of what is told"))?;
    let holes = is_hole.into_iter().take_while(|is_hole| *is_hole).count();
    Ok(u32::try_from(holes).unwrap_or(HOLES_MAX))
}

/// Gives all that waits its places in a new life, in the order in which it happened; ids and bytes stay.
pub(crate) fn restamp(connection: &Connection, epoch: u32) -> Result<(), DbError> {
    let doing = "give what waits its places in a new life";
    type Row = (i64, [u8; 16], [u8; 32]);
    let mut statement = connection
        .prepare("select seq, id, digest from outbox where state = 'pending' order by seq")
        .map_err(DbError::sqlite(doing))?;
    let waiting: Vec<Row> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(DbError::sqlite(doing))?;
    let mut at = newest(connection, epoch)?;
    for (seq, id, digest) in waiting {
        let digest = Hash::from_bytes(&digest).ok_or(DbError::Damaged { doing })?;
        at = PlaceV1 { seq: at.seq + 1, chain: at.chain.link(Uuid::from_bytes(id), digest) };
        connection
            .prepare_cached("update outbox set epoch = ?2, place = ?3, chain = ?4 where seq = ?1")
            .and_then(|mut s| s.execute(params![seq, epoch, at.seq, at.chain.bytes()]))
            .map_err(DbError::sqlite(doing))?;
        // What was spent of a member's is counted by the place of its fact.
        connection
            .prepare_cached("update member_entry set epoch = ?2, seq = ?3 where fact_id = ?1")
            .and_then(|mut s| s.execute(params![id, epoch, at.seq]))
            .map_err(DbError::sqlite(doing))?;
    }
    Ok(())
}

/// Writes down what the mall said of facts of a life.
pub(crate) fn mark(connection: &Connection, epoch: u32, marks: &Marks) -> Result<(), DbError> {
    let doing = "mark what the mall holds";
    for (seq, trouble) in &marks.troubled {
        let (state, reason) = match trouble {
            Trouble::Quarantined(reason) => ("quarantined", Some(reason.as_str())),
            Trouble::Conflict => ("conflict", None),
        };
        connection
            .prepare_cached(
                "update outbox set state = ?3, reason = ?4
                 where epoch = ?1 and place = ?2 and state = 'pending'",
            )
            .and_then(|mut statement| statement.execute(params![epoch, seq, state, reason]))
            .map_err(DbError::sqlite(doing))?;
    }
    if let Some(hole) = &marks.hole {
        connection
            .prepare_cached(
                "update outbox set state = 'hole', reason = ?4
                 where epoch = ?1 and place between ?2 and ?3 and state = 'pending'",
            )
            .and_then(|mut s| s.execute(params![epoch, hole.from, hole.through, hole.reason]))
            .map_err(DbError::sqlite(doing))?;
    }
    let Some(through) = marks.acked_through else {
        return Ok(());
    };
    connection
        // By the key of what waits: the history of a life is long.
        .prepare_cached(
            "update outbox set state = 'acked' where state = 'pending'
             and seq <= (select seq from outbox where epoch = ?1 and place = ?2)",
        )
        .and_then(|mut statement| statement.execute(params![epoch, through]))
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
    /// Facts at a hole: nobody on the way to the mall takes them, or this ledger does not know any more
    /// what they were.
    pub(crate) held_back: u32,
}

/// Counts the backlog.
pub(crate) fn backlog(connection: &Connection) -> Result<Backlog, DbError> {
    connection
        .prepare_cached(
            "select (select count(*) from outbox where state = 'pending'),
                    (select at from outbox where state = 'pending' order by seq limit 1),
                    (select count(*) from outbox where state in ('quarantined', 'conflict')),
                    (select count(*) from outbox where state = 'hole')",
        )
        .and_then(|mut statement| {
            statement.query_row([], |row| {
                Ok(Backlog {
                    pending: row.get(0)?,
                    oldest_at: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros),
                    troubled: row.get(2)?,
                    held_back: row.get(3)?,
                })
            })
        })
        .map_err(DbError::sqlite("count the outbox"))
}
