//! Edge nodes, and the one-time codes by which they take their place.
//!
//! **Invariant:** no code is kept, only its hash.

use domain::{id::EdgeId, time::Timestamp};
use sync::{chain::Hash, replica::StoreId};

use super::{Conn, DbError, damaged, lives, sql};

/// A claim as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRow {
    /// The store it opens.
    pub(crate) store: StoreId,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
    /// Who used it.
    pub(crate) used_by: Option<EdgeId>,
}

/// An edge node as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct EdgeRow {
    /// Its id.
    pub(crate) id: EdgeId,
    /// Its store.
    pub(crate) store: StoreId,
    /// Its Ed25519 public key in hexadecimal digits.
    pub(crate) public_key: String,
    /// The newest life of its ledger.
    pub(crate) epoch: u32,
    /// When it took its place.
    pub(crate) enrolled_at: Timestamp,
    /// Whether it may speak no more.
    pub(crate) is_revoked: bool,
}

/// Keeps a new claim, by the hash of its code.
pub(crate) async fn put_claim(
    tx: &mut Conn,
    code: Hash,
    store: StoreId,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into claim (code_hash, store_id, expires_at, used_at, edge_id)
         values ($1, $2, $3, 0, '')",
    )
    .bind(code.to_string())
    .bind(store.0)
    .bind(expires_at.micros())
    .execute(tx)
    .await
    .map_err(sql("keep a claim"))?;
    Ok(())
}

/// A claim by the hash of its code.
pub(crate) async fn claim(tx: &mut Conn, code: Hash) -> Result<Option<ClaimRow>, DbError> {
    let doing = "read a claim";
    let row: Option<(i64, i64, String)> =
        sqlx::query_as("select store_id, expires_at, edge_id from claim where code_hash = $1")
            .bind(code.to_string())
            .fetch_optional(tx)
            .await
            .map_err(sql(doing))?;
    row.map(|(store, expires_at, edge)| {
        let used_by = match edge.as_str() {
            "" => None,
            edge => Some(edge.parse().map_err(|_| damaged(doing))?),
        };
        let expires_at = Timestamp::from_micros(expires_at);
        Ok(ClaimRow { store: StoreId(store), expires_at, used_by })
    })
    .transpose()
}

/// Marks a claim as used.
pub(crate) async fn use_claim(
    tx: &mut Conn,
    code: Hash,
    edge: EdgeId,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query("update claim set used_at = $2, edge_id = $3 where code_hash = $1")
        .bind(code.to_string())
        .bind(now.micros())
        .bind(edge.to_string())
        .execute(tx)
        .await
        .map_err(sql("use a claim"))?;
    Ok(())
}

/// Keeps a new edge node and its first life.
pub(crate) async fn insert(tx: &mut Conn, edge: &EdgeRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into edge (edge_id, store_id, public_key, epoch, enrolled_at, revoked_at)
         values ($1, $2, $3, $4, $5, 0)",
    )
    .bind(edge.id.to_string())
    .bind(edge.store.0)
    .bind(edge.public_key.as_str())
    .bind(i64::from(edge.epoch))
    .bind(edge.enrolled_at.micros())
    .execute(&mut *tx)
    .await
    .map_err(sql("keep an edge node"))?;
    lives::begin(tx, edge, edge.epoch, lives::ENROLLED, edge.enrolled_at).await
}

type Columns = (String, i64, String, i64, i64, i64);

fn row(columns: Columns) -> Result<EdgeRow, DbError> {
    let doing = "read an edge node";
    let (id, store, public_key, epoch, enrolled_at, revoked_at) = columns;
    Ok(EdgeRow {
        id: id.parse().map_err(|_| damaged(doing))?,
        store: StoreId(store),
        public_key,
        epoch: u32::try_from(epoch).map_err(|_| damaged(doing))?,
        enrolled_at: Timestamp::from_micros(enrolled_at),
        is_revoked: revoked_at != 0,
    })
}

/// An edge node by its id.
pub(crate) async fn by_id(tx: &mut Conn, id: EdgeId) -> Result<Option<EdgeRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select edge_id, store_id, public_key, epoch, enrolled_at, revoked_at
         from edge where edge_id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read an edge node"))?;
    found.map(row).transpose()
}

/// A store's edge nodes, oldest first.
pub(crate) async fn of_store(tx: &mut Conn, store: StoreId) -> Result<Vec<EdgeRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select edge_id, store_id, public_key, epoch, enrolled_at, revoked_at
         from edge where store_id = $1 order by epoch, edge_id",
    )
    .bind(store.0)
    .fetch_all(tx)
    .await
    .map_err(sql("read the edge nodes"))?;
    found.into_iter().map(row).collect()
}

/// Takes the right to speak from an edge node; `false` when it had none.
pub(crate) async fn revoke(tx: &mut Conn, id: EdgeId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("update edge set revoked_at = $2 where edge_id = $1 and revoked_at = 0")
        .bind(id.to_string())
        .bind(now.micros())
        .execute(tx)
        .await
        .map_err(sql("revoke an edge node"))?;
    Ok(done.rows_affected() > 0)
}
