//! Which life this ledger is in, what it says of itself to the mall, and what it does when it is told
//! that it is a copy.
//!
//! **Invariant:** a fact keeps its id and its bytes through every life; only its place and its chain
//! are made anew.

use domain::{id::EdgeId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sync::{
    chain::Hash,
    day::weigh,
    session::is_same_life,
    wire::{
        KIND_ORDER, KIND_POST_VOID, LostFactV1, LostV1, OrderV1, PostVoidV1, SessionAskV1,
        SessionV1,
    },
};
use uuid::Uuid;

use super::{DbError, day, mark::Mark, orders, outbox, post_void};

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
    let own = found.filter(|mark| mark.edge.bytes() == edge);
    let went_back = own.is_some_and(|mark| mark.boot_no > boot_no);
    let head = head(connection)?;
    let forgot = own.is_some_and(|mark| mark.head > head);
    let was_moved = before.is_some_and(|before| &before != machine.bytes());
    let is_doubtful = went_back || forgot || was_moved || (has_mark && own.is_none());
    let room = PROVISIONAL.end - PROVISIONAL.start;
    let provisional = is_doubtful.then(|| PROVISIONAL.start + fresh % room);
    connection
        .execute(
            // An ask that was under way when the copy was made is another ledger's: its answer would
            // say that all is well.
            "update node set boot_no = max(boot_no, ?1) + 1, machine = ?2,
               provisional_epoch = coalesce(?3, provisional_epoch),
               asking = case when ?3 is null then asking end",
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
        day::put_lost(connection, *lost)?;
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
        let first = first(connection, next)?;
        let held = told.lives.iter().find(|life| life.epoch == next);
        let held = held.filter(|life| is_same_life(life, first));
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

/// The chain after the first fact of a life, where that is here.
fn first(connection: &Connection, epoch: u32) -> Result<Option<Hash>, DbError> {
    let chain: Option<[u8; 32]> = connection
        .prepare_cached("select chain from outbox where epoch = ?1 and place = 1")
        .and_then(|mut statement| statement.query_row([epoch], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read how a life began"))?;
    Ok(chain.and_then(|chain| Hash::from_bytes(&chain)))
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

/// Keeps a page of what was lost; one that does not go on ends its range. What is here already is passed over.
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
    let reached = facts.last().map(|last| last.seq).filter(|seq| *seq > lost.after);
    let reached = reached.unwrap_or(lost.through);
    connection
        .execute(
            "update lost set after = ?2 where epoch = ?1 and through > ?2",
            params![lost.epoch, reached],
        )
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
    let counts_to = weigh(fact.id, &fact.kind, fact.v, &fact.body).day;
    day::changed(connection, &counts_to.to_string())?;
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

#[cfg(test)]
mod tests {
    use sync::{
        uplink::Facts,
        wire::{FactV1, HoleV1, LifeV1, PlaceV1},
    };

    use super::*;
    use crate::db::migrate;

    const EDGE: EdgeId = EdgeId::from_uuid(Uuid::from_u128(2));

    fn machine(name: &str) -> Hash {
        Hash::of(name.as_bytes())
    }

    /// A ledger of an enrolled node that has started once on machine `a`, with a mark.
    fn ledger() -> Connection {
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
        ledger
            .execute(
                "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
                 values (1, ?1, 1, 'S1', 1, 0)",
                [EDGE.bytes()],
            )
            .unwrap();
        start(&ledger, None, machine("a"), 5).unwrap();
        is_marked(&ledger).unwrap();
        ledger
    }

    fn push(ledger: &Connection, n: u128) {
        let body = format!("fact {n}");
        let id = Uuid::from_u128(n);
        let at = Timestamp::from_micros(0);
        outbox::push(ledger, &outbox::Fact { id, kind: "x", v: 1, body: &body, at }).unwrap();
    }

    fn waiting(ledger: &Connection) -> Vec<FactV1> {
        let all = Facts { session: None, from: None, at_most: 100, is_wrapped: false };
        match outbox::next_batch(ledger, all).unwrap() {
            outbox::Waiting::Batch(batch, n_mended) => {
                assert_eq!(n_mended, 0);
                batch.facts
            }
            outbox::Waiting::Nothing => Vec::new(),
            outbox::Waiting::Damaged(place) => panic!("the fact at {place} is damaged"),
        }
    }

    fn told(epoch: u32, lives: &[(u32, i64)]) -> SessionV1 {
        let life = |(epoch, acked_seq): &(u32, i64)| LifeV1 {
            epoch: *epoch,
            acked_seq: *acked_seq,
            first: None,
        };
        SessionV1 {
            nonce: Uuid::from_u128(77),
            epoch,
            lives: lives.iter().map(life).collect(),
            lost: Vec::new(),
            is_frozen: false,
            retry_after_ms: None,
            packings: Vec::new(),
        }
    }

    fn acked(ledger: &Connection, through: i64) {
        let marks = sync::outbox::Marks { acked_through: Some(through), ..Default::default() };
        outbox::mark(ledger, epoch(ledger).unwrap(), &marks).unwrap();
    }

    #[test]
    fn a_copy_is_doubted_and_a_ledger_that_goes_on_is_not() {
        let mark = |boot_no, head| Some(Mark { edge: EDGE, boot_no, head });
        let others =
            Some(Mark { edge: EdgeId::from_uuid(Uuid::from_u128(9)), boot_no: 1, head: 2 });
        let table = [
            ("goes on", mark(1, 2), "a", false),
            ("was killed before its mark was written", mark(0, 0), "a", false),
            ("has sold since its mark was written", mark(1, 1), "a", false),
            ("has started less often than its mark says", mark(2, 2), "a", true),
            ("has forgotten what its mark has seen", mark(1, 3), "a", true),
            ("is on another machine", mark(1, 2), "b", true),
            ("has no mark any more", None, "a", true),
            ("has the mark of another", others, "a", true),
        ];
        for (it, found, on, expected) in table {
            let ledger = ledger();
            push(&ledger, 1);
            push(&ledger, 2);
            start(&ledger, found, machine(on), 5).unwrap();
            let stands = standing(&ledger).unwrap();
            assert_eq!(stands.is_doubtful, expected, "a ledger that {it}");
            assert_eq!(lending_epoch(&ledger).unwrap().is_none(), expected, "a ledger that {it}");
            let carried = receipt_epoch(&ledger).unwrap();
            assert_eq!(PROVISIONAL.contains(&carried), expected, "a ledger that {it}");
            assert_eq!(ask(&ledger, Uuid::nil()).unwrap().is_doubtful, expected);
            // Starting again does not make it sure, nor number anew.
            let own = super::mark(&ledger).unwrap();
            start(&ledger, own, machine(on), 6).unwrap();
            assert_eq!(receipt_epoch(&ledger).unwrap(), carried, "a ledger that {it}");
            take(&ledger, &told(4, &[(1, 0), (4, 0)])).unwrap();
            assert_eq!(receipt_epoch(&ledger).unwrap(), 4);
            assert_eq!(lending_epoch(&ledger).unwrap(), Some(4));
        }
    }

    #[test]
    fn in_a_new_life_what_waits_keeps_its_ids_and_bytes_and_gets_places_from_one() {
        let ledger = ledger();
        (1..=5).for_each(|n| push(&ledger, n));
        acked(&ledger, 2);
        let before = waiting(&ledger);
        let answer = told(3, &[(1, 2), (3, 0)]);
        take(&ledger, &answer).unwrap();
        let after = waiting(&ledger);
        let bytes = |facts: &[FactV1]| -> Vec<_> {
            facts.iter().map(|fact| (fact.id, fact.body.clone(), fact.digest)).collect()
        };
        assert_eq!(bytes(&after), bytes(&before));
        let places: Vec<i64> = after.iter().map(|fact| fact.seq).collect();
        assert_eq!(places, [1, 2, 3]);
        let mut chain = Hash::GENESIS;
        for fact in &after {
            chain = chain.link(fact.id, fact.digest);
            assert_eq!(fact.chain, chain);
        }
        push(&ledger, 6);
        assert_eq!(waiting(&ledger).last().unwrap().seq, 4);
        // The same answer again, as after a crash, changes nothing.
        let standing = waiting(&ledger);
        take(&ledger, &answer).unwrap();
        assert_eq!(waiting(&ledger), standing);
    }

    #[test]
    fn what_a_mall_that_went_back_does_not_hold_waits_again() {
        let ledger = ledger();
        (1..=4).for_each(|n| push(&ledger, n));
        acked(&ledger, 4);
        assert!(waiting(&ledger).is_empty());
        take(&ledger, &told(1, &[(1, 2)])).unwrap();
        let places: Vec<i64> = waiting(&ledger).iter().map(|fact| fact.seq).collect();
        assert_eq!(places, [3, 4]);
        // It has forgotten a whole life, and gives another.
        acked(&ledger, 4);
        take(&ledger, &told(2, &[(1, 4), (2, 0)])).unwrap();
        push(&ledger, 5);
        acked(&ledger, 1);
        take(&ledger, &told(3, &[(1, 4), (3, 0)])).unwrap();
        let ids: Vec<u128> = waiting(&ledger).iter().map(|fact| fact.id.as_u128()).collect();
        assert_eq!((ids, waiting(&ledger)[0].seq), (vec![5], 1));
    }

    #[test]
    fn what_stands_at_a_hole_stays_here_and_is_told_only_to_a_mall_that_went_back_before_it() {
        let ledger = ledger();
        (1..=4).for_each(|n| push(&ledger, n));
        acked(&ledger, 1);
        let hole = HoleV1 { from: 2, through: 2, reason: "refused".to_owned() };
        let told_of = outbox::hole_batch(&ledger, None, hole.clone()).unwrap();
        assert_eq!(told_of.prev_chain, waiting(&ledger)[0].chain);
        let marks = |through| sync::outbox::Marks {
            acked_through: Some(through),
            hole: Some(hole.clone()),
            ..Default::default()
        };
        outbox::mark(&ledger, 1, &marks(2)).unwrap();
        let places = |facts: Vec<FactV1>| facts.iter().map(|fact| fact.seq).collect::<Vec<_>>();
        assert_eq!(places(waiting(&ledger)), [3, 4]);
        let backlog = outbox::backlog(&ledger).unwrap();
        assert_eq!((backlog.pending, backlog.troubled, backlog.held_back), (2, 0, 1));
        acked(&ledger, 4);
        // A new life is for what waits; a mall that went back before the hole is told all again.
        take(&ledger, &told(3, &[(1, 4), (3, 0)])).unwrap();
        assert_eq!(places(waiting(&ledger)), [0; 0]);
        take(&ledger, &told(3, &[(1, 1), (3, 0)])).unwrap();
        assert_eq!(outbox::backlog(&ledger).unwrap().held_back, 0);
    }

    #[test]
    fn a_life_that_was_given_to_another_since_is_not_taken_for_this_ones() {
        let ledger = ledger();
        (1..=3).for_each(|n| push(&ledger, n));
        let own = waiting(&ledger)[0].chain;
        acked(&ledger, 3);
        let life = |first| LifeV1 { epoch: 1, acked_seq: 7, first: Some(first) };
        take(&ledger, &SessionV1 { lives: vec![life(own)], ..told(1, &[]) }).unwrap();
        assert!(waiting(&ledger).is_empty());
        // The mall was put back, and has given the number again.
        let others = life(Hash::of(b"another's first fact"));
        take(&ledger, &SessionV1 { lives: vec![others], ..told(2, &[]) }).unwrap();
        assert_eq!(waiting(&ledger).len(), 3);
    }

    #[test]
    fn an_ask_has_one_id_until_it_is_answered() {
        let ledger = ledger();
        push(&ledger, 1);
        let first = ask(&ledger, Uuid::from_u128(11)).unwrap();
        assert_eq!(ask(&ledger, Uuid::from_u128(12)).unwrap(), first);
        assert_eq!((first.newest.seq, first.acked, first.nonce), (1, PlaceV1::START, None));
        take(&ledger, &told(1, &[(1, 0)])).unwrap();
        let next = ask(&ledger, Uuid::from_u128(13)).unwrap();
        assert_eq!((next.id, next.nonce), (Uuid::from_u128(13), Some(Uuid::from_u128(77))));
    }

    #[test]
    fn a_copy_that_was_made_while_its_ledger_asked_asks_anew() {
        let ledger = ledger();
        let own = super::mark(&ledger).unwrap().unwrap();
        let before = ask(&ledger, Uuid::from_u128(11)).unwrap();
        // The daemon dies and starts again: it is the same ask.
        start(&ledger, Some(own), machine("a"), 5).unwrap();
        assert_eq!(ask(&ledger, Uuid::from_u128(12)).unwrap().id, before.id);
        // Put back: the answer to that ask was another's.
        let later = Mark { boot_no: own.boot_no + 7, ..own };
        start(&ledger, Some(later), machine("a"), 5).unwrap();
        let copy = ask(&ledger, Uuid::from_u128(13)).unwrap();
        assert_eq!((copy.id, copy.is_doubtful), (Uuid::from_u128(13), true));
    }

    #[test]
    fn what_was_lost_is_fetched_page_by_page_and_what_is_here_is_passed_over() {
        let ledger = ledger();
        push(&ledger, 1);
        let lost_range = LostV1 { epoch: 1, after: 0, through: 3 };
        take(&ledger, &SessionV1 { lost: vec![lost_range], ..told(2, &[(1, 3), (2, 0)]) }).unwrap();
        let fact = |seq: i64| LostFactV1 {
            seq,
            id: Uuid::from_u128(u128::try_from(seq).unwrap()),
            kind: "x".to_owned(),
            v: 1,
            body: String::new(),
        };
        let at = Timestamp::from_micros(0);
        assert_eq!(lost(&ledger).unwrap(), Some(lost_range));
        assert_eq!(find(&ledger, lost_range, &[fact(1), fact(2)], at).unwrap(), 1);
        let rest = LostV1 { after: 2, ..lost_range };
        assert_eq!(lost(&ledger).unwrap(), Some(rest));
        assert_eq!(find(&ledger, rest, &[fact(2), fact(3), fact(4)], at).unwrap(), 1);
        assert_eq!(lost(&ledger).unwrap(), None);
        // A page that begins anew would be fetched for ever.
        take(&ledger, &SessionV1 { lost: vec![rest], ..told(2, &[(1, 3)]) }).unwrap();
        assert_eq!(find(&ledger, rest, &[fact(1), fact(2)], at).unwrap(), 0);
        assert_eq!(lost(&ledger).unwrap(), None);
        // A page without facts ends a range whose bodies were moved away.
        take(&ledger, &SessionV1 { lost: vec![lost_range], ..told(2, &[(1, 3)]) }).unwrap();
        assert_eq!(find(&ledger, lost_range, &[], at).unwrap(), 0);
        assert_eq!(lost(&ledger).unwrap(), None);
    }
}
