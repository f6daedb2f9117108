//! How a client finds the platforms and shows who it is: addresses, names, keys.
//!
//! The names and secrets are the simulator's own and open nothing anywhere else.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::wechat::coupon::Coupon;
use crate::store;

/// What Douyin knows of the merchant.
#[derive(Debug)]
pub(crate) struct DouyinAccount {
    pub(crate) client_key: &'static str,
    pub(crate) client_secret: &'static str,
    pub(crate) account_id: &'static str,
    pub(crate) poi_ids: [&'static str; 2],
}

pub(crate) const DOUYIN: DouyinAccount = DouyinAccount {
    client_key: "aw0simulated0key",
    client_secret: "5d8f2a0c4b7e4e1f9a3c6d2b1e0f7a98",
    account_id: "7241078611527075855",
    poi_ids: ["6601136930455291912", "6601136930455291913"],
};

/// What `WeChat` Pay knows of the merchant.
#[derive(Debug)]
pub(crate) struct WechatAccount {
    pub(crate) appid: &'static str,
    pub(crate) mch_id: &'static str,
    /// Signs v2 calls and answers.
    pub(crate) api_key: &'static str,
    /// Serial of the key that signs v3 calls.
    pub(crate) merchant_serial: &'static str,
    /// Serials of the two keys that sign v3 answers: a public key, and a certificate.
    pub(crate) platform_serials: [&'static str; 2],
    /// The guest behind every code.
    pub(crate) openid: &'static str,
}

pub(crate) const WECHAT: WechatAccount = WechatAccount {
    appid: "wx5ba1e5a70fd3c001",
    mch_id: "1900009191",
    api_key: "b52c96bea30646abf8170f333bbd42b9",
    merchant_serial: "3775B6A45ACD588826D15E583A95F5DD0A1B2C3D",
    platform_serials: [
        "PUB_KEY_ID_0119000091912026031400382000002391",
        "7132D72A03E93CDDF8C03BBD1F37EEDF5E6F7081",
    ],
    openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
};

/// What Alipay knows of the merchant.
#[derive(Debug)]
pub(crate) struct AlipayAccount {
    pub(crate) app_id: &'static str,
}

pub(crate) const ALIPAY: AlipayAccount = AlipayAccount { app_id: "2021004100000001" };

/// Where the platforms are, and everything a client needs to be let in.
#[derive(Clone, Debug, Serialize)]
pub struct Access {
    /// Root of all the platforms' certificates, PEM.
    pub ca_pem: String,
    /// Where a person issues vouchers, and the control API; plain HTTP on 127.0.0.1.
    pub control_url: String,
    /// Douyin's.
    pub douyin: DouyinAccess,
    /// `WeChat` Pay's.
    pub wechat: WechatAccess,
    /// Alipay's.
    pub alipay: AlipayAccess,
}

/// How a client calls Douyin.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "named as Douyin names them")]
pub struct DouyinAccess {
    /// `https://localhost:port`.
    pub base_url: String,
    /// What short links begin with; a resolver must allow this host first.
    pub link_url: String,
    /// Where the host of short links listens: a host and port.
    pub link_door: String,
    pub client_key: String,
    pub client_secret: String,
    pub account_id: String,
    /// Stores that Douyin knows.
    pub poi_ids: Vec<String>,
}

/// How a client calls `WeChat` Pay.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "named as WeChat Pay names them")]
pub struct WechatAccess {
    /// `https://localhost:port`, for v2, `secapi` and v3.
    pub base_url: String,
    pub appid: String,
    pub mch_id: String,
    pub api_key: String,
    pub merchant_serial: String,
    /// Signs v3 calls and belongs to the certificate, PKCS#8 PEM.
    pub merchant_key_pem: String,
    /// Certificate that `secapi` wants to see, PEM.
    pub certificate_pem: String,
    /// Certificate and key that `secapi` wants to see, one after the other, PEM.
    pub identity_pem: String,
    /// `Wechatpay-Serial` and public key, PEM, of both keys that sign v3 answers.
    pub platform_keys: Vec<(String, String)>,
    /// The guest behind every coupon.
    pub openid: String,
}

/// How a client calls Alipay.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "named as Alipay names them")]
pub struct AlipayAccess {
    /// `https://localhost:port/gateway.do`.
    pub gateway_url: String,
    pub app_id: String,
    /// Signs calls, PKCS#8 PEM.
    pub app_key_pem: String,
    /// Checks answers, PEM.
    pub alipay_public_key_pem: String,
}

/// The key of v3 that opens what `WeChat` Pay sends by itself; these platforms send nothing so.
const WECHAT_V3_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The rule that a coupon switches on, and what the codes of its stock begin with.
pub const COUPON_RULE: (&str, &str) = ("wechat-30-off-5", "");

impl Access {
    /// Writes it all into a folder that nobody else may read: `platforms.json`, each key as a file
    /// of its own, and `platforms.toml` for a mall that has its accounts here.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let accounts = folder.join("platforms.toml");
        let mut files = vec![
            ("ca.pem".to_owned(), self.ca_pem.clone()),
            ("wechat-api.key".to_owned(), self.wechat.api_key.clone()),
            ("wechat-v3.key".to_owned(), WECHAT_V3_KEY.to_owned()),
            ("wechat-merchant-key.pem".to_owned(), self.wechat.merchant_key_pem.clone()),
            ("wechat-certificate.pem".to_owned(), self.wechat.certificate_pem.clone()),
            ("wechat-identity.pem".to_owned(), self.wechat.identity_pem.clone()),
            ("alipay-app-key.pem".to_owned(), self.alipay.app_key_pem.clone()),
            ("alipay-public-key.pem".to_owned(), self.alipay.alipay_public_key_pem.clone()),
            ("douyin.secret".to_owned(), self.douyin.client_secret.clone()),
            ("platforms.json".to_owned(), serde_json::to_string_pretty(self)?),
            ("platforms.toml".to_owned(), self.accounts()),
        ];
        for (serial, pem) in &self.wechat.platform_keys {
            files.push((platform_key_file(serial), pem.clone()));
        }
        for (name, text) in files {
            write_private(&folder.join(name), &text)?;
        }
        Ok(accounts)
    }

    /// The accounts as the operator of a mall writes them, for the store of the demo.
    fn accounts(&self) -> String {
        let Self { douyin, wechat, alipay, .. } = self;
        let stock = Coupon::default();
        let (rule, prefix) = COUPON_RULE;
        let keys: Vec<String> = wechat
            .platform_keys
            .iter()
            .map(|(serial, _)| {
                format!("{{ serial = {serial:?}, file = {:?} }}", platform_key_file(serial))
            })
            .collect();
        let link_host = douyin.link_url.trim_start_matches("https://");
        let link_host = link_host.rsplit_once(':').map_or(link_host, |(host, _)| host);
        format!(
            "root_certificate_file = \"ca.pem\"\n\n\
             [wechat]\nurl = {:?}\napp = {:?}\nmerchant = {:?}\n\
             api_key_file = \"wechat-api.key\"\ncertificate_file = \"wechat-certificate.pem\"\n\
             private_key_file = \"wechat-merchant-key.pem\"\n\n\
             [wechat.coupons]\nkey_file = \"wechat-v3.key\"\ncertificate_serial = {:?}\n\
             platform_keys = [{}]\n\n\
             [wechat.coupons.stocks.{}]\nrule = {rule:?}\nprefix = {prefix:?}\ntitle = {:?}\n\n\
             [alipay]\nurl = {:?}\napp = {:?}\nprivate_key_file = \"alipay-app-key.pem\"\n\
             platform_key_file = \"alipay-public-key.pem\"\n\n\
             [douyin]\nurl = {:?}\nclient_key = {:?}\nclient_secret_file = \"douyin.secret\"\n\
             account = {:?}\nlink_hosts = {{ {link_host:?} = {:?} }}\n\n\
             [stores.{}]\ndouyin_poi = {:?}\n",
            wechat.base_url,
            wechat.appid,
            wechat.mch_id,
            wechat.merchant_serial,
            keys.join(", "),
            stock.stock_id,
            stock.name,
            alipay.gateway_url.trim_end_matches("/gateway.do"),
            alipay.app_id,
            douyin.base_url,
            douyin.client_key,
            douyin.account_id,
            douyin.link_door,
            store::CODE,
            douyin.poi_ids.first().map(String::as_str).unwrap_or_default(),
        )
    }
}

fn platform_key_file(serial: &str) -> String {
    format!("wechat-platform-{serial}.pem")
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let open =
        fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
    let mut file = open.with_context(|| format!("could not write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("could not write {}", path.display()))
}
