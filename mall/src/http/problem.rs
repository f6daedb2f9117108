//! Errors as the API says them (RFC 9457).
//!
//! **Invariant:** `type` paths are promises to programs; a detail never shows what a store sent.
//! What nobody outside can mend is logged here, once, and told as `internal`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sync::inbox::Refusal;
use tracing::{error, warn};

use crate::{
    authority::{AuthorityError, IssueError},
    commands::CommandError,
    db::DbError,
    error_chain::Chain,
    feed::{FeedError, RETRY_MS, SnapshotError},
    fleet::EnrolError,
    hq::HqError,
    intake::{DayError, Full, ReceiveError, SessionError},
    member::MemberError,
    online_return::{self, OnlineReturnError},
    payment::PaymentError,
    pickup::PickupError,
    pictures::PictureError,
    redemption::RedemptionError,
    rules::{CheckShape, FindingShape, PreviewError, RulesError},
    settings::{SettingsError, finding},
    vault::VaultError,
};

/// A kind of problem: its path's last part, its status, its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) slug: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        $(pub(super) const $name: Kind =
            Kind { slug: $slug, status: StatusCode::$status, title: $title };)*
        /// Every kind, for the pages under `/problems/`.
        pub(super) const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED = "malformed", BAD_REQUEST, "The request could not be understood";
    SIGNATURE_REQUIRED = "signature-required", UNAUTHORIZED, "The request must be signed by an edge node";
    SIGNATURE_WRONG = "signature-wrong", UNAUTHORIZED, "The signature does not fit the request";
    SIGNATURE_STALE = "signature-stale", UNAUTHORIZED, "The signature was made at another time";
    CERTIFICATE_REQUIRED = "certificate-required", UNAUTHORIZED, "The edge node must show a certificate of its own that has not ended";
    EDGE_UNKNOWN = "edge-unknown", UNAUTHORIZED, "The edge node is not known or was revoked";
    TOKEN_REQUIRED = "token-required", UNAUTHORIZED, "A valid staff token is needed";
    READ_ONLY = "read-only", FORBIDDEN, "This token may read and not change this";
    FORBIDDEN = "forbidden", FORBIDDEN, "This belongs to another store";
    NOT_FOUND = "not-found", NOT_FOUND, "There is no such thing";
    CLAIM_UNKNOWN = "claim-unknown", NOT_FOUND, "The claim code is not known";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "This path has no such method";
    CLAIM_USED = "claim-used", CONFLICT, "The claim code has been used";
    ID_TAKEN = "id-taken", CONFLICT, "This id was used for something else";
    PAYMENT_UNDECIDED = "payment-undecided", CONFLICT, "A payment of this order is not decided yet";
    PAYMENT_REFUNDED = "payment-refunded", CONFLICT, "A part of this payment was given back";
    PHONE_TAKEN = "phone-taken", CONFLICT, "The phone number is another member's";
    LENT = "lent", CONFLICT, "So much is not free: a part is lent to stores";
    STOCK_SHORT = "stock-short", CONFLICT, "Not enough is there";
    SET_ASIDE_FULL = "set-aside-full", CONFLICT, "Too much is set aside for the shoppers of this store";
    PRICE_CHANGED = "price-changed", CONFLICT, "The order costs something else by now";
    PICKUP_OVER = "pickup-over", CONFLICT, "The online order stands where this cannot be done";
    ORDER_NOT_COLLECTED = "order-not-collected", CONFLICT, "The online order has not been handed over";
    ORDER_AT_COUNTER = "order-sold-at-counter", CONFLICT, "The goods were set aside and sold at a counter";
    ORDER_ENDED = "order-ended", CONFLICT, "The online order ended and its money went back whole";
    ORDER_AMBIGUOUS = "order-ambiguous", CONFLICT, "Several online orders have this number";
    PICTURE_SHOWN = "picture-shown", CONFLICT, "A playlist shows the picture";
    EPOCH = "epoch", CONFLICT, "The batch is of another epoch";
    SESSION_ENDED = "session-ended", CONFLICT, "The session has ended: say first where the ledger stands";
    FORKED = "forked", CONFLICT, "The history of the edge node does not go on from what is held";
    SCHEMA_OLD = "schema-old", CONFLICT, "The program is too old for what the mall gives";
    CLAIM_EXPIRED = "claim-expired", GONE, "The claim code has expired";
    FEED_GONE = "feed-gone", GONE, "The feed cannot be followed from this cursor";
    BODY_TOO_SLOW = "body-too-slow", REQUEST_TIMEOUT, "The body took too long";
    BODY_TOO_LARGE = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    PACKING_UNKNOWN = "packing-unknown", UNSUPPORTED_MEDIA_TYPE, "The body is packed in a way that is not known here";
    RULES_CHANGED = "rules-changed", PRECONDITION_FAILED, "Another rule set is in force by now";
    SETTINGS_CHANGED = "settings-changed", PRECONDITION_FAILED, "Other settings are desired by now";
    SETTINGS_REFUSED = "settings-refused", UNPROCESSABLE_ENTITY, "The settings have faults";
    PICTURE_REFUSED = "picture-refused", UNPROCESSABLE_ENTITY, "It is no picture for a screen";
    RULES_REFUSED = "rules-refused", UNPROCESSABLE_ENTITY, "The rule set has faults";
    QUOTE_REFUSED = "quote-refused", UNPROCESSABLE_ENTITY, "The cart cannot be priced";
    REVISION_REQUIRED = "revision-required", PRECONDITION_REQUIRED, "Say which revision you have changed";
    TOO_MANY_TRIES = "too-many-tries", TOO_MANY_REQUESTS, "Too many wrong tries";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something broke here";
    BUSY = "busy", SERVICE_UNAVAILABLE, "The mall is busy";
    HOUSE_SILENT = "house-silent", SERVICE_UNAVAILABLE, "The house of this code does not answer";
    SNAPSHOT_BUILDING = "snapshot-building", SERVICE_UNAVAILABLE, "The snapshot is being made";
}

/// A problem on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem(Box<Members>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Members {
    kind: Kind,
    detail: Option<String>,
    hint: Option<&'static str>,
    retry_after_ms: Option<u64>,
    now: Option<String>,
    epoch: Option<i64>,
    revision: Option<i64>,
    check: Option<CheckShape>,
}

#[derive(Serialize)]
struct Body {
    r#type: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<FindingShape>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_findings: Option<usize>,
}

impl Problem {
    pub(super) fn of(kind: Kind) -> Self {
        Self(Box::new(Members {
            kind,
            detail: None,
            hint: None,
            retry_after_ms: None,
            now: None,
            epoch: None,
            revision: None,
            check: None,
        }))
    }

    fn with(mut self, set: impl FnOnce(&mut Members)) -> Self {
        set(&mut self.0);
        self
    }

    pub(super) fn detail(self, detail: impl ToString) -> Self {
        self.with(|members| members.detail = Some(detail.to_string()))
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        self.with(|members| members.hint = Some(hint))
    }

    pub(super) fn retry_after_ms(self, ms: u64) -> Self {
        self.with(|members| members.retry_after_ms = Some(ms))
    }

    /// The mall's time, for an edge node whose clock is off.
    pub(super) fn now(self, now: domain::time::Timestamp) -> Self {
        self.with(|members| members.now = Some(now.to_string()))
    }

    fn epoch(self, epoch: i64) -> Self {
        self.with(|members| members.epoch = Some(epoch))
    }

    fn revision(self, revision: i64) -> Self {
        self.with(|members| members.revision = Some(revision))
    }

    /// The faults of a document, each with its rule or setting, code and sentences.
    fn faults(kind: Kind, check: CheckShape) -> Self {
        Self::of(kind).with(|members| members.check = Some(check))
    }

    /// What nobody outside can mend: logged here, once.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        error!(error = %Chain(error), "A request could not be answered");
        Self::of(INTERNAL)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Members { kind, detail, hint, retry_after_ms, now, epoch, revision, check } = *self.0;
        let (findings, n_findings) = check.map(|check| (check.errors, check.n_errors)).unzip();
        let body = Body {
            r#type: format!("/problems/{}", kind.slug),
            title: kind.title,
            status: kind.status.as_u16(),
            detail,
            hint,
            retry_after_ms,
            now,
            epoch,
            revision,
            findings,
            n_findings,
        };
        let mut response = (kind.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        if let Some(ms) = retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        if kind.status == StatusCode::UNAUTHORIZED && kind.slug == TOKEN_REQUIRED.slug {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A caller who comes again after this finds the writer free.
const BUSY_MS: u64 = 1_000;
/// An edge node that has had its certificates of a day looks again an hour later.
const TOO_MANY_CERTIFICATES_MS: u64 = 3_600_000;

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        let hint = error.hint();
        let problem = match error {
            MemberError::Unknown(_) | MemberError::Store(_) | MemberError::Rule(_) => {
                Self::of(NOT_FOUND).detail(error)
            }
            MemberError::Value { .. } | MemberError::Table(_) => Self::of(MALFORMED).detail(error),
            MemberError::Phone(_) => Self::of(PHONE_TAKEN).detail(error),
            MemberError::Taken => Self::of(ID_TAKEN),
            MemberError::Lent { .. } => Self::of(LENT).detail(error),
            MemberError::Vault(error) => return error.into(),
            MemberError::Dice(_) => return Self::internal(&error),
            MemberError::Db(error) => return error.into(),
        };
        hint.map_or_else(|| problem.clone(), |hint| problem.clone().hint(hint))
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Db(error) => error.into(),
            VaultError::File { .. }
            | VaultError::NoKey(_)
            | VaultError::OtherKey(_)
            | VaultError::Dice
            | VaultError::Seal(_)
            | VaultError::Sign(_)
            | VaultError::Rotation(_)
            | VaultError::Full
            | VaultError::Unknown(_) => Self::internal(&error),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        if error.is_transient() {
            warn!(error = %Chain(&error), "A request found the database busy");
            return Self::of(BUSY).retry_after_ms(BUSY_MS);
        }
        if error.is_of_unkeepable_text() {
            return Self::of(MALFORMED).detail("a text in it holds the sign NUL");
        }
        Self::internal(&error)
    }
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Unknown => Self::of(NOT_FOUND).detail(error),
            FeedError::Gone => Self::of(FEED_GONE).detail(error).hint("take a snapshot"),
            FeedError::Vault(error) => error.into(),
            FeedError::Db(error) => error.into(),
        }
    }
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Unknown => Self::of(NOT_FOUND).detail(error),
            SnapshotError::Making => Self::of(SNAPSHOT_BUILDING).retry_after_ms(RETRY_MS),
            SnapshotError::Db(error) => error.into(),
            SnapshotError::Build(_) | SnapshotError::Files(_) | SnapshotError::Keys(_) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::TooManyTries { retry_ms } => {
                let ms = u64::try_from(retry_ms).unwrap_or(BUSY_MS);
                Self::of(TOO_MANY_TRIES).retry_after_ms(ms)
            }
            EnrolError::Key => Self::of(MALFORMED).detail(error),
            EnrolError::Unknown => {
                Self::of(CLAIM_UNKNOWN).hint("check the code, or ask HQ for a new one")
            }
            EnrolError::Used => Self::of(CLAIM_USED).hint("ask HQ for a new code"),
            EnrolError::Expired => Self::of(CLAIM_EXPIRED).hint("ask HQ for a new code"),
            EnrolError::Certificate(error) => error.into(),
            EnrolError::Dice(_) => Self::internal(&error),
            EnrolError::Db(error) => error.into(),
        }
    }
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        if let AuthorityError::Db(error) = error { error.into() } else { Self::internal(&error) }
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Request(fault) => Self::of(MALFORMED).detail(fault),
            IssueError::TooMany => {
                Self::of(TOO_MANY_TRIES).detail(error).retry_after_ms(TOO_MANY_CERTIFICATES_MS)
            }
            IssueError::Revoked => Self::of(EDGE_UNKNOWN),
            IssueError::Authority(_) => Self::internal(&error),
            IssueError::Db(error) => error.into(),
        }
    }
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Refused(refusal) => match refusal {
                Refusal::Epoch { ours } => Self::of(EPOCH).detail(refusal).epoch(ours.into()),
                Refusal::SessionEnded => Self::of(SESSION_ENDED),
                Refusal::Sequences => Self::of(MALFORMED).detail(refusal),
                Refusal::Forked => Self::of(FORKED).detail(refusal),
            },
            ReceiveError::Db(error) => error.into(),
        }
    }
}

impl From<DayError> for Problem {
    fn from(error: DayError) -> Self {
        match error {
            DayError::Malformed(_) => Self::of(MALFORMED).detail(error),
            DayError::Receive(error) => error.into(),
            DayError::Keys(_) => Self::internal(&error),
            DayError::Db(error) => error.into(),
        }
    }
}

impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        Self::of(BUSY).detail(full).retry_after_ms(full.retry_after_ms)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Dice(_) => Self::internal(&error),
            SessionError::Db(error) => error.into(),
        }
    }
}

impl From<HqError> for Problem {
    fn from(error: HqError) -> Self {
        match error {
            HqError::Store(_) | HqError::Order(_) => Self::of(NOT_FOUND).detail(error),
            HqError::Cursor => Self::of(MALFORMED).detail(error),
            HqError::Db(error) => error.into(),
        }
    }
}

impl From<PickupError> for Problem {
    fn from(error: PickupError) -> Self {
        match error {
            PickupError::Malformed(_) | PickupError::Line { .. } => {
                Self::of(MALFORMED).detail(error)
            }
            PickupError::Unknown | PickupError::Store(_) => Self::of(NOT_FOUND).detail(error),
            PickupError::Taken => Self::of(ID_TAKEN),
            PickupError::Short { .. } => Self::of(STOCK_SHORT).detail(error),
            PickupError::Full(_) => Self::of(SET_ASIDE_FULL).detail(error),
            PickupError::Price { .. } => Self::of(PRICE_CHANGED).detail(error),
            PickupError::Over(_) => Self::of(PICKUP_OVER).detail(error),
            PickupError::Code => Self::internal(&error),
            PickupError::Vault(error) => error.into(),
            PickupError::Db(error) => error.into(),
        }
    }
}

impl From<OnlineReturnError> for Problem {
    fn from(error: OnlineReturnError) -> Self {
        match error {
            OnlineReturnError::Malformed(_) => Self::of(MALFORMED).detail(error),
            OnlineReturnError::Unknown => Self::of(NOT_FOUND).detail(error),
            OnlineReturnError::Ambiguous => Self::of(ORDER_AMBIGUOUS).hint("scan its code"),
            OnlineReturnError::Standing(online_return::ENDED) => Self::of(ORDER_ENDED),
            OnlineReturnError::Standing(online_return::AT_THE_COUNTER) => {
                Self::of(ORDER_AT_COUNTER)
            }
            OnlineReturnError::Standing(_) => Self::of(ORDER_NOT_COLLECTED),
            OnlineReturnError::Taken => Self::of(ID_TAKEN),
            OnlineReturnError::Db(error) => error.into(),
        }
    }
}

/// A house that was silent may answer after this.
const SILENT_MS: u64 = 3_000;

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Unknown => Self::of(NOT_FOUND).detail(error),
            PaymentError::Malformed(_) => Self::of(MALFORMED).detail(error),
            PaymentError::Taken => Self::of(ID_TAKEN),
            PaymentError::Undecided => {
                Self::of(PAYMENT_UNDECIDED).hint("ask where it stands, or have it undone")
            }
            PaymentError::Refunded => Self::of(PAYMENT_REFUNDED).hint("refund the rest of it"),
            PaymentError::Db(error) => error.into(),
        }
    }
}

impl From<RedemptionError> for Problem {
    fn from(error: RedemptionError) -> Self {
        match error {
            RedemptionError::Unknown => Self::of(NOT_FOUND).detail(error),
            RedemptionError::Malformed(_) => Self::of(MALFORMED).detail(error),
            RedemptionError::Taken => Self::of(ID_TAKEN),
            RedemptionError::Silent => Self::of(HOUSE_SILENT).retry_after_ms(SILENT_MS),
            RedemptionError::Db(error) => error.into(),
        }
    }
}

impl From<RulesError> for Problem {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::TooLarge(_) => Self::of(BODY_TOO_LARGE).detail(error),
            RulesError::Faults(check) => Self::faults(RULES_REFUSED, *check),
            RulesError::Changed { current } => {
                let hint = "read it, make your change to it, and save that";
                Self::of(RULES_CHANGED).detail(error).revision(current).hint(hint)
            }
            RulesError::Unknown(_) => Self::of(NOT_FOUND).detail(error),
            RulesError::Note => Self::of(MALFORMED).detail(error),
            RulesError::CutOff => Self::internal(&error),
            RulesError::Db(error) => error.into(),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(_) | CommandError::Group(_) => Self::of(NOT_FOUND).detail(error),
            CommandError::Word
            | CommandError::Minutes
            | CommandError::TooMany
            | CommandError::Cursor => Self::of(MALFORMED).detail(error),
            CommandError::Keys(_) | CommandError::NoDice(_) => Self::internal(&error),
            CommandError::Db(error) => error.into(),
        }
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::NoPicture(_) | PictureError::Name | PictureError::TooMany => {
                Self::of(PICTURE_REFUSED).detail(error)
            }
            PictureError::Shown => Self::of(PICTURE_SHOWN).detail(error),
            PictureError::Unknown => Self::of(NOT_FOUND).detail(error),
            PictureError::Db(error) => error.into(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Store(_) | SettingsError::Group(_) | SettingsError::Unknown(_) => {
                Self::of(NOT_FOUND).detail(error)
            }
            SettingsError::NotOfStore(_) | SettingsError::GroupFault(_) => {
                Self::of(MALFORMED).detail(error)
            }
            SettingsError::Faults(faults) => {
                let errors: Vec<FindingShape> = faults.iter().map(finding).collect();
                let n_errors = errors.len();
                Self::faults(
                    SETTINGS_REFUSED,
                    CheckShape { errors, n_errors, ..CheckShape::default() },
                )
            }
            SettingsError::Changed { current } => {
                let hint = "read them, make your change, and save that";
                Self::of(SETTINGS_CHANGED).detail(error).revision(current).hint(hint)
            }
            SettingsError::Note => Self::of(MALFORMED).detail(error),
            SettingsError::Write | SettingsError::Keys(_) => Self::internal(&error),
            SettingsError::Db(error) => error.into(),
        }
    }
}

impl From<PreviewError> for Problem {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Faults(check) => Self::faults(RULES_REFUSED, *check),
            PreviewError::Rules(error) => error.into(),
            PreviewError::TooManyLines(_)
            | PreviewError::Sku { .. }
            | PreviewError::Label { .. }
            | PreviewError::Line { .. }
            | PreviewError::Occasion(_)
            | PreviewError::Both
            | PreviewError::Quote(_)
            | PreviewError::Tender(_) => Self::of(QUOTE_REFUSED).detail(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_path_and_an_error_status() {
        let mut slugs: Vec<&str> = KINDS.iter().map(|kind| kind.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), KINDS.len());
        assert!(KINDS.iter().all(|kind| kind.status.as_u16() >= 400));
    }
}
