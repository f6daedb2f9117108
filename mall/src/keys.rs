//! The mall's own secrets: the key that signs tokens, and the one that seals what stores are told.
//!
//! | file | what |
//! | --- | --- |
//! | `token.key` | Ed25519, PKCS#8: signs members', coupons' and pickups' codes |
//! | `seal.key` | 32 random bytes; each store's seal and the codes of pickups are made of it |
//!
//! Both are made at the first start, mode 0600, in the data folder. Several malls over one database
//! share one folder, or copies of these files.
//!
//! **Invariant:** no secret is printed, and none is in the database.

use std::{
    fmt,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use ring::{
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
    signature::Ed25519KeyPair,
};
use sync::{
    replica::StoreId,
    seal::{SECRET_BYTES, Seal, SealError},
    signature,
    token::{self, PublicKey, Token, Unsigned},
    wire::{KeyV1, KeysV1, SealV1},
};

/// The version of the first token key; another comes when keys are changed.
const TOKEN_KEY: u8 = 1;
/// The number of the first seal.
const SEAL_KEY: u16 = 1;

/// The mall's secrets.
pub(crate) struct Keys {
    token: Vec<u8>,
    public: String,
    seal: [u8; SECRET_BYTES],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the secrets of a data folder, and makes those that are not there.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let dice = SystemRandom::new();
        let token = kept(&folder.join("token.key"), || {
            Ed25519KeyPair::generate_pkcs8(&dice)
                .map(|made| made.as_ref().to_vec())
                .map_err(|_| damaged("the system gave no random numbers"))
        })?;
        let seal = kept(&folder.join("seal.key"), || {
            let mut bytes = [0; SECRET_BYTES];
            dice.fill(&mut bytes).map_err(|_| damaged("the system gave no random numbers"))?;
            Ok(bytes.to_vec())
        })?;
        let public = signature::public_key(&token).map_err(|_| damaged("token.key is damaged"))?;
        let seal = seal.try_into().map_err(|_| damaged("seal.key is damaged"))?;
        Ok(Self { token, public, seal })
    }

    /// Signs a token.
    pub(crate) fn sign(&self, token: &Token) -> Result<String, Unsigned> {
        token::sign(&self.token, TOKEN_KEY, token)
    }

    /// Reads a token that was signed here, whether it is still good or not.
    pub(crate) fn reads(&self, text: &str) -> Option<Token> {
        let bytes = sync::chain::hex_bytes(&self.public)?;
        token::genuine(text, &[PublicKey { version: TOKEN_KEY, bytes }]).ok()
    }

    /// The keys that stores believe tokens by.
    pub(crate) fn public(&self) -> KeysV1 {
        KeysV1 { keys: vec![KeyV1 { version: TOKEN_KEY, public_key: self.public.clone() }] }
    }

    /// A store's seal, as the store gets it.
    pub(crate) fn of_store(&self, store: StoreId) -> SealV1 {
        SealV1::of(SEAL_KEY, &self.derive(&format!("store-{store}")))
    }

    /// A store's seal, as the mall uses it.
    pub(crate) fn seal_of(&self, store: StoreId) -> Result<Seal, SealError> {
        self.of_store(store).seal()
    }

    /// What the codes of pickups are made of.
    pub(crate) fn codes(&self) -> [u8; SECRET_BYTES] {
        self.derive("pickup-codes")
    }

    fn derive(&self, label: &str) -> [u8; SECRET_BYTES] {
        let mut bytes = [0; SECRET_BYTES];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guitai-mall").extract(&self.seal);
        // HKDF gives 255 times as many bytes; it does not fail for one of them.
        let _ =
            prk.expand(&[label.as_bytes()], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes));
        bytes
    }
}

/// What lies in a file; made, flushed and named at once where there is none.
fn kept(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let (made, aside) = (make()?, path.with_extension("new"));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(&made)?;
    file.sync_all()?;
    // Another program that was quicker keeps its own.
    match std::fs::hard_link(&aside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::fs::remove_file(&aside)?;
    std::fs::read(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_are_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (first, again) =
            (Keys::open(folder.path()).unwrap(), Keys::open(folder.path()).unwrap());
        assert_eq!(first.public(), again.public());
        assert_eq!(first.of_store(StoreId(1)), again.of_store(StoreId(1)));
        assert_ne!(first.of_store(StoreId(1)), first.of_store(StoreId(2)));
        assert_ne!(first.codes(), Keys::open(tempfile::tempdir().unwrap().path()).unwrap().codes());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 2, "{names:?}");
        for file in names {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let printed = format!("{first:?}");
        assert!(!printed.contains(&sync::chain::hex(&first.seal)), "{printed}");
    }
}
