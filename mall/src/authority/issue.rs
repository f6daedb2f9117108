//! Edge nodes get certificates: at enrolment, and before the one they have ends.
//!
//! **Invariant:** the same key again gets the same certificate, so a lost answer costs nothing. The ones
//! before stay good until they end: a box that dies between two is not locked out.

use domain::time::Timestamp;
use rcgen::PublicKeyData as _;
use sync::{
    chain::Hash,
    wire::{CertificateV1, RENEWAL_LATE_MS},
};
use tracing::info;

use super::{
    AuthorityError,
    papers::EDGE_DAYS,
    request::{self, NotARequest, Requested},
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError,
        certificates::{self, CertificateRow},
        edges::{self, EdgeRow},
        stores,
    },
    fault,
};

/// Certificates that an edge node is given in a day: one is needed every two months, and some more while
/// somebody sets a box up.
pub(crate) const ISSUES_A_DAY_MAX: usize = 24;
const DAY_MS: i64 = 86_400_000;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// What was asked is no request.
    #[error("what was asked is no request for a certificate")]
    Request(#[from] NotARequest),
    /// It has had too many in a day.
    #[error("at most {ISSUES_A_DAY_MAX} certificates are issued to an edge node in a day")]
    TooMany,
    /// It may speak no more.
    #[error("the edge node was revoked")]
    Revoked,
    /// It could not be signed.
    #[error("could not issue a certificate")]
    Authority(#[from] AuthorityError),
    /// The database refused.
    #[error("could not keep a certificate")]
    Db(#[from] DbError),
}

/// Gives an edge node a certificate for the key of a request.
pub(crate) async fn issue(
    context: &Context,
    edge: &EdgeRow,
    request: &str,
) -> Result<CertificateV1, IssueError> {
    let doing = "issue a certificate";
    let key = request::read(request)?;
    // Whoever asks again after a lost answer holds up nobody who writes.
    let mut tx = context.db().read(doing).await?;
    if let Some(row) = known(context, &mut tx, edge, &key).await? {
        return Ok(told(context, row));
    }
    drop(tx);
    let mut tx = context.db().write(doing).await?;
    // Whoever was revoked since they were let in would hold a certificate that stands in no list yet.
    let is_known = edges::by_id(&mut tx, edge.id).await?.is_some_and(|edge| !edge.is_revoked);
    if !is_known {
        return Err(IssueError::Revoked);
    }
    let certificate = certificate_for(context, &mut tx, edge, request).await?;
    fault::db("certificate.issued").await?;
    db::commit(tx, doing).await?;
    fault::db("certificate.committed").await?;
    Ok(certificate)
}

/// The same within a transaction of somebody else.
pub(crate) async fn certificate_for(
    context: &Context,
    tx: &mut Conn,
    edge: &EdgeRow,
    request: &str,
) -> Result<CertificateV1, IssueError> {
    let (key, now) = (request::read(request)?, context.now());
    if let Some(row) = known(context, tx, edge, &key).await? {
        return Ok(told(context, row));
    }
    let held = certificates::of_edge(tx, edge).await?;
    let in_a_day = held.iter().filter(|row| now.ms_since(row.issued_at) < DAY_MS).count();
    if in_a_day >= ISSUES_A_DAY_MAX {
        return Err(IssueError::TooMany);
    }
    let store = stores::by_id(tx, edge.store).await?;
    let store = store.ok_or_else(|| db::damaged("issue a certificate"))?.store.code;
    let (made, serial) = context.authority().edge(&key, (edge.id, &store), now)?;
    let row = CertificateRow {
        fingerprint: Hash::of(made.der()),
        key_hash: key.hash(),
        pem: made.pem(),
        issued_at: now,
        ends_at: now.plus_ms(EDGE_DAYS * DAY_MS),
        serial,
    };
    certificates::insert(tx, edge, &row).await?;
    info!(edge.id = %edge.id, store.id = %edge.store, serial = row.serial, "A certificate was issued");
    Ok(told(context, row))
}

/// The newest certificate for a key, while no next one is due.
async fn known(
    context: &Context,
    tx: &mut Conn,
    edge: &EdgeRow,
    key: &Requested,
) -> Result<Option<CertificateRow>, DbError> {
    let now = context.now();
    let held = certificates::of_edge(tx, edge).await?.into_iter();
    let mut held = held.filter(|row| row.key_hash == Hash::of(key.der_bytes()));
    Ok(held.find(|row| now < renewed_at(row)))
}

/// When two thirds of its life are over.
fn renewed_at(row: &CertificateRow) -> Timestamp {
    due_at((row.issued_at, row.ends_at))
}

fn due_at((issued_at, ends_at): (Timestamp, Timestamp)) -> Timestamp {
    issued_at.plus_ms(ends_at.ms_since(issued_at) / 3 * 2)
}

/// How an edge node's newest certificate stands, in a word: `valid`, `late` where the next one should have
/// been asked for days ago, `ended`, `revoked`.
pub(crate) fn standing(
    is_revoked: bool,
    (issued_at, ends_at): (Timestamp, Timestamp),
    now: Timestamp,
) -> &'static str {
    if is_revoked {
        "revoked"
    } else if now >= ends_at {
        "ended"
    } else if now.ms_since(due_at((issued_at, ends_at))) >= RENEWAL_LATE_MS {
        "late"
    } else {
        "valid"
    }
}

fn told(context: &Context, row: CertificateRow) -> CertificateV1 {
    CertificateV1 {
        issued_at_micros: row.issued_at.micros(),
        renew_at_micros: renewed_at(&row).micros(),
        ends_at_micros: row.ends_at.micros(),
        certificate: row.pem,
        authority: context.authority().pem(),
    }
}
