//! Bells: what happens at the mall is heard in the store when it happens.
//!
//! The node asks by itself once an hour, so all that is heard here came by a bell, through a real
//! broker; and the operator's screen hears it by its stream, without asking.

use acceptance::{
    cable::Weather,
    events::Events,
    mosquitto::{self, MALL, Mosquitto},
    store::CODE,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    pickup::{Street, street_with},
    settings::SELDOM_MS,
};

/// A street with a broker, and the till's screen.
struct Square {
    street: Street,
    broker: Mosquitto,
    screen: Events,
    _folder: tempfile::TempDir,
}

impl Square {
    async fn open() -> Result<Self> {
        let folder = acceptance::folder::temporary()?;
        let mut broker = Mosquitto::on_a_free_port(folder.path(), &[CODE])?;
        broker.start().await?;
        let street = street_with(|store| {
            store.mall.call(broker.access(MALL));
            let access = broker.access(CODE);
            store.reboot_with(|boot| (boot.broker, boot.poll_ms) = (Some(access), SELDOM_MS))
        })
        .await?;
        let screen = street.till.follow().await?;
        let square = Self { street, broker, screen, _folder: folder };
        square.until_line(true).await?;
        Ok(square)
    }

    /// Waits until HQ sees the store's line to the broker up, or down.
    async fn until_line(&self, is_up: bool) -> Result<()> {
        let store = &self.street.store;
        let path = format!("/hq/v1/stores/{CODE}/standing");
        until(format!("the line to be up: {is_up}"), PATIENCE, async || {
            let standing: Value = store.mall.ask(&store.token, &path).await?;
            Ok((standing["is_line_up"] == is_up).then_some(()))
        })
        .await
    }

    /// Waits until the screen is told that so many online orders wait; it asks for nothing.
    async fn until_told(&mut self, waiting: u64) -> Result<()> {
        let tells = |view: &Value| view["pickups"]["waiting"] == waiting;
        let told = self.screen.next_where(PATIENCE, |event| {
            event.name == "view"
                && serde_json::from_str::<Value>(&event.data).is_ok_and(|view| tells(&view))
        });
        told.await.with_context(|| format!("the screen never told of {waiting} orders"))?;
        Ok(())
    }
}

#[tokio::test]
async fn each_online_order_is_heard_by_its_bell_and_so_is_its_end() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut square = Square::open().await?;
    // The store looks once when it starts; whatever that heard, the next orders came by bells.
    let mut placed = Vec::new();
    for waiting in 1..=4 {
        placed.push(square.street.place(&format!("B-100{waiting}")).await?);
        square.until_told(waiting).await?;
    }
    for (order, waiting) in placed.iter().zip((0..4).rev()) {
        let answer = square.street.shop.cancel(order.id).await?;
        ensure!(answer.status == 200, "{answer:?}");
        square.until_told(waiting).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_bell_that_rings_while_the_mall_cannot_be_asked_is_not_forgotten() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut square = Square::open().await?;
    for waiting in [1, 2] {
        square.street.place(&format!("B-200{waiting}")).await?;
        square.until_told(waiting).await?;
    }
    square.street.cable.turn(Weather::Cut);
    square.street.place("B-2003").await?;
    // The bell has rung: the store asked, and the mall was away.
    let is_away = |event: &acceptance::events::Event| {
        let view = serde_json::from_str::<Value>(&event.data);
        event.name == "view" && view.is_ok_and(|view| view["link"]["mall"] == "down")
    };
    square.screen.next_where(PATIENCE, is_away).await.context("nobody asked the mall")?;
    square.street.cable.turn(Weather::Fair);
    square.until_told(3).await
}

#[tokio::test]
async fn what_happened_while_the_broker_was_away_is_rung_when_it_is_back() -> Result<()> {
    if !mosquitto::is_here() {
        return Ok(());
    }
    let mut square = Square::open().await?;
    for waiting in [1, 2] {
        square.street.place(&format!("B-300{waiting}")).await?;
        square.until_told(waiting).await?;
    }
    square.broker.kill();
    square.until_line(false).await?;
    square.street.place("B-3003").await?;
    square.broker.start().await?;
    square.until_told(3).await
}
