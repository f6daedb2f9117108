//! Codes of our own that prove themselves: a member's, a coupon's, a pickup's.
//!
//! The mall signs them (Ed25519), a shopper's phone shows them, and a till with its cable cut reads
//! and believes them by the mall's public keys alone.
//!
//! ```text
//! M1.<base64url>        key version (1) │ fields │ signature (64) over "guitai-token-1\n" M1 \n version fields
//! ```
//!
//! | prefix | fields, big-endian |
//! | --- | --- |
//! | `M1.` | member (16), valid from (4), until (4) |
//! | `C1.` | coupon (16), member or zeros (16), store or 0 (4), valid from (4), until (4), rule (1 + n) |
//! | `P1.` | pickup (16), store (4), valid from (4), until (4) |
//!
//! Times are seconds since 1970.
//!
//! **Invariant:** a token says what its signer said, never whether it was used: that is the ledger's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    id::{CouponId, Id, MemberId, PickupId},
    time::Timestamp,
};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use uuid::Uuid;

use crate::{replica::StoreId, signature::NotAKey};

/// Signs of a token that is read at all; a coupon with the longest rule has fewer than 250.
pub const TOKEN_CHARS_MAX: usize = 400;
/// Bytes of a rule's id inside a coupon.
pub const RULE_BYTES_MAX: usize = 64;
/// Keys that are believed at once: a new one, the one in use, and those before it while something
/// that they signed is good. With coupons for two years that is a new key every three months.
pub const KEYS_MAX: usize = 8;
/// How far a store's clock may be from the mall's before a fresh token is refused.
pub const CLOCK_SLACK_S: u32 = 300;

const SIGNATURE_BYTES: usize = 64;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Not before, in seconds since 1970.
    pub from_s: u32,
    /// Not after, in seconds since 1970.
    pub until_s: u32,
    /// Who or what.
    pub subject: Subject,
}

/// Who or what a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A member shows who they are (会员码).
    Member(MemberId),
    /// A coupon of ours (优惠券).
    Coupon {
        /// The coupon; used once, whoever shows it.
        coupon: CouponId,
        /// Whose it is; nobody's where anyone may use it.
        member: Option<MemberId>,
        /// Where it is good; everywhere where none is named.
        store: Option<StoreId>,
        /// The rule that it switches on.
        rule: String,
    },
    /// A shopper comes for what they ordered (提货码).
    Pickup {
        /// What they come for.
        pickup: PickupId,
        /// Where.
        store: StoreId,
    },
}

/// A key of the mall's by its version, as 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// 1, 2, 3 …
    pub version: u8,
    /// Ed25519.
    pub bytes: Vec<u8>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It is none of ours, or cut off.
    #[error("it is not a token")]
    Malformed,
    /// Signed by a key that is not believed here.
    #[error("its key is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("its signature does not fit")]
    Forged,
    /// Good later.
    #[error("it is not good yet")]
    NotYet,
    /// Not good any more.
    #[error("it is not good any more")]
    Expired,
    /// Good in another store.
    #[error("it is good in another store")]
    OtherStore,
}

/// Why a token cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// The key is none.
    #[error("the token could not be signed")]
    Key(#[from] NotAKey),
    /// A store's number or a rule's id that has no room in a token.
    #[error("a field does not fit into a token")]
    TooLong,
}

impl Subject {
    const fn prefix(&self) -> &'static str {
        match self {
            Self::Member(_) => "M1",
            Self::Coupon { .. } => "C1",
            Self::Pickup { .. } => "P1",
        }
    }

    const fn store(&self) -> Option<StoreId> {
        match self {
            Self::Member(_) => None,
            Self::Coupon { store, .. } => *store,
            Self::Pickup { store, .. } => Some(*store),
        }
    }
}

/// Whether a text looks like a token of ours: a till asks before it looks anything up.
#[must_use]
pub fn is_token(text: &str) -> bool {
    ["M1.", "C1.", "P1."].iter().any(|prefix| text.starts_with(prefix))
}

/// Signs a token with the mall's key.
///
/// # Errors
/// When the key is none, or a field has no room.
pub fn sign(pkcs8: &[u8], version: u8, token: &Token) -> Result<String, Unsigned> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
    let mut bytes = vec![version];
    write_fields(&mut bytes, token)?;
    let prefix = token.subject.prefix();
    let made = pair.sign(&covered(prefix, &bytes));
    bytes.extend_from_slice(made.as_ref());
    Ok(format!("{prefix}.{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Reads a token and believes it, or says why not.
///
/// # Errors
/// See `Disbelief`; what was forged is told before what is late, so that a stranger learns nothing.
pub fn believe(
    text: &str,
    keys: &[PublicKey],
    store: StoreId,
    now: Timestamp,
) -> Result<Token, Disbelief> {
    let token = genuine(text, keys)?;
    if token.subject.store().is_some_and(|good_in| good_in != store) {
        return Err(Disbelief::OtherStore);
    }
    let now = now.micros().div_euclid(1_000_000);
    if now + i64::from(CLOCK_SLACK_S) < i64::from(token.from_s) {
        return Err(Disbelief::NotYet);
    }
    if now > i64::from(token.until_s) { Err(Disbelief::Expired) } else { Ok(token) }
}

/// Reads a token whoever shows it, wherever and whenever: what it names, and not what it is good
/// for.
///
/// # Errors
/// When it is none of ours.
pub fn genuine(text: &str, keys: &[PublicKey]) -> Result<Token, Disbelief> {
    let malformed = Disbelief::Malformed;
    let text = text.trim();
    if text.len() > TOKEN_CHARS_MAX {
        return Err(malformed);
    }
    let (prefix, body) = text.split_once('.').ok_or(malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| malformed)?;
    let split = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(malformed)?;
    let (signed, signature) = bytes.split_at_checked(split).ok_or(malformed)?;
    let (version, fields) = signed.split_first().ok_or(malformed)?;
    let token = Reader(fields).token(prefix).ok_or(malformed)?;
    let key = keys.iter().find(|key| key.version == *version).ok_or(Disbelief::UnknownKey)?;
    UnparsedPublicKey::new(&ED25519, &key.bytes)
        .verify(&covered(prefix, signed), signature)
        .map_err(|_| Disbelief::Forged)?;
    Ok(token)
}

fn covered(prefix: &str, signed: &[u8]) -> Vec<u8> {
    [b"guitai-token-1\n", prefix.as_bytes(), b"\n", signed].concat()
}

fn write_fields(bytes: &mut Vec<u8>, token: &Token) -> Result<(), Unsigned> {
    let number = |store: StoreId| u32::try_from(store.0).map_err(|_| Unsigned::TooLong);
    match &token.subject {
        Subject::Member(member) => bytes.extend_from_slice(&member.bytes()),
        Subject::Coupon { coupon, member, store, .. } => {
            bytes.extend_from_slice(&coupon.bytes());
            bytes.extend_from_slice(&member.map_or([0; 16], Id::bytes));
            let store = store.map_or(Ok(0), number)?;
            bytes.extend_from_slice(&store.to_be_bytes());
        }
        Subject::Pickup { pickup, store } => {
            bytes.extend_from_slice(&pickup.bytes());
            bytes.extend_from_slice(&number(*store)?.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&token.from_s.to_be_bytes());
    bytes.extend_from_slice(&token.until_s.to_be_bytes());
    if let Subject::Coupon { rule, .. } = &token.subject {
        let fits = (1..=RULE_BYTES_MAX).contains(&rule.len());
        let length = u8::try_from(rule.len()).ok().filter(|_| fits).ok_or(Unsigned::TooLong)?;
        bytes.push(length);
        bytes.extend_from_slice(rule.as_bytes());
    }
    Ok(())
}

/// Reads fields from the front; nothing may be left over.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn id<K>(&mut self) -> Option<Id<K>> {
        self.take().map(|bytes| Id::from_uuid(Uuid::from_bytes(bytes)))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn store(&mut self) -> Option<StoreId> {
        self.u32().map(|number| StoreId(i64::from(number)))
    }

    fn token(mut self, prefix: &str) -> Option<Token> {
        let mut subject = match prefix {
            "M1" => Subject::Member(self.id()?),
            "C1" => Subject::Coupon {
                coupon: self.id()?,
                member: self.id().map(|id| (id.bytes() != [0; 16]).then_some(id))?,
                store: self.store().map(|store| (store.0 != 0).then_some(store))?,
                rule: String::new(),
            },
            "P1" => Subject::Pickup { pickup: self.id()?, store: self.store()? },
            _ => return None,
        };
        let (from_s, until_s) = (self.u32()?, self.u32()?);
        if let Subject::Coupon { rule, .. } = &mut subject {
            let [length] = self.take()?;
            let (text, rest) = self.0.split_at_checked(usize::from(length))?;
            let is_right = (1..=RULE_BYTES_MAX).contains(&text.len());
            str::from_utf8(text).ok().filter(|_| is_right)?.clone_into(rule);
            self.0 = rest;
        }
        self.0.is_empty().then_some(Token { from_s, until_s, subject })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};
    use ring::{
        rand::SystemRandom,
        signature::{Ed25519KeyPair, KeyPair as _},
    };

    use super::*;

    const NOW_S: u32 = 1_795_246_200;
    const HERE: StoreId = StoreId(17);

    fn at(seconds: u32) -> Timestamp {
        Timestamp::from_micros(i64::from(seconds) * 1_000_000)
    }

    fn pair(version: u8) -> (Vec<u8>, PublicKey) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let bytes = pair.public_key().as_ref().to_vec();
        (pkcs8.as_ref().to_vec(), PublicKey { version, bytes })
    }

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    fn tokens() -> Vec<Token> {
        let rule = || "newcomer-20".to_owned();
        let subjects = [
            Subject::Member(id(7)),
            Subject::Coupon { coupon: id(8), member: Some(id(7)), store: Some(HERE), rule: rule() },
            Subject::Coupon { coupon: id(9), member: None, store: None, rule: rule() },
            Subject::Pickup { pickup: id(10), store: HERE },
        ];
        let whole = |subject| Token { from_s: NOW_S, until_s: NOW_S + 60, subject };
        subjects.into_iter().map(whole).collect()
    }

    #[test]
    fn a_token_is_believed_by_the_keys_alone_and_says_what_was_signed() {
        let (pkcs8, key) = pair(3);
        let (_, older) = pair(2);
        for token in tokens() {
            let text = sign(&pkcs8, 3, &token).unwrap();
            assert!(is_token(&text) && text.len() <= TOKEN_CHARS_MAX, "{text}");
            let keys = [older.clone(), key.clone()];
            assert_eq!(believe(&text, &keys, HERE, at(NOW_S)), Ok(token.clone()));
            assert_eq!(believe(&format!(" {text}\r"), &keys, HERE, at(NOW_S)), Ok(token));
            let unknown = believe(&text, std::slice::from_ref(&older), HERE, at(NOW_S));
            assert_eq!(unknown, Err(Disbelief::UnknownKey));
        }
    }

    #[test]
    fn a_token_is_good_in_its_time_and_its_store() {
        let (pkcs8, key) = pair(1);
        let keys = [key];
        for token in tokens() {
            let text = sign(&pkcs8, 1, &token).unwrap();
            let when = |seconds| believe(&text, &keys, HERE, at(seconds));
            assert!(when(NOW_S - CLOCK_SLACK_S).is_ok());
            assert_eq!(when(NOW_S - CLOCK_SLACK_S - 1), Err(Disbelief::NotYet));
            assert!(when(NOW_S + 60).is_ok());
            assert_eq!(when(NOW_S + 61), Err(Disbelief::Expired));
            let elsewhere = believe(&text, &keys, StoreId(18), at(NOW_S));
            let is_bound = token.subject.store().is_some();
            assert_eq!(elsewhere == Err(Disbelief::OtherStore), is_bound, "{token:?}");
        }
    }

    #[test]
    fn no_changed_sign_and_no_other_prefix_is_believed() {
        let (pkcs8, key) = pair(1);
        let keys = [key];
        for token in tokens() {
            let text = sign(&pkcs8, 1, &token).unwrap();
            for place in 0..text.len() {
                let mut forged = text.clone().into_bytes();
                forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
                let forged = String::from_utf8(forged).unwrap();
                assert!(believe(&forged, &keys, HERE, at(NOW_S)).is_err(), "{place}: {forged}");
            }
            for end in 0..text.len() {
                assert!(believe(&text[..end], &keys, HERE, at(NOW_S)).is_err());
            }
            let renamed = format!("M1.{}", text.split_once('.').unwrap().1);
            if renamed != text {
                assert!(believe(&renamed, &keys, HERE, at(NOW_S)).is_err());
            }
            let other = sign(&pair(1).0, 1, &token).unwrap();
            assert_eq!(believe(&other, &keys, HERE, at(NOW_S)), Err(Disbelief::Forged));
        }
        assert_eq!(believe(&"M1.".repeat(200), &keys, HERE, at(1)), Err(Disbelief::Malformed));
    }

    #[test]
    fn what_has_no_room_in_a_token_is_refused() {
        let (pkcs8, _) = pair(1);
        let coupon = |rule: &str, store| Token {
            from_s: 0,
            until_s: 1,
            subject: Subject::Coupon { coupon: id(1), member: None, store, rule: rule.to_owned() },
        };
        let far = Some(StoreId(i64::from(u32::MAX) + 1));
        for token in
            [coupon("", None), coupon(&"r".repeat(RULE_BYTES_MAX + 1), None), coupon("r", far)]
        {
            assert_eq!(sign(&pkcs8, 1, &token), Err(Unsigned::TooLong));
        }
        assert!(sign(b"no key", 1, &coupon("r", None)).is_err());
    }

    fn any_subject() -> impl Strategy<Value = Subject> {
        let any_id = any::<u128>();
        let any_store = 1_i64..=i64::from(u32::MAX);
        let coupon =
            (any_id, option::of(1..=u128::MAX), option::of(any_store.clone()), "[ -~]{1,64}");
        prop_oneof![
            any_id.prop_map(|n| Subject::Member(id(n))),
            (any_id, any_store).prop_map(|(n, store)| {
                Subject::Pickup { pickup: id(n), store: StoreId(store) }
            }),
            coupon.prop_map(|(n, member, store, rule)| Subject::Coupon {
                coupon: id(n),
                member: member.map(id),
                store: store.map(StoreId),
                rule,
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_was_signed_is_what_is_believed(
            subject in any_subject(), from_s in 1_000..NOW_S, lasts in 0..1_000_u32,
        ) {
            let (pkcs8, key) = pair(1);
            let token = Token { from_s, until_s: from_s + lasts, subject };
            let store = token.subject.store().unwrap_or(HERE);
            let text = sign(&pkcs8, 1, &token).unwrap();
            prop_assert!(text.len() <= TOKEN_CHARS_MAX);
            prop_assert_eq!(believe(&text, &[key], store, at(from_s)), Ok(token));
        }

        #[test]
        fn no_text_makes_a_till_believe_or_fall(
            prefix in "([MCP]1\\.)?", text in "([A-Za-z0-9_-]{0,420}|\\PC{0,420})",
        ) {
            let (_, key) = pair(1);
            let shown = prefix + &text;
            prop_assert!(believe(&shown, &[key], HERE, at(NOW_S)).is_err());
        }

        #[test]
        fn whatever_a_body_holds_is_read_as_it_would_be_written_or_not_at_all(
            prefix in prop_oneof![Just("M1"), Just("C1"), Just("P1")],
            body in vec(any::<u8>(), 0..128),
        ) {
            if let Some(token) = Reader(&body).token(prefix) {
                let mut written = Vec::new();
                prop_assert_eq!(write_fields(&mut written, &token), Ok(()));
                prop_assert_eq!(written, body);
            }
        }
    }
}
