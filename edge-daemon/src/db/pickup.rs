//! Online orders that wait here: the mall's rows in the replica, and what this store did with them.
//!
//! **Invariant:** what was handed over is changed no more; a trigger refuses it.

use domain::{
    id::PickupId,
    pickup::{PickLine, PickupState},
    receipt_number::WorkstationNumber,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sync::wire::{PickupV1, ProofV1};
use uuid::Uuid;

use super::DbError;

/// Rows of a replica that are read at once: more than any store keeps on its shelf.
const TOLD_MAX: i64 = 2_000;

/// What this store did with an online order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    /// The order, as it was told when it was begun.
    pub(crate) pickup: PickupV1,
    /// Picking, ready or handed over.
    pub(crate) state: PickupState,
    /// What is there of it.
    pub(crate) picked: Vec<PickLine>,
    /// Where it was moved last.
    pub(crate) workstation: WorkstationNumber,
    /// By whom.
    pub(crate) operator: String,
    /// When.
    pub(crate) moved_at: Timestamp,
    /// What the shopper showed, and the fact that told it.
    pub(crate) handed_over: Option<(ProofV1, Uuid)>,
}

fn told_row(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn read(body: &str, doing: &'static str) -> Result<PickupV1, DbError> {
    serde_json::from_str(body).map_err(|_| DbError::Damaged { doing })
}

/// The store's online orders as the mall told them, newest first.
pub(crate) fn told(replica: &Connection) -> Result<Vec<PickupV1>, DbError> {
    let doing = "read the online orders";
    let bodies: Vec<String> = replica
        .prepare_cached("select body from pickup order by placed_at desc, id limit ?1")
        .and_then(|mut statement| statement.query_map([TOLD_MAX], told_row)?.collect())
        .map_err(DbError::sqlite(doing))?;
    bodies.iter().map(|body| read(body, doing)).collect()
}

/// One of them.
pub(crate) fn told_of(replica: &Connection, id: PickupId) -> Result<Option<PickupV1>, DbError> {
    let doing = "read an online order";
    let body: Option<String> = replica
        .prepare_cached("select body from pickup where id = ?1")
        .and_then(|mut statement| statement.query_row([id.to_string()], told_row).optional())
        .map_err(DbError::sqlite(doing))?;
    body.map(|body| read(&body, doing)).transpose()
}

/// What this store did with one, if it did something.
pub(crate) fn own(ledger: &Connection, id: PickupId) -> Result<Option<Own>, DbError> {
    let doing = "read what was done with an online order";
    type Columns =
        (String, String, String, WorkstationNumber, String, i64, Option<String>, Option<[u8; 16]>);
    let columns = |row: &Row<'_>| -> rusqlite::Result<Columns> {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
            row.get(6)?,
            row.get(7)?,
        ))
    };
    let found: Option<Columns> = ledger
        .prepare_cached(
            "select state, body, picked, workstation, operator, moved_at, proof, fact
             from pickup where id = ?1",
        )
        .and_then(|mut statement| statement.query_row([id.bytes()], columns).optional())
        .map_err(DbError::sqlite(doing))?;
    let Some((state, body, picked, workstation, operator, moved_at, proof, fact)) = found else {
        return Ok(None);
    };
    let proof = proof.map(|word| match word.as_str() {
        "token" => ProofV1::Token,
        _ => ProofV1::Code,
    });
    Ok(Some(Own {
        pickup: read(&body, doing)?,
        state: PickupState::from_word(&state).ok_or(DbError::Damaged { doing })?,
        picked: serde_json::from_str(&picked).map_err(|_| DbError::Damaged { doing })?,
        workstation,
        operator,
        moved_at: Timestamp::from_micros(moved_at),
        handed_over: proof.zip(fact.map(Uuid::from_bytes)),
    }))
}

/// Writes what this store did with one.
pub(crate) fn put(ledger: &Connection, own: &Own) -> Result<(), DbError> {
    let doing = "write down what was done with an online order";
    let json = |_| DbError::Damaged { doing };
    let body = serde_json::to_string(&own.pickup).map_err(json)?;
    let picked = serde_json::to_string(&own.picked).map_err(json)?;
    let (proof, fact) = own.handed_over.unzip();
    ledger
        .prepare_cached(
            "insert into pickup (id, state, body, picked, workstation, operator, moved_at, proof,
                                 fact)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             on conflict (id) do update set state = excluded.state, picked = excluded.picked,
               workstation = excluded.workstation, operator = excluded.operator,
               moved_at = excluded.moved_at, proof = excluded.proof, fact = excluded.fact",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                own.pickup.id.bytes(),
                own.state.word(),
                body,
                picked,
                own.workstation,
                own.operator,
                own.moved_at.micros(),
                proof.map(ProofV1::word),
                fact.map(Uuid::into_bytes),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}
