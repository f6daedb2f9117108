//! The mall's own authority: it says by certificates which machine is which edge node.
//!
//! | file | what |
//! | --- | --- |
//! | `request` | what a box asks to have signed, read warily |
//! | `papers` | certificates and lists of revoked ones, as values |
//! | `issue` | edge nodes get certificates |
//! | `lists` | what a broker goes by: who was revoked, who may say what |
//!
//! The authority's key is `authority.key` beside the mall's other keys, mode 0600; its certificate is a
//! row, so that every mall over one database has the same. It is made at the first start.
//!
//! **Invariant:** a certificate's names are the mall's own words about who an edge node is; nothing but
//! the key is taken from a request. A key never leaves this room.

mod issue;
mod lists;
mod papers;
mod request;

use std::{
    io,
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use rcgen::{Issuer, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use sync::chain::Hash;

pub(crate) use issue::{IssueError, certificate_for, issue};
pub(crate) use lists::{ListsError, MALL, access_list, revoked_list, write_lists, write_server};
pub(crate) use papers::{OWN_DAYS, revoked_pem};

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

/// The authority of one database.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    row: AuthorityRow,
    fingerprint: Hash,
    dice: SystemRandom,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads the authority of a database, or makes it at the first start.
    pub(crate) async fn open(
        folder: &Path,
        db: &Db,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let (doing, path) = ("read the authority", folder.join("authority.key"));
        let mut tx = db.read(doing).await?;
        let known = certificates::authority(&mut tx).await?;
        drop(tx);
        let key = match &known {
            Some(_) => {
                let read = vault::read(&path);
                let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
                if read.as_ref().is_err_and(missing) {
                    return Err(AuthorityError::NoKey(path));
                }
                read.map_err(|source| VaultError::File { path: path.clone(), source })?
            }
            None => vault::kept(&path, || {
                KeyPair::generate().map(|key| key.serialize_der()).map_err(|_| VaultError::Dice)
            })?,
        };
        let key = pair(&key).map_err(|_| VaultError::NoKey(path.clone()))?;
        let key_hash = Hash::of(key.public_key_raw());
        let row = match known {
            Some(row) => row,
            None => {
                let certificate = papers::authority(&key, key_hash, now)?.pem();
                let made = AuthorityRow { key_hash, certificate, made_at: now };
                let mut tx = db.write(doing).await?;
                certificates::put_authority(&mut tx, &made).await?;
                // Another mall, perhaps with another key, may have been first.
                let row = certificates::authority(&mut tx).await?.unwrap_or(made);
                db::commit(tx, doing).await?;
                row
            }
        };
        if row.key_hash != key_hash {
            return Err(AuthorityError::OtherKey(path));
        }
        let fingerprint = Hash::of(&der(&row.certificate).ok_or(AuthorityError::Damaged)?);
        let issuer = Issuer::new(papers::of_authority(key_hash, now), key);
        Ok(Self { issuer, row, fingerprint, dice: SystemRandom::new() })
    }

    /// By what people and boxes know it: SHA-256 of its certificate, 64 hexadecimal digits.
    pub(crate) const fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// Its certificate, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.row.certificate
    }

    /// When its certificate ends.
    pub(crate) fn ends_at(&self) -> Timestamp {
        papers::end_of_authority(self.row.made_at)
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
