//! Whether an answer or a notice is the house's: signature, key, age.

use domain::time::Timestamp;

use crate::{http::Answer, http::SetupError, moment, rsa::PublicKey};

/// Older or newer than this is not believed; the house's own rule for us, too.
const SKEW_SECONDS_MAX: i64 = 300;
/// The house sends notices with a signature that begins so, to see whether they are refused.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// A key of the house: a platform certificate (平台证书) or its public key (微信支付公钥).
#[derive(Clone, Debug)]
pub struct PlatformKey {
    /// The certificate's serial number, or `PUB_KEY_ID_…`, as `Wechatpay-Serial` names it. For a
    /// certificate it may be empty: its own number is used then.
    pub id: String,
    /// PEM.
    pub pem: String,
}

/// The four headers that carry a signature.
#[derive(Clone, Copy, Debug)]
pub struct SignedHeaders<'a> {
    /// `Wechatpay-Serial`.
    pub serial: &'a str,
    /// `Wechatpay-Timestamp`.
    pub timestamp: &'a str,
    /// `Wechatpay-Nonce`.
    pub nonce: &'a str,
    /// `Wechatpay-Signature`.
    pub signature: &'a str,
}

impl<'a> SignedHeaders<'a> {
    /// All four, each exactly once.
    pub(super) fn of(answer: &'a Answer) -> Option<Self> {
        Some(Self {
            serial: answer.header("wechatpay-serial")?,
            timestamp: answer.header("wechatpay-timestamp")?,
            nonce: answer.header("wechatpay-nonce")?,
            signature: answer.header("wechatpay-signature")?,
        })
    }
}

/// Why it is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A probe, which must be refused.
    #[error("the signature is a probe")]
    Probe,
    /// A key that we do not have; the house may have changed it.
    #[error("signed with a key that is not configured")]
    UnknownKey,
    /// More than 300 s old or ahead.
    #[error("the timestamp is too far from now")]
    Skew,
    /// The signature is not of this key over these bytes.
    #[error("the signature is wrong")]
    Signature,
}

/// The keys of the house that we have.
#[derive(Debug)]
pub(super) struct PlatformKeys(Vec<(String, PublicKey)>);

impl PlatformKeys {
    pub(super) fn read(keys: &[PlatformKey]) -> Result<Self, SetupError> {
        const WHAT: &str = "key of the house";
        let read = |given: &PlatformKey| {
            let key = PublicKey::read(&given.pem, WHAT)?;
            let id = if given.id.is_empty() { key.serial() } else { Some(given.id.as_str()) };
            let id = id.ok_or(SetupError::Key(WHAT))?.to_owned();
            Ok((id, key))
        };
        let keys = keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(SetupError::Key(WHAT)) } else { Ok(Self(keys)) }
    }

    /// The key that the house should answer with.
    pub(super) fn preferred(&self) -> Option<&str> {
        self.0.first().map(|(id, _)| id.as_str())
    }

    /// `Ok` if the bytes are the house's, and of now.
    pub(super) fn verify(
        &self,
        headers: &SignedHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        if headers.signature.starts_with(PROBE) {
            return Err(Unverified::Probe);
        }
        let (_, key) = self
            .0
            .iter()
            .find(|(id, _)| id.eq_ignore_ascii_case(headers.serial))
            .ok_or(Unverified::UnknownKey)?;
        let said: i64 = headers.timestamp.parse().map_err(|_| Unverified::Skew)?;
        if moment::seconds(now).abs_diff(said) >= SKEW_SECONDS_MAX.unsigned_abs() {
            return Err(Unverified::Skew);
        }
        let mut message = format!("{}\n{}\n", headers.timestamp, headers.nonce).into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        if key.verifies(&message, headers.signature) { Ok(()) } else { Err(Unverified::Signature) }
    }
}
