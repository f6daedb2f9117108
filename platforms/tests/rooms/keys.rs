//! The keys that the houses' own SDKs and pages publish for tests, a clock that stands, and
//! signatures made without the crate under test.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use platforms::{Clock, Code, OurNumber};
use ring::{
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::Value;

/// 2026-11-21T10:03:27Z.
pub(crate) const NOW_SECONDS: i64 = 1_795_255_407;

pub(crate) fn clock() -> Clock {
    std::sync::Arc::new(|| domain::time::Timestamp::from_micros(NOW_SECONDS * 1_000_000))
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn number(text: &str) -> OurNumber {
    OurNumber::parse(text).unwrap()
}

fn vector(name: &str, input: &str) -> String {
    let file: Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    vector["inputs"][input].as_str().unwrap().to_owned()
}

/// The merchant's: of WeChat's signature page.
pub(crate) fn merchant_pem() -> String {
    vector("wechatpay-v3-request-sign-official-doc-sample", "private_key_pkcs8_pem")
}

/// The house's: of the official Go SDK's test.
pub(crate) fn house_pem() -> String {
    vector("wechatpay-v3-rsa-sign-source", "private_key_pkcs8_pem")
}

/// Its public half.
pub(crate) fn house_public_pem() -> String {
    vector("wechatpay-v3-rsa-sign-source", "public_key_spki_pem")
}

fn pair(pem: &str) -> RsaKeyPair {
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap()
}

/// SHA-256 with RSA, in base64.
pub(crate) fn rsa_sign(pem: &str, message: &[u8]) -> String {
    let pair = pair(pem);
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    STANDARD.encode(signature)
}

/// Whether a signature is of the public half of this key.
pub(crate) fn rsa_verifies(pem: &str, message: &[u8], signature: &str) -> bool {
    let pair = pair(pem);
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    let public = ring::signature::UnparsedPublicKey::new(algorithm, pair.public_key());
    public.verify(message, &STANDARD.decode(signature).unwrap()).is_ok()
}
