//! Signatures of edge nodes, tokens of HQ.
//!
//! **Invariant:** a handler behind a guard runs only for a caller who has shown who they are.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::time::Timestamp;
use futures_util::StreamExt as _;
use sync::{
    path,
    signature::{Claimed, Disbelief, HEADER, Signed},
};
use tokio::time::timeout;

use super::{
    BODY_BYTES_MAX,
    door::{Shown, Visitor},
    problem::{
        BODY_TOO_LARGE, BODY_TOO_SLOW, CERTIFICATE_REQUIRED, EDGE_UNKNOWN, MALFORMED, Problem,
        READ_ONLY, SIGNATURE_REQUIRED, SIGNATURE_STALE, SIGNATURE_WRONG, TOKEN_REQUIRED,
    },
};
use crate::{
    context::Context,
    db::{
        certificates::{self, CertificateRow},
        edges::{self, EdgeRow},
        staff::Right,
    },
    fault, fleet,
};

/// A batch over the slowest line of a store takes seconds.
const BODY_WAIT: Duration = Duration::from_secs(60);

/// The edge node that signed a request.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) EdgeRow);

/// Lets a request in that an enrolled edge node signed.
pub(super) async fn require_edge(
    State(context): State<Context>,
    request: Request,
    next: Next,
) -> Response {
    match signed(&context, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn signed(context: &Context, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let claimed = claimed(&parts)?;
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let mut tx = context.db().read("read an edge node").await?;
    let edge = edges::by_id(&mut tx, claimed.edge).await?;
    let held = match (&edge, shown(&parts)) {
        (None, _) | (_, Shown::Plain) => Vec::new(),
        (Some(edge), Shown::Nothing | Shown::Certificate(_)) => {
            certificates::of_edge(&mut tx, edge).await?
        }
    };
    drop(tx);
    fault::db("edge.known").await?;
    let edge = edge.filter(|edge| !edge.is_revoked).ok_or_else(|| Problem::of(EDGE_UNKNOWN))?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let signed = Signed { method: parts.method.as_str(), path, body: &body };
    let now = context.now();
    match claimed.verify(&edge.public_key, now, signed) {
        Ok(()) => {}
        Err(Disbelief::Malformed | Disbelief::Wrong) => return Err(Problem::of(SIGNATURE_WRONG)),
        Err(Disbelief::Stale) => {
            let hint = "set the clock of the edge node";
            return Err(Problem::of(SIGNATURE_STALE).now(now).hint(hint));
        }
    }
    let door = Door { shown: shown(&parts), is_renewal: parts.uri.path() == path::CERTIFICATES };
    if !door.lets_in(&held, now, context.needs_certificates()) {
        return Err(Problem::of(CERTIFICATE_REQUIRED));
    }
    parts.extensions.insert(Caller(edge));
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// With what the caller came in; a router without a door of its own is in the clear.
fn shown(parts: &Parts) -> Shown {
    let visitor = parts.extensions.get::<ConnectInfo<Visitor>>();
    visitor.map_or(Shown::Plain, |visitor| visitor.0.shown)
}

/// How a signed request of an edge node came in.
struct Door {
    shown: Shown,
    is_renewal: bool,
}

impl Door {
    /// Whether what was shown is the signer's own. A certificate that has ended opens the next one, and
    /// so does the signature alone of an edge node that never had any: it enrolled before there were some.
    fn lets_in(&self, held: &[CertificateRow], now: Timestamp, is_needed: bool) -> bool {
        match self.shown {
            Shown::Plain => !is_needed,
            Shown::Nothing => self.is_renewal && held.is_empty(),
            Shown::Certificate(fingerprint) => {
                let mut own = held.iter().filter(|row| row.fingerprint == fingerprint);
                own.any(|row| self.is_renewal || now < row.ends_at)
            }
        }
    }
}

fn claimed(parts: &Parts) -> Result<Claimed, Problem> {
    let header = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| Problem::of(SIGNATURE_REQUIRED))?;
    Claimed::read(header).map_err(|_| Problem::of(SIGNATURE_REQUIRED))
}

/// Reads a body up to a limit of bytes and of time.
pub(super) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let read = timeout(BODY_WAIT, read_up_to(body, limit)).await;
    read.unwrap_or_else(|_| Err(Problem::of(BODY_TOO_SLOW)))
}

async fn read_up_to(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::of(MALFORMED).detail("the body broke off"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::of(BODY_TOO_LARGE).detail(format!("at most {limit} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// Who holds the staff token that a request carries.
#[derive(Clone, Debug)]
pub(super) struct Staff(pub(super) String);

/// The online shop whose token a request carries.
#[derive(Clone, Debug)]
pub(super) struct Shop(pub(super) String);

/// Bytes of what a shop asks: an order of 50 lines.
const SHOP_BYTES_MAX: usize = 64 * 1_024;

/// Lets a request in that carries a shop's token; its body is read here, up to a limit.
pub(super) async fn require_shop(
    State(context): State<Context>,
    request: Request,
    next: Next,
) -> Response {
    match by_shop(&context, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn by_shop(context: &Context, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let shop = fleet::shop_of(context, token(&parts)?).await?;
    let shop = shop.ok_or_else(|| Problem::of(TOKEN_REQUIRED))?;
    let body = read_body(body, SHOP_BYTES_MAX).await?;
    parts.extensions.insert(Shop(shop));
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn token(parts: &Parts) -> Result<&str, Problem> {
    let header = parts.headers.get(header::AUTHORIZATION);
    header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| Problem::of(TOKEN_REQUIRED))
}

/// Lets a request in that carries a staff token, of a holder who was given the right that it needs.
pub(super) async fn require_staff(
    State((context, needed)): State<(Context, Option<Right>)>,
    request: Request,
    next: Next,
) -> Response {
    match by_staff(&context, needed, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn by_staff(
    context: &Context,
    needed: Option<Right>,
    request: Request,
) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let staff = fleet::staff_of(context, token(&parts)?).await?;
    let staff = staff.ok_or_else(|| Problem::of(TOKEN_REQUIRED))?;
    if let Some(right) = needed.filter(|right| !staff.rights.has(*right)) {
        return Err(Problem::of(READ_ONLY).hint(match right {
            Right::SaveRules => "mall staff add NAME --may-save-rules",
            Right::SaveSettings => "mall staff add NAME --may-save-settings",
            Right::ManageMembers => "mall staff add NAME --may-manage-members",
        }));
    }
    parts.extensions.insert(staff.rights);
    parts.extensions.insert(Staff(staff.name));
    Ok(Request::from_parts(parts, body))
}

#[cfg(test)]
mod tests {
    use sync::chain::Hash;

    use super::*;

    #[test]
    fn a_certificate_opens_for_its_own_edge_node_until_it_ends_and_then_the_next_one_alone() {
        let at = |s: i64| Timestamp::from_micros(s * 1_000_000);
        let own = CertificateRow {
            serial: String::new(),
            fingerprint: Hash::of(b"own"),
            key_hash: Hash::GENESIS,
            pem: String::new(),
            issued_at: at(0),
            ends_at: at(100),
        };
        let (own, none) = (vec![own], Vec::new());
        let (of_own, of_other) =
            (Shown::Certificate(Hash::of(b"own")), Shown::Certificate(Hash::of(b"other")));
        for (shown, is_renewal, held, now, is_needed, expected) in [
            (Shown::Plain, false, &own, 50, false, true),
            (Shown::Plain, false, &own, 50, true, false),
            (Shown::Plain, true, &none, 50, true, false),
            (of_own, false, &own, 99, true, true),
            (of_own, false, &own, 100, true, false),
            (of_own, true, &own, 1_000, true, true),
            (of_other, false, &own, 50, false, false),
            (of_other, true, &own, 50, false, false),
            (of_own, false, &none, 50, false, false),
            (Shown::Nothing, false, &own, 50, false, false),
            (Shown::Nothing, true, &own, 50, false, false),
            (Shown::Nothing, false, &none, 50, false, false),
            (Shown::Nothing, true, &none, 50, false, true),
        ] {
            let door = Door { shown, is_renewal };
            let found = door.lets_in(held, at(now), is_needed);
            assert_eq!(found, expected, "{shown:?} {is_renewal} {now} {is_needed}");
        }
    }
}
