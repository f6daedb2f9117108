//! What Douyin tells the mall by itself: a signature, and an envelope whose content is JSON in a
//! string, or an object when it only checks that somebody is there.
//!
//! A webhook may come twice, late, out of order, or never: it is a reason to ask, and no fact.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use serde::Deserialize;
use serde_json::Value;

use crate::{cipher, http::BODY_BYTES_MAX, secret::Secret};

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// Answer with `{"challenge":n}`.
    Challenge(i64),
    /// Something happened to a voucher or an order.
    Event {
        /// `life_trade_certificate_notify` and its like.
        event: String,
        /// JSON, as the house wrote it; it may hold codes.
        content: Secret,
    },
}

/// Not a webhook of this house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// Larger than `BODY_BYTES_MAX`.
    #[error("the webhook is too large")]
    TooLarge,
    /// The signature is not ours.
    #[error("the webhook's signature is wrong")]
    Signature,
    /// Not the agreed form.
    #[error("the webhook is not what was agreed")]
    Form,
}

/// `X-Douyin-Signature`: SHA-1 over the secret and the body as it came, in hex.
#[must_use]
pub fn signature(client_secret: &Secret, body: &[u8]) -> String {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(client_secret.reveal().as_bytes());
    context.update(body);
    hex(context.finish().as_ref())
}

/// `x-life-sign` of the calls by which the house asks the merchant (SPI): SHA-256 over the secret,
/// the query's pairs in the order of their names, and the body as it came.
#[must_use]
pub fn spi_signature(client_secret: &Secret, query: &[(&str, &str)], body: &[u8]) -> String {
    let mut pairs: Vec<_> = query.iter().filter(|(name, _)| *name != "sign").collect();
    pairs.sort_unstable();
    let mut context = Context::new(&SHA256);
    context.update(client_secret.reveal().as_bytes());
    for (name, value) in pairs {
        context.update(format!("&{name}={value}").as_bytes());
    }
    context.update(b"&http_body=");
    context.update(body);
    hex(context.finish().as_ref())
}

/// Where the first vector of a sealed field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedBy {
    /// A field of a call of the house to the merchant (SPI).
    Spi,
    /// A shopper's phone number (OAuth).
    Mobile,
}

/// Opens a sealed field: AES-256-CBC with the secret, padded or cut on both sides to 32 bytes.
#[must_use]
pub fn open_field(client_secret: &Secret, sealed_by: SealedBy, sealed: &str) -> Option<Secret> {
    let key = field_key(client_secret.reveal().as_bytes());
    let iv = match sealed_by {
        SealedBy::Spi => key.get(16..)?,
        SealedBy::Mobile => key.get(..16)?,
    };
    let text = String::from_utf8(cipher::open_cbc(&key, iv, sealed)?).ok()?;
    Some(Secret::new(text))
}

fn field_key(secret: &[u8]) -> Vec<u8> {
    const BYTES: usize = 32;
    match secret.len() {
        n if n < BYTES => {
            let left = (BYTES - n) / 2;
            let mut key = vec![b'#'; BYTES];
            key.splice(left..left + n, secret.iter().copied());
            key
        }
        n => secret.iter().skip((n - BYTES) / 2).take(BYTES).copied().collect(),
    }
}

/// Verifies and reads a webhook.
pub fn read(client_secret: &Secret, signed: &str, body: &[u8]) -> Result<Webhook, WebhookFault> {
    if body.len() > BODY_BYTES_MAX {
        return Err(WebhookFault::TooLarge);
    }
    if !same(&signature(client_secret, body), signed) {
        return Err(WebhookFault::Signature);
    }
    #[derive(Deserialize)]
    struct Envelope {
        event: String,
        content: Value,
    }
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| WebhookFault::Form)?;
    match envelope.content {
        Value::Object(content) if envelope.event == "verify_webhook" => {
            let challenge = content.get("challenge").and_then(Value::as_i64);
            challenge.map(Webhook::Challenge).ok_or(WebhookFault::Form)
        }
        Value::String(content) => {
            Ok(Webhook::Event { event: envelope.event, content: Secret::new(content) })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(WebhookFault::Form)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without telling by its time where the two differ; case does not matter in hex.
fn same(expected: &str, given: &str) -> bool {
    let pairs = expected.bytes().zip(given.bytes());
    let differs = pairs.fold(0, |differs, (a, b)| differs | (a ^ b.to_ascii_lowercase()));
    expected.len() == given.len() && differs == 0
}
