use acceptance::{
    catalog::Listed,
    store::{CODE, Store, original},
    till::{Call, Till},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::pieces;

/// A store and its mall, both running.
async fn with_mall() -> Result<Store> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    Ok(store)
}

/// 八折 for one item, by this name, and 50 off what costs 10,000.
fn rules(item: &Listed, name: &str, rate: i64) -> Value {
    json!({ "rules": [
        { "id": "reduced", "name": name, "goods": { "any": [{ "sku": item.sku }] },
          "steps": [{ "reward": { "units": { "rate": rate } } }] },
        { "id": "much", "name": "满一万减五十",
          "steps": [{ "needs": [{ "amount": { "minor": 1_000_000 } }],
                      "reward": { "amount_off": 5_000 } }] },
    ] })
}

/// HQ puts a set in force, as a person at the mall's command line does.
async fn give_out(store: &Store, rules: &Value) -> Result<()> {
    let folder = acceptance::folder::temporary()?;
    let path = folder.path().join("rules.json");
    std::fs::write(&path, rules.to_string()).context("could not write the rules")?;
    let path = path.to_str().context("the path is no text")?;
    store.mall.order(&["rules", "import", path]).await
}

/// The fen of an amount in a view.
fn fen(view: &Value, pointer: &str) -> Result<i64> {
    let amount = view.pointer(pointer).and_then(|money| money["amount"].as_i64());
    amount.with_context(|| format!("nothing at {pointer} of {view}"))
}

fn reduced(price: i64, rate: i64) -> i64 {
    (price * rate + 5_000) / 10_000
}

async fn look(till: &Till, screen: &str) -> Result<Value> {
    let path = format!("/workstations/{}/{screen}", till.workstation());
    till.call(&Call::new(Method::GET, path, None)).await?.done()
}

/// Waits until what is on the counter costs this, on the operator's screen.
async fn until_total(till: &Till, total: i64) -> Result<Value> {
    until(format!("a total of {total} fen"), PATIENCE, async || {
        let view = look(till, "view").await?;
        Ok((fen(&view, "/cart/total")? == total).then_some(view))
    })
    .await
}

/// A completion of what the view shows by somebody who saw this total.
fn complete(till: &Till, view: &Value, seen: i64, cash: i64) -> Call {
    let body = json!({
        "order_id": view["cart"]["order_id"],
        "cart_revision": view["cart"]["revision"],
        "total_minor": seen,
        "tenders": [{ "kind": "cash", "amount": { "amount": cash, "currency": "CNY" } }],
    });
    Call::new(Method::POST, format!("/workstations/{}/orders", till.workstation()), Some(body))
}

#[tokio::test]
async fn what_hq_gives_out_is_shown_charged_and_found_again_by_the_mall() -> Result<()> {
    let store = with_mall().await?;
    let till = store.cashier(1).await?;
    let item = &pieces()?[0];
    till.done(&till.scan(&item.barcode)).await?;
    // The cart stands on the counter already when the rules arrive.
    give_out(&store, &rules(item, "开业八折", 8_000)).await?;
    let (list, total) = (item.price, reduced(item.price, 8_000));
    let view = until_total(&till, total).await?;
    for screen in ["view", "display"] {
        let shown = look(&till, screen).await?;
        let line = &shown["cart"]["lines"][0];
        ensure!(fen(line, "/list")? == list && fen(line, "/saved")? == list - total, "{line}");
        ensure!(line["adjustments"][0]["name"] == "开业八折", "{line}");
        ensure!(fen(&shown, "/cart/saved")? == list - total, "{shown}");
        let hint = shown["cart"]["hints"][0].as_str().context("no hint")?;
        ensure!(hint.contains("再买"), "{hint}");
    }
    // Who saw the old price is not made to pay another.
    let cash = (list + 99) / 100 * 100;
    let stale = till.call(&complete(&till, &view, list, cash)).await?;
    stale.refused(409, "price-changed")?;
    let stale: Value = serde_json::from_str(&stale.text)?;
    ensure!(fen(&stale, "/params/total")? == total, "{stale}");
    let done: Value = till.call(&complete(&till, &view, total, cash)).await?.done()?;
    ensure!(fen(&done, "/order/total")? == total, "{done}");
    ensure!(fen(&done, "/view/last_order/saved")? == list - total, "{done}");
    store.wait_until_told(&till).await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees() && compared.n_mall == 1, "{:?}", compared.differences);
    let path = format!("/hq/v1/orders/drift?store={CODE}");
    let drift: Value = store.mall.ask(&store.token, &path).await?;
    ensure!(drift["drifts"].as_array().is_some_and(Vec::is_empty), "{drift}");
    Ok(())
}

#[tokio::test]
async fn while_the_mall_is_away_the_rules_before_sell_on_over_a_restart() -> Result<()> {
    let mut store = with_mall().await?;
    let till = store.cashier(1).await?;
    let item = &pieces()?[0];
    give_out(&store, &rules(item, "八折", 8_000)).await?;
    till.done(&till.scan(&item.barcode)).await?;
    until_total(&till, reduced(item.price, 8_000)).await?;
    store.mall.stop().await?;
    give_out(&store, &rules(item, "五折", 5_000)).await?;
    till.done(&till.scan(&item.barcode)).await?;
    let both = 2 * reduced(item.price, 8_000);
    until_total(&till, both).await?;
    store.edge.stop().await?;
    store.edge.start().await?;
    let view = until_total(&till, both).await?;
    till.call(&complete(&till, &view, both, both + 100)).await?.done::<Value>()?;
    till.done(&till.scan(&item.barcode)).await?;
    store.mall.start().await?;
    until_total(&till, reduced(item.price, 5_000)).await?;
    Ok(())
}

#[tokio::test]
async fn a_power_cut_in_the_middle_of_a_cart_keeps_what_it_costs_and_why() -> Result<()> {
    let mut store = with_mall().await?;
    let till = store.cashier(1).await?;
    let list = pieces()?;
    give_out(&store, &rules(&list[0], "八折", 8_000)).await?;
    till.done(&till.scan(&list[0].barcode)).await?;
    until_total(&till, reduced(list[0].price, 8_000)).await?;
    till.done(&till.scan(&list[1].barcode)).await?;
    let before = look(&till, "view").await?;
    store.mall.kill();
    store.edge.kill();
    store.edge.start().await?;
    let after = look(&till, "view").await?;
    ensure!(after["cart"] == before["cart"], "{} is not {}", after["cart"], before["cart"]);
    let total = fen(&after, "/cart/total")?;
    let done: Value = till.call(&complete(&till, &after, total, total + 100)).await?.done()?;
    ensure!(fen(&done, "/order/total")? == total, "{done}");
    Ok(())
}
