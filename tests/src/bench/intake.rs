//! What the mall takes in, against the bare database with the very same rows.

use std::{fmt::Write as _, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, params};
use sync::wire::FactV1;
use tokio::task::JoinSet;

use super::{
    figure::{Promise, Report, Watch, timed},
    floor,
};
use crate::{
    crowd::{Crowd, member::Member},
    folder,
    postgres::Postgres,
};

/// Stores that drain at the same time.
const STORES: u32 = 8;
/// Facts that wait in each: twenty batches.
const EACH: u32 = 2_000;
/// Facts of a batch, and so of a transaction of the floor.
const BATCH: usize = 100;
/// What is promised, in percent of the floor.
const SERVER_PERCENT: u64 = 60;
const FILE_PERCENT: u64 = 50;

/// A shop's server waits for its disk; those of tests do not.
const DURABLE: &str = "alter system set fsync = on;
    alter system set full_page_writes = on;
    alter system set synchronous_commit = on;
    select pg_reload_conf();";

/// The tables that a batch is written to, less its cursor.
const TABLES: [&str; 4] = ["event_id", "event_inbox", "event_place", "event_day"];
/// What an order of the crowd tells of its money, as its day counts it.
const AMOUNTS: &str = r#"{"cash":6495}"#;

/// Facts a second.
fn rate(n: usize, took: Duration) -> u64 {
    let n = u128::try_from(n).unwrap_or(u128::MAX);
    u64::try_from(n * 1_000_000 / took.as_micros().max(1)).unwrap_or(u64::MAX)
}

/// Measures one engine.
///
/// # Errors
/// When mall or floor fails.
pub async fn intake(report: &mut Report, is_on_server: bool) -> Result<()> {
    let folder = folder::temporary()?;
    let crowd = Crowd::open(folder.path(), STORES, is_on_server).await?;
    let members = crowd.members(EACH, 1)?;
    let facts: Vec<FactV1> = members.iter().flat_map(|one| one.outbox.facts.clone()).collect();
    if let Some(server) = &crowd.server {
        server.run("postgres", DURABLE)?;
    }
    let bare = match &crowd.server {
        Some(server) => server_floor(server, &facts)?,
        None => file_floor(folder.path(), &crowd.mall.data().join("mall.db"), &facts)?,
    };
    let watch = Watch::start();
    drain(&crowd, members).await?;
    let taken = watch.elapsed();
    crowd.processed().await?;
    let processed = watch.elapsed();
    let (got, floor) = (rate(facts.len(), taken), rate(facts.len(), bare));
    let (engine, by, bound) = match is_on_server {
        true => ("PostgreSQL", "COPY and insert of the same rows", SERVER_PERCENT),
        false => ("SQLite", "group commit of the same rows", FILE_PERCENT),
    };
    let percent = got * 100 / floor.max(1);
    let what = format!("intake on {engine}, percent of a bare {by}");
    report.promises.push(Promise::at_least(&what, percent, bound));
    let text = format!(
        "{got} facts/s taken in, {} orders/s made of them; bare {floor} facts/s; {STORES} stores, {BATCH} facts a batch",
        rate(facts.len(), processed)
    );
    report.notes.push((format!("intake on {engine}"), text));
    Ok(())
}

/// All stores tell all that they have.
async fn drain(crowd: &Crowd, members: Vec<Member>) -> Result<()> {
    let mut telling = JoinSet::new();
    for mut member in members {
        let tally = Arc::clone(&crowd.tally);
        telling.spawn(async move { member.tell(&tally).await });
    }
    while let Some(told) = telling.join_next().await {
        told.context("a store fell over")?;
    }
    Ok(())
}

/// The bare rows of a fact: its id, its body, its place.
fn rows(number: usize, fact: &FactV1) -> [String; 4] {
    let (store, id, digest, body) = (number % 8 + 1, fact.id, fact.digest, &fact.body);
    // As COPY wants it: no order of ours holds a tab or a line's end, but a backslash is doubled.
    let body = body.replace('\\', "\\\\");
    let (edge, seq, chain) = (uuid::Uuid::nil(), number, fact.chain);
    [
        format!("{store}\t{id}\t{digest}\t2026-11-22"),
        format!(
            "{store}\t2026-11-22\t{id}\t{edge}\t1\t{seq}\torder\t1\t{digest}\t{body}\t0\twaiting\t"
        ),
        format!("{store}\t{edge}\t1\t{seq}\t{id}\t{chain}"),
        format!("{store}\t2026-11-21\t{id}\t{AMOUNTS}"),
    ]
}

const COLUMNS: [&str; 4] = [
    "store_id, id, digest, received_day",
    "store_id, received_day, id, edge_id, epoch, seq, kind, v, digest, body, received_at, state, coding",
    "store_id, edge_id, epoch, seq, id, chain",
    "store_id, day, id, amounts",
];

/// COPY into a table of its own and an insert from there, a batch to a transaction, by one `psql`.
fn server_floor(server: &Postgres, facts: &[FactV1]) -> Result<Duration> {
    let mut sql = String::from("create schema floor;\n");
    for table in TABLES {
        writeln!(sql, "create table floor.{table} (like public.{table} including all);")?;
        writeln!(sql, "create temp table t_{table} (like public.{table}) on commit delete rows;")?;
    }
    for (batch, some) in facts.chunks(BATCH).enumerate() {
        writeln!(sql, "begin;")?;
        for (which, (table, columns)) in TABLES.iter().zip(COLUMNS).enumerate() {
            writeln!(sql, "copy t_{table} ({columns}) from stdin;")?;
            for (n, fact) in some.iter().enumerate() {
                let rows = rows(batch * BATCH + n, fact);
                writeln!(sql, "{}", rows.get(which).context("a row")?)?;
            }
            writeln!(sql, "\\.")?;
            writeln!(
                sql,
                "insert into floor.{table} ({columns}) select {columns} from t_{table} on conflict do nothing;"
            )?;
        }
        writeln!(sql, "commit;")?;
    }
    let (_, took) = timed(|| server.run("postgres", &sql))?;
    Ok(took)
}

/// The same rows into the same tables of a file, a batch to a durable transaction.
fn file_floor(folder: &Path, mall: &Path, facts: &[FactV1]) -> Result<Duration> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let source = Connection::open_with_flags(mall, flags).context("no mall's file")?;
    let mut target = floor::fresh(&folder.join("floor-inbox.db"))?;
    let mut schema = source.prepare(
        "select sql from sqlite_schema
         where tbl_name in ('event_id', 'event_inbox', 'event_place', 'event_day')
           and sql is not null",
    )?;
    let schema = schema.query_map([], |row| row.get::<_, String>(0))?;
    for sql in schema {
        target.execute_batch(&sql?)?;
    }
    let (_, took) = timed(|| {
        for (batch, some) in facts.chunks(BATCH).enumerate() {
            let tx = target.transaction()?;
            for (n, fact) in some.iter().enumerate() {
                let (seq, edge) =
                    (i64::try_from(batch * BATCH + n)?, uuid::Uuid::nil().to_string());
                let store = seq % 8 + 1;
                let (id, digest) = (fact.id.to_string(), fact.digest.to_string());
                tx.prepare_cached("insert into event_id (store_id, id, digest, received_day) values (?1, ?2, ?3, '2026-11-22') on conflict do nothing")?
                    .execute(params![store, id, digest])?;
                tx.prepare_cached("insert into event_inbox (store_id, received_day, id, edge_id, epoch, seq, kind, v, digest, body, received_at, state, coding) values (?1, '2026-11-22', ?2, ?3, 1, ?4, 'order', 1, ?5, ?6, 0, 'waiting', '')")?
                    .execute(params![store, id, edge, seq, digest, fact.body])?;
                tx.prepare_cached("insert into event_place (store_id, edge_id, epoch, seq, id, chain) values (?1, ?2, 1, ?3, ?4, ?5)")?
                    .execute(params![store, edge, seq, id, fact.chain.to_string()])?;
                tx.prepare_cached("insert into event_day (store_id, day, id, amounts) values (?1, '2026-11-21', ?2, ?3) on conflict do nothing")?
                    .execute(params![store, id, AMOUNTS])?;
            }
            tx.commit()?;
        }
        Ok(())
    })?;
    Ok(took)
}
