//! The keys of both sides, and signatures with them: RSA, MD5, HMAC.
//!
//! It signs and checks with `ring` alone and shares no line with the clients that call here, so that
//! an error is not made twice. The keys in `keys/` were made for this simulator and open nothing.
//!
//! **Invariant:** what is checked is the bytes as they came.

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{self, KeyPair as _, UnparsedPublicKey},
};

/// An RSA key of 2048 bits.
pub(crate) struct Rsa {
    pair: KeyPair,
    pub(crate) private_pem: &'static str,
    pub(crate) public_pem: &'static str,
}

impl std::fmt::Debug for Rsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rsa")
    }
}

impl Rsa {
    fn read(private_pem: &'static str, public_pem: &'static str) -> Result<Self> {
        let lines = private_pem.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>()).ok().context("a key is not base64")?;
        let pair = KeyPair::from_pkcs8(&der).ok().context("a key is no PKCS#8")?;
        Ok(Self { pair, private_pem, public_pem })
    }

    /// SHA-256 with RSA, PKCS#1 v1.5, in base64.
    pub(crate) fn sign(&self, text: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let scheme = &signature::RSA_PKCS1_SHA256;
        match self.pair.sign(scheme, &SystemRandom::new(), text, &mut signature) {
            Ok(()) => STANDARD.encode(signature),
            // An empty signature is refused by everybody, which is loud enough.
            Err(_) => String::new(),
        }
    }

    /// Whether the owner of this key signed the text.
    pub(crate) fn has_signed(&self, text: &[u8], base64: &str) -> bool {
        let Ok(signature) = STANDARD.decode(base64) else { return false };
        let key = self.pair.public_key().as_ref();
        UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key)
            .verify(text, &signature)
            .is_ok()
    }
}

/// All RSA keys of the simulator.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) wechat_merchant: Rsa,
    pub(crate) wechat_platform: [Rsa; 2],
    pub(crate) alipay_app: Rsa,
    pub(crate) alipay_platform: Rsa,
}

macro_rules! rsa {
    ($name:literal) => {
        Rsa::read(
            include_str!(concat!("keys/", $name, ".pem")),
            include_str!(concat!("keys/", $name, ".pub.pem")),
        )
        .context($name)
    };
}

impl Keys {
    /// # Errors
    /// When a key in `keys/` cannot be read.
    pub(crate) fn read() -> Result<Self> {
        Ok(Self {
            wechat_merchant: rsa!("wechat-merchant")?,
            wechat_platform: [rsa!("wechat-platform-1")?, rsa!("wechat-platform-2")?],
            alipay_app: rsa!("alipay-app")?,
            alipay_platform: rsa!("alipay-platform")?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// MD5 as upper-case hex.
pub(crate) fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// HMAC-SHA256 as upper-case hex.
pub(crate) fn hmac_hex(key: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published example of `WeChat` Pay's v2 signature, from its sorted text on.
    const SORTED: &str = "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100\
                          &nonce_str=ibuaiVcKdpRxkhJA&key=192006250b4c09247ec02edce69f6a2d";

    #[test]
    fn md5_and_hmac_are_those_of_the_published_example() {
        assert_eq!(md5_hex(SORTED), "9A0A8659F005D6984697E2CA0A9CF3B7");
        let hmac = hmac_hex("192006250b4c09247ec02edce69f6a2d", SORTED);
        assert_eq!(hmac, "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6");
    }

    #[test]
    fn a_signature_holds_for_its_text_and_its_key_alone() {
        let keys = Keys::read().unwrap();
        let signature = keys.alipay_app.sign(b"text");
        assert!(keys.alipay_app.has_signed(b"text", &signature));
        assert!(!keys.alipay_app.has_signed(b"texT", &signature));
        assert!(!keys.alipay_platform.has_signed(b"text", &signature));
        assert!(!keys.alipay_app.has_signed(b"text", "no base64"));
    }
}
