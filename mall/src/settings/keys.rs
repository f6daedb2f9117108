//! The keys that sign settings: one file each, named by its version.
//!
//! The two newest are told to stores, so that a store which was away while a new key was made still
//! believes what the one before signed, and the other way round.
//!
//! **Invariant:** a private key is in its file, readable by its owner alone, and nowhere else.

use std::{
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sync::{
    settings::{KEYS_MAX, SettingsKeyV1},
    signature::{NotAKey, public_key},
};

/// Bytes of a key's file: Ed25519 in PKCS#8 has 85.
const KEY_BYTES_MAX: u64 = 4_096;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The folder or a file in it could not be read or written.
    #[error("could not read or write the keys of settings in {}", path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is none of ours.
    #[error("a key of settings is damaged")]
    Key(#[from] NotAKey),
    /// The machine gives no random numbers.
    #[error("could not make a key")]
    Dice,
}

/// Where the keys lie.
#[derive(Clone, Debug)]
pub(crate) struct Keys(PathBuf);

/// A key that signs.
pub(crate) struct Key {
    /// 1, 2, 3 …
    pub(crate) version: u32,
    /// Its private half.
    pub(crate) pkcs8: Vec<u8>,
}

impl Keys {
    /// Keys in a folder; the first is made when it is needed.
    pub(crate) const fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn error(&self) -> impl FnOnce(io::Error) -> KeysError {
        let path = self.0.clone();
        move |source| KeysError::Files { path, source }
    }

    /// The key that signs: the newest, made now if there is none.
    pub(crate) fn newest(&self) -> Result<Key, KeysError> {
        let version = match self.versions()?.last() {
            Some(version) => *version,
            None => self.make(1)?,
        };
        self.read(version)
    }

    /// Makes a new key, by which everything is signed from now on; its version.
    pub(crate) fn rotate(&self) -> Result<u32, KeysError> {
        let newest = self.versions()?.last().copied().unwrap_or(0);
        self.make(newest + 1)
    }

    /// The public halves that stores believe, the newest last.
    pub(crate) fn public(&self) -> Result<Vec<SettingsKeyV1>, KeysError> {
        self.newest()?;
        let versions = self.versions()?;
        let told = versions.get(versions.len().saturating_sub(KEYS_MAX)..).unwrap_or_default();
        told.iter()
            .map(|version| {
                let key = self.read(*version)?;
                Ok(SettingsKeyV1 { version: key.version, public_key: public_key(&key.pkcs8)? })
            })
            .collect()
    }

    fn path(&self, version: u32) -> PathBuf {
        self.0.join(format!("{version}.key"))
    }

    fn read(&self, version: u32) -> Result<Key, KeysError> {
        use io::Read as _;
        let mut pkcs8 = Vec::new();
        let file = std::fs::File::open(self.path(version)).map_err(self.error())?;
        file.take(KEY_BYTES_MAX).read_to_end(&mut pkcs8).map_err(self.error())?;
        Ok(Key { version, pkcs8 })
    }

    fn versions(&self) -> Result<Vec<u32>, KeysError> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(self.error())?,
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry.map_err(self.error())?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".key"));
            versions.extend(number.and_then(|number| number.parse::<u32>().ok()));
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// Makes the key of a version, unless another process has made it meanwhile.
    fn make(&self, version: u32) -> Result<u32, KeysError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let pkcs8 = pkcs8.map_err(|_| KeysError::Dice)?;
        self.lay(version, pkcs8.as_ref()).map_err(self.error())?;
        Ok(version)
    }

    /// A key's file is there whole or not at all, and the first of two that are made stays.
    fn lay(&self, version: u32, pkcs8: &[u8]) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let aside = self.0.join(format!("{version}.{}.new", std::process::id()));
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(pkcs8)?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&aside, self.path(version));
        std::fs::remove_file(&aside)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked.and_then(|()| sync_folder(&self.0)),
        }
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_kept_private_and_the_two_newest_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::at(folder.path().join("keys"));
        let first = keys.public().unwrap();
        assert_eq!(first, keys.public().unwrap());
        assert_eq!((first.len(), first[0].version), (1, 1));
        let mode = std::fs::metadata(keys.path(1)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(keys.rotate().unwrap(), 2);
        assert_eq!(keys.rotate().unwrap(), 3);
        let told: Vec<u32> = keys.public().unwrap().iter().map(|key| key.version).collect();
        assert_eq!(told, [2, 3]);
        assert_eq!(keys.newest().unwrap().version, 3);
        // Another process that makes the same key keeps the one that is there.
        let before = std::fs::read(keys.path(3)).unwrap();
        keys.make(3).unwrap();
        assert_eq!(std::fs::read(keys.path(3)).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path().join("keys")).unwrap().count(), 3);
    }
}
