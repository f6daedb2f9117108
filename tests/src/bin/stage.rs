//! Opens a store on free ports, runs a command in it, and closes it: `stage -- node e2e/run.mjs`.
//!
//! The command finds the store in its environment: `EDGE_URL`, `MALL_URL`, `OPERATOR`, `PIN`,
//! `MANAGER`, `MANAGER_PIN`, `CODES` (barcodes of the demo catalog, divided by commas), `MEMBER` and
//! `MEMBER_CODE` (the number of somebody with balance, and what their phone shows), `STAGEHAND` (where
//! it has online orders placed and the cable to the mall turned). The demo's promotions are in force.

use std::process::{Command, ExitCode};

use acceptance::{
    catalog::{self, Listed},
    club, folder,
    stagehand::Stagehand,
    store::{LACKING, OPERATORS, Store, neighbour},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, bail};

/// Barcodes that the command gets; a burst of a scanner is twenty.
const CODES_MAX: usize = 24;
/// Goods of the online shop: none of those.
const SHOP_GOODS: usize = 2;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else { bail!("stage -- COMMAND [ARGUMENT …]") };
    let words: Vec<String> = words.collect();
    let folder = folder::temporary()?;
    let mut store = Store::open(folder.path()).await?;
    promote(&store).await?;
    neighbour(&store.mall).await?;
    let member = club::enter(&store).await?;
    let shown = club::code_of(&store, member).await?;
    let mut items = catalog::read(&catalog::demo())?
        .into_iter()
        .filter(|item| !item.is_weighed && item.barcode.len() == 13);
    let codes: Vec<String> = items.by_ref().map(|item| item.barcode).take(CODES_MAX).collect();
    let goods: Vec<Listed> = items.filter(|item| item.sku != LACKING.0).take(SHOP_GOODS).collect();
    let stagehand = Stagehand::hire(&mut store, goods).await?;
    let (operator, _, _, pin) = OPERATORS.first().context("an operator")?;
    let (manager, _, _, manager_pin) = OPERATORS.last().context("a manager")?;
    let mut command = Command::new(program);
    command
        .args(words)
        .env("EDGE_URL", store.edge.url())
        .env("MALL_URL", store.mall.url())
        .env("OPERATOR", operator)
        .env("PIN", pin)
        .env("MANAGER", manager)
        .env("MANAGER_PIN", manager_pin)
        .env("CODES", codes.join(","))
        .env("MEMBER", club::PHONE)
        .env("MEMBER_CODE", shown)
        .env("STAGEHAND", stagehand.url());
    let ended = tokio::task::spawn_blocking(move || command.status()).await?;
    store.close().await?;
    let is_fine = ended.context("could not run the command")?.success();
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
