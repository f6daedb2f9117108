//! `demo`: a store to try, on this machine; `make demo` runs it.
//!
//! A mall that is an authority of its own, a store's node that comes in by its certificate, with two
//! workstations and simulated devices, an MQTT broker between them that knows both by their certificates
//! where Mosquitto is installed, and beside them Douyin, WeChat Pay and Alipay, simulated, with a page
//! that issues vouchers, coupons and payment codes. What is
//! sold stays in the data folder; run again, it goes on from there. What the simulated houses knew
//! ends with them.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use acceptance::{
    brand::Brand,
    catalog,
    edge_process::{Boot, EdgeProcess},
    mall_process::{Fault, MallProcess},
    mosquitto::{self, Mosquitto},
    port,
    program::{self, Running},
    shop::Shop,
    sim::{BRAND, MESSAGES, SHOP},
    store, till,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

/// A store to try, on this machine.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The list of items to sell: CSV or XLSX, columns as `mall import` takes them.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The folder of everything.
    #[arg(long, value_name = "DIR", default_value = "var/demo")]
    data: PathBuf,
    /// The port of the screens.
    #[arg(long, default_value_t = 7070)]
    edge_port: u16,
    /// The port of the mall.
    #[arg(long, default_value_t = 7080)]
    mall_port: u16,
    /// The port by which the store comes in at the mall, under TLS.
    #[arg(long, default_value_t = 7443)]
    mall_tls_port: u16,
    /// The scanner port of workstation 1; workstation 2 has the next one.
    #[arg(long, default_value_t = 7171)]
    scanner_port: u16,
    /// The port of the page that issues vouchers and payment codes; the houses have the next four.
    #[arg(long, default_value_t = 7090)]
    platforms_port: u16,
    /// The port of the Wi-Fi portal's pages.
    #[arg(long, default_value_t = 7380)]
    portal_port: u16,
    /// The port of the MQTT broker.
    #[arg(long, default_value_t = 7883)]
    broker_port: u16,
    /// Throws away what was sold and imported, and ends.
    #[arg(long)]
    reset: bool,
}

/// A large catalog is imported and fetched within this time on a slow machine.
const LARGE_CATALOG_LIMIT: Duration = Duration::from_secs(1_200);
/// Refused rows that are told; `mall import` tells all.
const FAULTS_TOLD: usize = 5;
/// The page, and the doors of the houses.
const HOUSE_PORTS: u16 = 5;
/// What links of vouchers begin with; tills know no other.
const LINK_URL: &str = "https://v.douyin.com";
/// Items of which the demo's store has fifty each.
const GOODS_COUNTED: usize = 40;
/// The coupon of the demo's rules.
const COUPON_RULE: &str = "come-in";
/// How often the programs are looked after.
const LOOK_PERIOD: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\n{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    // Nobody listening is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{text}");
}

async fn run(arguments: Arguments) -> Result<()> {
    let data = &arguments.data;
    fs::create_dir_all(data).with_context(|| format!("could not make {}", data.display()))?;
    let _alone = alone(data)?;
    if arguments.reset {
        return reset(data);
    }
    check_ports(&arguments)?;
    let mut stop = std::pin::pin!(told_to_stop());
    let mut demo = Demo::new(&arguments).await?;
    let outcome = tokio::select! {
        outcome = demo.open(&arguments) => outcome.map(|()| true),
        told = &mut stop => told.map(|()| false),
    };
    let outcome = match outcome {
        Ok(true) => {
            demo.tell_addresses().await?;
            tokio::select! {
                outcome = demo.look_after() => outcome,
                told = &mut stop => told,
            }
        }
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
    say("\n停止中……  Stopping …");
    let closed = demo.close().await;
    outcome.and(closed)?;
    say("已停止，数据保留。  Stopped; what was sold is kept.");
    Ok(())
}

/// Two demos on one folder would sell from one ledger.
fn alone(data: &Path) -> Result<File> {
    let file = File::create(data.join(".lock")).context("could not lock the data folder")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("A demo runs on {} already: stop it with Ctrl-C first.", data.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("could not lock the data folder"),
    }
}

fn reset(data: &Path) -> Result<()> {
    for name in ["mall", "edge", "platforms", "broker"] {
        let folder = data.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove {}", folder.display()))?;
        }
    }
    // Whatever says that something was done in a folder that is gone.
    let marks = ["catalog.sum", "rules.sum", "staff.token", "neighbour.done", "count.csv"];
    for name in marks.into_iter().chain(["mall.log", "platforms.log"]) {
        let file = data.join(name);
        if file.exists() {
            fs::remove_file(&file)
                .with_context(|| format!("could not remove {}", file.display()))?;
        }
    }
    say(&format!("{} 已清空。  {0} is empty.", data.display()));
    Ok(())
}

fn check_ports(arguments: &Arguments) -> Result<()> {
    let houses =
        (0..HOUSE_PORTS).map(|n| (arguments.platforms_port.saturating_add(n), "--platforms-port"));
    let ports = [
        (arguments.edge_port, "--edge-port"),
        (arguments.mall_port, "--mall-port"),
        (arguments.mall_tls_port, "--mall-tls-port"),
        (arguments.scanner_port, "--scanner-port"),
        (arguments.scanner_port.saturating_add(1), "--scanner-port"),
        (arguments.broker_port, "--broker-port"),
        (arguments.portal_port, "--portal-port"),
    ];
    for (number, option) in ports.into_iter().chain(houses) {
        ensure!(
            port::is_free(number),
            "Port {number} is taken by another program: stop that one, or choose another port \
             with {option}."
        );
    }
    Ok(())
}

async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("could not wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not wait for Ctrl-C")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The programs.
struct Demo {
    data: PathBuf,
    /// Where a person issues vouchers and payment codes.
    page: String,
    platforms: Option<Running>,
    /// Not there where Mosquitto is not installed: the store then hears of news by asking.
    broker: Option<Mosquitto>,
    mall: MallProcess,
    edge: EdgeProcess,
    begun: Instant,
}

impl Demo {
    async fn new(arguments: &Arguments) -> Result<Self> {
        let data = std::path::absolute(&arguments.data).context("no such folder")?;
        let mut mall = MallProcess::new(data.join("mall"), arguments.mall_port);
        mall.join(data.join("platforms/platforms.toml"));
        mall.open_tls(arguments.mall_tls_port);
        let broker = match mosquitto::program() {
            Some(_) => {
                let folder = data.join("broker");
                let port = arguments.broker_port;
                let broker = Mosquitto::lay_by_certificate(&folder, &mall, port).await?;
                mall.call_by_certificate(broker.url());
                mall.keep_lists(folder);
                Some(broker)
            }
            None => None,
        };
        let boot = Boot {
            port: arguments.edge_port,
            mall_url: mall.tls_url()?,
            fingerprint: Some(mall.fingerprint().await?),
            poll_ms: 1_000,
            settings_trial_ms: 60_000,
            scanners: vec![
                (1, arguments.scanner_port),
                (2, arguments.scanner_port.saturating_add(1)),
            ],
            printers: Vec::new(),
            simulated: true,
            lan: None,
            machine: None,
            broker: None,
            broker_by_certificate: broker.as_ref().map(Mosquitto::url),
            // The page of the simulated houses shows what is sent.
            portal: Some((arguments.portal_port, data.join("platforms").join(MESSAGES))),
            gate: None,
            phone_url: None,
        };
        let edge = EdgeProcess::new(data.join("edge"), boot)?;
        let page = format!("http://127.0.0.1:{}", arguments.platforms_port);
        Ok(Self { data, page, platforms: None, broker, mall, edge, begun: Instant::now() })
    }

    /// Starts the simulated houses; they write what the mall needs before they answer.
    async fn open_houses(&mut self, first_port: u16) -> Result<()> {
        let mut command = Command::new(program::find("platforms")?);
        command.args(["--link-url", LINK_URL, "--folder"]).arg(self.data.join("platforms"));
        let doors = ["control", "douyin", "link", "wechat", "alipay"];
        for (n, door) in (0..HOUSE_PORTS).zip(doors) {
            command.arg(format!("--{door}-port={}", first_port.saturating_add(n)));
        }
        let log = self.data.join("platforms.log");
        let running = Running::start("the houses", &mut command, &log)?;
        let running = self.platforms.insert(running);
        let url = format!("{}/api/access", self.page);
        until("the simulated houses to answer", PATIENCE, async || {
            ensure!(running.is_running()?, "they ended at once:\n{}", running.last_words());
            let answer = till::http()?.get(&url).send().await;
            Ok(answer.ok().filter(|answer| answer.status().is_success()))
        })
        .await?;
        Ok(())
    }

    fn progress(&self, text: &str) {
        let seconds = self.begun.elapsed();
        say(&format!("[{:>3}.{} s] {text}", seconds.as_secs(), seconds.subsec_millis() / 100));
    }

    /// From whatever is in the folder to a store that is ready to sell.
    async fn open(&mut self, arguments: &Arguments) -> Result<()> {
        let catalog = arguments.catalog.clone().unwrap_or_else(catalog::demo);
        let catalog = catalog.canonicalize().with_context(|| {
            format!("There is no catalog {}: give the path of a file", catalog.display())
        })?;
        self.progress("启动模拟平台  Starting Douyin, WeChat Pay and Alipay, simulated");
        self.open_houses(arguments.platforms_port).await?;
        self.progress(if self.broker.is_some() {
            "启动消息服务器  Starting the MQTT broker"
        } else {
            "没有 mosquitto，设置靠轮询下发  No mosquitto: the store asks for settings instead"
        });
        if let Some(broker) = &mut self.broker {
            broker.start().await?;
        }
        self.progress("启动商城  Starting the mall");
        self.mall.start().await?;
        self.import(&catalog).await?;
        if arguments.catalog.is_none() {
            self.promote().await?;
        }
        self.progress("设置门店  Setting up the store: 2 workstations, a kiosk, 3 operators");
        store::found(&self.mall).await?;
        if !self.edge.is_enrolled()? {
            self.progress("登记门店节点  Enrolling the store's node");
            self.edge.enrol(&self.mall.claim(store::CODE).await?).await?;
            if let Some(broker) = &self.broker {
                broker.learn(&self.mall).await?;
            }
        }
        self.progress(
            "启动门店节点  Starting the store's node; the first time it fetches the catalog",
        );
        self.edge.start_within(LARGE_CATALOG_LIMIT).await?;
        if arguments.catalog.is_none() {
            self.open_shop(&catalog).await?;
            self.open_next_door().await?;
            self.open_brand().await?;
        }
        self.progress("可以营业  Ready to sell");
        Ok(())
    }

    /// Opens a second store in the mall's books that has what the first one lacks, once.
    async fn open_next_door(&self) -> Result<()> {
        let kept = self.data.join("neighbour.done");
        if kept.exists() {
            return Ok(());
        }
        store::neighbour(&self.mall).await?;
        fs::write(&kept, store::NEIGHBOUR.0).context("could not remember the store next door")
    }

    /// Counts some of the store's stock and opens an online shop, once: a button of the simulated
    /// houses' page places its orders.
    async fn open_shop(&self, catalog: &Path) -> Result<()> {
        let kept = self.data.join("platforms").join(SHOP);
        if kept.exists() {
            return Ok(());
        }
        self.progress("盘点库存，开网店  Counting stock, opening an online shop");
        let list = catalog::read(catalog)?;
        let pieces = list.into_iter().filter(|item| !item.barcode.is_empty());
        let pieces = pieces.filter(|item| item.sku != store::LACKING.0);
        let goods: Vec<String> = pieces.take(GOODS_COUNTED).map(|item| item.sku).collect();
        let rows: String = goods.iter().map(|sku| format!("{sku},50\n")).collect();
        let count = self.data.join("count.csv");
        fs::write(&count, format!("sku,on_hand\n{rows}")).context("could not write a count")?;
        let count = count.to_str().context("the path of the count is no text")?;
        self.mall.order(&["stock", "count", "--store", store::CODE, count]).await?;
        let name = format!("demo {}", std::process::id());
        let shop = Shop::open(&self.mall, &name).await?.selling(goods);
        fs::write(&kept, serde_json::to_vec(&shop)?).context("could not keep the shop's token")
    }

    /// Lets a member enter with points and balance, and lets HQ give guests of the Wi-Fi a coupon,
    /// once: the simulated houses' page shows the member's code and gives coupons away.
    async fn open_brand(&self) -> Result<()> {
        let kept = self.data.join("platforms").join(BRAND);
        if kept.exists() {
            return Ok(());
        }
        self.progress("会员入会，开到店礼券  Letting a member enter, and giving guests a coupon");
        let name = format!("demo brand {}", std::process::id());
        let brand = Brand::open(&self.mall, &name, COUPON_RULE).await?;
        let settings = json!({ "settings": { "portal": { "coupon_rule": COUPON_RULE } } });
        let token = self.token().await?;
        let saved = self.mall.put(&token, "/hq/v1/settings", "*", &settings).await?;
        saved.done::<Value>()?;
        fs::write(&kept, serde_json::to_vec(&brand)?).context("could not keep the brand's token")
    }

    /// Imports a list that is not the one imported last.
    async fn import(&self, catalog: &Path) -> Result<()> {
        let sum = fingerprint(catalog)?;
        let kept = self.data.join("catalog.sum");
        if fs::read_to_string(&kept).is_ok_and(|known| known == sum) {
            self.progress("商品目录未变  The catalog is the one from last time");
            return Ok(());
        }
        if kept.exists() {
            self.progress(
                "商品目录已更换，旧商品保留  Another catalog: its items come to those from before \
                 (`make demo-reset` for an empty store)",
            );
        }
        self.progress(&format!("导入商品目录  Importing {}", catalog.display()));
        let import = self.mall.import(catalog);
        let mut import = std::pin::pin!(import);
        let mut tick = interval(Duration::from_secs(10));
        tick.tick().await;
        let done = loop {
            tokio::select! {
                done = &mut import => break done?,
                _ = tick.tick() => self.progress("……  still importing"),
            }
        };
        self.progress(&format!(
            "{} 行：新增 {}，变更 {}，未变 {}，拒绝 {}  rows: added, changed, unchanged, refused",
            done.rows, done.added, done.changed, done.unchanged, done.refused
        ));
        for fault in done.faults.iter().take(FAULTS_TOLD) {
            let Fault { line, field, reason } = fault;
            self.progress(&format!("  第 {line} 行 line {line}, {field}: {reason}"));
        }
        let untold = done.faults.len().saturating_sub(FAULTS_TOLD);
        if untold > 0 {
            self.progress(&format!("  …… 另有 {untold} 处  and {untold} more"));
        }
        ensure!(
            done.rows > done.refused,
            "No row of the catalog could be taken: `mall import --dry-run {}` tells why.",
            catalog.display()
        );
        fs::write(&kept, sum).context("could not remember the catalog")
    }

    /// Puts the demo's promotions in force, once: what HQ makes of them afterwards stays.
    async fn promote(&self) -> Result<()> {
        let rules = catalog::demo().with_file_name("rules.json");
        let rules = rules.canonicalize().context("The demo's promotions are not there")?;
        let sum = fingerprint(&rules)?;
        let kept = self.data.join("rules.sum");
        if fs::read_to_string(&kept).is_ok_and(|known| known == sum) {
            return Ok(());
        }
        self.progress(&format!("导入促销规则  Importing {}", rules.display()));
        let path = rules.to_str().context("the path of the rules is no text")?;
        self.mall.order(&["rules", "import", path]).await?;
        fs::write(&kept, sum).context("could not remember the promotions")
    }

    async fn token(&self) -> Result<String> {
        let kept = self.data.join("staff.token");
        if let Ok(token) = fs::read_to_string(&kept) {
            return Ok(token);
        }
        let token = self.mall.saving_token("demo").await?;
        fs::write(&kept, &token).context("could not keep the token of HQ")?;
        Ok(token)
    }

    async fn tell_addresses(&self) -> Result<()> {
        let token = self.token().await?;
        let (edge, mall) = (self.edge.url(), self.mall.url());
        let mut text = String::from("\n");
        for (number, name) in store::WORKSTATIONS {
            let scanner = self.edge.boot().scanners.iter().find(|(n, _)| *n == number);
            let scanner = scanner.map_or(0, |(_, port)| *port);
            text.push_str(&format!(
                "{name}  workstation {number}\n\
                 \x20 收银员  operator   {edge}/ui/operator/?workstation={number}\n\
                 \x20 顾客屏  customer   {edge}/ui/customer/?workstation={number}\n\
                 \x20 设备    devices    {edge}/ui/devices/?workstation={number}\n\
                 \x20 扫码枪  scanner    127.0.0.1:{scanner} (TCP)\n\n"
            ));
        }
        let (number, name) = store::KIOSK;
        text.push_str(&format!(
            "{name}  kiosk, workstation {number}\n\
             \x20 自助机  kiosk      {edge}/kiosk/?ws={number}\n\
             \x20 设备    devices    {edge}/ui/devices/?workstation={number}\n\n"
        ));
        text.push_str(&format!("店长台  manager's console  {edge}/console/\n\n"));
        text.push_str("工号  operator    PIN\n");
        for (number, name, role, pin) in store::OPERATORS {
            let role = if role == "manager" { "店长 manager" } else { "收银员 cashier" };
            text.push_str(&format!("  {number}  {pin}  {name}  {role}\n"));
        }
        if let Some((port, _)) = &self.edge.boot().portal {
            text.push_str(&format!(
                "\n门店 Wi-Fi 登录页  the Wi-Fi's sign-in page, as a guest's phone\n  http://127.0.0.1:{port}/\n"
            ));
        }
        text.push_str(&format!(
            "\n抖音券、微信券、付款码  vouchers, coupons, payment codes (simulated)\n  {}\n\
             \n总部网页  HQ's page\n  {mall}/hq/\n  令牌 token  {token}\n\
             \n总部接口  HQ's API\n  curl -H 'authorization: Bearer {token}' {mall}/hq/v1/stores/{}/orders\n\n\
             数据  data  {}\n日志  logs  {}  {}\n\n\
             按 Ctrl-C 停止。  Ctrl-C stops.",
            self.page,
            store::CODE,
            self.data.display(),
            self.mall.log().display(),
            self.edge.log().display(),
        ));
        say(&text);
        Ok(())
    }

    /// Ends when one of the programs has.
    async fn look_after(&mut self) -> Result<()> {
        let mut tick = interval(LOOK_PERIOD);
        loop {
            tick.tick().await;
            if !self.mall.is_running()? {
                bail!("The mall ended by itself:\n{}", program::last_lines(self.mall.log(), 12));
            }
            if let Some(broker) = self.broker.as_mut() {
                if broker.is_running()? {
                    broker.heed().await?;
                } else {
                    self.broker = None;
                    self.progress(
                        "消息服务器已停止，设置靠轮询下发  The MQTT broker ended; the store asks instead",
                    );
                }
            }
            if let Some(platforms) = self.platforms.as_mut()
                && !platforms.is_running()?
            {
                bail!("The simulated houses ended by themselves:\n{}", platforms.last_words());
            }
            if !self.edge.is_running()? {
                bail!("The node ended by itself:\n{}", program::last_lines(&self.edge.log(), 12));
            }
        }
    }

    async fn close(&mut self) -> Result<()> {
        let edge = self.edge.stop().await;
        let mall = self.mall.stop().await;
        if let Some(broker) = self.broker.as_mut() {
            broker.kill();
        }
        let houses = match self.platforms.take() {
            Some(mut platforms) => platforms.stop(PATIENCE).await,
            None => Ok(()),
        };
        edge.and(mall).and(houses)
    }
}

/// A sum over a file that another file hardly has.
fn fingerprint(path: &Path) -> Result<String> {
    let mut file =
        File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    // FNV-1a in 64 bits: it tells another catalog apart, and guards against nobody.
    let (mut sum, mut bytes) = (0xcbf2_9ce4_8422_2325_u64, 0_usize);
    let mut buffer = vec![0; 1_024 * 1_024];
    loop {
        let n =
            file.read(&mut buffer).with_context(|| format!("could not read {}", path.display()))?;
        let chunk = buffer.get(..n).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(format!("{sum:016x} {bytes}"));
        }
        bytes += n;
        for byte in chunk {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
