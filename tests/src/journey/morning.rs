//! The store opens and sells: pieces, packs, weighed goods.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{Stage, Table, display_is, receipt, shows, weighed};
use crate::{
    catalog::{self, amount_label, full_label, weight_label, yuan},
    edge_process::{Boot, EdgeProcess},
    mall_process::MallProcess,
    paper, port,
    store::{self, Store},
    till::Till,
    view::View,
    wait::{PATIENCE, until},
};

/// What goes back to the second shopper, in fen.
const CHANGE: i64 = 5_000;

/// From nothing to two operators at their workstations.
pub(super) async fn open(folder: &Path, table: &mut Table) -> Result<Stage> {
    let mut mall = MallProcess::new(folder.join("mall"), port::free()?);
    let begun = async {
        mall.start().await?;
        Ok(((), mall.url()))
    };
    table.step("start the mall", begun).await?;
    let imported = async {
        let done = mall.import(&catalog::demo()).await?;
        ensure!(done.refused == 0, "{} rows were refused", done.refused);
        Ok(((), format!("{} rows, {} items added", done.rows, done.added)))
    };
    table.step("import the demo catalog", imported).await?;
    let founded = async {
        store::found(&mall).await?;
        Ok((mall.token("journey").await?, "SH001, 2 workstations, a kiosk, 3 operators".to_owned()))
    };
    let token = table.step("found the store", founded).await?;
    let mut edge = EdgeProcess::new(folder.join("edge"), Boot::on_free_ports(mall.url())?)?;
    let enrolled = async {
        edge.enrol(&mall.claim(store::CODE).await?).await?;
        Ok(((), "by a one-time claim code".to_owned()))
    };
    table.step("enrol the node", enrolled).await?;
    let started = async {
        edge.start().await?;
        Ok(((), edge.url()))
    };
    table.step("start the node, fetch the snapshots", started).await?;
    let store = Store::of(folder, mall, edge, token);
    let signed_in = async {
        let tills = (store.cashier(1).await?, store.cashier(2).await?);
        Ok((tills, "李静 at 1号台, 王强 at 2号台".to_owned()))
    };
    let (one, two) = table.step("sign in", signed_in).await?;
    Ok(Stage { store, one, two, list: catalog::read(&catalog::demo())? })
}

/// A first shopper at workstation 1: three items over the screen, exact cash.
pub(super) async fn pieces(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let (first, second) = (stage.piece(0)?.clone(), stage.piece(200)?.clone());
    let till = &stage.one;
    display_is(till, "idle").await?;
    let scanned = async {
        till.done(&till.scan(&first.barcode)).await?;
        till.done(&till.scan(&second.barcode)).await?;
        let view = till.done(&till.scan(&second.barcode)).await?;
        let total = first.price + 2 * second.price;
        shows(&view, total, 2)?;
        let display = display_is(till, "cart").await?;
        let cart = display.cart.context("the shopper sees no cart")?;
        ensure!(cart.total.amount == total, "the shopper sees {}", yuan(cart.total.amount));
        Ok(((), format!("{} + 2 × {} = {}", first.name, second.name, yuan(total))))
    };
    table.step("scan 3 pieces on the screen of 1号台", scanned).await?;
    let paid = async {
        let openings = paper::drawer_openings(till).await?;
        let view = till.done(&till.to_tender()).await?;
        let due = view.tender.as_ref().context("nothing is due")?.cash.due.amount;
        display_is(till, "tender").await?;
        let completed = till.pay(&view, due).await?;
        ensure!(completed.order.change.amount == 0, "exact cash gives change");
        let display = display_is(till, "paid").await?;
        let seen = display.paid.context("the shopper sees no payment")?.order_id;
        ensure!(seen == completed.order.id, "the shopper sees another order");
        until("the drawer to open", PATIENCE, async || {
            Ok((paper::drawer_openings(till).await? > openings).then_some(()))
        })
        .await?;
        let words = format!("{} due {}", completed.order.receipt_number, yuan(due));
        Ok((completed, words))
    };
    let completed = table.step("pay exact cash; drawer and display follow", paid).await?;
    let printed = async {
        let text = receipt(till, &completed).await?;
        let name = first.name.as_str();
        ensure!(text.contains(name), "the receipt lacks {name}:\n{text}");
        Ok(((), format!("{} lines of paper", text.lines().count())))
    };
    table.step("read the receipt", printed).await
}

/// A second shopper at workstation 2: labels and a pack through the scanner's port, void, undo,
/// change and rounding.
pub(super) async fn fresh_goods(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let till = stage.two.clone();
    let scanned = table.step("scan 3 labels and a pack by the port", by_the_port(stage));
    let (view, total) = scanned.await?;
    let changed = table.step("void a line, undo, count, undo", there_and_back(&till, &view));
    changed.await?;
    let paid = async {
        let view = till.done(&till.to_tender()).await?;
        let cash = view.tender.as_ref().context("nothing is due")?.cash;
        let rounding = cash.rounding.amount;
        ensure!(rounding == -(total % 10), "rounding is {rounding}");
        let completed = till.pay(&view, cash.due.amount + CHANGE).await?;
        let change = completed.order.change.amount;
        ensure!(change == CHANGE, "the change is {change}");
        let words = format!("抹零 {}, 找零 {}", yuan(rounding), yuan(change));
        Ok((completed, words))
    };
    let completed = table.step("pay with change and rounding", paid).await?;
    let printed = async {
        let text = receipt(&till, &completed).await?;
        let is_told = total % 10 == 0 || text.contains("抹零");
        ensure!(is_told, "the receipt lacks the rounding:\n{text}");
        Ok(((), completed.order.receipt_number.clone()))
    };
    table.step("read the receipt", printed).await
}

/// Three labels of a scale and a code that stands for several pieces.
async fn by_the_port(stage: &Stage) -> Result<((View, i64), String)> {
    let apple = stage.weighed("12345")?;
    let (item, code, n) = stage.packed()?;
    let labels = [
        weight_label("12345", 1_250),
        amount_label("06013", 4_008),
        full_label("10002", 1_999, 1_250),
    ];
    let total = weighed(apple.price, 1_250) + 4_008 + 1_999 + item.price * n;
    let texts: Vec<&str> = labels.iter().map(String::as_str).chain([code]).collect();
    stage.store.edge.gun(2).await?.read(&texts).await?;
    let view = until("four scans to arrive", PATIENCE, async || {
        let view = stage.two.view().await?;
        let n = view.cart.as_ref().map_or(0, |cart| cart.lines.len());
        Ok((n == 4).then_some(view))
    })
    .await?;
    shows(&view, total, 4)?;
    let words = format!("1.25 kg {}, 2 labels, {n} × {}", apple.name, item.name);
    Ok(((view, total), words))
}

/// Changes that are taken back leave the cart as it was.
async fn there_and_back(till: &Till, view: &View) -> Result<((), String)> {
    let cart = view.cart.as_ref().context("nobody is signed in")?;
    let (total, n) = (cart.total.amount, cart.lines.len());
    let line = cart.lines.get(1).context("a line is missing")?;
    let less = till.done(&till.void_line(line.id)).await?;
    shows(&less, total - line.amount.amount, n - 1)?;
    shows(&till.done(&till.undo()).await?, total, n)?;
    let last = cart.lines.last().context("a line is missing")?;
    let counted = till.done(&till.count(last.id, 2_000)).await?;
    shows(&counted, total - last.amount.amount + 2 * last.list_price.amount, n)?;
    shows(&till.done(&till.undo()).await?, total, n)?;
    Ok(((), format!("back to {}", yuan(total))))
}
