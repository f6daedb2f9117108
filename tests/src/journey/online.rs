//! An online order that a shopper collects in the store, and brings a piece of back.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stage, table::Table};
use crate::{
    catalog::{Listed, yuan},
    shop::{Placed, Shop},
    store::CODE,
    till::Call,
    view::Money,
    wait::{PATIENCE, until},
};

/// It is placed at the mall, put together by scan, handed over by its eight digits while the mall is
/// dead, and one piece comes back. Another one is handed over after the shop took it back.
pub(super) async fn collected(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let shop = Shop::open(&stage.store.mall, "journey").await?;
    let placed = table.step("an online order is placed", place(stage, &shop)).await?;
    table.step("it is put together by scan", put_together(stage, &shop, &placed)).await?;
    let what = "the mall is dead: it is handed over by its code, once";
    table.step(what, hand_over(stage, &shop, &placed)).await?;
    table.step("a piece of it comes back, once", bring_back(stage, &shop, &placed)).await?;
    table.step("another one was taken back before the store heard", too_late(stage, &shop)).await
}

fn about(placed: &Placed, verb: &str) -> Call {
    let path = format!("/workstations/1/pickups/{}/{verb}", placed.id);
    Call::new(Method::POST, path, Some(json!({ "id": Uuid::now_v7() })))
}

/// Pieces of the item that are promised to each order.
const PIECES: usize = 2;

async fn write(stage: &Stage, shop: &Shop, number: &str) -> Result<Placed> {
    let goods: [&Listed; 1] = [stage.piece(0)?];
    shop.place(&shop.write(number, &goods).await?).await
}

async fn place(stage: &Stage, shop: &Shop) -> Result<(Placed, String)> {
    let item = stage.piece(0)?;
    let mall = &stage.store.mall;
    let file = mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},20\n", item.sku))?;
    let file = file.to_str().context("a path that is no text")?;
    mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let placed = write(stage, shop, "J-1").await?;
    let total = yuan(placed.total_minor);
    let said = format!("{} for {total} yuan, {PIECES} promised of 20", placed.number);
    Ok((placed, said))
}

async fn until_mall_says(shop: &Shop, placed: &Placed, state: &str) -> Result<Placed> {
    until("the mall to hear of it", PATIENCE, async || {
        let shown = shop.show(placed.id).await?;
        Ok((shown.state == state).then_some(shown))
    })
    .await
}

async fn put_together(stage: &Stage, shop: &Shop, placed: &Placed) -> Result<((), String)> {
    until("the store to hear of it", PATIENCE, async || {
        let answer = stage.one.call(&about(placed, "opening")).await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await?;
    for _ in 0..PIECES {
        stage.one.call(&stage.one.scan(&stage.piece(0)?.barcode)).await?.done::<Value>()?;
    }
    stage.one.call(&about(placed, "ready")).await?.done::<Value>()?;
    until_mall_says(shop, placed, "ready").await?;
    Ok(((), "the store heard, 2 of 2 scanned, nothing in the cart; the shop knows".to_owned()))
}

fn prove(code: &str) -> Call {
    let body = json!({ "id": Uuid::now_v7(), "code": code });
    Call::new(Method::POST, "/workstations/1/pickup-codes", Some(body))
}

/// Over the counter, while nobody answers the store.
async fn give(stage: &Stage, placed: &Placed) -> Result<()> {
    let code = placed.code.as_ref().context("an open order has a code")?;
    stage.one.call(&prove(code)).await?.done::<Value>()?;
    stage.one.call(&about(placed, "hand-over")).await?.done::<Value>()?;
    stage.one.call(&prove(code)).await?.refused(409, "pickup-handed-over")?;
    let close = format!("/workstations/1/pickup?id={}", Uuid::now_v7());
    stage.one.call(&Call::new(Method::DELETE, close, None)).await?.done::<Value>().map(|_| ())
}

async fn hand_over(stage: &mut Stage, shop: &Shop, placed: &Placed) -> Result<((), String)> {
    stage.store.mall.kill();
    give(stage, placed).await?;
    stage.store.mall.start().await?;
    let over = until_mall_says(shop, placed, "handed_over").await?;
    ensure!(over.refunds.is_empty(), "{over:?}");
    Ok(((), "a second time refused; back, the mall and the shop know".to_owned()))
}

/// What HQ has to look into.
#[derive(Debug, Deserialize)]
struct Case {
    what: String,
    number: String,
    cost: Money,
}

/// The shop takes an order back while the store's node is off; the node comes up without a mall.
async fn too_late(stage: &mut Stage, shop: &Shop) -> Result<((), String)> {
    let placed = write(stage, shop, "J-2").await?;
    put_together(stage, shop, &placed).await?;
    stage.store.edge.kill();
    shop.cancel(placed.id).await?.done::<Placed>()?;
    stage.store.mall.kill();
    stage.store.edge.start().await?;
    give(stage, &placed).await?;
    stage.store.mall.start().await?;
    let (mall, token) = (&stage.store.mall, &stage.store.token);
    let case = until("the case", PATIENCE, async || {
        Ok(mall.ask::<Vec<Case>>(token, "/hq/v1/pickups/cases").await?.pop())
    });
    let case = case.await?;
    ensure!((case.what.as_str(), case.number.as_str()) == ("after_end", "J-2"), "{case:?}");
    let cost = yuan(case.cost.amount);
    Ok(((), format!("handed over all the same: a case of {cost} yuan for HQ")))
}

async fn bring_back(stage: &Stage, shop: &Shop, placed: &Placed) -> Result<((), String)> {
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
