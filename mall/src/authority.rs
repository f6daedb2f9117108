//! The mall's own authority: it says by certificates which machine is which edge node.
//!
//! | file | what |
//! | --- | --- |
//! | `request` | what a box asks to have signed, read warily |
//! | `papers` | certificates and lists of revoked ones, as values |
//! | `issue` | edge nodes get certificates |
//! | `lists` | what a broker goes by: who was revoked, who may say what |
//! | `keep` | those lists, level with the database while the mall runs |
//! | `rotate` | another authority takes the place of the one that is |
//! | `publish` | the list of revoked certificates for whoever asks |
//!
//! The authority's key is `authority.key` beside the mall's other keys, mode 0600 (`authority-N.key` of one
//! that took its place); its certificate is a row, so that every mall over one database has the same. It is
//! made at the first start.
//!
//! **Invariant:** a certificate's names are the mall's own words about who an edge node is; nothing but
//! the key is taken from a request. A key never leaves this room.

mod issue;
mod keep;
mod lists;
mod papers;
mod publish;
mod request;
mod rotate;

use std::{
    io,
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use rcgen::{Issuer, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use sync::chain::Hash;

pub(crate) use issue::{IssueError, certificate_for, issue, standing};
pub(crate) use keep::keep_lists;
pub(crate) use lists::{ListsError, MALL, access_list, revoked_list, write_lists, write_server};
pub(crate) use papers::{ENDED_DAYS_MAX, OWN_DAYS};
pub(crate) use publish::{PUBLISHED_MS, published};
pub(crate) use rotate::{RotateError, begin, n_left_out, retire};

use crate::{
    db::{
        self, Db, DbError,
        certificates::{self, AuthorityRow},
    },
    vault::{self, VaultError},
};

/// Bytes of a serial number, all random: RFC 5280 (4.1.2.2) allows 20.
const SERIAL_BYTES: usize = 16;

/// Why there is no authority, or it did not sign.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its key's file cannot be read or made.
    #[error("could not read or make the authority's key")]
    Vault(#[from] VaultError),
    /// The key is another than that of the database's authority.
    #[error("{} is not the key of this database's authority", .0.display())]
    OtherKey(PathBuf),
    /// The database has an authority, and its key is not here.
    #[error("{} is not there, and this database has an authority", .0.display())]
    NoKey(PathBuf),
    /// Something could not be signed.
    #[error("could not sign a certificate")]
    Sign(#[from] rcgen::Error),
    /// The kept certificate is none.
    #[error("the authority's certificate is damaged")]
    Damaged,
    /// The machine gives no random numbers.
    #[error("could not get random numbers from the system")]
    Dice,
    /// The database refused.
    #[error("could not read or write certificates")]
    Db(#[from] DbError),
}

impl AuthorityError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Vault(error) => error.hint(),
            Self::OtherKey(_) | Self::NoKey(_) => {
                Some("put back the key files that were saved with the database")
            }
            Self::Db(error) => error.hint(),
            Self::Sign(_) | Self::Damaged | Self::Dice => None,
        }
    }
}

/// A key that signs, and the certificate by which it is believed.
pub(super) struct Signer {
    issuer: Issuer<'static, KeyPair>,
    row: AuthorityRow,
    der: Vec<u8>,
}

impl Signer {
    fn of(row: AuthorityRow, key: KeyPair, now: Timestamp) -> Result<Self, AuthorityError> {
        let der = der(&row.certificate).ok_or(AuthorityError::Damaged)?;
        let issuer = Issuer::new(papers::of_authority(row.key_hash, now), key);
        Ok(Self { issuer, row, der })
    }
}

/// The authority of one database: one signer, or two while the second takes the place of the first.
///
/// The first is shown by the mall's own certificates, because every box believes it; the second signs those
/// of boxes, which learn of it with them. Once all have, the first is retired.
pub(crate) struct Authority {
    first: Signer,
    second: Option<Signer>,
    dice: SystemRandom,
    published: publish::Kept,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// Where the key of an authority lies: the first that a database ever had, or a later one.
fn key_path(folder: &Path, number: i64) -> PathBuf {
    match number {
        1 => folder.join("authority.key"),
        later => folder.join(format!("authority-{later}.key")),
    }
}

/// Reads the key of an authority that is known.
fn read_key(folder: &Path, row: &AuthorityRow) -> Result<KeyPair, AuthorityError> {
    let path = key_path(folder, row.number);
    let read = vault::read(&path);
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    if read.as_ref().is_err_and(missing) {
        return Err(AuthorityError::NoKey(path));
    }
    let key = read.map_err(|source| VaultError::File { path: path.clone(), source })?;
    let key = pair(&key).map_err(|_| VaultError::NoKey(path.clone()))?;
    if row.key_hash != Hash::of(key.public_key_raw()) {
        return Err(AuthorityError::OtherKey(path));
    }
    Ok(key)
}

/// Makes the key of an authority, or takes the one that lies there, and its certificate.
fn make(folder: &Path, number: i64, now: Timestamp) -> Result<AuthorityRow, AuthorityError> {
    let path = key_path(folder, number);
    let key = vault::kept(&path, || {
        KeyPair::generate().map(|key| key.serialize_der()).map_err(|_| VaultError::Dice)
    })?;
    let key = pair(&key).map_err(|_| VaultError::NoKey(path))?;
    let key_hash = Hash::of(key.public_key_raw());
    let certificate = papers::authority(&key, key_hash, now)?.pem();
    Ok(AuthorityRow { number, key_hash, certificate, made_at: now })
}

impl Authority {
    /// Reads the authority of a database, or makes it at the first start.
    pub(crate) async fn open(
        folder: &Path,
        db: &Db,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let doing = "read the authority";
        let mut tx = db.read(doing).await?;
        let mut known = certificates::authorities(&mut tx).await?;
        drop(tx);
        if known.is_empty() {
            let made = make(folder, 1, now)?;
            let mut tx = db.write(doing).await?;
            certificates::put_authority(&mut tx, &made).await?;
            // Another mall, perhaps with another key, may have been first.
            known = certificates::authorities(&mut tx).await?;
            db::commit(tx, doing).await?;
        }
        let mut signers = Vec::new();
        for row in known {
            let key = read_key(folder, &row)?;
            signers.push(Signer::of(row, key, now)?);
        }
        let mut signers = signers.into_iter();
        let (Some(first), second) = (signers.next(), signers.next()) else {
            return Err(AuthorityError::Damaged);
        };
        let (dice, published) = (SystemRandom::new(), publish::Kept::default());
        Ok(Self { first, second, dice, published })
    }

    /// All that sign, the one that is shown first.
    fn signers(&self) -> impl Iterator<Item = &Signer> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// Who signs for boxes.
    fn newest(&self) -> &Signer {
        self.second.as_ref().unwrap_or(&self.first)
    }

    /// By what people and boxes know it: SHA-256 of the certificate that it is shown with, 64 hexadecimal
    /// digits.
    pub(crate) fn fingerprint(&self) -> Hash {
        Hash::of(&self.first.der)
    }

    /// The certificates by which it is believed, PEM: the one that is shown, and the one that takes its
    /// place.
    pub(crate) fn pem(&self) -> String {
        self.signers().map(|signer| signer.row.certificate.as_str()).collect()
    }

    /// The same in DER.
    pub(crate) fn ders(&self) -> impl Iterator<Item = &[u8]> {
        self.signers().map(|signer| signer.der.as_slice())
    }

    /// The certificate that it is shown with, DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.first.der.clone()
    }

    /// Of each its number, its fingerprint, its certificate in PEM and when that ends; the one that is
    /// shown first.
    pub(crate) fn told(&self) -> impl Iterator<Item = (i64, Hash, &str, Timestamp)> {
        self.signers().map(|signer| {
            let AuthorityRow { number, certificate, made_at, .. } = &signer.row;
            let ends_at = papers::end_of_authority(*made_at);
            (*number, Hash::of(&signer.der), certificate.as_str(), ends_at)
        })
    }

    fn serial(&self) -> Result<[u8; SERIAL_BYTES], AuthorityError> {
        let mut serial = [0; SERIAL_BYTES];
        self.dice.fill(&mut serial).map_err(|_| AuthorityError::Dice)?;
        // Positive (RFC 5280, 4.1.2.2), and of the same length always.
        serial[0] = serial[0] & 0x7f | 0x40;
        Ok(serial)
    }
}

/// A P-256 key in PKCS#8.
fn pair(pkcs8: &[u8]) -> Result<KeyPair, rcgen::Error> {
    let der = PrivatePkcs8KeyDer::from(pkcs8);
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ECDSA_P256_SHA256)
}

/// The bytes of a certificate in PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok().map(|der| der.to_vec())
}
