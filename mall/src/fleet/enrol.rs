//! An edge node takes its place.
//!
//! **Invariant:** a code gives one place to one key. The same code with the same key again gives
//! the same answer, so a lost answer costs nothing.

use std::net::IpAddr;

use domain::id::EdgeId;
use sync::{
    chain::{Hash, hex_bytes},
    wire::{EnrolledV1, EnrolmentV1},
};
use tracing::info;

use super::claim;
use crate::{
    authority::{self, IssueError},
    context::{Context, NoDice},
    db::{
        self, Conn, DbError,
        edges::{self, ClaimRow, EdgeRow},
        stores,
    },
};

/// Bytes of an Ed25519 public key (RFC 8032, 5.1.5).
const KEY_BYTES: usize = 32;

/// Why an edge node did not get a place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrolError {
    /// Too many wrong tries.
    #[error("too many wrong tries")]
    TooManyTries {
        /// Come again after so long.
        retry_ms: i64,
    },
    /// The public key is none.
    #[error("the public key is not 64 hexadecimal digits")]
    Key,
    /// No such code.
    #[error("the claim code is not known")]
    Unknown,
    /// Another key has used it.
    #[error("the claim code has been used")]
    Used,
    /// Too old.
    #[error("the claim code has expired")]
    Expired,
    /// It gets no certificate.
    #[error("could not give the edge node its certificate")]
    Certificate(#[from] IssueError),
    /// The machine gives no random numbers.
    #[error("could not make an id")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not enrol the edge node")]
    Db(#[from] DbError),
}

/// Gives an edge node its place.
pub(crate) async fn enrol(
    context: &Context,
    enrolment: &EnrolmentV1,
    from: IpAddr,
) -> Result<EnrolledV1, EnrolError> {
    let public_key = enrolment.public_key.to_ascii_lowercase();
    if hex_bytes(&public_key).is_none_or(|key| key.len() != KEY_BYTES) {
        return Err(EnrolError::Key);
    }
    let counted = context
        .limiter()
        .count(from, context.now())
        .map_err(|retry_ms| EnrolError::TooManyTries { retry_ms })?;
    let enrolled = place(context, enrolment, &public_key).await;
    if !matches!(enrolled, Err(EnrolError::Unknown | EnrolError::Used | EnrolError::Expired)) {
        context.limiter().give_back(&counted);
    }
    enrolled
}

async fn place(
    context: &Context,
    enrolment: &EnrolmentV1,
    public_key: &str,
) -> Result<EnrolledV1, EnrolError> {
    let doing = "enrol an edge node";
    let code = claim::hash(&enrolment.claim_code);
    // Who guesses does not hold up those who write.
    let mut tx = context.db().read(doing).await?;
    open(context, &mut tx, code, public_key).await?;
    drop(tx);
    // Another may have used it in between.
    let mut tx = context.db().write(doing).await?;
    let (edge, is_new) = match open(context, &mut tx, code, public_key).await? {
        Opened::Before(edge) => (edge, false),
        Opened::Now(claim) => (new_edge(context, &mut tx, &claim, public_key).await?, true),
    };
    if is_new {
        edges::insert(&mut tx, &edge).await?;
        edges::use_claim(&mut tx, code, edge.id, edge.enrolled_at).await?;
    }
    let mut enrolled = answer(&mut tx, &edge).await?;
    if let Some(request) = &enrolment.csr {
        let certificate = authority::certificate_for(context, &mut tx, &edge, request).await?;
        enrolled.certificate = Some(certificate);
    }
    db::commit(tx, doing).await?;
    if is_new {
        tell(&edge);
    }
    Ok(enrolled)
}

/// What a code opens.
enum Opened {
    /// A place that this key took before.
    Before(EdgeRow),
    /// A new place.
    Now(ClaimRow),
}

async fn open(
    context: &Context,
    tx: &mut Conn,
    code: Hash,
    public_key: &str,
) -> Result<Opened, EnrolError> {
    let claim = edges::claim(tx, code).await?.ok_or(EnrolError::Unknown)?;
    match claim.used_by {
        Some(edge) => again(tx, edge, public_key).await.map(Opened::Before),
        None if claim.expires_at <= context.now() => Err(EnrolError::Expired),
        None => Ok(Opened::Now(claim)),
    }
}

fn tell(edge: &EdgeRow) {
    info!(edge.id = %edge.id, store.id = %edge.store, "An edge node enrolled");
}

async fn new_edge(
    context: &Context,
    tx: &mut Conn,
    claim: &ClaimRow,
    public_key: &str,
) -> Result<EdgeRow, EnrolError> {
    Ok(EdgeRow {
        id: context.edge_id()?,
        store: claim.store,
        public_key: public_key.to_owned(),
        epoch: next_epoch(tx, claim).await?,
        enrolled_at: context.now(),
        is_revoked: false,
    })
}

async fn again(tx: &mut Conn, edge: EdgeId, public_key: &str) -> Result<EdgeRow, EnrolError> {
    match edges::by_id(tx, edge).await? {
        Some(row) if row.public_key == public_key && !row.is_revoked => Ok(row),
        Some(_) | None => Err(EnrolError::Used),
    }
}

/// One more than any edge node of the store ever had: receipt numbers carry the epoch, so a node
/// that replaces another cannot print a number again.
async fn next_epoch(tx: &mut Conn, claim: &ClaimRow) -> Result<u32, DbError> {
    let edges = edges::of_store(tx, claim.store).await?;
    Ok(edges.iter().map(|edge| edge.epoch).max().unwrap_or(0).saturating_add(1))
}

async fn answer(tx: &mut Conn, edge: &EdgeRow) -> Result<EnrolledV1, EnrolError> {
    let store = stores::by_id(tx, edge.store).await?.ok_or(EnrolError::Unknown)?;
    Ok(EnrolledV1 {
        edge: edge.id,
        store: edge.store.0,
        store_code: store.store.code,
        epoch: edge.epoch,
        certificate: None,
    })
}
