//! A fact in a wrapping that nothing on the way can take offence at.
//!
//! A body that a proxy or a mall refuses for how it looks still is something that happened. Wrapped it
//! is letters, digits and two signs; place, id, digest and chain stay what they were, so that the mall
//! unwraps it and holds the very fact. A mall that is older than wrapping finds that the digest does not
//! fit, and holds the wrapping in quarantine: either way nothing behind it waits.
//!
//! **Invariant:** `unwrap(wrap(fact))` is the fact.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use crate::{chain::Hash, wire::FactV1};

/// The kind of a wrapped fact.
pub const KIND_RAW: &str = "raw";

/// Wraps a fact.
#[must_use]
pub fn wrap(fact: &FactV1) -> FactV1 {
    let within = format!("{}\0{}\0{}", fact.v, fact.kind, fact.body);
    let body = STANDARD_NO_PAD.encode(within);
    FactV1 { kind: KIND_RAW.to_owned(), v: 1, body, ..fact.clone() }
}

/// The fact within; `None` for what is not wrapped, or what does not hold the body of its digest.
#[must_use]
pub fn unwrap(fact: &FactV1) -> Option<FactV1> {
    if fact.kind != KIND_RAW || fact.v != 1 {
        return None;
    }
    let within = String::from_utf8(STANDARD_NO_PAD.decode(&fact.body).ok()?).ok()?;
    let (v, rest) = within.split_once('\0')?;
    let (kind, body) = rest.split_once('\0')?;
    let v = v.parse().ok()?;
    let is_whole = Hash::of(body.as_bytes()) == fact.digest;
    is_whole.then(|| FactV1 { kind: kind.to_owned(), v, body: body.to_owned(), ..fact.clone() })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn fact(kind: &str, body: &str) -> FactV1 {
        FactV1 {
            seq: 7,
            id: Uuid::from_u128(3),
            kind: kind.to_owned(),
            v: 2,
            body: body.to_owned(),
            digest: Hash::of(body.as_bytes()),
            chain: Hash::of(b"chain"),
        }
    }

    #[test]
    fn a_wrapped_fact_comes_out_as_it_was() {
        for body in ["", "{}", "\0", "{\"a\":\"\\u0000\"}", "纯牛奶\0 ' or 1=1 --"] {
            let fact = fact("order", body);
            let wrapped = wrap(&fact);
            assert!(
                wrapped
                    .body
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
            );
            assert_eq!((wrapped.seq, wrapped.id, wrapped.chain), (fact.seq, fact.id, fact.chain));
            assert_eq!(unwrap(&wrapped), Some(fact));
        }
    }

    #[test]
    fn what_is_no_wrapping_stays_as_it_is() {
        let wrapped = wrap(&fact("order", "{}"));
        let others = [
            fact("order", "{}"),
            fact(KIND_RAW, "{}"),
            FactV1 { v: 2, ..wrapped.clone() },
            FactV1 { digest: Hash::of(b"another"), ..wrapped.clone() },
            FactV1 { body: STANDARD_NO_PAD.encode("order"), ..wrapped.clone() },
            FactV1 { body: STANDARD_NO_PAD.encode([0xff, 0xfe]), ..wrapped },
        ];
        for other in others {
            assert_eq!(unwrap(&other), None, "{other:?}");
        }
    }
}
