//! Takes this box's place at the mall with the code that HQ gave out once.
//!
//! The key is made here and its private half never leaves the data folder.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sync::{
    chain::Hash,
    path, signature,
    wire::{CertificateAskV1, EnrolledV1, EnrolmentV1},
};

use super::{
    certificate::{self, Held},
    mall::{Mall, MallError},
};
use crate::{
    config::Config,
    context::Clock,
    db::{self, DbError, Ledger, node, sync_folder},
};

/// Why a box could not take its place.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It has one already.
    #[error("this box is enrolled already, as store {0}")]
    AlreadyEnrolled(String),
    /// The key could not be made, written or read.
    #[error("could not keep this box's key in {}", path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The fingerprint is none.
    #[error("a fingerprint is 64 hexadecimal digits, as `mall authority` prints them")]
    Fingerprint,
    /// The mall said no, or nothing.
    #[error("the mall did not enrol this box")]
    Mall(#[from] MallError),
    /// The place could not be written down.
    #[error("the ledger did not keep this box's place")]
    Db(#[from] DbError),
}

/// A fingerprint however a person wrote it: with colons or blanks, in small or capital letters.
pub(crate) fn fingerprint_of(text: &str) -> Option<Hash> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    Hash::from_hex(&digits.to_ascii_lowercase())
}

/// Where the key of a data folder lies.
#[must_use]
pub(crate) fn key_path(data: &Path) -> PathBuf {
    data.join("edge.key")
}

/// Reads this box's key.
pub(crate) fn read_key(data: &Path) -> Result<Vec<u8>, EnrolError> {
    let path = key_path(data);
    std::fs::read(&path).map_err(|source| EnrolError::Key { path, source })
}

/// Claims the place and writes it down. Safe to repeat with a new code after a failure: the key
/// made the first time is used again.
///
/// With the fingerprint of the mall's authority, here or in the boot file, no other mall is believed,
/// now and from then on.
pub async fn enrol(
    config: &Config,
    claim_code: &str,
    fingerprint: Option<&str>,
) -> Result<EnrolledV1, EnrolError> {
    let given = fingerprint.or(config.mall.fingerprint.as_deref());
    let pin = given.map(|text| fingerprint_of(text).ok_or(EnrolError::Fingerprint)).transpose()?;
    std::fs::create_dir_all(&config.data).map_err(DbError::file("make", &config.data))?;
    let _only = db::only_here(&config.data)?;
    let (ledger, writer) = Ledger::open(&db::ledger::path_in(&config.data))?;
    let enrolled = claim(config, claim_code, pin, &ledger).await;
    drop(ledger);
    writer.join();
    enrolled
}

async fn claim(
    config: &Config,
    claim_code: &str,
    pin: Option<Hash>,
    ledger: &Ledger,
) -> Result<EnrolledV1, EnrolError> {
    if let Some(node) = ledger.read(node::load).await? {
        return Err(EnrolError::AlreadyEnrolled(node.store_code.to_string()));
    }
    let key = make_or_read_key(&config.data)?;
    let clock = Clock::System;
    let mall = Mall::new(&config.mall.url, clock.clone())?.pinned(pin)?;
    let public_key = signature::public_key(&key).map_err(MallError::Key)?;
    let (next, CertificateAskV1 { csr }) = certificate::next(&config.data)?;
    let claim_code = claim_code.trim().to_owned();
    let wish = EnrolmentV1 { claim_code, public_key, csr: Some(csr) };
    let enrolled: EnrolledV1 = mall.post(path::ENROLMENTS, &wish).await?;
    if let Some(told) = enrolled.certificate.clone() {
        certificate::keep(&config.data, &Held { key: next, told, pin })?;
    }
    let (kept, now) = (enrolled.clone(), clock.now());
    ledger.write(move |tx| node::insert(tx, &kept, now)).await?;
    Ok(enrolled)
}

fn make_or_read_key(data: &Path) -> Result<Vec<u8>, EnrolError> {
    let path = key_path(data);
    if path.exists() {
        return read_key(data);
    }
    let keep = || -> std::io::Result<Vec<u8>> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| std::io::Error::other("no random numbers"))?;
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(pkcs8.as_ref())?;
        file.sync_all()?;
        Ok(pkcs8.as_ref().to_vec())
    };
    let key = keep().map_err(|source| EnrolError::Key { path: path.clone(), source })?;
    sync_folder(data)?;
    Ok(key)
}
