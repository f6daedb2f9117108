//! An online order that a shopper collects in the store, and brings a piece of back.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stage, table::Table};
use crate::{
    catalog::{Listed, yuan},
    shop::{Placed, Shop},
    store::CODE,
    till::Call,
    wait::{PATIENCE, until},
};

/// It is placed at the mall, put together by scan, handed over by its eight digits, and one piece comes
/// back.
pub(super) async fn collected(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let placed = table.step("an online order is placed", place(stage)).await?;
    table.step("it is put together by scan", put_together(stage, &placed)).await?;
    table.step("it is handed over by its code, once", hand_over(stage, &placed)).await?;
    table.step("a piece of it comes back, once", bring_back(stage, &placed)).await
}

fn about(placed: &Placed, verb: &str) -> Call {
    let path = format!("/workstations/1/pickups/{}/{verb}", placed.id);
    Call::new(Method::POST, path, Some(json!({ "id": Uuid::now_v7() })))
}

async fn place(stage: &Stage) -> Result<((Shop, Placed), String)> {
    let item = stage.piece(0)?;
    let mall = &stage.store.mall;
    let file = mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},20\n", item.sku))?;
    let file = file.to_str().context("a path that is no text")?;
    mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let shop = Shop::open(mall, "journey").await?;
    let goods: [&Listed; 1] = [item];
    let placed = shop.place(&shop.write("J-1", &goods).await?).await?;
    let said = format!("{} for {} yuan, 2 promised of 20", placed.number, yuan(placed.total_minor));
    Ok(((shop, placed), said))
}

async fn put_together(stage: &Stage, (_, placed): &(Shop, Placed)) -> Result<((), String)> {
    until("the store to hear of it", PATIENCE, async || {
        let answer = stage.one.call(&about(placed, "opening")).await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await?;
    for _ in 0..2 {
        stage.one.call(&stage.one.scan(&stage.piece(0)?.barcode)).await?.done::<Value>()?;
    }
    stage.one.call(&about(placed, "ready")).await?.done::<Value>()?;
    Ok(((), "the store heard, 2 of 2 scanned, nothing in the cart".to_owned()))
}

async fn hand_over(stage: &Stage, (shop, placed): &(Shop, Placed)) -> Result<((), String)> {
    let code = placed.code.as_ref().context("an open order has a code")?;
    let prove = || {
        let body = json!({ "id": Uuid::now_v7(), "code": code });
        Call::new(Method::POST, "/workstations/1/pickup-codes", Some(body))
    };
    stage.one.call(&prove()).await?.done::<Value>()?;
    stage.one.call(&about(placed, "hand-over")).await?.done::<Value>()?;
    stage.one.call(&prove()).await?.refused(409, "pickup-handed-over")?;
    let close = format!("/workstations/1/pickup?id={}", Uuid::now_v7());
    stage.one.call(&Call::new(Method::DELETE, close, None)).await?.done::<Value>()?;
    let over = until("the mall to hear of it", PATIENCE, async || {
        let shown = shop.show(placed.id).await?;
        Ok((shown.state == "handed_over").then_some(shown))
    })
    .await?;
    ensure!(over.refunds.is_empty(), "{over:?}");
    Ok(((), "a second time refused; the mall and the shop know".to_owned()))
}

async fn bring_back(stage: &Stage, (shop, placed): &(Shop, Placed)) -> Result<((), String)> {
    let post = |rest: &str, body: Value| {
        Call::new(Method::POST, format!("/workstations/1/{rest}"), Some(body))
    };
    let named = json!({ "presented": placed.number });
    let told: Value = stage.one.call(&post("online-orders", named)).await?.done()?;
    let first = told.pointer("/lines/0/piece").context("nothing comes back")?.clone();
    let back = |pieces: u16| {
        let body = json!({
            "id": Uuid::now_v7(), "order_id": placed.id, "number": placed.number,
            "lines": [{ "number": 1, "pieces": pieces }], "reason": "unfit", "saleable": true,
            "amount": first,
        });
        post("online-returns", body)
    };
    let once = back(1);
    for _ in 0..2 {
        let done: Value = stage.one.call(&once).await?.done()?;
        ensure!(done.get("state").is_some_and(|state| state == "done"), "{done}");
    }
    stage.one.call(&back(2)).await?.refused(409, "online-return-not-so-many")?;
    let shown = shop.show(placed.id).await?;
    let due = shown.refunds.first().context("no money is due")?;
    ensure!(shown.refunds.len() == 1 && due.why == "returned", "{shown:?}");
    let said =
        format!("{} yuan due to the shopper, 1 back for sale, no more", yuan(due.amount_minor));
    Ok(((), said))
}
