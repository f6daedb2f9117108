//! Certificates and lists of revoked ones, as values.
//!
//! **Invariant:** times come in; who signs is the authority alone.

use domain::{id::EdgeId, time::Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationList,
    CertificateRevocationListParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sync::chain::{Hash, hex_bytes};
use time::OffsetDateTime;

use super::{Authority, AuthorityError, SERIAL_BYTES, Signer, request::Requested};
use crate::db::certificates::RevokedRow;

const DAY_MS: i64 = 86_400_000;
/// How long the authority is believed: longer than boxes last.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// How long an edge node's certificate is good; a third of it is left when the next one is due.
pub(super) const EDGE_DAYS: i64 = 90;
/// How long after its end a certificate still comes in, to be renewed: a shop may be shut for months.
pub(crate) const ENDED_DAYS_MAX: i64 = 365;
/// How long a certificate of the mall's own is good; it is made anew when a third of it is left.
pub(crate) const OWN_DAYS: i64 = 30;
/// How long a broker goes by a list of revoked certificates. Long, because a broker that has only an
/// older one lets nobody in.
const LIST_DAYS: i64 = 365;
/// Clocks of malls and brokers differ: a certificate is good since an hour before it was issued.
const SLACK_MS: i64 = 3_600_000;

/// As certificates write a moment: whole seconds.
fn moment(at: Timestamp) -> OffsetDateTime {
    let seconds = at.micros().div_euclid(1_000_000);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// What every certificate says, for so many days.
fn params(names: &[(DnType, &str)], now: Timestamp, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, name) in names {
        params.distinguished_name.push(kind.clone(), *name);
    }
    params.not_before = moment(now.plus_ms(-SLACK_MS));
    params.not_after = moment(now.plus_ms(days * DAY_MS));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// When an authority that was made at a moment ends.
pub(super) fn end_of_authority(made_at: Timestamp) -> Timestamp {
    made_at.plus_ms(AUTHORITY_DAYS * DAY_MS)
}

/// What an authority's certificate says; whoever issues says the same of itself in each certificate,
/// whenever it was made.
pub(super) fn of_authority(key_hash: Hash, now: Timestamp) -> CertificateParams {
    let name = format!("Guitai mall {}", &key_hash.to_string()[..8]);
    let mut params = params(&[(DnType::CommonName, &name)], now, AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    params
}

/// An authority's own certificate.
pub(super) fn authority(
    key: &KeyPair,
    key_hash: Hash,
    now: Timestamp,
) -> Result<Certificate, rcgen::Error> {
    of_authority(key_hash, now).self_signed(key)
}

/// A key of a server and its certificate.
pub(crate) struct Server {
    /// The certificate, and the authority's behind it: a box knows the authority by its fingerprint.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub(crate) key: KeyPair,
    /// The certificate, PEM.
    pub(crate) pem: String,
}

impl Server {
    /// The key as TLS takes it.
    pub(crate) fn tls_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }
}

impl Authority {
    /// The certificate of an edge node, which names it and its store: the common name is the name by
    /// which a broker knows it.
    pub(super) fn edge(
        &self,
        key: &Requested,
        (edge, store): (EdgeId, &str),
        now: Timestamp,
    ) -> Result<(Certificate, String), AuthorityError> {
        let names = [
            (DnType::OrganizationName, "Guitai"),
            (DnType::OrganizationalUnitName, store),
            (DnType::CommonName, &edge.to_string()),
        ];
        let mut params = params(&names, now, EDGE_DAYS);
        let uri = format!("urn:guitai:store:{store}:edge:{edge}");
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let serial = self.serial()?;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        Ok((params.signed_by(key, &self.newest().issuer)?, sync::chain::hex(&serial)))
    }

    /// A certificate of the mall's own: for a server of these names (host names and addresses), which
    /// may call others as `caller` too.
    pub(crate) fn server(
        &self,
        names: &[String],
        caller: &str,
        (now, days): (Timestamp, i64),
    ) -> Result<Server, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params(&[(DnType::CommonName, caller)], now, days);
        params.subject_alt_names = CertificateParams::new(names.to_vec())?.subject_alt_names;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(SerialNumber::from_slice(&self.serial()?));
        let made = params.signed_by(&key, &self.first.issuer)?;
        let pem = made.pem();
        Ok(Server { chain: vec![made.into(), self.der().into()], key, pem })
    }
}

/// The lists of revoked certificates at a moment (CRL, RFC 5280), one by each that signs. Each names them
/// all: a serial number is the same twice for nobody.
pub(super) fn revoked(
    authority: &Authority,
    rows: &[RevokedRow],
    now: Timestamp,
) -> Result<Vec<CertificateRevocationList>, AuthorityError> {
    authority.signers().map(|signer| revoked_by(signer, rows, now)).collect()
}

fn revoked_by(
    signer: &Signer,
    rows: &[RevokedRow],
    now: Timestamp,
) -> Result<CertificateRevocationList, AuthorityError> {
    let revoked = rows.iter().map(|row| RevokedCertParams {
        serial_number: serial_number(&row.serial),
        revocation_time: moment(row.revoked_at),
        reason_code: Some(RevocationReason::PrivilegeWithdrawn),
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: moment(now.plus_ms(-SLACK_MS)),
        next_update: moment(now.plus_ms(LIST_DAYS * DAY_MS)),
        crl_number: SerialNumber::from(u64::try_from(now.micros()).unwrap_or(0)),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(&signer.issuer)?)
}

fn serial_number(serial: &str) -> SerialNumber {
    SerialNumber::from_slice(&hex_bytes(serial).unwrap_or_else(|| vec![0; SERIAL_BYTES]))
}
