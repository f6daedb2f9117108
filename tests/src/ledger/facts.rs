//! What a ledger holds of each fact, and what it goes by.

use anyhow::{Context as _, Result};
use sync::chain::Hash;
use uuid::Uuid;

use super::Ledger;

/// A fact in an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The life it is in.
    pub epoch: u32,
    /// Its place there, from 1.
    pub place: i64,
    /// Its identity.
    pub id: Uuid,
    /// What it is.
    pub kind: String,
    /// `pending`, `acked` …
    pub state: String,
    /// Of its body.
    pub digest: Hash,
    /// The chain at its place.
    pub chain: Hash,
}

impl Ledger {
    /// Every fact of the outbox, life by life and place by place.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn facts(&self) -> Result<Vec<Fact>> {
        let sql = "select epoch, place, id, kind, state, digest, chain from outbox
                   order by epoch, place";
        let mut statement = self.0.prepare(sql).context("could not read the outbox")?;
        let hash = |bytes: [u8; 32]| Hash::from_bytes(&bytes).unwrap_or(Hash::GENESIS);
        let rows = statement.query_map([], |row| {
            Ok(Fact {
                epoch: row.get(0)?,
                place: row.get(1)?,
                id: Uuid::from_bytes(row.get(2)?),
                kind: row.get(3)?,
                state: row.get(4)?,
                digest: hash(row.get(5)?),
                chain: hash(row.get(6)?),
            })
        });
        rows.and_then(Iterator::collect).context("could not read the outbox")
    }

    /// What came back from the mall, each with what it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn found(&self) -> Result<Vec<(Uuid, String)>> {
        let mut statement = self.0.prepare("select id, kind from found order by id")?;
        let rows = statement.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)));
        rows.and_then(Iterator::collect).context("could not read what came back")
    }

    /// The newest revision of HQ's settings for all stores that came to something here: it is in
    /// force, or a blow within its trial took it back. 0 for none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn settings_settled(&self) -> Result<i64> {
        let in_force = self.number(
            "select coalesce(max(revision), 0) from settings
             where target = 'all' and place in ('current', 'trial')",
        )?;
        // An older program takes nothing back.
        let table = "select count(*) from sqlite_schema where name = 'settings_rolled_back'";
        if self.number(table)? == 0 {
            return Ok(in_force);
        }
        let taken_back = self.number(
            "select coalesce(max(revision), 0) from settings_rolled_back where target = 'all'",
        )?;
        Ok(in_force.max(taken_back))
    }
}
