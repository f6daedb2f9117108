//! Settings on their way: a store with a real broker between it and HQ, and how long a change takes.
//!
//! **Invariant:** a push is over when the till's own stream says so, never when somebody looked.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    bench::{
        figure::{Samples, Watch},
        floor::Writes,
    },
    catalog,
    events::Events,
    mosquitto::{Client, MALL, Mosquitto},
    store::{CODE, Store, original},
    till::Till,
    view::View,
    wait::{PATIENCE, until},
};

/// A store, its mall, and the broker between them.
#[derive(Debug)]
pub struct Pushed {
    /// The store.
    pub store: Store,
    /// The broker.
    pub broker: Mosquitto,
    /// The token of somebody at HQ who may save.
    pub token: String,
    /// The till at the first workstation.
    pub till: Till,
    folder: tempfile::TempDir,
}

/// What is due in cash at a till that tenders.
#[must_use]
pub fn due(view: &View) -> Option<i64> {
    view.tender.as_ref().map(|tender| tender.cash.due.amount)
}

impl Pushed {
    /// Opens it; the node asks so seldom that what comes was pushed.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn open() -> Result<Self> {
        let folder = crate::folder::temporary()?;
        let mut broker = Mosquitto::on_a_free_port(folder.path(), &[CODE])?;
        broker.start().await?;
        let mut store = Store::twin(original().await?, None)?;
        store.mall.call(broker.access(MALL));
        let access = broker.access(CODE);
        store.reboot_with(|boot| (boot.broker, boot.poll_ms) = (Some(access), 3_600_000))?;
        store.mall.start().await?;
        store.edge.start().await?;
        let token = store.mall.saving_token("HQ").await?;
        let till = store.cashier(1).await?;
        let pushed = Self { store, broker, token, till, folder };
        let is_there = |standing: &Value| standing["is_line_up"] == true;
        pushed.until_standing(is_there).await?;
        Ok(pushed)
    }

    /// Saves what is set for the store, all of it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn set(&self, settings: Value) -> Result<()> {
        let path = format!("/hq/v1/stores/{CODE}/settings");
        let body = json!({ "settings": settings });
        self.store.mall.put(&self.token, &path, "*", &body).await?.done::<Value>().map(|_| ())
    }

    /// Waits until HQ sees the store like that.
    ///
    /// # Errors
    /// When it never does.
    pub async fn until_standing(&self, is: impl Fn(&Value) -> bool) -> Result<Value> {
        until("HQ to see it", PATIENCE, async || {
            let path = format!("/hq/v1/stores/{CODE}/standing");
            let standing: Value = self.store.mall.ask(&self.token, &path).await?;
            Ok(is(&standing).then_some(standing))
        })
        .await
    }

    /// Lays an item on the counter whose price is no whole yuan, and goes to tender; the answer is its
    /// price.
    ///
    /// # Errors
    /// When the till refuses.
    pub async fn odd_amount_due(&self) -> Result<i64> {
        let list = catalog::read(&catalog::demo())?;
        let odd = list.iter().find(|item| !item.barcode.is_empty() && item.price % 100 != 0);
        let odd = odd.context("everything costs whole yuan")?;
        self.till.done(&self.till.scan(&odd.barcode)).await?;
        self.till.done(&self.till.to_tender()).await?;
        Ok(odd.price)
    }

    /// Saves changes of the cash rounding one after the other, and times each from before it is saved
    /// until the till's screen is told the other amount. A first push is not among them.
    ///
    /// # Errors
    /// When one does not come.
    pub async fn pushes(&self, price: i64, times: u32) -> Result<Samples> {
        let mut screen = self.till.follow().await?;
        let mut samples = Samples::default();
        for n in 0..=times {
            let (word, rounded) = if n % 2 == 0 {
                ("yuan_down", price / 100 * 100)
            } else {
                ("yuan_up", (price + 99) / 100 * 100)
            };
            let took = self.push(&mut screen, word, rounded).await?;
            if n > 0 {
                samples.push(took);
            }
        }
        Ok(samples)
    }

    async fn push(&self, screen: &mut Events, word: &str, rounded: i64) -> Result<Duration> {
        let before = due(&self.till.view().await?);
        ensure!(before != Some(rounded), "the till asks for {rounded} already");
        let watch = Watch::start();
        self.set(json!({ "tender": { "cash_rounding": word } })).await?;
        let shows = |data: &str| {
            serde_json::from_str(data).is_ok_and(|view: View| due(&view) == Some(rounded))
        };
        screen.next_where(PATIENCE, |event| event.name == "view" && shows(&event.data)).await?;
        Ok(watch.elapsed())
    }

    /// Times what nothing that is pushed goes without: a message through the broker to somebody with
    /// the store's account, and a durable write at each end.
    ///
    /// # Errors
    /// When the broker or the disk fails.
    pub async fn round_trips(&self, times: u32) -> Result<Samples> {
        let topic = format!("guitai/v1/stores/{CODE}/round-trip");
        let hq = self.broker.call(MALL, &[]).await?;
        let mut node = self.broker.call(CODE, &[&topic]).await?;
        let writes = Writes::open(self.folder.path())?;
        let mut samples = Samples::default();
        for n in 0..=times {
            let took = round_trip((&hq, &mut node), &topic, &writes, n).await?;
            if n > 0 {
                samples.push(took);
            }
        }
        Ok(samples)
    }
}

async fn round_trip(
    (from, to): (&Client, &mut Client),
    topic: &str,
    writes: &Writes,
    n: u32,
) -> Result<Duration> {
    let body = n.to_string();
    let watch = Watch::start();
    writes.once()?;
    from.retain(topic, body.as_bytes()).await?;
    let heard = to.next().await?;
    writes.once()?;
    let took = watch.elapsed();
    ensure!(heard.payload == body.as_bytes(), "another message came: {heard:?}");
    Ok(took)
}
