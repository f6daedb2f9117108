//! Whoever can be struck, each by a tormentor of its own: so many things go wrong at once.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Blow,
    site::{Site, up_to},
};
use crate::{
    catalog::{self, Listed},
    dice::Dice,
    mall_process::MallProcess,
    mosquitto::Mosquitto,
    postgres::Postgres,
    wait::{PATIENCE, until},
};

/// A blow lasts so long at most, in milliseconds …
const BLOW_MS_MAX: usize = 1_000;
/// … and what is killed is started again sooner.
const DEAD_MS_MAX: usize = 300;
/// Between two blows to the same victim so much time passes at most, in milliseconds.
const PAUSE_MS_MAX: usize = 600;
/// Between two changes of HQ's.
const HQ_PAUSE_MS_MAX: usize = 4_000;
/// Roundings of cash that HQ sets one after the other.
const ROUNDINGS: [&str; 3] = ["none", "jiao_down", "yuan_down"];

/// Blows of each kind.
pub(super) type Counts = BTreeMap<Blow, u32>;

/// Somebody at HQ who changes things.
pub(super) struct Hq {
    /// A mall that does not run: its command line, over the same books.
    pub(super) mall: MallProcess,
    /// Where malls answer.
    pub(super) urls: Vec<String>,
    /// Who they are.
    pub(super) token: String,
    /// What there is.
    pub(super) list: Arc<Vec<Listed>>,
    /// Where a list of changes is written.
    pub(super) news: PathBuf,
    /// How often they have set something.
    pub(super) saved: usize,
}

/// Whoever can be struck.
pub(super) enum Victim {
    Site(Box<Site>),
    Mall(MallProcess),
    Database(Postgres),
    Broker(Mosquitto),
    Hq(Hq),
}

impl Victim {
    /// Strikes it until the end, and gives back what is left of it.
    pub(super) async fn suffer(mut self, mut dice: Dice, end: Instant) -> Result<(Self, Counts)> {
        let (mut counts, mut bag) = (Counts::new(), Vec::new());
        while Instant::now() < end {
            // Each falls before any falls again.
            if bag.is_empty() {
                bag = self.blows();
            }
            let blow = bag.swap_remove(dice.below(bag.len()));
            if self.strike(blow, &mut dice).await.with_context(|| blow.name())? {
                *counts.entry(blow).or_default() += 1;
            }
            let pause = if matches!(self, Self::Hq(_)) { HQ_PAUSE_MS_MAX } else { PAUSE_MS_MAX };
            sleep(up_to(pause, &mut dice)).await;
        }
        Ok((self, counts))
    }

    fn blows(&self) -> Vec<Blow> {
        match self {
            Self::Site(site) => site.blows(),
            Self::Mall(_) => vec![Blow::MallKilled],
            Self::Database(_) => vec![Blow::DatabaseKilled],
            Self::Broker(_) => vec![Blow::BrokerKilled],
            Self::Hq(_) => vec![Blow::PriceChanged, Blow::SettingsSaved],
        }
    }

    async fn strike(&mut self, blow: Blow, dice: &mut Dice) -> Result<bool> {
        let dead = up_to(DEAD_MS_MAX, dice);
        match self {
            Self::Site(site) => {
                let lasts = if blow == Blow::BoxKilled { dead } else { up_to(BLOW_MS_MAX, dice) };
                site.strike(blow, lasts, dice).await
            }
            Self::Mall(mall) => {
                ensure!(mall.is_running()?, "a mall ended by itself; see {}", mall.log().display());
                mall.kill();
                sleep(dead).await;
                start(mall).await?;
                Ok(true)
            }
            Self::Database(database) => {
                database.kill();
                sleep(dead).await;
                database.start().await?;
                // Whoever needs it works for a while.
                sleep(Duration::from_secs(2)).await;
                Ok(true)
            }
            Self::Broker(broker) => {
                ensure!(broker.is_running()?, "the broker ended by itself");
                broker.kill();
                sleep(dead).await;
                // Whoever looks for a free port sits on each for a moment.
                until("the broker to be back", PATIENCE, async || Ok(broker.start().await.ok()))
                    .await?;
                Ok(true)
            }
            // HQ may find no mall or no database, and does it again another time.
            Self::Hq(hq) if blow == Blow::PriceChanged => Ok(hq.reprice(dice).await.is_ok()),
            Self::Hq(hq) => Ok(hq.set(dice).await.is_ok()),
        }
    }
}

/// Starts a mall as a service manager does: again and again while its database is away.
pub(super) async fn start(mall: &mut MallProcess) -> Result<()> {
    until("a mall to be back", PATIENCE, async || Ok(mall.start().await.ok())).await
}

impl Hq {
    /// Gives an item another price, or the one it had.
    async fn reprice(&mut self, dice: &mut Dice) -> Result<()> {
        let item = dice.pick(&self.list).context("nothing is sold")?;
        let fen = item.price + i64::try_from(dice.below(100))?;
        let yuan = format!("{}.{:02}", fen / 100, fen % 100);
        let row = catalog::row_with_price(&catalog::demo(), &item.sku, &yuan)?;
        std::fs::write(&self.news, row).context("could not write the news")?;
        self.mall.import(&self.news).await.map(|_| ())
    }

    /// Sets how all stores round cash.
    pub(super) async fn set(&mut self, dice: &mut Dice) -> Result<()> {
        self.saved += 1;
        let word = ROUNDINGS.get(self.saved % ROUNDINGS.len()).context("no rounding")?;
        let body = json!({ "settings": { "tender": { "cash_rounding": word } } });
        let url = dice.pick(&self.urls).context("there is no mall")?;
        let told =
            crate::mall_process::put(url, &self.token, "/hq/v1/settings", "*", &body).await?;
        told.done::<Value>().map(|_| ())
    }
}
