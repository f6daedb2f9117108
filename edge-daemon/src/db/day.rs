//! What this ledger holds of a day, and what was found when that was compared with the mall.
//!
//! **Invariant:** a day is called sealed only where nothing of it was written since its sum was read.

use std::collections::HashSet;

use domain::time::{BusinessDate, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sync::{
    chain::Hash,
    day::{Amounts, LEFT_OUT_MAX, LIVES_MAX, Tally, part_of, weigh},
    watermark::WatermarkV1,
    wire::{DayLifeV1, FactV1, LostV1},
};
use uuid::Uuid;

use super::{DbError, outbox};

/// Facts of an older program that are weighed in one write.
const WEIGHED_AT_ONCE: u32 = 500;

/// Notes that a fact of a day was written; a seal on it is void.
pub(super) fn changed(connection: &Connection, day: &str) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into told_day (day, changes) values (?1, 1)
             on conflict do update set changes = changes + 1, sealed_at = null",
        )
        .and_then(|mut statement| statement.execute([day]))
        .map(|_| ())
        .map_err(DbError::sqlite("note that a day changed"))
}

/// Counts a fact of the outbox to its day.
pub(super) fn count(connection: &Connection, day: &str, seq: i64) -> Result<(), DbError> {
    connection
        .prepare_cached("insert into day_fact (day, seq) values (?1, ?2) on conflict do nothing")
        .and_then(|mut statement| statement.execute(params![day, seq]))
        .map_err(DbError::sqlite("count a fact to its day"))?;
    changed(connection, day)
}

/// Weighs facts that a program before days wrote; whether there may be more.
pub(crate) fn weigh_some(connection: &Connection) -> Result<bool, DbError> {
    let doing = "weigh facts";
    type Row = (i64, [u8; 16], String, u16, String);
    let rows: Vec<Row> = connection
        .prepare_cached(
            "select o.seq, o.id, o.kind, o.v, o.body
             from unweighed u join outbox o on o.seq = u.seq limit ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_map([WEIGHED_AT_ONCE], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })?
                .collect()
        })
        .map_err(DbError::sqlite(doing))?;
    for (seq, id, kind, v, body) in &rows {
        let day = weigh(Uuid::from_bytes(*id), kind, *v, body).day.to_string();
        count(connection, &day, *seq)?;
        connection
            .prepare_cached("delete from unweighed where seq = ?1")
            .and_then(|mut statement| statement.execute([seq]))
            .map_err(DbError::sqlite(doing))?;
    }
    Ok(!rows.is_empty())
}

/// What this ledger holds of a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    /// How often a fact of the day was written when this was read.
    pub(crate) changes: i64,
    /// Something waits to be told, of whatever day: there is nothing to compare yet.
    pub(crate) is_waiting: bool,
    /// How far each life is known.
    pub(crate) lives: Vec<DayLifeV1>,
    /// Facts that a person looks at, which both sides leave out.
    pub(crate) left_out: Vec<Uuid>,
    /// The facts, without those.
    pub(crate) facts: Vec<(Uuid, Hash)>,
    /// Their sum.
    pub(crate) tally: Tally,
}

impl Own {
    fn add(&mut self, id: Uuid, digest: Hash, amounts: &Amounts) {
        self.facts.push((id, digest));
        self.tally.add(id, digest, amounts);
    }

    /// The facts of some parts.
    pub(crate) fn of_parts(&self, parts: &[u8]) -> Vec<(Uuid, Hash)> {
        self.facts.iter().filter(|(id, _)| parts.contains(&part_of(*id))).copied().collect()
    }
}

/// Reads what this ledger holds of a day, in one state of it.
pub(crate) fn own(connection: &Connection, day: BusinessDate) -> Result<Own, DbError> {
    let doing = "add a day up";
    let one_state = connection.unchecked_transaction().map_err(DbError::sqlite(doing))?;
    let day = day.to_string();
    let (changes, is_waiting) = one_state
        .prepare_cached(
            "select coalesce((select changes from told_day where day = ?1), 0),
                    exists (select 1 from outbox where state = 'pending')",
        )
        .and_then(|mut statement| statement.query_row([&day], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(DbError::sqlite(doing))?;
    let mut own = Own { changes, is_waiting, lives: lives(&one_state)?, ..Own::default() };
    if !is_waiting {
        add_outbox(&one_state, &day, &mut own)?;
        add_found(&one_state, &day, &mut own)?;
    }
    Ok(own)
}

fn add_outbox(connection: &Connection, day: &str, own: &mut Own) -> Result<(), DbError> {
    let doing = "add a day up";
    let mut statement = connection
        .prepare_cached(
            "select o.id, o.kind, o.v, o.body, o.digest, o.state
             from day_fact d join outbox o on o.seq = d.seq where d.day = ?1",
        )
        .map_err(DbError::sqlite(doing))?;
    let mut rows = statement.query([day]).map_err(DbError::sqlite(doing))?;
    while let Some(row) = rows.next().map_err(DbError::sqlite(doing))? {
        let read = || -> rusqlite::Result<_> {
            let (id, digest): ([u8; 16], [u8; 32]) = (row.get(0)?, row.get(4)?);
            let (kind, v, body): (String, u16, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((Uuid::from_bytes(id), kind, v, body, digest, row.get::<_, String>(5)?))
        };
        let (id, kind, v, body, digest, state) = read().map_err(DbError::sqlite(doing))?;
        // Other bytes are held under its id, or its place was told to be a hole: a person looks.
        if !matches!(state.as_str(), "acked" | "quarantined") && own.left_out.len() < LEFT_OUT_MAX {
            own.left_out.push(id);
            continue;
        }
        let digest = Hash::from_bytes(&digest).ok_or(DbError::Damaged { doing })?;
        own.add(id, digest, &weigh(id, &kind, v, &body).amounts);
    }
    Ok(())
}

/// What the mall gave back counts too. There is seldom any, and never much.
fn add_found(connection: &Connection, day: &str, own: &mut Own) -> Result<(), DbError> {
    let doing = "add up what the mall gave back";
    let mut statement = connection
        .prepare_cached(
            "select id, kind, v, body from found
             where not exists (select 1 from outbox where outbox.id = found.id)",
        )
        .map_err(DbError::sqlite(doing))?;
    let mut rows = statement.query([]).map_err(DbError::sqlite(doing))?;
    while let Some(row) = rows.next().map_err(DbError::sqlite(doing))? {
        let read = || -> rusqlite::Result<_> {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?))
        };
        let (id, kind, v, body): ([u8; 16], String, u16, String) =
            read().map_err(DbError::sqlite(doing))?;
        let id = Uuid::from_bytes(id);
        let weight = weigh(id, &kind, v, &body);
        if weight.day.to_string() == day {
            own.add(id, Hash::of(body.as_bytes()), &weight.amounts);
        }
    }
    Ok(())
}

/// How far this ledger knows each of its lives, the newest first.
fn lives(connection: &Connection) -> Result<Vec<DayLifeV1>, DbError> {
    let doing = "read the lives of this ledger";
    let (mut lives, mut below) = (Vec::new(), u32::MAX);
    while lives.len() < LIVES_MAX {
        // By the keys of both tables: a ledger has few lives and many facts.
        let next: Option<u32> = connection
            .prepare_cached(
                "select max((select coalesce(max(epoch), 0) from outbox where epoch < ?1),
                            (select coalesce(max(epoch), 0) from found where epoch < ?1))",
            )
            .and_then(|mut statement| statement.query_row([below], |row| row.get(0)))
            .map(|epoch: u32| Some(epoch).filter(|epoch| *epoch > 0))
            .map_err(DbError::sqlite(doing))?;
        let Some(epoch) = next else { break };
        let found: i64 = connection
            .prepare_cached("select coalesce(max(seq), 0) from found where epoch = ?1")
            .and_then(|mut statement| statement.query_row([epoch], |row| row.get(0)))
            .map_err(DbError::sqlite(doing))?;
        let through = outbox::newest(connection, epoch)?.seq.max(found);
        lives.push(DayLifeV1 { epoch, through });
        below = epoch;
    }
    Ok(lives)
}

/// What was found of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whether the mall holds the same.
    pub(crate) agrees: bool,
    /// So many facts both sides leave out.
    pub(crate) left_out: usize,
    /// Since when the day is sealed.
    pub(crate) sealed_at: Option<Timestamp>,
}

/// Writes down what was found of a day, unless a fact of it was written meanwhile.
pub(crate) fn note(
    connection: &Connection,
    day: BusinessDate,
    changes: i64,
    found: Found,
    at: Timestamp,
) -> Result<(), DbError> {
    connection
        .prepare_cached(
            "insert into told_day (day, changes, told_at, agrees, left_out, sealed_at)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict do update set told_at = excluded.told_at, agrees = excluded.agrees,
               left_out = excluded.left_out, sealed_at = excluded.sealed_at
             where changes = excluded.changes",
        )
        .and_then(|mut statement| {
            let sealed_at = found.sealed_at.map(Timestamp::micros);
            let (agrees, left_out) = (found.agrees, found.left_out);
            let day = day.to_string();
            statement.execute(params![day, changes, at.micros(), agrees, left_out, sealed_at])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("note what was found of a day"))
}

/// Days that are not sealed, oldest first; those after a day are left out.
pub(crate) fn open_days(
    connection: &Connection,
    until: BusinessDate,
    limit: u32,
) -> Result<Vec<BusinessDate>, DbError> {
    let doing = "read the days that are open";
    let days: Vec<String> = connection
        .prepare_cached(
            "select day from told_day where sealed_at is null and day <= ?1 order by day limit ?2",
        )
        .and_then(|mut statement| {
            statement.query_map(params![until.to_string(), limit], |row| row.get(0))?.collect()
        })
        .map_err(DbError::sqlite(doing))?;
    days.iter().map(|day| day.parse().map_err(|_| DbError::Damaged { doing })).collect()
}

/// A day as it was found when it was compared last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DayRow {
    /// The day.
    pub(crate) day: String,
    /// When it was compared; `None` where it never was.
    pub(crate) told_at: Option<Timestamp>,
    /// What was found.
    pub(crate) found: Found,
}

/// The newest days.
pub(crate) fn newest_days(connection: &Connection, limit: u32) -> Result<Vec<DayRow>, DbError> {
    let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    connection
        .prepare_cached(
            "select day, told_at, agrees, left_out, sealed_at from told_day
             order by day desc limit ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_map([limit], |row| {
                    Ok(DayRow {
                        day: row.get(0)?,
                        told_at: time(row.get(1)?),
                        found: Found {
                            agrees: row.get(2)?,
                            left_out: row.get(3)?,
                            sealed_at: time(row.get(4)?),
                        },
                    })
                })?
                .collect()
        })
        .map_err(DbError::sqlite("read the newest days"))
}

/// Marks facts under whose ids the mall holds other bytes: a person looks.
pub(crate) fn mark_other(connection: &Connection, ids: &[Uuid]) -> Result<(), DbError> {
    for id in ids {
        connection
            .prepare_cached(
                "update outbox set state = 'conflict'
                 where id = ?1 and state in ('acked', 'quarantined')",
            )
            .and_then(|mut statement| statement.execute([id.as_bytes()]))
            .map_err(DbError::sqlite("mark a fact of which the mall holds other bytes"))?;
    }
    Ok(())
}

/// Facts to be told again, with their lives. What the mall gave back itself is not here to be sent, and
/// what is not what was written is not sent.
pub(crate) fn facts(connection: &Connection, ids: &[Uuid]) -> Result<Vec<(u32, FactV1)>, DbError> {
    let mut facts = Vec::new();
    for id in ids {
        facts.extend(outbox::again(connection, *id)?);
    }
    facts.sort_by_key(|(epoch, fact): &(u32, FactV1)| (*epoch, fact.seq));
    Ok(facts)
}

/// Notes places that the mall holds and this ledger has lost.
pub(crate) fn lose(connection: &Connection, places: &[(u32, i64)]) -> Result<(), DbError> {
    let epochs: HashSet<u32> = places.iter().map(|(epoch, _)| *epoch).collect();
    for epoch in epochs {
        let of = places.iter().filter(|(of, _)| *of == epoch).map(|(_, seq)| *seq);
        let (Some(least), Some(greatest)) = (of.clone().min(), of.max()) else { continue };
        put_lost(connection, LostV1 { epoch, after: least - 1, through: greatest })?;
    }
    Ok(())
}

/// Notes a range that is to be fetched.
pub(super) fn put_lost(connection: &Connection, lost: LostV1) -> Result<(), DbError> {
    connection
        .execute(
            "insert into lost (epoch, after, through) values (?1, ?2, ?3)
             on conflict do update set after = min(after, excluded.after),
                                       through = max(through, excluded.through)",
            params![lost.epoch, lost.after, lost.through],
        )
        .map(|_| ())
        .map_err(DbError::sqlite("note what was lost"))
}

/// Keeps the newest watermark, as it came.
pub(crate) fn keep_watermark(
    connection: &Connection,
    mark: &WatermarkV1,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "keep a watermark";
    let body = serde_json::to_string(mark).map_err(|_| DbError::Damaged { doing })?;
    connection
        .execute(
            "insert into watermark (one, body, kept_at) values (1, ?1, ?2)
             on conflict do update set body = excluded.body, kept_at = excluded.kept_at",
            params![body, at.micros()],
        )
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// The newest watermark.
pub(crate) fn watermark(connection: &Connection) -> Result<Option<WatermarkV1>, DbError> {
    let doing = "read the watermark";
    let body: Option<String> = connection
        .query_row("select body from watermark", [], |row| row.get(0))
        .optional()
        .map_err(DbError::sqlite(doing))?;
    body.map(|body| serde_json::from_str(&body).map_err(|_| DbError::Damaged { doing })).transpose()
}

/// The chain at a place of this ledger.
pub(crate) fn chain_at(
    connection: &Connection,
    epoch: u32,
    seq: i64,
) -> Result<Option<Hash>, DbError> {
    if seq == 0 {
        return Ok(Some(Hash::GENESIS));
    }
    let chain: Option<[u8; 32]> = connection
        .prepare_cached("select chain from outbox where epoch = ?1 and place = ?2")
        .and_then(|mut s| s.query_row(params![epoch, seq], |row| row.get(0)).optional())
        .map_err(DbError::sqlite("read the chain at a place"))?;
    Ok(chain.and_then(|chain| Hash::from_bytes(&chain)))
}

#[cfg(test)]
mod tests {
    use sync::{day::compare, wire::DayFactV1};

    use super::*;
    use crate::db::{history, migrate};

    const AT: Timestamp = Timestamp::from_micros(0);

    fn ledger() -> Connection {
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
        ledger
            .execute(
                "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
                 values (1, zeroblob(16), 1, 'S1', 1, 0)",
                [],
            )
            .unwrap();
        ledger
    }

    fn day(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    fn body(date: &str, fen: i64) -> String {
        format!(
            r#"{{"business_date":"{date}","tenders":[{{"kind":"cash","amount_minor":{fen}}}]}}"#
        )
    }

    fn push(ledger: &Connection, n: u128, date: &str) {
        let (body, id) = (body(date, 100), Uuid::from_u128(n));
        let fact = outbox::Fact { id, kind: "order", v: 1, body: &body, at: AT };
        outbox::push(ledger, &fact).unwrap();
    }

    fn acked(ledger: &Connection, through: i64) {
        let marks = sync::outbox::Marks { acked_through: Some(through), ..Default::default() };
        outbox::mark(ledger, 1, &marks).unwrap();
    }

    fn agreed(own: &Own) -> Found {
        Found { agrees: true, left_out: own.left_out.len(), sealed_at: Some(AT) }
    }

    #[test]
    fn a_day_is_its_facts_that_were_told_with_what_the_mall_gave_back() {
        let ledger = ledger();
        let (first, second) = (day("2026-11-20"), day("2026-11-21"));
        push(&ledger, 1, "2026-11-20");
        push(&ledger, 2, "2026-11-21");
        push(&ledger, 3, "2026-11-21");
        assert!(own(&ledger, second).unwrap().is_waiting);
        acked(&ledger, 3);
        let lost = LostV1 { epoch: 4, after: 0, through: 9 };
        put_lost(&ledger, lost).unwrap();
        let (id, body) = (Uuid::from_u128(7), body("2026-11-21", 5));
        let (kind, v) = ("order".to_owned(), 1);
        let back = sync::wire::LostFactV1 { seq: 9, id, kind, v, body };
        history::find(&ledger, lost, &[back], AT).unwrap();
        let held = own(&ledger, second).unwrap();
        assert_eq!(held.tally.sum().facts, 3);
        assert_eq!(held.tally.sum().amounts["cash"], 205);
        let lives = [(4, 9), (1, 3)].map(|(epoch, through)| DayLifeV1 { epoch, through });
        assert_eq!(held.lives, lives);
        assert_eq!(own(&ledger, first).unwrap().tally.sum().facts, 1);
    }

    #[test]
    fn a_seal_is_void_once_a_fact_of_its_day_is_written_also_while_it_was_asked_for() {
        let ledger = ledger();
        let date = day("2026-11-20");
        let open = || open_days(&ledger, day("2026-11-30"), 9).unwrap();
        push(&ledger, 1, "2026-11-20");
        acked(&ledger, 1);
        assert_eq!(open(), [date]);
        let held = own(&ledger, date).unwrap();
        note(&ledger, date, held.changes, agreed(&held), AT).unwrap();
        assert!(open().is_empty());
        push(&ledger, 2, "2026-11-20");
        assert_eq!(open(), [date]);
        acked(&ledger, 2);
        let held = own(&ledger, date).unwrap();
        push(&ledger, 3, "2026-11-20");
        note(&ledger, date, held.changes, agreed(&held), AT).unwrap();
        assert_eq!(open(), [date]);
        assert!(open_days(&ledger, day("2026-11-19"), 9).unwrap().is_empty());
    }

    #[test]
    fn other_bytes_are_left_out_from_then_on() {
        let ledger = ledger();
        let date = day("2026-11-20");
        (1..=3).for_each(|n| push(&ledger, n, "2026-11-20"));
        acked(&ledger, 3);
        let held = own(&ledger, date).unwrap();
        let digest = Hash::of(b"other");
        let theirs = [DayFactV1 { id: Uuid::from_u128(2), digest, epoch: 1, seq: 2 }];
        let parts: Vec<u8> = vec![2];
        let found = compare(&held.of_parts(&parts), &theirs);
        assert_eq!(found.other, [Uuid::from_u128(2)]);
        mark_other(&ledger, &found.other).unwrap();
        let held = own(&ledger, date).unwrap();
        assert_eq!((held.left_out.as_slice(), held.facts.len()), (&found.other[..], 2));
        assert_eq!(outbox::backlog(&ledger).unwrap().troubled, 1);
    }

    #[test]
    fn facts_of_an_older_program_are_weighed_once() {
        let ledger = ledger();
        push(&ledger, 1, "2026-11-20");
        acked(&ledger, 1);
        let before = "delete from day_fact; delete from told_day;
                      insert into unweighed (seq) select seq from outbox;";
        ledger.execute_batch(before).unwrap();
        assert!(weigh_some(&ledger).unwrap());
        assert!(!weigh_some(&ledger).unwrap());
        assert_eq!(own(&ledger, day("2026-11-20")).unwrap().facts.len(), 1);
        assert_eq!(open_days(&ledger, day("2026-11-30"), 9).unwrap().len(), 1);
    }
}
