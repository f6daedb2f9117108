//! Pictures, by their content.
//!
//! **Invariant:** a row is inserted whole and never changed.

use domain::time::Timestamp;
use sync::chain::Hash;

use super::{Conn, DbError, damaged, sql};

/// A picture as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureRow {
    /// Its SHA-256.
    pub(crate) digest: Hash,
    /// Its media type.
    pub(crate) kind: String,
    /// Pixels from left to right.
    pub(crate) width: i64,
    /// Pixels from top to bottom.
    pub(crate) height: i64,
    /// Its bytes, counted.
    pub(crate) n_bytes: i64,
    /// What people call it.
    pub(crate) name: String,
    /// Who added it.
    pub(crate) added_by: String,
    /// When.
    pub(crate) added_at: Timestamp,
}

type Columns = (String, String, i64, i64, i64, String, String, i64);

fn row(columns: Columns) -> Result<PictureRow, DbError> {
    let (digest, kind, width, height, n_bytes, name, added_by, added_at) = columns;
    let digest = Hash::from_hex(&digest).ok_or_else(|| damaged("read a picture"))?;
    let added_at = Timestamp::from_micros(added_at);
    Ok(PictureRow { digest, kind, width, height, n_bytes, name, added_by, added_at })
}

/// All of them, the newest first.
pub(crate) async fn all(tx: &mut Conn) -> Result<Vec<PictureRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select digest, kind, width, height, n_bytes, name, added_by, added_at
         from picture order by added_at desc, digest",
    )
    .fetch_all(tx)
    .await
    .map_err(sql("list pictures"))?;
    found.into_iter().map(row).collect()
}

/// How many there are.
pub(crate) async fn count(tx: &mut Conn) -> Result<i64, DbError> {
    let (count,): (i64,) = sqlx::query_as("select count(*) from picture")
        .fetch_one(tx)
        .await
        .map_err(sql("count pictures"))?;
    Ok(count)
}

/// A picture, if it is there.
pub(crate) async fn one(tx: &mut Conn, digest: Hash) -> Result<Option<PictureRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select digest, kind, width, height, n_bytes, name, added_by, added_at
         from picture where digest = $1",
    )
    .bind(digest.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("look for a picture"))?;
    found.map(row).transpose()
}

/// A picture's media type and bytes.
pub(crate) async fn body(
    tx: &mut Conn,
    digest: Hash,
) -> Result<Option<(String, Vec<u8>)>, DbError> {
    sqlx::query_as("select kind, body from picture where digest = $1")
        .bind(digest.to_string())
        .fetch_optional(tx)
        .await
        .map_err(sql("read a picture"))
}

/// Keeps a picture; one that is there already stays as it is.
pub(crate) async fn insert(
    tx: &mut Conn,
    picture: &PictureRow,
    body: &[u8],
) -> Result<(), DbError> {
    sqlx::query(
        "insert into picture
           (digest, kind, width, height, n_bytes, name, added_by, added_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing",
    )
    .bind(picture.digest.to_string())
    .bind(picture.kind.as_str())
    .bind(picture.width)
    .bind(picture.height)
    .bind(picture.n_bytes)
    .bind(picture.name.as_str())
    .bind(picture.added_by.as_str())
    .bind(picture.added_at.micros())
    .bind(body.to_vec())
    .execute(tx)
    .await
    .map(|_| ())
    .map_err(sql("keep a picture"))
}

/// Removes a picture; `false` where there was none.
pub(crate) async fn remove(tx: &mut Conn, digest: Hash) -> Result<bool, DbError> {
    let done = sqlx::query("delete from picture where digest = $1")
        .bind(digest.to_string())
        .execute(tx)
        .await
        .map_err(sql("remove a picture"))?;
    Ok(done.rows_affected() > 0)
}
