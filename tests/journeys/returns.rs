//! Goods of an online order that come back in the store: once, for what they cost, and only with the
//! mall's word.

use acceptance::{
    cable::Weather,
    paper,
    shop::Placed,
    till::Call,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::pickup::{Street, street};

impl Street {
    /// An order that its shopper has collected, and that the mall knows to be so.
    async fn collected(&self, number: &str) -> Result<Placed> {
        let placed = self.place(number).await?;
        self.until_heard(1, 0).await?;
        self.put_together(&placed).await?;
        let code = placed.code.clone().context("an open order has a code")?;
        self.till.call(&self.code(&code)).await?.done::<Value>()?;
        self.till.call(&self.about(&placed, "hand-over")).await?.done::<Value>()?;
        self.until_mall_says(&placed, "handed_over").await?;
        Ok(placed)
    }

    fn look(&self, presented: &str, lines: &[(u16, u16)]) -> Call {
        let body = json!({ "presented": presented, "lines": lines_of(lines) });
        Call::new(Method::POST, self.at("/online-orders"), Some(body))
    }

    /// What some pieces of an order give back.
    async fn worth(&self, placed: &Placed, lines: &[(u16, u16)]) -> Result<i64> {
        let told: Value = self.till.call(&self.look(&placed.number, lines)).await?.done()?;
        told["back"]["amount"].as_i64().with_context(|| told.to_string())
    }

    fn take_back(&self, placed: &Placed, lines: &[(u16, u16)], fen: i64, saleable: bool) -> Call {
        let body = json!({
            "id": Uuid::now_v7(), "order_id": placed.id, "number": placed.number,
            "lines": lines_of(lines), "reason": "unfit", "saleable": saleable,
            "amount": { "amount": fen, "currency": "CNY" },
        });
        Call::new(Method::POST, self.at("/online-returns"), Some(body))
    }

    async fn returns(&self) -> Result<Vec<Value>> {
        let list: Value =
            self.till.call(&Call::new(Method::GET, "/online-returns", None)).await?.done()?;
        Ok(list["returns"].as_array().context("no list")?.clone())
    }

    async fn hq(&self, path: &str) -> Result<Vec<Value>> {
        self.store.mall.ask(&self.store.token, &format!("/hq/v1/{path}")).await
    }
}

fn lines_of(lines: &[(u16, u16)]) -> Value {
    lines.iter().map(|(number, pieces)| json!({ "number": number, "pieces": pieces })).collect()
}

#[tokio::test]
async fn an_online_order_comes_back_in_the_store_once_and_gives_back_what_was_paid() -> Result<()> {
    let street = street().await?;
    let till = &street.till;
    let waiting = street.place("M-6000").await?;
    till.call(&street.look("M-6000", &[])).await?.refused(409, "online-order-not-collected")?;
    street.shop.cancel(waiting.id).await?.done::<Placed>()?;
    street.until_heard(0, 0).await?;
    let placed = street.collected("M-6001").await?;
    ensure!(street.stock().await? == [8, 0, 8]);

    till.call(&street.look("M-9999", &[])).await?.refused(404, "online-order-unknown")?;
    // The shopper shows the code that they came with, although it is used up.
    let token = placed.token.clone().context("an open order has a token")?;
    let told: Value = till.call(&street.look(&token, &[])).await?.done()?;
    ensure!(told["number"] == "M-6001" && told["phone"] == "138****5678", "{told}");
    ensure!(told["lines"][0]["left"] == 2 && told["lines"][1]["left"] == 1, "{told}");
    ensure!(told["total"]["amount"] == placed.total_minor, "{told}");
    let first = street.worth(&placed, &[(1, 1)]).await?;
    ensure!(told["lines"][0]["piece"]["amount"] == first, "{told}");

    let wrong = street.take_back(&placed, &[(1, 1)], first + 1, true);
    till.call(&wrong).await?.refused(409, "online-return-amount-changed")?;
    let back = street.take_back(&placed, &[(1, 1)], first, true);
    let done: Value = till.call(&back).await?.done()?;
    ensure!(done["state"] == "done", "{done}");
    let again: Value = till.call(&back).await?.done()?;
    ensure!(again == done, "{again}");
    ensure!(street.stock().await? == [9, 0, 9], "it can be sold again");
    let more = street.take_back(&placed, &[(1, 2)], first * 2, true);
    till.call(&more).await?.refused(409, "online-return-not-so-many")?;

    let rest = street.worth(&placed, &[(1, 1), (2, 1)]).await?;
    ensure!(first + rest == placed.total_minor, "{first} and {rest} of {}", placed.total_minor);
    let rest = street.take_back(&placed, &[(1, 1), (2, 1)], rest, false);
    till.call(&rest).await?.done::<Value>()?;
    ensure!(street.stock().await? == [9, 0, 9], "what is spoilt is not for sale");
    let nothing = street.take_back(&placed, &[(2, 1)], 1, true);
    till.call(&nothing).await?.refused(409, "online-return-already")?;

    let slips = until("the return slips", PATIENCE, async || {
        let slips = paper::tape(till).await?.slips.into_iter().filter(|slip| slip.cut);
        let slips: Vec<String> = slips.map(|slip| slip.text()).collect();
        let found: Vec<String> =
            slips.into_iter().filter(|text| text.contains("线上退货")).collect();
        Ok((found.len() == 2).then_some(found))
    });
    let slips = slips.await?;
    ensure!(slips.iter().all(|slip| slip.contains("M-6001")), "{slips:#?}");

    let shown = street.shop.show(placed.id).await?;
    let owed: i64 = shown.refunds.iter().map(|due| due.amount_minor).sum();
    ensure!(owed == placed.total_minor, "{shown:?}");
    ensure!(street.hq("online-returns").await?.len() == 2);
    let due = street.hq("refunds-due").await?;
    ensure!(due.iter().filter(|due| due["number"] == "M-6001").count() == 2, "{due:?}");
    let path = format!("/orders/{}/refunds/{}", placed.id, shown.refunds[0].id);
    let said = json!({ "reference": "R-1" });
    street.shop.call(Method::POST, &path, Some(&said)).await?.done::<Placed>()?;
    let left = street.hq("refunds-due").await?;
    ensure!(left.len() + 1 == due.len(), "{left:?}");
    Ok(())
}

#[tokio::test]
async fn with_the_cable_cut_nothing_comes_back_and_what_was_asked_is_settled_later() -> Result<()> {
    let street = street().await?;
    let till = &street.till;
    let placed = street.collected("M-7001").await?;
    let first = street.worth(&placed, &[(1, 1)]).await?;
    street.cable.turn(Weather::Cut);
    till.call(&street.look("M-7001", &[])).await?.refused(503, "online-return-away")?;
    let problem: Value = serde_json::from_str(&till.call(&street.look("M-7001", &[])).await?.text)?;
    let said = format!("{}{}", problem["detail"], problem["hint"]);
    ensure!(said.contains("没有退货") && said.contains("再试"), "{said}");
    ensure!(street.returns().await?.is_empty(), "nothing was written");

    // The mall hears the question; its answer is cut off.
    street.cable.turn(Weather::HalfAnswers(9));
    let back = street.take_back(&placed, &[(1, 1)], first, true);
    let pending: Value = till.call(&back).await?.done()?;
    ensure!(pending["state"] == "pending", "{pending}");
    let other = street.take_back(&placed, &[(1, 1)], first, true);
    till.call(&other).await?.refused(409, "online-return-waiting")?;
    street.cable.turn(Weather::Fair);
    until("the return to be settled", PATIENCE, async || {
        Ok((street.returns().await?[0]["state"] == "done").then_some(()))
    })
    .await?;
    let settled: Value = till.call(&back).await?.done()?;
    ensure!(settled["state"] == "done", "{settled}");
    ensure!(street.returns().await?.len() == 1);
    ensure!(street.stock().await? == [9, 0, 9]);
    let shown = street.shop.show(placed.id).await?;
    ensure!(shown.refunds.len() == 1 && shown.refunds[0].amount_minor == first, "{shown:?}");
    Ok(())
}
