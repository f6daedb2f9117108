//! Alipay's answer `{"…_response": {…}, "sign": "…"}`: verified as raw text, then read.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::codes::{self, Asked};
use crate::{
    rsa::PublicKey,
    verdict::{Cause, Otherwise},
};

#[derive(Deserialize)]
struct Head {
    code: String,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    sub_code: String,
    #[serde(default)]
    sub_msg: String,
}

/// The exact text of the method's node, if it is Alipay's.
pub(crate) fn verified<'a>(
    body: &'a [u8],
    method: &str,
    key: &PublicKey,
) -> Result<&'a str, Otherwise> {
    let unreadable = || Otherwise::silence(Cause::Unreadable, "");
    let parts: BTreeMap<Cow<'a, str>, &'a RawValue> =
        serde_json::from_slice(body).map_err(|_| unreadable())?;
    let name = format!("{}_response", method.replace('.', "_"));
    let Some(node) = parts.get(name.as_str()).map(|raw| raw.get()) else {
        // The gateway's own errors carry no signature, so they decide nothing.
        let said = parts.get("error_response").map_or("no node", |raw| raw.get());
        return Err(Otherwise::silence(Cause::Unverified, said));
    };
    let signature =
        parts.get("sign").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let is_theirs = signature.is_some_and(|signature| key.verifies(node.as_bytes(), &signature));
    if is_theirs { Ok(node) } else { Err(Otherwise::silence(Cause::Unverified, "sign")) }
}

/// Verifies and reads the node of a method; what is not a success is told by its codes.
pub(super) fn read<T: DeserializeOwned>(
    body: &[u8],
    method: &str,
    key: &PublicKey,
    asked: Asked,
) -> Result<T, Otherwise> {
    let unreadable = || Otherwise::silence(Cause::Unreadable, "node");
    let node = verified(body, method, key)?;
    let head: Head = serde_json::from_str(node).map_err(|_| unreadable())?;
    if codes::is_success(&head.code, asked) {
        return serde_json::from_str(node).map_err(|_| unreadable());
    }
    let (code, said) = match head.sub_code.as_str() {
        "" => (head.code.as_str(), &head.msg),
        sub_code => (sub_code, &head.sub_msg),
    };
    Err(codes::meaning(&head.code, &head.sub_code, &format!("{code} {said}"), asked))
}
