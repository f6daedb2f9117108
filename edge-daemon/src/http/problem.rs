//! Refusals as `application/problem+json` (RFC 9457), in the caller's language.
//!
//! Each says what happened, what is safe, and what to do. A handler answers with a `Problem`; the
//! outermost layer writes it, and turns a bare refusal of the framework into one as well.

mod approvals;
mod counter;
mod devices;
mod doors;
mod houses;
mod language;
mod members;
mod online_returns;
mod phone;
mod pickups;
mod rights;
mod text;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    barcode::NotACode,
    cart::CartRefusal,
    money::Money,
    order::CompleteRefusal,
    pickup::{PickRefusal, PickupRefusal},
    tender::TenderRefusal,
};
use serde::Serialize;
use sync::token::Disbelief;
use utoipa::ToSchema;

use super::body::MoneyBody;
use crate::{
    Chain,
    checkout::CheckoutError,
    db::{DbError, is_misread},
    refusal::Refusal,
};

pub(super) use language::{Language, LanguageQuery, Wanted};

/// A refusal before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    slug: &'static str,
    status: StatusCode,
    /// What fills `{0}` in the sentence.
    about: String,
    code: Option<String>,
    total: Option<Money>,
    retry_after_ms: Option<u64>,
}

/// A refusal as it is written.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// A stable path that names the kind of problem, e.g. `/problems/unknown-barcode`.
    r#type: String,
    /// What happened, in a few words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what is safe.
    detail: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// When to try again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// What it is about, e.g. the code that no item has.
    params: ProblemParams,
}

/// What a problem is about.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProblemParams {
    /// The code that was scanned or typed; never one of another house.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What the cart costs now, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<MoneyBody>,
}

impl Problem {
    /// A problem that needs no more than its name.
    pub(super) fn plain(slug: &'static str, status: StatusCode) -> Self {
        Self { slug, status, about: String::new(), code: None, total: None, retry_after_ms: None }
    }

    fn with_code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self.about = code.to_owned();
        self
    }

    fn with_total(mut self, total: Money) -> Self {
        self.total = Some(total);
        self.about(total)
    }

    fn about(mut self, about: impl ToString) -> Self {
        self.about = about.to_string();
        self
    }

    /// Says when to try again.
    pub(super) fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// What another house, or the mall for it, said: the sentence of its word, or of any no.
    pub(super) fn of_other_house(word: &str) -> Self {
        let slug = text::refused(word).unwrap_or("refused-by-house");
        Self::plain(slug, StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Writes it in a language.
    pub(super) fn body(&self, language: Language) -> ProblemBody {
        let words = text::words(self.slug, language);
        ProblemBody {
            r#type: format!("/problems/{}", self.slug),
            title: words.title.to_owned(),
            status: self.status.as_u16(),
            detail: words.detail.replace("{0}", &self.about),
            hint: (!words.hint.is_empty()).then(|| words.hint.to_owned()),
            retry_after_ms: self.retry_after_ms,
            params: ProblemParams {
                code: self.code.clone(),
                total: self.total.map(MoneyBody::from),
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&Refusal> for Problem {
    #[expect(clippy::too_many_lines, reason = "one row for each refusal")]
    fn from(refusal: &Refusal) -> Self {
        use StatusCode as S;
        let plain = Self::plain;
        match refusal {
            Refusal::NotSignedIn => plain("sign-in-required", S::UNAUTHORIZED),
            Refusal::UnknownWorkstation => plain("workstation-unknown", S::NOT_FOUND),
            Refusal::NoCatalog => plain("no-catalog", S::SERVICE_UNAVAILABLE),
            Refusal::UnknownCode { code } => plain("unknown-barcode", S::NOT_FOUND).with_code(code),
            Refusal::CheckDigit { code } => {
                plain("bad-check-digit", S::UNPROCESSABLE_ENTITY).with_code(code)
            }
            Refusal::Foreign(foreign) => {
                plain("unsupported-code", S::UNPROCESSABLE_ENTITY).about(foreign.house())
            }
            Refusal::NotACode(NotACode::Empty | NotACode::TooLong | NotACode::Unprintable) => {
                plain("not-a-code", S::UNPROCESSABLE_ENTITY)
            }
            Refusal::Cart(cart) => of_cart(*cart),
            Refusal::CartEmpty => plain("cart-empty", S::CONFLICT),
            Refusal::CartChanged => plain("cart-changed", S::CONFLICT),
            Refusal::PriceChanged { total } => {
                plain("price-changed", S::CONFLICT).with_total(*total)
            }
            Refusal::Complete(complete) => of_complete(*complete),
            Refusal::DiskFull => plain("disk-full", S::SERVICE_UNAVAILABLE),
            Refusal::NotKept => plain("not-kept", S::SERVICE_UNAVAILABLE),
            Refusal::IdReused => plain("order-conflict", S::UNPROCESSABLE_ENTITY),
            Refusal::Undecided => plain("rights-undecided", S::CONFLICT),
            Refusal::ApprovalWaits => plain("approval-waiting", S::CONFLICT),
            Refusal::ApprovalOfWeighed => plain("approval-weighed", S::UNPROCESSABLE_ENTITY),
            Refusal::ApprovalNotLower => plain("approval-not-lower", S::UNPROCESSABLE_ENTITY),
            Refusal::ApprovalTooDeep => plain("approval-too-deep", S::UNPROCESSABLE_ENTITY),
            Refusal::NoSuchApproval => plain("approval-unknown", S::NOT_FOUND),
            Refusal::ApprovalDecided => plain("approval-decided", S::CONFLICT),
            Refusal::ApprovalLapsed => plain("approval-lapsed", S::CONFLICT),
            Refusal::Held => plain("rights-held", S::CONFLICT),
            Refusal::StillReversing => plain("payment-reversing", S::CONFLICT),
            Refusal::NothingToPay => plain("nothing-to-pay", S::CONFLICT),
            Refusal::NotAPaymentCode => plain("not-a-payment-code", S::UNPROCESSABLE_ENTITY),
            Refusal::MethodOff => plain("payment-method-off", S::CONFLICT),
            Refusal::NotAVoucher => plain("not-a-voucher", S::UNPROCESSABLE_ENTITY),
            Refusal::NeedsMall => plain("needs-mall", S::SERVICE_UNAVAILABLE),
            Refusal::MallUnreachable => plain("mall-unreachable", S::SERVICE_UNAVAILABLE),
            Refusal::MallSilent => plain("mall-silent", S::SERVICE_UNAVAILABLE),
            Refusal::OtherHouse { word } => Self::of_other_house(word),
            Refusal::NotAtAKiosk => plain("not-at-a-kiosk", S::CONFLICT),
            Refusal::CouponWithoutRule => plain("coupon-without-rule", S::CONFLICT),
            Refusal::TooManyRedemptions => plain("redemptions-full", S::CONFLICT),
            Refusal::CountBeyondOffer { most } => {
                plain("count-beyond-offer", S::UNPROCESSABLE_ENTITY).about(most)
            }
            Refusal::OfferNotChosen => plain("offer-not-chosen", S::CONFLICT),
            Refusal::CodeShownBefore => plain("code-shown-before", S::CONFLICT),
            Refusal::TooManyCharges => plain("charges-full", S::CONFLICT),
            Refusal::PaidBeyondTotal => plain("paid-beyond-total", S::CONFLICT),
            Refusal::VoucherStaysUsed => plain("undo-voucher-late", S::CONFLICT),
            Refusal::NoSuchRight => plain("right-unknown", S::NOT_FOUND),
            Refusal::NotAMember => plain("not-a-member-code", S::UNPROCESSABLE_ENTITY),
            Refusal::MemberUnknown { phone } => plain("member-unknown", S::NOT_FOUND).about(phone),
            Refusal::MembersNotHere => plain("members-not-here", S::SERVICE_UNAVAILABLE),
            Refusal::Disbelieved(why) => of_token(*why),
            Refusal::NoMember => plain("member-needed", S::CONFLICT),
            Refusal::MemberUnproven => plain("member-unproven", S::CONFLICT),
            Refusal::NoCouponGiven => plain("coupon-not-given", S::CONFLICT),
            Refusal::CouponUnheard => plain("coupon-unheard", S::SERVICE_UNAVAILABLE),
            Refusal::BalanceNotHere { here } => plain("balance-not-here", S::CONFLICT).about(here),
            Refusal::NotTheirCoupon => plain("coupon-of-another", S::CONFLICT),
            Refusal::CouponUsed => plain("coupon-used", S::CONFLICT),
            Refusal::NoSuchPickup => plain("pickup-unknown", S::NOT_FOUND),
            Refusal::Pickup(refusal) => of_pickup(*refusal),
            Refusal::Pick(PickRefusal::NotOrdered) => plain("pickup-item-not-ordered", S::CONFLICT),
            Refusal::Pick(PickRefusal::Enough) => plain("pickup-item-enough", S::CONFLICT),
            Refusal::PickupNotWhole => plain("pickup-not-whole", S::CONFLICT),
            Refusal::PickupNotProven => plain("pickup-not-proven", S::CONFLICT),
            Refusal::NotAPickupCode => plain("pickup-code-malformed", S::UNPROCESSABLE_ENTITY),
            Refusal::PickupCodeUnknown => plain("pickup-code-unknown", S::NOT_FOUND),
            Refusal::PickupCodePause { wait_ms } => {
                let ms = u64::try_from(*wait_ms).unwrap_or(0);
                plain("pickup-code-pause", S::TOO_MANY_REQUESTS).retry_after_ms(ms)
            }
            Refusal::PickupsNotHere => plain("pickups-not-here", S::SERVICE_UNAVAILABLE),
            Refusal::OnlineReturn(no) => Self::from(no),
            Refusal::NoSuchOrder => plain("order-unknown", S::NOT_FOUND),
            Refusal::UndoneAlready => plain("order-undone", S::CONFLICT),
            Refusal::Phone(refusal) => Self::from(refusal),
            Refusal::TooLateToUndo => plain("undo-late", S::CONFLICT),
        }
    }
}

fn of_cart(refusal: CartRefusal) -> Problem {
    use StatusCode as S;
    match refusal {
        CartRefusal::Full => Problem::plain("cart-full", S::CONFLICT),
        CartRefusal::Quantity | CartRefusal::NotWhole => {
            Problem::plain("quantity-out-of-range", S::UNPROCESSABLE_ENTITY)
        }
        CartRefusal::NeedsWeight => Problem::plain("weight-needed", S::UNPROCESSABLE_ENTITY),
        CartRefusal::Labelled => Problem::plain("quantity-on-label", S::CONFLICT),
        CartRefusal::NoSuchLine => Problem::plain("line-not-found", S::CONFLICT),
    }
}

fn of_pickup(refusal: PickupRefusal) -> Problem {
    let conflict = StatusCode::CONFLICT;
    match refusal {
        PickupRefusal::NotReady => Problem::plain("pickup-not-ready", conflict),
        PickupRefusal::HandedOver => Problem::plain("pickup-handed-over", conflict),
        PickupRefusal::Cancelled => Problem::plain("pickup-cancelled", conflict),
        PickupRefusal::Expired => Problem::plain("pickup-expired", conflict),
        PickupRefusal::OutOfTurn => Problem::plain("pickup-out-of-turn", conflict),
    }
}

fn of_token(why: Disbelief) -> Problem {
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    match why {
        // A stranger learns nothing from which of these it was.
        Disbelief::Malformed | Disbelief::UnknownKey | Disbelief::Forged => {
            Problem::plain("code-not-believed", refused)
        }
        Disbelief::NotYet => Problem::plain("code-too-early", refused),
        Disbelief::Expired => Problem::plain("code-expired", refused),
        Disbelief::OtherStore => Problem::plain("code-of-another-store", refused),
    }
}

fn of_complete(refusal: CompleteRefusal) -> Problem {
    let impossible = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        CompleteRefusal::Empty => Problem::plain("cart-empty", StatusCode::CONFLICT),
        CompleteRefusal::Tender(TenderRefusal::Short { missing }) => {
            Problem::plain("tender-short", impossible).about(missing)
        }
        CompleteRefusal::Tender(
            TenderRefusal::OverTender | TenderRefusal::Amount | TenderRefusal::TooMany,
        ) => Problem::plain("tender-impossible", impossible),
        CompleteRefusal::Quote(fault) => {
            tracing::error!(error = %Chain(&fault), "A quote does not hold; nothing was completed");
            Problem::plain("internal", StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::Refused(refusal) => Self::from(&refusal),
            CheckoutError::Db(error) => Self::from(error),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            DbError::Busy => Self::plain("busy", unavailable).retry_after_ms(500),
            DbError::DiskFull => Self::plain("disk-full", unavailable),
            DbError::Misread => Self::plain("ledger-damaged", unavailable),
            error if is_misread(&error) => {
                tracing::error!(error = %Chain(&error), "A request met a damaged file");
                Self::plain("ledger-damaged", unavailable)
            }
            DbError::Sqlite { .. }
            | DbError::Damaged { .. }
            | DbError::Undone
            | DbError::Closed
            | DbError::Newer { .. }
            | DbError::Taken { .. }
            | DbError::File { .. } => {
                tracing::error!(error = %Chain(&error), "A request met a broken database");
                Self::plain("internal", StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// What is asked for is not here.
pub(super) async fn not_found() -> Problem {
    Problem::plain("not-found", StatusCode::NOT_FOUND)
}

/// Writes problems out; the outermost layer that knows the caller's language.
pub(super) async fn write_out(request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let response = next.run(request).await;
    let problem = response.extensions().get::<Problem>().cloned();
    let is_bare = response.status().is_client_error() || response.status().is_server_error();
    match problem {
        Some(problem) => write(&problem, language),
        None if is_bare => write(&of_framework(response.status()), language),
        None => response,
    }
}

/// The framework refuses with a bare status: a wrong method, a path that is no path of ours.
fn of_framework(status: StatusCode) -> Problem {
    let slug = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "body-too-large",
        _ if status.is_server_error() => "internal",
        _ => "malformed",
    };
    Problem::plain(slug, status)
}

pub(super) fn write(problem: &Problem, language: Language) -> Response {
    let body = serde_json::to_vec(&problem.body(language)).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = problem.status;
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(ms) = problem.retry_after_ms {
        let seconds = HeaderValue::from(ms.div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// A person followed a problem's type to read what it means.
pub(super) fn page(slug: &str, headers: &HeaderMap) -> Option<String> {
    let language = Language::of(headers);
    let words = text::known(slug, language)?;
    let (title, detail, hint) = (words.title, words.detail.replace("{0}", "…"), words.hint);
    let lang = language.tag();
    Some(format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><title>{title}</title>\
         <h1>{title}</h1><p>{detail}</p><p>{hint}</p></html>"
    ))
}
