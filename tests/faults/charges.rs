//! kill -9 of the node at named points of a charge by payment code. The mall of these stores has no
//! account with any house, so that no charge is ever paid.
//!
//! After each death the cart is as it was, the charge ends as one that took no money, the same goods
//! are sold for cash, and nothing is sold twice.

use acceptance::{
    catalog,
    edge_process::Start,
    store::{Store, original},
    till::{Call, Till},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;

const CODE: &str = "134567890123456789";
/// Where the power fails, and whether the charge was in the ledger by then.
const POINTS: [(&str, bool); 4] = [
    ("payment.begun", false),
    ("payment.written", true),
    ("payment.answered", true),
    ("payment.noted", true),
];

/// The view as it is written.
async fn view_text(till: &Till) -> Result<String> {
    Ok(till.call(&Call::new(Method::GET, "/workstations/1/view", None)).await?.text)
}

async fn is_over(till: &Till) -> Result<bool> {
    let text = view_text(till).await?;
    ensure!(!text.contains(CODE), "the view repeats the code: {text}");
    let open = ["sent", "paying", "reversing", "pending"];
    Ok(!open.iter().any(|state| text.contains(&format!(r#""state":"{state}""#))))
}

#[tokio::test]
async fn a_power_cut_while_a_code_is_charged_leaves_a_cart_that_can_be_paid() -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let tea = list.iter().find(|listed| !listed.is_weighed).context("nothing is sold by piece")?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    for (n, (point, is_written)) in POINTS.into_iter().enumerate() {
        ensure!(store.edge.start_dying_at(point, 1).await? == Start::Ready, "{point}");
        let till = store.cashier(1).await?;
        till.done(&till.scan(&tea.barcode)).await?;
        let order = till.view().await?.cart.context("nobody is signed in")?.order_id;
        // The answer may be lost with the node.
        let _ = till.call(&till.scan(CODE)).await;
        store.edge.wait_until_killed().await?;
        store.edge.start().await?;
        let over = until("the charge to be over", PATIENCE, async || {
            Ok(is_over(&till).await?.then_some(()))
        });
        over.await.with_context(|| point.to_owned())?;
        let has_row = view_text(&till).await?.contains(r#""method":"wechat""#);
        ensure!(has_row == is_written, "{point}: a charge is written down: {has_row}");
        let cart = till.view().await?.cart.context("nobody is signed in")?;
        ensure!(cart.order_id == order && cart.lines.len() == 1, "{point}: {cart:?}");
        let view = till.done(&till.to_tender()).await?;
        let due = view.tender.as_ref().context("the view names nothing due")?.cash.due;
        till.pay(&view, due.amount).await.with_context(|| point.to_owned())?;
        ensure!(store.edge.ledger()?.n_orders()? == i64::try_from(n + 1)?, "{point}");
        store.edge.stop().await?;
    }
    Ok(())
}
