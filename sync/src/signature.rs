//! How a request proves which edge node sent it: Ed25519 over a fixed list of parts.
//!
//! Covered, each on its own line: method, path with query, SHA-256 of the body, time, nonce. The
//! same parts as RFC 9421 would list (`@method`, `@path`, `@query`, `content-digest`, `created`,
//! `nonce`), without its free choice of them.
//!
//! **Invariant:** keys come in as bytes; this room neither makes nor keeps one.

use domain::{id::EdgeId, time::Timestamp};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::chain::{Hash, hex, hex_bytes};

/// The header that carries a signature.
pub const HEADER: &str = "x-guitai-signature";
/// How far the edge's clock may be from the mall's; a store's clock without a battery can be off,
/// and a replay inside the window meets idempotent doors only.
pub const WINDOW_MS: i64 = 300_000;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `GET`, `POST` …
    pub method: &'a str,
    /// Path and query as sent.
    pub path: &'a str,
    /// The body's bytes; empty where there is none.
    pub body: &'a [u8],
}

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// No header, or not one of ours.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// The signature does not fit the request and the key.
    #[error("the signature does not fit")]
    Wrong,
    /// Made too long ago, or in the future.
    #[error("the signature was made at another time")]
    Stale,
}

/// Why a key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is not an Ed25519 key in PKCS#8")]
pub struct NotAKey;

/// The public half of a key, as hexadecimal digits, for enrolment.
pub fn public_key(pkcs8: &[u8]) -> Result<String, NotAKey> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
    Ok(hex(pair.public_key().as_ref()))
}

/// The header's value for a request: `edge;time;nonce;signature`.
pub fn sign(
    pkcs8: &[u8],
    edge: EdgeId,
    at: Timestamp,
    nonce: u64,
    signed: Signed<'_>,
) -> Result<String, NotAKey> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
    let made = pair.sign(&covered(edge, at, nonce, signed));
    Ok(format!("{edge};{};{nonce};{}", at.micros(), hex(made.as_ref())))
}

/// A header that was read but not yet believed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Who it says it is.
    pub edge: EdgeId,
    at: Timestamp,
    nonce: u64,
    signature: Vec<u8>,
}

impl Claimed {
    /// Reads a header's value.
    pub fn read(header: &str) -> Result<Self, Disbelief> {
        let mut parts = header.split(';');
        let mut part = || parts.next().ok_or(Disbelief::Malformed);
        let claimed = Self {
            edge: part()?.parse().map_err(|_| Disbelief::Malformed)?,
            at: part()?.parse().map(Timestamp::from_micros).map_err(|_| Disbelief::Malformed)?,
            nonce: part()?.parse().map_err(|_| Disbelief::Malformed)?,
            signature: hex_bytes(part()?).ok_or(Disbelief::Malformed)?,
        };
        if parts.next().is_some() { Err(Disbelief::Malformed) } else { Ok(claimed) }
    }

    /// Believes it or not: by the key the mall holds for that edge node, and the mall's time.
    pub fn verify(
        &self,
        public_key: &str,
        now: Timestamp,
        signed: Signed<'_>,
    ) -> Result<(), Disbelief> {
        let key = hex_bytes(public_key).ok_or(Disbelief::Wrong)?;
        let covered = covered(self.edge, self.at, self.nonce, signed);
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&covered, &self.signature)
            .map_err(|_| Disbelief::Wrong)?;
        if now.ms_since(self.at).abs() > WINDOW_MS { Err(Disbelief::Stale) } else { Ok(()) }
    }
}

fn covered(edge: EdgeId, at: Timestamp, nonce: u64, signed: Signed<'_>) -> Vec<u8> {
    let Signed { method, path, body } = signed;
    let digest = Hash::of(body);
    format!("guitai-1\n{edge}\n{method}\n{path}\n{digest}\n{}\n{nonce}", at.micros()).into_bytes()
}

#[cfg(test)]
mod tests {
    use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_signature_fits_one_request_one_key_and_one_time() {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let other = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let (key, other) = (key.as_ref(), other.as_ref());
        let edge = EdgeId::from_uuid(Uuid::from_u128(7));
        let at = Timestamp::from_micros(1_000_000_000);
        let signed = Signed { method: "POST", path: "/a?b=1", body: b"{}" };
        let claimed = Claimed::read(&sign(key, edge, at, 3, signed).unwrap()).unwrap();
        let public = public_key(key).unwrap();
        assert_eq!(claimed.edge, edge);
        assert_eq!(claimed.verify(&public, at, signed), Ok(()));
        assert_eq!(claimed.verify(&public, at.plus_ms(WINDOW_MS), signed), Ok(()));
        for late in [WINDOW_MS + 1, -WINDOW_MS - 1] {
            assert_eq!(claimed.verify(&public, at.plus_ms(late), signed), Err(Disbelief::Stale));
        }
        for wrong in [
            Signed { method: "PUT", ..signed },
            Signed { path: "/a?b=2", ..signed },
            Signed { body: b"{ }", ..signed },
        ] {
            assert_eq!(claimed.verify(&public, at, wrong), Err(Disbelief::Wrong));
        }
        let foreign = public_key(other).unwrap();
        assert_eq!(claimed.verify(&foreign, at, signed), Err(Disbelief::Wrong));
    }

    #[test]
    fn a_header_that_is_not_ours_is_refused() {
        for text in [
            "",
            ";;;",
            "x;1;2;ff",
            "00000000-0000-0000-0000-000000000007;1;2;f",
            "00000000-0000-0000-0000-000000000007;1;2;ff;9",
        ] {
            assert_eq!(Claimed::read(text).map(|_| ()), Err(Disbelief::Malformed), "{text:?}");
        }
    }
}
