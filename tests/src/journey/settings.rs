//! HQ: a setting and a promotion are saved at the mall and count at the till; the broker dies, and
//! they still come.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Table;
use crate::{
    catalog::{self, yuan},
    mosquitto::{self, MALL, Mosquitto},
    store::{CODE, Store, original},
    till::Till,
    view::View,
    wait::{PATIENCE, until},
};

/// What is walked through.
struct Chain {
    store: Store,
    broker: Mosquitto,
    token: String,
    till: Till,
    _folder: tempfile::TempDir,
}

/// Walks HQ's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    if !mosquitto::is_here() {
        let left_out = async { Ok(((), "NOT TESTED: mosquitto is not installed".to_owned())) };
        return table.step("HQ sets something in the store", left_out).await;
    }
    let what = "open a store with an MQTT broker between it and HQ";
    let opened = async { Ok((open().await?, "Mosquitto under TLS".to_owned())) };
    let mut chain = table.step(what, opened).await?;
    table.step("HQ rounds cash up to the yuan", rounds(&chain)).await?;
    table.step("HQ halves a price", halves(&chain)).await?;
    table.step("the broker dies, HQ takes the rounding back", dies(&mut chain)).await
}

async fn open() -> Result<Chain> {
    let folder = crate::folder::temporary()?;
    let mut broker = Mosquitto::on_a_free_port(folder.path(), &[CODE])?;
    broker.start().await?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.call(broker.access(MALL));
    let access = broker.access(CODE);
    // It asks seldom, so what comes at once was pushed.
    store.reboot_with(|boot| (boot.broker, boot.poll_ms) = (Some(access), 3_600_000))?;
    store.mall.start().await?;
    store.edge.start().await?;
    let token = store.mall.saving_token("HQ").await?;
    let till = store.cashier(1).await?;
    let chain = Chain { store, broker, token, till, _folder: folder };
    let is_there = |standing: &Value| standing["is_line_up"] == true;
    chain.until_standing(is_there).await?;
    Ok(chain)
}

impl Chain {
    async fn set(&self, settings: Value) -> Result<()> {
        let path = format!("/hq/v1/stores/{CODE}/settings");
        let body = json!({ "settings": settings });
        self.store.mall.put(&self.token, &path, "*", &body).await?.done::<Value>().map(|_| ())
    }

    async fn until_standing(&self, is: impl Fn(&Value) -> bool) -> Result<Value> {
        until("HQ to see it", PATIENCE, async || {
            let path = format!("/hq/v1/stores/{CODE}/standing");
            let standing: Value = self.store.mall.ask(&self.token, &path).await?;
            Ok(is(&standing).then_some(standing))
        })
        .await
    }
}

fn due(view: &View) -> Option<i64> {
    view.tender.as_ref().map(|tender| tender.cash.due.amount)
}

async fn rounds(chain: &Chain) -> Result<((), String)> {
    let list = catalog::read(&catalog::demo())?;
    let odd = list.iter().find(|item| !item.barcode.is_empty() && item.price % 100 != 0);
    let odd = odd.context("everything costs whole yuan")?;
    chain.till.done(&chain.till.scan(&odd.barcode)).await?;
    chain.till.done(&chain.till.to_tender()).await?;
    chain.set(json!({ "tender": { "cash_rounding": "yuan_up" } })).await?;
    let rounded = (odd.price + 99) / 100 * 100;
    chain.till.until("the new rounding", |view| due(view) == Some(rounded)).await?;
    let is_applied = |standing: &Value| {
        standing.pointer("/settings/1/state").is_some_and(|found| found == "applied")
    };
    let standing = chain.until_standing(is_applied).await?;
    ensure!(
        standing.pointer("/settings/1/came_by").is_some_and(|found| found == "mqtt"),
        "{standing}"
    );
    chain.till.done(&chain.till.to_sell()).await?;
    Ok(((), format!("{} is asked for {}, and HQ knows", yuan(rounded), yuan(odd.price))))
}

async fn halves(chain: &Chain) -> Result<((), String)> {
    let view = chain.till.view().await?;
    let cart = view.cart.context("nobody is signed in")?;
    let line = cart.lines.first().context("nothing is on the counter")?;
    let rules = json!({ "set": { "rules": [
        { "id": "half", "name": "五折", "goods": { "any": [{ "sku": line.sku }] },
          "steps": [{ "reward": { "units": { "rate": 5_000 } } }] },
    ] } });
    let saved = chain.store.mall.put(&chain.token, "/hq/v1/rules", "*", &rules).await?;
    saved.done::<Value>()?;
    let half = (cart.total.amount + 1) / 2;
    let is_half = |view: &View| view.cart.as_ref().is_some_and(|c| c.total.amount == half);
    chain.till.until("half the price", is_half).await?;
    Ok(((), format!("{} on the counter becomes {}", yuan(cart.total.amount), yuan(half))))
}

async fn dies(chain: &mut Chain) -> Result<((), String)> {
    chain.broker.kill();
    chain.set(json!({})).await?;
    chain.store.edge.stop().await?;
    // The same node as a shop has it: it asks by itself.
    chain.store.reboot_with(|boot| boot.poll_ms = 300)?;
    chain.store.edge.start().await?;
    let is_applied =
        |standing: &Value| standing.pointer("/settings/1/applied").is_some_and(|found| found == 2);
    let standing = chain.until_standing(is_applied).await?;
    ensure!(
        standing.pointer("/settings/1/came_by").is_some_and(|found| found == "poll"),
        "{standing}"
    );
    Ok(((), "it came all the same, by asking".to_owned()))
}
