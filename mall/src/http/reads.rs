//! Which schema of what the mall owns a box reads.
//!
//! **Invariant:** who does not say it is a program before the question, and no mistake.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::Deserialize;
use sync::replica;

use super::problem::{MALFORMED, Problem, SCHEMA_OLD};
use crate::fault;

/// The schema in which a box is answered (`?schema=` says the newest that it reads).
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads(pub(super) i64);

#[derive(Deserialize)]
struct Said {
    schema: Option<i64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Reads {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let said = Query::<Said>::from_request_parts(parts, state).await;
        let Query(Said { schema }) =
            said.map_err(|_| Problem::of(MALFORMED).detail("`schema` is a number"))?;
        let spoken = replica::spoken(schema, fault::schema());
        spoken
            .map(Self)
            .map_err(|old| Problem::of(SCHEMA_OLD).detail(old).hint("update the store's program"))
    }
}
