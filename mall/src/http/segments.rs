//! What stands in a path.
//!
//! **Invariant:** a path that cannot be read names nothing, and says so as everything else does.

use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::problem::{NOT_FOUND, Problem};

/// The names of a path; the framework's own refuses bytes that are no text without a problem.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = extract::Path::from_request_parts(parts, state).await;
        read.map(|extract::Path(named)| Self(named)).map_err(|_| Problem::of(NOT_FOUND))
    }
}
