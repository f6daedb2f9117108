use acceptance::{
    paper,
    store::{Store, original},
    till::{Call, answer},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;

use crate::{pieces, selling};

#[tokio::test]
async fn without_a_session_nothing_is_sold_and_nothing_is_seen() -> Result<()> {
    let store = selling().await?;
    let cashier = store.cashier(1).await?;
    let code = &pieces()?[0].barcode;
    cashier.done(&cashier.scan(code)).await?;
    let nobody = cashier.without_session();
    for call in [
        nobody.scan(code),
        nobody.undo(),
        nobody.void_cart(),
        nobody.to_tender(),
        nobody.complete(uuid::Uuid::now_v7(), 1, 100),
        nobody.sign_out(),
        nobody.open_drawer("看看"),
    ] {
        nobody.call(&call).await?.refused(401, "sign-in-required")?;
    }
    for path in ["/items?query=1", "/orders"] {
        answer(nobody.request(Method::GET, path)?).await?.refused(401, "sign-in-required")?;
    }
    let view = nobody.view().await?;
    ensure!(view.phase == "signed-out" && view.cart.is_none() && view.last_scan.is_none());
    Ok(())
}

#[tokio::test]
async fn a_session_is_good_for_its_own_workstation_only() -> Result<()> {
    let store = selling().await?;
    let one = store.cashier(1).await?;
    let body = serde_json::json!({ "id": uuid::Uuid::now_v7(), "text": pieces()?[0].barcode });
    let scan = Call::new(Method::POST, "/workstations/2/cart/scans", Some(body));
    one.call(&scan).await?.refused(401, "sign-in-required")?;
    Ok(())
}

#[tokio::test]
async fn a_sixth_wrong_pin_locks_that_operator_out_and_nobody_else() -> Result<()> {
    let store = selling().await?;
    let mut till = store.edge.till(1);
    for _ in 0..5 {
        till.sign_in("1001", "000000").await?.refused(401, "pin-wrong")?;
    }
    let problem = till.sign_in("1001", "000000").await?.refused(429, "locked-out")?;
    ensure!(problem.retry_after_ms.is_some_and(|ms| ms > 0), "it does not say how long");
    till.sign_in("1001", "246810").await?.refused(429, "locked-out")?;
    till.sign_in("4444", "000000").await?.refused(401, "pin-wrong")?;
    ensure!(till.sign_in("1002", "135790").await?.status == 200, "another is locked out as well");
    Ok(())
}

#[tokio::test]
async fn a_cashier_does_not_open_the_drawer_and_a_manager_does() -> Result<()> {
    let store = selling().await?;
    let cashier = store.cashier(1).await?;
    cashier.call(&cashier.open_drawer("换零钱")).await?.refused(403, "forbidden")?;
    ensure!(paper::drawer_openings(&cashier).await? == 0);
    let manager = store.manager(1).await?;
    manager.call(&manager.open_drawer("  ")).await?.refused(400, "malformed")?;
    let opening = manager.open_drawer("换零钱");
    ensure!(manager.call(&opening).await?.status == 202);
    until("the drawer to open", PATIENCE, async || {
        Ok((paper::drawer_openings(&manager).await? == 1).then_some(()))
    })
    .await?;
    paper::shut_drawer(&manager).await?;
    // The same wish again is not a second wish; the kicks of two orders show that time has passed.
    ensure!(manager.call(&opening).await?.status == 202);
    for openings in 2..=3 {
        manager.sell(&[&pieces()?[0].barcode], 0).await?;
        until("the drawer to open for the order", PATIENCE, async || {
            Ok((paper::drawer_openings(&manager).await? >= openings).then_some(()))
        })
        .await?;
        paper::shut_drawer(&manager).await?;
    }
    let slips = paper::tape(&manager).await?.slips;
    let kicks: u32 = slips.iter().map(|slip| slip.drawer_kicks).sum();
    ensure!(kicks == 3, "{kicks} kicks for a wish and two orders");
    Ok(())
}

#[tokio::test]
async fn a_scan_at_a_workstation_where_nobody_is_signed_in_is_refused() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    // A printer that is slow to answer would make views too.
    store.reboot_with(|boot| boot.simulated = false)?;
    store.edge.start().await?;
    let code = pieces()?[0].barcode.clone();
    let till = store.cashier(1).await?;
    ensure!(till.call(&till.sign_out()).await?.status == 204);
    till.call(&till.scan(&code)).await?.refused(401, "sign-in-required")?;
    // Once the loss of the mall is told, only the scan makes another view.
    let before = until("the mall to be missed", PATIENCE, async || {
        let view = till.view().await?;
        Ok(view.notes("mall-down").then_some(view.revision))
    })
    .await?;
    store.edge.gun(1).await?.read(&[&code]).await?;
    until("the scan to be refused", PATIENCE, async || {
        Ok((till.view().await?.revision > before).then_some(()))
    })
    .await?;
    let view = store.cashier(1).await?.view().await?;
    let outcome = view.last_scan.context("no scan is shown")?.outcome;
    let lines = view.cart.context("nobody is signed in")?.lines.len();
    ensure!(matches!((outcome.as_str(), lines), ("refused", 0)), "{outcome}, {lines} lines");
    ensure!(till.view().await?.phase == "signed-out", "the old session still counts");
    Ok(())
}

#[tokio::test]
async fn a_session_and_its_cart_survive_a_restart_and_a_change_of_operators() -> Result<()> {
    let mut store = selling().await?;
    let code = pieces()?[0].barcode.clone();
    let till = store.cashier(1).await?;
    let before = till.done(&till.scan(&code)).await?;
    store.edge.stop().await?;
    store.edge.start().await?;
    ensure!(till.view().await?.cart == before.cart, "the restart changed the cart");
    let manager = store.manager(1).await?;
    let lines = |view: acceptance::view::View| view.cart.map(|cart| cart.lines);
    ensure!(lines(manager.view().await?) == lines(before), "the manager sees another cart");
    ensure!(till.view().await?.phase == "signed-out", "two operators at one workstation");
    Ok(())
}
