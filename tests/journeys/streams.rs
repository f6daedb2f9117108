use std::time::Duration;

use acceptance::{
    events::Event,
    view::{Display, View},
    wait::PATIENCE,
};
use anyhow::{Context as _, Result, ensure};

use crate::{pieces, selling};

/// A screen calls a longer silence stale.
const STALE_AFTER: Duration = Duration::from_secs(12);

fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T> {
    ensure!(event.name == "view", "{event:?}");
    serde_json::from_str(&event.data).with_context(|| event.data.clone())
}

#[tokio::test]
async fn a_stream_begins_with_the_view_and_beats_while_nothing_happens() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let mut stream = till.follow().await?;
    let first: View = read(&stream.next(PATIENCE).await?)?;
    ensure!(first.boot == till.view().await?.boot);
    let beat = stream.next_where(STALE_AFTER, |event| event.name == "heartbeat").await;
    beat.context("the screen would call the stream stale")?;
    Ok(())
}

#[tokio::test]
async fn both_screens_follow_a_sale_with_rising_revisions() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let (mut own, mut shopper) = (till.follow().await?, till.follow_display().await?);
    let item = pieces()?[0].clone();
    let completed = till.sell(&[&item.barcode], 0).await?;
    let (mut phases, mut revision) = (Vec::new(), 0);
    while phases.last().map(String::as_str) != Some("paid") {
        let display: Display =
            read(&shopper.next_where(PATIENCE, |event| event.name == "view").await?)?;
        ensure!(display.revision >= revision, "{} after {revision}", display.revision);
        revision = display.revision;
        phases.push(display.phase);
    }
    let is_done = |event: &Event| {
        event.name == "view" && read::<View>(event).is_ok_and(|view| view.phase == "done")
    };
    let done: View = read(&own.next_where(PATIENCE, is_done).await?)?;
    let last = done.last_order.context("no order is shown")?;
    ensure!(last.id == completed.order.id);
    Ok(())
}

#[tokio::test]
async fn after_a_restart_the_stream_names_another_boot() -> Result<()> {
    let mut store = selling().await?;
    let till = store.cashier(1).await?;
    let mut stream = till.follow().await?;
    let before: View = read(&stream.next(PATIENCE).await?)?;
    store.edge.kill();
    let end = loop {
        if let Err(end) = stream.next(PATIENCE).await {
            break end;
        }
    };
    ensure!(format!("{end:#}").contains("stream"), "{end:#}");
    store.edge.start().await?;
    let after: View = read(&till.follow().await?.next(PATIENCE).await?)?;
    ensure!(after.boot != before.boot, "the same boot");
    Ok(())
}

#[tokio::test]
async fn a_stream_of_somebody_who_signed_out_shows_no_cart_any_more() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    till.done(&till.scan(&pieces()?[0].barcode)).await?;
    let mut stream = till.follow().await?;
    let first: View = read(&stream.next(PATIENCE).await?)?;
    ensure!(first.cart.is_some());
    ensure!(till.call(&till.sign_out()).await?.status == 204);
    let is_out = |event: &Event| {
        event.name == "view" && read::<View>(event).is_ok_and(|view| view.phase == "signed-out")
    };
    let out: View = read(&stream.next_where(PATIENCE, is_out).await?)?;
    ensure!(out.cart.is_none(), "the cart is still shown");
    Ok(())
}
