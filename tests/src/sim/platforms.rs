//! The platforms as one thing: started, told what to do, asked what they hold.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    access::{ALIPAY, Access, AlipayAccess, DOUYIN, DouyinAccess, WECHAT, WechatAccess},
    code::PaymentCode,
    control,
    door::{self, Ground, House},
    douyin::{
        link::Astray,
        voucher::{Issued, Voucher},
    },
    fault::Planned,
    keys::Keys,
    ledger::{Balance, Entry, Family, Platform, Violation, without_attempt},
    tls::{Authority, Port},
    wechat::coupon::Coupon,
};

/// Names under which all doors are found: this machine's, and the real ones for a client that is told
/// to resolve them to this machine.
const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "open.douyin.com",
    "v.douyin.com",
    "www.iesdouyin.com",
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "openapi.alipay.com",
];

/// Ports and manners; a port of 0 is any free one.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the port of the door it is named after")]
pub struct Options {
    pub douyin_port: u16,
    pub link_port: u16,
    pub wechat_port: u16,
    pub alipay_port: u16,
    pub control_port: u16,
    /// What the links of vouchers begin with; the door's own address, when it is missing.
    pub link_url: Option<String>,
    /// The folder in which a program says how the mall's shop and brand are reached (`SHOP`,
    /// `BRAND`), and the store's portal leaves what it would send to phones (`MESSAGES`): for a
    /// person who plays a shopper.
    pub folder: Option<PathBuf>,
    /// Which numbers are attempts at one payment.
    pub family: Family,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            douyin_port: 0,
            link_port: 0,
            wechat_port: 0,
            alipay_port: 0,
            control_port: 0,
            link_url: None,
            folder: None,
            family: Family::told_by(|number| without_attempt(number).to_owned()),
        }
    }
}

/// Douyin, `WeChat` Pay and Alipay; they end when this is dropped.
#[derive(Debug)]
pub struct Platforms {
    ground: Arc<Ground>,
    access: Access,
    serving: Vec<JoinHandle<()>>,
}

impl Drop for Platforms {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

impl Platforms {
    /// Starts them on free ports.
    ///
    /// # Errors
    /// When a port cannot be opened.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts them.
    ///
    /// # Errors
    /// When a port cannot be opened.
    pub async fn start_with(options: Options) -> Result<Self> {
        let authority = Authority::new()?;
        let keys = Keys::read()?;
        let identity = authority.merchant(WECHAT.mch_id, keys.wechat_merchant.private_pem)?;
        let ground = Arc::new(Ground::new(keys, identity.der, options.family));
        let mut serving = vec![];
        let mut ports = vec![];
        for (house, port) in [
            (House::Douyin, options.douyin_port),
            (House::Links, options.link_port),
            (House::Wechat, options.wechat_port),
            (House::Alipay, options.alipay_port),
        ] {
            let port = Port::open(&authority, port, &NAMES).await?;
            ports.push(port.address);
            serving.push(door::open(&ground, house, port));
        }
        let control = TcpListener::bind(("127.0.0.1", options.control_port))
            .await
            .with_context(|| format!("could not listen on 127.0.0.1:{}", options.control_port))?;
        let control_url = format!("http://{}", control.local_addr().context("no address")?);
        let mut access =
            access(&ground.keys, &ports, control_url, (authority.pem(), identity.certificate_pem));
        if let Some(url) = options.link_url {
            access.douyin.link_url = url;
        }
        serving.push(control::open(&ground, &access, options.folder, control));
        Ok(Self { ground, access, serving })
    }

    /// How a client finds them and is let in.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Douyin.
    #[must_use]
    pub fn douyin(&self) -> AtDouyin<'_> {
        AtDouyin(self)
    }

    /// `WeChat` Pay.
    #[must_use]
    pub fn wechat(&self) -> AtWechat<'_> {
        AtWechat(self)
    }

    /// Alipay.
    #[must_use]
    pub fn alipay(&self) -> AtAlipay<'_> {
        AtAlipay(self)
    }

    /// Plans what goes wrong, after what is planned already.
    pub fn faults(&self, faults: impl IntoIterator<Item = Planned>) {
        self.ground.world().plan.0.extend(faults);
    }

    /// What is planned and did not come to pass yet.
    #[must_use]
    pub fn planned(&self) -> Vec<Planned> {
        self.ground.world().plan.0.clone()
    }

    /// Plans nothing any more; tells what was left, so that a test can see that all came to pass.
    pub fn clear_faults(&self) -> Vec<Planned> {
        std::mem::take(&mut self.ground.world().plan.0)
    }

    /// All entries of the books, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<Entry> {
        self.ground.world().books.entries.clone()
    }

    /// The sums of one platform, or of all.
    #[must_use]
    pub fn balance(&self, platform: Option<Platform>) -> Balance {
        self.ground.world().books.balance(platform)
    }

    /// What callers did that none may do.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.ground.world().books.violations.clone()
    }

    /// Turns the clock of all platforms forward.
    pub fn turn_clock(&self, seconds: u32) {
        self.ground.world().clock.turn(seconds);
    }

    /// Lets the clock stand still, so that a test can be exact about a second.
    pub fn stop_clock(&self) {
        self.ground.world().clock.stop();
    }
}

/// What a test tells Douyin.
#[derive(Debug)]
pub struct AtDouyin<'a>(&'a Platforms);

impl AtDouyin<'_> {
    /// A guest buys an order of vouchers.
    #[must_use]
    pub fn issue(&self, voucher: Voucher) -> Issued {
        let mut world = self.0.ground.world();
        let now = world.clock.now();
        world.douyin.issue(voucher, now).issued(&self.0.access.douyin.link_url)
    }

    /// The guest opens a new QR; `None` when there is no such order.
    #[must_use]
    pub fn refresh(&self, order_id: &str) -> Option<Issued> {
        let mut world = self.0.ground.world();
        let order = world.douyin.refresh(order_id)?;
        Some(order.issued(&self.0.access.douyin.link_url))
    }

    /// A short link that leads astray.
    #[must_use]
    pub fn lay_astray(&self, astray: Astray) -> String {
        let word = self.0.ground.world().douyin.links.lay_astray(astray);
        format!("{}/{word}/", self.0.access.douyin.link_url)
    }

    /// Somebody else fetches a token twice, so that the client's own is void.
    pub fn take_token(&self) {
        let mut world = self.0.ground.world();
        let now = world.clock.now();
        world.douyin.tokens.fetch(now);
        world.douyin.tokens.fetch(now);
    }
}

/// What a test tells `WeChat` Pay.
#[derive(Debug)]
pub struct AtWechat<'a>(&'a Platforms);

impl AtWechat<'_> {
    /// A guest opens a payment code; its digits.
    #[must_use]
    pub fn issue_code(&self, code: PaymentCode) -> String {
        self.0.ground.world().wechat.trades.issue(code, "13")
    }

    /// A guest gets a merchant coupon; its code.
    #[must_use]
    pub fn issue_coupon(&self, coupon: Coupon) -> String {
        let mut world = self.0.ground.world();
        let now = world.clock.now();
        world.wechat.coupons.issue(coupon, now)
    }

    /// From now on the other of its two keys signs v3 answers.
    pub fn rotate_key(&self) {
        let mut world = self.0.ground.world();
        world.wechat.signs_with = 1 - world.wechat.signs_with;
    }
}

/// What a test tells Alipay.
#[derive(Debug)]
pub struct AtAlipay<'a>(&'a Platforms);

impl AtAlipay<'_> {
    /// A guest opens a payment code; its digits.
    #[must_use]
    pub fn issue_code(&self, code: PaymentCode) -> String {
        self.0.ground.world().alipay.trades.issue(code, "28")
    }
}

fn access(
    keys: &Keys,
    ports: &[SocketAddr],
    control_url: String,
    (ca_pem, certificate_pem): (String, String),
) -> Access {
    let port = |at: usize| ports.get(at).map_or(0, SocketAddr::port);
    let url = |at: usize| format!("https://localhost:{}", port(at));
    let merchant_key = keys.wechat_merchant.private_pem;
    let serials = WECHAT.platform_serials.iter().zip(&keys.wechat_platform);
    Access {
        ca_pem,
        control_url,
        douyin: DouyinAccess {
            base_url: url(0),
            link_url: url(1),
            link_door: format!("127.0.0.1:{}", port(1)),
            client_key: DOUYIN.client_key.to_owned(),
            client_secret: DOUYIN.client_secret.to_owned(),
            account_id: DOUYIN.account_id.to_owned(),
            poi_ids: DOUYIN.poi_ids.map(str::to_owned).to_vec(),
        },
        wechat: WechatAccess {
            base_url: url(2),
            appid: WECHAT.appid.to_owned(),
            mch_id: WECHAT.mch_id.to_owned(),
            api_key: WECHAT.api_key.to_owned(),
            merchant_serial: WECHAT.merchant_serial.to_owned(),
            merchant_key_pem: merchant_key.to_owned(),
            identity_pem: format!("{certificate_pem}{merchant_key}"),
            certificate_pem,
            platform_keys: serials
                .map(|(serial, rsa)| ((*serial).to_owned(), rsa.public_pem.to_owned()))
                .collect(),
            openid: WECHAT.openid.to_owned(),
        },
        alipay: AlipayAccess {
            gateway_url: format!("{}/gateway.do", url(3)),
            app_id: ALIPAY.app_id.to_owned(),
            app_key_pem: keys.alipay_app.private_pem.to_owned(),
            alipay_public_key_pem: keys.alipay_platform.public_pem.to_owned(),
        },
    }
}
