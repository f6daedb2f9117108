//! What HQ calls about promotions.
//!
//! A set is JSON, or the table with a row for each rule that the command line takes too: `accept`
//! and `content-type` say which.
//!
//! **Invariant:** a rule set is HQ's own document, so its author is told where it breaks and why;
//! nothing here says what goods cost.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::pricing::{RuleSet, explain::Language};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{
    guard::{Staff, read_body},
    hq::query,
    problem::{MALFORMED, Problem, REVISION_REQUIRED},
};
use crate::{
    context::Context,
    rules::{
        self, Ask, CheckShape, Expected, FindingShape, Preview, RuleSetPage, RuleSetShape,
        RulesError, Saved, Wish,
    },
};

/// Bytes of a body with a rule set: as it is kept it has at most `RULES_BYTES_MAX`, but people
/// indent it.
const RULES_BODY_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Reads a body of HQ's; where it breaks and why is told.
pub(super) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let body = read_body(body, RULES_BODY_BYTES_MAX).await?;
    serde_json::from_slice(&body).map_err(|error| Problem::of(MALFORMED).detail(error))
}

/// A table, as `accept` and `content-type` name it.
const TABLE: &str = "text/csv";

/// Whether a header's first kind of document that is known here is a table.
fn is_table(headers: &HeaderMap, name: HeaderName) -> bool {
    let kinds = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = [TABLE, "application/json", "application/*", "*/*"];
    kinds.split(',').map(kind).find(|kind| known.contains(&kind.as_str())).as_deref() == Some(TABLE)
}

/// Reads a body with a set: a table by itself, or a document of which the set is a part.
async fn read_set<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    whole: impl FnOnce(RuleSet) -> T,
) -> Result<T, Problem> {
    if !is_table(headers, header::CONTENT_TYPE) {
        return read(body).await;
    }
    let body = read_body(body, RULES_BODY_BYTES_MAX).await?;
    let hint = "see docs/import.md for the columns of a table of rules";
    let set = tokio::task::spawn_blocking(move || rules::from_bytes(&body)).await;
    let set = set.map_err(|_| Problem::from(RulesError::CutOff))?;
    set.map(whole).map_err(|fault| Problem::of(MALFORMED).detail(fault).hint(hint))
}

/// A revision as an entity tag.
pub(super) fn tag(revision: i64) -> [(HeaderName, HeaderValue); 1] {
    // Digits in quotes are always a header value.
    let value = HeaderValue::from_str(&format!("\"{revision}\""));
    [(header::ETAG, value.unwrap_or(HeaderValue::from_static("\"0\"")))]
}

/// Which set to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RulesQuery {
    /// This one; the one in force if not said.
    revision: Option<i64>,
}

/// The rules in force, or those of a revision; its number is the `etag` too. With `accept:
/// text/csv` as a table of a row for each rule.
#[utoipa::path(
    get, path = "/hq/v1/rules", tag = "rules",
    params(RulesQuery),
    responses(
        (status = 200, content((RuleSetShape = "application/json"), (String = "text/csv"))),
        (status = 404, description = "no such revision")
    ),
    security(("staff" = []))
)]
pub(super) async fn show_rules(
    State(context): State<Context>,
    headers: HeaderMap,
    asked: Result<Query<RulesQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let RulesQuery { revision } = query(asked)?;
    let shape = rules::one(&context, revision).await?;
    let tag = tag(shape.head.revision);
    if !is_table(&headers, header::ACCEPT) {
        return Ok((tag, Json(shape)).into_response());
    }
    let table = tokio::task::spawn_blocking(move || rules::table_of(&shape)).await;
    let table = table.map_err(|_| Problem::from(RulesError::CutOff))??;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"))];
    Ok((tag, kind, table).into_response())
}

/// What part of the list of sets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RevisionsQuery {
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    before: Option<i64>,
}

/// The sets that were ever in force, newest first, without their rules.
#[utoipa::path(
    get, path = "/hq/v1/rules/revisions", tag = "rules",
    params(RevisionsQuery),
    responses((status = 200, body = RuleSetPage)),
    security(("staff" = []))
)]
pub(super) async fn list_rules(
    State(context): State<Context>,
    asked: Result<Query<RevisionsQuery>, QueryRejection>,
) -> Result<Json<RuleSetPage>, Problem> {
    let RevisionsQuery { limit, before } = query(asked)?;
    Ok(Json(rules::list(&context, before, limit).await?))
}

/// A set that somebody wants in force.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RuleSetWish)]
pub(super) struct WishBody {
    /// The rules and the goods they name.
    #[schema(value_type = Object)]
    set: RuleSet,
    /// Why, at most 200 signs.
    #[serde(default)]
    note: String,
}

/// A set that is in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleSetSaved)]
pub(super) struct SavedShape {
    /// Its revision.
    revision: i64,
    /// `saved`, or `unchanged` when it was in force already.
    result: &'static str,
    /// What its author should know, at most 1,000.
    warnings: Vec<FindingShape>,
    /// How many warnings there are in all.
    n_warnings: usize,
}

/// Why a table is saved; a document says it in its body.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NoteQuery {
    /// Why, at most 200 signs; only beside a table.
    #[serde(default)]
    note: String,
}

/// Puts a set in force; all stores get it whole. `if-match` names the revision it was made from.
#[utoipa::path(
    put, path = "/hq/v1/rules", tag = "rules",
    params(
        ("if-match" = String, Header, description = "the revision in force as its `etag` said; `*` for any"),
        NoteQuery
    ),
    request_body(content((WishBody = "application/json"), (String = "text/csv"))),
    responses(
        (status = 200, body = SavedShape),
        (status = 400, description = "not understood; of a table each cell by line and column"),
        (status = 403, description = "the token only reads"),
        (status = 412, description = "another set is in force by now; `revision` says which"),
        (status = 413, description = "more than 6 MiB"),
        (status = 422, description = "the set has faults; `findings` names them"),
        (status = 428, description = "`if-match` is missing")
    ),
    security(("staff" = []))
)]
pub(super) async fn save_rules(
    State(context): State<Context>,
    Extension(Staff(by)): Extension<Staff>,
    asked: Result<Query<NoteQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SavedShape>), Problem> {
    let expected = expected(&headers)?;
    let NoteQuery { note } = query(asked)?;
    let WishBody { set, note } = read_set(&headers, body, |set| WishBody { set, note }).await?;
    let saved = rules::save(&context, Wish { set, note, by, expected }).await?;
    let Saved { revision, is_unchanged, check } = saved;
    let result = if is_unchanged { "unchanged" } else { "saved" };
    let CheckShape { warnings, n_warnings, .. } = check;
    Ok((tag(revision), Json(SavedShape { revision, result, warnings, n_warnings })))
}

/// Which set the caller has seen.
pub(super) fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let hint = "send `if-match` with the `etag` of what you changed, or `*`";
    let value = headers.get(header::IF_MATCH);
    let value = value.ok_or_else(|| Problem::of(REVISION_REQUIRED).hint(hint))?;
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(Expected::Any);
    }
    let revision = text.trim_matches('"').parse().map(Expected::Revision);
    revision.map_err(|_| Problem::of(MALFORMED).detail("`if-match` is no revision").hint(hint))
}

/// A set that is only looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RuleSetCheck)]
pub(super) struct CheckBody {
    /// The rules and the goods they name.
    #[schema(value_type = Object)]
    set: RuleSet,
}

/// Looks a set over and keeps nothing: what it would be refused for, and what its author should
/// know.
#[utoipa::path(
    post, path = "/hq/v1/rules/checks", tag = "rules",
    request_body(content((CheckBody = "application/json"), (String = "text/csv"))),
    responses(
        (status = 200, body = CheckShape),
        (status = 400, description = "not understood; of a table each cell by line and column"),
        (status = 413, description = "more than 6 MiB")
    ),
    security(("staff" = []))
)]
pub(super) async fn check_rules(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<CheckShape>, Problem> {
    let CheckBody { set } = read_set(&headers, body, |set| CheckBody { set }).await?;
    Ok(Json(rules::inspect(&context, set).await?.check))
}

/// Prices a cart that nobody has, with a note for every rule. The answer is a `QuoteV1`, the very
/// bytes that a store would write; with tenders also `settlement`.
#[utoipa::path(
    post, path = "/hq/v1/quotes", tag = "rules",
    request_body = Ask,
    responses(
        (status = 200, body = Object),
        (status = 404, description = "no such revision"),
        (status = 422, description = "the cart, the occasion, the tenders or the rules do not hold")
    ),
    security(("staff" = []))
)]
pub(super) async fn make_quote(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Preview>, Problem> {
    let ask: Ask = read(body).await?;
    Ok(Json(rules::preview(&context, ask, language(&headers)).await?))
}

/// English if the caller asks for it first, else Chinese.
fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    if asked.is_some_and(|asked| asked.trim_start().to_ascii_lowercase().starts_with("en")) {
        Language::En
    } else {
        Language::Zh
    }
}
