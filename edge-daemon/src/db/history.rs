//! Which life this ledger is in, what it says of itself to the mall, and what it does when it is told
//! that it is a copy.
//!
//! **Invariant:** a fact keeps its id and its bytes through every life; only its place and its chain
//! are made anew.

use domain::{id::EdgeId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sync::{
    chain::Hash,
    wire::{
        KIND_ORDER, KIND_POST_VOID, LostFactV1, LostV1, OrderV1, PostVoidV1, SessionAskV1, SessionV1,
    },
};
use uuid::Uuid;

use super::{DbError, mark::Mark, orders, outbox, post_void};

/// Lives that a ledger gives itself while it may be a copy have five or six digits in receipt numbers,
/// which the mall's own, counted from 1, never reach.
const PROVISIONAL: std::ops::Range<u32> = 36_u32.pow(4)..1 << 31;

/// The life that the mall gave this ledger last.
pub(crate) fn epoch(connection: &Connection) -> Result<u32, DbError> {
    connection
        .prepare_cached("select epoch from node")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(DbError::sqlite("read the life of this ledger"))
}

/// What receipt numbers carry: the epoch, or while this ledger may be a copy a life of its own, so that
/// no number is on two papers.
pub(crate) fn receipt_epoch(connection: &Connection) -> Result<u32, DbError> {
    connection
        .prepare_cached("select coalesce(provisional_epoch, epoch) from node")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(DbError::sqlite("read what receipt numbers carry"))
}

/// The life in which what the mall lends may be spent; none before enrolment, and none while this
/// ledger may be a copy that has forgotten what was spent.
pub(crate) fn lending_epoch(connection: &Connection) -> Result<Option<u32>, DbError> {
    connection
        .prepare_cached("select epoch from node where provisional_epoch is null")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read the life of this ledger"))
}

/// How a ledger stands with the mall, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// It may be a copy; the mall has not been asked yet.
    pub(crate) is_doubtful: bool,
    /// Another box speaks with this history too, and HQ has not decided.
    pub(crate) is_frozen: bool,
}

/// Reads it.
pub(crate) fn standing(connection: &Connection) -> Result<Standing, DbError> {
    connection
        .query_row("select provisional_epoch is not null, is_frozen from node", [], |row| {
            Ok(Standing { is_doubtful: row.get(0)?, is_frozen: row.get(1)? })
        })
        .optional()
        .map(Option::unwrap_or_default)
        .map_err(DbError::sqlite("read how this ledger stands"))
}

/// Counts a start. A ledger whose mark tells of a later one, or which is on another machine, or whose
/// mark is gone, may be a copy: until the mall has been asked its receipts carry a life of their own.
pub(crate) fn start(
    connection: &Connection,
    found: Option<Mark>,
    machine: Hash,
    fresh: u32,
) -> Result<(), DbError> {
    let doing = "count a start";
    type Row = ([u8; 16], u64, Option<[u8; 32]>, bool);
    let row: Option<Row> = connection
        .query_row("select edge_id, boot_no, machine, has_mark from node", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()
        .map_err(DbError::sqlite(doing))?;
    let Some((edge, boot_no, before, has_mark)) = row else { return Ok(()) };
    let own = found.filter(|mark| mark.edge.bytes() == &edge);
    let went_back = own.is_some_and(|mark| mark.boot_no > boot_no);
    let head = head(connection)?;
    let forgot = own.is_some_and(|mark| mark.head > head);
    let was_moved = before.is_some_and(|before| &before != machine.bytes());
    let is_doubtful = went_back || forgot || was_moved || (has_mark && own.is_none());
    let room = PROVISIONAL.end - PROVISIONAL.start;
    let provisional = is_doubtful.then(|| PROVISIONAL.start + fresh % room);
    connection
        .execute(
            "update node set boot_no = max(boot_no, ?1) + 1, machine = ?2,
               provisional_epoch = coalesce(?3, provisional_epoch)",
            params![own.map_or(0, |mark| mark.boot_no), machine.bytes(), provisional],
        )
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// What the mark beside this ledger should say now; none before enrolment.
pub(crate) fn mark(connection: &Connection) -> Result<Option<Mark>, DbError> {
    let doing = "read what the mark should say";
    let row: Option<([u8; 16], u64)> = connection
        .query_row("select edge_id, boot_no from node", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(DbError::sqlite(doing))?;
    let Some((edge, boot_no)) = row else { return Ok(None) };
    let edge = EdgeId::from_uuid(Uuid::from_bytes(edge));
    Ok(Some(Mark { edge, boot_no, head: head(connection)? }))
}

/// Says that a mark stands beside this ledger: from now on one that is gone is a reason to doubt.
pub(crate) fn is_marked(connection: &Connection) -> Result<(), DbError> {
    connection
        .execute("update node set has_mark = 1 where has_mark = 0", [])
        .map(|_| ())
        .map_err(DbError::sqlite("say that there is a mark"))
}

/// The newest row of the outbox, in whichever life.
fn head(connection: &Connection) -> Result<i64, DbError> {
    connection
        .prepare_cached("select coalesce(max(seq), 0) from outbox")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(DbError::sqlite("read the newest fact"))
}

/// What this ledger says of itself. The ask is written down before it is sent: one whose answer was
/// lost is said again under the same id.
pub(crate) fn ask(connection: &Connection, fresh: Uuid) -> Result<SessionAskV1, DbError> {
    let doing = "say where this ledger stands";
    connection
        .execute("update node set asking = coalesce(asking, ?1)", [fresh.as_bytes()])
        .map_err(DbError::sqlite(doing))?;
    type Row = (u32, u64, Option<[u8; 32]>, Option<[u8; 16]>, [u8; 16], bool);
    let (epoch, boot_no, machine, nonce, asking, is_doubtful): Row = connection
        .query_row(
            "select epoch, boot_no, machine, nonce, asking, provisional_epoch is not null from node",
            [],
            |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            },
        )
        .map_err(DbError::sqlite(doing))?;
    Ok(SessionAskV1 {
        id: Uuid::from_bytes(asking),
        epoch,
        boot_no,
        machine: machine.and_then(|m| Hash::from_bytes(&m)).unwrap_or(Hash::GENESIS),
        nonce: nonce.map(Uuid::from_bytes),
        newest: outbox::newest(connection, epoch)?,
        acked: outbox::acked(connection, epoch)?,
        is_doubtful,
    })
}

/// Goes on as the mall says: what it does not hold any more is told again, and in a new life all that
/// waits gets new places. Idempotent.
pub(crate) fn take(connection: &Connection, told: &SessionV1) -> Result<(), DbError> {
    let doing = "go on in a session";
    wait_for_what_is_not_held(connection, told)?;
    if epoch(connection)? != told.epoch {
        connection
            .execute("update node set epoch = ?1", [told.epoch])
            .map_err(DbError::sqlite(doing))?;
        outbox::restamp(connection, told.epoch)?;
    }
    connection
        .execute(
            "update node set nonce = ?1, asking = null, provisional_epoch = null, is_frozen = ?2",
            params![told.nonce.as_bytes(), told.is_frozen],
        )
        .map_err(DbError::sqlite(doing))?;
    for lost in &told.lost {
        connection
            .execute(
                "insert into lost (epoch, after, through) values (?1, ?2, ?3)
                 on conflict do update set after = min(after, excluded.after),
                                           through = max(through, excluded.through)",
                params![lost.epoch, lost.after, lost.through],
            )
            .map_err(DbError::sqlite(doing))?;
    }
    Ok(())
}

/// What was acknowledged once and is not held by now: the mall went back.
fn wait_for_what_is_not_held(connection: &Connection, told: &SessionV1) -> Result<(), DbError> {
    let doing = "tell again what the mall has lost";
    let mut epoch = 0_u32;
    loop {
        let next: Option<u32> = connection
            .prepare_cached("select min(epoch) from outbox where epoch > ?1")
            .and_then(|mut statement| statement.query_row([epoch], |row| row.get(0)))
            .map_err(DbError::sqlite(doing))?;
        let Some(next) = next else { return Ok(()) };
        let held = told.lives.iter().find(|life| life.epoch == next);
        connection
            .prepare_cached(
                "update outbox set state = 'pending', reason = null
                 where epoch = ?1 and place > ?2 and state <> 'pending'",
            )
            .and_then(|mut s| s.execute(params![next, held.map_or(0, |life| life.acked_seq)]))
            .map_err(DbError::sqlite(doing))?;
        epoch = next;
    }
}

/// The next page to fetch of what this ledger may have lost; `None` when it has all.
pub(crate) fn lost(connection: &Connection) -> Result<Option<LostV1>, DbError> {
    connection
        .query_row("select epoch, after, through from lost order by epoch limit 1", [], |row| {
            Ok(LostV1 { epoch: row.get(0)?, after: row.get(1)?, through: row.get(2)? })
        })
        .optional()
        .map_err(DbError::sqlite("read what was lost"))
}

/// Keeps a page of what was lost; an empty one ends its range. What is here already is passed over.
pub(crate) fn find(
    connection: &Connection,
    lost: LostV1,
    facts: &[LostFactV1],
    at: Timestamp,
) -> Result<u32, DbError> {
    let doing = "keep what was lost";
    let mut n_found = 0;
    for fact in facts.iter().filter(|fact| fact.seq <= lost.through) {
        n_found += u32::from(find_one(connection, lost.epoch, fact, at)?);
    }
    let reached = facts.last().map_or(lost.through, |last| last.seq);
    connection
        .execute("update lost set after = ?2 where epoch = ?1 and through > ?2", params![
            lost.epoch, reached
        ])
        .and_then(|_| {
            let done = "delete from lost where epoch = ?1 and through <= ?2";
            connection.execute(done, params![lost.epoch, reached])
        })
        .map_err(DbError::sqlite(doing))?;
    Ok(n_found)
}

fn find_one(
    connection: &Connection,
    epoch: u32,
    fact: &LostFactV1,
    at: Timestamp,
) -> Result<bool, DbError> {
    let doing = "keep a fact that was lost";
    let n = connection
        .prepare_cached(
            "insert into found (id, epoch, seq, kind, v, body, at)
             select ?1, ?2, ?3, ?4, ?5, ?6, ?7
             where not exists (select 1 from outbox where id = ?1)
             on conflict do nothing",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                fact.id.as_bytes(),
                epoch,
                fact.seq,
                fact.kind,
                fact.v,
                fact.body,
                at.micros()
            ])
        })
        .map_err(DbError::sqlite(doing))?;
    if n == 0 {
        return Ok(false);
    }
    match (fact.kind.as_str(), fact.v) {
        (KIND_ORDER, 1) => put_order(connection, &fact.body)?,
        (KIND_POST_VOID, 1) => put_post_void(connection, &fact.body)?,
        (_, _) => {}
    }
    Ok(true)
}

/// Puts an order back among the others. One whose receipt number another has got since stays among
/// what was found, where a person looks.
fn put_order(connection: &Connection, body: &str) -> Result<(), DbError> {
    let told = serde_json::from_str::<OrderV1>(body).ok();
    let Some(order) = told.and_then(|told| told.into_order().ok()) else { return Ok(()) };
    let is_taken: bool = connection
        .prepare_cached("select exists (select 1 from orders where receipt_number = ?1 or id = ?2)")
        .and_then(|mut statement| {
            let keys = params![order.receipt_number.to_string(), order.id.bytes()];
            statement.query_row(keys, |row| row.get(0))
        })
        .map_err(DbError::sqlite("look for an order"))?;
    if is_taken { Ok(()) } else { orders::insert(connection, &order, body) }
}

fn put_post_void(connection: &Connection, body: &str) -> Result<(), DbError> {
    let Ok(told) = serde_json::from_str::<PostVoidV1>(body) else { return Ok(()) };
    let is_here = orders::find(connection, told.order)?.is_some();
    if is_here && post_void::of_order(connection, told.order)?.is_none() {
        post_void::insert(connection, &told)?;
    }
    Ok(())
}
