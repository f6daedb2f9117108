//! What the authority publishes.
//!
//! **Invariant:** nothing here is a secret, and nothing is made for whoever asks twice.

use axum::{
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};

use super::problem::Problem;
use crate::{
    authority::{PUBLISHED_MS, published},
    context::Context,
};

/// Where the list of revoked certificates is, in DER.
pub(super) const REVOKED: &str = "/authority/revoked.crl";
/// The same in PEM.
pub(super) const REVOKED_PEM: &str = "/authority/revoked.pem";
/// Where the authority's certificate is, in DER.
pub(super) const CERTIFICATE: &str = "/authority/authority.cer";

/// The media types are those of RFC 2585, section 4.
fn file(kind: &'static str, bytes: Vec<u8>) -> Response {
    let fresh = format!("max-age={}", PUBLISHED_MS / 1_000);
    ([(CONTENT_TYPE, kind.to_owned()), (CACHE_CONTROL, fresh)], bytes).into_response()
}

/// `GET /authority/revoked.crl`: RFC 5280, section 5, in DER.
pub(super) async fn revoked(State(context): State<Context>) -> Result<Response, Problem> {
    Ok(file("application/pkix-crl", published(&context).await?.der.clone()))
}

/// `GET /authority/revoked.pem`: the same in PEM (RFC 7468, section 6), as brokers read it.
pub(super) async fn revoked_pem(State(context): State<Context>) -> Result<Response, Problem> {
    Ok(file("application/x-pem-file", published(&context).await?.pem.clone().into_bytes()))
}

/// `GET /authority/authority.cer`: the authority's own certificate in DER. Whoever wants to believe it
/// compares its fingerprint with one that came another way.
pub(super) async fn certificate(State(context): State<Context>) -> Result<Response, Problem> {
    Ok(file("application/pkix-cert", context.authority().der()))
}
