//! For tests: answers read as they would be, without a house that sends them.

use super::{
    answer::{Data, plain, read},
    certificate::{Certificate, Prepared, Verified},
};
use crate::{issuer::Held, secret::Code};

/// Whether a sample of the house's pages is read as it should be.
pub(crate) fn reads_sample(name: &str, json: &serde_json::Value) -> bool {
    let body = json.to_string();
    let taken = match name {
        "douyin-wire-certificate-verify" => {
            let Data::Yes(verified) = read::<Verified>(body.as_bytes(), plain) else {
                return false;
            };
            let code = "CgwIARDhJxjLLyABKAESLgosTYTOIJFLZx8IaWKdO9ISKSWf4XYaqzt8TU1fhbTpYhIAuA5i5fRYfApwNRMaAA==";
            let codes: Vec<_> = Code::parse(code).into_iter().collect();
            verified.redeemed(&codes).ok().and_then(|mut all| all.taken.pop())
        }
        "douyin-wire-certificate-get" => {
            let Data::Yes(state) = read::<Certificate>(body.as_bytes(), plain) else {
                return false;
            };
            let code = "CgwIARDhJxjLLyABKAESLgoscGiCSmZoMBlvG3WxOIxOGTfZHKvwwQD+DInGZEAi/SJsemJO/r+88+w3Th4aAA==";
            match Code::parse(code).map(|code| state.held(&code, None)) {
                Some(Ok(Held::Taken { taken, is_ours: None })) => Some(taken),
                _ => None,
            }
        }
        _ => None,
    };
    let names =
        taken.as_ref().map(|taken| (taken.verification.as_deref(), taken.certificate.as_deref()));
    matches!(
        names,
        Some((Some("7091478021421631519"), Some("7091180835810052103")))
            | Some((Some("7091644694387591181"), Some("7091293506194655239")))
    )
}

/// Reads bytes as each of the answers; what comes out is nothing but a verdict.
pub(crate) fn reads_anything(body: &[u8]) {
    let codes: Vec<_> = Code::parse("x").into_iter().collect();
    if let Data::Yes(prepared) = read::<Prepared>(body, plain) {
        let _ = prepared.found();
    }
    if let Data::Yes(verified) = read::<Verified>(body, plain) {
        let _ = verified.redeemed(&codes);
    }
    if let (Data::Yes(certificate), Some(code)) = (read::<Certificate>(body, plain), codes.first())
    {
        let _ = certificate.held(code, None);
    }
}
