//! How far nodes have told and heard.
//!
//! **Invariant:** what stands here of a node is what it said last.

use domain::time::Timestamp;
use sync::wire::StateV1;

use super::{Conn, DbError, edges::EdgeRow, sql};

/// How far a node has told and heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeStateRow {
    /// What it said.
    pub(crate) state: StateV1,
    /// When.
    pub(crate) told_at: Timestamp,
}

/// Puts what a node says in the place of what it said before.
pub(crate) async fn put(
    tx: &mut Conn,
    edge: &EdgeRow,
    state: &StateV1,
    at: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into edge_state (store_id, edge_id, waiting, oldest_at, catalog, own, told_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (store_id, edge_id) do update set waiting = excluded.waiting,
           oldest_at = excluded.oldest_at, catalog = excluded.catalog, own = excluded.own,
           told_at = excluded.told_at",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(i64::from(state.waiting))
    .bind(state.oldest_at.map_or(0, Timestamp::micros))
    .bind(state.catalog)
    .bind(state.store)
    .bind(at.micros())
    .execute(tx)
    .await
    .map_err(sql("write down how far a store is"))?;
    Ok(())
}

/// How far a node is; `None` where it never said.
pub(crate) async fn of_edge(
    tx: &mut Conn,
    edge: &EdgeRow,
) -> Result<Option<EdgeStateRow>, DbError> {
    let found: Option<(i64, i64, i64, i64, i64)> = sqlx::query_as(
        "select waiting, oldest_at, catalog, own, told_at from edge_state
         where store_id = $1 and edge_id = $2",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read how far a store is"))?;
    Ok(found.map(|(waiting, oldest_at, catalog, store, told_at)| EdgeStateRow {
        state: StateV1 {
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            oldest_at: (oldest_at != 0).then(|| Timestamp::from_micros(oldest_at)),
            catalog,
            store,
        },
        told_at: Timestamp::from_micros(told_at),
    }))
}
