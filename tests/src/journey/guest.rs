//! A guest of the store's Wi-Fi: held, signed in by a code, through. The gate is one of memory here;
//! with a real packet filter and real phones the journey's test walks it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Table;
use crate::{
    catalog::{self, yuan},
    folder,
    guest::Guest,
    port,
    store::{CODE, Store},
    wait::{PATIENCE, until},
};

/// What HQ calls the coupon for coming, and the fen that it takes off.
const COUPON: &str = "到店礼券 立减5元";
const COUPON_OFF: i64 = 500;
/// Walks a guest's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let folder = folder::temporary()?;
    let opened = async { Ok((open(folder.path()).await?, "a gate of memory".to_owned())) };
    let (mut store, guest) = table.step("open a store with Wi-Fi for its guests", opened).await?;
    let held = async {
        let page = guest.probe().await?;
        ensure!(page.status == 302 && page.led_to == guest.portal, "{}", page.led_to);
        Ok(((), "its probe is led to the portal".to_owned()))
    };
    table.step("a phone joins the Wi-Fi", held).await?;
    let asked = async {
        let sitting = guest.ask().await?;
        let code = guest.code()?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = guest.enter(&sitting, wrong).await?;
        ensure!(refused.status == 422, "a wrong code: {}", refused.status);
        Ok(((sitting, code), "sent; another one is refused".to_owned()))
    };
    let (sitting, code) = table.step("it asks for a code by SMS", asked).await?;
    let signed_in = async {
        let entered = guest.enter(&sitting, &code).await?;
        ensure!(entered.status == 303, "{}: {}", entered.status, entered.body);
        let page = guest.probe().await?;
        ensure!(page.status == 204, "the way is not open: {}", page.status);
        Ok(((), "its probe hears 204".to_owned()))
    };
    table.step("the code lets it through", signed_in).await?;
    let given = async {
        let coupon =
            until("the coupon on the guest's page", PATIENCE, async || guest.coupon().await);
        Ok((coupon.await?, format!("{COUPON}, as a QR code")))
    };
    let coupon = table.step("the mall gives its guest a coupon for coming", given).await?;
    let used = used(&store, &guest, &coupon);
    table.step("the till takes it off, once", used).await?;
    store.close().await
}

/// Sells something with the coupon; the page says that it was used, and a second order is refused.
async fn used(store: &Store, guest: &Guest, coupon: &str) -> Result<((), String)> {
    let till = store.cashier(1).await?;
    let list = catalog::read(&catalog::demo())?;
    let dear = list.iter().find(|item| !item.barcode.is_empty() && item.price > 2 * COUPON_OFF);
    let item = dear.context("nothing is dear enough")?;
    for text in [item.barcode.as_str(), coupon] {
        till.done(&till.scan(text)).await?;
    }
    let sold = till.sell(&[], 0).await?;
    let total = sold.order.total.amount;
    ensure!(total == item.price - COUPON_OFF, "{} instead of {}", total, item.price);
    let page = guest.page().await?;
    ensure!(page.body.contains("已使用"), "the page does not know: {}", page.body);
    till.done(&till.scan(&item.barcode)).await?;
    till.call(&till.scan(coupon)).await?.refused(409, "coupon-used")?;
    Ok(((), format!("{} for {}, refused a second time", yuan(total), yuan(item.price))))
}

/// Lets HQ give a coupon for coming, and waits until the store knows.
async fn promise(store: &Store) -> Result<()> {
    let token = store.mall.saving_token("HQ").await?;
    let rules = json!({ "set": { "rules": [
        { "id": "come-in", "name": COUPON, "coupon": true,
          "steps": [{ "reward": { "amount_off": COUPON_OFF } }] },
    ] } });
    store.mall.put(&token, "/hq/v1/rules", "*", &rules).await?.done::<Value>()?;
    let body = json!({ "settings": { "portal": { "coupon_rule": "come-in" } } });
    let path = format!("/hq/v1/stores/{CODE}/settings");
    store.mall.put(&token, &path, "*", &body).await?.done::<Value>()?;
    until("the store to know of the coupon", PATIENCE, async || {
        let path = format!("/hq/v1/stores/{CODE}/standing");
        let standing: Value = store.mall.ask(&token, &path).await?;
        let state = standing.pointer("/settings/1/state").and_then(Value::as_str);
        Ok((state == Some("applied")).then_some(()))
    })
    .await
}

async fn open(folder: &Path) -> Result<(Store, Guest)> {
    let mut store = Store::open(folder).await?;
    store.edge.stop().await?;
    let (port, sms) = (port::free()?, folder.join("sms.jsonl"));
    store.reboot_with(|boot| boot.portal = Some((port, sms.clone())))?;
    store.edge.start().await?;
    promise(&store).await?;
    Ok((store, Guest::new(port, &sms)?))
}
