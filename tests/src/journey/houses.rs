//! Other houses: a voucher pays with the order, a coupon reduces it, a code pays, silence is settled, an order is undone.

use anyhow::{Context as _, Result, ensure};

use super::Table;
use crate::{
    catalog::{self, yuan},
    houses::Town,
    sim::{Coupon, Fault, Operation, PaymentCode, Planned, Platform, Voucher},
    view::View,
};

/// Walks the journeys through other houses in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let dear = list.iter().find(|item| !item.barcode.is_empty() && item.price > 6_000);
    let dear = dear.context("nothing is dear")?.barcode.clone();
    let opened = async {
        Ok((Town::found_with_coupons().await?, "抖音 微信 支付宝, simulated".to_owned()))
    };
    let mut town = table.step("open a store with other houses around it", opened).await?;
    let order = table.step("a Douyin voucher pays, cash the rest", voucher(&town, &dear)).await?;
    table.step("the order is undone within the hour", undone(&town, order)).await?;
    let what = "a WeChat coupon takes its share off, though nobody says whose it is";
    table.step(what, coupon(&town, &dear)).await?;
    for house in [Platform::Wechat, Platform::Alipay] {
        let what = format!("a payment code pays at {house:?}");
        table.step(&what, paid(&town, &dear, house)).await?;
    }
    let what = "a charge whose answer was lost is found again";
    table.step(what, found_again(&mut town, &dear)).await?;
    let agree = async {
        town.ends_well().await?;
        let held = town.platforms.balance(None).held;
        Ok(((), format!("the houses hold {}, as the orders say", yuan(held))))
    };
    table.step("compare the houses with the orders", agree).await
}

async fn voucher(town: &Town, barcode: &str) -> Result<(uuid::Uuid, String)> {
    town.till.done(&town.till.scan(barcode)).await?;
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    let view = town.till.done_through(&town.till.scan(&link)).await?;
    let (worth, left) = (view.redemption()?.amount.amount, view.rights()?.left.amount);
    let view = town.pay_the_rest().await?;
    ensure!(town.platforms.balance(None).redeemed_count == 1, "Douyin knows of no use");
    let order = view.last_order.context("no order is shown")?.id;
    Ok((order, format!("{} by the voucher, {} in cash", yuan(worth), yuan(left))))
}

async fn coupon(town: &Town, barcode: &str) -> Result<((), String)> {
    let view = town.till.done(&town.till.scan(barcode)).await?;
    let total = view.cart.as_ref().context("nobody is signed in")?.total.amount;
    let coupon = Coupon::default();
    let off = coupon.discount_fen;
    let code = town.platforms.wechat().issue_coupon(coupon);
    town.till.done_through(&town.till.look_up_anyones(&view, &code)?).await?;
    let view = town.pay_the_rest().await?;
    let sold = view.last_order.context("no order is shown")?.total.amount;
    ensure!(sold == total - off, "an order of {sold}, {off} less than {total}");
    let used = town.platforms.balance(Some(Platform::Wechat)).redeemed;
    ensure!(used == off, "WeChat knows of {used}");
    town.till.done(&town.till.leave_done()).await?;
    Ok(((), format!("{} of {} off", yuan(off), yuan(total))))
}

async fn undone(town: &Town, order: uuid::Uuid) -> Result<((), String)> {
    let manager = town.store.manager(2).await?;
    let undo = manager.undo_order(order, "顾客改主意");
    manager.call(&undo).await?.done::<serde_json::Value>()?;
    town.until_balance("the voucher to be given back", |b| b.redeemed_count == 0).await?;
    Ok(((), "the voucher is the shopper's again".to_owned()))
}

/// Scans goods and a payment code of a house; the cart's total.
async fn charge(town: &Town, barcode: &str, house: Platform) -> Result<i64> {
    let view = town.till.done(&town.till.scan(barcode)).await?;
    let code = match house {
        Platform::Wechat => town.platforms.wechat().issue_code(PaymentCode::default()),
        Platform::Alipay | Platform::Douyin => {
            town.platforms.alipay().issue_code(PaymentCode::default())
        }
    };
    town.till.done(&town.till.scan(&code)).await?;
    Ok(view.cart.context("nobody is signed in")?.total.amount)
}

async fn is_sold(town: &Town, total: i64) -> Result<()> {
    let is_done = |view: &View| view.phase == "done";
    let view = town.till.until("the order", is_done).await?;
    let sold = view.last_order.context("no order is shown")?.total.amount;
    ensure!(sold == total, "an order of {sold} and not {total}");
    town.till.done(&town.till.leave_done()).await?;
    Ok(())
}

async fn paid(town: &Town, barcode: &str, house: Platform) -> Result<((), String)> {
    let before = town.platforms.balance(Some(house)).held;
    let total = charge(town, barcode, house).await?;
    is_sold(town, total).await?;
    let held = town.platforms.balance(Some(house)).held;
    ensure!(held == before + total, "the house holds {held}");
    Ok(((), format!("{} paid, the order is complete", yuan(total))))
}

async fn found_again(town: &mut Town, barcode: &str) -> Result<((), String)> {
    let before = town.platforms.balance(None).held;
    town.platforms.faults([Planned {
        platform: Platform::Wechat,
        operation: Some(Operation::Charge),
        fault: Fault::CutAfter,
        times: 1,
    }]);
    let total = charge(town, barcode, Platform::Wechat).await?;
    town.until_heard().await?;
    town.let_pass(5).await?;
    let payment = town.till.view().await?.payment()?.id;
    town.till.done(&town.till.query(payment)).await?;
    is_sold(town, total).await?;
    ensure!(town.platforms.balance(None).held == before + total, "it was taken twice");
    Ok(((), format!("{} taken once", yuan(total))))
}
