//! Members as HQ reads and keeps them, and coupons.
//!
//! **Invariant:** names and phone numbers come in bodies and go out masked; none is in a path or a
//! query, where logs would keep it.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, StatusCode, header::CACHE_CONTROL},
};
use domain::{id::MemberId, lending::Purse, time::BusinessDate};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    edge::json,
    guard::{Staff, read_body},
    hq::query,
    problem::{MALFORMED, NOT_FOUND, Problem},
    segments::Path,
};
use crate::{
    context::Context,
    hq::Asked,
    member::{
        self, Adjustment, BatchShape, CouponWish, ImportShape, MemberPage, MemberShape, MemberWish,
        TABLE_BYTES_MAX,
    },
};

/// Bytes of a body that is no table.
const BODY_BYTES_MAX: usize = 16_384;

async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    json(&read_body(body, BODY_BYTES_MAX).await?)
}

fn id_of(text: &str) -> Result<MemberId, Problem> {
    text.parse().map_err(|_| Problem::of(NOT_FOUND))
}

/// What part of the members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MembersQuery {
    /// At most so many, 1 to 200; 50 if not said.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Members by id; names and phone numbers masked.
#[utoipa::path(
    get, path = "/hq/v1/members", tag = "members",
    params(MembersQuery),
    responses((status = 200, body = MemberPage)),
    security(("staff" = []))
)]
pub(super) async fn list_members(
    State(context): State<Context>,
    asked: Result<Query<MembersQuery>, QueryRejection>,
) -> Result<Json<MemberPage>, Problem> {
    let MembersQuery { limit, after } = query(asked)?;
    let asked = Asked { date: None, after, limit };
    Ok(Json(member::members(&context, &asked).await?))
}

/// A member with their stores and newest changes; masked.
#[utoipa::path(
    get, path = "/hq/v1/members/{id}", tag = "members",
    params(("id" = String, Path, description = "the member's id")),
    responses((status = 200, body = MemberShape), (status = 404, description = "no such member")),
    security(("staff" = []))
)]
pub(super) async fn show_member(
    State(context): State<Context>,
    Path(id): Path<String>,
) -> Result<Json<MemberShape>, Problem> {
    Ok(Json(member::one(&context, id_of(&id)?).await?))
}

/// Whom to look for.
#[derive(Deserialize, ToSchema)]
#[schema(as = MemberSearch)]
pub(super) struct SearchBody {
    /// The whole phone number, 11 digits.
    phone: String,
}

/// The member with a phone number; masked.
#[utoipa::path(
    post, path = "/hq/v1/members/search", tag = "members",
    request_body = SearchBody,
    responses((status = 200, body = MemberShape), (status = 404, description = "nobody has it")),
    security(("staff" = []))
)]
pub(super) async fn find_member(
    State(context): State<Context>,
    body: Body,
) -> Result<Json<MemberShape>, Problem> {
    let SearchBody { phone } = read(body).await?;
    let found = member::find(&context, &phone).await?;
    found.map(Json).ok_or_else(|| Problem::of(NOT_FOUND))
}

/// A member as they should be.
#[derive(Deserialize, ToSchema)]
#[schema(as = MemberWish)]
pub(super) struct MemberBody {
    /// 11 digits.
    phone: String,
    /// 1 to 40 signs.
    name: String,
    /// The code of the store that they call theirs.
    #[serde(default)]
    store: String,
    /// The tier; empty for none.
    #[serde(default)]
    tier: String,
    /// When they became a member, `YYYY-MM-DD`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    joined_on: Option<BusinessDate>,
    /// `MM-DD`, never the year; empty where nobody knows.
    #[serde(default)]
    birthday: String,
    /// Works for the chain.
    #[serde(default)]
    is_staff: bool,
    /// Tags of their crowds, at most 20.
    #[serde(default)]
    crowds: Vec<String>,
}

/// What became of a wish.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberSaved)]
pub(super) struct SavedBody {
    /// `added`, `changed` or `unchanged`.
    result: &'static str,
}

/// Lets a member enter by an id that the caller made, or changes who they are.
#[utoipa::path(
    put, path = "/hq/v1/members/{id}", tag = "members",
    params(("id" = String, Path, description = "the member's id, a UUIDv7 of the caller's")),
    request_body = MemberBody,
    responses(
        (status = 200, body = SavedBody),
        (status = 403, description = "the token may not"),
        (status = 409, description = "the phone number is another member's")
    ),
    security(("staff" = []))
)]
pub(super) async fn put_member(
    State(context): State<Context>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<SavedBody>, Problem> {
    let body: MemberBody = read(body).await?;
    let wish = MemberWish {
        phone: body.phone,
        name: body.name,
        home: body.store,
        tier: body.tier,
        joined_on: body.joined_on,
        birthday: body.birthday,
        is_staff: body.is_staff,
        crowds: body.crowds,
    };
    let outcome = member::enter(&context, id_of(&id)?, &wish).await?;
    Ok(Json(SavedBody { result: outcome.word() }))
}

/// Ends a membership: every store forgets them, and who they were is deleted.
#[utoipa::path(
    delete, path = "/hq/v1/members/{id}", tag = "members",
    params(("id" = String, Path, description = "the member's id")),
    responses(
        (status = 204, description = "gone"),
        (status = 403, description = "the token may not"),
        (status = 404, description = "no such member")
    ),
    security(("staff" = []))
)]
pub(super) async fn remove_member(
    State(context): State<Context>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    member::remove(&context, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a table is taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// Imports members from a table (CSV); docs/import.md names its columns.
#[utoipa::path(
    post, path = "/hq/v1/members/import", tag = "members",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = ImportShape),
        (status = 400, description = "the heading is not understood"),
        (status = 403, description = "the token may not"),
        (status = 413, description = "more than 4 MiB")
    ),
    security(("staff" = []))
)]
pub(super) async fn import_members(
    State(context): State<Context>,
    Extension(Staff(by)): Extension<Staff>,
    asked: Result<Query<ImportQuery>, QueryRejection>,
    body: Body,
) -> Result<Json<ImportShape>, Problem> {
    let ImportQuery { dry_run } = query(asked)?;
    let table = read_body(body, TABLE_BYTES_MAX).await?;
    Ok(Json(member::import(&context, &table, dry_run, &by).await?))
}

/// What to give or take.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MemberAdjustment)]
pub(super) struct AdjustmentBody {
    /// Its own id, made by the caller: the same again changes nothing.
    id: Uuid,
    /// `points` or `balance`.
    #[schema(value_type = String)]
    purse: Purse,
    /// Points or fen; below zero takes.
    amount: i64,
    /// Why, 1 to 200 signs.
    reason: String,
}

/// Gives or takes points or balance. What is lent to stores is not taken.
#[utoipa::path(
    post, path = "/hq/v1/members/{id}/adjustments", tag = "members",
    params(("id" = String, Path, description = "the member's id")),
    request_body = AdjustmentBody,
    responses(
        (status = 200, body = MemberShape),
        (status = 403, description = "the token may not"),
        (status = 409, description = "so much is not free, or the id was used otherwise")
    ),
    security(("staff" = []))
)]
pub(super) async fn adjust_member(
    State(context): State<Context>,
    Extension(Staff(by)): Extension<Staff>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<MemberShape>, Problem> {
    let AdjustmentBody { id: source, purse, amount, reason } = read(body).await?;
    let member = id_of(&id)?;
    let wish = Adjustment { id: source, member, purse, amount, reason, by };
    member::adjust(&context, &wish).await?;
    Ok(Json(member::one(&context, member).await?))
}

/// How long a code is good.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MemberCodeWish)]
pub(super) struct CodeBody {
    /// 1 to 1,440.
    minutes: u32,
}

/// A member's code.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberCode)]
pub(super) struct CodeShape {
    /// What their phone shows as a QR code.
    code: String,
}

/// Signs a member's code (会员码), for the page that shows it to them.
#[utoipa::path(
    post, path = "/hq/v1/members/{id}/codes", tag = "members",
    params(("id" = String, Path, description = "the member's id")),
    request_body = CodeBody,
    responses(
        (status = 200, body = CodeShape),
        (status = 403, description = "the token may not"),
        (status = 404, description = "no such member")
    ),
    security(("staff" = []))
)]
pub(super) async fn sign_code(
    State(context): State<Context>,
    Path(id): Path<String>,
    body: Body,
) -> Result<([(HeaderName, HeaderValue); 1], Json<CodeShape>), Problem> {
    let CodeBody { minutes } = read(body).await?;
    let code = member::code(&context, id_of(&id)?, minutes).await?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(CodeShape { code })))
}

/// Coupons to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CouponWish)]
pub(super) struct CouponBody {
    /// The batch's own id, made by the caller: the same again gives the same tokens.
    id: Uuid,
    /// The rule that each switches on: one of the set in force that is marked `coupon`.
    rule: String,
    /// How many, 1 to 10,000.
    count: u32,
    /// Whose they are, a member's id; anybody's if not said.
    #[serde(default)]
    member: String,
    /// The code of the store where they are good; everywhere if not said.
    #[serde(default)]
    store: String,
    /// For how many days from now, 1 to 731.
    days: u32,
}

/// Issues coupons; whoever has a token may use it once.
#[utoipa::path(
    post, path = "/hq/v1/coupons", tag = "members",
    request_body = CouponBody,
    responses(
        (status = 200, body = BatchShape),
        (status = 403, description = "the token may not"),
        (status = 404, description = "no such rule, member or store"),
        (status = 409, description = "the id was used otherwise")
    ),
    security(("staff" = []))
)]
pub(super) async fn issue_coupons(
    State(context): State<Context>,
    Extension(Staff(by)): Extension<Staff>,
    body: Body,
) -> Result<([(HeaderName, HeaderValue); 1], Json<BatchShape>), Problem> {
    let CouponBody { id, rule, count, member, store, days } = read(body).await?;
    let member = match member.as_str() {
        "" => None,
        text => {
            let told = |_| Problem::of(MALFORMED).detail("`member` is no id");
            Some(text.parse().map_err(told)?)
        }
    };
    let wish = CouponWish { id, rule, count, member, store, days, by };
    let batch = member::issue(&context, &wish).await?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(batch)))
}
