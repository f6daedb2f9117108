//! SHA-256 with RSA (PKCS#1 v1.5), as WeChat v3 and Alipay sign.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _,
};

use crate::{
    der::{Certificate, Reader, SEQUENCE, rsa_key},
    http::SetupError,
    secret::Secret,
};

/// Our key.
pub(crate) struct SigningKey(RsaKeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// Reads PEM (PKCS#8 or PKCS#1), or the bare base64 that Alipay's tool shows.
    pub(crate) fn read(text: &Secret, what: &'static str) -> Result<Self, SetupError> {
        let fault = SetupError::Key(what);
        let text = text.reveal();
        if text.contains("-----BEGIN") {
            let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| fault)?;
            return match &key {
                PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                PrivateKeyDer::Sec1(_) | _ => return Err(fault),
            }
            .map(Self)
            .map_err(|_| fault);
        }
        let der = decode(text).ok_or(fault)?;
        let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        pair.map(Self).map_err(|_| fault)
    }

    /// The signature in base64.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        // It fails only for another length or without random numbers; the house then refuses it.
        signed.map(|()| STANDARD.encode(&signature)).unwrap_or_default()
    }
}

/// A house's key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    key: UnparsedPublicKey<Vec<u8>>,
    /// Of the certificate it came in: upper-case hex without leading zeros.
    serial: Option<String>,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads a certificate or a public key in PEM, or the bare base64 of a public key.
    pub(crate) fn read(text: &str, what: &'static str) -> Result<Self, SetupError> {
        Self::find(text).ok_or(SetupError::Key(what))
    }

    fn find(text: &str) -> Option<Self> {
        if text.contains("-----BEGIN CERTIFICATE") {
            let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
            let certificate = Certificate::read(&der)?;
            return Self::from_spki(certificate.key, Some(hex_serial(certificate.serial)));
        }
        let der = if text.contains("-----BEGIN") {
            SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).ok()?.as_ref().to_vec()
        } else {
            decode(text)?
        };
        Self::from_spki(Reader::new(&der).take(SEQUENCE)?, None)
    }

    fn from_spki(spki: &[u8], serial: Option<String>) -> Option<Self> {
        let key = rsa_key(spki)?.to_vec();
        // A key of 1,024 bits has 140 bytes; `ring` would refuse it at every use instead of once.
        (key.len() > 256)
            .then(|| Self { key: UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key), serial })
    }

    /// The serial number of the certificate it came in.
    pub(crate) fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// Whether a signature in base64 is of this key over these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature);
        signature.is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

/// Base64 over one line or many.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).ok()
}

fn hex_serial(serial: &[u8]) -> String {
    let hex: String = serial.iter().map(|byte| format!("{byte:02X}")).collect();
    hex.trim_start_matches('0').to_owned()
}
