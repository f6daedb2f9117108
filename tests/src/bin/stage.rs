//! Opens a store on free ports, runs a command in it, and closes it: `stage -- node e2e/run.mjs`.
//!
//! The command finds the store in its environment: `EDGE_URL`, `MALL_URL`, `OPERATOR`, `PIN`,
//! `MANAGER`, `MANAGER_PIN`, `CODES` (barcodes of the demo catalog, divided by commas), `MEMBER` and
//! `MEMBER_CODE` (the number of somebody with balance, and what their phone shows), `HQ_TOKEN`,
//! `KEEPER` and `READER` (staff tokens of HQ: one that may save, one that may change members, one
//! that only reads), `STAGEHAND` (where it has online orders placed and the cable to the mall turned),
//! `WIFI` (where phones join the guests' Wi-Fi, whose gate is not the kernel's). The demo's promotions
//! are in force.
//!
//! Around the store stand simulated houses: `HOUSES_URL` is where shoppers get vouchers, coupons and
//! payment codes of theirs; `HOURS_URL` is where time passes; `COUPONS` are coupons of the brand's own
//! (tokens, divided by commas), and HQ gives one to whoever comes. Once the command has ended, what
//! the houses hold must be what the store sold, to the fen.

use std::process::{Command, ExitCode};

use acceptance::{
    catalog::{self, Listed},
    club,
    hours::Hours,
    houses::Town,
    stagehand::Stagehand,
    store::{LACKING, OPERATORS, Store, neighbour},
    wait::{PATIENCE, until},
    wifi::Wifi,
};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// Barcodes that the command gets; a burst of a scanner is twenty.
const CODES_MAX: usize = 24;
/// What coupons of the brand's own switch on, a rule of the demo's, and how many the command gets.
const COUPON_RULE: &str = "come-in";
const COUPONS: &str = "4";
/// WeChat undoes nothing sooner than a quarter of a minute after the charge.
const UNDOING_S: u32 = 20;
/// Goods of the online shop: none of those.
const SHOP_GOODS: usize = 2;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else { bail!("stage -- COMMAND [ARGUMENT …]") };
    let words: Vec<String> = words.collect();
    let Town { platforms, mut store, till } = Town::open().await?;
    promote(&store).await?;
    neighbour(&store.mall).await?;
    let member = club::enter(&store).await?;
    let shown = club::code_of(&store, member).await?;
    let token = store.mall.saving_token("stage").await?;
    let keeper = store.mall.keeping_token("page").await?;
    let reader = store.mall.token("page reader").await?;
    let coupons = coupons(&store).await?;
    welcome(&store, &token).await?;
    let mut items = catalog::read(&catalog::demo())?
        .into_iter()
        .filter(|item| !item.is_weighed && item.barcode.len() == 13);
    let codes: Vec<String> = items.by_ref().map(|item| item.barcode).take(CODES_MAX).collect();
    let goods: Vec<Listed> = items.filter(|item| item.sku != LACKING.0).take(SHOP_GOODS).collect();
    let wifi = Wifi::open(&mut store).await?;
    let stagehand = Stagehand::hire(&mut store, goods).await?;
    let (operator, _, _, pin) = OPERATORS.first().context("an operator")?;
    let (manager, _, _, manager_pin) = OPERATORS.last().context("a manager")?;
    let houses = platforms.access().control_url.clone();
    let (edge_url, mall_url) = (store.edge.url(), store.mall.url());
    let hours = Hours::of(Town { platforms, store, till }).await?;
    let mut command = Command::new(program);
    command
        .args(words)
        .env("EDGE_URL", edge_url)
        .env("MALL_URL", mall_url)
        .env("HQ_TOKEN", token)
        .env("HOUSES_URL", houses)
        .env("HOURS_URL", hours.url())
        .env("COUPONS", coupons.join(","))
        .env("OPERATOR", operator)
        .env("PIN", pin)
        .env("MANAGER", manager)
        .env("MANAGER_PIN", manager_pin)
        .env("CODES", codes.join(","))
        .env("MEMBER", club::PHONE)
        .env("MEMBER_CODE", shown)
        .env("KEEPER", keeper)
        .env("READER", reader)
        .env("STAGEHAND", stagehand.url())
        .env("WIFI", wifi.url());
    let ended = tokio::task::spawn_blocking(move || command.status()).await?;
    let agreed = hours.with(close).await;
    let is_fine = ended.context("could not run the command")?.success();
    agreed.context("the houses and the store do not agree")?;
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets everything be known, compares the books, and closes.
async fn close(town: &mut Town) -> Result<()> {
    town.let_pass(UNDOING_S).await?;
    let agreed = town.ends_well().await;
    town.store.close().await?;
    agreed
}

/// Coupons of the brand's own that anybody may use.
async fn coupons(store: &Store) -> Result<Vec<String>> {
    let words = ["coupons", "issue", "--rule", COUPON_RULE, "--count", COUPONS];
    let said: Value = store.mall.tell(&words).await?;
    let all = said.get("coupons").and_then(Value::as_array).context("no coupon was printed")?;
    let token = |one: &Value| Some(one.get("token")?.as_str()?.to_owned());
    all.iter().map(token).collect::<Option<_>>().context("a coupon without a token")
}

/// HQ gives a coupon to whoever comes.
async fn welcome(store: &Store, token: &str) -> Result<()> {
    let settings = json!({ "settings": { "portal": { "coupon_rule": COUPON_RULE } } });
    store.mall.put(token, "/hq/v1/settings", "*", &settings).await?.done::<Value>().map(|_| ())
}

/// Puts the demo's promotions in force, and waits until the store's node has them.
async fn promote(store: &Store) -> Result<()> {
    let rules = catalog::demo().with_file_name("rules.json");
    let till = store.edge.till(1);
    let version = async || -> Result<Option<i64>> {
        Ok(till.view().await?.link.replica.map(|replica| replica.version))
    };
    let before = version().await?;
    let path = rules.to_str().context("the path of the rules is no text")?;
    store.mall.order(&["rules", "import", path]).await?;
    until("the promotions to reach the store", PATIENCE, async || {
        Ok((version().await? > before).then_some(()))
    })
    .await
}
