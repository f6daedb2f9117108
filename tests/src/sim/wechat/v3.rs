//! `WeChat` Pay v3's signatures: a call's is checked over its bytes, an answer's is made.

use std::collections::BTreeMap;

use serde_json::json;

use crate::sim::{
    access::WECHAT,
    call::{Answer, Call, Seal},
    clock::Clock,
    keys::Keys,
    mint,
};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048 ";
/// A call is refused when its clock is off by more.
const SKEW_SECONDS: i64 = 300;
const NONCE_CHARS_MAX: usize = 32;

/// The detailed number of an error, behind the last `-` of `Request-Id`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Signature,
    Parameter,
    ExtraParameter,
    Other,
}

impl Number {
    fn digits(self) -> &'static str {
        match self {
            Self::Signature => "268443699",
            Self::Parameter => "268435461",
            Self::ExtraParameter => "270924358",
            Self::Other => "268435712",
        }
    }
}

/// An error as v3 tells it.
pub(crate) fn error(status: u16, code: &str, message: &str, number: Number) -> Answer {
    let mut answer = Answer::json(json!({ "code": code, "message": message }));
    answer.status = status;
    let id = format!("08{}-{}", mint::digits("", 20), number.digits());
    answer.headers.push(("Request-Id", id));
    answer
}

/// Checks who calls, or says why not.
pub(crate) fn check(keys: &Keys, call: &Call) -> Result<(), String> {
    let said = call.header("authorization");
    let said = said.strip_prefix(SCHEME).ok_or("Authorization has another scheme")?;
    let pairs = said.split(',').filter_map(|pair| pair.trim().split_once('='));
    let pairs: BTreeMap<&str, &str> =
        pairs.map(|(name, value)| (name, value.trim_matches('"'))).collect();
    let get = |name: &str| pairs.get(name).copied().unwrap_or_default();
    if get("mchid") != WECHAT.mch_id {
        return Err(format!("mchid {} is not the merchant's", get("mchid")));
    }
    if get("serial_no") != WECHAT.merchant_serial {
        return Err(format!("serial_no {} is not the merchant's", get("serial_no")));
    }
    let (nonce, timestamp) = (get("nonce_str"), get("timestamp"));
    if nonce.is_empty() || nonce.len() > NONCE_CHARS_MAX {
        return Err("nonce_str is missing or too long".to_owned());
    }
    let at: i64 = timestamp.parse().map_err(|_| "timestamp is no number".to_owned())?;
    if (Clock::wall() - at).abs() > SKEW_SECONDS {
        return Err(format!("timestamp {at} is off by more than {SKEW_SECONDS} s"));
    }
    let head = format!("{}\n{}\n{timestamp}\n{nonce}\n", call.method, call.target());
    let text = [head.as_bytes(), &call.body, b"\n"].concat();
    if keys.wechat_merchant.has_signed(&text, get("signature")) {
        Ok(())
    } else {
        Err("the signature is not the merchant's over these bytes".to_owned())
    }
}

/// The headers that sign an answer.
pub(crate) fn sign(
    keys: &Keys,
    key: usize,
    body: &str,
    is_spoiled: bool,
) -> Vec<(&'static str, String)> {
    let (at, nonce) = (Clock::wall(), mint::word(32));
    let (rsa, serial) = match (&keys.wechat_platform, WECHAT.platform_serials) {
        ([_, second], [_, serial]) if key == 1 => (second, serial),
        ([first, _], [serial, _]) => (first, serial),
    };
    let text = format!("{at}\n{nonce}\n{body}\n");
    let text = if is_spoiled { nonce.clone() } else { text };
    vec![
        ("Wechatpay-Timestamp", at.to_string()),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", rsa.sign(text.as_bytes())),
        ("Wechatpay-Serial", serial.to_owned()),
    ]
}

/// Signs with one of the two keys.
pub(crate) fn sealed(answer: Answer, key: usize) -> Answer {
    answer.sealed(Seal::V3 { key })
}
