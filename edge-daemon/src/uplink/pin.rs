//! Which mall is believed under TLS: the one whose authority has the fingerprint that stood beside the
//! claim code, or one that this mall has named since.
//!
//! A box's clock may be off, and must not be shut out for it: only a mall that is reached can say what
//! time it is. So a certificate is not measured by the box's clock alone:
//!
//! | by the box's clock, the mall's certificate | it is |
//! | --- | --- |
//! | is good | believed |
//! | is not good yet | believed: the authority signs nothing ahead of its time, so the clock is behind |
//! | has ended, before the box's own certificate was issued | not believed: that moment has been |
//! | has ended since | believed: the clock may be ahead; the mall tells its time with the next answer |
//!
//! **Invariant:** whoever is believed has a certificate of the pinned authority for the mall's name.

use std::sync::Arc;

use domain::time::Timestamp;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        WebPkiSupportedAlgorithms, ring::default_provider, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sync::chain::Hash;

use crate::context::Clock;

/// Believes the mall of an authority.
#[derive(Debug)]
pub(crate) struct Pinned {
    fingerprints: Vec<Hash>,
    clock: Clock,
    /// A moment that has been, by the mall's clock; none while a person stands before the box and can
    /// set its clock.
    has_been: Option<Timestamp>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    pub(crate) fn new(fingerprints: Vec<Hash>, clock: Clock, has_been: Option<Timestamp>) -> Self {
        let algorithms = default_provider().signature_verification_algorithms;
        Self { fingerprints, clock, has_been, algorithms }
    }
}

/// By which moment a certificate is measured that is not good by the box's clock; `None` where it is not
/// believed.
fn measured_at(fault: &Error, has_been: Option<Timestamp>) -> Option<UnixTime> {
    let Error::InvalidCertificate(fault) = fault else { return None };
    if let CertificateError::NotValidYetContext { not_before, .. } = fault {
        return Some(*not_before);
    }
    let CertificateError::ExpiredContext { not_after, .. } = fault else { return None };
    has_been.filter(|moment| seconds(*moment) <= not_after.as_secs()).map(|_| *not_after)
}

fn seconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.micros().div_euclid(1_000_000)).unwrap_or(0)
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_pinned = |shown: &&CertificateDer<'_>| self.fingerprints.contains(&Hash::of(shown));
        let authority = intermediates.iter().find(is_pinned);
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let mut roots = RootCertStore::empty();
        roots.add(authority.ok_or_else(unknown)?.clone().into_owned())?;
        let provider = Arc::new(default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier.build().map_err(|_| unknown())?;
        let look = |at| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, at)
        };
        let now = seconds(self.clock.now());
        let looked = look(UnixTime::since_unix_epoch(std::time::Duration::from_secs(now)));
        match looked.as_ref().err().and_then(|fault| measured_at(fault, self.has_been)) {
            Some(moment) => look(moment),
            None => looked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicI64};

    use rcgen::{
        BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd,
    };

    use super::*;

    /// 2026-07-01T00:00:00Z.
    const MIDDLE: i64 = 1_782_864_000_000_000;
    const DAY: i64 = 86_400_000_000;

    /// An authority, and a certificate by it for 127.0.0.1 in 2026.
    fn mall() -> (Certificate, Certificate) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        let key = KeyPair::generate().unwrap();
        (authority, params.signed_by(&key, &issuer).unwrap())
    }

    fn is_believed(
        (authority, own): &(Certificate, Certificate),
        fingerprint: Hash,
        name: &str,
        (now, has_been): (i64, Option<i64>),
    ) -> bool {
        let clock = Clock::Fixed(Arc::new(AtomicI64::new(now)));
        let has_been = has_been.map(Timestamp::from_micros);
        let pinned = Pinned::new(vec![fingerprint], clock, has_been);
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let shown = [authority.der().clone()];
        let ignored = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
        pinned.verify_server_cert(own.der(), &shown, &name, &[], ignored).is_ok()
    }

    #[test]
    fn only_the_mall_of_the_fingerprint_is_believed_and_only_by_its_name() {
        let (ours, theirs) = (mall(), mall());
        let pin = Hash::of(ours.0.der());
        let at = (MIDDLE, Some(MIDDLE));
        assert!(is_believed(&ours, pin, "127.0.0.1", at));
        assert!(!is_believed(&theirs, pin, "127.0.0.1", at));
        assert!(!is_believed(&ours, pin, "127.0.0.2", at));
        // Somebody shows our authority, and a certificate that it did not sign.
        let mixed = (ours.0.clone(), theirs.1.clone());
        assert!(!is_believed(&mixed, pin, "127.0.0.1", at));
        // The certificate itself is no authority.
        assert!(!is_believed(&ours, Hash::of(ours.1.der()), "127.0.0.1", at));
    }

    #[test]
    fn a_clock_that_is_off_shuts_nobody_out_and_brings_nothing_back_that_has_ended() {
        let ours = mall();
        let pin = Hash::of(ours.0.der());
        let year = 365 * DAY;
        for (now, has_been, expected) in [
            (MIDDLE, None, true),
            // An empty battery: 1970.
            (0, Some(MIDDLE), true),
            (0, None, true),
            // A year ahead, and its own certificate is of this summer.
            (MIDDLE + year, Some(MIDDLE), true),
            // The same, and its own certificate is of next year: this one has ended.
            (MIDDLE + year, Some(MIDDLE + year), false),
            // Whoever enrols has somebody to set the clock.
            (MIDDLE + year, None, false),
        ] {
            assert_eq!(
                is_believed(&ours, pin, "127.0.0.1", (now, has_been)),
                expected,
                "{now} {has_been:?}"
            );
        }
    }
}
