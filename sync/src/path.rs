//! The mall's HTTP paths towards edge nodes, written once for both sides.
//!
//! **Invariant:** a path that one side serves and the other calls stands only here.

use domain::{
    id::{EdgeId, PaymentId, RedemptionId, RefundId},
    time::BusinessDate,
};

use crate::{chain::Hash, replica::Scope};

/// `POST`: an edge node claims its place with a one-time code; the only unsigned request.
pub const ENROLMENTS: &str = "/edge/v1/enrolments";
/// `POST`: an edge node asks for its next certificate.
pub const CERTIFICATES: &str = "/edge/v1/certificates";
/// `GET`: the head of a scope's feed.
pub const HEAD: &str = "/edge/v1/scopes/{scope}/head";
/// `GET`: a page of a scope's changes.
pub const FEED: &str = "/edge/v1/scopes/{scope}/feed";
/// `GET`: what the newest snapshot of a scope is.
pub const SNAPSHOT: &str = "/edge/v1/scopes/{scope}/snapshot";
/// `GET`: the snapshot file, compressed.
pub const SNAPSHOT_FILE: &str = "/edge/v1/scopes/{scope}/snapshots/{version}";
/// `GET`: what the rows of a scope add up to, bucket by bucket.
pub const DIGESTS: &str = "/edge/v1/scopes/{scope}/digests";
/// `GET`: the rows of one bucket.
pub const BUCKET: &str = "/edge/v1/scopes/{scope}/buckets/{bucket}";
/// `POST`: where an edge node's ledger stands, before its facts are sent.
pub const SESSIONS: &str = "/edge/v1/sessions";
/// `GET`: facts that are held and that a ledger has lost.
pub const LOST: &str = "/edge/v1/lives/{epoch}/facts";
/// `POST`: a batch of facts.
pub const BATCHES: &str = "/edge/v1/edges/{edge}/batches";
/// `POST`: what an edge node's ledger holds of a day.
pub const DAY: &str = "/edge/v1/days/{day}";
/// `POST`: what is held of some parts of a day.
pub const DAY_IDS: &str = "/edge/v1/days/{day}/ids";
/// `POST`: facts of a day that the mall has lost, once more.
pub const DAY_FACTS: &str = "/edge/v1/days/{day}/facts";
/// `POST`: what is wrong in a store now.
pub const TROUBLES: &str = "/edge/v1/troubles";
/// `GET`: the secret by which a store opens what is sealed for it.
pub const SEAL: &str = "/edge/v1/seal";

/// `POST`: a guest of the Wi-Fi checked in; the answer is their coupon, where HQ gives one.
pub const CHECK_INS: &str = "/edge/v1/check-ins";

/// `GET`: the settings that HQ wishes for this store, signed, and the keys to believe them by.
pub const SETTINGS: &str = "/edge/v1/settings";
/// `GET`: a picture that a playlist names.
pub const PICTURE: &str = "/edge/v1/pictures/{picture}";
/// `POST`: what became of them here.
pub const SETTINGS_REPORTS: &str = "/edge/v1/settings/reports";

/// `GET`: what a store is to do, signed. `POST`: what came of it.
pub const COMMANDS: &str = "/edge/v1/commands";

/// `POST`: charge whoever showed a payment code.
pub const PAYMENTS: &str = "/edge/v1/payments";
/// `GET`: where a payment stands; the mall asks the other house when it does not know.
pub const PAYMENT: &str = "/edge/v1/payments/{payment}";
/// `POST`: a payment shall not be.
pub const REVERSAL: &str = "/edge/v1/payments/{payment}/reversal";
/// `POST`: give back a part of what was paid.
pub const REFUNDS: &str = "/edge/v1/refunds";
/// `GET`: where a refund stands.
pub const REFUND: &str = "/edge/v1/refunds/{refund}";
/// `POST`: what a coupon or voucher is worth.
pub const REDEMPTIONS: &str = "/edge/v1/redemptions";
/// `GET`: where a redemption stands.
pub const REDEMPTION: &str = "/edge/v1/redemptions/{redemption}";
/// `POST`: use what was looked up.
pub const REDEMPTION_USE: &str = "/edge/v1/redemptions/{redemption}/use";
/// `POST`: give back what was used.
pub const REDEMPTION_REVERSAL: &str = "/edge/v1/redemptions/{redemption}/reversal";

/// `POST`: what may come back of an online order.
pub const ONLINE_ORDERS: &str = "/edge/v1/online-orders";
/// `POST`: take pieces of an online order back; the same id again tells what was decided.
pub const ONLINE_RETURNS: &str = "/edge/v1/online-returns";
/// `POST`: which other stores have an item.
pub const ELSEWHERE: &str = "/edge/v1/elsewhere";
/// `POST`: set an item aside in another store.
pub const SET_ASIDES: &str = "/edge/v1/set-asides";

/// Where a payment stands.
#[must_use]
pub fn payment(payment: PaymentId) -> String {
    format!("/edge/v1/payments/{payment}")
}

/// A payment shall not be.
#[must_use]
pub fn reversal(payment: PaymentId) -> String {
    format!("/edge/v1/payments/{payment}/reversal")
}

/// Where a refund stands.
#[must_use]
pub fn refund(refund: RefundId) -> String {
    format!("/edge/v1/refunds/{refund}")
}

/// Where a redemption stands.
#[must_use]
pub fn redemption(redemption: RedemptionId) -> String {
    format!("/edge/v1/redemptions/{redemption}")
}

/// Use what was looked up.
#[must_use]
pub fn redemption_use(redemption: RedemptionId) -> String {
    format!("/edge/v1/redemptions/{redemption}/use")
}

/// Give back what was used.
#[must_use]
pub fn redemption_reversal(redemption: RedemptionId) -> String {
    format!("/edge/v1/redemptions/{redemption}/reversal")
}

/// The head of a scope's feed.
#[must_use]
pub fn head(scope: Scope) -> String {
    format!("/edge/v1/scopes/{scope}/head")
}

/// A page of changes after a cursor.
#[must_use]
pub fn feed(scope: Scope, cursor: &crate::wire::FeedCursorV1) -> String {
    let crate::wire::FeedCursorV1 { incarnation, version, after } = cursor;
    let mut path =
        format!("/edge/v1/scopes/{scope}/feed?incarnation={incarnation}&since={version}");
    if !after.is_empty() {
        path.push_str("&after=");
        path.push_str(&percent(after));
    }
    path
}

/// The manifest of the newest snapshot.
#[must_use]
pub fn snapshot(scope: Scope) -> String {
    format!("/edge/v1/scopes/{scope}/snapshot")
}

/// The file of a snapshot.
#[must_use]
pub fn snapshot_file(scope: Scope, version: i64) -> String {
    format!("/edge/v1/scopes/{scope}/snapshots/{version}")
}

/// One of these of a scope, asked for in the newest schema that the box reads. A mall that is older than
/// the question does not see it.
#[must_use]
pub fn reading(path: &str, schema: i64) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}schema={schema}")
}

/// A picture, by its SHA-256.
#[must_use]
pub fn picture(picture: Hash) -> String {
    format!("/edge/v1/pictures/{picture}")
}

/// What the rows of a scope add up to.
#[must_use]
pub fn digests(scope: Scope) -> String {
    format!("/edge/v1/scopes/{scope}/digests")
}

/// The rows of one bucket.
#[must_use]
pub fn bucket(scope: Scope, bucket: usize) -> String {
    format!("/edge/v1/scopes/{scope}/buckets/{bucket}")
}

/// Where an edge node's facts go.
#[must_use]
pub fn batches(edge: EdgeId) -> String {
    format!("/edge/v1/edges/{edge}/batches")
}

/// Facts of one life of a ledger, after a sequence.
#[must_use]
pub fn lost(epoch: u32, after: i64) -> String {
    format!("/edge/v1/lives/{epoch}/facts?after={after}")
}

/// What a ledger holds of a day.
#[must_use]
pub fn day(day: BusinessDate) -> String {
    format!("/edge/v1/days/{day}")
}

/// What is held of some parts of a day.
#[must_use]
pub fn day_ids(day: BusinessDate) -> String {
    format!("/edge/v1/days/{day}/ids")
}

/// Facts of a day that the mall has lost, once more.
#[must_use]
pub fn day_facts(day: BusinessDate) -> String {
    format!("/edge/v1/days/{day}/facts")
}

/// Percent-encodes everything that is not unreserved (RFC 3986, 2.3).
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
