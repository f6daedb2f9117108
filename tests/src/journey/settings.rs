//! HQ: a setting and a promotion are saved at the mall and count at the till; the broker dies, and
//! they still come.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Table;
use crate::{
    catalog::yuan,
    mosquitto,
    pushed::{Pushed, due},
    untested,
    view::View,
};

/// Pushes that are timed.
const PUSHES: u32 = 5;

/// Walks HQ's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    if !mosquitto::is_here() {
        let (what, lack) = mosquitto::UNTESTED;
        let left_out = async { Ok(((), untested::line(what, &lack))) };
        return table.step("HQ sets something in the store", left_out).await;
    }
    let what = "open a store with an MQTT broker between it and HQ";
    let opened = async { Ok((Pushed::open().await?, "Mosquitto under TLS".to_owned())) };
    let mut chain = table.step(what, opened).await?;
    let price = table.step("HQ rounds cash up to the yuan", rounds(&chain)).await?;
    table.step("HQ changes its mind, again and again", arrives(&chain, price)).await?;
    table.step("HQ halves a price", halves(&chain)).await?;
    table.step("the broker dies, HQ takes the rounding back", dies(&mut chain)).await
}

/// Whether what HQ wishes of the store alone is in force there.
fn is_applied(standing: &Value) -> bool {
    standing.pointer("/settings/1/state").is_some_and(|found| found == "applied")
}

async fn rounds(chain: &Pushed) -> Result<(i64, String)> {
    let price = chain.odd_amount_due().await?;
    chain.set(json!({ "tender": { "cash_rounding": "yuan_up" } })).await?;
    let rounded = (price + 99) / 100 * 100;
    chain.till.until("the new rounding", |view| due(view) == Some(rounded)).await?;
    let standing = chain.until_standing(is_applied).await?;
    ensure!(
        standing.pointer("/settings/1/came_by").is_some_and(|found| found == "mqtt"),
        "{standing}"
    );
    Ok((price, format!("{} is asked for {}, and HQ knows", yuan(rounded), yuan(price))))
}

async fn arrives(chain: &Pushed, price: i64) -> Result<((), String)> {
    let ms = chain.pushes(price, PUSHES).await?.permille(500).div_ceil(1_000);
    chain.till.done(&chain.till.to_sell()).await?;
    Ok(((), format!("the median of {PUSHES} is {ms} ms from HQ's save to the till's screen")))
}

async fn halves(chain: &Pushed) -> Result<((), String)> {
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

async fn dies(chain: &mut Pushed) -> Result<((), String)> {
    chain.broker.kill();
    chain.set(json!({})).await?;
    chain.store.edge.stop().await?;
    // The same node as a shop has it: it asks by itself.
    chain.store.reboot_with(|boot| boot.poll_ms = 300)?;
    chain.store.edge.start().await?;
    let standing = chain.until_standing(is_applied).await?;
    ensure!(
        standing.pointer("/settings/1/came_by").is_some_and(|found| found == "poll"),
        "{standing}"
    );
    Ok(((), "it came all the same, by asking".to_owned()))
}
