//! The secret that seals the phone numbers of the portal's log: made here at the first start, read
//! by this user only, and never sent anywhere. Who has the ledger's file without it reads no number.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use sync::seal::{SECRET_BYTES, Seal, SealError};

use crate::context::random;

/// The number of the secret, kept in each cell.
const KEY: u16 = 1;

/// Why phone numbers cannot be sealed, so that nobody may sign in.
#[derive(Debug, thiserror::Error)]
pub enum PortalKeyError {
    /// The file is not there, not ours, or not whole.
    #[error("could not read or make {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The crypto library refused.
    #[error("could not make keys of the secret")]
    Seal(#[from] SealError),
}

/// Reads the secret, or makes it.
pub(super) fn make_or_read(data: &Path) -> Result<Seal, PortalKeyError> {
    let path = data.join("portal.key");
    let failed = |source| PortalKeyError::File { path: path.clone(), source };
    let secret = match std::fs::read(&path) {
        Ok(bytes) => <[u8; SECRET_BYTES]>::try_from(bytes)
            .map_err(|_| failed(std::io::Error::other("it is not whole")))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = random();
            keep(&path, &secret).map_err(failed)?;
            secret
        }
        Err(error) => return Err(failed(error)),
    };
    Ok(Seal::of(&secret, KEY)?)
}

fn keep(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    // Under another name first: a power cut leaves the whole secret or none.
    let new = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(secret)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
