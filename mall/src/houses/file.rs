//! Accounts with other houses, as the operator of the mall writes them: a TOML file that names the
//! files of the keys.
//!
//! **Invariant:** no key stands in the file itself, and no key file is taken that everybody on the
//! machine can read. No error shows what stands in a file.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use platforms::Secret;
use serde::Deserialize;

/// Bytes of the file, and of a key file: a chain of certificates has some thousands.
const FILE_BYTES_MAX: u64 = 256 * 1_024;
/// Bits by which everybody else may read, write or run a file.
const OTHERS: u32 = 0o007;

/// Why the accounts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PlatformsError {
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not understood.
    #[error("could not understand {}, line {line}: {what}", path.display())]
    Text {
        /// Which.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong; nothing of what stands there.
        what: String,
    },
    /// Everybody on the machine can read a key.
    #[error("everybody on this machine can read the key {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// A key file is empty.
    #[error("{} holds no key", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// An account is not one that can be used.
    #[error("the account with {house} cannot be used: {what}")]
    Account {
        /// Whose.
        house: &'static str,
        /// Why.
        what: String,
    },
}

impl PlatformsError {
    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => Some("give the file with the accounts: --platforms FILE"),
            Self::Text { .. } | Self::Account { .. } => {
                Some("see the sample packaging/platforms.toml")
            }
            Self::Open { .. } => Some("take the right away: chmod o= FILE"),
            Self::Empty { .. } => Some("put the key there as its house gave it"),
        }
    }
}

/// All accounts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accounts {
    /// A root certificate besides the usual ones, PEM; for a house in a test.
    pub(super) root_certificate_file: Option<PathBuf>,
    /// WeChat Pay.
    pub(super) wechat: Option<WechatAccount>,
    /// Alipay.
    pub(super) alipay: Option<AlipayAccount>,
    /// Douyin life services.
    pub(super) douyin: Option<DouyinAccount>,
    /// What differs from store to store, by the store's code.
    #[serde(default)]
    pub(super) stores: BTreeMap<String, StoreAccount>,
}

/// The account with WeChat Pay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WechatAccount {
    /// Where it answers, if not where it always does.
    pub(super) url: Option<String>,
    /// The official account or mini program that the merchant is bound to.
    pub(super) app: String,
    /// The merchant's number.
    pub(super) merchant: String,
    /// The key of version 2, for charges.
    pub(super) api_key_file: PathBuf,
    /// The merchant's certificate, for reversals and refunds, PEM.
    pub(super) certificate_file: PathBuf,
    /// Its private key, PEM.
    pub(super) private_key_file: PathBuf,
    /// The address from which this machine asks, if WeChat wants to know.
    pub(super) caller_ip: Option<IpAddr>,
    /// The merchant's coupons (商家券), if they are taken.
    pub(super) coupons: Option<CouponsAccount>,
}

/// The merchant's coupons at WeChat.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CouponsAccount {
    /// The key of version 3.
    pub(super) key_file: PathBuf,
    /// The serial number of the merchant's certificate.
    pub(super) certificate_serial: String,
    /// WeChat's own public keys.
    pub(super) platform_keys: Vec<PlatformKey>,
    /// What a coupon does here, by the number of its stock (批次号).
    pub(super) stocks: BTreeMap<String, StockAccount>,
}

/// A stock of coupons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StockAccount {
    /// The rule that a coupon switches on, by its id in the rule set.
    pub(super) rule: String,
    /// What the codes begin with: WeChat does not say of which stock a code is. May be left out
    /// where there is one stock only.
    #[serde(default)]
    pub(super) prefix: String,
    /// What cashiers call it.
    #[serde(default)]
    pub(super) title: String,
}

/// A public key of a house.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformKey {
    /// Its serial number, or its id.
    pub(super) serial: String,
    /// The key, PEM.
    pub(super) file: PathBuf,
}

/// The account with Alipay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlipayAccount {
    /// Where it answers, if not where it always does.
    pub(super) url: Option<String>,
    /// The application's number.
    pub(super) app: String,
    /// The application's private key, PEM.
    pub(super) private_key_file: PathBuf,
    /// Alipay's own public key, or in certificate mode its certificate, PEM.
    pub(super) platform_key_file: PathBuf,
    /// Certificate mode (公钥证书模式), if the application uses it.
    pub(super) certificates: Option<CertificateFiles>,
}

/// The certificates of Alipay's certificate mode, PEM.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateFiles {
    /// Of the application.
    pub(super) app_file: PathBuf,
    /// Alipay's root.
    pub(super) root_file: PathBuf,
}

/// The account with Douyin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DouyinAccount {
    /// Where it answers, if not where it always does.
    pub(super) url: Option<String>,
    /// The application's key.
    pub(super) client_key: String,
    /// The application's secret.
    pub(super) client_secret_file: PathBuf,
    /// The root account of the merchant (来客商户根账户).
    pub(super) account: Option<String>,
    /// Hosts of links besides Douyin's own and where they are instead; for a house in a test.
    #[serde(default)]
    pub(super) link_hosts: BTreeMap<String, SocketAddr>,
}

/// What differs from store to store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreAccount {
    /// The store's number at Douyin (`poi_id`); without it Douyin's vouchers are not taken there.
    pub(super) douyin_poi: Option<String>,
    /// Its account at Douyin, for chains of 云连锁 only.
    pub(super) douyin_account: Option<String>,
}

/// The accounts, and the folder from which they name their keys.
#[derive(Debug)]
pub(super) struct AccountsFile {
    /// What stands in it.
    pub(super) accounts: Accounts,
    folder: PathBuf,
}

impl AccountsFile {
    /// Reads the file; the keys are read when they are wanted.
    pub(super) fn read(path: &Path) -> Result<Self, PlatformsError> {
        let text = text(path)?;
        let accounts = toml::from_str(&text).map_err(|error| PlatformsError::Text {
            path: path.to_owned(),
            line: line(&text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { accounts, folder })
    }

    /// A key that nobody else may read.
    pub(super) fn secret(&self, file: &Path) -> Result<Secret, PlatformsError> {
        let path = self.folder.join(file);
        let read = |source| PlatformsError::Read { path: path.clone(), source };
        let mode = std::fs::metadata(&path).map_err(read)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(PlatformsError::Open { path });
        }
        self.public(file).map(Secret::new)
    }

    /// The root certificate besides the usual ones, if there is one.
    pub(super) fn root_certificate(&self) -> Result<Option<String>, PlatformsError> {
        self.accounts.root_certificate_file.as_ref().map(|file| self.public(file)).transpose()
    }

    /// A key or certificate that anybody may know.
    pub(super) fn public(&self, file: &Path) -> Result<String, PlatformsError> {
        let path = self.folder.join(file);
        let text = text(&path)?.trim().to_owned();
        if text.is_empty() {
            return Err(PlatformsError::Empty { path });
        }
        Ok(text)
    }
}

/// A small file of text.
fn text(path: &Path) -> Result<String, PlatformsError> {
    let read = |source| PlatformsError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(read)?;
    let mut text = String::new();
    let n = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(read)?;
    if u64::try_from(n).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(read(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    Ok(text)
}

/// The line of a place, from 1.
fn line(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../packaging/platforms.toml");

    fn folder(files: &[(&str, &str, u32)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, mode) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
        }
        folder
    }

    fn read(text: &str) -> Result<AccountsFile, PlatformsError> {
        AccountsFile::read(
            &folder(&[("platforms.toml", text, 0o644)]).path().join("platforms.toml"),
        )
    }

    #[test]
    fn the_sample_is_understood_also_with_all_its_keys_switched_on() {
        let on: Vec<&str> = SAMPLE
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.contains(" = ") && !key.contains(". ") => key,
                Some(_) | None => line,
            })
            .collect();
        for text in [SAMPLE, &on.join("\n")] {
            let accounts = read(text).unwrap().accounts;
            let wechat = accounts.wechat.unwrap();
            assert_eq!(wechat.coupons.unwrap().stocks.len(), 1);
            assert!(accounts.alipay.is_some() && accounts.douyin.is_some());
            assert_eq!(accounts.stores.len(), 1);
        }
        let accounts = read(&on.join("\n")).unwrap().accounts;
        assert!(accounts.root_certificate_file.is_some());
        assert_eq!(accounts.douyin.unwrap().link_hosts.len(), 1);
        assert!(accounts.alipay.unwrap().certificates.is_some());
    }

    #[test]
    fn a_misspelt_key_is_told_by_its_line_and_nothing_of_what_stands_there() {
        let text = "[douyin]\nclient_key = \"a\"\nclient_secret = \"very secret\"\n";
        let error = read(text).unwrap_err();
        let told = crate::Chain(&error).to_string();
        assert!(told.contains("line 3") && told.contains("client_secret"), "{told}");
        assert!(!told.contains("very secret"), "{told}");
        assert!(error.hint().unwrap().contains("packaging/platforms.toml"));
    }

    #[test]
    fn a_key_that_everybody_can_read_is_not_taken() {
        let table = [(0o600, true), (0o640, true), (0o644, false), (0o604, false), (0o602, false)];
        for (mode, is_taken) in table {
            let folder = folder(&[("platforms.toml", "", 0o644), ("a.key", " geheim \n", mode)]);
            let file = AccountsFile::read(&folder.path().join("platforms.toml")).unwrap();
            match file.secret(Path::new("a.key")) {
                Ok(secret) => assert!(is_taken && secret.reveal() == "geheim", "{mode:o}"),
                Err(error) => {
                    assert!(!is_taken && matches!(error, PlatformsError::Open { .. }), "{mode:o}");
                    assert!(error.hint().unwrap().contains("chmod o="));
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_not_there_or_empty_is_named() {
        let folder = folder(&[("platforms.toml", "", 0o644), ("empty.key", "\n", 0o600)]);
        let file = AccountsFile::read(&folder.path().join("platforms.toml")).unwrap();
        for name in ["gone.key", "empty.key"] {
            let error = file.secret(Path::new(name)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
