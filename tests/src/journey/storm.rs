//! The mall dies, the node dies, prices change, and everything comes back.

use anyhow::{Context as _, Result, ensure};

use super::{Stage, Table, receipt, shows};
use crate::{
    catalog::yuan,
    compare::Comparison,
    till::Till,
    wait::{PATIENCE, until},
};

/// Orders sold while the mall is down, at each workstation.
const SOLD_ALONE: usize = 5;

/// kill -9 of the mall; the store sells on.
pub(super) async fn mall_dies(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let till = &stage.one;
    let told = async {
        stage.store.wait_until_told(till).await?;
        Ok(((), "2 orders told".to_owned()))
    };
    table.step("wait until the outbox is empty", told).await?;
    let killed = async {
        stage.store.mall.kill();
        until("the node to notice", PATIENCE, async || {
            Ok(till.view().await?.notes("mall-down").then_some(()))
        })
        .await?;
        Ok(((), "the notice is up on 1号台".to_owned()))
    };
    table.step("kill -9 the mall", killed).await?;
    let codes: Vec<String> =
        (1..=SOLD_ALONE).map(|n| Ok(stage.piece(n)?.barcode.clone())).collect::<Result<_>>()?;
    let sold = async {
        let at = async |till: &Till| -> Result<i64> {
            let mut sum = 0;
            for code in &codes {
                let completed = till.sell(&[code, code], 1_000).await?;
                receipt(till, &completed).await?;
                sum += completed.order.total.amount;
            }
            Ok(sum)
        };
        let (one, two) = tokio::try_join!(at(&stage.one), at(&stage.two))?;
        let waiting = until("the orders to wait", PATIENCE, async || {
            let outbox = till.view().await?.link.outbox;
            Ok((usize::try_from(outbox) == Ok(2 * SOLD_ALONE)).then_some(outbox))
        })
        .await?;
        Ok(((), format!("{waiting} orders, {}; all wait in the outbox", yuan(one + two))))
    };
    table.step("sell on at both workstations at once", sold).await
}

/// kill -9 of the node in the middle of a cart; the cart is as it was.
pub(super) async fn node_dies(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let codes = [stage.piece(7)?.barcode.clone(), stage.piece(8)?.barcode.clone()];
    let killed = async {
        for code in &codes {
            stage.one.done(&stage.one.scan(code)).await?;
        }
        let before = stage.one.done(&stage.one.scan_many(&codes[0], 3_000)).await?;
        stage.store.edge.kill();
        let pieces = before.cart.as_ref().map_or(0, |cart| cart.pieces);
        ensure!(pieces == 5, "{pieces} pieces on the counter");
        Ok((before, format!("{pieces} pieces on the counter")))
    };
    let before = table.step("kill -9 the node in the middle of a cart", killed).await?;
    let (edge, till) = (&mut stage.store.edge, &stage.one);
    let returned = async {
        edge.start().await?;
        let after = till.view().await?;
        ensure!(after.boot != before.boot, "the node was never away");
        ensure!(
            after.cart == before.cart,
            "the cart was {:?} and is {:?}",
            before.cart,
            after.cart
        );
        ensure!(after.link.outbox > 0, "the outbox was forgotten");
        Ok((after, "the same cart, the same revision, still signed in".to_owned()))
    };
    let after = table.step("start it again: the cart as it was", returned).await?;
    let paid = async {
        let cart = after.cart.as_ref().context("nobody is signed in")?;
        shows(&after, cart.total.amount, 2)?;
        let completed = till.sell(&[], 0).await?;
        receipt(till, &completed).await?;
        Ok(((), completed.order.receipt_number.clone()))
    };
    table.step("complete it", paid).await
}

/// The mall comes back with a new price, which reaches the store.
pub(super) async fn prices_change(stage: &mut Stage, table: &mut Table) -> Result<()> {
    let item = stage.piece(3)?.clone();
    let price = item.price + 111;
    let till = &stage.two;
    let changed = async {
        let done = stage.store.reprice(&item.sku, &yuan(price)).await?;
        ensure!(done.changed == 1, "{} items changed", done.changed);
        let view = till.done(&till.scan(&item.barcode)).await?;
        shows(&view, item.price, 1)?;
        till.done(&till.void_cart()).await?;
        Ok(((), format!("{}: {} → {}", item.name, yuan(item.price), yuan(price))))
    };
    table.step("change a price at HQ; the store has the old one", changed).await?;
    let mall = &mut stage.store.mall;
    let returned = async {
        mall.start().await?;
        Ok(((), mall.url()))
    };
    table.step("start the mall again", returned).await?;
    let followed = async {
        until("the new price to reach the store", PATIENCE, async || {
            let view = till.done(&till.scan(&item.barcode)).await?;
            let cart = view.cart.as_ref().context("nobody is signed in")?;
            let is_new = cart.total.amount == price;
            if !is_new {
                till.done(&till.void_cart()).await?;
            }
            Ok(is_new.then_some(()))
        })
        .await?;
        let completed = till.sell(&[], 0).await?;
        ensure!(completed.order.total.amount == price, "sold at another price");
        Ok(((), format!("sold for {}", yuan(price))))
    };
    table.step("sell at the new price", followed).await
}

/// The outbox drains; both books say the same.
pub(super) async fn everything_agrees(stage: Stage, table: &mut Table) -> Result<Comparison> {
    let Stage { mut store, one, .. } = stage;
    let told = async {
        store.wait_until_told(&one).await?;
        Ok(((), "0 orders wait".to_owned()))
    };
    table.step("wait until the outbox is empty", told).await?;
    let ledger = store.edge.ledger()?;
    let checked = async {
        ledger.check_receipt_numbers()?;
        ledger.check_file()?;
        let checked: serde_json::Value = store.mall.tell(&["orders", "check"]).await?;
        Ok(((), format!("receipt numbers without holes; mall: {checked}")))
    };
    table.step("check both books for themselves", checked).await?;
    let compared = async {
        let found = store.compare().await?;
        ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
        let expected = 2 + 2 * SOLD_ALONE + 2;
        ensure!(found.n_edge == expected, "{} orders and not {expected}", found.n_edge);
        let words =
            format!("{} = {} orders, {} in all", found.n_edge, found.n_mall, yuan(found.total));
        Ok((found, words))
    };
    let found = table.step("compare order by order, fen by fen", compared).await?;
    let closed = async {
        store.close().await?;
        Ok(((), "both ended in order".to_owned()))
    };
    table.step("stop the node and the mall", closed).await?;
    Ok(found)
}
