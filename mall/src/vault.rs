//! What is sealed and signed here, and the keys for it.
//!
//! | file, mode 0600 | what |
//! | --- | --- |
//! | `pii.key` | the secret over all personal data: the mall's own seal, each store's secret and the codes of online orders follow from it |
//! | `authority.key` | the key of the mall's own authority (see `authority`) |
//! | `token-1.key`, `token-2.key` … | the keys that sign tokens; their public halves are in the database |
//!
//! A new signing key is told to the stores at once and signs a day later, so that a store with its
//! cable cut believes what is shown to it. It is believed until nothing that it signed is good.
//!
//! **Invariant:** a secret leaves this file only to a store that signed for it; a database whose
//! sealed texts do not open is not served.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use ring::{
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
    signature::Ed25519KeyPair,
};
use sync::{
    chain::{hex, hex_bytes},
    replica::{Scope, StoreId},
    seal::{NONCE_BYTES, Place, SECRET_BYTES, Seal, SealError},
    signature::public_key,
    token::{self, KEYS_MAX, PublicKey, Token, Unsigned},
    wire::{KeyV1, KeysV1, SealV1},
};

use crate::db::{
    self, Conn, Db, DbError, scope, stores,
    token_keys::{self, KeyRow},
};

/// The number of the secret, which stands in each cell.
const SECRET_NUMBER: u16 = 1;
/// How long stores know a key before it signs.
pub(crate) const REST_MS: i64 = 86_400_000;
/// How long a code that is in no table is good at most: a member's, for a day.
pub(crate) const CODE_MS_MAX: i64 = 86_400_000;
/// What is sealed to know the key again.
const KNOWN: &str = "this database was sealed with this key";
const KNOWN_PLACE: Place<'_> = Place { table: "vault_check", column: "cell", row: "1" };

/// Why nothing can be sealed, opened or signed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A key's file cannot be read or made.
    #[error("could not read or make {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A key's file holds something else.
    #[error("{} is no key", .0.display())]
    NoKey(PathBuf),
    /// The sealed texts of the database were sealed with another key.
    #[error("{} is not the key that the database was sealed with", .0.display())]
    OtherKey(PathBuf),
    /// The machine gives no random numbers.
    #[error("could not get random numbers from the system")]
    Dice,
    /// A cell does not open, or a text cannot be sealed.
    #[error("could not seal or open personal data")]
    Seal(#[from] SealError),
    /// A token could not be signed.
    #[error("could not sign a token")]
    Sign(#[from] Unsigned),
    /// There is no other version left, or the newest one does not sign yet.
    #[error("{0}")]
    Rotation(&'static str),
    /// There is no room for another key.
    #[error("{KEYS_MAX} keys are believed, and something that the oldest of them signed is good")]
    Full,
    /// No such key is believed.
    #[error("there is no key {0} that is believed")]
    Unknown(u8),
    /// The database refused.
    #[error("could not read or write the keys")]
    Db(#[from] DbError),
}

impl VaultError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { .. } => Some("keys are files in the data folder, mode 0600"),
            Self::NoKey(_) | Self::OtherKey(_) => {
                Some("put back the key files that were saved with the database")
            }
            Self::Db(error) => error.hint(),
            Self::Full => {
                Some("wait until its coupons end, or end them with their key: mall keys retire KEY")
            }
            Self::Unknown(_) => Some("`mall keys list` names the keys"),
            Self::Dice | Self::Seal(_) | Self::Sign(_) | Self::Rotation(_) => None,
        }
    }
}

/// The keys of one data folder.
pub(crate) struct Vault {
    folder: PathBuf,
    secret: [u8; SECRET_BYTES],
    seal: Seal,
    dice: SystemRandom,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads the secret of a data folder, or makes it at the first start.
    pub(crate) fn open(folder: &Path) -> Result<Self, VaultError> {
        let (path, dice) = (folder.join("pii.key"), SystemRandom::new());
        let mut fresh = [0; SECRET_BYTES];
        dice.fill(&mut fresh).map_err(|_| VaultError::Dice)?;
        let kept = kept(&path, || Ok(fresh.to_vec()))?;
        let secret = kept.try_into().map_err(|_| VaultError::NoKey(path))?;
        let seal = Seal::of(&secret, SECRET_NUMBER)?;
        Ok(Self { folder: folder.to_owned(), secret, seal, dice })
    }

    /// Looks whether the database was sealed with this secret, and makes the first signing key.
    pub(crate) async fn fit(&self, db: &Db, now: Timestamp) -> Result<(), VaultError> {
        let doing = "read the keys";
        let mut tx = db.read(doing).await?;
        let (known, newest) =
            (token_keys::known(&mut tx).await?, token_keys::believed(&mut tx).await?);
        drop(tx);
        if let Some(cell) = &known {
            self.prove(cell)?;
        }
        if known.is_some() && !newest.is_empty() {
            return Ok(());
        }
        let mut tx = db.write(doing).await?;
        if known.is_none() {
            let cell = self.seal.close(KNOWN_PLACE, self.nonce()?, KNOWN)?;
            token_keys::put_known(&mut tx, &hex(&cell)).await?;
            // Another mall, perhaps with another secret, may have been first.
            self.prove(&token_keys::known(&mut tx).await?.unwrap_or_default())?;
        }
        if token_keys::believed(&mut tx).await?.is_empty() {
            self.make_key(&mut tx, 1, now).await?;
        }
        Ok(db::commit(tx, doing).await?)
    }

    fn prove(&self, cell: &str) -> Result<(), VaultError> {
        let cell = hex_bytes(cell).unwrap_or_default();
        let is_ours = self.seal.open(KNOWN_PLACE, &cell).as_deref() == Ok(KNOWN);
        is_ours.then_some(()).ok_or_else(|| VaultError::OtherKey(self.folder.join("pii.key")))
    }

    /// The mall's own seal.
    pub(crate) const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// A nonce for one cell.
    pub(crate) fn nonce(&self) -> Result<[u8; NONCE_BYTES], VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        self.dice.fill(&mut nonce).map_err(|_| VaultError::Dice)?;
        Ok(nonce)
    }

    /// The secret of a store, which follows from the mall's: the same whenever it asks.
    pub(crate) fn secret_of(&self, store: StoreId) -> Result<SealV1, VaultError> {
        let secret = self.derived(&format!("store-secret-v1|{}", Scope::Store(store)))?;
        Ok(SealV1::of(SECRET_NUMBER, &secret))
    }

    /// What the codes of online orders follow from.
    pub(crate) fn codes(&self) -> Result<[u8; SECRET_BYTES], VaultError> {
        self.derived("pickup-codes-v1")
    }

    fn derived(&self, label: &str) -> Result<[u8; SECRET_BYTES], VaultError> {
        let mut secret = [0; SECRET_BYTES];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"guitai")
            .extract(&self.secret)
            .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|key| key.fill(&mut secret))
            .map_err(|_| SealError::Closed)?;
        Ok(secret)
    }

    /// The seal of a store, for what travels to it.
    pub(crate) fn seal_of(&self, store: StoreId) -> Result<Seal, VaultError> {
        Ok(self.secret_of(store)?.seal()?)
    }

    /// Signs a token by the newest key that has rested, read anew so that a key that another
    /// process made counts too.
    pub(crate) async fn sign(
        &self,
        tx: &mut Conn,
        token: &Token,
        now: Timestamp,
    ) -> Result<String, VaultError> {
        let keys = token_keys::believed(tx).await?;
        let row = in_use(&keys, now).ok_or(VaultError::Rotation("there is no signing key"))?;
        let path = self.key_path(row.version);
        let pkcs8 =
            read(&path).map_err(|source| VaultError::File { path: path.clone(), source })?;
        if public_key(&pkcs8).ok().as_ref() != Some(&row.public_key) {
            return Err(VaultError::NoKey(path));
        }
        Ok(token::sign(&pkcs8, row.version, token)?)
    }

    /// Makes the next signing key and tells every store of it; the answer is its version. Those
    /// before the one in use are believed no more once nothing that they signed is good.
    pub(crate) async fn rotate(&self, db: &Db, now: Timestamp) -> Result<u8, VaultError> {
        let doing = "make a signing key";
        let mut tx = db.write(doing).await?;
        let keys = token_keys::believed(&mut tx).await?;
        let newest = keys.first().map(|key| key.version);
        if in_use(&keys, now).map(|used| used.version) != newest {
            return Err(VaultError::Rotation("the newest key does not sign yet; wait a day"));
        }
        let mut n_kept = keys.len();
        for (key, signed_until) in before(&keys) {
            let is_needed = now.ms_since(signed_until) < CODE_MS_MAX
                || token_keys::is_any_good(&mut tx, signed_until, now).await?;
            if !is_needed {
                token_keys::retire(&mut tx, key.version, now).await?;
                n_kept -= 1;
            }
        }
        if n_kept >= KEYS_MAX {
            return Err(VaultError::Full);
        }
        // Also one that was ended keeps its number.
        let last = token_keys::all(&mut tx).await?.first().map_or(0, |key| key.version);
        let version = last.checked_add(1);
        let version = version.ok_or(VaultError::Rotation("there are no more than 255 keys"))?;
        self.make_key(&mut tx, version, now).await?;
        tell_stores(&mut tx, now).await?;
        db::commit(tx, doing).await?;
        Ok(version)
    }

    /// Ends a key at once, with whatever it signed: one that was stolen. Every store is told.
    pub(crate) async fn retire(
        &self,
        db: &Db,
        version: u8,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let doing = "retire a key of tokens";
        let mut tx = db.write(doing).await?;
        let keys = token_keys::believed(&mut tx).await?;
        if !keys.iter().any(|key| key.version == version) {
            return Err(VaultError::Unknown(version));
        }
        if keys.len() == 1 {
            return Err(VaultError::Rotation("it is the only key; make the next one first"));
        }
        token_keys::retire(&mut tx, version, now).await?;
        tell_stores(&mut tx, now).await?;
        Ok(db::commit(tx, doing).await?)
    }

    async fn make_key(&self, tx: &mut Conn, version: u8, now: Timestamp) -> Result<(), VaultError> {
        let path = self.key_path(version);
        let make = || {
            let made = Ed25519KeyPair::generate_pkcs8(&self.dice).map_err(|_| VaultError::Dice)?;
            Ok(made.as_ref().to_vec())
        };
        // One that lies there was made by somebody who was cut off before the commit.
        let pkcs8 = kept(&path, make)?;
        let public_key = public_key(&pkcs8).map_err(|_| VaultError::NoKey(path))?;
        let row = KeyRow { version, public_key, created_at: now, retired_at: None };
        Ok(token_keys::insert(tx, &row).await?)
    }

    fn key_path(&self, version: u8) -> PathBuf {
        self.folder.join(format!("token-{version}.key"))
    }
}

/// Tells every store which keys are believed.
async fn tell_stores(tx: &mut Conn, now: Timestamp) -> Result<(), DbError> {
    for store in stores::all(tx).await? {
        let of_feed = scope::raise(tx, Scope::Store(store.id), now).await?;
        token_keys::tell(tx, store.id, of_feed).await?;
    }
    Ok(())
}

/// The keys before the newest, with when each signed for the last time: until the next had rested.
fn before(keys: &[KeyRow]) -> impl Iterator<Item = (&KeyRow, Timestamp)> {
    let next = keys.iter().map(|next| next.created_at.plus_ms(REST_MS));
    keys.iter().skip(1).zip(next)
}

/// Which of the keys that are believed, newest first, signs at a moment.
pub(crate) fn in_use(keys: &[KeyRow], now: Timestamp) -> Option<&KeyRow> {
    let rested = keys.iter().find(|key| now.ms_since(key.created_at) >= REST_MS);
    rested.or_else(|| keys.last())
}

/// The keys that tokens are believed by now.
pub(crate) async fn believed(tx: &mut Conn) -> Result<KeysV1, DbError> {
    let keys = token_keys::believed(tx).await?.into_iter();
    let keys = keys.map(|key| KeyV1 { version: key.version, public_key: key.public_key });
    Ok(KeysV1 { keys: keys.collect() })
}

/// Reads a token that was signed here, whether it is still good or not.
pub(crate) async fn reads(tx: &mut Conn, text: &str) -> Result<Option<Token>, DbError> {
    let keys = believed(tx).await?.keys;
    let key =
        |key: KeyV1| Some(PublicKey { version: key.version, bytes: hex_bytes(&key.public_key)? });
    let keys: Vec<PublicKey> = keys.into_iter().filter_map(key).collect();
    Ok(token::genuine(text, &keys).ok())
}

/// What a key's file holds.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let text = std::fs::read_to_string(path)?;
    hex_bytes(text.trim()).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// What a key's file holds; made when it is not there. It gets its name when it is whole, and of
/// two processes that make it at once both go on with that of the first.
pub(crate) fn kept(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, VaultError>,
) -> Result<Vec<u8>, VaultError> {
    let told = |source| VaultError::File { path: path.to_owned(), source };
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(VaultError::NoKey(path.to_owned()));
        }
        found => return found.map_err(told),
    }
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let text = format!("{}\n", hex(&make()?));
    let written = write(&aside, &text).and_then(|()| match std::fs::hard_link(&aside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let _ = std::fs::remove_file(&aside);
    written.and_then(|()| sync_folder(path)).and_then(|()| read(path)).map_err(told)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone_and_each_store_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (first, again) =
            (Vault::open(folder.path()).unwrap(), Vault::open(folder.path()).unwrap());
        assert_eq!(first.secret, again.secret);
        let path = folder.path().join("pii.key");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let [a, b] = [17, 18].map(|id| first.secret_of(StoreId(id)).unwrap());
        assert!(a != b && a == again.secret_of(StoreId(17)).unwrap());
        let elsewhere = tempfile::tempdir().unwrap();
        let codes = first.codes().unwrap();
        assert_eq!(codes, again.codes().unwrap());
        assert_ne!(codes, Vault::open(elsewhere.path()).unwrap().codes().unwrap());
        assert!(!format!("{first:?} {a:?}").contains(&a.secret[..8]));
        std::fs::write(&path, "no key").unwrap();
        assert!(matches!(Vault::open(folder.path()), Err(VaultError::NoKey(_))));
    }

    #[test]
    fn a_new_key_signs_when_stores_have_known_it_for_a_day() {
        let at = |ms: i64| Timestamp::from_micros(ms * 1_000);
        let key = |version, ms| {
            let (public_key, created_at) = (String::new(), at(ms));
            KeyRow { version, public_key, created_at, retired_at: None }
        };
        let keys = [key(2, 10 * REST_MS), key(1, 0)];
        let signs = |ms: i64| in_use(&keys, at(ms)).map(|key| key.version);
        assert_eq!(signs(10 * REST_MS), Some(1));
        assert_eq!(signs(11 * REST_MS - 1), Some(1));
        assert_eq!(signs(11 * REST_MS), Some(2));
        assert_eq!(in_use(&keys[..1], at(0)).map(|key| key.version), Some(2));
        let signed: Vec<(u8, Timestamp)> =
            before(&keys).map(|(key, until)| (key.version, until)).collect();
        assert_eq!(signed, [(1, at(11 * REST_MS))]);
    }
}
