//! What Alipay signs (RSA2), the form it goes in, its notifications, its certificate numbers.

use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    SetupError,
    der::{Certificate, OBJECT_ID, Reader, SEQUENCE, SET},
    rsa::PublicKey,
};

/// Certificates of a root file: Alipay's has four.
const ROOTS_MAX: usize = 20;

/// What is signed: every field but `sign`, in the order of their names, as it is and not escaped.
pub(crate) fn text(fields: &[(&str, &str)]) -> String {
    let mut fields: Vec<_> = fields
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    fields.sort_unstable();
    fields.join("&")
}

/// The form that is sent.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs = pairs
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Which fields a notification's signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notified {
    /// About a trade: neither `sign` nor `sign_type` is signed.
    Trade,
    /// About the service market: `sign_type` is.
    ServiceMarket,
}

/// Whether the decoded fields of a notification are Alipay's. They say that something happened;
/// what, is asked by `query`.
pub fn verifies_notification(
    fields: &[(&str, &str)],
    alipay_key: &str,
    notified: Notified,
) -> Result<bool, SetupError> {
    let key = PublicKey::read(alipay_key, "key of Alipay")?;
    let signature = fields.iter().find(|(name, _)| *name == "sign").map(|(_, value)| *value);
    let is_signed = |name: &str| name != "sign_type" || notified == Notified::ServiceMarket;
    let signed: Vec<_> = fields.iter().filter(|(name, _)| is_signed(name)).copied().collect();
    Ok(signature.is_some_and(|signature| key.verifies(text(&signed).as_bytes(), signature)))
}

/// `app_cert_sn`: MD5 over the issuer's names and the serial number.
#[must_use]
pub fn certificate_serial(pem: &str) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    serial(&Certificate::read(&der)?)
}

/// `alipay_root_cert_sn`: those of all RSA certificates in the file, with `_` between them.
#[must_use]
pub fn root_serials(pem: &str) -> Option<String> {
    let mut serials = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()).take(ROOTS_MAX) {
        let der = der.ok()?;
        let certificate = Certificate::read(&der)?;
        if certificate.is_signed_with_rsa() {
            serials.push(serial(&certificate)?);
        }
    }
    (!serials.is_empty()).then(|| serials.join("_"))
}

fn serial(certificate: &Certificate<'_>) -> Option<String> {
    let text = format!("{}{}", issuer(certificate.issuer)?, decimal(certificate.serial));
    let digest = Md5::digest(text.as_bytes());
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `CN=…,OU=…,O=…,C=CN`: the names from the last to the first.
fn issuer(names: &[u8]) -> Option<String> {
    let (mut sets, mut parts) = (Reader::new(names), Vec::new());
    while let Some(set) = sets.take(SET) {
        let mut pair = Reader::new(Reader::new(set).take(SEQUENCE)?);
        let name = match pair.take(OBJECT_ID)? {
            [0x55, 0x04, 0x03] => "CN",
            [0x55, 0x04, 0x06] => "C",
            [0x55, 0x04, 0x07] => "L",
            [0x55, 0x04, 0x08] => "ST",
            [0x55, 0x04, 0x0a] => "O",
            [0x55, 0x04, 0x0b] => "OU",
            _ => return None,
        };
        parts.push(format!("{name}={}", std::str::from_utf8(pair.next()?.content).ok()?));
    }
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// A big-endian number in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    // Digits from the last to the first; each byte multiplies by 256 and adds.
    let mut digits = vec![0_u16];
    for byte in bytes {
        let mut carry = u16::from(*byte);
        for digit in &mut digits {
            let sum = *digit * 256 + carry;
            *digit = sum % 10;
            carry = sum / 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_written_in_decimal() {
        let table: [(&[u8], &str); 5] = [
            (&[], "0"),
            (&[0, 0x7b], "123"),
            (&[0xff; 2], "65535"),
            (&[0xff; 8], "18446744073709551615"),
            (&[0xff; 16], "340282366920938463463374607431768211455"),
        ];
        for (bytes, text) in table {
            assert_eq!(decimal(bytes), text);
        }
    }
}
