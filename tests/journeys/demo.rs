//! `make demo` as a person runs it: what the simulated houses' page issues works at its tills.

use std::{path::Path, process::Command};

use acceptance::{
    catalog, folder,
    guest::Guest,
    port,
    program::{self, Running},
    store::OPERATORS,
    till::{Call, Till, answer, http},
    view::{Member, View},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Fen of balance that the demo's member begins with, and spends.
const BALANCE: (i64, i64) = (20_000, 3_000);
/// Points that they begin with, and spend: one yuan.
const POINTS: (i64, i64) = (1_000, 100);

/// The demo, and where a person clicks.
struct Demo {
    running: Running,
    /// The simulated houses' page.
    page: String,
    /// The tills.
    edge: String,
    portal: u16,
}

impl Demo {
    /// Starts it on ports of its own and waits until it says that the store can sell.
    async fn open(data: &Path, ports: &[String], at: (u16, u16, u16)) -> Result<Self> {
        // A log of its own: what an earlier one said is no news.
        let log = data.with_extension(format!("{}.log", Uuid::now_v7()));
        let mut command = Command::new(program::find("demo")?);
        command.arg("--data").arg(data).args(ports);
        let mut running = Running::start("the demo", &mut command, &log)?;
        until("the demo to be ready", PATIENCE, async || {
            ensure!(running.is_running()?, "it ended:\n{}", running.last_words());
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            Ok(said.contains("Ctrl-C stops.").then_some(()))
        })
        .await?;
        let (edge, page, portal) = at;
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        Ok(Self { running, page: url(page), edge: url(edge), portal })
    }

    /// Presses a button of the page.
    async fn press(&self, button: &str, body: &Value) -> Result<Value> {
        let pressed = http()?.post(format!("{}/api/{button}", self.page)).json(body);
        answer(pressed).await?.done().with_context(|| format!("the button {button}"))
    }

    /// The code that a button gives.
    async fn code(&self, button: &str, body: &Value) -> Result<String> {
        let given = self.press(button, body).await?;
        let code = given.get("code").or_else(|| given.get("link"));
        Ok(code.and_then(Value::as_str).with_context(|| given.to_string())?.to_owned())
    }

    async fn close(mut self) -> Result<()> {
        self.running.stop(PATIENCE).await
    }
}

/// A row of ports for each program, as options, and those that a person goes to: edge, page, portal.
fn ports() -> Result<(Vec<String>, (u16, u16, u16))> {
    let (edge, page, portal) = (port::free()?, port::free_row(5)?, port::free()?);
    let options = [
        ("edge", edge),
        ("mall", port::free()?),
        ("mall-tls", port::free()?),
        ("scanner", port::free_row(2)?),
        ("platforms", page),
        ("portal", portal),
        ("broker", port::free()?),
    ];
    let options = options.iter().map(|(name, port)| format!("--{name}-port={port}")).collect();
    Ok((options, (edge, page, portal)))
}

#[tokio::test]
async fn a_person_walks_the_demo_with_what_its_page_issues_and_finds_it_again() -> Result<()> {
    let folder = folder::temporary()?;
    let data = folder.path().join("demo");
    let (options, at) = ports()?;
    let demo = Demo::open(&data, &options, at).await?;
    let mut till = Till::new(&demo.edge, 1);
    let (operator, _, _, pin) = OPERATORS[0];
    till.sign_in(operator, pin).await?.done::<Value>()?;
    let earned = member_and_coupon(&demo, &till).await?;
    voucher_and_charge(&demo, &till).await?;
    ordered_online(&demo, &till).await?;
    guest(&demo, &data).await?;
    demo.close().await?;

    let demo = Demo::open(&data, &options, at).await?;
    let mut till = Till::new(&demo.edge, 1);
    till.sign_in(operator, pin).await?.done::<Value>()?;
    known(&demo, &till).await?;
    // It was told, or is told now; either way the mall counts it.
    let has_counted = |view: &View| {
        let funds = view.member.as_ref().and_then(|member| member.funds);
        funds.is_some_and(|funds| {
            funds.balance.amount == BALANCE.0 - BALANCE.1
                && funds.points == POINTS.0 - POINTS.1 + earned
        })
    };
    till.until("what was spent", has_counted).await?;
    demo.close().await
}

/// Somebody scans what the member's phone shows, beside an item.
async fn known(demo: &Demo, till: &Till) -> Result<Member> {
    let list = catalog::read(&catalog::demo())?;
    let dear = list.iter().find(|item| !item.barcode.is_empty() && item.price > 5_000);
    till.done(&till.scan(&dear.context("nothing is dear enough")?.barcode)).await?;
    let code = demo.code("brand/members", &json!({})).await?;
    let view = till.done(&till.scan(&code)).await?;
    view.member.context("nobody is known")
}

/// A sale to the member, with all that they can pay by; the points that it earned them.
async fn member_and_coupon(demo: &Demo, till: &Till) -> Result<i64> {
    let member = known(demo, till).await?;
    assert_eq!((member.phone.as_str(), member.is_proven), ("138****5678", true));
    let coupon = demo.code("brand/coupons", &json!({})).await?;
    let view = till.done(&till.scan(&coupon)).await?;
    assert!(view.coupons.first().is_some_and(|coupon| coupon.takes_part), "{view:?}");
    till.done(&till.use_points(POINTS.1)).await?;
    let view = till.done(&till.use_balance(BALANCE.1)).await?;
    let paying = view.member.context("nobody is known any more")?;
    assert_eq!((paying.points_spent, paying.balance_part.amount), (POINTS.1, BALANCE.1));
    assert!(paying.points_earned > 0, "{paying:?}");
    till.sell(&[], 0).await?;
    Ok(paying.points_earned)
}

async fn voucher_and_charge(demo: &Demo, till: &Till) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let dear = list.iter().find(|item| !item.barcode.is_empty() && item.price > 15_000);
    till.done(&till.scan(&dear.context("nothing is dear enough")?.barcode)).await?;
    let link = demo.code("douyin/vouchers", &json!({})).await?;
    till.done(&till.scan(&link)).await?;
    let is_known =
        |view: &View| view.redemption().is_ok_and(|redemption| redemption.state == "looked_up");
    till.until("the voucher's worth", is_known).await?;
    let view = till.done(&till.to_tender()).await?;
    let code = demo.code("wechat/codes", &json!({})).await?;
    till.done(&till.charge(&view, &code, None)?).await?;
    let done = till.until("the order", |view| view.phase == "done").await?;
    let order = done.last_order.context("no order is shown")?;
    assert!(order.total.amount > 15_000, "{order:?}");
    till.done(&till.leave_done()).await?;
    Ok(())
}

async fn ordered_online(demo: &Demo, till: &Till) -> Result<()> {
    let placed = demo.press("orders", &json!({})).await?;
    let number = placed.get("number").and_then(Value::as_str).context("no number")?;
    let list = Call::new(Method::GET, "/pickups", None);
    until("the store to hear of the order", PATIENCE, async || {
        Ok(till.call(&list).await?.text.contains(number).then_some(()))
    })
    .await
}

async fn guest(demo: &Demo, data: &Path) -> Result<()> {
    let guest = Guest::new(demo.portal, &data.join("platforms/sms.jsonl"))?;
    let sitting = guest.ask().await?;
    let state: Value = answer(http()?.get(format!("{}/api/state", demo.page))).await?.done()?;
    let shown = state.pointer("/messages/0/code").and_then(Value::as_str);
    let entered = guest.enter(&sitting, shown.context("the page shows no SMS")?).await?;
    assert_eq!(entered.status, 303);
    until("the coupon on the guest's page", PATIENCE, async || guest.coupon().await).await?;
    Ok(())
}
