//! What stores say is wrong with them.
//!
//! **Invariant:** what stands here of a node is what it said last.

use domain::time::Timestamp;
use sync::{replica::StoreId, wire::TroubleV1};

use super::{Conn, DbError, edges::EdgeRow, sql};

/// A trouble of a node as it told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EdgeTroubleRow {
    /// The word.
    pub(crate) trouble: String,
    /// Since when, by the store's clock.
    pub(crate) since: Timestamp,
    /// How many of what it is about.
    pub(crate) count: i64,
    /// When it was told last.
    pub(crate) told_at: Timestamp,
}

/// Puts what a node says in the place of what it said before.
pub(crate) async fn put(
    tx: &mut Conn,
    edge: &EdgeRow,
    troubles: &[TroubleV1],
    at: Timestamp,
) -> Result<(), DbError> {
    let doing = "write down what is wrong in a store";
    sqlx::query("delete from edge_trouble where store_id = $1 and edge_id = $2")
        .bind(edge.store.0)
        .bind(edge.id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    for one in troubles {
        sqlx::query(
            "insert into edge_trouble (store_id, edge_id, trouble, since, n, told_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(edge.store.0)
        .bind(edge.id.to_string())
        .bind(one.trouble.as_str())
        .bind(one.since.micros())
        .bind(i64::from(one.count))
        .bind(at.micros())
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    }
    Ok(())
}

/// What a node says is wrong, by the word.
pub(crate) async fn of_edge(
    tx: &mut Conn,
    store: StoreId,
    edge: &EdgeRow,
) -> Result<Vec<EdgeTroubleRow>, DbError> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "select trouble, since, n, told_at from edge_trouble
         where store_id = $1 and edge_id = $2 order by trouble",
    )
    .bind(store.0)
    .bind(edge.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read what is wrong in a store"))?;
    let row = |(trouble, since, count, told_at)| EdgeTroubleRow {
        trouble,
        since: Timestamp::from_micros(since),
        count,
        told_at: Timestamp::from_micros(told_at),
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A trouble with the store that told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldTrouble {
    /// The store's number …
    pub(crate) store: StoreId,
    /// … and code …
    pub(crate) code: String,
    /// … and its node, which may still speak.
    pub(crate) edge: String,
    /// What it told.
    pub(crate) row: EdgeTroubleRow,
}

/// What all nodes that may still speak say is wrong, by store and node.
pub(crate) async fn all(tx: &mut Conn, limit: i64) -> Result<Vec<ToldTrouble>, DbError> {
    type Row = (i64, String, String, String, i64, i64, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select store.store_id, store.code, edge_trouble.edge_id, edge_trouble.trouble,
                edge_trouble.since, edge_trouble.n, edge_trouble.told_at
         from edge_trouble
         join edge on edge.edge_id = edge_trouble.edge_id
         join store on store.store_id = edge_trouble.store_id
         where edge.revoked_at = 0
         order by edge_trouble.store_id, edge_trouble.edge_id, edge_trouble.trouble limit $1",
    )
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read what is wrong in the stores"))?;
    let read = |(store, code, edge, trouble, since, count, told_at): Row| ToldTrouble {
        store: StoreId(store),
        code,
        edge,
        row: EdgeTroubleRow {
            trouble,
            since: Timestamp::from_micros(since),
            count,
            told_at: Timestamp::from_micros(told_at),
        },
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Facts that wait to be processed, and facts that a person should look at.
pub(crate) async fn waiting(tx: &mut Conn) -> Result<(i64, i64), DbError> {
    let doing = "count what waits";
    let (waiting,): (i64,) =
        sqlx::query_as("select count(*) from event_inbox where state = 'waiting'")
            .fetch_one(&mut *tx)
            .await
            .map_err(sql(doing))?;
    let (troubled,): (i64,) =
        sqlx::query_as("select count(*) from trouble").fetch_one(tx).await.map_err(sql(doing))?;
    Ok((waiting, troubled))
}
