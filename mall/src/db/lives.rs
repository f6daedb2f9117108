//! The lives of edge nodes' ledgers, and who speaks in them.
//!
//! **Invariant:** an epoch is given once in a store, and what is held of a life is never less later.

use domain::time::Timestamp;
use sqlx::AssertSqlSafe;
use sync::{
    chain::Hash,
    session::Given,
    wire::{FactV1, LifeV1, LostFactV1, LostV1, PlaceV1},
};
use uuid::Uuid;

use super::{
    Conn, DbError, bulk, damaged,
    edges::EdgeRow,
    inbox::{self, Sender},
    sql,
};

/// What a machine was given when it last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRow {
    /// SHA-256 of the machine's id.
    pub(crate) machine: Hash,
    /// The ask that was answered.
    pub(crate) ask: Uuid,
    /// The life and the nonce.
    pub(crate) given: Given,
    /// How often its daemon had started.
    pub(crate) boot_no: u64,
    /// What it was told that it may have lost.
    pub(crate) lost: Vec<LostV1>,
    /// Whether a person is to decide between it and another machine.
    pub(crate) is_frozen: bool,
}

/// A life as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LifeRow {
    /// The epoch.
    pub(crate) epoch: u32,
    /// How far it is held.
    pub(crate) acked_seq: i64,
    /// When a batch of it last came.
    pub(crate) heard_at: Timestamp,
    /// When it was given.
    pub(crate) opened_at: Timestamp,
    /// Why.
    pub(crate) why: String,
    /// Whether a machine speaks in it, and whether that one is frozen.
    pub(crate) speaks: Option<bool>,
}

fn epoch(value: i64, doing: &'static str) -> Result<u32, DbError> {
    u32::try_from(value).map_err(|_| damaged(doing))
}

/// The lives of a node's ledger, oldest first.
pub(crate) async fn all(tx: &mut Conn, edge: &EdgeRow) -> Result<Vec<LifeRow>, DbError> {
    type Row = (i64, i64, i64, i64, String, Option<i64>);
    let doing = "read the lives of an edge node";
    let rows: Vec<Row> = sqlx::query_as(
        "select l.epoch, l.acked_seq, l.heard_at, l.opened_at, l.why, max(s.is_frozen)
         from edge_life l left join edge_session s
           on s.store_id = l.store_id and s.edge_id = l.edge_id and s.epoch = l.epoch
         where l.store_id = $1 and l.edge_id = $2
         group by l.epoch, l.acked_seq, l.heard_at, l.opened_at, l.why order by l.epoch",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |(life, acked_seq, heard_at, opened_at, why, frozen): Row| {
        Ok(LifeRow {
            epoch: epoch(life, doing)?,
            acked_seq,
            heard_at: Timestamp::from_micros(heard_at),
            opened_at: Timestamp::from_micros(opened_at),
            why,
            speaks: frozen.map(|frozen| frozen != 0),
        })
    };
    rows.into_iter().map(row).collect()
}

/// How far each life of a node's ledger is held, and how it began, oldest first.
pub(crate) async fn held(tx: &mut Conn, edge: &EdgeRow) -> Result<Vec<LifeV1>, DbError> {
    let doing = "read how far the lives of an edge node are held";
    let rows: Vec<(i64, i64, Option<String>)> = sqlx::query_as(
        "select l.epoch, l.acked_seq, p.chain
         from edge_life l left join event_place p
           on p.store_id = l.store_id and p.edge_id = l.edge_id and p.epoch = l.epoch and p.seq = 1
         where l.store_id = $1 and l.edge_id = $2 order by l.epoch",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let held = |(life, acked_seq, chain): (i64, i64, Option<String>)| {
        // '' where the chain was not kept.
        let first = chain.and_then(|chain| Hash::from_hex(&chain));
        Ok(LifeV1 { epoch: epoch(life, doing)?, acked_seq, first })
    };
    rows.into_iter().map(held).collect()
}

/// How far one life is held, with the chain there.
pub(crate) async fn life(
    tx: &mut Conn,
    edge: &EdgeRow,
    epoch: u32,
) -> Result<Option<PlaceV1>, DbError> {
    let doing = "read a life of an edge node";
    let found: Option<(i64, String)> = sqlx::query_as(
        "select acked_seq, acked_chain from edge_life
         where store_id = $1 and edge_id = $2 and epoch = $3",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(epoch))
    .fetch_optional(tx)
    .await
    .map_err(sql(doing))?;
    let place = |(seq, chain): (i64, String)| {
        let chain = Hash::from_hex(&chain).ok_or_else(|| damaged(doing))?;
        Ok(PlaceV1 { seq, chain })
    };
    found.map(place).transpose()
}

/// Begins a life.
pub(crate) async fn begin(
    tx: &mut Conn,
    edge: &EdgeRow,
    epoch: u32,
    why: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "begin a life of an edge node";
    sqlx::query(
        "insert into edge_life (store_id, edge_id, epoch, acked_seq, acked_chain, heard_at,
                                told_at, opened_at, why)
         values ($1, $2, $3, 0, $4, $5, 0, $5, $6)",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(epoch))
    .bind(Hash::GENESIS.to_string())
    .bind(at.micros())
    .bind(why)
    .execute(tx)
    .await
    .map_err(sql(doing))?;
    Ok(())
}

/// The chain at a place of a life, where it is held and was kept.
pub(crate) async fn chain_at(
    tx: &mut Conn,
    edge: &EdgeRow,
    epoch: u32,
    seq: i64,
) -> Result<Option<Hash>, DbError> {
    if seq == 0 {
        return Ok(Some(Hash::GENESIS));
    }
    let found: Option<(String,)> = sqlx::query_as(
        "select chain from event_place
         where store_id = $1 and edge_id = $2 and epoch = $3 and seq = $4",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(epoch))
    .bind(seq)
    .fetch_optional(tx)
    .await
    .map_err(sql("read the chain of an edge node"))?;
    Ok(found.and_then(|(chain,)| Hash::from_hex(&chain)))
}

/// Writes down the places of facts in the life that tells them; the same again changes nothing.
pub(crate) async fn put_places(
    tx: &mut Conn,
    sender: &Sender,
    facts: &[&FactV1],
) -> Result<(), DbError> {
    const COLUMNS: usize = 6;
    for some in facts.chunks(bulk::facts_max(COLUMNS)) {
        let statement = format!(
            "insert into event_place (store_id, edge_id, epoch, seq, id, chain) values {}
             on conflict do nothing",
            bulk::only_rows(tx, some.len(), COLUMNS)
        );
        let is_usual = bulk::is_usual(some.len(), COLUMNS);
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(is_usual);
        for fact in some {
            query = query
                .bind(sender.store.0)
                .bind(sender.edge.to_string())
                .bind(i64::from(sender.epoch))
                .bind(fact.seq)
                .bind(fact.id.to_string())
                .bind(fact.chain.to_string());
        }
        query.execute(&mut *tx).await.map_err(sql("keep the places of a batch"))?;
    }
    Ok(())
}

/// Held facts of a life after a place, in sequence, with the bytes under which their ids are held.
pub(crate) async fn facts(
    tx: &mut Conn,
    edge: &EdgeRow,
    epoch: u32,
    after: i64,
    limit: u32,
) -> Result<Vec<LostFactV1>, DbError> {
    let doing = "read the facts of a life";
    type Row = (i64, String, String, i64, String, String);
    let rows: Vec<Row> = sqlx::query_as(
        "select p.seq, i.id, i.kind, i.v, i.coding, i.body
         from event_place p
         join event_id e on e.store_id = p.store_id and e.id = p.id
         join event_inbox i
           on i.store_id = e.store_id and i.received_day = e.received_day and i.id = e.id
         where p.store_id = $1 and p.edge_id = $2 and p.epoch = $3 and p.seq > $4
         order by p.seq limit $5",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(epoch))
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let fact = |(seq, id, kind, v, coding, body): Row| {
        let body = inbox::decoded(&coding, body).ok_or_else(|| damaged(doing))?;
        let id = id.parse().map_err(|_| damaged(doing))?;
        let v = u16::try_from(v).map_err(|_| damaged(doing))?;
        Ok(LostFactV1 { seq, id, kind, v, body })
    };
    rows.into_iter().map(fact).collect()
}

/// What every machine that has spoken as a node was given last.
pub(crate) async fn sessions(tx: &mut Conn, edge: &EdgeRow) -> Result<Vec<SessionRow>, DbError> {
    type Row = (String, String, String, i64, i64, String, i64);
    let doing = "read the sessions of an edge node";
    let rows: Vec<Row> = sqlx::query_as(
        "select machine, ask_id, nonce, epoch, boot_no, lost, is_frozen from edge_session
         where store_id = $1 and edge_id = $2 order by machine",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let read = |(machine, ask, nonce, life, boot_no, lost, is_frozen): Row| {
        let nonce = match nonce.as_str() {
            "" => None,
            nonce => Some(nonce.parse().ok()?),
        };
        Some(SessionRow {
            machine: Hash::from_hex(&machine)?,
            ask: ask.parse().ok()?,
            given: Given { epoch: u32::try_from(life).ok()?, nonce },
            boot_no: u64::try_from(boot_no).ok()?,
            lost: serde_json::from_str(&lost).ok()?,
            is_frozen: is_frozen != 0,
        })
    };
    rows.into_iter().map(|row| read(row).ok_or_else(|| damaged(doing))).collect()
}

/// Writes down what a machine is given.
pub(crate) async fn put_session(
    tx: &mut Conn,
    edge: &EdgeRow,
    row: &SessionRow,
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "write down a session";
    let lost = serde_json::to_string(&row.lost).map_err(|_| damaged(doing))?;
    sqlx::query(
        "insert into edge_session (store_id, edge_id, machine, ask_id, nonce, epoch, boot_no, lost,
                                   is_frozen, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (store_id, edge_id, machine) do update set
           ask_id = excluded.ask_id, nonce = excluded.nonce, epoch = excluded.epoch,
           boot_no = excluded.boot_no, lost = excluded.lost, is_frozen = excluded.is_frozen,
           opened_at = excluded.opened_at",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(row.machine.to_string())
    .bind(row.ask.to_string())
    .bind(row.given.nonce.map_or_else(String::new, |nonce| nonce.to_string()))
    .bind(i64::from(row.given.epoch))
    .bind(i64::try_from(row.boot_no).unwrap_or(i64::MAX))
    .bind(lost)
    .bind(i64::from(row.is_frozen))
    .bind(at.micros())
    .execute(tx)
    .await
    .map_err(sql(doing))?;
    Ok(())
}

/// Ends the sessions of a life: who comes in it again is given another one.
pub(crate) async fn end_sessions(tx: &mut Conn, edge: &EdgeRow, epoch: u32) -> Result<(), DbError> {
    sqlx::query(
        "update edge_session set nonce = '' where store_id = $1 and edge_id = $2 and epoch = $3",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(epoch))
    .execute(tx)
    .await
    .map_err(sql("end a session"))?;
    Ok(())
}

/// Freezes or thaws a machine that speaks as a node.
pub(crate) async fn freeze(
    tx: &mut Conn,
    edge: &EdgeRow,
    machine: Hash,
    is_frozen: bool,
) -> Result<(), DbError> {
    sqlx::query(
        "update edge_session set is_frozen = $4
         where store_id = $1 and edge_id = $2 and machine = $3",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(machine.to_string())
    .bind(i64::from(is_frozen))
    .execute(tx)
    .await
    .map_err(sql("freeze a machine"))?;
    Ok(())
}

/// Says which is a node's newest life.
pub(crate) async fn set_newest(tx: &mut Conn, edge: &EdgeRow, epoch: u32) -> Result<(), DbError> {
    sqlx::query("update edge set epoch = $2 where edge_id = $1")
        .bind(edge.id.to_string())
        .bind(i64::from(epoch))
        .execute(tx)
        .await
        .map_err(sql("give an edge node a life"))?;
    Ok(())
}

/// The newest epoch that any node of a store was given.
pub(crate) async fn newest_of_store(tx: &mut Conn, edge: &EdgeRow) -> Result<u32, DbError> {
    let doing = "read the newest epoch of a store";
    let (newest,): (i64,) =
        sqlx::query_as("select coalesce(max(epoch), 0) from edge_life where store_id = $1")
            .bind(edge.store.0)
            .fetch_one(tx)
            .await
            .map_err(sql(doing))?;
    epoch(newest, doing)
}

/// The word for a life that began at enrolment.
pub(crate) const ENROLLED: &str = "enrolled";
