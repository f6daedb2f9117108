//! The old AES that some notices are sealed with: ECB and CBC, padded by PKCS#7, no proof of who
//! sealed it. What comes out is a hint to ask, never a fact.

use aes::{
    Aes128, Aes256,
    cipher::{Block, BlockCipherDecrypt, KeyInit},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::http::BODY_BYTES_MAX;

const BLOCK_BYTES: usize = 16;

/// Opens AES-256-ECB.
pub(crate) fn open_ecb(key: &[u8], sealed: &str) -> Option<Vec<u8>> {
    unpadded(decrypted(&Aes256::new_from_slice(key).ok()?, None, sealed)?)
}

/// Opens AES-CBC with a key of 16 or 32 bytes.
pub(crate) fn open_cbc(key: &[u8], iv: &[u8], sealed: &str) -> Option<Vec<u8>> {
    let text = match key.len() {
        16 => decrypted(&Aes128::new_from_slice(key).ok()?, Some(iv), sealed),
        _ => decrypted(&Aes256::new_from_slice(key).ok()?, Some(iv), sealed),
    };
    unpadded(text?)
}

/// With a first vector each block is mixed with the sealed block before it.
fn decrypted<C: BlockCipherDecrypt>(
    cipher: &C,
    iv: Option<&[u8]>,
    sealed: &str,
) -> Option<Vec<u8>> {
    let sealed = STANDARD.decode(sealed).ok()?;
    let is_whole = !sealed.is_empty() && sealed.len().is_multiple_of(BLOCK_BYTES);
    if !is_whole || sealed.len() > BODY_BYTES_MAX || iv.is_some_and(|iv| iv.len() != BLOCK_BYTES) {
        return None;
    }
    let (mut text, mut before) = (Vec::with_capacity(sealed.len()), iv);
    for part in sealed.chunks_exact(BLOCK_BYTES) {
        let mut block = Block::<C>::try_from(part).ok()?;
        cipher.decrypt_block(&mut block);
        match before {
            None => text.extend_from_slice(&block),
            Some(mask) => {
                text.extend(block.iter().zip(mask).map(|(a, b)| a ^ b));
                before = Some(part);
            }
        }
    }
    Some(text)
}

fn unpadded(mut text: Vec<u8>) -> Option<Vec<u8>> {
    let n = usize::from(*text.last()?);
    let kept = text.len().checked_sub(n)?;
    let is_padding = (1..=BLOCK_BYTES).contains(&n)
        && text.iter().skip(kept).all(|byte| usize::from(*byte) == n);
    text.truncate(kept);
    is_padding.then_some(text)
}
