//! What a box asks to have signed (PKCS#10, RFC 2986), read warily.
//!
//! **Invariant:** of a request the key is taken and nothing else: names and usages that stand in it are
//! not even looked at.

use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::{CertificateSigningRequestDer, pem::PemObject as _};
use sync::chain::Hash;
use x509_parser::{
    certification_request::X509CertificationRequest,
    oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY},
    prelude::FromDer as _,
};

/// Bytes of a request in PEM; one for a P-256 key has some 450.
pub(crate) const REQUEST_BYTES_MAX: usize = 2_048;
/// A point of P-256, uncompressed (SEC 1, 2.3.3).
const POINT_BYTES: usize = 65;

/// A request that is none, or not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request for a certificate is not PKCS#10 in PEM for a P-256 key that signed it")]
pub(crate) struct NotARequest;

/// The key of a request, which its holder has shown to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requested(Vec<u8>);

impl Requested {
    /// By what the key is known again.
    pub(super) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl PublicKeyData for Requested {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Reads a request and looks whether who made it has the key.
pub(super) fn read(pem: &str) -> Result<Requested, NotARequest> {
    if pem.len() > REQUEST_BYTES_MAX {
        return Err(NotARequest);
    }
    let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes());
    let der = der.map_err(|_| NotARequest)?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| NotARequest)?;
    let info = &request.certification_request_info;
    let kind = &info.subject_pki.algorithm;
    let curve = kind.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    let is_p256 = kind.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_EC_P256);
    let point = info.subject_pki.subject_public_key.data.as_ref();
    if !rest.is_empty() || !is_p256 || point.len() != POINT_BYTES {
        return Err(NotARequest);
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(info.raw, request.signature_value.data.as_ref())
        .map_err(|_| NotARequest)?;
    Ok(Requested(point.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};

    use super::*;

    fn asked(key: &KeyPair) -> String {
        let params = CertificateParams::new(vec!["hq.example".to_owned()]).unwrap();
        params.serialize_request(key).unwrap().pem().unwrap()
    }

    #[test]
    fn a_request_gives_its_key_when_it_is_p256_and_signed_by_it() {
        let key = KeyPair::generate().unwrap();
        let good = asked(&key);
        let read_back = read(&good).unwrap();
        assert_eq!(read_back.der_bytes(), key.public_key_raw());
        let other = asked(&KeyPair::generate_for(&PKCS_ED25519).unwrap());
        let long = format!("{}{good}", " ".repeat(REQUEST_BYTES_MAX));
        for bad in ["", "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"]
        {
            assert_eq!(read(bad), Err(NotARequest), "{bad}");
        }
        assert_eq!(read(&other), Err(NotARequest));
        assert_eq!(read(&long), Err(NotARequest));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        /// Whatever byte is another one: it is no request, or the very key is asked for.
        #[test]
        fn a_request_with_another_byte_gives_no_other_key(place in any::<prop::sample::Index>(), by in 1..=255_u8) {
            let key = KeyPair::generate().unwrap();
            let request = CertificateParams::default().serialize_request(&key).unwrap();
            let mut der = request.der().to_vec();
            let place = place.index(der.len());
            der[place] ^= by;
            let read_back = read(&pem(&der));
            let is_ours = |read: &Requested| read.der_bytes() == key.public_key_raw();
            prop_assert!(read_back.as_ref().map_or(true, is_ours));
        }

        #[test]
        fn bytes_are_no_request(der in vec(any::<u8>(), 0..600)) {
            prop_assert!(read(&pem(&der)).is_err());
        }
    }

    fn pem(der: &[u8]) -> String {
        const SIGNS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in der.chunks(3) {
            let of = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
            let bits = of(0) << 16 | of(1) << 8 | of(2);
            for n in 0..4 {
                let sign = SIGNS[usize::try_from(bits >> (18 - 6 * n) & 63).unwrap()];
                text.push(if n <= three.len() { char::from(sign) } else { '=' });
            }
        }
        let name = "CERTIFICATE REQUEST";
        format!("-----BEGIN {name}-----\n{text}\n-----END {name}-----\n")
    }
}
