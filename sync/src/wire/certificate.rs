//! How an edge node gets certificates.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An edge node asks for its next certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateAskV1 {
    /// A request for a P-256 key that was made for it (PKCS#10, PEM). Of what stands in it only the key
    /// counts. The same key again gets the same certificate.
    pub csr: String,
}

/// How long after it is due a renewal is late: the mall may be away over a long weekend.
pub const RENEWAL_LATE_MS: i64 = 3 * 86_400_000;

/// A certificate for the key of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateV1 {
    /// The certificate (X.509, PEM).
    pub certificate: String,
    /// The mall's own authority (PEM); two certificates while another one takes its place: both are to be
    /// believed, and one of them signed it.
    pub authority: String,
    /// When it was issued, in microseconds since 1970, by the mall's clock.
    pub issued_at_micros: i64,
    /// When the next one is to be asked for.
    pub renew_at_micros: i64,
    /// When it ends.
    pub ends_at_micros: i64,
}

impl CertificateV1 {
    /// Whether the next one is to be asked for, by the mall's clock.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.micros() >= self.renew_at_micros
    }

    /// Whether the next one should have been here long ago, by the mall's clock.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        let due_at = Timestamp::from_micros(self.renew_at_micros);
        now.ms_since(due_at) >= RENEWAL_LATE_MS
    }

    /// How long it is still good, in milliseconds, by the mall's clock; 0 once it has ended.
    #[must_use]
    pub fn left_ms(&self, now: Timestamp) -> i64 {
        Timestamp::from_micros(self.ends_at_micros).ms_since(now).max(0)
    }
}
