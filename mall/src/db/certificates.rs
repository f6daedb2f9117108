//! The authority's certificate, and those of edge nodes.
//!
//! **Invariant:** no private key is in a table.

use domain::{id::EdgeId, time::Timestamp};
use sync::{chain::Hash, replica::StoreId};

use super::{Conn, DbError, damaged, edges::EdgeRow, sql};

/// The authority as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorityRow {
    /// 1 for the first that this database had.
    pub(crate) number: i64,
    /// SHA-256 of its public key.
    pub(crate) key_hash: Hash,
    /// Its certificate, PEM.
    pub(crate) certificate: String,
    /// When it was made.
    pub(crate) made_at: Timestamp,
}

/// A certificate of an edge node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateRow {
    /// Its serial number, 32 hexadecimal digits.
    pub(crate) serial: String,
    /// SHA-256 of the certificate.
    pub(crate) fingerprint: Hash,
    /// SHA-256 of the public key in it.
    pub(crate) key_hash: Hash,
    /// The certificate.
    pub(crate) pem: String,
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
    /// When it ends.
    pub(crate) ends_at: Timestamp,
}

/// The authorities that are believed, the oldest first.
pub(crate) async fn authorities(tx: &mut Conn) -> Result<Vec<AuthorityRow>, DbError> {
    let doing = "read the authority";
    let found: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "select number, key_hash, certificate, made_at from authority order by number",
    )
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |(number, key_hash, certificate, made_at): (i64, String, String, i64)| {
        let key_hash = Hash::from_hex(&key_hash).ok_or_else(|| damaged(doing))?;
        let made_at = Timestamp::from_micros(made_at);
        Ok(AuthorityRow { number, key_hash, certificate, made_at })
    };
    found.into_iter().map(row).collect()
}

/// Keeps an authority; one of its number that is there stays.
pub(crate) async fn put_authority(tx: &mut Conn, row: &AuthorityRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into authority (number, key_hash, certificate, made_at) values ($1, $2, $3, $4)
         on conflict do nothing",
    )
    .bind(row.number)
    .bind(row.key_hash.to_string())
    .bind(row.certificate.as_str())
    .bind(row.made_at.micros())
    .execute(tx)
    .await
    .map_err(sql("keep the authority"))?;
    Ok(())
}

/// Believes an authority no more.
pub(crate) async fn remove_authority(tx: &mut Conn, number: i64) -> Result<(), DbError> {
    sqlx::query("delete from authority where number = $1")
        .bind(number)
        .execute(tx)
        .await
        .map_err(sql("retire an authority"))?;
    Ok(())
}

/// The newest certificate of every edge node that may speak, PEM, where it has not ended at a moment.
pub(crate) async fn in_use(tx: &mut Conn, now: Timestamp) -> Result<Vec<String>, DbError> {
    let found: Vec<(String,)> = sqlx::query_as(
        "select certificate.pem
         from certificate join edge
           on edge.store_id = certificate.store_id and edge.edge_id = certificate.edge_id
         where edge.revoked_at = 0 and certificate.ends_at > $1
           and not exists (
             select 1 from certificate as newer
             where newer.store_id = certificate.store_id and newer.edge_id = certificate.edge_id
               and newer.issued_at > certificate.issued_at)",
    )
    .bind(now.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read the certificates that are in use"))?;
    Ok(found.into_iter().map(|(pem,)| pem).collect())
}

/// Keeps a certificate that an edge node was given.
pub(crate) async fn insert(
    tx: &mut Conn,
    edge: &EdgeRow,
    row: &CertificateRow,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into certificate
           (store_id, edge_id, serial, fingerprint, key_hash, pem, issued_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .bind(row.serial.as_str())
    .bind(row.fingerprint.to_string())
    .bind(row.key_hash.to_string())
    .bind(row.pem.as_str())
    .bind(row.issued_at.micros())
    .bind(row.ends_at.micros())
    .execute(tx)
    .await
    .map_err(sql("keep a certificate"))?;
    Ok(())
}

type Columns = (String, String, String, String, i64, i64);

fn row(columns: Columns) -> Result<CertificateRow, DbError> {
    let doing = "read a certificate";
    let (serial, fingerprint, key_hash, pem, issued_at, ends_at) = columns;
    Ok(CertificateRow {
        serial,
        fingerprint: Hash::from_hex(&fingerprint).ok_or_else(|| damaged(doing))?,
        key_hash: Hash::from_hex(&key_hash).ok_or_else(|| damaged(doing))?,
        pem,
        issued_at: Timestamp::from_micros(issued_at),
        ends_at: Timestamp::from_micros(ends_at),
    })
}

/// When the certificate of an edge node that lasts longest ends; `None` where it has none.
pub(crate) async fn ends_at(tx: &mut Conn, edge: &EdgeRow) -> Result<Option<Timestamp>, DbError> {
    let (ends_at,): (Option<i64>,) =
        sqlx::query_as("select max(ends_at) from certificate where store_id = $1 and edge_id = $2")
            .bind(edge.store.0)
            .bind(edge.id.to_string())
            .fetch_one(tx)
            .await
            .map_err(sql("read when a certificate ends"))?;
    Ok(ends_at.map(Timestamp::from_micros))
}

/// An edge node's certificates, newest first.
pub(crate) async fn of_edge(tx: &mut Conn, edge: &EdgeRow) -> Result<Vec<CertificateRow>, DbError> {
    let found: Vec<Columns> = sqlx::query_as(
        "select serial, fingerprint, key_hash, pem, issued_at, ends_at
         from certificate where store_id = $1 and edge_id = $2
         order by issued_at desc, serial",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read the certificates of an edge node"))?;
    found.into_iter().map(row).collect()
}

/// When an edge node's newest certificate was issued, and when it ends.
pub(crate) async fn newest(
    tx: &mut Conn,
    edge: &EdgeRow,
) -> Result<Option<(Timestamp, Timestamp)>, DbError> {
    // All live equally long, so the newest is the one that ends last.
    let (issued_at, ends_at): (Option<i64>, Option<i64>) = sqlx::query_as(
        "select max(issued_at), max(ends_at) from certificate where store_id = $1 and edge_id = $2",
    )
    .bind(edge.store.0)
    .bind(edge.id.to_string())
    .fetch_one(tx)
    .await
    .map_err(sql("read the newest certificate of an edge node"))?;
    Ok(issued_at.zip(ends_at).map(|(issued_at, ends_at)| {
        (Timestamp::from_micros(issued_at), Timestamp::from_micros(ends_at))
    }))
}

/// What tells whether a broker's lists may say something else than before: edge nodes, the newest
/// enrolment and revocation, and certificates of those that may speak no more.
pub(crate) type Marks = (i64, i64, i64, i64);

/// As they are now.
pub(crate) async fn marks(tx: &mut Conn) -> Result<Marks, DbError> {
    sqlx::query_as(
        "select (select count(*) from edge),
                (select coalesce(max(enrolled_at), 0) from edge),
                (select coalesce(max(revoked_at), 0) from edge),
                (select count(*) from certificate join edge
                   on edge.store_id = certificate.store_id and edge.edge_id = certificate.edge_id
                 where edge.revoked_at <> 0)",
    )
    .fetch_one(tx)
    .await
    .map_err(sql("look whether somebody was revoked"))
}

/// A certificate that is believed no more, though it has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RevokedRow {
    /// Its serial number.
    pub(crate) serial: String,
    /// Since when.
    pub(crate) revoked_at: Timestamp,
}

/// Certificates of edge nodes that may speak no more, which have not ended at a moment.
pub(crate) async fn revoked(tx: &mut Conn, now: Timestamp) -> Result<Vec<RevokedRow>, DbError> {
    let found: Vec<(String, i64)> = sqlx::query_as(
        "select certificate.serial, edge.revoked_at
         from certificate join edge
           on edge.store_id = certificate.store_id and edge.edge_id = certificate.edge_id
         where edge.revoked_at <> 0 and certificate.ends_at > $1
         order by certificate.serial",
    )
    .bind(now.micros())
    .fetch_all(tx)
    .await
    .map_err(sql("read the revoked certificates"))?;
    let row = |(serial, at)| RevokedRow { serial, revoked_at: Timestamp::from_micros(at) };
    Ok(found.into_iter().map(row).collect())
}

/// An edge node that may speak, and its store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpeakerRow {
    /// The edge node.
    pub(crate) edge: EdgeId,
    /// Its store.
    pub(crate) store: StoreId,
    /// The store's code.
    pub(crate) store_code: String,
}

/// Every edge node that may speak.
pub(crate) async fn speakers(tx: &mut Conn) -> Result<Vec<SpeakerRow>, DbError> {
    let doing = "read who may speak";
    let found: Vec<(String, i64, String)> = sqlx::query_as(
        "select edge.edge_id, edge.store_id, store.code
         from edge join store on store.store_id = edge.store_id
         where edge.revoked_at = 0
         order by store.code, edge.edge_id",
    )
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let row = |(edge, store, store_code): (String, i64, String)| {
        let edge = edge.parse().map_err(|_| damaged(doing))?;
        Ok(SpeakerRow { edge, store: StoreId(store), store_code })
    };
    found.into_iter().map(row).collect()
}
