//! How an edge node takes its place.

use domain::id::EdgeId;
use serde::{Deserialize, Serialize};

use super::CertificateV1;

/// An edge node asks for its place with the code that HQ gave out once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentV1 {
    /// The one-time claim code.
    pub claim_code: String,
    /// Its Ed25519 public key, 64 hexadecimal digits; the private half never leaves the store.
    pub public_key: String,
    /// A request for a certificate (PKCS#10, PEM); none from a program that is older than them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
}

/// The place it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledV1 {
    /// The edge node's id at the mall.
    pub edge: EdgeId,
    /// The store's number at the mall.
    pub store: i64,
    /// The store's code, for people and receipt numbers.
    pub store_code: String,
    /// The life of its ledger.
    pub epoch: u32,
    /// The certificate it asked for; none from a mall that is older than them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateV1>,
}
