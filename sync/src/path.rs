//! The mall's HTTP paths towards edge nodes, written once for both sides.
//!
//! **Invariant:** a path that one side serves and the other calls stands only here.

use domain::id::EdgeId;

use crate::replica::Scope;

/// `POST`: an edge node claims its place with a one-time code; the only unsigned request.
pub const ENROLMENTS: &str = "/edge/v1/enrolments";
/// `GET`: the head of a scope's feed.
pub const HEAD: &str = "/edge/v1/scopes/{scope}/head";
/// `GET`: a page of a scope's changes.
pub const FEED: &str = "/edge/v1/scopes/{scope}/feed";
/// `GET`: what the newest snapshot of a scope is.
pub const SNAPSHOT: &str = "/edge/v1/scopes/{scope}/snapshot";
/// `GET`: the snapshot file, compressed.
pub const SNAPSHOT_FILE: &str = "/edge/v1/scopes/{scope}/snapshots/{version}";
/// `POST`: a batch of facts.
pub const BATCHES: &str = "/edge/v1/edges/{edge}/batches";

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

/// Where an edge node's facts go.
#[must_use]
pub fn batches(edge: EdgeId) -> String {
    format!("/edge/v1/edges/{edge}/batches")
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
