//! The envelope of a notice: JSON around a sealed resource.

use serde::Deserialize;

use super::verify::Unverified;
use crate::{http::BODY_BYTES_MAX, seal, secret::Secret, verdict::bounded};

/// What the house told, verified and opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same when it is told again: harmless then.
    pub id: String,
    /// `COUPON.SEND`, `REFUND.SUCCESS` and their like.
    pub event_type: String,
    /// JSON, as the house wrote it; it holds codes and names.
    pub resource: Secret,
}

/// Not a notice that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// Larger than `BODY_BYTES_MAX`.
    #[error("the notice is too large")]
    TooLarge,
    /// Not the house's.
    #[error("the notice is not verified: {0}")]
    Unverified(Unverified),
    /// Not the agreed envelope.
    #[error("the notice is not what was agreed")]
    Form,
    /// Sealed with another key, or damaged.
    #[error("the notice could not be opened")]
    Sealed,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Sealed,
}

#[derive(Deserialize)]
struct Sealed {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: String,
    nonce: String,
}

/// Opens an envelope whose signature was verified.
pub(crate) fn open(body: &[u8], api_v3_key: &Secret) -> Result<Notice, NoticeFault> {
    if body.len() > BODY_BYTES_MAX {
        return Err(NoticeFault::TooLarge);
    }
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| NoticeFault::Form)?;
    let sealed = envelope.resource;
    if sealed.algorithm != "AEAD_AES_256_GCM" {
        return Err(NoticeFault::Form);
    }
    let key = api_v3_key.reveal().as_bytes();
    let text = seal::open(key, &sealed.nonce, &sealed.associated_data, &sealed.ciphertext)
        .ok_or(NoticeFault::Sealed)?;
    let resource = String::from_utf8(text).map_err(|_| NoticeFault::Form)?;
    Ok(Notice {
        id: bounded(&envelope.id),
        event_type: bounded(&envelope.event_type),
        resource: Secret::new(resource),
    })
}
