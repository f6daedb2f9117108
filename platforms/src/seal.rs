//! `AEAD_AES_256_GCM` as WeChat v3 seals what it sends: 12 bytes of nonce, the tag at the end.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Opens what was sealed; `None` if any bit of key, nonce, associated data or text is another.
///
/// A key of 16 bytes is taken too: the official SDK's vectors use one. The merchant's own key has
/// 32, which the client's setup checks.
pub(crate) fn open(key: &[u8], nonce: &str, associated: &str, sealed: &str) -> Option<Vec<u8>> {
    let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    let mut text = STANDARD.decode(sealed).ok()?;
    let n = key.open_in_place(nonce, Aad::from(associated.as_bytes()), &mut text).ok()?.len();
    text.truncate(n);
    Some(text)
}
