//! The notice of a refund: XML around sealed XML.

use md5::{Digest as _, Md5};

use super::Fields;
use crate::{cipher, secret::Secret};

/// Not a notice of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// Not the agreed XML, outside or inside.
    #[error("the notice is not what was agreed")]
    Form,
    /// For another merchant.
    #[error("the notice is for another merchant")]
    Merchant,
    /// Sealed with another key, or damaged.
    #[error("the notice could not be opened")]
    Sealed,
}

/// Opens the notice: the key is the MD5 of the API key, as 32 hex digits.
pub(super) fn open(body: &[u8], mch_id: &str, api_key: &Secret) -> Result<Fields, NoticeFault> {
    let outer = Fields::read(body).map_err(|_| NoticeFault::Form)?;
    if outer.get("mch_id") != Some(mch_id) {
        return Err(NoticeFault::Merchant);
    }
    let sealed = outer.get("req_info").ok_or(NoticeFault::Form)?;
    let digest = Md5::digest(api_key.reveal().as_bytes());
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = cipher::open_ecb(key.as_bytes(), sealed).ok_or(NoticeFault::Sealed)?;
    Fields::read_under("root", &text).map_err(|_| NoticeFault::Form)
}
