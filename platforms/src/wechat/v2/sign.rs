//! v2's signature: the fields in the order of their names, the key behind them, MD5 or HMAC.
//!
//! MD5 is not a choice of ours; the key behind the text keeps others from extending it, and the
//! answer comes over TLS.

use md5::{Digest as _, Md5};
use ring::hmac;

use super::Fields;
use crate::secret::Secret;

/// How questions and answers are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignType {
    /// The house's default.
    Md5,
    /// HMAC-SHA256, better where the merchant may choose.
    HmacSha256,
}

/// What is signed: empty fields and `sign` itself are left out.
fn text(fields: &Fields, api_key: &Secret) -> String {
    let mut text = String::new();
    for (name, value) in fields.iter().filter(|(name, v)| *name != "sign" && !v.is_empty()) {
        text.push_str(&format!("{name}={value}&"));
    }
    text.push_str("key=");
    text.push_str(api_key.reveal());
    text
}

/// The signature in upper-case hex.
pub(crate) fn sign(fields: &Fields, api_key: &Secret, sign_type: SignType) -> String {
    let text = text(fields, api_key);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    match sign_type {
        SignType::Md5 => hex(&Md5::digest(text.as_bytes())),
        SignType::HmacSha256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, api_key.reveal().as_bytes());
            hex(hmac::sign(&key, text.as_bytes()).as_ref())
        }
    }
}

/// Whether an answer's `sign` is right. Compared without telling by its time where the two differ.
pub(crate) fn verifies(fields: &Fields, api_key: &Secret, sign_type: SignType) -> bool {
    let Some(given) = fields.get("sign") else { return false };
    let expected = sign(fields, api_key, sign_type);
    let differs = expected.bytes().zip(given.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    expected.len() == given.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merchant key and values of the sample that WeChat's signature page shows (chapter 4-3).
    #[test]
    fn one_changed_sign_is_noticed() {
        let key = Secret::new("192006250b4c09247ec02edce69f6a2d");
        let mut fields = Fields::default();
        fields.put("body", "test");
        fields.put("empty", "");
        for sign_type in [SignType::Md5, SignType::HmacSha256] {
            let right = sign(&fields, &key, sign_type);
            fields.put("sign", &right);
            assert!(verifies(&fields, &key, sign_type));
            for wrong in ["", &right[1..], &right.to_lowercase(), &right.replace('A', "B")] {
                fields.put("sign", wrong);
                assert_eq!(verifies(&fields, &key, sign_type), wrong == right, "{wrong}");
            }
            fields.put("sign", &right);
            fields.put("body", "tesu");
            assert!(!verifies(&fields, &key, sign_type));
            fields.put("body", "test");
        }
    }
}
