//! Places that stores said stay empty.
//!
//! **Invariant:** a hole is written down in the transaction that moves the cursor over it, and nothing
//! is deleted here.

use domain::{id::EdgeId, time::Timestamp};
use sync::{replica::StoreId, wire::HoleV1};

use super::{Conn, DbError, inbox::Sender, sql};

/// Signs of a reason that are kept: a sentence of a program for a person.
const REASON_CHARS_MAX: usize = 300;

/// A hole as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HoleRow {
    /// The node whose ledger has what is missing.
    pub(crate) edge: String,
    /// The life.
    pub(crate) epoch: i64,
    /// From this place …
    pub(crate) first: i64,
    /// … up to and with this one.
    pub(crate) through: i64,
    /// Why.
    pub(crate) reason: String,
    /// When it was told.
    pub(crate) told_at: Timestamp,
}

/// A reason as it is kept: PostgreSQL keeps no NUL, and no list is longer for a store that talks.
fn kept(reason: &str) -> String {
    reason.chars().filter(|sign| !sign.is_control()).take(REASON_CHARS_MAX).collect()
}

/// Writes a hole down; the same again changes nothing.
pub(crate) async fn put(tx: &mut Conn, sender: &Sender, hole: &HoleV1) -> Result<(), DbError> {
    sqlx::query(
        "insert into hole (store_id, edge_id, epoch, first, through, reason, told_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(sender.edge.to_string())
    .bind(i64::from(sender.epoch))
    .bind(hole.from)
    .bind(hole.through)
    .bind(kept(&hole.reason))
    .bind(sender.at.micros())
    .execute(tx)
    .await
    .map_err(sql("write down a hole"))?;
    Ok(())
}

/// The holes of a life that lie, or lie partly, between two places, both with: their first and last
/// places.
pub(crate) async fn between(
    tx: &mut Conn,
    (store, edge, epoch): (StoreId, EdgeId, u32),
    first: i64,
    through: i64,
) -> Result<Vec<(i64, i64)>, DbError> {
    sqlx::query_as(
        "select first, through from hole
         where store_id = $1 and edge_id = $2 and epoch = $3 and first <= $5 and through >= $4",
    )
    .bind(store.0)
    .bind(edge.to_string())
    .bind(i64::from(epoch))
    .bind(first)
    .bind(through)
    .fetch_all(tx)
    .await
    .map_err(sql("read the holes of a life"))
}

/// A store's holes, newest first; without those whose facts have all come since.
pub(crate) async fn list(
    tx: &mut Conn,
    store: StoreId,
    limit: i64,
) -> Result<Vec<HoleRow>, DbError> {
    type Row = (String, i64, i64, i64, String, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select edge_id, epoch, first, through, reason, told_at from hole h
         where store_id = $1 and (select count(*) from event_place p
           where p.store_id = h.store_id and p.edge_id = h.edge_id and p.epoch = h.epoch
             and p.seq between h.first and h.through) <= h.through - h.first
         order by told_at desc, edge_id, epoch, first limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the holes of a store"))?;
    let row = |(edge, epoch, first, through, reason, at): Row| {
        let told_at = Timestamp::from_micros(at);
        HoleRow { edge, epoch, first, through, reason, told_at }
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_without_what_nobody_reads_and_not_at_any_length() {
        assert_eq!(kept("refused\0 with\n 400"), "refused with 400");
        assert_eq!(kept(&"字".repeat(9_999)).chars().count(), REASON_CHARS_MAX);
    }
}
