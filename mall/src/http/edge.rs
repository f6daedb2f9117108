//! What edge nodes call.
//!
//! **Invariant:** a store reads the catalog and its own scope, and sends only as itself.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{ConnectInfo, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CACHE_CONTROL},
};
use domain::{
    id::{EdgeId, IncarnationId},
    time::BusinessDate,
};
use serde::{Deserialize, de::DeserializeOwned};
use sync::{
    inbox,
    replica::Scope,
    wire::{
        BatchAnswerV1, BucketV1, CertificateAskV1, CertificateV1, CheckInV1, CheckedInV1,
        DayAgainAnswerV1, DayAgainV1, DayAnswerV1, DayAskV1, DayFactsV1, DayV1, DigestsV1,
        EnrolledV1, EnrolmentV1, FeedCursorV1, FeedPageV1, HeadV1, LostPageV1, SealV1,
        SessionAskV1, SessionV1, SnapshotV1, TroublesV1,
    },
};

use super::{
    door::Visitor,
    guard::{Caller, read_body},
    problem::{FORBIDDEN, MALFORMED, NOT_FOUND, Problem},
    reads::Reads,
    segments::Path,
    unpack::unpacked,
};
use crate::{
    authority,
    context::Context,
    db::{self, edge_states, edge_troubles},
    feed::{self, CHANGES_MAX},
    fleet,
    intake::{self, ReceiveError},
    member,
};

/// Bytes of an enrolment: a code and a key.
const ENROLMENT_BYTES_MAX: usize = 4_096;

/// Reads JSON; where it breaks is told, what stands there is not.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::of(MALFORMED).detail(format!("the body breaks at line {line}, column {column}"))
    })
}

/// `POST /edge/v1/enrolments`.
pub(super) async fn enrol(
    State(context): State<Context>,
    from: Option<Extension<ConnectInfo<Visitor>>>,
    body: Body,
) -> Result<(StatusCode, Json<EnrolledV1>), Problem> {
    let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0.0.address.ip());
    let enrolment: EnrolmentV1 = json(&read_body(body, ENROLMENT_BYTES_MAX).await?)?;
    let enrolled = fleet::enrol(&context, &enrolment, from).await?;
    Ok((StatusCode::CREATED, Json(enrolled)))
}

/// `POST /edge/v1/certificates`.
pub(super) async fn certificate(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<CertificateV1>, Problem> {
    let ask: CertificateAskV1 = json(&body)?;
    Ok(Json(authority::issue(&context, &edge, &ask.csr).await?))
}

/// The scope in a path, if it is this caller's to read.
pub(super) fn own_scope(caller: &Caller, text: &str) -> Result<Scope, Problem> {
    let scope: Scope = text.parse().map_err(|error| Problem::of(NOT_FOUND).detail(error))?;
    match scope {
        Scope::Catalog => Ok(scope),
        Scope::Store(store) if store == caller.0.store => Ok(scope),
        Scope::Store(_) => Err(Problem::of(FORBIDDEN)),
    }
}

/// `GET /edge/v1/scopes/{scope}/head`.
pub(super) async fn head(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(scope): Path<String>,
    // A box that is too old is told so here already, before anything has changed.
    _: Reads,
) -> Result<Json<HeadV1>, Problem> {
    let scope = own_scope(&caller, &scope)?;
    Ok(Json(feed::head(&context, scope).await?))
}

/// `POST /edge/v1/check-ins`.
pub(super) async fn check_in(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<CheckedInV1>, Problem> {
    let told: CheckInV1 = json(&body)?;
    Ok(Json(member::check_in(&context, edge.store, &told).await?))
}

/// Where a page begins.
#[derive(Debug, Deserialize)]
pub(super) struct FeedQuery {
    incarnation: IncarnationId,
    since: i64,
    #[serde(default)]
    after: String,
    limit: Option<i64>,
}

/// `GET /edge/v1/scopes/{scope}/feed`.
pub(super) async fn feed(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(scope): Path<String>,
    Reads(schema): Reads,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Result<Json<FeedPageV1>, Problem> {
    let scope = own_scope(&caller, &scope)?;
    let Query(query) = query
        .map_err(|_| Problem::of(MALFORMED).detail("a feed needs `incarnation` and `since`"))?;
    let limit = query.limit.unwrap_or(CHANGES_MAX).clamp(1, CHANGES_MAX);
    let FeedQuery { incarnation, since, after, .. } = query;
    let cursor = FeedCursorV1 { incarnation, version: since, after };
    Ok(Json(feed::page(&context, scope, &cursor, limit, schema).await?))
}

/// `GET /edge/v1/scopes/{scope}/digests`.
pub(super) async fn digests(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(scope): Path<String>,
    Reads(schema): Reads,
) -> Result<Json<DigestsV1>, Problem> {
    let scope = own_scope(&caller, &scope)?;
    let digests = feed::digests(&context, scope, schema).await?;
    Ok(Json(DigestsV1::clone(&digests)))
}

/// `GET /edge/v1/scopes/{scope}/buckets/{bucket}`.
pub(super) async fn bucket(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path((scope, bucket)): Path<(String, String)>,
    Reads(schema): Reads,
) -> Result<Json<BucketV1>, Problem> {
    let scope = own_scope(&caller, &scope)?;
    let bucket = bucket.parse().map_err(|_| Problem::of(NOT_FOUND))?;
    let found = feed::bucket(&context, scope, bucket, schema).await?;
    found.map(Json).ok_or_else(|| Problem::of(NOT_FOUND))
}

/// `GET /edge/v1/scopes/{scope}/snapshot`.
pub(super) async fn snapshot(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(scope): Path<String>,
    Reads(schema): Reads,
) -> Result<Json<SnapshotV1>, Problem> {
    let scope = own_scope(&caller, &scope)?;
    Ok(Json(feed::offer(&context, scope, schema).await?))
}

/// `GET /edge/v1/seal`: to the store whose edge node signed, and to no other.
pub(super) async fn seal(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SealV1>), Problem> {
    let secret = context.vault().secret_of(caller.0.store)?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(secret)))
}

/// `POST /edge/v1/edges/{edge}/batches`.
pub(super) async fn batches(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(edge): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<BatchAnswerV1>, Problem> {
    let edge: EdgeId = edge.parse().map_err(|_| Problem::of(NOT_FOUND))?;
    if edge != caller.0.id {
        return Err(Problem::of(FORBIDDEN));
    }
    let pass = context.waiting_room().enter().await?;
    let batch = inbox::unwrapped(json(&unpacked(&headers, &body)?)?);
    let received = intake::receive(&context, &caller.0, &batch).await;
    if matches!(received, Err(ReceiveError::Refused(inbox::Refusal::Forked))) {
        intake::split(&context, &caller.0, batch.epoch).await?;
    }
    let (mut answer, crowd) = (received?, pass.crowd());
    (answer.retry_after_ms, answer.credits) = (crowd.retry_after_ms, crowd.credits);
    Ok(Json(answer))
}

/// `POST /edge/v1/sessions`.
pub(super) async fn session(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<SessionV1>, Problem> {
    let ask: SessionAskV1 = json(&body)?;
    let _pass = context.waiting_room().enter().await?;
    Ok(Json(intake::open_session(&context, &edge, &ask).await?))
}

/// After which place a page of lost facts begins.
#[derive(Debug, Deserialize)]
pub(super) struct LostQuery {
    after: i64,
}

/// `GET /edge/v1/lives/{epoch}/facts`.
pub(super) async fn lost(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(epoch): Path<String>,
    query: Result<Query<LostQuery>, QueryRejection>,
) -> Result<Json<LostPageV1>, Problem> {
    let epoch: u32 = epoch.parse().map_err(|_| Problem::of(NOT_FOUND))?;
    let Query(LostQuery { after }) =
        query.map_err(|_| Problem::of(MALFORMED).detail("lost facts need `after`"))?;
    Ok(Json(intake::lost(&context, &edge, epoch, after).await?))
}

/// Troubles that a store may name: a newer program may know more than ours.
const TROUBLES_MAX: usize = 32;
/// Signs of the word of a trouble.
const TROUBLE_CHARS_MAX: usize = 32;

/// `POST /edge/v1/troubles`: all that is wrong in a store now.
pub(super) async fn troubles(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Problem> {
    let told: TroublesV1 = json(&body)?;
    let is_word = |word: &str| {
        (1..=TROUBLE_CHARS_MAX).contains(&word.len())
            && word.bytes().all(|sign| sign.is_ascii_lowercase() || sign == b'-')
    };
    if told.troubles.len() > TROUBLES_MAX || !told.troubles.iter().all(|one| is_word(&one.trouble))
    {
        return Err(Problem::of(MALFORMED).detail("more troubles than there are, or no words"));
    }
    if told.state.is_some_and(|state| state.catalog < 0 || state.store < 0) {
        return Err(Problem::of(MALFORMED).detail("a version below zero"));
    }
    let doing = "write down what is wrong in a store";
    let mut tx = context.db().write(doing).await?;
    edge_troubles::put(&mut tx, &edge, &told.troubles, context.now()).await?;
    if let Some(state) = &told.state {
        edge_states::put(&mut tx, &edge, state, context.now()).await?;
    }
    db::commit(tx, doing).await?;
    Ok(Json(serde_json::json!({})))
}

fn business_date(text: &str) -> Result<BusinessDate, Problem> {
    text.parse().map_err(|error| Problem::of(NOT_FOUND).detail(error))
}

/// `POST /edge/v1/days/{day}`.
pub(super) async fn day(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(day): Path<String>,
    body: Bytes,
) -> Result<Json<DayAnswerV1>, Problem> {
    let told: DayV1 = json(&body)?;
    Ok(Json(intake::compare_day(&context, &edge, business_date(&day)?, &told).await?))
}

/// `POST /edge/v1/days/{day}/ids`.
pub(super) async fn day_ids(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(day): Path<String>,
    body: Bytes,
) -> Result<Json<DayFactsV1>, Problem> {
    let ask: DayAskV1 = json(&body)?;
    Ok(Json(intake::day_ids(&context, &edge, business_date(&day)?, &ask).await?))
}

/// `POST /edge/v1/days/{day}/facts`.
pub(super) async fn day_facts(
    State(context): State<Context>,
    Extension(Caller(edge)): Extension<Caller>,
    Path(day): Path<String>,
    body: Bytes,
) -> Result<Json<DayAgainAnswerV1>, Problem> {
    let told: DayAgainV1 = json(&body)?;
    business_date(&day)?;
    Ok(Json(intake::keep_again(&context, &edge, &told).await?))
}
