//! The accounts of the file, ready to ask.
//!
//! **Invariant:** one client for each house, because Douyin's token has one holder; what differs
//! from store to store is given with each question. Nothing is asked here.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use domain::{payment::PaymentMethod, redemption::IssuerName};
use platforms::{
    Endpoint, SetupError, acquirer, alipay, douyin,
    issuer::{self, Shop},
    wechat,
};

use super::{
    Acquirer, Houses, Issuer,
    acquiring::Acquiring,
    file::{
        AccountsFile, AlipayAccount, DouyinAccount, PlatformsError, StoreAccount, WechatAccount,
    },
    issuing::{Issuing, Stock},
};
use crate::Clock;

const WECHAT: &str = "WeChat";
const ALIPAY: &str = "Alipay";
const DOUYIN: &str = "Douyin";

/// The houses with which this mall has accounts.
#[derive(Debug)]
pub(super) struct Connected {
    wechat: Option<Wechat>,
    alipay: Option<alipay::Client>,
    douyin: Option<douyin::Client>,
    stores: BTreeMap<String, StoreAccount>,
}

#[derive(Debug)]
struct Wechat {
    charges: wechat::v2::Client,
    /// Only where HQ has named stocks of coupons.
    coupons: Option<(wechat::v3::Client, Vec<Stock>)>,
}

impl Connected {
    /// Reads the keys and sets every client up; a client connects when it is first used.
    pub(super) fn open(file: &AccountsFile, clock: &Clock) -> Result<Self, PlatformsError> {
        let accounts = &file.accounts;
        let clock: platforms::Clock = {
            let clock = clock.clone();
            Arc::new(move || clock.now())
        };
        let wechat = accounts.wechat.as_ref().map(|account| wechat(file, account, &clock));
        let alipay = accounts.alipay.as_ref().map(|account| alipay(file, account, &clock));
        let douyin = accounts.douyin.as_ref().map(|account| douyin(file, account, &clock));
        Ok(Self {
            wechat: wechat.transpose()?,
            alipay: alipay.transpose()?,
            douyin: douyin.transpose()?,
            stores: accounts.stores.clone(),
        })
    }
}

fn fault(house: &'static str) -> impl Fn(SetupError) -> PlatformsError {
    move |error| PlatformsError::Account { house, what: error.to_string() }
}

fn endpoint(
    file: &AccountsFile,
    url: Option<&str>,
    usual: &str,
) -> Result<Endpoint, PlatformsError> {
    let extra_root_pem = file.root_certificate()?;
    Ok(Endpoint { extra_root_pem, ..Endpoint::at(url.unwrap_or(usual)) })
}

fn wechat(
    file: &AccountsFile,
    account: &WechatAccount,
    clock: &platforms::Clock,
) -> Result<Wechat, PlatformsError> {
    let endpoint = endpoint(file, account.url.as_deref(), wechat::BASE_URL)?;
    let key = file.secret(&account.private_key_file)?;
    let certificate = file.public(&account.certificate_file)?;
    let identity = platforms::Secret::new(format!("{certificate}\n{}\n", key.reveal()));
    let charges = wechat::v2::Client::new(wechat::v2::Config {
        endpoint: endpoint.clone(),
        appid: account.app.clone(),
        mch_id: account.merchant.clone(),
        api_key: file.secret(&account.api_key_file)?,
        sign_type: wechat::v2::SignType::HmacSha256,
        identity_pem: identity,
        caller_ip: account.caller_ip.unwrap_or(Ipv4Addr::LOCALHOST.into()),
    });
    let charges = charges.map_err(fault(WECHAT))?;
    let Some(coupons) = &account.coupons else {
        return Ok(Wechat { charges, coupons: None });
    };
    let mut platform_keys = Vec::new();
    for key in &coupons.platform_keys {
        let (id, pem) = (key.serial.clone(), file.public(&key.file)?);
        platform_keys.push(wechat::v3::PlatformKey { id, pem });
    }
    let client = wechat::v3::Client::new(
        wechat::v3::Config {
            endpoint,
            appid: account.app.clone(),
            mchid: account.merchant.clone(),
            serial_no: coupons.certificate_serial.clone(),
            private_key_pem: key,
            api_v3_key: file.secret(&coupons.key_file)?,
            platform_keys,
        },
        Arc::clone(clock),
    );
    let stocks = coupons.stocks.iter().map(|(id, stock)| Stock {
        id: id.clone(),
        prefix: stock.prefix.clone(),
        title: stock.title.clone(),
        rule: stock.rule.clone(),
    });
    let coupons = Some((client.map_err(fault(WECHAT))?, stocks.collect()));
    Ok(Wechat { charges, coupons })
}

fn alipay(
    file: &AccountsFile,
    account: &AlipayAccount,
    clock: &platforms::Clock,
) -> Result<alipay::Client, PlatformsError> {
    let certificates = match &account.certificates {
        None => None,
        Some(files) => Some(alipay::Certificates {
            app_pem: file.public(&files.app_file)?,
            root_pem: file.public(&files.root_file)?,
        }),
    };
    let config = alipay::Config {
        endpoint: endpoint(file, account.url.as_deref(), alipay::BASE_URL)?,
        app_id: account.app.clone(),
        private_key: file.secret(&account.private_key_file)?,
        alipay_key: file.public(&account.platform_key_file)?,
        certificates,
        app_auth_token: None,
    };
    alipay::Client::new(config, Arc::clone(clock)).map_err(fault(ALIPAY))
}

fn douyin(
    file: &AccountsFile,
    account: &DouyinAccount,
    clock: &platforms::Clock,
) -> Result<douyin::Client, PlatformsError> {
    let mut links =
        douyin::LinkConfig { extra_root_pem: file.root_certificate()?, ..Default::default() };
    let pins = account.link_hosts.iter();
    links.pins = pins
        .clone()
        .map(|(host, addr)| platforms::Pin { host: host.clone(), addr: *addr })
        .collect();
    links.first_hosts.extend(pins.map(|(host, _)| host.clone()));
    let config = douyin::Config {
        endpoint: endpoint(file, account.url.as_deref(), douyin::BASE_URL)?,
        client_key: account.client_key.clone(),
        client_secret: file.secret(&account.client_secret_file)?,
        root_account: account.account.clone(),
        links,
    };
    douyin::Client::new(config, Arc::clone(clock)).map_err(fault(DOUYIN))
}

impl Houses for Connected {
    fn acquirer(&self, store: &str, method: PaymentMethod) -> Option<Arc<dyn Acquirer>> {
        let (house, name) = match method {
            PaymentMethod::Wechat => {
                (acquirer::Acquirer::Wechat(self.wechat.as_ref()?.charges.clone()), WECHAT)
            }
            PaymentMethod::Alipay => {
                (acquirer::Acquirer::Alipay(self.alipay.as_ref()?.clone()), ALIPAY)
            }
        };
        Some(Arc::new(Acquiring { house, name, store: store.to_owned() }))
    }

    fn issuer(&self, store: &str, issuer: IssuerName) -> Option<Arc<dyn Issuer>> {
        Some(Arc::new(match issuer {
            IssuerName::Douyin => Issuing {
                house: issuer::Issuer::Douyin(self.douyin.as_ref()?.clone()),
                name: DOUYIN,
                shop: Shop {
                    id: self.stores.get(store)?.douyin_poi.clone()?,
                    account: self.stores.get(store)?.douyin_account.clone(),
                },
                stocks: Vec::new(),
            },
            IssuerName::Wechat => {
                let (client, stocks) = self.wechat.as_ref()?.coupons.as_ref()?;
                Issuing {
                    house: issuer::Issuer::Wechat(client.clone()),
                    name: WECHAT,
                    shop: Shop::default(),
                    stocks: stocks.clone(),
                }
            }
        }))
    }
}
