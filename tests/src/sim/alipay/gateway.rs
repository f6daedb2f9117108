//! Alipay's gateway: a form signed over its sorted parameters, an answer signed over the raw text of
//! its node.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::{access::ALIPAY, call::Call, clock, keys::Keys};

/// What a call asks for, once it is known who asks.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) content: Value,
}

impl Asked {
    /// A text of `biz_content`, empty when it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.content.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The parameters of a call, from query and body; in either they may stand.
pub(crate) fn parameters(call: &Call) -> BTreeMap<String, String> {
    let mut all = call.asked();
    all.extend(form_urlencoded::parse(&call.body).into_owned());
    all
}

/// Checks who calls, and reads what for; or says why not, as `sub_code` and detail.
pub(crate) fn open(keys: &Keys, call: &Call) -> Result<Asked, (&'static str, String)> {
    if call.method != axum::http::Method::POST || !call.is("application/x-www-form-urlencoded") {
        return Err(("isv.invalid-method", "not a form that was posted".to_owned()));
    }
    let mut all = parameters(call);
    let said = |name: &str| all.get(name).map(String::as_str).unwrap_or_default();
    if said("app_id") != ALIPAY.app_id {
        return Err(("isv.invalid-app-id", format!("app_id {}", said("app_id"))));
    }
    for (name, wanted) in
        [("sign_type", "RSA2"), ("version", "1.0"), ("charset", "utf-8"), ("format", "JSON")]
    {
        if !said(name).eq_ignore_ascii_case(wanted) {
            return Err(("isv.invalid-parameter", format!("{name} is not {wanted}")));
        }
    }
    if !clock::has_form(said("timestamp"), "9999-99-99 99:99:99") {
        return Err(("isv.invalid-timestamp", said("timestamp").to_owned()));
    }
    let sign = all.remove("sign").unwrap_or_default();
    let pairs = all.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    if !keys.alipay_app.has_signed(pairs.join("&").as_bytes(), &sign) {
        return Err(("isv.invalid-signature", "not the app's over these parameters".to_owned()));
    }
    let content = all.remove("biz_content").unwrap_or_default();
    let content = serde_json::from_str(&content)
        .map_err(|error| ("isv.invalid-parameter", format!("biz_content: {error}")))?;
    Ok(Asked { method: all.remove("method").unwrap_or_default(), content })
}

/// The name of the node that answers a method.
pub(crate) fn node(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// Writes and signs an answer. Slashes are escaped as the real gateway does, so that a caller who
/// reads the node and writes it again signs other bytes.
pub(crate) fn sign(keys: &Keys, name: &str, node: &Value, is_spoiled: bool) -> String {
    let raw = node.to_string().replace('/', "\\/");
    let sign = keys.alipay_platform.sign(if is_spoiled { b"{}" } else { raw.as_bytes() });
    format!("{{\"{name}\":{raw},\"sign\":\"{sign}\"}}")
}

/// A refusal of the call itself.
pub(crate) fn refusal(code: &str, sub_code: &str, sub_msg: &str) -> Value {
    let msg = match code {
        "20000" => "Service Currently Unavailable",
        "40002" => "Invalid Arguments",
        _ => "Business Failed",
    };
    json!({ "code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg })
}

/// `12.34` as 1234 fen; whole fen and at least one.
pub(crate) fn fen(yuan: &str) -> Option<i64> {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let fen = format!("{whole}{part:0<2}").parse().ok()?;
    (1..=10_000_000_000).contains(&fen).then_some(fen)
}

/// 1234 fen as `12.34`.
pub(crate) fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_to_the_fen_or_not_at_all() {
        for (text, fen) in [("0.01", 1), ("88.88", 8_888), ("12", 1_200), ("12.3", 1_230)] {
            assert_eq!(super::fen(text), Some(fen));
        }
        for text in ["", "0", "0.00", "-1", "1.234", "1e3", ".5", "1,5", "100000000.01"] {
            assert_eq!(fen(text), None, "{text}");
        }
        assert_eq!(yuan(1_205), "12.05");
    }
}
